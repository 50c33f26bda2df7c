"""The command ``crmlib queue``: what is due, for whom, and the files for who sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmlib.commands import completion
from crmlib.commands.folders import OutFolder
from crmlib.commands.preset import preset_option
from crmlib.words import counted

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["queue"]


class _Format(click.types.StringParamType):
    """A format of the registry, which is read when it is asked for: `--help` of other commands answers at once."""

    name = "format"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's
        from crmlib.actions.exports import export_formats

        return f"[{'|'.join(export_formats())}]"


@click.command()
@click.option("--source", "-s", default="shop", show_default=True, help="As for `crmlib run`.",
              shell_complete=completion.sources)  # fmt: skip
@click.option(
    "--sequence",
    "sequences",
    multiple=True,
    metavar="NAME",
    help="One that comes with crmlib, or a .toml file; may be repeated.  [default: win_back]",
)
@click.option("--start", metavar="DATE", help="The queue's first day.  [default: the day after the shop's]")
@click.option("--begins", metavar="DATE", help="The day on which the sequences begin, or began: those who are silent "
              "for long enough by then enter on it.  [default: they have been on all along]")  # fmt: skip
@click.option("--days", type=click.IntRange(min=1), default=7, show_default=True, help="How many days.")
@click.option("--as-of", metavar="DATE", help="Look at the shop as of this day.")
@click.option("--policy", metavar="NAME", help="A preset, or a .toml file with the business's definitions.",
              shell_complete=completion.policies)  # fmt: skip
@click.option("--format", "kind", type=_Format(), default="plain", show_default=True,
              help="Who sends it; or a format of your own, of a plugin that the shop.toml names.")  # fmt: skip
@click.option("--out", "-o", type=OutFolder(), required=True, help="A new folder to write to.")
@preset_option
def queue(
    *,
    source: str,
    preset: str | bool | None,
    sequences: tuple[str, ...],
    start: str | None,
    begins: str | None,
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

    from crmlib import actions
    from crmlib.actions.exports import check_format
    from crmlib.csv_out import write_csv
    from crmlib.customers.consent import findings, has_consents
    from crmlib.sources import open_shop
    from crmlib.text.consent import kind_of

    if not source.endswith(".toml"):  # only a description can name formats of one's own
        check_format(kind)
    shop = open_shop(source, as_of=as_of, policy=policy, preset=preset)
    check_format(kind, shop)
    chosen = [actions.sequence(name) for name in sequences or ("win_back",)]
    made = actions.queue(shop, chosen, start=start or shop.as_of + timedelta(days=1), days=days, begins=begins)
    done = actions.export(made, shop, out / kind, format=kind)
    write_csv(made.entries, out / "queue.csv")
    write_csv(made.held, out / "held.csv")
    click.echo(f"Due in {counted(days, 'day')} from {made.start} on: {counted(len(made.entries), 'message')}.")
    _say(made.held, "held back")
    click.echo(f"In {out / kind}: {counted(done.entries, 'message')}; people who get one: {done.people:,}.")
    _say(done.held, "held back by the export")
    if not has_consents(shop):
        there = [name for name in shop.tables if kind_of(name) == "consents"]
        lacks = f"Nothing in {there[0]} allows anything" if there else "The shop has no table consents"
        click.echo(
            f"{lacks}, so nobody may be written to: a table consents beside its orders has customer_id, channel, "
            "purpose, given_ts, withdrawn_ts; docs/how-to/consent.md says what else is understood."
        )
    for finding, rows, example in findings(shop, policy=policy).itertuples(index=False):
        click.echo(f"Consent: {rows:,} {finding}, such as {example!r}.")


def _say(held: pd.DataFrame, what: str) -> None:
    counts = held["why"].value_counts()
    told = ", ".join(f"{str(why).replace('_', ' ')} {count:,}" for why, count in counts.items())
    click.echo(f"{len(held):,} {what}" + (f": {told}." if told else "."))
