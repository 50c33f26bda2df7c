"""Adjusted p-values are those of statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from crmlib.p_values import adjust


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), min_size=1, max_size=12))
def test_p_values_are_adjusted_as_statsmodels_does(p_values: list[float]) -> None:
    for method in ("holm", "bonferroni", "fdr_bh"):
        np.testing.assert_allclose(adjust(p_values, method), multipletests(p_values, method=method)[1], rtol=1e-12)


def test_missing_p_values_are_no_tests() -> None:
    assert adjust([]).tolist() == []
    np.testing.assert_array_equal(adjust([np.nan, 0.02, np.nan, 0.03]), [np.nan, 0.04, np.nan, 0.04])
    with pytest.raises(ValueError, match="no way to adjust"):
        adjust([0.1], "hommel")  # type: ignore[arg-type]
