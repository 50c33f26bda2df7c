"""What is run for each student, and what goes into the gradebook when it has been: the plan of a grading run."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from crmlib.errors import GradingError
from crmlib.files import checksum, digest, json_text, write_whole
from crmlib.grading.collecting.choosing import Choice, choice_note, choose
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.marking import graded as results
from crmlib.grading.marking.marking import Plan, Task
from crmlib.grading.marking.shops import hidden_seeds, hidden_shops
from crmlib.grading.results.entries import Mark, Row
from crmlib.grading.results.finish import GRADED
from crmlib.grading.spec.rules import lateness, one_day_late
from crmlib.grading.spec.variants import EVERYBODY, seal
from crmlib.suite.state import code_fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmlib.grading.collecting.collect import Candidate
    from crmlib.grading.marking.graded import Graded
    from crmlib.grading.marking.running import Sandbox
    from crmlib.grading.results.gradebook import Gradebook
    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.roster import Roster
    from crmlib.grading.spec.rules import Rules

__all__ = ["Run", "Work", "planned"]

_WHOLE = {"finished", "error"}


@dataclass(frozen=True)
class Run:
    """What holds for all submissions of a run."""

    exercise: Exercise
    private: Path
    secret: bytes
    rules: Rules
    roster: Roster
    sandbox: Sandbox
    released: bool  # the secret is that of the release, so the seals in its notebooks can be told

    def place(self, task: Task) -> Path:
        """Say where a task's result lies."""
        return self.private / GRADED / f"{task.result or task.student_id}.json"

    def has_done(self, task: Task) -> bool:
        """Whether the result of an earlier run would come out the same."""
        found = results.load(self.place(task), task.key)
        return found is not None and found.status != "broken"  # another worker may well do it

    def result(self, task: Task) -> Graded:
        """Give a task's result."""
        found = results.load(self.place(task), task.key)
        if found is None:
            raise GradingError(f"The result of {task.student_id} is gone. Run the same command with --resume.")
        return found

    def enter(self, book: Gradebook, work: Work) -> None:
        """Write a student's result into the gradebook as it comes, so that a kill loses none.

        Parameters
        ----------
        book
            The gradebook.
        work
            What a student handed in, and how it ran.
        """
        now = dt.datetime.now(dt.UTC)
        graded, candidate, choice = work.best(self)
        row = _row(graded, candidate, self.rules, choice)
        book.write(self.exercise.name, [row], enrolled=candidate.known and not self.roster.students, now=now)


class Work(NamedTuple):
    """What is run for one student: one file, or the few that may be the best of several."""

    student: str
    choice: Choice
    tasks: tuple[Task, ...]

    def best(self, run: Run) -> tuple[Graded, Candidate, str]:
        """Give the best run, the file that it is of, and, of several files, which one that is."""
        files = (*self.choice.run, *self.choice.others)
        if len(files) == 1:
            return run.result(self.tasks[0]), files[0], ""
        pairs = [(run.result(task), file) for task, file in zip(self.tasks, self.choice.run, strict=True)]
        # of equal runs the first counts: the one with more answers, then the later one
        graded, file = max(pairs, key=lambda pair: (sum(p.points for p in pair[0].points), pair[0].status in _WHOLE))
        note = choice_note(file, files)
        graded = msgspec.structs.replace(graded, notes=[*graded.notes, note])
        results.save(graded, run.private / GRADED / f"{self.student}.json")
        return graded, file, note


def planned(run: Run, files: Mapping[str, Sequence[Candidate]]) -> tuple[Path, list[Work]]:
    """Plan a run: what is to be graded, with what all of it depends on; gives the reference's answers, too.

    Parameters
    ----------
    run
        What holds for all submissions.
    files
        Student to files, from `choosing.by_student`.
    """
    from crmlib.grading.authoring.editions import student_notebook
    from crmlib.grading.authoring.reference import reference_answers
    from crmlib.grading.marking.futures import kept_futures

    exercise, private, sandbox = run.exercise, run.private, run.sandbox
    shops = hidden_shops(exercise, run.secret, private / "shops", count=run.rules.shops, turn=run.rules.round)
    reference = reference_answers(exercise, shops, private / "reference", sandbox=sandbox)
    futures = ""
    if any(kind_of(question).by_future for question in exercise.questions):
        seeds = hidden_seeds(exercise, run.secret, count=run.rules.shops, turn=run.rules.round)
        futures = str(kept_futures(exercise, seeds, private / "reference"))
    released = private / f"released-{exercise.name}.ipynb"
    notebook = student_notebook(exercise)
    write_whole(released, json_text(notebook))
    plan = Plan(
        exercise=str(exercise.folder),
        released=str(released),
        shops={name: str(path) for name, path in shops.items()},
        reference=str(reference),
        sandbox=sandbox,
        graded=str(private / GRADED),
        futures=futures,
    )
    depends_on = digest(
        # nothing here says where the folders lie: they may be renamed
        json.dumps([sandbox, sorted(shops), checksum(Path(futures)) if futures else ""]),
        released.read_bytes(),
        reference.read_bytes(),
        repr(msgspec.structs.replace(exercise, folder=Path(exercise.name))),
        code_fingerprint(),
    )
    path = private / f"plan-{depends_on[:16]}.json"
    write_whole(path, msgspec.json.encode(plan))
    works = []
    for student, those in files.items():
        seals = {name: seal(run.secret, exercise.name, name) for name in (student, EVERYBODY) if run.released}
        choice = choose(those, notebook, seals)
        tasks = tuple(_task(file, str(path), depends_on, seals, alone=len(those) == 1) for file in choice.run)
        works.append(Work(student, choice, tasks))
    return reference, works


def _task(file: Candidate, plan: str, depends_on: str, seals: dict[str, str], *, alone: bool) -> Task:
    content = "" if file.path is None else checksum(file.path)
    return Task(
        plan=plan,
        student_id=file.student_id,
        file=file.place,
        digest=content,
        path=None if file.path is None else str(file.path),
        key=digest(depends_on, content, file.student_id, json.dumps(seals), file.place, *file.notes),
        notes=file.notes,
        seals=seals,
        result="" if alone else f"several/{file.student_id}/{digest(content, file.place)[:16]}",
    )


def _row(one: Graded, candidate: Candidate, rules: Rules, choice: str) -> Row:
    due = rules.due(one.student_id)
    late = lateness(candidate.submitted_at, due, rules.late)
    notes, suspicions = list(one.notes), list(one.suspicions)
    if due is not None and candidate.submitted_at is None:
        unknown = "when it was handed in is not known"
        if candidate.platform is not None and candidate.platform.late:
            if one.student_id not in rules.extensions:
                late = one_day_late(rules.late)
            counted = "as one day late" if late.days else "as on time, since this student has longer"
            suspicions.append(f"Canvas calls it late, and {unknown}: it counts {counted}; --times settles it")
            notes.append(f"Canvas calls it late, and {unknown}: it counts {counted}")
        else:
            notes.append(f"{unknown} (no --times, no submissions.csv, no timestamp.txt): it counts as on time")
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
        suspicions=tuple(suspicions),
        marks=tuple(
            Mark(p.question, p.points, p.out_of, p.needs_review, tuple(p.findings), p.answer, p.text)
            for p in one.points
        ),
        choice=choice,
    )
