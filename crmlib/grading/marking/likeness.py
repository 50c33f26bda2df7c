"""Whose code is alike, and whose answers belong to somebody else's data: what a person should look at.

Code is read by Pygments, names and texts of one's own are made equal, and runs of tokens are compared as
scikit-learn's counts: so renaming changes nothing, and what was released with the exercise does not count.
A likeness proves nothing. It says where to look.

Essays are compared by runs of words, without those of the question. Of an endless text only the beginning counts.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["MOST_CODE", "PUBLISHED", "Pair", "alike", "alike_essays", "alike_runs", "borrowed", "code_of", "runs_of"]

#: Tokens in a run: shorter ones are everybody's.
RUN = 8
#: Characters of code that are compared: ten times what an exercise asks for.
MOST_CODE = 200_000
#: The name of the exercise's own solution among the sources; no student can be called so.
PUBLISHED = "(the published solution)"
_WORDS_IN_RUN = 5
_FEWEST_WORDS = 30
_MOST_ESSAY = 50_000


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
    given = set(runs_of(released))
    runs = {student: set(runs_of(text)) - given for student, text in sources.items()}
    return alike_runs(runs, least=least, least_tokens=least_tokens)


def alike_runs(runs: Mapping[str, Iterable[str]], *, least: float = 0.8, least_tokens: int = 60) -> list[Pair]:
    """Find pairs of sources that share most of their runs.

    Parameters
    ----------
    runs
        Student to runs of their own, from `runs_of`.
    least, least_tokens
        See `alike`.

    Examples
    --------
    >>> alike_runs({"a": "xyz", "b": "xyzw", "c": "uvw"}, least_tokens=3)
    [Pair(first='a', second='b', likeness=1.0, tokens=3)]
    """
    from sklearn.feature_extraction.text import CountVectorizer

    own = {student: sorted(set(runs[student])) for student in sorted(runs)}
    students = [student for student, each in own.items() if len(each) >= least_tokens]
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


def alike_essays(essays: Mapping[str, str], asked: str, *, least: float = 0.8) -> list[Pair]:
    """Find pairs of written answers that say the same in the same words.

    Parameters
    ----------
    essays
        Student to text.
    asked
        What the question says, which everybody may repeat.
    least
        The likeness from which a pair is told; both must have thirty words.

    Examples
    --------
    >>> text = " ".join(f"word{number}" for number in range(40))
    >>> alike_essays({"a": text, "b": text.upper() + "!"}, "")[0].likeness
    1.0
    >>> alike_essays({"a": text, "b": text}, text)
    []
    """
    common = set(_word_runs(asked))
    runs = {student: set(_word_runs(text)) - common for student, text in essays.items()}
    return alike_runs(runs, least=least, least_tokens=_FEWEST_WORDS - _WORDS_IN_RUN + 1)


def _word_runs(text: str) -> list[str]:
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", text[:_MOST_ESSAY]).casefold())
    return [" ".join(words[at : at + _WORDS_IN_RUN]) for at in range(len(words) - _WORDS_IN_RUN + 1)]


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


def runs_of(source: str) -> list[str]:
    """Identify the runs of tokens, with one's own names, texts and numbers made equal and comments left out.

    Parameters
    ----------
    source
        Code; what lies behind its first `MOST_CODE` characters does not count.

    Examples
    --------
    >>> runs_of("total = first + second * 2") == runs_of("t = a + b * 7")
    True
    """
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped] # it has no types
    from pygments.token import Comment, Name, Number, String, Text  # type: ignore[import-untyped] # it has no types

    kinds: dict[Any, str] = {}  # to ask Pygments once for each kind takes a third of the time
    tokens: list[str] = []
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source[:MOST_CODE]):
        if kind not in kinds:
            wanted = {"": (Text, Comment), "S": (String,), "N": (Number,)}
            kinds[kind] = next((name for name, those in wanted.items() if any(kind in one for one in those)), "word")
            if kinds[kind] == "word" and kind in Name and kind not in Name.Builtin:
                kinds[kind] = "V"
        known = kinds[kind]
        if not known or not text.strip():
            continue
        if known == "S" and tokens[-1:] == ["S"]:  # a text comes in pieces: quotes, escapes, what lies between
            continue
        if known == "word" or (known == "V" and tokens[-1:] == ["."]):
            tokens.append(text)  # keywords, operators, and what comes after a dot: the library's words
        else:
            tokens.append(known)
    runs = {" ".join(tokens[at : at + RUN]) for at in range(len(tokens) - RUN + 1)}
    return sorted(hashlib.blake2b(run.encode("utf-8", "replace"), digest_size=8).hexdigest() for run in runs)


def code_of(cells: Sequence[Mapping[str, object]]) -> str:
    """Give the code of a notebook's cells as one text.

    Examples
    --------
    >>> code_of([{"cell_type": "markdown", "source": "Hi"}, {"cell_type": "code", "source": "x = 1"}])
    'x = 1'
    """
    return "\n\n".join(str(cell["source"]) for cell in cells if cell["cell_type"] == "code")
