"""A shop described in a file: the arguments of `crmlib.open_shop`, written once."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - msgspec reads the annotation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.errors import SourceError
from crmlib.sources.packaged import SOURCES
from crmlib.sources.raw import Wanted

if TYPE_CHECKING:
    from crmlib import policy as policies

__all__ = ["Description", "described"]


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a ``.toml`` file says of a shop.

    Attributes
    ----------
    source, columns, as_of, policy, query, encoding, decimal, date_format
        See `crmlib.open_shop`. A relative path is seen from the file's own folder; ``policy`` is a table or a preset's
        name.
    """

    source: str
    columns: dict[str, str] = {}
    as_of: date | None = None
    policy: dict[str, Any] | str | None = None
    query: str | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    date_format: str | None = None

    def wanted(self, rules: policies.Orders, as_of: date | None = None) -> Wanted:
        """Return what of a database is needed.

        Parameters
        ----------
        rules
            What counts as an order.
        as_of
            The last day that is needed; all by default.
        """
        return Wanted(self.columns, self.query, every_column=rules.duplicate_rows == "drop", as_of=as_of)


def described(path: str | Path) -> Description:
    """Read a shop's description.

    Parameters
    ----------
    path
        A ``.toml`` file.

    Raises
    ------
    SourceError
        The file is not there, or says something that is not understood.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise SourceError(f"There is no file {str(path)!r} (seen from {Path.cwd()}).")
    try:
        said = msgspec.toml.decode(path.read_bytes(), type=Description)
    except msgspec.MsgspecError as error:
        raise SourceError(f"{path.name}: {error}. It may hold: {', '.join(Description.__struct_fields__)}.") from error
    if said.source.endswith(".toml"):
        raise SourceError(
            f"{path.name}: its source is {said.source!r}, another description. Name the orders themselves."
        )
    if said.source in SOURCES or "://" in said.source:
        return said
    return msgspec.structs.replace(said, source=str(path.parent / Path(said.source).expanduser()))
