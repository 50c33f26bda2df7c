"""From a shop and a plan to what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib.actions.targets import check_plan
from crmlib.customers.consent import CHANNELS
from crmlib.errors import CrmlibError, PolicyError
from crmlib.futures.parameters import FutureParameters
from crmlib.futures.present import present
from crmlib.futures.run import Run
from crmlib.futures.shop import shop_after

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.actions.plans import Plan
    from crmlib.futures.outcome import Outcome
    from crmlib.futures.present import Present
    from crmlib.shop import Shop
    from crmlib.synth.shop import MakeResult

__all__ = ["future", "outcome"]

_LONGEST = 3650


def future(
    shop_truth: MakeResult | Present | str | Path,
    plan: Plan,
    *,
    days: int = 365,
    seed: int,
    parameters: FutureParameters | None = None,
    progress: bool = False,
) -> tuple[Shop, Outcome]:
    """Let a simulated shop go on under a plan of contacts.

    From the day after the shop's last, its customers order, log in, answer surveys and leave, as in `make_shop`, and
    respond to what the plan sends them. Nobody new comes. Two plans with the same seed meet the same fate: they differ
    only where they act (see `crmlib.futures.draws`).

    Parameters
    ----------
    shop_truth
        What `make_shop` returned, the folder that it wrote, ``"shop"``, or what `present` read from one of them.
    plan
        What is done; it sees only what is observable.
    days
        Length of the future.
    seed
        Which of all futures.
    parameters
        Sizes of the effects; assumptions, all of them.
    progress
        Show a progress bar.

    Returns
    -------
    tuple
        The `Shop` on the last day, as far as it is observable (see `crmlib.futures.shop.shop_after`), and the
        `Outcome`.

    Raises
    ------
    PolicyError
        The plan breaks consent or its budget from the start, or names what is not known.
    CrmlibError
        There is no truth to go on from, or `days` is not from 1 to 3650.

    Examples
    --------
    >>> from crmlib.actions import Plan
    >>> from crmlib.synth import make_shop
    >>> made = make_shop(customers=300, seed=1)
    >>> shop, outcome = future(made, Plan(name="do_nothing"), days=90, seed=1)
    >>> str(shop.as_of), float(outcome.totals()["contact_cost"])
    ('2026-09-28', 0.0)
    """
    run = _begun(shop_truth, plan, days, seed, parameters)
    came = run.go(progress=progress)
    return shop_after(run, came), came


def outcome(
    shop_truth: MakeResult | Present | str | Path,
    plan: Plan,
    *,
    days: int = 365,
    seed: int,
    parameters: FutureParameters | None = None,
) -> Outcome:
    """Return what comes of a plan, without the shop's tables: quicker than `future`.

    Parameters
    ----------
    shop_truth, plan, days, seed, parameters
        As for `future`.
    """
    return _begun(shop_truth, plan, days, seed, parameters).go(progress=False)


def _begun(shop_truth: Any, plan: Plan, days: int, seed: int, parameters: FutureParameters | None) -> Run:
    begins, sizes = present(shop_truth), parameters or FutureParameters()
    if not 1 <= days <= _LONGEST:
        raise CrmlibError(f"days={days}: a future lasts from 1 to {_LONGEST} days.")
    for channel in CHANNELS:
        asked, real = plan.costs.of(channel), sizes.costs.of(channel)
        if asked < real:
            raise PolicyError(
                f"plan {plan.name}, costs.{channel}: the plan reckons with {asked:.3f} a contact, it costs {real:.3f}."
            )
    begins = begins.seeing(plan)
    check_plan(plan, begins.seen, policy=begins.policy)
    return Run(begins, plan, sizes, days=days, seed=seed)
