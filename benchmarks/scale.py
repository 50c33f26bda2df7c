# ruff: noqa: INP001, T201 - a script, which says what it does
"""Orders to summaries, scores, splits and a fitted model, on ever more orders: crmlib, plain pandas, lifetimes.

    crmlib bench scale --rows 1e6,1e7 [--rounds 1] [--out benchmarks]

Each measurement is a process of its own, from its start (imports, reading a Parquet file) to its end: its seconds, the
processors' seconds, and the most memory it held. The three take turns, so that a busy machine slows all of them; the
sums over their answers must agree. pandas and lifetimes stop at 10 M orders, where they take minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

TASKS = ("group-by", "summary", "holdout", "rfm", "cohorts", "unique rows", "fit")
Answer = list[float]
PEERS_UP_TO = 20_000_000
END, SEEN = "2024-12-30", "2024-06-30"
CHUNK = 5_000_000
SAME = 1e-3  # lifetimes stops its search at four digits; sums agree to nine


def make(rows: int, path: Path) -> None:
    """Write orders: a seventh as many customers, heavy-tailed, over two years, in cents."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(7)
    customers = max(rows // 7, 1)
    rate = np.cumsum(rng.gamma(0.6, size=customers) + 0.05)
    born = rng.integers(0, 700, customers, dtype=np.int32)
    with pq.ParquetWriter(path, pa.schema([("customer_id", pa.int64()), ("order_ts", pa.timestamp("us")),
                                           ("amount", pa.decimal128(18, 4))])) as out:  # fmt: skip
        for first in range(0, rows, CHUNK):
            size = min(CHUNK, rows - first)
            who = np.searchsorted(rate, rng.random(size) * rate[-1])
            # many stop early: the square draws orders towards the customer's first day
            day = born[who] + (rng.random(size) ** 2 * (730 - born[who])).astype(np.int64)
            second = day * 86_400 + rng.integers(0, 86_400, size)
            cents = (rng.lognormal(3.5, 0.8, size) * 100).astype(np.int64) + 1
            ts = (np.datetime64("2023-01-01", "s") + second.astype("timedelta64[s]")).astype("datetime64[us]")
            amount = pa.array(cents * 100, pa.int64()).cast(pa.decimal128(19, 0))
            amount = pa.Array.from_buffers(pa.decimal128(18, 4), size, amount.buffers())
            out.write_table(pa.table({"customer_id": who, "order_ts": ts, "amount": amount}))


def crmlib(task: str, path: str) -> Answer:
    """Do a task with crmlib on DuckDB; the answer stays on the engine, as it does for who asks."""
    from crmlib import clv, rfm
    from crmlib.engine import DuckDB, Table, literal

    engine = DuckDB()
    engine.connection.execute(f"create view orders as select * from read_parquet({literal(path)})")
    orders = Table(engine, "orders")

    def sums(table: Table, *columns: str) -> Answer:
        picked = ", ".join(f"cast(sum({column}) as double)" for column in columns)
        return [float(value) for value in engine.rows(f"select count(*), {picked} from {table.name}")[0]]

    if task == "group-by":  # the floor: what one look at every customer costs
        counted = engine.table("select customer_id, count(*) as orders, max(order_ts) as last from orders group by 1")
        answer = sums(counted, "orders")
    elif task == "rfm":
        answer = sums(rfm.segments(rfm.score(orders, as_of=END)), "customers")[1:]
    elif task == "cohorts":
        answer = [_customer_months(orders)]
    elif task == "holdout":
        split = clv.holdout(orders, calibration_end=SEEN, observation_end=END)
        answer = sums(split, "frequency_cal", "T_cal", "frequency_holdout", "monetary_value_holdout")
    elif task == "summary":
        answer = sums(clv.summarize(orders, as_of=END), "frequency", "recency", "T", "monetary_value")
    else:
        rows = clv.histories(orders, as_of=END, period="W")
        fits = task == "fit"
        answer = list(clv.BetaGeoFitter(penalizer_coef=0.001).fit(rows).params_) if fits else sums(rows, "weights")[1:]
    return answer


def _customer_months(orders: Any) -> float:
    """Add up the table of monthly cohorts: customers who bought, over cohorts and months."""
    from datetime import date

    from crmlib import Policy, Shop, churn
    from crmlib.shop.ledger import Ledger

    shop = Shop("orders", {"orders": orders}, date.fromisoformat(END), Policy(), Ledger())
    return float(churn.cohorts(shop, measure="customers").sum().sum())


def _read(path: str) -> Any:
    import pandas as pd

    orders = pd.read_parquet(path)
    orders["amount"] = orders["amount"].astype(float)
    return orders


def pandas(task: str, path: str) -> Answer:
    """Do a task with plain pandas, as one would write it."""
    import pandas as pd

    orders = _read(path)
    end, seen = pd.Timestamp(END), pd.Timestamp(SEEN)
    day = orders["order_ts"].dt.floor("D")
    if task == "rfm":
        grouped = orders.assign(day=day).groupby("customer_id")
        table = grouped.agg(last=("day", "max"), frequency=("day", "size"), monetary=("amount", "sum"))
        table["recency"] = (end - table["last"]).dt.days
        for name in ("recency", "frequency", "monetary"):
            edges = table[name].quantile([0.2, 0.4, 0.6, 0.8]).to_numpy()
            table[f"{name} score"] = edges.searchsorted(table[name]) + 1
        code = table[["recency score", "frequency score", "monetary score"]]
        by_code = table.groupby(list(code.columns)).agg(
            customers=("monetary", "size"), value=("monetary", "sum"), median=("recency", "median")
        )
        return [float(by_code["customers"].sum())]
    if task == "cohorts":
        month = orders["order_ts"].dt.year * 12 + orders["order_ts"].dt.month
        active = orders.assign(month=month)[["customer_id", "month"]].drop_duplicates()
        first = active.groupby("customer_id")["month"].transform("min")
        cells = active.groupby([first.rename("cohort"), active["month"] - first]).size().unstack()  # noqa: PD010
        over = end.year * 12 + end.month - 1  # the last month is not over
        return [float(sum(row.loc[: over - cohort].sum() for cohort, row in cells.iterrows()))]
    if task == "holdout":
        early = _pandas_summary(orders[day <= seen], day[day <= seen], seen)
        late = orders.assign(day=day)[day > seen].groupby(["customer_id", "day"], sort=False)["amount"].sum()
        split = early.join(late.groupby("customer_id", sort=False).agg(["size", "mean"])).fillna(0)
        return _sums(split, "frequency", "T", "size", "mean")
    return _sums(_pandas_summary(orders, day, end), "frequency", "recency", "T", "monetary_value")


def _sums(table: Any, *columns: str) -> Answer:
    return [float(len(table)), *(float(table[column].sum()) for column in columns)]


def _pandas_summary(orders: Any, day: Any, end: Any) -> Any:
    days = orders.assign(day=day).groupby(["customer_id", "day"])["amount"].sum().reset_index()
    grouped = days.groupby("customer_id")
    table = grouped.agg(first=("day", "min"), last=("day", "max"), n=("day", "size"), spend=("amount", "sum"))
    table["first_spend"] = grouped["amount"].first()  # sorted by day
    frequency = table["n"] - 1
    return table.assign(
        frequency=frequency,
        recency=(table["last"] - table["first"]).dt.days,
        T=(end - table["first"]).dt.days,
        monetary_value=((table["spend"] - table["first_spend"]) / frequency.where(frequency > 0)).fillna(0),
    )


def lifetimes(task: str, path: str) -> Answer:
    """Do a task with lifetimes' own functions."""
    from lifetimes import BetaGeoFitter
    from lifetimes import utils as peer

    orders = _read(path)
    orders["order_ts"] = orders["order_ts"].dt.floor("D")  # else it leaves out most of the calibration's last day
    names = ("customer_id", "order_ts")
    if task == "holdout":
        split = peer.calibration_and_holdout_data(orders, *names, SEEN, END, monetary_value_col="amount")
        # its mean spend of the holdout is of single orders, not of days: not compared
        return _sums(split, "frequency_cal", "T_cal", "frequency_holdout")
    freq = "W" if task == "fit" else "D"
    summary = peer.summary_data_from_transaction_data(
        orders, *names, monetary_value_col="amount", observation_period_end=END, freq=freq
    )
    if task == "fit":
        fitted = BetaGeoFitter(penalizer_coef=0.001).fit(summary["frequency"], summary["recency"], summary["T"])
        return list(fitted.params_)
    return _sums(summary, "frequency", "recency", "T", "monetary_value")


WAYS = {
    "crmlib": (crmlib, TASKS),
    "pandas": (pandas, ("summary", "holdout", "rfm", "cohorts")),
    "lifetimes": (lifetimes, ("summary", "holdout", "fit")),
}


def measure(way: str, task: str, path: Path) -> dict[str, Any]:
    """Run a task in a new process."""
    return {"way": way, "task": task, **timed(__file__, "--way", way, "--task", task, "--file", str(path))}


def timed(file: str, *words: str, **environment: str) -> dict[str, Any]:
    """Run a benchmark's file in a new process; give its seconds and what it says of itself, or why it failed."""
    started = time.monotonic()
    command = [sys.executable, "-W", "ignore", file, *words]
    surroundings = {**os.environ, **environment}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings)  # noqa: S603 - ours
    seconds = time.monotonic() - started
    said = done.stdout.splitlines()[-1] if done.returncode == 0 else ""
    if not said:
        return {"why": (done.stderr.strip().splitlines() or [f"killed by signal {-done.returncode}"])[-1][:90]}
    return {"seconds": seconds, **json.loads(said)}


def say(answer: Any) -> None:
    """Say, at the end of a process that is measured, what it found and what it took."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    work = used.ru_utime + used.ru_stime
    print(json.dumps({"answer": answer, "work": work, "gigabytes": used.ru_maxrss / 2**20}))  # from kilobytes


def table(found: list[dict[str, Any]]) -> str:
    """Return the measurements as Markdown: medians, and how many times longer the others take."""
    lines = [
        "| orders | task | way | seconds | processor s | peak GB | times crmlib's seconds | same answer |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rows, task, way in dict.fromkeys((each["rows"], each["task"], each["way"]) for each in found):
        own = [each for each in found if (each["rows"], each["task"]) == (rows, task)]
        mine = [each for each in own if each["way"] == way]
        if "why" in mine[0]:
            lines.append(f"| {rows:,} | {task} | {way} | fails: {mine[0]['why']} | | | | |")
            continue
        pairs = list(zip(mine, (each for each in own if each["way"] == "crmlib"), strict=True))
        ratio = median(one["seconds"] / two["seconds"] for one, two in pairs)
        seconds, work, memory = (median(e[name] for e in mine) for name in ("seconds", "work", "gigabytes"))
        apart = max(difference(one["answer"], two["answer"]) for one, two in pairs)
        shown = "|" if way == "crmlib" else f"{ratio:.1f} | {'yes' if apart < SAME else f'differs by {apart:.1e}'}"
        lines.append(f"| {rows:,} | {task} | {way} | {seconds:.1f} | {work:.1f} | {memory:.2f} | {shown} |")
    return "\n".join(lines)


def difference(one: Answer, two: Answer) -> float:
    """Return by how much two answers differ at most, as a share."""
    return max(abs(a - b) / max(abs(b), 1e-9) for a, b in zip(one, two, strict=False))


def growth(found: list[dict[str, Any]]) -> str:
    """Return how the cost grows with the rows: 1 is in proportion, less where starting up weighs."""
    import numpy as np

    lines = ["| task | exponent of seconds | of processor seconds |", "|---|---|---|"]
    for task in TASKS:
        own = [e for e in found if e["way"] == "crmlib" and e["task"] == task and "seconds" in e]
        if len({e["rows"] for e in own}) > 1:
            size = np.log([e["rows"] for e in own])
            slopes = [np.polyfit(size, np.log([e[name] for e in own]), 1)[0] for name in ("seconds", "work")]
            lines.append(f"| {task} | {slopes[0]:.2f} | {slopes[1]:.2f} |")
    return "\n".join(lines)


def draw(found: list[dict[str, Any]], path: Path) -> None:
    """Draw seconds and memory over the number of orders, both on log scales."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    marks = {"crmlib": "o-", "pandas": "s--", "lifetimes": "^:"}
    for axis, measured, label in zip(axes, ("seconds", "gigabytes"), ("seconds", "peak memory, GB"), strict=True):
        for number, task in enumerate(TASKS):
            for way, mark in marks.items():
                points = [
                    (e["rows"], e[measured]) for e in found if e["way"] == way and e["task"] == task and measured in e
                ]
                if points:
                    axis.plot(*zip(*sorted(points), strict=True), mark, color=f"C{number}", label=f"{way}: {task}")
        axis.set(xscale="log", yscale="log", xlabel="orders", ylabel=label)
        axis.grid(alpha=0.3)
    if len(sizes := sorted({e["rows"] for e in found})) > 1:
        axes[0].plot(sizes, [size / sizes[-1] * 20 for size in sizes], color="0.7", lw=1, label="in proportion")
    axes[1].legend(fontsize="small", bbox_to_anchor=(1, 1))
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure, and write scale.md and scale.png; or, with --way, be the process that is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="1e6,1e7")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    for name in ("--way", "--task", "--file"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way == "make":
        make(int(asked.task), Path(asked.file))
    elif asked.way:
        say(WAYS[asked.way][0](asked.task, asked.file))
    else:
        report([int(float(rows)) for rows in asked.rows.split(",")], asked.rounds, asked.out)


def report(sizes: list[int], rounds: int, out: Path) -> None:
    """Measure every size, task and way in turn; this process stays small, for a child inherits its parent's peak."""
    found: list[dict[str, Any]] = []
    asked = [task for task in TASKS if task != "cohorts" or find_spec("crmlib.churn")]
    out.mkdir(parents=True, exist_ok=True)
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="crmlib-scale-") as folder:
            path = Path(folder) / "orders.parquet"
            making = [sys.executable, __file__, "--way", "make", "--task", str(rows), "--file", str(path)]
            subprocess.run(making, check=True)  # noqa: S603 - our own command
            for task in asked:
                for _ in range(rounds):
                    for way, (_, tasks) in WAYS.items():
                        if task in tasks and (way == "crmlib" or rows <= PEERS_UP_TO):
                            found.append({"rows": rows, **measure(way, task, path)})
                            print(found[-1], flush=True)
    write(found, out)


def write(found: list[dict[str, Any]], out: Path) -> None:
    """Write the table and the picture."""
    about = (
        "# From a million orders on: crmlib, pandas, lifetimes 0.11.3\n\n"
        "Whole processes, from start to end, medians. On a machine that others use as well, seconds are long, and what "
        "runs on two cores gains nothing by it: read the processors' seconds then. `crmlib bench scale`.\n\n"
    )
    grown = f"## How the cost grows, crmlib\n\n{growth(found)}"
    picture = "![Seconds and memory](scale.png)"
    (out / "scale.md").write_text(f"{about}{table(found)}\n\n{picture}\n\n{grown}\n", encoding="utf-8")
    draw(found, out / "scale.png")


if __name__ == "__main__":
    main()
