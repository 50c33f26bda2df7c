"""Quiet hours: what falls into them waits for their end, and is never dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crmlib.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmlib.arrays import Ints
    from crmlib.policy import Contact

__all__ = ["after_quiet", "waits"]

_HOUR, _DAY, _WEEK = 60, 1440, 10_080  # minutes
_MICROSECONDS = 60_000_000  # of a minute
_THURSDAY = 3  # 1970-01-01 was one; Monday is 0


def waits(rules: Contact, own: Iterable[tuple[str, str]] = ()) -> Ints:
    """Say for each minute of the week, from Monday 00:00 on, how many minutes to wait until it is not quiet.

    Parameters
    ----------
    rules
        Quiet hours and weekdays of the shop.
    own
        Further quiet hours, from and until, such as a sequence's.

    Raises
    ------
    PolicyError
        There is no minute left.

    Examples
    --------
    >>> from crmlib.policy import Contact
    >>> found = waits(Contact(quiet_from="20:00", quiet_until="09:00"))
    >>> found[[8 * 60 + 59, 9 * 60, 20 * 60]].tolist()
    [1, 0, 780]
    """
    minute = np.arange(_WEEK)
    quiet = np.isin(minute // _DAY, rules.quiet_weekdays)
    for start, end in ((rules.quiet_from, rules.quiet_until), *own):
        first, last = _minutes(start), _minutes(end)
        of_day = minute % _DAY
        quiet |= (of_day >= first) & (of_day < last) if first <= last else (of_day >= first) | (of_day < last)
    if quiet.all():
        raise PolicyError("Quiet hours and weekdays leave no minute of the week in which anything may be sent.")
    loud = np.flatnonzero(~quiet)
    following = np.append(loud, loud[0] + _WEEK)
    found: Ints = following[np.searchsorted(loud, minute)] - minute
    return found


def after_quiet(us: Ints, wait: Ints) -> Ints:
    """Move times that fall into quiet hours to the end of these.

    Parameters
    ----------
    us
        Microseconds since 1970, in the shop's time zone.
    wait
        From `waits`.
    """
    minute = us // _MICROSECONDS
    delay = wait[(minute + _THURSDAY * _DAY) % _WEEK]
    moved: Ints = np.where(delay > 0, (minute + delay) * _MICROSECONDS, us)
    return moved


def _minutes(clock: str) -> int:
    return _HOUR * int(clock[:2]) + int(clock[3:])
