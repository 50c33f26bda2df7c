from pathlib import Path

import pandas as pd
import pytest

from crmlib.csv_out import defused, write_csv


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1+1",
        "-1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\uff1d1+1",
        "+39-300=1",
        "-",
        "+٣٤",
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    assert f"'{cell}" == defused(cell)
    assert f"'{cell}" == defused(defused(cell))


@pytest.mark.parametrize("cell", ["+393001234567", "-12.50", "1,5", "anna@example.org", "D'Amico", "", "Zoë 🌸", "a=b"])
def test_what_computes_nothing_stays(cell: str) -> None:
    assert cell == defused(cell)


def test_a_written_list_reads_back_and_its_headings_are_safe(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": ["=1+1", "Anna; B", None], "phone": ["+393001234567", None, "-"], "=n": [1, 2, 3]})
    write_csv(table, tmp_path / "out.csv", separator=";")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfname;phone;'=n\r\n'=1+1;+393001234567;1\r\n")
    back = pd.read_csv(tmp_path / "out.csv", sep=";", dtype="str")
    assert back["name"].dropna().tolist() == ["'=1+1", "Anna; B"]
