"""What a platform has accepted, in one SQLite file: nothing is sent twice, whatever stopped the last run.

>>> import tempfile
>>> with Ledger(Path(tempfile.mkdtemp()) / "sent.sqlite") as ledger:
...     ledger.mark("smtp", ["e1", "e2"], "sending")
...     ledger.mark("smtp", ["e1"], "accepted")
...     sorted(ledger.known("smtp", "accepted")), sorted(ledger.known("smtp", "sending"))
(['e1'], ['e2'])
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from crmlib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Ledger"]

State = Literal["sending", "accepted"]


class Ledger:
    """Keys of what was sent, by platform.

    ``sending`` is written before a mail leaves, ``accepted`` when the server has taken it. What stays at ``sending``
    was cut off in between: nobody knows whether it arrived.

    Parameters
    ----------
    path
        The file; made where there is none.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = sqlite3.connect(self.path, isolation_level=None)
            self._file.execute("pragma synchronous = full")
            self._file.execute(
                "create table if not exists sent "
                "(platform text, key text, state text, primary key (platform, key)) without rowid"
            )
        except sqlite3.Error as error:
            raise SourceError(f"{path} cannot be used as a ledger: {error}. Name another file.") from error

    def known(self, platform: str, state: State = "accepted") -> set[str]:
        """Return the keys in a state.

        Parameters
        ----------
        platform
            Where they went.
        state
            ``accepted`` or ``sending``.
        """
        found = self._file.execute("select key from sent where platform = ? and state = ?", (platform, state))
        return {key for (key,) in found}

    def mark(self, platform: str, keys: Iterable[str], state: State) -> None:
        """Write a state down, all keys or none; it is on the disk when this returns.

        Parameters
        ----------
        platform, keys
            What goes where.
        state
            See the class.
        """
        self._file.execute("begin immediate")
        try:
            self._file.executemany(
                "insert into sent values (?, ?, ?) on conflict (platform, key) do update set state = excluded.state",
                [(platform, key, state) for key in keys],
            )
            self._file.execute("commit")
        except BaseException:
            self._file.execute("rollback")
            raise

    def forget(self, platform: str, keys: Iterable[str]) -> None:
        """Take back what certainly did not arrive.

        Parameters
        ----------
        platform, keys
            What went where.
        """
        self._file.executemany("delete from sent where platform = ? and key = ?", [(platform, key) for key in keys])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
