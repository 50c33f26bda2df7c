"""One week of the future: who orders, logs in, answers and leaves, under common random numbers.

The process is that of `crmlib.synth.life`, drawn otherwise: counts come by inversion from the customer's own number of
the week, so a plan adds and removes orders but never reshuffles those that it does not touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincinv, ndtri

from crmlib.futures.draws import poisson_inverse
from crmlib.synth.life import calm, fare, leaving_rate, login_rate
from crmlib.synth.surveys import recommends

if TYPE_CHECKING:
    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.futures.draws import Draws
    from crmlib.futures.present import Present
    from crmlib.synth.life import Lives, World


__all__ = ["Answers", "Courted", "Life", "Week"]

_ASKED_AFTER = 13.0  # days from an order to its survey: delivery, and nine days of use


@dataclass(frozen=True)
class Courted:
    """What contacts do to each customer in a week."""

    factor: Floats  # on the order rate
    keeps: Floats  # on the rate of leaving
    discount: Floats  # share off by the code that the customer holds
    redeems: Floats  # chance to use it at an order
    code: Ints  # number of the sequence that it came with


@dataclass(frozen=True)
class Week:
    """The orders of a week, one entry each, and what a week was expected to bring by customer."""

    customer: Ints
    time: Floats
    value: Floats  # before a code, EUR
    discount: Floats  # EUR taken off
    code: Ints  # number of the sequence whose code is used; -1 without
    extra: Bools  # would not have come without the lift that acts
    expected: Floats  # per customer: orders, by the rate


@dataclass(frozen=True)
class Answers:
    """The surveys of a week, one entry each."""

    customer: Ints
    sent: Floats
    score: Floats  # missing without an answer


class Life:
    """The customers as they live on.

    Parameters
    ----------
    present
        Where the future begins.
    world
        Parameters and calendar.
    lives
        The state, changed in place.
    """

    def __init__(self, present: Present, world: World, lives: Lives) -> None:
        self.world, self.lives = world, lives
        personas = world.parameters.personas
        self._shape = np.array([(world.parameters.pooled or one.rates).p for one in personas])[lives.persona]
        self.orders = present.seen["orders"].to_numpy(dtype=float).copy()
        self.spend = present.seen["spend"].to_numpy(dtype=float).copy()
        self.score = present.seen["score"].to_numpy(dtype=float).copy()
        self.answered = present.last_score.copy()
        self.last_login = present.last_login.copy()
        self.logins: list[tuple[Ints, Ints, Floats, Floats]] = []  # customer, count, first midnight, the latest
        # The survey of an order of the last days is still to come.
        asked = self._asked_after(self.orders)
        self._ask = np.where(asked & (lives.last_order + _ASKED_AFTER >= present.begins),
                             lives.last_order + _ASKED_AFTER, np.inf)  # fmt: skip

    def step(self, draws: Draws, span: tuple[float, float], courted: Courted) -> Week:
        """Let a week pass.

        Parameters
        ----------
        draws
            The numbers of the week.
        span
            First midnight and last.
        courted
            What contacts do in this week.
        """
        lives, world, (start, end) = self.lives, self.world, span
        here = np.flatnonzero(lives.left > start)
        leaving = leaving_rate(world, lives.dropout[here], lives.satisfaction[here]) * courted.keeps[here]
        until_left = lives.patience[here] / leaving
        leaves = until_left < end - start
        stayed = np.where(leaves, start + until_left, end)
        lives.patience[here] -= leaving * (stayed - start)
        lives.left[here[leaves]] = stayed[leaves]

        persona = lives.persona[here]
        low = world.until(persona, np.full(len(here), start))
        high = world.until(persona, stayed)
        usual = lives.rate[here] * (high - low)
        fate = draws.each("orders")[here]
        counts = poisson_inverse(fate, usual * courted.factor[here])
        alone = poisson_inverse(fate, usual)
        row = np.repeat(np.arange(len(here)), counts)
        slot = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        who = here[row]
        total = low[row] + draws.slots("time", who, slot) * (high - low)[row]
        time = world.when(persona[row], total, int(start), int(end))
        shape = self._shape[who]
        value = gammaincinv(shape, draws.slots("value", who, slot)) / shape * lives.value[who]
        value = np.maximum(np.round(value, 2), 2.0)  # below it there is nothing to sell
        uses = draws.slots("redeem", who, slot) < courted.redeems[who]
        discount = np.where(uses, np.round(value * courted.discount[who], 2), 0.0)
        expected = np.zeros(len(lives))
        expected[here] = usual * courted.factor[here]

        self._fare(draws, who, slot, time)
        self._log_in(draws, here, until_left, start, stayed)
        self.orders += np.bincount(who, minlength=len(lives))
        self.spend += np.bincount(who, weights=value - discount, minlength=len(lives))
        asked = np.flatnonzero(self._asked_after(self.orders) & (np.bincount(who, minlength=len(lives)) > 0))
        self._ask[asked] = lives.last_order[asked] + _ASKED_AFTER
        calm(lives, world, end - start)
        return Week(who, time, value, discount, np.where(uses, courted.code[who], -1), slot >= alone[row], expected)

    def _asked_after(self, orders: Floats) -> Bools:
        """Tell after whose latest order the shop asks: the first, and every third."""
        asked: Bools = (orders == 1) | ((orders > 0) & (orders % 3 == 0))
        return asked

    def _fare(self, draws: Draws, who: Ints, slot: Ints, time: Floats) -> None:
        lives = self.lives
        fates = (draws.slots("late", who, slot), draws.slots("problem", who, slot),
                 draws.slots("ticket", who, slot), draws.slots("quick", who, slot))  # fmt: skip
        *_, change = fare(self.world, lives.persona[who], time, fates, ndtri(draws.slots("mood", who, slot)))
        lives.satisfaction += np.bincount(who, weights=change, minlength=len(lives))
        np.maximum.at(lives.last_order, who, time)
        np.maximum.at(self.last_login, who, time)

    def _log_in(self, draws: Draws, here: Ints, until_left: Floats, start: float, stayed: Floats) -> None:
        """Keep the last login of each: the largest of so many uniform times is one number to the power 1 / n."""
        often = login_rate(self.world, self.lives.logins[here], until_left)
        count = poisson_inverse(draws.each("logins")[here], often * (stayed - start))
        came = count > 0
        latest = start + draws.each("login_time")[here][came] ** (1 / count[came]) * (stayed[came] - start)
        self.logins.append((here[came], count[came], np.full(len(latest), start), latest))
        self.last_login[here[came]] = np.maximum(self.last_login[here[came]], latest)

    def ask(self, draws: Draws, start: float, end: float) -> Answers:
        """Ask those whose survey is due in a week, as satisfied as they are now.

        Parameters
        ----------
        draws
            The numbers of the week.
        start, end
            Its midnights.
        """
        lives, service = self.lives, self.world.parameters.service
        who = np.flatnonzero((self._ask >= start) & (self._ask < end))
        satisfaction, none = lives.satisfaction[who], np.zeros(len(who), dtype=np.int64)
        odds = service.nps_responds + service.responds_per_sd * satisfaction
        odds += service.responds_gone * (lives.left[who] <= start)
        answers = draws.slots("answers", who, none) < 1 / (1 + np.exp(-odds))
        noise = ndtri(draws.slots("answer", who, none))
        score = np.clip(np.round(recommends(service, satisfaction, noise)), 0, 10)
        self.score[who[answers]], self.answered[who[answers]] = score[answers], self._ask[who[answers]]
        return Answers(who, self._ask[who], np.where(answers, score, np.nan))
