# ruff: noqa: INP001 - a script
"""Churn features and cohorts on the engine beside plain pandas, each in a process of its own.

    python benchmarks/churn.py [--small] [--orders 10000000] [--out benchmarks]

Both read the same Parquet file of simulated orders and make the same tables: the features of
`crmlib.churn.features` that orders give, and the monthly cohorts. The answers must agree. Reported are wall-clock
seconds, processor seconds, and the most memory that the process held.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ACTIVE, RECENT = 180, 90
FIRST = np.datetime64("2024-01-01")
DAYS = 730


def write_orders(path: Path, orders: int, seed: int = 1) -> None:
    """Write orders of two years; a seventh as many customers, some far busier than others."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(seed)
    customers = max(orders // 7, 1)
    weight = rng.gamma(0.7, 1.0, customers)
    who = np.repeat(np.arange(customers), rng.multinomial(orders, weight / weight.sum()))
    start, stay = rng.integers(0, DAYS, customers), rng.exponential(250, customers)
    when = np.minimum(start[who] + rng.random(orders) * np.minimum(stay, DAYS - start)[who], DAYS - 1e-6)
    order = np.argsort(when, kind="stable")
    times = FIRST.astype("datetime64[s]") + (when[order] * 86_400).astype("timedelta64[s]")
    cents = np.maximum(rng.gamma(2.0, 2_500, orders).astype(np.int64), 1)
    pq.write_table(
        pa.table({
            "customer_id": pa.array(who[order]), "order_id": pa.array(np.arange(orders)), "order_ts": pa.array(times),
            "amount": pa.array(cents / 100),
        }), path,
    )  # fmt: skip


def with_crmlib(path: Path) -> dict[str, Any]:
    """Features and cohorts by the library."""
    from crmlib import churn, open_shop

    clock = Clock()
    shop = open_shop(str(path))
    clock.lap("open")
    table = churn.features(shop)
    clock.lap("features")
    cohorts = churn.cohorts(shop, measure="customers")
    clock.lap("cohorts")
    return clock.report(table, cohorts)


def with_pandas(path: Path) -> dict[str, Any]:
    """Give the same by pandas alone, as one would write it."""
    clock = Clock()
    orders = pd.read_parquet(path)
    as_of = orders["order_ts"].max().normalize() + pd.Timedelta(days=1)
    clock.lap("open")
    orders["day"] = orders["order_ts"].dt.normalize()
    days = orders.groupby(["customer_id", "day"])["amount"].agg(["size", "sum"]).reset_index()
    by_customer = days.groupby("customer_id")
    table = by_customer.agg(first=("day", "min"), last=("day", "max"), bought=("day", "size"), orders=("size", "sum"),
                            spend=("sum", "sum"), last_order_value=("sum", "last"))  # fmt: skip
    recent = days[days["day"] > as_of - pd.Timedelta(days=RECENT)].groupby("customer_id")
    table["recent_orders"] = recent["size"].sum()
    table["recent_spend"] = recent["sum"].sum()
    table["days_since_order"] = (as_of - table["last"]).dt.days
    table["days_since_first_order"] = (as_of - table["first"]).dt.days
    table["mean_gap_days"] = ((table["last"] - table["first"]).dt.days / (table["bought"] - 1)).where(
        table["bought"] > 1
    )
    table["silence_ratio"] = table["days_since_order"] / table["mean_gap_days"].clip(lower=1)
    table["mean_order_value"] = table["spend"] / table["orders"]
    table = table[table["days_since_order"] < ACTIVE].drop(columns=["first", "last", "bought", "spend"])
    table[["recent_orders", "recent_spend"]] = table[["recent_orders", "recent_spend"]].fillna(0)
    clock.lap("features")
    month = orders["order_ts"].dt.year * 12 + orders["order_ts"].dt.month - 1
    cohort = month.groupby(orders["customer_id"]).transform("min")
    age = (month - cohort).rename("age")
    cohorts = orders.groupby([cohort.rename("cohort"), age])["customer_id"].nunique()
    cohorts = cohorts.unstack(fill_value=0)  # noqa: PD010 - of a series
    clock.lap("cohorts")
    return clock.report(table, cohorts)


class Clock:
    """Wall-clock and processor seconds by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, tuple[float, float]] = {}
        self.at = time.perf_counter(), time.process_time()

    def lap(self, name: str) -> None:
        """End a stage."""
        now = time.perf_counter(), time.process_time()
        self.stages[name] = (now[0] - self.at[0], now[1] - self.at[1])
        self.at = now

    def report(self, table: pd.DataFrame, cohorts: pd.DataFrame) -> dict[str, Any]:
        """Say what was measured, and sums by which the answers are compared."""
        import resource

        sums = {str(name): float(table[name].sum()) for name in sorted(table)}
        cells = {"customers": len(table), "cohorts": float(np.nansum(cohorts.to_numpy(dtype=float)))}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        return {"stages": self.stages, "peak": peak, "sums": {**sums, **cells}}


def measured(how: str, path: Path) -> dict[str, Any]:
    """Run one side in a process of its own."""
    command = [sys.executable, __file__, "--side", how, "--file", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure both sides and write the table."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--small", action="store_true", help="200,000 orders, to see whether it runs")
    said.add_argument("--orders", type=int, default=10_000_000)
    said.add_argument("--out", type=Path, default=Path(__file__).parent)
    said.add_argument("--side", choices=["crmlib", "pandas"], help=argparse.SUPPRESS)
    said.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    told = said.parse_args()
    if told.side:
        side = with_crmlib if told.side == "crmlib" else with_pandas
        print(json.dumps(side(told.file)))  # noqa: T201 - how the processes talk
        return
    orders = 200_000 if told.small else told.orders
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.parquet"
        write_orders(path, orders)
        ours, theirs = measured("crmlib", path), measured("pandas", path)
    for name, total in theirs["sums"].items():
        if not np.isclose(ours["sums"][name], total, rtol=1e-9):
            raise SystemExit(f"{name}: crmlib says {ours['sums'][name]}, pandas {total}")
    lines = [f"| {stage} | {ours['stages'][stage][0]:.1f} | {ours['stages'][stage][1]:.1f} | {wall:.1f} | {cpu:.1f} |"
             for stage, (wall, cpu) in theirs["stages"].items()]  # fmt: skip
    totals = [sum(part[kind] for part in side["stages"].values()) for side in (ours, theirs) for kind in (0, 1)]
    text = [
        "# Churn features and cohorts beside plain pandas", "",
        f"{orders:,} simulated orders of {orders // 7:,} customers; `crmlib bench churn`. The answers agree.",
        "Seconds of a shared machine with two cores, once each, in turn: read the processor's.",
        "open: reads the file; crmlib also checks each row, sums lines and nets returns.", "",
        "| stage | crmlib s | of processor | pandas s | of processor |", "|---|---|---|---|---|", *lines,
        f"| all | {totals[0]:.1f} | {totals[1]:.1f} | {totals[2]:.1f} | {totals[3]:.1f} |", "",
        f"Most memory held: crmlib {ours['peak']:.1f} GB, pandas {theirs['peak']:.1f} GB.",
    ]  # fmt: skip
    print("\n".join(text))  # noqa: T201 - the result
    if not told.small:
        (told.out / "churn.md").write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
