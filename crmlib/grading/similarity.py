"""Whose code is alike, and whose answers belong to somebody else's data: what a person should look at.

Code is read by Pygments, names and texts of one's own are made equal, and runs of tokens are compared as
scikit-learn's counts: so renaming changes nothing, and what was released with the exercise does not count.
A likeness proves nothing. It says where to look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Pair", "alike", "borrowed", "code_of"]

#: Tokens in a run: shorter ones are everybody's.
RUN = 8


class Pair(NamedTuple):
    """Two submissions whose code is alike.

    Attributes
    ----------
    first, second
        The students, by id.
    likeness
        The share of the shorter one's own code that is found in the other, from 0 to 1.
    tokens
        How many runs of tokens they share: about the number of tokens.
    """

    first: str
    second: str
    likeness: float
    tokens: int


def alike(sources: Mapping[str, str], released: str, *, least: float = 0.8, least_tokens: int = 60) -> list[Pair]:
    r"""Find pairs of submissions whose code is alike after renaming.

    Parameters
    ----------
    sources
        Student to code.
    released
        The code that everybody was given.
    least
        The likeness from which a pair is told.
    least_tokens
        Pairs that share less than this are never told: short right answers are all alike.

    Returns
    -------
    list of Pair
        The most alike first.

    Examples
    --------
    >>> mine = "total = 0\nfor row in rows:\n    if row.amount > limit and row.kept:\n        total += row.amount * 2\n"
    >>> renamed = mine.replace("total", "s").replace("row", "r").replace("limit", "top")
    >>> other = "share = orders.groupby('c').amount.sum().rank(pct=True)\nprint(share.loc[share > .8].describe())\n"
    >>> alike({"a": mine, "b": renamed, "c": other}, "", least_tokens=10)
    [Pair(first='a', second='b', likeness=1.0, tokens=20)]
    """
    from sklearn.feature_extraction.text import CountVectorizer

    given = set(_runs(released))
    students = sorted(sources)
    own = {student: sorted(set(_runs(sources[student])) - given) for student in students}
    students = [student for student in students if len(own[student]) >= least_tokens]
    if len(students) < 2:  # noqa: PLR2004 - a pair
        return []
    counts = CountVectorizer(analyzer=lambda student: own[student], dtype="int32").fit_transform(students)
    shared = (counts @ counts.T).tocoo()
    pairs = []
    for row, column, tokens in zip(shared.row, shared.col, shared.data, strict=True):
        first, second = students[row], students[column]
        likeness = round(float(tokens) / min(len(own[first]), len(own[second])), 3)
        if row < column and likeness >= least and tokens >= least_tokens:
            pairs.append(Pair(first, second, likeness, int(tokens)))
    return sorted(pairs, key=lambda pair: (-pair.likeness, -pair.tokens, pair.first, pair.second))


def borrowed(
    stored: Mapping[str, Mapping[str, str]], expected: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Find stored answers that are wrong on the student's own data, and right on exactly somebody else's.

    Parameters
    ----------
    stored
        Student to question to what identifies the answer that the submitted notebook held.
    expected
        Student to question to what identifies the right answer on that student's variant.

    Returns
    -------
    dict
        Student to other student to the questions whose answers are the other's. Answers that several variants share
        tell nothing, and are left out.

    Examples
    --------
    >>> expected = {"a": {"q1": "1", "q2": "x"}, "b": {"q1": "2", "q2": "x"}}
    >>> borrowed({"a": {"q1": "2", "q2": "x"}, "b": {"q1": "2"}}, expected)
    {'a': {'b': ('q1',)}}
    """
    owners: dict[tuple[str, str], list[str]] = {}
    for student, answers in expected.items():
        for question, value in answers.items():
            owners.setdefault((question, value), []).append(student)
    found: dict[str, dict[str, list[str]]] = {}
    for student, answers in sorted(stored.items()):
        for question, value in sorted(answers.items()):
            whose = owners.get((question, value), [])
            if len(whose) == 1 and whose[0] != student:
                found.setdefault(student, {}).setdefault(whose[0], []).append(question)
    return {student: {other: tuple(qs) for other, qs in others.items()} for student, others in found.items()}


def _runs(source: str) -> list[str]:
    """Give the runs of tokens, with one's own names, texts and numbers made equal and comments left out."""
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped] # it has no types
    from pygments.token import Comment, Name, Number, String, Text  # type: ignore[import-untyped] # it has no types

    tokens: list[str] = []
    for kind, text in PythonLexer().get_tokens(source):
        if kind in Text or kind in Comment or not text.strip():
            continue
        if kind in String:
            if tokens[-1:] != ["S"]:  # a text comes in pieces: quotes, escapes, what lies between
                tokens.append("S")
        elif kind in Number:
            tokens.append("N")
        elif kind in Name and kind not in Name.Builtin and tokens[-1:] != ["."]:
            tokens.append("V")
        else:
            tokens.append(text)  # keywords, operators, and what comes after a dot: the library's words
    return [" ".join(tokens[at : at + RUN]) for at in range(len(tokens) - RUN + 1)]


def code_of(cells: Sequence[Mapping[str, object]]) -> str:
    """Give the code of a notebook's cells as one text.

    Examples
    --------
    >>> code_of([{"cell_type": "markdown", "source": "Hi"}, {"cell_type": "code", "source": "x = 1"}])
    'x = 1'
    """
    return "\n\n".join(str(cell["source"]) for cell in cells if cell["cell_type"] == "code")
