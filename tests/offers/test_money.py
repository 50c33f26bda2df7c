"""What campaigns and actions leave: the account adds up, intervals hold the truth, and entries are distinct."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib import offers
from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.shop import Shop

GROUPS = pd.DataFrame(
    {"audience": ["Loyal", "Lost"], "customers": [2_000, 1_000], "ordering": [0.2, 0.0], "order_value": [50.0, 40.0]}
)
ENTRY: dict[str, Any] = {"name": "one", "kind": "discount", "trigger": "june", "text": {"en": "x"}, "benefit": 0.1,
                         "extra": {"mean": 0.02, "like": 1_000_000}, "contact_cost": 0.0}  # fmt: skip


def entry(**changes: Any) -> offers.OfferAction:
    return msgspec.convert({**ENTRY, **changes}, offers.OfferAction)


ORDERS = st.lists(st.integers(0, 3), min_size=2, max_size=30)
OFFERED = st.fixed_dictionaries(
    {
        "discount": st.floats(0, 1),
        "redeemed": st.floats(0, 1),
        "margin": st.floats(0, 1),
        "contact_cost": st.floats(0, 5),
    }
)


@pytest.mark.slow
@given(ORDERS, ORDERS, OFFERED)
def test_the_parts_of_the_account_add_up(treated: list[int], control: list[int], offered: dict[str, Any]) -> None:
    seen = pd.DataFrame({"contacted": [1] * len(treated) + [0] * len(control), "window_orders": treated + control})
    found = offers.campaign_profit(seen, **offered, fixed_cost=7, order_value=20)
    assert sum(found.parts.values()) == pytest.approx(found.profit)
    off = found.discount_on_extra + found.cannibalised
    assert off == pytest.approx(
        -20 * offered["discount"] * offered["redeemed"] * sum(treated)
    )  # every order with the code, and no other
    assert found.low <= found.profit <= found.high


def test_a_campaign_by_hand() -> None:
    """A hundred contacted, 20 orders; a hundred not, 10; an order 50, margin 40 %, a tenth off, 3 cents a mail."""
    seen = pd.DataFrame(
        {"contacted": [1] * 100 + [0] * 100, "window_orders": [1] * 20 + [0] * 80 + [1] * 10 + [0] * 90}
    )
    found = offers.campaign_profit(seen, discount=0.1, margin=0.4, contact_cost=0.03, order_value=50)
    assert found.parts == pytest.approx(
        {"extra_margin": 200, "discount_on_extra": -50, "cannibalised": -50, "contact_cost": -3, "fixed_cost": 0}
    )
    assert found.profit == pytest.approx(97)


@pytest.mark.slow
def test_the_interval_holds_the_true_profit() -> None:
    rng = np.random.default_rng(3)
    inside, positive = [], []
    for _ in range(500):
        contacted = np.repeat([1, 0], [600, 300])
        seen = pd.DataFrame({"contacted": contacted, "window_orders": rng.poisson(0.1 + 0.05 * contacted)})
        found = offers.campaign_profit(seen, discount=0.1, margin=0.4, order_value=50)
        inside.append(found.low <= 600 * (0.05 * 50 * 0.4 - 0.15 * 50 * 0.1) <= found.high)
        positive.append(found.chance)
    assert 0.92 <= np.mean(inside) <= 0.98
    assert 0.5 < np.mean(positive) < 0.9


def test_the_value_of_an_order_is_the_control_groups() -> None:
    seen = pd.DataFrame(
        {"contacted": [1, 1, 0, 0], "window_orders": [1, 1, 1, 0], "window_spend": [9.0, 9.0, 30.0, 0.0]}
    )
    assert offers.campaign_profit(seen, discount=0, margin=1).extra_margin == pytest.approx(2 * 0.5 * 30)
    with pytest.raises(CrmlibError, match="Give order_value"):
        offers.campaign_profit(seen.assign(window_orders=[1, 1, 0, 0]), discount=0)
    with pytest.raises(CrmlibError, match="discount=10"):
        offers.campaign_profit(seen, discount=10)


def test_there_are_five_of_each_kind_in_two_languages_and_all_differ() -> None:
    found = offers.actions()
    assert Counter(action.kind for action in found) == dict.fromkeys(offers.KINDS, 5)
    assert all(set(action.text) == {"en", "it"} for action in found)
    assert len({action.text["en"] for action in found}) == len(found)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"benefit": 0.0}, "a discount gives something"),
        ({"added": 0.2}, "adds nothing"),
        ({"kind": "cross_selling"}, "adds something"),
        ({"kind": "gift"}, "gift"),
        ({"extra": {"mean": 1.5}}, "mean"),
        ({"trigger": ""}, "needs a name and a trigger"),
    ],
)
def test_entries_that_make_no_sense_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises((CrmlibError, msgspec.ValidationError), match=told):
        entry(**changes)


def test_the_same_action_under_two_names_is_refused(tmp_path: Path) -> None:
    one = (
        '[[action]]\nname = "{}"\nkind = "discount"\ntrigger = "june"\nbenefit = 0.1\n'
        'text = {{en = "x"}}\nextra = {{mean = 0.1}}\n'
    )
    file = tmp_path / "actions.toml"
    file.write_text(one.format("a") + one.format("b"), encoding="utf-8")
    with pytest.raises(CrmlibError, match="'b' is 'a' again"):
        offers.actions(file)
    file.write_text(one.format("a") + one.format("a"), encoding="utf-8")
    with pytest.raises(CrmlibError, match="stands twice"):
        offers.actions(file)
    file.write_text('[[action]]\nname = "a"\n', encoding="utf-8")
    with pytest.raises(CrmlibError, match=r"actions\.toml: .*kind"):
        offers.actions(file)


def test_the_mean_of_the_simulation_is_the_formula() -> None:
    """With 2,000 customers of whom 20 % order anyway, and 2 % of the rest because of the offer; margin 30 %."""
    table = offers.simulate_margin([entry(audience=["Loyal"])], GROUPS).iloc[0]
    new = 1_600 * 0.02
    assert table["extra_orders"] == pytest.approx(new, rel=0.02)
    assert table["given_away"] == pytest.approx(400 * 50 * 0.1, rel=0.02)
    assert table["margin"] == pytest.approx(new * 50 * 0.3 - (400 + new) * 50 * 0.1, rel=0.02)
    more = entry(kind="cross_selling", audience=["Loyal"], benefit=0.1, added=0.5, taken={"mean": 0.1, "like": 1e6})
    sold = offers.simulate_margin([more], GROUPS).iloc[0]["margin"]
    assert sold == pytest.approx(new * 50 * 0.3 + (400 + new) * 0.1 * 50 * 0.5 * (0.3 - 0.1), rel=0.02)


def test_an_action_draws_the_same_whatever_stands_beside_it() -> None:
    one, other = entry(), entry(name="two", trigger="july")
    alone = offers.simulate_margin([one], GROUPS)
    beside = offers.simulate_margin([other, one], GROUPS).iloc[1:].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, beside)
    assert not alone["margin"].equals(offers.simulate_margin([one], GROUPS, seed=2)["margin"])


def test_less_sure_is_wider_and_nobody_is_nothing() -> None:
    sure, guess = (
        offers.simulate_margin([entry(extra={"mean": 0.02, "like": like})], GROUPS).iloc[0] for like in (1e6, 50)
    )
    assert guess["high"] - guess["low"] > 3 * (sure["high"] - sure["low"])
    nobody = offers.simulate_margin([entry(audience=["Champions"])], GROUPS).iloc[0]
    assert (nobody["customers"], nobody["margin"], nobody["loss"]) == (0, 0, 0)


@pytest.mark.slow
def test_audiences_are_counted_in_the_window_and_named_before_it(shipped: Shop) -> None:
    shop = shipped
    found = offers.audiences(shop, window_days=30).set_index("audience")
    orders = shop.orders.to_pandas()
    before = orders[orders["order_ts"] < "2026-06-02"]
    window = orders[(orders["order_ts"] >= "2026-06-02") & orders["customer_id"].isin(before["customer_id"])]
    assert found["customers"].sum() == before["customer_id"].nunique()
    assert (found["ordering"] * found["customers"]).sum() == pytest.approx(window["customer_id"].nunique())
