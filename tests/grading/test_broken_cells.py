"""A broken cell costs its own question only, whatever it does; all attempts together are bounded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.marking.explain import troubles_in
from crmlib.grading.marking.literals import literal_answers
from crmlib.grading.marking.running import Runner
from crmlib.grading.sandbox.attempts import LOST, Run, run_on
from crmlib.grading.sandbox.frames import Transcript
from crmlib.grading.sandbox.limits import Limits
from crmlib.grading.spec.recorded import read_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crmlib.grading.sandbox.listening import Ending

LIMITS = Limits(seconds=4, memory_mb=3072, output_mb=2)
#: What breaks a run, how the run is called afterwards, and whether the cell is left out.
BREAKS = {
    "waits for ever": ("import time\ntime.sleep(1000)", "timeout", True),
    "leaves": ("import os\nos._exit(0)", "killed", True),
    "kills its kernel": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed", True),
    "crashes": ("import ctypes\nctypes.string_at(0)", "killed", True),
    "quits": ("quit()", "error", False),
    "exits": ("import sys\nsys.exit(1)", "error", False),
    "asks": ("input()", "error", False),
    "floods": ("print('x' * 30_000_000)", "finished", False),
    "floods past Python": ("import os\nos.system('yes | head -c 30000000')", "finished", False),
    "floods with displays": ("for number in range(6_000): display(number)", "too_large", True),
    "forgets all": ("%reset -f", "error", False),
}


def notebook(*sources: str) -> dict[str, Any]:
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner("zygote", data={}, limits=LIMITS) as running:
        yield running


@pytest.mark.slow
@pytest.mark.needs("bwrap")
@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_cell_costs_its_own_question_only(runner: Runner, name: str) -> None:
    code, status, is_left_out = BREAKS[name]
    asked = notebook("from crmlib.grading import answer", 'answer("q1", 1)', code, 'answer("q2", 2)')
    ended = runner.run(asked, {})
    assert ended.status == status, ended.reason
    assert ended.notebook is not None
    assert {key: answer.value for key, answer in read_answers(ended.notebook).items()} == {"q1": 1, "q2": 2}
    assert any(one.error.startswith(LOST) for one in troubles_in(ended.notebook)) == is_left_out
    assert ("run again without" in ended.reason) == is_left_out
    assert "skip-execution" not in str(ended.notebook)


@pytest.mark.slow
@pytest.mark.needs("bwrap")
def test_several_broken_cells_cost_theirs(runner: Runner) -> None:
    leave = "import os\nos._exit(1)"
    ended = runner.run(notebook("from crmlib.grading import answer", leave, 'answer("q1", 1)', leave, leave), {})
    assert ended.notebook is not None
    assert list(read_answers(ended.notebook)) == ["q1"]
    assert "So did 2 other cells." in ended.reason


def broken_at(cells: set[int], ending: Ending = "closed", seconds: float = 0.0) -> Callable[..., Run]:
    """Run cells until one that breaks, as a sandbox would say it."""

    def attempt(given: dict[str, Any], allowed: float) -> Run:
        time.sleep(min(seconds, allowed))
        transcript = Transcript(given)
        for at, cell in enumerate(given["cells"]):
            if "skip-execution" in cell["metadata"].get("tags", []):
                continue
            transcript.feed(f'{{"type": "began", "cell": {at}}}\n'.encode())
            if at in cells:
                return Run(transcript, ending, 1, lacked_memory=False)
        transcript.feed(b'{"type": "done"}\n')
        return Run(transcript, "done", 0, lacked_memory=False)

    return attempt


def test_all_attempts_together_are_bounded() -> None:
    many = notebook(*(30 * ["x = 1"]))
    ended = run_on(many, broken_at(set(range(30))), limits=Limits(seconds=60))
    assert len(ended.losses) == 20
    assert not ended.transcript.done
    started = time.monotonic()
    ended = run_on(many, broken_at(set(range(30)), "slow_cell", seconds=0.02), limits=Limits(seconds=0.55))
    assert time.monotonic() - started < 1.2
    assert not ended.transcript.done


def test_a_run_that_is_out_of_time_blames_no_cell() -> None:
    ended = run_on(notebook("x", "y"), broken_at({1}, "timeout"), limits=Limits())
    assert ended.losses == ()
    assert ended.ending == "timeout"


def test_what_was_run_stays_as_it_was() -> None:
    given = notebook("x", "y", "z")
    ended = run_on(given, broken_at({0, 2}), limits=Limits())
    assert ended.transcript.done
    assert [run.transcript.reached for run in ended.losses] == [0, 2]
    assert given == notebook("x", "y", "z")
    assert [len(cell["outputs"]) for cell in ended.transcript.notebook["cells"]] == [1, 0, 1]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (['w1 = """My words."""', 'answer("w1", w1)'], {"w1": "My words."}),
        (['z1 = "b"\nz1 = "c"', 'quiz("z1", z1, interactive=False)'], {"z1": "c"}),
        (['quiz("z1", "b")'], {"z1": "b"}),
        (['z1 = "b"\nz1 = pick()', 'quiz("z1", z1)'], {}),
        (['q5 = "0.5"', 'answer("q5", q5)'], {}),
        (["w1 = 'open", 'answer("w1", w1)'], {}),
        (['w1 = ""', 'answer("w1", w1)'], {}),
        (['w1 = "a" + "b"', 'answer("w1", w1)'], {}),
        (["(" * 10_000, 'w1 = "kept"', 'answer("w1", w1)'], {"w1": "kept"}),
    ],
)
def test_letters_and_essays_are_read_off_their_cells(code: list[str], expected: dict[str, str]) -> None:
    found = literal_answers(load_exercise("03_rfm"), code)
    assert {name: answer.value for name, answer in found.items()} == expected
