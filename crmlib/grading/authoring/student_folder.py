"""A student's folder: the notebook, the shop beside it, and how to begin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crmlib.files import json_text, write_whole
from crmlib.grading.authoring.editions import student_notebook
from crmlib.grading.authoring.handout import FIRST_CELL, Handout, first_cell, write_handout
from crmlib.grading.marking.shops import make_variant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crmlib.grading.spec.exercise import Exercise

__all__ = ["SHOP", "on_own_shop", "write_student"]

#: The folder of the shop.
SHOP = "shop"
_SOURCE = re.compile(r"""(?m)^source(\s*:\s*str)?\s*=\s*(["']).*?\2""")


def write_student(
    exercise: Exercise, folder: Path, *, seed: int, handout: Handout, claim: Mapping[str, str] | None = None
) -> None:
    """Write all that a student gets.

    Parameters
    ----------
    exercise
        The exercise.
    folder
        Where to; a shop that is there is kept.
    seed
        Of the shop.
    handout
        What the class installs.
    claim
        What the notebook says of its release, such as ``student`` and ``seal``.
    """
    make_variant(exercise, folder / SHOP, seed)
    notebook = student_notebook(exercise)
    on_own_shop(notebook)
    for cell in notebook["cells"]:
        if cell["id"] == FIRST_CELL:
            cell["source"] = first_cell(handout).splitlines(keepends=True)
    notebook["metadata"]["crmlib"] = {"exercise": exercise.name, **(claim or {})}
    write_whole(folder / f"{exercise.name}.ipynb", json_text(notebook))
    write_handout(exercise, handout, folder)


def on_own_shop(notebook: dict[str, Any]) -> None:
    """Let a notebook open the shop beside it.

    Parameters
    ----------
    notebook
        An edition; its parameters are changed.
    """
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            text = _SOURCE.sub(lambda found: f'source{found[1] or ""} = "./{SHOP}"', "".join(cell["source"]))
            cell["source"] = text.splitlines(keepends=True)
