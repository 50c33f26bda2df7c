"""A kind of source of the user's own, from outside: a file beside the shop's, no file of crmlib."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from click.testing import CliRunner

import crmlib
from crmlib.commands.main import main
from crmlib.errors import PluginError, SourceError
from crmlib.sources import Source, fingerprint, register, resolved
from crmlib.suite.build import notebook_text, read
from tests.extensions.outside import code_of, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = code_of("own-source.md", "python", "# till.py")
DESCRIPTION = code_of("own-source.md", "toml", "# shop.toml")
JOURNAL = "2024-01-10|ann|r1|20.00\n2024-06-20|ann|r2|60.10\n2024-06-25|bob|r3|10.05\n"


def till(folder: Path, code: str = PAGE, journal: str = JOURNAL, more: str = "") -> Path:
    """Write what the page says, and give the description's path."""
    write(folder / "till.py", code)
    write(folder / "journal.till", journal)
    return write(folder / "shop.toml", DESCRIPTION + more)


def refused(source: Any, error: type[Exception] = PluginError) -> str:
    with pytest.raises(error) as raised:
        crmlib.open_shop(source)
    return str(raised.value)


def test_what_the_page_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = crmlib.open_shop(till(tmp_path))
    assert shop.orders.to_pandas()["amount"].tolist() == [20.0, 60.1, 10.05]
    announced = capsys.readouterr().out
    assert "Opened journal: 3 orders of 2 customers, 2024-01-10 to 2024-06-25" in announced
    assert "Own code: till.py (kind of source Till)." in announced


@pytest.mark.slow
def test_it_is_read_as_of_an_earlier_day(tmp_path: Path) -> None:
    shop = crmlib.open_shop(till(tmp_path), as_of="2024-06-20")
    assert shop.orders.to_pandas()["order_id"].tolist() == ["r1", "r2"]


@pytest.mark.slow
def test_text_is_read_as_the_description_says(tmp_path: Path) -> None:
    journal = "10.01.2024|ann|r1|1.020,50\n"
    shop = crmlib.open_shop(till(tmp_path, journal=journal, more='decimal = ","\ndate_format = "%d.%m.%Y"\n'))
    assert [tuple(row) for row in shop.orders.to_pandas()[["order_ts", "amount"]].itertuples(index=False)] == [
        (pd.Timestamp(2024, 1, 10), 1020.5)
    ]


def test_a_bad_value_is_named_by_its_row(tmp_path: Path) -> None:
    message = refused(till(tmp_path, journal=JOURNAL.replace("60.10", "much")), crmlib.CrmlibError)
    assert message.startswith("table orders of journal, row 1, column 'amount': 'much'")


@pytest.mark.slow
def test_a_source_may_hold_several_tables(tmp_path: Path) -> None:
    code = PAGE.replace(
        "return pd.DataFrame(\n", 'products = pd.DataFrame({"product_id": ["p"]})\n        orders = pd.DataFrame(\n'
    )
    code = code.replace("        )\n", '        )\n        return {"orders": orders, "products": products}\n')
    assert crmlib.open_shop(till(tmp_path, code=code)).tables == ("orders", "products")


def test_the_fingerprint_changes_with_the_orders_and_with_the_code(tmp_path: Path) -> None:
    file = till(tmp_path)
    seen = [fingerprint(file)]
    till(tmp_path, journal=JOURNAL.replace("20.00", "20.01"))
    seen.append(fingerprint(file))
    till(tmp_path, code=f"{PAGE}\n# no cent has changed\n")
    seen.append(fingerprint(file))
    assert len(set(seen)) == 3
    assert fingerprint(file) == seen[-1]


@pytest.mark.slow
def test_described_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    till(tmp_path / "shops")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["data", "describe", "shops/shop.toml"])
    assert done.exit_code == 0, done.output
    assert "orders: 3 rows" in done.output


NOTEBOOK = """
# %% tags=["parameters"]
source: str = "shop"  # which shop
as_of: str = ""  # which day
# %%
from crmlib import open_shop

shop = open_shop(source, as_of=as_of or None)
"""


@pytest.mark.slow
def test_a_run_reads_it_in_the_notebooks_processes(tmp_path: Path, cdnow_sample: crmlib.Shop) -> None:
    rows = cdnow_sample.orders.to_pandas()
    spelled = (
        rows["order_ts"].astype(str)
        + "|"
        + rows["customer_id"]
        + "|"
        + rows["order_id"]
        + "|"
        + rows["amount"].astype(str)
    )
    till(tmp_path, journal="\n".join(spelled))
    write(tmp_path / "look.ipynb", notebook_text(read(write(tmp_path / "src" / "look.py", NOTEBOOK))[0], "en"))
    command = [sys.executable, "-m", "crmlib", "run", "look.ipynb", "--source", "shop.toml", "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "out" / "results.json").read_text())["orders"]["orders"] == len(rows)
    assert f"Opened journal: {len(rows):,} orders" in (tmp_path / "out" / "look.ipynb").read_text()
    assert "Own code: till.py" in (tmp_path / "out" / "look.ipynb").read_text()


# --- in a session


@pytest.fixture
def session() -> Iterator[Any]:
    """Register a kind as a notebook's cell does, and forget it afterwards."""
    from crmlib.sources import registry

    module = "a_session"

    def register_in_session(name: str, **members: Any) -> type[Source]:
        everything = {
            "recognises": classmethod(lambda _, source: str(source).startswith("erp://")),
            "read": lambda *_: pd.DataFrame({"customer": ["ann"], "date": ["2024-01-05"], "total": ["10"]}),
            "fingerprint": lambda *_: b"1",
            "__module__": module,
            **members,
        }
        return register(type(name, (Source,), everything))

    yield register_in_session
    registry._KINDS.forget(module)


def test_a_session_needs_no_file(session: Any) -> None:
    session("Erp", policy={"orders": {"timezone": "Europe/Rome"}})
    shop = crmlib.open_shop("erp://books/2024?x=1")
    assert (shop.name, shop.source, len(shop.orders)) == ("2024", "erp://books/2024?x=1", 1)
    assert shop.policy.orders.timezone == "Europe/Rome"


def test_a_cell_that_runs_again_replaces_its_kind(session: Any) -> None:
    session("Erp")
    session("Erp", read=lambda *_: pd.DataFrame({"customer": ["a", "b"], "date": ["2024-01-05"] * 2, "total": [1, 2]}))
    assert len(crmlib.open_shop("erp://books").orders) == 2


def test_how_many_may_read_at_once(session: Any) -> None:
    session("Erp", parallel=False)
    assert not resolved("erp://books").source.parallel


def test_a_query_is_for_who_understands_it(session: Any) -> None:
    def read(*arguments: Any) -> pd.DataFrame:
        return pd.DataFrame({"customer": [arguments[-1].query], "date": ["2024-01-05"], "total": [1]})

    session("Erp", takes_query=True, read=read)
    assert crmlib.open_shop("erp://books", query="all").orders.to_pandas()["customer_id"].tolist() == ["all"]
    session("Erp", read=read)
    with pytest.raises(SourceError, match="query= reads from a database server"):
        crmlib.open_shop("erp://books", query="all")


@pytest.mark.slow
@pytest.mark.needs("python:sqlalchemy")
def test_its_last_resort_is_a_database(session: Any) -> None:
    with pytest.raises(SourceError, match="no SQLAlchemy dialect of that name"):
        crmlib.open_shop("erp://books")
    session("Erp")
    assert len(crmlib.open_shop("erp://books").orders) == 1


# --- what goes wrong


def test_two_kinds_take_the_same_source(session: Any) -> None:
    session("Erp")
    session("Books")
    message = refused("erp://ann:secret@books", SourceError)
    assert message.startswith("erp://ann@books: two kinds of source take it for theirs: Erp (")
    assert "and Books (" in message


def test_a_kind_that_takes_what_crmlib_knows(session: Any) -> None:
    session("Everything", recognises=classmethod(lambda *_: True))
    assert "crmlib's own KnownSource and Everything (" in refused("cdnow", SourceError)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"read": lambda *_: [1, 2]},
            "Erp.read returned a list. Return a DataFrame of orders, or a dict of DataFrames",
        ),
        ({"read": lambda *_: {"orders": None}}, "Erp.read returned a NoneType as table 'orders'. Return a DataFrame"),
        ({"read": lambda *_: 1 / 0}, "ZeroDivisionError: division by zero. The source is of your kind Erp."),
        ({"read": lambda *_: sys.exit(3)}, "SystemExit: 3. The source is of your kind Erp."),
        ({"recognises": classmethod(lambda *_: sys.exit())}, "SystemExit. The source is of your kind Erp."),
        ({"recognises": classmethod(lambda *_: int("x"))}, "base 10: 'x'. The source is of your kind Erp."),
        ({"__init__": lambda *_: None}, "Erp.__init__ does not call super().__init__(source)."),
    ],
)
def test_a_kind_that_does_not_do_what_it_should(session: Any, members: dict[str, Any], message: str) -> None:
    session("Erp", **members)
    assert message in refused("erp://books")


def test_a_fingerprint_is_bytes(session: Any) -> None:
    session("Erp", fingerprint=lambda *_: "1")
    with pytest.raises(PluginError, match=r"Erp\.fingerprint returned a str\. Return bytes that change"):
        fingerprint("erp://books")


def test_the_line_that_stopped_is_named(tmp_path: Path) -> None:
    number = next(number for number, line in enumerate(PAGE.splitlines(), 1) if "read_text" in line)
    file = till(tmp_path)
    (tmp_path / "journal.till").unlink()
    assert refused(file).startswith(f"till.py, line {number}: FileNotFoundError: ")


def test_its_own_word_on_what_to_do_goes_through(tmp_path: Path) -> None:
    code = PAGE.replace(
        "        lines = ", '        raise SourceError("The till is open. Close it first.")\n        lines = '
    )
    file = till(
        tmp_path,
        code=code.replace("import pandas as pd", "import pandas as pd\n\nfrom crmlib.errors import SourceError"),
    )
    assert refused(file, SourceError) == "The till is open. Close it first."


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            PAGE.replace("def fingerprint", "def finger_print"),
            "till.py, line 9: Till: a kind of source needs fingerprint.",
        ),
        (
            PAGE.replace("class Till(Source)", "class Till"),
            "Till: a kind of source is a subclass of crmlib.sources.Source.",
        ),
        (PAGE.replace("Till(", "Files("), "The kind of source 'Files' is there already: it comes with crmlib."),
        (PAGE.replace("@register\n", ""), "it adds nothing to crmlib."),
        (PAGE.replace("def read(", "def read"), "till.py, line 17: unmatched ')'. Mend the file."),
    ],
)
def test_a_file_that_registers_nothing_sound(tmp_path: Path, code: str, message: str) -> None:
    assert message in refused(till(tmp_path, code=code))
