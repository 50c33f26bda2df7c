"""Exercises: answers recorded in the student's notebook, compared with the reference on the trusted side.

A student's notebook uses `start`, `check`, `answer` and `quiz`, and nothing else of this package. None of them knows
an expected value: those stay with whoever grades.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmlib.grading.answers import answer
    from crmlib.grading.checks import check, start
    from crmlib.grading.quizzes import quiz

__all__ = ["answer", "check", "quiz", "start"]

_HOME = {"answer": "answers", "check": "checks", "quiz": "quizzes", "start": "checks"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"crmlib.grading.{_HOME[name]}"), name)
    raise AttributeError(f"module 'crmlib.grading' has no attribute {name!r}")
