"""A key figure of the user's own, from outside: a file beside the shop's, no file of crmlib."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from click.testing import CliRunner
from statsmodels.stats.proportion import proportion_confint

from crmlib import kpis, open_shop, plots
from crmlib.commands.main import main
from crmlib.errors import CrmlibError, PluginError, SchemaError
from tests.extensions.outside import code_of, shop_file, write

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.shop import Shop

PAGE = code_of("key-figures.md", "python", "# my_kpis.py")
PLUGINS = 'plugins = ["my_kpis.py"]\n'
PERIOD = ("2024-06-30", "2024-05-31")
HEAD = "from crmlib import kpis\n"


def with_code(folder: Path, code: str) -> Path:
    write(folder / "my_kpis.py", code)
    return shop_file(folder, PLUGINS)


def returning(value: str, unit: str = "share", before: str = "") -> str:
    return f"{HEAD}@kpis.figure(family='value', unit='{unit}')\ndef mine(period):\n    {before}\n    return {value}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return open_shop(with_code(tmp_path, PAGE))


@pytest.mark.slow
def test_the_page_s_figure_stands_on_the_dashboard(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    board = kpis.dashboard(shop, *PERIOD, only=[name for name in kpis.figure_names(shop) if name != "cltv"])
    names = board["kpi"].tolist()
    row = board.set_index("kpi").loc["second_orders"]
    # June: ann's third, bob's first, cat's second; 2 to 31 May: ann's second alone
    assert (row["numerator"], row["denominator"], row["previous"]) == (1, 3, 1.0)
    assert (row["low"], row["high"]) == pytest.approx(proportion_confint(1, 3, method="wilson"))
    assert row["family"] == "retention"
    assert names.index("repeat_purchase_rate") < names.index("second_orders") < names.index("revenue")
    assert [name for name in names if name != "second_orders"] == [name for name in kpis.KPIS if name in names]
    panels = plots.kpi_panels(board, title="Mine", language="it")
    assert any(panel.get_title().startswith("Secondi ordini: 33.3 %") for panel in panels)
    plt.close("all")
    assert "Left out" in capsys.readouterr().out  # what the shop lacks, as ever


@pytest.mark.slow
def test_it_is_known_to_the_shops_that_name_it_and_to_no_other(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = open_shop(shop_file(tmp_path / "other"))
    assert "second_orders" in kpis.figure_names(shop)
    assert "second_orders" in kpis.figure_names(shop.on("2024-06-01"))
    assert "second_orders" not in {*kpis.figure_names(other), *kpis.figure_names(), *kpis.KPIS}
    with pytest.raises(CrmlibError, match=r"only: no key figure 'second_orders'\. There are: new_customers"):
        kpis.dashboard(other, only=["second_orders"])
    open_shop(tmp_path / "shop.toml")
    assert "Own code: my_kpis.py (key figure second_orders)." in capsys.readouterr().out
    assert not list(tmp_path.rglob("__pycache__"))


@pytest.mark.slow
def test_in_a_session_the_decorator_is_enough(tmp_path: Path) -> None:
    shop = open_shop(shop_file(tmp_path))
    session: dict[str, Any] = {"__name__": "__main__"}
    exec(PAGE, session)  # noqa: S102 - a cell of a notebook
    own = session["second_orders"]
    try:
        assert (own(shop, *PERIOD).numerator, own(shop, *PERIOD).denominator) == (1, 3)
        exec(PAGE, session)  # noqa: S102 - the cell runs again
        assert kpis.dashboard(shop, *PERIOD, only=[session["second_orders"]])["kpi"].tolist() == ["second_orders"]
        assert kpis.dashboard(shop, *PERIOD, only=[kpis.cac, kpis.new_customers])["kpi"].tolist() == ["new_customers"]
        with pytest.raises(CrmlibError, match="only: no key figure 'print'"):
            kpis.dashboard(shop, only=[print])
    finally:
        from crmlib.kpis.figures import FIGURES

        FIGURES.forget("__main__")


@pytest.mark.slow
def test_an_installed_module_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "site" / "acme_figures_of_a_test.py", returning("7", "count"))
    monkeypatch.syspath_prepend(tmp_path / "site")
    try:
        shop = open_shop(shop_file(tmp_path, 'plugins = ["acme_figures_of_a_test"]\n'))
        row = kpis.dashboard(shop, *PERIOD, only="mine").iloc[0]
        assert (row["value"], math.isnan(row["denominator"])) == (7, True)
        assert row["low"] == pytest.approx(2.81, abs=0.01)  # Garwood's of 7
    finally:
        from crmlib.kpis.figures import FIGURES

        FIGURES.forget("acme_figures_of_a_test")
        sys.modules.pop("acme_figures_of_a_test", None)


@pytest.mark.slow
def test_the_figures_of_a_file_that_changed_are_those_of_the_new_text(tmp_path: Path) -> None:
    from crmlib.sources import fingerprint

    values = []
    checksums = set()
    for value in ("3.5", "4.5"):
        file = with_code(tmp_path, returning(value, "days"))
        values.append(kpis.dashboard(open_shop(file), *PERIOD, only=["mine"])["value"][0])
        checksums.add(fingerprint(file))
    assert values == [3.5, 4.5]
    assert len(checksums) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("(3, 4, (0.5, 0.9))", (0.75, 0.5, 0.9)),
        ("(1.5, 2)", (0.75, math.nan, math.nan)),
        ("(0, 0)", (math.nan, math.nan, math.nan)),
        ("float('nan')", (math.nan, math.nan, math.nan)),
        ("__import__('decimal').Decimal('2.5')", (2.5, math.nan, math.nan)),
        ("__import__('numpy').int64(2)", (2, math.nan, math.nan)),
    ],
)
def test_what_a_figure_may_return(value: str, expected: tuple[float, ...], tmp_path: Path) -> None:
    board = kpis.dashboard(open_shop(with_code(tmp_path, returning(value))), *PERIOD, only=["mine"])
    assert board.iloc[0][["value", "low", "high"]].astype(float).tolist() == pytest.approx(list(expected), nan_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("'12 %'", "my_kpis.py: the key figure 'mine' returned '12 %'. Return a number, .numerator, denominator"),
        ("None", "the key figure 'mine' returned nothing. Return a number"),
        ("True", "the key figure 'mine' returned True. Return a number"),
        ("(1, 2, 3)", r"the key figure 'mine' returned \(1, 2, 3\). Return a number"),
        ("(1, 2, 3, 4)", r"the key figure 'mine' returned \(1, 2, 3, 4\). Return a number"),
        ("float('inf')", "the key figure 'mine' returned inf, which is endless"),
        ("10**400", "returned 1000.*, which is endless"),
        ("(1, 2, (0.9, 0.1))", "whose interval ends before it begins. Return a number"),
        ("__import__('sys').exit(3)", "my_kpis.py, line 5: SystemExit: 3. The key figure 'mine' stopped there"),
        ("1 / 0", "my_kpis.py, line 5: ZeroDivisionError: division by zero. The key figure 'mine' stopped there"),
        ("period.shop.orders.nothing", "my_kpis.py, line 5: AttributeError: .* The key figure 'mine' stopped there"),
        ("kpis.revenue(period.shop)", "the key figure 'mine' returned the figure 'revenue'. Give it its own name"),
    ],
)
def test_what_goes_wrong_in_a_figure_is_a_sentence(value: str, message: str, tmp_path: Path) -> None:
    shop = open_shop(with_code(tmp_path, returning(value)))
    with pytest.raises(PluginError, match=message):
        kpis.dashboard(shop, *PERIOD, only=["mine", "revenue"])
    assert len(kpis.dashboard(shop, *PERIOD, only=["revenue"])) == 1


@pytest.mark.slow
def test_a_table_that_is_missing_leaves_an_own_figure_out(tmp_path: Path) -> None:
    shop = open_shop(with_code(tmp_path, returning("len(period.shop.tickets)", "count")))
    board = kpis.dashboard(shop, *PERIOD, only=["mine", "revenue"])
    assert (board["kpi"].tolist(), board.attrs["left_out"]) == (["revenue"], {"mine": "no table tickets"})
    with pytest.raises(SchemaError, match="has no table 'tickets'"):
        _ = shop.tickets


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = (", "my_kpis.py, line 1: '.' was never closed. Mend the file"),
        (f"{HEAD}\nkpis.nothing_there()\n", "my_kpis.py, line 3: AttributeError: module 'crmlib.kpis' has no .*opened"),
        ("import sys\nsys.exit('bye')\n", "my_kpis.py, line 2: SystemExit: bye. crmlib runs the file when"),
        ("import a_package_that_is_not_there\n", "my_kpis.py, line 1: ModuleNotFoundError: No module named"),
        ("from . import helper\n", "my_kpis.py, line 1: ImportError: .* The file is run by itself, so it sees no file"),
        ("\0", "my_kpis.py: source code .*null bytes. Mend the file"),
        (HEAD, "my_kpis.py: it adds nothing to crmlib. Put @kpis.figure\\(...\\) or"),
        (
            returning("1").replace("mine", "revenue"),
            "my_kpis.py, line 2: The key figure 'revenue' is there already: ",
        ),
        (returning("1") + returning("2"), "my_kpis.py, line 7: The key figure 'mine' stands there twice"),
        (returning("1", "euro"), "my_kpis.py, line 2: key figure: there is no unit 'euro'. There are: count, share"),
        (returning("1").replace("value", "valu"), "there is no family 'valu'. Did you mean 'value'"),
        (returning("1").replace("unit=", "label={'fr': 'x'}, unit="), "mine: label: there is no language 'fr'"),
        (f"{HEAD}kpis.figure(family='value', unit='%')(3)\n", "stands above a function"),
        (f"{HEAD}kpis.figure(family='value', unit='%')(lambda period: 1)\n", "'<lambda>' is no name for a key figure"),
    ],
)
def test_a_file_that_cannot_be_loaded_says_where_and_why(code: str, message: str, tmp_path: Path) -> None:
    file = with_code(tmp_path, code)
    for _ in range(2):  # nothing of the failure stays behind
        with pytest.raises(PluginError, match=message):
            open_shop(file)
    write(tmp_path / "my_kpis.py", PAGE)
    assert "second_orders" in kpis.figure_names(open_shop(file))


def test_what_is_named_and_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"there is no file 'my_kpis.py' in .*: No such file or directory. Paths are"):
        open_shop(shop_file(tmp_path, PLUGINS))
    with pytest.raises(PluginError, match=r"there is no installed module 'my_kpis'. Install it; or name a file, such"):
        open_shop(shop_file(tmp_path, 'plugins = ["my_kpis"]\n'))
    write(tmp_path / "my_figures.py", returning("1"))
    for spelled in ("my_figure.py", "my_figures.PY"):
        with pytest.raises(PluginError, match=rf"there is no file '{spelled}' in .*Did you mean 'my_figures.py'"):
            open_shop(shop_file(tmp_path, f'plugins = ["{spelled}"]\n'))
    for name in ("one.py", "other.py"):
        write(tmp_path / name, returning("1"))
    with pytest.raises(PluginError, match=r"one.py and other.py both add a key figure 'mine'. Rename one"):
        open_shop(shop_file(tmp_path, 'plugins = ["one.py", "other.py"]\n'))


@pytest.mark.slow
def test_two_shops_may_each_have_a_figure_of_one_name(tmp_path: Path) -> None:
    shops = [
        open_shop(with_code(tmp_path / name, returning(value, "days"))) for name, value in (("a", "1"), ("b", "2"))
    ]
    assert [kpis.dashboard(shop, *PERIOD, only=["mine"])["value"][0] for shop in shops] == [1, 2]


@pytest.mark.slow
def test_no_code_runs_that_the_description_does_not_name(tmp_path: Path) -> None:
    write(tmp_path / "my_kpis.py", "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n")
    write(tmp_path / "crmlib_plugins.py", "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n")
    open_shop(shop_file(tmp_path))
    with pytest.raises(CrmlibError, match="plugins"):  # a policy is data: it names no code
        open_shop(shop_file(tmp_path, '[policy]\nplugins = ["my_kpis.py"]\n'))
    assert not (tmp_path / "ran").exists()


NOTEBOOK = """
# %% tags=["parameters"]
source: str = "shop"  # which shop
as_of: str = ""  # which day
interactive: bool = True  # show sliders

# %%
from crmlib import kpis, open_shop, record

shop = open_shop(source, as_of=as_of or None)
board = kpis.dashboard(shop, only=[name for name in kpis.figure_names(shop) if name != "cltv"])
record("dashboard", board[["kpi", "value"]])
"""


@pytest.mark.slow
def test_the_report_of_a_run_has_it(tmp_path: Path) -> None:
    from crmlib.suite.build import notebook_text, read

    source = write(tmp_path / "src" / "board.py", NOTEBOOK)
    notebook = write(tmp_path / "board.ipynb", notebook_text(read(source)[0], "en"))
    out, file = tmp_path / "out", with_code(tmp_path, PAGE)
    command = ["run", str(notebook), "--source", str(file), "--out", str(out)]
    told = CliRunner().invoke(main, command)
    assert told.exit_code == 0, told.output
    assert "second_orders" in pd.read_parquet(out / "tables" / "board.dashboard.parquet")["kpi"].tolist()
    assert "second_orders" in (out / "board.html").read_text(encoding="utf-8")
    with_code(tmp_path, "x = (")
    told = CliRunner().invoke(main, command)
    assert (told.exit_code, "my_kpis.py, line 1" in told.output, "Traceback" in told.output) == (2, True, False)
