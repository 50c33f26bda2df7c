"""Personas from data: groups of customers who are alike in what they say, buy and look at.

>>> import pandas as pd
>>> from crmlib import personas
>>> table = pd.DataFrame({"orders_per_year": [1.0, 1.2, 0.9, 9.0, 9.5], "device": pd.Categorical(list("mmmdd"))})
>>> found = personas.fit(table, 2, "k-prototypes")
>>> found.labels.tolist()
[1, 1, 1, 2, 2]
"""

from __future__ import annotations

from crmlib.personas.cards import Card, cards, cards_html, profile
from crmlib.personas.choice import Choice, agreement, choose, shuffled, stability
from crmlib.personas.features import category_lines, features, visits, zone_views
from crmlib.personas.model import METHODS, Method, Personas, fit, load
from crmlib.personas.stages import STAGES, affinity, furthest_stage, recommendations

__all__ = [
    "METHODS",
    "STAGES",
    "Card",
    "Choice",
    "Method",
    "Personas",
    "affinity",
    "agreement",
    "cards",
    "cards_html",
    "category_lines",
    "choose",
    "features",
    "fit",
    "furthest_stage",
    "load",
    "profile",
    "recommendations",
    "shuffled",
    "stability",
    "visits",
    "zone_views",
]
