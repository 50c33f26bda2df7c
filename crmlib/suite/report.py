"""The HTML report: every notebook of a run on one page that stands alone."""

from __future__ import annotations

import ast
import datetime as dt
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.recording import MIMETYPE
from crmlib.suite import markup
from crmlib.suite.executed import is_added, source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_REPR = re.compile(r"[\[({]*(<[\w.]+|Text\(|\w+Container|array\(\[<)")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_IMAGES = ("image/svg+xml", "image/png", "image/jpeg")
_LONGEST_TEXT = 20_000
_COMMON = {"source", "as_of", "language", "fast", "interactive"}

WORDS = {
    "en": {
        "title": "CRM report",
        "skip": "Skip to the content",
        "contents": "Contents",
        "summary": "Key results",
        "source": "Orders",
        "as_of": "As of",
        "notebooks": "Notebooks",
        "made": "Made with",
        "parameters": "Parameters",
        "fast": "fast run: fewer resamples, smaller samples",
        "code": "Code",
        "result": "Result",
        "value": "Value",
        "rows": "rows",
        "failed": "did not run to the end",
        "stopped": "It stopped in",
        "rest": "The notebook stopped here. What follows was not run.",
        "cell": "cell",
        "shortened": "… shortened; the notebook has all of it",
        "yes": "yes",
        "no": "no",
        "warning": "Message",
        "table": "Table",
    },
    "it": {
        "title": "Rapporto CRM",
        "skip": "Vai al contenuto",
        "contents": "Indice",
        "summary": "Risultati principali",
        "source": "Ordini",
        "as_of": "Alla data del",
        "notebooks": "Notebook",
        "made": "Prodotto con",
        "parameters": "Parametri",
        "fast": "esecuzione rapida: meno ricampionamenti, campioni più piccoli",
        "code": "Codice",
        "result": "Risultato",
        "value": "Valore",
        "rows": "righe",
        "failed": "non è arrivato alla fine",
        "stopped": "Si è fermato nella",
        "rest": "Il notebook si è fermato qui. Quanto segue non è stato eseguito.",
        "cell": "cella",
        "shortened": "… abbreviato; il notebook lo contiene per intero",
        "yes": "sì",
        "no": "no",
        "warning": "Messaggio",
        "table": "Tabella",
    },
}
# fmt: off
_MONTHS = {
    "en": ["January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December"],
    "it": ["gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno",
           "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"],
}
# fmt: on


@dataclass(frozen=True)
class Block:
    """A piece of the page.

    Attributes
    ----------
    kind
        prose, code, figure, table, text, message or error.
    content
        HTML for prose, code and table; the image's data for a figure; else plain text.
    note
        The text of a figure; what an error is called; ``wrap`` for text in sentences.
    width
        Of a figure, in the page's pixels, when it is known.
    """

    kind: str
    content: str
    note: str = ""
    width: int | None = None


@dataclass(frozen=True)
class Chapter:
    """A notebook as the page shows it."""

    name: str
    title: str
    file: str
    blocks: list[Block]
    headings: list[markup.Heading]
    parameters: list[tuple[str, str]]
    records: list[tuple[str, str, str]]
    failure: Mapping[str, Any] | None


def render(results: Mapping[str, Any], notebooks: Mapping[str, Path]) -> str:
    """Set the report of a run.

    Parameters
    ----------
    results
        What ``results.json`` holds.
    notebooks
        Name to executed notebook, in the order of the page.

    Returns
    -------
    str
        The page: no request to any host, and the same for the same notebooks.
    """
    import jinja2

    language = results["language"] if results["language"] in WORDS else "en"
    anchors = markup.Anchors()
    chapters = [
        chapter(name, json.loads(path.read_text(encoding="utf-8")), results["notebooks"][name], anchors, language)
        for name, path in notebooks.items()
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html.j2").render(
        run=results,
        words=WORDS[language],
        language=language,
        as_of=long_date(results["as_of"], language),
        chapters=chapters,
        failed=[c for c in chapters if c.failure],
        recorded=[c for c in chapters if c.records],
    )


def chapter(
    name: str, notebook: Mapping[str, Any], result: Mapping[str, Any], anchors: markup.Anchors, language: str
) -> Chapter:
    """Turn an executed notebook into a chapter of the page."""
    blocks: list[Block] = []
    headings: list[markup.Heading] = []
    anchors.new("", name)
    for cell in notebook["cells"]:
        if is_added(cell):
            continue  # the parameters stand at the chapter's head, a failure has a place of its own
        if cell["cell_type"] == "markdown":
            html, found = markup.markdown(
                source_of(cell), prefix=name, anchors=anchors, attachments=cell.get("attachments")
            )
            blocks.append(Block("prose", html))
            headings += found
        elif cell["cell_type"] == "code" and source_of(cell).strip():
            blocks.append(Block("code", highlighted(source_of(cell))))
            blocks += outputs(cell, language)
    own = [(key, str(value)) for key, value in result["parameters"].items() if key not in _COMMON]
    return Chapter(
        name=name,
        title=next((heading.text for heading in headings if heading.level == 1), name),
        file=result["notebook"],
        blocks=blocks,
        headings=headings,
        parameters=own,
        records=[(key.replace("_", " "), *shown(value, WORDS[language])) for key, value in result["records"].items()],
        failure=result["error"],
    )


def highlighted(code: str) -> str:
    """Colour code.

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
    """Turn the outputs of a cell into pieces of the page."""
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
        else:
            yield from _shown(output, alt, language)


def _shown(output: Mapping[str, Any], alt: str, language: str) -> Iterator[Block]:
    data = {kind: "".join(value) for kind, value in output["data"].items() if isinstance(value, (str, list))}
    if MIMETYPE in output["data"] or "application/vnd.jupyter.widget-view+json" in output["data"]:
        return  # recorded results have a table of their own; a slider does nothing on a page
    for kind in _IMAGES:
        if kind in data:
            width = output.get("metadata", {}).get(kind, {}).get("width")
            yield Block("figure", markup.data_uri(kind, data[kind]), alt, width)
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
    text = _ADDRESS.sub("", _ANSI.sub("", text)).strip("\n")
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}\n{WORDS[language]['shortened']}"


def shown(value: Any, words: Mapping[str, str] = WORDS["en"]) -> tuple[str, str]:
    """Write a recorded result for people: its text, and the file it links to if it is a table.

    Examples
    --------
    >>> shown(23570), shown(0.2426), shown({"$date": "1998-07-01"}), shown({"$float": "nan"})
    (('23,570', ''), ('0.2426', ''), ('1998-07-01', ''), ('—', ''))
    """
    if isinstance(value, dict) and "$table" in value:
        return f"{words['table']}, {value['rows']:,} {words['rows']}", value["$table"]
    return _said(value, words), ""


def _said(value: Any, words: Mapping[str, str]) -> str:  # noqa: PLR0911 - one line a type
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {"$date", "$datetime", "$float"}:
        value = next(iter(value.values()))
    if value is None or value == "nan":
        return "—"
    if isinstance(value, bool):
        return words["yes" if value else "no"]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 10 else f"{value:.4g}"  # noqa: PLR2004 - two or four digits do
    if isinstance(value, list):
        return ", ".join(_said(item, words) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_said(item, words)}" for key, item in value.items())
    return str(value)


def long_date(day: str, language: str) -> str:
    """Write a day in words.

    Examples
    --------
    >>> long_date("1998-07-01", "en"), long_date("1998-07-01", "it")
    ('1 July 1998', '1 luglio 1998')
    """
    date = dt.date.fromisoformat(day)
    return f"{date.day} {_MONTHS[language][date.month - 1]} {date.year}"
