"""Pairs of records that are probably one person though they share neither mailbox nor phone: Fellegi-Sunter by splink.

How often one person's fields agree (m) is known well enough from the practice of record linkage to stand here. How
often those of two people agree by chance (u) depends on the archive: for equal values it is read off their
frequencies, and a rare name counts for more than a frequent one. Nothing is sampled, so two runs agree.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from crmlib.engine import DuckDB

__all__ = ["probable_pairs"]

#: Of the pairs that are one person, exact keys find this share, or so.
_FOUND_BY_KEYS = 0.7
#: Levels of agreement, the closest first: SQL; m; u, or the column whose frequencies give it.
_LEVELS: dict[str, tuple[tuple[str, float, float | str], ...]] = {
    "given": (
        ("given_l = given_r", 0.84, "given"),
        ("list_has_any(forms_l, forms_r)", 0.09, 0.005),
        ("abs(length(given_l) - length(given_r)) < 2 and damerau_levenshtein(given_l, given_r) < 2", 0.04, 0.004),
        ("else", 0.03, 0.98),
    ),
    "family": (
        ("family_l = family_r", 0.90, "family"),
        ("abs(length(family_l) - length(family_r)) < 2 and damerau_levenshtein(family_l, family_r) < 2", 0.07, 0.001),
        ("else", 0.03, 0.99),
    ),
    "email": (
        ("email_l = email_r", 0.80, "email"),
        ("local_l = local_r and regexp_matches(local_l, '[0-9]')", 0.02, 0.001),
        (
            "provider_l = provider_r and damerau_levenshtein(local_l, local_r) < 2",
            0.03,
            0.0005,
        ),
        ("else", 0.15, 0.999),
    ),
    "phone": (
        ("phone_l = phone_r", 0.90, "phone"),
        ("abs(length(phone_l) - length(phone_r)) < 2 and damerau_levenshtein(phone_l, phone_r) < 2", 0.02, 0.00001),
        ("else", 0.08, 0.999),
    ),
    "place": (
        ("postcode_l = postcode_r", 0.60, "postcode"),
        ("city_l = city_r", 0.30, "city"),
        ("else", 0.10, 0.97),
    ),
}
#: No name is rarer than this among those whom its bearer is compared with: names keep company (English ones with
#: English ones), so two people who share a rare family name share a rare given name more often than by chance.
_RAREST = {"given": 0.003, "family": 0.0003}
#: Pairs that agree in one of these are looked at, all others are taken for two people.
_BLOCKS = (
    "l.family = r.family and substr(l.given, 1, 1) = substr(r.given, 1, 1)",
    "l.given = r.given and substr(l.family, 1, 3) = substr(r.family, 1, 3)",
    "l.family = r.family and l.postcode = r.postcode",
    "l.given = r.given and l.postcode = r.postcode",
    "l.local = r.local",
    "l.phone = r.phone",
)
_NULLS = {"place": "(postcode_l is null or postcode_r is null) and (city_l is null or city_r is null)"}


def probable_pairs(table: pd.DataFrame, *, found: int, least: float) -> pd.DataFrame:
    """Score the pairs of records that could be one person.

    Parameters
    ----------
    table
        Records.
    found
        How many pairs the exact keys have joined: from it follows how likely any two records are one person.
    least
        Probability from which a pair is returned.

    Returns
    -------
    pandas.DataFrame
        left, right, probability; the likeliest first, in an order that does not depend on the rows'.
    """
    from splink import DuckDBAPI, Linker, SettingsCreator

    size = len(table)
    pairs = size * (size - 1) / 2
    prior = min(max((found + 1) / _FOUND_BY_KEYS / max(pairs, 1), 1e-9), 0.01)
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        probability_two_random_records_match=prior,
        comparisons=_comparisons(table),
        blocking_rules_to_generate_predictions=_rules(),
        retain_matching_columns=False,
        linker_uid="crmlib",
    )
    if size < 2:  # noqa: PLR2004 - nobody to compare with
        return pd.DataFrame({"left": [], "right": [], "probability": []})
    engine = DuckDB()
    api = DuckDBAPI(connection=engine.connection)
    records = table.sort_values("record_id", ignore_index=True)
    linker = Linker(api.register(records, dataset_display_name="records"), settings, log_level=None)
    predicted: Any = linker.inference.predict(threshold_match_probability=least, warning_mode="never")
    scored = predicted.as_pandas_dataframe()
    engine.connection.close()
    scored = scored.rename(columns={"record_id_l": "left", "record_id_r": "right", "match_probability": "probability"})
    scored["probability"] = scored["probability"].round(6)
    order = ["probability", "left", "right"]
    scored = scored[["left", "right", "probability"]]
    ordered: pd.DataFrame = scored.sort_values(order, ascending=[False, True, True], ignore_index=True)
    return ordered


def _rules() -> list[Any]:
    """Return which pairs are looked at; two accounts are never one person to us, so their pairs are left out."""
    from splink.blocking_rule_library import CustomRule

    return [CustomRule(f"{rule} and not (l.account and r.account)") for rule in _BLOCKS]


def _comparisons(table: pd.DataFrame) -> list[Any]:
    from splink.comparison_level_library import CustomLevel, ElseLevel
    from splink.comparison_library import CustomComparison

    comparisons = []
    for name, levels in _LEVELS.items():
        null = _NULLS.get(name, f"{name}_l is null or {name}_r is null")
        made: list[Any] = [CustomLevel(null).configure(is_null_level=True)]
        for condition, m, u in levels:
            level = ElseLevel() if condition == "else" else CustomLevel(condition)
            if isinstance(u, float):
                level.configure(m_probability=m, u_probability=u)
            else:
                level.configure(m_probability=m, u_probability=_agreement(table[u]), tf_adjustment_column=u)
                level.configure(tf_minimum_u_value=_RAREST.get(u))
            made.append(level)
        comparisons.append(CustomComparison(made, output_column_name=name))
    return comparisons


def _agreement(column: pd.Series[str]) -> float:
    """Return how likely two records that have a value have the same one."""
    share = column.value_counts(normalize=True)
    return min(max(float((share**2).sum()), 1e-6), 0.99)
