import html.parser
import json
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crmlib.recording import MIMETYPE
from crmlib.suite.markup import Anchors, clean, formula, markdown, table
from crmlib.suite.report import outputs, render, shown

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def code(source: str, *outs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": list(outs)}


def text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def display(**data: Any) -> dict[str, Any]:
    kinds = {"png": "image/png", "html": "text/html", "plain": "text/plain", "record": MIMETYPE}
    return {"output_type": "display_data", "data": {kinds.get(k, k): v for k, v in data.items()}, "metadata": {}}


def stream(said: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": said}


ERROR = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": ["\x1b[31mKeyError\x1b[0m: <x>"]}


def page(tmp_path: Path, *cells: dict[str, Any], language: str = "en", **result: Any) -> str:
    path = tmp_path / "03_rfm.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}}))
    notebook = {"status": "done", "error": None, "notebook": path.name, "parameters": {}, "records": {}, **result}
    about = {
        "crmlib": "1.2.3",
        "source": "my <shop>.csv",
        "as_of": "1998-07-01",
        "data": "0",
        "language": language,
        "fast": False,
    }
    return render({**about, "notebooks": {"03_rfm": notebook}}, {"03_rfm": path})


class Elements(html.parser.HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


def everything(tmp_path: Path, language: str = "en") -> str:
    return page(
        tmp_path,
        text("# RFM: who first?\n\nText with $x^2$ and ![a map](https://x.y/map.png)."),
        code("source: str = 'cdnow'", tags=["parameters"]),
        code("source = 'x'", tags=["injected-parameters"]),
        text("## The orders\n\nSee [below](#what-to-do)."),
        code(
            "orders",
            stream("2 < 3 orders\n"),
            display(html=pd.DataFrame({"wide column": [1] * 3}).to_html(), plain="x"),
        ),
        code("plot()", display(png=PNG, plain="<Figure>"), mystnb={"image": {"alt": 'Bars: "new" leads.'}}),
        code("record()", display(record={"name": "n"}, plain="n = 3")),
        text("## What to do?"),
        code("d['x']", ERROR),
        language=language,
        parameters={"source": "/abs/x", "top": 5},
        records={"customers": 2357, "t": {"$table": "tables/03_rfm.t.parquet", "rows": 2, "columns": ["a"]}},
        error={"cell": 7, "line": "d['x']", "error": "KeyError", "message": "'x'"},
    )


def test_the_page_asks_no_host_for_anything(tmp_path: Path) -> None:
    found = Elements(everything(tmp_path))

    assert [a for tag, a in found.found if tag in {"script", "link", "iframe", "object", "embed", "base"}] == []
    assert all(str(a["src"]).startswith("data:") for _, a in found.found if "src" in a)
    assert "url(" not in everything(tmp_path)
    policy = next(a["content"] for a in found.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_every_link_within_the_page_has_its_target_and_no_id_is_given_twice(tmp_path: Path) -> None:
    found = Elements(everything(tmp_path))
    ids = [a["id"] for _, a in found.found if "id" in a]
    targets = [str(a["href"])[1:] for a in found.all("a") if str(a.get("href", "")).startswith("#")]

    assert len(ids) == len(set(ids))
    assert [target for target in targets if target not in ids] == []
    assert {"03_rfm", "03_rfm-the-orders", "03_rfm-what-to-do", "key-results", "03_rfm-error"} <= set(targets)


@pytest.mark.parametrize(("language", "title"), [("en", "CRM report"), ("it", "Rapporto CRM")])
def test_the_page_has_language_landmarks_and_a_skip_link(tmp_path: Path, language: str, title: str) -> None:
    source = everything(tmp_path, language)
    found = Elements(source)

    assert [language] == [a["lang"] for a in found.all("html")]
    assert 1 == len(found.all("main")) == len(found.all("nav")) == len(found.all("header")) == len(found.all("h1"))
    assert found.all("a")[0]["href"] == "#content"
    assert title in source


def test_headings_go_down_one_level_at_a_time(tmp_path: Path) -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", everything(tmp_path))]

    assert levels[0] == 1
    assert [(a, b) for a, b in pairwise(levels) if b > a + 1] == []


def test_a_figure_carries_its_text_as_alt_and_caption(tmp_path: Path) -> None:
    source = everything(tmp_path)

    assert [a["alt"] for a in Elements(source).all("img")] == ['Bars: "new" leads.']
    assert '<figcaption aria-hidden="true">Bars: &#34;new&#34; leads.</figcaption>' in source


def test_code_is_folded_away_and_what_papermill_added_is_left_out(tmp_path: Path) -> None:
    source = everything(tmp_path)

    assert Elements(source).all("details") == [{"class": "code"}] * 5
    assert "injected" not in source


def test_recorded_results_stand_in_a_table_and_not_in_the_text(tmp_path: Path) -> None:
    source = everything(tmp_path)

    assert '<th scope="row">customers</th><td>2,357</td>' in source
    assert '<a href="tables/03_rfm.t.parquet">Table, 2 rows</a>' in source
    assert "n = 3" not in source


def test_what_the_user_or_a_notebook_wrote_is_escaped(tmp_path: Path) -> None:
    source = everything(tmp_path)

    assert "<h1>my &lt;shop&gt;.csv</h1>" in source
    assert "2 &lt; 3 orders" in source
    assert "KeyError: &lt;x&gt;" in source


def test_a_failure_stands_above_the_results_and_links_to_its_cell(tmp_path: Path) -> None:
    source = everything(tmp_path)

    assert 0 < source.index('<a href="#03_rfm-error">') < source.index('id="key-results"')
    assert "cell 7, <code>d[&#39;x&#39;]</code>" in source


def test_parameters_of_the_run_are_shown_without_those_common_to_all(tmp_path: Path) -> None:
    source = everything(tmp_path)

    assert "top = 5" in source
    assert "/abs/x" not in source


def kinds(*outs: dict[str, Any]) -> list[tuple[str, str]]:
    return [(block.kind, block.content) for block in outputs(code("x", *outs))]


def test_prints_that_follow_each_other_are_one_box() -> None:
    assert kinds(stream("a\n"), stream("b\n")) == [("text", "a\nb")]
    assert kinds(stream("a\n"), stream("careful\n", "stderr")) == [("text", "a"), ("message", "careful")]


def test_what_only_python_can_read_is_left_out() -> None:
    assert (
        kinds(
            display(plain="<Axes: >"),
            display(plain="[<matplotlib.lines.Line2D at 0x7f1>]"),
            display(plain="Text(0, 0, 'x')"),
        )
        == []
    )
    assert (
        kinds(
            {
                "output_type": "display_data",
                "metadata": {},
                "data": {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider()"},
            }
        )
        == []
    )
    assert kinds(display(plain='"it\'s"')) == [("text", "it's")]


def test_long_text_is_shortened_and_says_so() -> None:
    ((kind, content),) = kinds(stream("x" * 30_000))

    assert (kind, content.endswith("shortened; the notebook has all of it")) == ("text", True)


def test_a_table_has_headings_with_scope_and_numbers_to_the_right() -> None:
    frame = pd.DataFrame({"name": ["a"], "id": ["007"], "n": [1.5]}, index=pd.Index(["k"], name="key"))
    expected = [
        '<th scope="col">key</th> <th scope="col">name</th> <th scope="col">id</th> <th class="num" scope="col">n</th>',
        '<th scope="row">k</th> <td>a</td> <td>007</td> <td class="num">1.5</td>',
    ]

    assert expected == re.findall(r"<tr> ?(<.*?>) </tr>", " ".join(table(frame.to_html()).split()))


def test_a_styled_table_loses_its_style_and_its_random_ids() -> None:
    pytest.importorskip("jinja2")
    styled = pd.DataFrame({"n": [1, 2]}).style.highlight_max().to_html()

    assert "style" in styled
    assert not re.search(r"style|id=|T_", table(styled))


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("<script>alert(1)</script>ok", "ok"),
        ("<b onclick='x()'>b</b>", "<b>b</b>"),
        ('<a href="javascript:x()">a</a>', "<a>a</a>"),
        ('<a href="04_cltv.ipynb#x">a</a>', '<a href="04_cltv.ipynb#x">a</a>'),
        ('<img src="https://x.y/z.png" alt="map">', "<em>map</em>"),
        ("<style>p {}</style><p style='x'>p", "<p>p</p>"),
        ("</div></div><p>x</p>", "<p>x</p>"),
        ("<b><i>x</b>", "<b><i>x</i></b>"),
        ("1 &lt; 2 &amp; 3", "1 &lt; 2 &amp; 3"),
        ("<svg><script>x</script></svg>y", "y"),
    ],
)
def test_html_of_a_notebook_is_cleaned(dirty: str, expected: str) -> None:
    assert expected == clean(dirty)


def test_markdown_tables_keep_their_alignment_and_links_their_target() -> None:
    rendered, _ = markdown("| a | n |\n|---|--:|\n| x | 1 |\n\n[go](#The-end)", prefix="nb")

    assert '<td class="num">1</td>' in rendered
    assert '<a href="#nb-the-end">go</a>' in rendered


def test_a_formula_is_drawn_with_its_latex_as_text_and_money_is_no_formula() -> None:
    rendered, _ = markdown(r"$\frac{a}{b}$ costs $5 or $6")

    assert r'role="img" aria-label="\frac{a}{b}"' in rendered
    assert rendered.endswith("costs $5 or $6</p>")
    assert formula("x", display=False) == formula("x", display=False)


def test_an_anchor_is_given_once() -> None:
    anchors = Anchors()

    assert [anchors.new("a", "x"), anchors.new("a", "X!"), anchors.new("b", "x")] == ["a-x", "a-x-2", "b-x"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "yes"),
        (2357, "2,357"),
        (0.24261, "0.2426"),
        (-9582.431, "-9,582.43"),
        (None, "—"),
        ([1, "a"], "1, a"),
        ({"a": 0.5}, "a: 0.5"),
    ],
)
def test_a_result_is_written_for_people(value: Any, expected: str) -> None:
    assert (expected, "") == shown(value)


@pytest.mark.needs("chromium")
def test_a_browser_makes_no_request_and_a_phone_need_not_scroll_sideways(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    file = tmp_path / "index.html"
    file.write_text(everything(tmp_path), encoding="utf-8")
    asked: list[str] = []
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        view = browser.new_page(viewport={"width": 390, "height": 844})
        view.on("request", lambda request: asked.append(request.url))
        view.on("console", lambda message: said.append(message.text))
        view.goto(file.as_uri())
        widths = [view.evaluate("document.documentElement.scrollWidth")]
        seen = [view.locator("nav").is_visible()]
        view.emulate_media(media="print")
        seen += [view.locator("nav").is_visible(), view.locator("details.code").first.is_visible()]
        browser.close()

    assert ([url for url in asked if not url.startswith(("file:", "data:"))], said) == ([], [])
    assert widths == [390]
    assert seen == [True, False, False]
