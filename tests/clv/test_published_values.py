"""One table of what others have published, on data that is packaged: CLVTools, BTYD's walkthrough, Hardie's notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from crmlib import clv

if TYPE_CHECKING:
    import crmlib

WEEK = 7
# Hardie's note 010, table of the histories of six opportunities (taken, last one taken) and their log-probabilities
HISTORIES = "66 56 46 36 26 16 55 45 35 25 15 44 34 24 14 33 23 13 22 12 11 00"
LOGS = [
    *(-2.181670, -4.294850, -5.384733, -5.809159, -5.651730, -4.883702, -3.716821, -5.095582, -5.615769, -5.506369),
    *(-4.767238, -3.848296, -5.059361, -5.195622, -4.570709, -3.527453, -4.516203, -4.224660, -3.011999, -3.588179),
    *(-2.288828, -1.167516),
]


@pytest.fixture(scope="module")
def split(cdnow_sample: crmlib.Shop) -> pd.DataFrame:
    """The sample at 1997-09-30 in days over seven, and the purchases of the 39 weeks after."""
    found = clv.holdout(cdnow_sample.orders, calibration_end="1997-09-30", observation_end="1998-06-30").to_pandas()
    return pd.DataFrame(
        {
            "frequency": found["frequency_cal"], "recency": found["recency_cal"] / WEEK, "T": found["T_cal"] / WEEK,
            "later": found["frequency_holdout"],
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def bg(split: pd.DataFrame) -> Any:
    return clv.BetaGeoFitter().fit(split, period="W")


@pytest.fixture(scope="module")
def pareto(split: pd.DataFrame) -> Any:
    return clv.ParetoNBDFitter().fit(split, period="W")


@pytest.mark.slow
def test_bg_nbd_is_that_of_clvtools(bg: Any) -> None:
    assert bg.params_.to_numpy() == pytest.approx([0.2425945, 4.4136019, 0.7929199, 2.4258881], abs=5e-5)
    assert bg.log_likelihood_ == pytest.approx(-9582.429, abs=6e-4)


@pytest.mark.slow
def test_btyd_s_walkthrough_of_pareto_nbd(pareto: Any) -> None:
    assert pareto.expected_number_of_purchases_up_to_time(52) == pytest.approx(1.473434, abs=1e-6)
    assert float(pareto.conditional_probability_alive(26, 216 / WEEK, 31)) == pytest.approx(0.997874, abs=1e-6)
    # more purchases up to the same last one: the longer the silence seems, the fewer are to come
    rising = [float(pareto.predict(52, x, 20, 39)) for x in (10, 15, 20, 25)]
    assert rising == pytest.approx([0.7062289, 0.1442396, 0.02250658, 0.00309267], rel=1e-3)


@pytest.mark.slow
def test_btyd_s_walkthrough_of_bg_nbd() -> None:
    model = clv.BetaGeoFitter().with_params({"r": 0.2425982, "alpha": 4.4136842, "a": 0.7929899, "b": 2.4261667})
    assert model.expected_number_of_purchases_up_to_time(52) == pytest.approx(1.444004, abs=1e-6)
    assert model.predict(52, 26, 216 / WEEK, 31) == pytest.approx(25.75659, abs=1e-4)
    assert model.conditional_probability_alive(26, 216 / WEEK, 31).item() == pytest.approx(0.9688523, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "means", "tolerance"),
    [
        ("pareto", [0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403], 1e-3),
        ("bg", [0.2250893, 0.5231364, 1.044126, 1.520256, 2.163824, 2.653789, 3.503957, 6.157036], 2e-4),
    ],
)
def test_mean_holdout_purchases_by_frequency(
    request: pytest.FixtureRequest, split: pd.DataFrame, name: str, means: list[float], tolerance: float
) -> None:
    expected = request.getfixturevalue(name).predict(39, split[["frequency", "recency", "T"]])
    by_frequency = expected.groupby(split["frequency"].clip(upper=7)).mean()
    assert by_frequency.to_numpy() == pytest.approx(means, abs=tolerance)


@pytest.mark.slow
def test_weekly_repeat_purchases_are_those_of_btyd(cdnow_sample: crmlib.Shop) -> None:
    weeks = clv.tracking(cdnow_sample.orders, {}, calibration_end="1997-09-30", observation_end="1998-06-30")
    actual = weeks.set_index("week")["actual"]
    assert actual.loc[20:25].tolist() == [73, 55, 70, 33, 56, 99]
    assert actual.cumsum().loc[20:25].tolist() == [1359, 1414, 1484, 1517, 1573, 1672]


@pytest.mark.slow
def test_bg_bb_is_that_of_hardie_and_btyd(donations: pd.DataFrame) -> None:
    model = clv.BetaGeoBetaBinomFitter().fit(donations)
    assert model.params_.to_numpy() == pytest.approx([1.203522, 0.749716, 0.656718, 2.783442], abs=1e-5)
    taken, last = np.array([[int(digit) for digit in history] for history in HISTORIES.split()]).T
    logs = model._loglikelihood(model.parameters(), taken, last, np.full(22, 6))
    assert logs == pytest.approx(LOGS, abs=1e-5)
    assert float(model.predict(10, 0, 0, 6)) == pytest.approx(0.1302169, abs=2e-4)
    assert float(model.predict(10, 4, 5, 6)) == pytest.approx(3.627858, abs=2e-4)
    assert float(model.predict(10, 0, 0, 0)) == pytest.approx(3.179805, abs=1e-4)
