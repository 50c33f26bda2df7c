"""A test that costs more than its tier allows turns a measured run red; an order that is drawn is the same again."""

from __future__ import annotations

import json

import pytest

from tests import tiers

pytest_plugins = "pytester"

PLANTED = """
import subprocess, sys, time
import pytest

def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass

@pytest.fixture(scope="module")
def shared():
    burn(0.2)

@pytest.fixture(scope="module")
def dear():
    burn(0.4)

def test_quick():
    assert True

def test_that_waits():
    time.sleep(0.2)

def test_that_comes_first_to_a_shared_fixture(shared):
    assert True

def test_that_shares_a_dear_fixture(dear):
    assert True

def test_in_this_process():
    burn(0.2)

def test_in_another_process():
    subprocess.run([sys.executable, "-c", "sum(range(10**7))"], check=True)

@pytest.fixture
def own():
    burn(0.2)

def test_in_its_own_fixture(own):
    assert True

@pytest.mark.slow
def test_marked():
    burn(0.2)

@pytest.mark.slow
def test_marked_too_low():
    burn(0.4)

@pytest.mark.full
def test_at_full_scale():
    burn(0.4)

@pytest.mark.needs("java")
def test_that_needs_a_program():
    burn(0.2)

@pytest.mark.needs("python:pandas")
def test_that_needs_a_package():
    assert True
"""
MARKERS = """
[pytest]
markers =
    slow
    full
    needs
"""
TOO_SLOW = [
    "dear",
    "test_in_another_process",
    "test_in_its_own_fixture",
    "test_in_this_process",
    "test_marked_too_low",
]


@pytest.fixture
def planted(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setattr(tiers, "LIMITS", {"check": 0.03, "slow": 0.1, "shared": 0.1})
    pytester.makefile(".ini", pytest=MARKERS)
    pytester.makepyfile(test_planted=PLANTED)
    return pytester


def run(planted: pytest.Pytester, *options: str) -> pytest.RunResult:
    # other packages' plugins have fixtures of their own, which are no part of what is planted
    return planted.runpytest_inprocess("-p", "no:faker", "-p", "tests.tiers", *options)


@pytest.mark.slow
def test_a_test_that_costs_more_than_its_tier_allows_turns_the_run_red(planted: pytest.Pytester) -> None:
    done = run(planted, "--measure", "seconds.json")
    assert done.parseoutcomes() == {"passed": 12}
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    named = [line.split()[2].partition("::")[2].rstrip(":") for line in done.outlines if line.startswith("TOO SLOW")]
    assert sorted(named) == TOO_SLOW
    figures = json.loads((planted.path / "seconds.json").read_text(encoding="utf-8"))
    assert len(figures["tests"]) == 12
    assert [name for name, seconds in figures["shared"].items() if seconds > 0.1] == [
        "test_planted.py::shared",
        "test_planted.py::dear",
    ]


@pytest.mark.slow
def test_without_them_it_is_green(planted: pytest.Pytester) -> None:
    done = run(planted, "--measure", "seconds.json", "-k", " and ".join(f"not {name}" for name in TOO_SLOW))
    assert (done.parseoutcomes(), done.ret) == ({"passed": 7, "deselected": 5}, pytest.ExitCode.OK)


@pytest.mark.slow
def test_the_quick_tier_takes_no_mark_and_no_program(planted: pytest.Pytester) -> None:
    done = run(planted, "--collect-only", "-q", "-m", "not slow and not full")
    names = [line.partition("::")[2] for line in done.outlines if "::" in line]
    assert len(names) == 8
    assert "test_that_needs_a_package" in names
    assert not {"test_marked", "test_at_full_scale", "test_that_needs_a_program"} & set(names)


@pytest.mark.slow
def test_a_drawn_order_is_another_one_and_the_same_again(planted: pytest.Pytester) -> None:
    orders = [
        [line for line in run(planted, "--collect-only", "-q", *options).outlines if "::" in line]
        for options in ([], ["--shuffle", "1"], ["--shuffle", "1"], ["--shuffle", "2"])
    ]
    assert orders[1] == orders[2]
    assert len({tuple(order) for order in orders}) == 3
    assert len({frozenset(order) for order in orders}) == 1
