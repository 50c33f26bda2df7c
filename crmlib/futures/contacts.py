"""Sequences inside the simulation: who enters, what is due, what the gates hold back, and what money is left for.

The meaning is that of a queue of the same sequences that begins with the plan and is made for every week (see
`crmlib.actions.queue` with ``begins``): the same customers enter by the same moments, under the same conditions, and
get the same steps in the same weeks. Within a week all leaves at its start, so quiet hours have nothing to do, and who
does several things in one week has done the last of them. A message that a frequency cap, a missing permission or an
empty purse holds back is dropped, and the sequence goes on without it. Caps know the plan's own contacts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.actions.gates import similar_goods
from crmlib.actions.judging import drawn
from crmlib.actions.targets import allowed, holds, targeted
from crmlib.customers.consent import CHANNELS
from crmlib.futures.moving import Moving
from crmlib.futures.triggers import Triggers
from crmlib.profiles import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmlib.actions.plans import Plan
    from crmlib.actions.sequences import Condition, Step
    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.futures.life import Life
    from crmlib.futures.present import Present
    from crmlib.futures.response import Permissions


__all__ = ["Automation", "Entries", "Message"]

_WEEK = 7


@dataclass(frozen=True)
class Message:
    """One step of one sequence, sent through one channel to many."""

    sequence: int
    step: Step
    channel: str
    customer: Ints


@dataclass(frozen=True)
class Entries:
    """Customers who entered a sequence in a week, or were kept out of it at random, and what set it off, as a day."""

    sequence: int
    day: float
    customer: Ints
    at: Floats
    control: Bools


class _Cohort:
    """Customers whom a sequence was set off for in one week: the moment, when it ends, and which steps are to come."""

    def __init__(self, customer: Ints, at: Floats, steps: int) -> None:
        self.customer, self.at = customer, at
        self.exit = np.full(len(customer), np.inf)
        self.waits = np.ones((steps, len(customer)), dtype=bool)


class _Running:
    """One sequence and the customers who are in it."""

    def __init__(self, plan: Plan, number: int, present: Present) -> None:
        self.number, self.sequence = number, plan.sequences[number]
        self.target, self.priority = targeted(plan, self.sequence, present.seen, policy=present.policy)
        self.last = np.full(len(present), -np.inf)  # when it was last set off
        self.control = np.zeros(len(present), dtype=bool)
        if self.sequence.control_share:  # by the same lot as in a queue
            self.control = (
                drawn(pd.Series(present.seen.index.astype("str")), self.sequence) < self.sequence.control_share
            )
        self.alike = similar_goods(present.shop, self.sequence.category, pd.Series(present.ids), present.policy)
        self.cohorts: list[_Cohort] = []
        self.sent: list[Ints] = []  # per week, for the sequence's own cap


class Automation:
    """The sequences of a plan, run week by week.

    Parameters
    ----------
    plan
        The plan, checked.
    present
        Where the future begins.
    life
        The customers as they live on.
    permissions
        Who may be contacted; opt-outs change it.
    """

    def __init__(self, plan: Plan, present: Present, life: Life, permissions: Permissions) -> None:
        self._plan, self._present, self._life, self._permissions = plan, present, life, permissions
        self._running = [_Running(plan, number, present) for number in range(len(plan.sequences))]
        self._triggers, self._moving = Triggers(present, life), Moving(present, life)
        self._start = float(present.begins)
        self._sent: list[Ints] = []
        self._static: dict[Condition, Bools] = {}
        self.spent = 0.0
        self.held: Counter[tuple[str, str]] = Counter()
        self.entries: list[Entries] = []

    def messages(self, day: float) -> Iterator[Message]:
        """Give the messages of the week that begins on a day, in the order in which they are sent.

        Parameters
        ----------
        day
            The week's first midnight.
        """
        size = len(self._present)
        self._sent.append(np.zeros(size, dtype=np.int64))
        for running in self._running:
            running.sent.append(np.zeros(size, dtype=np.int64))
            self._enter(running, day)
            for cohort in running.cohorts:
                self._end(running, cohort)
            for number, step in enumerate(running.sequence.steps):
                due = np.zeros(size, dtype=bool)
                for cohort in running.cohorts:
                    mine = cohort.waits[number] & (cohort.at + step.after_days < day + _WEEK)
                    cohort.waits[number] &= ~mine
                    goes = mine & (cohort.at + step.after_days < cohort.exit)
                    due[cohort.customer[goes]] = True
                if due.any():
                    yield from self._send(running, step, due & ~running.control, day)
            running.cohorts = [cohort for cohort in running.cohorts if cohort.waits.any()]

    def _end(self, running: _Running, cohort: _Cohort) -> None:
        """Note when the sequence ends for those who do what ends it."""
        for event in running.sequence.exits:
            entered = np.full(len(self._present), np.inf)
            entered[cohort.customer] = cohort.at
            cohort.exit = np.minimum(cohort.exit, self._triggers.first_after(event, entered)[cohort.customer])

    def _enter(self, running: _Running, day: float) -> None:
        sequence, trigger = running.sequence, running.sequence.trigger
        # a calendar has its own rhythm
        after = running.last + sequence.again_after_days if trigger.event != "calendar" else running.last - np.inf
        fires, at = self._triggers.of_week(trigger.event, trigger.days, day, after)
        if day == self._start:
            ongoing = self._triggers.ongoing(trigger.event, trigger.days)
            fires, at = fires | ongoing, np.where(ongoing, day, at)
        running.last = np.where(fires, at, running.last)
        who = np.flatnonzero(fires & running.target)
        if not len(who):
            return
        running.cohorts.append(_Cohort(who, at[who], len(sequence.steps)))
        enters = fires & running.target
        for condition in sequence.conditions:
            enters &= self._holds(condition, day)
        who = np.flatnonzero(enters)
        if len(who):
            self.entries.append(Entries(running.number, day, who, at[who], running.control[who]))

    def _holds(self, condition: Condition, day: float) -> Bools:
        """Tell for whom a condition holds now: what moves is looked at anew, the rest is as on the first day."""
        there = self._moving.column(condition.column, day)
        if there is not None:
            return holds(condition, {name_of(condition.column): there}, self._plan.name)
        if condition not in self._static:
            rules = self._present.policy
            self._static[condition] = holds(condition, self._present.seen, self._plan.name, rules=rules)
        return self._static[condition]

    def _send(self, running: _Running, step: Step, due: Bools, day: float) -> Iterator[Message]:
        for condition in (*running.sequence.conditions, *step.conditions):
            due = due & self._holds(condition, day)
        due = self._capped(running, due)
        left = due
        may = {channel: self._may(running, channel, day) for channel in step.channels}
        liked = self._present.preferred
        first = {channel: may[channel] & (liked == CHANNELS.index(channel)) for channel in step.channels}
        wanted = np.logical_or.reduce(list(first.values()))
        for channel in step.channels:
            # the channel that the customer named, if it is among the step's and allowed, else the first that is
            reached = left & (first[channel] | (may[channel] & ~wanted))
            left = left & ~reached
            chosen = self._paid(running, np.flatnonzero(reached), channel)
            if len(chosen):
                if running.sequence.purpose != "service":
                    self._sent[-1][chosen] += 1
                running.sent[-1][chosen] += 1
                yield Message(running.number, step, channel, chosen)
        if left.any():
            self.held[running.sequence.name, "no_consent"] += int(left.sum())

    def _may(self, running: _Running, channel: str, day: float) -> Bools:
        """Tell who may be contacted through a channel, on the sequence's grounds."""
        longest = self._present.policy.contact.own_customer_days
        last = np.floor(self._life.lives.last_order)
        own = running.alike & (np.isfinite(last) if longest is None else day - 1 - last <= longest)

        def permitted(name: str) -> Bools:
            return self._permissions.of(name) & own if name == "soft_spam" else self._permissions.of(name)

        return allowed(running.sequence, channel, permitted, self._present.policy)

    def _capped(self, running: _Running, due: Bools) -> Bools:
        """Hold back who had as many contacts as anybody may have."""
        contact, cap = self._present.policy.contact, running.sequence.cap
        free = np.ones(len(due), dtype=np.bool_)
        if running.sequence.purpose != "service":
            free &= _recent(self._sent, contact.within_days) < contact.most
        if cap is not None:
            free &= _recent(running.sent, cap.within_days) < cap.most
        if (due & ~free).any():
            self.held[running.sequence.name, "cap"] += int((due & ~free).sum())
        return due & free

    def _paid(self, running: _Running, chosen: Ints, channel: str) -> Ints:
        """Return those whom the budget still reaches, the highest priority first, and pay for them."""
        cost = self._plan.costs.of(channel)
        if self._plan.budget is not None and cost > 0:
            count = max(int((self._plan.budget - self.spent) / cost + 1e-9), 0)
            if count < len(chosen):
                self.held[running.sequence.name, "budget"] += len(chosen) - count
                chosen = chosen[np.argsort(-running.priority[chosen], kind="stable")[:count]]
        self.spent += cost * len(chosen)
        return chosen


def _recent(sent: list[Ints], days: int) -> Any:
    """Count the contacts of the weeks that a number of days reaches back to, this one included."""
    weeks = -(-days // _WEEK)
    return sum(sent[-weeks:])
