"""Every key of the policy, read off its classes: meaning, allowed values, default.

>>> margin = key("money.margin")
>>> margin.values, margin.default, margin.refusal(30.0)
('a number above 0, at most 1', 0.3, 'is above 0 and at most 1; 30 % is 0.30')
"""

from __future__ import annotations

import functools
import inspect
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from crmlib.errors import PolicyError
from crmlib.policy import Policy
from crmlib.words import did_you_mean

__all__ = ["Bounds", "Key", "key", "keys"]

_KINDS = {"FloatType": "a number", "IntType": "a whole number", "StrType": "a text", "BoolType": "true or false"}
_MOST_SHOWN = 6


@dataclass(frozen=True)
class Bounds:
    """Where a number may lie; a limit that is not there is infinite."""

    above: float = float("-inf")
    at_least: float = float("-inf")
    below: float = float("inf")
    at_most: float = float("inf")

    @property
    def words(self) -> list[str]:
        """The limits in words."""
        limits = [("above", self.above), ("at least", self.at_least), ("below", self.below), ("at most", self.at_most)]
        return [f"{word} {limit:g}" for word, limit in limits if abs(limit) != float("inf")]

    def hold(self, value: float) -> bool:
        """Say whether a number lies within; no limit holds of what is no number."""
        return self.above < value < self.below and self.at_least <= value <= self.at_most

    def refusal(self, value: float) -> str:
        """Return what to say of a number: nothing where it lies within."""
        if self.hold(value):
            return ""
        share = max(self.above, self.at_least) >= 0 and min(self.below, self.at_most) == 1
        percent = f"; {value:g} % is {value / 100:.2f}" if share and 1 < value <= 100 else ""  # noqa: PLR2004
        return f"is {' and '.join(self.words) or 'a number'}{percent}"


@dataclass(frozen=True)
class Key:
    """A key of the policy.

    Attributes
    ----------
    name
        Such as ``money.margin``.
    meaning
        What it says.
    values
        What it may be, in words.
    default
        Of the policy ``standard``.
    bounds
        Of a number.
    choices
        Of a closed list.
    """

    name: str
    meaning: str
    values: str
    default: Any
    bounds: Bounds
    choices: tuple[Any, ...]

    def refusal(self, value: float) -> str:
        """Return what to say of a number: nothing where it may be."""
        return self.bounds.refusal(value)

    @property
    def shown_default(self) -> str:
        """The default as TOML writes it; of a long list its beginning."""
        return _toml(msgspec.to_builtins(self.default))


@functools.cache
def keys() -> tuple[Key, ...]:
    """Return every key, part by part."""
    result = []
    for part in msgspec.inspect.type_info(Policy).fields:  # type: ignore[attr-defined]
        struct = part.type.cls
        meanings = _meanings(inspect.getdoc(struct) or "")
        result += [
            Key(
                name=f"{part.name}.{field.name}",
                meaning=meanings[field.name],
                values=_values(field.type),
                default=getattr(struct(), field.name),
                bounds=_bounds(field.type),
                choices=tuple(each for kind in _alternatives(field.type) for each in getattr(kind, "values", ())),
            )
            for field in part.type.fields
        ]
    return tuple(result)


def key(name: str) -> Key:
    """Return one key.

    Parameters
    ----------
    name
        Such as ``money.margin``.

    Raises
    ------
    PolicyError
        There is none of that name.
    """
    known = {each.name: each for each in keys()}
    if name not in known:
        raise PolicyError(f"The policy has no key {name!r}. {did_you_mean(name, known)}")
    return known[name]


def _alternatives(kind: Any) -> list[Any]:
    return list(kind.types) if hasattr(kind, "types") else [kind]


def _bounds(kind: Any) -> Bounds:
    numbers = [each for each in _alternatives(kind) if type(each).__name__ in {"FloatType", "IntType"}]
    if not numbers:
        return Bounds()
    given = {"above": numbers[0].gt, "at_least": numbers[0].ge, "below": numbers[0].lt, "at_most": numbers[0].le}
    return Bounds(**{name: limit for name, limit in given.items() if limit is not None})


def _values(kind: Any) -> str:  # noqa: PLR0911 - one line for each kind of value
    """Say in words what a value may be."""
    name = type(kind).__name__
    if name == "UnionType":
        known = [_values(each) for each in kind.types if type(each).__name__ != "NoneType"]
        return f"{' or '.join(known)}; may be left out"
    if name == "LiteralType":
        return " or ".join(f"`{value}`" for value in kind.values)
    if name == "VarTupleType":
        return f"a list, each {_values(kind.item_type)}"
    if name == "TupleType":
        return f"a list of {len(kind.item_types)}, each {_values(kind.item_types[0])}"
    if name == "DictType":
        return f"a table: {_values(kind.key_type)} = {_values(kind.value_type)}"
    if name == "StructType":
        return f"a table with {', '.join(field.name for field in kind.fields)}"
    return f"{_KINDS.get(name, 'a value')} {', '.join(_bounds(kind).words)}".rstrip()


def _meanings(docstring: str) -> dict[str, str]:
    """Read what each attribute means off a docstring of numpydoc's form."""
    section = docstring.partition("Attributes\n----------\n")[2].split("\n\n", maxsplit=1)[0]
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if not line.startswith(" "):
            names = [name.strip() for name in line.split(",")]
            meanings |= dict.fromkeys(names, "")
            continue
        for name in names:
            meanings[name] = f"{meanings[name]} {line.strip()}".strip()
    return {name: re.sub(r"`{1,2}([^`]+)`{1,2}", r"`\1`", meaning) for name, meaning in meanings.items()}


def _toml(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        parts = [f"{name} = {_toml(each)}" for name, each in value.items()]
        return "{" + ", ".join(_first(parts)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_first([_toml(each) for each in value])) + "]"
    return str(value)


def _first(parts: list[str]) -> list[str]:
    return parts if len(parts) <= _MOST_SHOWN + 1 else [*parts[:_MOST_SHOWN], f"and {len(parts) - _MOST_SHOWN} more"]
