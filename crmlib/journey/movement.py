"""How far people have come, how they move from one day to another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from crmlib.days import as_day
from crmlib.errors import CrmlibError, SchemaError
from crmlib.journey.mapping import customer_map
from crmlib.journey.three_models import FOUR_A, TYPES
from crmlib.personas import STAGES
from crmlib.shop.required import require

if TYPE_CHECKING:
    from datetime import date

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["By", "funnel", "transitions"]

By = Literal["stage", "four_a", "type"]


def funnel(mapped: pd.DataFrame, *, by: Literal["stage", "four_a"] = "stage") -> pd.DataFrame:
    """Count who came at least so far.

    Parameters
    ----------
    mapped
        From `crmlib.journey.customer_map`.
    by
        ``stage``, the five, or ``four_a``.

    Returns
    -------
    pandas.DataFrame
        One row a step, first to last: the step; people (who came at least so far); share (of all); step_share (of those
        who came to the step before); of (how many these are; both are missing if there are none). A buyer counts as
        having considered, seen or not, and retention counts who bought again.

        Advocacy is no further step: one order is enough for it, and who never answered cannot be seen to recommend. It
        is the last row of the stages, and its step_share is that of the buyers who answered.

    Examples
    --------
    >>> people = pd.DataFrame({"four_a": ["aware", "act", "act", "act_again"], "answered": [False, True, True, False],
    ...                        "stage": ["awareness", "acquisition", "advocacy", "retention"]})
    >>> funnel(people)
               stage  people  share  step_share   of
    0      awareness       4   1.00         NaN  NaN
    1  consideration       3   0.75    0.750000  4.0
    2    acquisition       3   0.75    1.000000  3.0
    3      retention       1   0.25    0.333333  3.0
    4       advocacy       1   0.25    0.500000  2.0
    """
    steps = {"stage": STAGES, "four_a": FOUR_A}.get(by)
    if steps is None:
        raise CrmlibError(f"by={by!r}: a funnel is by 'stage' or 'four_a'. Types are no steps.")
    require(mapped, "mapped", ())
    if mapped.empty:
        raise SchemaError("mapped: there is nobody in the map.")
    require(mapped, "mapped", ("four_a",) if by == "four_a" else ("four_a", "stage", "answered"))
    counts = mapped["four_a"].astype("str").value_counts().reindex(list(FOUR_A), fill_value=0)
    people = counts[::-1].cumsum()[::-1].to_list()
    before = [math.nan, *people[:-1]]
    if by == "stage":
        people.append(int((mapped["stage"].astype("str") == "advocacy").sum()))
        before.append(int(mapped["answered"].sum()))
    table = pd.DataFrame({by: list(steps), "people": people})
    table["share"] = table["people"] / len(mapped)
    of = pd.Series(before, dtype=float)
    of = of.where(of > 0)
    return table.assign(step_share=table["people"] / of, of=of)


def transitions(
    shop: Shop,
    earlier: date | str,
    later: date | str,
    *,
    by: By = "stage",
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Count who moved from where to where between two days. Accounts and buyers only: a contact has no history.

    Parameters
    ----------
    shop
        Whose customers.
    earlier, later
        The two days.
    by
        ``stage``, ``four_a`` or ``type``.
    policy
        See `crmlib.journey.customer_map`.

    Returns
    -------
    pandas.DataFrame
        Rows: where people were, with ``(new)`` for those whom the shop did not know yet; columns: where they are. All
        steps are there, also empty ones. Numbers of people.

    Raises
    ------
    CrmlibError
        The days are in the wrong order, or later than the shop's own.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> days = ["2024-01-01", "2024-02-01", "2024-02-02"]
    >>> shop = open_shop(pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "order_ts": days, "amount": 10}))
    Opened ...
    >>> moved = transitions(shop, "2024-01-31", "2024-02-03")
    >>> moved.loc["acquisition", "retention"], moved.loc["(new)", "acquisition"]
    (np.int64(1), np.int64(1))
    """
    names = {"stage": STAGES, "four_a": FOUR_A, "type": TYPES}.get(by)
    if names is None:
        raise CrmlibError(f"by={by!r}: people move by 'stage', 'four_a' or 'type'.")
    if as_day(earlier) >= as_day(later):
        raise CrmlibError(f"earlier={str(earlier)!r} is not before later={str(later)!r}.")
    before, after = (
        customer_map(shop, as_of=day, policy=policy, contacts=False).set_index("customer_id")[by].astype("str")
        for day in (earlier, later)
    )
    both = pd.DataFrame({"before": before.reindex(after.index).fillna("(new)"), "after": after})
    found = pd.crosstab(both["before"], both["after"])
    return found.reindex(index=[*names, "(new)"], columns=list(names), fill_value=0)
