"""What moves the score, and what people write: known effects come back, hostile input is named."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from crmlib import surveys
from crmlib.errors import CrmlibError, ModelError, ModelWarning, SchemaError
from crmlib.surveys.comments import stop_words
from crmlib.surveys.words import Terms

if TYPE_CHECKING:
    import crmlib


def world(seed: int, customers: int = 600, each: int = 2) -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    """Late costs 2 marks, a slow reply 1, a quick one nothing; each customer has a mood of their own."""
    rng = np.random.default_rng(seed)
    size = customers * each
    who = np.repeat(np.arange(customers), each)
    late = rng.random(size) < 0.2
    reply = pd.Categorical(rng.choice(["none", "quick", "slow"], size, p=[0.7, 0.2, 0.1]))
    mood = np.repeat(rng.normal(0, 1, customers), each)
    marks = 8 - 2.0 * late - 1.0 * (reply == "slow") + mood + rng.normal(0, 1, size)
    return np.round(marks), pd.DataFrame({"late": late, "reply": reply}), who


@pytest.mark.slow
def test_known_effects_come_back_within_their_intervals() -> None:
    names = ["late", "reply: slow", "reply: quick"]
    truth = np.array([-2.0, -1.0, 0.0])
    inside = []
    for seed in range(40):
        marks, factors, who = world(seed)
        table: Any = surveys.drivers(marks, factors, customers=who).loc[names]
        inside.append((table["low"] <= truth) & (truth <= table["high"]))
    assert np.mean(inside) >= 0.9


def test_what_pulls_down_most_stands_first() -> None:
    marks, factors, who = world(1)
    table: Any = surveys.drivers(marks, factors, customers=who)
    assert table.index[0] == "late"
    assert table.loc["late", "at_stake"] == pytest.approx(table.loc["late", "estimate"] * factors["late"].mean())
    assert table.loc["late", "n"] == factors["late"].sum()


def test_answers_of_one_customer_are_not_independent() -> None:
    """A factor that belongs to the customer: taking each answer for news makes the interval too narrow."""
    rng = np.random.default_rng(2)
    who = np.repeat(np.arange(150), 6)
    card = pd.DataFrame({"card": np.repeat(rng.random(150) < 0.5, 6)})
    marks = 7 + np.repeat(rng.normal(0, 2, 150), 6) + rng.normal(0, 0.5, 900)
    wide, narrow = surveys.drivers(marks, card, customers=who), surveys.drivers(marks, card)
    assert (wide["high"] - wide["low"]).iloc[0] > 2 * (narrow["high"] - narrow["low"]).iloc[0]


@pytest.mark.slow
def test_the_ordinal_model_agrees_on_signs_and_order() -> None:
    marks, factors, who = world(3)
    linear = surveys.drivers(marks, factors, customers=who)
    ordinal: Any = surveys.drivers(marks, factors, customers=who, model="ordinal")
    assert ordinal.loc["late", "high"] < 0
    assert ordinal.loc["reply: slow", "high"] < 0
    assert linear.index.tolist()[:2] == ordinal.index.tolist()[:2]


def test_a_missing_level_is_one_of_its_own_and_has_no_share() -> None:
    marks, factors, _ = world(4)
    half = np.arange(len(marks)) % 2 == 0
    factors["reply"] = factors["reply"].where(half)
    table: Any = surveys.drivers(marks, factors)
    assert table.loc["reply: no answer", "n"] == (~half).sum()
    assert np.isnan(table.loc["reply: no answer", "share"])
    assert table.loc["reply: slow", "share"] == pytest.approx((factors["reply"] == "slow").sum() / half.sum())


def test_rare_levels_stay_in_the_model_and_out_of_the_table() -> None:
    marks, factors, _ = world(5)
    factors["rare"] = np.arange(len(marks)) < 4
    assert "rare" not in surveys.drivers(marks, factors).index
    with pytest.warns(ModelWarning, match=r"rare \(4 answers have it\)"):
        assert "rare" in surveys.drivers(marks, factors, fewest=1).index


def test_bad_input_for_drivers() -> None:
    marks, factors, _ = world(6, customers=30)
    with pytest.raises(ModelError, match="'again' always goes with"):
        surveys.drivers(marks, factors.assign(again=factors["late"]))
    with pytest.raises(ModelError, match="too few for 3 factors"):
        surveys.drivers(marks[:5], factors.iloc[:5].assign(late=[True, False] * 2 + [True], reply=list("abcab")))
    with pytest.raises(ModelError, match="1 different"):
        surveys.drivers([9] * len(marks), factors)
    with pytest.raises(ModelError, match="no factor differs"):
        surveys.drivers(marks, pd.DataFrame({"x": [1.0] * len(marks)}))
    with pytest.raises(SchemaError, match="Give one for each"):
        surveys.drivers(marks[:3], factors)
    with pytest.raises(SchemaError, match="row 1, column 'x': there is no number"):
        surveys.drivers(marks, pd.DataFrame({"x": [1.0, np.nan] * (len(marks) // 2)}))
    with pytest.raises(CrmlibError, match="is not known"):
        surveys.drivers(marks, factors, model="tree")  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::crmlib.errors.ModelWarning")  # twelve customers have a level
def test_drivers_of_the_simulated_shop_are_those_that_were_put_in(shop: crmlib.Shop, sent: pd.DataFrame) -> None:
    """Late deliveries and slow replies hurt, quick replies do not: see crmlib.synth.parameters.Service."""
    factors = surveys.experience(shop, sent)
    table: Any = surveys.drivers(sent["score"], factors, customers=sent["customer_id"])
    for name in ("csat_delivery: unsatisfied", "request_delivery", "request: slow reply", "returned"):
        assert table.loc[name, "high"] < 0, name
    assert table.loc["request: quick reply", "estimate"] > table.loc["request: slow reply", "high"]
    assert table.index[0] == "csat_delivery: unsatisfied"
    of_all = surveys.drivers(sent["true_score"], factors, customers=sent["customer_id"])
    known = table.index.intersection(of_all.index[of_all["share"].notna()])
    of_all, table = of_all.loc[known], table.loc[known]
    assert ((table["low"] <= of_all["high"]) & (of_all["low"] <= table["high"])).all()


@pytest.mark.slow
def test_an_experience_holds_only_what_came_before_the_answer(shop: crmlib.Shop, sent: pd.DataFrame) -> None:
    factors = surveys.experience(shop, sent)
    moments = shop.surveys.to_pandas()
    moments = moments[(moments["touchpoint"] == "delivery") & moments["score"].notna()]
    for row in np.flatnonzero(factors["csat_delivery"].notna() & sent["score"].notna())[:40]:
        own = moments[moments["customer_id"] == sent["customer_id"].iloc[row]]
        own = own[own["answered_ts"] <= sent["answered_ts"].iloc[row]].sort_values("answered_ts")
        expected = "satisfied" if own["score"].iloc[-1] >= 4 else "unsatisfied"
        assert factors["csat_delivery"].iloc[row] == expected


LATE = ["pacco in ritardo", "Pacco in ritardo, peccato", "il pacco non arriva", "pacco in ritardo!"]
KIND = ["sempre gentili", "Sempre gentili", "gentili e rapidi", "sempre gentili, grazie"]


def test_terms_mark_the_group_that_uses_them() -> None:
    table = surveys.terms(LATE + KIND, ["low"] * 4 + ["high"] * 4, language="it")
    low, high = (set(table.loc[table["group"] == name, "term"]) for name in ("low", "high"))
    assert "pacco" in low
    assert "sempre gentili" in high
    assert not low & high
    assert (table["z"] > 0).all()


def test_a_word_that_all_use_marks_nobody_and_stop_words_none() -> None:
    table = surveys.terms([f"il negozio {text}" for text in LATE + KIND], ["low"] * 4 + ["high"] * 4, language="it")
    assert table.loc[table["term"] == "negozio", "z"].abs().max() < 1 or "negozio" not in set(table["term"])
    assert "il" not in set(table["term"])


def test_a_rare_term_may_be_a_name_and_is_not_shown() -> None:
    both = surveys.terms([*LATE, "chiamate Zaira Qualunque", *KIND], ["low"] * 5 + ["high"] * 4, language="it")
    assert not both["term"].str.contains("zaira").any()


def test_an_elided_article_falls_away_and_accents_stay() -> None:
    table = surveys.terms(["l'assistenza è lentà"] * 3 + ["bene"] * 3, list("aaabbb"), language="it", pairs=False)
    assert set(table["term"]) == {"assistenza", "lentà", "bene"}


def test_negations_are_no_stop_words() -> None:
    assert not {"non", "mai", "nessuno", "troppo"} & set(stop_words("it"))
    assert not {"not", "never", "nobody", "too"} & set(stop_words("en"))
    with pytest.raises(CrmlibError, match="'fr' is not known"):
        stop_words("fr")


def test_themes_part_what_is_different_and_leave_the_rest_open() -> None:
    table, theme = surveys.themes([*LATE, *KIND, None, "mah"], 2, language="it")
    assert set(theme[:4]) != set(theme[4:8])
    assert theme[:4].nunique() == theme[4:8].nunique() == 1
    assert theme[8:].isna().all()
    assert table["comments"].sum() == 8


def test_themes_of_the_shop_find_the_touchpoints(shop: crmlib.Shop) -> None:
    """Comments are about the touchpoint that was asked about: low ones on delivery and support fall apart."""
    csat = surveys.asked(shop, "csat")
    low = csat[csat["touchpoint"].isin(["delivery", "support"]) & (csat["score"].fillna(5) <= 2)]
    low = low[(low["language"] == "it") & low["comment"].notna()]
    _, theme = surveys.themes(low["comment"], 6, language="it")
    table = pd.crosstab(theme.to_numpy(), low["touchpoint"].to_numpy())
    assert table.max(axis=1).sum() / table.to_numpy().sum() > 0.9


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([None, "  "], "nobody wrote anything"),
        (["one", "two"], "no term is in 3 comments or more"),
        (["text", 3], "row 1: 3 is no text"),
        (["the of and"] * 5, "no term"),
    ],
)
def test_bad_input_for_comments(texts: list[Any], message: str) -> None:
    with pytest.raises(CrmlibError, match=message):
        surveys.terms(texts, ["a"] * len(texts), language="en")
    with pytest.raises(CrmlibError, match=message):
        surveys.themes(texts, 2, language="en")


def test_too_many_themes_and_groups_that_do_not_match() -> None:
    with pytest.raises(ModelError, match="Ask for fewer"):
        surveys.themes(LATE, 9, language="it")
    with pytest.raises(SchemaError, match="1 for 4 comments"):
        surveys.terms(LATE, ["a"], language="it")


#: Thirty comments in each language, fifteen of detractors and then fifteen of promoters.
LINES = (Path(__file__).parent / "thirty_comments.txt").read_text(encoding="utf-8").splitlines()
COMMENTS = {"it": LINES[:30], "en": LINES[30:]}
GROUPS = ["detractor"] * 15 + ["promoter"] * 15
#: Comments that hold a word in any of its spellings, of detractors and of promoters.
COUNTS = {
    "it": {
        "caffè": (2, 3),
        "pacco": (3, 1),
        "ritardo": (2, 1),
        "ottimo": (0, 4),
        "qualità": (0, 3),
        "prezzo": (2, 2),
        "risponde": (3, 0),
        "rotto": (2, 0),
        "reso": (2, 0),
        "pessimo": (2, 0),
        "lenta": (2, 0),
        "veloce": (0, 3),
        "gentile": (0, 2),
        "alto": (2, 0),
    },
    "en": {"parcel": (2, 1), "price": (2, 1), "answer": (2, 0), "broken": (2, 0), "late": (3, 1), "great": (0, 4)},
}


def terms_in(text: str, language: str, *, pairs: bool = False) -> list[str]:
    words = Terms([text], language, stop_words(language))
    return [words.shown(term) for term in words.counted(pairs=pairs)[0]]


@pytest.mark.parametrize("language", COUNTS)
def test_one_word_in_many_spellings_is_one_term(language: str) -> None:
    """Endings, accents, capitals, superlatives, repeated letters, and letters and accents that stand apart."""
    for texts in (COMMENTS[language], [unicodedata.normalize("NFD", text).upper() for text in COMMENTS[language]]):
        words = Terms(texts, language, stop_words(language))
        for word, expected in COUNTS[language].items():
            stem = Terms([word], language, []).counted(pairs=False)[0][0]
            holds = [stem in terms for terms in words.counted(pairs=False)]
            assert (sum(holds[:15]), sum(holds[15:])) == expected, word
    table = surveys.terms(COMMENTS[language], GROUPS, language=language, fewest=2, pairs=False, most=99)
    shown = table.set_index(["group", "term"])["comments"]
    assert shown["promoter"]["caffè" if language == "it" else "great"] == (3 if language == "it" else 4)


def test_thirty_comments_say_what_is_chance_and_what_is_hidden() -> None:
    for language, (bare, more, reached) in {"it": (10, 22, 6), "en": (17, 21, 13)}.items():
        table = surveys.terms(COMMENTS[language], GROUPS, language=language)
        assert table.notes == (
            "No term reaches z = 2: these differences are no more than chance brings.",
            (
                f"{bare} of 30 comments hold none of these terms; "
                f"fewest=2 would add {more} terms, which {reached} of them hold."
            ),
        )
        assert table.notes[0] in repr(table)
    clear = surveys.terms(["parcel late"] * 60 + ["great coffee"] * 60, ["a"] * 60 + ["b"] * 60, language="en")
    assert clear.notes == ("0 of 120 comments hold none of these terms.",)


@pytest.mark.parametrize("language", COMMENTS)
@pytest.mark.parametrize("k", [2, 4, 6])
def test_the_example_of_a_theme_is_not_of_its_minority(language: str, k: int) -> None:
    texts = COMMENTS[language]
    table, theme = surveys.themes(texts, k, language=language, groups=GROUPS, fewest=2)
    rows: Any = table.itertuples()
    for row in rows:
        of_example = GROUPS[texts.index(row.example)]
        assert getattr(row, of_example) == max(row.detractor, row.promoter)
        assert row.detractor + row.promoter == row.comments == (theme == row.theme).sum()
    never = theme[texts.index("Never late, well done!" if language == "en" else "Mai avuto un ritardo, bravi!")]
    about_lateness = table["terms"].str.contains(r"\b(?<!never )late\b|(?<!mai )ritardo")
    assert pd.isna(never) or not about_lateness[never - 1]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("it", "non ho avuto problemi", ["problemi", "non problemi"]),
        ("it", "Mai avuto un ritardo", ["ritardo", "mai ritardo"]),
        ("it", "non mi è piaciuto", ["piaciuto", "non piaciuto"]),
        ("it", "non rispondono mai", ["rispondono", "non rispondono"]),
        ("it", "mai più", ["mai più"]),
        ("it", "non tornerò. Buono", ["tornerò", "buono", "non tornerò"]),
        ("en", "doesn't work", ["work", "not work"]),
        ("en", "I didn\u2019t like it", ["like", "not like"]),
        ("en", "Never late, well done", ["late", "well", "done", "never late", "well done"]),
        ("en", "never", ["never"]),
        ("en", "doesnt work", ["work", "not work"]),
        ("en", "I didnt like it, wont buy", ["like", "buy", "not like", "not buy"]),
        ("en", "not yet arrived", ["arrived", "not arrived"]),
        ("en", "not even a single answer", ["answer", "not answer"]),
        ("en", "not at all late", ["late", "not late"]),
        ("it", "nn è ancora arrivato", ["arrivato", "non arrivato"]),
        ("it", "senza alcun ritardo", ["ritardo", "senza ritardo"]),
        ("it", "non mi hanno neanche risposto", ["risposto", "non risposto"]),
        ("it", "neanche un problema", ["problema", "neanche problema"]),
        ("it", "⭐⭐ bello", ["⭐", "⭐", "bello", "⭐ bello"]),
        ("en", "👍🏽", ["👍"]),
        ("en", "❤️ :-( ;)", ["❤", ":-(", ":-)", "❤ :-(", ":-( :-)"]),
        ("it", "10 giorni!", ["giorni", "10 giorni"]),
        ("en", "order 12 not here", ["order", "here", "not here", "12 not here"]),
        ("en", "20% off, see https://shop.example/a:/b", ["20%", "off", "see", "20% off"]),
        ("it", "l'assistenza dell\u2019ufficio", ["assistenza", "ufficio", "assistenza ufficio"]),
        ("it", "", []),
        ("en", "!!! 12 ...", []),
    ],
)
def test_negations_signs_and_numbers(language: str, text: str, expected: list[str]) -> None:
    assert terms_in(text, language, pairs=True) == expected
