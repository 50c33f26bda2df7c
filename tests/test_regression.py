"""One encoder for all regressions: missing values are seen before encoding, and an answer exists or is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from crmlib import churn, surveys
from crmlib.errors import ModelError, ModelWarning, SchemaError
from crmlib.regression import encode, require_rank, separation_of_two

if TYPE_CHECKING:
    from crmlib.shop import Shop

DAYS, LEFT = [5, 8, 12, 20, 25, 30, 40, 50, 60, 60], [1, 1, 1, 1, 1, 0, 1, 0, 1, 0]
SPELLINGS = [None, np.nan, pd.NA, "", "  ", pd.NaT]


@pytest.mark.parametrize("missing", SPELLINGS)
def test_a_missing_category_is_left_out_however_it_is_spelt(missing: Any) -> None:
    days = [10, 12, 14, 16, 9, 11, 13, 17, 1, 2, 3, 4]
    table = pd.DataFrame({"g": [*"aaaabbbb", *[missing] * 4]}, dtype=object)
    ratio = churn.cox(days, [1] * 12, table)["hazard_ratio"]
    assert ratio.to_dict() == pytest.approx({"g_b": 0.909077}, abs=1e-6)
    whole = churn.cox(days[:8], [1] * 8, table[:8])["hazard_ratio"]
    assert ratio.iloc[0] == pytest.approx(whole.iloc[0], rel=1e-12)


def test_a_missing_category_among_others() -> None:
    channel = pd.DataFrame({"channel": ["x", "y", None, "x", "y", "x", "y", None, "x", "y"]})
    assert churn.cox(DAYS, LEFT, channel)["hazard_ratio"].iloc[0] == pytest.approx(0.7944, abs=5e-5)


@pytest.mark.parametrize("kind", ["object", "category", "string"])
def test_what_is_not_known_of_everyone_weights_nobody(kind: Any) -> None:
    said = [True, False, True, False, True, *[False] * 5]
    known = pd.DataFrame({"g": pd.Series(["a", "a", "b", "b", *["none"] * 6], dtype=kind)})
    expected = [0.6, 0, 0.6, 0, 1.8, 0, 0, 0, 0, 0]
    assert surveys.response_weights(known, said) == pytest.approx(expected, abs=1e-4)
    assert surveys.response_weights(known, said, method="cells") == pytest.approx(expected)
    lacking = known.replace("none", pd.NA)
    with pytest.raises(SchemaError, match="column 'g': values are missing, first in row 4"):
        surveys.response_weights(lacking, said)
    with pytest.raises(SchemaError, match="column 'g': values are missing"):
        surveys.response_bias(lacking, said)


def test_silence_of_a_kind_is_named() -> None:
    known = pd.DataFrame({"g": ["a", "a", "b", "b", *["none"] * 6]})
    with pytest.warns(ModelWarning, match="'g: none' it is certain that 6 of 10"):
        surveys.response_weights(known, [True, False, True, *[False] * 7])


@pytest.mark.slow
def test_a_covariate_that_parts_those_who_left_has_no_ratio() -> None:
    with pytest.raises(ModelError, match=r"no finite ratio exists.*lowest value of 'vip'.*log_rank"):
        churn.cox(DAYS, [1] * 5 + [0] * 5, pd.DataFrame({"vip": [0] * 5 + [1] * 5}))
    late = np.r_[101:121, 1:21]
    with pytest.raises(ModelError, match=r"no finite ratio exists.*highest value of 'x'"):
        churn.cox(late, [1] * 40, pd.DataFrame({"x": [0] * 20 + [1] * 20}))
    # two columns that part them only together
    x = pd.DataFrame({"a": [3.0, 1, 2, 0, 1, 0], "b": [0.0, 2, 0, 2, 0, 1], "c": [0, 1, 1, 0, 1, 0.5]})
    order = np.argsort(-(x["a"] + x["b"] - 0.01 * x["c"])).argsort() + 1.0
    with pytest.raises(ModelError, match="together part those who left"):
        churn.cox(order, [1] * 6, x)


def test_columns_made_up_of_others_are_named() -> None:
    dummies = pd.get_dummies(pd.Series(list("abcabcabca")), dtype=float)
    with pytest.raises(ModelError, match="'c' always goes with 'a' and 'b'"):
        churn.cox(DAYS, LEFT, dummies)
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(50, 3)), columns=list("xyz"))
    with pytest.raises(ModelError, match="'sum' always goes with 'x' and 'z'"):
        require_rank(table.assign(sum=1000 * table["x"] - table["z"] + 5), "covariates")
    require_rank(table * [1e-9, 1, 1e9], "covariates")


def test_text_of_many_levels_is_refused_at_once() -> None:
    rng = np.random.default_rng(2)
    amounts = pd.DataFrame({"total": rng.lognormal(3, 1, 600).round(2).astype(str)})
    days, left = rng.exponential(90, 600), rng.random(600) < 0.7
    with pytest.raises(ModelError, match=r"'total' has \d{3} levels for 600 rows: is it a number kept as text"):
        churn.cox(days, left, amounts)
    with pytest.raises(ModelError, match="'total' has"):
        surveys.drivers(rng.integers(0, 11, 600), amounts)
    with pytest.raises(ModelError, match="'total' has"):
        surveys.response_weights(amounts, left)
    models = amounts.assign(customer_id=range(600), left_us=left.astype(int), contacted=left, window_orders=1)
    for model in (churn.ChurnModel(), churn.ChurnModel("boosting"), churn.UpliftModel()):
        with pytest.raises(ModelError, match=r"'total' is text, with \d{3} levels for 600 rows: is it a number"):
            model.fit(models if "Churn" in type(model).__name__ else models.drop(columns="left_us"))


@pytest.mark.slow
def test_models_read_numbers_in_whatever_clothes() -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 9, 200)
    plain = pd.DataFrame({"customer_id": range(200), "x": x, "left_us": (rng.random(200) < 0.1 + x / 20).astype(int)})
    expected = churn.ChurnModel().fit(plain).predict(plain)
    all_clothes: list[Any] = [
        x.astype(float),
        [Decimal(int(value)) for value in x],
        pd.array(x, dtype="Int64"),
        x.astype(object),
    ]
    for clothes in all_clothes:
        dressed = plain.assign(x=clothes, left_us=plain["left_us"].astype("boolean"))
        assert churn.ChurnModel().fit(dressed).predict(dressed).tolist() == expected.tolist()
    with pytest.raises(SchemaError, match=r"left_us, row 3: 2 is neither 1 nor 0"):
        churn.ChurnModel().fit(plain.assign(left_us=plain["left_us"].where(plain.index != 3, 2)))
    with pytest.raises(ModelError, match="no feature to learn from"):
        churn.ChurnModel().fit(plain.drop(columns="x"))
    with pytest.raises(SchemaError, match="it holds dates"):
        churn.ChurnModel().fit(plain.assign(day=pd.Timestamp("2024-01-01")))


def test_numbers_in_whatever_clothes_are_numbers() -> None:
    table = pd.DataFrame(
        {
            "object": pd.Series([1, 2.5, None], dtype=object), "nullable": pd.array([1, 2, 3], dtype="Int64"),
            "flag": pd.array([True, False, True], dtype="boolean"), "text": ["b", "a", "b"],
        }
    )  # fmt: skip
    design = encode(table, "covariates")
    assert design.rows.tolist() == [True, True, False]
    assert design.numbers.to_dict("list") == {
        "object": [1.0, 2.5], "nullable": [1.0, 2.0], "flag": [1.0, 0.0], "text: b": [1.0, 0.0],
    }  # fmt: skip
    with pytest.raises(SchemaError, match="row 1, column 'log': -inf is not a number to reckon with"):
        encode(pd.DataFrame({"log": [1.0, -np.inf]}), "covariates")
    with pytest.raises(SchemaError, match="column 'day': it holds dates"):
        encode(pd.DataFrame({"day": pd.to_datetime(["2024-01-01"])}), "covariates")
    with pytest.raises(SchemaError, match="'x' occurs twice"):
        encode(pd.DataFrame([[1, 2]], columns=["x", "x"]), "covariates")
    with pytest.raises(ModelError, match="no row is complete"):
        encode(pd.DataFrame({"x": [None, 1.0], "y": [1.0, None]}), "covariates")


@pytest.mark.slow
def test_separation_of_two_agrees_with_trying_all_cuts() -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        x, outcome = rng.integers(0, 4, 8), rng.random(8) < 0.5
        if len(set(x)) == 1 or len(set(outcome)) == 1:
            continue
        yes, no = x[outcome], x[~outcome]
        parted = max(yes) <= min(no) or max(no) <= min(yes)
        assert (separation_of_two(pd.DataFrame({"x": x}), outcome) is not None) == parted


@pytest.mark.slow
def test_a_hazard_that_changes_is_found_and_split() -> None:
    """The rate is 2 to the power of x before day 30, and does not depend on x afterwards."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=900)
    early = rng.exponential(40 / 2.0**x)
    days = np.where(early < 30, early, 30 + rng.exponential(40, 900))
    left, days = days < 90, np.minimum(days, 90)
    table = pd.DataFrame({"x": x})
    with pytest.warns(ModelWarning, match=r"the effect of 'x' changes with age.*split="):
        whole = churn.cox(days, left, table)
    assert whole["changes_at"].iloc[0] == pytest.approx(30, abs=8)
    parts: Any = churn.cox(days, left, table, split=[30])
    assert parts.loc[("x", "up to 30"), "low"] < 2 < parts.loc[("x", "up to 30"), "high"]
    assert parts.loc[("x", "over 30"), "low"] < 1 < parts.loc[("x", "over 30"), "high"]
    assert parts["change_p_value"].max() < 1e-6
    with pytest.raises(Exception, match="ages in days above 0"):
        churn.cox(days, left, table, split=[0])


@pytest.mark.slow
def test_the_shop_s_first_amount_tells_of_the_first_silence_only(shipped: Shop) -> None:
    """Two ends in three lie on day 180, the silence rule's first: a large first order makes a second one likelier."""
    lives: Any = churn.lifetimes(shipped)
    assert (lives.loc[lives["left_us"] == 1, "days"] == 180).mean() == pytest.approx(1_836 / 2_710, abs=0.01)
    about = pd.DataFrame({"amount": np.log2(lives["first_amount"])})
    with pytest.warns(ModelWarning, match="the effect of 'amount' changes with age"):
        whole: Any = churn.cox(lives["days"], lives["left_us"], about)
    assert whole.loc["amount", ["hazard_ratio", "low", "high"]].tolist() == pytest.approx(
        [0.834, 0.807, 0.861], abs=2e-3
    )
    parts: Any = churn.cox(lives["days"], lives["left_us"], about, split=[180])
    found = parts[["hazard_ratio", "low", "high"]].to_numpy()
    np.testing.assert_allclose(found, [[0.782, 0.753, 0.813], [0.968, 0.913, 1.026]], atol=2e-3)
    assert (parts["change_p_value"] < 1e-6).all()


def noise(customers: int, share: float, rng: np.random.Generator) -> float:
    """Return the p-value of a factor that does nothing, three answers a customer."""
    who = np.repeat(np.arange(customers), 3)
    flag = np.repeat(rng.permutation(np.arange(customers) < max(2, share * customers)), 3)
    marks = 7 + np.repeat(rng.normal(0, 1.5, customers), 3) + rng.normal(0, 1, 3 * customers)
    return float(surveys.drivers(marks, pd.DataFrame({"f": flag}), customers=who, fewest=1)["p_value"].iloc[0])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::crmlib.errors.ModelWarning")
@pytest.mark.parametrize(
    ("customers", "share", "most"),
    [
        (10, 0.5, 0.08),
        pytest.param(30, 0.5, 0.08, marks=pytest.mark.full),
        pytest.param(30, 0.15, 0.1, marks=pytest.mark.full),
    ],
)
def test_drivers_of_few_customers_keep_their_word(customers: int, share: float, most: float) -> None:
    rng = np.random.default_rng(5)
    assert np.mean([noise(customers, share, rng) < 0.05 for _ in range(1000)]) <= most


@pytest.mark.filterwarnings("ignore::crmlib.errors.ModelWarning")
def test_the_order_of_the_answers_changes_nothing() -> None:
    rng = np.random.default_rng(6)
    marks, topic = rng.normal(7, 2, 60), np.array(["x"] * 30 + ["y"] * 29 + ["z"])
    tables: list[Any] = []
    for _ in range(4):
        order = rng.permutation(60)
        table: Any = surveys.drivers(marks[order], pd.DataFrame({"topic": topic[order]}), fewest=1)
        tables.append(table.sort_index())
    for table in tables:
        pd.testing.assert_frame_equal(table, tables[0], rtol=1e-9)
        assert table.loc["topic: z", ["low", "high", "p_value"]].isna().all()  # one answer alone has it
        assert table.loc["topic: y", ["low", "high", "p_value"]].notna().all()


def test_an_ordinal_model_without_an_optimum_is_refused() -> None:
    with pytest.raises(ModelError, match="'x' sort the answers without an exception"):
        surveys.drivers([1, 1, 1, 2, 2, 3, 3, 3], pd.DataFrame({"x": [0, 0, 0, 1, 1, 2, 2, 2]}), model="ordinal")
    with pytest.raises(SchemaError, match=r"the score in row 0 is 'late'"):
        surveys.drivers(["late", "quick"], pd.DataFrame({"x": [1, 2]}))
