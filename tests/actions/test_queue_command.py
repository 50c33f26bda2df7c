"""The command ``crmlib queue``."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from crmlib.commands.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_the_command_writes_what_it_says(tmp_path: Path) -> None:
    out = tmp_path / "week"
    said = CliRunner().invoke(main, ["queue", "--start", "2026-07-02", "--format", "klaviyo", "--out", str(out)])
    assert said.exit_code == 0, said.output
    queued = list(csv.DictReader((out / "queue.csv").read_text(encoding="utf-8-sig").splitlines()))
    manifest = json.loads((out / "klaviyo" / "manifest.json").read_text(encoding="utf-8"))
    assert f"Due in 7 days from 2026-07-02 on: {len(queued):,} messages." in said.output
    assert manifest["entries"] + sum(manifest["held"].values()) == len(queued) > 0
    assert {row["sequence"] for row in queued} == {"win_back"}
    again = CliRunner().invoke(main, ["queue", "--out", str(out)])
    assert (again.exit_code, "is not empty" in again.output) == (2, True)


@pytest.mark.slow
def test_a_shop_without_consents_is_told_why_nobody_is_written_to(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, ["queue", "--source", "cdnow-sample", "--out", str(tmp_path / "week")])
    assert said.exit_code == 0, said.output
    assert "on: 0 messages." in said.output
    assert "has no table consents" in said.output


def test_it_teaches_with_an_example() -> None:
    said = CliRunner().invoke(main, ["queue", "--help"])
    assert "crmlib queue" in said.output.partition("Examples")[2]
