from __future__ import annotations

import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crmlib import clv as fitters
from crmlib.clv import (
    BetaGeoBetaBinomFitter,
    BetaGeoFitter,
    ConvergenceError,
    GammaGammaFitter,
    ModifiedBetaGeoFitter,
    ParetoNBDFitter,
    ShiftedBetaGeoFitter,
    fit_by,
)
from crmlib.clv.bg_likelihood import likelihood
from crmlib.clv.gammas import log_rise
from crmlib.clv.optimise import minimise
from crmlib.clv.peer import lifetimes
from crmlib.clv.unique_rows import collapse, combine, unique_rows
from crmlib.errors import ModelError, ModelWarning

if TYPE_CHECKING:
    from collections.abc import Callable

PURCHASES = [BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter]
HISTORY = ["frequency", "recency", "T"]

histories = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 20), st.integers(0, 20), st.integers(1, 9)), min_size=12, max_size=40
)


def table_of(drawn: list[tuple[int, int, int, int]]) -> pd.DataFrame:
    """Valid histories out of any numbers, with enough repeat buyers among them."""
    rows = [
        (x, min(t, age) if x else 0, max(t, age, 1), weight)
        for x, t, age, weight in [*drawn, (1, 3, 9, 2), (2, 8, 12, 2), (4, 10, 20, 1)]
    ]
    return pd.DataFrame(rows, columns=[*HISTORY, "weights"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::crmlib.errors.ModelWarning")
@pytest.mark.parametrize("fitter", PURCHASES)
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(drawn=histories)
def test_weights_equal_repetition_and_order_does_not_matter(fitter: Any, drawn: Any) -> None:
    table = table_of(drawn)
    repeated = table.loc[table.index.repeat(table["weights"]), HISTORY]
    shuffled = repeated.sample(frac=1, random_state=1)
    models = [fitter(0.01).fit(rows) for rows in (table, repeated, shuffled)]
    for model in models[1:]:
        np.testing.assert_allclose(model.params_, models[0].params_, rtol=1e-9)
        np.testing.assert_allclose(model.variance_matrix_, models[0].variance_matrix_, rtol=1e-6)
        assert model.log_likelihood_ == pytest.approx(models[0].log_likelihood_, rel=1e-12)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::crmlib.errors.ModelWarning")
@pytest.mark.parametrize("fitter", PURCHASES)
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(drawn=histories, factor=st.sampled_from([1 / 7, 7.0, 30.4375]))
def test_the_unit_of_time_does_not_matter(fitter: Any, drawn: Any, factor: float) -> None:
    table = table_of(drawn)
    other = table.assign(recency=table["recency"] * factor, T=table["T"] * factor)
    one, two = fitter(0.01).fit(table), fitter(0.01).fit(other)
    units = np.array([factor if name in fitter._timed else 1.0 for name in fitter.parameter_names])
    np.testing.assert_allclose(two.params_, one.params_ * units, rtol=1e-6)
    first, second = (model.predict(5 * k, 2, 4 * k, 9 * k) for model, k in ((one, 1), (two, factor)))
    assert second == pytest.approx(first, rel=1e-6)


@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("parameters", [[0.3, 0.2, 0.8, 2.0], [3.0, 9.0, 5.0, 0.2]])
def test_derivatives_of_bg_and_mbg(shift: int, parameters: list[float]) -> None:
    rows = unique_rows({name: table_of([])[name].to_numpy(float) for name in HISTORY})
    of, logs, step = likelihood(rows, shift), np.log(parameters), 1e-5
    _, gradient, hessian = of(np.exp(logs))
    for i, direction in enumerate(np.eye(4)):
        up, down = of(np.exp(logs + step * direction)), of(np.exp(logs - step * direction))
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2 / step, rel=1e-6, abs=1e-7)
        np.testing.assert_allclose(hessian[i], (up[1] - down[1]) / 2 / step, rtol=1e-6, atol=1e-7)


@pytest.mark.slow
@given(start=st.floats(0.01, 1e6), steps=st.integers(0, 300))
def test_log_rise_is_the_sum_of_logs(start: float, steps: int) -> None:
    expected = float(np.log(start + np.arange(steps)).sum())
    assert float(log_rise(start, np.array([float(steps)]))[0]) == pytest.approx(expected, rel=1e-10, abs=1e-10)


@pytest.mark.slow
def test_covariance_is_right_off_the_diagonal(cdnow_summary: pd.DataFrame) -> None:
    """Against the spread of refits; lifetimes' off-diagonal entries are off by the ratio of two parameters."""
    model = BetaGeoFitter().fit(cdnow_summary)
    refits = fitters.bootstrap(model, 400, seed=3).parameters
    expected = refits.corr().loc["r", "alpha"]
    errors = model.standard_errors_
    actual = model.variance_matrix_.loc["r", "alpha"] / (errors["r"] * errors["alpha"])
    assert actual == pytest.approx(expected, abs=0.1)
    assert model.variance_matrix_.equals(model.variance_matrix_.T)


@pytest.mark.slow
@pytest.mark.parametrize("fitter", PURCHASES)
def test_a_warm_start_takes_fewer_steps(
    fitter: Any, cdnow_summary: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    old = fitter().fit(cdnow_summary.iloc[:2000], verbose=True)
    rows = combine(old.rows_, cdnow_summary.iloc[2000:])
    warm = fitter().fit(rows, start=old, verbose=True)
    cold = fitter().fit(cdnow_summary, verbose=True)
    np.testing.assert_allclose(warm.params_, cold.params_, rtol=1e-6)
    _, warm_steps, cold_steps = (int(line.split()[1]) for line in capsys.readouterr().out.splitlines())
    assert warm_steps < cold_steps
    with pytest.raises(ModelError, match="cannot start from a GammaGammaFitter"):
        fitter().fit(cdnow_summary, start=GammaGammaFitter())


def test_anything_with_to_pandas_is_a_summary(cdnow_summary: pd.DataFrame) -> None:
    class Table:
        def to_pandas(self) -> pd.DataFrame:
            return cdnow_summary

    assert BetaGeoFitter().fit(Table()).params_.equals(BetaGeoFitter().fit(cdnow_summary).params_)
    rows = collapse(Table())
    assert (len(rows), rows["weights"].sum()) == (1016, 2357)


def test_a_billion_customers_cost_what_their_unique_rows_cost(cdnow_summary: pd.DataFrame) -> None:
    rows = collapse(cdnow_summary)
    model = BetaGeoFitter().fit(rows.assign(weights=rows["weights"] * 500_000))
    assert model.customers_ == 2357 * 500_000
    np.testing.assert_allclose(model.params_, BetaGeoFitter().fit(cdnow_summary).params_, rtol=1e-7)


def test_fit_by(cdnow_summary: pd.DataFrame) -> None:
    fits = fit_by(
        cdnow_summary.assign(cohort=np.where(cdnow_summary["T"] > 33, "early", "late")), "cohort", BetaGeoFitter()
    )
    assert fits["customers"].sum() == 2357
    late = BetaGeoFitter().fit(cdnow_summary[cdnow_summary["T"] <= 33])
    np.testing.assert_allclose(fits.loc["late", ["r", "alpha", "a", "b"]].astype(float), late.params_, rtol=1e-5)
    with pytest.raises(ModelError, match="no column 'segment'"):
        fit_by(cdnow_summary, "segment", BetaGeoFitter())


@pytest.mark.slow
@pytest.mark.parametrize("size", [100, 300])
@pytest.mark.parametrize("fitter", [*PURCHASES, GammaGammaFitter])
def test_no_small_shop_fails(fitter: Any, size: int, cdnow_summary: pd.DataFrame, buyers: pd.DataFrame) -> None:
    """Sixty resamples each; benchmarks/clv.md counts lifetimes' failures on the same customers."""
    rng = np.random.default_rng(7)
    everybody = cdnow_summary.assign(monetary_value=buyers["monetary_value"].reindex(cdnow_summary.index))
    failures = []
    for number in range(60):
        resample = everybody.iloc[rng.integers(0, len(everybody), size)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ModelWarning)
            try:
                fitter().fit(resample.dropna() if fitter is GammaGammaFitter else resample)
            except ConvergenceError as error:
                failures.append((number, str(error)))
    assert failures == []


def test_a_search_follows_a_valley_along_its_limit() -> None:
    """Two parameters that fall together: the one that reaches its limit first must not hold the other back."""
    asked = []
    stiff = 1e4 * np.array([[1.0, -1.0], [-1.0, 1.0]])

    def valley(x: Any) -> Any:
        asked.append(x)
        pull, apart = np.exp(x), x - np.array([0.3, 0.0])
        return float(pull.sum() + apart @ stiff @ apart / 2), pull + stiff @ apart, np.diag(pull) + stiff

    found = minimise(valley, np.zeros(2), lower=np.full(2, -10.0), upper=np.full(2, 10.0))
    assert found.x.round(3).tolist() == [-9.7, -10]
    assert len(asked) < 20


@pytest.mark.slow
def test_parameters_that_run_away_are_named(cdnow_summary: pd.DataFrame) -> None:
    rng = np.random.default_rng(7)
    messages = []
    for _ in range(20):
        resample = cdnow_summary.iloc[rng.integers(0, len(cdnow_summary), 100)]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = BetaGeoFitter().fit(resample)
        messages += [str(w.message) for w in caught]
        if caught:
            assert model.standard_errors_.isna().any()
            assert np.isfinite(model.predict(39, resample["frequency"], resample["recency"], resample["T"])).all()
    assert any("do not tell how large" in message and "penalizer_coef" in message for message in messages)


@pytest.mark.parametrize("fitter", PURCHASES)
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([], [], []), "There are no customers"),
        (([0, 0], [0, 0], [9, 9]), "Nobody bought again: frequency is 0 for all 2 customers"),
        (([1], [3], [9]), "1 customer.s. cannot settle 4 parameters"),
        (([1, 2], [0, 0], [0, 0]), "T is zero for every customer"),
        (([1, np.nan], [3, 3], [9, 9]), "frequency is missing or infinite .nan. in row 1"),
        (([1, 2], [3, np.inf], [9, 9]), "recency is missing or infinite .inf. in row 1"),
        (([1, -2], [3, 3], [9, 9]), "frequency is negative .-2. in row 1"),
        (([1, 2], [-3, 3], [9, 9]), "recency is negative"),
        (([1, 2.5], [3, 3], [9, 9]), "frequency is not a whole number .2.5. in row 1"),
        (([1, 2], [3, 12], [9, 9]), r"recency \(12\) is larger than T \(9\) in row 1"),
        (([1, 0], [3, 3], [9, 9]), "recency is not zero where frequency is zero"),
        (([1, 2], [3, 3], [9]), "T has 1 values where frequency has 2"),
        ((["a", "b"], [3, 3], [9, 9]), "frequency holds what is not a number"),
    ],
)
def test_what_cannot_be_fitted_is_refused(fitter: Any, columns: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        fitter().fit(*columns)
    assert isinstance(caught.value, ValueError)


def test_tables_are_checked(cdnow_summary: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match=r"no column 'T' .did you mean 't'"):
        BetaGeoFitter().fit(cdnow_summary.rename(columns={"T": "t"}))
    with pytest.raises(ModelError, match="but not T"):
        BetaGeoFitter().fit(cdnow_summary["frequency"], cdnow_summary["recency"])
    with pytest.raises(ModelError, match="got a list alone"):
        BetaGeoFitter().fit([1, 2])
    with pytest.raises(ModelError, match="All weights are zero"):
        BetaGeoFitter().fit(cdnow_summary.assign(weights=0))
    with pytest.raises(ModelError, match="weights is negative"):
        BetaGeoFitter().fit(cdnow_summary.assign(weights=-1))
    with pytest.raises(ModelError, match="not been fitted"):
        BetaGeoFitter().predict(39, 2, 30, 39)


@pytest.mark.parametrize("fitter", PURCHASES)
def test_documented_results_of_odd_customers(fitter: Any, cdnow_summary: pd.DataFrame) -> None:
    odd = pd.DataFrame({"frequency": [0, 1, 100_000], "recency": [0.0, 0, 38], "T": [0.0, 38, 38]})
    model = fitter().fit(pd.concat([cdnow_summary, odd], ignore_index=True))
    assert np.isfinite(model.params_).all()
    expected = model.predict(39, odd["frequency"], odd["recency"], odd["T"])
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()


@pytest.mark.filterwarnings("ignore::crmlib.errors.ModelWarning")
@pytest.mark.parametrize("fitter", PURCHASES)
def test_a_penalizer_decides_for_one_customer(fitter: Any) -> None:
    assert np.isfinite(fitter(0.01).fit([3], [5], [9]).params_).all()


def test_one_time_buyers_are_explained_once_per_model(cdnow_summary: pd.DataFrame) -> None:
    model = BetaGeoFitter().fit(cdnow_summary)
    columns: Any = [cdnow_summary[name] for name in HISTORY]
    with pytest.warns(ModelWarning, match="ModifiedBetaGeoFitter .MBG/NBD. and ParetoNBDFitter"):
        alive = model.conditional_probability_alive(*columns)
    assert (alive[cdnow_summary["frequency"] == 0] == 1).all()
    model.conditional_probability_alive(*columns)  # pytest turns a second warning into an error
    BetaGeoFitter().fit(cdnow_summary).conditional_probability_alive(0, 0, 39)  # one customer, asked for by name
    model.conditional_probability_alive_matrix()
    ModifiedBetaGeoFitter().fit(cdnow_summary).conditional_probability_alive(*columns)


def test_gamma_gamma_teaches(buyers: pd.DataFrame, rng: np.random.Generator) -> None:
    frequency = buyers["frequency"]
    with pytest.warns(ModelWarning, match="correlated"):
        GammaGammaFitter().fit(frequency, buyers["monetary_value"] + 20 * frequency)
    # spend without a mean: Pareto-like tails
    x = rng.integers(1, 5, 3000).astype(float)
    spend = rng.gamma(3 * x, 1.0) / x / rng.gamma(0.7, 1.0, 3000)
    with pytest.warns(ModelWarning, match="q is 0.* no mean"):
        model = GammaGammaFitter().fit(x, spend)
    assert model.params_["q"] < 1
    with pytest.warns(ModelWarning, match="q should be"):
        held = GammaGammaFitter().fit(x, spend, q_constraint=True)
    assert held.params_["q"] == pytest.approx(1)
    with pytest.raises(ModelError, match="frequency is 0 in row 0"):
        GammaGammaFitter().fit([0, 1], [10.0, 10])
    with pytest.raises(ModelError, match="monetary_value is 0 in row 1"):
        GammaGammaFitter().fit([1, 1], [10.0, 0])
    with pytest.raises(ModelError, match=r"negative \(-5\) in row 1: Gamma-Gamma learns from repeat buyers"):
        GammaGammaFitter().fit([2, 3, 4], [10.0, -5, 20])
    with pytest.raises(ModelError, match="Every customer spends 10"):
        GammaGammaFitter().fit([1, 2, 3], [10.0, 10, 10])


def test_bgbb_and_contracts_check_their_data(donations: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match=r"frequency .3. is larger than recency .2."):
        BetaGeoBetaBinomFitter().fit([3, 1], [2, 1], [6, 6])
    with pytest.raises(ModelError, match="larger than n_periods"):
        BetaGeoBetaBinomFitter().fit([3, 1], [7, 1], [6, 6])
    with pytest.raises(ModelError, match="nobody comes back"):
        ShiftedBetaGeoFitter().fit_survivors([100, 50, 60])
    with pytest.raises(ModelError, match="Nobody left"):
        ShiftedBetaGeoFitter().fit([3, 2], [0, 0])
    model = BetaGeoBetaBinomFitter().fit(donations)
    assert len(model.generate_new_data(size=5)) == 5
    assert model.expected_number_of_transactions_in_first_n_periods(6)["model"].loc[0] > 0


@pytest.mark.slow
def test_importing_and_fitting_leave_the_process_alone(files: Callable[[str], Any]) -> None:
    code = f"""
import warnings, pandas as pd, numpy as np, scipy.special
before, errors = list(warnings.filters), np.geterr()
from crmlib import clv as fitters
summary = pd.read_csv({str(files("cdnow_customers_summary.csv"))!r})
for name in ("BetaGeoFitter", "ModifiedBetaGeoFitter", "ParetoNBDFitter"):
    model = getattr(fitters, name)().fit(summary)
    model.predict(39, summary.frequency, summary.recency, summary["T"])
    model.expected_number_of_purchases_up_to_time(39)
    model.summary, repr(model)
assert list(warnings.filters) == before, "the warning filters changed"
assert np.geterr() == errors
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


def test_the_models_are_lifetimes_own() -> None:
    for name in ("BetaGeoFitter", "ModifiedBetaGeoFitter", "ParetoNBDFitter", "GammaGammaFitter"):
        assert issubclass(getattr(fitters, name), getattr(lifetimes, name))
