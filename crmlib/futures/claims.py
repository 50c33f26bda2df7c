"""The course texts' claims on loyalty, put to the simulated shop: what they hold under.

A claim is not a finding. What is computed here says what would have to be true of a shop for the claim to be
true of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError
from crmlib.futures.compare import NOTHING
from crmlib.futures.parameters import FutureParameters
from crmlib.futures.plans import three_signals
from crmlib.futures.present import present
from crmlib.futures.run import Run
from crmlib.futures.simulate import outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crmlib.actions.plans import Plan
    from crmlib.arrays import Floats
    from crmlib.futures.present import Present
    from crmlib.synth.shop import MakeResult


__all__ = ["loyalty_claim", "retention_claim"]

_YEAR = 365
_ENDLESS = 1e3  # of a unit exponential


def retention_claim(
    shop_truth: MakeResult | Present | str | Path,
    *,
    keeps: Iterable[float] = (0.0, 0.4, 1.0, 2.0, 4.0, 8.0),
    plan: Plan | None = None,
    days: int = _YEAR,
    seed: int = 1,
) -> pd.DataFrame:
    """Ask how strongly a contact would have to hold customers back for acting on signals to lift retention by 30 %.

    Parameters
    ----------
    shop_truth, days, seed
        As for `crmlib.futures.future`.
    keeps
        Sizes to try of `FutureParameters.keeps`: how much the log rate of leaving falls per unit of lift.
    plan
        What is done; the three signals' preventive actions by default.

    Returns
    -------
    pandas.DataFrame
        A row a size: keeps, without, with_plan (share of the customers that are still there at the end), lift (relative
        change), holds (the lift reaches 0.30).

    Examples
    --------
    >>> from crmlib.synth import make_shop
    >>> retention_claim(make_shop(customers=300, seed=1), keeps=[0.4], days=90)["holds"].tolist()
    [False]
    """
    begins = present(shop_truth)
    rows = []
    for size in keeps:
        sizes = replace(FutureParameters(), keeps=size)
        still = [
            1 - outcome(begins, one, days=days, seed=seed, parameters=sizes).totals()["churn"]
            for one in (NOTHING, plan or three_signals())
        ]
        rows.append({"keeps": size, "without": still[0], "with_plan": still[1], "lift": still[1] / still[0] - 1})
    table = pd.DataFrame(rows)
    return table.assign(holds=table["lift"] >= 0.30)  # noqa: PLR2004 - the claim


def loyalty_claim(
    shop_truth: MakeResult | Present | str | Path,
    *,
    retention: Iterable[float] = (0.6, 0.7, 0.8, 0.9),
    points: float = 0.05,
    alike: bool = False,
    years: int = 2,
    fixed_share: float = 0.0,
    seed: int = 1,
) -> pd.DataFrame:
    """Ask in which shops five points of loyalty more bring 25 to 95 % of profit more.

    The customers who are there live on with nobody contacted, once at a yearly retention and once at a higher one; to
    reach it everyone's rate of leaving is scaled. What the higher loyalty costs is left out, as the claim does.

    Parameters
    ----------
    shop_truth, seed
        As for `crmlib.futures.future`.
    retention
        Shares of the customers that are still there after a year, to start from.
    points
        How much is added to them.
    alike
        Whether all customers have one rate of leaving, as the claim's arithmetic takes for granted. In a shop where
        they differ, those who leave later are the loyal already, and little is won with them.
    years
        How long the customers are simulated; what those who are still there bring after that, discounted and without
        limit, is added as expected.
    fixed_share
        Fixed costs, as a share of the profit at the lower retention: they do not grow, so profit grows by more.

    Returns
    -------
    pandas.DataFrame
        A row a retention: retention, higher, profit, profit_higher, gain (relative), holds (it is from 0.25 to 0.95).

    Raises
    ------
    CrmlibError
        A retention, or the higher one, is no share between 0 and 1.

    Examples
    --------
    >>> from crmlib.synth import make_shop
    >>> found = loyalty_claim(make_shop(customers=300, seed=1), retention=[0.6], years=1)
    >>> bool(0 <= found["gain"].iloc[0] < 0.25)
    True
    """
    begins = present(shop_truth)
    if alike:
        begins = replace(begins, truth=begins.truth.assign(dropout_rate=1 / _YEAR))
    lasts = _lasts(begins, seed)
    rows = []
    for share in retention:
        scales = [_scale(lasts, wanted) for wanted in (share, share + points)]
        values = [
            outcome(_scaled(begins, scale), NOTHING, days=years * _YEAR, seed=seed).totals()["cltv"] for scale in scales
        ]
        profit, more = (value - fixed_share * values[0] for value in values)
        reached = [float((lasts > scale).mean()) for scale in scales]
        rows.append({"retention": reached[0], "higher": reached[1], "profit": profit, "profit_higher": more,
                     "gain": more / profit - 1})  # fmt: skip
    table = pd.DataFrame(rows)
    return table.assign(holds=table["gain"].between(0.25, 0.95))


def _lasts(begins: Present, seed: int) -> Floats:
    """Return the scale of the rate of leaving up to which each customer who is there stays for a year.

    Nobody's patience ends in this year; what of it is used up grows in proportion to the rate.
    """
    truth = begins.truth[begins.truth["alive"]]
    endless = replace(begins, truth=begins.truth.assign(patience=_ENDLESS))
    run = Run(endless, NOTHING, FutureParameters(), days=_YEAR, seed=seed)
    run.go(progress=False)
    used = _ENDLESS - run.lives.patience[truth.index.to_numpy()]
    lasts: Floats = truth["patience"].to_numpy() / used
    return lasts


def _scale(lasts: Floats, share: float) -> float:
    """Return the scale at which a share of the customers stays for a year."""
    if not 0 < share < 1:
        raise CrmlibError(f"retention={share:.2f} cannot be reached: it is a share between 0 and 1.")
    return float(np.quantile(lasts, 1 - share))


def _scaled(begins: Present, scale: float) -> Present:
    return replace(begins, truth=begins.truth.assign(dropout_rate=begins.truth["dropout_rate"] * scale))
