"""How good an archive is, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib import policy as policies
from crmlib.customers import addresses
from crmlib.days import as_day
from crmlib.intake import places
from crmlib.shop.schema import TABLES, match_columns

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

__all__ = ["CATEGORIES", "quality_report"]

#: The four categories of what one knows of a customer, and the two kinds of columns that are none of them: those that
#: tell who and how to reach them (identifying) and those that say how the row came about (administrative).
CATEGORIES: dict[str, tuple[str, ...]] = {
    "identifying": ("customer_id", "contact_id", "merged_id", "first_name", "last_name", "full_name", "email",
                    "email_key", "phone", "phone_key", "street"),
    "demographic": ("city", "postcode", "province", "country", "language", "gender", "birth_year", "birth_date", "age",
                    "household_size", "occupation", "income_band"),
    "behavioural": ("event_name", "request_text", "subject", "device", "acquisition_channel", "sessions", "pages",
                    "seconds", "zone", "views", "clicks", "opens", "open_rate", "click_rate", "logins", "last_login"),
    "transactional": ("orders", "amount", "frequency", "recency", "monetary", "spend", "first_order", "last_order",
                      "order_ts", "order_id", "discount", "coupon_code", "loyalty_card"),
    "psychographic": ("lifestyle", "values", "personality", "price_importance", "quality_importance",
                      "novelty_importance", "sustainability_importance", "interests", "hobbies", "preferred_channel"),
    "administrative": ("received_ts", "registered_ts", "updated_ts", "first_seen", "last_seen", "channel", "list_name",
                       "mailbox", "marketing_consent", "source_file", "source_row", "records"),
}  # fmt: skip
_CATEGORY = {name: category for category, names in CATEGORIES.items() for name in names}
#: What tells when a row was last touched, the best first.
_TOUCHED = ("updated_ts", "last_seen", "received_ts", "registered_ts")
_OLDEST, _YOUNGEST = 110, 14  # years; a birth year beyond them is a form's default or a slip


def quality_report(
    table: pd.DataFrame,
    *,
    as_of: str | date | None = None,
    policy: policies.Policy | str | Path | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Say of each column of an archive what it holds, and how far it can be trusted.

    Parameters
    ----------
    table
        Contacts or customers, raw or clean.
    as_of
        The day from which staleness and age count; without it they are not judged.
    policy
        Definitions of the business; see `crmlib.policy.Intake.stale_days`.

    Returns
    -------
    pandas.DataFrame
        One row a column: category (demographic, behavioural, transactional, psychographic; identifying and
        administrative for what is none of the four; other for what is not known), rows, coverage (share of rows with
        a value), and shares of the values: invalid, stale (of rows that nobody touched for the policy's days),
        duplicated (that stand in an earlier row; for mail addresses, phones and ids). Empty where it does not apply.

    Examples
    --------
    >>> import pandas as pd
    >>> archive = pd.DataFrame({"email": ["a@example.org", "A@example.org", "a.example.org", None],
    ...                         "birth_year": [1980, 1900, None, 1970],
    ...                         "registered_ts": ["2026-01-01", "2020-01-01", "2026-02-01", "2026-03-01"]})
    >>> report = quality_report(archive, as_of="2026-06-30").set_index("column")
    >>> report[["category", "coverage", "invalid", "stale", "duplicated"]].round(2)
                         category  coverage  invalid  stale  duplicated
    column
    email             identifying      0.75     0.33   0.33         0.5
    birth_year        demographic      0.75     0.33   0.33         NaN
    registered_ts  administrative      1.00     0.00   0.25         NaN
    """
    rules = policies.load(policy).intake
    day = None if as_of is None else pd.Timestamp(as_day(as_of))
    old = _old(table, day, rules.stale_days)
    rows = []
    for name in map(str, table.columns):
        column = table[name]
        if pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column):
            column = column.mask(column.astype("str").str.strip() == "")
        there = column.notna()
        known = _ours(name)
        invalid = _invalid(column[there], known, table, day, rules)
        rows.append(
            {
                "column": name,
                "category": _CATEGORY.get(known, "other"),
                "rows": len(table),
                "coverage": _share(there),
                "invalid": None if invalid is None else _share(invalid),
                "stale": None if old is None else _share(old[there]),
                "duplicated": _duplicated(column[there], known, rules),
            }
        )
    shares = ["coverage", "invalid", "stale", "duplicated"]
    return pd.DataFrame(rows, columns=["column", "category", "rows", *shares]).astype(dict.fromkeys(shares, "float64"))


def _ours(name: str) -> str:
    """Return our name for a column."""
    if name in _CATEGORY:
        return name
    found = match_columns([name], TABLES["contacts"], mapped={}, place="table")
    return next(iter(found), name)


def _share(flags: pd.Series[bool]) -> float | None:
    return float(flags.mean()) if len(flags) else None


def _old(table: pd.DataFrame, day: pd.Timestamp | None, days: int) -> pd.Series[bool] | None:
    name = next((name for name in _TOUCHED if name in table), None)
    if day is None or name is None:
        return None
    touched = pd.to_datetime(table[name], errors="coerce", format="ISO8601")
    return touched.isna() | ((day - touched).dt.days > days)


def _invalid(
    column: pd.Series[Any], name: str, table: pd.DataFrame, day: pd.Timestamp | None, rules: policies.Intake
) -> pd.Series[bool] | None:
    """Tell which values cannot be right; ``None`` for columns where nothing says so."""
    if name == "email":
        return column.map(lambda value: addresses.address(str(value), rules).email is None).astype(bool)
    if name == "phone":
        country = table["country"] if "country" in table else pd.Series(None, index=table.index, dtype="str")
        known = [None if pd.isna(code) else places.country(str(code)) for code in country.reindex(column.index)]
        wrong = [
            addresses.phone(str(value), code, rules).phone is None for value, code in zip(column, known, strict=True)
        ]
        return pd.Series(wrong, index=column.index, dtype=bool)
    if name == "birth_year" and day is not None:
        year = pd.to_numeric(column, errors="coerce")
        return ~year.between(day.year - _OLDEST, day.year - _YOUNGEST)
    if name in _TOUCHED:
        read = pd.to_datetime(column, errors="coerce", format="ISO8601")
        return read.isna() if day is None else read.isna() | (read >= day + pd.Timedelta(days=1))
    if name == "country":
        return column.map(lambda value: places.country(str(value)) is None).astype(bool)
    return None


def _duplicated(column: pd.Series[Any], name: str, rules: policies.Intake) -> float | None:
    if name in {"email", "phone"}:
        clean = addresses.address if name == "email" else lambda value, rules: addresses.phone(value, None, rules)
        keys = column.map(lambda value: clean(str(value), rules).key).dropna()
    elif name.endswith("_key") or name in {"contact_id", "customer_id", "merged_id"}:
        keys = column
    else:
        return None
    return _share(keys.duplicated())
