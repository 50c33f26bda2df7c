"""What people write: the terms that mark a group, and themes, in Italian and English, without a language model.

A term that fewer than `fewest` comments hold is not shown: it is noise, and it may be a name. What counts as one term
is said in `crmlib.surveys.words`.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError, ModelError, SchemaError
from crmlib.surveys.words import Terms

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TermTable", "stop_words", "terms", "themes"]

_PRIOR_WORDS = 100.0
_SHOWN = 5
_SURE = 2.0


class TermTable(pd.DataFrame):
    """A table of terms that says what it does not show.

    Attributes
    ----------
    notes
        Whether the terms are more than chance, how many comments none of them covers, and what a lower `fewest` adds.
    """

    _metadata = ("notes",)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *self.notes])

    def _repr_html_(self) -> str | None:
        table = super()._repr_html_()  # type: ignore[misc] # pandas-stubs leave it out
        return None if table is None else str(table) + "".join(f"<p>{escape(note)}</p>" for note in self.notes)


def terms(
    comments: Iterable[Any],
    groups: Iterable[Any],
    *,
    language: str,
    fewest: int = 3,
    pairs: bool = True,
    most: int = 10,
) -> TermTable:
    """Return the terms that mark each group's comments off from all others.

    Parameters
    ----------
    comments
        Texts in one language; what is missing or empty is left out.
    groups
        The group of each, such as ``detractor``.
    language
        ``it`` or ``en``: whose stop words fall away.
    fewest
        A term must be in so many comments.
    pairs
        Whether two words in a row (stop words aside), and a word with its negation, are terms as well.
    most
        How many terms a group.

    Returns
    -------
    TermTable
        A DataFrame of group, term (in its most usual spelling), comments (of the group that hold it), share (of the
        group's comments), elsewhere (share of the others'), z (how sure the difference is; about 2 and more is
        more than chance for a term chosen beforehand). By group, highest z first; only terms with a positive z.
        A word that always comes in one pair is left to it. Its ``notes`` say whether any term reaches z = 2,
        how many comments hold none of those shown, and what a lower `fewest` would add.

    Raises
    ------
    ModelError
        No comment is left, or no term is frequent enough.

    Notes
    -----
    Log-odds with an informative Dirichlet prior: B. Monroe, M. Colaresi and K. Quinn, "Fightin' Words", Political
    Analysis 16 (2008). The prior has the shape of all comments and the weight of 100 words, so rare terms do not lead
    by chance. Here a comment counts once for a term, however often it says it.

    Examples
    --------
    >>> texts = ["parcel late"] * 3 + ["very late parcel"] + ["great coffee"] * 4
    >>> terms(texts, ["low"] * 4 + ["high"] * 4, language="en", pairs=False)[["group", "term", "comments"]]
      group    term  comments
    0  high  coffee         4
    1  high   great         4
    2   low    late         4
    3   low  parcel         4
    """
    texts, group = (column.reset_index(drop=True) for column in _written(comments, groups))
    words = Terms(texts, language, stop_words(language))
    listed = words.counted(pairs=pairs)
    counts, vocabulary = _counted(listed, fewest)
    everywhere = _per_term(counts)
    shown = np.array([words.shown(term) for term in vocabulary])
    told = _said_by_a_pair(vocabulary, everywhere)
    prior = everywhere / everywhere.sum() * _PRIOR_WORDS
    tables = []
    for name, members in group.groupby(group, observed=True):
        y = _per_term(counts[members.index.to_numpy()])
        other = everywhere - y
        n, m = y.sum(), other.sum()
        odds = np.log((y + prior) / (n + _PRIOR_WORDS - y - prior))
        odds -= np.log((other + prior) / (m + _PRIOR_WORDS - other - prior))
        z = odds / np.sqrt(1 / (y + prior) + 1 / (other + prior))
        table = pd.DataFrame(
            {
                "group": name,
                "term": shown,
                "key": vocabulary,
                "comments": y.astype(int),
                "share": y / len(members),
                "elsewhere": other / max(1, len(texts) - len(members)),
                "z": z,
            }
        )
        table = table[(table["z"] > 0) & (table["comments"] >= fewest) & ~told]
        tables.append(table.sort_values(["z", "term"], ascending=[False, True]).head(most))
    table = pd.concat(tables, ignore_index=True)
    result = TermTable(table.drop(columns="key"))
    result.notes = _notes(table, listed, fewest)
    return result


def _notes(table: pd.DataFrame, listed: list[list[str]], fewest: int) -> tuple[str, ...]:
    """Say what the table does not: chance, and the comments that it leaves out."""
    notes = []
    if not (table["z"] >= _SURE).any():
        notes.append("No term reaches z = 2: these differences are no more than chance brings.")
    keys = set(table["key"])
    bare = [terms for terms in listed if not keys & set(terms)]
    text = f"{len(bare)} of {len(listed)} comments hold none of these terms"
    if bare and fewest > 1:
        often = Counter(term for terms in listed for term in set(terms))
        more = {term for term, n in often.items() if n == fewest - 1}
        reached = sum(bool(more & set(terms)) for terms in bare)
        text += f"; fewest={fewest - 1} would add {len(more)} terms, which {reached} of them hold"
    return (*notes, f"{text}.")


def themes(
    comments: Iterable[Any],
    k: int,
    *,
    language: str,
    groups: Iterable[Any] | None = None,
    fewest: int = 3,
    pairs: bool = True,
    seed: int = 1,
) -> tuple[pd.DataFrame, pd.Series]:
    """Gather comments into themes.

    Parameters
    ----------
    comments
        Texts in one language; what is missing or empty is left out.
    k
        How many themes.
    language
        ``it`` or ``en``.
    groups
        The group of each comment, such as ``detractor``: the table then says how each theme divides between them, and
        the example is one of the group that most of its comments are from.
    fewest, pairs
        As for `terms`. A negated word is a word of its own: "never late" is not about lateness.
    seed
        Of the method, which is started by a decomposition and so hardly depends on it.

    Returns
    -------
    tuple
        A table, one row a theme, the largest first: theme (from 1), terms (the strongest), comments, share, example
        (the comment that stands for it best), and for each group how many of the comments are its own. And the
        theme of each comment, by its place in `comments`; missing where no frequent term is in it.

    Raises
    ------
    ModelError
        Too few comments or terms for so many themes.

    Notes
    -----
    Non-negative matrix factorisation of tf-idf weights (D. Lee and H. Seung, Nature 401, 1999; scikit-learn). Each
    comment goes to the theme that weighs most in it. How many themes there are is your choice, not a finding.

    Examples
    --------
    >>> table, theme = themes(["late parcel", "parcel late again", "late parcel"] + ["kind help"] * 4, 2, language="en")
    >>> table[["theme", "comments"]].to_dict("list"), theme.tolist()
    ({'theme': [1, 2], 'comments': [4, 3]}, [2, 2, 2, 1, 1, 1, 1])
    """
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import TfidfVectorizer
    from threadpoolctl import threadpool_limits

    listed = pd.Series(list(comments), dtype=object)
    texts, group = _written(listed, ["all"] * len(listed) if groups is None else groups)
    words = Terms(texts, language, stop_words(language))
    weigh = TfidfVectorizer(analyzer=_as_it_is, min_df=fewest, sublinear_tf=True)
    try:
        weights = weigh.fit_transform(words.meant(pairs=pairs))
    except ValueError as error:
        raise ModelError(_TOO_RARE.format(fewest=fewest)) from error
    if not 1 <= k < min(weights.shape):
        raise ModelError(
            f"k={k}: {weights.shape[0]} comments with {weights.shape[1]} frequent terms do not give so many themes. "
            "Ask for fewer."
        )
    # comments that k themes explain whole leave an error of 0, which rounding may take below it before the root
    with threadpool_limits(1), np.errstate(invalid="ignore"):
        model = NMF(k, init="nndsvda", max_iter=1000, tol=1e-3, random_state=seed)
        parts = model.fit_transform(weights)
    # each theme on its own scale: its strongest comment weighs 1
    parts = parts / np.maximum(parts.max(axis=0), 1e-12)
    said = parts.max(axis=1) > 0
    chosen = parts.argmax(axis=1)
    vocabulary = np.array([words.shown(term) for term in weigh.get_feature_names_out()])
    counts = np.bincount(chosen[said], minlength=k)
    order = np.argsort(-counts, kind="stable")
    rows = [
        {
            "theme": place,
            "terms": ", ".join(_plain(vocabulary[model.components_[which].argsort()[::-1]])),
            "comments": int(counts[which]),
            "share": counts[which] / max(1, said.sum()),
            "example": texts.iloc[_example(parts[:, which], said & (chosen == which), group)],
            **({} if groups is None else _split(group[said & (chosen == which)], group)),
        }
        for place, which in enumerate(order, 1)
    ]
    theme = pd.Series(pd.NA, index=listed.index, dtype="Int64", name="theme")
    theme[texts.index[said]] = np.argsort(order)[chosen[said]] + 1
    return pd.DataFrame(rows), theme


def stop_words(language: str) -> list[str]:
    """Return the words that say little by themselves, sorted.

    Parameters
    ----------
    language
        ``it`` or ``en``.

    Raises
    ------
    CrmlibError
        There is no list for that language.

    Examples
    --------
    >>> "della" in stop_words("it"), "non" in stop_words("it")
    (True, False)
    """
    lists = _stop_words()
    if language not in lists:
        raise CrmlibError(f"language={language!r} is not known. Use {' or '.join(map(repr, sorted(lists)))}.")
    return sorted(lists[language].split())


_TOO_RARE = (
    "comments: no term is in {fewest} comments or more. Wait for more comments, or lower `fewest` (but a rare "
    "term may be a name)."
)


@cache
def _stop_words() -> dict[str, str]:
    return tomllib.loads((files("crmlib.surveys") / "stop_words.toml").read_text(encoding="utf-8"))


def _as_it_is(terms: list[str]) -> list[str]:
    """Return the terms of a comment, for scikit-learn."""
    return terms


def _split(of_theme: pd.Series, group: pd.Series) -> dict[str, int]:
    """Return how many comments of a theme each group has."""
    return {str(name): int((of_theme == name).sum()) for name in _names(group)}


def _names(group: pd.Series) -> list[Any]:
    return list(group.cat.categories) if isinstance(group.dtype, pd.CategoricalDtype) else list(dict.fromkeys(group))


def _example(weights: np.ndarray, members: np.ndarray, group: pd.Series) -> int:
    """Return where the strongest comment of a theme stands, among those of the group that most of it is from."""
    if not members.any():
        return int(weights.argmax())
    counts = group[members].value_counts()
    largest = group.isin(counts.index[counts == counts.max()]).to_numpy()
    return int(np.where(members & largest, weights, -1.0).argmax())


def _written(comments: Iterable[Any], groups: Iterable[Any]) -> tuple[pd.Series, pd.Series]:
    texts = pd.Series(list(comments), dtype=object)
    group = groups.reset_index(drop=True) if isinstance(groups, pd.Series) else pd.Series(list(groups), dtype=object)
    if len(group) != len(texts):
        raise SchemaError(f"groups: {len(group)} for {len(texts)} comments. Give one for each row.")
    there = texts.notna()
    strange = there & ~texts.map(lambda text: isinstance(text, str))
    if strange.any():
        row = int(strange.to_numpy().argmax())
        raise SchemaError(f"comments, row {row}: {texts[row]!r} is no text.")
    there &= texts.fillna("").str.strip() != ""
    if not there.any():
        raise ModelError("comments: nobody wrote anything, so there are no terms.")
    return texts[there], group[there]


def _counted(listed: list[list[str]], fewest: int) -> tuple[Any, np.ndarray]:
    from sklearn.feature_extraction.text import CountVectorizer

    count = CountVectorizer(analyzer=_as_it_is, binary=True, min_df=fewest)
    try:
        counts = count.fit_transform(listed)
    except ValueError as error:
        raise ModelError(_TOO_RARE.format(fewest=fewest)) from error
    return counts, count.get_feature_names_out()


def _per_term(counts: Any) -> np.ndarray:
    """Return how many comments of a sparse table hold each term."""
    return np.asarray(counts.sum(axis=0), dtype=float).ravel()


def _said_by_a_pair(vocabulary: np.ndarray, comments: np.ndarray) -> np.ndarray:
    """Say which words always come in one pair: the pair tells more."""
    by_term = dict(zip(vocabulary, comments, strict=True))
    told = {word for term in vocabulary if " " in term for word in term.split() if by_term.get(word) == by_term[term]}
    return np.array([term in told for term in vocabulary])


def _plain(ranked: np.ndarray) -> list[str]:
    """Return the first terms, without a word that a pair before it holds, or a pair of two that stand there."""
    kept: list[str] = []
    for term in ranked:
        if not any(
            set(term.split()) <= set(other.split()) or set(other.split()) <= set(term.split()) for other in kept
        ):
            kept.append(str(term))
        if len(kept) == _SHOWN:
            break
    return kept
