"""The future of a simulated shop under a plan of contacts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress

from crmlib.customers.consent import CHANNELS
from crmlib.futures.contacts import Automation
from crmlib.futures.draws import Draws
from crmlib.futures.life import Life
from crmlib.futures.outcome import Outcome
from crmlib.futures.response import Response
from crmlib.synth import columns
from crmlib.synth.life import leaving_rate

if TYPE_CHECKING:
    from crmlib.actions.plans import Plan
    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.futures.life import Courted, Week
    from crmlib.futures.parameters import FutureParameters
    from crmlib.futures.present import Present
    from crmlib.synth.seasons import Calendar


__all__ = ["Run"]

_WEEK = 7
_SENT_AT = 0.15  # of a day: about ten in the morning


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
        self.automation = Automation(plan, begins, self.life, self.response.permissions)
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

    def _outcome(self, stayed: Bools) -> Outcome:
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
            "trigger_ts": self.times(_joined([one.at for one in entries]).astype(float)),
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
