"""A shop described in a file: the arguments of `crmlib.open_shop`, written once."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - msgspec reads the annotation
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from crmlib import plugins
from crmlib import policy as policies
from crmlib.errors import SourceError
from crmlib.shop.raw import Reading, Wanted
from crmlib.shop.recognition import columns_by_table
from crmlib.sources.registry import absolute, source_of
from crmlib.words import explained

if TYPE_CHECKING:
    from crmlib.sources.source import Source

__all__ = ["Description", "Resolved", "described", "is_description", "resolved"]


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a ``.toml`` file says of a shop.

    Attributes
    ----------
    source, columns, as_of, policy, query, encoding, decimal, date_format, preset
        See `crmlib.open_shop`. A relative path is seen from the file's own folder; ``policy`` is a table, a preset's
        name or the path of another ``.toml`` file.
    plugins
        Code of the shop's own, that is run when it is opened: ``.py`` files, or installed modules (see
        docs/how-to/own-source.md, key-figures.md and export-formats.md).
    """

    source: str
    columns: dict[str, str | bool | dict[str, str | bool] | None] = {}
    as_of: date | None = None
    policy: dict[str, Any] | str | None = None
    query: str | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    date_format: str | None = None
    preset: str | bool | None = None
    plugins: tuple[str, ...] = ()

    @property
    def reading(self) -> Reading:
        """How text is to be read."""
        return Reading(self.encoding, self.decimal, self.date_format)

    def files(self) -> list[Path]:
        """Return the files beside the orders on which results depend: policy, segment map, preset, plugins."""
        policy = [self.policy] if isinstance(self.policy, str) and self.policy.endswith(".toml") else []
        rfm = policies.load(self.policy).rfm
        own = [rfm.segment_map] if rfm.own_map else []
        code = [plugin for plugin in self.plugins if plugins.is_file(plugin)]
        preset = [self.preset] if isinstance(self.preset, str) and self.preset.endswith(".toml") else []
        return [file for file in map(Path, (*policy, *own, *preset, *code)) if file.is_file()]

    def wanted(self, rules: policies.Orders, as_of: date | None = None) -> Wanted:
        """Return what of a database is needed.

        Parameters
        ----------
        rules
            What counts as an order.
        as_of
            The last day that is needed; all by default.
        """
        columns = columns_by_table(self.columns)
        of_orders = {**(columns.get("order_lines") or {}), **(columns["orders"] or {})}
        every_column = rules.duplicate_rows == "drop"
        return Wanted(of_orders, self.query, every_column=every_column, as_of=as_of, preset=self.preset)


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
        description = msgspec.toml.decode(path.read_bytes(), type=Description)
    except msgspec.MsgspecError as error:
        text = explained(error, Description).removesuffix(".")
        stop = "" if text.endswith("?") else "."
        fields = ", ".join(Description.__struct_fields__)
        raise SourceError(f"{path.name}: {text}{stop} It may hold: {fields}.") from error
    if description.source.endswith(".toml"):
        raise SourceError(
            f"{path.name}: its source is {description.source!r}, another description. Name the orders themselves."
        )
    own_code = tuple(
        str(path.absolute().parent / Path(plugin).expanduser()) if plugins.is_file(plugin) else plugin
        for plugin in description.plugins
    )
    source = absolute(source_of(description.source, plugins.load(own_code)), path.parent)
    policy = _policy_seen_from(path, description.policy)
    preset = description.preset
    if isinstance(preset, str) and preset.endswith(".toml"):
        preset = str(path.absolute().parent / Path(preset).expanduser())
    return msgspec.structs.replace(description, source=source, policy=policy, preset=preset, plugins=own_code)


def _policy_seen_from(file: Path, policy: dict[str, Any] | str | None) -> dict[str, Any] | str | None:
    """Return a policy as it is meant anywhere: its paths are seen from the folder of the description."""
    if isinstance(policy, dict):
        return policies.rooted(policy, file)
    if policy is not None and policy.endswith(".toml"):
        return str(file.absolute().parent / Path(policy).expanduser())
    return policy


def is_description(source: Any) -> bool:
    """Say whether a source is a description's file.

    Parameters
    ----------
    source
        As for `crmlib.open_shop`.

    Examples
    --------
    >>> is_description("shop.toml"), is_description("orders.csv")
    (True, False)
    """
    return isinstance(source, str | Path) and str(source).endswith(".toml")


class Resolved(NamedTuple):
    """A source, and what is description of it.

    Attributes
    ----------
    source
        As one of its kind.
    description
        What its ``.toml`` file says; of any other source nothing but the usual.
    plugins
        Modules of the shop's own code.
    """

    source: Source
    description: Description
    plugins: tuple[str, ...]


def resolved(source: Any) -> Resolved:
    """Return a source as one of its kind, whether it is named or described.

    Parameters
    ----------
    source
        As for `crmlib.open_shop`.
    """
    if not is_description(source):
        return Resolved(
            source_of(source), Description(source=str(source) if isinstance(source, str | Path) else ""), ()
        )
    description = described(source)
    modules = plugins.load(description.plugins)
    return Resolved(source_of(description.source, modules), description, modules)
