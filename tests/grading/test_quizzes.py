"""Quiz questions in a real kernel: buttons that tell what to write, and the choice in the output."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from crmlib.grading.spec.recorded import read_answers

SOURCE = """
from crmlib.grading import quiz, start
start("x", [{"id": "z1", "title": "Which?", "kind": "quiz", "points": 1, "options": {"a": "one", "b": "two"}}])
import ipywidgets
quiz("z1", "b")
buttons = next(w for w in ipywidgets.Widget.widgets.values() if isinstance(w, ipywidgets.RadioButtons))
before = buttons.value
buttons.value = "a"
said = [w.value for w in ipywidgets.Widget.widgets.values() if isinstance(w, ipywidgets.HTML)]
print(before, said)
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # nbclient's own
def test_buttons_start_at_the_choice_and_tell_the_line_to_write() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SOURCE)])  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=120).execute()
    outputs = notebook.cells[0].outputs
    printed = "".join(one.text for one in outputs if one.output_type == "stream")
    assert printed.startswith("b ['z1: Which?', ")
    assert '<code>z1 = "a"</code>' in printed
    assert any("application/vnd.jupyter.widget-view+json" in one.get("data", {}) for one in outputs)
    assert read_answers(notebook)["z1"].value == "b"
