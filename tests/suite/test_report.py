import html.parser
import json
import re
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crmlib.notebook.notes import NOTE_MIMETYPE, Note
from crmlib.notebook.recording import MIMETYPE
from crmlib.suite.blocks import outputs
from crmlib.suite.figures import shown
from crmlib.suite.markup import Anchors, clean, formula, markdown, table
from crmlib.suite.report import APPENDIX, FRONT, Form, render

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


def pages(
    tmp_path: Path,
    *cells: dict[str, Any],
    language: str = "en",
    form: Form = "single",
    run: dict[str, Any] | None = None,
    **result: Any,
) -> dict[str, str]:
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
        **(run or {}),
    }
    return render({**about, "notebooks": {"03_rfm": notebook}}, {"03_rfm": path}, form=form)


def page(tmp_path: Path, *cells: dict[str, Any], language: str = "en", **result: Any) -> str:
    (only,) = pages(tmp_path, *cells, language=language, **result).values()
    return only


def noted(note: Note) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {NOTE_MIMETYPE: note.payload(), "text/plain": "x"}}


class Elements(html.parser.HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


TITLE = """# RFM: who first?

| model | leaves when the customer may leave for good |
|---|--:|
| a very long name | 1 |

Text with $x^2$ and ![a map](https://x.y/map.png)."""
EVERYTHING_RECORDED = {
    "customers": 2357,
    "rate": 0.455,
    "t": {"$table": "tables/03_rfm.t.parquet", "rows": 2, "columns": ["a"]},
    "ends": {"high": 3.0, "low": 1.0, "share": 2.0},
}


def everything(tmp_path: Path, language: str = "en") -> str:
    (only,) = all_pages(tmp_path, language, "single").values()
    return only


def all_pages(tmp_path: Path, language: str = "en", form: Form = "pages", **run: Any) -> dict[str, str]:
    return pages(
        tmp_path,
        text(TITLE),
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
        form=form,
        run=run,
        parameters={"source": "/abs/x", "top": 5},
        records=EVERYTHING_RECORDED,
        about={"rate": {"label": "Repeat rate", "unit": "share", "interval": [0.44, 0.47], "key": True}},
        decisions=[{"text": "Write to 3 <people>: +12.", "sure": "Not very."}],
        skipped=[{"section": "9", "reason": "No <b> table.", "needs": ["surveys"]}],
        error={"cell": 7, "line": "d['x']", "error": "KeyError", "message": "'x'"},
    )


@pytest.mark.slow
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
    assert {"03_rfm", "appendix", "03_rfm-what-to-do", "03_rfm-error"} <= set(targets)


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
    assert Elements(all_pages(tmp_path)["03_rfm.html"]).all("details") == [{"class": "code"}] * 5
    assert "injected" not in source


def test_recorded_results_stand_in_the_appendix_with_label_unit_and_interval(tmp_path: Path) -> None:
    made = all_pages(tmp_path)
    for source in (made[APPENDIX], everything(tmp_path)):
        told = " ".join(source.split())
        assert '<th scope="row">Customers scored</th><td>2,357</td>' in told
        assert (
            '<th scope="row">Repeat rate</th><td>45.5 %</td><td>44.0 % to 47.0 %</td><td><code>rate</code></td>' in told
        )
        links = '<a href="tables/03_rfm.t.csv">CSV</a> <a href="tables/03_rfm.t.parquet">Parquet</a>'
        assert f'Table, 2 rows <span class="links">{links}</span>' in told
        assert "low: 1<br>high: 3<br>share: 2" in told
    assert "n = 3" not in "".join(made.values())


def test_the_front_page_holds_what_somebody_needs_who_opens_nothing_else(tmp_path: Path) -> None:
    orders = {"first_order": "1997-01-02T00:00:00", "last_order": "1998-06-30T09:00:00"}
    change = {"notebook": "03_rfm", "record": "rate", "change": 0.02, "low": -0.01, "high": 0.05, "unit": "share"}
    change["since"] = "1998-06-01"
    made = all_pages(tmp_path, doubts=["3 rows, -9.00: <none>: netted."], orders=orders, changes=[change])
    source = " ".join(made[FRONT].partition("<body>")[2].split())

    assert list(made) == [FRONT, "03_rfm.html", APPENDIX]
    told = [
        "<h1>my &lt;shop&gt;</h1>",
        "2 January 1997 to 30 June 1998",
        "3 rows, -9.00: &lt;none&gt;: netted.",
        'Repeat rate</a></p> <p class="number">45.5 %</p> <p class="between">44.0 % to 47.0 %</p>',
        "+2.0 points (-1.0 points to +5.0 points) since 1 June 1998",
        '<svg class="small" role="img" aria-label="Repeat rate: 45.5 % (44.0 % to 47.0 %)"',
        "Write to 3 &lt;people&gt;: +12.",
        "Not very.",
        "<strong>Section 9.</strong> No &lt;b&gt; table.",
        "<code>surveys</code></th><td>RFM: who first?</td>",
    ]
    assert [text for text in told if text not in source] == []
    assert [source.index(text) for text in told] == sorted(source.index(text) for text in told if text in source)
    assert not Elements(source).all("details") + Elements(source).all("pre")
    assert not re.search(r"<(td|p class=.number.)>[^<]*(\w+_\w+|: .*; .*:)", source)


def test_a_chapter_has_a_page_with_the_way_back_and_forth(tmp_path: Path) -> None:
    made = all_pages(tmp_path)
    links = [(a.get("rel"), a["href"]) for a in Elements(made["03_rfm.html"]).all("a") if "rel" in a]

    assert links == [("next", APPENDIX)]
    assert '<h1 id="03_rfm">RFM: who first?</h1>' in made["03_rfm.html"]
    for source in made.values():
        found = Elements(source)
        local = [str(a["href"]).partition("#")[0] for a in found.all("a")]
        assert {name for name in local if name.endswith(".html")} <= set(made)
        ids = {a["id"] for _, a in found.found if "id" in a}
        assert {str(a["href"])[1:] for a in found.all("a") if str(a["href"]).startswith("#")} <= ids
        levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", source)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert [(a, b) for a, b in pairwise(levels) if b > a + 1] == []


def test_the_report_in_brief_holds_no_code_and_no_text_of_the_course(tmp_path: Path) -> None:
    ((name, source),) = all_pages(tmp_path, form="brief").items()

    assert name == FRONT
    assert {"Write to 3 &lt;people&gt;: +12.", "45.5 %", "No &lt;b&gt; table."} <= {
        text for text in ("Write to 3 &lt;people&gt;: +12.", "45.5 %", "No &lt;b&gt; table.") if text in source
    }
    assert not any(text in source for text in ("Text with", "What to do?</h", "2 &lt; 3 orders", "<pre", "<details"))
    assert not Elements(source).all("img")


STOP = noted(Note("stop", "There are no <surveys>.", needs=("surveys",)))
STOPPED = {"section": "", "reason": "There are no <surveys>.", "needs": ["surveys"]}


@pytest.mark.parametrize("form", ["pages", "single", "brief"])
def test_a_stopped_chapter_is_its_sentence_and_nothing_behind(tmp_path: Path, form: Form) -> None:
    cells = [
        text("# Do they like us?\n\nYes, 55 % do.\n\n## After this notebook\n\n- much"),
        code("shop = 1", stream("Opened.\n"), STOP),
        text("## 1. By hand\n\nThe best lose most."),
        code("print(2)"),
    ]
    made = pages(tmp_path, *cells, form=form, status="stopped", stopped=STOPPED)
    whole = "".join(made.values())

    assert "There are no &lt;surveys&gt;." in whole
    assert "1 stopped" in made[FRONT]
    assert "<code>surveys</code>" in made[FRONT]
    assert not [words for words in ("By hand", "lose most", "55 %", "After this", 'class="mi"') if words in whole]


def test_a_chapter_that_stops_halfway_keeps_what_it_had_shown(tmp_path: Path) -> None:
    cells = [
        text("# T\n\n## 1. First\n\nRead on."),
        code("plot()", display(png=PNG)),
        text("It rises.\n\n## 2. Second\n\nNow the mails."),
        code("stop()", STOP),
        text("## 3. Third"),
    ]
    made = pages(tmp_path, *cells, form="pages", status="stopped", stopped=STOPPED)["03_rfm.html"]

    assert [words in made for words in ("1. First", "<img", "2. Second", "Now the mails", "3. Third")] == [
        *(True, True),
        *(False, False, False),
    ]


@pytest.mark.parametrize("section", ["2", "2. second", "9"])
def test_a_skipped_section_is_its_reason_in_its_place(tmp_path: Path, section: str) -> None:
    cells = [
        code("x", noted(Note("skip", "No <mails>.", section=section))),
        text("# T\n\n## 1. First\n\nRead.\n\n```\n# no heading\n```\n\nOn.\n\n## 2. Second\n\nThey lose most."),
        code("y", stream("empty")),
        text("Really.\n\n### A claim\n\nStill here.\n\n## 12. Last\n\nTwelve."),
    ]
    made = pages(tmp_path, *cells, form="pages", status="in part")["03_rfm.html"]
    plain = re.sub(r"<[^>]+>", " ", made[made.index("<main") :])

    assert plain.count("No &lt;mails&gt;.") == 1
    assert [words in plain for words in ("Read.", "# no heading", "On.", "Still here.", "Twelve.")] == [True] * 5
    hidden = section != "9"
    assert [words in plain for words in ("They lose most.", "empty", "Really.")] == [not hidden] * 3
    if hidden:
        assert plain.index("2. Second") < plain.index("No &lt;mails&gt;.") < plain.index("A claim")


def test_a_notebook_may_be_called_as_a_page_of_the_report(tmp_path: Path) -> None:
    file = tmp_path / "index.ipynb"
    file.write_text(json.dumps({"cells": [text("# Mine")], "metadata": {}}))
    notebook: dict[str, Any] = {"status": "done", "error": None, "notebook": file.name, "parameters": {}, "records": {}}
    run = {"crmlib": "1", "source": "x", "as_of": "1998-07-01", "language": "en", "fast": False}
    made = render({**run, "notebooks": {"index": notebook}}, {"index": file})

    assert list(made) == [FRONT, "index_chapter.html", APPENDIX]


def test_what_the_user_or_a_notebook_wrote_is_escaped(tmp_path: Path) -> None:
    source = everything(tmp_path)

    assert "<h1>my &lt;shop&gt;</h1>" in source
    assert "<code>my &lt;shop&gt;.csv</code>" in source
    assert "2 &lt; 3 orders" in source
    assert "KeyError: &lt;x&gt;" in source


def test_a_failure_stands_above_the_results_and_links_to_its_cell(tmp_path: Path) -> None:
    source = everything(tmp_path)

    assert 0 < source.index('<a href="#03_rfm-error">') < source.index('id="key-figures"')
    made = all_pages(tmp_path)
    assert '<a href="03_rfm.html#03_rfm-error">' in made[FRONT]
    assert 'id="03_rfm-error"' in made["03_rfm.html"]
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


#: How HTML has got past cleaners: by what runs, by what loads, by what a browser reads in another way than they do.
HOSTILE = [
    "<svg onload=alert(1)><style><img src=x onerror=alert(1)></style></svg>",
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<math><annotation-xml encoding='text/html'><script>alert(1)</script></annotation-xml></math>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<textarea><p title="</textarea><img src=x onerror=alert(1)>">',
    '<style><a title="</style><img src=x onerror=alert(1)>">',
    "<style>@import 'https://x.y/z.css'; p { background: url(https://x.y) }</style><p style='background:url(https://x.y)'>p",
    "<img src=x onerror=alert(1)//><img src='data:text/html,<script>alert(1)</script>'><img srcset='https://x.y/z 2x'>",
    "<img src='data:image/png;base64,x' alt='<td>1</td><script>alert(1)</script>' onload=alert(1)>",
    "<b title='<img alt=' class='><script>alert(1)</script>'>b</b>",
    "<a href='java&#10;script:alert(1)'>a</a><a href=' javascript:alert(1)'>a</a><a href='JaVaScRiPt:alert(1)'>a</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>a</a><a href='vbscript:x'>a</a><a href='file:///etc/passwd'>a</a>",
    "<iframe srcdoc='<script>alert(1)</script>'>x</iframe><object data=x></object><embed src=x>",
    "<base href='//x.y'><link rel=stylesheet href='//x.y'><meta http-equiv=refresh content='0;url=//x.y'>",
    "<details ontoggle=alert(1) open><summary onfocus=alert(1) autofocus>s</summary></details>",
    "<table background='https://x.y/z.png'><tr><td><div></td></tr><script>alert(1)</script></table>",
    "<!--><script>alert(1)</script>--><![CDATA[<script>alert(1)</script>]]><?xml <script>alert(1)</script>?>",
    "<template><script>alert(1)</script></template><xmp><script>alert(1)</script></xmp><plaintext><script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt><<script>alert(1)//<</script>",
]
FOREIGN = {"script", "style", "svg", "math", "iframe", "object", "embed", "form", "base", "link", "meta"}
HARMLESS = {"class", "title", "id", "lang", "href", "src", "alt", "open", "start", "colspan", "rowspan", "scope"}


@pytest.mark.parametrize("dirty", HOSTILE)
@pytest.mark.parametrize("reader", [clean, table, lambda dirty: markdown(dirty)[0]])
def test_hostile_html_runs_and_loads_nothing(dirty: str, reader: Callable[[str], str]) -> None:
    cleaned = reader(dirty)
    elements = Elements(cleaned).found

    assert not {tag for tag, _ in elements} & FOREIGN
    assert {name for _, attributes in elements for name in attributes} <= HARMLESS
    assert all(str(attributes["src"]).startswith("data:image/") for _, attributes in elements if "src" in attributes)
    assert not re.search(r"href=\"\s*(java|vb|data|file)", cleaned, re.IGNORECASE)
    assert clean(cleaned) == cleaned  # read by a browser, it says what it said to the cleaner


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


@pytest.mark.slow
@pytest.mark.needs("chromium", "python:axe_playwright_python")
def test_pages_break_no_rule_of_accessibility_and_fit_a_phone(tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    orders = {"first_order": "1997-01-02T00:00:00", "last_order": "1998-06-30T09:00:00"}
    change = {"notebook": "03_rfm", "record": "rate", "change": 0.02, "unit": "share", "since": "1998-06-01"}
    run: dict[str, Any] = {"orders": orders, "changes": [change], "doubts": ["3 rows, -9.00: netted."]}
    files = []
    for form in ("pages", "single", "brief"):
        for name, source in all_pages(tmp_path, form=form, **run).items():
            files.append(tmp_path / f"{form}-{name}")
            files[-1].write_text(source, encoding="utf-8")
    problems = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        schemes: Any = ((1400, "light"), (390, "dark"))
        for width, scheme in schemes:
            # the page's own policy allows no script, so the rules need leave to run
            looks: Any = {"width": width, "height": 900}
            context = browser.new_context(viewport=looks, color_scheme=scheme, bypass_csp=True)
            view = context.new_page()
            for file in files:
                view.goto(file.as_uri())
                found = Axe().run(view).response["violations"]
                problems += [(file.name, scheme, rule["id"], rule["nodes"][0]["html"][:90]) for rule in found]
                wide = view.evaluate("document.documentElement.scrollWidth")
                problems += [(file.name, scheme, "too wide", wide)] * (wide > width)
        browser.close()

    assert problems == []


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
