"""`crmlib release`: what each student gets, and what stays with the instructor."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.errors import ExerciseError, GradingError, require_extra
from crmlib.files import json_text, write_whole
from crmlib.grading.authoring.drawn import class_edition
from crmlib.grading.authoring.editions import instructor_notebook, reference_notebook
from crmlib.grading.authoring.handout import Handout, Language, read_package
from crmlib.grading.authoring.paper import advice_on_paper, faults_on_paper
from crmlib.grading.authoring.reference import run_reference
from crmlib.grading.authoring.student_folder import SHOP, on_own_shop, write_student
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.marking.prints import prints_of
from crmlib.grading.marking.running import Runner, Sandbox
from crmlib.grading.marking.shops import make_variant
from crmlib.grading.marking.showing import Showing
from crmlib.grading.spec.exercise import is_public
from crmlib.grading.spec.recorded import read_answers
from crmlib.grading.spec.roster import Roster, Student, read_roster
from crmlib.grading.spec.rules import Rules, read_rules, rules_text
from crmlib.grading.spec.variants import EVERYBODY, new_secret, read_secret, seal, seed_of
from crmlib.version import __version__

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console

    from crmlib.grading.spec.exercise import Exercise

__all__ = ["Released", "release"]

_CHANCE = 3  # two small shops may have the same count by chance
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same release gives the same bytes


class _Task(msgspec.Struct, frozen=True):
    """One student's folder to make."""

    exercise: str
    student: str
    seed: int
    seal: str
    folder: str
    handout: Handout


class _Check(msgspec.Struct, frozen=True):
    """Shops to run the reference on: a worker starts its sandbox once for all of them."""

    exercise: str
    shops: dict[str, str]  # student to folder
    results: str
    sandbox: str


@dataclass(frozen=True)
class Released:
    """What was released.

    Attributes
    ----------
    students
        The folder to hand out: a folder and a zip archive for each student.
    instructor
        The folder that nobody else may see.
    count
        How many students.
    """

    students: Path
    instructor: Path
    count: int


def release(
    name: str,
    out: Path,
    *,
    roster: Path | None = None,
    deadline: dt.datetime | None = None,
    package: str = "",
    language: Language = "en",
    jobs: int | None = None,
    sandbox: Sandbox = "zygote",
    console: Console | None = None,
) -> Released:
    """Release an exercise: notebooks and shops for students, solutions and secrets for the instructor.

    Each student's shop follows from a secret and the student's id. The reference solution is run on every one of them,
    so that nobody gets a shop on which the exercise cannot be solved. Releasing again to the same folder gives those
    who have joined since a notebook, and everybody else the same bytes as before.

    Parameters
    ----------
    name
        The exercise's name, or its folder.
    out
        Where to write.
    roster
        The class; without it there is one notebook, and one shop, for everybody.
    deadline
        When it is due; it can be changed in ``instructor/rules.toml``.
    package
        What the class installs: see `crmlib.grading.authoring.handout.read_package`.
    language
        Of the README that goes with each notebook.
    jobs
        Shops made at once; as many as there are processors by default.
    sandbox
        What the reference solution runs in.
    console
        Where to show what goes on.

    Raises
    ------
    CrmlibError
        The exercise, the roster or the folder is not right, or the solution does not run on a student's shop.
    """
    from rich.console import Console

    require_extra("grading", "Releasing an exercise", "papermill", "ipykernel", "jupytext")
    exercise = _fit_for_release(name)
    console = console or Console()
    handout = msgspec.structs.replace(read_package(package), language=language)
    for note in _to_know(exercise, handout):
        console.print(note, highlight=False, markup=False, soft_wrap=True)
    students = read_roster(roster) if roster else Roster()
    for note in students.notes:
        console.print(f"Note: {note}.", highlight=False, markup=False, soft_wrap=True)
    instructor = out.resolve() / "instructor"
    instructor.mkdir(parents=True, exist_ok=True)
    instructor.chmod(0o700)
    secret_file, rules_file = instructor / "secret.key", instructor / "rules.toml"
    secret = read_secret(secret_file) if secret_file.is_file() else new_secret(secret_file)
    exercise = class_edition(exercise, secret, instructor)
    if not rules_file.is_file():
        write_whole(rules_file, rules_text(Rules(exercise=exercise.name, deadline=deadline)))
    elif deadline is not None:  # an instructor may have edited it
        there = read_rules(rules_file).deadline
        if there != deadline:
            written = "no deadline" if there is None else there.isoformat()
            console.print(
                f"{rules_file} says {written}; --deadline is not taken: change it there.",
                highlight=False,
                soft_wrap=True,
            )
    if roster:
        write_whole(instructor / "roster.csv", _roster_text(students))
    names = [student.student_id for student in students.students] or [EVERYBODY]
    tasks = [
        _Task(
            exercise=str(exercise.folder),
            student=student,
            seed=seed_of(secret, exercise.name, "student", student),
            seal=seal(secret, exercise.name, student),
            folder=str(out.resolve() / "students" / student),
            handout=handout,
        )
        for student in names
    ]
    jobs = jobs or os.cpu_count() or 1
    with Showing(console, len(tasks), "Making shops") as showing:
        for task, said in _run(tasks, _release_one, jobs):
            _no_trouble(said)
            showing.ended(task.student, "ready")
    checks = instructor / "variants"
    left = {task.student: f"{task.folder}/{SHOP}" for task in tasks if not (checks / f"{task.student}.json").is_file()}
    if left:
        console.print(f"Running the solution on {len(left)} shop{'s' * (len(left) != 1)} ...", highlight=False)
    shares = [dict(list(left.items())[at::jobs]) for at in range(min(jobs, len(left)))]
    parts = [_Check(str(exercise.folder), share, str(checks), sandbox) for share in shares]
    for _, said in _run(parts, _check, jobs):
        _no_trouble(said)
    variants = {name: json.loads((checks / f"{name}.json").read_text(encoding="utf-8")) for name in names}
    write_whole(instructor / "variants.json", json_text(variants))
    _same_for_all(exercise, variants)
    _write_instructors(exercise, instructor, secret)
    return Released(out.resolve() / "students", instructor, len(names))


def _fit_for_release(name: str) -> Exercise:
    exercise = load_exercise(Path(name) if os.sep in name else name)
    if faults := list(faults_on_paper(exercise)):
        raise ExerciseError(f"{exercise.name} would be marked wrongly, and is not released:\n" + "\n".join(faults))
    return exercise


def _to_know(exercise: Exercise, handout: Handout) -> Iterator[str]:
    """Say what a class would stumble over, or could look up."""
    if not handout.package:
        yield (
            "Note: the archives do not say how to install crmlib. `pip wheel --no-deps CLONE` makes a wheel without "
            "exercises: release again with --package WHEEL, and each archive holds it and the line to type."
        )
    elif handout.version != __version__:
        yield f"Note: the class installs crmlib {handout.version}; here is {__version__}."
    if advice := list(advice_on_paper(exercise)):
        yield f"Note: `crmlib exercise validate {exercise.name}` has {len(advice)} more to advise."
    if is_public(exercise) and not exercise.tasks:
        yield (
            f"Note: {exercise.name} is a public exercise: everybody can read its solution, so it is for practice. For "
            f"marks, copy it and change what it asks: crmlib exercise new my_{exercise.name} --from {exercise.name}"
        )


def _run(tasks: Sequence[Any], work: Callable[[Any], str], jobs: int) -> Iterator[tuple[Any, str]]:
    from crmlib.suite.workers import Workers

    if tasks:
        with Workers(min(jobs, len(tasks)), work=work, broken=_lost) as workers:
            yield from workers.run(tasks, on_start=lambda _: None, on_wait=lambda: None)


def _lost(_: object) -> str:
    return "a process that made shops was killed (out of memory?). Run the same command again: it goes on from here."


def _no_trouble(said: str) -> None:
    if said:
        raise GradingError(said)


def _release_one(task: _Task) -> str:
    """Make one student's folder; in a worker."""
    exercise = load_exercise(Path(task.exercise))
    folder = Path(task.folder)
    claim = {"student": task.student, "seal": task.seal}
    write_student(exercise, folder, seed=task.seed, handout=task.handout, claim=claim)
    _zip(folder)
    return ""


def _check(task: _Check) -> str:
    """Run the reference on students' shops, and keep what identifies its answers; gives what went wrong."""
    exercise = load_exercise(Path(task.exercise))
    notebook = reference_notebook(exercise)
    named = {f"shop-{at}": student for at, student in enumerate(task.shops)}  # an id may hold what no mount may
    folders = {name: Path(task.shops[student]) for name, student in named.items()}
    try:
        with Runner(msgspec.convert(task.sandbox, Sandbox), data=folders, limits=exercise.limits) as runner:
            for name, student in named.items():
                kept = run_reference(exercise, notebook, runner, name, {"source": "/data/shop", "interactive": False})
                prints = prints_of(_by_computer(exercise, read_answers(kept)))
                write_whole(Path(task.results) / f"{student}.json", json_text(prints))
    except GradingError as error:
        return str(error)
    return ""


def _same_for_all(exercise: Exercise, variants: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse an exercise with a question that everybody answers by the same value: it would be passed on."""
    for question in exercise.questions:
        prints = [each[question.id] for each in variants.values() if question.id in each]
        if kind_of(question).varies and len(prints) >= _CHANCE and len(set(prints)) == 1:
            raise ExerciseError(
                f"{question.id}: the right answer is the same on all {len(prints)} shops, so one student's value is "
                f"everybody's. Hand nothing out; ask for what depends on the shop."
            )


def _by_computer(exercise: Exercise, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is the same on every shop, or is a matter of words."""
    telling = {question.id for question in exercise.questions if kind_of(question).identifies}
    return {name: answer for name, answer in answers.items() if name in telling}


def _zip(folder: Path) -> None:
    archive = folder.with_name(f".{folder.name}.zip.part")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
                entry = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", _ZIP_DATE)
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(entry, path.read_bytes())
    archive.replace(folder.with_name(f"{folder.name}.zip"))


def _write_instructors(exercise: Exercise, folder: Path, secret: bytes) -> None:
    """Write the instructor's edition, run on a shop of its own: with solutions, and the pictures to expect."""
    shop = make_variant(exercise, folder / SHOP, seed_of(secret, exercise.name, "instructor"))
    notebook = instructor_notebook(exercise)
    on_own_shop(notebook)
    with Runner("none", data={"own": shop}, limits=exercise.limits) as runner:  # our own notebook, and no student's
        ended = runner.run(notebook, {"source": "/data/shop", "interactive": False}, "own")
    executed = ended.notebook or notebook
    executed["cells"] = [cell for cell in executed["cells"] if "injected-parameters" not in _tags(cell)]
    write_whole(folder / f"{exercise.name}.ipynb", json_text(executed))


def _tags(cell: Mapping[str, Any]) -> list[str]:
    tags = cell["metadata"].get("tags", [])
    return tags if isinstance(tags, list) else []


def _roster_text(roster: Roster) -> str:
    import csv
    import io

    text = io.StringIO()
    names = list(Student.__struct_fields__)
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(msgspec.structs.asdict(student) for student in roster.students)
    return text.getvalue()
