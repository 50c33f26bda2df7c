"""On what ground a fact may be used to choose whom to contact: where it came from, and what it was given for."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from crmlib.customers.consent import CHANNELS
from crmlib.errors import PolicyError
from crmlib.profiles.fields import FIELDS, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from crmlib.arrays import Bools
    from crmlib.policy import Policy

__all__ = [
    "PEOPLE",
    "PROFILING",
    "Ground",
    "for_profiling",
    "ground_of",
    "may_be_profiled",
    "require_ground",
    "table_ground",
]

#: The columns of a profile that say who allows profiling.
PROFILING = tuple(f"may_profiling_{channel}" for channel in CHANNELS)


@dataclass(frozen=True)
class Ground:
    """Where a fact came from, and what it was given for.

    Attributes
    ----------
    origin
        ``given`` of one's own will, ``observed`` in passing, ``derived`` from others, ``recorded`` by the shop.
    by
        How: by form, loyalty card, contract, purchase; by clicks, logins, chats, comments, cookies; of a derived fact,
        by those of what it is derived from.
    purpose
        ``contract``, ``marketing``, ``profiling``, ``consent``, or ``none``.
    """

    origin: str
    by: str
    purpose: str


@cache
def _book() -> dict[str, Any]:
    return tomllib.loads((files("crmlib.profiles") / "grounds.toml").read_text(encoding="utf-8"))


def table_ground(table: str, column: str, rules: Policy) -> Ground | None:
    """Return the ground of a column of a shop's own tables; None where nothing says of one.

    Parameters
    ----------
    table, column
        By crmlib's names.
    rules
        Whose ``contact.grounds`` says what columns of the shop's own were given for, and whose ``personas`` says which
        are answers to a questionnaire.

    Examples
    --------
    >>> from crmlib.policy import Policy
    >>> table_ground("customers", "loyalty_card", Policy())
    Ground(origin='given', by='loyalty card', purpose='marketing')
    >>> table_ground("customers", "shoe_size", Policy()) is None
    True
    """
    about = _book().get(table)
    if about is None:
        return None
    own = rules.contact.grounds.get(column) if table == "customers" else None
    if own is not None:
        return Ground("given", "form", own)
    said = about.get("of", {}).get(column, {})
    answers = {*rules.personas.ranked, *rules.personas.nominal, *rules.personas.several}
    if table == "customers" and not said and column not in about["columns"]:
        return Ground("given", "form", "profiling") if column in answers else None
    return Ground(
        said.get("origin", about["origin"]), said.get("by", about["by"]), said.get("purpose", about["purpose"])
    )


#: Tables whose rows are about people.
PEOPLE = tuple(_book())


def ground_of(column: str, own: Iterable[str], rules: Policy) -> Ground | None:
    """Return the ground of a column by which conditions choose: of a profile, or of the shop's table of customers.

    Parameters
    ----------
    column
        Under whatever name.
    own
        Columns of the shop's table of customers.
    rules
        As for `table_ground`.
    """
    name = name_of(column, own)
    if name in own:
        return table_ground("customers", name, rules)
    field = FIELDS.get(name)
    return None if field is None else Ground(field.origin, field.by, field.purpose)


def require_ground(column: str, own: Iterable[str], rules: Policy, place: str) -> Ground:
    """Return the ground of a column, or refuse to choose by it.

    Parameters
    ----------
    column, own, rules
        As for `ground_of`.
    place
        What to name in the error.

    Raises
    ------
    PolicyError
        Nothing says what the column was given for, or it was not given for this.

    Examples
    --------
    >>> from crmlib.policy import Policy
    >>> require_ground("shoe_size", ["shoe_size"], Policy(), "sequence boots")
    Traceback (most recent call last):
    crmlib.errors.PolicyError: sequence boots: nothing says what 'shoe_size' was given for, so nobody is chosen by it...
    """
    ground = ground_of(column, own, rules)
    if ground is None:
        raise PolicyError(
            f"{place}: nothing says what {column!r} was given for, so nobody is chosen by it. If people gave it for "
            f'this, say so in the policy: [contact.grounds] {column} = "marketing" (or "profiling", which asks for '
            'each person\'s permission, or "contract").'
        )
    if ground.purpose == "none":
        raise PolicyError(
            f"{place}: {column!r} was not given for choosing whom to contact. If people gave it for this, say so in "
            f'the policy: [contact.grounds] {column} = "marketing", or leave the condition out.'
        )
    return ground


def for_profiling(column: str, own: Iterable[str], rules: Policy, place: str = "conditions") -> bool:
    """Tell whether a column was given for profiling; refuse one without a ground.

    Parameters
    ----------
    column, own, rules, place
        As for `require_ground`.
    """
    return require_ground(column, own, rules, place).purpose == "profiling"


def may_be_profiled(table: pd.DataFrame) -> Bools:
    """Tell who allows profiling, through whatever channel.

    Parameters
    ----------
    table
        A profile with the columns of `PROFILING`; where it has none of them, nobody does.
    """
    import numpy as np

    allowed = np.zeros(len(table), dtype=bool)
    for name in PROFILING:
        if name in table:
            allowed |= table[name].fillna(value=False).to_numpy(dtype=bool)
    return allowed
