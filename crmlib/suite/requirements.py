"""What each chapter needs of a shop, and what this shop has: said before a run begins.

A chapter checks for itself and ends with a sentence; this list only says it early. A test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crmlib.days import until
from crmlib.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmlib.shop import Shop

__all__ = ["NEEDS", "Facts", "Needs", "facts_of", "lacking", "sentences"]


@dataclass(frozen=True)
class Facts:
    """What chapters need to know of a shop.

    Attributes
    ----------
    name
        The shop's.
    as_of, first_day, last_day
        The day on which it is looked at, and those of the first and last order.
    customers
        With an order.
    repeat_buyers
        Who bought on two days or more.
    early_repeat_buyers
        Who had done so by the middle of the history.
    tables
        Its tables.
    has_truth
        Whether the source keeps its truth beside it.
    """

    name: str
    as_of: date
    first_day: date
    last_day: date
    customers: int
    repeat_buyers: int
    early_repeat_buyers: int
    tables: frozenset[str]
    has_truth: bool

    @property
    def days(self) -> int:
        """From the first order to the day on which the shop is looked at."""
        return (self.as_of - self.first_day).days

    def __str__(self) -> str:
        late = (self.as_of - self.last_day).days
        return (
            f"{self.name} has {counted(self.customers, 'customer')}, {self.repeat_buyers:,} of whom "
            f"bought again, and {counted(self.days, 'day')} of history"
            + (f"; {late:,} days of it without an order, up to {self.as_of}." if late > 1 else ".")
        )


@dataclass(frozen=True)
class Needs:
    """What a chapter needs, or else stops."""

    customers: int = 0
    repeat_buyers: int = 0
    early_repeat_buyers: int = 0
    days: int = 0
    tables: tuple[str, ...] = ()
    truth: bool = False


#: Chapter -> its needs. What is not listed runs on any orders.
NEEDS: dict[str, Needs] = {
    "01_data_collection": Needs(tables=("contacts_raw", "customers", "consents", "surveys")),
    "02_personas": Needs(customers=50),
    "04_cltv": Needs(early_repeat_buyers=30),
    "05_nps_csat": Needs(tables=("surveys",)),
    "06_churn": Needs(repeat_buyers=1, days=180),
    "08_journey_automation": Needs(days=120),
    "09_crm_design": Needs(truth=True),
    "10_model_lab": Needs(repeat_buyers=100),
}


def facts_of(shop: Shop, source: str = "") -> Facts:
    """Count what chapters need to know of a shop.

    Parameters
    ----------
    shop
        From `crmlib.open_shop`.
    source
        As it is handed to the notebooks.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> print(facts_of(open_shop("cdnow-sample")))
    Opened cdnow-sample: ...
    cdnow-sample has 2,357 customers, 1,139 of whom bought again, and 546 days of history.
    """
    from crmlib.synth import has_truth

    orders, engine = shop.orders.name, shop.orders.engine
    first, last = engine.rows(f"select min(order_ts), max(order_ts) from {orders}")[0]
    middle = first.date() + timedelta(days=((shop.as_of - timedelta(days=1)) - first.date()).days // 2)
    end = engine.moment(until(middle))
    per_customer = (
        "select customer_id, count(distinct cast(order_ts as date)) as days, "
        f"count(distinct case when order_ts < {end} then cast(order_ts as date) end) as early from {orders} "
        "group by customer_id"
    )
    customers, again, early = engine.rows(
        "select count(*), sum(case when days > 1 then 1 else 0 end), sum(case when early > 1 then 1 else 0 end) "
        f"from ({per_customer}) as per_customer"
    )[0]
    return Facts(
        name=shop.name,
        as_of=shop.as_of,
        first_day=first.date(),
        last_day=last.date(),
        customers=int(customers),
        repeat_buyers=int(again or 0),
        early_repeat_buyers=int(early or 0),
        tables=frozenset(shop.tables),
        has_truth=bool(source) and has_truth(source),
    )


def lacking(facts: Facts, needs: Needs) -> list[str]:
    """Return what a chapter needs and a shop has not, in words.

    Parameters
    ----------
    facts, needs
        Of the shop and the chapter.

    Examples
    --------
    >>> from datetime import date
    >>> young = Facts("young", date(2024, 1, 22), date(2024, 1, 1), date(2024, 1, 21), 3, 1, 0, frozenset(), False)
    >>> lacking(young, Needs(days=120, tables=("surveys",)))
    ['the table surveys', '120 days of history']
    """
    missing = [name for name in needs.tables if name not in facts.tables]
    result = [f"the table{'s' * (len(missing) > 1)} {', '.join(missing)}"] if missing else []
    counts = (
        (needs.customers, facts.customers, "customers"),
        (needs.repeat_buyers, facts.repeat_buyers, "who bought again"),
        (needs.early_repeat_buyers, facts.early_repeat_buyers, "who bought again in the first half of the history"),
        (needs.days, facts.days, "days of history"),
    )
    for floor, count, what in counts:
        if count < floor:
            people = (
                "customers " if what.startswith("who") and floor > 1 else "customer " if what.startswith("who") else ""
            )
            result.append(f"{floor} {people}{what}")
    if needs.truth and not facts.has_truth:
        result.append("a simulated shop, whose truth is known")
    return result


def sentences(facts: Facts, chapters: Mapping[str, object] | list[str]) -> list[str]:
    """Return what to say before a run: what the shop has, and a line for each chapter that it is too little for.

    Parameters
    ----------
    facts
        Of the shop.
    chapters
        Names of the notebooks.
    """
    lines = [str(facts)]
    missing = {name: lacking(facts, NEEDS.get(name, Needs())) for name in chapters}
    return [
        *lines,
        *(f"{name} will stop early: it needs {' and '.join(what)}." for name, what in missing.items() if what),
    ]
