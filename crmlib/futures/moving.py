"""Facts of the profile that move while a future goes on, under the profile's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import rfm
from crmlib.churn.signals import OPERATORS
from crmlib.profiles import name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmlib.arrays import Floats
    from crmlib.futures.life import Life
    from crmlib.futures.present import Present

__all__ = ["Moving"]

#: Scores know days before the eve, not which day that is.
_EVE = "2000-01-01"
_RFM = ("r", "f", "m", "code", "segment")
#: Days since something that no simulated customer does again: they only grow.
_GROWING = ("days_since_registration", "days_since_first_order", "days_since_csat")


class Moving:
    """What is known of customers on the eve of a week, where that differs from the first day.

    Types, stages, consents and what models say stand as on the plan's first day.

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
        self._scored: tuple[float, pd.DataFrame] | None = None

    def column(self, name: str, day: float) -> Any:
        """Return a column as it is known when a week begins; None where it stands as on the first day.

        Parameters
        ----------
        name
            Under whatever name.
        day
            The week's first midnight.
        """
        seen = self._present.seen
        name = name_of(name, [str(column) for column in seen])
        if name in _GROWING and name in seen:
            return self._grown(name, day)
        if name in _RFM:
            return self._scores(day)[name].to_numpy()
        made = self._makers().get(name)
        return None if made is None else made(day)

    def _makers(self) -> dict[str, Callable[[float], Any]]:
        life, lives = self._life, self._life.lives
        return {
            "orders": lambda _: life.orders,
            "spend": lambda _: life.spend,
            "mean_order_value": lambda _: np.where(life.orders > 0, life.spend / np.maximum(life.orders, 1), np.nan),
            "score": lambda _: life.score,
            "days_since_order": lambda day: _since(lives.last_order, day),
            "days_since_login": lambda day: _since(life.last_login, day),
            "days_since_score": lambda day: _since(life.answered, day),
            "low_score": self._low_score,
            **({"no_purchase": self._no_purchase, "no_login": self._no_login} if self._fixed else {}),
        }

    @property
    def _fixed(self) -> bool:
        """Whether a silence is long after the same days for all; windows of one's own stand as on the first day."""
        return self._present.policy.churn.windows == "fixed"

    def _grown(self, name: str, day: float) -> Floats:
        days: Floats = self._present.seen[name].to_numpy(dtype=float, na_value=np.nan) + (day - self._start)
        return days

    def _no_purchase(self, day: float) -> Any:
        """Return the churn signal as `crmlib.churn.signals` flags it: who never bought is judged by the policy."""
        churn = self._present.policy.churn
        return self._too_long(_since(self._life.lives.last_order, day), churn.purchase_days, churn.never_bought, day)

    def _no_login(self, day: float) -> Any:
        churn = self._present.policy.churn
        silent = self._too_long(_since(self._life.last_login, day), churn.login_days, churn.never_logged_in, day)
        return silent if "logins" in self._present.shop.tables else np.full(len(silent), None)

    def _too_long(self, silent: Floats, window: float, never: str, day: float) -> Any:
        missing = np.isnan(silent)
        if never == "since_registration":
            silent = np.where(missing, self._grown("days_since_registration", day), silent)
        flag = OPERATORS[self._present.policy.churn.days_operator](silent, window)
        return flag if never == "since_registration" else np.where(missing, never == "signal", flag)

    def _low_score(self, day: float) -> Any:
        churn, life = self._present.policy.churn, self._life
        low = OPERATORS[churn.score_operator](life.score, churn.low_score)
        if churn.score_lasts_days is not None:
            low &= _since(life.answered, day) <= churn.score_lasts_days
        return low

    def _scores(self, day: float) -> pd.DataFrame:
        """Return RFM scores and segments as they are found anew for the week."""
        if self._scored is None or self._scored[0] != day:
            table = rfm.score(self._orders(day), as_of=_EVE, policy=self._present.policy).set_index("customer_id")
            self._scored = (day, table.reindex(range(len(self._present))))
        return self._scored[1]

    def _orders(self, day: float) -> pd.DataFrame:
        """Return orders that are scored as those of each customer are: so many, the last one then, so much in all."""
        life = self._life
        counts = np.where(life.orders > 0, life.orders, 0).astype(np.int64)
        who = np.repeat(np.arange(len(counts)), counts)
        last = np.flatnonzero(np.append(who[1:] != who[:-1], True)[: len(who)])
        ago = np.where(counts > 0, _since(life.lives.last_order, day), 0.0).astype("timedelta64[D]")
        amount = np.zeros(len(who))
        amount[last] = life.spend[counts > 0].round(4)
        when = np.datetime64(_EVE, "us") - ago[who]
        return pd.DataFrame({"customer_id": who, "order_ts": when, "amount": amount})


def _since(last: Floats, day: float) -> Floats:
    gap: Floats = np.where(np.isfinite(last), np.floor(day - last), np.nan)
    return gap
