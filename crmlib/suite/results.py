"""What a run leaves beside its notebooks: results.json, a file for each recorded table, and the report."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.csv_out import write_csv
from crmlib.files import checksum, json_text, write_whole
from crmlib.notebook.recording import parquet_bytes, read_payloads
from crmlib.suite import report
from crmlib.suite.endings import ending_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib.notebook.notes import Note
    from crmlib.suite.executed import Job
    from crmlib.suite.report import Form

TABLES = "tables"


def gather(jobs: list[Job], out: Path, *, about: Mapping[str, Any]) -> dict[str, Any]:
    """Collect what the executed notebooks recorded, and write each table to files of its own."""
    notebooks = {}
    for job in jobs:
        notebook = json.loads(job.output.read_text(encoding="utf-8"))
        ending = ending_of(notebook)
        payloads = read_payloads(notebook)
        notebooks[job.name] = {
            "status": ending.status,
            "error": None if ending.failure is None else vars(ending.failure),
            "stopped": None if ending.stop is None else _left_out(ending.stop),
            "skipped": [_left_out(note) for note in ending.skipped],
            "decisions": [{"text": note.text, "sure": note.sure} for note in ending.decisions],
            "notebook": job.output.name,
            "parameters": job.parameters,
            "records": _records(job, payloads, out / TABLES),
            "about": {name: payload["about"] for name, payload in payloads.items() if payload.get("about")},
        }
    return {**about, "notebooks": notebooks}


def _left_out(note: Note) -> dict[str, Any]:
    return {"section": note.section, "reason": note.text, "needs": list(note.needs)}


def _records(job: Job, payloads: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    records = {}
    written = set()
    for name, payload in payloads.items():
        if payload["kind"] == "value":
            records[name] = payload["value"]
            continue
        content = parquet_bytes(payload)
        for ending, data in (("parquet", content), ("csv", _csv(content))):
            file = folder / f"{job.name}.{name}.{ending}"
            write_whole(file, data)
            written.add(file.name)
        records[name] = {
            "$table": f"{TABLES}/{job.name}.{name}.parquet",
            "rows": payload["rows"],
            "columns": payload["columns"],
        }
    for ending in ("parquet", "csv"):
        for old in folder.glob(f"{job.name}.*.{ending}"):
            if old.name not in written:
                old.unlink()
    return records


def _csv(content: bytes) -> bytes:
    """Return a table for a spreadsheet, which runs nothing that stands in it; a meaningful index becomes columns."""
    import pandas as pd

    table = pd.read_parquet(io.BytesIO(content))
    if not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index(allow_duplicates=True)
    if not table.columns.size:
        return b""
    with tempfile.TemporaryDirectory(prefix="crmlib-") as folder:
        file = Path(folder) / "table.csv"
        write_csv(table, file)
        return file.read_bytes()


def write(results: dict[str, Any], jobs: list[Job], out: Path, *, form: Form = "pages") -> Path:
    """Write results.json and the report; return the path of its first page."""
    pages = report.render(results, {job.name: job.output for job in jobs}, form=form)
    _remove_pages_of_before(out, set(pages))
    for name, content in pages.items():
        write_whole(out / name, content)
    files = [job.output for job in jobs]
    for notebook in results["notebooks"].values():
        for record in notebook["records"].values():
            if isinstance(record, dict) and "$table" in record:
                parquet = out / record["$table"]
                files += [parquet, parquet.with_suffix(".csv")]
    files = [*files[: len(jobs)], *sorted(files[len(jobs) :]), *(out / name for name in pages)]
    manifest = {file.relative_to(out).as_posix(): checksum(file) for file in files}
    write_whole(out / "results.json", json_text({**results, "manifest": manifest}))
    return out / report.FRONT


def _remove_pages_of_before(out: Path, pages: set[str]) -> None:
    """Remove pages that an earlier run to the folder wrote and that this one has not, as its manifest names them."""
    try:
        before = json.loads((out / "results.json").read_text(encoding="utf-8"))["manifest"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in before:
        if name.endswith(".html") and name not in pages and Path(name).name == name:
            (out / name).unlink(missing_ok=True)
