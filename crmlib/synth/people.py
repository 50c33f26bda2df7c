"""Who the customers are: demographic and psychographic answers that lean with the persona, some left blank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.synth import columns
from crmlib.synth.chance import choose

if TYPE_CHECKING:
    import datetime as dt

    from crmlib.arrays import Bools, Ints
    from crmlib.synth.parameters import ShopParameters


__all__ = ["ANSWERS", "People", "draw_people", "profile_columns"]

LIKERT = ("1", "2", "3", "4", "5")
ANSWERS: dict[str, tuple[str, ...]] = {
    "interests": ("coffee", "cooking", "interiors", "reading", "fashion", "travel", "family", "technology"),
    "lifestyle": ("home_centred", "family_first", "design_minded", "smart_saver", "always_out"),
    "values": ("thrift", "quality", "beauty", "sustainability", "generosity"),
    "personality": ("methodical", "creative", "warm", "practical", "independent"),
    "occupation": (
        "employee",
        "professional",
        "self_employed",
        "student",
        "homemaker",
        "retired",
        "unemployed",
    ),
    "income_band": ("under_15k", "15k_25k", "25k_40k", "40k_70k", "over_70k"),
    "household_size": ("1", "2", "3", "4", "5"),
    "price_importance": LIKERT,
    "quality_importance": LIKERT,
    "novelty_importance": LIKERT,
    "sustainability_importance": LIKERT,
    "acquisition_channel": (
        "search",
        "social",
        "marketplace",
        "event",
        "word_of_mouth",
        "newsletter_partner",
    ),
    "preferred_channel": ("email", "sms", "whatsapp", "phone"),
    "device": ("desktop", "mobile", "tablet"),
}
"""The options of every profile field; a persona's weights are in the same order."""

_NUMERIC = frozenset({"household_size", *(name for name in ANSWERS if name.endswith("_importance"))})
_PSYCHOGRAPHIC = ("lifestyle", "values", "personality", "price_importance", "quality_importance",
                  "novelty_importance", "sustainability_importance")  # fmt: skip
# Chance that a single answer is left blank; on top of it, about half never filled in the questionnaire.
_BLANK = {"occupation": 0.22, "income_band": 0.38, "household_size": 0.25, "gender": 0.10, "birth_year": 0.15,
          "preferred_channel": 0.20}  # fmt: skip
_BLANK_LIKERT = 0.06
_QUESTIONNAIRE = -0.05  # log-odds of filling it in; more for those who agree to marketing
_ENGLISH = 0.07  # customers who use the shop in English


@dataclass(frozen=True)
class People:
    """Profiles of a block; codes into `ANSWERS`, true values without blanks."""

    persona: Ints
    woman: Bools
    english: Bools
    birth_year: Ints
    codes: dict[str, Ints]
    interests: Bools  # person x interest

    def __len__(self) -> int:
        return len(self.persona)


def draw_people(rng: np.random.Generator, parameters: ShopParameters, persona: Ints, until: dt.date) -> People:
    """Draw the profiles of people of given personas."""
    personas = parameters.personas
    size = len(persona)
    age_mean = np.array([one.age[0] for one in personas])[persona]
    age_spread = np.array([one.age[1] for one in personas])[persona]
    age = np.clip(rng.normal(age_mean, age_spread), 18, 88).astype(np.int64)
    woman = rng.random(size) < np.array([one.women for one in personas])[persona]
    english = rng.random(size) < _ENGLISH
    codes = {
        name: choose(rng, np.array([one.profile[name] for one in personas], dtype=np.float64), persona)
        for name in ANSWERS
        if name != "interests"
    }
    likes = np.array([one.profile["interests"] for one in personas], dtype=np.float64) / 100
    interests = rng.random((size, likes.shape[1])) < likes[persona]
    return People(persona, woman, english, until.year - age, codes, interests)


def profile_columns(rng: np.random.Generator, people: People, dirt: float, consents: Bools) -> dict[str, Any]:
    """Return the profile fields as the shop has them: with blanks, and a little dirt."""
    size = len(people)
    blank = {name: rng.random(size) < share for name, share in _BLANK.items()}
    answered = rng.random(size) < 1 / (1 + np.exp(-(_QUESTIONNAIRE + 0.6 * consents)))
    # 1900 is the form's default, left as it was.
    year = np.where(rng.random(size) < 0.012 * dirt, 1900, people.birth_year)
    # 0 F, 1 M, then what older forms let people type
    gender = np.where(people.woman, 0, 1) + np.where(rng.random(size) < 0.03 * dirt, 2, 0)
    table: dict[str, Any] = {
        "gender": columns.labels(("F", "M", "Femmina", "maschio"), np.where(blank["gender"], -1, gender)),
        "birth_year": columns.numbers(year, blank["birth_year"]),
    }
    for name, codes in people.codes.items():
        missing = blank.get(name, np.zeros(size, dtype=np.bool_))
        if name in _PSYCHOGRAPHIC:
            missing = ~answered | (rng.random(size) < _BLANK_LIKERT)
        if name in _NUMERIC:
            table[name] = columns.numbers(codes + 1, missing)
        else:
            table[name] = columns.labels(ANSWERS[name], np.where(missing, -1, codes))
    table["interests"] = _joined(people.interests, answered)
    return table


def _joined(chosen: Bools, answered: Bools) -> Any:
    """Write a set of interests as one text, ``coffee|family``; null without a questionnaire or without any."""
    options = ANSWERS["interests"]
    code = chosen @ (1 << np.arange(len(options)))
    pool = [
        "|".join(option for bit, option in enumerate(options) if number >> bit & 1)
        for number in range(1 << len(options))
    ]
    return columns.labels(pool, np.where(answered & (code > 0), code, -1))
