# ruff: noqa: INP001, T201 - a script, which says what it does
"""Orders to scored customers in a file: `crmlib score`, and a script with pandas and lifetimes that does the same.

    crmlib bench score [--rows 1e6,1e7] [--rounds 1] [--out benchmarks]

Each measurement is a process of its own, from its start (imports, reading a Parquet file of orders) to its end (a file
with one row per customer): its seconds, the processors' seconds, and the most memory it held. The peer's script makes
the columns that both have: orders, money, RFM scores, P(alive), expected purchases and lifetime value of twelve months.
It validates nothing, nets no returns, has no intervals, and fits BG/NBD where crmlib fits MBG/NBD, so that the two
models' sums agree about, not exactly; what both count must be equal.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import scale

END, DAYS, MARGIN = "2024-12-31", 365.25, 1.0
MONTHS = 12


def crmlib(path: str, out: str) -> dict[str, float]:
    """Run the command, as at a prompt."""
    from crmlib.commands.main import main

    main(["score", path, "--out", out, "--as-of", END], standalone_mode=False)
    return _sums(out, "orders", "spend", "expected_purchases", "cltv", "r", "f", "m")


def peer(path: str, out: str) -> dict[str, float]:
    """Do the same with pandas and lifetimes, as one would write it."""
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter
    from lifetimes.utils import summary_data_from_transaction_data

    orders = pd.read_parquet(path)
    orders["amount"] = orders["amount"].astype(float)
    end = pd.Timestamp(END)
    day = orders["order_ts"].dt.floor("D")
    grouped = orders.assign(day=day).groupby("customer_id")
    table = grouped.agg(
        orders=("day", "size"), first_order=("order_ts", "min"), last_order=("order_ts", "max"), spend=("amount", "sum")
    )
    recency = (end - table["last_order"].dt.floor("D")).dt.days
    for name, values in (("r", recency), ("f", table["orders"]), ("m", table["spend"])):
        edges = values.quantile([0.2, 0.4, 0.6, 0.8]).to_numpy()
        table[name] = edges.searchsorted(values) + 1
    table["r"] = 6 - table["r"]
    table["days_since_order"] = recency
    summary = summary_data_from_transaction_data(
        orders.assign(order_ts=day), "customer_id", "order_ts", monetary_value_col="amount", observation_period_end=END
    )
    model = BetaGeoFitter(penalizer_coef=0.001).fit(summary["frequency"], summary["recency"], summary["T"])
    table["p_alive"] = model.conditional_probability_alive(summary["frequency"], summary["recency"], summary["T"])
    table["expected_purchases"] = model.conditional_expected_number_of_purchases_up_to_time(
        DAYS, summary["frequency"], summary["recency"], summary["T"]
    )
    again = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    spend = GammaGammaFitter(penalizer_coef=0.001).fit(again["frequency"], again["monetary_value"])
    table["cltv"] = MARGIN * spend.customer_lifetime_value(
        model, summary["frequency"], summary["recency"], summary["T"], summary["monetary_value"],
        time=MONTHS, discount_rate=0.01, freq="D",
    )  # fmt: skip
    table.reset_index().to_parquet(out)
    return _sums(out, "orders", "spend", "expected_purchases", "cltv", "r", "f", "m")


def _sums(out: str, *columns: str) -> dict[str, float]:
    """Return what tells two answers apart."""
    import pyarrow.parquet as pq
    from pyarrow import compute

    table = pq.read_table(out, columns=list(columns))
    return {"customers": table.num_rows} | {name: float(compute.sum(table[name]).as_py()) for name in columns}


WAYS = {"crmlib": crmlib, "pandas and lifetimes": peer}


def measure(way: str, path: Path, out: Path) -> dict[str, Any]:
    """Run a way in a process of its own, on two threads and 4 GB."""
    words = ("--way", way, "--file", str(path), "--to", str(out))
    return {"way": way, **scale.timed(__file__, *words, CRMLIB_THREADS="2", CRMLIB_MEMORY="2GB")}


def table(results: list[dict[str, Any]]) -> str:
    """Return the measurements as Markdown: medians."""
    lines = [
        "| orders | customers | way | seconds | processor s | peak GB | expected purchases | lifetime value |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rows, way in dict.fromkeys((each["rows"], each["way"]) for each in results):
        mine = [each for each in results if (each["rows"], each["way"]) == (rows, way)]
        if "why" in mine[0]:
            lines.append(f"| {rows:,} | | {way} | fails: {mine[0]['why']} | | | | |")
            continue
        seconds, work, memory = (median(each[name] for each in mine) for name in ("seconds", "work", "gigabytes"))
        sums = mine[0]["answer"]
        lines.append(
            f"| {rows:,} | {sums['customers']:,.0f} | {way} | {seconds:.1f} | {work:.1f} | {memory:.2f} | "
            f"{sums['expected_purchases']:,.0f} | {sums['cltv']:,.0f} |"
        )
    return "\n".join(lines)


def differing(results: list[dict[str, Any]]) -> str:
    """Say whether what both count is equal: customers, orders, money, scores."""
    wrong = []
    for rows in dict.fromkeys(each["rows"] for each in results):
        answers = [each["answer"] for each in results if each["rows"] == rows and "answer" in each]
        for name in ("customers", "orders", "spend", "r", "f", "m"):
            values = [answer[name] for answer in answers]
            if max(values) - min(values) > 1e-9 * max(values):
                wrong.append(f"{name} of {rows:,} orders: {values}")
    counted = "Customers, orders, money and the sums of the three scores are equal."
    return f"**Differs**: {'; '.join(wrong)}." if wrong else counted


def main() -> None:
    """Measure, and write score.md; or, with --way, be the process that is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="1e6,1e7")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    for name in ("--way", "--file", "--to"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        scale.say(WAYS[asked.way](asked.file, asked.to))
        return
    results: list[dict[str, Any]] = []
    asked.out.mkdir(parents=True, exist_ok=True)
    for rows in [int(float(text)) for text in asked.rows.split(",")]:
        with tempfile.TemporaryDirectory(prefix="crmlib-score-") as folder:
            path = Path(folder) / "orders.parquet"
            making = [sys.executable, scale.__file__, "--way", "make", "--task", str(rows), "--file", str(path)]
            subprocess.run(making, check=True)  # noqa: S603 - our own command
            for _ in range(asked.rounds):
                for way in WAYS:
                    results.append({"rows": rows, **measure(way, path, Path(folder) / "scores.parquet")})
                    print(results[-1], flush=True)
    about = (
        "# Orders to scored customers: `crmlib score` beside pandas and lifetimes 0.11.3\n\n"
        "Whole processes on two threads, from reading a Parquet file of orders to a Parquet file with one row per "
        "customer. On a machine that others use as well, seconds are long: read the processors' seconds then. crmlib "
        "checks and nets the orders, fills sixty columns with intervals, and tries its churn risk on the past; the "
        "script has fourteen columns and does none of that. `crmlib bench score`.\n\n"
    )
    models = "Expected purchases and lifetime value are of two models, MBG/NBD and BG/NBD, and differ by that."
    text = f"{about}{table(results)}\n\n{differing(results)} {models}\n"
    (asked.out / "score.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
