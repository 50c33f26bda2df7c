"""What a class's secret varies in the task itself: thresholds, groups, directions, definitions.

An exercise names each such parameter with its choices. The first choice is that of the public edition, whose solution
everybody can read; a class gets one of the others. In ``exercise.py`` and ``exercise.toml``, ``TASKS.name`` stands for
the choice as Python writes it, ``WORDS.name`` for the same in words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.errors import ExerciseError
from crmlib.grading.spec.variants import seed_of
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["TaskParameter", "draw", "fill_in", "public_choices", "rotation"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TOKEN = re.compile(r"\b(TASKS|WORDS)\.([A-Za-z_]\w*)")
_FEWEST = 2


class TaskParameter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that the task may ask in this way or another.

    Attributes
    ----------
    name
        As ``TASKS.name`` and ``WORDS.name`` call it.
    choices
        What it may be, the public edition's first.
    words
        Each choice in words; the choice itself where none are given.
    """

    name: str
    choices: tuple[Any, ...]
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ExerciseError(f"task {self.name!r}: a name is small letters, digits and '_', such as 'cut_shares'.")
        if len(self.choices) < _FEWEST or len({repr(choice) for choice in self.choices}) < len(self.choices):
            raise ExerciseError(f"task {self.name!r}: give two different choices at least, the public one first.")
        if self.words and len(self.words) != len(self.choices):
            raise ExerciseError(
                f"task {self.name!r}: give words for each of its {len(self.choices)} choices, or for none; "
                f"there are {len(self.words)}."
            )


def public_choices(tasks: Sequence[TaskParameter]) -> dict[str, int]:
    """Return the choices of the public edition, by their numbers.

    Examples
    --------
    >>> public_choices([TaskParameter(name="day", choices=("first", "last"))])
    {'day': 0}
    """
    return {task.name: 0 for task in tasks}


def draw(tasks: Sequence[TaskParameter], secret: bytes, exercise: str) -> dict[str, int]:
    """Draw the choices of a class, never the public ones.

    Parameters
    ----------
    tasks
        The exercise's.
    secret
        From `crmlib.grading.spec.variants.read_secret`.
    exercise
        Its name.

    Examples
    --------
    >>> draw([TaskParameter(name="day", choices=("first", "last"))], b"key", "03_rfm")
    {'day': 1}
    """
    return {task.name: 1 + seed_of(secret, exercise, "task", task.name) % (len(task.choices) - 1) for task in tasks}


def rotation(secret: bytes, exercise: str, question: str, options: int) -> int:
    """Draw by how many letters the options of a quiz question move on: never by none.

    Parameters
    ----------
    secret, exercise
        As for `draw`.
    question
        Its id.
    options
        How many there are.

    Examples
    --------
    >>> 1 <= rotation(b"key", "03_rfm", "z1", 4) <= 3
    True
    """
    return 1 + seed_of(secret, exercise, "options", question) % (options - 1)


def fill_in(value: Any, tasks: Sequence[TaskParameter], chosen: Mapping[str, int]) -> Any:
    """Put the choices in the places that name them, in every text of a value.

    Parameters
    ----------
    value
        A text, or lists and dicts that hold some.
    tasks, chosen
        The parameters, and the number of each one's choice.

    Raises
    ------
    ExerciseError
        A text names a parameter that is not declared.

    Examples
    --------
    >>> tasks = [TaskParameter(name="limit", choices=(50, 80), words=("fifty", "eighty"))]
    >>> fill_in({"text": "From WORDS.limit on", "code": "x >= TASKS.limit"}, tasks, {"limit": 1})
    {'text': 'From eighty on', 'code': 'x >= 80'}
    """
    if isinstance(value, dict):
        return {key: fill_in(each, tasks, chosen) for key, each in value.items()}
    if isinstance(value, list):
        return [fill_in(each, tasks, chosen) for each in value]
    if not isinstance(value, str):
        return value
    by_name = {task.name: task for task in tasks}

    def filled(token: re.Match[str]) -> str:
        if token[2] not in by_name:
            hint = did_you_mean(token[2], by_name)
            raise ExerciseError(f"{token[0]} names no parameter under [[tasks]]. {hint}")
        task = by_name[token[2]]
        choice = task.choices[chosen[task.name]]
        if token[1] == "TASKS":
            return repr(choice)
        return task.words[chosen[task.name]] if task.words else str(choice)

    return _TOKEN.sub(filled, value)
