"""The command ``crmlib``.

What is heavy is imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from crmlib.commands import completion
from crmlib.commands.advice import as_in_toml
from crmlib.commands.data import data
from crmlib.commands.disks import disk_trouble
from crmlib.commands.exercise import exercise
from crmlib.commands.folders import OutFolder
from crmlib.commands.grade import grade, release
from crmlib.commands.memory import size_of_memory
from crmlib.commands.practice import practice
from crmlib.commands.preset import preset_option
from crmlib.commands.queue import queue
from crmlib.commands.score import score, top
from crmlib.commands.shape import shaped
from crmlib.errors import CrmlibError, RunError
from crmlib.suite import DEFAULT_SOURCE
from crmlib.suite.state import STATE_FOLDER
from crmlib.version import __version__
from crmlib.words import advising, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

    from crmlib.suite.report import Form
    from crmlib.suite.run import Outcome

_WIDE = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Errors(click.Group):
    """Shows what crmlib raises on purpose as a message, without the traceback that only its authors need."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:  # who types the name alone asks for help
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with advising(as_in_toml):
                return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError as error:  # of a group of commands
            click.echo(error.ctx.get_help() if error.ctx else "")
            ctx.exit()
        except CrmlibError as error:
            self._end(ctx, as_in_toml(str(error)))
        except Exception as error:
            if text := disk_trouble(error):
                self._end(ctx, text)
            raise

    @staticmethod
    def _end(ctx: click.Context, text: str) -> NoReturn:
        click.secho(f"Error: {text}", err=True, fg="red" if sys.stderr.isatty() else None)
        ctx.exit(2)


@click.group(cls=_Errors, context_settings=_WIDE)
@click.version_option(__version__, prog_name="crmlib")
def main() -> None:
    """CRM analytics for e-commerce: notebooks to learn from, and to run on your own orders.

    \b
    Examples
      crmlib run                           all notebooks on an example shop, and one HTML report
      crmlib run --source my_orders.csv    the same on your own orders
      crmlib score my.csv --out list.csv   one row per customer, with scores
      crmlib top my-shop                   whom to call, and why
      crmlib lab                           open the notebooks in JupyterLab
      crmlib data list                     the shops that come with crmlib
    """


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with status 1 if a notebook differs from its source.")
def build(*, check: bool) -> None:
    """Build the notebooks from their sources in notebooks/src (for authors, in a clone).

    Says which cell breaks the rules of a notebook: at most 50 cells, one cell of parameters, code cells of at most
    15 lines, a text for every figure, nothing fetched, no warning silenced.

    \b
    Examples
      crmlib build                         write notebooks/*.ipynb, and notebooks/it/*.ipynb
      crmlib build --check                 for CI: do notebooks and sources agree?
    """
    from crmlib.suite.build import build as build_notebooks
    from crmlib.suite.shelf import notebooks_folder

    built = build_notebooks(check=check)
    folder = notebooks_folder()
    for path in built.changed:
        click.echo(f"{path.relative_to(folder)} {'differs from its source' if check else 'written'}")
    for path in built.stray:
        click.echo(f"{path.relative_to(folder)} has no source in src: remove it, or add its source")
    if check and (built.changed or built.stray):
        click.echo("Run `crmlib build` and commit what it writes.")
        sys.exit(1)
    if not (built.changed or built.stray):
        click.echo(f"All {len(built.current)} notebooks are as their sources say.")


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=completion.notebooks)
@click.option(
    "--source",
    "-s",
    default=DEFAULT_SOURCE,
    show_default=True,
    help="A known source (`crmlib data list`), a file or glob, a database's URL, or a shop.toml.",
    shell_complete=completion.sources,
)
@click.option(
    "--policy",
    metavar="NAME",
    help="The business's definitions: a preset, or a .toml file.  [default: those of the shop]",
    shell_complete=completion.policies,
)
@click.option(
    "--as-of",
    metavar="DATE",
    help="Look at the shop as of this day, such as 1998-07-01.  [default: the day after the last order]",
)
@click.option(
    "--parameter",
    "-p",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter of the notebooks; may be repeated.",
    shell_complete=completion.parameters,
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    help="Notebooks to run at once.  [default: as many as processors; on spark://, 1]",
)
@click.option(
    "--out",
    "-o",
    type=OutFolder("results.json", STATE_FOLDER),
    help="Folder to write to.  [default: runs/<source>-<as of>]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Run only what an earlier run to the same folder left undone, or what has changed since.",
)
@click.option(
    "--memory",
    metavar="SIZE",
    callback=size_of_memory,
    help="What each notebook's queries may use before they spill to disk, such as 4GB.  [default: 4GB]",
)
@click.option("--fast", is_flag=True, help="Ask the notebooks to compute less (fewer resamples, smaller samples).")
@click.option(
    "--language",
    type=click.Choice(["en", "it"]),
    default="en",
    show_default=True,
    help="Language of labels, and of the text where a notebook has an edition.",
)
@click.option(
    "--brief",
    "form",
    flag_value="brief",
    help="Write the report for the business alone: decisions and key figures, no code and no course; one file.",
)
@click.option("--single-file", "form", flag_value="single", help="Write the whole report as one file, for a mail.")
@click.option("--open", "is_to_open", is_flag=True, help="Open the report in the browser when it is written.")
@preset_option
def run(
    names: tuple[str, ...],
    given: tuple[str, ...],
    *,
    form: Form | None,
    is_to_open: bool,
    **options: Any,
) -> None:
    """Run the notebooks on a shop's orders, and write an HTML report.

    NAME is a notebook: 03_rfm, 03, rfm, or the path of an .ipynb file; none means all of them. The folder then holds
    the executed notebooks, index.html (the report's front page) with a page for each notebook, results.json and
    tables/ (what the notebooks recorded, as CSV and Parquet).

    \b
    Examples
      crmlib run                                       all notebooks on the default source
      crmlib run rfm cltv --source my_orders.csv       two of them on your own orders
      crmlib run 03 --source cdnow --as-of 1998-01-01  as the shop stood on that day
      crmlib run --resume                              go on where a run was stopped
      crmlib run --source my_orders.csv --brief        a report for the business alone
      crmlib run --policy texts --open                 by another policy, and look at the report
    """
    from rich.console import Console

    from crmlib.suite.run import run as run_notebooks

    console = Console()
    try:
        outcome = run_notebooks(names, asked=_pairs(given), form=form or "pages", console=console, **options)
    except KeyboardInterrupt:
        console.print("Stopped. `crmlib run --resume` with the same options goes on from here.", highlight=False)
        sys.exit(130)
    if is_to_open and not webbrowser.open(outcome.report.resolve().as_uri()):
        console.print("No browser could be opened: open the report yourself.", highlight=False)
    _conclude(outcome, console)


@main.command()
@click.argument("name", shell_complete=completion.notebooks)
@click.option(
    "--parameter",
    "-p",
    "given",
    multiple=True,
    required=True,
    metavar="NAME=VALUES",
    help="The values of a parameter: a,b,c or 1..5; may be repeated, then every combination is run.",
    shell_complete=completion.parameters,
)
@click.option("--source", "-s", default=DEFAULT_SOURCE, show_default=True, help="As for `crmlib run`.",
              shell_complete=completion.sources)  # fmt: skip
@click.option("--as-of", metavar="DATE", help="Look at the shop as of this day.")
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    help="Notebooks to run at once.  [default: as many as processors; on spark://, 1]",
)
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, such as tcp://10.0.0.1:8786, to run them on.")
@click.option(
    "--out",
    "-o",
    type=OutFolder("sweep.csv", STATE_FOLDER),
    help="Folder to write to.  [default: runs/sweep-<notebook>-<source>-<as of>]",
)
@click.option("--fast", is_flag=True, help="Ask the notebook to compute less.")
@click.option(
    "--language", type=click.Choice(["en", "it"]), default="en", show_default=True, help="Language of labels."
)
@preset_option
def sweep(name: str, given: tuple[str, ...], **options: Any) -> None:
    """Run one notebook for every combination of parameters, and gather what it recorded.

    The folder then holds a folder for each combination, sweep.csv and sweep.parquet (one row a combination), and
    index.html. A sweep that was stopped goes on with the same command: what is done is kept.

    With --scheduler, notebooks run on a Dask cluster, whose workers must have crmlib and see the same folders.

    \b
    Examples
      crmlib sweep model_lab -p model=bgnbd,pareto -p seed=1..5
      crmlib sweep cltv -p margin=0.2,0.3,0.4 --source my_orders.csv --jobs 2
      crmlib sweep model_lab -p seed=1..50 --scheduler tcp://10.0.0.1:8786
    """
    from rich.console import Console

    from crmlib.suite.sweep import sweep as run_sweep

    console = Console()
    try:
        outcome = run_sweep(name, _pairs(given), console=console, **options)
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on from here.", highlight=False)
        sys.exit(130)
    for point, failure in outcome.failures.items():
        console.print(f"{point} failed in {failure}", style="bold red", highlight=False, markup=False, soft_wrap=True)
    for path in (outcome.table, outcome.report):
        console.print(str(_seen_from_here(path)), highlight=False, markup=False, soft_wrap=True)
    sys.exit(1 if outcome.failures else 0)


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """Read parameters; one that is set twice is refused: nobody knows which was meant."""
    pairs: dict[str, str] = {}
    for name, value in map(_pair, texts):
        if name in pairs:
            raise RunError(f"-p {name} is given twice: {pairs[name]} and {value}. Give it once.")
        pairs[name] = value
    return pairs


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise RunError(f"-p {text}: write it as -p name=value, such as -p weeks=39.")
    return name, value


def _conclude(outcome: Outcome, console: Console) -> None:
    for name, failure in outcome.failures.items():
        console.print(f"{name} failed in {failure}", style="bold red", highlight=False, markup=False, soft_wrap=True)
    console.print(outcome.summary, highlight=False)
    console.print(f"Report: {_seen_from_here(outcome.report)}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"Took {outcome.seconds:.1f} s.", highlight=False)
    if outcome.failures:
        console.print("Mend what failed, then run the rest: add --resume to the same command.", highlight=False)
        sys.exit(1)


def _seen_from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("name", required=False)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF THE BENCHMARK]")
def bench(name: str | None, options: tuple[str, ...]) -> None:
    """Measure crmlib against its peers, side by side, and write the table and the picture (in a clone).

    Without a name it lists the benchmarks. `clv` takes minutes: lifetimes fits a million customers in it. So does
    `scale`: pandas and lifetimes summarise ten million orders. `grade` needs its peer, nbgrader (extra `nbgrader`), and
    bubblewrap.

    \b
    Examples
      crmlib bench
      crmlib bench scale --rows 1e6,1e7
      crmlib bench clv --small
      crmlib bench clv --rounds 5 --out results
      crmlib bench errors --quick
      crmlib bench score --rows 1e6
      crmlib bench grade
    """
    from crmlib.suite.bench import run as run_benchmark
    from crmlib.suite.bench import scripts

    if name is None:
        click.echo("\n".join(scripts()))
        return
    sys.exit(run_benchmark(name, options))


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- JUPYTERLAB OPTIONS]")
def lab(folder: Path | None, options: tuple[str, ...]) -> None:
    """Open the notebooks in JupyterLab.

    In a clone they open where they stand. From an installed crmlib, or when a DIR is named, they are copied to DIR
    (./crm-notebooks) first; a notebook that you have changed there is never overwritten.

    \b
    Examples
      crmlib lab
      crmlib lab my-course
      crmlib lab my-course -- --no-browser --port 8899
    """
    from crmlib.suite.lab import COPY, copy_notebooks, is_clone, start
    from crmlib.suite.shelf import notebooks_folder

    notebooks = notebooks_folder()
    if folder is None and is_clone(notebooks):
        sys.exit(start(notebooks, options))
    folder = folder or Path(COPY)
    copied = copy_notebooks(folder, notebooks)
    if copied.written:
        click.echo(f"Copied to {folder}: {', '.join(copied.written)}")
    if copied.kept:
        click.echo(f"Left as you changed them: {', '.join(copied.kept)} (rename one to get a fresh copy)")
    sys.exit(start(folder, options))


@main.command(name="help")
@click.argument("names", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def help_(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command.

    \b
    Examples
      crmlib help
      crmlib help run
    """
    group: click.Command = main
    context = ctx.find_root()
    for name in names:
        found = group.get_command(context, name) if isinstance(group, click.Group) else None
        if found is None:
            there = group.list_commands(context) if isinstance(group, click.Group) else []
            raise RunError(f"There is no command {name!r}. {did_you_mean(name, there)}")
        group, context = found, found.context_class(found, info_name=name, parent=context)
    click.echo(group.get_help(context))


main.add_command(data)
main.add_command(exercise)
main.add_command(release)
main.add_command(grade)
main.add_command(practice)
main.add_command(queue)
main.add_command(score)
main.add_command(top)
shaped(main)
