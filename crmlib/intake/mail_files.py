"""Mail as it lies on a disk -> rows: `.eml` and `mbox` files, folders of them, Maildir, messages of Python's `email`.

A mail that cannot be read is one reject with its file and number; it never ends the run.
"""

from __future__ import annotations

import glob
import mailbox
import re
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib.errors import SourceError
from crmlib.intake.mail_message import NotMail, mail_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmlib import policy as policies

__all__ = ["COLUMNS", "is_mail", "read_mails"]

#: Columns of the rows: those of contacts, and four that only mail has.
COLUMNS = (
    *("contact_id", "received_ts", "channel", "full_name", "email", "mailbox", "subject", "request_text"),
    *("thread_id", "attachments", "mail_kind", "mail_note"),
)
_ONE, _MANY = {".eml", ".emlx"}, {".mbox", ".mbx"}
_BOXES = {"mbox"}  # as Apple's Mail and Takeout call the file within a folder
_FOREIGN = {
    ".msg": "Outlook's own format (.msg): save it as .eml",
    ".pst": "Outlook's archive (.pst): export it as .eml or .mbox",
}
#: What begins a mail in an mbox file: a sender, a time and a year. Other lines that begin so are text.
_FROM_LINE = re.compile(rb"From .*\d{1,2}:\d{2}.*\d{4}")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
#: Maildir puts marks after a colon, and Windows cannot.
_MAILDIR = ("new", "cur")


def is_mail(source: Any) -> bool:
    """Say whether a source is mail rather than a list.

    Parameters
    ----------
    source
        A path, a glob, a message, bytes, or a list of them.
    """
    if isinstance(source, Message | bytes):
        return True
    if isinstance(source, list | tuple):
        return bool(source) and all(is_mail(item) for item in source)
    if not isinstance(source, str | Path) or "://" in str(source):
        return False
    path = Path(source)
    if path.suffix.lower() in _ONE | _MANY | set(_FOREIGN):
        return True
    if path.is_dir():
        return next(_in_folder(path), None) is not None
    return path.is_file() and not path.suffix and _is_mbox(path)


def read_mails(source: Any, rules: policies.Intake) -> tuple[pd.DataFrame, list[tuple[str, int, str, str]]]:
    """Read mails.

    Parameters
    ----------
    source
        As for `is_mail`.
    rules
        Which mailboxes are everybody's.

    Returns
    -------
    tuple
        A table of `COLUMNS` and the file and number of each mail; and for each that cannot be read its file, number,
        reason and beginning.

    Raises
    ------
    SourceError
        Nothing is there.
    """
    rows: list[tuple[Any, ...]] = []
    rejects: list[tuple[str, int, str, str]] = []
    for file, number, mail in _mails(source):
        try:
            row = _row(mail, rules)
        except NotMail as error:
            start = "" if isinstance(mail, NotMail | Message) else mail[:200].decode("ascii", "replace")
            rejects.append((file, number, str(error), start.replace("\x00", "")))
        except Exception as error:  # noqa: BLE001 - Python's parser has its limits; one mail must not end the run
            rejects.append((file, number, f"cannot be read as mail: {type(error).__name__}", ""))
        else:
            rows.append((*(row[name] for name in COLUMNS), file, number))
    table = pd.DataFrame(rows, columns=[*COLUMNS, "source_file", "source_row"])
    table = table.astype(dict.fromkeys(COLUMNS, "str") | {"source_file": "str", "source_row": "int64"})
    table["thread_id"] = _threads(table)
    return table, rejects


def _row(mail: bytes | Message | NotMail, rules: policies.Intake) -> dict[str, str | None]:
    if isinstance(mail, NotMail):
        raise mail
    return mail_row(mail, rules)


def _mails(source: Any) -> Iterator[tuple[str, int, bytes | Message | NotMail]]:
    """Go through the mails of a source: file, number, content."""
    if isinstance(source, Message | bytes):
        yield "a message", 1, source
    elif isinstance(source, list | tuple):
        number = 0
        for item in source:
            for file, row, mail in _mails(item):
                number += 1
                yield (file, number, mail) if isinstance(item, Message | bytes) else (file, row, mail)
    else:
        path = Path(source)
        if path.is_dir():
            files = list(_in_folder(path))
        else:
            files = [path] if path.is_file() else sorted(Path(name) for name in glob.glob(str(source), recursive=True))  # noqa: PTH207 - a pattern may begin anywhere
        if not files:
            raise SourceError(f"{source}: there is no such file. Give an .eml or .mbox file, or a folder of them.")
        for mail_file in files:
            label = mail_file.relative_to(path).as_posix() if path.is_dir() else mail_file.name
            for number, mail in enumerate(_in_file(mail_file), 1):
                yield label, number, mail


def _in_folder(folder: Path) -> Iterator[Path]:
    """Go through the mail files of a folder and those below, in order of their names."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            in_maildir = path.parent.name in _MAILDIR and all((path.parent.parent / name).is_dir() for name in _MAILDIR)
            kind = path.suffix.lower()
            if kind in _ONE | _MANY | set(_FOREIGN) or path.name in _BOXES or in_maildir:
                yield path


def _in_file(path: Path) -> Iterator[bytes | NotMail]:
    kind = path.suffix.lower()
    if kind in _FOREIGN:
        yield NotMail(_FOREIGN[kind])
        return
    try:
        if kind in _MANY or path.name in _BOXES or (kind not in _ONE and _is_mbox(path)):
            yield from _in_mbox(path)
        else:
            content = path.read_bytes()
            yield _without_count(content) if kind == ".emlx" else content
    except OSError as error:
        yield NotMail(f"cannot be opened: {error.strerror or type(error).__name__}")


def _in_mbox(path: Path) -> Iterator[bytes | NotMail]:
    """Go through the mails of an mbox file; a line of text that begins with "From " begins no mail."""
    box = mailbox.mbox(path, create=False)
    try:
        held: bytes | None = None
        for key in box.keys():  # noqa: SIM118 - a mailbox goes through its messages, not its keys
            whole = box.get_bytes(key, from_=True)
            line, _, rest = whole.partition(b"\n")
            if held is not None and not _FROM_LINE.match(line.rstrip()):
                held += b"\n" + whole
                continue
            if held is not None:
                yield _QUOTED_FROM.sub(rb"\1", held)
            held = rest
        if held is not None:
            yield _QUOTED_FROM.sub(rb"\1", held)
        else:
            yield NotMail("an empty file" if not path.stat().st_size else "no mbox file: its first line begins no mail")
    finally:
        box.close()


def _is_mbox(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return bool(_FROM_LINE.match(file.readline(1000).rstrip()))
    except OSError:
        return False


def _without_count(content: bytes) -> bytes:
    """Return the mail of Apple's .emlx: a line with its length stands before it, and a list of marks after it."""
    count, _, rest = content.partition(b"\n")
    return rest[: int(count)] if count.strip().isdigit() else content


def _threads(table: pd.DataFrame) -> pd.Series[str]:
    """Follow each thread to the first mail that is here, for a mail may know only the one before it."""
    before = {
        mail: thread
        for mail, thread in zip(table["contact_id"], table["thread_id"], strict=True)
        if not pd.isna(mail) and not pd.isna(thread) and mail != thread
    }
    threads = []
    for name in table["thread_id"]:
        passed = set()
        while name in before and name not in passed:
            passed.add(name)
            name = before[name]  # noqa: PLW2901 - the way up the thread
        threads.append(name)
    return pd.Series(threads, index=table.index, dtype="str")
