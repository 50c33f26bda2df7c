"""An export format of the user's own, from outside: a file beside the shop's, no file of crmlib."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from click.testing import CliRunner

from crmlib import actions, open_shop
from crmlib.actions.exports import FORMATS, export_formats
from crmlib.commands.main import main
from crmlib.errors import CrmlibError
from tests.extensions.outside import code_of, write

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.shop import Shop

PAGE = code_of("export-formats.md", "python", "# my_formats.py")
WHO = ["ann", "bob", "cid", "dan", "eve"]
HEAD = "from crmlib import actions\nfrom crmlib.actions.exports import File\n"
#: Writes down all that a format can see of the people it gets.
NOSY = f"""{HEAD}
@actions.export_format()
def nosy(people, zone):
    text = repr(people)
    yield File("seen.txt", text.encode(), len(people), "all that it sees")
"""


def folder_of_a_shop(folder: Path, code: str) -> Path:
    """Write a shop: ann, bob and eve (who has bob's address) allow mail, cid withdrew, dan never said."""
    ordered = pd.DataFrame({"customer_id": WHO, "order_ts": "2024-05-01", "amount": 10})
    addresses = ["ann@example.com", "bob@example.com", "cid@example.com", "dan@example.com", "Bob@example.com"]
    people = pd.DataFrame({"customer_id": WHO, "email": addresses, "first_name": [name.title() for name in WHO],
                           "phone": "+393001234567", "country": "IT", "language": "it"})  # fmt: skip
    consents = pd.DataFrame({
        "customer_id": ["ann", "bob", "cid", "eve"], "channel": "email", "purpose": "marketing",
        "given_ts": "2024-01-15 10:00", "withdrawn_ts": [None, None, "2024-06-01 10:00", None],
    })  # fmt: skip
    tables = {"orders": ordered, "customers": people, "consents": consents}
    for name, table in tables.items():
        write(folder / "my-shop" / f"{name}.csv", table.to_csv(index=False))
    write(folder / "my_formats.py", code)
    return write(
        folder / "shop.toml", 'source = "my-shop"\nas_of = 2024-06-30\nplugins = ["my_formats.py"]\n'
        "[policy.contact]\nmost = 1000\n",
    )  # fmt: skip


def due(who: list[str]) -> pd.DataFrame:
    """Return entries as a queue has them, for people whom no queue has gated."""
    return pd.DataFrame({
        "entry_id": [f"e-{name}" for name in who], "customer_id": who, "sequence": "wake", "version": 1, "step": "one",
        "due_ts": pd.Timestamp("2024-07-01 09:00"), "channel": "email", "purpose": "marketing", "template": "win_back",
        "language": "it", "offer": "discount", "discount": 0.1, "code": "TEN", "trigger_ts": pd.Timestamp("2024-06-01"),
        "reason": "=1+1",
    })  # fmt: skip


def shop_with(folder: Path, code: str) -> Shop:
    return open_shop(folder_of_a_shop(folder, code))


@pytest.mark.slow
def test_the_page_s_format_is_written_from_python(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, PAGE)
    done = actions.export(due(WHO), shop, tmp_path / "out", format="letter_shop")
    rows = list(csv.DictReader((tmp_path / "out" / "letters.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["mail"] for row in rows] == ["ann@example.com", "bob@example.com"]
    assert (done.people, sorted(done.held["customer_id"])) == (2, ["cid", "dan", "eve"])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["format"], manifest["files"][0]["name"], manifest["people"]) == ("letter_shop", "letters.csv", 2)


@pytest.mark.slow
def test_a_format_sees_nobody_who_did_not_pass_the_gates(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, NOSY)
    actions.export(due(WHO), shop, tmp_path / "out", format="nosy")
    seen = (tmp_path / "out" / "seen.txt").read_text(encoding="utf-8")
    assert "ann@example.com" in seen
    for held in ("cid", "dan"):
        assert held not in seen
    assert "300" not in seen  # no message goes to a telephone, so no format gets a number
    everyone = due(["cid", "dan"])
    actions.export(everyone, shop, tmp_path / "nobody", format="nosy")
    assert (tmp_path / "nobody" / "seen.txt").read_text(encoding="utf-8") == "()"


@pytest.mark.slow
def test_an_address_goes_out_once_whatever_the_platform_knows_people_by(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, PAGE.replace('known_by="email"', ""))
    done = actions.export(due(WHO), shop, tmp_path / "out", format="letter_shop")
    assert (done.people, sorted(done.held["customer_id"])) == (2, ["cid", "dan", "eve"])


def run(*options: str) -> Any:
    return CliRunner().invoke(
        main, ["queue", "--sequence", "win_back", "--start", "2024-07-01", "--days", "60", *options]
    )


@pytest.mark.slow
def test_the_command_takes_it_and_says_which_there_are(tmp_path: Path) -> None:
    file, out = folder_of_a_shop(tmp_path, PAGE), tmp_path / "week"
    told = run("--source", str(file), "--format", "letter_shop", "--out", str(out))
    assert told.exit_code == 0, told.output
    assert "Own code: my_formats.py (export format letter_shop)." in told.output
    mails = {
        row["mail"]
        for row in csv.DictReader((out / "letter_shop" / "letters.csv").read_text(encoding="utf-8").splitlines())
    }
    assert mails == {"ann@example.com", "bob@example.com"}
    for source, wrong in ((str(file), "letter_shp"), ("cdnow-sample", "letter_shop"), ("cdnow-sample", "klavio")):
        told = run("--source", source, "--format", wrong, "--out", str(tmp_path / "no"))
        assert (told.exit_code, f"There is no format '{wrong}'." in told.output) == (2, True)
        assert ("Did you mean 'letter_shop'" in told.output) == (source == str(file))
    shown = CliRunner().invoke(main, ["queue", "--help"]).output
    assert f"[{'|'.join(FORMATS)}]" in shown
    assert "letter_shop" not in {*export_formats(), *export_formats(open_shop("cdnow-sample"))}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "return None",
            "my_formats.py: TypeError: 'NoneType' object is not iterable. The export format 'mine' stopped",
        ),
        ("raise SystemExit(3)", "my_formats.py, line 5: SystemExit: 3. The export format 'mine' stopped there"),
        ("yield people[0].nothing", "my_formats.py, line 5: AttributeError: .* The export format 'mine' stopped there"),
        ("yield 'a.csv'", "my_formats.py: the export format 'mine' yields a str. Yield crmlib.actions.exports.File"),
        ("yield File('a.csv', 'text', 1, 'x')", "the export format 'mine' yields text, not bytes: encode it"),
        ("yield File('../a.csv', b'', 1, 'x')", "the export format 'mine' writes to '../a.csv'. Name a file in the"),
        ("yield File('manifest.json', b'', 1, 'x')", "writes 'manifest.json' twice, or in place of crmlib's own"),
        ("yield File('CON.csv', b'', 1, 'x')", "writes to 'CON.csv'. Name a file in the export's folder"),
        ("yield File('a?.csv', b'', 1, 'x')", "writes to 'a\\?.csv'. Name a file in the export's folder"),
        ("yield File('a.csv ', b'', 1, 'x')", "writes to 'a.csv '. Name a file in the export's folder"),
        ("yield File('a' * 300, b'', 1, 'x')", "writes to 'aaa"),
        ("yield File(3, b'', 1, 'x')", "yields a File whose name is int, not str. Yield"),
        ("yield File('a.csv', b'', 'many', 'x')", "yields a File whose rows is str, not int. Yield"),
        ("yield File('a.csv', b'', 1, {1})", "yields a File whose purpose is set, not str. Yield"),
        (
            "yield File('a.csv', actions.exports.csv_file([{'name': 'Ann'}], ['nmae']), 1, 'x')",
            "csv_file: no row has a column 'nmae'. Did you mean 'name'?",
        ),
        ("yield from [File('a', b'', 1, 'x')] * 2", "writes 'a' twice"),
    ],
)
def test_a_format_that_goes_wrong_writes_nothing(body: str, message: str, tmp_path: Path) -> None:
    shop = shop_with(tmp_path, f"{HEAD}@actions.export_format()\ndef mine(people, zone):\n    {body}\n")
    with pytest.raises(CrmlibError, match=message):
        actions.export(due(WHO), shop, tmp_path / "out", format="mine")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("@actions.export_format(known_by='phone')\ndef mine(people, zone): ...\n", "known_by='phone'. Write 'email'"),
        ("@actions.export_format()\ndef klaviyo(people, zone): ...\n", "The export format 'klaviyo' is there already"),
        ("@actions.export_format\ndef mine(people, zone): ...\n", "takes 0 positional arguments"),
    ],
)
def test_a_format_that_is_none_is_refused(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CrmlibError, match=message):
        shop_with(tmp_path, HEAD + code)
