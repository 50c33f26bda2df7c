"""Sequences inside the simulation: who enters, what is due, what the gates hold back, and what money is left for.

The meaning is that of `crmlib.actions.sequences`, by the week: triggers are looked at as each week begins, with what
happened up to then, and what falls due within a week leaves at its start, so quiet hours have nothing to do. On the
first day those enter who have been silent too long already, or whose latest answer is low. A message that a frequency
cap, a missing permission or an empty purse holds back is dropped, and the sequence goes on without it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.actions.targets import allowed, holds, targeted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from crmlib.actions.plans import Plan
    from crmlib.actions.sequences import Condition, Event, Step
    from crmlib.synth.future_draws import Draws
    from crmlib.synth.future_life import Life
    from crmlib.synth.future_present import Present
    from crmlib.synth.future_response import Permissions

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["Automation", "Entries", "Message"]

_WEEK = 7
_DELIVERED = 4.0  # mean days from an order to its parcel
_PROMOTER = 9


@dataclass(frozen=True)
class Message:
    """One step of one sequence, sent through one channel to many."""

    sequence: int
    step: Step
    channel: str
    customer: Ints


@dataclass(frozen=True)
class Entries:
    """Customers who entered a sequence in a week, or were kept out of it at random."""

    sequence: int
    day: float
    customer: Ints
    control: Bools


class _Running:
    """One sequence and where each customer stands in it."""

    def __init__(self, plan: Plan, number: int, present: Present, rank: Floats) -> None:
        self.number, self.sequence = number, plan.sequences[number]
        self.target, self.priority = targeted(plan, self.sequence, present.seen)
        size = len(present)
        self.entered = np.full(size, -np.inf)
        self.next = np.full(size, len(self.sequence.steps))
        self.control = rank < self.sequence.control_share
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
    draws
        Those of the first week, which settle for good who is kept out as control.
    """

    def __init__(self, plan: Plan, present: Present, life: Life, permissions: Permissions, draws: Draws) -> None:
        self._plan, self._present, self._life, self._permissions = plan, present, life, permissions
        rank = draws.each("control")
        # Each sequence splits the customers anew: a turn by the golden ratio keeps the numbers uniform.
        self._running = [_Running(plan, number, present, (rank + number * 0.6180339887) % 1.0)
                         for number in range(len(plan.sequences))]  # fmt: skip
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
        week = np.zeros(len(self._present), dtype=np.int64)
        self._sent.append(week)
        for running in self._running:
            running.sent.append(np.zeros(len(week), dtype=np.int64))
            self._end(running, day)
            self._enter(running, day)
            for number, step in enumerate(running.sequence.steps):
                due = (running.next == number) & (running.entered + step.after_days < day + _WEEK)
                if not due.any():
                    continue
                running.next[due] = number + 1
                yield from self._send(running, step, due, day)

    def _end(self, running: _Running, day: float) -> None:
        """End the sequence for those who did what ends it since they entered."""
        inside = running.next < len(running.sequence.steps)
        if not running.sequence.exits or not inside.any():
            return
        for event in running.sequence.exits:
            fired, when = self._event(event, None, day)
            running.next[inside & fired & (when >= running.entered)] = len(running.sequence.steps)

    def _enter(self, running: _Running, day: float) -> None:
        sequence = running.sequence
        fired, when = self._event(sequence.trigger.event, sequence.trigger.days, day)
        outside = running.next == len(sequence.steps)
        enters = fired & running.target & outside & (day - running.entered >= sequence.again_after_days)
        # A silence sets a sequence off once: the next one begins with the next order or login.
        enters &= when > running.entered
        for condition in sequence.conditions:
            enters &= self._holds(condition, day)
        if not enters.any():
            return
        running.entered[enters] = day
        goes = enters & ~running.control
        running.next[goes] = 0
        who = np.flatnonzero(enters)
        self.entries.append(Entries(running.number, day, who, running.control[who]))

    def _event(self, event: Event, days: float | None, day: float) -> tuple[Bools, Floats]:
        """Tell for whom an event is on as a week begins, and when it began to be."""
        life, lives, churn = self._life, self._life.lives, self._present.policy.churn
        since, first = day - _WEEK, day == self._start
        if event == "calendar":
            every = days or _WEEK
            passed = day - self._start
            on = passed == 0 or (passed + _WEEK - 1) // every > (passed - 1) // every
            return np.full(len(lives), on), np.full(len(lives), day)
        if event in {"no_login", "no_purchase"}:
            login = event == "no_login"
            last = (
                np.where(np.isfinite(life.last_login), life.last_login, lives.registered) if login else lives.last_order
            )
            window = days or (churn.login_days if login else churn.purchase_days)
            over = np.isfinite(last) & (day - last > window)
            return over, np.where(over, last + window, -np.inf)
        if event in {"low_score", "promoter"}:
            at = life.answered
            if event == "promoter":
                return (life.score >= _PROMOTER) & (at >= since), at
            low = life.score <= churn.low_score if churn.score_operator == "<=" else life.score < churn.low_score
            return low & (first | (at >= since)), np.where(first, day, at)
        shift = {"delivered": _DELIVERED, "interest": days or 1.0}.get(event, 0.0)
        at = {"registered": lives.registered, "interest": life.last_login}.get(event, lives.last_order) + shift
        happened = (at >= since) & (at < day)
        if event == "interest":
            happened &= life.last_login > lives.last_order
        return happened, at

    def _holds(self, condition: Condition, day: float) -> Bools:
        """Tell for whom a condition holds now: what moves is looked at anew, the rest is as on the first day."""
        life, lives = self._life, self._life.lives
        moving: dict[str, Callable[[], Floats]] = {
            "orders": lambda: life.orders,
            "spend": lambda: life.spend,
            "score": lambda: life.score,
            "days_since_purchase": lambda: _since(lives.last_order, day),
            "days_since_login": lambda: _since(life.last_login, day),
            "days_since_score": lambda: _since(life.answered, day),
        }
        if condition.column in moving:
            return holds(condition, {condition.column: moving[condition.column]()}, self._plan.name)
        if condition not in self._static:
            self._static[condition] = holds(condition, self._present.seen, self._plan.name)
        return self._static[condition]

    def _send(self, running: _Running, step: Step, due: Bools, day: float) -> Iterator[Message]:
        for condition in step.conditions:
            due = due & self._holds(condition, day)
        due = self._capped(running, due)
        left = due
        for channel in step.channels:
            may = allowed(running.sequence, channel, self._permissions.of, self._present.policy)
            chosen = self._paid(running, np.flatnonzero(left & may), channel)
            left = left & ~may
            if len(chosen):
                if running.sequence.purpose != "service":
                    self._sent[-1][chosen] += 1
                running.sent[-1][chosen] += 1
                yield Message(running.number, step, channel, chosen)
        if left.any():
            self.held[running.sequence.name, "no_consent"] += int(left.sum())

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


def _since(last: Floats, day: float) -> Floats:
    gap: Floats = np.where(np.isfinite(last), np.floor(day - last), np.nan)
    return gap


def _recent(sent: list[Ints], days: int) -> Any:
    """Count the contacts of the weeks that a number of days reaches back to, this one included."""
    weeks = -(-days // _WEEK)
    return sum(sent[-weeks:])
