"""``crmlib data``: what shops there are, what a source holds, and a simulated shop to make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmlib.commands import completion
from crmlib.commands.folders import OutFolder
from crmlib.commands.memory import size_of_memory
from crmlib.commands.preset import preset_option

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from rich.console import Console

__all__ = ["data"]


@click.group()
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

    from crmlib.sources import SOURCES

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("Source", no_wrap=True, min_width=max(map(len, SOURCES)))  # a name is never cut: it is typed
    table.add_column("What it is")
    for name, meaning in SOURCES.items():
        table.add_row(name, meaning)
    Console().print(table, highlight=False)
    text = (
        "Your own orders: a CSV or Parquet file, duckdb:///shop.duckdb or sqlite:///shop.db, or a server such as "
        "postgresql://user@host/shop, wherever a source is asked for. `crmlib data describe SOURCE` shows what crmlib "
        "sees in it."
    )
    Console().print(f"\n{text}", highlight=False, markup=False)


@data.command()
@click.argument("source", shell_complete=completion.sources)
@click.option("--as-of", metavar="DATE", help="Look at the shop as of this day.")
@preset_option
@click.option(
    "--memory",
    metavar="SIZE",
    callback=size_of_memory,
    help="What its queries may use before they spill to disk, such as 4GB.  [default: 4GB]",
)
def describe(*, source: str, as_of: str | None, preset: str | bool | None, memory: str | None) -> None:
    """Show what a source holds: tables, columns, rows, dates, and what was found on the way in.

    \b
    Examples
      crmlib data describe cdnow
      crmlib data describe my_orders.csv
      crmlib data describe sqlite:///shop.db
    """
    from rich.console import Console
    from rich.table import Table

    from crmlib.shop.schema import TABLES
    from crmlib.sources import open_shop
    from crmlib.suite.run import environment

    console = Console()
    with environment("CRMLIB_MEMORY", memory):
        shop = open_shop(source, as_of=as_of, preset=preset)
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
@click.option("--out", "-o", type=OutFolder("truth"), required=True, help="Folder to write to.")
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
