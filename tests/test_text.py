"""Every word that people see is there in both languages."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pandas as pd
import pytest

from crmlib import rfm, text
from crmlib.errors import CrmlibError

WORDS: dict[str, Any] = tomllib.loads((files("crmlib.text") / "labels.toml").read_text(encoding="utf-8"))
CONCEPTS: dict[str, Any] = tomllib.loads((files("crmlib.text") / "concepts.toml").read_text(encoding="utf-8"))


def test_a_label_is_there_in_both_languages() -> None:
    assert [key for key, words in WORDS["labels"].items() if set(words) != {"en", "it"}] == []
    assert [
        (key, language)
        for key in WORDS["labels"]
        for language in text.LANGUAGES
        if not text.label(key, language).strip()
    ] == []


@pytest.mark.parametrize("key", WORDS["report"])
def test_the_report_says_it_in_both_languages(key: str) -> None:
    assert {"en", "it"} == set(WORDS["report"][key])
    assert all(text.report_words(language)[key].strip() for language in text.LANGUAGES)


def test_a_year_has_twelve_months_in_both_languages() -> None:
    assert [len(text.report_words(language)["months"].split(", ")) for language in text.LANGUAGES] == [12, 12]


def test_the_playbook_has_the_eleven_segments_best_first() -> None:
    assert tuple(text.playbook()["segment"]) == rfm.SEGMENTS


def test_italian_names_are_those_of_the_map() -> None:
    maps = pd.DataFrame(rfm._shipped_maps())
    names = dict(zip(maps["classic"], maps["classic_it"], strict=True))
    assert {segment: text.segment_name(segment, "it") for segment in rfm.SEGMENTS} == names


def test_what_is_no_segment_keeps_its_name() -> None:
    assert text.segment_name("(new)") == "(new)"


def test_a_taxonomy_has_no_gap_in_either_language() -> None:
    assert [
        (name, language)
        for name in CONCEPTS
        for language in text.LANGUAGES
        if text.concepts(name, language).isna().any().any()
    ] == []


def test_an_unknown_label_names_the_nearest() -> None:
    with pytest.raises(CrmlibError, match="Did you mean 'customers'"):
        text.label("custmers")


def test_an_unknown_language_names_the_known() -> None:
    with pytest.raises(CrmlibError, match="Use 'en' or 'it'"):
        text.label("f", "de")
