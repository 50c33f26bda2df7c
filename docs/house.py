"""The map of the house, read off the code: ``python docs/house.py`` writes docs/house.svg and the table of rooms.

A test holds both against the imports, lazy and typing-only ones too.
"""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path
from xml.sax.saxutils import escape

DOCS = Path(__file__).parent
PACKAGE = DOCS.parent / "crmlib"

#: From the ground up. A room imports rooms of lower floors; those of one floor may import each other without a circle.
FLOORS = (
    ("errors", "version"),
    (
        *(
            "arguments",
            "arms",
            "arrays",
            "csv_out",
            "days",
            "faces",
            "files",
            "intervals",
            "p_values",
            "plugins",
            "regression",
        ),
        "words",
    ),
    ("text", "policy", "segment_maps"),
    ("engine", "notebook", "synth"),
    ("shop",),
    ("sources",),
    ("customers",),
    (
        *("churn", "clv", "concentration", "experiments", "intake", "journey", "kpis", "offers", "personas", "rfm"),
        "surveys",
    ),
    ("profiles",),
    ("actions", "lists"),
    ("futures",),
    ("plots",),
    ("suite",),
    ("grading",),
    ("commands",),
    ("__main__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

#: Rooms that must know less than their floor would let them. A face only imports what it shows, when it is used.
ONLY = {
    "crmlib.synth": {"arrays", "days", "errors", "faces", "files", "version", "words"},
    "crmlib.notebook": {"errors", "faces", "files", "policy", "text", "words"},
    "crmlib.policy": {"errors", "words"},
    "crmlib.text": {"errors", "files", "words"},
    "crmlib.grading.sandbox": {"errors"},
}
#: Faces that show names from a floor above theirs, for those who look for them there. No other module imports upwards.
SHOWN_FROM_ABOVE = {"crmlib.customers": {"crmlib.profiles"}}
#: Too common to draw: most rooms raise errors.
NOT_DRAWN = {*FLOORS[0], *FLOORS[1], "__main__"}


def imports(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Map each module to the modules of ours that it imports, wherever and in whatever way it says so."""
    notebooks = package / "notebooks"  # those that an installed crmlib has, which are no part of the house
    files = {name_of(path, package): path for path in package.rglob("*.py") if notebooks not in path.parents}
    return {name: set(imported(path, files)) - SHOWN_FROM_ABOVE.get(name, set()) for name, path in files.items()}


def name_of(path: Path, package: Path) -> str:
    """Return a file's dotted name; a package's is that of its folder."""
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, files: dict[str, Path]) -> list[str]:
    """Return what a file imports of ours."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.partition(".")[0] == "crmlib"]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}, line {node.lineno}: import by the full name.")
            if str(node.module).partition(".")[0] == "crmlib":
                whole = [f"{node.module}.{alias.name}" for alias in node.names]
                names += [name if name in files else str(node.module) for name in whole]
        elif isinstance(node, ast.Call):
            names += named_in_a_call(path, node)
    return names


def named_in_a_call(path: Path, call: ast.Call) -> list[str]:
    """Return what of ours a call such as ``import_module("crmlib.churn")`` imports by a name that is written out."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if function not in {"import_module", "__import__"} or not call.args:
        return []
    name = call.args[0].value if isinstance(call.args[0], ast.Constant) else ""
    if str(name).startswith("."):
        raise ValueError(f"{path}, line {call.lineno}: import by the full name.")
    return [str(name)] if str(name).partition(".")[0] == "crmlib" else []


def room_of(module: str) -> str:
    """Return the room that a module stands in."""
    return module.split(".")[1]


def rooms(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return which room imports which; the face, `crmlib` itself, is no room."""
    result: dict[str, set[str]] = {}
    for module, others in graph.items():
        if module != "crmlib":
            own = room_of(module)
            result.setdefault(own, set()).update({room_of(other) for other in others if other != "crmlib"} - {own})
    return result


def upward(graph: dict[str, set[str]]) -> list[str]:
    """Name the imports that do not run downwards. The face may name every room, and nobody names the face."""
    wrong = [
        f"crmlib.{room} stands on no floor: add it to FLOORS in docs/house.py"
        for room in sorted(set(rooms(graph)) - set(FLOOR))
    ]
    for module in sorted(set(graph) - {"crmlib"}):
        room = room_of(module)
        for other in sorted(graph[module]):
            if other == "crmlib":
                wrong.append(f"{module} imports the face")
            elif room_of(other) != room and FLOOR.get(room_of(other), 0) > FLOOR.get(room, len(FLOORS)):
                wrong.append(f"{module} imports {other}, which stands above it")
            wrong += [
                f"{module} imports {other}, which {place} must not know"
                for place, allowed in ONLY.items()
                if f"{module}.".startswith(f"{place}.")
                and not f"{other}.".startswith(f"{place}.")
                and (other == "crmlib" or room_of(other) not in allowed)
            ]
    return wrong


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the members of a circle, or nothing."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def purpose(room: str) -> str:
    """Return the first sentence of a room's docstring."""
    path = PACKAGE / room / "__init__.py"
    module = ast.parse((path if path.is_file() else PACKAGE / f"{room}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(module) or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")


def table(graph: dict[str, set[str]]) -> str:
    """Return the rooms as a Markdown table, the highest floor first."""
    between = rooms(graph)
    lines = ["| Room | For | Imports |", "|---|---|---|"]
    for floor in reversed(FLOORS[:-1]):
        for room in floor:
            below = ", ".join(sorted(between.get(room, set()), key=lambda other: (-FLOOR[other], other)))
            lines.append(f"| `{room}` | {purpose(room)} | {below} |")
    return "\n".join(lines)


def direct(between: dict[str, set[str]]) -> dict[str, set[str]]:
    """Leave out the imports that another way down already shows."""

    def below(room: str) -> set[str]:
        return between[room].union(*(below(other) for other in between[room]), set())

    return {room: others - set().union(*(below(other) for other in others), set()) for room, others in between.items()}


def drawing(graph: dict[str, set[str]]) -> str:
    """Return the map as SVG: floors from the ground up, a line for each way down that no other way shows."""
    drawn = [[room for room in floor if room not in NOT_DRAWN] for floor in FLOORS]
    drawn = [floor for floor in drawn if floor][::-1]
    wide, high, gap, width = 92, 26, 46, 1120
    box = {
        room: (round(width * _across(index, len(floor), level)), 24 + level * (high + gap))
        for level, floor in enumerate(drawn)
        for index, room in enumerate(floor)
    }
    between = {room: others & set(box) for room, others in rooms(graph).items() if room in box}
    height = 24 + len(drawn) * (high + gap)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<style>text { font: 13px sans-serif }</style>",
        "<title>The rooms of crmlib; imports run downwards</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for room, others in sorted(direct(between).items()):
        for other in sorted(others):
            (x, y), (to_x, to_y) = box[room], box[other]
            beside = y == to_y  # rooms of one floor: an arc below them
            bend = y + high + gap - 8 if beside else (y + high + to_y) / 2
            end = to_y + high if beside else to_y
            parts.append(
                f'<path d="M{x} {y + high} C{x} {bend:g} {to_x} {bend:g} {to_x} {end}" fill="none" '
                'stroke="#5b7fa6" stroke-width="1.2"/>'
            )
    for room, (x, y) in box.items():
        parts.append(
            f'<rect x="{x - wide // 2}" y="{y}" width="{wide}" height="{high}" rx="4" fill="#eaf1f8" stroke="#2f5d8a"/>'
            f'<text x="{x}" y="{y + 17}" text-anchor="middle" fill="#10243a">{escape(room)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _across(index: int, count: int, level: int) -> float:
    """Return where a room stands on its floor, 0 to 1; one that is alone stands aside, so that lines pass by it."""
    return (index + 0.5) / count if count > 1 else (0.46, 0.54)[level % 2]


def page(text: str, graph: dict[str, set[str]]) -> str:
    """Return docs/architecture.md with the table of rooms put in anew."""
    head, _, rest = text.partition("<!-- rooms -->")
    return f"{head}<!-- rooms -->\n{table(graph)}\n<!-- end of rooms -->{rest.partition('<!-- end of rooms -->')[2]}"


if __name__ == "__main__":
    of_today = imports()
    (DOCS / "house.svg").write_text(drawing(of_today), encoding="utf-8")
    architecture = DOCS / "architecture.md"
    architecture.write_text(page(architecture.read_text(encoding="utf-8"), of_today), encoding="utf-8")
