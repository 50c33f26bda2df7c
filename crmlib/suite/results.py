"""What a run leaves beside its notebooks: results.json, a Parquet file per recorded table, and the report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crmlib.recording import parquet_bytes, read_payloads
from crmlib.suite import executed, report
from crmlib.suite.files import json_text, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crmlib.suite.executed import Job

TABLES = "tables"


def gather(jobs: list[Job], out: Path, *, about: Mapping[str, Any]) -> dict[str, Any]:
    """Collect what the executed notebooks recorded, and write each table to a file of its own."""
    notebooks = {}
    for job in jobs:
        notebook = json.loads(job.output.read_text(encoding="utf-8"))
        failure = executed.failure_in(notebook)
        notebooks[job.name] = {
            "status": "done" if failure is None else "failed",
            "error": None if failure is None else vars(failure),
            "notebook": job.output.name,
            "parameters": job.parameters,
            "records": _records(job, read_payloads(notebook), out / TABLES),
        }
    return {**about, "notebooks": notebooks}


def _records(job: Job, payloads: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    records = {}
    for name, payload in payloads.items():
        if payload["kind"] == "value":
            records[name] = payload["value"]
            continue
        file = folder / f"{job.name}.{name}.parquet"
        write_whole(file, parquet_bytes(payload))
        records[name] = {
            "$table": f"{TABLES}/{file.name}",
            "rows": payload["rows"],
            "columns": payload["columns"],
        }
    wanted = {f"{job.name}.{name}.parquet" for name in payloads}
    for old in folder.glob(f"{job.name}.*.parquet"):
        if old.name not in wanted:
            old.unlink()
    return records


def write(results: dict[str, Any], jobs: list[Job], out: Path) -> Path:
    """Write results.json and the report; give the report's path."""
    page = out / "index.html"
    write_whole(page, report.render(results, {job.name: job.output for job in jobs}))
    files = [job.output for job in jobs]
    files += sorted(
        out / record["$table"]
        for notebook in results["notebooks"].values()
        for record in notebook["records"].values()
        if isinstance(record, dict) and "$table" in record
    )
    manifest = {file.relative_to(out).as_posix(): digest_of(file) for file in [*files, page]}
    write_whole(out / "results.json", json_text({**results, "manifest": manifest}))
    return page


def digest_of(file: Path) -> str:
    """Identify the content of a file, as ``sha256sum`` does."""
    import hashlib

    return hashlib.sha256(file.read_bytes()).hexdigest()
