"""Figures beside the reference's: what is drawn is compared, and whether words are there; a person judges the words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from crmlib.grading.outcome import Outcome
from crmlib.grading.sameness import alike, rank

if TYPE_CHECKING:
    from crmlib.grading.questions import Field, Question

__all__ = ["compare_figures"]


def compare_figures(question: Question, theirs: list[dict[str, Any]], right: list[dict[str, Any]]) -> Outcome:
    """Compare two figures: the data of their lines, bars, points and maps, their axes' labels, their title.

    Parameters
    ----------
    question
        What is asked for, with the weights of the parts.
    theirs, right
        The axes that the submission and the reference recorded.
    """
    drawn = [series for axes in theirs for series in axes["series"]]
    wanted = [series for axes in right for series in axes["series"]]
    found = sum(any(_same_series(question.value, one, series) for one in drawn) for series in wanted)
    data = found / len(wanted) if wanted else float(bool(drawn))
    findings = []
    if data < 1:
        findings.append(
            f"{found} of {len(wanted)} series that should be drawn are found among the {len(drawn)} in your figure."
        )
    labels, of_labels = 0, 0
    for name, word in (("xlabel", "horizontal"), ("ylabel", "vertical")):
        if any(axes[name].strip() for axes in right):
            of_labels += 1
            there = any(axes[name].strip() for axes in theirs)
            labels += there
            findings += [] if there else [f"The {word} axis has no label: say what is counted, and in what."]
    title = any(axes["title"].strip() for axes in theirs)
    findings += [] if title else ["The figure has no title: say what it shows."]
    shares = {"data": data, "labels": labels / of_labels if of_labels else 1.0, "title": float(title)}
    # Words around nothing are no figure.
    weights = question.parts if data else {"data": sum(question.parts.values())}
    share = sum(weight * shares[part] for part, weight in weights.items()) / sum(weights.values())
    return Outcome(share, findings)


def _same_series(one: Field, theirs: list[list[Any]], right: list[list[Any]]) -> bool:
    """Say whether two series are the same points, drawn in whatever order."""
    if len(theirs) != len(right) or any(len(a) != len(b) for a, b in zip(theirs, right, strict=True)):
        return False
    points_theirs = sorted(zip(*theirs, strict=True), key=lambda point: [rank(part) for part in point])
    points_right = sorted(zip(*right, strict=True), key=lambda point: [rank(part) for part in point])
    return all(
        _drawn_alike(one, a, b)
        for mine, other in zip(points_theirs, points_right, strict=True)
        for a, b in zip(mine, other, strict=True)
    )


def _drawn_alike(one: Field, theirs: Any, right: Any) -> bool:
    numbers = (int, float)
    if isinstance(theirs, numbers) and isinstance(right, numbers):
        return alike(one, None if math.isnan(theirs) else theirs, None if math.isnan(right) else right)
    return type(theirs) is type(right) and bool(theirs == right)
