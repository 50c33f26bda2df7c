"""Quiz questions: radio buttons to read and choose by, and the choice in the cell, where it is handed in."""

from __future__ import annotations

from typing import Any

from crmlib.grading.student import cards, checks
from crmlib.grading.student.answers import answer
from crmlib.grading.student.cards import Card, Line
from crmlib.notebook.widgets import in_kernel

__all__ = ["quiz"]


def quiz(question: str, choice: str = "", *, interactive: bool = True) -> None:
    """Show a quiz question, and hand in the choice that stands in the cell.

    What buttons hold is gone when the notebook is closed, and a graded run clicks none. So the letter stands in the
    cell; a click shows the line to write there.

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
    NOTE  z1: Which is larger?
          a) one
          b) two
          Write your choice into the cell: quiz("z1", "a")
    >>> quiz("z1", "b")
    OK    z1 is recorded
          The text 'b'.
    >>> checks.start("", [])  # the next example is another notebook
    """
    asked = checks.started_question(question)
    if choice:
        answer(question, choice)
    if interactive and _buttons_work():
        _show_buttons(question, asked.title, asked.options, choice)
    elif not choice:
        first = next(iter(asked.options))
        lines = [Line("note", f"{letter}) {text}") for letter, text in asked.options.items()]
        lines.append(Line("note", f'Write your choice into the cell: quiz("{question}", "{first}")'))
        cards.show(Card("note", f"{question}: {asked.title}", tuple(lines)))


def _buttons_work() -> bool:
    if not in_kernel():
        return False
    try:
        import ipywidgets  # noqa: F401 - is it there?
    except ImportError:
        return False
    return True


def _show_buttons(question: str, title: str, options: dict[str, str], choice: str) -> None:
    import ipywidgets as widgets
    from IPython.display import display

    buttons = widgets.RadioButtons(
        options=[(f"{letter}) {text}", letter) for letter, text in options.items()],
        value=choice if choice in options else None,
        layout=widgets.Layout(width="auto"),
    )
    said = widgets.HTML()

    def tell(change: Any) -> None:
        line = f'quiz("{question}", "{change["new"]}")'
        said.value = f"To hand it in, write this into the cell and run it: <code>{line}</code>"

    buttons.observe(tell, names="value")
    display(widgets.VBox([widgets.Label(f"{question}: {title}"), buttons, said]))  # type: ignore[no-untyped-call]
