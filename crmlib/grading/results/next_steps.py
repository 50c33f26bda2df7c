"""What is said of a question, and what to do next: not answered, not reached, wrong and unread are four things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmlib.grading.marking.explain import Trouble

__all__ = ["NOTHING", "next_steps", "state_of"]

#: The finding on a question to which the run recorded nothing.
NOTHING = "Nothing was handed in."
_CUT_SHORT = {"timeout", "memory", "killed", "too_large"}
_STUB = "NotImplementedError"
_MOST = 3


def state_of(mark: Mapping[str, Any], findings: Sequence[str], troubles: Iterable[Trouble], status: str) -> str:
    """Say how a question stands.

    Parameters
    ----------
    mark
        The mark that counts: ``points``, ``out_of``, ``open`` and ``who`` set it by hand, if anybody did.
    findings
        What was not right about the answer.
    troubles
        The errors of its cells.
    status
        How the run ended.

    Returns
    -------
    str
        ``open`` for a person to read, ``full``, ``part`` or ``none`` of the points; and, where nobody has marked it by
        hand, ``blank`` for a cell that is as it was released, ``cut`` for one that the run did not come to.

    Examples
    --------
    >>> mark = {"points": 0, "out_of": 2, "open": 0, "who": None}
    >>> state_of(mark, [NOTHING], [], "finished"), state_of(mark, [NOTHING], [], "timeout")
    ('blank', 'cut')
    >>> state_of(mark, ["the answer: yours, 3, is not right."], [], "finished")
    'none'
    """
    if mark["open"]:
        return "open"
    if mark["points"] >= mark["out_of"]:
        return "full"
    if mark["points"] > 0 or mark["who"] is not None:
        return "part" if mark["points"] > 0 else "none"
    errors = [trouble.error for trouble in troubles]
    as_released = any(text.startswith(_STUB) for text in errors) or any(f"{_STUB}:" in text for text in findings)
    nothing = list(findings) == [NOTHING] and not errors
    if nothing and status in _CUT_SHORT:
        return "cut"
    return "blank" if as_released or nothing else "none"


def next_steps(questions: Sequence[Mapping[str, Any]], *, notebook: str) -> list[dict[str, str]]:
    """Name what to do next: what there is most to gain from comes first.

    Parameters
    ----------
    questions
        Each with ``id``, ``points``, ``out_of``, ``state``, ``findings`` and ``hints``.
    notebook
        The notebook that teaches what is asked.

    Returns
    -------
    list of dict
        At most three, with the ``question`` and the ``text``, and one without a question that says what else there is.

    Examples
    --------
    >>> asked = {"id": "q1", "points": 0, "out_of": 2, "state": "blank", "findings": [], "hints": []}
    >>> next_steps([asked], notebook="03_rfm")[0]["text"]
    'Answer it, for 2 points: its cell is as it was released.'
    >>> next_steps([asked | {"state": "full", "points": 2}], notebook="03_rfm")
    [{'question': '', 'text': 'Nothing is left to do here: every question is right.'}]
    """
    left = [one for one in questions if one["state"] not in {"full", "open"}]
    left.sort(key=lambda one: one["points"] - one["out_of"])  # a stable sort: among equals the notebook's order
    steps = [{"question": one["id"], "text": _step(one, notebook)} for one in left[:_MOST]]
    if (more := len(left) - _MOST) > 0:
        steps.append({"question": "", "text": f"{more} more question{'s' * (more > 1)} below could earn points."})
    unread = sum(one["state"] == "open" for one in questions)
    if unread and not left:
        what = "one answer waits" if unread == 1 else f"{unread} answers wait"
        return [{"question": "", "text": f"There is nothing for you to do now: {what} to be read by a person."}]
    return steps or [{"question": "", "text": "Nothing is left to do here: every question is right."}]


def _step(question: Mapping[str, Any], notebook: str) -> str:
    gain = question["out_of"] - question["points"]
    points = f"{gain:g} point{'s' * (gain != 1)}"
    if question["state"] == "blank":
        return f"Answer it, for {points}: its cell is as it was released."
    if question["state"] == "cut":
        return (
            f"The run ended before it ({points}): find the cell above that ran too long or ended Python, and run all."
        )
    way = "open its first hint below" if question["hints"] else f"look again at what notebook {notebook} says of it"
    if question["findings"]:
        return f"{question['findings'][0]} Mend that for {points}, or {way}."
    return f"For {points}: {way}."
