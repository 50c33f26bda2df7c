"""What is bought together and suggested next: by hand, against brute force, and on held-out orders."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import offers, open_shop
from crmlib.errors import CrmlibError, SchemaError
from tests.examples import share

if TYPE_CHECKING:
    from crmlib.shop import Shop

#: Han, Kamber and Pei, Data Mining (3rd edition, 2012), Table 6.1: AllElectronics, nine transactions.
BOOK = ["1 2 5", "2 4", "2 3", "1 2 4", "1 3", "2 3", "1 3", "1 2 3 5", "1 2 3"]
LEAST: Any = {"offers": {"least_support": 2 / 9 - 1e-9, "least_lift": 0.0}}
BASKETS = st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), min_size=1, max_size=25)


def table_of(baskets: list[set[str]] | list[list[str]]) -> pd.DataFrame:
    rows = [(f"c{n % 7}", n, item) for n, items in enumerate(baskets) for item in sorted(items)]
    table = pd.DataFrame(rows, columns=["customer_id", "order_id", "item"])
    return table.assign(order_ts=pd.Timestamp("2024-01-01") + pd.to_timedelta(table["order_id"], unit="D"))


def test_the_published_frequent_sets_and_rules() -> None:
    book = table_of([text.split() for text in BOOK])
    found = offers.frequent_sets(book, policy=LEAST)
    counts = {"".join(sorted(items)): n for items, n in zip(found["items"], found["baskets"], strict=True)}
    assert counts == {"1": 6, "2": 7, "3": 6, "4": 2, "5": 2, "12": 4, "13": 4, "15": 2, "23": 4, "24": 2, "25": 2,
                      "123": 2, "125": 2}  # fmt: skip
    rules = offers.association_rules(book, policy=LEAST).set_index(["bought", "then"])["confidence"]
    # Example 6.4: the six rules of {I1, I2, I5}
    published = {("1, 2", "5"): 0.5, ("1, 5", "2"): 1, ("2, 5", "1"): 1, ("1", "2, 5"): 0.33, ("2", "1, 5"): 0.29,
                 ("5", "1, 2"): 1}  # fmt: skip
    assert {key: round(float(rules[key]), 2) for key in published} == published


@pytest.mark.slow
@given(BASKETS)
def test_growth_finds_what_counting_all_sets_finds(baskets: list[set[str]]) -> None:
    found = offers.frequent_sets(table_of(baskets), policy={"offers": {"least_support": 0.2}})
    counted = {
        frozenset(items): sum(set(items) <= basket for basket in baskets)
        for size in (1, 2, 3)
        for items in combinations("abcdef", size)
    }
    frequent = {items: n for items, n in counted.items() if n / len(baskets) >= 0.2}
    assert dict(zip(found["items"], found["baskets"], strict=True)) == frequent


@pytest.mark.slow
@settings(max_examples=share(30))
@given(BASKETS, st.integers(0, 1_000))
def test_rules_and_suggestions_do_not_hang_on_the_order_of_rows(baskets: list[set[str]], seed: int) -> None:
    table = table_of(baskets)
    shuffled = table.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(offers.association_rules(table), offers.association_rules(shuffled))
    pd.testing.assert_frame_equal(offers.next_best(table), offers.next_best(shuffled))


@pytest.mark.slow
def test_a_basket_of_pieces_counts_each_product_once_and_returns_are_no_purchase() -> None:
    shop = open_shop("shop", as_of="2025-01-31")
    found = offers.baskets(shop)
    lines = shop.order_lines.to_pandas()
    assert not found.duplicated(["order_id", "item"]).any()
    bought = lines[lines["amount"] >= 0]
    assert len(found) == len(bought[["order_id", "product_id"]].drop_duplicates())
    assert set(offers.baskets(shop, "category")["item"]) == set(shop.products.to_pandas()["category"])


@pytest.mark.slow
def test_a_shop_without_lines_says_so() -> None:
    with pytest.raises(SchemaError, match="no order lines that name products"):
        offers.baskets(open_shop("cdnow-sample"))


def test_no_basket_is_refused_and_items_that_are_never_together_make_no_rule() -> None:
    empty = table_of([])
    for function in (offers.frequent_sets, offers.association_rules, offers.next_best):
        with pytest.raises(CrmlibError, match="There is no basket"):
            function(empty)
    assert offers.association_rules(table_of([{"a"}, {"b"}])).empty


def test_suggestions_by_hand() -> None:
    table = table_of([["a", "b"], ["a", "b"], ["a", "c"], ["d"]]).assign(
        customer_id=lambda t: "c" + t["order_id"].astype(str)
    )
    alone = pd.DataFrame({"customer_id": ["new"], "order_id": 9, "item": ["b"], "order_ts": pd.Timestamp("2024-03-01")})
    found = offers.next_best(pd.concat([table, alone]), policy={"offers": {"suggestions": 2}})
    own = found[found["customer_id"] == "new"]
    assert own["item"].tolist() == ["a", "c"]  # together with b: a in two of three; c never, but ahead of d by name
    assert own["score"].iloc[0] == pytest.approx(2 / (3 * 3) ** 0.5)
    assert own["because"].tolist() == ["b", ""]
    popular = offers.next_best(table, "popularity", policy={"offers": {"suggestions": 2}})
    assert popular[popular["customer_id"] == "c3"]["item"].tolist() == ["a", "b"]


@pytest.mark.slow
@settings(max_examples=share(30))
@given(BASKETS)
def test_nobody_is_offered_what_they_have_unless_asked_for(baskets: list[set[str]]) -> None:
    table = table_of(baskets)
    have = set(zip(table["customer_id"], table["item"], strict=True))
    for method in offers.METHODS:
        found = offers.next_best(table, method)  # type: ignore[arg-type]
        assert not have & set(zip(found["customer_id"], found["item"], strict=True))
        assert (
            found.groupby("customer_id")["rank"]
            .apply(lambda ranks: ranks.tolist() == [*range(1, len(ranks) + 1)])
            .all()
        )
        again = offers.next_best(table, method, again=True)  # type: ignore[arg-type]
        assert set(again["customer_id"]) == set(table["customer_id"])


@pytest.mark.slow
def test_up_grades_are_dearer_of_the_same_kind_and_not_yet_owned(shipped: Shop) -> None:
    shop = shipped
    table, products = offers.baskets(shop), shop.products.to_pandas()
    found = offers.up_grades(table, products)
    kind = products.set_index("product_id")["category"]
    assert len(found) > 3_000
    assert found["times"].between(1.1, 1.75).all()
    assert (found["bought"].map(kind).to_numpy() == found["item"].map(kind).to_numpy()).all()
    have = set(zip(table["customer_id"], table["item"], strict=True))
    assert not have & set(zip(found["customer_id"], found["item"], strict=True))


@pytest.mark.slow
def test_on_held_out_orders_neighbours_beat_popularity_by_more_than_chance(shipped: Shop) -> None:
    table = offers.baskets(shipped)
    cut = pd.Timestamp("2026-01-01")
    past, later = table[table["order_ts"] < cut], table[table["order_ts"] >= cut]
    suggestions = {method: offers.next_best(past, method) for method in offers.METHODS}  # type: ignore[arg-type]
    found = offers.evaluate(suggestions, later).set_index("name")
    assert found["gain_low"]["neighbours"] > 0
    assert found["gain"]["popularity"] == 0


def test_a_suggestion_is_a_hit_if_it_was_bought_and_counts_once() -> None:
    first = pd.DataFrame({"customer_id": ["a", "a", "b"], "rank": [1, 2, 1], "item": ["x", "y", "x"]})
    later = pd.DataFrame({"customer_id": ["a", "a", "a", "b", "z"], "item": ["x", "x", "w", "v", "x"]})
    found = offers.evaluate({"popularity": first}, later).iloc[0]
    assert (found["customers"], found["hit_rate"], found["recall"]) == (2, 0.5, 0.25)
    with pytest.raises(CrmlibError, match="no suggestions called 'popularity'"):
        offers.evaluate({"other": first}, later)
    with pytest.raises(CrmlibError, match="nothing to judge by"):
        offers.evaluate({"popularity": first}, later[later["customer_id"] == "z"])


@pytest.mark.slow
def test_a_shop_of_many_products_suggests_the_most_bought_of_them_also_to_who_bought_none() -> None:
    rare = pd.DataFrame({"customer_id": np.char.mod("r%d", np.arange(30_000)), "order_id": np.arange(30_000),
                         "item": np.char.mod("rare%d", np.arange(30_000))})  # fmt: skip
    usual = table_of([["tea", "pot"]] * 20)[["customer_id", "order_id", "item"]]
    policy: Any = {"offers": {"most_items": 2, "suggestions": 1}}
    found = offers.next_best(pd.concat([rare, usual]), policy=policy)  # 30,002 squared would not fit into memory
    assert set(found["item"]) == {"pot"}  # of equals the first by name
    assert len(found) == 30_000
    assert offers.frequent_sets(rare).empty
