"""A segment map of the shop's own, from outside: a CSV file and a policy, no file of crmlib."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from click.testing import CliRunner

from crmlib import actions, kpis, offers, open_shop, plots, policy, rfm, text
from crmlib.commands.main import main
from crmlib.errors import PolicyError
from tests.extensions.outside import code_of, shop_file, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crmlib.shop import Shop

CODES = [f"{r}{f}{m}" for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]
OWN = ("Champions", "Occasional", "Sleepers")
POLICY = '[policy.rfm]\nsegment_map = "my_map.csv"\n'


def rows_of(name: str = "Sleepers") -> list[list[str]]:
    """Return the map of the how-to's rule: recent and often is a champion, recent is occasional, others sleep."""
    return [
        [code, "Champions" if code[0] >= "3" and code[1] >= "4" else "Occasional" if code[0] >= "3" else name]
        for code in CODES
    ]


def written(folder: Path, rows: list[list[str]], header: str = "code,segment", separator: str = ",") -> Path:
    lines = [separator.join(header.split(",")), *(separator.join(row) for row in rows)]
    return write(folder / "my_map.csv", "\n".join(lines) + "\n")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("mine")
    translated = {"Champions": "", "Occasional": "Saltuari", "Sleepers": "Dormienti"}
    written(folder, [[*row, translated[row[1]]] for row in rows_of()], "code,segment,segment_it")
    return open_shop(shop_file(folder, POLICY))


def test_the_page_s_rule_makes_a_map_that_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(code_of("segment-map.md", "python"), {})  # noqa: S102 - the page's own example
    made = rfm.segment_map(policy.load({"rfm": {"segment_map": "my_map.csv"}}))
    assert made.to_numpy().tolist() == rows_of()


@pytest.mark.slow
def test_scores_sums_and_movements_follow_the_map_best_first(shop: Shop) -> None:
    scores = rfm.score(shop.orders, as_of=shop.as_of, policy=shop.policy).to_pandas()
    by_code = dict(rows_of())
    assert scores["segment"].tolist() == [by_code[code] for code in scores["code"]]
    assert set(scores["segment"]) == set(OWN)
    assert rfm.segment_names(shop.policy) == OWN
    for table in (rfm.segments(scores), kpis.by_segment(shop)):
        assert table["segment"].tolist() == list(OWN)
        assert table["customers"].sum() == 4
    moved = kpis.movements(shop, "2024-06-30", "2024-04-01")
    assert moved.index.tolist() == [name for name in (*OWN, "(new)") if name in moved.index]
    assert moved.index[-1] == "(new)"
    assert moved.to_numpy().sum() == 4
    earlier = rfm.score(shop.orders, as_of="2024-04-01", policy=shop.policy).to_pandas()
    assert rfm.migration(earlier, scores).index[-1] == "(new)"


@pytest.mark.slow
def test_an_earlier_day_has_the_same_map(shop: Shop) -> None:
    assert set(kpis.by_segment(shop.on("2024-05-31"))["segment"]) <= set(OWN)


@pytest.mark.slow
def test_figures_call_the_segments_as_the_map_does(shop: Shop) -> None:
    axes = plots.segment_bars(kpis.by_segment(shop), title="Tre", language="it")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Dormienti", "Saltuari", "Campioni"]
    drawn = plots.migration_map(kpis.movements(shop, "2024-06-30", "2024-04-01"), title="Mosse", language="it")
    assert {"Dormienti", "Saltuari"} & {label.get_text() for label in drawn.get_xticklabels()}
    assert text.segment_name("Sleepers") == "Sleepers"


@pytest.mark.slow
def test_a_name_with_dollars_is_no_formula(tmp_path: Path) -> None:
    rules = policy.load({"rfm": {"segment_map": str(written(tmp_path, rows_of(r"5$ \to 10$")))}})
    names = list(rfm.segment_map(rules)["segment"].unique())
    shares = pd.DataFrame({"segment": names, "customer_share": 0.3, "value_share": 0.3})
    moves = pd.DataFrame(1, index=names, columns=names)
    for axes in (plots.segment_bars(shares, title="x"), plots.migration_map(moves, title="x")):
        axes.figure.canvas.draw()  # a formula with a mistake in it stops here
        assert any(r"5\$ \to 10\$" in tick.get_text() for tick in axes.get_yticklabels())


def test_the_playbook_says_for_whom_it_has_nothing(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    table = text.playbook("it", rfm.segment_names(shop.policy)).set_index("segment")
    assert table["name"].to_dict() == {"Champions": "Campioni", "Occasional": "Saltuari", "Sleepers": "Dormienti"}
    assert table["aim"].to_dict()["Champions"] == text.playbook("it").set_index("segment")["aim"].to_dict()["Champions"]
    assert table.loc[["Occasional", "Sleepers"], ["aim", "actions"]].to_numpy().tolist() == [["", ""], ["", ""]]
    assert "no aim and no actions for: Occasional, Sleepers." in capsys.readouterr().out


def test_offers_say_which_actions_are_for_nobody_here(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    groups = offers.audiences(shop)
    assert set(groups["audience"]) <= set(OWN)
    entries = offers.actions()
    table = offers.simulate_margin(entries, groups, draws=10)
    for_others = [each.name for each in entries if each.audience and not set(each.audience) & set(groups["audience"])]
    assert for_others
    assert f"No customer is in the audience of: {', '.join(for_others)}." in capsys.readouterr().out
    assert table.set_index("name").loc[for_others, "customers"].sum() == 0


def on_segment(name: str) -> actions.Sequence:
    step = actions.Step(name="one", channels=("email",), template="win_back")
    return actions.Sequence(
        name="wake", version=1, purpose="marketing", trigger=actions.Trigger(event="no_purchase"),
        conditions=(actions.Condition(column="segment", one_of=(name,)),), steps=(step,),
    )  # fmt: skip


@pytest.mark.slow
def test_conditions_and_targets_know_the_map_s_segments(shop: Shop) -> None:
    orders = shop.orders.to_pandas()
    consents = pd.DataFrame({"customer_id": ["ann", "bob", "cat", "dan"], "channel": "email", "purpose": "marketing",
                             "given_ts": pd.Timestamp("2023-01-01"), "withdrawn_ts": pd.NaT})  # fmt: skip
    own = open_shop({"orders": orders, "consents": consents}, as_of=shop.as_of, policy=shop.policy)
    seen = actions.observable(own)
    assert seen["segment"].to_dict() == {"ann": "Sleepers", "bob": "Occasional", "cat": "Champions", "dan": "Sleepers"}
    for segment, who in (("Sleepers", {"ann"}), ("Champions", {"cat"})):  # dan has been silent for too long already
        due = actions.queue(own, on_segment(segment), start="2024-07-01", days=90)
        assert set(due.entries["customer_id"]) == who
    with pytest.raises(PolicyError, match=r"wake: a condition asks for segment 'Sleeper'\. Did you mean 'Sleepers'"):
        actions.queue(own, on_segment("Sleeper"), start="2024-07-01")
    for name, refused in (("Sleepers", False), ("Lost", True)):
        targeting = {"wake": actions.Targeting(segments=(name,))}
        plan = actions.Plan(name="mine", sequences=(on_segment("Sleepers"),), targeting=targeting)
        if refused:
            with pytest.raises(PolicyError, match=r"no segment 'Lost'\. There are: Champions, Occasional, Sleepers"):
                actions.check_plan(plan, seen, policy=own.policy)
        else:
            actions.check_plan(plan, seen, policy=own.policy)


@pytest.mark.parametrize("where", ["shop.toml", "policy named in shop.toml", "policy.toml"])
def test_a_path_is_seen_from_the_file_in_which_it_stands(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "maps", rows_of())
    house = write(tmp_path / "rules" / "house.toml", '[rfm]\nsegment_map = "../maps/my_map.csv"\n')
    if where == "shop.toml":
        shop = open_shop(shop_file(tmp_path / "shop", POLICY.replace("my_map", "../maps/my_map")))
    elif where == "policy.toml":
        shop = open_shop(shop_file(tmp_path / "shop"), policy="rules/house.toml")
    else:
        shop = open_shop(shop_file(tmp_path / "shop", 'policy = "../rules/house.toml"\n'))
    monkeypatch.chdir(house.parent)
    assert rfm.segment_names(shop.policy) == OWN


def test_a_database_file_is_seen_from_the_description_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    folder = write(tmp_path / "a b#c" / "shop.toml", 'source = "sqlite:///or.db?table=sales"').parent
    with sqlite3.connect(folder / "or.db") as database:
        database.execute("create table sales as select 'a' as customer_id, '2024-01-01' as order_ts, 10 as amount")
    database.close()
    monkeypatch.chdir(tmp_path)
    assert len(open_shop(folder / "shop.toml").orders) == 1


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_map_may_be_as_spreadsheets_write_it(separator: str, tmp_path: Path) -> None:
    file = written(tmp_path, rows_of(), "Code,Segment", separator)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    own = rfm.segment_map(policy.load({"rfm": {"segment_map": str(file)}}))
    assert own.to_numpy().tolist() == rows_of()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_map_may_come_from_any_system(encoding: str, ends: str, tmp_path: Path) -> None:
    file = written(tmp_path, [[code, "Citta\u0300" if code < "113" else "Città"] for code in CODES])
    text = file.read_text(encoding="utf-8").replace("\n", ends)
    mark = "\ufeff" if encoding == "utf-16-be" else ""  # the other two write their own
    file.write_bytes(f"{mark}{text}".encode(encoding))
    rules = policy.load({"rfm": {"segment_map": str(file)}})
    assert set(rfm.segment_map(rules)["segment"]) == {"Città"}


def test_a_map_that_is_wrong_is_named_when_the_shop_is_opened(tmp_path: Path) -> None:
    file = shop_file(tmp_path, POLICY)
    with pytest.raises(PolicyError, match="cannot be read: No such file"):
        open_shop(file)
    written(tmp_path, rows_of()[:-1])
    with pytest.raises(PolicyError, match=r"my_map.csv, column 'code': 1 of the 125 codes"):
        open_shop(file)


def with_row(number: int, *cells: str) -> list[list[str]]:
    """Return the map with other cells in a row of the file."""
    rows = rows_of()
    rows[number - 2] = list(cells)
    return rows


def translated(*rows: tuple[int, str]) -> list[list[str]]:
    """Return the map with a third column that holds something in some rows of the file."""
    filled = dict(rows)
    return [[*row, filled.get(number, "")] for number, row in enumerate(rows_of(), 2)]


ITALIAN = "code,segment,segment_it"


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([row for row in rows_of() if row[0] not in {"154", "155"}], "code,segment",
         "my_map.csv, column 'code': 2 of the 125 codes are not there: 154, 155. Add a row for each"),
        (with_row(11, "111", "Sleepers"), "code,segment",
         "my_map.csv, row 11, column 'code': 111 stands in row 2 already. Remove one"),
        (with_row(11, "126", "Sleepers"), "code,segment",
         "my_map.csv, row 11, column 'code': '126' is no code. Write three digits from 1 to 5"),
        (rows_of(), "111,Sleepers",
         "my_map.csv, row 1: there is no column 'code'; the row is '111,Sleepers'. Its first row names the columns"),
        ([["|".join(row)] for row in rows_of()], "code|segment",
         "row 1: there is no column 'code'; the row is 'code|segment'. Its first row names the columns, parted by"),
        (rows_of(), "code,name", "my_map.csv, row 1: there is no column 'segment'; the row is 'code,name'"),
        (translated(), "code,segment,segment", "my_map.csv, row 1: the column 'segment' stands there twice"),
        (with_row(11, "125", "  "), "code,segment",
         "my_map.csv, row 11, column 'segment': it is blank. Name the segment"),
        (with_row(11, "125", "at risk"), "code,segment",
         "my_map.csv, row 11, column 'segment': 'at risk' is written 'AtRisk' in crmlib"),
        (with_row(11, "125", "(new)"), "code,segment",
         "my_map.csv, row 11, column 'segment': '(new)' cannot be the name of a segment"),
        (with_row(11, "125", "Sleepers", "x"), "code,segment",
         "my_map.csv, row 11: 3 cells, where the first row names 2 columns"),
        (with_row(11, "125", "sleepers"), "code,segment",
         "my_map.csv, row 11, column 'segment': 'sleepers' is written 'Sleepers' in row 2. Write it one way"),
        (with_row(11, "125", '"Sleep\nwell"'), "code,segment", "'segment': 'Sleep\\nwell' cannot be the name of"),
        (with_row(11, "125", "Sleep\u2028well"), "code,segment", "'Sleep\\u2028well' cannot be the name of a segment"),
        (with_row(11, "125", "Campioni"), "code,segment",
         "my_map.csv, column 'segment_it': Campioni and Champions are both called 'Campioni'. Rename one of them"),
        (translated((2, "Campioni")), ITALIAN,
         "my_map.csv, column 'segment_it': Sleepers and Champions are both called 'Campioni'. Rename one of them"),
        (translated(), "code,segment,segment_fr", "my_map.csv, row 1: no labels are in the language of 'segment_fr'"),
        (translated((2, "Dormienti"), (11, "Assopiti")), ITALIAN,
         "my_map.csv, row 11, column 'segment_it': Sleepers is 'Dormienti' in row 2, here it is 'Assopiti'"),
        (translated((126, "Campione")), ITALIAN,
         "my_map.csv, row 126, column 'segment_it': crmlib calls Champions 'Campioni', here it is 'Campione'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_with_its_place(
    rows: list[list[str]], header: str, message: str, tmp_path: Path
) -> None:
    rules = policy.load({"rfm": {"segment_map": str(written(tmp_path, rows, header))}})
    with pytest.raises(PolicyError, match=re.escape(message)):
        rfm.segment_map(rules)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory. Name a CSV file with the columns code and segment"),
        (b"", "row 1: there is no column 'code'"),
        (b"code,segment\n111,Fedelt\xe0\n", "my_map.csv, row 2: it is not text in UTF-8"),
        (b"x" * 1_000_001, "1,000,001 bytes are no segment map, which has 125 rows"),
        (b'code,segment\n111,"Sleep', "my_map.csv, row 2: "),
    ],
)
def test_a_file_that_is_no_map_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "my_map.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PolicyError, match=re.escape(message)):
        rfm.segment_map(policy.load({"rfm": {"segment_map": str(file)}}))


def test_a_misspelt_map_says_the_choices_and_the_line(tmp_path: Path) -> None:
    file = shop_file(tmp_path, POLICY.replace("my_map.csv", "clasic"))
    choices = "'clasic'. Did you mean 'classic'[?] Write classic or descriptive, or the path of a CSV"
    with pytest.raises(PolicyError, match=f"shop.toml, line 4: policy rfm.segment_map: there is no map {choices}"):
        open_shop(file)
    with pytest.raises(PolicyError, match=r"there is no map 'mine'\. There are: classic, descriptive"):
        policy.load({"rfm": {"segment_map": "mine"}})


def test_a_map_of_crmlib_s_names_alone_keeps_their_order(tmp_path: Path) -> None:
    rows = [[code, "Lost" if code[0] == "5" else "Champions"] for code in CODES]  # upside down
    rules = policy.load({"rfm": {"segment_map": str(written(tmp_path, rows))}})
    assert rfm.segment_names(rules) == ("Champions", "Lost")
    scores = pd.DataFrame({"customer_id": ["a", "b"], "segment": ["Lost", "Champions"], "monetary": 1.0,
                           "frequency": 1, "recency_days": 3})  # fmt: skip
    assert rfm.segments(scores)["segment"].tolist() == ["Champions", "Lost"]


def test_a_change_of_the_map_is_a_change_of_the_data(tmp_path: Path) -> None:
    from crmlib.sources import fingerprint

    written(tmp_path, rows_of())
    file = shop_file(tmp_path, POLICY)
    before = fingerprint(file)
    written(tmp_path, rows_of("Dozers"))
    assert fingerprint(file) != before
    assert rfm.segment_names(open_shop(file).policy) == ("Champions", "Occasional", "Dozers")


def executed(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


@pytest.mark.full
def test_the_report_of_a_run_follows_the_map(tmp_path: Path) -> None:
    written(tmp_path, rows_of())
    toml = write(tmp_path / "shop.toml", f'source = "cdnow-sample"\n{POLICY}')
    out = tmp_path / "out"
    told = CliRunner().invoke(main, ["run", "03", "--fast", "--source", str(toml), "--out", str(out)])
    assert told.exit_code == 0, told.output
    records = executed(out, "results.json")["notebooks"]["03_rfm"]["records"]
    segments = pd.read_parquet(out / "tables" / "03_rfm.segments.parquet")
    assert segments["segment"].tolist() == list(OWN)
    assert records["customers"] == segments["customers"].sum() == 2357
    assert "Occasional" in (out / "03_rfm.html").read_text(encoding="utf-8")
    spoiled_map = written(tmp_path, rows_of()[1:])
    told = CliRunner().invoke(main, ["run", "03", "--source", str(toml), "--out", str(tmp_path / "other")])
    assert (told.exit_code, f"{spoiled_map.name}, column 'code': 1 of the 125 codes" in told.output) == (2, True)
    assert not (tmp_path / "other").exists()  # said before any notebook runs
