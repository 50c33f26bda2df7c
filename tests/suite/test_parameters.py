"""What a parameter may be stands in its comment, and is held before anything runs, and in the notebook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from crmlib.commands.main import main
from crmlib.errors import RunError
from crmlib.notebook.parameters import Parameter, ParameterError, check_parameters, contradictions, read
from crmlib.policy import Policy, adjusted
from crmlib.suite import parameters
from tests.suite.cells import NOTEBOOKS, code_cells

if TYPE_CHECKING:
    from pathlib import Path

_CELLS = {name: next(text for _, text, is_parameters in code_cells(name) if is_parameters) for name in NOTEBOOKS}
_NUMBERS = [(name, each) for name, cell in _CELLS.items() for each in read(cell).values() if each.kind in {int, float}]


@pytest.mark.parametrize(("name", "parameter"), _NUMBERS, ids=lambda each: getattr(each, "name", each))
def test_each_number_has_a_bound_below_and_refuses_what_is_no_number(name: str, parameter: Parameter) -> None:
    bounds, own = parameter.bounds, {name: {parameter.name: parameter}}
    lowest = max(bounds.above, bounds.at_least)
    assert lowest >= 0, "say in the comment from where on it counts"
    wrong = [str(int(lowest) - 1), "nan", "'x'", "many", "inf"]
    highest = min(bounds.below, bounds.at_most)
    wrong += [str(int(highest) + 1)] if highest < float("inf") else []
    wrong += ["0.5"] if parameter.kind is int else []
    for text in wrong:
        with pytest.raises(RunError, match=f"-p {parameter.name}="):
            parameters.check_values({parameter.name: [text]}, own, Policy())


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_choice_is_closed_and_near_misses_are_told(name: str) -> None:
    for parameter in read(_CELLS[name]).values():
        if parameter.choices:
            assert parameter.refusal(parameter.default) == ""
            assert f"Did you mean {parameter.default!r}?" in parameter.refusal(f"{parameter.default}x")


@pytest.mark.parametrize(
    ("name", "asked", "message"),
    [
        ("03_rfm", {"margin": "30"}, "-p margin=30: it is above 0 and at most 1, not 30. 30 % is 0.30."),
        ("03_rfm", {"discount": "0.4"}, "a discount of 0.40 is not less than the margin of 0.30"),
        ("03_rfm", {"discount": "0.3"}, "no number of extra orders pays"),
        ("03_rfm", {"margin": "0.05"}, "a discount of 0.10 is not less than the margin of 0.05"),
        ("08_journey_automation", {"discount": "1.5"}, "is at least 0 and below 1, not 1.5"),
        ("09_crm_design", {"discount": "0.5"}, "no number of extra orders pays"),
        ("06_churn", {"success_rate": "10"}, "10 % is 0.10"),
        ("03_rfm", {"months_between": "-6"}, "at least 1"),
        ("03_rfm", {"contact_cost": "-5"}, "at least 0"),
        ("04_cltv", {"cltv_model": "foo"}, "'BG/NBD', 'MBG/NBD' or 'Pareto/NBD'"),
        ("08_journey_automation", {"platform": "klavio"}, "Did you mean 'klaviyo'?"),
        ("07_campaigns_kpis", {"campaign_kind": "foo"}, "'bundle', 'promo', 'season' or 'winback'"),
        ("04_cltv", {"calibration_end": "yesterday"}, 'is a day such as "2026-06-30"'),
        ("10_model_lab", {"horizon_days": "-1"}, "at least 0"),
    ],
)
def test_what_may_not_be_is_refused_in_one_sentence(name: str, asked: dict[str, str], message: str) -> None:
    own = {name: read(_CELLS[name])}
    with pytest.raises(RunError) as refused:
        parameters.check_values({key: [text] for key, text in asked.items()}, own, Policy())
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["00_start_here", "04_cltv", "10_model_lab"])
def test_a_thin_margin_is_fine_where_no_offer_is_made(name: str) -> None:
    parameters.check_values({"margin": ["0.05"]}, {name: read(_CELLS[name])}, Policy())


def test_a_policy_that_contradicts_itself_is_refused_before_a_run() -> None:
    rules = adjusted(Policy(), {"money.margin": 0.05})[0]
    with pytest.raises(RunError, match="no number of extra orders pays"):
        parameters.check_values({}, {"03_rfm": read(_CELLS["03_rfm"])}, rules)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_checks_its_own_parameters_first(name: str) -> None:
    cells = [text for _, text, _ in code_cells(name)]
    at = next(number for number, text in enumerate(cells) if "check_parameters()" in text)
    assert all("open_shop(" not in text for text in cells[:at])
    check_parameters({}, _CELLS[name])  # the defaults are fine
    number = next(each for each in read(_CELLS[name]).values() if each.kind in {int, float})
    with pytest.raises(ParameterError, match=f"^{number.name} is "):
        check_parameters({number.name: -1}, _CELLS[name])


def test_a_parameter_may_be_bounded_by_another() -> None:
    both = read("least: int = 1  # from: at least 0\nmost: int = 5  # to: above least")
    assert contradictions(both, {"least": 5, "most": 5}) == ["most=5 is not above least=5."]
    assert contradictions(both, {"least": 4, "most": 5}) == []
    assert contradictions(both, {"least": None, "most": 5}) == []


def test_a_cell_is_read_as_python_reads_it() -> None:
    cell = "%matplotlib inline\ncolor = '#ff0000'  # of bars\nn: int = 3\nx = y = 1\ntwice = 2 * 3\npath = None\n"
    own = read(cell)
    assert {name: each.default for name, each in own.items()} == {"color": "#ff0000", "n": 3, "path": None}
    assert parameters.values_for(own, {}, {"color": "#00ff00", "path": "a.csv"}) == {
        "color": "#00ff00",
        "path": "a.csv",
    }


def test_a_cell_that_is_not_python_is_named(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "n = \n", "outputs": []}
    text = {"cell_type": "markdown", "metadata": {}, "source": "Mine"}
    (tmp_path / "own.ipynb").write_text(json.dumps({"cells": [text, cell], "metadata": {}}), encoding="utf-8")
    (tmp_path / "torn.ipynb").write_text("{", encoding="utf-8")
    for file, message in (
        ("own", "own.ipynb, cell 2, line 1: the cell of parameters is not Python"),
        ("torn", "cannot"),
    ):
        done = CliRunner().invoke(main, ["run", str(tmp_path / f"{file}.ipynb"), "--out", str(tmp_path / "out")])
        assert (done.exit_code, message in done.output) == (2, True), done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_jupyterlab_shows_the_sentence_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """IPython remembers the text of the cell of parameters, and with it the comments."""
    from IPython.core.interactiveshell import InteractiveShell

    make: Any = InteractiveShell
    shell = make()
    with shell.builtin_trap:
        cell = "interactive: bool = True  # show\nmargin: float | None = 30  # None: the policy's money.margin"
        shell.run_cell(cell, store_history=True)
        done = shell.run_cell("from crmlib.notebook.parameters import check_parameters\n"
                              "check_parameters(globals())", store_history=True)  # fmt: skip
    assert isinstance(done.error_in_exec, ParameterError)
    assert capsys.readouterr().out.strip() == "margin is above 0 and at most 1, not 30. 30 % is 0.30."
