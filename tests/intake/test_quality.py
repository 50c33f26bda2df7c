import pandas as pd
import pytest

from crmlib.intake import quality_report
from crmlib.intake.quality import CATEGORIES


@pytest.mark.slow
def test_the_four_categories_of_the_shops_customers(customers: pd.DataFrame) -> None:
    report = quality_report(customers, as_of="2026-06-30").set_index("column")
    assert "other" not in report["category"].tolist()
    assert {"demographic", "behavioural", "transactional", "psychographic"} <= set(report["category"])
    assert report.loc["birth_year", "invalid"] == pytest.approx((customers["birth_year"].dropna() == 1900).mean())
    assert report.loc["lifestyle", "coverage"] == pytest.approx(customers["lifestyle"].notna().mean())


def test_a_column_has_one_category() -> None:
    names = [name for names in CATEGORIES.values() for name in names]
    assert len(set(names)) == len(names)


def test_stale_needs_a_day() -> None:
    table = pd.DataFrame({"email": ["a@example.org", "b@example.org"], "received_ts": ["2020-01-01", "2026-01-01"]})
    assert quality_report(table)["stale"].isna().all()
    assert quality_report(table, as_of="2026-06-30")["stale"].tolist() == [0.5, 0.5]
    assert quality_report(table, as_of="2026-06-30", policy={"intake": {"stale_days": 9999}})["stale"].sum() == 0
