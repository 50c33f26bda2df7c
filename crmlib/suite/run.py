"""`crmlib run`: notebooks checked, executed side by side, and gathered into results and a report."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.errors import RunError, require_extra
from crmlib.files import json_text, write_whole
from crmlib.policy import load
from crmlib.sources import resolved
from crmlib.sources.addresses import password_apart
from crmlib.sources.copies import copies_in
from crmlib.suite import DEFAULT_SOURCE, executed, parameters, requirements, results, shelf, state
from crmlib.suite.changes import changes_since, earlier_run, of_records, write_changes
from crmlib.suite.endings import counted
from crmlib.suite.executed import Failure, Job
from crmlib.suite.opened import Data, anywhere, at_once, open_data, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from crmlib.suite.report import Form


#: Seconds after which a copy of the source is no running run's.
_LONGEST_RUN = 2 * 24 * 3600


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
    summary
        How many notebooks ended how.
    """

    report: Path
    failures: Mapping[str, Failure]
    seconds: float
    summary: str = ""


def run(
    names: tuple[str, ...] = (),
    *,
    source: str = DEFAULT_SOURCE,
    preset: str | bool | None = None,
    policy: str | None = None,
    as_of: str | None = None,
    asked: Mapping[str, str] | None = None,
    jobs: int | None = None,
    out: Path | None = None,
    resume: bool = False,
    fast: bool = False,
    language: str = "en",
    memory: str | None = None,
    form: Form = "pages",
    console: Console | None = None,
) -> Outcome:
    """Run notebooks on a source, and write the results and the report.

    Parameters
    ----------
    names
        The notebooks; none means all.
    source
        A known source, a file, a database URL, or a ``shop.toml``.
    preset
        As for `crmlib.open_shop`.
    policy
        A preset of the policy, or a ``.toml`` file with the business's definitions, in place of the shop's own.
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
    memory
        What each engine may use before it spills to disk, such as ``"4GB"``.
    form
        Of the report: ``pages``, ``single`` (one file) or ``brief`` (for the business, without code and course).
    console
        Where to show what goes on.

    Raises
    ------
    CrmlibError
        The run cannot start: a notebook, parameter or source is not there or not right.
    """
    require_extra("course", "Running notebooks", "papermill", "ipykernel", "mdit_py_plugins")
    # what is started and written from here on knows no password: the environment has it
    with password_apart(source) as meant, environment("CRMLIB_MEMORY", memory):
        return _run(
            names,
            source=meant,
            preset=preset,
            policy=policy,
            as_of=as_of,
            asked=asked or {},
            jobs=jobs,
            out=out,
            resume=resume,
            fast=fast,
            language=language,
            form=form,
            console=console,
        )


def _run(
    names: tuple[str, ...],
    *,
    source: str,
    preset: str | bool | None,
    policy: str | None,
    as_of: str | None,
    asked: Mapping[str, str],
    jobs: int | None,
    out: Path | None,
    resume: bool,
    fast: bool,
    language: str,
    form: Form,
    console: Console | None,
) -> Outcome:
    from rich.console import Console

    from crmlib.suite.progress import Progress
    from crmlib.suite.workers import Workers

    started = time.monotonic()
    console = console or Console()
    notebooks = shelf.find_notebooks(names, language=language)
    own = {path.stem: parameters.parameters_of(path) for path in notebooks}
    parameters.check_names(asked, own)
    rules = load(policy if policy is not None else resolved(anywhere(source)).description.policy)
    parameters.check_values({name: [text] for name, text in asked.items()}, own, rules)
    with copies_in(copies_folder(out)):
        data = open_data(source, as_of, preset=preset, policy=policy, out=out)
        parameters.check_days(asked, own, data)
        for line in requirements.sentences(data.facts, own) if data.facts else ():
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        out = (out or Path("runs") / f"{slug(source)}-{data.as_of}").resolve()
        given = {"source": data.source, "as_of": data.as_of, "language": language, "fast": fast, "interactive": False}
        code = state.code_fingerprint()
        planned = [
            plan(path, parameters.values_for(own[path.stem], given, asked), out, data.identity + code)
            for path in notebooks
        ]
        seconds: dict[str, float] = {}
        with state.only_run_in(out):
            earlier = earlier_run(out, data)
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
            forget_if_changed(data, to_run, console)
            gathered = results.gather(planned, out, about=about(data, language=language, fast=fast))
            if earlier is not None:
                gathered["since"] = write_changes(changes_since(data, earlier), earlier, out)
                gathered["changes"] = of_records(gathered["since"])
            write_whole(out / "manifest.json", json_text(dict(data.manifest)))
            if not names:  # a run of everything leaves the list of customers, too
                from crmlib.lists.files import leave_customers

                sentence = leave_customers(data.source, data.as_of, out)
                console.print(sentence, highlight=False, markup=False, soft_wrap=True)
                gathered["customers"] = "customers.csv" if (out / "customers.csv").is_file() else None
            report = results.write(gathered, planned, out, form=form)
            total = time.monotonic() - started
            # What the clock says stands apart: everything else is the same bytes for the same input.
            write_whole(out / "run_log.json", json_text({"seconds": round(total, 3), "notebooks": seconds}))
    statuses = [notebook["status"] for notebook in gathered["notebooks"].values()]
    return Outcome(report, _failures(planned), total, counted(statuses))


def copies_folder(out: Path | None) -> Path:
    """Return where a run keeps what it read of its source; what runs that were killed left there goes.

    Parameters
    ----------
    out
        The run's folder, where it is known already.
    """
    place = (out or Path("runs")).resolve() / state.STATE_FOLDER
    for left in place.glob("copies-*"):
        with suppress(OSError):  # a run that has ended meanwhile
            if time.time() - left.stat().st_mtime > _LONGEST_RUN:
                shutil.rmtree(left, ignore_errors=True)
    return place / f"copies-{os.getpid()}"


def _failures(jobs: list[Job]) -> dict[str, Failure]:
    """Return where notebooks stopped, by name; those that went well are left out."""
    failures = {}
    for job in jobs:
        failure = executed.failure_in(_read(job.output))
        if failure is not None:
            failures[job.name] = failure
    return failures


@contextmanager
def environment(name: str, value: str | None) -> Iterator[None]:
    """Set a variable of the environment for a while; the workers and their notebooks inherit it.

    Parameters
    ----------
    name, value
        The variable, and what it is set to; ``None`` leaves it as it is.

    Examples
    --------
    >>> with environment("CRMLIB_MEMORY", "1GB"):
    ...     os.environ["CRMLIB_MEMORY"]
    '1GB'
    """
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
    from crmlib.version import __version__

    return {
        "crmlib": __version__,
        "source": data.asked,
        "orders": dict(data.manifest),
        "doubts": list(data.doubts),
        "as_of": data.as_of,
        "data": data.fingerprint,
        "language": language,
        "fast": fast,
    }


def forget_if_changed(data: Data, jobs: list[Job], console: Console) -> None:
    """Leave notebooks to be run again, and say so, if the data are others than when the run began.

    Parameters
    ----------
    data
        As they were found; of a cluster's tables nobody asks a second time.
    jobs
        The notebooks that have run since.
    console
        Where it is said.
    """
    from crmlib.sources import fingerprint

    if not jobs or resolved(data.source).source.on_cluster or fingerprint(data.source) == data.fingerprint:
        return
    for job in jobs:
        state.forget(job)
    text = "The data changed while notebooks ran, and some may show other rows than others. The same command"
    console.print(f"{text} (crmlib run: with --resume) runs them again.", style="bold", highlight=False, soft_wrap=True)


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
    """Take note of a notebook that has ended: done, or to be run again by `--resume`.

    Raises
    ------
    RunError
        It stopped because a disk is full: no cell is to blame, and the next notebook would stop, too.
    """
    job.progress.unlink(missing_ok=True)
    failure = executed.failure_in(_read(job.output))
    if failure is None:
        state.mark_done(job)
    elif f"[Errno {errno.ENOSPC}]" in failure.message:
        folders = (str(job.output.parent), tempfile.gettempdir())
        fullest = min(folders, key=lambda folder: shutil.disk_usage(folder).free)
        raise RunError(
            f"{fullest}: no space is left there, so {job.name} stopped. Free some, or choose another "
            f"{'TMPDIR' if fullest == folders[1] else '--out'}. What is done is kept: --resume goes on from here."
        )
    return failure


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"The executed notebook {path} is gone or damaged: {error}. Run it again.") from None
    return content
