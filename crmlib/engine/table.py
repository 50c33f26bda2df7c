"""What an engine must do, and a table that lives on one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pandas as pd
    import pyarrow as pa

__all__ = ["Engine", "Table"]


class Engine(Protocol):
    """What runs the queries, and keeps the tables.

    Attributes
    ----------
    kind
        What people call it.
    """

    kind: str

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """Return a small result as tuples."""
        ...

    def frame(self, text: str) -> pd.DataFrame:
        """Return a result as a pandas DataFrame."""
        ...

    def arrow(self, text: str) -> pa.Table:
        """Return a result as an Arrow table."""
        ...

    def types(self, source: str) -> dict[str, str]:
        """Return the columns and SQL types of a table."""
        ...

    def table(self, text: str) -> Table:
        """Keep the result of a query as a table here; it goes when its `Table` goes."""
        ...

    def computed(self, table: Table) -> Table:
        """Return a table that is computed, so that queries on it carry nothing along of how it came about."""
        ...

    def lend(self, data: pd.DataFrame | pa.Table) -> Table:
        """Let the engine read a pandas or Arrow table, until it is given back."""
        ...

    def give_back(self, table: Table) -> None:
        """Forget a table that was lent."""
        ...

    def add(self, data: pd.DataFrame | pa.Table) -> Table:
        """Copy a pandas or Arrow table here."""
        ...

    def moment(self, when: datetime) -> str:
        """Return a time as a query spells it here."""
        ...

    def quoted(self, name: str) -> str:
        """Return a column's or table's name in the quotes that it needs here."""
        ...

    def literal(self, text: str) -> str:
        """Return text as a query spells it here."""
        ...

    def null(self, kind: str) -> str:
        """Return a missing value as a query spells it here.

        Parameters
        ----------
        kind
            Its type: varchar, timestamp (without a zone), or one that all engines call the same.
        """
        ...

    def query(self, name: str, tables: Mapping[str, Table], **values: Any) -> Table:
        """Run ``crmlib/sql/<name>.sql`` and keep its result here.

        Parameters
        ----------
        name
            The query's file, without ``.sql``.
        tables
            What stands for its ``{names}``.
        **values
            What stands for its ``:names``; those it does not mention are left out.
        """
        ...

    def close(self) -> None:
        """Give back what the tables hold here: memory, or the cores of a cluster; the tables are gone then."""
        ...


class Table:
    """A table that lives on an engine until it is asked for.

    Parameters
    ----------
    engine
        Where it lives.
    name
        Its name there, one that needs no quotes.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self._types: dict[str, str] | None = None  # a result is never altered, so its columns are asked for once

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self.types)

    @property
    def types(self) -> dict[str, str]:
        """Columns and their SQL types."""
        if self._types is None:
            self._types = self.engine.types(self.name)
        return dict(self._types)

    def __len__(self) -> int:
        return int(self.engine.rows(f"select count(*) from {self.name}")[0][0])

    def to_pandas(self, limit: int | None = None) -> pd.DataFrame:
        """Bring the rows here, sorted by their columns from left to right so that two runs agree.

        Parameters
        ----------
        limit
            At most so many rows (the first ones); all by default.

        Returns
        -------
        pandas.DataFrame
            Money as float, timestamps in the shop's zone, without zone.
        """
        tail = "" if limit is None else f" limit {int(limit)}"
        return self.engine.frame(f"select * from {self.name} order by all nulls last{tail}")

    def to_arrow(self) -> pa.Table:
        """Bring the rows here as an Arrow table, sorted as in `to_pandas`."""
        return self.engine.arrow(f"select * from {self.name} order by all nulls last")

    def __repr__(self) -> str:
        return f"<table on {self.engine.kind}: {len(self):,} rows of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        """Show the first rows in a notebook."""
        shown = 5
        return f"{self.to_pandas(shown).to_html(index=False)}<p>{len(self):,} rows</p>"
