"""One submission, from the file to its marks: what a worker does, on this machine or on a cluster.

A worker knows the plan of the run, which never enters the sandbox: the reference's recorded answers are in a file that
is read out here, after the submission has ended.
"""

from __future__ import annotations

import atexit
import functools
import hmac
import json
import multiprocessing.util
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.files import checksum
from crmlib.grading.collecting.repair import repair
from crmlib.grading.collecting.salvage import Sent, read_sent
from crmlib.grading.kinds.grids import says_nothing
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.marking import graded as results
from crmlib.grading.marking.compare import QuestionMark, mark
from crmlib.grading.marking.explain import troubles_in
from crmlib.grading.marking.futures import Future, read_futures
from crmlib.grading.marking.graded import Graded, Picture, Points, Shown
from crmlib.grading.marking.likeness import MOST_CODE, code_of, runs_of
from crmlib.grading.marking.literals import literal_answers
from crmlib.grading.marking.pictures import pictures_in
from crmlib.grading.marking.prints import prints_of, stored_prints
from crmlib.grading.marking.running import Runner, Sandbox
from crmlib.grading.spec.recorded import read_answers
from crmlib.grading.spec.variants import EVERYBODY
from crmlib.words import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmlib.grading.collecting.repair import Repaired
    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Plan", "Task", "given_parameters", "grade_one", "load_plan", "unreadable"]

_WORST = ("finished", "error", "too_large", "memory", "timeout", "killed", "no_result")
_EARLY = _WORST[_WORST.index("too_large") :]
_LONGEST_TEXT = 20_000
_MOST_SHOWN = 5_000_000


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What all submissions of one run have in common.

    Attributes
    ----------
    exercise
        The exercise's folder.
    released
        The student's edition, as a file.
    shops
        Hidden shop to its folder.
    reference
        The reference's recorded answers, as a file: one notebook a hidden shop.
    sandbox
        What submissions run in.
    graded
        The folder of results.
    futures
        What plans are held to on the hidden shops, as a file; empty where the exercise asks for no plan.
    """

    exercise: str
    released: str
    shops: dict[str, str]
    reference: str
    sandbox: str
    graded: str
    futures: str = ""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One submission to grade.

    Attributes
    ----------
    plan
        The file of the plan.
    student_id, file, digest
        Whose, where it was found, and what identifies its content.
    path
        Where the content is; None if nothing can be read.
    key
        Identifies all that the result depends on.
    notes
        What was noticed while it was collected.
    seals
        The names to which this student's notebook may have been released, with the seal of each; empty where no
        release is known. A worker learns no secret, and nobody else's seal.
    result
        The name of the result's file, below the folder of results; the student's by default.
    """

    plan: str
    student_id: str
    file: str
    digest: str
    path: str | None
    key: str
    notes: tuple[str, ...] = ()
    seals: dict[str, str] = {}
    result: str = ""

    @property
    def name(self) -> str:
        """The student, for the display of progress."""
        return self.student_id


def grade_one(task: Task) -> str:
    """Grade a submission, write its result, and give the student's id.

    Whatever one submission does to its grading, the others go on: what fails here is the result of this one.

    Parameters
    ----------
    task
        What to grade.
    """
    try:
        graded = _graded(task)
    except Exception as error:  # noqa: BLE001 - hostile input may find any fault of ours
        why = f"grading it failed ({type(error).__name__}: {' '.join(str(error).split())[:300]})"
        exercise = load_exercise(Path(load_plan(task.plan).exercise))
        graded = unreadable(task, exercise, [*task.notes, why], status="broken")
    results.save(graded, Path(load_plan(task.plan).graded) / f"{task.result or task.student_id}.json")
    return task.student_id


def _graded(task: Task) -> Graded:
    plan = load_plan(task.plan)
    exercise, released, reference, futures = _of_plan(task.plan)
    sent = Sent(notes=("no file could be read",)) if task.path is None else read_sent(Path(task.path))
    mended = repair(sent, released)
    notes = [*task.notes, *mended.notes]
    if not mended.notebook["cells"]:
        return unreadable(task, exercise, notes)
    runner = _runner(task.plan)
    ended = [runner.run(mended.notebook, given_parameters(exercise, at), shop) for at, shop in enumerate(plan.shops)]
    sources = [cell["source"] for cell in mended.notebook["cells"] if cell["cell_type"] == "code"]
    literal = literal_answers(exercise, sources) if any(one.status in _EARLY for one in ended) else {}
    answers = [(literal if one.status in _EARLY else {}) | read_answers(one.notebook or {}) for one in ended]
    written = _written(exercise, answers[0])
    marks = [
        # a plan may be the same on every shop: what it earns there is told already
        one if kind_of(exercise.question(one.question)).by_future else _explained(one, answers, reference)
        for one in mark(exercise, answers, reference, futures)
    ]
    worst = max(ended, key=lambda one: _WORST.index(one.status))
    whose = _questions_of(mended.notebook["cells"])
    first = ended[0].notebook or {}
    code = code_of(mended.notebook["cells"])
    return Graded(
        key=task.key,
        student_id=task.student_id,
        file=task.file,
        digest=task.digest,
        status=worst.status,
        reason=worst.reason,
        seconds=round(sum(one.seconds for one in ended), 3),
        containment=runner.description,
        points=[_points(m, answers[0], written, _cells_of(mended, m.question)) for m in marks],
        notes=notes,
        suspicions=_claimed(task, mended.claim),
        troubles=[msgspec.structs.replace(one, cell=whose.get(one.cell, "")) for one in troubles_in(first)],
        pictures=[Picture(whose.get(cell, ""), png) for cell, png in pictures_in(first)],
        written=written,
        stored={} if task.path is None else stored_prints(Path(task.path)),
        code=code[:MOST_CODE],
        runs=runs_of(code),
        cut=max(0, len(code) - MOST_CODE),
        cells=_shown(mended),
    )


def unreadable(task: Task, exercise: Exercise, notes: Sequence[str], *, status: str = "unreadable") -> Graded:
    """Give the result of a submission that could not be run: no points, and a person looks at it.

    Parameters
    ----------
    task
        The submission.
    exercise
        The exercise.
    notes
        Why.
    status
        How that is called.
    """
    said = notes[-1] if notes else "nothing could be read"
    return Graded(
        key=task.key,
        student_id=task.student_id,
        file=task.file,
        digest=task.digest,
        status=status,
        reason=said[:1].upper() + said[1:] + ".",
        seconds=0.0,
        containment="did not run",
        points=[Points(q.id, 0.0, q.points, ["Nothing could be run."], False, "none") for q in exercise.questions],
        notes=list(notes),
        suspicions=[f"the submission could not be graded: {said}"],
    )


def given_parameters(exercise: Exercise, shop: int) -> dict[str, Any]:
    """Give the parameters of a graded run.

    Parameters
    ----------
    exercise
        The exercise.
    shop
        The hidden shop, counted from 0.
    """
    return {"source": "/data/shop", "fast": False, "interactive": False, **exercise.hidden_parameters(shop)}


@functools.lru_cache(maxsize=4)
def load_plan(path: str) -> Plan:
    """Read the plan of a run; once a process.

    Parameters
    ----------
    path
        The file.
    """
    return msgspec.json.decode(Path(path).read_bytes(), type=Plan)


@functools.lru_cache(maxsize=4)
def _of_plan(
    path: str,
) -> tuple[Exercise, dict[str, Any], list[dict[str, Answer]], dict[str, tuple[Future, ...]]]:
    plan = load_plan(path)
    released = json.loads(Path(plan.released).read_text(encoding="utf-8"))
    recorded = json.loads(Path(plan.reference).read_text(encoding="utf-8"))
    futures = read_futures(plan.futures) if plan.futures else {}
    return load_exercise(Path(plan.exercise)), released, [read_answers(notebook) for notebook in recorded], futures


_own = threading.local()  # a sandbox ends with the thread that started it


def _runner(path: str) -> Runner:
    """Give this worker's sandbox, started once."""
    if getattr(_own, "path", None) != path:
        plan = load_plan(path)
        exercise = _of_plan(path)[0]
        if (old := getattr(_own, "runner", None)) is not None:
            old.__exit__(None, None, None)
        sandbox: Sandbox = msgspec.convert(plan.sandbox, Sandbox)
        runner = Runner(sandbox, data={name: Path(shop) for name, shop in plan.shops.items()}, limits=exercise.limits)
        _own.runner = runner.__enter__()
        _own.path = path
        # a worker of multiprocessing does not run what atexit holds, and a thread of Dask's has no other end
        multiprocessing.util.Finalize(None, runner.__exit__, args=(None, None, None), exitpriority=10)
        atexit.register(runner.__exit__, None, None, None)
    return _own.runner  # type: ignore[no-any-return] # a threading.local knows no types


def _explained(
    marked: QuestionMark, answers: Sequence[Mapping[str, Answer]], reference: Sequence[Mapping[str, Answer]]
) -> QuestionMark:
    """Tell a student whose answer does not depend on the shop that it should."""
    if any(says_nothing(one[marked.question]) for one in answers if marked.question in one):
        return marked  # failures and empty answers are alike everywhere, and nobody typed them in
    given = {prints_of(one)[marked.question] for one in answers if marked.question in prints_of(one)}
    right = {prints_of(one).get(marked.question) for one in reference}
    handed = sum(marked.question in one for one in answers)
    if marked.points < marked.out_of and handed == len(answers) and len(given) == 1 and len(right) > 1:
        said = "The answer is the same on every shop: it has to be computed from the shop that `source` names."
        return QuestionMark(
            marked.question, marked.points, marked.out_of, [*marked.findings, said], marked.needs_review
        )
    return marked


def _claimed(task: Task, claim: Mapping[str, Any]) -> list[str]:
    """Tell whose notebook it says it is, where that is not this student's, and where its seal shows an edited name."""
    whose, given = claim.get("student"), claim.get("seal")
    if not isinstance(whose, str):
        return (
            ["the entry that says to whom the notebook was released is gone; some editors drop it"]
            if task.seals
            else []
        )
    if whose not in {task.student_id, EVERYBODY}:
        shown = printable(whose, "")[:64]
        return [f"the notebook was released to {shown!r}, not to this student"]
    if not task.seals:
        return []
    sealed = given.encode(errors="replace") if isinstance(given, str) else b""
    if hmac.compare_digest(sealed, task.seals[whose].encode()):  # bytes: it takes no text beyond ASCII
        return []
    return [f"the notebook says that it was released to {whose!r}, but its seal is not that of this release: a copy?"]


def _questions_of(cells: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Say of each cell which question it belongs to: its own, or the one it stands behind."""
    whose, last = {}, ""
    for cell in cells:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        last = grade_id.removesuffix("-work") or last
        whose[cell["id"]] = last
    return whose


def _shown(mended: Repaired) -> list[Shown]:
    shown, left = [], _MOST_SHOWN
    for cell, given in zip(mended.notebook["cells"], mended.given, strict=True):
        text = cell["source"][: max(left, 0)]
        left -= len(text)
        shown.append(Shown(cell["cell_type"], text, given))
    return shown


def _points(marked: QuestionMark, answers: Mapping[str, Answer], written: Mapping[str, str], code: str) -> Points:
    """Give a mark with what identifies its answer: the text of a written one, else that there is one, and its code."""
    question = marked.question
    text = written.get(question, "").strip() if question in written else code
    recorded = question in answers and answers[question].kind != "none"
    answer = f"a{checksum(' '.join(text.split()))[:12]}" if recorded and text else "none"
    return Points(
        question, marked.points, marked.out_of, marked.findings, marked.needs_review, answer, text[:_LONGEST_TEXT]
    )


def _cells_of(mended: Repaired, question: str) -> str:
    whose = _questions_of(mended.notebook["cells"])
    cells = mended.notebook["cells"]
    return code_of([cell for cell in cells if whose[cell["id"]] == question])


def _written(exercise: Exercise, answers: Mapping[str, Answer]) -> dict[str, str]:
    found = {}
    for question in exercise.questions:
        value = answers[question.id].value if question.id in answers else None
        if kind_of(question).by_person and isinstance(value, str):
            found[question.id] = value[:_LONGEST_TEXT]
    return found
