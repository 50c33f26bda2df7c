"""The columns of a profile: of each its unit, what a gap means, labels, where it comes from and what it was given for.

The dictionary is data, in ``fields.toml``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from crmlib.errors import SchemaError
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

__all__ = ["FIELDS", "GROUPS", "Field", "chosen", "dictionary", "name_of"]


@dataclass(frozen=True)
class Field:
    """One column of a profile.

    Attributes
    ----------
    name, group
        Its name, and the group that it is computed with.
    kind
        ``integer``, ``number``, ``yes/no``, ``text`` or ``time``.
    unit
        What a number counts.
    null
        What a missing value means.
    labels
        By language.
    source
        The table and column that it comes from, or the columns of the profile.
    origin, by
        ``given``, ``observed`` or ``derived``, and how.
    purpose
        What it was given for.
    also
        Other names of the same fact.
    """

    name: str
    group: str
    kind: str
    unit: str
    null: str
    labels: dict[str, str]
    source: str
    origin: str
    by: str
    purpose: str
    also: tuple[str, ...] = ()


def _read() -> tuple[dict[str, str], dict[str, Field]]:
    book: dict[str, Any] = tomllib.loads((files("crmlib.profiles") / "fields.toml").read_text(encoding="utf-8"))
    fields = {}
    for name, about in book["fields"].items():
        labels = {language: about.pop(language) for language in ("en", "it")}
        fields[name] = Field(name, labels=labels, also=tuple(about.pop("also", ())), **about)
    return book["groups"], fields


#: Groups of columns that are computed together, and what they hold; the columns, in their order.
GROUPS, FIELDS = _read()
_ALSO = {other: field.name for field in FIELDS.values() for other in field.also}


def name_of(column: str, own: Iterable[str] = ()) -> str:
    """Return the profile's name of a fact that is called so elsewhere; the name itself where it is nobody else's.

    Parameters
    ----------
    column
        A name, as a condition or another table of crmlib writes it.
    own
        Columns of the shop's own: one of that very name is meant before a fact that is known by it elsewhere.

    Examples
    --------
    >>> name_of("days_since_purchase"), name_of("orders"), name_of("hair_colour")
    ('days_since_order', 'orders', 'hair_colour')
    >>> name_of("nps", own=["nps"])
    'nps'
    """
    return column if column in own else _ALSO.get(column, column)


def dictionary(language: str = "en") -> pd.DataFrame:
    """Return the columns of a profile as a table.

    Parameters
    ----------
    language
        Of the labels, ``en`` or ``it``.

    Returns
    -------
    pandas.DataFrame
        column as index; group, label, kind, unit, null, source, origin, by, purpose, also.

    Examples
    --------
    >>> dictionary("it").loc["orders", ["label", "origin", "by"]].tolist()
    ['Ordini', 'given', 'purchase']
    """
    import pandas as pd

    names = ["group", "label", "kind", "unit", "null", "source", "origin", "by", "purpose", "also"]
    rows = [
        (each.group, each.labels[language], each.kind, each.unit, each.null, each.source, each.origin, each.by,
         each.purpose, ", ".join(each.also))
        for each in FIELDS.values()
    ]  # fmt: skip
    return pd.DataFrame(rows, index=pd.Index(FIELDS, name="column"), columns=names)


def chosen(columns: Iterable[str] | None, groups: Iterable[str] | None, own: Sequence[str]) -> list[str]:
    """Return the columns that are asked for, by the profile's names.

    Parameters
    ----------
    columns
        By name, under whatever name; columns of the shop's own table of customers too.
    groups
        By group.
    own
        Columns of that table that may be asked for.

    Raises
    ------
    SchemaError
        There is no such column or group.
    """
    if isinstance(columns, str):
        columns = [columns]
    if isinstance(groups, str):
        groups = [groups]
    if columns is None and groups is None:
        return list(FIELDS)
    wanted = []
    for group in groups or ():
        if group not in GROUPS:
            raise SchemaError(f"A profile has no group {group!r}. {did_you_mean(group, GROUPS)}")
        wanted += [field.name for field in FIELDS.values() if field.group == group]
    for column in columns or ():
        name = name_of(column, own)
        if name not in FIELDS and name not in own:
            raise SchemaError(f"A profile has no column {column!r}. {did_you_mean(column, [*FIELDS, *own])}")
        wanted.append(name)
    return list(dict.fromkeys(wanted))
