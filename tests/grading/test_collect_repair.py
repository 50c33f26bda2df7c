"""What students send: whose it is, what can be read of it, and the notebook that is made of it."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.errors import GradingError
from crmlib.grading.collecting.archives import Budget, members
from crmlib.grading.collecting.collect import collect, owner_of
from crmlib.grading.collecting.repair import on_the_given_shop, repair
from crmlib.grading.collecting.salvage import read_sent
from crmlib.grading.spec.roster import Roster, Student

if TYPE_CHECKING:
    from pathlib import Path

ROSTER = Roster(
    (
        Student(student_id="s01", name="Ada Byron", email="ada@example.org", moodle_id="4711", canvas_id="77"),
        Student(student_id="s02", name="Charles Babbage"),
        Student(student_id="s1"),
    )
)


def code(source: str, name: str = "", **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "id": name, "metadata": metadata, "source": source, "outputs": []}


RELEASED: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# Exercise"},
        code('source: str = "shop"  # which\nweeks: int = 4', "start", tags=["parameters"]),
        code("import pandas as pd\nfrom crmlib import open_shop", "imports"),
        code("shop = open_shop(source)", "data"),
        code("raise NotImplementedError('a number')", "q1-work", nbgrader={"grade_id": "q1-work", "solution": True}),
        code('answer("q1", share)', "q1-answer", nbgrader={"grade_id": "q1", "solution": False, "grade": True}),
        code("raise NotImplementedError('a list')", "q2-work", nbgrader={"grade_id": "q2-work", "solution": True}),
        code('answer("q2", cuts)', "q2-answer", nbgrader={"grade_id": "q2", "solution": False, "grade": True}),
    ],
}


def mended(path: Path, cells: list[Any], **notebook: Any) -> tuple[list[str], tuple[str, ...]]:
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **notebook}
    path.write_text(json.dumps(whole), encoding="utf-8")
    made = repair(read_sent(path), RELEASED)
    assert len({cell["id"] for cell in made.notebook["cells"]}) == len(made.notebook["cells"])
    assert all(cell.get("outputs", []) == [] for cell in made.notebook["cells"])
    return [cell["source"] for cell in made.notebook["cells"]], made.notes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sent.ipynb"


# --- whose it is


@pytest.mark.parametrize(
    ("place", "student", "known"),
    [
        ("s01/rfm.ipynb", "s01", True),
        ("S01.ipynb", "s01", True),
        ("03_rfm_s01_final.ipynb", "s01", True),
        ("Ada Byron_4711_assignsubmission_file_/x.ipynb", "s01", True),
        ("Somebody Else_4711_assignsubmission_file_/x.ipynb", "s01", True),
        ("byronada_77_123_03_rfm.ipynb", "s01", True),
        ("Byron, Ada/x.ipynb", "s01", True),
        ("ada@example.org.zip/x.ipynb", "s01", True),
        ("s02/s01.ipynb", "s02", True),  # the outer name is the platform's, the inner one the student's
        ("class.zip/s02/s01/03_rfm.ipynb", "s02", True),
        ("s011.ipynb", "s011", False),  # no id is found inside another
        ("ѕ01/x.ipynb", "01~", False),  # noqa: RUF001 - a Cyrillic letter is the point
        ("s01 and s02.ipynb", "s01-and-s02~", False),
        ("unknown.ipynb", "unknown", False),
    ],
)
def test_files_are_known_by_their_outermost_name(place: str, student: str, known: bool) -> None:  # noqa: FBT001 - a case
    found, is_known, _ = owner_of(place, ROSTER)
    assert (found.startswith(student), is_known) == (True, known)


def test_a_class_is_collected_from_folders_files_and_archives(tmp_path: Path) -> None:
    (tmp_path / "in" / "s01").mkdir(parents=True)
    (tmp_path / "in" / "s01" / "timestamp.txt").write_text("2026-12-01 10:00:00.5 UTC", encoding="utf-8")
    (tmp_path / "in" / "s01" / "a.ipynb").write_text("{}", encoding="utf-8")
    (tmp_path / "in" / "s01" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "in" / "s01" / ".ipynb_checkpoints" / "a.ipynb").write_text("{}", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "in" / "rest.zip", "w") as archive:
        archive.writestr("s02/b.ipynb", "{}")
        archive.writestr("s02/notes.txt", "no notebook")
    (tmp_path / "in" / "s1.rar").write_bytes(b"Rar!")
    (tmp_path / "in" / "submissions.csv").write_text("file,submitted_at\nrest.zip,2026-12-02T08:00\n", encoding="utf-8")
    (tmp_path / "in" / "s1.ipynb").symlink_to("/etc/passwd")
    found = {one.place: one for one in collect(tmp_path / "in", tmp_path / "out", ROSTER, timezone="Europe/Rome")}
    assert sorted(found) == ["rest.zip/s02/b.ipynb", "s01/a.ipynb", "s1.ipynb", "s1.rar"]
    assert found["s01/a.ipynb"].submitted_at == dt.datetime(2026, 12, 1, 10, 0, 0, 500_000, tzinfo=dt.UTC)
    assert found["rest.zip/s02/b.ipynb"].clock == "submissions.csv"
    assert str(found["rest.zip/s02/b.ipynb"].submitted_at) == "2026-12-02 08:00:00+01:00"
    assert found["s1.ipynb"].path is None
    assert "link" in found["s1.ipynb"].notes[0]
    assert "send a .zip" in found["s1.rar"].notes[0]


def test_nothing_to_collect_is_told(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="holds no notebook"):
        collect(tmp_path, tmp_path / "out", ROSTER)
    with pytest.raises(GradingError, match="There is no folder"):
        collect(tmp_path / "nothing", tmp_path / "out", ROSTER)


# --- archives


def test_names_in_archives_lead_nowhere(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("../../escaped.ipynb", "/abs.ipynb", "C:\\x\\y.ipynb", "ok.ipynb"):
            archive.writestr(name, "{}")
        link = zipfile.ZipInfo("link.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    found = list(members(tmp_path / "a.zip", tmp_path / "out", wanted=(".ipynb",)))
    assert [one.path is None for one in found] == [False, False, False, False, True]
    assert {p.parent for one in found if (p := one.path) is not None} == {tmp_path / "out"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "out"]


def test_bombs_end_at_the_budget(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.ipynb", b"0" * 3_000_000)
        archive.writestr("good.ipynb", "{}")
    found = list(members(tmp_path / "a.zip", tmp_path / "out", wanted=(".ipynb",), budget=Budget(member_bytes=10_000)))
    assert [(one.name, one.path is None) for one in found] == [("bomb.ipynb", True), ("good.ipynb", False)]
    assert sum(p.stat().st_size for p in (tmp_path / "out").iterdir()) == 2


def test_archives_in_archives_in_archives_are_left(tmp_path: Path) -> None:
    inner = tmp_path / "0.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.ipynb", "{}")
    for number in (1, 2):
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w") as archive:
            archive.write(tmp_path / f"{number - 1}.zip", f"{number - 1}.zip")
    taken = [list(members(tmp_path / f"{n}.zip", tmp_path / "out", wanted=(".ipynb",))) for n in (1, 2)]
    assert taken[0][0].path is not None
    assert "inside an archive inside" in taken[1][0].notes[0]


@pytest.mark.slow
@given(st.binary(max_size=300))
def test_no_bytes_break_an_archive(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    place = tmp_path_factory.mktemp("zip")
    (place / "a.zip").write_bytes(b"PK\x03\x04" + content)
    assert all(one.path is None for one in members(place / "a.zip", place / "out", wanted=(".ipynb",)))


# --- what can be read


@pytest.mark.slow
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("sent") / "x.ipynb"
    path.write_bytes(content)
    sent = read_sent(path)
    assert sent.cells or sent.notes
    repair(sent, RELEASED)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["tags", "grade_id", "nbgrader"]), inner)
    ),
    max_leaves=8,
)


@pytest.mark.slow
@given(
    st.lists(
        st.fixed_dictionaries(
            {}, optional={"cell_type": _JSON, "source": _JSON, "id": _JSON, "metadata": _JSON, "outputs": _JSON}
        )
        | _JSON,
        max_size=6,
    ),
    _JSON,
)
def test_no_json_breaks_the_repair(tmp_path_factory: pytest.TempPathFactory, cells: list[Any], metadata: Any) -> None:
    path = tmp_path_factory.mktemp("sent") / "x.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": metadata}), encoding="utf-8")
    made = repair(read_sent(path), RELEASED)
    json.dumps(made.notebook)


@pytest.mark.slow
def test_outputs_are_not_read(path: Path) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": ["0" * 99] * 100_000}
    sources, _ = mended(path, [{**cell, "outputs": [output]} for cell in RELEASED["cells"]])
    assert sources == [cell["source"] for cell in RELEASED["cells"]]


def test_deep_json_is_told(path: Path) -> None:
    path.write_text('{"cells": ' + "[" * 100_000, encoding="utf-8")
    assert "damaged" in read_sent(path).notes[0]


def test_a_merge_that_was_not_finished_is_read_as_far_as_it_goes(path: Path) -> None:
    cells = [json.dumps(code(f"x = {number}", f"c{number}")) for number in range(3)]
    text = (
        '{"cells": [\n' + cells[0] + ",\n<<<<<<< HEAD\n" + cells[1] + "\n=======\n" + cells[2] + "\n>>>>>>> other\n]}"
    )
    path.write_text(text, encoding="utf-8")
    sent = read_sent(path)
    assert [cell.source for cell in sent.cells] == ["x = 0", "x = 1", "x = 2"]
    assert "merge" in sent.notes[0]


def test_a_script_is_read_as_its_cells(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("# %% [markdown]\n# # Hello\n# %%\nx = 1\n", encoding="utf-8")
    assert [(cell.kind, cell.source) for cell in read_sent(path).cells] == [("markdown", "# Hello"), ("code", "x = 1")]


# --- repair


def test_cells_come_back_into_their_order_with_the_own_ones_behind_theirs(path: Path) -> None:
    own = code("def helper(): ...")
    title, start, imports, data, work, answer, second, last = RELEASED["cells"]
    sources, notes = mended(path, [second, last, title, work, own, answer, imports, data, start])
    starts = [
        "# Exerci",
        "source: ",
        "import p",
        "shop = o",
        "raise No",
        "def help",
        'answer("',
        "raise No",
        'answer("',
    ]
    assert [text[:8] for text in sources] == starts
    assert any("another order" in note for note in notes)


def test_given_cells_come_back_and_solutions_do_not(path: Path) -> None:
    sources, notes = mended(path, [code("share = 1", "q1-work")])
    assert sources == [cell["source"] for cell in RELEASED["cells"][1:4]] + [
        "share = 1",
        'answer("q1", share)',
        'answer("q2", cuts)',
    ]
    assert sum("was missing" in note for note in notes) == 5


def test_a_second_parameters_cell_cannot_undo_the_hidden_ones(path: Path) -> None:
    start = RELEASED["cells"][1]
    sources, _ = mended(path, [start, code("x = 1"), {**start, "source": 'source: str = "mine"'}])
    assert sum("source: str" in text for text in sources) == 1
    assert "mine" not in "".join(sources)


def test_only_the_released_cell_is_tagged_as_parameters(path: Path) -> None:
    path.write_text(json.dumps({"cells": [code("y = 2", tags=["parameters"]), *RELEASED["cells"]]}), encoding="utf-8")
    made = repair(read_sent(path), RELEASED)
    tagged = [cell["source"] for cell in made.notebook["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    assert tagged == [RELEASED["cells"][1]["source"]]


@pytest.mark.parametrize(
    ("given_", "made"),
    [
        ('source = "C:\\\\me"', "source = source"),
        ('shop = crmlib.open_shop("/home/me/shop")', "shop = crmlib.open_shop(source)"),
        ('é = 1; shop = open_shop("è", as_of=as_of)', "é = 1; shop = open_shop(source, as_of=as_of)"),
        ('x = "open_shop(1)"', 'x = "open_shop(1)"'),
        ("%%bash\nopen_shop", "%%bash\nopen_shop"),
        ('a = 1\r\nshop = open_shop("x")\r\n', "a = 1\r\nshop = open_shop(source)\r\n"),
        ('a = "\x0c"\nshop = open_shop("x")', 'a = "\x0c"\nshop = open_shop(source)'),
        ("shop = open_shop(path)", "shop = open_shop(path)"),
    ],
)
def test_a_shop_of_ones_own_becomes_the_given_one(given_: str, made: str) -> None:
    assert on_the_given_shop(given_) == made


@pytest.mark.slow
@given(st.text(max_size=200))
def test_no_code_breaks_the_search_for_shops(text: str) -> None:
    on_the_given_shop(f"source = {text}\nopen_shop({text!r})")


@pytest.mark.skipif(os.name != "posix", reason="devices are a thing of POSIX")
def test_devices_are_left(tmp_path: Path) -> None:
    (tmp_path / "s01").mkdir()
    os.mkfifo(tmp_path / "s01" / "x.ipynb")
    found = collect(tmp_path, tmp_path / "out", ROSTER)
    assert found[0].path is None
