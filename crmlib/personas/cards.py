"""Persona cards: what tells a persona from the other customers, as a table, as cards, and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError
from crmlib.personas.encoding import table as as_table
from crmlib.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Card", "cards", "cards_html", "profile"]

_LEAST_ITEMS = 2  # one column is no division of a whole
#: A trait is shown if so many of the persona have it: 300 of "1 % instead of 0.3 %" describes nobody.
_LEAST_SHARE = 0.1
_NUMBERS = 5  # on a card as HTML


@dataclass(frozen=True)
class Card:
    """A persona on a card.

    Attributes
    ----------
    persona
        Its number.
    name
        As typed by people, or else the suggested one.
    suggested
        A descriptive name from its strongest traits.
    customers, share
        How many, and the share of all.
    numbers
        feature, value, everyone, index (100 is everyone's) of every number, the one that differs most surely first.
    traits
        The strongest answers, categories and zones: feature, level, value (share of the persona), everyone, index.
    """

    persona: int
    name: str
    suggested: str
    customers: int
    share: float
    numbers: pd.DataFrame
    traits: pd.DataFrame

    def top(self, feature: str) -> str:
        """Return the persona's most usual level of a feature; empty where it is not known."""
        rows = self.traits[self.traits["feature"] == feature]
        return "" if rows.empty else str(rows["level"].iloc[int(rows["value"].argmax())])


def profile(features: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """Compare each persona with everyone, feature by feature.

    Parameters
    ----------
    features
        From `crmlib.personas.features`.
    labels
        The persona of each customer.

    Returns
    -------
    pandas.DataFrame
        persona, feature, level (empty for a number), value (mean, or share of those who answered), everyone, index
        (100 x value / everyone), strength (the difference in standard errors: how surely it is no accident).

    Examples
    --------
    >>> table = pd.DataFrame({"device": pd.Categorical(["mobile", "mobile", "desktop", "desktop"])})
    >>> profile(table, pd.Series([1, 1, 2, 2]))[["persona", "level", "value", "index"]].head(2)
       persona    level  value  index
    0        1  desktop    0.0    0.0
    1        1   mobile    1.0  200.0
    """
    names, wide = _indicators(features)
    groups = wide.groupby(labels.reindex(features.index))
    means, counts = groups.mean(), groups.count()
    everyone, spread = wide.mean(), wide.std(ddof=0)
    parts = []
    for persona in means.index:
        value = means.loc[persona]
        error = spread / np.sqrt(counts.loc[persona])
        parts.append(
            pd.DataFrame(
                {
                    "persona": persona,
                    "feature": [feature for feature, _ in names],
                    "level": [level for _, level in names],
                    "value": value,
                    "everyone": everyone,
                    "index": 100 * value / everyone.where(everyone != 0),
                    "strength": ((value - everyone) / error.where(error > 0)).fillna(0.0),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def cards(features: pd.DataFrame, labels: pd.Series, names: Mapping[int, str] | None = None) -> list[Card]:
    """Make a card for each persona.

    Parameters
    ----------
    features, labels
        As for `profile`.
    names
        Names that people chose, by number; a suggested one where there is none.

    Raises
    ------
    CrmlibError
        A name is for a persona that is not there.
    """
    table = profile(features, labels)
    there = [int(persona) for persona in table["persona"].unique()]
    unknown = sorted(set(names or {}) - set(there))
    if unknown:
        raise CrmlibError(
            f"personas: there is no persona {unknown[0]} to name; there are {', '.join(map(str, there))}."
        )
    sizes = labels.reindex(features.index).value_counts()
    shares = set(_shares(features).values())
    made = []
    for persona in there:
        own = table[table["persona"] == persona]
        numbers = own[own["level"] == ""].sort_values("strength", key=np.abs, ascending=False, kind="stable")
        traits = own[own["level"] != ""].sort_values("strength", ascending=False, kind="stable")
        suggested = _suggested(traits, shares) or f"persona {persona}"
        made.append(
            Card(
                persona,
                (names or {}).get(persona) or suggested,
                suggested,
                int(sizes[persona]),
                float(sizes[persona] / len(features)),
                numbers[["feature", "value", "everyone", "index"]].reset_index(drop=True),
                traits[["feature", "level", "value", "everyone", "index"]].reset_index(drop=True),
            )
        )
    return made


def cards_html(made: Sequence[Card], *, language: str = "en", traits: int = 5, numbers: int = _NUMBERS) -> str:
    """Return the cards as HTML that stands by itself: every text escaped, bars as text.

    Parameters
    ----------
    made
        From `cards`.
    language
        ``en`` or ``it``.
    traits
        How many of the strongest traits each card shows.
    numbers
        How many of the numbers each card shows, the strongest first.
    """
    from jinja2 import Environment

    shown = []
    for card in made:
        finite = card.numbers[np.isfinite(card.numbers["index"])].head(numbers)
        strong = _strongest(card.traits).head(traits)
        shown.append(
            {
                "name": f"{card.persona}: {card.name}",
                "suggested": card.suggested if card.suggested != card.name else "",
                "customers": f"{card.customers:,}",
                "share": f"{card.share:.0%}",
                "rows": [
                    *(
                        _row(number_name(feature, language), f"{value:.3g}", index)
                        for feature, _, value, index in _listed(finite)
                    ),
                    *(
                        _row(spoken(feature, level), f"{value:.0%}", index)
                        for feature, level, value, index in _listed(strong)
                    ),
                ],
            }
        )
    # autoescape: names are typed by people, and levels come from questionnaires
    template = Environment(autoescape=True).from_string(_TEMPLATE)
    words = {key: label(f"persona_{key}", language) for key in ("of_customers", "feature", "value", "index")}
    return template.render(cards=shown, words=words)


def _listed(table: pd.DataFrame) -> list[tuple[str, str, float, float]]:
    levels = table["level"] if "level" in table else [""] * len(table)
    return list(zip(table["feature"], levels, table["value"], table["index"], strict=True))


def _row(name: str, value: str, index: float) -> dict[str, object]:
    # a bar of text: reports and mail programs take styles away, and a block for each 25 points stays
    return {"label": name, "value": value, "index": index, "bar": "\u2588" * min(round(index / 25), 16)}


def number_name(feature: str, language: str) -> str:
    """Return a number's name as people would say it; that of an own column as it is called.

    Examples
    --------
    >>> number_name("age", "en"), number_name("basket_size", "en")
    ('Age (years)', 'basket size')
    """
    try:
        return label(f"persona_{feature}", language)
    except CrmlibError:
        return feature.replace("_", " ")


def spoken(feature: str, level: str) -> str:
    """Return a trait as people would say it.

    Examples
    --------
    >>> spoken("lifestyle", "always_out"), spoken("interests_coffee", "yes")
    ('lifestyle: always out', 'interests: coffee')
    """
    if level == "yes":
        feature, _, level = feature.partition("_")
    return f"{feature}: {level}".replace("_", " ")


def _indicators(features: pd.DataFrame) -> tuple[list[tuple[str, str]], pd.DataFrame]:
    """Return (feature, level) of each column, and the columns: one a number, one of 0 and 1 a level."""
    found: dict[tuple[str, str], pd.Series] = {}
    features = as_table(features)
    shares = _shares(features)
    for name in features.columns:
        column = features[name]
        if column.dtype.name in {"boolean", "bool"}:
            found[name, "yes"] = column.astype("Float64").astype(float)
        elif column.dtype.name == "category":
            for level in column.cat.categories:
                found[name, str(level)] = (column == level).astype(float).where(column.notna())
        else:
            number = pd.Series(column.to_numpy(dtype=float, na_value=np.nan), index=column.index)
            prefix = shares.get(name)
            found[(prefix, name.removeprefix(f"{prefix}_")) if prefix else (name, "")] = number
    return list(found), pd.concat(found.values(), axis=1, keys=range(len(found)))


def _shares(features: pd.DataFrame) -> dict[str, str]:
    """Return the columns that divide a whole, such as category_coffee, and what they divide: their rows add up to 1."""
    groups: dict[str, list[str]] = {}
    for name in map(str, features.columns):
        if name in features and features[name].dtype.kind == "f" and "_" in name:
            groups.setdefault(name.partition("_")[0], []).append(name)
    shares: dict[str, str] = {}
    for prefix, names in groups.items():
        rows = features[names].to_numpy(dtype=float, na_value=np.nan)
        rows = rows[~np.isnan(rows).any(axis=1)]
        if len(names) >= _LEAST_ITEMS and len(rows) and rows.min() >= 0 and np.allclose(rows.sum(axis=1), 1, atol=1e-6):
            shares |= dict.fromkeys(names, prefix)
    return shares


def _strongest(traits: pd.DataFrame) -> pd.DataFrame:
    return traits[(traits["value"] >= _LEAST_SHARE) & (traits["index"] > 100)]  # noqa: PLR2004 - everyone's


def _suggested(traits: pd.DataFrame, shares: set[str]) -> str:
    """Return a name of the strongest zone or category, and of the strongest answers in words: three in all."""
    strong = _strongest(traits)
    looks = strong[strong["feature"].isin(shares)].head(1)
    says = strong[~strong["feature"].isin(shares) & ~strong["level"].str.fullmatch(r"\d+\+?")]
    says = says[says["level"] != "yes"].drop_duplicates("feature")
    words = [*looks["level"], *says["level"].head(3 - len(looks))]
    return ", ".join(str(word).replace("_", " ") for word in words)


_TEMPLATE = """\
<div style="display:flex;flex-wrap:wrap;gap:14px">
{%- for card in cards %}
<section style="flex:1 1 340px;max-width:460px;border:1px solid #c3c7cd;border-radius:8px;padding:10px 14px">
<h4>{{ card.name }}</h4>
<p>{{ card.customers }} ({{ card.share }}) {{ words.of_customers }}
{%- if card.suggested %}; {{ card.suggested }}{% endif %}</p>
<table>
<thead><tr><th>{{ words.feature }}</th><th>{{ words.value }}</th><th>{{ words.index }}</th><th></th></tr></thead>
<tbody>
{%- for row in card.rows %}
<tr><td>{{ row.label }}</td><td>{{ row.value }}</td><td>{{ row.index | round(0) | int }}</td><td>{{ row.bar }}</td></tr>
{%- endfor %}
</tbody>
</table>
</section>
{%- endfor %}
</div>
"""
