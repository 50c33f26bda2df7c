"""The rooms of grading: who may import whom, no circles, and no kind of question asked for outside its own file."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import crmlib.grading
from crmlib.grading.kinds.registry import BUILT_IN

HOME = Path(crmlib.grading.__file__).parent
ROOMS = ("sandbox", "spec", "kinds", "student", "collecting", "marking", "authoring", "results")
FACE = "crmlib.grading"  # what a student's notebook imports
FILES = {
    ".".join(("crmlib.grading", *path.relative_to(HOME).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(HOME.rglob("*.py"))
}


def imports(tree: ast.AST) -> set[str]:
    """Name the modules of ours that a file imports: lazily, for types only, or at once."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            modules |= {name if name in FILES else node.module for name in inner}
    return {name for name in modules if name.partition(".")[0] == "crmlib"}


def room_of(module: str) -> str:
    return module.removeprefix(f"{FACE}.").partition(".")[0]


def upward(module: str, imported: set[str]) -> list[str]:
    """Name what a file of a room imports and may not."""
    if room_of(module) == "sandbox":
        return [name for name in imported if name != "crmlib.errors" and room_of(name) != "sandbox"]
    allowed = ROOMS[: ROOMS.index(room_of(module)) + 1]
    return [
        name
        for name in imported
        if name.startswith("crmlib.commands") or (name.startswith(FACE) and room_of(name) not in allowed)
    ]


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """Give a circle of files, or nothing."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for name in sorted(graph.get(module, ())):
            if circle := walk(name, [*path, module]):
                return circle
        done.add(module)
        return []

    return next((circle for module in sorted(graph) if (circle := walk(module, []))), [])


GRAPH = {module: imports(ast.parse(path.read_text(encoding="utf-8"))) for module, path in FILES.items()}


def test_every_file_is_in_a_room() -> None:
    assert {room_of(module) for module in FILES} - {"crmlib"} == set(ROOMS)
    assert [path.name for path in HOME.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("module", [module for module in FILES if module != FACE])
def test_a_room_imports_only_rooms_before_it(module: str) -> None:
    assert upward(module, GRAPH[module]) == []


def test_students_load_neither_what_marks_nor_what_confines() -> None:
    code = "import sys, crmlib.grading; print(*(name for name in sys.modules if name.startswith('crmlib.grading.')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {room_of(name) for name in loaded} == {"spec", "kinds", "student"}
    assert "crmlib.grading.kinds.own" not in loaded  # it runs an author's file


def test_no_circle_of_files() -> None:
    assert circle_in(GRAPH) == []


def test_an_upward_import_and_a_circle_would_be_seen() -> None:
    lazy = "def f():\n    from crmlib.grading.results import gradebook"
    typed = "if TYPE_CHECKING:\n    from crmlib.grading.spec.exercise import Limits"
    assert upward(f"{FACE}.marking.compare", imports(ast.parse(lazy))) == [f"{FACE}.results.gradebook"]
    assert upward(f"{FACE}.sandbox.limits", imports(ast.parse(typed))) == [f"{FACE}.spec.exercise"]
    assert upward(f"{FACE}.sandbox.box", imports(ast.parse("import crmlib"))) == ["crmlib"]
    planted = {**GRAPH, f"{FACE}.spec.rules": {f"{FACE}.results.grade"}}
    assert f"{FACE}.spec.rules" in circle_in(planted)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for_and_what_it_must_not_know(room: str) -> None:
    text = ast.get_docstring(ast.parse((HOME / room / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert 2 <= text.count(".") <= 6
    assert any(word in text for word in (" not ", " no ", "Nothing"))


def asked_for(tree: ast.AST) -> list[int]:
    """Give the lines where something's kind decides by the name of a kind of question: compared, or looked up."""
    constants = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    def names_a_kind(node: ast.AST) -> bool:
        node = constants.get(node.id, node) if isinstance(node, ast.Name) else node
        if isinstance(node, ast.Dict):
            parts = [key for key in node.keys if key is not None]
        else:
            parts = list(getattr(node, "elts", [node]))
        return any(isinstance(part, ast.Constant) and part.value in BUILT_IN for part in parts)

    def is_kind(node: ast.AST) -> bool:
        return getattr(node, "attr", getattr(node, "id", "")) == "kind"

    lines = []
    for node in ast.walk(tree):
        sides: list[ast.AST] = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.Subscript):
            sides = [node.value, node.slice]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            sides = [node.func.value, *node.args]
        elif isinstance(node, ast.Match):
            patterns = [part for case in node.cases for part in ast.walk(case) if isinstance(part, ast.MatchValue)]
            sides = [node.subject, *(part.value for part in patterns)]
        if any(map(is_kind, sides)) and any(map(names_a_kind, sides)):
            lines.append(node.lineno)  # type: ignore[attr-defined] # expressions and statements have one
    return lines


@pytest.mark.slow
@pytest.mark.parametrize("module", [module for module in FILES if room_of(module) != "kinds"])
def test_the_kind_of_a_question_is_asked_for_in_kinds_only(module: str) -> None:
    assert asked_for(ast.parse(FILES[module].read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "planted",
    [
        'question.kind == "written"',
        'exercise.question(name).kind not in {"quiz", "plan"}',
        'FREE = {"quiz", "written"}\nquestion.kind in FREE',
        '{"list": "elements"}.get(question.kind, "rows")',
        'HOW = {"table": 1}\nHOW[question.kind]',
        'kind = question.kind\nkind != "table"',
        'match question.kind:\n    case "figure":\n        pass',
    ],
)
def test_a_kind_that_is_asked_for_elsewhere_would_be_seen(planted: str) -> None:
    assert asked_for(ast.parse(planted))
