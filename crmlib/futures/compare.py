"""Plans side by side, over many futures: differences with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress

from crmlib.actions.plans import Plan
from crmlib.errors import CrmlibError
from crmlib.futures.outcome import TOTALS
from crmlib.futures.present import present
from crmlib.futures.simulate import outcome
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from crmlib.futures.parameters import FutureParameters
    from crmlib.futures.present import Present
    from crmlib.synth.shop import MakeResult

__all__ = ["NOTHING", "Comparison", "compare"]

NOTHING = Plan(name="do_nothing")
"""The plan against which every other is held."""


@dataclass(frozen=True)
class Comparison:
    """What came of plans over the same futures.

    Attributes
    ----------
    runs
        One row a plan and seed, with the totals of each `Outcome`; the plan to do nothing is always among them.
    groups
        The same by persona and by segment: columns by (``persona`` or ``segment``) and group beside them.
    days
        Length of the futures.
    """

    runs: pd.DataFrame
    groups: pd.DataFrame
    days: int

    def __repr__(self) -> str:
        return f"<{self.runs['plan'].nunique()} plans over {self.runs['seed'].nunique()} futures of {self.days} days>"

    def gains(self, of: str = "profit") -> pd.DataFrame:
        """Return what each plan brings over doing nothing, future by future.

        Parameters
        ----------
        of
            A name of `crmlib.futures.outcome.TOTALS`.

        Returns
        -------
        pandas.DataFrame
            A row a seed, a column a plan.
        """
        _known(of)
        wide = self.runs.pivot_table(index="seed", columns="plan", values=of)[list(dict.fromkeys(self.runs["plan"]))]
        gained: pd.DataFrame = wide.sub(wide[NOTHING.name], axis=0)
        return gained

    def summary(self, of: str = "profit", *, level: float = 0.95) -> pd.DataFrame:
        """Return means over futures, and gains over doing nothing with intervals.

        Parameters
        ----------
        of
            As for `gains`.
        level
            Of the interval: Student's, over the differences of each future.

        Returns
        -------
        pandas.DataFrame
            A row a plan: mean, gain, low, high, better (share of the futures in which it beats doing nothing).
        """
        gains = self.gains(of)
        means = self.runs.groupby("plan", sort=False)[of].mean()
        return _interval(gains, level).assign(mean=means)[["mean", "gain", "low", "high", "better"]]

    def by(self, group: Literal["persona", "segment"], of: str = "profit", *, level: float = 0.95) -> pd.DataFrame:
        """Return the gains by group: where the money comes from, and whom a plan annoys.

        Parameters
        ----------
        group
            ``persona`` or ``segment``.
        of, level
            As for `summary`.

        Returns
        -------
        pandas.DataFrame
            A row a plan and group: gain, low, high, better.
        """
        _known(of)
        table = self.groups[self.groups["by"] == group]
        if table.empty:
            raise CrmlibError(f"There is no group {group!r}. {did_you_mean(group, ['persona', 'segment'])}")
        wide = table.pivot_table(index="seed", columns=["plan", "group"], values=of, sort=False, dropna=False)
        plans = [name for name in dict.fromkeys(self.runs["plan"]) if name != NOTHING.name]
        parts = {name: _interval(wide[name] - wide[NOTHING.name], level) for name in plans}
        together: pd.DataFrame = pd.concat(parts, names=["plan", "group"])
        return together

    def share_of_possible(self, plan: str, oracle: str = "oracle", *, of: str = "profit") -> float:
        """Return the share of the oracle's gain that a plan reaches; below 0 it does harm.

        Parameters
        ----------
        plan
            Whose share.
        oracle
            The upper bound.
        of
            As for `gains`.
        """
        gains = self.gains(of).mean()
        for name in (plan, oracle):
            if name not in gains:
                raise CrmlibError(
                    f"No plan {name!r} was compared. {did_you_mean(name, [str(one) for one in gains.index])}"
                )
        if gains[oracle] <= 0:
            raise CrmlibError(f"{oracle!r} gains nothing over doing nothing: there is no share of it.")
        return float(gains[plan] / gains[oracle])


def compare(
    shop_truth: MakeResult | Present | str | Path,
    plans: Mapping[str, Plan] | Iterable[Plan],
    *,
    days: int = 365,
    seeds: Iterable[int] = range(1, 11),
    parameters: FutureParameters | None = None,
    progress: bool = False,
) -> Comparison:
    """Simulate plans in the same futures.

    Parameters
    ----------
    shop_truth, days, parameters, progress
        As for `crmlib.futures.future`.
    plans
        With different names; doing nothing is added.
    seeds
        The futures.

    Raises
    ------
    CrmlibError
        Two plans have one name, or a plan is refused.

    Examples
    --------
    >>> from crmlib.synth import make_shop
    >>> made = make_shop(customers=300, seed=1)
    >>> compare(made, [], days=30, seeds=[1, 2]).summary()["gain"].to_dict()
    {'do_nothing': 0.0}
    """
    begins = present(shop_truth)
    given = list(plans.values()) if hasattr(plans, "values") else list(plans)
    wanted = [NOTHING, *(plan for plan in given if plan != NOTHING)]
    names = [plan.name for plan in wanted]
    if len(set(names)) < len(names):
        raise CrmlibError(f"Two plans have one name: {', '.join(names)}. Rename one, say with msgspec.structs.replace.")
    futures = list(seeds)
    runs: list[dict[str, Any]] = []
    groups = []
    with Progress(console=Console(stderr=True), disable=not progress) as bar:
        for seed, plan in bar.track([(seed, plan) for seed in futures for plan in wanted], description="Futures"):
            came = outcome(begins, plan, days=days, seed=seed, parameters=parameters)
            runs.append({"plan": plan.name, "seed": seed, **came.totals()})
            for name in ("persona", "segment"):
                table = came.by(name).rename_axis("group").reset_index()
                groups.append(table.assign(by=name, plan=plan.name, seed=seed))
    return Comparison(pd.DataFrame(runs), pd.concat(groups, ignore_index=True), days)


def _interval(gains: pd.DataFrame, level: float) -> pd.DataFrame:
    from scipy.stats import t

    count, mean = gains.count(), gains.mean()
    half = t.ppf((1 + level) / 2, np.maximum(count - 1, 1)) * gains.std(ddof=1) / np.sqrt(count)
    return pd.DataFrame({"gain": mean, "low": mean - half, "high": mean + half, "better": (gains > 0).mean()})


def _known(of: str) -> None:
    if of not in TOTALS:
        raise CrmlibError(f"An outcome does not count {of!r}. {did_you_mean(of, TOTALS)}")
