"""Every hostile submission is contained, gains nothing, stops nobody else, and is told what happened."""

from __future__ import annotations

import json
import os
import socketserver
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from crmlib.grading.marking.compare import mark
from crmlib.grading.marking.running import Runner
from crmlib.grading.sandbox.limits import Limits
from crmlib.grading.spec.exercise import Exercise, ShopPlan
from crmlib.grading.spec.questions import Question
from crmlib.grading.spec.recorded import read_answers
from tests.security import exhaust, forge, kill, payload, reach
from tests.security.corpus import HONEST, Attack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from crmlib.grading.marking.running import Ended

pytestmark = pytest.mark.needs("bwrap")

FAMILIES = (reach.ATTACKS, exhaust.ATTACKS, kill.ATTACKS, forge.ATTACKS, payload.ATTACKS)
ATTACKS = tuple(attack for family in FAMILIES for attack in family)
SOME = tuple(attack for family in FAMILIES for attack in family[::4])  # of each kind; the others are at full scale
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


def _tier(attack: Attack) -> tuple[pytest.MarkDecorator, ...]:
    return () if attack in SOME else (pytest.mark.full,)


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


def face(school: Class, runner: Runner, attack: Attack) -> Result:
    """Run an attack, and then an honest submission by the same runner."""
    ended, points = school.run_often(runner, attack)
    honest = school.grade(runner, HONEST)[1]
    pwned = [str(path) for path in school.hidden[0].parent.rglob("*pwned*")]
    return Result(ended, points, honest, pwned)


@pytest.fixture(scope="module")
def preloaded(school: Class) -> Iterator[Runner]:
    with Runner("zygote", data=school.data, limits=LIMITS) as runner:
        yield runner


@pytest.fixture(scope="module")
def fresh(school: Class) -> Iterator[Runner]:
    with Runner("bwrap", data=school.data, limits=FRESH_LIMITS) as runner:
        yield runner


def test_the_corpus_is_large_and_every_attack_has_a_name_of_its_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 40


@pytest.mark.parametrize("attack", [pytest.param(one, marks=_tier(one), id=one.name) for one in ATTACKS])
def test_contained_by_the_preloaded_sandbox(school: Class, preloaded: Runner, attack: Attack) -> None:
    _hold(attack, face(school, preloaded, attack))


@pytest.mark.full
@pytest.mark.parametrize("attack", ANEW, ids=lambda attack: attack.name)
def test_contained_by_a_fresh_sandbox(school: Class, fresh: Runner, attack: Attack) -> None:
    _hold(attack, face(school, fresh, attack))


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
