"""A notebook as a chapter of the report: what it decided, its figures, and its text without what had nothing to say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

from crmlib.notebook.recording import UNITS
from crmlib.suite import DEFAULT_SOURCE, markup
from crmlib.suite.anatomy import EXAMPLE_SHOP
from crmlib.suite.blocks import Block, highlighted, outputs
from crmlib.suite.executed import is_added, source_of
from crmlib.suite.figures import Figure, figure_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Chapter", "Decision", "Skipped", "chapter_of"]

_COMMON = {"source", "as_of", "language", "fast", "interactive"}
_LONGEST_NAME = 60  # characters of what a table's box is called
_OUTPUTS = {"figure", "table", "text", "message", "error"}
#: How many figures stand at a chapter's head, beside those that the notebook calls key figures.
_MOST_FIGURES = 5


@dataclass(frozen=True)
class Decision:
    """What the shop should do, and how sure that is."""

    text: str
    sure: str = ""


@dataclass(frozen=True)
class Skipped:
    """A section, or a whole chapter, that had nothing to work on."""

    section: str
    reason: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """A notebook as the report shows it.

    Attributes
    ----------
    name
        The notebook's.
    title
        Its first heading.
    anchor
        Where that heading is.
    file
        The executed notebook, relative to the report.
    page
        The page that holds it; empty where all is on one.
    status
        One of `crmlib.suite.endings.STATUSES`.
    blocks
        Its text and outputs; none behind a stop, and none of a skipped section.
    headings
        Those of the blocks.
    parameters
        Its own, as names and values.
    records
        What it recorded, in words.
    decisions, skipped
        What it said of itself.
    stop
        Why it stopped, though nothing failed.
    failure
        Where it failed, as ``results.json`` says it.
    """

    name: str
    title: str
    file: str
    blocks: list[Block]
    headings: list[markup.Heading]
    parameters: Sequence[tuple[str, str]] = ()
    records: Sequence[Figure] = ()
    failure: Mapping[str, Any] | None = None
    anchor: str = ""
    page: str = ""
    status: str = "done"
    decisions: Sequence[Decision] = ()
    skipped: Sequence[Skipped] = ()
    stop: Skipped | None = None

    @property
    def key_figures(self) -> list[Figure]:
        """The figures for the front page."""
        return [figure for figure in self.records if figure.key]

    @property
    def figures(self) -> list[Figure]:
        """The figures for the chapter's head: the key ones, and then others that are one number with a unit."""
        numbers = [figure for figure in self.records if figure.number is not None and figure.unit in UNITS]
        plain = [figure for figure in numbers if not figure.key and figure.unit != "number"]
        key = [figure for figure in numbers if figure.key]
        return [*key, *plain][: max(_MOST_FIGURES, len(key))]

    @property
    def left_out(self) -> list[Skipped]:
        """The stop and the skipped sections."""
        return [*([self.stop] if self.stop else []), *self.skipped]


def chapter_of(
    name: str,
    notebook: Mapping[str, Any],
    result: Mapping[str, Any],
    anchors: markup.Anchors,
    *,
    language: str,
    currency: str = "",
    page: str = "",
    deeper: int = 1,
    course: bool = True,
    source: str = "",
) -> Chapter:
    """Turn an executed notebook into a chapter.

    Parameters
    ----------
    name
        The notebook's.
    notebook
        Its content.
    result
        What ``results.json`` says of it.
    anchors
        Of the page that it stands on.
    language
        Of the words around it.
    currency
        Of its money.
    page
        The page's file, where it has one of its own.
    deeper
        How many levels its headings go down on the page.
    course
        False leaves its text and outputs out.
    source
        As the run was asked for it: text that holds for the shop that ships alone is left out of any other.
    """
    anchor = anchors.new("", name)
    own = source == DEFAULT_SOURCE
    cells = [cell for cell in notebook["cells"] if own or EXAMPLE_SHOP not in cell["metadata"].get("tags", [])]
    title, blocks = _blocks(name, cells, anchors, language=language, deeper=deeper)
    stop = result.get("stopped")
    shown = _without_skipped(_until_stop(blocks)) if course else []
    about = result.get("about", {})
    return Chapter(
        name=name,
        title=title or name,
        anchor=anchor,
        file=result["notebook"],
        page=page,
        status=result["status"],
        blocks=shown,
        headings=[block.heading for block in shown if block.heading is not None],
        parameters=[(key, str(value)) for key, value in result["parameters"].items() if key not in _COMMON],
        records=[
            figure_of(name, key, value, about.get(key, {}), language=language, currency=currency)
            for key, value in result["records"].items()
        ],
        decisions=[Decision(**decision) for decision in result.get("decisions", ())],
        skipped=sorted(map(_skipped, result.get("skipped", ())), key=_by_number),
        stop=None if stop is None else _skipped(stop),
        failure=result["error"],
    )


def _skipped(stored: Mapping[str, Any]) -> Skipped:
    return Skipped(str(stored.get("section", "")), str(stored["reason"]), tuple(stored.get("needs", ())))


def _by_number(skipped: Skipped) -> tuple[int, str]:
    return (int(skipped.section), "") if skipped.section.isdecimal() else (10**6, skipped.section)


def _blocks(
    name: str, cells: Sequence[Mapping[str, Any]], anchors: markup.Anchors, *, language: str, deeper: int
) -> tuple[str, list[Block]]:
    """Return a notebook's title, which the page sets itself, and its pieces."""
    title = ""
    blocks: list[Block] = []
    for cell in cells:
        if is_added(cell):
            continue  # the parameters stand at the chapter's head, a failure has a place of its own
        if cell["cell_type"] == "markdown":
            for part in _at_headings(source_of(cell)):
                html, headings = markup.markdown(
                    part, prefix=name, anchors=anchors, attachments=cell.get("attachments"), deeper=deeper
                )
                heading = headings[0] if headings else None
                if heading is not None and heading.level == 1 and not title:
                    title, heading = heading.text, None
                    html = html.partition(">\n")[2] if "\n" in html else ""
                blocks.append(Block("prose", _boxed(html, part), heading=heading))
        elif cell["cell_type"] == "code" and source_of(cell).strip():
            blocks.append(Block("code", highlighted(source_of(cell))))
            blocks += outputs(cell, language)
    return title, [block for block in blocks if block.kind != "prose" or block.content]


def _boxed(html: str, text: str) -> str:
    """Give each table of the text a box in which it scrolls; it is named after the first words of the text."""
    named = escape(" ".join(re.sub(r"[#*_`|]", "", text).split())[:_LONGEST_NAME].strip())
    box = f'<div class="scroll" role="group" tabindex="0" aria-label="{named}">'
    return html.replace("<table>", f"{box}<table>").replace("</table>", "</table></div>")


def _at_headings(text: str) -> Iterator[str]:
    """Split Markdown such that each part begins with a heading; lines of code are none."""
    part: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        if mark := re.match(r" {0,3}(`{3,}|~{3,})", line):
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        if not fence and re.match(r" {0,3}#{1,6}([ \t]|$)", line) and "".join(part).strip():
            yield "".join(part)
            part = []
        part.append(line)
    yield "".join(part)


def _until_stop(blocks: list[Block]) -> list[Block]:
    """Leave out what is behind a stop, and the text that led to it; its sentence stands at the chapter's head."""
    end = next((index for index, block in enumerate(blocks) if block.kind == "stop"), None)
    if end is None:
        return blocks
    before = blocks[:end]
    if not any(block.kind in {"figure", "table"} for block in before):
        return []  # nothing was shown: what the chapter is good for is no news to somebody who cannot have it
    last = max(index for index, block in enumerate(before) if block.kind in _OUTPUTS)
    return before[: last + 1]


def _without_skipped(blocks: list[Block]) -> list[Block]:
    """Put the reason in the place of a skipped section; where no heading has its name, where it was given."""
    reasons = {block.section: block for block in blocks if block.kind == "skipped"}
    named = {section for section in reasons if any(_is_of(block, section) for block in blocks)}
    kept: list[Block] = []
    skipping = False
    for block in blocks:
        if block.heading is not None:
            section = next((section for section in named if _is_of(block, section)), None)
            skipping = section is not None
            if section is not None:
                heading = re.match(r"<(h\d)[^>]*>.*?</\1>", block.content, re.DOTALL)
                kept += [replace(block, content=heading[0] if heading else ""), reasons[section]]
        if block.kind == "skipped" and block.section in named:
            continue
        if not skipping or block.kind == "error":
            kept.append(block)
    return kept


def _is_of(block: Block, section: str) -> bool:
    """Say whether a piece begins a section, which is named by its number or its heading."""
    if block.heading is None:
        return False
    heading = block.heading.text.casefold()
    return (
        bool(re.match(rf"{re.escape(section)}\.?\s", heading)) if section.isdecimal() else heading == section.casefold()
    )
