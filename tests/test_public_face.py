"""What crmlib shows to the world: its names, their documentation, and how fast it is there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
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

    What a class says of a parameter in one method holds for all of its methods.
    """
    for name, thing in vars(module).items():
        if name not in announced(module) or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing):
            told = documented(thing).union(*(documented(method) for _, method in inspect.getmembers(thing)))
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


PUBLIC = {
    f"{name}.{member}": (thing, told)
    for name in MODULES
    for member, thing, told in public(importlib.import_module(name))
}


def test_the_public_names_are_these() -> None:
    assert crmlib.__all__ == [
        *("CrmlibError", "Policy", "Shop", "actions", "churn", "clv", "concentration", "explore", "intake", "journey"),
        *("open_shop", "personas", "plots", "record", "rfm", "stop_here", "surveys", "text"),
    ]


@pytest.mark.parametrize("name", crmlib.__all__)
def test_each_public_name_is_there(name: str) -> None:
    assert getattr(crmlib, name) is not None


def test_dir_lists_the_public_names() -> None:
    assert dir(crmlib) == sorted(crmlib.__all__)


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'crmlib' has no attribute 'nothing'"):
        _ = crmlib.nothing


@pytest.mark.parametrize("module", MODULES)
def test_each_name_that_a_module_announces_is_there(module: str) -> None:
    loaded = importlib.import_module(module)
    assert [name for name in getattr(loaded, "__all__", ()) if not hasattr(loaded, name)] == []


@pytest.mark.parametrize("module", MODULES)
def test_each_module_says_what_it_is(module: str) -> None:
    assert (importlib.import_module(module).__doc__ or "").strip()


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_thing_says_what_it_is(name: str) -> None:
    assert (inspect.getdoc(PUBLIC[name][0]) or "").strip()


@pytest.mark.parametrize("name", [name for name, (thing, _) in PUBLIC.items() if len(parameters(thing)) > 1])
def test_each_parameter_is_documented(name: str) -> None:
    """A single parameter may be clear from the one line above it; several stand in a section."""
    thing, told = PUBLIC[name]
    assert [parameter for parameter in parameters(thing) if parameter not in told] == []


@pytest.mark.parametrize("name", [name for name, (thing, _) in PUBLIC.items() if documented(thing)])
def test_no_parameter_is_documented_that_is_not_there(name: str) -> None:
    thing, _ = PUBLIC[name]
    assert documented(thing) - set(inspect.signature(thing).parameters) == set()


def fresh(code: str) -> str:
    """Run code in a new process."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_import_crmlib_stays_light() -> None:
    heavy = ["pandas", "numpy", "duckdb", "matplotlib", "lifetimes", "papermill", "pyarrow", "scipy", "IPython"]
    assert fresh(f"import sys, crmlib; print([name for name in {heavy} if name in sys.modules])") == "[]"


def test_rfm_does_not_load_what_only_models_and_figures_need() -> None:
    heavy = ["matplotlib", "lifetimes", "papermill", "scipy", "ipywidgets"]
    assert fresh(f"import sys, crmlib; crmlib.rfm; print([name for name in {heavy} if name in sys.modules])") == "[]"


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
    assert sorted(name for names in crmlib.clv._HOME.values() for name in names) == sorted(crmlib.clv.__all__)


def test_importing_the_models_hides_no_warning() -> None:
    code = (
        "import warnings, pandas; before = list(warnings.filters); from crmlib.clv import *; "
        "print([each for each in warnings.filters if each[0] == 'ignore' and each not in before])"
    )
    assert fresh(code) == "[]"
