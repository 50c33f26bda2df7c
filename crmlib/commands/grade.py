"""The commands of an instructor: ``crmlib release``, ``crmlib grade``, ``crmlib grade review``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmlib.commands import completion
from crmlib.commands.folders import OutFolder
from crmlib.errors import GradingError

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["grade", "release"]

_SANDBOX = click.option(
    "--sandbox",
    type=click.Choice(["zygote", "bwrap", "none"]),
    default="zygote",
    show_default=True,
    help="What submissions run in; none is for those that you trust, and the gradebook says so.",
)
_JOBS = click.option(
    "--jobs", "-j", type=click.IntRange(min=1), help="How many at once.  [default: as many as processors]"
)
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("name", shell_complete=completion.exercises)
@click.option("--out", "-o", type=OutFolder("instructor", "students"), required=True, help="Folder to write to.")
@click.option(
    "--roster", type=_FILE, help="The class, as CSV: student_id, and name, email, section, moodle_id, canvas_id."
)
@click.option("--deadline", metavar="TIME", help="Such as 2026-12-01T23:59+01:00; rules.toml can change it later.")
@click.option(
    "--package",
    default="",
    metavar="WHAT",
    help="What the class installs: a wheel of crmlib, which goes into each archive, or crmlib==VERSION.",
)
@click.option(
    "--language", type=click.Choice(["en", "it"]), default="en", show_default=True, help="Language of the README."
)
@_JOBS
@_SANDBOX
def release(name: str, out: Path, roster: Path | None, deadline: str | None, **options: Any) -> None:
    """Release an exercise to a class: a notebook and a shop of their own for each student.

    OUT/students is for handing out: a folder and a zip archive a student. OUT/instructor stays with you: the secret,
    the rules (deadline, lateness, extensions), and the notebook with solutions.

    \b
    Examples
      crmlib release 03_rfm --out week-3 --roster roster.csv --deadline 2026-12-01T23:59+01:00
      crmlib release rfm --out week-3 --package crmlib-0.1.0-py3-none-any.whl --language it
    """
    from crmlib.grading.authoring.release import release as release_exercise

    done = release_exercise(name, out, roster=roster, deadline=_moment(deadline), **options)
    click.echo(f"Hand out: {_seen(done.students)} ({done.count} student{'s' * (done.count != 1)}, a zip archive each)")
    click.echo(f"Keep to yourself: {_seen(done.instructor)} (secret, rules, solutions)")


class _Grade(click.Group):
    """A group whose first word may be a folder: then it grades."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["submissions", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Grade, subcommand_metavar="SUBMISSIONS --exercise NAME --out DIR [OPTIONS] | review OUT [OPTIONS]")
def grade() -> None:
    """Grade a class's submissions, each in a sandbox, on shops that nobody has seen.

    `crmlib grade submissions --help` lists the options, `crmlib grade review --help` those of the marks that a person
    decides.

    \b
    Examples
      crmlib grade handed-in --exercise 03_rfm --out marks --release week-3/instructor
      crmlib grade moodle.zip --exercise 03_rfm --out marks --roster roster.csv --jobs 2
      crmlib grade handed-in --exercise 03_rfm --out marks --release week-3/instructor --resume
      crmlib grade review marks --take marks/review/review.csv --who ada
    """


@grade.command(name="submissions")
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--exercise", "-e", required=True, help="Its name, such as 03_rfm, or its folder.")
@click.option("--out", "-o", type=OutFolder("gradebook.sqlite", ".state"), required=True, help="Folder to write to.")
@click.option("--release", type=_FOLDER, help="The folder `instructor` of the release: its secret, rules and roster.")
@click.option("--roster", type=_FILE, help="The class, as CSV.  [default: that of the release]")
@click.option("--times", type=_FILE, help="When submissions came: Moodle's grading worksheet, or a CSV of your own.")
@_JOBS
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, such as tcp://10.0.0.1:8786, to grade on.")
@click.option("--resume", is_flag=True, help="Keep what an earlier run has graded and what has not changed since.")
@_SANDBOX
def submissions_(submissions: Path, **options: Any) -> None:
    """Grade the submissions in a folder or a zip archive.

    OUT then holds exports/ (marks.csv, questions.csv, moodle.csv, canvas.csv), feedback/ (a page a student), review/
    (what a person must decide), similarity.csv, nbgrader/ and gradebook.sqlite. The status is 1 when a submission could
    not be run, or is nobody's in the roster.
    """
    from rich.console import Console

    from crmlib.grading.results.grade import GRADEBOOK
    from crmlib.grading.results.grade import grade as grade_class

    console = Console()
    try:
        outcome = grade_class(submissions, console=console, **options)
    except KeyboardInterrupt:
        console.print("Stopped. The same command with --resume goes on from here.", highlight=False)
        sys.exit(130)
    _show(outcome.folder / GRADEBOOK, outcome.exercise, console)
    for student, reason in outcome.failed.items():
        click.echo(f"{student} could not be run: {reason}")
    for student, where in outcome.unknown.items():
        click.echo(
            f"{student} is not in the roster: {where}. Name the file or its folder after the student, and grade again."
        )
    if outcome.withdrawn:
        click.echo(f"No longer among the submissions, and taken out: {', '.join(outcome.withdrawn)}")
    click.echo(f"Marks: {_seen(outcome.folder / 'exports')}; feedback: {_seen(outcome.folder / 'feedback')}")
    if outcome.waiting:
        many = f"{outcome.waiting} student{'s' * (outcome.waiting != 1)}"
        click.echo(
            f"Not final: {many} with answers still to be read; their grades in moodle.csv and canvas.csv are empty"
        )
    click.echo(f"To decide by a person: {_seen(outcome.folder / 'review')}")
    sys.exit(1 if outcome.failed or outcome.unknown else 0)


@grade.command()
@click.argument("out", type=_FOLDER)
@click.option("--exercise", "-e", help="Its name or folder.  [default: the only one of the gradebook]")
@click.option("--take", "taken", type=_FILE, help="Enter the marks of a review.csv or review.ipynb that you filled in.")
@click.option("--who", help="Who decided; the gradebook keeps it.  [default: your name on this machine]")
def review(out: Path, exercise: str | None, taken: Path | None, who: str | None) -> None:
    """List what a person must decide, or take the decisions back.

    Without --take it writes OUT/review/review.csv and review.ipynb anew: written answers, figures, answers that changed
    after a person marked them, suspicions. Fill in either, and give it back with --take; what you have filled in and
    not given back stays in it. Feedback and files of marks are written anew. In the column points: a number, or
    retract, excused, settled. OUT/decisions.csv keeps every decision, and can be taken as well.

    \b
    Examples
      crmlib grade review marks
      crmlib grade review marks --take marks/review/review.csv --who ada
    """
    import datetime as dt
    import getpass

    from crmlib.grading.results.finish import publish
    from crmlib.grading.results.grade import GRADEBOOK, graded_exercise
    from crmlib.grading.results.gradebook import Gradebook
    from crmlib.grading.results.review import enter, take
    from crmlib.suite.state import only_run_in

    if not (out / GRADEBOOK).is_file():
        raise GradingError(f"There is no gradebook in {out}: give the folder that `crmlib grade` wrote to.")
    out.chmod(0o700)
    with only_run_in(out), Gradebook(out / GRADEBOOK) as book:
        names = [row["exercise"] for row in book.rows("select exercise from exercises order by 1")]
        if exercise is None and len(names) != 1:
            raise GradingError(f"The gradebook has {', '.join(names) or 'no exercise'}: say which with --exercise.")
        asked, note = graded_exercise(book, exercise or names[0])
        if note:
            click.echo(f"Note: {note}")
        if taken is not None:
            count = enter(book, asked.name, take(taken), who=who or getpass.getuser(), now=dt.datetime.now(dt.UTC))
            click.echo(f"{count} mark{'s' * (count != 1)} entered.")
            stale = "select student_id, question from final_marks where stale and open and exercise = ?"
            for row in book.rows(stale, (asked.name,)):
                which = f"{row['student_id']}, {row['question']}"
                click.echo(f"{which}: the answer has changed since it was marked; it is open again.")
        publish(book, asked, out.resolve())
        left = book.rows("select count(*) as n from final_marks where open and exercise = ?", (asked.name,))[0]["n"]
    click.echo(f"{left} mark{'s' * (left != 1)} left to decide: {_seen(out / 'review')}")


def _show(gradebook: Path, exercise: str, console: Any) -> None:
    from rich.markup import escape
    from rich.table import Table

    from crmlib.grading.results.finish import summary
    from crmlib.grading.results.gradebook import Gradebook

    with Gradebook(gradebook) as book:
        results = book.results(exercise)
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading, side in (
        ("Student", "left"),
        ("Points", "right"),
        ("Late", "right"),
        ("To decide", "right"),
        ("", "left"),
    ):
        table.add_column(heading, justify=side)  # type: ignore[arg-type] # rich's literals
    for one in results:
        late = f"{one.late_days} d" if one.late_days else ""
        status = {"finished": "", "error": "not finished"}.get(one.status, one.status)
        points = "excused" if one.points is None else f"{one.points:g} of {one.out_of:g}"
        table.add_row(escape(f"{one.student_id} {one.name}".strip()), points, late, str(one.open or ""), status)
    console.print(table, highlight=False)
    console.print(summary(results), highlight=False)


def _moment(text: str | None) -> dt.datetime | None:
    import datetime as dt

    if text is None:
        return None
    try:
        if len(text) == len("2026-12-01"):  # a day is over at its end
            return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(23, 59, 59))
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise GradingError(f"--deadline {text}: write it as 2026-12-01T23:59+01:00.") from None


def _seen(path: Path) -> Path:
    path = path.resolve()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
