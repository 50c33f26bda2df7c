"""Of how many customers a shop knows each thing, by where it came from and what it was given for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib import policy as policies
from crmlib.profiles.grounds import PEOPLE, table_ground
from crmlib.profiles.known import Known
from crmlib.shop.observed import as_known_on, day_of

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["coverage"]

#: Columns that say whose a row is, or which, and nothing of the person.
_KEYS = ("_id", "_no")


def coverage(
    shop: Shop, as_of: date | str | None = None, *, policy: Policy | str | dict[str, Any] | None = None
) -> pd.DataFrame:
    """Say of how many customers a shop knows each thing, where it came from, and what it was given for.

    Parameters
    ----------
    shop
        Its tables about people: accounts, orders, logins, visits, mails, surveys, tickets, returns, consents.
    as_of
        The day; the shop's own by default.
    policy
        Whose ``contact.grounds`` says what columns of the shop's own were given for; the shop's own by default.

    Returns
    -------
    pandas.DataFrame
        One row per column of those tables: table, column; origin (given voluntarily, observed, recorded by the shop),
        by (form, loyalty card, purchase; logins, clicks, cookies, chats, comments), purpose (contract, marketing,
        profiling, consent; none where it was given for nothing of the kind); customers, of how many there is a value;
        share, of all whom the shop knows. Origin, by and purpose are missing where nothing says: such a column
        chooses nobody for a contact.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import customers, open_shop
    >>> people = pd.DataFrame({"customer_id": ["ann", "bob"], "loyalty_card": [True, None], "shoe_size": [38, 45]})
    >>> orders = pd.DataFrame({"customer_id": ["ann"], "order_ts": "2024-01-01", "amount": 10})
    >>> shop = open_shop({"orders": orders, "customers": people})
    Opened ...
    >>> customers.coverage(shop).query("table == 'customers'")[["column", "by", "purpose", "share"]]
             column            by    purpose  share
    2  loyalty_card  loyalty card  marketing    0.5
    3     shoe_size           NaN        NaN    1.0
    """
    import pandas as pd

    rules = policies.load(policy or shop.policy)
    day = day_of(shop, as_of)
    shop = as_known_on(shop, day)
    known = Known(shop, rules, day)
    everybody = len(known.index)
    rows = []
    for table in PEOPLE:
        for column, count in _counts(shop, table, known).items():
            ground = table_ground(table, column, rules)
            said = (ground.origin, ground.by, ground.purpose) if ground else (None, None, None)
            rows.append((table, column, *said, count, count / everybody if everybody else float("nan")))
    names = ["table", "column", "origin", "by", "purpose", "customers", "share"]
    result = pd.DataFrame(rows, columns=names)
    return result.astype(dict.fromkeys(names[:5], "str") | {"customers": "int64", "share": "float64"})


def _counts(shop: Shop, name: str, known: Known) -> dict[str, int]:
    """Count the customers of whom a table has a value, by column."""
    if name not in shop.tables or "customer_id" not in getattr(shop, name).columns:
        return {}
    table = getattr(shop, name)
    quoted = table.engine.quoted
    columns = [column for column in table.columns if not column.endswith(_KEYS)]
    if not columns:
        return {}
    sums = ", ".join(
        f"count(distinct case when facts.{quoted(column)} is not null then facts.customer_id end)" for column in columns
    )
    (row,) = table.engine.rows(
        f"select {sums} from {table.name} as facts join {known.people.name} as people "
        "on people.customer_id = facts.customer_id"
    )
    return dict(zip(columns, map(int, row), strict=True))
