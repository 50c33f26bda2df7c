"""What a question may ask for: one file for each kind, with its form, its checks, its comparison and its rules.

A kind knows one answer at a time; whose it is, and how it came to be, it must not know.
"""

from __future__ import annotations

from crmlib.grading.kinds.array import Array
from crmlib.grading.kinds.columns import Columns
from crmlib.grading.kinds.dict import Dict
from crmlib.grading.kinds.figure import Figure
from crmlib.grading.kinds.function import Function
from crmlib.grading.kinds.grids import Grid, UnfitError, canonical, shown
from crmlib.grading.kinds.kind import Kind, Outcome
from crmlib.grading.kinds.list import List
from crmlib.grading.kinds.plan import PlanOfContacts
from crmlib.grading.kinds.quiz import Quiz
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.kinds.scalar import Scalar
from crmlib.grading.kinds.table import Table
from crmlib.grading.kinds.text import Text
from crmlib.grading.kinds.written import Written

__all__ = [
    "Array",
    "Columns",
    "Dict",
    "Figure",
    "Function",
    "Grid",
    "Kind",
    "List",
    "Outcome",
    "PlanOfContacts",
    "Quiz",
    "Scalar",
    "Table",
    "Text",
    "UnfitError",
    "Written",
    "canonical",
    "kind_of",
    "shown",
]
