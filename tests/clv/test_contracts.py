"""Contracts: renewals counted as by hand, value as summed term by term, and the how-to page followed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmlib import churn, clv
from crmlib.errors import ModelError, ModelWarning, SchemaError

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "contracts.md"


@pytest.mark.parametrize(
    ("start", "end", "months", "renewals", "lost", "left_us"),
    [
        ("2024-01-31", None, 1, 5, 0, 0),  # 29 February, 31 March, 30 April, 31 May, 30 June
        ("2024-01-31", "2024-04-15", 1, 3, 1, 1),  # the one of 30 April did not happen
        ("2024-01-31", "2024-04-30", 1, 3, 1, 1),  # ended on the day itself
        ("2024-01-31", "2024-05-01", 1, 4, 1, 1),
        ("2024-06-10", "2024-06-20", 1, 0, 0, 1),  # ended, but nobody has come up for 10 July yet
        ("2024-06-10", "2024-07-05", 1, 0, 0, 0),  # an end that is not known yet
        ("2024-06-30", "2024-06-30", 1, 0, 0, 1),
        ("2024-02-10", "2024-02-10", 1, 1, 1, 1),
        ("2022-02-28", None, 12, 2, 0, 0),
        ("2020-02-29", "2023-02-28", 12, 3, 1, 1),  # 2023 has no 29 February
        ("2024-01-15", None, 3, 1, 0, 0),
    ],
)
def test_renewals_are_counted_as_by_hand(  # noqa: PLR0917
    start: str, end: str | None, months: int, renewals: int, lost: int, left_us: int
) -> None:
    table = pd.DataFrame({"customer_id": ["a"], "start": [start], "end": [end]})
    row = clv.read_contracts(table, as_of="2024-06-30", months=months).iloc[0]
    assert (row["renewals"], row["lost"], row["left_us"]) == (renewals, lost, left_us)
    until = min(pd.Timestamp(end or "2024-06-30"), pd.Timestamp("2024-06-30"))
    assert row["days"] == (until - pd.Timestamp(start)).days


def cohort(size: int = 1000) -> pd.DataFrame:
    """Fader and Hardie's regular customers, as contracts of a year each that began on one day."""
    survivors = [1000, 631, 468, 382, 326, 289, 262, 241]
    left = np.repeat(np.arange(1, 8), -np.diff(survivors))
    ends = [f"{2016 + year}-03-01" for year in left] + [None] * survivors[-1]
    table = pd.DataFrame({"customer_id": np.arange(1000), "start": "2016-03-01", "end": ends, "price": 100.0})
    return table.iloc[:size]


def test_contracts_give_the_published_model_and_its_value() -> None:
    seen = clv.read_contracts(cohort(), as_of="2023-03-01", months=12)
    model = clv.ShiftedBetaGeoFitter().fit(seen["renewals"], seen["lost"])
    assert model.params_.to_numpy() == pytest.approx([0.704, 1.182], abs=6e-4)
    worth = clv.value_contracts(cohort(), as_of="2023-03-01", months=12, annual_discount=0.1, margin=0.5)
    assert len(worth) == 241
    survival = model.survival(np.arange(7.0, 2000.0))
    by_hand = (survival[1:] / survival[0] / 1.1 ** np.arange(1, 1993)).sum()
    assert worth["expected_renewals"].iloc[0] == pytest.approx(by_hand, rel=1e-6)
    assert worth["value"].iloc[0] == pytest.approx(0.5 * 100 * by_hand, rel=1e-6)


def test_churn_by_renewal_is_the_share_of_those_who_came_up_for_it() -> None:
    table = churn.contract_churn(cohort(), as_of="2023-03-01", months=12)
    assert table["at_risk"].tolist() == [1000, 631, 468, 382, 326, 289, 262]
    assert table["staying"].to_numpy() == pytest.approx(np.array([631, 468, 382, 326, 289, 262, 241]) / 1000)
    assert (table["low"] < table["churn"]).all()
    assert (table["churn"] < table["high"]).all()


def test_contracts_that_cannot_be_are_named() -> None:
    table = cohort(3)
    with pytest.raises(SchemaError, match="row 1, column 'end': 2016-01-01 lies before the start"):
        clv.read_contracts(table.assign(end=pd.Series([None, "2016-01-01", None], dtype="str")), as_of="2023-01-01")
    with pytest.raises(SchemaError, match="none had begun by 2010-01-01"):
        clv.read_contracts(table, as_of="2010-01-01")
    with pytest.raises(SchemaError, match="no column 'end'"):
        clv.read_contracts(table.drop(columns="end"), as_of="2023-01-01")
    with pytest.raises(SchemaError, match="column 'start'"):
        clv.read_contracts(table.assign(start="soon"), as_of="2023-01-01")
    with pytest.raises(ModelError, match="whole number from 1 on"):
        clv.read_contracts(table, as_of="2023-01-01", months=0)
    with pytest.raises(SchemaError, match="row 0, column 'price'"):
        clv.value_contracts(table.assign(price=-1.0), as_of="2023-01-01", months=12)
    with pytest.raises(ModelError, match="Nobody left"):
        clv.value_contracts(table.assign(end=None), as_of="2023-01-01", months=12)


def test_constant_churn_by_plan_warns_and_is_worth_the_annuity() -> None:
    sizes = -np.diff([1000, 600, 360, 216])
    ends = [f"2020-0{2 + number}-01" for number, size in enumerate(sizes) for _ in range(size)] + [None] * 216
    table = pd.DataFrame({"customer_id": range(1000), "start": "2020-01-01", "end": ends, "plan": "a", "price": 10.0})
    with pytest.warns(ModelWarning, match="same chance at every renewal"):
        worth = clv.value_contracts(table, as_of="2020-04-01")
    monthly = 1.1 ** (1 / 12)
    assert worth["expected_renewals"].iloc[0] == pytest.approx(0.6 / (monthly - 0.6), rel=1e-3)


@pytest.mark.slow
def test_the_how_to_page_can_be_followed(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)  # noqa: S102 - our own page
    worth = names["worth"]
    assert isinstance(worth, pd.DataFrame)
    means = worth.groupby("plan")["expected_renewals"].mean()
    assert means["plus"] > means["basic"]
    assert "plan_plus" in capsys.readouterr().out
