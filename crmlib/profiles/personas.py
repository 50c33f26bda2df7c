"""The persona of each customer, where the shop knows enough to tell personas apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.profiles.known import Known

__all__ = ["SURE", "persona"]

#: Below this probability a customer belongs to no persona for sure.
SURE = 0.5
#: Customers in whom personas are looked for, and from whom they are learnt: spread evenly over all.
_LOOKED_AT, _LEARNT_FROM = 600, 1_500
_NUMBERS = range(2, 6)


def persona(known: Known) -> dict[str, Any]:
    """Return the columns of the group persona.

    Parameters
    ----------
    known
        Whose shop's answers, orders and visits are read.
    """
    from crmlib import personas

    names, rules = ("persona", "persona_probability"), known.rules.personas
    asked = {*rules.ranked, *rules.nominal, *rules.several}
    answers = asked & set(known.shop.customers.columns) if "customers" in known.shop.tables else set()
    if not answers and not {"session_zones", "sessions"} <= set(known.shop.tables):
        known.absent("neither answers nor visits: orders alone are told apart by RFM", *names)
        return {}
    try:
        table = personas.features(known.shop, policy=known.rules)
        choice = personas.choose(_some(table, _LOOKED_AT), _NUMBERS, repeats=1, groupless=5)
        if choice.recommended == 1:
            known.absent(" ".join(choice.notes) or "no personas can be told apart", *names)
            return {}
        model = personas.fit(_some(table, _LEARNT_FROM), choice.recommended)
    except CrmlibError as error:
        known.absent(str(error), *names)
        return {}
    chances = model.probabilities(table)
    if chances is None:
        raise TypeError("a mixture knows probabilities")
    known.notes["persona"] = {"personas": model.k, "notes": " ".join(choice.notes)}
    likeliest = chances.max(axis=1)
    number: pd.Series = chances.idxmax(axis=1).astype(float)
    return {
        "persona": number.where(likeliest >= SURE).reindex(known.index),
        "persona_probability": likeliest.reindex(known.index),
    }


def _some(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return at most about twice so many rows, spread evenly."""
    return table.iloc[:: max(1, len(table) // most)]
