"""An exercise as its author writes it: ``exercise.toml``, ``exercise.py`` and ``README.md`` in one folder.

The folder holds the solution, so it stays with the instructor: it is in a clone of the repository, never in an
installed crmlib, never beside a notebook that a student's code runs in.

>>> rfm = read_exercise("03_rfm")
>>> rfm.notebook, rfm.question("q1").kind
('03_rfm', 'table')
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from crmlib.errors import ExerciseError
from crmlib.grading.sandbox.limits import Limits
from crmlib.grading.spec.questions import Question  # noqa: TC001 - msgspec reads the types
from crmlib.grading.spec.tasks import TaskParameter, fill_in, public_choices
from crmlib.words import did_you_mean, explained

__all__ = ["Exercise", "Mistake", "ShopPlan", "exercise_names", "exercises_folder", "is_public", "read_exercise"]


_PLACE = re.compile(r" - at `\$\.(\w+)\[(\d+)\]([^`]*)`")


class ShopPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What shops an exercise is worked on, made by `crmlib.synth.make_shop` with one seed each.

    Attributes
    ----------
    customers
        Number of accounts.
    preset
        ``clean`` or ``realistic``.
    until
        The last day observed.
    tables
        The tables that are made, the truth never among them; empty for all.
    """

    customers: Annotated[int, msgspec.Meta(ge=50)] = 1_500
    preset: Literal["clean", "realistic"] = "realistic"
    until: str = "2026-06-30"
    tables: tuple[str, ...] = ()


class Mistake(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A common wrong answer, and what it must earn.

    Attributes
    ----------
    name
        What goes wrong, in a few words.
    cells
        Question to the code that stands in its solution's place.
    points
        Question to the points it must earn; of questions that are not named, full points.
    says
        Words that must stand in a finding of each question in `points` that loses points.
    """

    name: str
    cells: dict[str, str]
    points: dict[str, float]
    says: tuple[str, ...] = ()


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``exercise.toml`` as it stands in the file."""

    title: str
    minutes: Annotated[int, msgspec.Meta(gt=0)]
    points: Annotated[float, msgspec.Meta(gt=0)]
    questions: tuple[Question, ...]
    notebook: str = ""
    goals: tuple[str, ...] = ()
    limits: Limits = Limits()
    shop: ShopPlan = ShopPlan()
    hidden: tuple[dict[str, Any], ...] = ()
    rubrics: dict[str, str] = {}
    mistakes: tuple[Mistake, ...] = ()
    tasks: tuple[TaskParameter, ...] = ()
    kinds: str = ""


class Exercise(msgspec.Struct, frozen=True, kw_only=True):
    """An exercise.

    Attributes
    ----------
    name
        The folder's name, such as ``03_rfm``.
    title, minutes
        As people read them; how long it takes.
    notebook
        The suite's notebook that teaches what is asked; empty for none.
    points
        What all questions together earn.
    goals
        What a student can do afterwards; questions name them by their number.
    questions
        In the order of the notebook.
    limits
        What a run may use.
    shop
        What shops it is worked on.
    hidden
        The parameters that grading sets, one dict for each hidden shop in turn: other days, margins, and the inputs
        that functions are called with.
    rubrics
        Written question to what earns its points, for who marks it.
    mistakes
        Common wrong answers.
    folder
        Where it stands.
    tasks
        What a class's secret varies; the exercise as it is read is the public edition.
    kinds
        The file beside it that holds kinds of question of its own; empty for none.
    kinds_digest
        What identifies the content of that file: results that it has a part in depend on it.
    """

    name: str
    title: str
    notebook: str
    minutes: int
    points: float
    goals: tuple[str, ...]
    questions: tuple[Question, ...]
    limits: Limits
    shop: ShopPlan
    hidden: tuple[dict[str, Any], ...]
    rubrics: dict[str, str]
    mistakes: tuple[Mistake, ...]
    folder: Path
    tasks: tuple[TaskParameter, ...] = ()
    kinds: str = ""
    kinds_digest: str = ""

    @property
    def source(self) -> Path:
        """The percent source, stub and solution side by side."""
        return self.folder / "exercise.py"

    def question(self, name: str) -> Question:
        """Return a question by its id.

        Parameters
        ----------
        name
            Its id.

        Raises
        ------
        ExerciseError
            There is none of that id.
        """
        for question in self.questions:
            if question.id == name:
                return question
        raise ExerciseError(
            f"{self.name} has no question {name!r}. {did_you_mean(name, (one.id for one in self.questions))}"
        )

    def hidden_parameters(self, shop: int) -> dict[str, Any]:
        """Return the parameters that grading sets for a hidden shop, beside ``source``.

        Parameters
        ----------
        shop
            The hidden shop, counted from 0.
        """
        return dict(self.hidden[shop % len(self.hidden)]) if self.hidden else {}


def exercises_folder() -> Path:
    """Find the suite's exercises: beside the library, in a clone of the repository.

    Examples
    --------
    >>> exercises_folder().name
    'exercises'
    """
    return Path(__file__).resolve().parents[3] / "exercises"


def exercise_names() -> list[str]:
    """List the suite's exercises.

    Examples
    --------
    >>> "03_rfm" in exercise_names()
    True
    """
    return sorted(path.parent.name for path in exercises_folder().glob("*/exercise.toml"))


def is_public(exercise: Exercise) -> bool:
    """Return whether an exercise is one of the suite's own, word for word: everybody can read its solution.

    Parameters
    ----------
    exercise
        The exercise, wherever it stands and whatever it is called.

    Examples
    --------
    >>> is_public(read_exercise("03_rfm"))
    True
    """
    return any(
        (exercises_folder() / name / "exercise.py").read_bytes() == exercise.source.read_bytes()
        for name in exercise_names()
    )


def read_exercise(name: str | Path) -> Exercise:
    """Read an exercise as it is written; `crmlib.grading.kinds.own.load_exercise` holds it to its kinds, too.

    Parameters
    ----------
    name
        ``03_rfm``, ``03``, ``rfm``, or the path of an exercise's folder anywhere.

    Raises
    ------
    ExerciseError
        There is no such exercise, or its file breaks a rule; the message names file and place.
    """
    folder = _find(name)
    path = folder / "exercise.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        tasks = msgspec.convert(raw.get("tasks", []), tuple[TaskParameter, ...])
        written = msgspec.convert(fill_in(raw, tasks, public_choices(tasks)), _Written)
    except FileNotFoundError:
        raise ExerciseError(f"There is no {path}: `crmlib exercise new` makes one.") from None
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError, ExerciseError, UnicodeDecodeError) as error:
        raise ExerciseError(f"{path}: {_in_words(explained(error, _Written), path)}") from None
    ids = [question.id for question in written.questions]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise ExerciseError(f"{path}: {', '.join(twice)} names two questions.")
    named = {*written.rubrics, *(one for wrong in written.mistakes for one in (*wrong.cells, *wrong.points))}
    if unknown := sorted(named - set(ids)):
        raise ExerciseError(f"{path}: there is no question {unknown[0]!r}. {did_you_mean(unknown[0], ids)}")
    return Exercise(
        name=folder.name,
        folder=folder,
        kinds_digest=_digest_of(folder, written.kinds),
        **{field: getattr(written, field) for field in written.__struct_fields__},
    )


def _in_words(text: str, path: Path) -> str:
    """Name the question, or the mistake, where a parser counts places."""
    place = _PLACE.search(text)
    text = re.sub(r"Object missing required field (`\w+`)", r"\1 is missing", text)
    if place is None:
        return text
    with contextlib.suppress(UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, IndexError, AttributeError):
        list_, at = place[1], int(place[2])
        entry = tomllib.loads(path.read_text(encoding="utf-8"))[list_][at]
        what, name = {"questions": ("question", "id"), "mistakes": ("mistake", "name")}[list_]
        named = f"{what} {entry[name]!r}" if name in entry else f"the {what} number {at + 1}"
        inside = place[3].replace("[...]", "").strip(".")
        return f"{named}{f', {inside}' if inside else ''}: {_PLACE.sub('', text)}"
    return text


def _digest_of(folder: Path, kinds: str) -> str:
    if not kinds:
        return ""
    path = folder / kinds
    if Path(kinds).name != kinds or path.suffix != ".py" or not path.is_file():
        raise ExerciseError(
            f"{folder / 'exercise.toml'}: kinds = {kinds!r} must name a file of Python in the exercise's own folder."
        )
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _find(name: str | Path) -> Path:
    if isinstance(name, Path) or (Path(name) / "exercise.toml").is_file():
        return Path(name).resolve()
    known = exercise_names()
    matches = [one for one in known if name in {one, *one.split("_", 1)}]
    if len(matches) == 1:
        return exercises_folder() / matches[0]
    if not known:
        raise ExerciseError(
            f"There is no exercise {name!r}: exercises come with a clone of the repository, not with an installed "
            "crmlib. Give the path of an exercise's folder."
        )
    raise ExerciseError(f"There is no exercise {name!r}. {did_you_mean(name, known)}")
