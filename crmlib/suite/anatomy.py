"""The rules that every notebook of the suite keeps, so that people find their way in each of them.

`problems` reads the built notebook, never runs it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_CELLS = 50
MOST_LINES = 15
_SHELL = re.compile(r"\s*(!|%{1,2}(pip|conda|mamba|uv|sh|bash|system|sx)\b)")
_CAPTURE = re.compile(r"\s*%%capture\b")
_URL = re.compile(r"(https?|ftp|s3|gs)://", re.IGNORECASE)
_FETCHERS = {"requests", "httpx", "urllib", "urllib3", "aiohttp", "http", "socket", "ftplib", "boto3"}
_ABSOLUTE = re.compile(
    r"~[/\\]|[A-Za-z]:[/\\]|/(home|Users|tmp|mnt|media|root|data|etc|var|opt|usr|srv|work)\b|/[\w.-]+/[\w.-]"
)
#: What a Markdown cell with a share in it carries: whether it holds for any source, as a definition or an example does,
#: or is a result of the shop that ships, and is left out of the report on another.
ANY_SOURCE, EXAMPLE_SHOP = "any-source", "example-shop"
_SHARE = re.compile(
    r"\d\s?%|\bper ?cent\b|\b(?:one|two|three|four|five|six|seven|eight|nine|\d+) (?:in|out of) (?:every )?"
    r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|\d+)\b",
    re.IGNORECASE,
)
_SETTINGS = {"close", "style", "get_cmap", "color_palette", "set_palette", "set_theme", "set_style", "set_context"}
_STYLING = re.compile(r"style|theme|palette|colou?rs?$")


@dataclass(frozen=True)
class Problem:
    """A rule that a cell does not keep.

    Attributes
    ----------
    cell
        The cell, counted from 1.
    line
        The line in the cell, counted from 1.
    message
        What is wrong, and what to do.
    style
        Whether it is a matter of the house: the notebook runs all the same.
    """

    cell: int
    line: int
    message: str
    style: bool = field(default=False, repr=False)


def problems(cells: list[dict[str, Any]], *, any_shop: bool = True) -> list[Problem]:
    """Find what breaks the rules of a notebook.

    Parameters
    ----------
    cells
        The cells in order, each with ``cell_type``, ``source`` (text) and ``metadata``.
    any_shop
        The notebook runs on any shop, so a share in its text says whom it holds for. An exercise
        asks, and tells no results.

    Examples
    --------
    >>> cells = [{"cell_type": "code", "source": "n: int = 3  # how many", "metadata": {"tags": ["parameters"]}},
    ...          {"cell_type": "code", "source": "!pip install x", "metadata": {}}]
    >>> problems(cells)
    [Problem(cell=2, line=1, message='no shell command or installation: ...')]
    """
    found = [Problem(MOST_CELLS + 1, 1, f"at most {MOST_CELLS} cells: this notebook has {len(cells)}", style=True)]
    found = found if len(cells) > MOST_CELLS else []
    tagged = [n for n, cell in enumerate(cells, 1) if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        how_many = "none" if not tagged else f"{len(tagged)}"
        found.append(
            Problem(tagged[1] if tagged else 1, 1, f'exactly one cell tagged "parameters": there is {how_many}')
        )
    drawing: set[str] = set()
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] == "code":
            found += [Problem(number, line, message) for line, message in _in_code(cell, number in tagged)]
            styled = _style_of_code(cell, number in tagged, drawing)
            found += [Problem(number, line, message, style=True) for line, message in styled]
        elif any_shop and {ANY_SOURCE, EXAMPLE_SHOP}.isdisjoint(cell["metadata"].get("tags", [])):
            found += [Problem(number, line, message) for line, message in _in_text(cell)]
    return sorted(found, key=lambda p: (p.cell, p.line))


def _in_text(cell: dict[str, Any]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(cell["source"].splitlines(), 1):
        if share := _SHARE.search(line):
            ways = f"tag the cell {ANY_SOURCE!r} (it holds for any orders) or {EXAMPLE_SHOP!r} (left out elsewhere)"
            yield number, f"{share[0]!r} may be a result of one shop: compute it in a code cell, or {ways}"


def _parsed(lines: list[str]) -> ast.Module:
    # Magics are not Python: a comment in their place keeps the line numbers.
    return ast.parse("\n".join("pass" if re.match(r"[!%]", line) else line for line in lines))


def _in_code(cell: dict[str, Any], parameters: bool) -> Iterator[tuple[int, str]]:  # noqa: FBT001
    """Find what would not run, or not on another machine."""
    lines = cell["source"].splitlines()
    for number, line in enumerate(lines, 1):
        if _SHELL.match(line):
            yield number, "no shell command or installation: what a notebook needs is installed with crmlib"
    try:
        tree = _parsed(lines)
    except SyntaxError as error:
        yield error.lineno or 1, f"this is not Python: {error.msg}"
        return
    yield from _broken(tree, (_fetch, _absolute_path))
    if parameters:
        yield from _not_parameters(tree)


def _broken(tree: ast.Module, rules: tuple[Callable[[ast.AST], str], ...]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        for rule in rules:
            if message := rule(node):
                yield getattr(node, "lineno", 1), message


def _style_of_code(
    cell: dict[str, Any],
    parameters: bool,  # noqa: FBT001
    drawing: set[str],
) -> Iterator[tuple[int, str]]:
    """Find what breaks the style of the house."""
    lines = cell["source"].splitlines()
    yield from _in_lines(lines, most=len(lines) if parameters else MOST_LINES)
    try:
        tree = _parsed(lines)
    except SyntaxError:
        return
    yield from _broken(tree, (_rc_params, _silenced))
    if parameters:
        yield from _without_comment(tree, lines)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    drawing |= {function.name for function in functions if _first_drawing(function, drawing, inside=True)}
    here = _first_drawing(tree, drawing)
    alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
    if here and not str(alt).strip():
        yield here, 'a figure needs a text for those who cannot see it: # %% mystnb={"image": {"alt": "Bars: ..."}}'


def _in_lines(lines: list[str], most: int) -> Iterator[tuple[int, str]]:
    if len(lines) > most:
        yield most + 1, f"at most {most} lines in a code cell: this one has {len(lines)}; split it"
    for number, line in enumerate(lines, 1):
        if _CAPTURE.match(line):
            yield number, "no %%capture: it would silence warnings"


def _not_parameters(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in tree.body:
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value):
            yield node.lineno, "a parameter is a name with its type and a value: weeks: int = 39  # what it means"
            continue
        try:
            ast.literal_eval(node.value)
        except ValueError:
            yield node.lineno, f"the parameter {node.target.id!r} is not a literal: derive it in a cell below"


def _without_comment(tree: ast.Module, lines: list[str]) -> Iterator[tuple[int, str]]:
    for node in tree.body:
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            continue
        if "#" not in lines[(node.end_lineno or node.lineno) - 1]:
            yield node.lineno, f"the parameter {node.target.id!r} needs a comment that says what it means"


def _name(node: ast.AST) -> str:
    """Give the dotted name of an expression, such as ``plt.subplots``."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{_name(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def _rc_params(node: ast.AST) -> str:
    named = isinstance(node, (ast.Name, ast.Attribute)) and _name(node).rpartition(".")[2] in {"rcParams", "rc_context"}
    called = isinstance(node, ast.Call) and _name(node.func) in {"plt.rc", "matplotlib.rc", "mpl.rc"}
    return "no rcParams: the plot style is crmlib.plots'" if named or called else ""


def _fetch(node: ast.AST) -> str:
    modules = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    if any(module.partition(".")[0] in _FETCHERS for module in modules):
        return "no fetch from the network: a notebook runs offline"
    if isinstance(node, ast.Call) and _name(node.func) in {"sns.load_dataset", "seaborn.load_dataset"}:
        return "no fetch from the network: sns.load_dataset downloads"
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _URL.search(node.value):
        return "no URL in code, a notebook runs offline: put links into Markdown"
    return ""


def _absolute_path(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ABSOLUTE.match(node.value):
        return f"no absolute path: {node.value!r} is on your machine only"
    return ""


def _silenced(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    called = _name(node.func).rpartition(".")[2]
    said = [*node.args, *(keyword.value for keyword in node.keywords)]
    if called in {"simplefilter", "filterwarnings", "errstate", "seterr", "catch_warnings"} and any(
        isinstance(value, ast.Constant) and value.value == "ignore" for value in said
    ):
        return "no silenced warning: remove its cause, or show it and say what it means"
    return ""


def _first_drawing(tree: ast.AST, drawing: set[str], *, inside: bool = False) -> int:
    # What a function would draw does not count until it is called.
    bodies = list(ast.iter_child_nodes(tree))
    lines = []
    while bodies:
        node = bodies.pop()
        if isinstance(node, (ast.FunctionDef, ast.Lambda)) and not inside:
            continue
        if isinstance(node, ast.Call) and _draws(_name(node.func), drawing):
            lines.append(node.lineno)
        bodies += ast.iter_child_nodes(node)
    return min(lines, default=0)


def _draws(called: str, drawing: set[str]) -> bool:
    module, _, name = called.partition(".")
    if called in drawing:
        return True
    if module in {"plt", "sns", "plots"} and name:
        first = name.partition(".")[0]
        return first not in _SETTINGS and not _STYLING.search(first)
    return called.rpartition(".")[2] == "plot" or ".plot." in called
