"""Make a shop: all its blocks, to a folder or into memory."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from crmlib.days import as_day
from crmlib.errors import CrmlibError
from crmlib.synth import columns
from crmlib.synth.block import Design
from crmlib.synth.catalogue import products_table
from crmlib.synth.chance import stream
from crmlib.synth.dictionary import table_names
from crmlib.synth.mail import campaigns_table, running
from crmlib.synth.parameters import Preset, ShopParameters
from crmlib.synth.parameters import preset as named_preset
from crmlib.synth.people import ANSWERS
from crmlib.synth.tables import block_tables
from crmlib.synth.write import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MakeResult", "make_shop"]

SEED = 20_240_701
"""The seed of the shop that ships."""

# What one new customer costs, EUR, by acquisition channel: an assumption; word of mouth is free.
_COST = {
    "search": 9.0,
    "social": 12.0,
    "marketplace": 7.0,
    "event": 15.0,
    "word_of_mouth": 0.0,
    "newsletter_partner": 6.0,
}


@dataclass(frozen=True)
class MakeResult:
    """A shop that was made.

    Attributes
    ----------
    path
        The folder it was written to, None if it is in memory.
    tables
        The tables by name (those of the truth as ``truth/...``), empty if it was written.
    parameters
        Everything that fixes the shop: seed, dates, model parameters; also in ``truth/parameters.json``.
    rows, fingerprints
        Rows and content checksum of each table.
    """

    path: Path | None
    tables: dict[str, Any]
    parameters: dict[str, Any]
    rows: dict[str, int]
    fingerprints: dict[str, str]

    def __repr__(self) -> str:
        where = "in memory" if self.path is None else f"in {self.path}"
        return f"<shop of {self.parameters['customers']:,} customers, {sum(self.rows.values()):,} rows {where}>"


def make_shop(
    out: str | Path | None = None,
    *,
    customers: int = 5_000,
    seed: int = SEED,
    preset: Preset | ShopParameters = "realistic",
    start: str | dt.date = "2024-07-01",
    until: str | dt.date = "2026-06-30",
    holdout: int = 365,
    tables: Iterable[str] | None = None,
    progress: bool = False,
) -> MakeResult:
    """Simulate a shop whose truth is known.

    The same arguments give the same shop, whatever the machine has done before; nothing reads the clock.

    Parameters
    ----------
    out
        Folder to write Parquet files to, made if need be; None keeps the tables in memory. A shop of the same tables
        that is there is replaced once the new one is complete.
    customers
        Number of accounts.
    seed
        What the random numbers start from.
    preset
        ``"clean"``, ``"realistic"``, or parameters of your own.
    start, until
        First and last day observed. The shop opens on the first: every customer's history is complete.
    holdout
        Days simulated after `until`, into the truth only.
    tables
        Names of the tables to make, all by default: see `dictionary.table_names`. The customers and their lives are
        the same whichever tables are made, so a large shop may do without its visits, say.
    progress
        Show a progress bar.

    Returns
    -------
    MakeResult
        Where the shop is, or its tables.

    Examples
    --------
    >>> shop = make_shop(customers=200, seed=1, until="2025-06-30", tables=["orders", "truth/customers"])
    >>> shop.tables["orders"].column_names[:4]
    ['order_id', 'customer_id', 'order_ts', 'amount']
    >>> shop.rows["truth/customers"]
    200
    """
    parameters = preset if isinstance(preset, ShopParameters) else named_preset(preset)
    design = Design(parameters, seed, customers, as_day(start), as_day(until), holdout)
    if customers < 1 or design.days < 1 or holdout < 0:
        raise CrmlibError(
            f"a shop needs a customer, a day and no negative holdout: got customers={customers}, {design.start} to "
            f"{design.until}, holdout={holdout}"
        )
    wanted = _wanted(tables)
    folder = None if out is None else _empty_of_others(Path(out), wanted)
    collector = Collector(folder)
    for name, whole in _whole_tables(design).items():
        if name in wanted:
            collector.add(name, whole)
    with Progress(console=Console(stderr=True), disable=not progress) as bar:
        task = bar.add_task("Customers", total=customers)
        for number in range(design.blocks):
            for name, block in block_tables(design, number, wanted).items():
                collector.add(name, block)
            bar.update(task, completed=min((number + 1) * customers / design.blocks, customers))
    collector.close()
    record = _record(design)
    if folder is not None:
        truth = folder / "truth"
        truth.mkdir(parents=True, exist_ok=True)
        (truth / "parameters.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return MakeResult(folder, collector.tables(), record, collector.rows, collector.fingerprints())


def _wanted(tables: Iterable[str] | None) -> frozenset[str]:
    known = table_names()
    wanted = frozenset(known if tables is None else tables)
    if unknown := sorted(wanted - set(known)):
        raise CrmlibError(f"no tables named {', '.join(unknown)}; there are {', '.join(known)}")
    return wanted


def _empty_of_others(folder: Path, wanted: frozenset[str]) -> Path:
    """Return the folder, unless it holds tables that would stay beside the new ones as if they belonged to them."""
    others = [name for name in table_names() if name not in wanted and (folder / f"{name}.parquet").exists()]
    if others:
        raise CrmlibError(f"{folder} holds tables of another shop ({', '.join(others)}): choose another folder")
    return folder


def _record(design: Design) -> dict[str, Any]:
    return {
        "seed": design.seed,
        "customers": design.customers,
        "start": design.start.isoformat(),
        "until": design.until.isoformat(),
        "holdout_days": design.holdout,
        "model": design.parameters.asdict(),
    }


def _whole_tables(design: Design) -> dict[str, dict[str, Any]]:
    """Return the tables that are not made block by block."""
    return {
        "products": products_table(design.catalogue),
        "campaigns": campaigns_table(running(design.parameters, design.days), design.calendar),
        "marketing_spend": _marketing_spend(design),
    }


def _marketing_spend(design: Design) -> dict[str, Any]:
    """Spread the cost of acquisition over months, by the arrivals that were planned for."""
    rng = stream(design.seed, "catalogue", 1)
    days = [design.start + dt.timedelta(days=day) for day in range(design.days)]
    months = sorted({date.replace(day=1) for date in days})
    share = np.array([sum(date.replace(day=1) == month for date in days) for month in months]) / design.days
    share = share * (1 + design.parameters.growth * np.linspace(0, 1, len(months)))
    channels = ANSWERS["acquisition_channel"]
    personas = design.parameters.personas
    mix = sum(
        persona.share * np.array(persona.profile["acquisition_channel"]) / sum(persona.profile["acquisition_channel"])
        for persona in personas
    )
    cost = np.array([_COST[channel] for channel in channels]) * mix * design.customers
    euro = np.outer(share / share.sum(), cost) * rng.normal(1.0, 0.08, (len(months), len(channels)))
    seconds = np.array([(month - dt.date(1970, 1, 1)).days * 86_400 for month in months])
    return {
        "month": columns.timestamps(np.repeat(seconds, len(channels))),
        "channel": columns.labels(channels, np.tile(np.arange(len(channels)), len(months))),
        "amount": columns.money(np.round(euro.ravel() * 100).astype(np.int64)),
    }
