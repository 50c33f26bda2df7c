"""CSV exports of survey tools: which tool wrote one, where its rows begin, which columns are its own."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crmlib.errors import SchemaError, SourceError
from crmlib.surveys.cells import plain
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["TOOLS", "Export", "Field", "Tool", "export_files", "read_export"]

#: Usual headings of a customer's number and of an address, where the tool has no column of its own for them.
_CUSTOMER = ("customer id", "customerid", "customer number", "id cliente", "cliente id", "codice cliente")
_MAIL = ("email", "e mail", "mail", "email address", "e mail address", "indirizzo email", "indirizzo e mail")
_SHOWN = 6  # of the columns that no tool is known by
_HEADINGS_WITHIN = 10  # rows; above them stand at most a title and what a spreadsheet put there


@dataclass(frozen=True)
class Tool:
    """A survey tool, known by the headings that it writes itself; all of them as `plain` gives them."""

    name: str
    signs: tuple[frozenset[str], ...]  # a row that holds all of one set is the tool's
    time: tuple[str, ...]  # when a response came in, the best first
    response: str = ""  # what numbers it
    status: str = ""  # whether it is complete
    mail: tuple[str, ...] = ()
    notes: str = "(?!)"  # a pattern: where people mark a response as a test
    others: tuple[str, ...] = ()  # headings that are no questions either
    last: bool = False  # whether the tool's own columns stand behind the questions, not before them


# Google translates its headings, the other two do not translate theirs. Times of Google's own export begin with the
# year and name their zone; saved from a sheet they are written as its country does.
_GOOGLE_TIMES = {
    "timestamp": None,
    "informazioni cronologiche": True,
    "zeitstempel": True,
    "horodateur": True,
    "marca temporal": True,
}

#: By the name that the argument ``tool`` takes.
TOOLS = {
    "typeform": Tool(
        "Typeform",
        signs=(frozenset({"start date utc", "submit date utc"}),),
        time=("submit date utc", "start date utc"),
        response="#",
        status="response type",
        notes="tags",
        others=("stage date utc", "network id", "ending"),
        last=True,
    ),
    "surveymonkey": Tool(
        "SurveyMonkey",
        signs=(frozenset({"respondent id", "collector id"}), frozenset({"respondent id", "start date", "end date"})),
        time=("end date", "date modified", "start date"),
        response="respondent id",
        status="response status",
        mail=("email address",),
        notes=r"custom data(?: \d+)?",
        others=("collector id", "date created", "ip address", "first name", "last name"),
    ),
    "google_forms": Tool(
        "Google Forms",
        signs=tuple(frozenset({heading}) for heading in _GOOGLE_TIMES),
        time=tuple(_GOOGLE_TIMES),
        mail=("email address", "indirizzo email", "username", "nome utente"),
        others=("score", "punteggio"),
    ),
}


@dataclass(frozen=True)
class Field:
    """A column: where it stands, counted from 0, its heading, and SurveyMonkey's second heading, the option.

    A column without a heading goes on with the question before it, and does not begin one.
    """

    position: int
    heading: str
    option: str = ""
    begins: bool = True

    @property
    def label(self) -> str:
        """The heading, and the option where there is one, as people would call the column."""
        return f"{self.heading} {self.option}".strip()

    @property
    def names(self) -> set[str]:
        """What it may be called, as `plain` gives it."""
        return {plain(self.label), *([plain(self.heading)] if self.begins else [])}


@dataclass(frozen=True)
class Export:
    """An export as it came, all text as text."""

    file: str
    tool: Tool
    fields: tuple[Field, ...]
    rows: list[tuple[int, list[str]]]  # row numbers as a spreadsheet shows them, and cells
    broken: list[tuple[int, str]]  # row numbers, and why the cells cannot be told apart
    own: dict[str, Field]  # the tool's own columns, and the caller's: customer_id, email, answered_ts, response, status

    @property
    def day_first(self) -> bool | None:
        """How dates begin in this tool's exports where they do not show it themselves; ``None`` if it may be either."""
        if self.tool is TOOLS["surveymonkey"]:
            return False
        return _GOOGLE_TIMES.get(plain(self.own["answered_ts"].heading)) if "answered_ts" in self.own else None

    @cached_property
    def ends(self) -> Field | None:
        """The column that stays empty where a response was not sent off; Google's are always sent off."""
        column = self.own.get("answered_ts")
        there = column and self.tool is not TOOLS["google_forms"] and plain(column.heading) == self.tool.time[0]
        return column if there else None

    @property
    def at_semicolons(self) -> bool:
        """Whether a semicolon stands between several answers; Google's own export has it, in a sheet it is a comma."""
        if self.tool is not TOOLS["google_forms"]:
            return False
        position = self.own["answered_ts"].position
        return all(re.match(r"\d{4}/", row[position]) for _, row in self.rows if row[position])

    @cached_property
    def notes(self) -> list[Field]:
        """The columns in which people mark tests."""
        return [each for each in self.fields if re.fullmatch(self.tool.notes, plain(each.heading))]

    def strange(self, used: Iterable[int]) -> list[str]:
        """Return the headings that are neither the tool's own nor used."""
        tool = self.tool
        known = {*tool.time, tool.response, tool.status, *tool.mail, *tool.others}
        taken = {*used, *(each.position for each in self.own.values()), *(each.position for each in self.notes)}
        headings = [
            each.heading for each in self.fields if each.position not in taken and plain(each.heading) not in known
        ]
        return list(dict.fromkeys(heading for heading in headings if heading))


def export_files(path: str | Path | Iterable[str | Path]) -> list[Path]:
    """Return the files of a source: a file, a folder's CSV files by their names, or several."""
    files: list[Path] = []
    for each in [path] if isinstance(path, str | Path) else path:
        file = Path(each).expanduser()
        inside = sorted(part for part in file.iterdir() if part.suffix.lower() == ".csv") if file.is_dir() else [file]
        if not inside:
            raise SourceError(f"The folder {file} holds no .csv file. Export the answers as CSV into it.")
        files += inside
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        near = [part.name for part in missing.parent.glob("*.csv")]
        raise SourceError(f"There is no file {str(missing)!r}. {did_you_mean(missing.name, near)}")
    names = [file.name for file in files]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SourceError(f"Two files are called {twice!r}, so a row could not be found again. Rename one of them.")
    if not files:
        raise SourceError("No file was given. Give the CSV that the survey tool exported.")
    return files


def read_export(file: Path, *, tool: str | None, columns: Mapping[str, str], encoding: str) -> Export:
    """Read an export, and find out which tool wrote it."""
    text = _decoded(file, encoding)
    # a heading may hold a line break, so what separates is found by what can be recognised, not in the first line
    tables = [_rows(text, mark) for mark in ",;\t" if mark in text]
    for rows, why in tables:
        for start, (_, cells) in enumerate(rows[:_HEADINGS_WITHIN]):
            known = _recognised(cells, tool, columns)
            if known is not None and why:
                raise SourceError(f"{file.name}, {why}. Export it again.")
            if known is not None:
                return _export(file.name, known, rows[start:], columns)
    widest = max((cells for rows, _ in tables for _, cells in rows[:_HEADINGS_WITHIN]), key=len, default=[])
    there = ", ".join(map(repr, widest[:_SHOWN])) + " ..." * (len(widest) > _SHOWN)
    raise SchemaError(
        f"{file.name}: this is no export of Google Forms ('Timestamp' or 'Informazioni cronologiche' first), Typeform "
        f"('Submit Date (UTC)') or SurveyMonkey ('Respondent ID', 'Collector ID'). Its columns: {there or 'none'}. In "
        "another order? Say tool='google_forms'. In another language? Say tool='surveymonkey', "
        "columns={'answered_ts': '...', 'email': '...'}."
    )


def _decoded(file: Path, encoding: str) -> str:
    data = file.read_bytes()
    if not data.strip():
        raise SourceError(f"{file.name}: the file is empty. Export it again.")
    if data.startswith(b"PK\x03\x04"):
        raise SourceError(f"{file.name}: this is a workbook or a zip archive. Unpack it, or export the answers as CSV.")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif data.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except LookupError as error:
        raise SourceError(f"encoding={encoding!r} is not known. Usual ones: 'utf-8', 'cp1252', 'utf-16'.") from error
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"{file.name}, row {row}: the file is not {encoding}. A spreadsheet may have saved it: read it with "
            "encoding='cp1252', or save it as UTF-8."
        ) from error


def _rows(text: str, mark: str) -> tuple[list[tuple[int, list[str]]], str]:
    """Return the rows that are not blank, with their numbers, and where they cannot be read on."""
    rows: list[tuple[int, list[str]]] = []
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True), 1):
            if cells:
                rows.append((number, cells))
    except csv.Error as error:
        return rows, f"row {number + 1}: {error} (a double quote that is never closed?)"
    return rows, ""


def _recognised(cells: list[str], tool: str | None, columns: Mapping[str, str]) -> Tool | None:
    headings = [plain(cell) for cell in cells]
    if tool is not None:
        wanted = columns.get("answered_ts")
        known = TOOLS[tool]
        mine = {plain(wanted)} if wanted else set(known.time)
        return known if mine & set(headings) and len(cells) > 1 else None
    for known in TOOLS.values():
        # one heading alone would tell little, so Google's must come first
        there = set(headings[:1]) if known is TOOLS["google_forms"] else set(headings)
        if any(sign <= there for sign in known.signs):
            return known
    return None


def _export(file: str, tool: Tool, rows: list[tuple[int, list[str]]], columns: Mapping[str, str]) -> Export:
    headings = [cell.strip() for cell in rows[0][1]]
    fields = tuple(Field(position, heading) for position, heading in enumerate(headings))
    body = rows[1:]
    if tool is TOOLS["surveymonkey"] and body and _is_second_heading(body[0][1], fields, columns):
        fields = _with_options(headings, body[0][1])
        body = body[1:]
    own = _own(file, tool, fields, columns)
    sound, broken = [], []
    for number, cells in body:
        extra = [cell for cell in cells[len(fields) :] if cell.strip()]
        if extra or (len(cells) < len(fields) and any(cell.strip() for cell in cells)):
            broken.append((number, f"{len(cells)} fields, where the headings name {len(fields)} columns"))
        else:
            sound.append((number, [_bare(cell, tool) for cell in [*cells, *[""] * len(fields)][: len(fields)]]))
    return Export(file, tool, fields, sound, broken, own)


def _bare(cell: str, tool: Tool) -> str:
    """Take the apostrophe away by which Typeform keeps a spreadsheet from running what begins like a formula."""
    guarded = tool is TOOLS["typeform"] and re.match(r"'[=+\-@]", cell)
    return cell[1:].strip() if guarded else cell.strip()


def _is_second_heading(cells: list[str], fields: Iterable[Field], columns: Mapping[str, str]) -> bool:
    """Tell SurveyMonkey's row of options by what it lacks: the response's number and its times."""
    tool = TOOLS["surveymonkey"]
    always = {tool.response, *tool.time, plain(columns.get("answered_ts", ""))} - {""}
    there = [cells[each.position] for each in fields if plain(each.heading) in always and each.position < len(cells)]
    return not any(re.search(r"\d", cell) for cell in there)


def _with_options(headings: list[str], options: list[str]) -> tuple[Field, ...]:
    fields, heading = [], ""
    for position, own in enumerate(headings):
        heading = own or heading
        fields.append(Field(position, heading, options[position].strip() if position < len(options) else "", bool(own)))
    return tuple(fields)


def _own(file: str, tool: Tool, fields: tuple[Field, ...], columns: Mapping[str, str]) -> dict[str, Field]:
    """Find the columns that tell who answered, when, and whether to the end."""
    by_heading: dict[str, list[Field]] = {}
    for each in reversed(fields) if tool.last else fields:
        for name in each.names:
            by_heading.setdefault(name, []).append(each)
    own: dict[str, Field] = {}
    for name, heading in columns.items():
        there = by_heading.get(plain(heading), [])
        if len(there) != 1:
            raise SchemaError(
                f"{file}, columns={{{name!r}: {heading!r}}}: there "
                + (
                    f"are {len(there)} columns of that name. Rename one of them."
                    if there
                    else f"is no such column. {did_you_mean(heading, [each.heading for each in fields])}"
                )
            )
        own[name] = there[0]
    # the tool writes its own columns before all questions, or behind them: of two of one name that is the tool's
    for name, headings in (
        ("response", (tool.response,)),
        ("status", (tool.status,)),
        ("answered_ts", tool.time),
        ("email", tool.mail),
    ):
        mine = next((by_heading[heading][0] for heading in headings if heading and heading in by_heading), None)
        if mine is not None:
            own.setdefault(name, mine)
    for name, headings in (("customer_id", _CUSTOMER), ("email", _MAIL)):
        there = [each for heading in headings for each in by_heading.get(heading, [])]
        if name not in own and len(there) > 1:
            raise SchemaError(
                f"{file}: the columns {there[0].position + 1} ({there[0].heading!r}) and {there[1].position + 1} "
                f"({there[1].heading!r}) could each be {name}. Say which: columns={{{name!r}: {there[0].heading!r}}}; "
                "of two of one name, rename one."
            )
        if name not in own and there:
            own[name] = there[0]
    return own
