"""Not answered, not reached, wrong and unread are four things: each has its own word, and a way on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.grading.marking.explain import Trouble
from crmlib.grading.results.next_steps import NOTHING, next_steps, state_of

STUB = Trouble("q1", "NotImplementedError: Make `x`.", "")
NAME = Trouble("q1", "NameError: name 'x' is not defined", "")
WRONG = "the answer: yours, 3, is not right."
OF_STUB = "input 1: NotImplementedError: Return a whole number."


def mark(points: float = 0, *, is_open: bool = False, who: str | None = None) -> dict[str, Any]:
    return {"points": points, "out_of": 4, "open": int(is_open), "who": who}


@pytest.mark.parametrize(
    ("marked", "findings", "troubles", "status", "state"),
    [
        (mark(4), [], [], "finished", "full"),
        (mark(1), [WRONG], [], "finished", "part"),
        (mark(), [WRONG], [], "finished", "none"),
        (mark(), [WRONG], [], "timeout", "none"),
        (mark(), [NOTHING], [STUB], "error", "blank"),
        (mark(), [NOTHING], [STUB, NAME], "timeout", "blank"),
        (mark(), ["the output: at 7 of 7 inputs the function gives no output.", OF_STUB], [], "finished", "blank"),
        (mark(), [NOTHING], [], "finished", "blank"),
        (mark(), [NOTHING], [NAME], "error", "none"),
        (mark(), [NOTHING], [], "timeout", "cut"),
        (mark(), [NOTHING], [], "killed", "cut"),
        (mark(), ["The answer to q1 has two columns named 'a': rename one of them."], [], "finished", "none"),
        (mark(is_open=True), [], [], "finished", "open"),
        (mark(who="ada"), [NOTHING], [STUB], "error", "none"),
        (mark(2, who="ada"), [NOTHING], [STUB], "error", "part"),
    ],
)
def test_each_state_has_its_own_word(
    marked: dict[str, Any], findings: list[str], troubles: list[Trouble], status: str, state: str
) -> None:
    assert state_of(marked, findings, troubles, status) == state


def asked(name: str, state: str, points: float, out_of: float, **more: Any) -> dict[str, Any]:
    return {"id": name, "state": state, "points": points, "out_of": out_of, "findings": [], "hints": []} | more


def test_what_there_is_most_to_gain_from_comes_first() -> None:
    questions = [
        asked("q1", "full", 4, 4),
        asked("q2", "part", 3, 4, findings=["column a: a value is missing."], hints=["Look."]),
        asked("q3", "none", 0, 3),
        asked("q4", "blank", 0, 1),
        asked("q5", "cut", 0, 5),
        asked("w1", "open", 0, 5),
    ]
    steps = next_steps(questions, notebook="03_rfm")
    assert [step["question"] for step in steps] == ["q5", "q3", "q2", ""]
    assert steps[0]["text"].startswith("The run ended before it (5 points): find the cell above")
    assert steps[1]["text"] == "For 3 points: look again at what notebook 03_rfm says of it."
    assert steps[2]["text"] == "column a: a value is missing. Mend that for 1 point, or open its first hint below."
    assert steps[3]["text"] == "1 more question below could earn points."


def test_who_can_only_wait_is_told_so() -> None:
    steps = next_steps([asked("q1", "full", 4, 4), asked("w1", "open", 0, 5)], notebook="03_rfm")
    assert [step["text"] for step in steps] == [
        "There is nothing for you to do now: one answer waits to be read by a person."
    ]


STATES = st.sampled_from(["full", "part", "none", "blank", "cut", "open"])


@given(st.lists(STATES, max_size=12))
def test_there_is_always_a_next_step_and_never_a_long_list(states: list[str]) -> None:
    questions = [asked(f"q{n}", state, 4 if state == "full" else 0, 4) for n, state in enumerate(states)]
    steps = next_steps(questions, notebook="03_rfm")
    assert 1 <= len(steps) <= 4
    named = {step["question"] for step in steps if step["question"]}
    assert named <= {one["id"] for one in questions if one["state"] not in {"full", "open"}}
    assert bool(named) == any(state not in {"full", "open"} for state in states)
