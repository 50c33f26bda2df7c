# ruff: noqa: INP001, T201 - a script
"""How long a future takes, what the reference plans bring, and under what the texts' claims hold.

Run ``python benchmarks/future.py``; ``--quick`` leaves the large shop out. It prints what benchmarks/future.md tells.
"""

from __future__ import annotations

import sys
import time

import pandas as pd

from crmlib.futures import compare, future, outcome, present, reference_plans
from crmlib.futures.claims import loyalty_claim, retention_claim
from crmlib.futures.plans import three_signals, weekly_mail
from crmlib.synth import make_shop

NEEDED = ("customers", "orders", "consents", "logins", "surveys", "truth/customers")


def clock() -> tuple[float, float]:
    """Return wall and processor seconds."""
    return time.perf_counter(), time.process_time()


def told(label: str, begun: tuple[float, float]) -> None:
    """Print how long something took."""
    wall, processor = (now - then for now, then in zip(clock(), begun, strict=True))
    print(f"{label}: {wall:.1f} s on the wall, {processor:.1f} s of processor", flush=True)


def large() -> None:
    """Time a year of 100,000 customers."""
    made = make_shop(customers=100_000, seed=3, tables=NEEDED)
    begun = clock()
    begins = present(made)
    told("present, 100,000 customers", begun)
    for plan in (three_signals(), weekly_mail()):
        begun = clock()
        outcome(begins, plan, seed=1)
        told(f"outcome, {plan.name}, 365 days", begun)
    begun = clock()
    future(begins, three_signals(), seed=1)
    told("future with its shop, three_signals, 365 days", begun)


def shipped() -> None:
    """Compare the reference plans on the shop that ships."""
    begins = present("shop")
    begun = clock()
    plans = reference_plans(begins)
    told("reference plans, 5,000 customers", begun)
    begun = clock()
    compared = compare(begins, plans, seeds=range(1, 21))
    told("120 futures of 5,000 customers", begun)
    table = compared.summary().join(compared.summary("cltv")[["gain"]].rename(columns={"gain": "cltv"}))
    table["share"] = [compared.share_of_possible(name) for name in table.index]
    print(table.round(2))
    print((compared.gains().drop(columns="oracle").lt(compared.gains()["oracle"], axis=0)).all().to_dict())
    print(compared.by("persona")["gain"].round(0).to_string())
    print(retention_claim(begins).round(3))
    parts = {(alike, fixed): loyalty_claim(begins, alike=alike, fixed_share=fixed, years=1)
             for alike in (False, True) for fixed in (0.0, 0.5)}  # fmt: skip
    print(pd.concat(parts, names=["alike", "fixed_share"]).round(3))


if __name__ == "__main__":
    pd.set_option("display.width", 200, "display.max_columns", 20)
    if "--quick" not in sys.argv:
        large()
    shipped()
