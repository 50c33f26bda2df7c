from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def packaged(name: str) -> Path:
    """A file that ships inside lifetimes, found without importing lifetimes."""
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / name


@pytest.fixture(scope="session")
def files() -> Callable[[str], Path]:
    """The function `packaged`, for tests that read other files."""
    return packaged


@pytest.fixture(scope="session")
def cdnow_summary() -> pd.DataFrame:
    """2,357 customers, 39 weeks."""
    return pd.read_csv(packaged("cdnow_customers_summary.csv"), index_col="ID")


@pytest.fixture(scope="session")
def buyers() -> pd.DataFrame:
    """The 946 of them who bought again, with what they spent."""
    table = pd.read_csv(packaged("cdnow_customers_summary_with_transactions.csv"), index_col="ID")
    table = table.set_axis(["frequency", "recency", "T", "monetary_value"], axis=1)
    return table[table["frequency"] > 0]


@pytest.fixture(scope="session")
def donations() -> pd.DataFrame:
    return pd.read_csv(packaged("donations.csv")).rename(columns={"periods": "n_periods"})


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20_041_120)
