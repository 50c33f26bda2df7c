"""The house: which room may import which, read off every import in the code; and its map, which cannot lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docs import house

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    """Every import of the house, read once."""
    return house.imports()


def test_every_room_has_a_floor(graph: dict[str, set[str]]) -> None:
    assert sorted(house.rooms(graph)) == sorted(house.FLOOR)


def test_imports_run_downwards(graph: dict[str, set[str]]) -> None:
    assert house.upward(graph) == []


def test_no_files_stand_in_a_circle(graph: dict[str, set[str]]) -> None:
    assert house.circle(graph) == []


def test_no_rooms_stand_in_a_circle(graph: dict[str, set[str]]) -> None:
    assert house.circle(house.rooms(graph)) == []


def test_the_map_is_that_of_the_code(graph: dict[str, set[str]]) -> None:
    text = (house.DOCS / "architecture.md").read_text(encoding="utf-8")
    assert house.page(text, graph) == text, "run python docs/house.py"
    assert (house.DOCS / "house.svg").read_text(encoding="utf-8") == house.drawing(graph), "run python docs/house.py"


def planted(folder: Path, **files: str) -> Path:
    """Write a package of a few files; a name such as shop_lines is shop/lines.py."""
    package = folder / "crmlib"
    for name, text in files.items():
        path = package / f"{name.replace('_', '/', 1)}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    "line",
    [
        "from crmlib.churn import signals",
        "import crmlib.churn.signals",
        "def f():\n    from crmlib.churn.signals import churn_signals",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from crmlib.churn import Signals",
        "import crmlib.churn as c",
        "import importlib\nimportlib.import_module('crmlib.churn')",
        "from importlib import import_module\nimport_module('crmlib.churn.signals')",
        "__import__('crmlib.churn')",
    ],
)
def test_a_planted_import_upwards_is_found(tmp_path: Path, line: str) -> None:
    package = planted(tmp_path, shop_lines=line, churn_signals="")
    (message,) = house.upward(house.imports(package))
    assert message.startswith("crmlib.shop.lines imports crmlib.churn")


def test_a_room_that_must_know_less_is_held_to_it(tmp_path: Path) -> None:
    package = planted(tmp_path, synth_life="from crmlib.engine import Table", grading_marking="")
    (package / "grading" / "sandbox").mkdir()
    (package / "grading" / "sandbox" / "box.py").write_text("from crmlib.grading.marking import run", encoding="utf-8")
    assert house.upward(house.imports(package)) == [
        "crmlib.grading.sandbox.box imports crmlib.grading.marking, which crmlib.grading.sandbox must not know",
        "crmlib.synth.life imports crmlib.engine, which crmlib.synth must not know",
    ]


@pytest.mark.parametrize(
    "line", ["from ..churn import signals", "import importlib\nimportlib.import_module('.churn', 'crmlib')"]
)
def test_a_relative_import_is_refused(tmp_path: Path, line: str) -> None:
    package = planted(tmp_path, shop_lines=line, churn_signals="")
    with pytest.raises(ValueError, match=r"lines\.py, line \d: import by the full name"):
        house.imports(package)


def test_a_new_room_without_a_floor_is_found(tmp_path: Path) -> None:
    package = planted(tmp_path, loyalty="from crmlib.commands import main", shop_lines="from crmlib import loyalty")
    assert house.upward(house.imports(package)) == [
        "crmlib.loyalty stands on no floor: add it to FLOORS in docs/house.py"
    ]


def test_the_folder_above_may_have_any_name(tmp_path: Path) -> None:
    package = planted(tmp_path / "notebooks", shop_lines="from crmlib.churn import signals", churn_signals="")
    assert len(house.upward(house.imports(package))) == 1


@pytest.mark.parametrize(
    "line", ["import crmlib", "import crmlib as c", "from crmlib import *", "__import__('crmlib')"]
)
def test_nobody_imports_the_face(tmp_path: Path, line: str) -> None:
    package = planted(tmp_path, shop_lines=line)
    assert house.upward(house.imports(package)) == ["crmlib.shop.lines imports the face"]


def test_a_planted_circle_is_found(tmp_path: Path) -> None:
    package = planted(
        tmp_path, clv_history="from crmlib.clv import summary", clv_summary="def f():\n    import crmlib.clv.history"
    )
    assert sorted(set(house.circle(house.imports(package)))) == ["crmlib.clv.history", "crmlib.clv.summary"]
