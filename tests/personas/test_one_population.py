"""Customers of one kind are seldom called personas, and groups well apart are found: columns of many sorts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from crmlib import personas
from crmlib.errors import CrmlibError
from crmlib.personas.groupless import groupless

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmlib.arrays import Floats

Rng = np.random.Generator


def along(trait: Floats, weight: float, rng: Rng) -> Floats:
    """Return a column that goes with a trait of all customers, as closely as its weight says."""
    return np.asarray(weight * trait + np.sqrt(1 - weight**2) * rng.normal(size=len(trait)))


def normal(n: int, rng: Rng) -> pd.DataFrame:
    return pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))


def skewed(n: int, rng: Rng) -> pd.DataFrame:
    return pd.DataFrame(rng.lognormal(0, 1.2, (n, 4)), columns=list("abcd"))


def correlated(n: int, rng: Rng) -> pd.DataFrame:
    trait = rng.normal(size=n)
    return pd.DataFrame({name: along(trait, 0.75, rng) for name in "abcd"})


def counts(n: int, rng: Rng) -> pd.DataFrame:
    """Keen customers look, click and buy more: one kind, with a gamma of keenness."""
    keen = rng.gamma(1, 1, n)
    return pd.DataFrame({name: rng.poisson(keen * mean) for name, mean in zip("abcd", (1, 3, 5, 10), strict=True)})


def mixed(n: int, rng: Rng) -> pd.DataFrame:
    trait = rng.normal(size=n)
    place = np.digitize(along(trait, 0.6, rng), [-0.3, 1])
    return pd.DataFrame(
        {
            "a": along(trait, 0.7, rng),
            "b": np.exp(along(trait, 0.7, rng)),
            "c": pd.Categorical(np.array(["x", "y", "z"])[place]),
            "d": along(trait, 0.6, rng) > 0.4,
        }
    )


def answers(n: int, rng: Rng) -> pd.DataFrame:
    """Eight questions with yes and no, all on one trait."""
    trait = rng.normal(size=n)
    return pd.DataFrame(
        {
            f"q{i}": pd.array(rng.random(n) < 1 / (1 + np.exp(-1.2 * trait - (i - 4) / 4)), dtype="boolean")
            for i in range(8)
        }
    )


ONE_KIND: list[Callable[[int, Rng], pd.DataFrame]] = [normal, skewed, correlated, counts, mixed, answers]


def kinds(n: int, rng: Rng, k: int) -> pd.DataFrame:
    """Return customers of k kinds, three deviations apart, in numbers, amounts and answers."""
    kind = rng.choice(k, n, p=np.array([0.4, 0.3, 0.2, 0.1])[:k] / np.array([0.4, 0.3, 0.2, 0.1])[:k].sum())
    means = 3 * np.array([[0, 0, 0], [1, 1, 0], [0, 1, 1], [1, 0, 1]])[kind]
    numbers = means + rng.normal(size=(n, 3))
    said = np.where(rng.random(n) < 0.8, kind, rng.integers(0, 4, n))
    return pd.DataFrame(
        {"a": numbers[:, 0], "b": np.exp(numbers[:, 1]), "c": numbers[:, 2], "d": pd.Categorical(said.astype(str))}
    )


def alarms(made: Callable[[int, Rng], pd.DataFrame], n: int, rounds: int, seed: int, tables: int) -> float:
    """Return how often customers of one kind are called several."""
    called = [
        personas.choose(made(n, np.random.default_rng([seed, number])), [2, 3], repeats=1, groupless=tables).recommended
        for number in range(rounds)
    ]
    return float(np.mean([k > 1 for k in called]))


@pytest.mark.slow
def test_customers_of_one_kind_are_seldom_called_personas() -> None:
    """Before, traits that go together made personas in half of the small tables and in all of the large ones."""
    found = {made.__name__: alarms(made, 120, 5, seed=20, tables=5) for made in ONE_KIND}
    assert sum(found.values()) * 5 <= 3, found  # of 30, of which 1.5 are to be expected


@pytest.mark.full
@pytest.mark.parametrize("n", [50, 500])
def test_false_alarms_over_the_grid(n: int) -> None:
    found = {made.__name__: alarms(made, n, 12, seed=21, tables=5) for made in ONE_KIND}
    assert sum(found.values()) * 12 <= 8, found  # of 72: more have a chance of 1 in 60 at 5 %


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 3, 4])
def test_groups_well_apart_are_found(k: int) -> None:
    for seed in range(2):
        table = kinds(300, np.random.default_rng([k, seed]), k)
        assert personas.choose(table, range(2, 6), repeats=1).recommended == k


@pytest.mark.slow
def test_what_cannot_be_told_is_said() -> None:
    gradient = personas.choose(correlated(200, np.random.default_rng(1)), [2, 3], repeats=1, groupless=5)
    assert gradient.recommended == 1
    assert "traits go together, but customers of one kind" in gradient.notes[0]
    nothing = personas.choose(normal(200, np.random.default_rng(1)), [2, 3], repeats=1, groupless=5)
    assert "nothing that tells customers apart goes together" in nothing.notes[0]
    unchecked = personas.choose(correlated(200, np.random.default_rng(1)), [2, 3], repeats=1, groupless=0)
    assert unchecked.recommended > 1
    assert any("not held against tables without groups" in note for note in unchecked.notes)
    with pytest.raises(CrmlibError, match="groupless=2: the range of tables needs 5"):
        personas.choose(gradient, groupless=2)


def test_a_table_without_groups_keeps_columns_gaps_and_pairs() -> None:
    rng = np.random.default_rng(2)
    table = mixed(2_000, rng).assign(
        e=pd.array(rng.poisson(2, 2_000), dtype="Int64"),
        f=lambda t: t["a"].where(rng.random(2_000) < 0.7),
        g=1.0,
        h=lambda t: pd.Categorical(np.digitize(t["a"], [-1, 1]).astype(str), ordered=True),
    )
    table.loc[::9, "c"] = None
    one, other = groupless(table, tables=2, seed=3)
    for drawn in (one, other):
        assert drawn.dtypes.equals(table.dtypes)
        assert drawn.isna().equals(table.isna())
        assert drawn.index.equals(table.index)
        for name in table:
            assert sorted(drawn[name].dropna()) == sorted(table[name].dropna())
    numbers = ["a", "b", "d", "e", "f", "h"]
    wanted, found = (
        frame[numbers].assign(h=frame["h"].cat.codes).astype(float).corr(method="spearman") for frame in (table, one)
    )
    np.testing.assert_allclose(found, wanted, atol=0.07)
    by_level = [frame.groupby("c", observed=True)["a"].mean() for frame in (table, one)]
    np.testing.assert_allclose(by_level[1], by_level[0], atol=0.2)
    assert not one.equals(other)
    assert one.equals(groupless(table, tables=1, seed=3)[0])
