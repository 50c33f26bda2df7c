"""A preset of the user's own, from outside: a file beside the shop's, no file of crmlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import crmlib
from crmlib.commands.main import main
from crmlib.errors import SourceError
from crmlib.shop.platforms import Preset
from tests.extensions.outside import PAGES, code_of, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # new: not yet measured test by test

PAGE = code_of("presets.md", "toml", "# till.toml")
DESCRIPTION = code_of("presets.md", "toml", "# shop.toml")
RECEIPTS = """Receipt,Sold,Member,Card,Kind,Receipt Total,Given Back,Article
r1,05.01.2024 10:00,M7,,S,30.00,,cup
r1,05.01.2024 10:00,,,,,,mug
r2,06.01.2024 11:30,9999,c-1,S,20.00,4.50,cup
r3,07.01.2024 12:00,M8,,V,9.00,,cup
"""
RIGHT = {"r1": ("M7", 30.0), "r2": ("c-1", 15.5)}


def held(shop: crmlib.Shop) -> dict[str, tuple[str, float]]:
    rows = shop.orders.to_pandas()[["order_id", "customer_id", "amount"]]
    return {order: (customer, amount) for order, customer, amount in rows.itertuples(index=False)}


def test_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("till.toml", PAGE), ("shop.toml", DESCRIPTION), ("receipts.csv", RECEIPTS)):
        write(tmp_path / "shops" / name, text)
    monkeypatch.chdir(tmp_path)  # a path in shop.toml is seen from its own folder
    assert held(crmlib.open_shop("shops/shop.toml")) == RIGHT
    assert held(crmlib.open_shop("shops/receipts.csv", preset=tmp_path / "shops" / "till.toml")) == RIGHT
    monkeypatch.chdir(tmp_path / "shops")
    commands = [
        line.split()[1:] for line in (PAGES / "presets.md").read_text().splitlines() if line[:10] == "    crmlib"
    ]
    assert len(commands) == 2
    for command in commands:
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
        assert "This is our till's list of receipts: customer_id = 'Member'" in done.output


def test_the_page_says_all_that_a_preset_may_hold() -> None:
    page = (PAGES / "presets.md").read_text(encoding="utf-8")
    assert [name for name in Preset.__struct_fields__ if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            PAGE.replace("guests", "guest"),
            "till.toml: Object contains unknown field `guest`. Did you mean 'guests' or 'tests'? What a preset may ",
        ),
        (PAGE.replace('"sale"', '"sold"'), "till.toml: Invalid enum value 'sold'"),
        (PAGE.replace("[columns]", "[columns"), "till.toml: "),
        (PAGE.replace("customer_id =", "client ="), "till.toml: Invalid enum value 'client'"),
    ],
)
def test_a_preset_that_is_not_understood(text: str, message: str, tmp_path: Path) -> None:
    write(tmp_path / "receipts.csv", RECEIPTS)
    with pytest.raises(SourceError) as caught:
        crmlib.open_shop(tmp_path / "receipts.csv", preset=write(tmp_path / "till.toml", text))
    assert str(caught.value).startswith(message)
