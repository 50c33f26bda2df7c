"""Whom to call: the customers who come first by a measure, each with the reason in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlib import policy as policies
from crmlib.customers.consent import has_consents, permissions
from crmlib.errors import CrmlibError
from crmlib.profiles import FIELDS, name_of, profile
from crmlib.text import segment_name
from crmlib.words import counted, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from crmlib.policy import Policy
    from crmlib.profiles import Field
    from crmlib.shop import Shop

__all__ = ["Calls", "check_measure", "top"]

_FACTS = ("segment", "last_order", "days_since_order", "mean_gap_days", "silence_ratio", "orders", "cltv", "churn_risk")
_PER_SHARE = 100


@dataclass(frozen=True)
class Calls:
    """The customers to call, and those who are not on the list.

    Attributes
    ----------
    list
        One row per customer, the highest first: rank, customer_id, name and phone (where the shop has them, of those
        who may be called), the measure, segment, last_order, may_call, reason.
    held
        Customers with at least the measure of the last on the list who may not be called: reason -> how many.
    without, because
        Customers without a value of the measure, and what a missing one means.
    unit
        Of the measure.
    missing
        Why the measure is empty for all; blank where it is not.
    """

    list: pd.DataFrame
    held: Mapping[str, int]
    without: int
    because: str
    unit: str
    missing: str


def check_measure(by: str) -> Field:
    """Return the column of the profile that is meant by a measure.

    Parameters
    ----------
    by
        A column of numbers, under any of its names.

    Raises
    ------
    CrmlibError
        There is no such column, or it holds no numbers.

    Examples
    --------
    >>> check_measure("value_at_risk").unit
    "the shop's currency: churn_risk times cltv"
    >>> check_measure("valeu_at_risk")
    Traceback (most recent call last):
    crmlib.errors.CrmlibError: --by: there is no measure 'valeu_at_risk'. Did you mean 'value_at_risk'?
    """
    field = FIELDS.get(name_of(by))
    measures = [name for name, each in FIELDS.items() if each.kind in {"integer", "number"} and name != "persona"]
    if field is None:
        raise CrmlibError(f"--by: there is no measure {by!r}. {did_you_mean(by, measures)}")
    if field.name not in measures:
        raise CrmlibError(f"--by: {field.name} is no number to rank by. There are: {', '.join(measures)}.")
    return field


def top(
    shop: Shop,
    by: str = "value_at_risk",
    n: int = 50,
    *,
    everybody: bool = False,
    lowest: bool = False,
    language: str = "en",
    policy: Policy | str | dict[str, Any] | None = None,
) -> Calls:
    """List the customers to call, with the reason.

    Parameters
    ----------
    shop
        With consents; without any, nobody may be called.
    by
        What ranks them: a column of numbers of the profile.
    n
        How many.
    everybody
        Whether those who may not be called are on the list, too, marked and without their number.
    lowest
        Whether the lowest come first.
    language
        Of the segments' names.
    policy
        The business's definitions; the shop's own by default.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> calls = top(open_shop("shop"), n=2)
    Opened shop: ...
    >>> calls.list[["rank", "may_call"]].to_numpy().tolist()
    [[1, True], [2, True]]
    >>> print(calls.list["reason"][0])
    Champions; ...
    """
    field = check_measure(by)
    rules = policies.load(policy or shop.policy)
    wanted = list(dict.fromkeys([field.name, *_FACTS, "may_phone"]))
    facts = profile(shop, columns=wanted, policy=rules)
    missing = facts.attrs["missing"].get(field.name, "")
    horizon = int(facts.attrs["policy"]["horizon_days"])
    ranked = facts[facts[field.name].notna()].reset_index()
    ranked = ranked.sort_values([field.name, "customer_id"], ascending=[lowest, True], ignore_index=True)
    ranked["may_call"] = ranked["may_phone"].astype(bool)
    listed = ranked if everybody else ranked[ranked["may_call"]]
    listed = listed.head(n).reset_index(drop=True)
    above = ranked
    if len(listed) == n and n:
        above = ranked.iloc[: int(ranked.index[ranked["customer_id"] == listed["customer_id"].iloc[-1]][0]) + 1]
    held = above.loc[~above["may_call"], "customer_id"]
    unit = field.unit.replace("the shop's currency", shop.currency or "the shop's currency")
    reasons = [_reason(row, field, unit, horizon, language) for row in listed.to_dict("records")]
    columns = ["customer_id", field.name, "segment", "last_order", "may_call"]
    table = listed[list(dict.fromkeys(columns))].assign(reason=reasons)
    table["segment"] = [segment_name(name, language) if isinstance(name, str) else None for name in table["segment"]]
    table["last_order"] = table["last_order"].dt.strftime("%Y-%m-%d")
    table.insert(0, "rank", range(1, len(table) + 1))
    return Calls(
        _with_numbers(table, shop), _why(held, shop, rules), len(facts) - len(ranked), _null_of(field), unit, missing
    )


def _null_of(field: Field) -> str:
    """Say what a missing value means; of one that is missing as another is, what that one's means."""
    while field.null.startswith("as "):
        field = FIELDS[field.null.removeprefix("as ").partition(",")[0]]
    return field.null


def _reason(row: Mapping[Any, Any], field: Field, unit: str, horizon: int, language: str) -> str:
    """Say in a sentence why a customer is on the list."""
    parts = [segment_name(row["segment"], language)] if isinstance(row["segment"], str) else []
    parts.append(_silence(row))
    if field.name == "value_at_risk":
        money = unit.partition(":")[0]
        risk = f"{row['churn_risk'] * _PER_SHARE:.0f} %"
        parts.append(
            f"{row['cltv']:,.2f} expected of this customer, and no order within {horizon} days is {risk} likely: "
            f"{row[field.name]:,.2f} at risk ({money})"
        )
    else:
        value = row[field.name]
        number = f"{value:,.0f}" if field.kind == "integer" else f"{value:,.2f}"
        parts.append(f"{field.labels[language]} {number}" + (f" ({unit})" if unit else ""))
    return "; ".join(parts)


def _silence(row: Mapping[Any, Any]) -> str:
    """Set the last order against the customer's own rhythm."""
    import pandas as pd

    if pd.isna(row["last_order"]):
        return "no order yet"
    days = int(row["days_since_order"])
    last = f"last order on {row['last_order']:%Y-%m-%d}, {counted(days, 'day')} ago"
    if pd.isna(row["mean_gap_days"]):
        return f"{last}, orders on one day only"
    gap = max(round(float(row["mean_gap_days"])), 1)
    usual = f"usual gap of {counted(gap, 'day')}"
    ratio = float(row["silence_ratio"])
    return f"{last}, {ratio:.1f} times the {usual}" if ratio > 1 else f"{last}, within the {usual}"


def _with_numbers(table: pd.DataFrame, shop: Shop) -> pd.DataFrame:
    """Add names, and the numbers of those who may be called, where the shop's customers have them."""
    if "customers" not in shop.tables or not len(table):
        return table
    columns = [name for name in ("first_name", "last_name", "phone") if name in shop.customers.columns]
    if not columns:
        return table
    people = shop.customers
    engine = people.engine
    ids = ", ".join(engine.literal(str(one)) for one in table["customer_id"])
    picked = ", ".join(map(engine.quoted, columns))
    query = f"select customer_id, {picked} from {people.name} where customer_id in ({ids})"
    known = engine.frame(query).drop_duplicates("customer_id").set_index("customer_id")
    known = known.reindex(table["customer_id"])
    names = [name for name in ("first_name", "last_name") if name in columns]
    at = 2
    if names:
        whole = known[names].fillna("").astype(str).agg(" ".join, axis=1).str.strip()
        table.insert(at, "name", whole.to_numpy())
        at += 1
    if "phone" in columns:
        table.insert(at, "phone", known["phone"].to_numpy())
        table["phone"] = table["phone"].where(table["may_call"])
    return table


def _why(held: pd.Series[str], shop: Shop, rules: Policy) -> dict[str, int]:
    """Count the reasons for which customers may not be called."""
    if not len(held):
        return {}
    if not has_consents(shop):
        return {"the shop holds no permission of anybody": len(held)}
    orders = shop.orders.engine
    people = orders.table(f"select distinct customer_id from {shop.orders.name}")
    stands = permissions(shop, people, rules)["marketing_phone"].reindex(held)
    withdrew = int((stands == 0).sum())
    counts = {"withdrew or objected": withdrew, "never allowed calls": len(held) - withdrew}
    return {reason: count for reason, count in counts.items() if count}
