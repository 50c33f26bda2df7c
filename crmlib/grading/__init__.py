"""Exercises: answers recorded in the student's notebook, compared with the reference on the trusted side.

A student's notebook uses `start`, `check`, `answer` and `quiz`, and nothing else of this package. None of them knows
an expected value: those stay with whoever grades.
"""

from __future__ import annotations

from crmlib.grading.answers import answer
from crmlib.grading.checks import check, start
from crmlib.grading.quiz import quiz

__all__ = ["answer", "check", "quiz", "start"]
