r"""The parameters of a notebook: a cell of Python whose comments say what each may be, for a reader and for a check.

A comment bounds a number by *at least*, *at most*, *above* or *below* and a number or another parameter's name; a text
by the quoted choices among which its default stands; a day by "such as" and a day. A parameter whose comment names *the
policy's* key is bounded as that key is, and at its default, ``None``, takes the key's value.

>>> cell = 'months: int = 6  # how far apart: at least 1\nkind: str = "a"  # which: "a" or "b"'
>>> parameters = read(cell)
>>> parameters["months"].refusal(0), parameters["kind"].refusal("c")
('is at least 1, not 0. It means: how far apart: at least 1.', "is 'a' or 'b', not 'c'.")
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from crmlib.errors import CrmlibError
from crmlib.policy.keys import Bounds, key
from crmlib.words import likeliest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Parameter", "ParameterError", "check_parameters", "contradictions", "read"]

_LIMIT = re.compile(r"\b(at least|at most|above|below) (-?\d+(?:\.\d+)?|[a-z_]+)\b")
_KEY = re.compile(r"\bthe policy's ([a-z]+\.[a-z_]+)\b")
_DAY = re.compile(r"\bsuch as \"\d{4}-\d{2}-\d{2}\"")
_KINDS: dict[str, type] = {kind.__name__: kind for kind in (bool, int, float, str, list, tuple, dict, set)}


class ParameterError(CrmlibError):
    """A parameter is not what it may be. A notebook shows the sentence alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence instead of a traceback; IPython looks for this method."""
        return [str(self)]


@dataclass(frozen=True)
class Parameter:
    """A parameter of a notebook.

    Attributes
    ----------
    name, default
        As the cell says.
    kind
        The type of its values, besides ``None``; ``None`` where nothing tells it.
    comment
        What stands behind it.
    optional
        Whether ``None`` is a value.
    bounds
        Of a number.
    limits
        Names of parameters that bound it, as (word, name).
    choices
        Of a text.
    is_day
        Whether it is a day in ISO form, or empty.
    key
        The policy's key whose value it takes by default, or empty.
    """

    name: str
    default: Any
    kind: type | None = None
    comment: str = ""
    optional: bool = False
    bounds: Bounds = field(default_factory=Bounds)
    limits: tuple[tuple[str, str], ...] = ()
    choices: tuple[str, ...] = ()
    is_day: bool = False
    key: str = ""

    @property
    def sample(self) -> Any:
        """A value that shows the type: the default, or an empty one where that is ``None``."""
        return self.kind() if self.default is None and self.kind is not None else self.default

    def refusal(self, value: Any) -> str:
        """Return what is wrong with a value, or nothing.

        Parameters
        ----------
        value
            Of the parameter.
        """
        if value is None and (self.optional or self.default is None):
            return ""
        if self.kind is not None and not _is_of(value, self.kind):
            return f"is {_named(self.kind)}, not {value!r}."
        if self.choices and value not in self.choices:
            near = likeliest(str(value), self.choices, most=1)
            listed = " or ".join(filter(None, (", ".join(map(repr, self.choices[:-1])), repr(self.choices[-1]))))
            return f"is {listed}, not {value!r}.{f' Did you mean {near[0]!r}?' if near else ''}"
        if self.is_day and value:
            try:
                date.fromisoformat(value)
            except ValueError:
                return f'is a day such as "2026-06-30", or empty, not {value!r}.'
        if isinstance(value, (int, float)) and not isinstance(value, bool) and (text := self.bounds.refusal(value)):
            words, _, percent = text.partition("; ")
            hint = f" {percent}." if percent else f" It means: {self.comment.rstrip('.')}." if self.comment else ""
            return f"{words}, not {value:g}.{hint}"
        return ""


def read(cell: str) -> dict[str, Parameter]:
    r"""Read the parameters of a cell of Python: each assignment of a value that is written out.

    Parameters
    ----------
    cell
        The text of the cell; lines of IPython's own (``%``, ``!``) are no part of it.

    Raises
    ------
    SyntaxError
        The cell is not Python.

    Examples
    --------
    >>> read("color = '#ff0000'\nmargin: float | None = None  # the policy's money.margin")["color"].default
    '#ff0000'
    """
    text = "\n".join("" if re.match(r"\s*[%!?]", line) else line for line in cell.splitlines())
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }
    parameters = {}
    for node in ast.parse(text).body:
        names = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        value = getattr(node, "value", None)
        if len(names) != 1 or not isinstance(names[0], ast.Name) or value is None:
            continue
        try:
            default = ast.literal_eval(value)
        except (ValueError, TypeError, SyntaxError, MemoryError):
            continue  # derived from others: nothing to set
        kind = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
        comment = comments.get(node.end_lineno or node.lineno, "")
        parameters[names[0].id] = _parameter(names[0].id, default, kind, comment)
    return parameters


def contradictions(parameters: Mapping[str, Parameter], values: Mapping[str, Any]) -> list[str]:
    r"""Return what is wrong between two parameters, each of which is right by itself.

    Parameters
    ----------
    parameters
        By name.
    values
        The value of each; one that is not there, or ``None``, contradicts nothing.

    Examples
    --------
    >>> both = read("off: float = 0.1  # taken off: at least 0, below stays\nstays: float = 0.3  # what stays")
    >>> contradictions(both, {"off": 0.4, "stays": 0.3})
    ['off=0.4 is not below stays=0.3.']
    """
    wrong = []
    for parameter in parameters.values():
        for word, other in parameter.limits:
            value, limit = values.get(parameter.name), values.get(other)
            if not isinstance(value, (int, float)) or not isinstance(limit, (int, float)):
                continue
            if not Bounds(**{word.replace(" ", "_"): limit}).hold(value):
                wrong.append(f"{parameter.name}={value:g} is not {word} {other}={limit:g}.")
    return wrong


def check_parameters(values: Mapping[str, Any] | None = None, cell: str | None = None) -> None:
    """Refuse a parameter of this notebook that is not what its comment says it may be.

    Parameters
    ----------
    values
        The variables of the notebook; those of the running IPython by default.
    cell
        The cell of parameters; by default the latest cell that was run and has a parameter ``interactive``.

    Raises
    ------
    ParameterError
        A value is of another kind, out of bounds or none of the choices, or contradicts another.

    Examples
    --------
    >>> check_parameters({"margin": 30.0}, "margin: float | None = None  # what stays; None: the policy's money.margin")
    Traceback (most recent call last):
    crmlib.notebook.parameters.ParameterError: margin is above 0 and at most 1, not 30. 30 % is 0.30.
    """
    if values is None:
        values = _variables()
    parameters = read(_latest_cell(values) if cell is None else cell)
    given = {name: values.get(name, parameter.default) for name, parameter in parameters.items()}
    for name, parameter in parameters.items():
        if text := parameter.refusal(given[name]):
            raise ParameterError(f"{name} {text}")
    for text in contradictions(parameters, given):
        raise ParameterError(text)


def _variables() -> Mapping[str, Any]:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return {}
    shell = get_ipython()
    return {} if shell is None else shell.user_ns


def _latest_cell(values: Mapping[str, Any]) -> str:
    """Return the cell of parameters as it was run last: comments are known of a cell's text alone."""
    cells = [text for text in values.get("In", ()) if re.search(r"^interactive\s*:", text, re.MULTILINE)]
    return cells[-1] if cells else ""


def _parameter(name: str, default: Any, annotation: str, comment: str) -> Parameter:
    named = [part.strip() for part in annotation.split("|")] if annotation else []
    kinds = [_KINDS[part.partition("[")[0]] for part in named if part.partition("[")[0] in _KINDS]
    kind = kinds[0] if len(kinds) == 1 else type(default) if default is not None and not named else None
    policy_key = found[1] if (found := _KEY.search(comment)) else ""
    limits = _LIMIT.findall(comment)
    numbers = {word.replace(" ", "_"): float(limit) for word, limit in limits if not limit[0].isalpha()}
    quoted = re.findall(r'"([^"]*)"', comment)
    is_day = kind is str and _DAY.search(comment) is not None
    is_closed = kind is str and not is_day and default in quoted
    return Parameter(
        name=name,
        default=default,
        kind=kind,
        comment=comment,
        optional="None" in named or default is None,
        bounds=key(policy_key).bounds if policy_key else Bounds(**numbers),
        limits=tuple((word, limit) for word, limit in limits if limit[0].isalpha()),
        choices=tuple(dict.fromkeys(quoted)) if is_closed else (),
        is_day=is_day,
        key=policy_key,
    )


def _is_of(value: Any, kind: type) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    return isinstance(value, (int, float) if kind is float else kind)


def _named(kind: type) -> str:
    names = {bool: "True or False", int: "a whole number", float: "a number", str: "a text"}
    return names.get(kind, f"a {kind.__name__}")
