"""What a kind of source can do. A new kind is one class in one file."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from crmlib.engine import DuckDB
    from crmlib.shop.raw import Raw, Reading, Wanted

__all__ = ["Source", "scheme_of"]


class Source(ABC):
    """A source of orders of one kind, such as a file or a database server.

    A kind of one's own is a subclass that `crmlib.sources.register` is told of; it needs `recognises`, `read` and
    `fingerprint`. See docs/how-to/own-source.md.

    Parameters
    ----------
    source
        What the caller of `crmlib.open_shop` gave, without a password where it has one.

    Attributes
    ----------
    takes_query
        Whether ``query=`` can be asked of it.
    takes_tables
        Whether ``tables=`` can say which tables are meant.
    on_cluster
        Whether its tables stay on a cluster, rather than come to the engine here.
    last_resort
        Whether it takes what no other kind knows.
    """

    takes_query: ClassVar[bool] = False
    takes_tables: ClassVar[bool] = False
    on_cluster: ClassVar[bool] = False
    last_resort: ClassVar[bool] = False

    def __init__(self, source: Any) -> None:
        self.source = source

    @classmethod
    @abstractmethod
    def recognises(cls, source: Any) -> bool:
        """Say whether a source is of this kind: by its spelling or type, without reading it.

        Parameters
        ----------
        source
            As for `crmlib.open_shop`.
        """

    @abstractmethod
    def read(self, engine: DuckDB, reading: Reading, wanted: Wanted) -> pd.DataFrame | Mapping[str, pd.DataFrame | Raw]:
        """Return the source's tables, with nothing in them interpreted.

        Parameters
        ----------
        engine
            Where a table that is no DataFrame goes.
        reading
            How text is to be read; text in a DataFrame is read so.
        wanted
            What of the orders is needed. A kind may return more.

        Returns
        -------
        pandas.DataFrame or dict
            The orders, or tables by name: one of them ``orders`` or ``order_lines``.
        """

    @abstractmethod
    def fingerprint(self, reading: Reading, wanted: Wanted) -> bytes:
        """Return bytes that change when the data do.

        Parameters
        ----------
        reading, wanted
            As for `read`.
        """

    @property
    def name(self) -> str:
        """What a shop is called after this source."""
        last = re.split(r"[/\\]", str(self.source).partition("?")[0].rstrip("/\\"))[-1]
        return last.rpartition(".")[0] or last or "orders"

    @property
    def parallel(self) -> bool:
        """Whether several notebooks may read it at once."""
        return True

    @property
    def worth_a_copy(self) -> bool:
        """Whether a run keeps what it read as Parquet for its notebooks; not where the rows are as quick to read."""
        return not self.on_cluster and isinstance(self.source, str | Path)

    @property
    def policy(self) -> dict[str, Any] | None:
        """The definitions under which it is opened when the caller gives none."""
        return None

    def absolute(self, folder: Path) -> str:
        """Return the source such that it means the same from any folder: a path that is there, from the root.

        Parameters
        ----------
        folder
            From where a relative path is seen.
        """
        path = folder / Path(str(self.source)).expanduser()
        return str(self.source) if scheme_of(self.source) or not path.exists() else str(path)


def scheme_of(source: Any) -> str:
    """Return a URL's kind; nothing for what is no URL.

    Examples
    --------
    >>> scheme_of("postgresql://ann@db.example/shop"), scheme_of("orders.csv"), scheme_of(7)
    ('postgresql', '', '')
    """
    if not isinstance(source, str | Path):
        return ""
    scheme, separator, _ = str(source).partition("://")
    return scheme if separator else ""
