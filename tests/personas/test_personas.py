"""Personas hold what they promise: recovery, determinism, new customers, missing answers, clear errors."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from crmlib import open_shop, personas
from crmlib.errors import CrmlibError, SchemaError, SourceError
from crmlib.personas.mixture import Mixture
from crmlib.policy import load as load_policy
from crmlib.synth import read_truth

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from crmlib.shop import Shop

METHODS = personas.METHODS


def library_posterior(found: personas.Personas, features: pd.DataFrame) -> tuple[NDArray[np.float64], float]:
    """Give our parameters to StepMix, all answers as one block of codes, and ask it for probabilities and BIC."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from stepmix.stepmix import StepMix
    mixture = found.parameters
    assert isinstance(mixture, Mixture)
    numbers, codes = found.encoding.scaled(features), found.encoding.coded(features)
    table = np.hstack([numbers, np.where(codes < 0, np.nan, codes)])
    widths = [len(answer.levels) for answer in found.encoding.answers]
    pis = np.zeros((found.k, len(widths), max(widths)))
    for persona, shares in enumerate(mixture.shares):
        for place, levels in enumerate(shares):
            pis[persona, place, : len(levels)] = levels
    measurement = {
        "numbers": {"model": "gaussian_unit_nan", "n_columns": numbers.shape[1]},
        "answers": {"model": "categorical_nan", "n_columns": codes.shape[1]},
    }
    step = StepMix(found.k, measurement=measurement, progress_bar=0, max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one round does not converge; it only makes the parts
        step.fit(table)
    means = np.asarray(mixture.means)
    step.set_parameters(
        {
            "weights": np.asarray(mixture.weights),
            "measurement": {
                "numbers": {"means": means, "covariances": np.ones_like(means)},
                "answers": {
                    "pis": pis.reshape(found.k, -1),
                    "max_n_outcomes": max(widths),
                    "total_outcomes": sum(widths),
                },
            },
            "measurement_in": table.shape[1],
        }
    )
    return step.predict_proba(table), float(step.bic(table))


def table(customers: int = 120, seed: int = 3) -> pd.DataFrame:
    """Three kinds of customers, well apart, a third of the answers missing."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(3, size=customers)
    device = np.array(["desktop", "mobile", "tablet"], dtype=object)[kind]
    device[rng.random(customers) < 0.3] = None
    features = pd.DataFrame(
        {
            "orders_per_year": np.exp(kind + 0.1 * rng.normal(size=customers)),
            "age": np.where(rng.random(customers) < 0.2, np.nan, 20 + 20 * kind + rng.normal(size=customers)),
            "device": pd.Categorical(device),
            "income_band": pd.Categorical.from_codes(
                np.where(rng.random(customers) < 0.3, -1, kind), pd.Index(["low", "middle", "high"]), ordered=True
            ),
            "interests_coffee": pd.array(kind == 0, dtype="boolean"),
        },
        index=pd.Index([f"c{place:03}" for place in range(customers)], name="customer_id"),
    )
    features["interests_coffee"] = features["interests_coffee"].where(rng.random(customers) > 0.2)
    return features.assign(truth=kind)


@pytest.fixture(scope="module")
def known() -> tuple[pd.DataFrame, pd.Series]:
    made = table()
    return made.drop(columns="truth"), made["truth"]


@pytest.fixture(scope="module")
def shop(shipped: Shop) -> Shop:
    return shipped


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_clear_kinds_are_found(known: tuple[pd.DataFrame, pd.Series], method: str) -> None:
    features, truth = known
    assert personas.agreement(personas.fit(features, 3, method).labels, truth) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("method", "floor"), [("mixture", 0.65), ("k-prototypes", 0.45)])
def test_the_shop_s_personas_are_recovered(shop: Shop, method: str, floor: float) -> None:
    truth = read_truth("customers").set_index("customer_id")["persona"]
    found = personas.fit(personas.features(shop), truth.nunique(), method, seed=1)
    assert personas.agreement(found.labels, truth) >= floor


@pytest.mark.slow
def test_the_truth_is_no_feature(shop: Shop) -> None:
    assert not {"truth", "persona"} & set(shop.tables)
    assert "persona" not in personas.features(shop)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_rows_does_not_matter(known: tuple[pd.DataFrame, pd.Series], method: str) -> None:
    features, _ = known
    mixed = features.sample(frac=1, random_state=1)
    expected = personas.fit(features, 3, method, seed=2).labels
    assert personas.agreement(expected, personas.fit(mixed, 3, method, seed=2).labels) == pytest.approx(1)
    assert personas.fit(mixed, 3, method, seed=2).labels.index.equals(mixed.index)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_seed_gives_the_same_personas(known: tuple[pd.DataFrame, pd.Series], method: str) -> None:
    features, _ = known
    assert personas.fit(features, 3, method, seed=5) == personas.fit(features, 3, method, seed=5)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_assigning_the_training_rows_gives_their_labels(known: tuple[pd.DataFrame, pd.Series], method: str) -> None:
    features, _ = known
    found = personas.fit(features, 3, method)
    assert found.assign(features).equals(found.labels)
    # one at a time as well: a new customer does not depend on who comes along
    one_by_one = [int(found.assign(features.iloc[[place]]).iloc[0]) for place in range(10)]
    assert one_by_one == found.labels.head(10).tolist()


def test_the_largest_persona_is_number_one(known: tuple[pd.DataFrame, pd.Series]) -> None:
    features, _ = known
    sizes = personas.fit(features, 3, "k-prototypes").labels.value_counts()
    assert sizes.loc[1] == sizes.max()


@pytest.mark.slow
def test_probabilities_add_up_and_agree_with_the_labels(known: tuple[pd.DataFrame, pd.Series]) -> None:
    features, _ = known
    found = personas.fit(features, 3)
    chances = found.probabilities(features)
    assert chances is not None
    assert chances.sum(axis=1).to_numpy() == pytest.approx(1)
    assert chances.idxmax(axis=1).tolist() == found.labels.tolist()
    assert personas.fit(features, 3, "k-prototypes").probabilities(features) is None


@pytest.mark.slow
def test_posterior_and_bic_are_the_library_s(known: tuple[pd.DataFrame, pd.Series]) -> None:
    features, _ = known
    found = personas.fit(features, 3, seed=1)
    chances, criterion = library_posterior(found, features)
    mine = found.probabilities(features)
    assert mine is not None
    assert mine.to_numpy() == pytest.approx(chances, abs=1e-8)
    assert found.criterion(features) == pytest.approx(criterion, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_new_customer_without_any_answer_gets_a_persona(known: tuple[pd.DataFrame, pd.Series], method: str) -> None:
    features, _ = known
    found = personas.fit(features, 3, method)
    silent = features.reindex(["somebody new"])
    assert found.assign(silent).iloc[0] in {1, 2, 3}


def test_silence_gives_the_mixture_s_own_shares(known: tuple[pd.DataFrame, pd.Series]) -> None:
    features, _ = known
    found = personas.fit(features, 3)
    silent = features.reindex(["somebody new"])
    chances = found.probabilities(silent)
    assert chances is not None
    assert chances.iloc[0].tolist() == pytest.approx(found.parameters.weights)  # type: ignore[union-attr]


def test_an_answer_never_seen_before_counts_as_missing(known: tuple[pd.DataFrame, pd.Series]) -> None:
    features, _ = known
    found = personas.fit(features, 3)
    one, other = features.head(5).copy(), features.head(5).copy()
    one["device"] = pd.Categorical(["smart fridge"] * 5)
    other["device"] = pd.Categorical([None] * 5, categories=["desktop"])
    assert found.assign(one).equals(found.assign(other))


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_saved_personas_assign_alike(known: tuple[pd.DataFrame, pd.Series], method: str, tmp_path: Path) -> None:
    features, _ = known
    found = personas.fit(features, 3, method)
    found.save(tmp_path / "personas.json")
    again = personas.load(tmp_path / "personas.json")
    assert again == found
    assert again.assign(features).equals(found.labels)
    assert again.labels.empty


def test_the_file_is_json_and_holds_no_customer(known: tuple[pd.DataFrame, pd.Series], tmp_path: Path) -> None:
    features, _ = known
    personas.fit(features, 3).save(tmp_path / "personas.json")
    text = (tmp_path / "personas.json").read_text()
    assert json.loads(text)["parameters"]["type"] == "mixture"
    assert not any(customer in text for customer in features.index)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"version": 99, "seed": 0}', "not json"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(SourceError, match=r"other\.json holds no personas"):
        personas.load(tmp_path / "other.json")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no personas"):
        personas.load(tmp_path / "nothing.json")


def test_errors_are_clear(known: tuple[pd.DataFrame, pd.Series]) -> None:
    features, _ = known
    with pytest.raises(CrmlibError, match=r"no method 'kprototypes'.*Did you mean 'k-prototypes'"):
        personas.fit(features, 3, "kprototypes")
    with pytest.raises(CrmlibError, match="1 personas of 120 customers"):
        personas.fit(features, 1)
    with pytest.raises(CrmlibError, match="3 personas of 5 customers"):
        personas.fit(features.head(5), 3)
    with pytest.raises(CrmlibError, match="a customer twice"):
        personas.fit(pd.concat([features, features]), 3)
    with pytest.raises(CrmlibError, match="no feature differs"):
        personas.fit(pd.DataFrame({"age": [1.0] * 9}), 2)
    with pytest.raises(CrmlibError, match="no nominal answers"):
        personas.fit(features[["age", "orders_per_year"]], 3, "k-prototypes")
    with pytest.raises(SchemaError, match="'name' is"):
        personas.fit(features.assign(name="ann"), 3)
    with pytest.raises(SchemaError, match="no column 'age'"):
        personas.fit(features, 3).assign(features.drop(columns="age"))
    with pytest.raises(CrmlibError, match="no customer in common"):
        personas.agreement(pd.Series({"a": 1}), pd.Series({"b": 1}))


@pytest.mark.parametrize("method", METHODS)
def test_equal_customers_are_refused_or_shared(method: str) -> None:
    same = pd.DataFrame({"age": [30.0, 50.0] * 5, "device": pd.Categorical(["m", "d"] * 5)})
    if method == "k-prototypes":
        with pytest.raises(CrmlibError, match="no more than 3 different customers"):
            personas.fit(same, 3, method)
    assert personas.fit(same.assign(height=np.arange(10.0)), 2, method).k == 2


@pytest.mark.slow
def test_noise_is_less_stable_than_kinds(known: tuple[pd.DataFrame, pd.Series]) -> None:
    features, _ = known
    noise = personas.shuffled(features, seed=1)
    assert noise.dtypes.equals(features.dtypes)
    assert noise.notna().sum().equals(features.notna().sum())
    kinds, none = (personas.stability(one, 3, repeats=3).mean() for one in (features, noise))
    assert kinds > 0.9
    assert none < 0.6


@pytest.mark.slow
def test_choice_finds_the_number(known: tuple[pd.DataFrame, pd.Series]) -> None:
    features, _ = known
    choice = personas.choose(features, range(2, 6), repeats=2)
    columns = ["k", "criterion", "stability", "low", "high", "noise_low", "noise_high", "smallest"]
    assert choice.columns.tolist() == columns
    assert choice["k"].tolist() == [1, 2, 3, 4, 5]
    assert choice["k"].iloc[int(choice["criterion"].argmin())] == 3
    assert choice.recommended == 3
    assert choice.notes[0].startswith("k = 3: the best BIC, stability")
    silhouettes = personas.choose(features, [3, 5], "k-prototypes", repeats=2).set_index("k")["criterion"]
    assert silhouettes[3] > silhouettes[5] > silhouettes[1] == 0
    edge = personas.choose(features, [1, 2, 3], repeats=2, groupless=5)
    assert edge.notes[-1] == "k = 3 is the end of the range: try more."
    assert edge.notes[-1] in repr(edge)


def independent(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Columns that have nothing to do with each other: even ones of all kinds, and very skewed ones."""
    rng = np.random.default_rng(seed)
    even = {"a": rng.random(600), "b": rng.random(600), "d": rng.random(600) < 0.5}
    kinds = pd.Series(rng.choice(list("xyz"), 600), dtype="category")
    skewed = pd.DataFrame(np.random.default_rng(seed).lognormal(0, 1.2, (600, 4)), columns=list("abcd"))
    return pd.DataFrame(even).assign(c=kinds), skewed


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_noise_has_no_personas(method: str) -> None:
    even, skewed = independent()
    tables = [even, skewed] if method == "mixture" else [even]  # k-prototypes needs answers
    for noise in tables:
        choice = personas.choose(noise, range(2, 5), method, repeats=3)
        assert choice.recommended == 1
        assert choice.notes[0].startswith("There are no personas here: ")


@pytest.mark.slow
def test_the_shop_has_personas(shop: Shop) -> None:
    choice = personas.choose(personas.features(shop), [3], repeats=2, most=400)
    assert choice.recommended == 3
    assert choice.set_index("k")["stability"].loc[3] > 0.5


def test_cards_measure_against_everyone(known: tuple[pd.DataFrame, pd.Series]) -> None:
    features, truth = known
    made = personas.cards(features, truth + 1, {2: "the middle"})
    assert [card.name for card in made][1] == "the middle"
    assert sum(card.customers for card in made) == len(features)
    first = made[0]
    coffee = first.traits.query("feature == 'interests_coffee'")
    assert coffee["value"].tolist() == pytest.approx([1])
    assert coffee["index"].tolist() == pytest.approx([100 / features["interests_coffee"].mean()])
    assert first.top("device") == "desktop"
    with pytest.raises(CrmlibError, match="no persona 9 to name"):
        personas.cards(features, truth + 1, {9: "nobody"})


def test_html_escapes_names_and_answers(known: tuple[pd.DataFrame, pd.Series]) -> None:
    features, truth = known
    evil = "<script>alert(1)</script>"
    bad = features.assign(device=pd.Categorical(np.where(truth == 0, evil, '" onload="x')))
    html = personas.cards_html(personas.cards(bad, truth + 1, {1: evil}))
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)") >= 2
    assert 'onload="x' not in html


def sales() -> dict[str, pd.DataFrame]:
    return {
        "orders": pd.DataFrame(
            {
                "customer_id": ["a", "a", "b", "c"],
                "order_id": ["1", "2", "3", "4"],
                "order_ts": pd.to_datetime(["2024-01-10", "2024-02-10", "2024-01-15", "2024-06-01"]),
                "amount": [10.0, 30.0, 50.0, 5.0],
            }
        ),
        "customers": pd.DataFrame(
            {
                "customer_id": ["a", "b", "c", "d", "e"],
                "registered_ts": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-05-30", "2024-01-02", "2024-01-03"]),
                "birth_year": [1980, 1900, 1990, None, 1970],
                "price_importance": [1, None, 5, None, 3],
                "interests": ["coffee|travel", None, "coffee", None, "travel"],
                "device": ["mobile", None, "desktop", "tablet", "mobile"],
            }
        ),
        "sessions": pd.DataFrame(
            {
                "session_id": ["s1", "s2", "s3"],
                "customer_id": ["a", "d", "d"],
                "start_ts": pd.to_datetime(["2024-01-09", "2024-01-09", "2024-01-20"]),
            }
        ),
        "session_zones": pd.DataFrame(
            {
                "session_id": ["s1", "s2", "s3"],
                "customer_id": ["a", "d", "d"],
                "zone": ["gifts", "coffee", "gifts"],
                "views": [4, 2, 2],
            }
        ),
        "surveys": pd.DataFrame(
            {
                "customer_id": ["a", "b", "d"],
                "kind": "nps",
                "score": [10, 3, 10],
                "answered_ts": pd.to_datetime(["2024-03-01", "2024-03-01", "2024-01-05"]),
            }
        ),
    }


@pytest.mark.slow
def test_features_by_hand() -> None:
    found = personas.features(open_shop(sales(), as_of="2024-03-31"))
    assert found.index.tolist() == ["a", "b", "d", "e"]  # c registered later
    assert found.loc["a", "orders_per_year"] == pytest.approx(2 / (91 / 365.25))
    assert found["average_order_value"].tolist()[:2] == [20.0, 50.0]
    assert found["average_order_value"].isna().tolist() == [False, False, True, True]
    assert found["age"].fillna(-1).tolist() == [44, -1, -1, 54]  # 1900 is the form's default
    assert found["price_importance"].astype("object").fillna("-").tolist() == ["1", "-", "-", "3"]
    assert found["price_importance"].cat.ordered
    assert found["interests_coffee"].fillna(value=False).tolist() == [True, False, False, False]
    assert found["interests_coffee"].isna().tolist() == [False, True, True, False]
    # (own views + prior 10 x everyone's share) / (own total + 10), with 6 of 8 views in gifts
    assert found.loc["a", "zone_gifts"] == pytest.approx((4 + 10 * 6 / 8) / 14)
    assert found.loc["e", "zone_gifts"] == pytest.approx(6 / 8)


@pytest.mark.slow
def test_what_came_later_changes_nothing() -> None:
    later = sales()
    known = personas.features(open_shop(sales(), as_of="2024-03-31"))
    for name, time in (("orders", "order_ts"), ("sessions", "start_ts")):
        extra = later[name].assign(**{time: pd.Timestamp("2024-04-01")})
        ids = next(column for column in ("order_id", "session_id") if column in extra)
        later[name] = pd.concat([later[name], extra.assign(**{ids: "x" + extra[ids]})])
    later["session_zones"] = pd.concat(
        [later["session_zones"], later["session_zones"].assign(session_id=lambda t: "x" + t["session_id"], views=99)]
    )
    pd.testing.assert_frame_equal(
        known, personas.features(open_shop(later, as_of="2024-12-31"), as_of="2024-03-31"), check_dtype=False
    )


@pytest.mark.slow
def test_orders_alone_are_enough() -> None:
    found = personas.features(open_shop(sales()["orders"]))
    assert found.columns.tolist() == ["orders_per_year", "average_order_value"]
    with pytest.raises(CrmlibError, match="nobody was known by 2020-01-01"):
        personas.features(open_shop(sales()["orders"]), as_of="2020-01-01")


@pytest.mark.slow
def test_orders_alone_make_cards() -> None:
    features = pd.DataFrame({"orders_per_year": [1.0, 2.0, 9.0, 8.0]})
    made = personas.cards(features, pd.Series([1, 1, 2, 2]))
    assert [card.name for card in made] == ["persona 1", "persona 2"]
    assert "persona 1" in personas.cards_html(made)


@pytest.mark.slow
def test_stages_by_hand() -> None:
    shop = open_shop(sales(), as_of="2024-03-31")
    assert personas.furthest_stage(shop).astype(str).to_dict() == {
        "a": "advocacy",  # bought twice, and would recommend
        "b": "acquisition",
        "d": "consideration",  # came twice; recommends, but never bought
        "e": "awareness",
    }
    assert personas.furthest_stage(shop, as_of="2024-02-15")["a"] == "retention"
    strict = load_policy({"personas": {"retention_orders": 3, "consideration_visits": 3, "promoter_from": 10}})
    assert personas.furthest_stage(shop, as_of="2024-02-15", policy=strict).astype(str).to_dict() == {
        **dict.fromkeys("ab", "acquisition"),
        **dict.fromkeys("de", "awareness"),
    }


def test_rare_categories_count_as_other(shop: Shop) -> None:
    few = load_policy({"personas": {"most_categories": 3}})
    counts, every = personas.category_lines(shop, policy=few), personas.category_lines(shop)
    assert counts is not None
    assert every is not None
    assert counts.shape[1] == 4
    assert counts.to_numpy().sum() == every.to_numpy().sum()
