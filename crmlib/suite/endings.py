"""How a notebook ended: done, in part, stopped for want of data, or failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crmlib.notebook.notes import Note, read_notes
from crmlib.suite.executed import Failure, failure_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmlib.text import Language

__all__ = ["STATUSES", "Ending", "Status", "counted", "ending_of"]

Status = Literal["done", "in part", "stopped", "failed"]
STATUSES: tuple[Status, ...] = ("done", "in part", "stopped", "failed")


@dataclass(frozen=True)
class Ending:
    """How a notebook ended, and what it said of itself.

    Attributes
    ----------
    failure
        Where it failed.
    stop
        Why it stopped, though nothing failed.
    skipped
        Sections that had nothing to work on.
    decisions
        What the shop should do.
    """

    failure: Failure | None
    stop: Note | None
    skipped: tuple[Note, ...]
    decisions: tuple[Note, ...]

    @property
    def status(self) -> Status:
        """The ending in a word."""
        if self.failure is not None:
            return "failed"
        if self.stop is not None:
            return "stopped"
        return "in part" if self.skipped else "done"

    def __str__(self) -> str:
        if self.failure is not None:
            return f"FAILED in {self.failure}"
        if self.stop is not None:
            return f"stopped: {self.stop.text}"
        if self.skipped:
            sections: dict[str, list[str]] = {}
            for note in self.skipped:
                sections.setdefault(note.text.rstrip("."), []).append(note.section)
            parts = [f"{', '.join(names)} ({reason})" for reason, names in sections.items()]
            return f"in part, without {'; '.join(parts)}"
        return "done"


def ending_of(notebook: Mapping[str, Any]) -> Ending:
    """Read how an executed notebook ended.

    Parameters
    ----------
    notebook
        Its content.

    Examples
    --------
    >>> str(ending_of({"cells": []}))
    'done'
    """
    notes = read_notes(notebook)
    failure = failure_in(notebook)
    stops = [note for note in notes if note.kind == "stop"]
    return Ending(
        failure=failure,
        stop=stops[0] if stops else None,
        skipped=tuple(dict.fromkeys(note for note in notes if note.kind == "skip")),
        decisions=tuple(note for note in notes if note.kind == "decision"),
    )


def counted(statuses: Iterable[str], language: Language | str = "en") -> str:
    """Say how many notebooks ended how.

    Parameters
    ----------
    statuses
        One for each notebook.
    language
        Of the sentence.

    Examples
    --------
    >>> counted(["done", "done", "stopped", "in part"])
    '4 notebooks: 2 complete, 1 stopped, 1 in part'
    >>> counted(["done"], "it")
    '1 notebook: 1 completo'
    """
    from crmlib.text import report_words

    words = report_words(language)
    listed = list(statuses)
    order = ("done", "stopped", "in part", "failed")
    parts = []
    for status in order:
        if number := listed.count(status):
            one, many = words[f"status_{status.replace(' ', '_')}"].split(" / ")
            parts.append(f"{number} {one if number == 1 else many}")
    one, many = words["notebook_count"].split(" / ")
    return f"{len(listed)} {one if len(listed) == 1 else many}: {', '.join(parts)}"
