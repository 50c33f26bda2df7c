"""Exports as shops have them: recognised, named, and read to the cent; and what a preset of one's own may say."""

from __future__ import annotations

import io
import math
import re
import sqlite3
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

import crmlib
from crmlib.commands.main import main
from crmlib.errors import SchemaError, SourceError
from crmlib.shop.platforms import preset_names
from crmlib.sources import fingerprint
from crmlib.suite.opened import open_data
from tests.exports import EXPORTS

pytestmark = pytest.mark.slow  # new: not yet measured test by test

ROME = {"orders": {"timezone": "Europe/Rome"}}


def held(shop: crmlib.Shop) -> dict[str, tuple[str, str, float]]:
    return {
        order: (customer, str(moment)[:19], round(amount, 2))
        for customer, order, moment, amount in shop.orders.to_pandas().itertuples(index=False)
    }


def opened(folder: Path, name: str, text: str | None = None, **more: Any) -> crmlib.Shop:
    file = folder / f"{name}.csv"
    file.write_text(EXPORTS[name].text if text is None else text, encoding="utf-8")
    return crmlib.open_shop(file, policy=ROME, **{**EXPORTS[name].more, **more})


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_recognised_and_read(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = EXPORTS[name]
    shop = opened(tmp_path, name)
    said = capsys.readouterr().out.splitlines()
    assert held(shop) == export.orders
    assert next(line for line in said if line.startswith("This is ")).startswith(f"This is {export.title}")
    aloud = [line for line in said if line.startswith("- ")]
    amounts = {
        finding: f"- {rows:,} row{'s' * (rows != 1)}{'' if math.isnan(amount) else f', {amount:,.2f}'}: {finding}."
        for finding, (rows, amount) in export.aloud.items()
    }
    assert sorted(aloud) == sorted(amounts.values())


def test_each_preset_has_an_export_to_be_tried_on() -> None:
    assert {name.partition("-")[0] for name in EXPORTS} | {"prestashop-grid"} == set(preset_names())


# --- overruled


def test_the_callers_word_goes_before_the_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = opened(tmp_path, "woocommerce-api", columns={"customer_id": "billing_email", "order_id": "order_number"})
    assert {entry[0] for entry in held(shop).values()} == {"k1@example.org", "k2@example.org", "k3@example.org"}
    assert set(held(shop)) == {"101", "102", "103"}
    # whoever names quantity and price means their product
    columns = {"quantity": "Lineitem quantity", "unit_price": "Lineitem price"}
    assert held(opened(tmp_path, "shopify", columns=columns))["#1001"][2] == 53.91
    capsys.readouterr()


def test_the_policys_word_goes_before_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(EXPORTS["woocommerce-api"].text, encoding="utf-8")
    shop = crmlib.open_shop(file, policy={"orders": {"status": {"cancelled": "sale", "completed": "cancelled"}}})
    assert set(held(shop)) == {"4"}


@pytest.mark.parametrize("word", [False, "stripe"])
def test_a_preset_may_be_refused_or_another_named(word: Any, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"orders\.csv|shopify\.csv: no column for"):
        opened(tmp_path, "shopify", preset=word)


def test_shop_toml_names_or_refuses_a_preset(tmp_path: Path) -> None:
    text = EXPORTS["erp"].text.replace("order_total", "total")
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8")
    for line, right in (
        ('preset = "erp"', None),
        ("preset = false", SchemaError),  # totals on each line, of which nobody has said what they are
        ('preset = "ERP"', SourceError),
    ):
        (tmp_path / "shop.toml").write_text(f'source = "orders.csv"\n{line}\n[columns]\namount = "total"\n')
        if right is None:
            assert {order: row[2] for order, row in held(crmlib.open_shop(tmp_path / "shop.toml")).items()} == {
                "1": 30.0,
                "2": 20.0,
            }
        else:
            with pytest.raises(right):
                crmlib.open_shop(tmp_path / "shop.toml")


def test_who_has_crmlibs_own_names_is_no_platform(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "customer_id,order_id,order_ts,amount,order_number,status,date_created,billing_email,total\n"
    opened(tmp_path, "woocommerce-api", text + "a,1,2024-01-05,5,1,paid,2024-01-06,a@example.org,7\n")
    assert "This is" not in capsys.readouterr().out


@pytest.mark.parametrize(("name", "hint"), [("shopfy", "Did you mean 'shopify'?"), ("mine.toml", "no preset file")])
def test_a_preset_that_is_not_there(name: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        opened(tmp_path, "shopify", preset=name)
    assert hint in str(caught.value)


def test_amazons_report_without_buyers_says_which_has_them(tmp_path: Path) -> None:
    text = "amazon-order-id,purchase-date,order-status,sku,item-price\n1,2024-01-05T10:00:00+00:00,Shipped,M1,5.00\n"
    with pytest.raises(SchemaError, match="download the order report, or Amazon Fulfilled Shipments"):
        opened(tmp_path, "amazon", text)


# --- what a platform's file may hold beside its sample


def test_facts_of_an_order_count_on_whichever_line_they_stand(tmp_path: Path) -> None:
    head, *rows = EXPORTS["shopify"].text.splitlines()
    for lines in (rows[::-1], rows[3:] + rows[:3], sorted(rows, key=lambda row: row[6:])):
        assert held(opened(tmp_path, "shopify", "\n".join([head, *lines]))) == EXPORTS["shopify"].orders


def test_parquet_and_a_database_know_the_export_too(tmp_path: Path) -> None:
    frame = pd.read_csv(io.StringIO(EXPORTS["shopify"].text), dtype=str, keep_default_na=False)
    frame.to_parquet(tmp_path / "orders.parquet")
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        frame.to_sql("orders", connection, index=False)
    for source in (frame, tmp_path / "orders.parquet", f"sqlite:///{tmp_path / 'shop.db'}"):
        assert held(crmlib.open_shop(source, policy=ROME)) == EXPORTS["shopify"].orders
    # what pandas reads by itself: numbers with gaps
    typed = pd.read_csv(io.StringIO(EXPORTS["shopify"].text))
    assert held(crmlib.open_shop(typed, policy=ROME)) == EXPORTS["shopify"].orders


def test_an_order_without_a_total_and_one_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = EXPORTS["shopify"].text
    with pytest.raises(SchemaError) as caught:
        opened(tmp_path, "shopify", text.replace(",30.00,2025-03-31", ",,2025-03-31"))
    assert str(caught.value) == (
        "shopify.csv, column 'Total': no line of order '#1002' says an amount. Write 0 where nothing was paid, or "
        "leave the order out."
    )
    two = EXPORTS["woocommerce"].text.replace("35.00,C1", "36.00,C1")
    assert held(opened(tmp_path, "woocommerce", two))["101"][2] == 36.0
    assert "- 1 row, 1.00: orders whose lines state different totals: the largest counts." in capsys.readouterr().out


@pytest.mark.parametrize("bad", ["much", "(3)"])
def test_a_value_of_an_export_that_cannot_be_read_is_named(bad: str, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"paypal\.csv, row 4, column 'Gross': '.*' is not an amount"):
        opened(tmp_path, "paypal", EXPORTS["paypal"].text.replace('"-5.00"', f'"{bad}"'))


def test_a_guest_without_an_address_is_an_error_that_names_the_row(tmp_path: Path) -> None:
    text = EXPORTS["woocommerce-api"].text.replace("k3@example.org", "")
    with pytest.raises(SchemaError, match=r"row 4, column 'customer_id': '0' stands for none"):
        opened(tmp_path, "woocommerce-api", text)


# --- the page


def sections() -> dict[str, tuple[str, str, str]]:
    """Return title -> (shop.toml, command, what it says) of the page on platforms."""
    page = (Path(__file__).parents[1] / "docs" / "how-to" / "platforms.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    blocks = {
        title: (
            "".join(re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)),
            "".join(re.findall(r"^    (crmlib .+)$", text, re.MULTILINE)),
            "".join(re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)),
        )
        for title, text in parts.items()
    }
    return {title: block for title, block in blocks.items() if block[2]}


PAGE = {
    "Shopify": "shopify",
    "WooCommerce": "woocommerce",
    "Magento": "magento",
    "PrestaShop": "prestashop",
    "Amazon": "amazon",
    "Stripe": "stripe",
    "PayPal": "paypal",
    "Google Analytics 4": "ga4",
    "Klaviyo": "klaviyo",
    "An ERP": "erp-german",
}


@pytest.mark.parametrize("title", PAGE)
def test_the_page_says_what_crmlib_says(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    description, command, said = sections()[title]
    monkeypatch.chdir(tmp_path)
    name = tomllib.loads(description).get("source") or command.split()[-1]
    (tmp_path / name).write_text(EXPORTS[PAGE[title]].text, encoding="utf-8")
    if description:
        (tmp_path / "shop.toml").write_text(description, encoding="utf-8")
    done = CliRunner().invoke(main, command.split()[1:])
    assert (done.exit_code, done.output.split("\n\n")[0] + "\n") == (0, said)


def test_the_page_has_a_section_for_each_platform() -> None:
    assert set(sections()) == set(PAGE)


def test_at_the_command_line_a_preset_is_named_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(EXPORTS["erp"].text, encoding="utf-8")
    answers = [
        CliRunner().invoke(main, ["data", "describe", str(file), *more])
        for more in ((), ("--preset", "erp"), ("--preset", "none"), ("--preset", "shopfy"))
    ]
    assert [answer.exit_code for answer in answers] == [0, 0, 2, 2]
    assert answers[0].output == answers[1].output
    assert "Did you mean 'shopify'?" in answers[3].output


def test_a_run_takes_the_preset_along_to_its_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text(EXPORTS["erp"].text.replace("order_total", "total"), encoding="utf-8")
    own = Path("own.toml")
    own.write_text(
        'title = "ours"\nof_the_order = ["amount"]\n[columns]\ncustomer_id = ["customer_id"]\n'
        'order_id = ["order_id"]\norder_ts = ["order_date"]\namount = ["total"]\n'
    )
    data = open_data("orders.csv", None, preset="own.toml", out=Path("out"))
    monkeypatch.chdir(tmp_path.parent)
    assert held(crmlib.open_shop(data.source)) == EXPORTS["erp"].orders
    assert (data.asked, data.manifest["orders"], data.doubts) == ("orders.csv", 2, ())
    before = data.fingerprint
    own_file = tmp_path / "own.toml"
    own_file.write_text(own_file.read_text(encoding="utf-8").replace("ours", "theirs"), encoding="utf-8")
    assert fingerprint(data.source) != before
