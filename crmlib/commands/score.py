"""The commands ``crmlib score`` and ``crmlib top``: the customers with their scores, and whom to call."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from crmlib.commands.memory import size_of_memory
from crmlib.commands.preset import preset_option
from crmlib.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from crmlib.lists import Calls
    from crmlib.shop import Shop

__all__ = ["score", "top"]

_DAY = click.option("--as-of", metavar="DATE", help="Score as of this day.  [default: the day after the last order]")
_POLICY = click.option(
    "--policy", metavar="NAME", help="A preset of the business's definitions, or a .toml file with them."
)
_MEMORY = click.option(
    "--memory", metavar="SIZE", callback=size_of_memory,
    help="What queries may use before they spill to disk, such as 2GB.  [default: 4GB]",
)  # fmt: skip


@click.command()
@click.argument("source")
@click.option(
    "--out", "-o", required=True, metavar="FILE|URL",
    help="A .csv, .parquet or .xlsx file; or sqlite:///file, duckdb:///file, postgresql://user@host/database.",
)  # fmt: skip
@_DAY
@_POLICY
@_MEMORY
@preset_option
def score(
    *, source: str, out: str, as_of: str | None, policy: str | None, memory: str | None, preset: str | bool | None
) -> None:
    """Score a shop's customers, and write one row per customer to a file or a database.

    A row holds what the orders and the shop's other tables say of a customer: orders, money, pace, RFM scores and
    segment, the probability of being a customer still, expected purchases, lifetime value with its interval, churn
    risk, value at risk, and which channels are allowed. What the shop's tables cannot give is empty, and is said.

    A file is replaced by the next run. In a database (table crmlib_customers, or ?table=NAME) a customer's row of the
    same day is replaced, and another day adds rows.

    \b
    Examples
      crmlib score my_orders.csv --out customers.csv
      crmlib score my-shop --as-of 2024-06-30 --out scores.parquet
      crmlib score my_orders.csv --out sqlite:///crm.db
      crmlib score 'postgresql://ann@db/shop' --out 'postgresql://ann@db/shop?table=scores'
    """
    from crmlib.lists import customer_list, target_of

    target = target_of(out, source)
    target.check()
    with _opened(source, as_of=as_of, policy=policy, preset=preset, memory=memory) as shop:
        customers = customer_list(shop)
        _progress(f"Writing {counted(customers.table.num_rows, 'row')} ...")
        where = target.write(customers)
    click.echo(f"{counted(customers.table.num_rows, 'customer')} as of {shop.as_of}: {where}")
    _say_missing(customers.missing)
    _say_quality(customers.notes.get("churn_risk"))


@contextmanager
def _opened(
    source: str, *, as_of: str | None, policy: str | None, preset: str | bool | None, memory: str | None
) -> Iterator[Shop]:
    """Open the shop whose customers are scored, and say what goes on."""
    from crmlib import policy as policies
    from crmlib.sources import open_shop
    from crmlib.suite.run import environment

    if policy is not None:
        policies.load(policy)  # refused before anything is read
    with environment("CRMLIB_MEMORY", memory):
        _progress(f"Reading {_shown(source)} ...")
        shop = open_shop(source, as_of=as_of, policy=policy, preset=preset)
        _progress("Scoring the customers ...")
        yield shop


def _shown(source: str) -> str:
    from crmlib.sources.addresses import without_password

    return without_password(source)


def _progress(text: str) -> None:
    click.echo(text, err=True)


def _say_missing(missing: Mapping[str, str]) -> None:
    """Say which columns are empty, by reason."""
    columns: dict[str, list[str]] = {}
    for column, reason in missing.items():
        columns.setdefault(reason, []).append(column)
    for reason, names in columns.items():
        channels = [name for name in names if name.startswith("may_")]
        most = ", ".join(name for name in names if name not in channels)
        rest = f"{len(channels)} columns of what is allowed say no" if channels else ""
        click.echo(f"{f'Empty: {most}' if most else rest}: {reason}.")


def _say_quality(note: Mapping[str, object] | None) -> None:
    """Say how well the risk was foreseen a horizon ago."""
    if note is None:
        return
    if "not_judged" in note:
        click.echo(f"churn_risk could not be tried on the past: {note['not_judged']}.")
        return
    left, expected, auc = (float(str(note[name])) for name in ("left", "expected", "auc"))
    click.echo(
        f"churn_risk, tried as of {note['cut_off']}: {expected:.0%} were expected to order nothing, {left:.0%} did; "
        f"AUC {auc:.2f} (0.5 is chance, 1 is perfect)."
    )


@click.command()
@click.argument("source")
@click.option("--by", default="value_at_risk", show_default=True, metavar="MEASURE",
              help="What ranks them: a number of the profile, such as cltv or days_since_order.")  # fmt: skip
@click.option("--n", "-n", "count", type=click.IntRange(min=1), default=50, show_default=True, help="How many.")
@click.option("--out", "-o", metavar="FILE", help="Write the list to a .csv file, too.")
@click.option("--all", "everybody", is_flag=True,
              help="List those who may not be called, too: marked, and without their number.")  # fmt: skip
@click.option("--lowest", is_flag=True, help="The lowest first, such as for p_alive.")
@click.option(
    "--language", type=click.Choice(["en", "it"]), default="en", show_default=True, help="Language of the labels."
)
@_DAY
@_POLICY
@_MEMORY
@preset_option
def top(
    *,
    source: str,
    by: str,
    count: int,
    out: str | None,
    everybody: bool,
    lowest: bool,
    language: str,
    as_of: str | None,
    policy: str | None,
    memory: str | None,
    preset: str | bool | None,
) -> None:
    """List whom to call, with the reason in a sentence.

    Customers come in the order of value_at_risk: what is expected of them times the risk that they order nothing. Who
    has not allowed calls is not on the list, and how many these are is said. The list holds names and numbers where the
    shop has them: keep it as you keep those.

    \b
    Examples
      crmlib top my-shop --n 20
      crmlib top my-shop --by days_since_order --out calls.csv
      crmlib top my_orders.csv --by cltv --all
    """
    from pathlib import Path

    from crmlib import lists
    from crmlib.csv_out import write_csv
    from crmlib.lists.files import check_file
    from crmlib.lists.targets import check_apart

    field = lists.check_measure(by)
    file = None if out is None else Path(out).expanduser()
    if file is not None:
        check_file(file, (".csv",), _is_calls)
        check_apart(file, source)
    with _opened(source, as_of=as_of, policy=policy, preset=preset, memory=memory) as shop:
        calls = lists.top(shop, field.name, count, everybody=everybody, lowest=lowest, language=language)
    if calls.missing:
        click.echo(f"{field.name} is empty for all: {calls.missing}.")
    for row in calls.list.to_dict("records"):
        _show(row)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_csv(calls.list, file)
        click.echo(f"Written: {file}")
    _say_held(calls, count, everybody=everybody)


def _is_calls(path: Path) -> bool:
    """Say whether a file is an earlier list of calls."""
    try:
        with path.open(encoding="utf-8-sig") as lines:
            return lines.readline(100).startswith("rank,customer_id,")
    except (OSError, UnicodeDecodeError):
        return False


def _show(row: Mapping[Any, Any]) -> None:
    """Say whom to call: who, the number, why; what others typed cannot steer the terminal."""
    from crmlib.words import printable

    who = " ".join(str(row[name]) for name in ("customer_id", "name", "phone") if isinstance(row.get(name), str))
    mark = "" if row["may_call"] else " (may not be called)"
    if row["may_call"] and not isinstance(row.get("phone"), str):
        mark = " (no number known)"
    click.echo(f"{row['rank']:>3}. {printable(who)}{mark}: {row['reason']}.")


def _say_held(calls: Calls, count: int, *, everybody: bool) -> None:
    """Say who is not on the list, and why."""
    held = sum(calls.held.values())
    reasons = ", ".join(f"{reason} ({number:,})" for reason, number in calls.held.items())
    if len(calls.list) < count and not calls.missing:
        click.echo(f"On the list: {counted(len(calls.list), 'customer')} of the {count:,} that were asked for.")
    if held and everybody:
        click.echo(f"{held:,} of them may not be called: {reasons}.")
    elif held:
        click.echo(f"{held:,} who come as high are held back: {reasons}. --all lists them, too, without numbers.")
    if calls.without:
        click.echo(f"Not ranked: {counted(calls.without, 'customer')} without such a value: {calls.because}.")
