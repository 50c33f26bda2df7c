"""Who predicted best, with the baselines among the candidates: a model that loses to a guess is no model to use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlib.clv.scores import BASELINES
from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from crmlib.clv.origins import Rolling

__all__ = ["Verdict", "verdict"]

_REWARDS = {
    "mae": "the median of what may come",
    "rmse": "the mean of what may come",
    "deviance": "the mean of a count that may come",
}


@dataclass(frozen=True)
class Verdict:
    """The best of all, and how the best model stands beside the best baseline.

    Attributes
    ----------
    measure
        Of the errors.
    winner
        The model or baseline with the smallest error.
    model, baseline
        The best of each.
    difference, low, high
        The model's error less the baseline's, with its paired interval: below 0, the model is the better one.
    """

    measure: str
    winner: str
    model: str
    baseline: str
    difference: float
    low: float
    high: float

    @property
    def sentence(self) -> str:
        """Say who won, and whether by more than luck."""
        gap = f"{self.difference:+.3f}, {self.low:+.3f} to {self.high:+.3f}"
        rewards = f"By {self.measure}, which rewards who predicts {_REWARDS[self.measure]}"
        if self.high < 0:
            return f"{rewards}, {self.model} is better than every baseline ({gap} against {self.baseline})."
        if self.low > 0:
            return f"{rewards}, no model is better than {self.baseline}: {self.model} comes nearest ({gap}). Use none."
        return f"{rewards}, {self.model} and the baseline {self.baseline} cannot be told apart ({gap})."


def verdict(
    judged: Rolling, *, measure: str = "rmse", refits: int = 500, level: float = 0.95, seed: int = 1
) -> Verdict:
    """Name the winner among models and baselines alike.

    Parameters
    ----------
    judged
        From `crmlib.clv.rolling`, or `Rolling.of_split` for one holdout.
    measure
        ``rmse`` and ``deviance`` are smallest for who predicts the mean, which totals and revenue add up from; ``mae``
        for who predicts the median: where most customers buy nothing, that is always zero.
    refits, level, seed
        As for `Rolling.differences`.

    Raises
    ------
    CrmlibError
        The measure is another, or there is no model beside the baselines.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import clv
    >>> split = pd.DataFrame({
    ...     "customer_id": list("abcd"), "frequency_cal": 1.0, "T_cal": 30.0, "duration_holdout": 30.0,
    ...     "frequency_last_period": 1.0, "frequency_holdout": [0.0, 0.0, 0.0, 4.0],
    ... })
    >>> verdict(clv.Rolling.of_split(split, {"mean": [1.0] * 4}), measure="mae").winner
    'always zero'
    """
    if measure not in _REWARDS:
        raise CrmlibError(f"measure={measure!r}: models and baselines are compared by {', '.join(_REWARDS)}.")
    errors = judged.differences(BASELINES[0], measure=measure, refits=2)["error"]
    guesses = [name for name in errors.index if name in BASELINES]
    models = [name for name in errors.index if name not in BASELINES]
    if not models:
        raise CrmlibError("There is no model beside the baselines.")
    gap = judged.differences(guesses[0], measure=measure, refits=refits, level=level, seed=seed).loc[models[0]]
    low, high = float(gap["low"]), float(gap["high"])
    return Verdict(measure, str(errors.index[0]), models[0], guesses[0], float(gap["difference"]), low, high)
