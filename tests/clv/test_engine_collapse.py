"""A summary on the engine is collapsed there: the same parameters, and only unique rows travel."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import crmlib
from crmlib import clv
from crmlib.engine import DuckDB, Table
from crmlib.errors import ModelError


@pytest.fixture(scope="module")
def table(cdnow: crmlib.Shop) -> Any:
    return clv.summarize(cdnow.orders, as_of="1997-09-30", period="W")


@pytest.fixture(scope="module")
def frame(table: Table) -> pd.DataFrame:
    return table.to_pandas()


@pytest.mark.parametrize("fitter", [clv.BetaGeoFitter, clv.ModifiedBetaGeoFitter, clv.ParetoNBDFitter])
def test_a_model_fitted_to_a_table_of_the_engine_is_that_of_pandas(
    fitter: Any, table: Table, frame: pd.DataFrame
) -> None:
    there, here = fitter().fit(table), fitter().fit(frame)
    pd.testing.assert_series_equal(there.params_, here.params_)
    assert there.customers_ == len(frame)


def test_gamma_gamma_takes_those_who_bought_again_for_money(table: Table, frame: pd.DataFrame) -> None:
    buyers = frame[(frame["frequency"] > 0) & (frame["monetary_value"] > 0)]
    there, here = clv.GammaGammaFitter().fit(table), clv.GammaGammaFitter().fit(buyers)
    pd.testing.assert_series_equal(there.params_, here.params_)


def test_only_unique_rows_travel(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    travelled: list[int] = []
    bring = Table.to_pandas

    def watch(self: Table, limit: int | None = None) -> pd.DataFrame:
        brought = bring(self, limit)
        travelled.append(len(brought))
        return brought

    monkeypatch.setattr(Table, "to_pandas", watch)
    rows = clv.collapse(table)
    assert travelled == [len(rows)]
    assert len(rows) < len(table) / 5
    assert rows["weights"].sum() == len(table)


def test_a_table_with_weights_is_taken_as_it_is(table: Table) -> None:
    rows = clv.collapse(table)
    assert isinstance(table.engine, DuckDB)
    pd.testing.assert_frame_equal(clv.collapse(table.engine.add(rows)), rows)


def test_a_missing_column_is_named(table: Table) -> None:
    lacking = table.engine.table(f'select frequency, recency from "{table.name}"')
    with pytest.raises(ModelError, match="The summary has no column 'T'"):
        clv.BetaGeoFitter().fit(lacking)
