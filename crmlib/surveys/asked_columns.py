"""A question, the columns of an export that answer it, and how an answer is read from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from crmlib.errors import SchemaError
from crmlib.surveys.cells import mark, parts, plain, shortened
from crmlib.surveys.exports import TOOLS
from crmlib.surveys.scales import scale_of
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections import Counter

    from crmlib import policy as policies
    from crmlib.surveys.exports import Export, Field

__all__ = ["Answers", "Question", "answers_to"]

Kind = Literal["nps", "csat", "choice", "several", "text"]
_NO_ANSWER = {"n a", "na", "n d", "not applicable", "non applicabile"}
_OTHER = {"other", "altro"}
_BAR = "|"


@dataclass(frozen=True)
class Question:
    """A question, as it stands in the exports.

    Attributes
    ----------
    text
        Its text, which is the column's heading; several where forms in several languages ask it. Case, punctuation
        and spaces do not count. Of a grid or a matrix, the question and its row: ``How satisfied are you? Delivery``.
    kind
        ``nps``; ``csat``; ``choice`` (one answer); ``several`` (any number); ``text``.
    touchpoint
        What a CSAT question is about, such as ``delivery``; the column's name by default.
    scale
        Of an NPS question, ``nps_0_10`` or ``nps_1_10``; the policy's by default.
    options
        What ``choice`` and ``several`` offer, or what each is called in the result: ``{"Consegna": "Delivery"}``.
        Without them, several answers in one field cannot always be told apart.
    labels
        What stands for a mark where the form shows words alone: ``{"Very satisfied": 5}``.

    Examples
    --------
    >>> Question("How satisfied are you with the delivery?", "csat", touchpoint="delivery").kind
    'csat'
    """

    text: str | tuple[str, ...]
    kind: Kind = "text"
    touchpoint: str = ""
    scale: str = ""
    options: tuple[str, ...] | Mapping[str, str] = ()
    labels: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.texts or not all(str(text).strip() for text in self.texts):
            raise SchemaError(f"Question({self.text!r}): give the text that stands in the export.")
        where = f"Question({self.texts[0]!r})"
        if self.kind not in get_args(Kind):
            raise SchemaError(f"{where}, kind={self.kind!r}: {did_you_mean(str(self.kind), get_args(Kind))}")
        if self.scale:
            scale_of(self.scale)
        options: Any = self.options  # one text would be taken for its letters
        if isinstance(options, str) or any(_BAR in option or not option.strip() for option in self.offered.values()):
            raise SchemaError(
                f"{where}, options={self.options!r}: give several texts, without the bar that joins them."
            )
        if not isinstance(self.labels, Mapping) or not all(isinstance(value, int) for value in self.labels.values()):
            raise SchemaError(f"{where}, labels: give a mark for each text, such as {{'Very satisfied': 5}}.")
        for names, meant, kinds in (
            ("scale", self.scale, ("nps",)),
            ("labels", self.labels, ("nps", "csat")),
            ("options", self.options, ("choice", "several")),
        ):
            if meant and self.kind not in kinds:
                raise SchemaError(f"{where}: {names} belong to the kind {' or '.join(kinds)}, not to {self.kind}.")

    @property
    def texts(self) -> tuple[str, ...]:
        """Its text in each language."""
        return (self.text,) if isinstance(self.text, str) else tuple(self.text)

    @property
    def offered(self) -> dict[str, str]:
        """Its options as the export has them, and what they are called in the result."""
        return dict(self.options) if isinstance(self.options, Mapping) else {option: option for option in self.options}

    def marks(self, policy: policies.Surveys) -> range:
        """Return the marks that it offers; none if it is not asked on a scale.

        Parameters
        ----------
        policy
            Whose scales hold where the question names none.
        """
        if self.kind == "nps":
            asked = scale_of(self.scale or policy.nps_scale)
            return range(asked.lowest, asked.highest + 1)
        return range(1, policy.csat_scale + 1) if self.kind == "csat" else range(0)


@dataclass(frozen=True)
class Answers:
    """The columns that answer a question.

    Attributes
    ----------
    name
        Of the question.
    question
        What was asked.
    marks
        Those that it offers.
    fields
        The columns.
    each_an_option
        Whether each column is one option, ticked or not.
    """

    name: str
    question: Question
    marks: range
    fields: tuple[Field, ...]
    each_an_option: bool

    def read(self, row: list[str], notes: Counter[str]) -> Any:
        """Return a row's answer, ``None`` where there is none; count what was not as expected.

        Raises
        ------
        ValueError
            It cannot be taken; the message says why.
        """
        given = [(each, cell) for each in self.fields if (cell := row[each.position])]
        if self.marks:
            return self._mark(given, notes)
        texts = [self._chosen(each, cell) if self.each_an_option else cell for each, cell in given]
        if self.question.kind == "text":
            return " ".join(texts) or None
        if self.question.kind == "several" and not self.each_an_option:
            texts = [each for text in texts for each in self._parts(text)]
        offered = self.question.offered
        by_words = {plain(option): name for option, name in offered.items()}
        texts = [by_words.get(plain(text), text) for text in texts]
        if offered:
            order = list(dict.fromkeys(offered.values()))
            notes[f"answers to {self.name!r} that are none of its options"] += sum(text not in order for text in texts)
            texts.sort(key=lambda text: [*order, text].index(text))
        if self.question.kind == "choice" and len(texts) > 1:
            raise ValueError(f"{len(texts)} answers to one choice, {shortened(texts[0])} and {shortened(texts[1])}")
        return _BAR.join(text.replace(_BAR, "/") for text in dict.fromkeys(texts)) or None

    def _mark(self, given: list[tuple[Field, str]], notes: Counter[str]) -> int | None:
        none = [cell for _, cell in given if plain(cell) in _NO_ANSWER]
        if none:
            notes[f"answers such as {none[0]!r} to {self.name!r}, taken as none"] += len(none)
        given = [(each, cell) for each, cell in given if plain(cell) not in _NO_ANSWER]
        if len(given) > 1:
            raise ValueError(f"{len(given)} marks, {shortened(given[0][1])} and {shortened(given[1][1])}")
        if not given:
            return None
        column, cell = given[0]
        value = self._number(cell)
        if value not in self.marks:
            raise ValueError(f"{value} is off the scale from {self.marks[0]} to {self.marks[-1]}")
        if self.each_an_option and value != self._number(column.option):
            raise ValueError(f"{shortened(cell)} stands under {column.option!r}")
        return value

    def _number(self, cell: str) -> int:
        labels = {plain(label): value for label, value in self.question.labels.items()}
        if plain(cell) in labels:
            return labels[plain(cell)]
        try:
            return mark(cell)
        except ValueError as error:
            hint = "" if re.search(r"\d", cell) else f"; say what it stands for: labels={{{shortened(cell)}: ...}}"
            raise ValueError(f"{error}{hint}") from None

    def _chosen(self, column: Field, cell: str) -> str:
        """Return the option whose column was ticked; under "Other", somebody's own words."""
        option = column.option or column.heading
        return option if plain(cell) == plain(option) or re.fullmatch(r"\d+", cell) else cell

    def _parts(self, text: str) -> list[str]:
        offered = list(self.question.offered)
        return parts(text, offered) if offered else re.split(r"\s*;\s*", text.strip("; "))


def answers_to(name: str, question: Question, export: Export, policy: policies.Surveys) -> Answers:
    """Find the columns that answer a question.

    Parameters
    ----------
    name
        Of the question in the result.
    question
        What was asked.
    export
        Where to look.
    policy
        Whose scales hold.

    Raises
    ------
    SchemaError
        There is none, or there are several that could be meant.
    """
    marks = question.marks(policy)
    fields = [each for text in question.texts for each in _fields(text, export)]
    by_option = False
    if not fields and question.kind == "several" and question.offered:
        fields, by_option = _option_fields(name, question, export), True
    if not fields:
        headings = list(dict.fromkeys(each.label for each in export.fields if each.heading))
        hint = "" if question.options or question.kind != "several" else (
            " Typeform has a column for each answer and none for the question: give its options."
        )  # fmt: skip
        raise SchemaError(
            f"{export.file}: there is no column for the question {name!r} ({question.texts[0]!r}). "
            f"{did_you_mean(question.texts[0], headings)}{hint}"
        )
    ticked = by_option or (len(fields) > 1 and any(each.option for each in fields))
    if marks and ticked:
        scale = [each for each in fields if _is_mark(each.option, question, marks)]
        fields, ticked = (scale, True) if scale else ([each for each in fields if each.begins], False)
    elif question.kind == "text":
        fields, ticked = [each for each in fields if each.begins] or fields, False
    answers = Answers(name, question, marks, tuple(fields), ticked)
    _refuse_unclear(answers, export)
    return answers


def _fields(text: str, export: Export) -> list[Field]:
    own = {each.position for each in export.own.values()}
    for fields in ([each for each in export.fields if each.position not in own], export.fields):
        group = [each for each in fields if plain(each.heading) == plain(text)]
        group = group or [each for each in fields if plain(each.label) == plain(text)]
        begin = [each for each in group if each.begins]
        options = [plain(each.option) for each in begin]
        if len(begin) > 1 and ("" in options or len(set(options)) < len(options)):
            raise SchemaError(
                f"{export.file}: the columns {' and '.join(str(each.position + 1) for each in begin)} are both called "
                f"{begin[0].label!r}. Rename one of them."
            )
        if group:
            return group
    return []


def _option_fields(name: str, question: Question, export: Export) -> list[Field]:
    """Find Typeform's columns for the answers to a question of which there may be several."""
    if export.tool is not TOOLS["typeform"]:
        return []
    headings = {
        option: [each for each in export.fields if plain(each.heading) == plain(option)] for option in question.offered
    }
    if not any(headings.values()):
        return []
    for option, called in question.offered.items():
        fields = headings[option]
        if len(fields) > 1:
            raise SchemaError(
                f"{export.file}: the option {option!r} of the question {name!r} heads {len(fields)} columns. "
                "Rename those that belong to other questions."
            )
        if not any(headings[other] for other, name_of in question.offered.items() if name_of == called):
            raise SchemaError(
                f"{export.file}: there is no column for the option {option!r} of the question {name!r}. "
                f"{did_you_mean(option, [each.heading for each in export.fields])}"
            )
    ticked = [fields[0] for fields in headings.values() if fields]
    after = max(each.position for each in ticked) + 1
    # somebody's own words stand in the column behind the options
    own = [each for each in export.fields[after : after + 1] if plain(each.heading) in _OTHER]
    return [*ticked, *own]


def _is_mark(option: str, question: Question, marks: range) -> bool:
    if plain(option) in {plain(label) for label in question.labels}:
        return True
    try:
        return mark(option) in marks
    except ValueError:
        return False


def _refuse_unclear(answers: Answers, export: Export) -> None:
    """Refuse to take apart at commas what a comma may be part of."""
    if answers.question.kind != "several" or answers.each_an_option or answers.question.options or export.at_semicolons:
        return
    for number, row in export.rows:
        for each in answers.fields:
            if "," in row[each.position]:
                raise SchemaError(
                    f"{export.file}, row {number}, column {each.label!r}: {shortened(row[each.position])} may be "
                    "several answers or one with a comma in it. Say what was offered: options=(...)."
                )
