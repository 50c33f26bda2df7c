"""The parameters of notebooks: which each has, and what this run gives it, checked before anything runs."""

from __future__ import annotations

import ast
import difflib
from typing import TYPE_CHECKING, Any

from crmlib.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OPTIONS = {"source": "--source", "as_of": "--as-of", "language": "--language", "fast": "--fast"}
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def defaults_of(notebook: Path) -> dict[str, Any]:
    """Read the parameters of a notebook and their defaults, as papermill sees them."""
    from crmlib.suite.papermill_engine import inspect_notebook

    return {name: ast.literal_eval(p["default"]) for name, p in inspect_notebook(str(notebook)).items()}


def check_names(asked: Mapping[str, str], defaults: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a parameter that a selected notebook does not have.

    Parameters
    ----------
    asked
        The parameters of the command line, name to text.
    defaults
        Notebook to its parameters.

    Examples
    --------
    >>> check_names({"topp": "3"}, {"03_rfm": {"top": 5}, "04_cltv": {}})
    Traceback (most recent call last):
        ...
    crmlib.errors.RunError: 03_rfm has no parameter 'topp'. Did you mean 'top'?
    """
    for name in asked:
        if name in _OPTIONS:
            raise RunError(f"'{name}' is set for all notebooks together: use {_OPTIONS[name]} instead of -p {name}=...")
        if name == "interactive":
            raise RunError("'interactive' is False in a headless run: open the notebook with `crmlib lab` to use it.")
        lacking = [notebook for notebook, own in defaults.items() if name not in own]
        if not lacking:
            continue
        having = [notebook for notebook, own in defaults.items() if name in own]
        lacks = f"{lacking[0]} has no parameter {name!r}."
        if having:
            raise RunError(f"{lacks} {', '.join(having)} has: `crmlib run {' '.join(having)} -p {name}={asked[name]}`.")
        there = [own for own in dict.fromkeys(p for d in defaults.values() for p in d) if own not in _OPTIONS]
        close = difflib.get_close_matches(name, there, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"It has: {', '.join(there) or 'none to set'}."
        raise RunError(f"{lacks} {hint}")


def parse(name: str, text: str, default: Any) -> Any:
    """Turn the text of the command line into the type that the parameter's default has.

    Examples
    --------
    >>> parse("weeks", "39", 26), parse("rate", "1e-2", 0.1), parse("as_of", "1998-07-01", "")
    (39, 0.01, '1998-07-01')
    """
    if text == "None" and not isinstance(default, str):
        return None
    if isinstance(default, str):
        return text
    try:
        if isinstance(default, bool):
            return _TRUTHS[text.lower()]
        if isinstance(default, (int, float)):
            return type(default)(text)
        value = ast.literal_eval(text)
    except (KeyError, ValueError, SyntaxError):
        if default is None:
            return text
        raise RunError(
            f"-p {name}={text}: {text!r} is not {_KINDS[type(default)]}, as the default {default!r} is."
        ) from None
    if default is not None and not isinstance(value, type(default)):
        raise RunError(f"-p {name}={text}: {text!r} is not {_KINDS[type(default)]}, as the default {default!r} is.")
    return value


_KINDS = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    list: "a list",
    tuple: "a tuple",
    dict: "a dict",
    set: "a set",
}


def values_for(own: Mapping[str, Any], given: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, Any]:
    """Choose the values that one notebook gets: of what is common to all, only what it has.

    Examples
    --------
    >>> values_for({"source": "cdnow", "top": 5}, {"source": "x.csv", "fast": True}, {"top": "3"})
    {'source': 'x.csv', 'top': 3}
    """
    common = {name: value for name, value in given.items() if name in own}
    return common | {name: parse(name, text, own[name]) for name, text in asked.items()}
