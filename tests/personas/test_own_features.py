"""Personas of an analyst's own features: kinds and scales are stated or follow from values, never from names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlib import personas
from crmlib.errors import SchemaError


def wine() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Series]:
    """The wines of scikit-learn: their measures, the measures by thirds, some of each, and the three cultivars."""
    from sklearn.datasets import load_wine

    data = load_wine(as_frame=True)
    thirds = data.data.apply(lambda column: pd.qcut(column, 3, labels=list("abc")).astype("str").astype("category"))
    mixed = pd.concat([data.data.iloc[:, :7], thirds.iloc[:, 7:]], axis=1)
    return data.data, thirds, mixed, data.target


@pytest.mark.slow
def test_wines_are_told_apart() -> None:
    numbers, thirds, mixed, cultivar = wine()
    for features, floor in ((numbers, 0.88), (thirds, 0.83), (mixed, 0.83)):
        assert personas.agreement(personas.fit(features, 3).labels, cultivar) >= floor
        choice = personas.choose(features, range(2, 5), repeats=2, groupless=5)
        assert choice.recommended == 3
        choice = choice.set_index("k")
        assert choice["criterion"].idxmin() == choice["stability"].idxmax() == 3
    assert personas.agreement(personas.fit(mixed, 3, "k-prototypes").labels, cultivar) >= 0.7


def buyers() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(1)
    kind = np.repeat([0, 1], 300)
    spend = np.exp(rng.normal(np.where(kind, 5, 2.5), 0.8))
    return pd.DataFrame({"spend": spend, "orders": np.exp(rng.normal(np.where(kind, 2, 0.7), 0.5))}), kind


@pytest.mark.slow
def test_names_of_columns_mean_nothing() -> None:
    features, kind = buyers()
    expected = personas.fit(features, 2).labels
    assert personas.agreement(expected, pd.Series(kind)) == pytest.approx(0.909, abs=0.001)
    for names in (["average_order_value", "orders_per_year"], ["category_a", "zone_b"], ["x", "y"], [0, 1]):
        assert personas.fit(features.set_axis(names, axis=1), 2).labels.equals(expected)
    assert [number.scale for number in personas.fit(features, 2).encoding.numbers] == ["log", "log"]
    plain = personas.fit(features, 2, scale=dict.fromkeys(map(str, features.columns), "linear"))
    assert personas.agreement(plain.labels, pd.Series(kind)) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("factor", [0.01, 1.0, 100.0, 1e5])
def test_the_unit_of_money_hardly_matters(factor: float) -> None:
    features, kind = buyers()
    assert personas.agreement(personas.fit(features * factor, 2).labels, pd.Series(kind)) > 0.8


def test_values_below_nought_are_not_cut_off() -> None:
    values = np.r_[np.full(50, -30.0), np.full(50, -1.0)] + np.random.default_rng(0).normal(0, 0.1, 100)
    for name in ("category_margin", "average_order_value", "margin"):
        assert personas.fit(pd.DataFrame({name: values}), 2).labels.value_counts().tolist() == [50, 50]
    with pytest.raises(SchemaError, match=r"column 'margin', row 0: -29\.9874 is below 0.*its logarithm"):
        personas.fit(pd.DataFrame({"margin": values}), 2, scale={"margin": "log"})
    found = personas.fit(buyers()[0], 2)
    with pytest.raises(SchemaError, match="column 'spend', row 'new': -5 is below 0"):
        found.assign(pd.DataFrame({"spend": [-5.0], "orders": [1.0]}, index=["new"]))


def test_kinds_and_scales_that_cannot_be_are_named() -> None:
    features, _ = buyers()
    counts = features.assign(n=np.arange(600), m=pd.array([*range(599), None], dtype="Int64"), same=1, empty=np.nan)
    found = personas.fit(counts, 2)
    assert found.encoding.left_out == ("same", "empty")
    assert "Left out, empty or the same for everyone: same, empty." in repr(found)
    with pytest.raises(SchemaError, match="expected a DataFrame, got ndarray"):
        personas.fit(features.to_numpy(), 2)  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="column 'spend', row 7: inf is no number"):
        personas.fit(features.assign(spend=features["spend"].where(features.index != 7, np.inf)), 2)
    with pytest.raises(SchemaError, match="two columns are called 'spend'"):
        personas.fit(pd.concat([features, features[["spend"]]], axis=1), 2)
    with pytest.raises(SchemaError, match=r"no column 'spent'.*Did you mean 'spend'"):
        personas.fit(features, 2, scale={"spent": "log"})
    with pytest.raises(SchemaError, match="'spend' is 'logs'"):
        personas.fit(features, 2, scale={"spend": "logs"})


@pytest.mark.slow
def test_cards_of_own_features_show_every_number_the_surest_first() -> None:
    numbers, _, _, cultivar = wine()
    made = personas.cards(numbers, cultivar + 1)
    for card in made:
        assert set(card.numbers["feature"]) == set(numbers)
        strength = personas.profile(numbers, cultivar + 1).query("persona == @card.persona")["strength"].abs()
        first = personas.profile(numbers, cultivar + 1)["feature"].iloc[int(strength.to_numpy().argmax())]
        assert card.numbers["feature"].iloc[0] == first
    html = personas.cards_html(made)
    assert "malic acid" in html or "flavanoids" in html
    own = pd.DataFrame({"category_margin": [1.0, 2.0, 30.0, 40.0], "zone_visits": [1, 2, 3, 4]})
    assert set(personas.cards(own, pd.Series([1, 1, 2, 2]))[0].numbers["feature"]) == set(own)
