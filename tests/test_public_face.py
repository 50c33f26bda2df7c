"""What crmlib shows to the world: its names, their documentation, and how fast it is there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import crmlib

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(crmlib.__path__, "crmlib.")
    if not module.name.rpartition(".")[2].startswith("_")
)


def announced(module: Any) -> set[str]:
    """Name what a module shows: its ``__all__``; a package's own modules show what the package shows of them."""
    names = set(getattr(module, "__all__", ()))
    package = importlib.import_module(module.__name__.rpartition(".")[0])
    return names if package is crmlib else names & set(getattr(package, "__all__", names))


def public(module: Any) -> Iterator[tuple[str, Any, set[str]]]:
    """Give the functions, classes and methods that a module shows, with the parameters that are documented.

    What a class says of a parameter in one method holds for all of its methods, and for those that override them.
    """
    for name, thing in vars(module).items():
        if name not in announced(module) or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing):
            own = [base for base in thing.__mro__ if base.__module__.partition(".")[0] == "crmlib"]
            parts = [method for base in own for method in vars(base).values() if inspect.isfunction(method)]
            told = documented(thing).union(*(documented(method) for _, method in inspect.getmembers(thing)))
            told = told.union(*map(documented, parts))
            yield name, thing, told
            for part, method in vars(thing).items():
                if not part.startswith("_") and (inspect.isfunction(method) or isinstance(method, property)):
                    yield f"{name}.{part}", method, told
        elif inspect.isfunction(inspect.unwrap(thing)):
            yield name, thing, documented(thing)


def parameters(thing: Any) -> list[str]:
    """Name what a caller hands over."""
    if not inspect.isfunction(inspect.unwrap(thing)):
        return []
    names = list(inspect.signature(thing).parameters)
    return [name for name in names if name not in {"self", "cls"} and not name.startswith("_")]


def documented(thing: Any) -> set[str]:
    """Name the parameters that stand in the Parameters section, as ``a`` or ``a, b`` above an indented text."""
    text = inspect.getdoc(thing) or ""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+$|\Z)", text, re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^(\S.*)$", section[1], re.MULTILINE) if section else []
    return {name.strip().lstrip("*") for head in heads for name in head.partition(" : ")[0].split(",")}


@cache
def face() -> dict[str, tuple[Any, set[str]]]:
    """Give each public thing of each module by its name, with the parameters that are documented."""
    things = {
        f"{name}.{member}": (thing, described)
        for name in MODULES
        for member, thing, described in public(importlib.import_module(name))
    }
    assert len(things) > 300
    return things


def test_the_public_names_are_these() -> None:
    assert crmlib.__all__ == [
        *(
            "CrmlibError",
            "Policy",
            "Shop",
            "actions",
            "churn",
            "clv",
            "concentration",
            "customers",
            "decide",
            "experiments",
            "explore",
            "futures",
            "intake",
            "journey",
        ),
        *("kpis", "offers", "open_shop", "personas", "plots", "record", "rfm", "skip", "stop_here", "surveys", "text"),
    ]


def test_each_public_name_is_there() -> None:
    assert [name for name in crmlib.__all__ if getattr(crmlib, name, None) is None] == []


def test_dir_lists_the_public_names() -> None:
    assert dir(crmlib) == sorted(crmlib.__all__)


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'crmlib' has no attribute 'nothing'"):
        _ = crmlib.nothing


@pytest.mark.slow
def test_each_name_that_a_module_announces_is_there() -> None:
    modules = {name: importlib.import_module(name) for name in MODULES}
    assert [
        f"{name}.{shown}"
        for name, module in modules.items()
        for shown in getattr(module, "__all__", ())
        if not hasattr(module, shown)
    ] == []


@pytest.mark.slow
def test_each_module_says_what_it_is() -> None:
    assert [name for name in MODULES if not (importlib.import_module(name).__doc__ or "").strip()] == []


@pytest.mark.slow
def test_each_public_thing_says_what_it_is() -> None:
    assert [name for name, (thing, _) in face().items() if not (inspect.getdoc(thing) or "").strip()] == []


@pytest.mark.slow
def test_each_parameter_is_documented() -> None:
    """A single parameter may be clear from the one line above it; several stand in a section."""
    assert [
        f"{name}: {parameter}"
        for name, (thing, described) in face().items()
        if len(parameters(thing)) > 1
        for parameter in parameters(thing)
        if parameter not in described
    ] == []


@pytest.mark.slow
def test_no_parameter_is_documented_that_is_not_there() -> None:
    assert [
        f"{name}: {parameter}"
        for name, (thing, _) in face().items()
        if documented(thing)
        for parameter in documented(thing) - set(inspect.signature(thing).parameters)
    ] == []


def fresh(code: str) -> str:
    """Run code in a new process."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_import_crmlib_stays_light() -> None:
    heavy = ["pandas", "numpy", "duckdb", "matplotlib", "lifetimes", "papermill", "pyarrow", "scipy", "IPython"]
    assert fresh(f"import sys, crmlib; print([name for name in {heavy} if name in sys.modules])") == "[]"


@pytest.mark.slow
def test_rfm_does_not_load_what_only_models_and_figures_need() -> None:
    heavy = ["matplotlib", "lifetimes", "papermill", "scipy", "ipywidgets"]
    assert fresh(f"import sys, crmlib; crmlib.rfm; print([name for name in {heavy} if name in sys.modules])") == "[]"


@pytest.mark.slow
def test_a_summary_does_not_load_what_only_models_need() -> None:
    heavy = ["pandas", "matplotlib", "lifetimes", "papermill", "scipy", "sklearn", "ipywidgets"]
    code = (
        f"import sys; from crmlib import clv; clv.summarize; print([name for name in {heavy} if name in sys.modules])"
    )
    assert fresh(code) == "[]"


def test_no_module_of_clv_is_called_as_a_name_that_it_shows() -> None:
    # the import of crmlib.clv.collapse would put the module where the function is looked up
    modules = {path.stem for path in Path(crmlib.__path__[0], "clv").glob("*.py")}
    assert modules & set(crmlib.clv.__all__) == set()
    assert [name for name in crmlib.clv.__all__ if not hasattr(crmlib.clv, name)] == []


@pytest.mark.slow
def test_importing_the_models_hides_no_warning() -> None:
    code = (
        "import warnings, pandas; before = list(warnings.filters); from crmlib.clv import *; "
        "print([each for each in warnings.filters if each[0] == 'ignore' and each not in before])"
    )
    assert fresh(code) == "[]"
