"""What a student's notebook calls: hand in an answer, check its form, choose in a quiz.

Nothing in here may know an expected value, or whoever marks: all of it runs beside a student's code.
"""

from __future__ import annotations

from crmlib.grading.student.answers import answer
from crmlib.grading.student.checks import check, facts, start
from crmlib.grading.student.quizzes import quiz

__all__ = ["answer", "check", "facts", "quiz", "start"]
