"""What a question asks for: its kind, its columns, its units and its points.

These structs hold no answer. They travel into the student's notebook, where `check` reads them, and they rule the
comparison on the trusted side.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec

from crmlib.errors import ExerciseError

__all__ = ["Case", "Field", "Question", "Simulated"]

_PLAIN_ID = re.compile(r"[a-z][a-z0-9]*")
_PARTS: dict[Literal["data", "labels", "title"], float] = {"data": 1.0, "labels": 0.5, "title": 0.5}

Positive = Annotated[float, msgspec.Meta(gt=0)]
Zero = Annotated[float, msgspec.Meta(ge=0)]


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One value, one column, or each element of a list: what it holds, and how near is near enough.

    Attributes
    ----------
    type
        ``number``, ``integer`` (also a float such as 3.0), ``text``, ``date`` or ``truth``.
    unit
        In what it is counted, in words: ``days``, ``shares from 0 to 1``. Only shown.
    least, most
        Bounds that any right answer keeps; None for none.
    choices
        The only values there can be.
    missing
        Whether some values may be missing.
    unique
        Whether no value may come twice (columns and lists).
    adds_up_to
        What the values add up to (columns and lists); None says nothing.
    rises
        Whether no value is smaller than the one before it (columns and lists), as cut-points are.
    rtol, atol
        How far a number may be off: ``atol + rtol * |expected|``. An ``atol`` of 1 forgives a rounding to units.
    weight
        Its share of the question's points, beside the other columns' weights.
    """

    type: Literal["number", "integer", "text", "date", "truth"] = "number"
    unit: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    missing: bool = False
    unique: bool = False
    adds_up_to: float | None = None
    rises: bool = False
    rtol: Zero = 1e-6
    atol: Zero = 1e-9
    weight: Zero = 1.0


class Simulated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a plan is marked: by what comes of it in futures of the hidden shop.

    Attributes
    ----------
    days
        Length of the futures.
    futures
        How many.
    full_share
        Share of the possible gain that earns full points; below it the points fall in proportion, down to none at 0.
        The possible gain is that of a plan made with the truth.
    budget
        The parameter of the notebook that holds the most money that a plan may spend; empty for no limit.
    """

    days: Annotated[int, msgspec.Meta(ge=7, le=3650)] = 180
    futures: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5
    full_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5
    budget: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A worked case of a function: public, so that `check` can tell right from wrong at one place.

    Attributes
    ----------
    inputs
        What the function is called with: a list as arguments, a dict as keyword arguments.
    output
        What it must give.
    why
        How one comes to it, in a few words.
    """

    inputs: Any
    output: Any
    why: str = ""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One question of an exercise.

    Attributes
    ----------
    id
        Small letters and digits, such as ``q1``: the name that `answer` and `check` take.
    title
        What it asks, in a few words.
    kind
        What the answer is: the name of a kind (`crmlib.grading.kinds`).
    points
        What a right answer earns.
    goals
        Which of the exercise's goals it serves, counted from 1.
    value
        What a scalar, each element of a list or an array, and each output of a function is.
    fields
        The keys of a dict, or the columns of a table (or of a function's output that is a dict), with what they hold.
    key
        The columns of a table that tell its rows apart. Rows are matched by them, whatever their order. Without a
        key, rows are compared one after the other.
    row_order
        ``any``, or ``same``: the rows' order (a list's order) is part of the answer.
    column_order
        ``any``, or ``same``.
    extra_columns
        Whether a table may hold columns (a dict keys) that were not asked for.
    shape
        The shape of an array, the length of a list (one number); empty says nothing.
    agree
        The share of a column's rows, of a list's elements or of a function's inputs that must be right for their
        points. Below 1 it forgives single rows, such as ties that two ways to round break differently.
    parts
        What a figure's points are for: ``data``, ``labels`` and ``title``, with weights.
    ordered
        Keys of a dict, or columns of a table, whose values must not fall in this order: ``["low", "high"]``.
    case
        A worked case of a function.
    simulated
        How a plan is marked.
    options
        A quiz question's choices: letter to text.
    explanation
        Of a quiz question, why the right choice is right: shown after a choice, in practice editions only.
    least_words, most_words
        How long a written answer is meant to be.
    review
        Whether a person looks at it even though it is marked.
    hints
        Sentences that help without giving the answer.
    """

    id: str
    title: str
    kind: str
    points: Positive
    goals: tuple[int, ...] = ()
    value: Field = Field()
    fields: dict[str, Field] = {}
    key: tuple[str, ...] = ()
    row_order: Literal["any", "same"] = "any"
    column_order: Literal["any", "same"] = "any"
    extra_columns: bool = True
    shape: tuple[int, ...] = ()
    agree: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    parts: dict[Literal["data", "labels", "title"], Zero] = msgspec.field(default_factory=lambda: dict(_PARTS))
    ordered: tuple[str, ...] = ()
    case: Case | None = None
    simulated: Simulated = Simulated()
    options: dict[str, str] = {}
    explanation: str = ""
    least_words: int = 0
    most_words: int = 400
    review: bool = False
    hints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        place = f"question {self.id!r}"
        if not _PLAIN_ID.fullmatch(self.id):
            raise ExerciseError(f"{place}: an id is small letters and digits, such as 'q1'.")
        if missing := [name for name in self.key if name not in self.fields]:
            raise ExerciseError(f"{place}: the key {', '.join(missing)} is not among its fields.")
        if missing := [name for name in self.ordered if name not in self.fields]:
            raise ExerciseError(f"{place}: ordered names {', '.join(missing)}, which is not among its fields.")
        if self.row_order == "same" and self.key:
            raise ExerciseError(f"{place}: rows are matched by their key or by their order; take one of them away.")
