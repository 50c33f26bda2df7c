"""Opening a shop: from a source's raw rows to the tables of a `Shop`, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib import policy as policies
from crmlib.days import as_day
from crmlib.engine import DuckDB
from crmlib.errors import SchemaError, SourceError
from crmlib.plugins import added_by
from crmlib.segment_maps import read_map
from crmlib.shop.platforms import named
from crmlib.shop.shop import Shop
from crmlib.shop.tables import shop_tables
from crmlib.sources.addresses import without_password
from crmlib.sources.catalogue import HELD_BY, told_apart
from crmlib.sources.description import is_description, resolved
from crmlib.sources.reading import raw_tables
from crmlib.words import advised

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from crmlib.shop.ledger import Ledger
    from crmlib.shop.tables import ShopTables
    from crmlib.sources.description import Description
    from crmlib.sources.source import Source

__all__ = ["Opening", "open_shop"]


def open_shop(
    source: Any,
    *,
    columns: Mapping[str, Any] | None = None,
    tables: Mapping[str, str] | None = None,
    as_of: date | str | None = None,
    policy: policies.Policy | str | Path | dict[str, Any] | None = None,
    query: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    date_format: str | None = None,
    preset: str | Path | bool | None = None,
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
        Which column is which: name in crmlib -> name in the source, such as ``{"customer_id": "CustomerID"}``; for
        another table than the orders under its name, ``{"customers": {"email": "E-Mail"}}``. Those left out are
        recognised by their usual spellings, and reported; ``None`` stands for a column that shall not be recognised,
        or for a table that shall not be read (see docs/how-to/tables.md).
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
    preset
        Which platform's export it is, such as ``"shopify"``, or a ``.toml`` file of your own (see
        docs/how-to/platforms.md); ``False`` for none. By default it is recognised by its header line, and said.

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
    origin, description, modules = resolved(source)
    description = msgspec.structs.replace(
        description,
        columns=_joined(description.columns, columns or {}),
        query=query or description.query,
        encoding=encoding or description.encoding,
        decimal=decimal or description.decimal,
        date_format=description.date_format if date_format is None else date_format,
        preset=description.preset if preset is None else str(preset) if isinstance(preset, Path) else preset,
    )
    if isinstance(description.preset, str):
        named(description.preset)  # what is wrong with it is said before anything is read
    if description.decimal not in {".", ","}:
        raise SourceError(f"decimal={description.decimal!r}: the decimal mark is '.' or ','.")
    chosen = next((rules for rules in (policy, description.policy, origin.policy) if rules is not None), None)
    rules = policies.load(chosen)
    if rules.rfm.own_map:
        read_map(rules.rfm.segment_map)  # what is wrong with it is said now, and not by the third notebook of a run
    opening = Opening(origin, description, rules, cluster_tables=tables, plugins=modules)
    day = description.as_of if as_of is None else as_of
    shop, ledger = opening.shop_and_ledger(None if day is None else as_day(day))
    described_in = Path(source).expanduser().parent if is_description(source) else Path()
    if note := told_apart(description.source, described_in):
        print(note)  # noqa: T201 - whose rows are read is always said
    print(advised(_announcement(shop, ledger, day_is_derived=day is None)))  # noqa: T201 - what was derived or recognised is always said
    if modules:
        print(f"Own code: {'; '.join(map(added_by, modules))}.")  # noqa: T201 - whose code ran is always said
    return shop


class Opening:
    """The way from a source to a `Shop`, for any day on which it is looked at.

    Parameters
    ----------
    source
        As one of its kind.
    description
        How it is read.
    policy
        The business's definitions.
    cluster_tables
        Of a cluster, which tables are meant.
    plugins
        Modules of the shop's own code.
    """

    def __init__(
        self,
        source: Source,
        description: Description,
        policy: policies.Policy,
        *,
        cluster_tables: Mapping[str, str] | None,
        plugins: Sequence[str],
    ) -> None:
        self._source = source
        self._description = description
        self._policy = policy
        self._cluster_tables = cluster_tables
        self._plugins = plugins

    def shop(self, as_of: date) -> Shop:
        """Open the shop as of another day.

        Parameters
        ----------
        as_of
            Inclusive.
        """
        return self.shop_and_ledger(as_of)[0]

    def shop_and_ledger(self, as_of: date | None) -> tuple[Shop, Ledger]:
        """Open the shop, and give the record of what was found on the way in.

        Parameters
        ----------
        as_of
            Inclusive; the day after the last order by default.
        """
        tables, as_of, ledger, later = self._tables(as_of)
        shop = Shop(
            self._source.name,
            tables,
            as_of,
            self._policy,
            ledger,
            source=without_password(self._description.source) or self._source.name,
            opened=self.shop,
            held_by=HELD_BY,
            plugins=self._plugins,
            later=later,
        )
        return shop, ledger

    def _tables(self, as_of: date | None) -> ShopTables:
        """Read what is needed for the day; where that fails, all, for then the error can tell more."""
        if as_of is None:
            return self._read(as_of, last_day_read=None)
        try:
            return self._read(as_of, last_day_read=as_of)
        except SchemaError:
            # read whole, what is wrong is told with the row's number in the file, or with the last order's date
            return self._read(as_of, last_day_read=None)

    def _read(self, as_of: date | None, *, last_day_read: date | None) -> ShopTables:
        """Read the source's raw tables, and make the shop's of them."""
        rules = self._policy.orders
        wanted = replace(self._description.wanted(rules, last_day_read), tables=self._cluster_tables)
        raw = raw_tables(self._source, DuckDB(), self._description.reading, wanted)
        return shop_tables(raw, rules, self._description.columns, as_of, preset=self._description.preset)


def _joined(described: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a description, and over them what the caller says, table by table."""
    if not isinstance(given, Mapping):
        raise SchemaError(
            f"columns={given!r}: expected a dict, name in crmlib -> name in the source, such as "
            "{'customer_id': 'CustomerID'}."
        )
    result = dict(described)
    for name, value in given.items():
        both = isinstance(value, Mapping) and isinstance(result.get(name), Mapping)
        result[name] = {**result[name], **value} if both else value
    return result


def _announcement(shop: Shop, ledger: Ledger, *, day_is_derived: bool) -> str:
    """Say what was opened, and what was derived or recognised rather than told."""
    count, customers, first, last = shop.orders.engine.rows(
        f"select count(*), count(distinct customer_id), min(order_ts), max(order_ts) from {shop.orders.name}"
    )[0]
    sentences = [
        (
            f"Opened {shop.name}: {count:,} order{'s' * (count != 1)} of {customers:,} "
            f"customer{'s' * (customers != 1)}, {first.date()} to {last.date()} "
            f"(times in {shop.policy.orders.timezone})."
        ),
        f"As of {shop.as_of}{', the day after the last order' if day_is_derived else ''}.",
    ]
    if ledger.matched:
        taken = ", ".join(f"{name} = {source!r}" for name, source in ledger.matched.items())
        sentences.append(f"Columns taken: {taken}.")
    if ledger.numbered:
        sentences.append("No order ids: each row is an order.")
    sentences += [*ledger.statements, *ledger.summary()]
    return "\n".join(sentences)
