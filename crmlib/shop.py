"""A `Shop`: the tables of one business as of one day."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib import policy as policies
from crmlib.days import as_day, until
from crmlib.engine import DuckDB, Table
from crmlib.errors import SchemaError, SourceError
from crmlib.increments import can_keep, read_grown
from crmlib.known import known_by
from crmlib.ledger import Ledger
from crmlib.order_lines import lines
from crmlib.orders import orders
from crmlib.sources import (
    HELD_BY,
    POLICIES,
    SOURCES,
    Description,
    Raw,
    Reading,
    Wanted,
    described,
    fingerprint,
    read,
    read_spark,
    without_password,
)
from crmlib.spark_lines import typed_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

__all__ = ["SOURCES", "MissingTableError", "Shop", "fingerprint", "open_shop"]


class MissingTableError(SchemaError, AttributeError):
    """The shop's source does not have that table. Also an AttributeError, so that `hasattr` answers."""


class Shop:
    """The tables of one business as of one day, as attributes.

    Parameters
    ----------
    name
        A short name.
    tables
        Tables by name; each has ``.to_pandas()``.
    as_of
        The day on which the business is looked at; everything up to its end is known.
    policy
        The business's definitions.
    ledger
        What was found and done on the way in.
    source
        Where the tables come from, without a password.
    opened
        How to look at it on another day: see `on`.

    Examples
    --------
    >>> shop = open_shop("cdnow-sample")
    Opened cdnow-sample: ...
    >>> shop.orders.columns
    ['customer_id', 'order_id', 'order_ts', 'amount']
    >>> hasattr(shop, "products")
    False
    """

    def __init__(
        self,
        name: str,
        tables: Mapping[str, Table],
        as_of: date,
        policy: policies.Policy,
        ledger: Ledger,
        *,
        source: str = "",
        opened: Callable[[date], Shop] | None = None,
    ) -> None:
        self.name = name
        self.source = source or name
        self.as_of = as_of
        self.policy = policy
        self._tables = dict(tables)
        self._ledger = ledger
        self._opened = opened
        self._earlier: Shop | None = None

    def on(self, day: date | str) -> Shop:
        """Look at the same business on an earlier day, as if it were opened then.

        Parameters
        ----------
        day
            Inclusive. Returns that came later are not netted yet, and nothing else of later days is known.

        Examples
        --------
        >>> shop = open_shop("cdnow-sample")
        Opened cdnow-sample: ...
        >>> shop.on("1997-03-31")
        <Shop cdnow-sample as of 1997-03-31: orders>
        """
        day = as_day(day)
        if day > self.as_of or self._opened is None:
            raise SourceError(
                f"The shop {self.name!r} is known up to {self.as_of}, not on {day}. Open it with as_of={str(day)!r}."
            )
        if self._earlier is None or self._earlier.as_of != day:
            self._earlier = self._opened(day)  # kept, for features and signals of one day are asked for in turn
        return self._earlier

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that the source has."""
        return tuple(self._tables)

    def __getattr__(self, name: str) -> Table:
        tables: dict[str, Table] = self.__dict__.get("_tables", {})
        if name in tables:
            return tables[name]
        if name.startswith("_"):
            raise AttributeError(name)
        held = HELD_BY.get(name)
        where = f"Sources that have it: {', '.join(held)}." if held else "No known source has a table of that name."
        raise MissingTableError(
            f"The shop {self.name!r} has no table {name!r}; it has {', '.join(tables)}. {where}",
            name=name,
            obj=self,
        )

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._tables})

    def quality(self) -> pd.DataFrame:
        """Say what was read, dropped, netted and merged on the way in.

        Returns
        -------
        pandas.DataFrame
            finding, rows, amount (money in those rows, in the shop's currency; empty where it does not apply).
        """
        import pandas as pd

        rows = [msgspec.structs.asdict(finding) for finding in self._ledger.findings]
        return pd.DataFrame(rows, columns=["finding", "rows", "amount"]).astype({"amount": float})

    def sample_orders(self, *, customers: int) -> Table:
        """Draw customers, and give all orders of each: a few rows to look at, however many there are.

        Parameters
        ----------
        customers
            How many. They are chosen by a hash of their ids, hence the same ones on every run and engine.

        Returns
        -------
        Table
            As ``orders``.

        Examples
        --------
        >>> shop = open_shop("cdnow-sample")
        Opened cdnow-sample: ...
        >>> shop.sample_orders(customers=3).to_pandas()["customer_id"].nunique()
        3
        """
        return self.orders.engine.query("order_sample", {"orders": self.orders}, customers=customers)

    def close(self) -> None:
        """Give back what the tables hold: memory here, the cores of a cluster. The tables are gone then."""
        self.orders.engine.close()

    def __repr__(self) -> str:
        return f"<Shop {self.name} as of {self.as_of}: {', '.join(self.tables)}>"


def open_shop(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    tables: Mapping[str, str] | None = None,
    as_of: date | str | None = None,
    policy: policies.Policy | str | Path | dict[str, Any] | None = None,
    query: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    date_format: str | None = None,
    cache: str | Path | None = None,
) -> Shop:
    """Open a shop's orders, from wherever they are.

    Parameters
    ----------
    source
        A known name (``"cdnow"``, ``"cdnow-sample"``, ``"complete-journey"``); a path or glob of CSV or Parquet
        files; a folder of such files, one a table; ``"duckdb:///shop.duckdb"`` or ``"sqlite:///shop.db"`` (with
        ``?table=sales`` where no table is called orders); a database server, ``"postgresql://user@host/shop"`` and
        the like (see docs/how-to/databases.md); objects, ``"s3://bucket/orders/*.parquet"``; a pandas DataFrame or a
        dict of them by table name; a Spark DataFrame or a dict of them, or the URL of a cluster
        (``"spark://host:port"``, ``"sc://host:port"``): their orders stay there (see docs/how-to/spark.md); or a
        ``.toml`` file that holds these arguments (see `crmlib.sources.Description`).
    columns
        Which column is which: name in crmlib -> name in the source, such as ``{"customer_id": "CustomerID"}``.
        Those left out are recognised by their usual spellings, and reported.
    tables
        Of a cluster: name in crmlib -> name in its catalogue, or path that its workers see, such as
        ``{"orders": "sales.orders"}``; ``?table=sales.orders`` in the URL says the same.
    as_of
        The day on which the shop is looked at: rows of any table up to and including it are known, and what happened
        to them later is empty. The day after the last order by default.
    policy
        The business's definitions: see `crmlib.policy.load`.
    query
        A query for a database server, whose rows are the orders, instead of a table.
    encoding, decimal, date_format
        How text files are written: see `crmlib.sources.Reading`. Given, they go before what a ``.toml`` file says.
    cache
        A folder where orders of files or of a database server are kept, so that only new ones are read the next time
        (see docs/how-to/incremental.md); the environment's ``CRMLIB_CACHE`` otherwise.

    Returns
    -------
    Shop
        With ``orders`` (customer_id, order_id, order_ts, amount) and the source's other tables.

    Raises
    ------
    CrmlibError
        A source that is not there or cannot be read, a column that is missing or could be meant twice, a value that
        cannot be read. The message names file, column and row, and says what to do.

    Examples
    --------
    >>> import pandas as pd
    >>> sales = pd.DataFrame({"Customer": ["a", "a"], "Date": ["2024-01-05", "2024-02-01"], "Total": [10, 5]})
    >>> shop = open_shop(sales)
    Opened dataframe: 2 orders of 1 customer, 2024-01-05 to 2024-02-01 (times in UTC).
    As of 2024-02-02, the day after the last order.
    Columns taken: customer_id = 'Customer', order_ts = 'Date', amount = 'Total'.
    No order ids: each row is an order.
    >>> shop.orders.to_pandas()["amount"].sum()
    np.float64(15.0)
    """
    if isinstance(source, str | Path) and str(source).endswith(".toml"):
        said = described(source)
        return open_shop(
            said.source,
            columns={**said.columns, **(columns or {})},
            tables=tables,
            as_of=as_of or said.as_of,
            policy=said.policy if policy is None else policy,
            query=query or said.query,
            encoding=encoding or said.encoding,
            decimal=decimal or said.decimal,
            date_format=date_format or said.date_format,
            cache=cache,
        )
    encoding, decimal = encoding or "utf-8", decimal or "."
    if decimal not in {".", ","}:
        raise SourceError(f"decimal={decimal!r}: the decimal mark is '.' or ','.")
    rules = policies.load(POLICIES.get(source) if policy is None and isinstance(source, str) else policy)
    said = Description(source="", columns=dict(columns or {}), query=query)
    reading = Reading(encoding, decimal, date_format)
    kept = cache or (os.environ.get("CRMLIB_CACHE") if can_keep(source) else None)

    def read_tables(wanted: Wanted, day: date | None) -> tuple[str, dict[str, Table], date, Ledger, str]:
        grown = read_grown(source, kept, reading=reading, wanted=wanted, rules=rules.orders) if kept else None
        ledger = grown.ledger if grown else Ledger()
        name, raw = (
            (grown.name, grown.raw) if grown else read_spark(source, tables) or read(source, DuckDB(), reading, wanted)
        )
        rows = grown.lines if grown else None
        made = _tables(raw, rules.orders, said.columns, day, ledger, rows=rows)
        return name, *made, ledger, grown.said if grown else ""

    def opened(day: date | None) -> tuple[Shop, Ledger, str]:
        try:
            found = read_tables(said.wanted(rules.orders, None if kept else day), day)
        except SchemaError:
            if day is None or kept:
                raise
            # read whole, what is wrong is told with the row's number in the file, or with the last order's date
            found = read_tables(said.wanted(rules.orders), day)
        name, made, last, ledger, told = found
        shown = without_password(str(source)) if isinstance(source, str | Path) else name
        shop = Shop(name, made, last, rules, ledger, source=shown, opened=lambda other: opened(other)[0])
        return shop, ledger, told

    shop, ledger, told = opened(None if as_of is None else as_day(as_of))
    print(_opened(shop, ledger, told, derived=as_of is None))  # noqa: T201 - what was derived or recognised is always said
    return shop


def _tables(
    raw: dict[str, Raw],
    rules: policies.Orders,
    columns: Mapping[str, str],
    as_of: date | None,
    ledger: Ledger,
    *,
    rows: Table | None,
) -> tuple[dict[str, Table], date]:
    """Make the shop's tables from the source's: orders first, the others as they were known by the day."""
    main = next((name for name in ("orders", "order_lines") if name in raw), None)
    if main is None:
        there = f"there are: {', '.join(raw)}" if raw else "there is none at all"
        raise SchemaError(
            f"There is no table called orders or order_lines; {there}. Name the one that holds the orders so, or open "
            "it by itself."
        )
    rows = rows if rows is not None else _lines(raw[main], rules, columns, ledger)
    returns = _returns(raw["returns"], rules) if "returns" in raw and len(raw["returns"].table) else None
    last = rows.engine.rows(f"select max(order_ts) from {rows.name} where amount >= 0")[0][0]
    if last is None:
        raise SchemaError(f"{raw[main].label}: no order is left once cancelled rows and returns are out.")
    as_of = as_of or last.date() + timedelta(days=1)
    rows = _up_to(rows, as_of, ledger)
    returns = _up_to(returns, as_of, None) if returns is not None else None
    made = orders(rows, returns, rules, ledger)
    if not len(made):
        raise SchemaError(f"{raw[main].label}: there is no order up to {as_of}; the last is of {last.date()}.")
    ledger.note("orders", len(made), made.engine.rows(f"select sum(amount) from {made.name}")[0][0])
    tables = {"orders": made}
    if main == "order_lines" or {"product_id", "quantity"} & set(rows.columns) or len(rows) > len(made):
        tables["order_lines"] = rows
    for name, table in raw.items():
        if name == "order_lines" and main == "orders":
            tables[name] = _up_to(_lines(table, rules, {}, Ledger()), as_of, None)
        elif name not in tables and name != main:
            tables[name] = known_by(name, raw, as_of, rules)
    return tables, as_of


def _lines(raw: Raw, rules: policies.Orders, columns: Mapping[str, str], ledger: Ledger) -> Table:
    """Read a source's rows as its engine does: Spark's have types already."""
    reader = lines if isinstance(raw.table.engine, DuckDB) else typed_lines
    return reader(raw, rules, columns, ledger)


def _up_to(rows: Table, as_of: date, ledger: Ledger | None) -> Table:
    """Leave out what had not happened yet."""
    known = rows.engine.query("order_known", {"rows": rows}, until=until(as_of))
    if ledger is not None:
        ledger.note(f"rows after {as_of}: left out", len(rows) - len(known))
    return known


def _returns(raw: Raw, rules: policies.Orders) -> Table:
    """Read a table of returns as negative lines of the orders they belong to."""
    columns = {"order_ts": "return_ts"} if "return_ts" in raw.names else {}
    ledger = Ledger()
    rows = _lines(raw, rules, columns, ledger)
    # without ids, a return is an order of its own, which falls on the customer's latest before it
    order_id = "concat('return-', order_id) as order_id" if ledger.numbered else "order_id"
    return rows.engine.table(f"select customer_id, {order_id}, order_ts, -abs(amount) as amount from {rows.name}")


def _opened(shop: Shop, ledger: Ledger, read_how: str, *, derived: bool) -> str:
    """Say what was opened, and what was derived or recognised rather than told."""
    count, customers, first, last = shop.orders.engine.rows(
        f"select count(*), count(distinct customer_id), min(order_ts), max(order_ts) from {shop.orders.name}"
    )[0]
    told = [
        (
            f"Opened {shop.name}: {count:,} order{'s' * (count != 1)} of {customers:,} "
            f"customer{'s' * (customers != 1)}, {first.date()} to {last.date()} "
            f"(times in {shop.policy.orders.timezone})."
        ),
        f"As of {shop.as_of}{', the day after the last order' if derived else ''}.",
    ]
    if ledger.matched:
        taken = ", ".join(f"{name} = {source!r}" for name, source in ledger.matched.items())
        told.append(f"Columns taken: {taken}.")
    if ledger.numbered:
        told.append("No order ids: each row is an order.")
    if read_how:
        told.append(read_how)
    return "\n".join(told)
