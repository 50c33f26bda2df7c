"""The command of who learns alone: ``crmlib practice``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from crmlib.commands import completion
from crmlib.commands.folders import OutFolder, check_out

__all__ = ["practice"]

_SHOP = "practice-shop"  # by it the command knows a folder of its own


@click.command()
@click.argument("name", shell_complete=completion.exercises)
@click.option(
    "--out",
    "-o",
    type=OutFolder(_SHOP),
    help="Folder to write to.  [default: practice/NAME]",
)
def practice(name: str, out: Path | None) -> None:
    """Practise an exercise on your own: a notebook with worked solutions, and a shop to work on.

    Read the notebook of the same number first. Then work through the exercise: each cell that is yours says what it
    wants, check(...) looks at your answer, hints and a worked solution are folded away below each question, and a quiz
    explains itself once you have chosen. Nothing is handed in, and no class is graded on this shop.

    NAME is an exercise (`crmlib exercise list`), by its name, its number or its folder. They come with a clone of the
    repository. A notebook that is there already is never overwritten: your work is in it.

    \b
    Examples
      crmlib practice 03_rfm
      crmlib practice rfm --out again
      jupyter lab practice/03_rfm/03_rfm.ipynb
    """
    from crmlib.grading.authoring.practice import practice as write_practice
    from crmlib.grading.kinds.own import load_exercise

    exercise = load_exercise(Path(name) if os.sep in name else name)
    if out is None:
        out = Path("practice") / exercise.name
        check_out(out, (_SHOP,))
    path = write_practice(exercise.folder, out)
    click.echo(f"Wrote {path}, its shop and a README beside it. Begin: jupyter lab {path}")
