"""What sets sequences off inside the simulation: the moments of the queue, and those of what is simulated.

What the shop knew on the eve goes on as the queue projects it (`crmlib.actions.moments`): a silence becomes long enough
on a later day, a parcel arrives. What the simulated customers do from then on breaks it off, and sets off its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from crmlib.actions.moments import DAY, moments, needed_days
from crmlib.churn.signals import OPERATORS
from crmlib.churn.windows import of_customers

if TYPE_CHECKING:
    from crmlib.actions.sequences import Event
    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.futures.life import Life
    from crmlib.futures.present import Present

__all__ = ["Triggers"]

_WEEK = 7
_NEVER = -np.inf
#: Events that a silence is, and what breaks it.
_SILENCES = {"no_login": "last_login", "no_purchase": "last_order"}


class _Known(NamedTuple):
    """Moments of the shop's own past, in days since the shop's start, by customer and by what they count from."""

    customer: Ints
    moment: Floats
    since: Floats


class Triggers:
    """When events happen to the customers of a future.

    Parameters
    ----------
    present
        Where the future begins.
    life
        The customers as they live on.
    """

    def __init__(self, present: Present, life: Life) -> None:
        self._present, self._life = present, life
        self._start = float(present.begins)
        self._first = {"last_login": life.last_login.copy(), "last_order": life.lives.last_order.copy(),
                       "answered": life.answered.copy()}  # fmt: skip

    def of_week(self, event: Event, days: float | None, day: float, after: Floats) -> tuple[Bools, Floats]:
        """Say for whom an event falls into a week as it is known when the week begins, and when.

        Parameters
        ----------
        event, days
            Of a trigger.
        day
            The week's first midnight.
        after
            The earliest moment that counts, for each customer.

        Returns
        -------
        tuple
            For whom, and the moment in days since the shop's start: within the week, or earlier if its cause came too
            late for the week before.
        """
        if event == "calendar":
            return self._calendar(days, day, after)
        at = np.full(len(after), np.inf)
        known = self._known(event, days)
        mine = (known.moment >= self._start) & (known.moment >= day) & (known.moment < day + _WEEK)
        mine &= self._goes_on(event, known) & (known.moment >= after[known.customer])
        np.minimum.at(at, known.customer[mine], known.moment[mine])
        when, cause = self._simulated(event, days)
        late = (when < day) & (cause >= day - _WEEK)
        simulated = (((when >= day) & (when < day + _WEEK)) | late) & (when >= after)
        at = np.where(simulated, np.minimum(at, when), at)
        return np.isfinite(at), at

    def ongoing(self, event: Event, days: float | None) -> Bools:
        """Say for whom an event is on as the future begins: too long silent already, or unhappy with the last answer.

        Parameters
        ----------
        event, days
            Of a trigger.
        """
        result = np.zeros(len(self._present), dtype=bool)
        if event == "low_score":
            return self._present.seen["low_score"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
        if event in _SILENCES:
            known = self._known(event, days)
            latest = np.append(known.customer[1:] != known.customer[:-1], True)[: len(known.customer)]
            result[known.customer[latest & (known.moment < self._start)]] = True
        return result

    def first_after(self, event: Event, entered: Floats) -> Floats:
        """Return the first moment of an event after each customer's entry, as it is known now; infinity without one.

        Parameters
        ----------
        event
            That ends a sequence.
        entered
            Moments of entry.
        """
        at = np.full(len(entered), np.inf)
        known = self._known(event, None)
        mine = (known.moment > entered[known.customer]) & self._goes_on(event, known)
        np.minimum.at(at, known.customer[mine], known.moment[mine])
        when, _ = self._simulated(event, None)
        return np.where(when > entered, np.minimum(at, when), at)

    def _calendar(self, days: float | None, day: float, after: Floats) -> tuple[Bools, Floats]:
        every = days or np.inf
        number = np.ceil((day - self._start) / every) if np.isfinite(every) else float(day > self._start)
        date = self._start + (number * every if number else 0.0)
        on = day <= date < day + _WEEK
        return np.full(len(after), on) & (date >= after), np.full(len(after), date)

    def _known(self, event: Event, days: float | None) -> _Known:
        cache = self._present.looked_up
        if (event, days) not in cache:
            shop, rules = self._present.shop, self._present.policy
            found = moments(shop, event, rules, days=days).to_pandas()
            ids = self._present.ids
            rows = pd.DataFrame({"customer_id": ids, "place": np.arange(len(ids))}).merge(found, on="customer_id")
            begin = int(np.datetime64(self._present.design.start, "D").astype(np.int64))
            at, since = (rows[name].to_numpy() / DAY - begin for name in ("us", "since_us"))
            order = np.lexsort((at, since, rows["place"]))
            cache[event, days] = _Known(rows["place"].to_numpy()[order], at[order], since[order])
        known: _Known = cache[event, days]
        return known

    def _goes_on(self, event: Event, known: _Known) -> Bools:
        """Say which known moments what was simulated has not broken off."""
        broken = _SILENCES.get(event, "last_order" if event == "interest" else "")
        if not broken:
            return np.ones(len(known.moment), dtype=bool)
        moved = self._last(broken) > self._first[broken]
        result: Bools = ~moved[known.customer]
        return result

    def _last(self, name: str) -> Floats:
        return self._life.lives.last_order if name == "last_order" else getattr(self._life, name)

    def _simulated(self, event: Event, days: float | None) -> tuple[Floats, Floats]:
        """Return the moment that the latest simulated deed sets off, and that deed; minus infinity without one."""
        rules, life, lives = self._present.policy, self._life, self._life.lives
        source = {"ordered": "last_order", "delivered": "last_order", "no_purchase": "last_order",
                  "interest": "last_login", "no_login": "last_login"}.get(event, "answered")  # fmt: skip
        cause = np.where(self._last(source) > self._first[source], self._last(source), _NEVER)
        if event in _SILENCES:
            return np.floor(cause) + self._needed(event, days), np.floor(cause)
        if event == "delivered":
            return cause + rules.contact.delivery_days, cause
        if event == "interest":
            wait = rules.contact.interest_days if days is None else days
            cause = np.where(life.last_login > lives.last_order, cause, _NEVER)
            return cause + wait, cause
        if event == "promoter":
            cause = np.where(life.score >= rules.personas.promoter_from, cause, _NEVER)
        elif event == "low_score":
            low = OPERATORS[rules.churn.score_operator](life.score, rules.churn.low_score)
            cause = np.where(low, cause, _NEVER)
        elif event == "registered":  # nobody new comes
            cause = np.full(len(cause), _NEVER)
        return cause, cause

    def _needed(self, event: Event, days: float | None) -> Any:
        """Return how many whole days of silence it takes, for all or for each."""
        present, churn = self._present, self._present.policy.churn
        if days is None and churn.windows != "fixed":
            key = (event, "windows")
            if key not in present.looked_up:
                ids = pd.Series(present.ids)
                of: Any = "logins" if event == "no_login" else "purchases"
                windows = of_customers(present.shop, ids, of=of, policy=present.policy)
                present.looked_up[key] = np.array([needed_days(each, present.policy) for each in windows], dtype=float)
            return present.looked_up[key]
        fixed = churn.login_days if event == "no_login" else churn.purchase_days
        return needed_days(fixed if days is None else days, present.policy)
