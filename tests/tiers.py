"""Three tiers of tests, and what each test costs.

A test without a mark belongs to `make check`, so it is quick and needs nothing beside Python. `slow` marks what only
`make test` runs, `full` what only `.ci/run` runs. Doctests, and tests that need another program, are slow by
themselves.

`--measure FILE` writes the processor seconds of each test, its own and of the processes that it starts, and fails a
run in which a test costs more than its tier allows. Wall time says little on a machine that is shared. A fixture that
several tests share is measured by itself, and so are modules that are imported for the first time: neither belongs to
the test that happens to come first.

`--shuffle SEED` runs modules, and the tests of each, in another order: none may lean on one before it.
"""

from __future__ import annotations

import builtins
import json
import os
import random
import sys
import time
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

# jsonschema, which nbformat imports, compiles a grammar of internationalised web addresses on import, in 2.5 processor
# seconds for each worker. It does without where the grammar's package is not there, and no test reads such addresses.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment] # Python's own way to say: not there

# Workers share the cores, and threads that wait for one another keep a core busy: one each, as in `crmlib run`.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

HERE = Path(__file__).parent
#: Processor seconds that a test of a tier may take, and a shared fixture of a test in the first; `full` has no limit.
LIMITS = {"check": 0.2, "slow": 60.0, "shared": 1.0}
#: A measured time fails only beyond this many times its limit: caches are cold, and cores are shared.
NOISE = 3


def tier_of(item: pytest.Item) -> str:
    """Name the tier of a test by its mark; `full` wins."""
    return next((name for name in ("full", "slow") if item.get_closest_marker(name)), "check")


def programs(item: pytest.Item) -> set[str]:
    """Name the programs beside Python that a test needs: a database, a browser, Java, a sandbox."""
    needed = {program for mark in item.iter_markers("needs") for program in mark.args}
    return {program for program in needed if not program.startswith("python:")}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--measure", metavar="FILE", help="write what each test costs to FILE, and hold tiers to it")
    parser.addoption("--shuffle", metavar="SEED", type=int, help="run the tests in another order, drawn from SEED")


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("measure")
    if not path:
        return
    config.pluginmanager.register(Measure(), "tiers-measure")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Ledger(Path(path).absolute()), "tiers-ledger")


@pytest.hookimpl(tryfirst=True)  # before -m chooses by marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if tier_of(item) == "check" and (isinstance(item, pytest.DoctestItem) or programs(item)):
            item.add_marker("slow")
    seed = config.getoption("shuffle")
    if seed is not None:
        items[:] = shuffled(items, seed)
    else:
        items.sort(key=start)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for doctests in the library alone: tests hold none."""
    collectors = yield
    if not file_path.is_relative_to(HERE):
        return collectors
    return [collector for collector in collectors if type(collector).__name__ != "DoctestModule"]


def start(item: pytest.Item) -> int:
    """Rank what takes long first, so that no worker is left alone with it at the end.

    A worker that is done takes over tests from the end of another's list. So those on Spark stand at the very
    beginning: it is started once.
    """
    if needed := programs(item):
        return 0 if "java" in needed else 1
    return 3 if tier_of(item) == "check" else 2


def shuffled(items: list[pytest.Item], seed: int) -> list[pytest.Item]:
    """Put modules, and the tests of each, into another order; fixtures of a module are still made once."""
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    modules = [list(group) for _, group in groupby(items, key=lambda item: item.path)]
    chance.shuffle(modules)
    for module in modules:
        chance.shuffle(module)
    return [item for module in modules for item in module]


def processor_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system


class Clock:
    """Processor seconds, less what imports and shared fixtures took."""

    def __init__(self) -> None:
        self.apart = 0.0
        self._importing = False
        self._import = builtins.__import__
        builtins.__import__ = self._watched

    def stop(self) -> None:
        builtins.__import__ = self._import

    def now(self) -> float:
        return processor_seconds() - self.apart

    def _watched(self, name: str, *args: Any, **options: Any) -> Any:
        if self._importing or name in sys.modules:
            return self._import(name, *args, **options)
        self._importing, start = True, processor_seconds()
        try:
            return self._import(name, *args, **options)
        finally:
            self._importing = False
            self.apart += processor_seconds() - start


def full_name(fixture: pytest.FixtureDef[Any]) -> str:
    return f"{fixture.baseid}::{fixture.argname}"


def shared_fixtures(item: pytest.Item) -> list[str]:
    """Name the fixtures of a test that outlive it."""
    information = getattr(item, "_fixtureinfo", None)  # pytest shows the names alone, which modules share
    known = information.name2fixturedefs.values() if information else ()
    return [full_name(definitions[-1]) for definitions in known if definitions[-1].scope != "function"]


class Measure:
    """In each worker: hangs what a phase of a test took on its report."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.shared: dict[str, float] = {}
        self.started = (0.0, 0.0)

    def pytest_unconfigure(self) -> None:
        self.clock.stop()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        if fixturedef.scope == "function":
            return (yield)
        start = self.clock.now()
        try:
            return (yield)
        finally:
            spent = self.clock.now() - start
            self.clock.apart += spent
            self.shared[full_name(fixturedef)] = spent

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self.started = self.clock.now(), time.perf_counter()

    pytest_runtest_call = pytest_runtest_teardown = pytest_runtest_setup

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        cpu, wall = self.clock.now() - self.started[0], time.perf_counter() - self.started[1]
        uses = shared_fixtures(item) if tier_of(item) == "check" else []
        cost = {"tier": tier_of(item), "cpu": cpu, "wall": wall, "shared": self.shared, "uses": uses}
        vars(report)["cost"] = cost
        self.shared = {}
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, object, object]:
        start = processor_seconds()
        try:
            return (yield)
        finally:
            getattr(session.config, "workeroutput", {})["collecting"] = processor_seconds() - start


class Ledger:
    """Gathers what all workers measured, writes it, and holds the tests to their tiers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tests: dict[str, dict[str, Any]] = {}
        self.shared: dict[str, float] = {}
        self.uses: dict[str, str] = {}
        self.collecting: list[float] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        cost = getattr(report, "cost", None)
        if cost is None:
            return
        test = self.tests.setdefault(report.nodeid, {"tier": cost["tier"], "cpu": 0.0, "wall": 0.0})
        test["cpu"] += cost["cpu"]
        test["wall"] += cost["wall"]
        self.uses |= dict.fromkeys(cost["uses"], report.nodeid)
        for name, seconds in cost["shared"].items():
            self.shared[name] = max(seconds, self.shared.get(name, 0.0))
        if report.when == "teardown" and len(self.tests) % 100 == 0:  # a run that is cut off leaves figures, too
            self.write()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.collecting.append(getattr(node, "workeroutput", {}).get("collecting", 0.0))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.write()
        if self.over() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        totals: dict[str, float] = defaultdict(float)
        for test in self.tests.values():
            totals[test["tier"]] += test["cpu"]
        words = ", ".join(f"{name} {seconds:.0f}" for name, seconds in sorted(totals.items()))
        terminalreporter.section("processor seconds")
        terminalreporter.line(f"{words}; shared fixtures {sum(self.shared.values()):.0f}; all in {self.path}")
        for line in self.over():
            terminalreporter.line(line, red=True)

    def over(self) -> list[str]:
        """Name the tests, and the fixtures of quick tests, that cost more than their tier allows."""
        mark = {"check": "slow", "slow": "full"}
        dear = {name: seconds for name, seconds in self.shared.items() if seconds > NOISE * LIMITS["shared"]}
        return [
            f"TOO SLOW {name}: {dear[name]:.1f} processor seconds, more than {NOISE} x {LIMITS['shared']:g}. "
            f"Make it cheaper, or mark the tests that share it `slow`, such as {test}."
            for name, test in self.uses.items()
            if name in dear
        ] + [
            f"TOO SLOW {name}: {test['cpu']:.1f} processor seconds, more than {NOISE} x {LIMITS[test['tier']]:g}. "
            f"Make it cheaper, or mark it `{mark[test['tier']]}`."
            for name, test in self.tests.items()
            if test["cpu"] > NOISE * LIMITS.get(test["tier"], float("inf"))
        ]

    def write(self) -> None:
        figures = {"tests": self.tests, "shared": self.shared, "collecting": self.collecting}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(figures, indent=1), encoding="utf-8")
