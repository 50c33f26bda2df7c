"""A package's face whose names are imported when they are first used."""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["lazy"]


def lazy(package: str, file: str) -> Callable[[str], Any]:
    """Return a package's ``__getattr__``, which imports what its ``if TYPE_CHECKING:`` block names.

    Those imports are what editors and type checkers read; read here too, they are the only list of what is where.

    Parameters
    ----------
    package
        Its ``__name__``.
    file
        Its ``__file__``.

    Examples
    --------
    >>> import crmlib
    >>> face = lazy("crmlib", crmlib.__file__)
    >>> face("Policy") is crmlib.Policy
    True
    >>> face("nothing")
    Traceback (most recent call last):
    AttributeError: module 'crmlib' has no attribute 'nothing'
    """

    @cache
    def homes() -> dict[str, str]:
        body = ast.parse(Path(file).read_text(encoding="utf-8")).body
        block = next(node for node in body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        imports = (node for node in block.body if isinstance(node, ast.ImportFrom))
        return {alias.name: str(node.module) for node in imports for alias in node.names}

    def load(name: str) -> Any:
        home = homes().get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return import_module(f"{package}.{name}") if home == package else getattr(import_module(home), name)

    return load
