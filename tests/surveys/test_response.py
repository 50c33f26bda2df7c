"""Who keeps silent: rates, differences, weights, what no weight can mend; against the truth of the simulated shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import crmlib
from crmlib import surveys
from crmlib.errors import CrmlibError, ModelError, SchemaError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def test_rates_by_form() -> None:
    sent = pd.DataFrame({"form": ["card", "card", "mail"], "score": [9, None, None]})
    table = surveys.response_rates(sent, "form")
    assert table[["asked", "answered", "rate"]].to_numpy().tolist() == [[2, 1, 0.5], [1, 0, 0.0]]
    assert surveys.response_rates(sent).loc["all", "asked"] == 3
    with pytest.raises(ModelError, match="nobody was asked"):
        surveys.response_rates(sent.iloc[:0])


@pytest.fixture(scope="module")
def known(shop: crmlib.Shop, sent: pd.DataFrame) -> pd.DataFrame:
    return surveys.known_of_asked(shop, sent)


def test_events_before_and_after_are_counted_as_pandas_counts_them(
    shop: crmlib.Shop, sent: pd.DataFrame, known: pd.DataFrame
) -> None:
    logins = shop.logins.to_pandas()
    for row in (0, 1234, 4000):
        survey = sent.iloc[row]
        own = logins.loc[logins["customer_id"] == survey["customer_id"], "login_ts"]
        day = survey["sent_ts"].normalize() + pd.Timedelta(days=91)
        assert known["logins_before"].iloc[row] == (own <= survey["sent_ts"]).sum()
        assert known["logins_after"].iloc[row] == ((own > survey["sent_ts"]) & (own < day)).sum()


@pytest.mark.slow
def test_what_comes_after_as_of_is_not_known(shop: crmlib.Shop, sent: pd.DataFrame) -> None:
    day = "2025-03-31"
    early = surveys.asked(shop, as_of=day)
    known = surveys.known_of_asked(shop, early, as_of=day)
    recent = early["sent_ts"] > pd.Timestamp("2025-03-25")
    assert (known.loc[recent, "seen_again"] != "no").all()
    assert known["orders_before"].max() < surveys.known_of_asked(shop, sent)["orders_before"].max()


@pytest.mark.slow
def test_a_shop_of_orders_alone_knows_orders(sent: pd.DataFrame, shop: crmlib.Shop) -> None:
    alone = crmlib.open_shop(shop.orders.to_pandas())
    assert list(surveys.known_of_asked(alone, sent.head(50))) == ["orders_before", "orders_after", "seen_again"]


def test_the_silent_were_seen_less_often_again(sent: pd.DataFrame, known: pd.DataFrame) -> None:
    bias: Any = surveys.response_bias(known, sent["score"].notna())
    assert bias.loc["seen_again: no", "answered"] < bias.loc["seen_again: no", "silent"]
    assert bias.index[0].startswith("seen_again")


@pytest.mark.parametrize("method", ["logistic", "cells"])
def test_weights_move_the_score_towards_the_truth_but_not_all_the_way(
    sent: pd.DataFrame, known: pd.DataFrame, method: Any
) -> None:
    said = sent["score"].notna()
    weights = surveys.response_weights(known if method == "logistic" else known[["seen_again"]], said, method=method)
    raw, weighted = surveys.nps(sent["score"]).score, surveys.nps(sent["score"], weights=weights).score
    truth = surveys.nps(sent["true_score"]).score
    assert truth < weighted < raw - 0.5
    assert weighted - truth > 5  # silence depends on satisfaction itself: no weight sees that


def world(seed: int, *, tilt: float = 0.0) -> tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.bool_]]:
    """Customers whose silence depends on what is known of them, and by `tilt` on the mark that they would give."""
    rng = np.random.default_rng(seed)
    orders = rng.poisson(2, 20_000)
    device = rng.choice(["mobile", "desktop"], 20_000)
    marks = np.clip(np.round(6 + 0.8 * orders + (device == "mobile") + rng.normal(0, 1.5, 20_000)), 0, 10)
    odds = -1.5 + 0.8 * np.log1p(orders) + 0.6 * (device == "mobile") + tilt * (marks - 8)
    said = rng.random(20_000) < 1 / (1 + np.exp(-odds))
    return pd.DataFrame({"orders": orders, "device": device}), marks, said


@pytest.mark.slow
@pytest.mark.parametrize("method", ["logistic", "cells"])
def test_silence_that_depends_on_what_is_known_is_mended(method: Any) -> None:
    known, marks, said = world(1)
    known["orders"] = known["orders"].clip(upper=5) if method == "cells" else known["orders"]
    weights = surveys.response_weights(known, said, method=method)
    answers = np.where(said, marks, np.nan)
    truth = surveys.nps(marks).score
    assert surveys.nps(answers).score > truth + 5
    assert surveys.nps(answers, weights=weights).score == pytest.approx(truth, abs=2)


def test_the_true_tilt_gives_the_true_score() -> None:
    known, marks, said = world(2, tilt=0.25)
    answers = np.where(said, marks, np.nan)
    truth = surveys.nps(marks).score
    weights = surveys.response_weights(known, said)
    assert surveys.nps(answers, weights=weights).score > truth + 4
    tilted = surveys.tilted(weights, answers, 0.25, response_rate=said.mean())
    assert surveys.nps(answers, weights=tilted).score == pytest.approx(truth, abs=2.5)


def test_no_tilt_changes_nothing() -> None:
    weights = np.array([0.5, 1.5, 0.0])
    assert surveys.tilted(weights, [9, 3, None], 0.0, response_rate=0.4) == pytest.approx(weights)


def test_nobody_speaks_for_too_many() -> None:
    known = pd.DataFrame({"often": [1] * 500 + [0] * 500})
    said = np.array([True] * 400 + [False] * 100 + [True] * 4 + [False] * 496)
    free, cut = (surveys.response_weights(known, said, largest=most) for most in (1000, 3))
    assert free.max() > 20
    assert cut.max() == pytest.approx(3, rel=1e-4)
    assert cut[said].mean() == pytest.approx(1)
    assert (cut[~said] == 0).all()


def test_when_all_answer_all_count_alike() -> None:
    assert surveys.response_weights(pd.DataFrame({"x": [1, 2]}), [True, True]).tolist() == [1, 1]


def test_bad_input() -> None:
    known = pd.DataFrame({"x": ["a", "a", "b"]})
    with pytest.raises(ModelError, match="nobody answered, so"):
        surveys.response_weights(known, [False] * 3)
    with pytest.raises(ModelError, match=r"nobody answered among the 1 with \{'x': 'b'\}"):
        surveys.response_weights(known, [True, False, False], method="cells")
    with pytest.raises(SchemaError, match="2 for 3 rows"):
        surveys.response_weights(known, [True, False])
    with pytest.raises(CrmlibError, match="is not known"):
        surveys.response_weights(known, [True] * 3, method="raking")  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="column 'y': values are missing"):
        surveys.response_weights(pd.DataFrame({"y": [1.0, None]}), [True, False])
    with pytest.raises(ModelError, match="between 0 and 1"):
        surveys.tilted([1], [9], 0.1, response_rate=1.0)
    with pytest.raises(ModelError, match="no answer to weight"):
        surveys.tilted([0.0], [None], 0.1, response_rate=0.5)
    with pytest.raises(SchemaError, match="2 for 1 weights"):
        surveys.tilted([1], [9, 8], 0.1, response_rate=0.5)
