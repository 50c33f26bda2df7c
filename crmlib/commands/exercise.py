"""The commands of an author: ``crmlib exercise new``, ``list``, ``preview`` and ``validate``."""

from __future__ import annotations

import shutil
import sys
from importlib.resources import files
from pathlib import Path

import click

from crmlib.commands import completion
from crmlib.commands.folders import OutFolder
from crmlib.errors import ExerciseError

__all__ = ["exercise"]

_PREVIEW = ".crmlib-preview"
_PREVIEW_SEED = 20_261_104
_FILES = {"exercise.toml": "exercise.toml", "exercise.py": "exercise.py.txt", "README.md": "README.md"}


@click.group()
def exercise() -> None:
    """Write exercises, and find out whether they do what you think.

    \b
    Examples
      crmlib exercise list
      crmlib exercise new 07_campaigns
      crmlib exercise preview 07_campaigns --out preview
      crmlib exercise validate 03_rfm
    """


@exercise.command(name="list")
def list_() -> None:
    """List the exercises.

    \b
    Example
      crmlib exercise list
    """
    from rich.console import Console
    from rich.table import Table

    from crmlib.grading.kinds.own import load_exercise
    from crmlib.grading.spec.exercise import exercise_names

    names = exercise_names()
    if not names:
        raise ExerciseError(
            "The exercises stand in crmlib's repository, not in the installed package: clone it, and list them there."
        )
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("Exercise", no_wrap=True, min_width=max(map(len, names)))  # a name is never cut: it is typed
    table.add_column("Title", overflow="fold")
    for heading in ("Questions", "Points", "Minutes"):
        table.add_column(heading, justify="right")
    for name in names:
        one = load_exercise(name)
        table.add_row(name, one.title, str(len(one.questions)), f"{one.points:g}", str(one.minutes))
    Console().print(table, highlight=False)


@exercise.command()
@click.argument("name")
@click.option(
    "--in",
    "place",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that the exercise's folder is made in.  [default: the working folder; in a clone exercises/]",
)
@click.option(
    "--from", "origin", metavar="NAME", shell_complete=completion.exercises, help="Copy this exercise, to change it."
)
def new(name: str, place: Path | None, origin: str | None) -> None:
    """Start an exercise: a folder with a small one that validates, or a copy of another, for you to change.

    The suite's exercises are public, solutions and all. Copy one into a folder of your own and change what it asks
    before you give marks for it.

    \b
    Examples
      crmlib exercise new 07_campaigns
      crmlib exercise new my_quiz --in my-exercises
      crmlib exercise new my_rfm --from 03_rfm --in my-exercises
    """
    from crmlib.grading.kinds.own import load_exercise
    from crmlib.grading.spec.exercise import exercises_folder

    if not name.replace("_", "").isalnum() or not name.isascii():
        raise ExerciseError(f"{name!r} cannot name an exercise: use letters, digits and '_', such as 07_campaigns.")
    here = Path.cwd()
    if place is None and here.is_relative_to(exercises_folder().parent):
        place = exercises_folder()
    folder = (place or here) / name
    if folder.exists():
        raise ExerciseError(f"{folder} is there already: choose another name, or change what is there.")
    copied = load_exercise(origin) if origin else None
    folder.mkdir(parents=True)
    if copied is None:
        template = files("crmlib.grading.authoring") / "template"
        texts = {name_: (template / file).read_text(encoding="utf-8") for name_, file in _FILES.items()}
        texts = {file: text.replace("NAME", name) for file, text in texts.items()}
    else:
        there = [copied.folder / file for file in (*_FILES, copied.kinds) if file]
        texts = {path.name: path.read_text(encoding="utf-8") for path in there if path.is_file()}
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    click.echo(f"Wrote {folder}: {', '.join(texts)}.")
    click.echo(f"Change them, then: crmlib exercise validate {folder}")


@exercise.command()
@click.argument("name", shell_complete=completion.exercises)
@click.option("--out", "-o", type=OutFolder(_PREVIEW), required=True, help="Folder to write to, anew each time.")
@click.option("--language", type=click.Choice(["en", "it"]), default="en", show_default=True, help="Of the README.")
def preview(name: str, out: Path, language: str) -> None:
    """Write what a student would get, without a class and without a secret.

    \b
    Example
      crmlib exercise preview my-exercises/my_rfm --out preview
    """
    from crmlib.grading.authoring.handout import Handout
    from crmlib.grading.authoring.student_folder import SHOP, write_student
    from crmlib.grading.kinds.own import load_exercise

    loaded = load_exercise(name)
    out.mkdir(parents=True, exist_ok=True)
    (out / _PREVIEW).touch()
    shutil.rmtree(out / SHOP, ignore_errors=True)  # the author may have changed its plan
    handout = Handout(language=language)  # type: ignore[arg-type] # click has checked it
    write_student(loaded, out, seed=_PREVIEW_SEED, handout=handout)
    click.echo(f"Wrote {out / loaded.name}.ipynb as a student would get it. Look: jupyter lab {out}")


@exercise.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=completion.exercises)
@click.option("--shops", type=click.IntRange(1, 3), default=3, show_default=True, help="How many shops to run on.")
@click.option(
    "--sandbox",
    type=click.Choice(["zygote", "bwrap", "none"]),
    help="What it runs in; all of it is yours.  [default: zygote where bubblewrap works, else none]",
)
def validate(names: tuple[str, ...], shops: int, sandbox: str | None) -> None:
    """Run solution, stub and common mistakes on shops of three seeds, and hold them to exercise.toml.

    The solution gets full marks, the stub none, each mistake what it should; the student's edition holds no solution
    text; points add up. Exits with status 1 if something is wrong. Advice is a matter of style: it marks rightly.

    \b
    Examples
      crmlib exercise validate 03_rfm
      crmlib exercise validate my-exercises/my_quiz --shops 1
    """
    from rich.console import Console

    from crmlib.grading.authoring.validate import validate as run_validation
    from crmlib.grading.kinds.own import load_exercise
    from crmlib.words import counted

    console, wrong = Console(), False
    for name in names:
        loaded = load_exercise(name)
        with console.status("") as status:
            found = run_validation(
                loaded,
                shops=shops,
                sandbox=sandbox,  # type: ignore[arg-type] # click has checked it
                on_run=lambda label, name=loaded.name, status=status: status.update(f"{name}: {label}"),  # type: ignore[misc]
            )
        for what, earned in found.earned.items():
            click.echo(f"{loaded.name}: {what}: {earned}")
        for advice in found.advice:
            click.echo(f"{loaded.name}: advice: {advice}")
        for problem in found.problems:
            click.secho(f"{loaded.name}: WRONG: {problem}", fg="red" if sys.stdout.isatty() else None)
        click.echo(
            f"{loaded.name} " + (f"has {counted(len(found.problems), 'problem')}." if found.problems else "is valid.")
        )
        wrong = wrong or bool(found.problems)
    sys.exit(int(wrong))
