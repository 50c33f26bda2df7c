"""Runs that end in every way, told in plain words; and the sandbox's shell beside Jupyter's own kernel."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from crmlib.errors import GradingError
from crmlib.grading.authoring.editions import reference_notebook
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.kinds.registry import problems
from crmlib.grading.marking.running import Runner, _prepared, without_outputs
from crmlib.grading.marking.shops import make_variant
from crmlib.grading.sandbox import box as sandbox
from crmlib.grading.sandbox import probe as probing
from crmlib.grading.sandbox.frames import Transcript
from crmlib.grading.sandbox.limits import Cgroup, Limits
from crmlib.grading.spec.exercise import exercise_names
from crmlib.grading.spec.recorded import read_answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMITS = Limits(seconds=30)
#: The exercises that run in a kernel, too, before a commit; the others do at full scale.
IN_A_KERNEL = ("03_rfm", "08_journey_automation")
CELLS = (
    "print('a'); import sys; print('b', file=sys.stderr); print('c')",
    "1 / 0",
    "import pandas as pd\npd.DataFrame({'a': [1, 2]})",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('T');",
    "from IPython.display import HTML, Markdown, clear_output, display\ndisplay(HTML('<b>x</b>'), Markdown('*y*'))",
    "handle = display('old', display_id=True)\nhandle.update('new')",
    "print('gone'); clear_output(); print('kept')",
    "_ = 5\n'text'; None",
    "import os; os.system('echo from the system')",
    "def f(:",
    "%time x = 1",
    "sum(range(weeks))",
    "",
    "wide = pd.DataFrame([[f'value {n}' for n in range(n_columns)] for n_columns in (22, 22)])\nprint(wide)\nwide",
    "wide.iloc[:, :12]",
)


def notebook(*sources: str, **metadata: Any) -> dict[str, Any]:
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    for number, cell in enumerate(cells):
        cell |= {"id": f"cell-{number}", "execution_count": None}  # type: ignore[dict-item] # of several types
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class") / "shop"
    folder.mkdir()  # readable by others, unlike the folder around it
    (folder / "orders.csv").write_text("amount\n1\n2\n", encoding="ascii")
    return folder


@pytest.fixture(scope="module")
def preloaded(shop: Path) -> Iterator[Runner]:
    with Runner("zygote", data={"a": shop}, limits=LIMITS) as runner:
        yield runner


def kinds(executed: dict[str, Any]) -> list[Any]:
    """What each cell shows: kinds of output, names, mimetypes and plain text, streams put together."""
    found = []
    for cell in executed["cells"]:
        shown: dict[Any, Any] = {}
        for output in cell["outputs"]:
            if output["output_type"] == "stream":
                shown[output["name"]] = shown.get(output["name"], "") + output["text"]
            elif output["output_type"] == "error":
                shown["error"] = (output["ename"], output["evalue"])
            else:
                what = (output["output_type"], tuple(sorted(output["data"])), output["data"].get("text/plain"))
                shown.setdefault("shown", []).append(what)
        found.append((cell.get("execution_count"), shown))
    return found


class Kernel(NotebookClient):
    """Runs a notebook in a kernel of this Python, as JupyterLab would."""

    def create_kernel_manager(self) -> AsyncKernelManager:
        self.km = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
        return self.km


def by_kernel(document: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    node = nbformat.from_dict(_prepared(document, parameters))  # type: ignore[no-untyped-call]
    quiet = Kernel(node, allow_errors=True, record_timing=False, extra_arguments=["--log-level=CRITICAL"])
    # inside a test, ipykernel leaves out what programs print past Python
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    executed: dict[str, Any] = quiet.execute(env=environment)
    return executed


@pytest.mark.needs("bwrap")
def test_the_preloaded_shell_shows_what_a_kernel_shows(preloaded: Runner, shop: Path) -> None:
    ended = preloaded.run(notebook(*CELLS), {"weeks": 4}, "a")
    with Runner("bwrap", data={"a": shop}, limits=LIMITS) as runner:
        fresh = runner.run(notebook(*CELLS), {"weeks": 4}, "a")
    assert ended.status == fresh.status == "error"
    assert ended.reason == fresh.reason
    assert ended.notebook is not None
    assert fresh.notebook is not None
    timed = 11  # %time prints the clock
    shown = [kinds(each) for each in (ended.notebook, fresh.notebook, by_kernel(notebook(*CELLS), {"weeks": 4}))]
    for each in shown:
        del each[timed]
    assert shown[0] == shown[1]
    assert shown[0] == shown[2]
    assert "image/png" in ended.notebook["cells"][4]["outputs"][0]["data"]


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small hidden shop of each exercise."""
    folder = tmp_path_factory.mktemp("variants")
    return {name: make_variant(load_exercise(name), folder / name, seed=7, customers=300) for name in exercise_names()}


@pytest.fixture(scope="module")
def for_all(variants: dict[str, Path]) -> Iterator[Runner]:
    """One sandbox with the shops of all exercises: it is a single one that starts."""
    with Runner("zygote", data=variants, limits=Limits(seconds=120)) as runner:
        yield runner


def red_cards(executed: dict[str, Any]) -> list[str]:
    """What `check`, `answer` and `quiz` held against answers: a solution is wrong at no fact and no worked case."""
    texts = [
        output.get("data", {}).get("text/plain", "") for cell in executed["cells"] for output in cell.get("outputs", [])
    ]
    return [text for text in texts if text.startswith("WRONG")]


@pytest.mark.needs("bwrap")
@pytest.mark.parametrize("name", exercise_names())
def test_every_solution_hands_in_what_passes(name: str, variants: dict[str, Path], for_all: Runner) -> None:
    exercise = load_exercise(name)
    parameters = exercise.hidden_parameters(0)
    document = reference_notebook(exercise)
    ended = for_all.run(document, {"source": sandbox.DATA, **parameters}, name)
    assert (ended.status, ended.reason) == ("finished", "")
    assert red_cards(ended.notebook or {}) == []
    answers = read_answers(ended.notebook or {})
    assert {question.id for question in exercise.questions} <= set(answers)
    assert {question.id: problems(question, answers[question.id]) for question in exercise.questions} == {
        question.id: [] for question in exercise.questions
    }
    if name in IN_A_KERNEL:
        assert answers == read_answers(by_kernel(document, {"source": str(variants[name]), **parameters}))


@pytest.mark.full
@pytest.mark.needs("bwrap")
@pytest.mark.parametrize("name", [name for name in exercise_names() if name not in IN_A_KERNEL])
def test_a_kernel_records_the_same_answers(name: str, variants: dict[str, Path], for_all: Runner) -> None:
    exercise = load_exercise(name)
    parameters = exercise.hidden_parameters(0)
    document = reference_notebook(exercise)
    answers = read_answers(for_all.run(document, {"source": sandbox.DATA, **parameters}, name).notebook or {})
    assert answers == read_answers(by_kernel(document, {"source": str(variants[name]), **parameters}))


@pytest.mark.needs("bwrap")
def test_a_run_sees_its_own_shop_and_nothing_of_the_runs_before(preloaded: Runner) -> None:
    preloaded.run(notebook("x = 1\nopen('/tmp/note', 'w').write('x')"), {}, "a")
    source = "import os\n'x' in globals(), os.path.exists('/tmp/note'), os.listdir('/data/shop')"
    ended = preloaded.run(notebook(source), {}, "a")
    assert ended.notebook is not None
    (output,) = ended.notebook["cells"][0]["outputs"]
    assert output.get("data") == {"text/plain": "(False, False, ['orders.csv'])"}, output


@pytest.mark.needs("bwrap")
def test_chance_is_not_the_same_in_every_run(preloaded: Runner) -> None:
    source = "import random, numpy\nrandom.random(), numpy.random.rand()"
    first, second = (preloaded.run(notebook(source), {}) for _ in range(2))
    assert first.notebook is not None
    assert second.notebook is not None
    assert first.notebook["cells"][0]["outputs"] != second.notebook["cells"][0]["outputs"]


@pytest.mark.needs("bwrap")
def test_a_lost_preloaded_process_is_replaced(preloaded: Runner) -> None:
    assert preloaded._executor._preloaded is not None
    process = preloaded._executor._preloaded._process
    assert process is not None
    process.kill()
    process.wait()
    assert preloaded.run(notebook("1"), {}).status == "finished"


@pytest.mark.needs("bwrap", "setpriv")
@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs all tests of this file as one")
def test_an_ordinary_user_can_enter_the_sandbox_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_own_mounts", dict)  # root's own folders, which an ordinary user cannot see
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    user = ["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "--"]
    command = [*user, *sandbox.Box().command(["/usr/bin/id", "-u"])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=sandbox.BARE_ENVIRONMENT)
    assert (done.stderr, done.stdout) == ("", "1000\n")


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sandbox.BARE_ENVIRONMENT, "PATH", "/nowhere")
    with pytest.raises(GradingError, match=r"needs bwrap.*apt install bubblewrap.*--sandbox none"):
        probing.probe()


@pytest.mark.needs("bwrap")
def test_a_sandbox_that_is_forbidden_is_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.Box, "_bwrap", lambda *_: ["bwrap", "--no-such-option"])
    with pytest.raises(GradingError, match=r"too old .*--sandbox none"), Runner("zygote", data={}, limits=LIMITS):
        pass


def test_an_unknown_shop_is_named(shop: Path) -> None:
    runner = Runner("none", data={"a": shop}, limits=LIMITS)
    with pytest.raises(GradingError, match="There is no shop 'b' among a"):
        runner.run(notebook("1"), {}, "b")
    with pytest.raises(GradingError, match="There is no folder"):
        Runner("none", data={"a": shop / "no"}, limits=LIMITS)
    with pytest.raises(GradingError, match="cannot name a shop"):
        Runner("none", data={"../a": shop}, limits=LIMITS)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's submissions run as this very user")
def test_a_shop_that_nobody_can_read_is_named(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").touch(mode=0o600)
    tmp_path.chmod(0o755)
    with pytest.raises(GradingError, match=r"orders.csv cannot be read by other users.*chmod -R a\+rX"):
        Runner("zygote", data={"a": shop, "b": tmp_path}, limits=LIMITS)


def test_saved_outputs_are_left_out_before_a_run() -> None:
    saved = notebook("1")
    saved["cells"][0] |= {"outputs": [{"output_type": "stream"}], "execution_count": 3}
    assert without_outputs(saved)["cells"][0]["outputs"] == []
    assert saved["cells"][0]["execution_count"] == 3


def test_a_source_of_lines_is_a_text() -> None:
    lines = notebook("1")
    lines["cells"][0]["source"] = ["1 +\n", " 1"]
    assert without_outputs(lines)["cells"][0]["source"] == "1 +\n 1"


def test_lines_that_come_in_pieces_are_put_together() -> None:
    transcript = Transcript(without_outputs(notebook("1")))
    line = b'{"type":"stream","cell":0,"name":"stdout","text":"x"}\n'
    for byte in line * 2:
        transcript.feed(bytes([byte]))
    transcript.feed(b'{"type":"done"}\n{"type":"stream"')
    assert transcript.done
    assert transcript.finish()["cells"][0]["outputs"] == [{"output_type": "stream", "name": "stdout", "text": "xx"}]


def test_a_control_group_counts_and_goes() -> None:
    cgroup = Cgroup.make(memory_mb=64)
    if cgroup is None:  # an ordinary user has none, and the probe says so
        assert "for each process only" in str(probing.Probe("bubblewrap", cgroup=False))
        return
    assert cgroup.out_of_memory() == 0
    cgroup.remove()
    assert not any(door.parent.exists() for door in cgroup.doors)


def test_the_groups_of_killed_runners_are_swept_up() -> None:
    cgroup = Cgroup.make(memory_mb=64)
    if cgroup is None:
        return  # as above
    with subprocess.Popen(["/bin/true"]) as ended:
        pass
    stale = [door.parent.with_name(f"crmlib-{ended.pid}-0") for door in cgroup.doors]
    for group in stale:
        group.mkdir()
    cgroup.remove()
    another = Cgroup.make(memory_mb=64)
    assert another is not None
    another.remove()
    assert not any(group.exists() for group in stale)
