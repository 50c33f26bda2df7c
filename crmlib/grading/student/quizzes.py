"""Quiz questions: radio buttons to read and choose by, and the choice in the cell, where it is handed in."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from crmlib.grading.kinds.quiz import letter_of
from crmlib.grading.student import cards, checks
from crmlib.grading.student.answers import hand_in
from crmlib.grading.student.cards import Card, Line
from crmlib.notebook.widgets import in_kernel

if TYPE_CHECKING:
    from crmlib.grading.spec.questions import Question

__all__ = ["quiz"]


def quiz(question: str, choice: str = "", *, interactive: bool = True) -> None:
    """Show a quiz question, and hand in the choice that stands in the cell.

    What buttons hold is gone when the notebook is closed, and a graded run clicks none. So the letter stands in the
    cell above; a click shows the line to write there. However a letter is written, ``"A"`` or ``"b)"``, it is a letter.

    Parameters
    ----------
    question
        The question's id, such as ``"z1"``.
    choice
        The letter chosen; empty while there is none.
    interactive
        Whether to show buttons, where ipywidgets can.

    Raises
    ------
    ExerciseError
        There is no such question.

    Examples
    --------
    >>> checks.start("example", [{"id": "z1", "title": "Which is larger?", "kind": "quiz", "points": 1,
    ...                           "options": {"a": "one", "b": "two"}}])
    >>> quiz("z1")
    NOTE  z1 is not recorded: Which is larger?
          a) one
          b) two
          Write the letter of your choice into the cell above, such as z1 = "a", and run both cells.
    >>> quiz("z1", "B)")
    NOTE  z1 is recorded: b
          b) two
    >>> checks.start("", [])  # the next example is another notebook
    """
    asked = checks.started_question(question)
    buttons = interactive and _buttons_work()
    if choice is None or (isinstance(choice, str) and not choice.strip()):
        _show_nothing_chosen(asked, buttons=buttons)
        letter = None
    else:
        letter = _hand_in_choice(asked, choice)
    if buttons:
        _show_buttons(asked, letter)


def _show_nothing_chosen(asked: Question, *, buttons: bool) -> None:
    first = next(iter(asked.options))
    lines = [] if buttons else [Line("note", f"{letter}) {text}") for letter, text in asked.options.items()]
    way = f'Write the letter of your choice into the cell above, such as {asked.id} = "{first}", and run both cells.'
    cards.show(Card("note", f"{asked.id} is not recorded: {asked.title}", (*lines, Line("note", way))))
    checks.validated(asked.id, "no letter stands in the cell above.")


def _hand_in_choice(asked: Question, choice: Any) -> str | None:
    """Record a choice, and give the letter that it stands for; None where it is none of the options."""
    letters = {letter_of(option): option for option in asked.options}
    letter = letters.get(letter_of(choice)) if isinstance(choice, str) else None
    looked = checks.look_at(asked.id, choice if letter is None else letter, None)
    if letter is None:
        asked_for = f"Write one of {', '.join(asked.options)} into the cell above."
        lines = (*(Line("bad", sentence) for sentence in looked.wrong), Line("note", asked_for))
        card = Card("bad", f"{asked.id} is recorded, but it is none of the letters", lines)
    else:
        lines = (Line("note", f"{letter}) {asked.options[letter]}"),)
        if asked.explanation:
            lines = (*lines, Line("note", asked.explanation))
        card = Card("note", f"{asked.id} is recorded: {letter}", lines)
    hand_in(asked.id, looked, card)
    return letter


def _buttons_work() -> bool:
    if not in_kernel():
        return False
    try:
        import ipywidgets  # noqa: F401 - is it there?
    except ImportError:
        return False
    return True


def _show_buttons(asked: Question, letter: str | None) -> None:
    import ipywidgets as widgets
    from IPython.display import display

    buttons = widgets.RadioButtons(
        options=[(f"{option}) {text}", option) for option, text in asked.options.items()],
        value=letter,
        layout=widgets.Layout(width="auto"),
    )
    title = widgets.HTML(f"{escape(asked.id)}: {escape(asked.title)}")  # a label would be cut at the right
    line = widgets.HTML()

    def show_line(change: Any) -> None:
        written = f'{asked.id} = "{change["new"]}"'
        line.value = f"A click records nothing. Write this into the cell above, and run both: <code>{written}</code>"

    buttons.observe(show_line, names="value")
    display(widgets.VBox([title, buttons, line]))  # type: ignore[no-untyped-call]
