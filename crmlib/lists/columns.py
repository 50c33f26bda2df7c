"""The list itself: one row per customer of a day, and what each of its columns means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlib.profiles import FIELDS, dictionary, profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pyarrow as pa

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["DAY", "HORIZONS", "KEY", "CustomerList", "customer_list"]

#: Who, and as of when: a row of the list is known by both.
KEY = "customer_id"
DAY = "as_of"
#: How far the forecasts of a row look ahead: rows of several days or policies may stand in one table.
HORIZONS = {
    "horizon_months": "months that expected_purchases and cltv look ahead (policy clv.horizon_months)",
    "horizon_days": "days that churn_risk looks ahead (policy churn.horizon_days)",
}
_OWN = {KEY: "the customer, as the orders have it", DAY: "the day as of which the row was made", **HORIZONS}
_KIND_OF = {KEY: "text", DAY: "time"}


@dataclass(frozen=True)
class CustomerList:
    """The customers of a shop on a day.

    Attributes
    ----------
    table
        customer_id, as_of, the columns of the profile, horizon_months, horizon_days; sorted by customer.
    columns
        One row per column: column, label, kind, unit, null (what a missing value means), source, empty (why it is
        empty for all; blank where it is not).
    missing
        Why columns are empty for all, by column.
    notes
        As of `crmlib.customers.profile`.
    """

    table: pa.Table
    columns: pd.DataFrame
    missing: Mapping[str, str]
    notes: Mapping[str, Any]


def customer_list(shop: Shop, *, policy: Policy | str | dict[str, Any] | None = None) -> CustomerList:
    """Score the customers of a shop as of its day.

    Parameters
    ----------
    shop
        Orders are enough; every other table fills more columns.
    policy
        The business's definitions; the shop's own by default.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> customers = customer_list(open_shop("cdnow-sample"))
    Opened cdnow-sample: ...
    >>> customers.table.num_rows, customers.table.column_names[:3]
    (2357, ['customer_id', 'as_of', 'registered'])
    >>> customers.missing["last_login"]
    'the shop has no table of logins'
    """
    import pyarrow as pa

    facts = profile(shop, policy=policy)
    about = facts.attrs
    days = pa.array([shop.as_of], pa.date32()).take(pa.array([0] * len(facts), pa.int32()))
    columns = {KEY: pa.array(facts.index, pa.string()), DAY: days}
    for name in facts.columns:
        columns[name] = _array(facts[name], FIELDS[name].kind)
    for name in HORIZONS:
        columns[name] = pa.array([about["policy"][name]] * len(facts), pa.int64())
    return CustomerList(pa.table(columns), _meanings(about["missing"]), about["missing"], about["notes"])


def _array(column: pd.Series[Any], kind: str) -> pa.Array:
    """Return a column of the profile with the one type that its kind has everywhere, filled or empty."""
    import pyarrow as pa

    types = {
        "integer": pa.int64(), "number": pa.float64(), "yes/no": pa.bool_(), "text": pa.string(),
        "time": pa.timestamp("us"),
    }  # fmt: skip
    if kind == "time":
        column = column.dt.floor("s")
    return pa.array(column, from_pandas=True).cast(types[kind])


def _meanings(missing: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    book = dictionary()[["label", "kind", "unit", "null", "source"]]
    own = pd.DataFrame(
        [(text, _KIND_OF.get(name, "integer"), "", "never", "") for name, text in _OWN.items()],
        index=pd.Index(_OWN, name="column"), columns=book.columns,
    )  # fmt: skip
    table = pd.concat([own.loc[[KEY, DAY]], book, own.loc[list(HORIZONS)]])
    table["empty"] = [missing.get(name, "") for name in table.index]
    return table.rename_axis("column").reset_index()
