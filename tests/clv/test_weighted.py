"""Unique histories straight from the orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import crmlib
from crmlib import clv
from crmlib.errors import SchemaError

if TYPE_CHECKING:
    from crmlib.clv.summary import Period


def plain(rows: Any) -> pd.DataFrame:
    """Sort them, for an engine's rows come in any order."""
    table = rows if isinstance(rows, pd.DataFrame) else rows.to_pandas()
    return table.sort_values(["frequency", "recency", "T"], ignore_index=True)


@pytest.mark.parametrize("period", ["D", "W"])
def test_they_are_the_collapsed_summary(cdnow: crmlib.Shop, period: Period) -> None:
    summary = clv.summarize(cdnow.orders, as_of="1997-09-30", period=period)
    rows = clv.histories(cdnow.orders, as_of="1997-09-30", period=period)
    pd.testing.assert_frame_equal(plain(rows), clv.collapse(summary))


def test_a_model_learns_the_same_from_them(cdnow: crmlib.Shop) -> None:
    rows = clv.histories(cdnow.orders, as_of="1997-09-30", period="W")
    summary = clv.summarize(cdnow.orders, as_of="1997-09-30", period="W")
    there, here = clv.BetaGeoFitter().fit(rows), clv.BetaGeoFitter().fit(summary)
    pd.testing.assert_series_equal(there.params_, here.params_)
    assert there.customers_ == len(summary)


def test_nobody_had_bought_before_the_first_order(cdnow: crmlib.Shop) -> None:
    with pytest.raises(SchemaError, match="nobody had bought by 1990-01-01"):
        clv.histories(cdnow.orders, as_of="1990-01-01")
