"""Recorded results in words: labels, units, intervals, small pictures, and how a run ended."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from crmlib.errors import CrmlibError
from crmlib.notebook.notes import NOTE_MIMETYPE, Note, decide, read_notes, skip
from crmlib.notebook.recording import UNITS, read_payloads, record
from crmlib.suite.endings import counted, ending_of
from crmlib.suite.figures import Figure, figure_of, written
from crmlib.suite.front import key_figures, shop_name
from crmlib.suite.images import lighter
from crmlib.suite.pictures import picture
from crmlib.text import record_words

SOURCES = sorted((Path(__file__).parents[2] / "notebooks" / "src").glob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_record_of_the_notebooks_has_a_label_in_both_languages(source: Path) -> None:
    names = re.findall(r'record\(\s*"([^"]+)"', source.read_text(encoding="utf-8"))
    labels = {name: [record_words(source.stem, name, language) for language in ("en", "it")] for name in names}

    assert names
    assert [
        name for name, words in labels.items() if words[0][0] == record_words("unknown", name)[0] == words[1][0]
    ] == []
    assert {unit for words in labels.values() for _, unit in words} <= {*UNITS, ""}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_notebook_decides_and_skips_what_it_has(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    headings = re.findall(r"^# #{2,3} (.+)$", text, re.MULTILINE)

    assert "decide(" in text
    for section in re.findall(r"skip\((\d+),", text):
        assert any(heading.startswith(f"{section}.") for heading in headings)


@pytest.mark.parametrize(
    ("value", "about", "expected"),
    [
        (0.5, {"unit": "share"}, ("50.0 %", "")),
        (0.5, {"unit": "share", "interval": [0.4, 0.6]}, ("50.0 %", "40.0 % to 60.0 %")),
        ({"high": 3.0, "low": 1.0, "estimate": 2.0}, {"unit": "money"}, ("2.00", "1.00 to 3.00")),
        ({"score": 28.25, "low": 20.0, "high": 30.0, "n": 9}, {"unit": "days"}, ("28 days", "20 days to 30 days")),
        ({"high": 3.0, "low": 1.0}, {}, ("low: 1; high: 3", "")),
        ({"low": None, "high": 2.0, "estimate": 1.0}, {}, ("estimate: 1; low: —; high: 2", "")),
        (3.6e-16, {"unit": "p_value"}, ("< 0.001", "")),
        (1234567.8, {"unit": "money"}, ("1,234,568", "")),
        (None, {"unit": "share"}, ("—", "")),
        ({"$float": "inf"}, {"unit": "money"}, ("inf", "")),
        (True, {"unit": "count"}, ("yes", "")),
        ("a <b>", {}, ("a <b>", "")),
        (0.5, {"unit": "no unit", "interval": ["a", 1], "key": "yes"}, ("0.5", "")),
        (0.5, {"unit": "share", "interval": [0.1]}, ("50.0 %", "")),
    ],
)  # fmt: skip
def test_a_record_is_set_in_words(value: Any, about: dict[str, Any], expected: tuple[str, str]) -> None:
    figure = figure_of("mine", "x", value, about)

    assert (figure.text, figure.interval) == expected
    assert figure.key is False


def test_money_has_its_currency_and_a_label_its_language() -> None:
    assert written(12.5, "money", "it", "EUR") == "12.50 EUR"
    assert figure_of("04_cltv", "mean_cltv", 25.26, {}, language="it", currency="EUR").label.startswith("Valore medio")
    assert figure_of("04_cltv", "mean_cltv", 25.26, {"label": "Mine"}).label == "Mine"


@pytest.mark.parametrize(
    ("figure", "drawn"),
    [
        (Figure("a", "50 %", unit="share", number=0.5), True),
        (Figure("a", "50 %", unit="share", number=0.5, ends=(0.4, 0.6)), True),
        (Figure("a", "150 %", unit="share", number=1.5), False),
        (Figure("a", "3", unit="money", number=3.0, ends=(-1.0, 5.0)), True),
        (Figure("a", "0", unit="money", number=0.0, ends=(0.0, 0.0)), True),
        (Figure("a", "3", unit="money", number=3.0, ends=(5.0, -1.0)), False),
        (Figure("a", "3", unit="money", number=3.0, ends=(float("nan"), 1.0)), False),
        (Figure("a", "3", unit="money", number=3.0), False),
        (Figure("a", "x"), False),
    ],
)
def test_a_figure_has_a_picture_where_there_is_something_to_compare(
    figure: Figure,
    *,
    drawn: bool,
) -> None:
    svg = picture(figure)
    numbers = [float(text) for text in re.findall(r'(?:x|cx|width)="(-?[\d.]+)"', svg)]

    assert bool(svg) == drawn
    assert all(0 <= number <= 120 for number in numbers)
    assert "nan" not in svg


def test_a_label_cannot_leave_its_picture() -> None:
    assert "<script>" not in picture(Figure('"><script>', "50 %", unit="share", number=0.5))


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["done"] * 8 + ["stopped"] * 2 + ["in part"], "11 notebooks: 8 complete, 2 stopped, 1 in part"),
        (["failed"], "1 notebook: 1 failed"),
        (["done"], "1 notebook: 1 complete"),
    ],
)
def test_notebooks_are_counted_by_how_they_ended(statuses: list[str], expected: str) -> None:
    assert counted(statuses) == expected


def test_a_failure_counts_more_than_a_stop_and_a_stop_more_than_a_skip() -> None:
    notes = [Note("skip", "No mails.", section="2"), Note("stop", "No surveys."), Note("decision", "Do it.")]
    outputs: list[dict[str, Any]] = [
        {"output_type": "display_data", "data": {NOTE_MIMETYPE: n.payload()}} for n in notes
    ]
    error = {"output_type": "error", "ename": "E", "evalue": "e", "traceback": []}
    kinds = [outputs[2:], outputs[:1], outputs[:2], [*outputs, error]]
    cells = [[{"cell_type": "code", "metadata": {}, "source": "x", "outputs": some}] for some in kinds]

    assert [ending_of({"cells": some}).status for some in cells] == ["done", "in part", "stopped", "failed"]


@pytest.mark.parametrize(
    "damage", [{"kind": "order"}, {"version": 2}, {"needs": "x"}, {"needs": [1]}, {"text": None}, {"more": 1}]
)
def test_a_damaged_note_is_refused(damage: dict[str, Any]) -> None:
    payload = {**Note("skip", "x", section="2").payload(), **damage}
    with pytest.raises(CrmlibError, match="damaged"):
        read_notes({"cells": [{"outputs": [{"data": {NOTE_MIMETYPE: payload}}]}]})


def test_what_says_nothing_cannot_be_noted(capsys: pytest.CaptureFixture[str]) -> None:
    wrong: list[Any] = ["", "  ", None, 3, "x" * 3000]
    for text in wrong:
        with pytest.raises(CrmlibError, match="write a sentence"):
            decide(text)
        with pytest.raises(CrmlibError, match="write a sentence"):
            skip(2, text)
    with pytest.raises(CrmlibError, match="write a sentence"):
        skip("", "No mails.")
    assert capsys.readouterr().out == ""


def test_a_record_says_only_what_it_may(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CrmlibError, match=r"unit 'shares'\. Did you mean 'share'"):
        record("x", 0.5, unit="shares")
    with pytest.raises(CrmlibError, match="an interval of 3 numbers"):
        record("x", 0.5, interval=[1.0, 2.0, 3.0])
    record("x", 0.5, unit="share", interval=(float("nan"), 1.0), key=True)
    assert capsys.readouterr().out == "x = 0.5\n"


def test_a_record_of_an_earlier_crmlib_is_read() -> None:
    payload = {"version": 1, "name": "x", "kind": "value", "value": 3}
    output = {"data": {"application/vnd.crmlib.record+json": payload}}

    assert read_payloads({"cells": [{"outputs": [output]}]}) == {"x": payload}


def test_key_figures_come_from_each_chapter_in_turn() -> None:
    def chapter(name: str, count: int) -> Any:
        from crmlib.suite.chapters import Chapter

        figures = [Figure(f"{name}{n}", "1", key=True, name=f"{n}") for n in range(count)]
        return Chapter(name, name, "x.ipynb", [], [], records=figures)

    chosen = key_figures([chapter("a", 20), chapter("b", 1), chapter("c", 0)], [], language="en", currency="")

    assert [item.figure.label for item in chosen] == [*(f"a{n}" for n in range(9)), "b0"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("shop", "shop"),
        ("C:\\data\\my_shop.csv", "my shop"),
        ("./shop.toml", "shop"),
        ("a/b/shop.toml", "b"),
        ("?", "?"),
        ("*.csv", "*"),
    ],
)
def test_a_shop_is_called_by_what_its_source_says(source: str, expected: str) -> None:
    assert shop_name(source) == expected


def test_a_figure_gets_lighter_and_stays_white() -> None:
    image = Image.new("RGBA", (600, 400), "white")
    draw = ImageDraw.Draw(image)
    for n in range(300):
        draw.line((n, n, 600 - n, 400 - n % 390), fill=(n % 256, 90, 255 - n % 256, 255))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    original = base64.b64encode(buffer.getvalue()).decode()
    small = lighter("image/png", original)

    assert len(small) < len(original)
    assert small == lighter("image/png", original)
    with Image.open(io.BytesIO(base64.b64decode(small))) as made:
        assert (made.size, made.convert("RGB").getpixel((0, 399))) == ((600, 400), (255, 255, 255))
    assert [lighter("image/png", text) for text in ("", "no base64!", "aGVsbG8=")] == ["", "no base64!", "aGVsbG8="]
