"""`crmlib grade`: a class's submissions to marks, feedback, a gradebook and files for the learning platform."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.errors import GradingError
from crmlib.grading import graded as results
from crmlib.grading.collect import Candidate, collect
from crmlib.grading.exercise import load_exercise
from crmlib.grading.finish import GRADED, PRIVATE, look_for_likeness, publish
from crmlib.grading.gradebook import Gradebook, Mark, Row
from crmlib.grading.late import lateness
from crmlib.grading.marking import Plan, Task, grade_one, unreadable
from crmlib.grading.roster import Roster, read_roster
from crmlib.grading.rules import Rules, read_rules
from crmlib.grading.salvage import read_sent
from crmlib.grading.shops import hidden_seeds, hidden_shops
from crmlib.grading.showing import Showing
from crmlib.grading.variants import EVERYBODY, new_secret, read_secret, seal
from crmlib.suite.files import digest, json_text, write_whole
from crmlib.suite.state import code_fingerprint, only_run_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import Console

    from crmlib.grading.exercise import Exercise
    from crmlib.grading.graded import Graded
    from crmlib.grading.running import Sandbox

__all__ = ["GRADEBOOK", "Outcome", "grade"]

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
        Ids under which files were filed that the roster does not have.
    """

    folder: Path
    exercise: str
    students: int
    failed: Mapping[str, str]
    unknown: tuple[str, ...]


def grade(
    submissions: Path,
    *,
    exercise: str,
    out: Path,
    release: Path | None = None,
    roster: Path | None = None,
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

    console = console or Console()
    asked = load_exercise(Path(exercise) if os.sep in exercise else exercise)
    if sandbox != "none":
        from crmlib.grading.probe import probe

        probe()  # first of all: nothing is graded where the sandbox does not work
    out = out.resolve()
    with only_run_in(out):
        run = _opened(asked, out, release, roster, sandbox)
        chosen = _chosen(asked, collect(submissions, run.private / "unpacked", run.roster, timezone=run.rules.timezone))
        tasks = _planned(run, chosen)
        kept = [task for task in tasks if resume and run.has_done(task)]
        to_run = [task for task in tasks if task not in kept]
        for task in to_run:
            run.place(task.student_id).unlink(missing_ok=True)
        with Gradebook(out / GRADEBOOK) as book:
            book.enrol(run.roster)
            book.open_exercise(asked.name, asked.title, _questions(asked), run.rules.deadline)
            with Showing(console, len(tasks)) as showing:
                run.enter(book, [(task, chosen[task.student_id]) for task in kept])
                showing.kept(len(kept))
                for task in _graded(run, to_run, scheduler, jobs or os.cpu_count() or 1):
                    run.enter(book, [(task, chosen[task.student_id])])
                    showing.ended(task.student_id, _said(run.result(task)))
            students = [task.student_id for task in tasks]
            look_for_likeness(book, asked, students, folder=run.private / GRADED, out=out, release=release)
            publish(book, asked, out)
            rows = book.rows("select student_id, status, reason from submissions where exercise = ?", (asked.name,))
    failed = {row["student_id"]: row["reason"] for row in rows if row["status"] in _NOT_RUN}
    unknown = tuple(one.student_id for one in chosen.values() if not one.known)
    return Outcome(out, asked.name, len(tasks), failed, unknown)


@dataclass(frozen=True)
class _Run:
    """What holds for all submissions of a run."""

    exercise: Exercise
    private: Path
    secret: bytes
    rules: Rules
    roster: Roster
    sandbox: Sandbox
    released: bool  # the secret is that of the release, so the seals in its notebooks can be told

    def place(self, student: str) -> Path:
        return self.private / GRADED / f"{student}.json"

    def has_done(self, task: Task) -> bool:
        found = results.load(self.place(task.student_id), task.key)
        return found is not None and found.status != "broken"  # another worker may well do it

    def result(self, task: Task) -> Graded:
        found = results.load(self.place(task.student_id), task.key)
        if found is None:
            raise GradingError(f"The result of {task.student_id} is gone. Run the same command with --resume.")
        return found

    def enter(self, book: Gradebook, pairs: Sequence[tuple[Task, Candidate]]) -> None:
        """Write results into the gradebook as they come, so that a kill loses none."""
        now = dt.datetime.now(dt.UTC)
        for task, candidate in pairs:
            row = _row(self.result(task), candidate, self.rules)
            enrolled = candidate.known and not self.roster.students
            book.write(self.exercise.name, [row], enrolled=enrolled, now=now)


def _opened(exercise: Exercise, out: Path, release: Path | None, roster: Path | None, sandbox: Sandbox) -> _Run:
    secret, rules, students = _agreed(exercise, out, release, roster)
    return _Run(exercise, _private(out), secret, rules, students, sandbox, release is not None)


def _agreed(exercise: Exercise, out: Path, release: Path | None, roster: Path | None) -> tuple[bytes, Rules, Roster]:
    if release is not None:
        secret, rules = read_secret(release / "secret.key"), read_rules(release / "rules.toml")
        if rules.exercise != exercise.name:
            raise GradingError(f"{release} is a release of {rules.exercise}, not of {exercise.name}.")
        roster = roster or (release / "roster.csv" if (release / "roster.csv").is_file() else None)
    else:
        path = _private(out) / "secret.key"
        secret, rules = read_secret(path) if path.is_file() else new_secret(path), Rules(exercise=exercise.name)
    return secret, rules, read_roster(roster) if roster else Roster()


def _private(out: Path) -> Path:
    """Make the folder that holds what students must not see; only its owner can look into it."""
    private = out / PRIVATE
    private.mkdir(parents=True, exist_ok=True)
    private.chmod(0o700)
    return private


def _chosen(exercise: Exercise, found: Iterable[Candidate]) -> dict[str, Candidate]:
    """Choose each student's submission: of several, the one that answers most, and of those the last."""
    by_student: dict[str, list[Candidate]] = {}
    for candidate in found:
        by_student.setdefault(candidate.student_id, []).append(candidate)
    chosen = {}
    for student, candidates in sorted(by_student.items()):
        best = candidates[0]
        if len(candidates) > 1:
            best = max(candidates, key=lambda one: (_answers_in(exercise, one), *_later(one)))
            others = ", ".join(one.place for one in candidates if one is not best)
            notes = (f"{len(candidates)} files were handed in; {best.place} was graded, not {others}",)
            best = Candidate(**{**vars(best), "notes": (*best.notes, *notes)})
        chosen[student] = best
    return chosen


def _answers_in(exercise: Exercise, candidate: Candidate) -> int:
    if candidate.path is None:
        return -1
    text = "\n".join(cell.source for cell in read_sent(candidate.path).cells)
    return sum(f'"{question.id}"' in text or f"'{question.id}'" in text for question in exercise.questions)


def _later(candidate: Candidate) -> tuple[float, float, str]:
    written = candidate.path.stat().st_mtime if candidate.path is not None else 0.0
    return candidate.submitted_at.timestamp() if candidate.submitted_at else 0.0, written, candidate.place


def _planned(run: _Run, chosen: Mapping[str, Candidate]) -> list[Task]:
    from crmlib.grading.editions import student_notebook
    from crmlib.grading.futures import kept_futures
    from crmlib.grading.reference import reference_answers

    exercise, private, sandbox = run.exercise, run.private, run.sandbox
    shops = hidden_shops(exercise, run.secret, private / "shops", count=run.rules.shops, turn=run.rules.round)
    reference = reference_answers(exercise, shops, private / "reference", sandbox=sandbox)
    futures = ""
    if any(question.kind == "plan" for question in exercise.questions):
        seeds = hidden_seeds(exercise, run.secret, count=run.rules.shops, turn=run.rules.round)
        futures = str(kept_futures(exercise, seeds, private / "reference"))
    released = private / f"released-{exercise.name}.ipynb"
    write_whole(released, json_text(student_notebook(exercise)))
    plan = Plan(
        exercise=str(exercise.folder),
        released=str(released),
        shops={name: str(path) for name, path in shops.items()},
        reference=str(reference),
        sandbox=sandbox,
        graded=str(private / GRADED),
        futures=futures,
    )
    content = msgspec.json.encode(plan)
    depends_on = digest(content, released.read_bytes(), reference.read_bytes(), repr(exercise), code_fingerprint())
    path = private / f"plan-{depends_on[:16]}.json"
    write_whole(path, content)
    tasks = []
    for student, one in chosen.items():
        content_of = "" if one.path is None else _digest_of(one.path)
        seals = {name: seal(run.secret, exercise.name, name) for name in (student, EVERYBODY) if run.released}
        key = digest(depends_on, content_of, student, json.dumps(seals), *one.notes)
        place = None if one.path is None else str(one.path)
        tasks.append(
            Task(
                plan=str(path),
                student_id=student,
                file=one.place,
                digest=content_of,
                path=place,
                key=key,
                notes=one.notes,
                seals=seals,
            )
        )
    return tasks


def _digest_of(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _graded(run: _Run, tasks: list[Task], scheduler: str | None, jobs: int) -> Iterator[Task]:
    """Grade submissions side by side, and give each as it is done."""

    def broken(task: Task, error: Exception | None = None) -> str:
        why = f"the worker that graded it was lost ({error or 'it was killed; out of memory?'})"
        results.save(unreadable(task, run.exercise, [why], status="broken"), run.place(task.student_id))
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


def _row(one: Graded, candidate: Candidate, rules: Rules) -> Row:
    due = rules.due(one.student_id)
    late = lateness(candidate.submitted_at, due, rules.late)
    notes = list(one.notes)
    if due is not None and candidate.submitted_at is None:
        notes.append("when it was handed in is not known (no submissions.csv, no timestamp.txt): it counts as on time")
    return Row(
        student_id=one.student_id,
        file=one.file,
        digest=one.digest,
        submitted_at=candidate.submitted_at,
        late_days=late.days,
        late_share=late.share,
        status=one.status,
        reason=one.reason,
        seconds=one.seconds,
        sandbox=one.containment.partition(":")[0],
        containment=one.containment,
        notes=tuple(notes),
        suspicions=tuple(one.suspicions),
        marks=tuple(Mark(p.question, p.points, p.out_of, p.needs_review, tuple(p.findings)) for p in one.points),
    )


def _said(one: Graded) -> str:
    points, out_of = sum(p.points for p in one.points), sum(p.out_of for p in one.points)
    status = "" if one.status == "finished" else f", {one.status}"
    return f"{points:g} of {out_of:g}{status}"
