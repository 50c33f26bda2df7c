"""Edges of sources and of the machine: full disks, folders that cannot be written, infinite dates, short passwords."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import click
import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

from crmlib import open_shop
from crmlib.commands.disks import disk_trouble
from crmlib.commands.main import _Errors, main
from crmlib.errors import RunError, SchemaError, SourceError
from crmlib.files import json_text, write_whole
from crmlib.shop.ids import BLANKS
from crmlib.shop.raw import shown_time
from crmlib.sources.addresses import address
from crmlib.sources.servers import _near
from crmlib.suite.run import conclude, plan


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": "a", "order_id": "1", "order_ts": "2024-01-05", "amount": [1.0], **columns})


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "runs/x/index.html"), "runs/x: no space is left there. Free"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk: no space is left there. Free some"),
        (OSError(errno.EROFS, "Read-only file system", "/mnt/runs"), "/mnt/runs: it is read-only. Choose another"),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), "runs: this user may not read or write there."),
        (FileNotFoundError(2, "No usable temporary directory found in ['/x']"), "No temporary folder can be written"),
        (
            duckdb.IOException('Could not write file "/spill/x.tmp": No space left on device'),
            ": no space is left there for what does not fit into memory. Free some, or set CRMLIB_SPILL",
        ),
        (
            FileNotFoundError(errno.ENOENT, "No such file", "a.csv"),
            "a.csv: no such file. Choose another file or folder.",
        ),
        (duckdb.IOException("No files found"), None),
        (ValueError("no space"), None),
    ],
)
def test_a_disk_is_blamed_in_one_sentence(error: Exception, text: str | None) -> None:
    said = disk_trouble(error)
    assert (text is None and said is None) or (said is not None and text is not None and text in said)
    assert said is None or "\n" not in said


def test_a_command_on_a_full_disk_ends_with_a_sentence(tmp_path: Path) -> None:
    group = _Errors("crmlib")

    @group.command()
    def write() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "index.html"))

    @group.command()
    def fail() -> None:
        raise OSError(errno.EIO, "Input/output error")

    result = CliRunner().invoke(group, ["write"])
    assert (result.exit_code, result.output) == (
        2, f"Error: {tmp_path}: no space is left there. Free some, or choose another folder.\n"
    )  # fmt: skip
    assert isinstance(CliRunner().invoke(group, ["fail"]).exception, OSError)  # a bug stays one
    assert isinstance(group, click.Group)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_known_by_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def on_a_full_disk(**_: Any) -> tuple[int, str]:
        (tmp_path / "part").write_text("")
        return os.open("/dev/full", os.O_WRONLY), str(tmp_path / "part")

    monkeypatch.setattr(tempfile, "mkstemp", on_a_full_disk)
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(tmp_path / "page.html", "x" * 100_000)
    assert disk_trouble(caught.value) == f"{tmp_path}: no space is left there. Free some, or choose another folder."


def test_a_notebook_that_a_full_disk_stopped_is_not_to_blame(tmp_path: Path) -> None:
    notebook = tmp_path / "03_rfm.ipynb"
    output = {
        "output_type": "error",
        "ename": "OSError",
        "evalue": "[Errno 28] No space left on device",
        "traceback": [],
    }
    cell = {"cell_type": "code", "metadata": {}, "source": "plot()", "outputs": [output]}
    write_whole(notebook, json_text({"cells": [cell]}))
    job = plan(notebook, {}, tmp_path, "data")
    with pytest.raises(RunError, match=r"no space is left there, so 03_rfm stopped\. Free some, .* --resume goes on"):
        conclude(job)


def test_memory_is_for_a_description_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRMLIB_MEMORY", raising=False)
    result = CliRunner().invoke(main, ["data", "describe", "cdnow-sample", "--memory", "lots"])
    assert (result.exit_code, "'lots' is not a size" in result.output) == (2, True)
    seen: list[str | None] = []

    def opened(*_: Any, **__: Any) -> Any:
        seen.append(os.environ.get("CRMLIB_MEMORY"))
        raise SchemaError("enough")

    monkeypatch.setattr("crmlib.sources.open_shop", opened)
    CliRunner().invoke(main, ["data", "describe", "cdnow-sample", "--memory", "300MB"])
    assert (seen, os.environ.get("CRMLIB_MEMORY")) == (["300MB"], None)


@pytest.mark.slow
def test_blanks_of_every_kind_are_no_part_of_an_id() -> None:
    ids = [f"{blank}A 1{blank}{blank}" for blank in BLANKS]
    orders = open_shop(frame(customer_id=ids, order_id=[*map(str, range(len(ids)))], amount=1.0)).orders.to_pandas()
    assert set(orders["customer_id"]) == {"A 1"}
    with pytest.raises(SchemaError, match="an order without a customer"):
        open_shop(frame(customer_id=[BLANKS]))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("290309-12-22 (BC) 00:00:00", "-infinity"), ("294247-01-10 04:00:54.775807", "infinity"),
        ("5881580-07-11", "infinity"), ("12024-01-05 00:00:00", "12024-01-05 00:00:00"), ("ten", "ten"), (None, None),
    ],
)  # fmt: skip
def test_infinity_is_shown_as_such(value: Any, shown: Any) -> None:
    assert shown_time(value) == shown


@pytest.mark.slow
def test_a_value_of_a_table_is_not_mended_in_a_file(tmp_path: Path) -> None:
    bad = frame(amount=["ten"])
    with pytest.raises(SchemaError, match=r"Mend it in the table\.$"):
        open_shop(bad)
    bad.to_csv(tmp_path / "sales.csv", index=False)
    with pytest.raises(SchemaError, match=r"Mend it in the file\.$"):
        open_shop(tmp_path / "sales.csv")


@pytest.mark.slow
def test_a_folder_whose_files_are_one_table_is_told_so(tmp_path: Path) -> None:
    year = tmp_path / "year=2024"
    year.mkdir()
    frame().to_csv(year / "part.csv", index=False)
    with pytest.raises(SourceError, match=r"There are some in folders below it: name them '.*\*\*.\*\.csv'\.$"):
        open_shop(tmp_path)
    assert len(open_shop(tmp_path / "**" / "*.csv").orders) == 1
    for number in (1, 2):
        frame().to_csv(tmp_path / f"orders-{number}.csv", index=False)
    parts = r"there are: orders-1, orders-2\. .* the orders in parts\? Then name them '.*/\*'"
    with pytest.raises(SourceError, match=parts):
        open_shop(tmp_path)


def test_a_table_of_another_schema_is_proposed() -> None:
    there = {"orders": "", "archive.sales": "", "old.Sales": "", "stock": ""}
    assert _near("sales", there) == "Did you mean 'archive.sales' or 'old.Sales'?"
    assert _near("public.sales", there) == "Did you mean 'archive.sales' or 'old.Sales'?"
    assert _near("stok", there) == "Did you mean 'stock'?"
    assert _near("sales", {}) == "It holds no table that you may read."


@pytest.mark.parametrize("password", ["e", "xy", "a"])
def test_a_short_password_does_not_tell_itself_by_gaps(password: str) -> None:
    place = address(f"postgresql://ann:{password}@db.example/shop")
    sentence = "cannot execute a query: every xylophone is taken"
    assert place.scrub(sentence) == sentence
    assert place.scrub(f"bad: ann:{password}@db password={password} '{password}'") == (
        "bad: ann:***@db password=*** '***'"
    )
    assert place.scrub(place.url) == "postgresql://ann@db.example/shop"
