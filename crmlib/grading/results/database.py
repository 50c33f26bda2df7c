"""The file of a gradebook: opened, brought up to date, and written in whole transactions."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crmlib.errors import GradingError
from crmlib.grading.results.schema import TABLES, UPGRADES, VERSION, VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["opened", "transaction"]


def opened(path: Path | str) -> sqlite3.Connection:
    """Open a gradebook; an older one becomes one of today.

    Parameters
    ----------
    path
        The file, made if need be; ``":memory:"`` for none.

    Raises
    ------
    GradingError
        It is no gradebook, or one of a later crmlib.
    """
    try:
        # transactions are begun by hand: each writing method is one, so a kill leaves no half of it
        db = sqlite3.connect(path, timeout=30, isolation_level=None)
        version = db.execute("pragma user_version").fetchone()[0]
        if version == 0:
            db.executescript(f"begin; {TABLES} {VIEWS} pragma user_version = {VERSION}; commit;")
            version = VERSION
        while version in UPGRADES:
            db.executescript(f"begin; {UPGRADES[version]} pragma user_version = {version + 1}; commit;")
            version += 1
    except sqlite3.DatabaseError as error:
        raise GradingError(f"{path} is no gradebook: {error}. Move it away, or name another --out.") from None
    if version != VERSION:
        raise GradingError(f"{path} is a gradebook of version {version}; this crmlib reads version {VERSION}.")
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Write all of a block, or, where it stops, nothing."""
    db.execute("begin immediate")
    try:
        yield
    except BaseException:
        db.execute("rollback")
        raise
    db.execute("commit")
