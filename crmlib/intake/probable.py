"""Pairs of records that are probably one person: Fellegi-Sunter by splink, its weights learnt from the archive.

How often two people agree by chance (u) is counted on pairs drawn from the archive, and for equal values by their own
frequencies, so that a rare name counts for more than a frequent one. How often one person's fields agree (m) is
estimated by expectation maximisation (EM), as far as the archive has pairs to learn from; where it has few, the
values of `LEVELS` weigh more. How many pairs are one person (the prior) is the number for which the probabilities add
up to itself. The draw is seeded, so two runs agree.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from crmlib.engine import DuckDB
from crmlib.intake.comparing import LEVELS, blocks, compared, null, solid

if TYPE_CHECKING:
    from crmlib.arrays import Floats

__all__ = ["Scored", "probable_pairs"]

_DRAWN = 2_000_000  # pairs from which chance agreement is counted
_TRAINED = 1_000_000  # pairs of one round of EM
_SEED = 1
#: What `LEVELS` counts for, in pairs, against what the archive says.
_MATCHES, _CHANCES = 50.0, 2_000.0
#: Fields that agree in a round of EM; the others are estimated in it.
_ROUNDS = (("given", "family"), ("postcode", "city"), ("family", "postcode"), ("given", "postcode"), ("family", "city"),
           ("given", "city"), ("birth_date",), ("street",), ("email",), ("phone",))  # fmt: skip
_ITERATIONS = 10  # of a round; more drive levels that no pair has below what a float holds
_FEWEST = 30.0  # pairs of one person from which a round of EM is worth it
_SMALL = 100  # records from which a value's own frequency says more than `LEVELS`
#: No archive is taken to hold more duplicates than that: a small one, where chance is not learnt, fewer.
_MOST_LIKELY, _MOST_LIKELY_OF_FEW = 0.01, 0.002
#: No name is rarer than this among those whom its bearer is compared with: names keep company (English ones with
#: English ones), so two people who share a rare family name share a rare given name more often than by chance.
_RAREST = {"given": 0.002, "family": 0.0003}


class Scored(NamedTuple):
    """Pairs that were looked at.

    Attributes
    ----------
    pairs
        left, right, probability; the likeliest first, in an order that does not depend on the rows'.
    matches
        How many pairs are one person, as the probabilities add up.
    """

    pairs: pd.DataFrame
    matches: float


class _Model(NamedTuple):
    """What the archive says of one comparison, level by level."""

    match: list[float]
    chance: list[float]


def probable_pairs(table: pd.DataFrame, *, least: float) -> Scored:
    """Score the pairs of records that could be one person.

    Parameters
    ----------
    table
        Records.
    least
        Probability from which a pair is returned.
    """
    table = solid(table)
    accounts = int(table["account"].sum())
    pairs = _pairs(len(table)) - _pairs(accounts)
    names, rules = compared(table), blocks(table)
    if pairs < 1 or not names or not rules:
        return Scored(_frame([], [], np.zeros(0)), 0.0)
    engine = DuckDB()
    try:
        scored, matches = _scored(engine, table, names, rules, pairs)
    finally:
        engine.connection.close()
    likely = scored[scored["probability"] >= least]
    return Scored(_frame(list(likely["left"]), list(likely["right"]), likely["probability"].to_numpy()), matches)


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _frame(left: list[str], right: list[str], probability: Floats) -> pd.DataFrame:
    frame = pd.DataFrame({"left": left, "right": right, "probability": probability.round(6)})
    frame = frame.astype({"left": "str", "right": "str", "probability": "float64"})
    return frame.sort_values(["probability", "left", "right"], ascending=[False, True, True], ignore_index=True)


def _scored(
    engine: DuckDB, table: pd.DataFrame, names: list[str], rules: list[str], pairs: int
) -> tuple[pd.DataFrame, float]:
    """Return the pairs with their probabilities, and how many of them are one person."""
    from splink import DuckDBAPI, Linker, SettingsCreator
    from splink.blocking_rule_library import CustomRule

    records = table.drop(columns=["turned"]).sort_values("record_id", ignore_index=True)
    source = DuckDBAPI(connection=engine.connection).register(records, dataset_display_name="records")

    def linker(models: dict[str, _Model], prior: float) -> Any:
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record_id",
            probability_two_random_records_match=prior,
            comparisons=[_comparison(name, models[name], frequencies=len(table) >= _SMALL) for name in names],
            # two accounts are never one person to us, so their pairs are left out
            blocking_rules_to_generate_predictions=[CustomRule(f"{rule} and not (l.account and r.account)")
                                                    for rule in rules],
            retain_matching_columns=False,
            linker_uid="crmlib",
            max_iterations=_ITERATIONS,
        )  # fmt: skip
        return Linker(source, settings, log_level=logging.ERROR)

    first = {
        name: _Model([level.match for level in LEVELS[name]], [level.chance for level in LEVELS[name]])
        for name in names
    }
    most = _MOST_LIKELY if len(table) >= _SMALL else _MOST_LIKELY_OF_FEW
    start = min(1.0 / pairs, most)
    models, sample, chances = first, min(pairs, _DRAWN), {}
    if pairs > _CHANCES:
        drawn = linker(first, start)
        drawn.training.estimate_u_using_random_sampling(
            max_pairs=_DRAWN, seed=_SEED, min_count_per_level=None, num_chunks=1
        )
        chances = _trained(drawn, "u")
        models = {name: _counted(name, model, chances[name], sample) for name, model in first.items()}
    scored, matches = _predicted(linker(models, start), start, pairs, most)
    learning = linker(models, min(max(matches / pairs, start), most))
    if _rounds(learning, table, names, scored, matches):
        weight = matches / (matches + _MATCHES)
        learnt = _trained(learning, "m")
        models = {
            name: model._replace(match=_mixed(learnt[name], model.match, weight)) for name, model in models.items()
        }
        if chances:
            drawn_matches = matches * sample / pairs
            models = {
                name: _counted(name, model, chances[name], sample, drawn_matches) for name, model in models.items()
            }
        scored, matches = _predicted(linker(models, start), start, pairs, most)
    return scored, matches


def _comparison(name: str, model: _Model, *, frequencies: bool) -> Any:
    from splink.comparison_level_library import CustomLevel, ElseLevel
    from splink.comparison_library import CustomComparison

    levels: list[Any] = [CustomLevel(null(name)).configure(is_null_level=True)]
    for level, match, chance in zip(LEVELS[name], model.match, model.chance, strict=True):
        row = ElseLevel() if level.condition == "else" else CustomLevel(level.condition)
        row.configure(m_probability=match, u_probability=chance)
        if level.frequencies is not None and frequencies:
            row.configure(tf_adjustment_column=level.frequencies)
            row.configure(tf_minimum_u_value=_RAREST.get(level.frequencies))
        levels.append(row)
    return CustomComparison(levels, output_column_name=name)


def _trained(linker: Any, which: str) -> dict[str, list[float]]:
    """Return what a linker has learnt, rounded so that the order of its sums does not show."""
    model = linker.misc.save_model_to_json()
    learnt = {}
    for comparison in model["comparisons"]:
        name = comparison["output_column_name"]
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        learnt[name] = [
            round(value, 9) if isinstance(value := level.get(f"{which}_probability"), float) else 0.0
            for level in levels
        ]
    return learnt


def _mixed(ours: list[float], theirs: list[float], weight: float) -> list[float]:
    mixed = [weight * one + (1 - weight) * other for one, other in zip(ours, theirs, strict=True)]
    return [value / sum(mixed) for value in mixed]


def _counted(name: str, model: _Model, drawn: list[float], sample: int, matches: float = 0.0) -> _Model:
    """Take what was drawn for chance, less the pairs of one person in it, and let `LEVELS` count for a few pairs."""
    counts = [
        max(share * sample - match * matches, 0.0) + level.chance * _CHANCES
        for share, match, level in zip(drawn, model.match, LEVELS[name], strict=True)
    ]
    return model._replace(chance=[count / sum(counts) for count in counts])


def _predicted(linker: Any, start: float, pairs: int, most: float) -> tuple[pd.DataFrame, float]:
    """Score the pairs under the prior for which their probabilities add up to it."""
    predicted = linker.inference.predict(warning_mode="never").as_pandas_dataframe()
    scored = predicted.rename(columns={"record_id_l": "left", "record_id_r": "right"})[
        ["left", "right", "match_weight"]
    ]
    scored = scored.sort_values(["left", "right"], ignore_index=True)
    weight = scored["match_weight"].to_numpy(dtype="float64") - np.log2(start / (1 - start))
    prior = start
    for _ in range(200):
        probability = _probability(weight, prior)
        after = min(max((float(probability.sum()) + 1.0) / pairs, 1.0 / pairs), most)
        settled = abs(after - prior) < 1e-4 * prior
        prior = after
        if settled:
            break
    scored["probability"] = _probability(weight, prior)
    return scored, float(scored["probability"].sum())


def _probability(weight: Floats, prior: float) -> Floats:
    odds = np.clip(weight + np.log2(prior / (1 - prior)), -300, 300)
    probability: Floats = 1 / (1 + np.exp2(-odds))
    return probability


def _rounds(linker: Any, table: pd.DataFrame, names: list[str], scored: pd.DataFrame, matches: float) -> bool:
    """Run EM where fields agree in which enough likely pairs do; return whether it ran."""
    from splink import block_on
    from splink.internals.exceptions import SplinkException

    if matches < _FEWEST:
        return False
    likely = scored[scored["probability"] > 0.5]  # noqa: PLR2004 - likelier one person than two
    rows = table.set_index("record_id")
    left, right = rows.loc[likely["left"]], rows.loc[likely["right"]]
    ran = False
    learnt: set[str] = set()
    for fields in _ROUNDS:
        own = {"place" if field in {"postcode", "city"} else field for field in fields}
        if set(names) - own <= learnt or not all(rows[field].notna().any() for field in fields):
            continue
        agree = np.ones(len(likely), dtype=bool)
        for field in fields:
            agree &= (left[field].to_numpy() == right[field].to_numpy()) & left[field].notna().to_numpy()
        if agree.sum() < _FEWEST:
            continue
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*fields), estimate_without_term_frequencies=True, max_pairs=_TRAINED
            )
        except (ValueError, SplinkException):
            continue  # nothing to learn where these fields agree; the next round, or `LEVELS`, says it
        learnt |= set(names) - own
        ran = True
    return ran
