"""The words that people see in plots and tables, in English and Italian.

>>> label("f", "it")
'Punteggio F'
>>> segment_name("Champions", "it")
'Campioni'
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from crmlib.errors import CrmlibError
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

__all__ = [
    "LANGUAGES",
    "Language",
    "concepts",
    "label",
    "playbook",
    "record_words",
    "report_words",
    "segment_name",
    "touchpoint_name",
]

Language = Literal["en", "it"]
LANGUAGES: tuple[Language, ...] = ("en", "it")
#: Words for what users add, which ``labels.toml`` cannot know: labels and names of segments, by language.
_OWN_LABELS: dict[str, dict[str, str]] = {}
_OWN_SEGMENTS: dict[str, dict[str, str]] = {}


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((files("crmlib.text") / "labels.toml").read_text(encoding="utf-8"))


def label(key: str, language: str = "en") -> str:
    """Return the words for a key.

    Parameters
    ----------
    key
        A key of ``[labels]`` in ``crmlib/text/labels.toml``.
    language
        ``en`` or ``it``.

    Raises
    ------
    CrmlibError
        There is no such key or language.
    """
    labels = {**_OWN_LABELS, **_words()["labels"]}
    if key not in labels:
        raise CrmlibError(f"There is no label {key!r}. {did_you_mean(key, labels)}")
    return str(_in(labels[key], language))


def report_words(language: str = "en") -> dict[str, str]:
    """Return the words of the report, by their keys of ``[report]`` in ``crmlib/labels.toml``.

    Parameters
    ----------
    language
        ``en`` or ``it``.

    Examples
    --------
    >>> report_words("it")["summary"]
    'Risultati principali'
    """
    return {key: _in(words, language) for key, words in _words()["report"].items()}


def record_words(notebook: str, name: str, language: str = "en") -> tuple[str, str]:
    """Return what a recorded result is called, and its unit, by ``crmlib/text/records.toml``.

    Parameters
    ----------
    notebook
        The notebook's name, such as ``04_cltv``.
    name
        The record's.
    language
        ``en`` or ``it``.

    Returns
    -------
    tuple
        The label and the unit. A record that the file does not know is called by its name, without a unit.

    Examples
    --------
    >>> record_words("04_cltv", "mean_cltv"), record_words("mine", "late_parcels")
    (('Mean value of a customer (CLTV)', 'money'), ('Late parcels', ''))
    """
    records = _records()
    entry = records.get(notebook, {}).get(name)
    if entry is None:
        plain = re.sub(r"[_.-]+", " ", name).strip()
        return (plain[:1].upper() + plain[1:] or name), ""
    return _in(entry, language), entry.get("unit", "")


@cache
def _records() -> dict[str, Any]:
    return tomllib.loads((files("crmlib.text") / "records.toml").read_text(encoding="utf-8"))


def segment_name(segment: str, language: str = "en") -> str:
    """Return a segment's name for people; what is no segment stays as it is.

    Parameters
    ----------
    segment
        One of `crmlib.rfm.SEGMENTS`, or of a map of the shop's own that has been read.
    language
        ``en`` or ``it``.
    """
    segments = _words()["segments"]
    if segment in segments:
        return str(_in(segments[segment]["name"], language))
    return _in(_OWN_SEGMENTS[segment], language) if segment in _OWN_SEGMENTS else segment


def known_segments() -> dict[str, dict[str, str]]:
    """Return the segments that have a name, an aim and actions in ``labels.toml``, with their names by language."""
    return {key: words["name"] for key, words in _words()["segments"].items()}


def add_segments(names: Mapping[str, Mapping[str, str]]) -> None:
    """Remember what the segments of a user's own map are called.

    Parameters
    ----------
    names
        Segment -> language -> name; a language that is missing shows the segment as it is written.
    """
    for segment, words in names.items():
        _OWN_SEGMENTS[segment] = {language: words.get(language) or segment for language in LANGUAGES}


def add_label(key: str, words: str | Mapping[str, str]) -> None:
    """Remember the words for something that a user adds; those of ``labels.toml`` go first.

    Parameters
    ----------
    key
        As for `label`.
    words
        The same in all languages, or by language.

    Raises
    ------
    CrmlibError
        There is no such language.
    """
    by_language = {"en": words} if isinstance(words, str) else dict(words)
    for language in by_language:
        if language not in LANGUAGES:
            raise CrmlibError(f"label: there is no language {language!r}. Use {' or '.join(map(repr, LANGUAGES))}.")
    any_words = next(iter(by_language.values()))
    _OWN_LABELS[key] = {language: by_language.get(language, any_words) for language in LANGUAGES}


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


def playbook(language: str = "en", segments: Iterable[str] | None = None) -> pd.DataFrame:
    """Return the aim and the actions for segments, after the course texts.

    Parameters
    ----------
    language
        ``en`` or ``it``.
    segments
        Which, and in which order, such as `crmlib.rfm.segment_names` gives them; the eleven by default.

    Returns
    -------
    pandas.DataFrame
        segment (the key), name, aim, actions. Aim and actions are empty for segments of which the texts say nothing,
        and which those are is printed.

    Examples
    --------
    >>> playbook()["segment"].tolist()[:2]
    ['Champions', 'Loyal']
    >>> playbook(segments=["Champions", "Gold"])["aim"].tolist()
    The playbook has no aim and no actions for: Gold. They are yours to write.
    ['Keep them, turn them into advocates', '']
    """
    import pandas as pd

    there = _words()["segments"]
    wanted = list(there) if segments is None else list(segments)
    if unknown := [segment for segment in wanted if segment not in there]:
        print(f"The playbook has no aim and no actions for: {', '.join(unknown)}. They are yours to write.")  # noqa: T201 - what is missing is always said
    rows = [
        {
            "segment": segment,
            "name": segment_name(segment, language),
            **{field: _in(there[segment][field], language) if segment in there else "" for field in ("aim", "actions")},
        }
        for segment in wanted
    ]
    return pd.DataFrame(rows, columns=["segment", "name", "aim", "actions"])


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
    return tomllib.loads((files("crmlib.text") / "concepts.toml").read_text(encoding="utf-8"))


def _in(words: dict[str, str], language: str) -> str:
    if language not in words:
        raise CrmlibError(f"language={language!r} is not known. Use {' or '.join(map(repr, LANGUAGES))}.")
    return words[language]
