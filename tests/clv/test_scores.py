from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import clv
from crmlib.clv.scores import baselines, poisson_deviance, top_share
from crmlib.errors import CrmlibError, SchemaError

SPLIT = pd.DataFrame(
    {
        "frequency_cal": [0.0, 2.0, 4.0, 0.0],
        "T_cal": [30.0, 20.0, 40.0, 0.0],
        "duration_holdout": 10.0,
        "frequency_last_period": [0.0, 1.0, 3.0, 0.0],
        "frequency_holdout": [0.0, 2.0, 1.0, 1.0],
    }
)
DONE = SPLIT["frequency_holdout"].to_numpy()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("always zero", [0, 0, 0, 0]),
        ("own rate", [0, 1, 1, 0]),
        ("last period", [0, 1, 3, 0]),
        ("population mean", [6 / 90 * 10] * 4),
    ],
)
def test_a_baseline_is_as_by_hand(name: str, values: list[float]) -> None:
    assert baselines(SPLIT)[name].tolist() == pytest.approx(values)


@pytest.mark.parametrize(("measure", "value"), [("mae", 3 / 4), ("rmse", (5 / 4) ** 0.5), ("bias", 1 / 4)])
def test_an_error_is_as_by_hand(measure: str, value: float) -> None:
    assert clv.scorecard(SPLIT, {"model": [0.0, 2.0, 3.0, 0.0]}).loc["model", measure] == pytest.approx(value)


def test_a_baseline_that_wins_is_named_the_winner() -> None:
    """Outcomes 0, 0, 0, 4 of a true mean 1: by MAE nothing wins, 1.0 to 1.5; by RMSE the mean does, 1.73 to 2."""
    rows = 40
    split = pd.DataFrame({"customer_id": range(rows), "frequency_cal": 1.0, "T_cal": 10.0, "duration_holdout": 5.0,
                          "frequency_last_period": 3.0, "frequency_holdout": [0.0, 0.0, 0.0, 4.0] * 10})  # fmt: skip
    judged = clv.Rolling.of_split(split, {"mean": np.ones(rows)})
    card = judged.scores.set_index("model")
    assert card.loc[["mean", "always zero"], "mae"].tolist() == [1.5, 1.0]
    assert card.loc[["mean", "always zero"], "rmse"].to_numpy() == pytest.approx([3**0.5, 2])
    by_mae, by_rmse, by_deviance = (clv.verdict(judged, measure=name) for name in ("mae", "rmse", "deviance"))
    assert (by_mae.winner, by_rmse.winner, by_deviance.winner) == ("always zero", "mean", "mean")
    assert by_mae.difference == pytest.approx(0.5)
    assert "no model is better than always zero" in by_mae.sentence or "cannot be told apart" in by_mae.sentence
    last = clv.verdict(clv.Rolling.of_split(split.assign(frequency_last_period=split["frequency_holdout"]),
                                            {"mean": np.ones(rows)}))  # fmt: skip
    assert (last.winner, last.model, last.baseline) == ("last period", "mean", "last period")
    assert last.low > 0
    assert "no model is better than last period" in last.sentence
    with pytest.raises(CrmlibError, match="no model beside the baselines"):
        clv.verdict(clv.Rolling.of_split(split, {}))
    with pytest.raises(CrmlibError, match="'own rate' is the name of a baseline"):
        clv.Rolling.of_split(split, {"own rate": np.ones(rows)})
    with pytest.raises(CrmlibError, match="compared by mae, rmse, deviance"):
        clv.verdict(judged, measure="spend_mae")


def test_the_deviance_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import mean_poisson_deviance

    rng = np.random.default_rng(1)
    actual, predicted = rng.poisson(1.0, 500), rng.gamma(1, 1, 500)
    assert poisson_deviance(actual, predicted).mean() == pytest.approx(mean_poisson_deviance(actual, predicted))


def test_models_stand_before_the_baselines() -> None:
    names = ["mine", "always zero", "own rate", "last period", "population mean"]
    assert clv.scorecard(SPLIT, {"mine": DONE}).index.tolist() == names


def test_what_happened_predicts_itself() -> None:
    assert list(clv.scorecard(SPLIT, {"oracle": DONE}).loc["oracle", ["mae", "rmse", "bias"]]) == [0, 0, 0]


def test_the_best_tenth_shares_what_it_did() -> None:
    assert top_share([5, 3, *[1] * 18], [9, 8, *[0] * 18]) == pytest.approx(8 / 26)


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=2, max_size=30), st.randoms())
def test_the_order_of_the_customers_does_not_matter(pairs: list[tuple[int, int]], random: Any) -> None:
    mixed = random.sample(pairs, len(pairs))
    shares = [top_share([done for done, _ in rows], [guess for _, guess in rows]) for rows in (pairs, mixed)]
    assert shares[0] == pytest.approx(shares[1], nan_ok=True)


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=30), st.floats(0.01, 1))
def test_equal_predictions_know_nothing(done: list[int], share: float) -> None:
    assert top_share(done, [1] * len(done), share) == pytest.approx(share)


def test_nothing_that_happened_has_no_share() -> None:
    assert np.isnan(top_share([0, 0], [1, 2]))


def test_a_prediction_too_few_is_an_error() -> None:
    with pytest.raises(CrmlibError, match=r"^mine: 3 predictions for 4 customers\.$"):
        clv.scorecard(SPLIT, {"mine": [1, 2, 3]})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_prediction_that_is_no_number_is_an_error(value: float) -> None:
    with pytest.raises(CrmlibError, match=r"^mine: 1 predictions are not numbers\.$"):
        clv.scorecard(SPLIT, {"mine": [value, 1, 2, 3]})


def test_a_split_that_lacks_a_column_is_an_error() -> None:
    with pytest.raises(SchemaError, match=r"^split: there is no column 'T_cal'\. Did you mean 'T'\?|There are"):
        clv.scorecard(SPLIT.drop(columns="T_cal"), {})
