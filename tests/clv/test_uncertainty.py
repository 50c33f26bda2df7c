from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlib.clv import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter, load
from crmlib.clv.resampling import bootstrap, cltv_interval
from crmlib.errors import ModelError

HISTORY = ["frequency", "recency", "T"]


def simulated(rng: np.random.Generator, customers: int) -> pd.DataFrame:
    """A shop that BG/NBD is true of, with CDNOW's parameters, watched for 78 weeks."""
    r, alpha, a, b = 0.6, 6.0, 1.2, 2.4
    rate, leave = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    age = rng.uniform(52, 78, customers)
    x, last = np.zeros(customers), np.zeros(customers)
    now, here = np.zeros(customers), np.arange(customers)
    while here.size:
        now[here] += rng.exponential(1 / rate[here].clip(1e-9))
        here = here[now[here] < age[here]]
        x[here] += 1
        last[here] = now[here]
        here = here[rng.random(here.size) > leave[here]]
    return pd.DataFrame({"frequency": x, "recency": last, "T": age})


@pytest.mark.slow
@pytest.mark.parametrize("fitter", [BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter])
def test_refits_are_seeded_and_spread_like_the_standard_errors(fitter: Any, cdnow_summary: pd.DataFrame) -> None:
    model = fitter().fit(cdnow_summary)
    one, two = (bootstrap(model, 150, seed=5) for _ in range(2))
    assert one.parameters.equals(two.parameters)
    assert not one.parameters.equals(bootstrap(model, 150, seed=6).parameters)
    ratio = one.parameters["r"].std() / model.standard_errors_["r"]
    assert 0.7 < ratio < 1.4
    interval = one.interval(0.9)
    assert (interval["lower"] < interval["estimate"]).all()
    assert (interval["estimate"] < interval["upper"]).all()


@pytest.mark.slow
@pytest.mark.parametrize(("shops", "least"), [(10, 6), pytest.param(40, 30, marks=pytest.mark.full)])
def test_intervals_cover_the_truth(shops: int, least: int) -> None:
    """Of simulated shops of 1,500 customers, how many 90 % intervals hold what is true?

    With a true share of 90 %, fewer than 30 of 40 would be seen once in 700 such tests, fewer than 6 of 10 once in 600.
    """
    rng = np.random.default_rng(11)
    truth = {"r": 0.6, "alpha": 6.0, "a": 1.2, "b": 2.4}
    true_model = BetaGeoFitter().with_params(truth)
    asked: dict[str, Any] = {"frequency": [3.0], "recency": [40.0], "T": [60.0]}
    true_answers = (true_model.alive_at(**asked)[0], true_model.predict(26, 3.0, 40.0, 60.0))
    hits = dict.fromkeys([*truth, "alive", "purchases"], 0)
    for _ in range(shops):
        refits = bootstrap(BetaGeoFitter().fit(simulated(rng, 1500)), 100, seed=rng)
        interval = refits.interval(0.9)
        for name, value in truth.items():
            row: Any = interval.loc[name]
            hits[name] += int(row["lower"] <= value <= row["upper"])
        for name, value, found in zip(
            ("alive", "purchases"),
            true_answers,
            (refits.probability_alive(**asked), refits.expected_purchases(26, **asked)),
            strict=True,
        ):
            hits[name] += bool(found["lower"].iloc[0] <= value <= found["upper"].iloc[0])
    assert all(count >= least for count in hits.values()), hits


@pytest.mark.slow
def test_intervals_of_customers(cdnow_summary: pd.DataFrame, buyers: pd.DataFrame) -> None:
    refits = bootstrap(ParetoNBDFitter().fit(cdnow_summary), 40)
    some = cdnow_summary.iloc[:30]
    columns: Any = [some[name] for name in HISTORY]
    alive, expected = refits.probability_alive(*columns), refits.expected_purchases(39, *columns)
    for table in (alive, expected):
        assert table.index.equals(some.index)
        assert ((table["lower"] <= table["estimate"]) & (table["estimate"] <= table["upper"])).mean() > 0.9
    spend = bootstrap(GammaGammaFitter().fit(buyers), 40)
    history = buyers.iloc[:30]
    value = cltv_interval(refits, spend, *(history[name] for name in [*HISTORY, "monetary_value"]), period="W")
    assert value.index.equals(history.index)
    assert (value["lower"] < value["upper"]).all()
    np.testing.assert_allclose(
        refits.interval_of(lambda model: model.predict(39, 2, 30, 39))["estimate"], refits.model.predict(39, 2, 30, 39)
    )


def test_what_cannot_be_asked(cdnow_summary: pd.DataFrame, tmp_path: Any) -> None:
    model = BetaGeoFitter().fit(cdnow_summary)
    with pytest.raises(ModelError, match=r"say 0[.]9"):
        bootstrap(model, 5).interval(90)
    model.save(tmp_path / "model.json")
    with pytest.raises(ModelError, match="no customers to draw from"):
        bootstrap(load(tmp_path / "model.json"))
