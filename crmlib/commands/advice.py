"""Messages whose way out is an argument, spelled as in ``shop.toml``: so it is written at the command line."""

from __future__ import annotations

import ast
import re
from typing import Any

__all__ = ["as_in_toml"]

_BRACES = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_TABLES = re.compile(rf"\b(policy|columns)=({_BRACES})")
_OPTION = r"""\b(decimal|date_format|encoding)=('[^']*'|"[^"]*")"""
_CALL = re.compile(rf"open_shop\(\.\.\., ({_OPTION}(?: or {_OPTION})*)\)")
_DAY = re.compile(r"\bas_of=('[^']*')")


def as_in_toml(message: str) -> str:
    """Return a message whose arguments are lines of ``shop.toml``, or options of the command.

    Parameters
    ----------
    message
        As it is told in Python.

    Examples
    --------
    >>> as_in_toml("Leave such rows out: policy={'orders': {'missing_customer': 'drop'}}.")
    'Leave such rows out: [policy.orders] missing_customer = "drop" in shop.toml.'
    >>> as_in_toml("Say so: policy={'orders': {'status': {'gone away': 'sale'}}}, or 'returned'.")
    'Say so: [policy.orders] status = {"gone away" = "sale"} in shop.toml, or \\'returned\\'.'
    >>> as_in_toml("Say which: columns={'customers': {'email': 'E-Mail'}}, or columns={'logins': False}.")
    'Say which: [columns.customers] email = "E-Mail" in shop.toml, or [columns] logins = false in shop.toml.'
    >>> as_in_toml("Say so: open_shop(..., decimal=',').")
    'Say so: decimal = "," in shop.toml.'
    """
    message = _TABLES.sub(_lines, message)
    message = _CALL.sub(lambda call: f"{_options(call[1])} in shop.toml", message)
    message = _options(message)
    return _DAY.sub(lambda day: f"--as-of {ast.literal_eval(day[1])}", message)


def _options(text: str) -> str:
    return re.sub(_OPTION, lambda match: f"{match[1]} = {_spelled(ast.literal_eval(match[2]))}", text)


def _lines(match: re.Match[str]) -> str:
    """Spell an argument of tables as the lines of one table of TOML."""
    try:
        content = ast.literal_eval(match[2])
    except (SyntaxError, ValueError):  # a value that is named, not written
        return match[0]
    part, fields = match[1], content
    if len(content) == 1:
        ((name, value),) = content.items()
        if isinstance(value, dict):
            part, fields = f"{part}.{name}", value
    lines = ", ".join(f"{_key(name)} = {_spelled(value)}" for name, value in fields.items())
    return f"[{part}] {lines} in shop.toml"


def _key(name: Any) -> str:
    """Spell a key as TOML does: bare where it may be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", str(name)) else _spelled(str(name))


def _spelled(value: Any) -> str:
    """Spell a value as TOML does."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_spelled(name)} = {_spelled(entry)}" for name, entry in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    if value is None or isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return "..." if value is ... else str(value)
