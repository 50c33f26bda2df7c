"""CSAT, and which answers count: as of a day, on one scale, one a customer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import crmlib
from crmlib import surveys
from crmlib.errors import CrmlibError, ModelError, PolicyError, SchemaError
from crmlib.intervals import wilson
from crmlib.policy import PRESETS
from crmlib.policy import load as load_policy


def test_4_and_5_are_satisfied() -> None:
    result = surveys.csat([1, 2, 3, 4, 5, None])
    assert (result.score, result.satisfied, result.n, result.missing) == (40.0, 2, 5, 1)


def test_wilsons_published_interval() -> None:
    """Newcombe (Statistics in Medicine 17, 1998), table I: 81 of 263, and 15 of 148."""
    assert tuple(round(end, 4) for end in wilson(81, 263)) == (0.2553, 0.3662)
    assert tuple(round(end, 4) for end in wilson(15, 148)) == (0.0624, 0.1605)


def test_a_share_has_no_more_hits_than_cases() -> None:
    for hits, n in ((3, 2), (-1, 2), (0, 0)):
        with pytest.raises(ValueError, match=f"{hits} of {n} is no share"):
            wilson(hits, n)


@pytest.mark.parametrize(("share", "n"), [(0.5, 40), (0.85, 60), (0.6, 300)])
def test_the_interval_of_1000_shops_covers_the_truth(share: float, n: int) -> None:
    hits = np.random.default_rng(n).binomial(n, share, 1000)
    ends = {k: wilson(k, n) for k in set(hits.tolist())}
    assert 0.93 <= np.mean([ends[k][0] <= share <= ends[k][1] for k in hits.tolist()]) <= 0.97


def test_the_worst_touchpoint_stands_first() -> None:
    table = surveys.csat_by([5, 5, 1, 4, None], ["checkout", "checkout", "delivery", "delivery", "returns"])
    assert table.index.tolist() == ["delivery", "checkout"]
    assert table["score"].tolist() == [50.0, 100.0]


def test_averages_have_reached_4_or_not() -> None:
    assert surveys.csat([3.5, 4.0], averaged=True).satisfied == 1


@pytest.mark.parametrize(
    ("answers", "settings", "message"),
    [
        ([], {}, "at least one answer"),
        ([0, 5], {}, "row 0: 0 is off the scale from 1 to 5"),
        ([5, 6], {}, "row 1: 6 is off"),
        (["good"], {}, "'good' is no number"),
        ([5], {"top": 5}, "cannot be the satisfied ones"),
        ([3.5], {}, "between two marks"),
    ],
)
def test_bad_input(answers: list[Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(CrmlibError, match=message):
        surveys.csat(answers, **settings)


def test_groups_without_answers_are_an_error() -> None:
    with pytest.raises(ModelError, match="has a group"):
        surveys.csat_by([None], ["a"])
    with pytest.raises(SchemaError, match="1 for 2"):
        surveys.csat_by([4, 5], ["a"])


TABLE = pd.DataFrame(
    {
        "survey_id": ["N1", "N2", "N3", "N4", "N5"],
        "customer_id": ["a", "b", "a", "c", "a"],
        "kind": "nps",
        "touchpoint": "relationship",
        "scale": ["0-10", "0-10", "0-10", "0-10", "1-10"],
        "sent_ts": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-02-01", "2024-02-02", "2024-02-03"]),
        "answered_ts": pd.to_datetime(pd.Series(["2024-01-03", "2024-01-04", "2024-02-05", None, "2024-02-04"])),
        "score": [4, 9, 10, None, 1],
    }
)
ORDERS = pd.DataFrame({"customer_id": ["a", "b", "c"], "order_ts": "2024-01-01", "amount": 10.0})


@pytest.fixture(scope="module")
def tiny() -> crmlib.Shop:
    return crmlib.open_shop({"orders": ORDERS, "surveys": TABLE}, as_of="2024-03-01")


def test_what_was_asked_is_there_also_without_an_answer(tiny: crmlib.Shop) -> None:
    sent = surveys.asked(tiny)
    assert sent["survey_id"].tolist() == ["N1", "N2", "N3", "N4"]
    assert sent["score"].notna().tolist() == [True, True, True, False]


def test_an_answer_of_tomorrow_is_not_known_today(tiny: crmlib.Shop) -> None:
    sent = surveys.asked(tiny, as_of="2024-01-03")
    assert sent["survey_id"].tolist() == ["N1", "N2"]
    assert sent["score"].tolist()[0] == 4
    assert sent[["score", "answered_ts"]].iloc[1].isna().all()


def test_scales_are_kept_apart_by_the_policy(tiny: crmlib.Shop) -> None:
    assert surveys.asked(tiny, policy="texts")["survey_id"].tolist() == ["N5"]
    assert PRESETS["texts"].surveys.nps_scale == "nps_1_10"


def test_a_shop_without_surveys_says_so() -> None:
    with pytest.raises(SchemaError, match="has no table 'surveys'"):
        surveys.asked(crmlib.open_shop(ORDERS))


def test_surveys_without_a_column_say_which() -> None:
    shop = crmlib.open_shop({"orders": ORDERS, "surveys": TABLE.drop(columns="kind")})
    with pytest.raises(SchemaError, match="surveys: there is no column 'kind'"):
        surveys.asked(shop)


@pytest.mark.parametrize(("rule", "expected"), [("last", [9, 10]), ("first", [4, 9]), ("keep", [4, 9, 10])])
def test_which_answer_counts_is_the_policys(rule: str, expected: list[int]) -> None:
    kept = surveys.one_per_customer(TABLE[TABLE["scale"] == "0-10"], policy={"surveys": {"duplicates": rule}})  # type: ignore[arg-type]
    assert kept["score"].tolist() == expected


def test_the_mean_of_a_customers_answers() -> None:
    kept = surveys.one_per_customer(TABLE[TABLE["scale"] == "0-10"], policy={"surveys": {"duplicates": "mean"}})  # type: ignore[arg-type]
    assert kept[["customer_id", "score"]].to_numpy().tolist() == [["b", 9.0], ["a", 7.0]]
    assert surveys.nps(kept["score"], averaged=True).passives == 1


def test_one_a_customer_within_each_scale() -> None:
    assert len(surveys.one_per_customer(TABLE, ["scale"])) == 3


def test_the_last_answer_needs_a_time() -> None:
    with pytest.raises(SchemaError, match="row 0, column 'answered_ts': there is no time"):
        surveys.one_per_customer(TABLE.assign(answered_ts=pd.Series(pd.NaT, index=TABLE.index)))


def test_no_answers_at_all_stay_none() -> None:
    assert len(surveys.one_per_customer(TABLE.iloc[:0])) == 0


def test_a_policy_that_makes_everyone_satisfied_is_refused() -> None:
    with pytest.raises(PolicyError, match="csat_top"):
        load_policy({"surveys": {"csat_top": 5}})
