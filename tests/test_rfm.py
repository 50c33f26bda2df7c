from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import rfm
from crmlib.engine import DuckDB, Table
from crmlib.errors import CrmlibError, SchemaError
from crmlib.policy import Policy, Rfm
from tests.examples import share

if TYPE_CHECKING:
    import crmlib

AS_OF = "2024-03-31"
DUCKDB = DuckDB()
CODES = ["".join(digits) for digits in product("12345", repeat=3)]

#: customer, days before AS_OF, cents
ROWS = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 400), st.integers(0, 100_000)), min_size=1, max_size=40)


def orders(rows: Any) -> pd.DataFrame:
    end = datetime.fromisoformat(AS_OF)
    return pd.DataFrame(
        {
            "customer_id": [f"c{customer:02d}" for customer, _, _ in rows],
            "order_ts": pd.Series([end - timedelta(days=days) for _, days, _ in rows], dtype="datetime64[us]"),
            "amount": [cents / 100 for *_, cents in rows],
        }
    )


def score(frame: pd.DataFrame, **kwargs: Any) -> pd.DataFrame:
    return rfm.score(frame, as_of=AS_OF, **kwargs)


#: five customers, one in each fifth of each measure, worked out by hand
FIVE = orders(
    [
        (1, 10, 50_00),
        *[(2, days, 10_00) for days in (20, 21)],
        *[(3, days, 10_00) for days in (30, 31, 32)],
        *[(4, days, 10_00) for days in (40, 41, 42, 43)],
        *[(5, days, 2_00) for days in (50, 51, 52, 53, 54)],
    ]
)


# --- by hand


def test_the_measures_are_days_orders_and_money() -> None:
    found = score(FIVE)[["recency_days", "frequency", "monetary"]]
    assert found.to_numpy().tolist() == [[10, 1, 50.0], [20, 2, 20.0], [30, 3, 30.0], [40, 4, 40.0], [50, 5, 10.0]]


def test_the_cut_points_are_the_fifths() -> None:
    assert rfm.cut_points(FIVE, as_of=AS_OF) == rfm.CutPoints(
        recency_days=(18.0, 26.0, 34.0, 42.0), frequency=(1.8, 2.6, 3.4, 4.2), monetary=(18.0, 26.0, 34.0, 42.0)
    )


def test_each_fifth_has_its_score() -> None:
    assert score(FIVE)["code"].tolist() == ["515", "422", "333", "244", "151"]


def test_each_code_has_its_segment() -> None:
    known = rfm.segment_map().set_index("code")["segment"]
    assert score(FIVE)["segment"].tolist() == [known[code] for code in ("515", "422", "333", "244", "151")]


def test_fixed_cut_points_are_the_policys() -> None:
    rules = Policy(
        rfm=Rfm(method="fixed", recency_days=(15, 25, 35, 45), frequency=(1, 2, 3, 4), monetary=(10, 20, 30, 40))
    )
    assert score(FIVE, policy=rules)["code"].tolist() == ["515", "422", "333", "244", "151"]


def test_cut_points_are_shown_as_a_table() -> None:
    assert list(rfm.cut_points(FIVE, as_of=AS_OF).to_pandas().loc["frequency"]) == [1.8, 2.6, 3.4, 4.2]


def test_orders_of_the_last_day_count() -> None:
    assert score(orders([(1, 0, 100)]))["recency_days"].tolist() == [0]


def test_orders_late_on_the_last_day_count() -> None:
    late = orders([(1, 0, 100)]).assign(order_ts=pd.Timestamp("2024-03-31 23:59:59.999999"))
    assert score(late)["recency_days"].tolist() == [0]


def test_orders_after_the_last_day_do_not_count() -> None:
    assert score(orders([(1, 5, 100), (1, -1, 100), (2, -1, 100)]))[
        ["customer_id", "frequency"]
    ].to_numpy().tolist() == [["c01", 1]]


def test_recency_counts_days_and_not_hours() -> None:
    evening = orders([(1, 1, 100)]).assign(order_ts=pd.Timestamp("2024-03-30 23:59"))
    assert score(evening)["recency_days"].tolist() == [1]


def test_money_is_summed_to_the_cent() -> None:
    assert score(orders([(1, 1, 10)] * 1000))["monetary"].tolist() == [100.0]


# --- the maps


@pytest.mark.parametrize("policy", ["standard", "texts"])
def test_each_code_maps_to_one_segment(policy: str) -> None:
    assert sorted(rfm.segment_map(policy)["code"]) == CODES


@pytest.mark.parametrize("policy", ["standard", "texts"])
def test_each_of_the_eleven_segments_is_reached(policy: str) -> None:
    assert set(rfm.segment_map(policy)["segment"]) == set(rfm.SEGMENTS)


def test_there_are_eleven_segments() -> None:
    assert len(set(rfm.SEGMENTS)) == 11


@pytest.mark.parametrize("code", ["144", "154", "155"])
def test_frequent_buyers_who_left_are_no_cannot_lose_in_the_texts(code: str) -> None:
    segments = [rfm.segment_map(name).set_index("code").loc[code, "segment"] for name in ("standard", "texts")]
    assert segments == ["CannotLose", "AtRisk"]


@pytest.mark.parametrize("policy", ["standard", "texts"])
def test_the_best_are_champions_and_the_worst_are_lost(policy: str) -> None:
    known = rfm.segment_map(policy).set_index("code")["segment"]
    assert (known["555"], known["111"]) == ("Champions", "Lost")


@pytest.mark.parametrize("policy", ["standard", "texts"])
def test_each_code_can_be_scored(policy: str) -> None:
    edges = (1.5, 2.5, 3.5, 4.5)
    rows = [
        (f"c{r}{f}{m}", pd.Timestamp(AS_OF) - pd.Timedelta(days=6 - r), float(m) if order == 0 else 0.0)
        for r, f, m in product(range(1, 6), repeat=3)
        for order in range(f)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "order_ts", "amount"])
    found = score(frame, policy=policy, cut_points=rfm.CutPoints(recency_days=edges, frequency=edges, monetary=edges))
    assert ("c" + found["code"]).tolist() == found["customer_id"].tolist() == [f"c{code}" for code in CODES]


# --- what must not matter


@pytest.mark.slow
@settings(max_examples=share(10))
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: Any, random: Any) -> None:
    pd.testing.assert_frame_equal(score(orders(random.sample(rows, len(rows)))), score(orders(rows)))


@pytest.mark.slow
@settings(max_examples=share(10))
@given(ROWS)
def test_equal_values_get_equal_scores(rows: Any) -> None:
    found = score(orders(rows))
    for value, points in (("recency_days", "r"), ("frequency", "f"), ("monetary", "m")):
        assert found.groupby(value)[points].nunique().max() == 1


@pytest.mark.slow
@settings(max_examples=share(10))
@given(ROWS)
def test_better_values_never_score_less(rows: Any) -> None:
    found = score(orders(rows))
    for value, points, sign in (("recency_days", "r", -1), ("frequency", "f", 1), ("monetary", "m", 1)):
        assert (sign * found.sort_values(value)[points]).is_monotonic_increasing


@pytest.mark.slow
@settings(max_examples=share(10))
@given(ROWS)
def test_the_names_of_the_customers_do_not_matter(rows: Any) -> None:
    renamed = orders(rows).assign(customer_id=lambda frame: "x-" + frame["customer_id"] + "-y")
    numbers = [column for column in score(orders(rows)) if column != "customer_id"]
    pd.testing.assert_frame_equal(score(renamed)[numbers], score(orders(rows))[numbers])


@pytest.mark.slow
@settings(max_examples=share(10))
@given(ROWS)
def test_one_order_scores_f_1(rows: Any) -> None:
    found = score(orders(rows))
    assert set(found.loc[found["frequency"] == 1, "f"]) <= {1}


@pytest.mark.slow
@settings(max_examples=share(10))
@given(ROWS)
def test_cut_points_found_before_give_the_same_scores(rows: Any) -> None:
    points = rfm.cut_points(orders(rows), as_of=AS_OF)
    pd.testing.assert_frame_equal(score(orders(rows), cut_points=points), score(orders(rows)))


@pytest.mark.slow
@settings(max_examples=share(10))
@given(ROWS)
def test_cut_points_are_numpys_linear_percentiles(rows: Any) -> None:
    found, points = score(orders(rows)), rfm.cut_points(orders(rows), as_of=AS_OF)
    for name in ("recency_days", "frequency", "monetary"):
        assert getattr(points, name) == pytest.approx(np.percentile(found[name], [20, 40, 60, 80]))


@pytest.mark.slow
@settings(max_examples=share(10))
@given(ROWS)
def test_an_engine_table_scores_as_pandas_does(rows: Any) -> None:
    found = rfm.score(DUCKDB.add(orders(rows)), as_of=AS_OF)
    pd.testing.assert_frame_equal(found.to_pandas(), score(orders(rows)))


@pytest.mark.slow
@settings(max_examples=share(10))
@given(ROWS)
def test_everyone_gets_one_of_the_eleven_segments(rows: Any) -> None:
    found = score(orders(rows), policy="texts")
    assert (set(found["segment"]) <= set(rfm.SEGMENTS), found["customer_id"].is_unique) == (True, True)


def test_an_engine_table_gives_an_engine_table(cdnow_sample: crmlib.Shop) -> None:
    assert isinstance(rfm.score(cdnow_sample.orders, as_of=cdnow_sample.as_of), Table)


def test_all_customers_of_cdnow_are_scored(cdnow: crmlib.Shop) -> None:
    assert len(rfm.score(cdnow.orders, as_of=cdnow.as_of)) == 23_570


# --- segments


def test_segments_add_up(cdnow_sample: crmlib.Shop) -> None:
    table = rfm.segments(rfm.score(cdnow_sample.orders, as_of=cdnow_sample.as_of)).to_pandas()
    assert table[["customers", "customer_share", "value_share", "orders"]].sum().round(9).tolist() == [2357, 1, 1, 6919]


def test_segments_come_best_first() -> None:
    names = rfm.segments(score(FIVE))["segment"].tolist()
    assert names == sorted(names, key=rfm.SEGMENTS.index)


def test_average_order_value_is_a_ratio_of_sums() -> None:
    scores = pd.DataFrame(
        {
            "customer_id": list("ab"),
            "segment": "Loyal",
            "monetary": [90.0, 10.0],
            "frequency": [1, 4],
            "recency_days": 1,
        }
    )
    assert rfm.segments(scores)["average_order_value"].tolist() == [20.0]


def test_quantity_per_order_is_empty_without_lines() -> None:
    assert rfm.segments(score(FIVE))["quantity_per_order"].isna().all()


@pytest.mark.slow
def test_quantity_per_order_counts_units_up_to_the_day() -> None:
    lines = FIVE.assign(quantity=2.0)
    later = pd.DataFrame({"customer_id": ["c01"], "order_ts": [pd.Timestamp("2024-04-01")], "quantity": [99.0]})
    table = rfm.segments(score(FIVE), lines=pd.concat([lines, later]), as_of=AS_OF)
    assert set(table["quantity_per_order"]) == {2.0}


@pytest.mark.slow
def test_lines_of_the_shop_may_meet_scores_in_pandas(complete_journey: crmlib.Shop) -> None:
    scores = rfm.score(complete_journey.orders, as_of=complete_journey.as_of)
    lines = complete_journey.order_lines
    here = rfm.segments(scores.to_pandas(), lines=lines, as_of=complete_journey.as_of)
    there = rfm.segments(scores, lines=lines, as_of=complete_journey.as_of).to_pandas()
    pd.testing.assert_series_equal(
        here.set_index("segment")["quantity_per_order"].sort_index(),
        there.set_index("segment")["quantity_per_order"].sort_index(),
    )


def test_lines_need_a_day() -> None:
    with pytest.raises(SchemaError, match="with lines, say up to which day they count: as_of="):
        rfm.segments(score(FIVE), lines=FIVE.assign(quantity=1))


# --- migration


@pytest.mark.slow
@settings(max_examples=share(10))
@given(ROWS, ROWS)
def test_the_margins_of_the_movements_are_the_customers(first: Any, second: Any) -> None:
    before, after = score(orders(first)), score(orders(second))
    matrix = rfm.migration(before, after)
    here = matrix.drop(index="(new)", errors="ignore").sum(axis=1)
    there = matrix.drop(columns="(gone)", errors="ignore").sum()
    assert (here.to_dict(), there.to_dict()) == (
        before["segment"].value_counts().to_dict(),
        after["segment"].value_counts().to_dict(),
    )


@pytest.mark.slow
def test_nobody_moves_between_a_day_and_itself() -> None:
    matrix = rfm.migration(score(FIVE), score(FIVE))
    assert matrix.to_numpy().sum() == np.trace(matrix.to_numpy()) == 5


@pytest.mark.slow
def test_who_comes_and_who_goes_is_shown() -> None:
    matrix = rfm.migration(score(orders([(1, 1, 1)])), score(orders([(2, 1, 1)])))
    assert (list(matrix.index[-1:]), list(matrix.columns[-1:])) == (["(new)"], ["(gone)"])


@pytest.mark.slow
def test_two_shops_may_be_compared(cdnow: crmlib.Shop, cdnow_sample: crmlib.Shop) -> None:
    scores = [rfm.score(shop.orders, as_of=shop.as_of) for shop in (cdnow, cdnow_sample)]
    assert rfm.migration(*scores).to_pandas()["customers"].sum() >= 23_570


# --- errors


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (FIVE.rename(columns={"amount": "Amount"}), "orders: there is no column 'amount'. Did you mean 'Amount'?"),
        (FIVE.assign(amount=np.nan), "orders, row 0, column 'amount': there is no value."),
        (FIVE.assign(customer_id=None), "orders, row 0, column 'customer_id': there is no value."),
        (FIVE.assign(amount="x"), "orders: Conversion Error: Could not convert"),
        (FIVE.assign(amount=np.inf), "orders: Conversion Error: Could not cast value inf"),
        (FIVE.assign(order_ts="soon"), "orders: "),
        (FIVE.iloc[:0], "orders: nobody had bought by 2024-03-31. Choose a later as_of."),
        ([1], "orders: expected a table, got a list."),
    ],
)
def test_orders_that_cannot_be_scored_say_why(frame: Any, told: str) -> None:
    with pytest.raises(SchemaError) as caught:
        score(frame)
    assert str(caught.value).startswith(told)


def test_a_day_before_the_first_order_is_an_error() -> None:
    with pytest.raises(SchemaError, match=r"nobody had bought by 2020-01-01\. Choose a later as_of\."):
        rfm.score(FIVE, as_of="2020-01-01")


def test_a_day_that_is_none_is_an_error() -> None:
    with pytest.raises(CrmlibError, match=r"^'soon' is not a day\. Write it as 2024-12-31\.$"):
        rfm.score(FIVE, as_of="soon")


def test_customers_at_a_recency_cut_point_share_the_better_score() -> None:
    """As with frequency and monetary value, the cut-point belongs to the fifth below it: there, to the more recent."""
    days = pd.to_datetime(["2024-01-10", "2024-01-10", "2024-01-01"])
    orders = pd.DataFrame({"customer_id": ["a", "b", "c"], "order_ts": days, "amount": 1.0})
    assert rfm.score(orders, as_of="2024-01-10")["r"].tolist() == [5, 5, 1]
