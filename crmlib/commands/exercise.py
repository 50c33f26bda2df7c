"""The commands of an author: ``crmlib exercise new``, ``crmlib exercise list``, ``crmlib exercise validate``."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

import click

from crmlib.errors import ExerciseError

__all__ = ["exercise"]

_FILES = {"exercise.toml": "exercise.toml", "exercise.py": "exercise.py.txt", "README.md": "README.md"}


@click.group()
def exercise() -> None:
    """Write exercises, and find out whether they do what you think.

    \b
    Examples
      crmlib exercise list
      crmlib exercise new 07_campaigns
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
    help="The folder that the exercise's folder is made in.  [default: exercises/ of the clone]",
)
def new(name: str, place: Path | None) -> None:
    """Start an exercise: a folder with a small one that validates, for you to change.

    \b
    Examples
      crmlib exercise new 07_campaigns
      crmlib exercise new my_quiz --in my-exercises
    """
    from crmlib.grading.spec.exercise import exercises_folder

    if not name.replace("_", "").isalnum() or not name.isascii():
        raise ExerciseError(f"{name!r} cannot name an exercise: use letters, digits and '_', such as 07_campaigns.")
    folder = (place or exercises_folder()) / name
    if folder.exists():
        raise ExerciseError(f"{folder} is there already: choose another name, or change what is there.")
    folder.mkdir(parents=True)
    for target, origin in _FILES.items():
        text = (files("crmlib.grading.authoring") / "template" / origin).read_text(encoding="utf-8")
        (folder / target).write_text(text.replace("NAME", name), encoding="utf-8")
    click.echo(f"Wrote {', '.join(_FILES)} to {folder}.")
    click.echo(f"Change them, then: crmlib exercise validate {name if place is None else folder}")


@exercise.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--shops", type=click.IntRange(1, 3), default=3, show_default=True, help="How many shops to run on.")
@click.option(
    "--sandbox",
    type=click.Choice(["zygote", "bwrap", "none"]),
    help="What it runs in; all of it is yours.  [default: zygote where bubblewrap works, else none]",
)
def validate(names: tuple[str, ...], shops: int, sandbox: str | None) -> None:
    """Run solution, stub and common mistakes on shops of three seeds, and hold them to exercise.toml.

    The solution gets full marks, the stub none, each mistake what it should; the student's edition holds no solution
    text; points and goals add up. Exits with status 1 if something is wrong.

    \b
    Examples
      crmlib exercise validate 03_rfm
      crmlib exercise validate my-exercises/my_quiz --shops 1
    """
    from rich.console import Console

    from crmlib.grading.authoring.validate import validate as run_validation
    from crmlib.grading.kinds.own import load_exercise

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
        for problem in found.problems:
            click.secho(f"{loaded.name}: WRONG: {problem}", fg="red" if sys.stdout.isatty() else None)
        click.echo(f"{loaded.name} " + (f"has {len(found.problems)} problems." if found.problems else "is valid."))
        wrong = wrong or bool(found.problems)
    sys.exit(int(wrong))
