# ruff: noqa: INP001 - a script
"""A week's queue on the engine beside plain pandas, each in a process of its own.

    python benchmarks/queues.py [--small] [--customers 1000000] [--shop folder] [--out benchmarks]

Both read the same simulated shop and queue the win-back and the repurchase reminder for the week after its last day:
silences, waiting times, conditions, exits, consent, channel, control share and cap. The pandas side is written as one
would for these two sequences, without quiet hours, reasons, facts, or a table of those held back; the numbers of
messages by sequence and channel must agree.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

START, DAYS = pd.Timestamp("2026-07-02"), 7
TABLES = ["customers", "orders", "consents", "logins", "surveys", "email_events"]


def with_crmlib(folder: str) -> dict[str, Any]:
    """Queue by the library, which also gates, moves quiet hours, and says why."""
    from crmlib import actions, open_shop

    began = time.perf_counter()
    shop = open_shop(folder)
    opened = time.perf_counter()
    found = actions.queue(shop, ["repurchase_reminder", "win_back"], start=START, days=DAYS,
                          policy={"contact": {"quiet_from": "00:00", "quiet_until": "00:00"}})  # fmt: skip
    done = time.perf_counter()
    everything = actions.queue(shop, [name for name in actions.READY_MADE if name != "abandoned_interest"],
                               start=START, days=DAYS)  # fmt: skip
    all_done = time.perf_counter()
    counts = found.entries.groupby(["sequence", "channel"]).size()
    return report(began, opened, done, counts) | {"all": all_done - done, "entries": len(everything.entries),
                                                  "held": len(everything.held)}  # fmt: skip


def with_pandas(folder: str) -> dict[str, Any]:
    """Queue the same messages by pandas alone."""
    began = time.perf_counter()
    names = ("orders", "customers", "consents", "email_events")
    orders, customers, consents, mails = (pd.read_parquet(Path(folder) / f"{name}.parquet") for name in names)
    opened = time.perf_counter()
    consents = consents[consents["customer_id"].notna()]
    gone = (
        consents["withdrawn_ts"].notna().groupby([consents[key] for key in ("customer_id", "purpose", "channel")]).any()
    )
    allowed = (~gone).unstack(["purpose", "channel"])  # noqa: PD010 - of a series
    days = orders.assign(day=orders["order_ts"].dt.normalize())[["customer_id", "day"]].drop_duplicates()
    days = days.sort_values(["customer_id", "day"])
    gap = (days.groupby("customer_id")["day"].shift(-1) - days["day"]).dt.days
    preferred = customers.set_index("customer_id")["preferred_channel"]
    parts = []
    for name, silent, again, soft, steps in (
        ("repurchase_reminder", 41, 40, False, [(0, ("email", "sms"))]),
        ("win_back", 61, 90, True, [(0, ("email", "sms")), (14, ("sms",))]),
    ):
        long = days[gap.isna() | (gap > silent)]
        long = long.assign(trigger=long["day"] + pd.Timedelta(days=silent))
        entered, last = [], {}
        for who, when in zip(long["customer_id"], long["trigger"], strict=True):
            late = who not in last or when - last[who] >= pd.Timedelta(days=again)
            entered.append(late)
            if late:
                last[who] = when
        long = long[entered]
        newest = days.groupby("customer_id")["day"].max()
        salt = f"{name}|1|"
        for after, channels in steps:
            due = long.assign(due=long["trigger"] + pd.Timedelta(days=after))
            due = due[(due["due"] >= START) & (due["due"] < START + pd.Timedelta(days=DAYS))]
            due = due[due["customer_id"].map(newest) <= due["trigger"]]
            who = due["customer_id"]
            chosen = pd.Series(None, due.index, "str")
            for channel in reversed(channels):
                may = who.map(allowed["marketing", channel])
                yes = may.eq(True)
                if soft and channel == "email":
                    exception = who.map(allowed["soft_spam", "email"])
                    yes = (yes | (may.isna() & exception.eq(True))) & ~exception.eq(False)
                chosen = chosen.mask(yes, channel)
                due[channel] = yes
            for channel in channels:
                chosen = chosen.mask(due[channel] & (who.map(preferred) == channel), channel)
            lot = [int.from_bytes(hashlib.md5((salt + one).encode(), usedforsecurity=False).digest()[:6], "big") / 2**48
                   for one in who]  # fmt: skip
            due = due.assign(sequence=name, channel=chosen)[pd.Series(lot, due.index) >= 0.1]  # noqa: PLR2004 - the share
            parts.append(due[due["channel"].notna()])
    every = pd.concat(parts).sort_values(["customer_id", "due"], kind="stable")
    sent = mails[(mails["event"] == "sent") & (mails["event_ts"] >= START - pd.Timedelta(days=7))]
    past = {who: list(times) for who, times in sent.groupby("customer_id")["event_ts"]}
    keep = []
    for who, when in zip(every["customer_id"], every["due"], strict=True):
        times = past.setdefault(who, [])
        keep.append(sum(one > when - pd.Timedelta(days=7) for one in times) < 3)  # noqa: PLR2004 - the policy's cap
        if keep[-1]:
            times.append(when)
    counts = every[keep].groupby(["sequence", "channel"]).size()
    return report(began, opened, time.perf_counter(), counts)


def report(began: float, opened: float, done: float, counts: pd.Series) -> dict[str, Any]:
    """Say what was measured, and the counts by which the answers are compared."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return {"open": opened - began, "queue": done - opened, "peak": peak,
            "counts": {"/".join(key): int(count) for key, count in counts.items()}}  # fmt: skip


def measured(how: str, folder: str) -> dict[str, Any]:
    """Run one side in a process of its own."""
    command = [sys.executable, __file__, "--side", how, "--shop", folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure both sides and write the table."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--small", action="store_true", help="10,000 customers, to see whether it runs")
    said.add_argument("--customers", type=int, default=1_000_000)
    said.add_argument("--shop", help="a folder that make_shop has written, with the tables named in this file")
    said.add_argument("--out", type=Path, default=Path(__file__).parent)
    said.add_argument("--side", choices=["crmlib", "pandas"], help=argparse.SUPPRESS)
    told = said.parse_args()
    if told.side:
        side = with_crmlib if told.side == "crmlib" else with_pandas
        print(json.dumps(side(told.shop)))  # noqa: T201 - how the processes talk
        return
    customers = 10_000 if told.small else told.customers
    with tempfile.TemporaryDirectory() as folder:
        if not told.shop:
            from crmlib.synth import make_shop

            make_shop(Path(folder) / "shop", customers=customers, tables=[*TABLES, "campaigns"])
        place = told.shop or str(Path(folder) / "shop")
        ours, theirs = measured("crmlib", place), measured("pandas", place)
    if ours["counts"] != theirs["counts"]:
        raise SystemExit(f"crmlib queues {ours['counts']}, pandas {theirs['counts']}")
    number = sum(ours["counts"].values())
    text = f"""# A week's queue beside plain pandas

A simulated shop of {customers:,} customers; `crmlib bench queues`. Both queue the same {number:,} messages.
Seconds of a shared machine with two cores, once each, in turn.
open: reads the tables; crmlib reads all six, and checks each row.

| | crmlib s | pandas s |
|---|---|---|
| open | {ours["open"]:.1f} | {theirs["open"]:.1f} |
| queue, two sequences | {ours["queue"]:.1f} | {theirs["queue"]:.1f} |

Six ready-made sequences with quiet hours and late messages: {ours["all"]:.1f} s by crmlib;
{ours["entries"]:,} messages, {ours["held"]:,} held back.
Most memory held: crmlib {ours["peak"]:.1f} GB, pandas {theirs["peak"]:.1f} GB."""
    print(text)  # noqa: T201 - the result
    if not told.small:
        (told.out / "queues.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
