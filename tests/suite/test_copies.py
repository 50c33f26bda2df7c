"""A run reads its source once: what notebooks open is a copy that says and holds the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from crmlib import open_shop
from crmlib.sources import copies
from crmlib.suite.run import run

if TYPE_CHECKING:
    from pathlib import Path

_LINES = "customer_id;order_ts;amount\n007;05/01/2024;10,50\n007;05/02/2024;-2,00\n8;07/02/2024;1.200,00\n"


def _csv(folder: Path) -> str:
    for number in range(3):
        (folder / f"day-{number}.csv").write_text(_LINES.replace("2024", str(2022 + number)), encoding="utf-8")
    (folder / "shop.toml").write_text(
        'source = "day-*.csv"\ndecimal = ","\ndate_format = "%d/%m/%Y"\n[policy.money]\nmargin = 0.5\n',
        encoding="utf-8",
    )
    return str(folder / "shop.toml")


def _sqlite(folder: Path) -> str:
    import sqlite3

    with sqlite3.connect(folder / "shop.db") as database:
        pd.read_csv(_here(folder), sep=";", dtype=str).to_sql("orders", database, index=False)
    (folder / "shop.toml").write_text(
        f'source = "sqlite:///{folder}/shop.db"\ndecimal = ","\ndate_format = "%d/%m/%Y"\n', encoding="utf-8"
    )
    return str(folder / "shop.toml")


def _here(folder: Path) -> Path:
    (folder / "lines.csv").write_text(_LINES, encoding="utf-8")
    return folder / "lines.csv"


def opened(source: str, capsys: pytest.CaptureFixture[str], **options: Any) -> tuple[str, pd.DataFrame, pd.DataFrame]:
    capsys.readouterr()
    shop = open_shop(source, **options)
    return capsys.readouterr().out, shop.orders.to_pandas(), shop.quality()


@pytest.mark.slow
@pytest.mark.parametrize("make", [_csv, _sqlite, lambda _: "cdnow-sample"], ids=["files", "database", "known"])
def test_a_copy_says_and_holds_what_its_source_does(
    make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make(tmp_path)
    earlier = "1997-06-30" if source == "cdnow-sample" else "2024-02-06"
    days: tuple[dict[str, str], ...] = ({}, {"as_of": earlier})
    plain = [opened(source, capsys, **day) for day in days]
    with copies.copies_in(tmp_path / "copies"):
        first = [opened(source, capsys, **day) for day in days]
        assert list((tmp_path / "copies").glob("*/tables.json"))
        again = [opened(source, capsys, **day) for day in days]
    for one, two, three in zip(plain, first, again, strict=True):
        assert one[0] == two[0] == three[0]
        pd.testing.assert_frame_equal(one[1], three[1])
        pd.testing.assert_frame_equal(one[2], three[2])
    assert not (tmp_path / "copies").exists()
    assert copies.FOLDER not in os.environ


def test_a_wrong_row_is_named_from_the_copy_as_from_the_file(tmp_path: Path) -> None:
    source = _csv(tmp_path)
    (tmp_path / "day-1.csv").write_text("customer_id;order_ts;amount\n7;05/01/2024;ten\n", encoding="utf-8")
    messages = []
    with copies.copies_in(tmp_path / "copies"):
        for _ in range(2):
            with pytest.raises(Exception, match=r"day-1\.csv, row 2") as wrong:
                open_shop(source)
            messages.append(str(wrong.value))
    assert messages[0] == messages[1]


@pytest.mark.slow
def test_a_copy_of_early_days_does_not_serve_later_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = _csv(tmp_path)
    whole = opened(source, capsys)[1]
    with copies.copies_in(tmp_path / "copies"):
        early = opened(source, capsys, as_of="2023-06-30")[1]
        later = opened(source, capsys)[1]
    assert (len(early), len(later)) == (4, len(whole))


def test_what_is_quick_to_read_is_not_copied(tmp_path: Path) -> None:
    open_shop("cdnow-sample").orders.to_pandas().to_parquet(tmp_path / "orders.parquet")
    with copies.copies_in(tmp_path / "copies"):
        open_shop(str(tmp_path / "orders.parquet"))
        open_shop(pd.DataFrame({"customer_id": ["a"], "order_ts": ["2024-01-05"], "amount": [1]}))
        assert not (tmp_path / "copies").exists()


@pytest.mark.slow
def test_notebooks_of_a_run_read_the_copy_and_it_goes(tmp_path: Path) -> None:
    from tests.suite.test_run import toy

    source = _csv(tmp_path)
    cell = (
        "# %%\nimport os, pathlib\nfrom crmlib import open_shop\n"
        "place = pathlib.Path(os.environ['CRMLIB_COPIES'])\nassert list(place.glob('*/tables.json'))\n"
        "print(len(open_shop(source, as_of=as_of).orders))"
    )
    path = toy(tmp_path, "own", cell)
    outcome = run((str(path),), source=source, out=tmp_path / "out")
    assert not outcome.failures
    assert not list((tmp_path / "out" / ".state").glob("copies-*"))
