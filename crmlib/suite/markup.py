"""Markdown, formulas and tables as HTML that is safe to put on a page and asks no other host for anything."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# fmt: off
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "dd", "del", "details", "div", "dl",
    "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li",
    "mark", "ol", "p", "pre", "q", "s", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul", "var",
}
# fmt: on
_SILENT = {"script", "style", "iframe", "object", "embed", "template", "head", "title", "noscript", "svg", "math"}
_CELL = {"colspan", "rowspan", "scope"}
_ATTRIBUTES = {
    "*": {"class", "title", "id", "lang"}, "a": {"href"}, "img": {"src", "alt"}, "details": {"open"}, "ol": {"start"},
    "td": _CELL, "th": _CELL,
}  # fmt: skip
_LINK = re.compile(r"(https?:|mailto:|#|[\w./-]+(#|$))", re.IGNORECASE)
_NUMBER = re.compile(r"(?!0\d)[-+\u2212€$£]?\s?\d[\d,.'\s]*([eE][-+]?\d+)?\s?[%€]?|nan|NaN|inf|None|<NA>|NaT|—")
# A picture that was not let through, as nh3 writes it: no angle bracket and no quote stands in a value.
_NO_PICTURE = re.compile(r'<img(?![^>]* src=")(?:[^>]*? alt="([^"]*)")?[^>]*>')
_HELD = re.compile("\ue000(\\d+)\ue001")
# pandas gives the name of an index a row of its own under the headings: it heads the first column just as well.
_NAMED_INDEX = re.compile(
    r"<tr([^>]*)>\s*<th>\s*</th>((?:(?!</tr>).)*)</tr>\s*<tr>\s*<th>([^<]+)</th>(?:\s*<th>\s*</th>)*\s*</tr>\s*</thead>",
    re.DOTALL,
)
_SIZE = 100  # formulas are set at this size and scaled: the parser rounds boxes to whole points


@dataclass
class Heading:
    """A heading of a notebook, and where it is on the page."""

    level: int
    text: str
    anchor: str


@dataclass
class Anchors:
    """Names of the places on a page: each is given once.

    Examples
    --------
    >>> anchors = Anchors()
    >>> anchors.new("03_rfm", "What to do?"), anchors.new("03_rfm", "What to do")
    ('03_rfm-what-to-do', '03_rfm-what-to-do-2')
    """

    given: dict[str, int] = field(default_factory=dict)

    def new(self, prefix: str, text: str) -> str:
        """Name the place of a heading."""
        slug = re.sub(r"\W+", "-", text.lower()).strip("-")
        name = f"{prefix}-{slug}".strip("-")
        self.given[name] = self.given.get(name, 0) + 1
        return name if self.given[name] == 1 else f"{name}-{self.given[name]}"


def markdown(
    text: str,
    *,
    prefix: str = "",
    anchors: Anchors | None = None,
    attachments: Mapping[str, Any] | None = None,
    deeper: int = 1,
) -> tuple[str, list[Heading]]:
    """Render a Markdown cell, its headings some levels down: the page has a title of its own, and no other of level 1.

    Examples
    --------
    >>> markdown("# Who buys *again*?", prefix="03_rfm")
    ('<h2 id="03_rfm-who-buys-again">Who buys <em>again</em>?</h2>', [Heading(level=1, ...)])
    """
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    anchors = anchors or Anchors()
    held: list[str] = []

    def hold(latex: str, options: Mapping[str, Any]) -> str:
        held.append(formula(latex, display=options["display_mode"]))
        return f"\ue000{len(held) - 1}\ue001"

    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    reader.use(dollarmath_plugin, renderer=hold, allow_space=False, double_inline=True)
    tokens = reader.parse(text)
    headings = []
    for position, token in enumerate(tokens):
        if token.type in {"heading_open", "heading_close"}:
            level = int(token.tag[1])
            token.tag = f"h{max(2, min(level + deeper, 6))}"
            if token.type == "heading_open":
                said = "".join(part.content for part in tokens[position + 1].children or [])
                headings.append(Heading(level, said, anchors.new(prefix, said)))
                token.attrSet("id", headings[-1].anchor)
        if token.type in {"th_open", "td_open"} and "right" in str(token.attrs.pop("style", "")):
            token.attrSet("class", "num")
        for part in token.children or []:
            _point_inside(part, prefix, attachments or {})
    html = clean(reader.renderer.render(tokens, reader.options, {})).strip()
    return _HELD.sub(lambda match: held[int(match[1])], html), headings


def _point_inside(token: Any, prefix: str, attachments: Mapping[str, Any]) -> None:
    href = str(token.attrGet("href") or "")
    if token.type == "link_open" and href.startswith("#"):
        token.attrSet("href", f"#{prefix}-{href[1:].lower()}")
    source = str(token.attrGet("src") or "")
    if token.type == "image" and source.removeprefix("attachment:") in attachments:
        kind, data = next(iter(attachments[source.removeprefix("attachment:")].items()))
        token.attrSet("src", data_uri(kind, data))


def data_uri(kind: str, data: str) -> str:
    r"""Give an image as a part of the page.

    Examples
    --------
    >>> data_uri("image/png", "iVBORw0K\n")
    'data:image/png;base64,iVBORw0K'
    """
    if kind == "image/svg+xml":
        data = base64.b64encode(data.encode()).decode("ascii")
    return f"data:{kind};base64,{''.join(data.split())}"


def formula(latex: str, *, display: bool) -> str:
    r"""Set a formula as an inline drawing, with its LaTeX for those who cannot see it.

    What matplotlib cannot set stays LaTeX.

    Examples
    --------
    >>> formula(r"\begin{cases}", display=False)
    '<code class="tex">\\begin{cases}</code>'
    """
    latex = " ".join(latex.split())
    drawn = _drawn(latex.replace(r"\frac", r"\dfrac") if display else latex, latex)
    if drawn is None:
        return f'<code class="tex">{escape(latex)}</code>'
    return f'<span class="formula-block">{drawn}</span>' if display else drawn


def _drawn(latex: str, said: str) -> str | None:
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser
    from matplotlib.textpath import text_to_path

    with mpl.rc_context({"mathtext.fontset": "stix"}):
        font = FontProperties(size=_SIZE)
        try:
            width, height, depth, *_ = MathTextParser("path").parse(f"${latex}$", dpi=72, prop=font)
            vertices, codes = text_to_path.get_text_path(FontProperties(size=_SIZE), f"${latex}$", ismath=True)
        except (ValueError, RuntimeError):
            return None
    scale = _SIZE / text_to_path.FONT_SCALE
    path = _svg_path([(x * scale, height - depth - y * scale) for x, y in vertices], codes)
    em = 1.08 / _SIZE  # these letters run a little small beside the page's own
    return (
        f'<svg class="formula" role="img" aria-label="{escape(said)}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'style="width:{width * em:.2f}em;height:{height * em:.2f}em;vertical-align:{-depth * em:.2f}em">'
        f'<path d="{path}"/></svg>'
    )


def _svg_path(points: list[tuple[float, float]], codes: Any) -> str:
    letters = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
    parts: list[str] = []
    previous = 0
    for (x, y), code in zip(points, codes, strict=True):
        letter = letters[int(code)]
        # The points of one curve follow each other under the same code: its letter stands before the first.
        fresh = letter in "MLZ" or previous != code
        parts.append(("" if not fresh else letter) + ("" if letter == "Z" else f"{x:.1f} {y:.1f}"))
        previous = code
    return " ".join(parts)


def clean(html: str) -> str:
    """Keep of HTML what is text, and drop what runs, loads or styles.

    Examples
    --------
    >>> clean('<b onclick="x()">bold</b><script>alert(1)</script><img src="https://x.y/z.png" alt="a picture">')
    '<b>bold</b><em>a picture</em>'
    """
    return _NO_PICTURE.sub(lambda tag: f"<em>{tag[1] or ''}</em>", _cleaner().clean(html)).replace("&nbsp;", "\xa0")


@cache
def _cleaner() -> Any:
    import nh3

    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_SILENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_loads_nothing,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel=None,
    )


def _loads_nothing(_: str, name: str, value: str) -> str | None:
    """Let links lead out, and pictures come with the page only."""
    allowed = value.startswith("data:image/") if name == "src" else name != "href" or _LINK.match(value)
    return value if allowed else None


def table(html: str) -> str:
    """Set the tables of an output: numbers to the right, headings that say what they head, no inline style.

    Examples
    --------
    >>> table("<table><thead><tr><th></th><th>n</th></tr></thead><tbody><tr><th>a</th><td>1</td></tr></tbody></table>")
    '<table><thead><tr><td></td><th class="num" scope="col">n</th></tr></thead>...'
    """
    cleaned = clean(html)
    cleaned = re.sub(r' (class|title|id)="[^"]*"', "", cleaned)
    cleaned = re.sub(r"<td>(\s*)((?:(?!</?td).)*?)(\s*)</td>", _number_cell, cleaned, flags=re.DOTALL)
    cleaned = _NAMED_INDEX.sub(r"<tr\1><th>\3</th>\2</tr></thead>", cleaned)
    cleaned = re.sub(r"<thead>.*?</thead>\s*(?:<tbody>.*?</tr>)?", _head, cleaned, flags=re.DOTALL)
    cleaned = re.sub(r"<th>(?=\s*</th>)(.*?)</th>", r"<td>\1</td>", cleaned, flags=re.DOTALL)
    return re.sub(r"<th(?![^>]*scope=)(?=[ >])", '<th scope="row"', cleaned)


def _number_cell(match: re.Match[str]) -> str:
    text = match[2]
    return f'<td class="num">{text}</td>' if _NUMBER.fullmatch(text) else f"<td>{text}</td>"


def _head(match: re.Match[str]) -> str:
    head, _, first_row = match[0].partition("</thead>")
    cells = re.findall(r"<(t[hd])([^>]*)>", first_row)
    for row in re.findall(r"<tr[^>]*>.*?</tr>", head, flags=re.DOTALL):
        headings = re.findall(r"<th([^>]*)>(.*?)</th>", row, flags=re.DOTALL)
        straight = len(headings) == len(cells) and not any("span" in attributes for attributes, _ in headings)
        written = iter(range(len(headings)))

        def mark(found: re.Match[str], straight: bool = straight, written: Any = written) -> str:  # noqa: FBT001
            number = straight and 'class="num"' in cells[next(written)][1]
            if not found[2].strip():
                return "<td></td>"
            scope = "colgroup" if "colspan" in found[1] else "col"
            looks = ' class="num"' if number else ""
            return f'<th{found[1]}{looks} scope="{scope}">{found[2].strip()}</th>'

        head = head.replace(row, re.sub(r"<th([^>]*)>(.*?)</th>", mark, row, flags=re.DOTALL), 1)
    return f"{head}</thead>{first_row}"
