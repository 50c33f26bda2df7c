"""What counts as an order: sums, returns, cancellations, zero amounts, duplicates, days."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmlib
from tests.examples import share

AS_OF = "2024-12-31"
#: a customer, an order, a day of 2024, an amount
Row = tuple[str, str, str, float]


def shop(*rows: Row, given_back: list[Row] | None = None, **rules: Any) -> crmlib.Shop:
    def frame(rows: Any) -> pd.DataFrame:
        table = pd.DataFrame(rows, columns=["customer_id", "order_id", "order_ts", "amount"])
        return table.assign(order_ts="2024-" + table["order_ts"])

    tables = {"orders": frame(rows)} | ({} if given_back is None else {"returns": frame(given_back)})
    return crmlib.open_shop(tables, as_of=AS_OF, policy={"orders": rules})


def made(opened: crmlib.Shop) -> list[tuple[str, str, str, float]]:
    table = opened.orders.to_pandas()
    table["order_ts"] = table["order_ts"].dt.strftime("%m-%d")
    return list(table.itertuples(index=False, name=None))


def found(opened: crmlib.Shop) -> dict[str, int]:
    quality = opened.quality()
    return dict(zip(quality["finding"], quality["rows"], strict=True))


# --- sums


def test_the_lines_of_an_order_are_summed_at_the_time_of_the_first() -> None:
    assert made(shop(("ann", "1", "01-02", 10), ("ann", "1", "01-01", 5.5))) == [("ann", "1", "01-01", 15.5)]


@pytest.mark.slow
def test_lines_that_are_summed_are_counted() -> None:
    assert found(shop(("ann", "1", "01-02", 10), ("ann", "1", "01-01", 5)))["lines summed into orders"] == 1


def test_an_order_id_that_two_customers_share_is_two_orders() -> None:
    assert len(made(shop(("ann", "1", "01-01", 10), ("bob", "1", "01-01", 5)))) == 2


def test_money_is_summed_to_the_cent() -> None:
    assert made(shop(*[("ann", "1", "01-01", 0.1)] * 1000))[0][3] == 100.0


# --- money that is given back


def test_a_return_on_its_order_lowers_it() -> None:
    assert made(shop(("ann", "1", "01-01", 10), ("ann", "1", "02-01", -4))) == [("ann", "1", "01-01", 6.0)]


@pytest.mark.slow
def test_a_return_that_is_an_order_of_its_own_lowers_the_latest_before_it() -> None:
    rows: list[Row] = [
        ("ann", "1", "01-01", 10),
        ("ann", "2", "02-01", 20),
        ("ann", "R", "03-01", -4),
        ("ann", "3", "04-01", 30),
    ]
    assert made(shop(*rows)) == [("ann", "1", "01-01", 10.0), ("ann", "2", "02-01", 16.0), ("ann", "3", "04-01", 30.0)]


def test_a_return_lowers_no_other_customers_order() -> None:
    rows: list[Row] = [("ann", "1", "01-01", 10), ("bob", "2", "01-02", 20), ("ann", "R", "03-01", -4)]
    assert made(shop(*rows)) == [("ann", "1", "01-01", 6.0), ("bob", "2", "01-02", 20.0)]


@pytest.mark.slow
def test_at_one_instant_the_purchase_comes_before_its_return() -> None:
    rows: list[Row] = [("ann", "A", "01-01", -4), ("ann", "B", "01-01", 10), ("bob", "9", "02-01", 1)]
    assert made(shop(*rows))[0] == ("ann", "B", "01-01", 6.0)


@pytest.mark.slow
def test_an_order_that_is_given_back_whole_is_no_purchase() -> None:
    assert made(shop(("ann", "1", "01-01", 10), ("ann", "R", "02-01", -10), ("bob", "2", "03-01", 1))) == [
        ("bob", "2", "03-01", 1.0)
    ]


def test_an_order_that_is_given_back_whole_may_be_kept_at_0() -> None:
    rows: list[Row] = [("ann", "1", "01-01", 10), ("ann", "1", "02-01", -10), ("bob", "2", "03-01", 1)]
    assert made(shop(*rows, fully_returned="keep"))[0] == ("ann", "1", "01-01", 0.0)


@pytest.mark.slow
def test_more_than_the_order_cost_is_dropped_and_counted() -> None:
    opened = shop(("ann", "1", "01-01", 10), ("ann", "R", "02-01", -14), ("bob", "2", "03-01", 1))
    quality = opened.quality().set_index("finding")
    assert list(quality.loc["orders given back for more than they cost: the rest is dropped"]) == [1, -4.0]


@pytest.mark.slow
def test_a_return_with_nothing_before_it_is_dropped_and_counted() -> None:
    opened = shop(("ann", "R", "01-01", -10), ("ann", "1", "02-01", 14))
    assert (made(opened), found(opened)["returns with no order before them: dropped"]) == (
        [("ann", "1", "02-01", 14.0)],
        1,
    )


@pytest.mark.slow
def test_returns_may_be_left_out() -> None:
    opened = crmlib.open_shop(
        pd.DataFrame(
            {"customer_id": "ann", "order_id": "1", "order_ts": ["2024-01-01", "2024-02-01"], "amount": [10, -4]}
        ),
        policy={"orders": {"returns": "ignore"}},
        as_of=AS_OF,
    )
    assert (made(opened), found(opened)["rows of money given back: left out"]) == ([("ann", "1", "01-01", 10.0)], 1)


@pytest.mark.slow
def test_a_table_of_returns_lowers_the_orders_that_it_names() -> None:
    opened = shop(("ann", "1", "01-01", 10), ("ann", "2", "02-01", 20), given_back=[("ann", "1", "03-01", 4)])
    assert made(opened) == [("ann", "1", "01-01", 6.0), ("ann", "2", "02-01", 20.0)]


@pytest.mark.slow
def test_amounts_in_a_table_of_returns_may_have_either_sign() -> None:
    assert made(shop(("ann", "1", "01-01", 10), given_back=[("ann", "1", "03-01", -4)])) == [("ann", "1", "01-01", 6.0)]


@pytest.mark.slow
def test_an_empty_table_of_returns_changes_nothing() -> None:
    assert made(shop(("ann", "1", "01-01", 10), given_back=[])) == [("ann", "1", "01-01", 10.0)]


@pytest.mark.slow
def test_returns_without_ids_lower_the_latest_order_before_them() -> None:
    orders = pd.DataFrame({"customer_id": "ann", "order_ts": ["2024-01-01", "2024-02-01"], "amount": [10, 20]})
    returns = pd.DataFrame({"customer_id": ["ann"], "return_ts": ["2024-03-01"], "amount": [4]})
    opened = crmlib.open_shop({"orders": orders, "returns": returns}, as_of=AS_OF)
    assert opened.orders.to_pandas()["amount"].tolist() == [10.0, 16.0]


@pytest.mark.slow
def test_a_return_after_as_of_is_not_known_yet() -> None:
    opened = shop(("ann", "1", "01-01", 10), given_back=[("ann", "1", "03-01", 4)])
    early = crmlib.open_shop(
        {
            "orders": pd.DataFrame(
                {"customer_id": ["ann"], "order_id": ["1"], "order_ts": ["2024-01-01"], "amount": [10]}
            ),
            "returns": pd.DataFrame(
                {"customer_id": ["ann"], "order_id": ["1"], "order_ts": ["2024-03-01"], "amount": [4]}
            ),
        },
        as_of="2024-02-01",
    )
    assert (made(opened)[0][3], made(early)[0][3]) == (6.0, 10.0)


# --- zero, cancelled, missing, duplicate


def test_an_order_of_amount_0_counts() -> None:
    opened = shop(("ann", "1", "01-01", 0), ("bob", "2", "01-01", 1))
    assert (len(made(opened)), found(opened)["orders of amount 0: kept"]) == (2, 1)


def test_an_order_of_amount_0_may_be_dropped() -> None:
    opened = shop(("ann", "1", "01-01", 0), ("bob", "2", "01-01", 1), zero_amount="drop")
    assert (made(opened), found(opened)["orders of amount 0: dropped"]) == ([("bob", "2", "01-01", 1.0)], 1)


@pytest.mark.slow
@pytest.mark.parametrize("status", ["cancelled", "Canceled", " VOID ", "annullato"])
def test_a_cancelled_order_is_dropped_and_counted(status: str) -> None:
    frame = pd.DataFrame(
        {"customer_id": ["ann", "bob"], "order_ts": "2024-01-01", "amount": [1.0, 2.0], "status": [status, None]}
    )
    quality = crmlib.open_shop(frame).quality().set_index("finding")
    assert list(quality.loc["cancelled rows: dropped"]) == [1, 1.0]


def test_the_words_for_cancelled_are_the_policys() -> None:
    frame = pd.DataFrame(
        {"customer_id": ["ann", "bob"], "order_ts": "2024-01-01", "amount": [1.0, 2.0], "status": ["it's off", "void"]}
    )
    rules = {"cancelled_status": ["It's off"], "status": {"void": "sale"}}
    opened = crmlib.open_shop(frame, policy={"orders": rules})
    assert opened.orders.to_pandas()["customer_id"].tolist() == ["bob"]


def test_an_id_may_mark_a_cancellation() -> None:
    assert made(shop(("ann", "C1", "01-01", 5), ("ann", "1", "01-01", 5), cancelled_prefix="C")) == [
        ("ann", "1", "01-01", 5.0)
    ]


def test_rows_without_a_customer_may_be_dropped_and_are_counted() -> None:
    opened = shop(("ann", "1", "01-01", 5), (None, "2", "01-01", 7), missing_customer="drop")  # type: ignore[arg-type]
    quality = opened.quality().set_index("finding")
    assert list(quality.loc["rows without a customer: dropped"]) == [1, 7.0]


def test_two_equal_rows_may_both_be_real() -> None:
    assert made(shop(*[("ann", "1", "01-01", 5)] * 2)) == [("ann", "1", "01-01", 10.0)]


def test_rows_that_repeat_another_may_be_dropped_and_are_counted() -> None:
    opened = shop(*[("ann", "1", "01-01", 5)] * 3, duplicate_rows="drop")
    assert (made(opened), found(opened)["rows that repeat another in every column: dropped"]) == (
        [("ann", "1", "01-01", 5.0)],
        2,
    )


def test_rows_after_as_of_are_left_out_and_counted() -> None:
    frame = pd.DataFrame({"customer_id": "ann", "order_ts": ["2024-01-01", "2024-03-01"], "amount": 1})
    assert found(crmlib.open_shop(frame, as_of="2024-02-01"))["rows after 2024-02-01: left out"] == 1


# --- days


def test_orders_of_one_day_stay_apart() -> None:
    assert len(made(shop(("ann", "1", "01-01 09:00", 5), ("ann", "2", "01-01 21:00", 6)))) == 2


def test_orders_of_one_day_may_be_one_purchase() -> None:
    rows: list[Row] = [("ann", "1", "01-01 09:00", 5), ("ann", "2", "01-01 21:00", 6), ("ann", "3", "01-02 00:00", 7)]
    assert made(shop(*rows, same_day="merge")) == [("ann", "1", "01-01", 11.0), ("ann", "3", "01-02", 7.0)]


@pytest.mark.slow
def test_a_purchase_of_several_orders_is_at_the_time_of_the_first() -> None:
    opened = shop(("ann", "2", "01-01 21:00", 6), ("ann", "1", "01-01 09:00", 5), same_day="merge")
    assert opened.orders.to_pandas()["order_ts"].tolist() == [pd.Timestamp("2024-01-01 09:00")]


@pytest.mark.slow
def test_a_day_begins_at_the_shops_midnight() -> None:
    rows: list[Row] = [("ann", "1", "01-01 22:30Z", 5), ("ann", "2", "01-01 23:30Z", 6)]
    merged = [len(made(shop(*rows, same_day="merge", timezone=zone))) for zone in ("UTC", "Europe/Rome")]
    assert merged == [1, 2]


# --- what must not matter

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cleo"]),
        st.sampled_from(["1", "2", "3", "4", "5"]),
        st.integers(1, 28).map("01-{:02d}".format),
        st.integers(-500, 2000).map(lambda cents: cents / 100),
    ),
    min_size=1,
    max_size=12,
).map(lambda rows: [("dora", "0", "02-01", 1.0), *rows])
RULES = st.fixed_dictionaries(
    {
        "same_day": st.sampled_from(["keep", "merge"]),
        "returns": st.sampled_from(["net", "ignore"]),
        "fully_returned": st.sampled_from(["drop", "keep"]),
        "zero_amount": st.sampled_from(["keep", "drop"]),
    }
)


@pytest.mark.slow
@settings(max_examples=share(15))
@given(ROWS, RULES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[Row], rules: dict[str, Any], random: Any) -> None:
    mixed = random.sample(rows, len(rows))
    assert made(shop(*mixed, **rules)) == made(shop(*rows, **rules))


@pytest.mark.slow
@settings(max_examples=share(15))
@given(ROWS, RULES)
def test_splitting_a_row_into_lines_does_not_matter(rows: list[Row], rules: dict[str, Any]) -> None:
    halves = [(*row[:3], part) for row in rows for part in (row[3] / 2, row[3] / 2)]
    assert made(shop(*halves, **rules)) == made(shop(*rows, **rules))


@pytest.mark.slow
@settings(max_examples=share(15))
@given(ROWS, RULES, st.integers(1, 3))
def test_repeating_rows_does_not_matter_where_they_are_dropped(
    rows: list[Row], rules: dict[str, Any], times: int
) -> None:
    rules = {**rules, "duplicate_rows": "drop"}
    assert made(shop(*(rows * times), **rules)) == made(shop(*rows, **rules))


@pytest.mark.slow
@settings(max_examples=share(15))
@given(ROWS)
def test_no_order_is_negative(rows: list[Row]) -> None:
    assert min(amount for *_, amount in made(shop(*rows))) >= 0


@pytest.mark.slow
@settings(max_examples=share(15))
@given(ROWS)
def test_all_money_is_accounted_for(rows: list[Row]) -> None:
    opened = shop(*rows)
    amounts = opened.quality().set_index("finding")["amount"]
    dropped = amounts.filter(like="dropped").fillna(0).sum()
    assert amounts["orders"] + dropped == pytest.approx(sum(amount for *_, amount in rows))


@pytest.mark.slow
@settings(max_examples=share(10))
@given(st.lists(st.datetimes(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-10-01")), min_size=1, max_size=5))
def test_an_instant_with_an_offset_is_the_same_as_the_shops_own_time(times: list[Any]) -> None:
    rules = {"orders": {"timezone": "Asia/Kolkata"}}
    frame = pd.DataFrame({"customer_id": "ann", "order_ts": times, "amount": 1})
    local = crmlib.open_shop(frame.assign(order_ts=[time.isoformat() for time in times]), policy=rules)
    offset = crmlib.open_shop(frame.assign(order_ts=[f"{time.isoformat()}+05:30" for time in times]), policy=rules)
    aware = crmlib.open_shop(frame.assign(order_ts=frame["order_ts"].dt.tz_localize("Asia/Kolkata")), policy=rules)
    shops = [opened.orders.to_pandas()["order_ts"].tolist() for opened in (local, offset, aware)]
    assert shops[0] == shops[1] == shops[2]
