"""What a table's header may not be, whatever kind of source it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["refuse_repeated"]


def refuse_repeated(names: Sequence[str], label: str) -> None:
    """Refuse two columns of one name, or of names that differ only by case: the engine would rename one in silence.

    Parameters
    ----------
    names
        The columns.
    label
        How the error names the table.
    """
    plain = [name.casefold() for name in names]
    repeated = [name for name in names if name.strip() and plain.count(name.casefold()) > 1]
    if len(set(repeated)) > 1:
        raise SourceError(
            f"{label}: the columns {' and '.join(map(repr, repeated[:2]))} differ only by case. Rename one of them."
        )
    if repeated:
        raise SourceError(f"{label}: the column {repeated[0]!r} is there more than once. Rename one of them.")
