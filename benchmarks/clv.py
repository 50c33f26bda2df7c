# ruff: noqa: INP001 - a script
"""Fits and predictions of `crmlib.clv` against lifetimes as it is, side by side, in one run.

    python benchmarks/clv.py [--small] [--rounds 3] [--out benchmarks]

Both packages get the same simulated customers in turn, and one thread. Times are the process's own on the processor, so
that waiting for a busy machine's other work does not count; reported is the ratio of the two, minimum, median and
maximum over the rounds. Predictions are repeated more often than fits; large fits of lifetimes take minutes and are run
once.
Parameters must agree to four decimals (Pareto/NBD to three digits, where lifetimes' Nelder-Mead stops), unless
lifetimes' own likelihood shows that it stopped short of the optimum: its Pareto/NBD starts at random.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import time
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # a second BLAS thread on a busy machine costs more than it brings

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from clv_small import RESAMPLES, counts  # noqa: E402 - beside this file

from crmlib import clv as fitters  # noqa: E402
from crmlib.clv.peer import lifetimes  # noqa: E402
from crmlib.clv.unique_rows import unique_rows  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = {"2.4 k": 2_357, "23.5 k": 23_570, "200 k": 200_000, "1 M": 1_000_000}
DAYS = {"D": 1, "W": 7}
HISTORY = ["frequency", "recency", "T"]
LARGE = 200_000
MORE = 5
ROUNDING = 1e-6


def shop(customers: int, period: str, seed: int = 1) -> pd.DataFrame:
    """Simulate customers of two years under BG/NBD with CDNOW's parameters, and what they spend per purchase."""
    rng = np.random.default_rng(seed)
    age = rng.integers(1, 730, customers).astype(float)
    rate, leave = rng.gamma(0.25, 1 / 31, customers), rng.beta(0.8, 2.4, customers)
    x, last, now, here = np.zeros(customers), np.zeros(customers), np.zeros(customers), np.arange(customers)
    while here.size:
        now[here] += rng.exponential(1 / rate[here].clip(1e-12))
        here = here[now[here] < age[here]]
        x[here] += 1
        last[here] = now[here]
        here = here[rng.random(here.size) > leave[here]]
    T = np.floor(age / DAYS[period])
    recency = np.where(x > 0, np.minimum(np.floor(last / DAYS[period]), T), 0.0)
    times = np.maximum(x, 1)
    spend = np.maximum(np.round(rng.gamma(6 * times) / times / rng.gamma(3.7, 1 / 15, customers), 2), 0.01)
    return pd.DataFrame({"frequency": x, "recency": recency, "T": T, "monetary_value": spend})


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep lifetimes' warnings and prints out of the table."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long a call keeps the processor busy, and what it returns."""
    with quiet():
        begin = time.process_time()
        result = call()
        return time.process_time() - begin, result


def versus(label: str, ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> dict[str, Any]:
    """Run both in turn and compare parameters or predictions."""
    if rounds > 1:
        seconds(theirs)  # once unmeasured for both: imports and caches
    seconds(ours)
    times, ratios, result, peer = [], [], None, None
    for _ in range(rounds):
        slow, peer = seconds(theirs)
        fast, result = seconds(ours)  # once each: the better of several would flatter whoever gets it
        times.append((fast, slow))
        ratios.append(slow / fast)
    row = {
        "case": label,
        "crmlib s": np.median([t[0] for t in times]),
        "lifetimes s": np.median([t[1] for t in times]),
    }
    row |= {
        "ratio min": min(ratios),
        "median": float(np.median(ratios)),
        "max": max(ratios),
        "rounds": rounds,
    }
    one, two = (np.asarray(getattr(found, "params_", found), dtype=float) for found in (result, peer))
    if hasattr(peer, "_negative_log_likelihood_"):  # below 0: lifetimes stopped short of the optimum
        row["lifetimes' likelihood"] = result._negative_log_likelihood_ - peer._negative_log_likelihood_
    else:
        row["lifetimes' likelihood"] = 0.0
    row["largest difference"] = float(np.max(np.abs(one - two) / np.maximum(np.abs(two), 1)))
    print(f"{label:45s} {row['crmlib s']:9.4f} {row['lifetimes s']:9.3f} {row['median']:8.1f}x", flush=True)  # noqa: T201
    return row


def compare(sizes: dict[str, int], rounds: int) -> Iterator[dict[str, Any]]:
    """Run all cases; lifetimes' Pareto/NBD, which takes minutes, comes last."""
    for label, size in sizes.items():
        repeats = rounds if size < LARGE else 1
        for period, days in DAYS.items():
            history: Any = [shop(size, period)[name] for name in HISTORY]
            for name in ("BetaGeoFitter", "ModifiedBetaGeoFitter"):
                if name == "BetaGeoFitter" or size < LARGE:
                    yield fit_case(name, f"{label} ({period})", history, repeats)
            model = fitters.BetaGeoFitter().fit(*history)
            peer = lifetimes.BetaGeoFitter()
            peer.params_ = model.params_
            question = (90 / days, *history)
            yield versus(
                f"BetaGeoFitter predict, {label} ({period})",
                partial(model.predict, *question),
                partial(peer.conditional_expected_number_of_purchases_up_to_time, *question),
                MORE * rounds,
            )
        buyers = shop(size, "D").query("frequency > 0")
        spent = [buyers["frequency"], buyers["monetary_value"]]
        yield fit_case("GammaGammaFitter", f"{label} (repeat buyers)", spent, repeats)
    for label, size in sizes.items():
        for period in DAYS:
            if size < LARGE or (size == LARGE and period == "D"):
                history = [shop(size, period)[name] for name in HISTORY]
                yield fit_case("ParetoNBDFitter", f"{label} ({period})", history, 1)


def fit_case(name: str, label: str, columns: Any, rounds: int) -> dict[str, Any]:
    """Fit one model by both packages."""
    return versus(
        f"{name} fit, {label}",
        lambda: getattr(fitters, name)().fit(*columns),
        lambda: getattr(lifetimes, name)().fit(*columns),
        rounds,
    )


def alone(size: int) -> list[dict[str, Any]]:
    """Time what lifetimes has not, and where the time of a large fit goes."""
    table = shop(size, "D")
    history = [table[name] for name in HISTORY]
    arrays = {name: table[name].to_numpy() for name in HISTORY}
    rows = unique_rows(arrays).to_pandas()
    model, pareto = fitters.BetaGeoFitter().fit(*history), fitters.ParetoNBDFitter().fit(*history)
    buyers = table[table["frequency"] > 0]
    spend = fitters.GammaGammaFitter().fit(buyers["frequency"], buyers["monetary_value"])
    small = fitters.BetaGeoFitter().fit(*(shop(2_357, "W")[name] for name in HISTORY))
    everything = (*history, table["monetary_value"])
    cases = {
        "one pass: sum of frequency, recency, T": lambda: [column.sum() for column in arrays.values()],
        f"collapse to {len(rows):,} unique rows": lambda: unique_rows(arrays),
        "BG/NBD fit of the unique rows": lambda: fitters.BetaGeoFitter().fit(rows),
        "BG/NBD fit, warm": lambda: fitters.BetaGeoFitter().fit(rows, start=model),
        "Pareto/NBD fit": lambda: fitters.ParetoNBDFitter().fit(*history),
        "12-month CLTV, BG/NBD": lambda: fitters.cltv(model, spend, *everything, period="D"),
        "12-month CLTV, Pareto/NBD": lambda: fitters.cltv(pareto, spend, *everything, period="D"),
        "DERT, Pareto/NBD": lambda: fitters.dert(pareto, *history, period="D"),
        "200 refits of 2,357 customers": lambda: fitters.bootstrap(small, 200),
    }
    found = []
    for label, call in cases.items():
        best = min(seconds(call)[0] for _ in range(3))
        found.append({"case": label, "seconds": best})
        print(f"{label:45s} {best:9.4f}", flush=True)  # noqa: T201
    return found


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def picture(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw the ratios, longest bar on top."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rows = sorted(rows, key=lambda row: row["median"])
    figure, axes = plt.subplots(figsize=(9, 0.28 * len(rows) + 1))
    axes.barh([row["case"] for row in rows], [row["median"] for row in rows], color="#3b6ea5")
    axes.set_xscale("log")
    axes.set_xlabel("times faster than lifetimes 0.11.3 (median ratio)")
    axes.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def write(
    out: Path, rows: list[dict[str, Any]], own: list[dict[str, Any]], small: list[dict[str, Any]], loads: list[float]
) -> None:
    """Write the tables and the picture."""
    text = "# crmlib.clv against lifetimes 0.11.3\n\n"
    text += "`crmlib bench clv`; seconds are those of the processor, in one thread, on a machine of "
    text += (
        f"{os.cpu_count()} processors with a load of {min(loads):.1f} to {max(loads):.1f}. Other work slows both by "
    )
    text += "sharing caches: read the ratios. Days (D) or weeks (W).\n\n"
    text += f"{markdown(rows)}\n\n## The largest shop in days, crmlib alone\n\n{markdown(own)}\n"
    if small:
        text += "\n## Small shops\n\nResamples of CDNOW's 2,357 customers, fitted with the packages' defaults and no "
        text += "penalizer. A fit fails when it raises an error, and stops short when its mean log-likelihood of a "
        text += (
            "customer is more than 1e-4 below the better of the two. crmlib warns where the customers do not settle "
        )
        text += f"a parameter, or break an assumption. `python benchmarks/clv_small.py`.\n\n{markdown(small)}\n"
    (out / "clv.md").write_text(text, encoding="utf-8")
    picture(rows, out / "clv.png")


def main() -> int:
    """Run the benchmark; exit 1 where parameters or predictions differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="up to 23.5 k customers only")
    parser.add_argument("--rounds", type=int, default=3, help="how often the quicker cases are repeated")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where clv.md and clv.png go")
    options = parser.parse_args()
    sizes = dict(list(SIZES.items())[:2]) if options.small else SIZES
    loads = [os.getloadavg()[0]]
    own = alone(max(sizes.values()))
    rows: list[dict[str, Any]] = []
    small: list[dict[str, Any]] = []
    for found, cases in ((rows, compare(sizes, options.rounds)), (small, counts(RESAMPLES))):
        for row in cases:
            found.append(row)
            loads.append(os.getloadavg()[0])
            write(options.out, rows, own, small, loads)  # after each case: some take minutes
    wrong = [
        row
        for row in rows
        if row["largest difference"] > (2e-3 if "Pareto" in row["case"] else 1e-4)
        and row["lifetimes' likelihood"] > -ROUNDING
    ]
    for row in wrong:
        print(f"DIFFERENT: {row['case']}: {row['largest difference']:.2g}", file=sys.stderr)  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
