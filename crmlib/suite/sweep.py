"""`crmlib sweep`: one notebook for every combination of parameters, and one table of what each recorded."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.errors import RunError, require_extra
from crmlib.files import safe_name, write_whole
from crmlib.notebook.recording import read_payloads
from crmlib.policy import load
from crmlib.sources import resolved
from crmlib.sources.copies import copies_in
from crmlib.suite import DEFAULT_SOURCE, executed, parameters, shelf, state, sweep_page
from crmlib.suite.endings import ending_of
from crmlib.suite.opened import anywhere, at_once, open_data, slug
from crmlib.suite.run import conclude, copies_folder, forget_if_changed, plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from rich.console import Console

    from crmlib.suite.executed import Failure, Job

__all__ = ["MOST_POINTS", "Outcome", "axis", "sweep", "table_of"]

MOST_POINTS = 10_000
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")


@dataclass(frozen=True)
class Outcome:
    """How a sweep ended.

    Attributes
    ----------
    table
        The file ``sweep.csv``; ``sweep.parquet`` stands beside it.
    report
        The HTML page.
    failures
        Combination to where its notebook stopped; empty when all went well.
    """

    table: Path
    report: Path
    failures: Mapping[str, Failure]


def sweep(
    name: str,
    asked: Mapping[str, str],
    *,
    source: str = DEFAULT_SOURCE,
    preset: str | bool | None = None,
    as_of: str | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    out: Path | None = None,
    fast: bool = False,
    language: str = "en",
    console: Console | None = None,
) -> Outcome:
    """Run a notebook for every combination of parameters; what an earlier sweep to the folder has done is kept.

    Parameters
    ----------
    name
        The notebook.
    asked
        Parameter to its values, as text; see `axis`.
    source
        A known source, a file, a database URL, or a ``shop.toml``.
    preset
        As for `crmlib.open_shop`.
    as_of
        The day as of which to look; the day after the last order by default.
    jobs
        How many notebooks run at once; as many as there are processors by default.
    scheduler
        The address of a Dask scheduler to run them on; this machine where none is named.
    out
        The folder to write to; ``runs/sweep-<notebook>-<source>-<as_of>`` by default.
    fast
        Ask the notebook to compute less.
    language
        The language of labels.
    console
        Where to show what goes on.

    Raises
    ------
    CrmlibError
        The sweep cannot start: the notebook, a parameter, the source or the scheduler is not there or not right.
    """
    from rich.console import Console

    from crmlib.suite.progress import Progress

    require_extra("course", "Running notebooks", "papermill", "ipykernel", "mdit_py_plugins")
    console = console or Console()
    notebook = shelf.find_notebooks((name,), language=language)[0]
    own = parameters.parameters_of(notebook)
    parameters.check_names({key: text.split(",")[0] for key, text in asked.items()}, {notebook.stem: own})
    axes = {key: axis(key, text, own[key].sample) for key, text in asked.items()}
    rules = load(resolved(anywhere(source)).description.policy)
    parameters.check_values(
        {key: [str(value) for value in values] for key, values in axes.items()}, {notebook.stem: own}, rules
    )
    if (points := _points(axes)) and len(points) > MOST_POINTS:
        raise RunError(f"These are {len(points):,} combinations; a sweep may have {MOST_POINTS:,}. Give fewer values.")
    with copies_in(copies_folder(out)):
        data = open_data(source, as_of, preset=preset, out=out)
        out = (out or Path("runs") / f"sweep-{notebook.stem}-{slug(source)}-{data.as_of}").resolve()
        given = {"source": data.source, "as_of": data.as_of, "language": language, "fast": fast, "interactive": False}
        common = {key: value for key, value in given.items() if key in own}
        depends_on = data.identity + state.code_fingerprint()
        planned: dict[str, Job] = {}
        for point in points:
            folder = folder_of(point)
            (out / folder).mkdir(parents=True, exist_ok=True)
            planned[folder] = replace(plan(notebook, common | point, out / folder, depends_on), name=folder)
        with state.only_run_in(out):
            to_run = [job for job in planned.values() if not state.is_done(job)]
            for job in to_run:
                job.state.parent.mkdir(parents=True, exist_ok=True)
                state.forget(job)
            with Progress(console, list(planned.values())) as progress:
                for job in planned.values():
                    if job not in to_run:
                        progress.kept(job)
                if to_run:
                    with _workers(scheduler, min(jobs or at_once(data.source), len(to_run))) as workers:
                        for job, _ in workers.run(to_run, on_start=progress.started, on_wait=progress.look):
                            progress.ended(job, conclude(job))
            forget_if_changed(data, to_run, console)
            table = table_of(list(zip(points, planned.values(), strict=True)))
            _write(table, out, list(axes))
            page = sweep_page.render(
                table, list(axes), title=f"{notebook.stem}: {len(points)} combinations", source=source
            )
            write_whole(out / "index.html", page)
    failures = {key: f for key, job in planned.items() if (f := executed.failure_in(_read(job))) is not None}
    return Outcome(out / "sweep.csv", out / "index.html", failures)


def axis(name: str, text: str, default: Any) -> list[Any]:
    """Read the values of one parameter: separated by commas, or a range of whole numbers.

    Parameters
    ----------
    name
        The parameter.
    text
        What the command line says.
    default
        The notebook's own value: it gives the type. A list, dict or tuple is one value, commas and all.

    Examples
    --------
    >>> axis("model", "bgnbd,pareto", "pareto"), axis("seed", "1..3,7", 1), axis("margin", "0.2,0.3", 0.1)
    (['bgnbd', 'pareto'], [1, 2, 3, 7], [0.2, 0.3])
    """
    values: list[Any] = []
    parts = [text] if isinstance(default, (list, tuple, dict, set)) else text.split(",")
    for part in (part.strip() for part in parts):
        span = _RANGE.fullmatch(part)
        if span and not isinstance(default, str):
            low, high = int(span[1]), int(span[2])
            if high < low or high - low >= MOST_POINTS:
                raise RunError(f"-p {name}={text}: {part} is no range; write the smaller number first, as in 1..5.")
            values += [parameters.parse(name, str(number), default) for number in range(low, high + 1)]
        else:
            values.append(parameters.parse(name, part, default))
    twice = [value for place, value in enumerate(values) if value in values[:place]]
    if twice:
        raise RunError(f"-p {name}={text}: {twice[0]!r} is there twice.")
    return values


def folder_of(point: Mapping[str, Any]) -> str:
    """Name the folder of a combination; values that no folder can be named after are told apart by their hash.

    Examples
    --------
    >>> folder_of({"model": "bgnbd", "seed": 1})
    'model=bgnbd,seed=1'
    >>> folder_of({"city": "a/b"}) == folder_of({"city": "a-b"})
    False
    """
    parts = []
    for key, value in point.items():
        parts.append(f"{key}={safe_name(str(value))}")
    return ",".join(parts)


def table_of(points: list[tuple[dict[str, Any], Job]]) -> pd.DataFrame:
    """Gather what the notebooks recorded: one row a combination.

    Parameters
    ----------
    points
        The parameters of each combination, and its job.

    Returns
    -------
    pandas.DataFrame
        The parameters; status, one of `crmlib.suite.endings.STATUSES`; each recorded number, text or truth value, of a
        dict each entry as ``name.key``. Recorded tables stay in the executed notebooks.
    """
    import pandas as pd

    rows = []
    for point, job in points:
        notebook = _read(job)
        status = ending_of(notebook).status
        rows.append({**{key: _cell(value) for key, value in point.items()}, "status": status, **_values(notebook)})
    return pd.DataFrame(rows)


def _values(notebook: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, payload in read_payloads(notebook).items():
        if payload["kind"] != "value":
            continue
        value = payload["value"]
        entries = {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
        found |= {key: inner for key, inner in entries.items() if isinstance(inner, (bool, int, float, str))}
    return found


def _cell(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, str)) else repr(value)


def _points(axes: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def _workers(scheduler: str | None, count: int) -> Any:
    if scheduler:
        from crmlib.suite.cluster import Cluster

        return Cluster(scheduler)
    from crmlib.suite.workers import Workers

    return Workers(count)


def _write(table: pd.DataFrame, out: Path, axes: list[str]) -> None:
    import io

    steady = table.astype({name: str for name in table if name not in axes and len(set(table[name].map(type))) > 1})
    buffer = io.BytesIO()
    steady.to_parquet(buffer, index=False)
    write_whole(out / "sweep.parquet", buffer.getvalue())
    write_whole(out / "sweep.csv", table.to_csv(index=False))


def _read(job: Job) -> dict[str, Any]:
    import json

    content: dict[str, Any] = json.loads(job.output.read_text(encoding="utf-8"))
    return content
