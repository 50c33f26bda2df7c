"""`crmlib practice`: an exercise for who learns alone, with worked solutions and a shop that nobody is graded on."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from crmlib.errors import ExerciseError
from crmlib.files import json_text, write_whole
from crmlib.grading.authoring.editions import practice_notebook
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.marking.shops import make_variant
from crmlib.grading.spec.variants import seed_of

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.grading.spec.exercise import Exercise

__all__ = ["SHOP", "practice", "practice_seed"]

#: The folder of the shop: no known source has this name, so nothing can be opened in its place.
SHOP = "practice-shop"
_PUBLIC = b"practice"  # everybody's; a class's secret has 32 random bytes, so no graded shop follows from it


def practice(name: str | Path, out: Path) -> Path:
    """Write an exercise to practise: a notebook with worked solutions, a shop, and a page that says how to begin.

    Parameters
    ----------
    name
        The exercise's name, or its folder.
    out
        The folder to write to. A shop that is there already is kept.

    Returns
    -------
    Path
        The notebook.

    Raises
    ------
    ExerciseError
        There is no such exercise, or a notebook of that name is there already: somebody's work may be in it.
    """
    exercise = load_exercise(name)
    path = out / f"{exercise.name}.ipynb"
    if path.exists():
        raise ExerciseError(f"{path} is there already, and your work may be in it: name another folder with --out.")
    make_variant(exercise, out / SHOP, practice_seed(exercise))
    notebook = practice_notebook(exercise)
    _open_practice_shop(notebook)
    notebook["metadata"]["crmlib"] = {"exercise": exercise.name, "practice": True}
    about = {key: getattr(exercise, key) for key in ("title", "name", "notebook", "minutes")}
    begin = (files("crmlib.grading.authoring") / "template" / "practice.md").read_text(encoding="utf-8")
    write_whole(out / "README.md", begin.format(**about, shop=SHOP))
    write_whole(path, json_text(notebook))
    return path


def practice_seed(exercise: Exercise) -> int:
    """Give the seed of the shop to practise on, which everybody can compute.

    Parameters
    ----------
    exercise
        The exercise.

    Examples
    --------
    >>> practice_seed(load_exercise("03_rfm")) == practice_seed(load_exercise("04_cltv"))
    False
    """
    return seed_of(_PUBLIC, exercise.name, "practice")


def _open_practice_shop(notebook: dict[str, Any]) -> None:
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            given = f'source: str = "./{SHOP}"  # the shop to practise on\n'
            cell["source"] = [given if line.startswith("source") else line for line in cell["source"]]
