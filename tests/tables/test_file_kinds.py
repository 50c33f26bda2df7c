"""Files as shops export them: each form opens as the plain CSV does; what is wrong is said of the file itself."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from crmlib import open_shop
from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # each opens a shop

NAMES = ["customer_id", "order_id", "order_ts", "amount"]
ROWS = [
    ["007", "1", "2024-01-05 10:30:00", "10.50"],
    ["K2", "2", "2024-01-06", "3"],
    ["K,3", "3", "2024-01-07", "1,234.5"],
]
RIGHT = [("007", "1", "2024-01-05 10:30:00", 10.5), ("K2", "2", "2024-01-06 00:00:00", 3.0),
         ("K,3", "3", "2024-01-07 00:00:00", 1234.5)]  # fmt: skip


def text(mark: str = ",", rows: list[list[str]] = ROWS, newline: str = "\n") -> str:
    lines = [NAMES, *rows]
    return newline.join(mark.join(f'"{cell}"' for cell in row) for row in lines) + newline


def workbook(file: Path, sheets: dict[str, list[list[Any]]], cells: dict[str, str] | None = None) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for place, content in (cells or {}).items():
            sheet[place] = content
    book.save(file)
    return file


def zipped(file: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


def objects(rows: list[list[str]] = ROWS) -> str:
    return "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in rows)


def written(folder: Path, form: str) -> Path:
    """Write the orders in one form."""
    file = folder / f"sales{form}"
    if form == ".sep.csv":
        file.write_text("sep=;\r\n" + text(";", newline="\r\n"), encoding="utf-8-sig")
    elif form == ".pipe.csv":
        file.write_text("SEP=|\n" + text("|"))
    elif form == ".csv.gz":
        file.write_bytes(gzip.compress(text().encode()))
    elif form == ".jsonl.gz":
        file.write_bytes(gzip.compress(objects().encode()))
    elif form == ".zip":
        zipped(file, {"exports/": "", "exports/orders.csv": text(), "__MACOSX/exports/._orders.csv": "x"})
    elif form == ".json.zip":
        zipped(file, {"orders.jsonl": objects()})
    elif form in {".jsonl", ".ndjson"}:
        file.write_text(objects() + "\n\n")
    elif form == ".xlsx":
        cells = [[row[0], int(row[1]), datetime.fromisoformat(row[2]), float(row[3].replace(",", ""))] for row in ROWS]
        workbook(file, {"Sheet1": [NAMES, *cells], "Notes": []})
    elif form == ".text.xlsx":
        workbook(file, {"Sheet1": [NAMES, *ROWS]})
    else:
        file.write_text(text())
    return file


@pytest.mark.parametrize(
    "form",
    [
        ".csv",
        ".sep.csv",
        ".pipe.csv",
        ".csv.gz",
        ".jsonl",
        ".ndjson",
        ".jsonl.gz",
        ".zip",
        ".json.zip",
        ".xlsx",
        ".text.xlsx",
    ],
)
def test_every_form_gives_the_same_orders(tmp_path: Path, form: str) -> None:
    orders = open_shop(written(tmp_path, form)).orders.to_pandas().sort_values("order_id")
    assert [(row[0], row[1], str(row[2]), row[3]) for row in orders.itertuples(index=False)] == RIGHT


def test_forms_stand_beside_each_other_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "orders.csv.gz").write_bytes(gzip.compress(text().encode()))
    workbook(tmp_path / "Clienti.xlsx", {"Foglio1": [["Codice cliente", "E-Mail"], ["007", "a@example.org"]]})
    zipped(tmp_path / "logins.zip", {"export.csv": "user,logged in at\n007,2024-01-06\n"})
    zipped(tmp_path / "photos.zip", {"a.png": b"x", "b.png": b"y"})  # nothing that is called like a table
    (tmp_path / "~$Clienti.xlsx").write_bytes(b"open elsewhere")
    shop = open_shop(tmp_path)
    assert sorted(shop.tables) == ["customers", "logins", "orders"]
    assert shop.customers.to_pandas().to_numpy().tolist() == [["007", "a@example.org"]]


def test_the_sheets_of_a_workbook_are_tables(tmp_path: Path) -> None:
    file = workbook(
        tmp_path / "shop.xlsx",
        {"Ordini": [NAMES, *ROWS], "Clienti": [["customer_id", "registered"], ["007", date(2023, 5, 1)]]},
    )
    shop = open_shop(file)
    assert shop.customers.to_pandas()["registered_ts"].tolist() == [pd.Timestamp("2023-05-01")]


def test_a_column_of_several_kinds_is_read_as_a_person_writes_it(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["a", 1, datetime(2024, 1, 5, 9, 30), 10.5], ["b", "x2", "06.01.2024", "1.234,50"]]  # noqa: DTZ001 - as in the cell
    file = workbook(tmp_path / "sales.xlsx", {"S": [NAMES, *rows]})
    shop = open_shop(file, decimal=",", date_format="%d.%m.%Y")
    found = shop.orders.to_pandas().sort_values("customer_id")
    assert found["amount"].tolist() == [10.5, 1234.5]
    assert found["order_id"].tolist() == ["1", "x2"]


BOMB = {"a.csv": b"0" * (210 << 20)}


@pytest.mark.parametrize(
    ("name", "make", "told"),
    [
        ("two.zip", lambda f: zipped(f, {"a.csv": text(), "b.csv": text()}), "two.zip holds 2 files (a.csv, b.csv)"),
        ("many.zip", lambda f: zipped(f, {f"{n}.csv": "a" for n in range(99)}), "and 94 more), and a table is one"),
        ("odd.zip", lambda f: zipped(f, {"../../x.csv": text()}), "'../../x.csv', leads out of the archive"),
        ("abs.zip", lambda f: zipped(f, {"/etc/x.csv": text()}), "leads out of the archive"),
        ("drive.zip", lambda f: zipped(f, {"C:\\x.csv": text()}), "leads out of the archive"),
        ("photo.zip", lambda f: zipped(f, {"a.png": b"x"}), "photo.zip holds 'a.png'; a table in an archive ends in"),
        ("empty.zip", lambda f: zipped(f, {}), "empty.zip: the archive is empty"),
        ("nothing.zip", lambda f: zipped(f, {"a.csv": ""}), "the file in it is empty (0 bytes)"),
        ("broken.zip", lambda f: f.write_bytes(b"PK\x03\x04 no"), "broken.zip cannot be unpacked"),
        ("cut.csv.gz", lambda f: f.write_bytes(gzip.compress(text().encode())[:-9]), "cut.csv.gz cannot be unpacked"),
        ("no.csv.gz", lambda f: f.write_text(text()), "no.csv.gz cannot be unpacked"),
        ("no.xlsx", lambda f: f.write_text(text()), "no.xlsx cannot be read as an Excel workbook"),
        ("some.xlsx", lambda f: workbook(f, {"A": [NAMES, *ROWS], "B": [["x"], [1]]}), "2 sheets with data: 'A', 'B'"),
        ("blank.xlsx", lambda f: workbook(f, {"A": []}), "no sheet holds anything"),
        ("odd.xlsx", lambda f: workbook(f, {"A": [[*NAMES, None], [*ROWS[0], 7]]}), "row 2: 7.0 stands in a column"),
        ("word.xlsx", lambda f: workbook(f, {"A": [NAMES, *ROWS]}, {"D3": "much"}),
         "word.xlsx, sheet 'A', row 3, column 'amount': 'much' is not an amount"),
        ("a.jsonl", lambda f: f.write_text(objects() + "[1]\n"), "a.jsonl, row 4: expected an object"),
        ("b.jsonl", lambda f: f.write_text(objects() + "{oh\n"), "b.jsonl, row 4: this is no JSON"),
        ("c.jsonl", lambda f: f.write_text('{"a": 1, "a": 2}\n'), "c.jsonl, row 1: 'a' is there twice"),
        ("d.jsonl", lambda f: f.write_text("\n" + objects()), "d.jsonl, row 1: the line is empty"),
        ("e.jsonl", lambda f: f.write_text(objects([["a", "1", "2024-01-01", "x"]])), "e.jsonl, row 1, column"),
        ("f.csv", lambda f: f.write_text("sep=;\n" + text(";", [["a", "1", "2024-01-01", "x"]])), "f.csv, row 3,"),
        ("g.doc", lambda f: f.write_text(text()), "files that end in .doc cannot be read"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, name: str, make: Any, told: str) -> None:
    make(tmp_path / name)
    with pytest.raises(CrmlibError) as caught:
        open_shop(tmp_path / name)
    assert told in str(caught.value)


@pytest.mark.parametrize("form", ["zip", "gz"])
def test_what_would_fill_the_disk_is_refused(tmp_path: Path, form: str) -> None:
    file = tmp_path / ("bomb.zip" if form == "zip" else "bomb.csv.gz")
    if form == "zip":
        zipped(file, dict(BOMB))
    else:
        file.write_bytes(gzip.compress(BOMB["a.csv"], 1))
    with pytest.raises(CrmlibError, match="it is more than 150 times as large, as no table is"):
        open_shop(file)


def test_an_error_in_a_cell_is_not_an_empty_cell(tmp_path: Path) -> None:
    file = workbook(tmp_path / "sales.xlsx", {"A": [NAMES, ["a", "1", "2024-01-01", 5]]})
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(
        '<c r="D2" t="n"><v>5</v></c>', '<c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
    ).encode()
    assert b"#DIV/0!" in parts["xl/worksheets/sheet1.xml"]
    zipped(file, dict(parts))
    with pytest.raises(CrmlibError, match="'#DIV/0!' is not an amount"):
        open_shop(file)


@pytest.mark.parametrize(
    ("amounts", "decimal", "right"),
    [
        (["€10.50", "€3"], ".", [10.5, 3]),
        (["10,50 €", "3,00 €"], ",", [10.5, 3]),
        (["USD 10.50", "USD 1,234.56"], ".", [10.5, 1234.56]),
        (["1 234.56", "2.50"], ".", [1234.56, 2.5]),
        (["1\u202f234,56\u00a0€", "5\u00a0€"], ",", [1234.56, 5]),
        (["1'234.50", "2"], ".", [1234.5, 2]),
        (["12.00", "(4)", "5", "(1)"], ".", [12, 4]),
        (["$12.00", "$5", "($5)"], ".", [12]),
        (["-€5.00", "€9"], ".", [9]),
        (["10", None, "12"], ".", [10, 12]),
        (["$12", "€5"], ".", "amounts in several currencies: $ (1 row), € (1 row)"),
        (["$12", "5"], ".", "row 2, column 'amount': '$12' is not an amount"),
        (["12", "(2)"], ".", "say so: policy={'orders': {'parentheses': 'return'}}"),
        (["12", "-3", "(2)", "(1)"], ".", "row 4, column 'amount': '(2)' is not an amount"),
        (["(12)", "(3)"], ".", "row 2, column 'amount': '(12)' is not an amount"),
        (["10", None, "x"], ".", "row 4, column 'amount': 'x' is not an amount"),
        (["10.50€", "abc"], ".", "is not an amount"),
        ([None, None], ".", "sales.csv"),
    ],
)
def test_amounts_as_spreadsheets_write_them(tmp_path: Path, amounts: list[Any], decimal: str, right: Any) -> None:
    rows = [
        [f"K{min(i, 1)}", str(i), f"2024-01-0{i + 1}", amount] if amount else [None] * 4
        for i, amount in enumerate(amounts)
    ]
    pd.DataFrame(rows, columns=NAMES, dtype=object).to_csv(tmp_path / "sales.csv", index=False)
    if isinstance(right, str):
        with pytest.raises(CrmlibError) as caught:
            open_shop(tmp_path / "sales.csv", decimal=decimal)
        assert right in str(caught.value)
    else:
        shop = open_shop(tmp_path / "sales.csv", decimal=decimal)
        assert shop.orders.to_pandas().sort_values("order_ts")["amount"].tolist() == right
        assert shop.quality()["finding"].str.contains("amounts|without any value").any()


def test_what_parentheses_mean_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(
        "customer_id,order_id,order_ts,amount\na,1,2024-01-01,10\na,1,2024-01-02,(3.50)\n"
    )
    shop = open_shop(tmp_path / "sales.csv", policy={"orders": {"parentheses": "return"}})
    assert shop.orders.to_pandas()["amount"].tolist() == [6.5]
