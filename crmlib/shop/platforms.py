"""Exports of shop platforms: which column holds what and what its values mean, kept as data, one TOML file for each.

A preset is recognised from the header line, named by its file's name, or a file of the user's own, named by its path.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from crmlib.errors import SchemaError, SourceError
from crmlib.words import bare, did_you_mean, explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmlib import policy

__all__ = ["Preset", "chosen", "named", "preset_names"]

_FOLDER = Path(__file__).parent / "presets"
#: Who has all of these is in crmlib's own form.
_OWN = {"customer_id", "order_ts", "amount"}
_Words = tuple[Annotated[str, msgspec.Meta(min_length=1)], ...]
_Ours = Literal[
    "customer_id",
    "order_id",
    "order_ts",
    "amount",
    "refunded",
    "product_id",
    "quantity",
    "unit_price",
    "status",
    "currency",
    "coupon_code",
]


class Preset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of an export of orders before it is read. Only ``title`` and ``columns`` are required.

    Attributes
    ----------
    title
        What it is, as the opening message names it: "Shopify's export of orders".
    columns
        Name in crmlib -> names in the export, of which the first that is there counts. Case, blanks and marks do not
        matter.
    header
        Sets of columns; where all of one set are there, the export is recognised. Without any, it is where each of
        ``columns`` is there.
    note
        What must be known of its numbers, said with the title.
    hint
        What to do where a column is missing that crmlib needs.
    of_the_order
        Which of ``amount`` and ``refunded`` are facts of the order: they count once, whether they stand on one of its
        lines or on each.
    plus, minus
        Columns that are added to the amount, and taken from it whatever their sign, where they are there.
    guests
        Columns that say who bought where ``customer_id`` does not; the first that is there counts.
    given_back
        Columns that hold the customer and the order instead on rows of a negative amount.
    given_back_whole
        Column -> values of rows that give the whole order back, where ``refunded`` does not say how much.
    only
        Column -> values of rows that are orders; others are left out and counted. Nothing is no other value.
    time_of_day
        Columns that follow the date, where a day and its time stand apart; the first that is there counts.
    timezone
        The zone of times that say none; the shop's by default.
    date_formats
        Forms of dates beside ISO 8601, as for ``date_format``, tried in turn.
    cancelled_by
        Columns that are empty unless the order was cancelled.
    tests
        Column -> values of orders that somebody placed to try the shop out.
    status
        What values of the status mean, before crmlib's own lists and after the policy's.
    nobody
        Customers that are none, such as ``"0"`` for guests.
    continued
        Whether an order goes on in rows without amount and time.
    repeated_totals
        As in the policy, where that says nothing.
    """

    title: str
    columns: dict[_Ours, _Words]
    header: tuple[_Words, ...] = ()
    note: str = ""
    hint: str = ""
    of_the_order: tuple[Literal["amount", "refunded"], ...] = ()
    plus: _Words = ()
    minus: _Words = ()
    guests: _Words = ()
    given_back: dict[Literal["customer_id", "order_id"], _Words] = {}
    given_back_whole: dict[str, _Words] = {}
    only: dict[str, _Words] = {}
    time_of_day: _Words = ()
    timezone: str = ""
    date_formats: _Words = ()
    cancelled_by: _Words = ()
    tests: dict[str, _Words] = {}
    status: dict[str, Literal["sale", "cancelled", "returned"]] = {}
    nobody: _Words = ()
    continued: bool = False
    repeated_totals: Literal["error", "once", "sum"] = "error"

    def mapping(self, names: Sequence[str]) -> dict[str, str]:
        """Return name in crmlib -> name in a table, for the columns that are there.

        Parameters
        ----------
        names
            The table's columns.
        """
        matches = {ours: first_of(theirs, names) for ours, theirs in self.columns.items()}
        return {ours: name for ours, name in matches.items() if name is not None}

    def fits(self, names: Sequence[str]) -> int:
        """Return how many columns of a header line tell that it is this one; 0 where it is not.

        Parameters
        ----------
        names
            The table's columns.
        """
        there = {bare(name) for name in names}
        if not self.header:
            return int(len(self.mapping(names)) == len(self.columns))
        return max(len(needed) if {bare(name) for name in needed} <= there else 0 for needed in self.header)

    def over(self, rules: policy.Orders) -> policy.Orders:
        """Return a policy with what the export itself says; what the policy says goes before it.

        Parameters
        ----------
        rules
            What counts as an order.
        """
        asks = rules.repeated_totals == "error"
        return msgspec.structs.replace(
            rules,
            status={**self.status, **rules.status},
            nobody=(*rules.nobody, *self.nobody),
            repeated_totals=self.repeated_totals if asks else rules.repeated_totals,
        )


def first_of(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    """Return the first of some columns that a table has, as the table spells it.

    Examples
    --------
    >>> first_of(["Customer ID", "Email"], ["E-Mail", "Total"])
    'E-Mail'
    """
    spelled = {bare(name): name for name in reversed(names)}
    return next((spelled[bare(name)] for name in wanted if bare(name) in spelled), None)


@cache
def _presets() -> Mapping[str, Preset]:
    """Read the presets that come with crmlib, by name."""
    return {file.stem: _read(file) for file in sorted(_FOLDER.glob("*.toml"))}


def preset_names() -> list[str]:
    """Return the names of the presets that come with crmlib.

    Examples
    --------
    >>> "shopify" in preset_names()
    True
    """
    return list(_presets())


def _read(file: Path) -> Preset:
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Preset)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SourceError(
            f"{file.name}: {_ended(explained(error, Preset))} What a preset may hold: "
            f"{', '.join(Preset.__struct_fields__)}."
        ) from (error)


def named(preset: str | Path) -> Preset:
    """Return the preset of a name, or of a file of the user's own.

    Parameters
    ----------
    preset
        A name, or a path that ends in ``.toml``.

    Raises
    ------
    SourceError
        There is none, or the file says something that is not understood.

    Examples
    --------
    >>> named("stripe").title
    "Stripe's export of payments"
    """
    if str(preset).endswith(".toml"):
        file = Path(preset).expanduser()
        if not file.is_file():
            raise SourceError(f"There is no preset file {str(preset)!r} (seen from {Path.cwd()}).")
        return _read(file)
    if str(preset) not in _presets():
        hint = did_you_mean(str(preset), preset_names())
        raise SourceError(f"preset={str(preset)!r}: there is none of that name. {hint} Or name a .toml file of yours.")
    return _presets()[str(preset)]


def chosen(preset: Any, names: Sequence[str], label: str) -> Preset | None:
    """Return the preset that a table is read by, if any.

    Parameters
    ----------
    preset
        A name or path; ``False`` for none; ``None`` for the one that the columns tell.
    names
        The table's columns.
    label
        How errors name the table.

    Raises
    ------
    SchemaError
        Two presets fit the columns equally well.

    Examples
    --------
    >>> chosen(None, ["customer_id", "order_ts", "amount"], "orders.csv") is None
    True
    """
    if preset is False:
        return None
    if preset is not None and preset is not True:
        return named(preset)
    if set(names) >= _OWN:
        return None
    fits = {name: entry.fits(names) for name, entry in _presets().items()}
    best = [name for name, count in fits.items() if count and count == max(fits.values())]
    if len(best) > 1:
        raise SchemaError(
            f"{label}: its columns are those of {' and '.join(best)}. Say which it is: preset={best[0]!r}, or "
            "preset=False for neither."
        )
    return _presets()[best[0]] if best else None


def _ended(sentence: str) -> str:
    """Return a sentence with a mark at its end: one that asks has its own."""
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."
