"""The cells of what a student sent: any notebook format, a script, a damaged file. Nothing in it is run.

Stored outputs, 100 MB of them or more, are skipped while reading: they never become objects.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MOST_BYTES", "Cell", "Sent", "read_sent"]

MOST_BYTES = 400_000_000
_MOST_CELLS = 2_000
_MOST_SOURCE = 1_000_000
_MOST_LENIENT = 64_000_000
_MOST_TRIES = 1_000  # at a damaged file; each looks at this many characters, so that no file takes hours
_LONGEST_TRY = 2_000_000
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CONFLICT = re.compile(rb"^(<<<<<<< |=======\r?$|>>>>>>> )", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A cell as it was sent, without its outputs.

    Attributes
    ----------
    kind
        ``code``, ``markdown`` or ``raw``.
    source
        Its text.
    id
        Its id, empty if it has none.
    metadata
        Its metadata, when they are a dict.
    """

    kind: str
    source: str
    id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """What could be read of a file.

    Attributes
    ----------
    cells
        In their order; none if nothing could be read.
    metadata
        The notebook's metadata.
    notes
        What was wrong with the file and what was done about it, in plain words for the student.
    """

    cells: tuple[Cell, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class _Notebook(msgspec.Struct):
    # Fields that are not named here are skipped as bytes; these stay bytes until one of them is looked at.
    cells: msgspec.Raw = msgspec.Raw(b"[]")
    worksheets: msgspec.Raw = msgspec.Raw(b"[]")
    metadata: msgspec.Raw = msgspec.Raw(b"{}")


class _Cell(msgspec.Struct):
    cell_type: Any = "code"
    source: Any = None
    input: Any = None  # formats 2 and 3
    id: Any = ""
    metadata: Any = None
    level: Any = 1


class _Worksheet(msgspec.Struct):
    cells: list[msgspec.Raw] = []


def read_sent(path: Path) -> Sent:
    r"""Read the cells of a file that a student sent.

    Parameters
    ----------
    path
        A notebook of any format from 2 to 4, or a percent script.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "cut.ipynb"
    >>> _ = path.write_text('{"cells": [{"cell_type": "code", "source": "x = 1"}, {"cell_type": "co')
    >>> sent = read_sent(path)
    >>> sent.cells[0].source, sent.notes[0][:29]
    ('x = 1', 'the file is damaged (no valid')
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            return Sent(notes=(f"the file takes {size / 1e6:,.0f} MB: clear the outputs, save and send it again",))
        content = path.read_bytes()
    except OSError as error:
        return Sent(notes=(f"the file cannot be read ({error.strerror})",))
    if not content.strip(b" \t\r\n\0"):
        return Sent(notes=("the file is empty: save the notebook and send it again",))
    content, notes = _as_utf8(content)
    if path.suffix.lower() == ".py":
        return _script(content, notes)
    try:
        return _notebook(content, notes)
    except (msgspec.MsgspecError, RecursionError):
        return _lenient(content, notes) or _damaged(content, notes)


def _as_utf8(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            text = content.decode(encoding, errors="replace")
            return text.encode("utf-8", errors="replace"), ()
    try:
        codecs.lookup("utf-8").decode(content, "strict")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        return text.encode("utf-8"), ("the file is not in UTF-8; accented letters may have changed",)
    return content, ()


def _notebook(content: bytes, notes: tuple[str, ...]) -> Sent:
    notebook = msgspec.json.decode(content, type=_Notebook)
    raw = msgspec.json.decode(notebook.cells, type=list[msgspec.Raw])
    for sheet in msgspec.json.decode(notebook.worksheets, type=list[_Worksheet]):
        raw += sheet.cells
        notes = ("the notebook is of an old format; it was converted", *(note for note in notes if "old" not in note))
    cells, more = _cells(raw)
    if not cells:
        more = (*more, "the file holds no cell: is it the notebook?")
    return Sent(cells, _dict(notebook.metadata), notes + more)


def _cells(raw: list[msgspec.Raw]) -> tuple[tuple[Cell, ...], tuple[str, ...]]:
    cells, notes = [], []
    for number, one in enumerate(raw[:_MOST_CELLS], start=1):
        try:
            cells.append(_cell(msgspec.json.decode(one, type=_Cell)))
        except (msgspec.MsgspecError, RecursionError, TypeError):
            notes.append(f"cell {number} of the file cannot be read; it was left out")
    if len(raw) > _MOST_CELLS:
        notes.append(f"the notebook has {len(raw):,} cells; those after the first {_MOST_CELLS:,} were left out")
    return tuple(cells), tuple(notes)


def _cell(read: _Cell) -> Cell:
    source = read.source if read.source is not None else read.input
    text = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
    kind = read.cell_type if read.cell_type in {"code", "markdown", "raw"} else "markdown"
    if read.cell_type == "heading":
        text = f"{'#' * (read.level if isinstance(read.level, int) and 1 <= read.level <= 6 else 1)} {text}"  # noqa: PLR2004
    metadata = read.metadata if isinstance(read.metadata, dict) else {}
    # a surrogate that has lost its other half is legal in JSON and nowhere else
    text = text[:_MOST_SOURCE].encode("utf-8", errors="replace").decode("utf-8")
    return Cell(kind, text, read.id if isinstance(read.id, str) else "", metadata)


def _dict(raw: msgspec.Raw) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _lenient(content: bytes, notes: tuple[str, ...]) -> Sent | None:
    """Read what Python's own reader takes for JSON: NaN in an output, a line break in a text."""
    if len(content) > _MOST_LENIENT:
        return None
    try:
        value = json.loads(content, strict=False)
        return _notebook(msgspec.json.encode(value), notes)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None


def _damaged(content: bytes, notes: tuple[str, ...]) -> Sent:
    """Read cell after cell for as long as they are whole."""
    why = "it holds the marks of a merge that was not finished" if _CONFLICT.search(content) else "no valid JSON"
    text = content.decode("utf-8", errors="replace")
    start = re.search(r'"cells"\s*:\s*\[', text)
    cells: list[Cell] = []
    decoder = json.JSONDecoder(strict=False)
    place = start.end() if start else len(text)
    for _ in range(_MOST_TRIES):
        opening = text.find("{", place)
        if opening < 0:
            break
        try:
            value, length = decoder.raw_decode(text[opening : opening + _LONGEST_TRY])
            place = opening + length
        except (ValueError, RecursionError):
            place = _next_cell(text, opening + 1)
            continue
        if isinstance(value, dict) and "cell_type" in value:
            value = {key: value.get(key) for key in ("cell_type", "source", "input", "id", "metadata")}
            cells.append(_cell(_Cell(**value)))
    said = f"the file is damaged ({why}); "
    said += f"{len(cells)} whole cells were read" if cells else "no cell could be read: save it anew and send it again"
    return Sent(tuple(cells), {}, (*notes, said))


def _next_cell(text: str, start: int) -> int:
    """Find where another cell may begin after a broken one; nbformat writes its keys in this order."""
    found = re.compile(r'\{\s*"(cell_type|attachments|execution_count)"\s*:').search(text, start)
    return found.start() if found else len(text)


def _script(content: bytes, notes: tuple[str, ...]) -> Sent:
    import jupytext

    try:
        notebook = jupytext.reads(content.decode("utf-8", errors="replace"), fmt="py:percent")
    except Exception as error:  # noqa: BLE001 - whatever jupytext makes of a file that is no script
        return Sent(notes=(f"the script cannot be read ({error}): send the notebook", *notes))
    cells = tuple(Cell(cell.cell_type, cell.source, "", dict(cell.metadata)) for cell in notebook.cells[:_MOST_CELLS])
    return Sent(cells, {}, ("a script was sent, not the notebook; its cells were read", *notes))
