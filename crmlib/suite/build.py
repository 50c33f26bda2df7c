"""`crmlib build`: percent sources to notebooks, the same bytes every time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlib.errors import CrmlibError, require_extra
from crmlib.files import json_text, write_whole
from crmlib.suite import anatomy
from crmlib.suite.shelf import notebooks_folder

if TYPE_CHECKING:
    from pathlib import Path

LANGUAGES = ("en", "it")
_MARKER = re.compile(r"# %%( |$)")
_KEPT_METADATA = ("tags", "mystnb")


@dataclass(frozen=True)
class Built:
    """What a build did, or would do.

    Attributes
    ----------
    current
        Notebooks that are as their source says.
    changed
        Notebooks that were written, or that differ from their source when only checking.
    stray
        Notebooks without a source.
    """

    current: list[Path]
    changed: list[Path]
    stray: list[Path]


def build(folder: Path | None = None, *, check: bool = False) -> Built:
    """Build every notebook from its source in ``src``.

    Parameters
    ----------
    folder
        The notebooks' folder; the suite's own by default.
    check
        Write nothing, only compare.

    Raises
    ------
    CrmlibError
        A source breaks a rule of the notebooks; the message names file, cell and line.
    """
    require_extra("grading", "Building notebooks from their sources", "jupytext")
    folder = notebooks_folder() if folder is None else folder
    sources = sorted((folder / "src").glob("*.py"))
    if not sources:
        raise CrmlibError(
            f"There are no sources in {folder / 'src'}: notebooks are built in a clone of the repository."
        )
    wanted: dict[Path, str] = {}
    wrong: list[str] = []
    for source in sources:
        cells, broken = read(source)
        wrong += broken
        for language in languages_of(cells):
            place = (
                folder / source.with_suffix(".ipynb").name
                if language == "en"
                else folder / language / f"{source.stem}.ipynb"
            )
            wanted[place] = notebook_text(cells, language)
    if wrong:
        raise CrmlibError("Notebooks that break the rules:\n" + "\n".join(dict.fromkeys(wrong)))
    changed = [path for path, text in wanted.items() if not path.is_file() or path.read_bytes() != text.encode()]
    if not check:
        for path in changed:
            write_whole(path, wanted[path])
    there = [*folder.glob("*.ipynb"), *(path for language in LANGUAGES for path in folder.glob(f"{language}/*.ipynb"))]
    return Built(
        current=[path for path in wanted if path not in changed],
        changed=changed,
        stray=sorted(path for path in there if path not in wanted),
    )


def read(source: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Read a percent source: its cells, each with the ``line`` it starts on, and what breaks the rules."""
    import jupytext

    text = source.read_text(encoding="utf-8")
    markers = [number for number, line in enumerate(text.splitlines(), 1) if _MARKER.match(line)]
    body = text[text.index("# %%") :] if markers else ""
    cells = [dict(cell) for cell in jupytext.reads(body, fmt="py:percent").cells] if body else []
    if len(cells) != len(markers):
        return [], [f"{source.name}: expected {len(markers)} cells, one for each '# %%', found {len(cells)}."]
    for cell, line in zip(cells, markers, strict=True):
        cell["line"] = line
    wrong = [
        f"{source.name}, cell {number}, line {cell['line']}: {message}"
        for number, cell in enumerate(cells, 1)
        if (message := _wrong_language(cell))
    ]
    for language in languages_of(cells):
        numbered = [
            (number, cell) for number, cell in enumerate(cells, 1) if cell["metadata"].get("lang", language) == language
        ]
        for problem in anatomy.problems([cell for _, cell in numbered]):
            number, cell = numbered[min(problem.cell, len(numbered)) - 1]
            wrong.append(f"{source.name}, cell {number}, line {cell['line'] + problem.line}: {problem.message}")
    return cells, wrong


def _wrong_language(cell: dict[str, Any]) -> str:
    language = cell["metadata"].get("lang")
    if language is not None and language not in LANGUAGES:
        return f"lang={language!r} is not a language of the suite: use one of {', '.join(LANGUAGES)}"
    if language is not None and cell["cell_type"] == "code":
        return "code is the same in every language: take `lang` off, and labels from crmlib.text"
    return ""


def languages_of(cells: list[dict[str, Any]]) -> list[str]:
    """Say in which languages a source is to be built: English, and each that has a cell of its own.

    Examples
    --------
    >>> languages_of([{"metadata": {}}, {"metadata": {"lang": "it"}}])
    ['en', 'it']
    """
    return [lang for lang in LANGUAGES if lang == "en" or any(cell["metadata"].get("lang") == lang for cell in cells)]


def notebook_text(cells: list[dict[str, Any]], language: str) -> str:
    """Write the notebook of one language: no outputs, no trace of when, where or by whom it was built."""
    chosen = [cell for cell in cells if cell["metadata"].get("lang", language) == language]
    return json_text(
        {
            "cells": [_cell(cell, position) for position, cell in enumerate(chosen, 1)],
            "metadata": {
                "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
                "language_info": {"name": "python"},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def _cell(cell: dict[str, Any], position: int) -> dict[str, Any]:
    kind = cell["cell_type"]
    built: dict[str, Any] = {
        "cell_type": kind,
        "id": f"{position:02d}-{kind}",
        "metadata": {key: cell["metadata"][key] for key in _KEPT_METADATA if key in cell["metadata"]},
        "source": cell["source"].splitlines(keepends=True),
    }
    return built | ({"execution_count": None, "outputs": []} if kind == "code" else {})
