"""The future of a simulated shop under a plan of contacts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress

from crmlib.actions.targets import check_plan
from crmlib.churn.consent import CHANNELS
from crmlib.errors import CrmlibError, PolicyError
from crmlib.synth import columns
from crmlib.synth.future_contacts import Automation
from crmlib.synth.future_draws import Draws
from crmlib.synth.future_life import Life
from crmlib.synth.future_outcome import Outcome
from crmlib.synth.future_parameters import FutureParameters
from crmlib.synth.future_present import present
from crmlib.synth.future_response import Response
from crmlib.synth.future_shop import shop_after
from crmlib.synth.life import leaving_rate

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from crmlib.actions.plans import Plan
    from crmlib.shop import Shop
    from crmlib.synth.future_life import Courted, Week
    from crmlib.synth.future_present import Present
    from crmlib.synth.seasons import Calendar
    from crmlib.synth.shop import MakeResult

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Run", "future", "outcome"]

_WEEK = 7
_SENT_AT = 0.15  # of a day: about ten in the morning
_LONGEST = 3650


class Run:
    """One future while it goes on.

    Parameters
    ----------
    begins
        Where it begins.
    plan
        What is done.
    sizes
        Sizes of the effects.
    days, seed
        How far it goes, and which of all futures it is.
    """

    def __init__(self, begins: Present, plan: Plan, sizes: FutureParameters, *, days: int, seed: int) -> None:
        self.begins, self.plan, self.sizes, self.days, self.seed = begins, plan, sizes, days, seed
        size = len(begins)
        self.world = begins.world(days)
        self.lives = begins.lives()
        self.life = Life(begins, self.world, self.lives)
        self.response = Response(begins, self.world, sizes, self.lives)
        first = Draws(seed, 0, size)
        self.automation = Automation(plan, begins, self.life, self.response.permissions, first)
        self.sums: dict[str, Floats] = {
            name: np.zeros(size)
            for name in ("orders", "extra_orders", "revenue", "margin", "discounts", "given_away", "contact_cost",
                         "expected_profit", "contacts")
        }  # fmt: skip
        self.weeks: list[Week] = []
        self.answers: list[tuple[Ints, Floats, Floats]] = []
        self.sent: list[tuple[int, int, int, float, Ints]] = []  # sequence, step, channel, day, customers
        self.opted_out: list[tuple[str, float, Ints]] = []

    def go(self, *, progress: bool) -> Outcome:
        """Live to the end.

        Parameters
        ----------
        progress
            Show a progress bar.
        """
        stayed = np.isinf(self.lives.left) & (self.lives.left > 0)
        end = self.begins.begins + self.days
        with Progress(console=Console(stderr=True), disable=not progress) as bar:
            for week, start in bar.track(list(enumerate(range(self.begins.begins, end, _WEEK))), description="Weeks"):
                self._week(week, float(start), float(min(start + _WEEK, end)))
        return self._outcome(stayed)

    def _week(self, week: int, start: float, end: float) -> None:
        draws = Draws(self.seed, week, len(self.begins))
        response, life, sums = self.response, self.life, self.sums
        response.begin_week(end - start)
        for message in self.automation.messages(start):
            sequence = self.plan.sequences[message.sequence]
            out = response.contact(draws, message.customer, message.channel, message.step.offer, day=start,
                                   code=message.sequence, wanted=sequence.purpose == "service")  # fmt: skip
            sums["contacts"][message.customer] += 1
            sums["contact_cost"][message.customer] += self.plan.costs.of(message.channel)
            self.sent.append((message.sequence, sequence.steps.index(message.step), CHANNELS.index(message.channel),
                              start, message.customer))  # fmt: skip
            if out.any():
                self.opted_out.append((message.channel, start, message.customer[out]))
        courted = response.week(start)
        lived = life.step(draws, (start, end), courted)
        answers = life.ask(draws, start, end)
        self.answers.append((answers.customer, answers.sent, answers.score))
        self._count(lived, courted)

    def _count(self, week: Week, courted: Courted) -> None:
        sums, size = self.sums, len(self.begins)
        self.weeks.append(week)
        self.automation.spent += float(week.discount.sum())
        for name, weights in (
            ("orders", None),
            ("extra_orders", week.extra),
            ("revenue", week.value - week.discount),
            ("margin", week.value * self.sizes.margin),
            ("discounts", week.discount),
            ("given_away", np.where(week.extra, 0.0, week.discount)),
        ):
            sums[name] += np.bincount(week.customer, weights=weights, minlength=size)
        each = self.lives.value * (self.sizes.margin - courted.discount * courted.redeems)
        sums["expected_profit"] += week.expected * each

    def _outcome(self, stayed: NDArray[np.bool_]) -> Outcome:
        begins, lives, parameters = self.begins, self.lives, self.world.parameters
        sums = self.sums
        profit = sums["margin"] - sums["discounts"] - sums["contact_cost"]
        delta = np.log1p(parameters.discount_rate) / 365
        still = np.isinf(lives.left) & (lives.left > 0)
        # After the end nobody is contacted: as the truth reckons the value of a customer.
        ahead = np.where(still, lives.rate / (leaving_rate(self.world, lives.dropout, lives.level) + delta), 0.0)
        out = np.zeros(len(begins), dtype=np.bool_)
        for _, _, who in self.opted_out:
            out[who] = True
        customers = pd.DataFrame(
            {
                "persona": np.array(parameters.names, dtype=object)[begins.persona],
                "segment": begins.seen["segment"].to_numpy(),
                **{name: sums[name] for name in sums if name not in {"expected_profit", "contacts"}},
                "profit": profit,
                "expected_profit": sums["expected_profit"] - sums["contact_cost"],
                "cltv": profit + ahead * lives.value * self.sizes.margin,
                "contacts": sums["contacts"],
                "opted_out": out,
                "stayed": stayed,
                "left": stayed & ~still,
            },
            index=begins.seen.index,
        )
        held = [(*key, count) for key, count in sorted(self.automation.held.items())]
        return Outcome(
            plan=self.plan.name, seed=self.seed, days=self.days, customers=customers,
            answers=self._answers(), entries=self._entries(), contacts=self._contacts(),
            held=pd.DataFrame(held, columns=["sequence", "why", "messages"]),
        )  # fmt: skip

    @property
    def calendar(self) -> Calendar:
        """The days."""
        return replace(self.begins.design, holdout=self.days).calendar

    def times(self, days: Floats) -> pd.DatetimeIndex:
        """Turn days into times of the shop's clock.

        Parameters
        ----------
        days
            Since the shop's start.
        """
        return pd.DatetimeIndex(columns.timestamps(self.calendar.seconds(days)).to_pandas())

    def ids(self, rows: Ints) -> Any:
        """Return the customers of positions.

        Parameters
        ----------
        rows
            The positions.
        """
        return self.begins.seen.index.take(rows)

    def _answers(self) -> pd.DataFrame:
        who, sent, score = (_joined([part[place] for part in self.answers]) for place in range(3))
        table = {"customer_id": self.ids(who.astype(np.int64)), "sent_ts": self.times(sent), "score": score}
        return pd.DataFrame(table)

    def _entries(self) -> pd.DataFrame:
        entries = self.automation.entries
        who = _joined([one.customer for one in entries]).astype(np.int64)
        sizes = [len(one.customer) for one in entries]
        names = [self.plan.sequences[one.sequence].name for one in entries]
        control = _joined([one.control for one in entries]).astype(bool)
        return pd.DataFrame({
            "customer_id": self.ids(who), "sequence": np.repeat(np.array(names, dtype=object), sizes),
            "entered_ts": self.times(np.repeat([one.day for one in entries], sizes).astype(float)),
            "arm": np.where(control, "control", "contacted"),
        })  # fmt: skip

    def _contacts(self) -> pd.DataFrame:
        who = _joined([part[4] for part in self.sent]).astype(np.int64)
        sizes = [len(part[4]) for part in self.sent]
        sequences = self.plan.sequences
        names = [(sequences[part[0]].name, sequences[part[0]].steps[part[1]].name, CHANNELS[part[2]])
                 for part in self.sent]  # fmt: skip
        told = [np.repeat(np.array([name[place] for name in names], dtype=object), sizes) for place in range(3)]
        return pd.DataFrame({
            "customer_id": self.ids(who), "sequence": told[0], "step": told[1], "channel": told[2],
            "sent_ts": self.times(np.repeat([part[3] for part in self.sent], sizes) + _SENT_AT),
        })  # fmt: skip


def _joined(parts: list[Any]) -> Any:
    return np.concatenate(parts) if parts else np.zeros(0)


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
    only where they act (see `crmlib.synth.future_draws`).

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
        The `Shop` on the last day, as far as it is observable (see `crmlib.synth.future_shop.shop_after`), and the
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
    check_plan(plan, begins.seen, policy=begins.policy)
    return Run(begins, plan, sizes, days=days, seed=seed)
