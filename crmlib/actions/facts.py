"""What is known of customers, for the conditions of sequences: a column each, and only those that are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib import engine, rfm
from crmlib.churn.signals import last_seen
from crmlib.days import until
from crmlib.engine import quote
from crmlib.errors import SchemaError
from crmlib.schema import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["COMPUTED", "facts"]

#: Columns that are computed -> who computes them; those of the table ``customers`` are known besides.
COMPUTED = {
    **dict.fromkeys(("orders", "spend"), "history"),
    **dict.fromkeys(("days_since_order", "days_since_login", "days_since_registration", "score"), "seen"),
    **dict.fromkeys(("r", "f", "m", "code", "segment"), "rfm"),
    **dict.fromkeys(("type", "stage"), "journey"),
}


def facts(
    shop: Shop, people: Table, wanted: Iterable[str], rules: Policy, *, about: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Look up columns about people, as they were known on the shop's day.

    Parameters
    ----------
    shop
        Whose customers they are.
    people
        customer_id, each once.
    wanted
        Names of columns: of `about`, then of `COMPUTED`, then of the table ``customers``.
    rules
        Definitions of segments and types.
    about
        The caller's own columns, with customer_id as a column or as the index.

    Returns
    -------
    pandas.DataFrame
        customer_id as index, sorted; a column each.

    Raises
    ------
    SchemaError
        A column is not known, or `about` names a customer twice.
    """
    ids = people.to_pandas()["customer_id"].sort_values(ignore_index=True)
    found = ids.to_frame().set_index("customer_id")
    own = _own(about)
    there = shop.customers.columns if "customers" in shop.tables else []
    names = sorted(set(wanted))
    for name in names:
        if name not in own and name not in COMPUTED and name not in there:
            known = [*own.columns, *(each for each in COMPUTED if each not in {"r", "f", "m", "code"}), *there]
            raise SchemaError(
                f"A condition asks for {name!r}, which is not known of customers. {did_you_mean(name, known)} Or hand "
                "in a table with that column as `about`."
            )
    picked = [name for name in names if name not in own and name not in COMPUTED]
    if picked:
        columns = ", ".join(f"known.{quote(name)}" for name in ("customer_id", *picked))
        text = f"select {columns} from {shop.customers.name} as known"
        frame = _of(shop, text, people).drop_duplicates("customer_id")
        found = found.join(frame.set_index("customer_id"))
    for maker in sorted({COMPUTED[name] for name in names if name not in own and name in COMPUTED}):
        made = _MAKERS[maker](shop, people, rules).set_index("customer_id")
        found = found.join(made[[name for name in names if name not in own and COMPUTED.get(name) == maker]])
    if "orders" in found and "orders" not in own:
        found["orders"] = found["orders"].fillna(0)  # who never bought has no orders, rather than unknown ones
    if "spend" in found and "spend" not in own:
        found["spend"] = found["spend"].fillna(0)
    return found.join(own[[name for name in names if name in own]])[names]


def _own(about: pd.DataFrame | None) -> pd.DataFrame:
    import pandas as pd

    if about is None:
        return pd.DataFrame(index=pd.Index([], name="customer_id", dtype="str"))
    if "customer_id" not in about and about.index.name != "customer_id":
        raise SchemaError("about: there is no customer_id, neither as a column nor as the index.")
    own = about.set_index("customer_id") if "customer_id" in about else about
    twice = own.index.duplicated()
    if twice.any():
        raise SchemaError(f"about: customer {own.index[twice][0]!r} is there twice. One row a customer.")
    return own.set_axis(own.index.astype("str"))


def _of(shop: Shop, text: str, people: Table) -> pd.DataFrame:
    """Return the rows of `text`, a query of a table called known, that are about these people."""
    text += f" join {people.name} as people on people.customer_id = known.customer_id"
    frame: pd.DataFrame = shop.orders.engine.frame(text)
    return frame


def _rows(table: Table, people: Table) -> pd.DataFrame:
    return table.engine.frame(
        f"select known.* from {table.name} as known join {people.name} as people "
        "on people.customer_id = known.customer_id"
    )


def _history(shop: Shop, people: Table, _rules: Policy) -> pd.DataFrame:
    return _rows(engine.run("personas_history", tables={"orders": shop.orders}, until=until(shop.as_of)), people)


def _seen(shop: Shop, people: Table, _rules: Policy) -> pd.DataFrame:
    return _rows(last_seen(shop), people).rename(columns={"days_since_purchase": "days_since_order"})


def _rfm(shop: Shop, people: Table, rules: Policy) -> pd.DataFrame:
    return _rows(rfm.score(shop.orders, as_of=shop.as_of, policy=rules), people)


def _journey(shop: Shop, _people: Table, rules: Policy) -> pd.DataFrame:
    from crmlib import journey

    found: pd.DataFrame = journey.customer_map(shop, policy=rules, contacts=False)[["customer_id", "type", "stage"]]
    return found


_MAKERS: dict[str, Callable[[Shop, Table, Policy], pd.DataFrame]] = {
    "history": _history,
    "seen": _seen,
    "rfm": _rfm,
    "journey": _journey,
}
