"""Values that stand for none: addresses, numbers and names that people type where they have to type something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crmlib.intake.tidying import plain

if TYPE_CHECKING:
    from crmlib import policy

__all__ = ["no_mailbox", "no_name", "no_number"]

_RUNS = ("01234567890123456789", "98765432109876543210")
_SHORTEST = 6  # digits; a shorter number may be a run by chance


def no_mailbox(email: str, rules: policy.Intake) -> bool:
    """Tell whether an address stands for none, such as ``noemail@example.org``.

    Parameters
    ----------
    email
        A clean address.
    rules
        Which names before the ``@`` do.

    Examples
    --------
    >>> from crmlib.policy import Intake
    >>> no_mailbox("No-Mail@example.org", Intake()), no_mailbox("anna@example.org", Intake())
    (True, False)
    """
    local = re.sub(r"[\W_]|\d+$", "", email.lower().partition("@")[0].partition("+")[0])
    return local == "" or local in rules.placeholder_mailboxes


def no_number(number: str, rules: policy.Intake) -> bool:
    """Tell whether a telephone number stands for none: one digit repeated, digits in a row, or listed.

    Parameters
    ----------
    number
        Its digits without the country's prefix, as ``phone_key`` has them, or in E.164.
    rules
        Which numbers do besides.

    Examples
    --------
    >>> from crmlib.policy import Intake
    >>> [no_number(number, Intake()) for number in ("3333333333", "123456789", "3001234567", "3000000000")]
    [True, True, False, True]
    """
    digits = re.sub(r"\D", "", number)
    bare = digits.lstrip("0")
    if bare in {listed.lstrip("0") for listed in rules.placeholder_phones}:
        return True
    if len(digits) < _SHORTEST:
        return False
    tail = digits[-(len(digits) - 3) :]  # behind the prefix of a town or network
    return (
        len(set(bare)) <= 1
        or any(digits in run or bare in run for run in _RUNS)
        or (len(tail) >= _SHORTEST and len(set(tail)) == 1)
    )


def no_name(name: str, rules: policy.Intake) -> bool:
    """Tell whether a whole name stands for none, such as ``n.d.`` or ``Test``.

    A word of it that does is no placeholder beside others: people are called Null.

    Parameters
    ----------
    name
        A tidy name, whole.
    rules
        Which words do.

    Examples
    --------
    >>> from crmlib.policy import Intake
    >>> [no_name(name, Intake()) for name in ("N/A", "-", "test test", "Anna Null", "xxx")]
    [True, True, True, False, True]
    """
    letters = re.sub(r"[^\w\s]|_", "", plain(name)).strip()
    if not any(mark.isalpha() for mark in name):
        return not any(mark.isalnum() or ord(mark) > 0x2000 for mark in name)  # noqa: PLR2004 - an emoji is a name of sorts
    return letters in rules.placeholder_names or all(word in rules.placeholder_names for word in letters.split())
