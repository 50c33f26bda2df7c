"""Small, young and odd shops: every chapter runs, or stops with a sentence; none fails."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crmlib import open_shop
from crmlib.suite.requirements import NEEDS, Needs, facts_of, lacking, sentences
from tests.suite.cells import NOTEBOOKS, run_cells

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[tuple[str, date, float]]
_DAY = date(2024, 1, 1)


def _rows(count: int, customers: int, days: int, seed: int = 1) -> Rows:
    rng = random.Random(seed)  # noqa: S311 - orders, not secrets
    return [
        (f"c{rng.randrange(customers)}", _DAY + timedelta(days=rng.randrange(days)), rng.randint(5, 90))
        for _ in range(count)
    ]


SHOPS: dict[str, Rows] = {
    "one order": [("a", _DAY, 10)],
    "three orders": [("a", _DAY, 10), ("b", date(2024, 1, 15), 20), ("a", date(2024, 2, 1), 15)],
    "one day": [(f"c{i % 30}", date(2024, 1, 5), 10 + i) for i in range(50)],
    "one day, all alike": [(f"c{i}", date(2024, 1, 5), 10) for i in range(50)],
    "21 days": _rows(200, 60, 21),
    "nobody bought twice": [(f"c{i}", _DAY + timedelta(days=i * 37 % 500), 5 + i % 80) for i in range(300)],
    "one customer": [("a", _DAY + timedelta(days=i * 11), 5 + i) for i in range(60)],
    "97 % bought once": [(f"c{i % 400}", _DAY + timedelta(days=i * 37 % 700), 5 + i % 80) for i in range(412)],
    "only regulars": [
        (f"c{i}", _DAY + timedelta(days=30 * k + i % 28), 20 + i % 40) for i in range(80) for k in range(24)
    ],
    "everybody alike": [(f"c{i}", _DAY + timedelta(days=60 * k), 20) for i in range(40) for k in range(8)],
    "one very large": [*_rows(300, 80, 500), ("big", date(2025, 2, 4), 1_000_000)],
    "no money": [(f"c{i % 20}", _DAY + timedelta(days=3 * i), 0) for i in range(100)],
}  # fmt: skip


def written(folder: Path, rows: Rows) -> str:
    file = folder / "odd.csv"
    lines = [f"{customer},{day},{amount}" for customer, day, amount in rows]
    file.write_text("\n".join(["customer_id,order_ts,amount", *lines]) + "\n", encoding="utf-8")
    return str(file)


def run_all(source: str, **parameters: str) -> dict[str, str]:
    """Run every notebook; give those that stopped and why. What fails raises."""
    stopped = {}
    for name in NOTEBOOKS:
        status, printed, _ = run_cells(name, source=source, **parameters)
        if status == "stopped":
            stopped[name] = printed.strip().splitlines()[-1]
    return stopped


def hold(source: str, stopped: dict[str, str], capsys: pytest.CaptureFixture[str], **parameters: str) -> None:
    """Hold a run to what was said before it: a chapter that was to stop has stopped, with a sentence."""
    shop = open_shop(source, as_of=parameters.get("as_of"))
    capsys.readouterr()
    facts = facts_of(shop, source)
    told = {name for name in NOTEBOOKS if lacking(facts, NEEDS.get(name, Needs()))}
    assert told <= set(stopped)
    assert all(line.endswith((".", "'")) and len(line) > 20 for line in stopped.values()), stopped
    assert len(sentences(facts, NOTEBOOKS)) == 1 + len(told)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["one order", "three orders", "one day", "21 days", "one customer", "no money"])
def test_a_small_shop_stops_with_a_sentence(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = written(tmp_path, SHOPS[kind])
    hold(source, run_all(source), capsys)


@pytest.mark.full
@pytest.mark.parametrize("kind", SHOPS)
def test_an_odd_shop_runs_or_stops(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = written(tmp_path, SHOPS[kind])
    hold(source, run_all(source), capsys)


@pytest.mark.full
@pytest.mark.parametrize("as_of", ["2024-01-01", "2024-01-31", "2026-12-31"])
def test_a_day_at_either_end_runs_or_stops(as_of: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = written(tmp_path, _rows(600, 120, 500))
    hold(source, run_all(source, as_of=as_of), capsys, as_of=as_of)


@pytest.mark.full
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    size=st.tuples(st.integers(1, 400), st.integers(1, 150), st.integers(1, 900), st.integers(0, 99)),
    alike=st.booleans(),
)
def test_any_shop_runs_or_stops(
    size: tuple[int, int, int, int],
    alike: bool,  # noqa: FBT001 - hypothesis names it
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rows = [(customer, day, 20 if alike else amount) for customer, day, amount in _rows(*size)]
    run_all(written(tmp_path_factory.mktemp("odd"), rows))


def _lives(seed: int) -> Rows:
    """Draw a shop whose customers come, buy again for a while, and leave; of any age, pace and size."""
    rng = random.Random(seed)  # noqa: S311 - orders, not secrets
    age, customers = rng.choice([100, 150, 190, 210, 240, 300, 365, 500, 730]), rng.choice([60, 140, 300, 600])
    stay, gap, once = rng.choice([20, 60, 150, 400]), rng.choice([5, 15, 30, 60]), rng.choice([0.2, 0.5, 0.8])
    rows: Rows = []
    for customer in range(customers):
        day: float = rng.randrange(age)
        end = min(day + (0 if rng.random() < once else rng.expovariate(1 / stay)), age - 1)
        while day <= end:
            rows.append((f"c{customer}", _DAY + timedelta(days=int(day)), round(rng.lognormvariate(3.5, 0.5), 2)))
            day += 1 + rng.expovariate(1 / gap)
    return rows


@pytest.mark.full
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6))
@example(seed=2)  # three groups of three customers
@example(seed=4)  # nobody has ordered for 30 days
@example(seed=8)  # nine who left: too few to learn from
def test_any_young_shop_runs_or_stops(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    run_all(written(tmp_path_factory.mktemp("young"), _lives(seed)))


def test_what_a_shop_lacks_is_said_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = written(tmp_path, SHOPS["three orders"])
    shop = open_shop(source)
    capsys.readouterr()
    lines = sentences(facts_of(shop, source), NOTEBOOKS)
    assert lines[0] == "odd has 2 customers, 1 of whom bought again, and 32 days of history."
    assert "02_personas will stop early: it needs 50 customers." in lines
    assert "06_churn will stop early: it needs 180 days of history." in lines
    assert "05_nps_csat will stop early: it needs the table surveys." in lines
    assert "10_model_lab will stop early: it needs 100 customers who bought again." in lines
