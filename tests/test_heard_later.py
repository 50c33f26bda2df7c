"""What people said after the last order: read when it is asked who may be contacted, not when a shop is opened."""

from pathlib import Path
from typing import Any

import pytest

import crmlib
from crmlib.shop.known import known_by


def written(folder: Path) -> Path:
    (folder / "orders.csv").write_text("customer_id,order_id,order_ts,amount\nK1,1,2024-01-10,20\nK2,2,2024-01-11,20\n")
    (folder / "consents.csv").write_text(
        "customer_id,channel,purpose,given_ts,withdrawn_ts\n"
        "K1,email,marketing,2023-01-01 10:00:00,2024-02-01 10:00:00\n"
        "K2,email,marketing,2023-01-01 10:00:00,\n"
    )
    return folder


@pytest.mark.slow
def test_a_shop_is_opened_without_reading_any_table_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(name: str, *more: Any, **named: Any) -> Any:
        read.append(name)
        return known_by(name, *more, **named)

    monkeypatch.setattr("crmlib.shop.tables.known_by", noted)
    shop = crmlib.open_shop(written(tmp_path))
    assert read == ["consents"]
    later = shop.heard("consents")
    assert read == ["consents", "consents"]
    assert shop.heard("consents") is later
    assert shop.adjusted({"money.margin": 0.4}).heard("consents") is later
    withdrawn = [table.to_pandas()["withdrawn_ts"].notna().sum() for table in (shop.consents, later)]
    assert withdrawn == [0, 1]


@pytest.mark.slow
def test_on_a_day_that_is_told_nothing_of_later_days_is_heard(tmp_path: Path) -> None:
    shop = crmlib.open_shop(written(tmp_path), as_of="2024-01-12")
    assert shop.heard("consents").to_pandas()["withdrawn_ts"].notna().sum() == 0
