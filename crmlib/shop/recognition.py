"""Which column of a source's table is which of crmlib's: as for the orders, for every table that is read.

Nothing is guessed in silence: what was taken by its spelling is said, so is what is not understood, and a table without
a column that everything read from it needs is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmlib.errors import SchemaError
from crmlib.shop.dictionary import DICTIONARY, TableSchema, table_called
from crmlib.text.consent import answer_within, column_role, kind_of, sense
from crmlib.text.spelling import plain
from crmlib.words import did_you_mean, likeliest, likeness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmlib.shop.ledger import Ledger
    from crmlib.shop.raw import Raw
    from crmlib.shop.schema import Column

__all__ = ["Taken", "called", "columns_by_table", "table_called", "taken"]

#: So many names are said; the rest stands in ``quality()``.
_SHOWN = 6
_NEAR = 0.8


@dataclass(frozen=True)
class Taken:
    """What a table's columns were taken for.

    Attributes
    ----------
    names
        Every column of the table as it will be: its name -> its name in the source.
    schema
        What is known of the table; ``None`` where nothing is.
    spelled
        Those recognised by another name: name in crmlib -> name in the source.
    doubtful
        Columns that several could be, so that none was taken -> these.
    strange
        Columns of the source that are not understood.
    """

    names: dict[str, str]
    schema: TableSchema | None = None
    spelled: dict[str, str] = field(default_factory=dict)
    doubtful: dict[str, list[str]] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)

    @property
    def lacking(self) -> list[Column]:
        """Columns that something is read from, and that are not there."""
        if self.schema is None or self.schema.name == "consents":
            return []
        needed = [column for column in self.schema.columns if column.use and column.name not in self.names]
        # of alternatives that are there, the others are not missed
        spare = [group for group in self.schema.one_of if not set(group) <= self.names.keys()]
        return [column for column in needed if not any(column.name in group for group in spare)]

    def note(self, table: str, label: str, ledger: Ledger) -> None:
        """Say what was taken for what, what is not understood and what is lacking.

        Parameters
        ----------
        table
            The table's name in the shop.
        label
            How the source names it.
        ledger
            Where it goes.
        """
        parts = []
        if self.spelled:
            parts.append(", ".join(f"{name} = {source!r}" for name, source in self.spelled.items()))
        for name, several in self.doubtful.items():
            parts.append(
                f"{' and '.join(map(repr, several))} could each be {name}, and neither is taken: "
                f"columns={{{table!r}: {{{name!r}: {several[0]!r}}}}} says which"
            )
        if self.strange:
            shown = ", ".join(map(repr, self.strange[:_SHOWN]))
            more = len(self.strange) - _SHOWN
            parts.append(f"not understood, left as they are: {shown}{f' and {more} more' if more > 0 else ''}")
            parts += self._guesses(table)
        if parts:
            source = label.removeprefix("table ")
            other = "" if table in source else f" (from {source})"
            ledger.statements.append(f"Columns taken in {table}{other}: {'; '.join(parts)}.")
        if self.schema is not None and self.schema.name != "consents" and "customer_id" not in self.names:
            customer = self.schema.column("customer_id")
            if customer is not None:
                ledger.statements.append(f"{table} has no customer_id: of {customer.use}, it tells nothing.")
        listed = ", ".join(map(repr, self.strange))
        ledger.note(f"columns of {table} that are not understood, left as they are: {listed}", len(self.strange))
        missing = "; ".join(f"{column.name} ({column.use})" for column in self.lacking)
        ledger.note(f"columns that {table} lacks: {missing}", len(self.lacking))

    def _guesses(self, table: str) -> list[str]:
        """Propose which strange column may be one that is lacking."""
        result = []
        for column in self.lacking:
            near = [name for name in likeliest(column.name, self.strange, most=1) if _is_near(column.name, name)]
            if near:
                result.append(
                    f"if {near[0]!r} is {column.name}: columns={{{table!r}: {{{column.name!r}: {near[0]!r}}}}}"
                )
        return result[:2]


def _is_near(name: str, other: str) -> bool:
    """Tell whether a name is nearly another: a slip, and not another word that begins alike."""
    return likeness(plain(name), plain(other)) >= _NEAR


def called(raw: Mapping[str, Raw], chosen: Mapping[str, Any], ledger: Ledger) -> dict[str, Raw]:
    """Return a source's tables by their names in crmlib, without those that the caller wants left out.

    Parameters
    ----------
    raw
        By their names in the source.
    chosen
        From `columns_by_table`.
    ledger
        Where it is said that a table was recognised by another name.

    Raises
    ------
    SchemaError
        The caller speaks of a table that is not there, or would leave out objections.
    """
    meant = {name: table_called(name) for name in raw if kind_of(name) not in {"consents", "objections"}}
    names = {}
    for name in raw:
        own = meant.get(name, name)
        alone = own not in raw and list(meant.values()).count(own) == 1
        names[name] = own if alone else name
    for name, own in names.items():
        if name != own and plain(name) != plain(own):
            ledger.statements.append(f"The table {name!r} was taken for {own}.")
        elif (meant_for := meant.get(name, name)) != own:
            others = ", ".join(repr(other) for other in raw if other != name and meant.get(other) == meant_for)
            ledger.statements.append(
                f"The table {name!r} was not taken for {meant_for}, for there is {others}, too: call one of them so."
            )
    there = [*names.values(), *(name for name in raw if name not in names.values())]
    for table, wish in chosen.items():
        if table not in there and table not in {"orders", "order_lines"}:
            raise SchemaError(f"columns={{{table!r}: ...}}: there is no such table here. {did_you_mean(table, there)}")
        if wish is None and kind_of(table) in {"consents", "objections"}:
            raise SchemaError(
                f"columns={{{table!r}: False}}: a table that says who objected is never left out. Take it out of the "
                "source if it is none."
            )
    return {
        own: raw[name] for name, own in names.items() if chosen.get(own, chosen.get(name, {})) is not None
    }  # fmt: skip


def columns_by_table(columns: Mapping[str, Any]) -> dict[str, dict[str, str | None] | None]:
    """Return the caller's word on columns by table; what stands outside a table is of the orders.

    Parameters
    ----------
    columns
        Name in crmlib -> name in the source, or ``None`` (``False``) for a column that shall not be recognised; or
        a table -> such a dict, or ``None`` (``False``) for a table that shall not be read.

    Raises
    ------
    SchemaError
        A name stands for neither.

    Examples
    --------
    >>> columns_by_table({"amount": False, "customers": {"email": "E-Mail"}, "logins": False})
    {'orders': {'amount': None}, 'customers': {'email': 'E-Mail'}, 'logins': None}
    """
    result: dict[str, dict[str, str | None] | None] = {"orders": {}}
    for name, value in columns.items():
        is_table = name in DICTIONARY or name in {"orders", "order_lines"}
        if hasattr(value, "items"):
            own = result.setdefault(name, {})
            if own is not None:
                own.update({column: _name(column, source) for column, source in value.items()})
        elif is_table and (value is None or value is False):
            result[name] = None
        else:
            orders = result["orders"]
            if orders is not None:
                orders[name] = _name(name, value)
    if result["orders"] is None:
        raise SchemaError("columns={'orders': False}: without orders there is no shop. Leave it out.")
    return result


def _name(column: str, source: Any) -> str | None:
    """Return a column's name in the source; ``None`` where none shall be taken."""
    if source is None or source is False:
        return None
    if source is True:
        raise SchemaError(
            f"columns={{{column!r}: True}}: name the column that it is, or None where none shall be taken for it."
        )
    return str(source)  # a DataFrame's columns may be numbers


def taken(name: str, raw: Raw, mapped: Mapping[str, str | None]) -> Taken:
    """Match the columns of a table with those that crmlib reads.

    Parameters
    ----------
    name
        The table's name in crmlib.
    raw
        The table.
    mapped
        The caller's word: name in crmlib -> name in the source, or ``None`` where none shall be taken.

    Raises
    ------
    SchemaError
        A column that the caller names is not there, one that is needed is missing, or two could be it.
    """
    of_consent = kind_of(name) in {"consents", "objections"}
    schema = DICTIONARY["consents"] if of_consent else DICTIONARY.get(name)
    if schema is None or (raw.curated and not mapped):
        if mapped:
            raise SchemaError(f"columns={{{name!r}: ...}}: crmlib reads no table of that name. {_known_tables()}")
        return Taken({column: column for column in raw.names})
    match = _Match(name, schema, raw, mapped)
    match.by_word()
    if of_consent:
        return match.taken_of_consent()
    for tier in (_own, _clear, _vague):
        match.by_spelling(tier)
    match.refuse_missing()
    return match.taken()


def _known_tables() -> str:
    return f"Those that it reads: orders, order_lines, {', '.join(DICTIONARY)}."


def _own(column: Column) -> Iterable[str]:
    return (column.name,)


def _clear(column: Column) -> Iterable[str]:
    return column.spellings


def _vague(column: Column) -> Iterable[str]:
    return column.vague


class _Match:
    """A table while its columns are matched."""

    def __init__(self, name: str, schema: TableSchema, raw: Raw, mapped: Mapping[str, str | None]) -> None:
        self.name, self.schema, self.raw, self.mapped = name, schema, raw, mapped
        self.there: Sequence[str] = raw.names
        self.found: dict[str, str] = {}
        self.doubtful: dict[str, list[str]] = {}

    def by_word(self) -> None:
        """Take what the caller names."""
        names = [column.name for column in self.schema.columns]
        for column, source in self.mapped.items():
            place = f"columns={{{self.name!r}: {{{column!r}: ...}}}}"
            if column not in names:
                raise SchemaError(f"{place}: there is no such name here. {did_you_mean(column, names)}")
            if source is None:
                continue
            if source not in self.there:
                raise SchemaError(
                    f"{self.raw.label}: there is no column {source!r} to use as {column}. "
                    f"{did_you_mean(source, self.there)}"
                )
            if source in self.found.values():
                raise SchemaError(f"{place}: the column {source!r} is named twice. It can be one of them only.")
            self.found[column] = source
        for column, source in self.found.items():
            twin = next((other for other in self.there if other.casefold() == column and other != source), None)
            if twin is not None and twin not in self.found.values():
                raise SchemaError(
                    f"{self.raw.label}: {source!r} shall be {column}, and there is a column {twin!r}, too. Rename it, "
                    "or take it out of the table."
                )

    def by_spelling(self, tier: Any) -> None:
        """Take, for each column that is still open, what is called as one of its spellings of a tier."""
        for column in self.schema.columns:
            if column.name in self.found or column.name in self.mapped or column.name in self.doubtful:
                continue
            spellings = {plain(spelled) for spelled in tier(column)}
            rest = [
                name for name in self.there
                if name not in self.found.values() and plain(name) in spellings
            ]  # fmt: skip
            if tier is not _own:  # no heading that may hold an objection is taken for something else
                rest = [name for name in rest if answer_within(name) >= 0]
            if column.name in rest:
                rest = [column.name]
            if len(rest) > 1:
                self._doubt(column, rest)
            elif rest:
                self.found[column.name] = rest[0]

    def _doubt(self, column: Column, several: list[str]) -> None:
        if column.required:
            raise SchemaError(
                f"{self.raw.label}: {' and '.join(map(repr, several))} could each be {column.name} ({column.meaning}). "
                f"Say which: columns={{{self.name!r}: {{{column.name!r}: {several[0]!r}}}}}."
            )
        self.doubtful[column.name] = several

    def refuse_missing(self) -> None:
        """Refuse a table without what everything that is read from it needs."""
        missing = [column for column in self.schema.columns if column.required and column.name not in self.found]
        groups = self.schema.one_of
        if groups and not any(set(group) <= self.found.keys() for group in groups):
            missing += [column for column in self.schema.columns if column.name == groups[0][0]]
        if not missing:
            return
        wanted = " and ".join(f"{column.name} ({column.meaning})" for column in missing)
        first = missing[0].name
        rest = [name for name in self.there if name not in self.found.values()]
        several = self.doubtful.get(first)
        hint = f"{' or '.join(map(repr, several))} could be it." if several else did_you_mean(first, rest)
        if hint.startswith("There"):
            hint = f"Its columns are: {', '.join(self.there)}."
        raise SchemaError(
            f"{self.raw.label}: no column for {wanted}. {hint} Say which it is: "
            f"columns={{{self.name!r}: {{{first!r}: '...'}}}}; or leave the table out: "
            f"columns={{{self.name!r}: False}}."
        )

    def taken(self) -> Taken:
        """Return what was matched."""
        # email and telephone numbers may stand in several columns: all of them are read where people are reached
        reached = {name for several in self.doubtful.values() for name in several if column_role(name) in _REACHED}
        doubtful = {name: several for name, several in self.doubtful.items() if not set(several) <= reached}
        used = {*self.found.values(), *(name for several in self.doubtful.values() for name in several)}
        strange = [name for name in self.there if name not in used and not self._is_known_elsewhere(name)]
        spelled = {
            column: source for column, source in self.found.items() if column != source and column not in self.mapped
        }  # fmt: skip
        return Taken(self._names(), self.schema, spelled, doubtful, strange)

    def taken_of_consent(self) -> Taken:
        """Return a table of consents under the names that the caller gave; its own reader knows the spellings."""
        spelled: dict[str, str] = {}
        for source in self.there:
            role = column_role(source)
            known = role in _ROLES and role not in {*self.found, *spelled, *self.there}
            if role is not None and known and source not in self.found.values():
                spelled[role] = source
        return Taken(self._names(), self.schema, spelled)

    def _is_known_elsewhere(self, name: str) -> bool:
        """Tell whether a column is understood where consent and addresses are read."""
        if self.name in _WHOLE and name in _WHOLE[self.name]:
            return True
        meaning = sense(name)
        about = meaning is not None and bool(meaning.channels or meaning.purposes)
        return about or answer_within(name) != 0 or column_role(name) in _REACHED

    def _names(self) -> dict[str, str]:
        of = {source: column for column, source in self.found.items()}
        off = {column for column, source in self.mapped.items() if source is None}
        return {of.get(source, source): source for source in self.there if source in of or source not in off}


_REACHED = {"email", "phone", "country"}
_ROLES = {"customer_id", "contact_id", "email", "phone", "channel", "purpose", "status"}


def _written_by_crmlib() -> dict[str, frozenset[str]]:
    """Return columns of the shop that ships that nothing but lessons reads."""
    return {
        "customers": frozenset(
            (
                *("street", "province", "household_size", "occupation", "income_band", "lifestyle", "values"),
                *("personality", "price_importance", "quality_importance", "novelty_importance"),
                *("sustainability_importance", "interests", "device"),
            )
        ),
        "returns": frozenset(("line_no",)),
    }


_WHOLE = _written_by_crmlib()
