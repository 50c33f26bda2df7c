"""The parameters of notebooks: which each has, and what this run gives it, checked before anything runs."""

from __future__ import annotations

import ast
import json
import tokenize
from typing import TYPE_CHECKING, Any

from crmlib.errors import PolicyError, RunError
from crmlib.notebook.parameters import Parameter, contradictions, read
from crmlib.policy import Policy, adjusted
from crmlib.suite.executed import source_of
from crmlib.words import likeliest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from crmlib.suite.opened import Data

_OPTIONS = {"source": "--source", "as_of": "--as-of", "language": "--language", "fast": "--fast"}
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parameters_of(notebook: Path) -> dict[str, Parameter]:
    """Read the parameters of a notebook off its cell tagged so, as Python does.

    Parameters
    ----------
    notebook
        Its file.

    Raises
    ------
    RunError
        The file is no notebook, or its cell of parameters is not Python.
    """
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        cells = [cell for cell in content["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{notebook.name} cannot be read as a notebook: {type(error).__name__}: {error}.") from None
    result: dict[str, Parameter] = {}
    for cell in cells[:1]:
        try:
            result = read(source_of(cell))
        except (SyntaxError, tokenize.TokenError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
            number = content["cells"].index(cell) + 1
            raise RunError(
                f"{notebook.name}, cell {number}{line}: the cell of parameters is not Python: {error.args[0]}."
            ) from None
    return result


def settable(notebooks: Sequence[Path]) -> dict[str, Parameter]:
    """Return the parameters that any of some notebooks has, and that ``-p`` sets.

    Parameters
    ----------
    notebooks
        Their files.
    """
    own = {name: each for path in notebooks for name, each in parameters_of(path).items()}
    return {name: each for name, each in own.items() if name not in {*_OPTIONS, "interactive"}}


def check_names(asked: Mapping[str, str], own: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a parameter that a selected notebook does not have.

    Parameters
    ----------
    asked
        The parameters of the command line, name to text.
    own
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
        lacking = [notebook for notebook, parameters in own.items() if name not in parameters]
        if not lacking:
            continue
        having = [notebook for notebook, parameters in own.items() if name in parameters]
        lacks = f"{lacking[0]} has no parameter {name!r}."
        if having:
            raise RunError(f"{lacks} {', '.join(having)} has: `crmlib run {' '.join(having)} -p {name}={asked[name]}`.")
        there = [
            each for each in dict.fromkeys(name for names in own.values() for name in names) if each not in _OPTIONS
        ]
        close = likeliest(name, there, most=1)
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


def values_for(own: Mapping[str, Parameter], given: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, Any]:
    """Choose the values that one notebook gets: of what is common to all, only what it has.

    Parameters
    ----------
    own
        The notebook's parameters.
    given
        What is common to all notebooks of the run.
    asked
        The parameters of the command line, name to text.

    Examples
    --------
    >>> values_for(read("source = 'cdnow'; top = 5"), {"source": "x.csv", "fast": True}, {"top": "3"})
    {'source': 'x.csv', 'top': 3}
    """
    common = {name: value for name, value in given.items() if name in own}
    return common | {name: parse(name, text, own[name].sample) for name, text in asked.items()}


def check_values(
    asked: Mapping[str, Sequence[str]], own: Mapping[str, Mapping[str, Parameter]], policy: Policy
) -> None:
    """Refuse a value of the command line that a notebook's parameter may not have, before anything runs.

    Parameters
    ----------
    asked
        The parameters of the command line, name to the texts that it is given.
    own
        Notebook to its parameters.
    policy
        That of the shop: it has the values of parameters that are not set.

    Raises
    ------
    RunError
        A value is of another kind, out of bounds or none of the choices, or contradicts another or the policy.

    Examples
    --------
    >>> parameters = {"03_rfm": read("months: int = 6  # how far apart: at least 1")}
    >>> check_values({"months": ["0"]}, parameters, Policy())
    Traceback (most recent call last):
        ...
    crmlib.errors.RunError: -p months=0: it is at least 1, not 0. It means: how far apart: at least 1.
    """
    for parameters in own.values():
        values: list[dict[str, Any]] = [{}]
        for name, texts in asked.items():
            values = [{**point, name: _checked(name, text, parameters[name])} for point in values for text in texts]
        for point in values:
            _check_together(point, parameters, policy)


def _checked(name: str, text: str, parameter: Parameter) -> Any:
    value = parse(name, text, parameter.sample)
    if wrong := parameter.refusal(value):
        raise RunError(f"-p {name}={text}: it {wrong}")
    return value


def _check_together(point: Mapping[str, Any], parameters: Mapping[str, Parameter], policy: Policy) -> None:
    """Refuse values that contradict one another, the notebook's defaults, or the policy."""
    written = " ".join(f"-p {name}={value}" for name, value in point.items())
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    if wrong := contradictions(parameters, {**defaults, **point}):
        raise RunError(f"{written}: {wrong[0]}")
    try:
        adjusted(policy, {each.key: point.get(name) for name, each in parameters.items() if each.key})
    except PolicyError as error:
        raise RunError(f"{written}: {error}" if written else str(error)) from None


def check_days(asked: Mapping[str, str], own: Mapping[str, Mapping[str, Parameter]], data: Data) -> None:
    """Refuse a day that lies outside the shop's orders.

    Parameters
    ----------
    asked
        The parameters of the command line, name to text.
    own
        Notebook to its parameters.
    data
        The shop, opened.
    """
    if data.facts is None:
        return
    first, last = data.facts.first_day.isoformat(), data.facts.as_of.isoformat()
    for name, text in asked.items():
        if text and any(parameters[name].is_day for parameters in own.values()) and not first <= text <= last:
            raise RunError(f"-p {name}={text}: it is a day of the orders, which go from {first} to {last}.")
