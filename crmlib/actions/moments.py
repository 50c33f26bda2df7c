"""When something happened that a sequence may wait for: one table of moments an event, on the engine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crmlib.churn.windows import of_customers
from crmlib.days import until
from crmlib.errors import SchemaError
from crmlib.shop.observed import columns_of, scores

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["DAY", "distinct_people", "moments", "needed_days"]

#: Microseconds of a day: times are whole numbers of them since 1970, in the shop's time zone, on every engine.
DAY = 86_400_000_000


def moments(shop: Shop, event: str, rules: Policy, *, days: float | None = None) -> Table:
    """Find the moments of an event.

    Parameters
    ----------
    shop
        As it is known on its day. A silence that goes on is projected: it becomes long enough on a later day, if
        nothing else happens until then.
    event
        Of `crmlib.actions.Trigger`, but not ``calendar``.
    rules
        Windows, thresholds and operators: a silence is long enough when `crmlib.churn.signals` would flag it.
    days
        Of silence, or without an order after a visit; the policy's by default.

    Returns
    -------
    Table
        customer_id; us, the moment; since_us, for a silence the start of the day of the last sign of life, for a visit
        its end, for a delivery that is reckoned from its order the order. Microseconds since 1970, in the shop's time
        zone.

    Raises
    ------
    SchemaError
        The shop lacks the table in which such events stand.
    """
    return _FINDERS[event](shop, rules, days)


def _registered(shop: Shop, _rules: Policy, _days: float | None) -> Table:
    return _at(_columns(shop, "customers", "registered", "registered_ts"), "registered_ts")


def _ordered(shop: Shop, _rules: Policy, _days: float | None) -> Table:
    return _at(shop.orders, "order_ts")


def _delivered(shop: Shop, rules: Policy, _days: float | None) -> Table:
    if "delivered_ts" in shop.orders.columns:
        return _at(shop.orders, "delivered_ts")
    wait = round(rules.contact.delivery_days * DAY)
    # what sets it off, and when it is known to come, is the order
    return shop.orders.engine.table(
        f"select customer_id, epoch_microseconds(order_ts) + {wait} as us, epoch_microseconds(order_ts) as since_us "
        f"from {shop.orders.name}"
    )


def _interest(shop: Shop, rules: Policy, days: float | None) -> Table:
    wanted = {"customer_id": "varchar", "start_ts": "timestamp", "seconds": "integer", "ordered": "boolean"}
    _require(shop, "sessions", "interest")
    wait = rules.contact.interest_days if days is None else days
    return shop.orders.engine.query(
        "actions_interest",
        {"sessions": columns_of(shop, "sessions", wanted), "orders": shop.orders},
        until=until(shop.as_of),
        wait_us=round(wait * DAY),
    )


def _no_login(shop: Shop, rules: Policy, days: float | None) -> Table:
    logins = _columns(shop, "logins", "no_login", "login_ts")
    text = f"select customer_id, login_ts as ts, 0 as first from {logins.name}"
    return _silences(shop, text, rules, days, never=rules.churn.never_logged_in)


def _no_purchase(shop: Shop, rules: Policy, days: float | None) -> Table:
    text = f"select customer_id, order_ts as ts, 0 as first from {shop.orders.name}"
    return _silences(shop, text, rules, days, never=rules.churn.never_bought)


def _silences(shop: Shop, text: str, rules: Policy, days: float | None, *, never: str) -> Table:
    """Find when silences become long enough; a registration is a sign of life of those who never did it."""
    engine = shop.orders.engine
    if never != "no_signal":
        people = columns_of(shop, "customers", {"customer_id": "varchar", "registered_ts": "timestamp"})
        text += f" union all select customer_id, registered_ts as ts, 1 as first from {people.name}"
    events = engine.table(f"select * from ({text}) as seen where ts is not null")
    of = "logins" if "login_ts" in text else "purchases"
    if days is None and rules.churn.windows != "fixed":
        who = engine.frame(f"select distinct customer_id from {events.name} order by customer_id")
        window = of_customers(shop, who["customer_id"], of="logins" if of == "logins" else "purchases", policy=rules)
        own = engine.add(who.assign(needed=[needed_days(each, rules) for each in window]))
        needed, joined = "own.needed", f" join {own.name} as own on own.customer_id = events.customer_id"
    else:
        fixed = rules.churn.login_days if of == "logins" else rules.churn.purchase_days
        needed, joined = str(needed_days(fixed if days is None else days, rules)), ""
    if never == "signal":
        needed = f"case when first = 1 then 1 else {needed} end"
    told = engine.table(
        f"select events.customer_id, ts, cast({needed} as integer) as needed from {events.name} as events{joined}"
    )
    return engine.query("actions_silences", {"events": told}, until=until(shop.as_of))


def needed_days(window: float, rules: Policy) -> int:
    """Return how many whole days of silence it takes, by the policy's operator.

    Parameters
    ----------
    window
        Days.
    rules
        Whose ``churn.days_operator`` says whether the window's last day is enough.
    """
    return math.floor(window) + 1 if rules.churn.days_operator == ">" else math.ceil(window)


def _low_score(shop: Shop, rules: Policy, _days: float | None) -> Table:
    _require(shop, "surveys", "low_score")
    return _at(scores(shop), "answered_ts", f"score {rules.churn.score_operator} {float(rules.churn.low_score)}")


def _promoter(shop: Shop, rules: Policy, _days: float | None) -> Table:
    _require(shop, "surveys", "promoter")
    return _at(scores(shop), "answered_ts", f"score >= {rules.personas.promoter_from}")


_FINDERS: dict[str, Callable[[Shop, Policy, float | None], Table]] = {
    "registered": _registered,
    "interest": _interest,
    "ordered": _ordered,
    "delivered": _delivered,
    "no_login": _no_login,
    "no_purchase": _no_purchase,
    "low_score": _low_score,
    "promoter": _promoter,
}


def _at(table: Table, column: str, where: str = "true") -> Table:
    """Make moments of a table's times."""
    return table.engine.table(
        f"select customer_id, epoch_microseconds({column}) as us, epoch_microseconds({column}) as since_us "
        f"from {table.name} where {column} is not null and customer_id is not null and {where}"
    )


def _columns(shop: Shop, name: str, event: str, column: str) -> Table:
    _require(shop, name, event)
    return columns_of(shop, name, {"customer_id": "varchar", column: "timestamp"})


def _require(shop: Shop, name: str, event: str) -> None:
    if name not in shop.tables:
        raise SchemaError(
            f"The event {event!r} is read off a table {name}, and the shop {shop.name!r} has none; it has "
            f"{', '.join(shop.tables)}. Leave out sequences that this event sets off or ends, or open a source that "
            f"has {name!r}."
        )


def distinct_people(shop: Shop) -> pd.Series:
    """Return the ids of all whom the shop knows: accounts and buyers, sorted."""
    accounts = columns_of(shop, "customers", {"customer_id": "varchar"})
    text = f"select customer_id from {accounts.name} union select customer_id from {shop.orders.name}"
    frame = shop.orders.engine.frame(f"select customer_id from ({text}) as people where customer_id is not null")
    ids: pd.Series = frame["customer_id"].sort_values(ignore_index=True)
    return ids
