"""Every hostile submission is contained, gains nothing, stops nobody else, and is told what happened."""

from __future__ import annotations

import json
import os
import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from crmlib.grading.compare import mark
from crmlib.grading.exercise import Exercise, Limits, ShopPlan
from crmlib.grading.questions import Question
from crmlib.grading.reading import read_answers
from crmlib.grading.running import Runner
from tests.security import exhaust, forge, kill, payload, reach
from tests.security.corpus import HONEST, Attack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from crmlib.grading.running import Ended, Sandbox

pytestmark = pytest.mark.needs("bwrap")

ATTACKS = (*reach.ATTACKS, *exhaust.ATTACKS, *kill.ATTACKS, *forge.ATTACKS, *payload.ATTACKS)
ANEW = tuple(attack for attack in ATTACKS if attack.anew)
SHOPS: dict[str, tuple[list[float], float]] = {"a": ([11.0, 22.0], 2.0), "b": ([5.0, 7.0, 9.0], 3.0)}
LIMITS = Limits(seconds=3, memory_mb=3072, output_mb=2)
FRESH_LIMITS = Limits(seconds=5, memory_mb=3072, output_mb=2)  # a fresh kernel imports as it goes
CANARY = "canary-7f3a1c"


@dataclass(frozen=True)
class Result:
    """What came of an attack, and of an honest submission that was graded after it."""

    ended: list[Ended]
    points: float
    honest: float
    left_on_disk: list[str]


class _Told(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(CANARY.encode())


class Class:
    """Hidden things on this machine, two hidden shops, and how a submission is graded on them."""

    def __init__(self, folder: Path, port: int) -> None:
        self.data: dict[str, Path] = {}
        for name, (amounts, _) in SHOPS.items():
            self.data[name] = folder / "shops" / name
            self.data[name].mkdir(parents=True)
            lines = "".join(f"{amount}\n" for amount in amounts)
            (self.data[name] / "orders.csv").write_text(f"amount\n{lines}", encoding="ascii")
        self.hidden = [folder / name for name in ("secret.txt", "reference.json", "submissions/ada.ipynb")]
        for path in self.hidden:
            path.parent.mkdir(exist_ok=True)
            path.write_text(CANARY, encoding="ascii")
        self._port = port
        question = Question(id="q1", title="Turnover", kind="scalar", points=10)
        self._exercise = Exercise(
            name="00_corpus",
            title="",
            notebook="",
            minutes=1,
            points=10,
            goals=(),
            questions=(question,),
            limits=LIMITS,
            shop=ShopPlan(),
            hidden=(),
            rubrics={},
            mistakes=(),
            folder=folder,
        )
        self._reference = [_answers(sum(amounts) * factor) for amounts, factor in SHOPS.values()]

    def grade(self, runner: Runner, attack: Attack) -> tuple[list[Ended], float]:
        ended = [self._run(runner, attack, name) for name in SHOPS]
        answers = [read_answers(one.notebook or {}) for one in ended]
        (marked,) = mark(self._exercise, answers, self._reference)
        return ended, marked.points

    def run_often(self, runner: Runner, attack: Attack) -> tuple[list[Ended], float]:
        """Grade on every shop where the answer counts, and on one where only the attack does."""
        if attack.points or attack in (*forge.ATTACKS, *payload.ATTACKS):
            return self.grade(runner, attack)
        ended = [self._run(runner, attack, "a") for _ in range(attack.runs)]
        (marked,) = mark(self._exercise, [read_answers(ended[-1].notebook or {})], self._reference[:1])
        return ended, marked.points

    def _run(self, runner: Runner, attack: Attack, shop: str) -> Ended:
        parameters: dict[str, Any] = {"source": "/data/shop", "factor": SHOPS[shop][1]}
        parameters |= {"targets": [str(path) for path in self.hidden], "port": self._port}
        return runner.run(attack.document(), parameters, shop)


def _answers(value: float) -> Mapping[str, Any]:
    stored = {"version": 1, "question": "q1", "kind": "value", "value": value}
    output = {"output_type": "display_data", "metadata": {}, "data": {"application/vnd.crmlib.answer+json": stored}}
    return read_answers({"cells": [{"cell_type": "code", "source": "", "metadata": {}, "outputs": [output]}]})


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    os.environ["CRMLIB_SECRET"] = CANARY
    with socketserver.TCPServer(("127.0.0.1", 0), _Told) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Class(tmp_path_factory.mktemp("school"), server.server_address[1])
        server.shutdown()
        thread.join()
    del os.environ["CRMLIB_SECRET"]


def _results(school: Class, sandbox: Sandbox, attacks: tuple[Attack, ...]) -> dict[str, Result]:
    def work(share: tuple[Attack, ...]) -> dict[str, Result]:
        found = {}
        limits = LIMITS if sandbox == "zygote" else FRESH_LIMITS
        with Runner(sandbox, data=school.data, limits=limits) as runner:
            for number, attack in enumerate(share):
                ended, points = school.run_often(runner, attack)
                last = number == len(share) - 1
                honest = school.grade(runner, HONEST)[1] if sandbox == "zygote" or last else HONEST.points
                pwned = [str(path) for path in school.hidden[0].parent.rglob("*pwned*")]
                found[attack.name] = Result(ended, points, honest, pwned)
        return found

    with ThreadPoolExecutor(2) as pool:
        halves = pool.map(work, (attacks[::2], attacks[1::2]))
        return {name: result for half in halves for name, result in half.items()}


@pytest.fixture(scope="module")
def preloaded(school: Class) -> dict[str, Result]:
    return _results(school, "zygote", ATTACKS)


@pytest.fixture(scope="module")
def fresh(school: Class) -> dict[str, Result]:
    return _results(school, "bwrap", ANEW)


def test_the_corpus_is_large_and_every_attack_has_a_name_of_its_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 40


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_contained_by_the_preloaded_sandbox(preloaded: dict[str, Result], attack: Attack) -> None:
    _hold(attack, preloaded[attack.name])


@pytest.mark.parametrize("attack", ANEW, ids=lambda attack: attack.name)
def test_contained_by_a_fresh_sandbox(fresh: dict[str, Result], attack: Attack) -> None:
    _hold(attack, fresh[attack.name])


def _hold(attack: Attack, result: Result) -> None:
    said = [(one.status, one.reason) for one in result.ended]
    for one in result.ended:
        text = json.dumps(one.notebook)
        assert CANARY not in text, said
        printed = [line for line in _printed(one).splitlines() if line.startswith("GAINED")]
        assert printed == [], said
        assert one.status in attack.ends, said
        assert attack.says in one.reason, said
        assert (one.reason == "") == (one.status == "finished") or "could not be read" in one.reason, said
    assert result.points == attack.points, said
    assert result.honest == HONEST.points, said
    assert result.left_on_disk == []


def _printed(ended: Ended) -> str:
    cells = ended.notebook["cells"] if ended.notebook else []
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")
