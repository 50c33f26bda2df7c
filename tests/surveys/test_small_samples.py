"""Small samples: an interval holds its estimate, and a small shop needs fewer answers."""

from __future__ import annotations

from typing import Any

import pytest

from crmlib import surveys
from crmlib.errors import CrmlibError, ModelError


def test_an_interval_holds_its_estimate() -> None:
    for promoters in range(6):
        for passives in range(6):
            for detractors in range(6):
                scores = [10] * promoters + [8] * passives + [3] * detractors
                if not scores:
                    continue
                result = surveys.nps(scores)
                low, high = result.interval
                assert -100 <= low <= result.score <= high <= 100, scores
    low, high = surveys.nps([10]).interval
    assert low == pytest.approx(-48.5, abs=0.05)
    assert high == 100


def test_few_of_few_are_soon_most_of_them() -> None:
    ask: dict[str, Any] = {"promoters": 0.45, "detractors": 0.25}
    assert surveys.answers_needed(5, **ask) == 1011
    assert surveys.answers_needed(5, **ask, population=1200) == 549
    assert surveys.answers_needed(5, **ask, population=10**9) == 1011
    assert surveys.answers_needed(5, **ask, population=1) == 1
    with pytest.raises(ModelError, match="population=0 is a number of customers"):
        surveys.answers_needed(5, **ask, population=0)


def test_a_scale_that_is_a_word_is_named() -> None:
    with pytest.raises(CrmlibError, match="scale='five': a scale of satisfaction begins at 1"):
        surveys.csat([5, 4, 3], scale="five")
    with pytest.raises(CrmlibError, match="scale='five': a scale of satisfaction begins at 1"):
        surveys.csat_by([5, 4, 3], list("aab"), scale="five")
    assert surveys.csat([5, 4, 3], scale="1-5") == surveys.csat([5, 4, 3], scale=5)
