from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import crmlib
from crmlib import surveys
from crmlib.synth import read_truth

if TYPE_CHECKING:
    import pandas as pd


@pytest.fixture(scope="package")
def shop(shipped: crmlib.Shop) -> crmlib.Shop:
    return shipped


@pytest.fixture(scope="package")
def sent(shop: crmlib.Shop) -> pd.DataFrame:
    """The mail's NPS surveys, answered or not, with what everyone would have answered."""
    return surveys.asked(shop).merge(read_truth("surveys"), on="survey_id", validate="one_to_one")
