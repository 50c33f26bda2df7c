"""A notebook that can be graded, out of the cells that a student sent and the notebook that was released."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rapidfuzz import fuzz

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmlib.grading.collecting.salvage import Cell, Sent

__all__ = ["Repaired", "on_the_given_shop", "repair"]

_ALIKE = 80  # of 100: how much of a given cell's text must be left for it to be that cell
_ANSWER = re.compile(r"""\b(?:answer|quiz)\(\s*["']([a-z][a-z0-9]*)["']""")


@dataclass(frozen=True)
class Repaired:
    """What is run.

    Attributes
    ----------
    notebook
        nbformat 4, without outputs, with the released kernel.
    notes
        What was mended, in plain words for the student.
    claim
        What the notebook says of its release (the entry ``crmlib`` of its metadata): anybody could have written it.
    given
        For each cell the id of the released cell that it is; empty for the student's own.
    """

    notebook: dict[str, Any]
    notes: tuple[str, ...]
    claim: Mapping[str, Any]
    given: tuple[str, ...] = ()


class _Placed(NamedTuple):
    """A cell, the place of the released cell that it is or stands behind, and the id of the one that it is."""

    place: int
    cell: dict[str, Any]
    given: str


def repair(sent: Sent, released: Mapping[str, Any]) -> Repaired:
    """Bring what was sent back into the shape of what was released, and lose nothing of the student's.

    Cells are known again by their ids, their tags, the answers they record, or their text. They go back into the
    released order, with the student's own cells behind the one they stood behind; given cells that are missing come
    back; a shop opened from the student's own disk becomes the given one.

    Parameters
    ----------
    sent
        From `salvage.read_sent`.
    released
        The student's edition, nbformat 4.
    """
    if not sent.cells:
        return Repaired(_notebook([]), sent.notes, {})
    given = released["cells"]
    places = _places(sent.cells, given)
    notes = [*sent.notes, *_noticed(sent.cells, places, given)]
    cells = [
        _Placed(behind, _student_cell(cell, place, given), given[place]["id"] if place >= 0 else "")
        for behind, cell, place in zip(_behind(places), sent.cells, places, strict=True)
    ]
    for place, cell in enumerate(given):
        if cell["cell_type"] == "code" and place not in places and _is_given(cell):
            cells.append(_Placed(place, _copy(cell), cell["id"]))
            notes.append(f"the given cell {_called(cell)} was missing; it was put back")
    cells = _with_one_start(sorted(cells, key=lambda one: one.place))
    if _open_the_given_shop([one.cell for one in cells]):
        notes.append("the shop was opened by a name or a path of its own; it was opened from `source` instead")
    language = sent.metadata.get("language_info")
    named = language.get("name", "python") if isinstance(language, dict) else "python"
    if str(named).lower() not in {"python", "ipython"}:
        notes.append("the notebook says that it is not in Python; it was run as Python")
    claim = sent.metadata.get("crmlib")
    return Repaired(
        _notebook([one.cell for one in cells]),
        tuple(dict.fromkeys(notes)),
        claim if isinstance(claim, dict) else {},
        tuple(one.given for one in cells),
    )


def _notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        "cells": [{**cell, "id": f"cell-{number:04d}"} for number, cell in enumerate(cells)],
    }


def _noticed(cells: Sequence[Cell], places: list[int], given: Sequence[Mapping[str, Any]]) -> list[str]:
    behind = [place for place, cell in zip(_behind(places), cells, strict=True) if cell.kind == "code"]
    notes = []
    if behind != sorted(behind):
        notes.append("cells stood in another order than in the released notebook; they were put back into it")
    twice = [given[place] for place in sorted(set(places)) if place >= 0 and places.count(place) > 1]
    notes += [
        f"the cell {_called(cell)} is there more than once; the last answer counts"
        for cell in twice
        if cell["cell_type"] == "code"
    ]
    return notes


def _with_one_start(cells: list[_Placed]) -> list[_Placed]:
    """Leave out what would set the parameters again: a second copy of their cell comes after grading's own values."""
    starts = [one for one in cells if _is_parameters(one.cell)]
    return [one for one in cells if one not in starts[1:]]


def _open_the_given_shop(cells: list[dict[str, Any]]) -> bool:
    mended = False
    for cell in cells:
        if cell["cell_type"] == "code" and not _is_parameters(cell):
            source = on_the_given_shop(cell["source"])
            mended = mended or source != cell["source"]
            cell["source"] = source
    return mended


def _places(cells: Sequence[Cell], given: Sequence[Mapping[str, Any]]) -> list[int]:
    """Find which released cell each cell is; -1 for the student's own."""
    by_grade = {_grade_id(cell["metadata"]): at for at, cell in enumerate(given) if _grade_id(cell["metadata"])}
    by_id = {cell["id"]: at for at, cell in enumerate(given) if cell.get("id")}
    by_text = {_squeezed(_text(cell)): at for at, cell in enumerate(given)}
    parameters = next((at for at, cell in enumerate(given) if _is_parameters(cell)), None)
    places = []
    for cell in cells:
        place = by_grade.get(_grade_id(cell.metadata), by_id.get(cell.id, -1))
        if place >= 0 and given[place]["cell_type"] != cell.kind:
            place = -1
        if place < 0:
            place = by_text.get(_squeezed(cell.source), -1)
        places.append(place)
    tagged = [at for at, cell in enumerate(cells) if cell.kind == "code" and "parameters" in _tags(cell.metadata)]
    if parameters is not None and parameters not in places and tagged and places[tagged[0]] < 0:
        places[tagged[0]] = parameters
    _by_answer(cells, given, places)
    _by_likeness(cells, given, places)
    return places


def _by_answer(cells: Sequence[Cell], given: Sequence[Mapping[str, Any]], places: list[int]) -> None:
    free: dict[str, int] = {}
    for at, released in enumerate(given):
        if at not in places and released["cell_type"] == "code":
            free |= dict.fromkeys(_ANSWER.findall(_text(released)), at)
    for at, cell in enumerate(cells):
        if places[at] < 0 and cell.kind == "code":
            places[at] = next((free[name] for name in _ANSWER.findall(cell.source) if name in free), -1)


def _by_likeness(cells: Sequence[Cell], given: Sequence[Mapping[str, Any]], places: list[int]) -> None:
    for place, released in enumerate(given):
        if place in places or released["cell_type"] != "code":
            continue
        text = _squeezed(_text(released))
        scores = [
            (fuzz.ratio(text, _squeezed(cell.source), score_cutoff=_ALIKE), -at)
            for at, cell in enumerate(cells)
            if places[at] < 0 and cell.kind == "code"
        ]
        if scores and max(scores)[0] >= _ALIKE:
            places[-max(scores)[1]] = place


def _behind(places: Sequence[int]) -> list[int]:
    """Give each cell the place of the released cell that it is, or that it stands behind."""
    behind, last = [], -1
    for place in places:
        last = place if place >= 0 else last
        behind.append(last)
    return behind


def _student_cell(cell: Cell, place: int, given: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if place >= 0:
        metadata = _copy(given[place])["metadata"]
    # papermill puts the hidden parameters behind the cell of this tag: only the released one may have it
    return _cell(cell.kind, cell.source, metadata)


def _cell(kind: str, source: str, metadata: dict[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "source": source, "metadata": metadata}
    return cell | {"outputs": [], "execution_count": None} if kind == "code" else cell


def _copy(cell: Mapping[str, Any]) -> dict[str, Any]:
    import copy

    return _cell(cell["cell_type"], _text(cell), copy.deepcopy(dict(cell["metadata"])))


def _text(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _tags(metadata: Mapping[str, Any]) -> list[Any]:
    tags = metadata.get("tags")
    return tags if isinstance(tags, list) else []


def _grade_id(metadata: Mapping[str, Any]) -> str:
    entry = metadata.get("nbgrader")
    name = entry.get("grade_id") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else ""


def _is_parameters(cell: Mapping[str, Any]) -> bool:
    return "parameters" in _tags(cell["metadata"])


def _is_given(cell: Mapping[str, Any]) -> bool:
    entry = cell["metadata"].get("nbgrader")
    return not (isinstance(entry, dict) and entry.get("solution"))


def _called(cell: Mapping[str, Any]) -> str:
    if _is_parameters(cell):
        return "of the parameters"
    answers = _ANSWER.findall(_text(cell))
    return f"of {answers[0]}" if answers else f"({next(iter(_text(cell).splitlines()), '')[:60]})"


def on_the_given_shop(source: str) -> str:
    r"""Make code open the shop that ``source`` names, where it has a name or a path of its own.

    Parameters
    ----------
    source
        A cell's code. What is no plain Python stays as it is.

    Examples
    --------
    >>> print(on_the_given_shop('source = "C:/me/shop"\nshop = open_shop("C:/me/shop", as_of=as_of)'))
    source = source
    shop = open_shop(source, as_of=as_of)
    """
    if "source" not in source and "open_shop" not in source:
        return source
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    spots = [*_assigned(tree.body), *_opened(tree)]
    # the parser's lines end here and nowhere else, whatever else str.splitlines would take for an end
    lines = [line.encode() for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", source)]
    for spot in sorted(spots, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        if spot.lineno == spot.end_lineno and spot.end_col_offset is not None:
            line = lines[spot.lineno - 1]
            lines[spot.lineno - 1] = line[: spot.col_offset] + b"source" + line[spot.end_col_offset :]
    return b"".join(lines).decode()


def _assigned(body: Iterable[ast.stmt]) -> Iterable[ast.expr]:
    for statement in body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        named = len(targets) == 1 and isinstance(targets[0], ast.Name) and targets[0].id == "source"
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and named and isinstance(value, ast.Constant):
            yield value


def _opened(tree: ast.AST) -> Iterable[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "open_shop" and isinstance(node.args[0].value, str):
                yield node.args[0]
