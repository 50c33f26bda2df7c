"""Figures beside the reference's: what is drawn is compared, and whether words are there; a person judges the words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from crmlib.grading.kinds.grids import Grid, UnfitError
from crmlib.grading.kinds.kind import Kind, Outcome
from crmlib.grading.kinds.sameness import alike, rank

if TYPE_CHECKING:
    from crmlib.grading.spec.questions import Field, Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Figure"]


class Figure(Kind):
    """A figure: the data of its lines, bars, points and maps, its axes' labels, its title."""

    name: ClassVar[str] = "figure"
    asked: ClassVar[str] = "A figure (its axes)"
    reviewed_as: ClassVar[str] = "figure"
    identifies: ClassVar[bool] = False

    def rules(self, question: Question) -> str:
        """Hold the weights of its parts to the rule for weights."""
        if sum(question.parts.values()):
            return ""
        return "the weights add up to nothing, so nobody could earn its points." if question.parts else ""

    def read(self, question: Question, answer: Answer) -> Grid | None:  # noqa: ARG002 - every kind reads by its question
        """Say whether it is a figure: its axes are compared as they are, not as columns."""
        return Grid({}, 0, []) if answer.kind == "figure" else None

    def check(self, question: Question, answer: Answer) -> list[str]:
        """Ask for something drawn, a title and labels."""
        try:
            self.form(question, answer)
        except UnfitError as error:
            return [str(error)]
        axes: list[dict[str, Any]] = answer.value
        if not any(drawing["series"] for drawing in axes):
            return ["Nothing is drawn in these axes."]
        problems = []
        if not any(drawing["title"].strip() for drawing in axes):
            problems.append("The figure has no title: say what it shows.")
        missing = [name for name in ("xlabel", "ylabel") if not any(drawing[name].strip() for drawing in axes)]
        if missing:
            problems.append(f"The figure has no {' and no '.join(missing)}: say what is counted, and in what.")
        return problems

    def compare(self, question: Question, answer: Answer, expected: Answer) -> Outcome:
        """Compare what is drawn, and look whether there are words.

        Parameters
        ----------
        question
            What is asked for, with the weights of the parts.
        answer, expected
            What the submission and the reference recorded.
        """
        try:
            self.form(question, answer)
            self.form(question, expected)
        except UnfitError as error:
            return Outcome(0.0, [str(error)])
        theirs, right = answer.value, expected.value
        drawn = [series for axes in theirs for series in axes["series"]]
        wanted = [series for axes in right for series in axes["series"]]
        same = sum(any(_same_series(question.value, other, series) for other in drawn) for series in wanted)
        data = same / len(wanted) if wanted else float(bool(drawn))
        findings = []
        if data < 1:
            findings.append(
                f"{same} of {len(wanted)} series that should be drawn are found among the {len(drawn)} in your figure."
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


def _same_series(field: Field, theirs: list[list[Any]], right: list[list[Any]]) -> bool:
    """Say whether two series are the same points, drawn in whatever order."""
    if len(theirs) != len(right) or any(len(a) != len(b) for a, b in zip(theirs, right, strict=True)):
        return False
    points_theirs = sorted(zip(*theirs, strict=True), key=lambda point: [rank(part) for part in point])
    points_right = sorted(zip(*right, strict=True), key=lambda point: [rank(part) for part in point])
    return all(
        _drawn_alike(field, a, b)
        for mine, other in zip(points_theirs, points_right, strict=True)
        for a, b in zip(mine, other, strict=True)
    )


def _drawn_alike(field: Field, theirs: Any, right: Any) -> bool:
    numbers = (int, float)
    if isinstance(theirs, numbers) and isinstance(right, numbers):
        return alike(field, None if math.isnan(theirs) else theirs, None if math.isnan(right) else right)
    return type(theirs) is type(right) and bool(theirs == right)
