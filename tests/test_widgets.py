from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from crmlib.errors import CrmlibError
from crmlib.notebook.widgets import _control, explore


def draw(weeks: int = 39, *, rate: float = 0.1, segment: str = "all", log: bool = False) -> None:
    raise AssertionError((weeks, rate, segment, log))


def test_a_headless_run_calls_nothing() -> None:
    explore(draw, interactive=False, weeks=(1, 52))


def test_outside_a_notebook_nothing_happens() -> None:
    explore(draw, weeks=(1, 52))


def test_an_argument_that_the_function_lacks_is_an_error_even_in_a_headless_run() -> None:
    with pytest.raises(CrmlibError, match=r"draw\(\) has no argument 'week' to vary. Did you mean 'weeks'\?"):
        explore(draw, interactive=False, week=(1, 52))


@pytest.mark.parametrize(
    ("name", "spec", "kind", "start"),
    [
        ("weeks", (1, 52), "IntSlider", 39),
        ("weeks", (1, 52, 3), "IntSlider", 39),
        ("weeks", (1, 20), "IntSlider", 1),
        ("rate", (0, 0.5, 0.1), "FloatSlider", 0.1),
        ("segment", ["all", "new"], "Dropdown", "all"),
        ("segment", ["old", "new"], "Dropdown", "old"),
        ("log", True, "Checkbox", False),
    ],
)
def test_a_control_follows_its_spec_and_starts_at_the_default(name: str, spec: Any, kind: str, start: Any) -> None:
    import inspect

    control = _control(name, spec, inspect.signature(draw).parameters[name])

    assert (kind, start) == (type(control).__name__, control.value)


@pytest.mark.parametrize("spec", [(1,), (2, 1), (1, 2, 0), [], "text", (True, False)])
def test_what_is_no_control_is_an_error(spec: Any) -> None:
    with pytest.raises(CrmlibError, match="is not one: give"):
        _control("weeks", spec, None)


@pytest.mark.slow
def test_a_figure_is_shown_once_however_the_function_hands_it_over() -> None:
    source = """
import matplotlib.pyplot as plt
from crmlib.notebook.widgets import explore
def returned(n=3):
    fig, ax = plt.subplots()
    ax.plot([n])
    return fig
def left_open(n=3):
    plt.plot([n])
def axes(n=3):
    return plt.subplots()[1].plot([n])
explore(returned, n=(1, 5)); explore(left_open, n=(1, 5)); explore(axes, n=(1, 5)); explore(lambda n=3: n * 2, n=(1, 5))
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])  # type: ignore[no-untyped-call]
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()

    states = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"].values()
    shown = [s["state"]["outputs"] for s in states if s["model_name"] == "OutputModel"]
    kinds = [
        [("image/png" in output["data"], output["data"].get("text/plain")) for output in outputs] for outputs in shown
    ]
    figure = "<Figure size 640x480 with 1 Axes>"
    assert [[(True, figure)], [(True, figure)], [(True, figure)], [(False, "6")]] == kinds
    assert len(notebook.cells[0].outputs) == 4
