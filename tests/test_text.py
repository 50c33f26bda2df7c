"""Every word that people see is there in both languages."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pytest

from crmlib import rfm, text
from crmlib.errors import CrmlibError

WORDS: dict[str, Any] = tomllib.loads((files("crmlib") / "labels.toml").read_text(encoding="utf-8"))
CONCEPTS: dict[str, Any] = tomllib.loads((files("crmlib") / "concepts.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("key", WORDS["labels"])
def test_a_label_is_there_in_both_languages(key: str) -> None:
    assert {"en", "it"} == set(WORDS["labels"][key])
    assert all(text.label(key, language).strip() for language in text.LANGUAGES)


def test_the_playbook_has_the_eleven_segments_best_first() -> None:
    assert tuple(text.playbook()["segment"]) == rfm.SEGMENTS


def test_italian_names_are_those_of_the_map() -> None:
    maps = rfm._map_frame()
    names = dict(zip(maps["classic"], maps["classic_it"], strict=True))
    assert {segment: text.segment_name(segment, "it") for segment in rfm.SEGMENTS} == names


def test_what_is_no_segment_keeps_its_name() -> None:
    assert text.segment_name("(new)") == "(new)"


@pytest.mark.parametrize("name", CONCEPTS)
def test_a_taxonomy_has_no_gap_in_either_language(name: str) -> None:
    for language in text.LANGUAGES:
        assert not text.concepts(name, language).isna().any().any()


def test_an_unknown_label_names_the_nearest() -> None:
    with pytest.raises(CrmlibError, match="Did you mean 'customers'"):
        text.label("custmers")


def test_an_unknown_language_names_the_known() -> None:
    with pytest.raises(CrmlibError, match="Use 'en' or 'it'"):
        text.label("f", "de")
