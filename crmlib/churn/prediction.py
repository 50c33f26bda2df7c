"""Who will leave: a probability for each customer, from models that learnt it and from guesses hard to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from crmlib.churn.features import OUTCOMES
from crmlib.churn.signals import SIGNALS
from crmlib.errors import CrmlibError, ModelError, SchemaError
from crmlib.regression import read_learnt, read_numbers
from crmlib.shop.required import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmlib.arrays import Floats, Ints

__all__ = ["KINDS", "ChurnModel", "Kind", "baselines", "rolling"]

Kind = Literal["logistic", "boosting"]
KINDS: tuple[Kind, ...] = ("logistic", "boosting")
#: Columns of `examples` that are no features of ours.
_BESIDE = {"customer_id", "at", "p_alive", *SIGNALS, *OUTCOMES}
_FOLDS = 5
_FEWEST = 10


class ChurnModel:
    """A calibrated probability of leaving.

    The classifier is fitted to the examples; what it says of customers that it has not seen (five folds, each customer
    whole in one of them) teaches a sigmoid to turn its scores into probabilities (Platt).

    Parameters
    ----------
    kind
        ``logistic``: regression on standardised features, those with long tails on a log scale, with a flag for each
        that may be missing. ``boosting``: small trees (scikit-learn's histogram gradient boosting), which take missing
        values as they are.
    seed
        Of folds and trees.
    calibrate
        Whether scores become probabilities by what happened in the folds; without it, the classifier's own.

    Examples
    --------
    >>> from crmlib import churn, open_shop
    >>> shop = open_shop("cdnow-sample")
    Opened cdnow-sample: ...
    >>> seen = churn.examples(shop, ["1997-06-30", "1997-09-30"])
    >>> model = churn.ChurnModel("logistic").fit(seen)
    >>> model.predict(seen).between(0, 1).all()
    np.True_
    """

    def __init__(self, kind: Kind = "logistic", *, seed: int = 1, calibrate: bool = True) -> None:
        if kind not in KINDS:
            raise CrmlibError(f"kind={kind!r} is not known. There are: {', '.join(KINDS)}.")
        self.kind, self.seed, self.calibrate = kind, seed, calibrate

    def fit(self, examples: pd.DataFrame) -> Self:
        """Learn from examples.

        Parameters
        ----------
        examples
            From `crmlib.churn.examples`; every column of numbers counts that is neither an outcome nor a baseline's.

        Raises
        ------
        ModelError
            Too few customers left, or stayed, to learn from; or a column is text.
        SchemaError
            A column occurs twice, holds dates or what is infinite, or left_us is neither 1 nor 0.
        """
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.model_selection import GroupKFold

        require(examples, "the examples", ["left_us", *(["customer_id"] if self.calibrate else [])])
        self.names = [str(name) for name in examples if name not in _BESIDE]
        if not self.names:
            raise ModelError("The examples have no feature to learn from: only outcomes, ids and baselines.")
        left = _yes_or_no(examples["left_us"])
        if min(left.sum(), (1 - left).sum()) < _FEWEST:
            raise ModelError(
                f"Of {len(left)} examples {left.sum()} left and {(1 - left).sum()} stayed; a model needs {_FEWEST} of "
                "each. Use more cut-offs, a longer history, or another horizon."
            )
        table = read_numbers(examples[self.names], "the examples")
        classifier = _logistic(self.names, table) if self.kind == "logistic" else _boosting(self.seed)
        if self.calibrate:
            folds = GroupKFold(_FOLDS, shuffle=True, random_state=self.seed)
            split = list(folds.split(table, left, groups=examples["customer_id"].to_numpy()))
            classifier = CalibratedClassifierCV(classifier, method="sigmoid", cv=split, ensemble=False)
        with threadpool_limits(1):  # small trees: two threads wait for each other longer than they work
            self.classifier = classifier.fit(table, left)
        return self

    def predict(self, features: pd.DataFrame) -> pd.Series:
        """Return each customer's probability of leaving.

        Parameters
        ----------
        features
            From `crmlib.churn.features`, or examples; the columns that were learnt from must be there.

        Raises
        ------
        SchemaError
            One of them is missing.
        """
        table = read_learnt(features, self.names)
        with threadpool_limits(1):
            chance = self.classifier.predict_proba(table)[:, 1]
        return pd.Series(chance, index=features.index, name=self.kind)


def baselines(learnt: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Return the guesses that a model must beat, each a probability of leaving.

    Parameters
    ----------
    learnt
        Examples whose outcomes are known.
    features
        Examples to guess.

    Returns
    -------
    pandas.DataFrame
        One column a guess: ``everyone alike`` (the share that left), ``recency alone`` (RFM's R: a logistic curve of
        the days of silence), ``three signals`` (the share that left among those with the same signals), and ``1 -
        P(alive)`` of MBG/NBD where it could be fitted. That one is the chance of having left for good, not of buying
        nothing within the horizon: it ranks, and is no calibrated probability.
    """
    from sklearn.linear_model import LogisticRegression

    left = learnt["left_us"].to_numpy(dtype=int)
    rate = left.mean()
    found = pd.DataFrame({"everyone alike": rate}, index=features.index)
    if 0 < rate < 1:
        curve = LogisticRegression().fit(np.log1p(learnt[["days_since_order"]].to_numpy()), left)
        found["recency alone"] = curve.predict_proba(np.log1p(features[["days_since_order"]].to_numpy()))[:, 1]
    keys = [_pattern(table) for table in (learnt, features)]
    # a pattern that few had says little: ten customers of the mean join each
    counts = pd.Series(left).groupby(keys[0].to_numpy()).agg(["sum", "size"])
    shares = (counts["sum"] + _FEWEST * rate) / (counts["size"] + _FEWEST)
    found["three signals"] = keys[1].map(shares).fillna(rate).astype(float)
    if features["p_alive"].notna().all():
        found["1 - P(alive)"] = 1 - features["p_alive"]
    return found


def rolling(
    seen: pd.DataFrame, *, horizon_days: int = 90, judged: int = 2, kinds: Sequence[Kind] = KINDS, seed: int = 1
) -> pd.DataFrame:
    """Predict the last cut-offs, each time from earlier ones whose outcome was known by then.

    Parameters
    ----------
    seen
        From `crmlib.churn.examples`, of several cut-offs.
    horizon_days
        Theirs.
    judged
        How many of the last cut-offs are predicted; the earlier ones are learnt from.
    kinds
        The models.
    seed
        Theirs.

    Returns
    -------
    pandas.DataFrame
        The examples of the cut-offs judged, and for each model and guess a column: its probability of leaving.

    Raises
    ------
    CrmlibError
        There is no earlier cut-off whose horizon was over at the one judged.

    Examples
    --------
    >>> from crmlib import churn, open_shop
    >>> shop = open_shop("cdnow-sample")
    Opened cdnow-sample: ...
    >>> seen = churn.examples(shop, churn.origins(shop, 3, horizon_days=90))
    >>> found = churn.rolling(seen, judged=1, kinds=["logistic"])
    >>> churn.scorecard(found["left_us"], found[["everyone alike", "logistic"]]).index[0]
    'logistic'
    """
    parts: list[pd.DataFrame] = []
    for day in sorted(seen["at"].unique())[-judged:]:
        learnt = seen[seen["at"] + pd.Timedelta(days=horizon_days) <= day]
        if learnt.empty:
            raise CrmlibError(
                f"No cut-off lies {horizon_days} days before {pd.Timestamp(day):%Y-%m-%d}: nothing to learn from. "
                "Use more cut-offs, or judge fewer."
            )
        now = seen[seen["at"] == day]
        models: dict[str, Any] = {kind: ChurnModel(kind, seed=seed).fit(learnt).predict(now) for kind in kinds}
        parts.append(pd.concat([now, pd.DataFrame(models), baselines(learnt, now)], axis=1))
    return pd.concat(parts, ignore_index=True)


def _pattern(table: pd.DataFrame) -> pd.Series:
    """Name the signals that a customer shows; what is missing shows nothing."""
    flags = table[list(SIGNALS)].astype("boolean").fillna(value=False).astype(int)
    pattern: pd.Series = flags.astype(str).agg("".join, axis=1)
    return pattern


def _yes_or_no(column: pd.Series) -> Ints:
    """Return an outcome as 0 and 1, or name the row that has another."""
    wrong = ~column.isin([0, 1]).to_numpy(dtype=bool)
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(f"{column.name}, row {column.index[row]}: {column.iloc[row]} is neither 1 nor 0.")
    return column.to_numpy(dtype=int)


def _boosting(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.06, max_leaf_nodes=8, min_samples_leaf=40, l2_regularization=1.0,
        early_stopping=False, random_state=seed,
    )  # fmt: skip


def _logistic(names: Sequence[str], table: Floats) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    empty = [name for name, column in zip(names, table.T, strict=True) if np.isnan(column).all()]
    if empty:
        raise ModelError(f"The feature {empty[0]!r} has no value at all. Leave the column out.")
    return make_pipeline(
        FunctionTransformer(_log), SimpleImputer(add_indicator=True), StandardScaler(), LogisticRegression(C=0.3),
    )  # fmt: skip


def _log(table: Floats) -> Floats:
    """Bring counts, days and money to a log scale; what is below 0 (money given back) counts as 0."""
    return np.log1p(np.maximum(table, 0.0))
