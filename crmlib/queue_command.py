"""The command ``crmlib queue``: what is due, for whom, and the files for who sends it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["queue"]

_FORMATS = ("plain", "klaviyo", "hubspot", "mautic", "calendar")


@click.command()
@click.option("--source", "-s", default="shop", show_default=True, help="As for `crmlib run`.")
@click.option(
    "--sequence",
    "sequences",
    multiple=True,
    metavar="NAME",
    help="One that comes with crmlib, or a .toml file; may be repeated.  [default: win_back]",
)
@click.option("--start", metavar="DATE", help="The queue's first day.  [default: the day after the shop's]")
@click.option("--days", type=click.IntRange(min=1), default=7, show_default=True, help="How many days.")
@click.option("--as-of", metavar="DATE", help="Look at the shop as of this day.")
@click.option("--policy", metavar="NAME", help="A preset, or a .toml file with the business's definitions.")
@click.option("--format", "kind", type=click.Choice(_FORMATS), default="plain", show_default=True, help="Who sends it.")
@click.option(
    "--out", "-o", type=click.Path(file_okay=False, path_type=Path), required=True, help="A new folder to write to."
)
def queue(
    *,
    source: str,
    sequences: tuple[str, ...],
    start: str | None,
    days: int,
    as_of: str | None,
    policy: str | None,
    kind: str,
    out: Path,
) -> None:
    """Make the queue of next week's messages, and write it for the platform that sends it.

    The folder then holds queue.csv (who gets what, when and why), held.csv (who was held back and why), and a folder
    of the platform's files with a manifest. Nothing is sent.

    \b
    Examples
      crmlib queue --out week
      crmlib queue --sequence win_back --sequence welcome --format klaviyo --out week
      crmlib queue --source my-shop --sequence my_sequence.toml --start 2026-07-06 --days 14 --out fortnight
    """
    from datetime import timedelta

    from crmlib import actions, open_shop
    from crmlib.csv_out import write_csv
    from crmlib.errors import SourceError

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SourceError(f"{out} is not empty. Name a new folder with --out.")
    shop = open_shop(source, as_of=as_of, policy=policy)
    chosen = [actions.sequence(name) for name in sequences or ("win_back",)]
    made = actions.queue(shop, chosen, start=start or shop.as_of + timedelta(days=1), days=days)
    done = actions.export(made, shop, out / kind, format=kind)
    write_csv(made.entries, out / "queue.csv")
    write_csv(made.held, out / "held.csv")
    click.echo(f"{len(made.entries):,} messages are due from {made.start} on, in {days} days.")
    _say(made.held, "held back")
    click.echo(f"{done.entries:,} messages to {done.people:,} people are in {out / kind}.")
    _say(done.held, "held back by the export")
    if "consents" not in shop.tables:
        click.echo(
            "The shop has no table consents, so nobody has allowed anything: put one beside its orders "
            "(customer_id, channel, purpose, given_ts, withdrawn_ts; see datasets/README.md)."
        )


def _say(held: pd.DataFrame, what: str) -> None:
    counts = held["why"].value_counts()
    told = ", ".join(f"{str(why).replace('_', ' ')} {count:,}" for why, count in counts.items())
    click.echo(f"{len(held):,} {what}" + (f": {told}." if told else "."))
