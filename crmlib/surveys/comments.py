"""What people write: the terms that mark a group, and themes, in Italian and English, without a language model.

A term that fewer than `fewest` comments hold is not shown: it is noise, and it may be a name.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError, ModelError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["stop_words", "terms", "themes"]

#: Words of two letters and more, or a pictograph. An elided article falls away: l'assistenza gives assistenza.
_WORD = re.compile(r"[^\W\d_]{2,}|[\u2600-\u27bf\U0001f300-\U0001faff]")
_PRIOR_WORDS = 100.0
_SHOWN = 5


def terms(
    comments: Iterable[Any],
    groups: Iterable[Any],
    *,
    language: str,
    fewest: int = 3,
    pairs: bool = True,
    most: int = 10,
) -> pd.DataFrame:
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
        Whether two words in a row (stop words aside) are a term as well.
    most
        How many terms a group.

    Returns
    -------
    pandas.DataFrame
        group, term, comments (of the group that hold it), share (of the group's comments), elsewhere (share of the
        others'), z (how sure the difference is; about 2 and more is more than chance for a term chosen beforehand).
        By group, highest z first; only terms with a positive z. A word that always comes in one pair is left to it.

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
    counts, vocabulary = _counted(texts, language, fewest, pairs)
    everywhere = _per_term(counts)
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
                "term": vocabulary,
                "comments": y.astype(int),
                "share": y / len(members),
                "elsewhere": other / max(1, len(texts) - len(members)),
                "z": z,
            }
        )
        table = table[(table["z"] > 0) & (table["comments"] >= fewest) & ~told]
        tables.append(table.sort_values(["z", "term"], ascending=[False, True]).head(most))
    return pd.concat(tables, ignore_index=True)


def themes(
    comments: Iterable[Any], k: int, *, language: str, fewest: int = 3, pairs: bool = True, seed: int = 1
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
    fewest, pairs
        As for `terms`.
    seed
        Of the method, which is started by a decomposition and so hardly depends on it.

    Returns
    -------
    tuple
        A table, one row a theme, the largest first: theme (from 1), terms (the strongest), comments, share, example
        (the comment that stands for it best). And the theme of each comment, by its place in `comments`; missing
        where no frequent term is in it.

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
    texts, _ = _written(listed, ["all"] * len(listed))
    weigh = _vectoriser(TfidfVectorizer, language, fewest, pairs, sublinear_tf=True)
    try:
        weights = weigh.fit_transform(texts)
    except ValueError as error:
        raise ModelError(_TOO_RARE.format(fewest=fewest)) from error
    if not 1 <= k < min(weights.shape):
        raise ModelError(
            f"k={k}: {weights.shape[0]} comments with {weights.shape[1]} frequent terms do not give so many themes. "
            "Ask for fewer."
        )
    with threadpool_limits(1):
        model = NMF(k, init="nndsvda", max_iter=1000, tol=1e-3, random_state=seed)
        parts = model.fit_transform(weights)
    # each theme on its own scale: its strongest comment weighs 1
    parts = parts / np.maximum(parts.max(axis=0), 1e-12)
    said = parts.max(axis=1) > 0
    chosen = parts.argmax(axis=1)
    vocabulary = weigh.get_feature_names_out()
    counts = np.bincount(chosen[said], minlength=k)
    order = np.argsort(-counts, kind="stable")
    rows = [
        {
            "theme": place,
            "terms": ", ".join(_plain(vocabulary[model.components_[which].argsort()[::-1]])),
            "comments": int(counts[which]),
            "share": counts[which] / max(1, said.sum()),
            "example": texts.iloc[int(parts[:, which].argmax())],
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


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _vectoriser(kind: type[Any], language: str, fewest: int, pairs: bool, **settings: Any) -> Any:  # noqa: FBT001
    return kind(
        tokenizer=_words,
        token_pattern=None,
        lowercase=False,
        stop_words=stop_words(language),
        ngram_range=(1, 2 if pairs else 1),
        min_df=fewest,
        **settings,
    )


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


def _counted(texts: pd.Series, language: str, fewest: int, pairs: bool) -> tuple[Any, np.ndarray]:  # noqa: FBT001
    from sklearn.feature_extraction.text import CountVectorizer

    count = _vectoriser(CountVectorizer, language, fewest, pairs, binary=True)
    try:
        counts = count.fit_transform(texts)
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
