"""What a model must be able to do so that `crmlib.clv.rolling` and `crmlib.clv.compare` can judge it.

Two methods make a model: `fit` and `predict`. Nothing has to be inherited. This one, in ten lines, lets everybody go on
at the own rate, drawn towards everyone's:

>>> class Shrunk:
...     def fit(self, summary):
...         self.prior = summary["T"].mean()
...         self.rate = summary["frequency"].sum() / summary["T"].sum()
...         return self
...     def predict(self, summary, duration):
...         known = summary["frequency"] + self.rate * self.prior
...         return duration * known / (summary["T"] + self.prior)
>>> isinstance(Shrunk(), Model)
True

The summary has a row a customer, at the end of the calibration, with what `SEEN` lists. A model that has more to say or
wants to see more has one of two further methods: `PredictsSpend`, `LearnsFromPast`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = ["SEEN", "LearnsFromPast", "Model", "PredictsSpend"]

#: The columns of the summary that a model is given, in the comparison's periods. silence is T - recency; last_gap lies
#: between the last two purchases (NaN after one); bought_recently and bought_lately count the last 4 and 8 weeks.
SEEN = (
    *("customer_id", "frequency", "recency", "T", "monetary_value", "silence", "last_gap"),
    *("bought_recently", "bought_lately", "mean_spend", "last_spend"),
)


@runtime_checkable
class Model(Protocol):
    """Fits a summary, and predicts the purchases of the time after it."""

    def fit(self, summary: pd.DataFrame) -> Any:
        """Learn from the customers' histories, one row each; what it returns does not matter."""
        ...

    def predict(self, summary: pd.DataFrame, duration: float) -> ArrayLike:
        """Return how often each customer will buy.

        Parameters
        ----------
        summary
            The histories, in the rows' order of the answer.
        duration
            How far ahead, in the summary's periods.
        """
        ...


@runtime_checkable
class PredictsSpend(Protocol):
    """A model that predicts money, too."""

    def predict_spend(self, summary: pd.DataFrame, duration: float) -> ArrayLike:
        """Return how much each customer will spend.

        Parameters
        ----------
        summary, duration
            As for `Model.predict`.
        """
        ...


@runtime_checkable
class LearnsFromPast(Protocol):
    """A model that wants to see what customers went on to do: it gets earlier splits of the calibration."""

    def fit_past(self, summary: pd.DataFrame, past: pd.DataFrame) -> Any:
        """Learn from the histories, and from what followed earlier ones; called instead of `fit`.

        Parameters
        ----------
        summary
            As for `Model.fit`.
        past
            The same columns at earlier days, and what each customer did from there, still within the calibration:
            periods_ahead, purchases_ahead, spend_ahead. A customer has a row for each of those days.
        """
        ...
