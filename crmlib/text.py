"""The words that people see in plots and tables, in English and Italian.

>>> label("f", "it")
'Punteggio F'
>>> segment_name("Champions", "it")
'Campioni'
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from crmlib.errors import CrmlibError
from crmlib.schema import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LANGUAGES", "Language", "concepts", "label", "playbook", "segment_name", "touchpoint_name"]

Language = Literal["en", "it"]
LANGUAGES: tuple[Language, ...] = ("en", "it")


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((files("crmlib") / "labels.toml").read_text(encoding="utf-8"))


def label(key: str, language: str = "en") -> str:
    """Return the words for a key.

    Parameters
    ----------
    key
        A key of ``[labels]`` in ``crmlib/labels.toml``.
    language
        ``en`` or ``it``.

    Raises
    ------
    CrmlibError
        There is no such key or language.
    """
    labels = _words()["labels"]
    if key not in labels:
        raise CrmlibError(f"There is no label {key!r}. {did_you_mean(key, labels)}")
    return str(_in(labels[key], language))


def segment_name(segment: str, language: str = "en") -> str:
    """Return a segment's name for people; what is no segment stays as it is.

    Parameters
    ----------
    segment
        One of `crmlib.rfm.SEGMENTS`.
    language
        ``en`` or ``it``.
    """
    segments = _words()["segments"]
    return str(_in(segments[segment]["name"], language)) if segment in segments else segment


def touchpoint_name(touchpoint: str, language: str = "en") -> str:
    """Return a touchpoint's name for people; one that the shop made up stays as it is.

    Parameters
    ----------
    touchpoint
        As in the column ``touchpoint`` of the surveys.
    language
        ``en`` or ``it``.

    Examples
    --------
    >>> touchpoint_name("delivery", "it"), touchpoint_name("chat", "it")
    ('Consegna', 'chat')
    """
    key = f"touchpoint_{touchpoint}"
    return label(key, language) if key in _words()["labels"] else touchpoint


def playbook(language: str = "en") -> pd.DataFrame:
    """Return the aim and the actions for each of the eleven segments, after the course texts.

    Parameters
    ----------
    language
        ``en`` or ``it``.

    Returns
    -------
    pandas.DataFrame
        segment (the key), name, aim, actions.

    Examples
    --------
    >>> playbook()["segment"].tolist()[:2]
    ['Champions', 'Loyal']
    """
    import pandas as pd

    return pd.DataFrame(
        {"segment": key, **{field: _in(words[field], language) for field in ("name", "aim", "actions")}}
        for key, words in _words()["segments"].items()
    )


def concepts(name: str, language: str = "en") -> pd.DataFrame:
    """Return one of the course's taxonomies as a table.

    Parameters
    ----------
    name
        ``kinds`` of CRM, ``idic``, ``loop``, ``tools`` or ``glossary``.
    language
        ``en`` or ``it``.

    Returns
    -------
    pandas.DataFrame
        One row an entry; the columns depend on the taxonomy.

    Examples
    --------
    >>> concepts("idic")["step"].tolist()
    ['Identify', 'Differentiate', 'Interact', 'Customise']
    """
    import pandas as pd

    known = _concepts()
    if name not in known:
        raise CrmlibError(f"There is no taxonomy {name!r}. {did_you_mean(name, known)}")
    return pd.DataFrame(
        {field: _in(words, language) if isinstance(words, dict) else words for field, words in entry.items()}
        for entry in known[name]
    )


@cache
def _concepts() -> dict[str, Any]:
    return tomllib.loads((files("crmlib") / "concepts.toml").read_text(encoding="utf-8"))


def _in(words: dict[str, str], language: str) -> str:
    if language not in words:
        raise CrmlibError(f"language={language!r} is not known. Use {' or '.join(map(repr, LANGUAGES))}.")
    return words[language]
