"""`crmlib run`: notebooks checked, executed side by side, and gathered into results and a report."""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.errors import RunError
from crmlib.sources import described
from crmlib.sources.addresses import password_apart
from crmlib.suite import DEFAULT_SOURCE, executed, parameters, results, shelf, state
from crmlib.suite.executed import Failure, Job
from crmlib.suite.files import json_text, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console


@dataclass(frozen=True)
class Data:
    """What the notebooks of one run have in common: the shop as of a day.

    Attributes
    ----------
    asked
        The source as it was given.
    source
        The same, such that it means the same from any folder.
    as_of
        The day, in ISO format.
    fingerprint
        Identifies the content.
    manifest
        Which rows of it are read (see `crmlib.manifest`).
    """

    asked: str
    source: str
    as_of: str
    fingerprint: str
    manifest: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes
    ----------
    report
        The HTML page.
    failures
        Notebook to where it stopped; empty when all went well.
    seconds
        The whole run took these.
    """

    report: Path
    failures: Mapping[str, Failure]
    seconds: float


def run(
    names: tuple[str, ...] = (),
    *,
    source: str = DEFAULT_SOURCE,
    as_of: str | None = None,
    asked: Mapping[str, str] | None = None,
    jobs: int | None = None,
    out: Path | None = None,
    resume: bool = False,
    fast: bool = False,
    language: str = "en",
    memory: str | None = None,
    cache: Path | None = None,
    console: Console | None = None,
) -> Outcome:
    """Run notebooks on a source, and write the results and the report.

    Parameters
    ----------
    names
        The notebooks; none means all.
    source
        A known source, a file, a database URL, or a ``shop.toml``.
    as_of
        The day as of which to look; the day after the last order by default.
    asked
        Parameters of the notebooks, name to text.
    jobs
        How many notebooks run at once; see `at_once` for the default.
    out
        The folder to write to; ``runs/<source>-<as_of>`` by default.
    resume
        Run only what an earlier run to the same folder has not done, or what has changed since.
    fast
        Ask notebooks to compute less.
    language
        The language of labels, and of the text where there is an edition.
    cache
        A folder where orders are kept, so that only new ones are read.
    memory
        What each engine may use before it spills to disk, such as ``"4GB"``.
    console
        Where to show what goes on.

    Raises
    ------
    CrmlibError
        The run cannot start: a notebook, parameter or source is not there or not right.
    """
    # what is started and written from here on knows no password: the environment has it
    folder = None if cache is None else str(cache.expanduser().absolute())  # notebooks run in folders of their own
    with (
        password_apart(source) as meant,
        _environment("CRMLIB_MEMORY", memory),
        _environment("CRMLIB_CACHE", folder),
    ):
        return _run(
            names,
            source=meant,
            as_of=as_of,
            asked=asked or {},
            jobs=jobs,
            out=out,
            resume=resume,
            fast=fast,
            language=language,
            cache=folder,
            console=console,
        )


def _run(
    names: tuple[str, ...],
    *,
    source: str,
    as_of: str | None,
    asked: Mapping[str, str],
    jobs: int | None,
    out: Path | None,
    resume: bool,
    fast: bool,
    language: str,
    cache: str | None,
    console: Console | None,
) -> Outcome:
    from rich.console import Console

    from crmlib.suite.progress import Progress
    from crmlib.suite.workers import Workers

    started = time.monotonic()
    console = console or Console()
    notebooks = shelf.find_notebooks(names, language=language)
    data = open_data(source, as_of, cache)
    own = {path.stem: parameters.defaults_of(path) for path in notebooks}
    parameters.check_names(asked, own)
    out = (out or Path("runs") / f"{slug(source)}-{data.as_of}").resolve()
    given = {
        "source": data.source,
        "as_of": data.as_of,
        "language": language,
        "fast": fast,
        "interactive": False,
    }
    code = state.code_fingerprint()
    planned = [
        plan(path, parameters.values_for(own[path.stem], given, asked), out, data.fingerprint + code)
        for path in notebooks
    ]
    seconds: dict[str, float] = {}
    with state.only_run_in(out):
        kept = [job for job in planned if resume and state.is_done(job)]
        to_run = [job for job in planned if job not in kept]
        for job in to_run:
            state.forget(job)
        with Progress(console, planned) as progress:
            for job in kept:
                progress.kept(job)
            with Workers(min(jobs or at_once(data.source), max(len(to_run), 1))) as workers:
                for job, took in workers.run(to_run, on_start=progress.started, on_wait=progress.look):
                    failure = conclude(job)
                    seconds[job.name] = round(took, 3)
                    progress.ended(job, failure)
        gathered = results.gather(planned, out, about=about(data, language=language, fast=fast))
        write_whole(out / "manifest.json", json_text(dict(data.manifest)))
        report = results.write(gathered, planned, out)
        total = time.monotonic() - started
        # What the clock says stands apart: everything else is the same bytes for the same input.
        write_whole(out / "run_log.json", json_text({"seconds": round(total, 3), "notebooks": seconds}))
    failures = {job.name: f for job in planned if (f := executed.failure_in(_read(job.output))) is not None}
    return Outcome(report, failures, total)


@contextmanager
def _environment(name: str, value: str | None) -> Iterator[None]:
    """Set a variable of the environment for a while; the workers and their notebooks inherit it."""
    before = os.environ.get(name)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        if value is not None:
            os.environ.pop(name)
            os.environ.update({} if before is None else {name: before})


def about(data: Data, *, language: str, fast: bool) -> dict[str, Any]:
    """Describe a run, for the head of its results and its report."""
    from crmlib import __version__

    return {
        "crmlib": __version__,
        "source": data.asked,
        "orders": dict(data.manifest),
        "as_of": data.as_of,
        "data": data.fingerprint,
        "language": language,
        "fast": fast,
    }


def open_data(source: str, as_of: str | None, cache: str | None = None) -> Data:
    """Open the source once, so that what is wrong with it is said before any notebook runs."""
    from crmlib.manifest import manifest
    from crmlib.shop import fingerprint, open_shop

    meant = anywhere(source)
    # closed when done: a cluster's cores are for the notebooks
    with closing(open_shop(meant, as_of=as_of or None, cache=cache)) as shop:
        return Data(source, meant, shop.as_of.isoformat(), fingerprint(meant), {**manifest(shop), "source": source})


def at_once(source: str) -> int:
    """Say how many notebooks may run at once by default.

    As many as there are processors. One on a standalone Spark cluster, where an application takes all cores that there
    are, and the next one waits for them.

    Examples
    --------
    >>> at_once("spark://10.0.0.1:7077?table=orders")
    1
    """
    meant = described(source).source if source.endswith(".toml") else source
    return 1 if meant.startswith("spark://") else os.cpu_count() or 1


def anywhere(source: str) -> str:
    """Make a relative path in a source absolute, so that it means the same from any folder.

    Examples
    --------
    >>> anywhere("cdnow")
    'cdnow'
    >>> anywhere("duckdb:///shop.duckdb") == "duckdb:///" + str(Path.cwd() / "shop.duckdb")
    True
    """
    from crmlib.shop import SOURCES

    scheme, separator, rest = source.partition(":///")
    if source in SOURCES:
        return source
    if separator:
        return f"{scheme}:///{Path(rest).absolute()}" if scheme in {"duckdb", "sqlite"} else source
    looks_like_a_path = any(mark in source for mark in "./\\*?") and "://" not in source
    # A word that is neither known nor a file stays as it is: "did you mean" needs what the user wrote.
    return str(Path(source).expanduser().absolute()) if looks_like_a_path or Path(source).exists() else source


def slug(source: str) -> str:
    """Name a folder after a source.

    Examples
    --------
    >>> slug("cdnow"), slug("data/My Orders.csv"), slug("sqlite:///db/shop.db")
    ('cdnow', 'my-orders', 'shop')
    """
    last = re.split(r"[/\\]", re.split(r"[?#;]", source)[0].rstrip("/\\"))[-1]
    stem = last.rsplit(".", 1)[0] if "." in last.strip(".") else last
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "shop"


def plan(notebook: Path, values: dict[str, Any], out: Path, depends_on: str) -> Job:
    """Say what running a notebook into a folder means."""
    return Job(
        name=notebook.stem,
        notebook=notebook,
        output=out / notebook.name,
        parameters=values,
        key=state.key_of(notebook, values, depends_on),
        state=out / state.STATE_FOLDER / f"{notebook.stem}.json",
    )


def conclude(job: Job) -> Failure | None:
    """Take note of a notebook that has ended: done, or to be run again by `--resume`."""
    job.progress.unlink(missing_ok=True)
    failure = executed.failure_in(_read(job.output))
    if failure is None:
        state.mark_done(job)
    return failure


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"The executed notebook {path} is gone or damaged: {error}. Run it again.") from None
    return content
