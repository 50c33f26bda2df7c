"""What a notebook says of itself to a run: its decision, a section that it skips, and why it stops.

A note is an output with a mimetype of its own, plain JSON like a record; whoever reads a notebook that somebody else
has run executes none of their code.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crmlib.errors import CrmlibError
from crmlib.notebook.recording import running_shell

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NOTE_MIMETYPE", "Note", "decide", "publish", "read_note", "read_notes", "skip"]

NOTE_MIMETYPE = "application/vnd.crmlib.note+json"
VERSION = 1
_KINDS = ("decision", "skip", "stop")
_LONGEST = 2_000  # characters: a note is a sentence or two, and stands on a front page


@dataclass(frozen=True)
class Note:
    """A sentence that a notebook says to the run.

    Attributes
    ----------
    kind
        ``decision``, ``skip`` or ``stop``.
    text
        The decision; else the reason.
    section
        Which section is skipped: its number or its heading.
    needs
        The tables and columns that would unlock it, such as ``order_lines.product_id``.
    sure
        How sure a decision is.
    """

    kind: Literal["decision", "skip", "stop"]
    text: str
    section: str = ""
    needs: tuple[str, ...] = ()
    sure: str = ""

    def payload(self) -> dict[str, Any]:
        """Return the note as it is stored in a notebook."""
        return {"version": VERSION, **vars(self), "needs": list(self.needs)}


def decide(sentence: str, sure: str = "") -> None:
    """Record what the shop should do, as the front page of the report says it.

    A decision names its money and what it is compared with. Several decisions of a notebook stand in their order.

    Parameters
    ----------
    sentence
        One or two sentences: what to do, and what it is worth, with its interval.
    sure
        One sentence: how sure that is, and on what it hangs.

    Raises
    ------
    CrmlibError
        The sentence is empty, or no text.

    Examples
    --------
    >>> decide("Write to 110 customers: +104 (-17 to +224).", sure="The interval holds 0: test it.")
    Decision: Write to 110 customers: +104 (-17 to +224).
    How sure? The interval holds 0: test it.
    """
    note = Note("decision", _sentence("decide", sentence), sure=_sentence("decide", sure, empty=True))
    publish(note, f"Decision: {note.text}" + (f"\nHow sure? {note.sure}" if note.sure else ""))


def skip(section: int | str, reason: str, *, needs: tuple[str, ...] | list[str] | str = ()) -> None:
    """Say that a section has nothing to work on here, and why; the report shows the reason in its place.

    The cells of the section run all the same: guard them by the condition that led to the skip.

    Parameters
    ----------
    section
        The number of the section, or its heading.
    reason
        One sentence: what is missing.
    needs
        The tables and columns that would unlock it, such as ``"surveys"`` or ``"order_lines.product_id"``. Ask for
        what the section uses and no more.

    Raises
    ------
    CrmlibError
        The reason or the section is empty, or no text.

    Examples
    --------
    >>> skip(8, "my.csv has no campaigns with a control group.", needs=["campaigns", "assignments"])
    Section 8 is skipped: my.csv has no campaigns with a control group.
    """
    name = str(section) if isinstance(section, int) and not isinstance(section, bool) else section
    note = Note("skip", _sentence("skip", reason), section=_sentence("skip", name), needs=needed(needs))
    numbered = f"Section {note.section}" if note.section.isdecimal() else f"“{note.section}”"
    publish(note, f"{numbered} is skipped: {note.text}")


def needed(needs: tuple[str, ...] | list[str] | str) -> tuple[str, ...]:
    """Return names of tables and columns as a tuple.

    Examples
    --------
    >>> needed("surveys"), needed(["a", "b"])
    (('surveys',), ('a', 'b'))
    """
    return (needs,) if isinstance(needs, str) else tuple(str(name) for name in needs)


def publish(note: Note, shown: str) -> None:
    """Leave a note in the notebook, beside the text that a reader sees; outside of a notebook print that text."""
    if running_shell() is None:
        sys.stdout.write(shown + "\n")
        return
    from IPython.display import publish_display_data

    publish_display_data({NOTE_MIMETYPE: note.payload(), "text/plain": shown})  # type: ignore[no-untyped-call]


def _sentence(function: str, text: Any, *, empty: bool = False) -> str:
    if not isinstance(text, str) or (not text.strip() and not empty) or len(text) > _LONGEST:
        raise CrmlibError(f"{function}: write a sentence of at most {_LONGEST:,} characters, not {str(text)[:60]!r}.")
    return " ".join(text.split())


def read_notes(notebook: Mapping[str, Any]) -> list[Note]:
    """Collect the notes of an executed notebook, in their order.

    Parameters
    ----------
    notebook
        Its content as a dict.

    Raises
    ------
    CrmlibError
        A note is damaged.

    Examples
    --------
    >>> output = {"output_type": "display_data", "data": {NOTE_MIMETYPE: Note("stop", "No surveys.").payload()}}
    >>> read_notes({"cells": [{"outputs": [output]}]})
    [Note(kind='stop', text='No surveys.', section='', needs=(), sure='')]
    """
    outputs = [output for cell in notebook.get("cells", []) for output in cell.get("outputs", [])]
    return [note for output in outputs if (note := read_note(output)) is not None]


def read_note(output: Mapping[str, Any]) -> Note | None:
    """Return the note that an output carries; None for any other output.

    Parameters
    ----------
    output
        Of a cell.

    Raises
    ------
    CrmlibError
        The note is damaged.

    Examples
    --------
    >>> read_note({"output_type": "stream", "name": "stdout", "text": "hello"}) is None
    True
    """
    payload = output.get("data", {}).get(NOTE_MIMETYPE)
    if payload is None:
        return None
    texts = ("text", "section", "sure")
    good = (
        isinstance(payload, dict)
        and set(payload) == {"version", "kind", "needs", *texts}
        and payload["version"] == VERSION
        and payload["kind"] in _KINDS
        and all(isinstance(payload[name], str) for name in texts)
        and isinstance(payload["needs"], list)
        and all(isinstance(name, str) for name in payload["needs"])
    )
    if not good:
        raise CrmlibError("A note in the notebook is damaged, or of another crmlib: run the notebook again.")
    return Note(payload["kind"], payload["text"], payload["section"], tuple(payload["needs"]), payload["sure"])
