"""What docs/how-to/lifetimes.md promises, line by line, beside the tests of the published values."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmlib
from crmlib import clv
from crmlib.clv.peer import lifetimes

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "lifetimes.md").read_text(encoding="utf-8")
FITTERS = ("BetaGeoFitter", "ModifiedBetaGeoFitter", "ParetoNBDFitter", "GammaGammaFitter", "BetaGeoBetaBinomFitter")


@pytest.mark.parametrize("name", FITTERS)
def test_every_method_and_argument_is_there_in_order(name: str) -> None:
    assert f"`{name}`" in PAGE
    theirs, ours = getattr(lifetimes, name), getattr(clv, name)
    asked = 0
    for method, function in inspect.getmembers(theirs, callable):
        if method.startswith("_") and method != "__init__":
            continue
        expected = [each for each in inspect.signature(function).parameters if each != "kwargs"]
        own = inspect.signature(getattr(ours, method)).parameters
        assert list(own)[: len(expected)] == expected, method
        added = [each for each in own.values() if each.name not in {*expected, "kwargs", "_kwargs"}]
        assert all(each.kind == each.KEYWORD_ONLY for each in added) or method != "fit", method
        asked += 1
    assert asked >= 5


@pytest.mark.slow
def test_summaries_by_days_are_those_of_lifetimes(cdnow_sample: crmlib.Shop) -> None:
    orders = cdnow_sample.orders.to_pandas()
    ours = clv.summarize(orders, as_of="1997-09-30").set_index("customer_id").sort_index()
    theirs = lifetimes.utils.summary_data_from_transaction_data(
        orders, "customer_id", "order_ts", "amount", observation_period_end="1997-09-30"
    ).sort_index()
    assert list(theirs.columns) == ["frequency", "recency", "T", "monetary_value"]
    np.testing.assert_array_equal(ours[["frequency", "recency", "T"]], theirs[["frequency", "recency", "T"]])
    np.testing.assert_allclose(ours["monetary_value"], theirs["monetary_value"], rtol=1e-12)


def test_a_saved_model_holds_no_customer(tmp_path: Path, cdnow_summary: pd.DataFrame) -> None:
    model: Any = clv.BetaGeoFitter().fit(cdnow_summary.head(200))
    model.save_model(str(tmp_path / "model.json"), save_data=True)
    text = (tmp_path / "model.json").read_text(encoding="utf-8")
    assert len(text) < 2_000
    loaded: Any = clv.BetaGeoFitter()
    loaded.load_model(str(tmp_path / "model.json"))
    assert loaded.data is None
    assert loaded.params_.to_dict() == model.params_.to_dict()


def test_the_weekly_summary_stops_at_its_day() -> None:
    days = pd.to_datetime(["2024-01-01", "2024-01-09", "2024-01-11"])  # the last on Thursday
    orders = pd.DataFrame({"customer_id": "a", "order_ts": days, "amount": 10.0})
    until_then, until_later = (
        clv.summarize(orders[orders["order_ts"] <= end], as_of="2024-01-10", period="W") for end in days[1:]
    )
    pd.testing.assert_frame_equal(until_then, until_later)
