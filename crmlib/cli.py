"""The command ``crmlib``.

What is heavy is imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmlib import __version__
from crmlib.errors import CrmlibError, RunError
from crmlib.grading.exercise_commands import exercise
from crmlib.grading.grade_commands import grade, release
from crmlib.queue_command import queue
from crmlib.suite import DEFAULT_SOURCE

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from crmlib.suite.run import Outcome

_WIDE = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Errors(click.Group):
    """Shows what crmlib raises on purpose as a message, without the traceback that only its authors need."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CrmlibError as error:
            click.secho(f"Error: {error}", err=True, fg="red" if sys.stderr.isatty() else None)
            ctx.exit(2)


@click.group(cls=_Errors, context_settings=_WIDE)
@click.version_option(__version__, prog_name="crmlib")
def main() -> None:
    """CRM analytics for e-commerce: notebooks to learn from, and to run on your own orders.

    \b
    Examples
      crmlib run                           all notebooks on an example shop, and one HTML report
      crmlib run --source my_orders.csv    the same on your own orders
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


def _size(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:  # noqa: ARG001 - click's
    if text is not None and re.fullmatch(r"\d+(\.\d+)? ?([KMGT]i?B)", text) is None:
        raise click.BadParameter(f"{text!r} is not a size. Write it such as 4GB or 800MB.")
    return text


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--source",
    "-s",
    default=DEFAULT_SOURCE,
    show_default=True,
    help="A known source (`crmlib data list`), a file or glob, a database's URL, or a shop.toml.",
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
    type=click.Path(file_okay=False, path_type=Path),
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
    callback=_size,
    help="What each notebook's queries may use before they spill to disk, such as 4GB.  [default: 4GB]",
)
@click.option(
    "--cache",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the orders of files or of a database server here, and read only new ones the next time.",
)
@click.option("--fast", is_flag=True, help="Ask the notebooks to compute less (fewer resamples, smaller samples).")
@click.option(
    "--language",
    type=click.Choice(["en", "it"]),
    default="en",
    show_default=True,
    help="Language of labels, and of the text where a notebook has an edition.",
)
def run(
    names: tuple[str, ...],
    given: tuple[str, ...],
    **options: Any,
) -> None:
    """Run the notebooks on a shop's orders, and write one HTML report.

    NAME is a notebook: 03_rfm, 03, rfm, or the path of an .ipynb file; none means all of them. The folder then holds
    the executed notebooks, index.html (the report), results.json and tables/ (what the notebooks recorded).

    \b
    Examples
      crmlib run                                       all notebooks on the default source
      crmlib run rfm cltv --source my_orders.csv       two of them on your own orders
      crmlib run 03 --source cdnow --as-of 1998-01-01  as the shop stood on that day
      crmlib run --resume                              go on where a run was stopped
    """
    from rich.console import Console

    from crmlib.suite.run import run as run_notebooks

    console = Console()
    try:
        outcome = run_notebooks(names, asked=dict(_pair(text) for text in given), console=console, **options)
    except KeyboardInterrupt:
        console.print("Stopped. `crmlib run --resume` with the same options goes on from here.", highlight=False)
        sys.exit(130)
    _conclude(outcome, console)


@main.command()
@click.argument("name")
@click.option(
    "--parameter",
    "-p",
    "given",
    multiple=True,
    required=True,
    metavar="NAME=VALUES",
    help="The values of a parameter: a,b,c or 1..5; may be repeated, then every combination is run.",
)
@click.option("--source", "-s", default=DEFAULT_SOURCE, show_default=True, help="As for `crmlib run`.")
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
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to.  [default: runs/sweep-<notebook>-<source>-<as of>]",
)
@click.option("--fast", is_flag=True, help="Ask the notebook to compute less.")
@click.option(
    "--language", type=click.Choice(["en", "it"]), default="en", show_default=True, help="Language of labels."
)
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
        outcome = run_sweep(name, dict(_pair(text) for text in given), console=console, **options)
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on from here.", highlight=False)
        sys.exit(130)
    for point, failure in outcome.failures.items():
        console.print(f"{point} failed in {failure}", style="bold red", highlight=False, markup=False, soft_wrap=True)
    for path in (outcome.table, outcome.report):
        console.print(str(_seen_from_here(path)), highlight=False, markup=False, soft_wrap=True)
    sys.exit(1 if outcome.failures else 0)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise RunError(f"-p {text}: write it as -p name=value, such as -p weeks=39.")
    return name, value


def _conclude(outcome: Outcome, console: Console) -> None:
    for name, failure in outcome.failures.items():
        console.print(f"{name} failed in {failure}", style="bold red", highlight=False, markup=False, soft_wrap=True)
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
      crmlib bench grade
    """
    from crmlib.suite.bench import run as run_benchmark
    from crmlib.suite.bench import scripts

    if name is None:
        click.echo("\n".join(scripts()))
        return
    sys.exit(run_benchmark(name, options))


@main.group()
def data() -> None:
    """Say what shops there are to work on, and what a source holds.

    \b
    Examples
      crmlib data list
      crmlib data describe cdnow
      crmlib data describe my_orders.csv
      crmlib data make --out my-shop
    """


@data.command(name="list")
def list_() -> None:
    """List the sources that are known by name.

    \b
    Example
      crmlib data list
    """
    from rich.console import Console
    from rich.table import Table

    from crmlib.shop import SOURCES

    table = Table("Source", "What it is", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name, meaning in SOURCES.items():
        table.add_row(name, meaning)
    Console().print(table, highlight=False)
    click.echo("\nYour own orders: a CSV or Parquet file, duckdb:///shop.duckdb or sqlite:///shop.db, or a server such")
    click.echo("as postgresql://user@host/shop, wherever a source is asked for.")
    click.echo("`crmlib data describe SOURCE` shows what crmlib sees in it.")


@data.command()
@click.argument("source")
@click.option("--as-of", metavar="DATE", help="Look at the shop as of this day.")
def describe(source: str, as_of: str | None) -> None:
    """Show what a source holds: tables, columns, rows, dates, and what was found on the way in.

    \b
    Examples
      crmlib data describe cdnow
      crmlib data describe my_orders.csv
      crmlib data describe sqlite:///shop.db
    """
    from rich.console import Console
    from rich.table import Table

    from crmlib.schema import TABLES
    from crmlib.shop import open_shop

    console = Console()
    shop = open_shop(source, as_of=as_of)
    for name in shop.tables:
        rows = getattr(shop, name)
        meanings = {column.name: column.meaning for column in TABLES.get(name, ())} | _simulated(source, name)
        table = Table("Column", "Type", "Meaning", box=None, header_style="bold", padding=(0, 2, 0, 2))
        for column, kind in rows.types.items():
            table.add_row(column, str(kind).lower(), meanings.get(column, ""))
        console.print(f"\n{name}: {len(rows):,} rows", style="bold", highlight=False)
        console.print(table, highlight=False)
    _show_quality(shop.quality(), console)


@data.command()
@click.option("--customers", type=click.IntRange(min=1), default=5_000, show_default=True, help="Number of accounts.")
@click.option("--seed", type=click.IntRange(min=0), default=20_240_701, show_default=True, help="Where chance starts.")
@click.option("--preset", type=click.Choice(["clean", "realistic"]), default="realistic", show_default=True)
@click.option("--until", metavar="DATE", default="2026-06-30", show_default=True, help="The last day observed.")
@click.option(
    "--out", "-o", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write to."
)
def make(customers: int, seed: int, preset: str, until: str, out: Path) -> None:
    """Simulate a shop whose truth is known, as Parquet files; the truth stands apart, in OUT/truth.

    clean follows the textbook's models to the letter, so that fitted parameters can be held against the true ones.
    realistic adds seasons, moods, returns, dirty data, and spend that goes with frequency. The same options give the
    same shop.

    \b
    Examples
      crmlib data make --out my-shop
      crmlib data make --customers 100000 --preset clean --seed 7 --out big-shop
      crmlib run --source my-shop
    """
    from crmlib.synth import make_shop

    made = make_shop(out, customers=customers, seed=seed, preset=preset, until=until, progress=True)  # type: ignore[arg-type]
    click.echo(f"Wrote {sum(made.rows.values()):,} rows in {len(made.rows)} tables to {out}.")
    click.echo(f"Open it: crmlib run --source {out}, or crmlib.open_shop({str(out)!r}).")


def _simulated(source: str, table: str) -> dict[str, str]:
    """Look up what the columns of the simulated shop hold."""
    if source != "shop":
        return {}
    from crmlib.synth.dictionary import TABLES

    return {column.name: column.text for known in TABLES if known.name == table for column in known.columns}


def _show_quality(quality: pd.DataFrame, console: Console) -> None:
    from rich.table import Table

    if quality.empty:
        console.print("\nNothing was dropped, netted or merged.", highlight=False)
        return
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 2))
    table.add_column("Found on the way in")
    table.add_column("Rows", justify="right")
    table.add_column("Amount", justify="right")
    for finding, rows, amount in quality[["finding", "rows", "amount"]].itertuples(index=False):
        table.add_row(str(finding), f"{rows:,}", "" if amount != amount else f"{amount:,.2f}")  # noqa: PLR0124 - NaN
    console.print()
    console.print(table, highlight=False)


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


main.add_command(exercise)
main.add_command(release)
main.add_command(grade)
main.add_command(queue)


if __name__ == "__main__":
    main()
