"""Names and texts of others: what was meant by a name that is not there, and what may stand on a page of ours."""

from __future__ import annotations

import difflib
import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "NOTHING",
    "advised",
    "advising",
    "bare",
    "counted",
    "did_you_mean",
    "explained",
    "likeliest",
    "likeness",
    "printable",
    "without_colours",
]

#: What programs and people write where there is nothing: the one list that all rooms begin from.
NOTHING = (
    *("null", "(null)", "none", "(none)", "nan", "<na>", "na", "n/a", "#n/a", "nat", "nil", "undefined", "\\n"),
    *("-", "--", "?", "n.a.", "n.d.", "n/d", "(blank)", "(vuoto)", "(empty)", "(not set)", "#ref!", "#value!"),
)

_SPELLING: ContextVar[Callable[[str], str]] = ContextVar("_SPELLING", default=str)
_PLACE = re.compile(r" - at `(?:key in )?(\$[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_REFUSED = re.compile(r"Invalid enum value (.+?)(?: - at `|$)")

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def bare(name: str) -> str:
    """Return what the spellings of a name have in common.

    Parameters
    ----------
    name
        As it is written somewhere.

    Examples
    --------
    >>> bare("Customer ID") == bare("customer_id")
    True
    """
    return re.sub(r"[\W_]+", "", name.casefold())


def counted(number: int, thing: str) -> str:
    """Return how many things there are, in words that agree with their number.

    Parameters
    ----------
    number
        How many.
    thing
        One of them, a noun whose plural ends in an s.

    Examples
    --------
    >>> counted(1, "customer"), counted(1200, "order"), counted(0, "day")
    ('1 customer', '1,200 orders', '0 days')
    """
    return f"{number:,} {thing}{'s' * (number != 1)}"


def likeliest(name: str, there: Iterable[str], most: int = 3) -> list[str]:
    """Return those of the names that are there which may have been meant, the likeliest first.

    Parameters
    ----------
    name
        What was asked for.
    there
        What there is.
    most
        How many to return at most.

    Examples
    --------
    >>> likeliest("custmer", ["customer", "date"])
    ['customer']
    """
    spelled = {bare(candidate): candidate for candidate in there}
    return [spelled[match] for match in difflib.get_close_matches(bare(name), spelled, n=most)]


def likeness(name: str, other: str) -> float:
    """Return how much two texts have in common, from 0 to 1.

    Parameters
    ----------
    name, other
        Two texts.

    Examples
    --------
    >>> round(likeness("customer_id", "custmer_id"), 2)
    0.95
    """
    return difflib.SequenceMatcher(None, name, other).ratio()


def did_you_mean(name: str, there: Iterable[str]) -> str:
    """Return a hint that names the likeliest of what is there, or lists it.

    Parameters
    ----------
    name
        What was asked for.
    there
        What there is.

    Examples
    --------
    >>> did_you_mean("custmer", ["customer", "date"])
    "Did you mean 'customer'?"
    >>> did_you_mean("x", ["customer", "date"])
    'There are: customer, date.'
    """
    there = list(there)
    if close := likeliest(name, there):
        return f"Did you mean {' or '.join(map(repr, close))}?"
    return f"There are: {', '.join(there)}." if there else "There is nothing there."


def printable(text: str, instead: str = " ") -> str:
    r"""Replace what cannot be seen in a text of somebody else: line breaks, control characters, marks of direction.

    Parameters
    ----------
    text
        The text.
    instead
        What stands for each such character.

    Examples
    --------
    >>> printable("one\ntwo\u202e"), printable("a\x00b", "?")
    ('one two ', 'a?b')
    """
    return "".join(letter if letter.isprintable() else instead for letter in text)


def without_colours(text: str) -> str:
    r"""Remove the codes by which a terminal colours a text.

    Parameters
    ----------
    text
        Of a traceback, for one.

    Examples
    --------
    >>> without_colours("\x1b[31mKeyError\x1b[0m")
    'KeyError'
    """
    return _COLOURS.sub("", text)


@contextmanager
def advising(spelling: Callable[[str], str]) -> Iterator[None]:
    """Spell advice in another way than Python's while a block runs: the command line speaks of ``shop.toml``.

    Parameters
    ----------
    spelling
        From a message in Python's words to one in others.
    """
    token = _SPELLING.set(spelling)
    try:
        yield
    finally:
        _SPELLING.reset(token)


def advised(message: str) -> str:
    """Return a message with its advice as whoever reads it can follow it.

    Parameters
    ----------
    message
        In Python's words.

    Examples
    --------
    >>> with advising(str.upper):
    ...     print(advised("say decimal=','"))
    SAY DECIMAL=','
    """
    return _SPELLING.get()(message)


def explained(error: Exception, kind: Any) -> str:
    """Return what msgspec says is wrong, and what would have been right where that is a closed list.

    Parameters
    ----------
    error
        That a value is not of a kind.
    kind
        The type that was asked for.

    Examples
    --------
    >>> import msgspec
    >>> from typing import Literal
    >>> size = ("size", Literal["small", "large"], "small")
    >>> Box = msgspec.defstruct("Box", [size], forbid_unknown_fields=True)
    >>> for wrong in ({"size": "larg"}, {"sise": "small"}):
    ...     try:
    ...         msgspec.convert(wrong, Box)
    ...     except msgspec.ValidationError as error:
    ...         print(explained(error, Box))
    Invalid enum value 'larg' - at `$.size`. It is 'large' or 'small'. Did you mean 'large'?
    Object contains unknown field `sise`. Did you mean 'size'?
    """
    text = str(error)
    field, value = _UNKNOWN.search(text), _REFUSED.search(text)
    if not field and not value:
        return text
    import msgspec

    place = _PLACE.search(text)
    kinds = _kinds_at(msgspec.inspect.type_info(kind), place[1] if place else "$")
    if field:
        names = [each.encode_name for found in kinds for each in getattr(found, "fields", ())]
        return f"{text}. {did_you_mean(field[1], dict.fromkeys(names))}" if names else text
    values = [each for found in kinds for each in getattr(found, "values", ())]
    if not values or value is None:
        return text
    listed = ", ".join(map(repr, values[:-1])) + (" or " if len(values) > 1 else "") + repr(values[-1])
    near = likeliest(value[1].strip("'"), map(str, values), most=1)
    return f"{text}. It is {listed}.{f' Did you mean {near[0]!r}?' if near else ''}"


def _kinds_at(kind: Any, place: str) -> list[Any]:
    """Return the types that may stand at a place such as ``$.orders.status[...]``, as msgspec inspects them."""
    kinds = _alternatives(kind)
    for step in re.findall(r"\.(\w+)|\[([^\]]*)\]", place):
        name, index = step
        below = []
        for each in kinds:
            if name:
                below += [field.type for field in getattr(each, "fields", ()) if field.encode_name == name]
            elif hasattr(each, "item_type"):
                below.append(each.item_type)
            elif hasattr(each, "value_type"):
                below.append(each.value_type)
            elif hasattr(each, "item_types") and index.isdigit():
                below += each.item_types[int(index) : int(index) + 1]
        kinds = [alternative for each in below for alternative in _alternatives(each)]
    return kinds


def _alternatives(kind: Any) -> list[Any]:
    return [each for part in kind.types for each in _alternatives(part)] if hasattr(kind, "types") else [kind]
