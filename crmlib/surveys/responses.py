"""The responses of one export after the other: which count, who gave them and when, and what has to be said of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd

from crmlib.errors import SchemaError
from crmlib.shop.required import require
from crmlib.surveys.asked_columns import Answers, Question, answers_to
from crmlib.surveys.cells import day_before_month, moment, plain
from crmlib.surveys.exports import TOOLS, Export

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from crmlib import policy as policies

__all__ = ["People", "Reading", "Response", "people"]

_COMPLETE = {"completed", "complete", "completa", "completata", "completato"}
_TEST_WORDS = {"test", "testing", "prova", "preview"}
# what stands for nobody in particular: the placeholder of Typeform's links, merge tags that were not filled in
_NOBODY = re.compile(
    r"x{3,}|anonym(?:ous)?|anonimo|none|null|nan|undefined|n/?a|[-_.?]+|.*[{}\[\]|<>%].*", re.IGNORECASE
)
_ROUNDED = re.compile(r"[\d.,]+E\+\d+", re.IGNORECASE)  # a spreadsheet's way to write, and to lose, a long number
_SHOWN = 5  # of the columns that were not asked for
_NO_ZONE, _NO_TIME, _ORDERS = "that name no zone", "responses without a time", ("day", "month")


@dataclass(frozen=True)
class People:
    """Who is known: ids, and the ids behind each address."""

    ids: frozenset[str]
    by_address: dict[str, set[str]]


def people(customers: Any) -> People | None:
    """Return who is known; ``None`` where no table of customers was given."""
    if customers is None:
        return None
    require(customers, "customers", ["customer_id"])
    table = customers if isinstance(customers, pd.DataFrame) else customers.to_pandas()
    ids = table["customer_id"].astype("str").str.strip()
    by_address: dict[str, set[str]] = {}
    for customer, address in zip(ids, table.get("email", pd.Series(index=table.index, dtype="str")), strict=True):
        if isinstance(address, str) and address.strip():
            by_address.setdefault(address.strip().casefold(), set()).add(customer)
    return People(frozenset(ids), by_address)


@dataclass(frozen=True)
class Response:
    """A response that was taken."""

    file: str
    row: int
    respondent: str | None
    customer_id: str | None
    answered_ts: datetime | None
    number: tuple[str, str] | None
    person: tuple[str, str] | None
    answers: dict[str, Any]

    @property
    def where(self) -> str:
        """Its file and row."""
        return f"{self.file}, row {self.row}"


@dataclass
class _Counts:
    """What has to be said of one file."""

    taken: list[Response] = field(default_factory=list)
    rejected: list[tuple[str, int, str]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)


@dataclass
class Reading:
    """Takes one export after the other, and remembers what has to be said."""

    questions: dict[str, Question]
    policy: policies.Policy
    people: People | None
    tests: set[str]
    zone: ZoneInfo
    day_first: bool | None
    taken: list[Response] = field(default_factory=list)
    rejected: list[tuple[str, int, str]] = field(default_factory=list)
    left_out: list[tuple[str, int, str]] = field(default_factory=list)
    contents: dict[tuple[str, ...], str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def add(self, export: Export) -> None:
        """Read the rows of an export."""
        asked = [answers_to(name, question, export, self.policy.surveys) for name, question in self.questions.items()]
        clock = self._clock(export)
        counts = _Counts(rejected=[(export.file, number, why) for number, why in export.broken])
        contents: dict[tuple[str, ...], str] = {}
        for number, row in export.rows:
            kind, why = self._not_counted(export, row, asked)
            if kind:
                counts.left_out[kind] += 1
                self.left_out.append((export.file, number, why))
                continue
            contents[tuple(row)] = f"{export.file}, row {number}"
            values, problems = _answers(asked, row, counts.notes)
            answered = None
            try:
                answered = clock(row, counts.notes)
            except ValueError as error:
                problems.append(f"column {export.own['answered_ts'].heading!r}: {error}")
            if problems:
                counts.rejected.append((export.file, number, "; ".join(problems)))
            else:
                respondent, customer, person = self._who(export, row, counts.notes)
                numbered = row[export.own["response"].position] if "response" in export.own else ""
                alike = (export.tool.name, numbered) if numbered and not _ROUNDED.fullmatch(numbered) else None
                counts.taken.append(
                    Response(export.file, number, respondent, customer, answered, alike, person, values)
                )
        self.taken += counts.taken
        self.rejected += sorted(counts.rejected, key=lambda each: each[1])
        self.contents |= contents
        self._say(export, asked, counts)

    def _not_counted(self, export: Export, row: list[str], asked: list[Answers]) -> tuple[str, str]:
        """Return the kind and the reason of a row that is left out, empty where it counts."""
        own = {name: row[each.position] for name, each in export.own.items()}
        mail, number, status = (own.get(name, "").casefold() for name in ("email", "customer_id", "status"))
        marked = {number, mail.partition("@")[0], *(plain(row[each.position]) for each in export.notes)}
        earlier = self.contents.get(tuple(row)) if "response" not in own else None
        ends = export.ends.heading if export.ends and not row[export.ends.position] else ""
        rules = (
            (not any(row), "empty row", "the row is empty"),
            (marked & _TEST_WORDS or {mail, number} & self.tests - {""}, "test", "a test"),
            (status and plain(status) not in _COMPLETE, "partial", f"partial: the tool says {status!r}"),
            (ends, "partial", f"partial: there is no {ends!r}"),
            (not any(row[each.position] for answers in asked for each in answers.fields), "without an answer",
             "no question is answered"),
            (earlier, "again", f"the same response as {earlier}"),
        )  # fmt: skip
        return next(((kind, why) for applies, kind, why in rules if applies), ("", ""))

    def _clock(self, export: Export) -> Callable[[list[str], Counter[str]], datetime | None]:
        """Return what reads a row's time, once it is clear how this file writes dates."""
        column = export.own.get("answered_ts")
        if column is None:
            return lambda _, notes: notes.update([_NO_TIME])
        where = f"{export.file}, column {column.heading!r}"
        try:
            date, day_first = day_before_month(row[column.position] for _, row in export.rows)
        except ValueError as error:
            raise SchemaError(
                f"{where}: {error}. A spreadsheet may have changed some. Export the file again."
            ) from error
        if day_first is not None and self.day_first is not None and day_first != self.day_first:
            raise SchemaError(f"{where}: the dates say day_first={day_first}, not {self.day_first}. Leave it out.")
        for word in (self.day_first, export.day_first):
            day_first = word if day_first is None else day_first
        if date and day_first is None:
            raise SchemaError(
                f"{where}: {date!r} may begin with the day or with the month. Say day_first=True or False."
            )
        zone: tzinfo = UTC if "(utc)" in column.heading.casefold() else self.zone
        shop = ZoneInfo(self.policy.orders.timezone)

        def clock(row: list[str], notes: Counter[str]) -> datetime | None:
            if not row[column.position]:
                notes[_NO_TIME] += 1
                return None
            try:
                read = moment(row[column.position], day_first=day_first, local=self.zone)
                notes[_NO_ZONE] += read.tzinfo is None and zone is not UTC
                notes["day" if day_first else "month"] += bool(date)
                return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(shop).replace(tzinfo=None)
            except OverflowError as error:
                raise ValueError(f"{row[column.position]!r} is no time that can be read") from error

        return clock

    def _who(
        self, export: Export, row: list[str], notes: Counter[str]
    ) -> tuple[str | None, str | None, tuple[str, str] | None]:
        """Return how the respondent is called, the customer, and what a second response is known by."""
        number, mail = (
            row[export.own[name].position] if name in export.own else "" for name in ("customer_id", "email")
        )
        if number and _NOBODY.fullmatch(number):
            notes[f"ids such as {number!r} that name nobody"] += 1
            number = ""
        if mail and "@" not in mail:
            notes["addresses without an @, which are none"] += 1
            mail = ""
        address = mail.casefold()
        if self.people is None:
            person = ("id", number) if number else ("address", address) if address else None
            return number or mail or None, number or None, person
        behind = self.people.by_address.get(address, set()) if address else set()
        notes["addresses of no customer"] += bool(address and not behind)
        notes["ids of no customer"] += bool(number and number not in self.people.ids)
        known = {number} & self.people.ids
        notes["addresses of several customers, of whom none is taken"] += len(behind) > 1 and not known
        if known and behind and not known & behind:
            notes["ids and addresses of two customers, of whom none is taken"] += 1
            return number, None, None
        customers = known or (behind if len(behind) == 1 else set())
        customer = next(iter(customers), None)
        person = ("customer", customer) if customer else ("address", address) if address else None
        return number or mail or None, customer, person

    def _say(self, export: Export, asked: list[Answers], counts: _Counts) -> None:
        """Note what is said of a file: what was recognised, assumed, missing, spelled otherwise and left out."""
        notes = counts.notes
        many = len(export.rows) + len(export.broken)
        opening = f"Read {export.file} ({export.tool.name}): {many:,} response{'s' * (many != 1)}"
        opening += f", {len(counts.taken):,} taken"
        if counts.rejected:
            opening += f", {len(counts.rejected):,} rejected"
        if counts.left_out:
            kinds = ", ".join(f"{number:,} {kind}" for kind, number in counts.left_out.items())
            opening += f", {counts.left_out.total():,} left out ({kinds})"
        shop = self.policy.orders.timezone
        times = [f"Times are brought to {shop}" if "answered_ts" in export.own else "There is no column of times"]
        times += [f"{notes[_NO_ZONE]:,} {_NO_ZONE} are taken in {self.zone.key}"] if notes[_NO_ZONE] else []
        times += [f"dates begin with the {part}" for part in _ORDERS if notes[part]]
        more = ["; ".join(times), self._known(export, counts.taken)]
        if "status" not in export.own and export.tool is TOOLS["surveymonkey"]:
            more.append("Nothing tells partial responses from complete ones: export the complete ones alone")
        for each in (each for each in asked if not each.each_an_option):
            there = each.fields[0].heading if each.fields[0].begins else each.fields[0].label
            if " ".join(there.split()) not in [" ".join(text.split()) for text in each.question.texts]:
                more.append(f"Spelled otherwise: {each.question.texts[0]!r} is {there!r}")
        strange = export.strange(part.position for each in asked for part in each.fields)
        if strange:
            shown = ", ".join(map(repr, strange[:_SHOWN])) + ", ..." * (len(strange) > _SHOWN)
            more.append(f"Not asked for: {len(strange)} column{'s' * (len(strange) != 1)}, {shown}")
        silent = {_NO_ZONE, *_ORDERS}
        more += [
            f"{note[0].upper()}{note[1:]}: {number:,}"
            for note, number in notes.items()
            if number and note not in silent
        ]
        self.lines += [f"{opening}.", *(f"  {each}." for each in more)]

    def _known(self, export: Export, taken: list[Response]) -> str:
        """Say what tells who answered, and of how many it does."""
        where = [f"{what} in {each.heading!r}" for what, name in (("ids", "customer_id"), ("addresses", "email"))
                 if (each := export.own.get(name))]  # fmt: skip
        if not where:
            return "Nothing tells who answered"
        who = f"Who answered: {' and '.join(where)}"
        if self.people is None and "customer_id" not in export.own:
            return f"{who}; which customer that is takes customers=shop.customers"
        known = sum(each.customer_id is not None for each in taken)
        return f"{who}; {known:,} of {len(taken):,} have a customer_id"

    def counted(self) -> list[Response]:
        """Return the responses that count, in the order of their times: each once, a person's by the policy's rule."""
        rule = self.policy.surveys.duplicates
        order = {each.where: position for position, each in enumerate(self.taken)}
        # a time goes before none, whichever of them counts
        late = sorted(
            self.taken, key=lambda each: (each.answered_ts or datetime.min, order[each.where]), reverse=True  # noqa: DTZ901 - nobody sees it
        )  # fmt: skip
        newest = counted = self._alone(late, "number", "an earlier version of {}")
        if rule == "first":
            counted = sorted(newest, key=lambda each: (each.answered_ts or datetime.max, order[each.where]))  # noqa: DTZ901 - the same
        if rule in {"last", "first"}:
            counted = self._alone(
                counted,
                "person",
                f"the same person answered in {{}}, and the {rule} counts (policy surveys.duplicates)",
            )
        versions, again = len(late) - len(newest), len(newest) - len(counted)
        if versions:
            self.lines.append(f"Left out {versions:,} earlier versions of the same responses.")
        if again:
            why = f"the {rule} counts (policy surveys.duplicates)"
            self.lines.append(f"Left out {again:,} of people who answered more than once: {why}.")
        return sorted(counted, key=lambda each: (each.answered_ts or datetime.max, order[each.where]))  # noqa: DTZ901 - the same

    def _alone(self, responses: list[Response], attribute: str, why: str) -> list[Response]:
        """Return the first of those alike, and note the others."""
        first: dict[Any, Response] = {}
        alone = []
        for each in responses:
            alike = getattr(each, attribute)
            if alike is not None and alike in first:
                self.left_out.append((each.file, each.row, why.format(first[alike].where)))
            else:
                alone.append(each)
                if alike is not None:
                    first[alike] = each
        return alone


def _answers(asked: list[Answers], row: list[str], notes: Counter[str]) -> tuple[dict[str, Any], list[str]]:
    """Return a row's answers, and what is wrong with those that cannot be taken."""
    values, problems = {}, []
    for answers in asked:
        try:
            values[answers.name] = answers.read(row, notes)
        except ValueError as error:
            problems.append(f"column {answers.fields[0].heading!r}: {error}")
    return values, problems
