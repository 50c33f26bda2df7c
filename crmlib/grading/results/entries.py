"""What is written into a gradebook of one submission, and what counts for one student in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["Mark", "Result", "Row"]


class Mark(NamedTuple):
    """What one question earned, what identifies the answer that earned it, and its text for a person."""

    question: str
    points: float
    out_of: float
    needs_review: bool
    findings: tuple[str, ...]
    answer: str = ""
    text: str = ""


class Row(NamedTuple):
    """What is written down of one submission.

    Attributes
    ----------
    student_id, file, digest
        Whose, where it was found, and what identifies its content.
    submitted_at, late_days, late_share
        When it came, and what lateness leaves.
    status, reason, seconds
        How its runs ended, in plain words.
    sandbox, containment
        Which sandbox held it, and what of the limits could not be had.
    notes, suspicions
        What was mended; what a person should look at.
    marks
        One a question.
    choice
        Which of several files was graded, for the instructor.
    """

    student_id: str
    file: str
    digest: str
    submitted_at: dt.datetime | None
    late_days: int
    late_share: float
    status: str
    reason: str
    seconds: float
    sandbox: str
    containment: str
    notes: tuple[str, ...]
    suspicions: tuple[str, ...]
    marks: tuple[Mark, ...]
    choice: str = ""


class Result(NamedTuple):
    """What counts for one student: see the view ``results``."""

    exercise: str
    student_id: str
    name: str
    status: str
    late_days: int
    late_share: float
    earned: float
    points: float | None  # None: excused
    out_of: float
    open: int
