"""`crmlib grade`: a class's submissions to marks, feedback, a gradebook and files for the learning platform."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.errors import GradingError, require_extra
from crmlib.files import digest
from crmlib.grading.authoring.drawn import released_edition
from crmlib.grading.collecting.choosing import by_student, released_to
from crmlib.grading.collecting.collect import Candidate, collect
from crmlib.grading.collecting.times import Times, read_times, times_of
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.marking import graded as results
from crmlib.grading.marking.marking import Task, grade_one, unreadable
from crmlib.grading.marking.showing import Showing
from crmlib.grading.results.finish import GRADED, PRIVATE, look_for_likeness, publish, publish_lists
from crmlib.grading.results.gradebook import Gradebook
from crmlib.grading.results.works import Run, planned
from crmlib.grading.spec.roster import Roster, read_roster
from crmlib.grading.spec.rules import Rules, check_extensions, read_rules, zone_of
from crmlib.grading.spec.variants import new_secret, read_secret, seal
from crmlib.grading.spec.worksheet import is_worksheet, joined
from crmlib.suite.state import only_run_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rich.console import Console

    from crmlib.grading.marking.running import Sandbox
    from crmlib.grading.spec.exercise import Exercise

__all__ = ["GRADEBOOK", "Outcome", "check_gradebook", "grade", "graded_exercise"]

GRADEBOOK = "gradebook.sqlite"
_NOT_RUN = {"unreadable", "no_result", "broken"}


@dataclass(frozen=True)
class Outcome:
    """How a grading run ended.

    Attributes
    ----------
    folder
        What it wrote to.
    exercise
        The exercise's name.
    students
        How many submissions were graded.
    failed
        Students whose submission could not be run at all, to the reason.
    unknown
        Ids under which files were filed that the roster does not have, to where they were found, and why.
    withdrawn
        Students whose submission is not there any more: their marks were taken out.
    waiting
        How many students' grades are not final, since a person has still to read something.
    """

    folder: Path
    exercise: str
    students: int
    failed: Mapping[str, str]
    unknown: Mapping[str, str]
    withdrawn: tuple[str, ...] = ()
    waiting: int = 0


def grade(
    submissions: Path,
    *,
    exercise: str,
    out: Path,
    release: Path | None = None,
    roster: Path | None = None,
    times: Path | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    sandbox: Sandbox = "zygote",
    console: Console | None = None,
) -> Outcome:
    """Grade a class's submissions.

    Parameters
    ----------
    submissions
        A folder, or a zip archive: see `collect.collect`.
    exercise
        The exercise's name, or its folder.
    out
        Where to write. A gradebook that is there goes on; what people entered into it stays.
    release
        The folder ``instructor`` that `release` wrote: its secret, its rules and its roster.
    roster
        The class; that of the release by default.
    times
        When submissions came: Moodle's grading worksheet, or a table: see `times.read_times`.
    jobs
        Submissions at once; as many as there are processors by default.
    scheduler
        The address of a Dask scheduler to grade on; this machine where none is named.
    resume
        Keep the results of an earlier run that would come out the same.
    sandbox
        See `running.Runner`.
    console
        Where to show what goes on.

    Raises
    ------
    CrmlibError
        Grading cannot start: the exercise, the submissions, the release or the sandbox is not there or not right.
    """
    from rich.console import Console

    require_extra("grading", "Grading", "papermill", "ipykernel", "jupytext")
    console = console or Console()
    asked = released_edition(load_exercise(Path(exercise) if os.sep in exercise else exercise), release)
    if sandbox != "none":
        from crmlib.grading.sandbox.probe import probe

        probe()  # first of all: nothing is graded where the sandbox does not work
    out = out.resolve()
    with only_run_in(out):
        run = _opened(asked, out, release, roster, sandbox)
        out.chmod(0o700)  # essays, names, marks
        check_gradebook(out, asked.name)
        run, handed_in = _with_times(run, submissions, times, console)
        files = collect(
            submissions,
            run.private / "unpacked",
            run.roster,
            timezone=zone_of(run.rules.zone),
            exercise=asked.name,
            times=handed_in,
        )
        reference, works = planned(run, by_student(files))
        kept = [work for work in works if resume and all(run.has_done(task) for task in work.tasks)]
        to_run = [task for work in works if work not in kept for task in work.tasks]
        for task in to_run:
            run.place(task).unlink(missing_ok=True)
        with Gradebook(out / GRADEBOOK) as book:
            book.enrol(run.roster)
            book.open_exercise(
                asked.name,
                asked.title,
                _questions(asked),
                run.rules.deadline,
                folder=str(asked.folder),
                digest=_content_of(asked),
                zone=run.rules.zone,
            )
            with Showing(console, len(works)) as showing:
                for work in kept:
                    run.enter(book, work)
                showing.kept(len(kept))
                open_works = {work.student: {task.key for task in work.tasks} for work in works if work not in kept}
                by_name = {work.student: work for work in works}
                for task in _graded(run, to_run, scheduler, jobs or os.cpu_count() or 1):
                    open_works[task.student_id].discard(task.key)
                    if not open_works[task.student_id]:
                        run.enter(book, by_name[task.student_id])
                        showing.ended(task.student_id, _said(book, asked.name, task.student_id))
            students = [work.student for work in works]
            withdrawn = book.keep_only(asked.name, students)
            for old in (run.private / GRADED).glob("*.json"):
                if old.stem not in by_name:
                    old.unlink()
            publish(book, asked, out)
            # what hostile code can make slow comes last, and takes nothing away
            folder = run.private / GRADED
            look_for_likeness(book, asked, students, folder=folder, out=out, release=release, reference=reference)
            publish_lists(book, asked, out)
            rows = book.rows("select student_id, status, reason from submissions where exercise = ?", (asked.name,))
            waiting = sum(bool(result.open) for result in book.results(asked.name))
    failed = {row["student_id"]: row["reason"] for row in rows if row["status"] in _NOT_RUN}
    return Outcome(out, asked.name, len(works), failed, _nobodys(run, files), tuple(withdrawn), waiting)


def check_gradebook(out: Path, exercise: str) -> None:
    """Make sure that what people decided is not lost in silence, and that two exercises do not mix.

    Parameters
    ----------
    out
        The folder of a grading run.
    exercise
        The exercise that is to be graded into it.

    Raises
    ------
    GradingError
        There are results and no gradebook, or the gradebook is another exercise's.
    """
    path = out / GRADEBOOK
    there = path.is_file() and path.stat().st_size > 0
    names = []
    if there:
        with Gradebook(path) as book:
            names = [row["exercise"] for row in book.rows("select exercise from exercises order by 1")]
    if not names and any((out / PRIVATE / GRADED).glob("*.json")):
        raise GradingError(
            f"{path} is {'empty' if path.is_file() else 'missing'}, and results of an earlier run lie beside it in "
            f"{PRIVATE}: what people decided was in it. Put it back from a copy. If there is none, grade into another "
            "--out, and enter decisions.csv there with `crmlib grade review OUT --take`."
        )
    if others := [name for name in names if name != exercise]:
        raise GradingError(
            f"{out} holds the marks of {', '.join(others)}: give {exercise} a folder of its own with --out."
        )


def graded_exercise(book: Gradebook, name: str) -> tuple[Exercise, str]:
    """Load the exercise that was graded, from where it was, wherever that is asked.

    Parameters
    ----------
    book
        The gradebook.
    name
        The exercise's name as the gradebook has it, or its folder.

    Returns
    -------
    tuple
        The exercise, and a note where it has changed since.

    Raises
    ------
    CrmlibError
        The gradebook does not have it, or its folder is gone.
    """
    known = {row["exercise"]: row for row in book.rows("select * from exercises")}
    if name not in known:
        asked = load_exercise(Path(name) if os.sep in name else name)
        if asked.name not in known:
            raise GradingError(f"The gradebook has {', '.join(known) or 'no exercise'}, and not {asked.name}.")
        return asked, ""
    about = known[name]
    if not about["folder"]:  # graded by an older crmlib
        return load_exercise(name), ""
    folder = Path(about["folder"])
    if not (folder / "exercise.toml").is_file():
        raise GradingError(f"{name} was graded from {folder}, which is gone: give its folder with --exercise.")
    asked = load_exercise(folder)
    changed = _content_of(asked) != about["digest"]
    return asked, f"{folder} has changed since it was graded: grade again with --resume." if changed else ""


def _content_of(exercise: Exercise) -> str:
    return digest(exercise.source.read_bytes(), (exercise.folder / "exercise.toml").read_bytes())


def _with_times(run: Run, submissions: Path, path: Path | None, console: Console) -> tuple[Run, Times]:
    """Read when submissions came, and the participant numbers that Moodle's worksheet has beside."""
    zone = zone_of(run.rules.zone)
    if path is None:
        times = times_of(submissions, zone, run.roster) if submissions.is_dir() else Times()
    else:
        times = read_times(path, zone, run.roster)
        if run.roster.students and is_worksheet(path):
            run = replace(run, roster=joined(run.roster, path).roster)
    for note in (*run.roster.notes, *times.notes):
        console.print(f"Note: {note}.", highlight=False, markup=False, soft_wrap=True)
    return run, times


def _nobodys(run: Run, files: Iterable[Candidate]) -> dict[str, str]:
    """Say of each file that is nobody's where it was found, why it is nobody's, and to whom it was released."""
    told: dict[str, str] = {}
    names = [student.student_id for student in run.roster.students]
    seals = {name: seal(run.secret, run.exercise.name, name) for name in names} if run.released else {}
    for file in files:
        if not file.known:
            text = f"{file.place} ({file.notes[-1] if file.notes else 'no name'})"
            if whose := released_to(file.path, seals):
                text += f", released to {whose}"
            told[file.student_id] = f"{told[file.student_id]}; {text}" if file.student_id in told else text
    return told


def _opened(exercise: Exercise, out: Path, release: Path | None, roster: Path | None, sandbox: Sandbox) -> Run:
    secret, rules, students = _agreed(exercise, out, release, roster)
    return Run(exercise, _private(out), secret, rules, students, sandbox, release is not None)


def _agreed(exercise: Exercise, out: Path, release: Path | None, roster: Path | None) -> tuple[bytes, Rules, Roster]:
    if release is not None:
        secret, rules = read_secret(release / "secret.key"), read_rules(release / "rules.toml")
        if rules.exercise != exercise.name:
            raise GradingError(f"{release} is a release of {rules.exercise}, not of {exercise.name}.")
        roster = roster or (release / "roster.csv" if (release / "roster.csv").is_file() else None)
    else:
        path = _private(out) / "secret.key"
        secret, rules = read_secret(path) if path.is_file() else new_secret(path), Rules(exercise=exercise.name)
    students = read_roster(roster) if roster else Roster()
    if release is not None:
        check_extensions(rules, list(students.by_id()), release / "rules.toml")
    return secret, rules, students


def _private(out: Path) -> Path:
    """Make the folder that holds what students must not see; only its owner can look into it."""
    private = out / PRIVATE
    private.mkdir(parents=True, exist_ok=True)
    private.chmod(0o700)
    return private


def _graded(run: Run, tasks: list[Task], scheduler: str | None, jobs: int) -> Iterator[Task]:
    """Grade submissions side by side, and give each as it is done."""

    def broken(task: Task, error: Exception | None = None) -> str:
        why = f"the worker that graded it was lost ({error or 'it was killed; out of memory?'})"
        results.save(unreadable(task, run.exercise, [why], status="broken"), run.place(task))
        return task.student_id

    if not tasks:
        return
    workers: Any
    if scheduler:
        from crmlib.suite.cluster import Cluster

        workers = Cluster(scheduler, work=grade_one, broken=broken)
    else:
        from crmlib.suite.workers import Workers

        workers = Workers(min(jobs, len(tasks)), work=grade_one, broken=broken)
    with workers:
        for task, _ in workers.run(tasks, on_start=lambda _: None, on_wait=lambda: None):
            yield task


def _questions(exercise: Exercise) -> list[dict[str, Any]]:
    return [{"id": q.id, "title": q.title, "kind": q.kind, "points": q.points} for q in exercise.questions]


def _said(book: Gradebook, exercise: str, student: str) -> str:
    """Say in a line what counts for a student: the same as the table says in the end."""
    result = next(one for one in book.results(exercise) if one.student_id == student)
    status = "" if result.status == "finished" else f", {result.status}"
    points = "excused" if result.points is None else f"{result.points:g} of {result.out_of:g}"
    return f"{points}{status}{f', {result.open} to read' if result.open else ''}"
