"""The outputs of a cell, and its code, as pieces of a page."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlib.notebook.notes import read_note
from crmlib.notebook.recording import MIMETYPE
from crmlib.suite import markup
from crmlib.suite.images import lighter
from crmlib.text import report_words
from crmlib.words import without_colours

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Block", "highlighted", "outputs"]

_REPR = re.compile(r"[\[({]*(<[\w.]+|Text\(|\w+Container|array\(\[<)")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_IMAGES = ("image/svg+xml", "image/png", "image/jpeg")
_LONGEST_TEXT = 20_000


@dataclass(frozen=True)
class Block:
    """A piece of the page.

    Attributes
    ----------
    kind
        prose, code, figure, table, text, message, error, skipped or stop.
    content
        HTML for prose, code and table; the image's data for a figure; else plain text.
    note
        The text of a figure; what an error is called; ``wrap`` for text in sentences.
    width
        Of a figure, in the page's pixels, when it is known.
    heading
        The heading that a piece of prose begins with.
    section
        Of a skip: which section.
    """

    kind: str
    content: str
    note: str = ""
    width: int | None = None
    heading: markup.Heading | None = None
    section: str = ""


def highlighted(code: str) -> str:
    """Colour code.

    Parameters
    ----------
    code
        Python.

    Examples
    --------
    >>> highlighted("x = 1")
    '<span class="n">x</span> <span class="o">=</span> <span class="mi">1</span>'
    """
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

    html: str = highlight(code, PythonLexer(), HtmlFormatter(nowrap=True))
    return html.replace('<span class="w"> </span>', " ").rstrip("\n")


def outputs(cell: Mapping[str, Any], language: str = "en") -> Iterator[Block]:
    """Turn the outputs of a cell into pieces of the page.

    Parameters
    ----------
    cell
        As an executed notebook holds it.
    language
        Of the words around them.
    """
    alt = str(cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")).strip()
    text: list[str] = []
    for output in [*cell.get("outputs", []), None]:
        if output is not None and output["output_type"] == "stream" and output["name"] == "stdout":
            text.append("".join(output["text"]))
            continue
        if text and "".join(text).strip():
            yield _printed("".join(text), language)
        text = []
        if output is None:
            return
        if output["output_type"] == "stream":
            yield Block("message", _plain("".join(output["text"]), language))
        elif output["output_type"] == "error":
            trace = "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}"
            yield Block("error", _plain(trace, language), output["ename"])
        elif (note := read_note(output)) is not None:
            if note.kind != "decision":  # decisions stand at the head of the chapter
                yield Block("stop" if note.kind == "stop" else "skipped", note.text, section=note.section)
        else:
            yield from _shown(output, alt, language)


def _shown(output: Mapping[str, Any], alt: str, language: str) -> Iterator[Block]:
    data = {kind: "".join(value) for kind, value in output["data"].items() if isinstance(value, (str, list))}
    if MIMETYPE in output["data"] or "application/vnd.jupyter.widget-view+json" in output["data"]:
        return  # recorded results have a table of their own; a slider does nothing on a page
    for kind in _IMAGES:
        if kind in data:
            width = output.get("metadata", {}).get(kind, {}).get("width")
            yield Block("figure", markup.data_uri(kind, lighter(kind, data[kind])), alt, width)
            return
    if "text/html" in data:
        html = data["text/html"]
        yield Block("table", markup.table(html)) if "<table" in html else Block("prose", markup.clean(html))
    elif "text/markdown" in data:
        yield Block("prose", markup.markdown(data["text/markdown"])[0])
    elif "text/latex" in data:
        yield Block("prose", f"<p>{markup.formula(data['text/latex'].strip().strip('$'), display=True)}</p>")
    elif data.get("text/plain") and not _REPR.match(data["text/plain"]):
        yield _printed(_string(data["text/plain"]), language)


def _printed(text: str, language: str) -> Block:
    # Sentences may wrap; columns that are lined up with spaces may not.
    return Block("text", _plain(text, language), "" if re.search(r"\S {2,}\S", text) else "wrap")


def _string(text: str) -> str:
    # The value of a cell that is text is shown as people read it, not as Python writes it.
    if text[:1] in {"'", '"'}:
        try:
            return str(ast.literal_eval(text))
        except (ValueError, SyntaxError):
            return text
    return text


def _plain(text: str, language: str) -> str:
    text = _ADDRESS.sub("", without_colours(text)).strip("\n")
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}\n{report_words(language)['shortened']}"
