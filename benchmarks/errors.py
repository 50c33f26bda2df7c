# ruff: noqa: INP001, T201 - a script
"""Error rates of every test and interval of experiments, nominal against simulated.

    crmlib bench errors [--quick] [--rounds 2000] [--before FILE] [--json FILE] [--out benchmarks] [--only WHAT]

Two parts. *Scenarios* call the public functions as an analyst would, one made experiment after the other; they run on
older versions too, so that a table of before and after can be made (``--only scenarios --json before.json`` there,
``--before before.json`` here). *The grid* puts thousands of experiments at once through the test that those functions
share: arms from 50/50 to 95/5, .5 to 20 % buyers, 200 to 50,000 customers; shares, orders and spend. What falls short
of the goals is listed: false alarms at most 6.5 %, and 93.5 to 97 % of the 95 % intervals hold the truth.
"""

from __future__ import annotations

import argparse
import json
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.progress import track

from crmlib import churn, experiments, offers
from crmlib.errors import CrmlibError, ModelWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Rates = dict[str, tuple[float, str]]  # by what stands before the scenario's name: rate, note
    Step = tuple[str, float, int | str, Callable[[], Rates]]

ALPHA, A_TENTH, ONE_POINT = 0.05, 0.1, 0.01
FIVE, TWENTY = [0.2, 0.4, 0.6, 0.8, 1.0], list(np.linspace(0.1, 1, 20))
CONTROL = (0.5, 0.2, 0.1, 0.05)
BUYERS = (0.005, 0.02, 0.05, 0.2)
CUSTOMERS = (200, 1_000, 5_000, 50_000)
MOST_DRAWS = 1_000  # buyers in a cell of orders or spend: beyond, the normal is no question any more
GOAL = {"false alarms": (0.0, 0.065), "coverage": (0.935, 0.97)}


def lots(rng: np.random.Generator, customers: int, control: float, rate: float, groups: int) -> pd.DataFrame:
    """Return an experiment of orders without any effect, with groups by lot."""
    return pd.DataFrame({"g": rng.integers(0, groups, customers), "window_orders": rng.poisson(rate, customers),
                         "contacted": (rng.random(customers) >= control).astype(int)})  # fmt: skip


def looks(outcome: Any, at: list[float], treated: float, spending: str, rounds: int) -> float:
    """Return false alarms of planned looks at experiments without effect."""
    z = experiments.aa_looks(outcome, at, runs=rounds, treated=treated, seed=5)
    policy = {"experiments": {"spending": spending}}
    return float(experiments.false_alarms(z, at, policy=policy)["planned"].iloc[-1])


def buyers(share: float, customers: int) -> Any:
    """Return who bought, as 0 and 1."""
    return (np.arange(customers) < round(share * customers)) * 1.0


def a_few_big_spenders(customers: int) -> Any:
    """Return spend of which a tenth of the customers have any."""
    rng = np.random.default_rng(3)
    return np.where(rng.random(customers) < A_TENTH, rng.lognormal(3, 1.5, customers), 0)


def by_group(customers: int, control: float, rate: float, groups: int, rounds: int) -> Rates:
    """Return how often a group is called moved, and how often groups are called different."""
    rng = np.random.default_rng(4)
    any_group, spread = [], []
    for _ in range(rounds):
        table = experiments.uplift_by(lots(rng, customers, control, rate, groups), "g")
        any_group.append(table["p_adjusted"].min() < ALPHA)
        if groups > 1:
            try:
                spread.append(experiments.heterogeneity(table)["p_value"] < ALPHA)
            except CrmlibError:  # a refusal is no alarm
                spread.append(False)
    rates = {"`uplift_by`, any group called: ": (float(np.mean(any_group)), "")}
    return rates | ({"`heterogeneity`: ": (float(np.mean(spread)), "")} if spread else {})


def of_means(sizes: tuple[int, int], rounds: int) -> Rates:
    """Return false alarms of the means of a long tail, and how often a warning came with them."""
    rng, alarms, warned = np.random.default_rng(2), [], []
    for _ in range(rounds):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            result = experiments.means(*(rng.lognormal(0, 1.5, size) for size in sizes))
        alarms.append(result.p_value < ALPHA)
        warned.append(any(issubclass(each.category, ModelWarning) for each in heard))
    return {"": (float(np.mean(alarms)), f"warns in {np.mean(warned):.0%}" if any(warned) else "")}


def of_mismatch(customers: int, share: float) -> float:
    """Return how often a sound lot is called broken, exactly."""
    from scipy.stats import binom

    counts = np.arange(min(customers, 60) + 1)
    planned = {"a": 1 - share, "b": share}
    broken = [experiments.mismatch({"a": customers - int(k), "b": int(k)}, planned).broken for k in counts]
    return float(binom.pmf(counts, customers, share)[broken].sum())


def in_campaigns(rounds: int, shop_lots: pd.DataFrame | None) -> float:
    """Return how often shuffled outcomes of several campaigns are called an effect."""
    rng = np.random.default_rng(8)
    if shop_lots is None:  # as the shop that ships: 14 campaigns, 21 to 55 % held back, .04 to .11 orders
        size, held, pace = 14, np.linspace(0.21, 0.55, 14), np.linspace(0.11, 0.04, 14)
        number = np.repeat(np.arange(size), 1_200)
        shop_lots = pd.DataFrame({"campaign_id": number, "window_orders": rng.poisson(pace[number])})
        shop_lots["contacted"] = (rng.random(len(number)) >= held[number]).astype(int)
    alarms = []
    outcomes = shop_lots.groupby("campaign_id")["window_orders"]
    for _ in range(rounds):
        shuffled = outcomes.transform(rng.permutation)
        found = churn.arm_difference(shop_lots.assign(window_orders=shuffled))
        alarms.append(not found["low"] <= 0 <= found["high"])
    return float(np.mean(alarms))


def coverage_of_accounts(control: float, rounds: int) -> float:
    """Return how often the interval of a campaign's profit holds the true one."""
    rng, inside = np.random.default_rng(9), []
    for _ in range(rounds):
        seen = lots(rng, 1_000, control, 0.05, 1)
        seen["window_orders"] += rng.poisson(0.02, len(seen)) * seen["contacted"]
        account = offers.campaign_profit(seen, discount=0.1, order_value=50, margin=0.4)
        true = seen["contacted"].sum() * (0.02 * 50 * 0.4 - 0.07 * 50 * 0.1)
        inside.append(account.low <= true <= account.high)
    return float(np.mean(inside))


def coverage_of_beliefs(rounds: int) -> float:
    """Return how often the credible interval holds a true difference of shares."""
    rng, inside = np.random.default_rng(10), []
    for k, j in zip(rng.binomial(900, 0.04, rounds), rng.binomial(100, 0.03, rounds), strict=True):
        belief = experiments.beta_binomial((int(k), int(j)), (900, 100))
        inside.append(belief.low <= ONE_POINT <= belief.high)
    return float(np.mean(inside))


def alone(rate: Callable[[], float]) -> Rates:
    """Return a scenario's only rate."""
    return {"": (rate(), "")}


def of_looks(rounds: int) -> Iterator[Step]:
    """Yield planned looks, and spend with a long tail."""
    once, five = ("1 look", [1.0], "obrien_fleming"), ("5 looks, Pocock", FIVE, "pocock")
    plans = [once, ("5 looks, O'Brien-Fleming", FIVE, "obrien_fleming"), five, ("20 looks, Pocock", TWENTY, "pocock")]
    cases = [(buyers(share, customers), f"{share:.0%} of {customers:,} buy", treated, plans)
             for share, customers, treated in ((0.02, 2_000, 0.9), (0.03, 1_500, 0.85), (0.02, 2_000, 0.5),
                                               (0.1, 2_000, 0.5))]  # fmt: skip
    spend = "spend of 1,000, a tenth buy, lognormal(3, 1.5)"
    for outcome, words, treated, chosen in [*cases, (a_few_big_spenders(1_000), spend, 0.9, [once, five])]:
        for name, at, spending in chosen:
            label = f"`looks`: {name}; {words}, {treated:.0%} treated"
            rate = partial(looks, outcome, at, treated, spending, rounds)
            yield label, ALPHA, rounds, partial(alone, rate)


def of_groups(rounds: int) -> Iterator[Step]:
    """Yield groups without an effect."""
    for customers, control, rate, groups in ((4_000, 0.1, 0.03, 5), (8_000, 0.1, 0.03, 8), (4_000, 0.1, 0.1, 5),
                                             (4_000, 0.5, 0.03, 5), (4_000, 0.1, 0.03, 1)):  # fmt: skip
        words = f"{customers:,} customers, {rate} orders, control {control:.0%}, groups: {groups}"
        yield words, ALPHA, rounds, partial(by_group, customers, control, rate, groups, rounds)


def of_others(rounds: int, few: int, shop_lots: pd.DataFrame | None) -> Iterator[Step]:
    """Yield campaigns, means, sizes of arms, accounts and beliefs."""
    label = "`arm_difference`: 14 campaigns, outcomes shuffled within each"
    yield label, ALPHA, few, partial(alone, partial(in_campaigns, few, shop_lots))
    for sizes in ((900, 100), (9_000, 1_000), (500, 500), (50, 50)):
        label = f"`means`: lognormal(0, 1.5), {sizes[0]:,} against {sizes[1]:,}"
        yield label, ALPHA, rounds // 2, partial(of_means, sizes, rounds // 2)
    for customers, share in ((200, 0.01), (50, 0.02), (1_000, 0.001)):
        label = f"`mismatch`: {customers:,} customers, share {share}"
        yield label, 0.001, "exact", partial(alone, partial(of_mismatch, customers, share))
    for control in (0.5, 0.1):
        label = f"`campaign_profit`: coverage; 1,000 customers, .05 orders and .02 more, control {control:.0%}"
        yield label, 0.95, few, partial(alone, partial(coverage_of_accounts, control, few))
    yield (
        "`beta_binomial`: coverage; 4 % of 900 against 3 % of 100",
        0.95,
        few,
        partial(alone, partial(coverage_of_beliefs, few)),
    )


def scenarios(
    rounds: int, shop_lots: pd.DataFrame | None, only: str | None, path: Path | None
) -> dict[str, dict[str, Any]]:
    """Run what an analyst would, and return the rates by name; they are added to a file as they come."""
    few = max(rounds // 4, 20)
    parts = {"others": of_others(rounds, few, shop_lots), "groups": of_groups(few), "looks": of_looks(rounds)}
    steps = [step for name, part in parts.items() if only not in parts or name == only for step in part]
    rows: dict[str, dict[str, Any]] = {}
    for label, nominal, runs, rates in track(steps, "Scenarios"):
        for prefix, (rate, note) in rates().items():
            rows[prefix + label] = {"nominal": nominal, "rate": rate, "runs": runs, "note": note}
        if path:
            before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
            path.write_text(json.dumps(before | rows, indent=1), encoding="utf-8")
    return rows


# The grid


def compound(rng: np.random.Generator, counts: Any, kind: str) -> list[Any]:
    """Return sums, sums of squares and of cubes over so many buyers each, of orders or spend."""
    total = int(counts.sum())
    values = 1.0 + rng.poisson(0.3, total) if kind == "orders" else rng.lognormal(3, 0.8, total)
    ends = np.cumsum(counts)
    sums = []
    for power in (1, 2, 3):
        running = np.concatenate([[0.0], np.cumsum(values**power)])
        sums.append(running[ends] - running[ends - counts])
    return sums


def experiments_at_once(
    rng: np.random.Generator, kind: str, sizes: tuple[int, int], shares: tuple[float, float], rounds: int
) -> Any:
    """Return the sums of many experiments."""
    from crmlib import arms

    parts = []
    for size, share in zip(sizes, shares, strict=True):
        counts = rng.binomial(size, share, rounds)
        sums = [counts.astype(float)] * 3 if kind == "shares" else compound(rng, counts, kind)
        parts.append([np.full(rounds, float(size)), *sums])
    columns = [tuple(each[:, None] for each in pair) for pair in zip(*parts, strict=True)]
    return arms.Sums("shares" if kind == "shares" else "amounts", *columns)


def newcombe(sums: Any) -> tuple[Any, Any]:
    """Return `proportions`' intervals: Newcombe's, reaching 0 where the test sees no difference."""
    from statsmodels.stats.proportion import proportion_confint

    from crmlib import arms

    (n, m), (k, j) = ([side[:, 0] for side in pair] for pair in (sums.customers, sums.totals))
    (low, high), (low0, high0) = (proportion_confint(*pair, method="wilson") for pair in ((k, n), (j, m)))
    gap, quiet = k / n - j / m, arms.p_value(sums) >= ALPHA
    least = gap - np.hypot(k / n - low, high0 - j / m)
    most = gap + np.hypot(high - k / n, j / m - low0)
    return np.where(quiet, np.minimum(least, 0), least), np.where(quiet, np.maximum(most, 0), most)


def cells(kinds: tuple[str, ...]) -> Iterator[tuple[str, int, float, float]]:
    """Yield the grid."""
    for kind in kinds:
        for customers in CUSTOMERS:
            for control in CONTROL:
                for share in BUYERS:
                    if kind == "shares" or customers * share <= MOST_DRAWS:
                        yield kind, customers, control, share


def grid(rounds: int, some: list[tuple[str, int, float, float]] | None = None) -> pd.DataFrame:
    """Return false alarms and coverage of each cell (or some), without an effect and with half as many buyers more."""
    from scipy.stats import norm

    from crmlib import arms

    rng, rows = np.random.default_rng(7), []
    mean = {"shares": 1.0, "orders": 1.3, "spend": float(np.exp(3 + 0.8**2 / 2))}
    for kind, customers, control, share in track(some or list(cells(("shares", "orders", "spend"))), "Grid"):
        sizes = (customers - round(control * customers), round(control * customers))
        null = experiments_at_once(rng, kind, sizes, (share, share), rounds)
        real = experiments_at_once(rng, kind, sizes, (1.5 * share, share), rounds)
        true, bound = 0.5 * share * mean[kind], norm.isf(0.025)
        row = {"outcome": kind, "customers": customers, "control": control, "buyers": share,
               "events": float(null.events.mean()), "false alarms": float((arms.p_value(null) < ALPHA).mean()),
               "coverage": float((np.abs(arms.corrected_z(real, true)) < bound).mean())}  # fmt: skip
        if kind == "shares":
            low, high = newcombe(real)
            row["coverage of `proportions`"] = float(((low <= true) & (true <= high)).mean())
        rows.append(row)
    return pd.DataFrame(rows)


def outside(table: pd.DataFrame, measure: str) -> Any:
    """Say which cells miss the goal by more than chance of this many rounds can explain."""
    low, high = GOAL["coverage" if "coverage" in measure else measure]
    return (table[measure] < low) | (table[measure] > high)


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw false alarms and coverage against the events that the smaller arm expects."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    for axes, measure, nominal in zip(panels, ("false alarms", "coverage"), (0.05, 0.95), strict=True):
        for (kind, own), mark in zip(table.groupby("outcome"), "osD", strict=True):
            axes.scatter(own["events"], 100 * own[measure], marker=mark, s=22, alpha=0.75, label=kind)
        axes.axhline(100 * nominal, color="grey", linestyle=":")
        axes.axhspan(*(100 * end for end in GOAL[measure]), color="grey", alpha=0.12)
        axes.set(xscale="log", xlabel="Events that the smaller arm expects (buyers, by their weight)",
                 ylabel=f"{measure.capitalize()} (%)")  # fmt: skip
    panels[0].legend()
    figure.suptitle("Error rates of the corrected score test; grey: the goal")
    figure.savefig(path, dpi=110, metadata={"Software": None})


HEAD = """# Error rates of experiments

Made by `crmlib bench errors`. Nothing has an effect, unless the line says coverage. Goals: false alarms at most 1.5
points above nominal; 93.5 to 97 % of the 95 % intervals hold the truth. *Before* is the library that pooled campaigns,
and took each arm's own variance for the test.

## As an analyst calls them

| function and scenario | nominal | before | now | runs | |
|---|---|---|---|---|---|
"""
GRID_HEAD = """
## Over the grid

{cells} cells, {rounds:,} experiments each. Coverage: half as many buyers more among the treated.

![False alarms and coverage against the events that the smaller arm expects](errors.png)

| measure | least | median | most | cells outside the goal | of them with {many} events or more |
|---|---|---|---|---|---|
"""
MISSED_HEAD = """
Cells outside a goal; below {many} events expected in the smaller arm `arm_difference` warns:

| outcome | customers | control | buyers | events | false alarms | coverage | of `proportions` |
|---|---|---|---|---|---|---|---|
"""
MANY = 2


def report(rows: dict[str, Any], before: dict[str, Any], table: pd.DataFrame, rounds: int) -> str:
    """Return the page."""
    lines = []
    for name, row in rows.items():
        was = f"{before[name]['rate']:.4g}" if name in before else ""
        lines.append(f"| {name} | {row['nominal']} | {was} | {row['rate']:.4g} | {row['runs']} | {row['note']} |")
    measures = ("false alarms", "coverage", "coverage of `proportions`")
    summary = []
    for measure in measures:
        known = table[table[measure].notna()]
        wrong = outside(known, measure)
        many = int((wrong & (known["events"] >= MANY)).sum())
        ends = [f"{100 * value:.1f} %" for value in known[measure].quantile([0, 0.5, 1])]
        summary.append(f"| {measure} | {' | '.join(ends)} | {int(wrong.sum())} of {len(known)} | {many} |")
    wrong = np.any([outside(table, name) for name in measures], axis=0)
    missed = []
    for row in table[wrong].itertuples(index=False):
        rates = " | ".join("" if np.isnan(rate) else f"{rate:.3f}" for rate in row[5:8])
        missed.append(f"| {row[0]} | {row[1]:,} | {row[2]:.0%} | {row[3]:.1%} | {row[4]:.1f} | {rates} |")
    heads = (HEAD, GRID_HEAD.format(cells=len(table), rounds=rounds, many=MANY), MISSED_HEAD.format(many=MANY))
    return "".join(head + "\n".join(part) + "\n" for head, part in zip(heads, (lines, summary, missed), strict=True))


def main() -> None:
    """Simulate, and write the table and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it runs")
    parser.add_argument("--rounds", type=int, default=2_000)
    parser.add_argument("--only", choices=("scenarios", "others", "groups", "looks", "grid"))
    parser.add_argument("--before", type=Path, help="what --json wrote with an older version")
    parser.add_argument("--json", type=Path, help="add the scenarios' rates to this file")
    parser.add_argument("--now", type=Path, help="what --json wrote: the scenarios are not run again")
    parser.add_argument("--lots", type=Path, help="experiments of a shop as Parquet, for the first scenario")
    parser.add_argument("--out", type=Path, default=Path("benchmarks"))
    options = parser.parse_args()
    rounds = 160 if options.quick else options.rounds
    shop_lots = pd.read_parquet(options.lots) if options.lots else None
    rows = json.loads(options.now.read_text(encoding="utf-8")) if options.now else {}
    if options.only != "grid" and not options.now:
        rows = scenarios(rounds, shop_lots, options.only, options.json)
    if options.only not in {None, "grid"}:
        return
    table = grid(rounds)
    before = json.loads(options.before.read_text(encoding="utf-8")) if options.before else {}
    options.out.mkdir(parents=True, exist_ok=True)
    draw(table, options.out / "errors.png")
    (options.out / "errors.md").write_text(report(rows, before, table, rounds), encoding="utf-8")
    print(f"Written: {options.out / 'errors.md'}, {options.out / 'errors.png'}.")


if __name__ == "__main__":
    main()
