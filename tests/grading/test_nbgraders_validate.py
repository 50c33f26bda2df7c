"""nbgrader's Validate button, where it is installed: it fails the cells whose cards are red, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
import pytest

if TYPE_CHECKING:
    from pathlib import Path

START = """
from crmlib.grading import answer, quiz, start
start("x", [{"id": "q1", "title": "A share", "kind": "scalar", "points": 1, "value": {"least": 0, "most": 1}},
            {"id": "q2", "title": "A share", "kind": "scalar", "points": 1, "value": {"least": 0, "most": 1}},
            {"id": "z1", "title": "Which?", "kind": "quiz", "points": 1, "options": {"a": "one", "b": "two"}},
            {"id": "z2", "title": "Which?", "kind": "quiz", "points": 1, "options": {"a": "one", "b": "two"}}])
"""


def graded(name: str, source: str) -> Any:
    marks = {"schema_version": 3, "task": False, "locked": True, "grade": True, "solution": False,
             "grade_id": name, "points": 1.0, "cell_type": "code"}  # fmt: skip
    return nbformat.v4.new_code_cell(source, metadata={"nbgrader": marks})  # type: ignore[no-untyped-call]


@pytest.mark.slow
@pytest.mark.needs("python:nbgrader")
@pytest.mark.filterwarnings("default")  # nbclient's own
def test_validate_fails_where_the_card_is_red(tmp_path: Path) -> None:
    from nbgrader.validator import Validator  # type: ignore[import-untyped]

    cells = [
        nbformat.v4.new_code_cell(START),  # type: ignore[no-untyped-call]
        graded("q1", 'answer("q1", 34.2)'),
        graded("q2", 'answer("q2", 0.342)'),
        graded("z1", 'quiz("z1", "")'),
        graded("z2", 'quiz("z2", "B)")'),
    ]
    path = tmp_path / "x.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)  # type: ignore[no-untyped-call]
    results = Validator().validate(str(path))
    assert [cell["source"] for cell in results["failed"]] == ['answer("q1", 34.2)', 'quiz("z1", "")']
    assert "34.2 is above 1" in results["failed"][0]["error"]
