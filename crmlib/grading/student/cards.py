"""The coloured card under a cell: sign and word say what the colour says, and headless it is plain text."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from crmlib.notebook.recording import running_shell

__all__ = ["Card", "Line", "show"]

Mood = Literal["good", "bad", "note"]
_WORDS: dict[str, str] = {"good": "OK", "bad": "WRONG", "note": "NOTE"}
_SIGNS: dict[str, str] = {"good": "\u2713", "bad": "\u2717", "note": "\u00b7"}
_PLAIN_SIGNS: dict[str, str] = {"good": "+", "bad": "x", "note": " "}
# Dark text on a light ground of its own, so that the card can be read in JupyterLab's dark theme, too.
_COLOURS: dict[str, tuple[str, str]] = {
    "good": ("#1b6e3c", "#edf7f0"),
    "bad": ("#a4262c", "#fdf1f1"),
    "note": ("#4a5568", "#f4f5f7"),
}


@dataclass(frozen=True)
class Line:
    """A sentence of a card."""

    mood: Mood
    text: str


@dataclass(frozen=True)
class Card:
    """What is said of an answer.

    Attributes
    ----------
    mood
        ``good``, ``bad`` or ``note``.
    heading
        In a few words.
    lines
        The sentences below it.

    Examples
    --------
    >>> print(Card("good", "q1 is recorded", (Line("note", "The number 3."),)))
    OK    q1 is recorded
          The number 3.
    """

    mood: Mood
    heading: str
    lines: tuple[Line, ...] = ()

    def __str__(self) -> str:
        below = [f"    {_PLAIN_SIGNS[line.mood]} {line.text}" for line in self.lines]
        return "\n".join([f"{_WORDS[self.mood]:<5} {self.heading}", *below])

    def html(self) -> str:
        """Give the card as HTML, everything in it escaped."""
        dark, light = _COLOURS[self.mood]
        items = "".join(
            f'<li style="list-style:none;margin:.15em 0;color:{_COLOURS[line.mood][0]}">'
            f'<span aria-hidden="true">{_SIGNS[line.mood]}</span> {escape(line.text)}</li>'
            for line in self.lines
        )
        return (
            f'<div role="status" style="border-left:.4em solid {dark};background:{light};color:#1a202c;'
            f'padding:.5em .9em;margin:.3em 0;max-width:60em"><strong style="color:{dark}">'
            f'<span aria-hidden="true">{_SIGNS[self.mood]}</span> {_WORDS[self.mood]}</strong> '
            f"{escape(self.heading)}"
            f'<ul style="margin:.3em 0 0;padding:0">{items}</ul></div>'
        )


def show(card: Card, extra: dict[str, Any] | None = None) -> None:
    """Show a card under the cell, or print it where there is no notebook.

    Parameters
    ----------
    card
        The card.
    extra
        What travels along in the same output: mimetype to data.
    """
    if running_shell() is None:
        sys.stdout.write(f"{card}\n")
        return
    from IPython.display import publish_display_data

    publish_display_data(  # type: ignore[no-untyped-call]
        {**(extra or {}), "text/html": card.html(), "text/plain": str(card)}
    )
