"""Delivery: at a pace that the platform allows, again when it was busy, in halves when one of many was bad.

>>> naps = []
>>> pace = Pace(per_second=2, wait=naps.append, clock=lambda: 0.0)
>>> pace.hold(); pace.hold(); naps
[0.5]
>>> [pace.backoff(attempt) for attempt in range(4)]
[1.0, 2.0, 4.0, 8.0]
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from crmlib.errors import CrmlibError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from crmlib.actions.push.ledger import Ledger

__all__ = ["Batch", "Pace", "PushError", "Refusal", "Report", "deliver", "key_from", "redacted"]

_BUSY, _SERVER = 429, 500
_NO_ENTRY = {401, 403}


class PushError(CrmlibError):
    """A push that cannot start or go on: no key, a key that is refused, a server that is not there."""


class Refusal(Exception):  # noqa: N818 - an answer, not a fault of the program
    """A platform did not take a request.

    Parameters
    ----------
    status
        Of HTTP; 0 if there was no answer.
    said
        What it said.
    retry_after
        Its header ``Retry-After``, if any.
    passing
        Whether the same request may be taken later; as HTTP's codes say by default.
    """

    def __init__(self, status: int, said: str, retry_after: str | None = None, *, passing: bool | None = None) -> None:
        super().__init__(f"{status}: {said}" if status else said)
        self.status = status
        self.retry_after = retry_after
        self.passing = status in {0, _BUSY} or status >= _SERVER if passing is None else passing

    def seconds(self) -> float | None:
        """Return how long the platform asks to wait."""
        if not self.retry_after:
            return None
        try:
            return max(0.0, float(self.retry_after))
        except ValueError:
            pass
        try:
            return max(0.0, parsedate_to_datetime(self.retry_after).timestamp() - time.time())
        except ValueError:
            return None


@dataclass
class Pace:
    """How fast to send, how often to try, how long to wait.

    Attributes
    ----------
    per_second
        Requests, steadily.
    attempts
        Of one request, before giving up.
    first, longest
        Seconds to wait after the first failure, twice as long after each further one; never longer.
    wait, clock
        Sleep and a clock that never goes back.
    """

    per_second: float = 5.0
    attempts: int = 6
    first: float = 1.0
    longest: float = 60.0
    wait: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _next: float | None = field(default=None, repr=False)

    def hold(self) -> None:
        """Wait until the next request may go."""
        now = self.clock()
        if self._next is not None and self._next > now:
            self.wait(self._next - now)
            now = self._next
        self._next = now + 1 / self.per_second

    def backoff(self, attempt: int) -> float:
        """Return how long to wait after a failure.

        Parameters
        ----------
        attempt
            Counted from 0.
        """
        return min(self.longest, self.first * 2.0**attempt)


@dataclass(frozen=True)
class Batch:
    """Some items that go in one request.

    Attributes
    ----------
    items
        Each with the keys of the ledger that stand for it.
    send
        Sends some of the items; returns what was wrong with single ones, by their place. Raises `Refusal`.
    """

    items: Sequence[tuple[tuple[str, ...], Any]]
    send: Callable[[list[Any]], dict[int, str]]


@dataclass
class Report:
    """What a push did.

    Attributes
    ----------
    platform, dry_run
        Where, and whether it only looked.
    accepted
        Keys that the platform took now.
    already
        How many it had taken before.
    failed
        Key -> why; they are tried again by the next push.
    uncertain
        Keys cut off while they were sent; see `crmlib.actions.push.Ledger`.
    held
        Who was held back before, and why.
    requests, retries
        How many were made, and how many of them again.
    would_send
        On a dry run: how many keys a push would send.
    """

    platform: str
    dry_run: bool
    accepted: list[str] = field(default_factory=list)
    already: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    uncertain: list[str] = field(default_factory=list)
    held: pd.DataFrame | None = field(default=None, repr=False)
    requests: int = 0
    retries: int = 0
    would_send: int = 0

    def __str__(self) -> str:
        if self.dry_run:
            return (
                f"Dry run: {self.would_send} would go to {self.platform}, {self.already} went before. Nothing was sent."
            )
        said = f"{self.platform}: {len(self.accepted)} accepted, {self.already} before, {len(self.failed)} failed"
        return f"{said}, {len(self.uncertain)} uncertain; {self.requests} requests, {self.retries} of them again."


def deliver(batches: Sequence[Batch], ledger: Ledger, platform: str, pace: Pace, report: Report) -> None:
    """Send batches, and write down what was accepted, batch by batch.

    A request that meets a busy or broken server is made again, after the time that the server asks for. A request that
    is refused for what it holds is halved until the bad item is found: the others go through.

    Parameters
    ----------
    batches
        What to send.
    ledger, platform
        Where it is written down.
    pace
        How fast.
    report
        Filled in.

    Raises
    ------
    PushError
        The platform does not take the key. What it accepted before is in the ledger.
    """
    waiting = list(batches)
    while waiting:
        batch = waiting.pop(0)
        keys = [key for own, _ in batch.items for key in own]
        try:
            wrong = _sent(batch, pace, report)
        except Refusal as refusal:
            if refusal.status in _NO_ENTRY:
                raise PushError(
                    f"{platform} does not let us in ({refusal}). Check the key in the environment and what it may do."
                ) from None
            if refusal.passing:
                # after so many attempts the server is down: do not hammer it with the rest
                for left in (batch, *waiting):
                    report.failed |= {key: str(refusal) for own, _ in left.items for key in own}
                return
            if len(batch.items) == 1:
                report.failed |= dict.fromkeys(keys, str(refusal))
                continue
            middle = len(batch.items) // 2
            waiting[:0] = [Batch(batch.items[:middle], batch.send), Batch(batch.items[middle:], batch.send)]
            continue
        taken = [key for place, (own, _) in enumerate(batch.items) if place not in wrong for key in own]
        ledger.mark(platform, taken, "accepted")
        report.accepted += taken
        report.failed |= {key: said for place, said in wrong.items() for key in batch.items[place][0]}


def _sent(batch: Batch, pace: Pace, report: Report) -> dict[int, str]:
    for attempt in range(pace.attempts):
        pace.hold()
        report.requests += 1
        try:
            return batch.send([item for _, item in batch.items])
        except Refusal as refusal:
            if not refusal.passing or attempt == pace.attempts - 1:
                raise
            report.retries += 1
            asked = refusal.seconds()
            pace.wait(pace.backoff(attempt) if asked is None else min(asked, 10 * pace.longest))
    raise AssertionError("a pace makes one attempt at least")  # pragma: no cover


def key_from(name: str, what: str) -> str:
    """Return a secret from the environment, the only place where it is looked for.

    Parameters
    ----------
    name
        Of the variable.
    what
        It is for.

    Raises
    ------
    PushError
        It is not set.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        raise PushError(
            f"{what} is looked for in the environment, as {name}, and is not there. Set it and start again."
        )
    return value


def redacted(text: str, secret: str) -> str:
    """Take a secret out of what is shown.

    Parameters
    ----------
    text
        Of an error.
    secret
        The key.

    Examples
    --------
    >>> redacted("bad key pk_123", "pk_123")
    'bad key ***'
    """
    return text.replace(secret, "***") if secret else text
