"""Plans handed in: hostile ones are refused, good ones earn the share of the possible gain that they reach."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from crmlib.actions import Cap, Condition, Offer, Plan, Sequence, Step, Targeting, Trigger
from crmlib.errors import ExerciseError
from crmlib.futures import oracle
from crmlib.grading.authoring.editions import reference_notebook, with_cells
from crmlib.grading.kinds.grids import UnfitError
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.kinds.plan import MOST_CONDITIONS, MOST_PARTS, recorded_plan
from crmlib.grading.kinds.registry import problems
from crmlib.grading.marking.compare import mark
from crmlib.grading.marking.futures import (
    Future,
    _present,
    hidden_futures,
    judge,
    kept_futures,
    read_futures,
)
from crmlib.grading.marking.shops import HiddenShop, hidden_seeds, hidden_shops
from crmlib.grading.results.grade import GRADEBOOK, grade
from crmlib.grading.sandbox.limits import Limits
from crmlib.grading.spec.exercise import Exercise, ShopPlan
from crmlib.grading.spec.questions import Question, Simulated
from crmlib.grading.spec.recorded import Answer, parse
from crmlib.grading.student.encoding import encode

TABLES = ("customers", "orders", "consents", "logins", "surveys")
ASKED = Question(
    id="q1", title="A plan", kind="plan", points=10,
    simulated=Simulated(days=60, futures=2, full_share=0.5, budget="budget"),
)  # fmt: skip
SHOP = HiddenShop(seed=11, customers=300)


def exercise(*, preset: Any = "realistic", hidden: tuple[dict[str, Any], ...] = ({"budget": 200.0},)) -> Exercise:
    return Exercise(
        name="design", title="x", notebook="x", minutes=1, points=10, goals=(), questions=(ASKED,), limits=Limits(),
        shop=ShopPlan(customers=300, preset=preset, tables=TABLES), hidden=hidden, rubrics={}, mistakes=(),
        folder=Path(),
    )  # fmt: skip


@cache
def future() -> Future:
    return hidden_futures(exercise(), [SHOP])["q1"][0]


@cache
def known_best() -> Plan:
    return oracle(_present(future().shop, future().plan), days=60, seed=3, budget=200.0)


def mail(**changes: Any) -> Sequence:
    step = Step(name="mail", channels=("email",), template="offer", offer=Offer(kind="promo", discount=0.1, code="X"))
    every = Trigger(event="calendar", days=7)
    told: dict[str, Any] = {"name": "weekly", "version": 1, "purpose": "marketing", "trigger": every,
            "steps": (step,), "again_after_days": 0}  # fmt: skip
    return Sequence(**(told | changes))


def handed(plan: Any) -> Answer:
    """Take the way of an answer from the student's notebook to the one who grades."""
    return parse(json.loads(json.dumps(encode("q1", plan))))


def test_a_plan_comes_back_as_it_was_handed_in() -> None:
    plan = Plan(name="mine", sequences=(mail(),), budget=50.0).with_scores("risk", {"C1": 0.5})
    assert recorded_plan(handed(plan)) == plan
    assert recorded_plan(handed(msgspec.to_builtins(plan))) == plan
    assert problems(ASKED, handed(plan)) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        (3.5, "A plan .* is asked for; this is the number 3.5"),
        ("name = 'x'", "A plan .* is asked for"),
        ({"name": "x", "costs": {"sms": -0.5}}, r">= 0.0 - at `\$.costs.sms`"),
        ({"name": "x", "budget": -1.0}, "budget"),
        ({"name": "x", "budget": float("nan")}, "budget|number"),
        ({"name": "x", "scores": {"s": {"C1": float("nan")}}}, "no number|Expected"),
        ({"name": "x", "scores": {"s": {"C1": float("inf")}}}, "no number|Expected"),
        ({"name": "X" * 5000}, "cannot be read"),
        ({"name": "x", "truth": "please"}, "unknown field `truth`"),
        ({"name": "x", "sequences": [{}] * 5000}, "5,000 sequences; 20 are simulated at most"),
        ({"name": "x", "targeting": {"y": {"customers": ["C1"]}}}, "no sequence 'y'"),
        ({"name": "x", "scores": {"s": {"\ud800": 1.0}}}, "cannot be read: .*surrogates"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_reason(recorded: Any, said: str) -> None:
    with pytest.raises(UnfitError, match=said) as refused:
        recorded_plan(handed(recorded))
    assert len(str(refused.value)) < 600
    assert judge(future(), handed(recorded)).share == 0


def test_work_without_end_is_refused() -> None:
    steps = tuple(Step(name=f"s{number}", channels=("email",), template="t") for number in range(60))
    with pytest.raises(UnfitError, match=f"240 steps.*; {MOST_PARTS} are simulated at most"):
        recorded_plan(handed(Plan(name="x", sequences=(mail(steps=steps), mail(name="two", steps=steps)))))
    seldom = tuple(Condition(column="orders", at_least=number) for number in range(20))
    many = tuple(mail(name=f"s{number}", conditions=seldom) for number in range(3))
    with pytest.raises(UnfitError, match=f"60 conditions; {MOST_CONDITIONS} are simulated at most"):
        recorded_plan(handed(Plan(name="x", sequences=many)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hostile", "field"),
    [
        ({"exits": ("ordered",) * 21}, "exits"),
        ({"steps": (Step(name="a", channels=("email",) * 5000, template="t"),)}, "channels"),
        ({"steps": tuple(Step(name=f"s{at}", channels=("email",), template="t") for at in range(5_000))}, "steps"),
        ({"conditions": (Condition(column="orders", one_of=("1",) * 201),)}, "one_of"),
        ({"conditions": (Condition(column="orders" * 700_000, at_least=1),)}, "column"),
        ({"cap": Cap(most=1, within_days=10**300)}, "within_days"),
        ({"again_after_days": 10**18}, "again_after_days"),
        ({"steps": (Step(name="a", channels=("email",), template="t", after_days=1e9),)}, "after_days"),
    ],
)
def test_what_is_out_of_all_measure_is_refused_in_no_time_and_named(hostile: dict[str, Any], field: str) -> None:
    answer = handed(msgspec.to_builtins(Plan(name="x", sequences=(mail(**hostile),))))
    started = time.process_time()
    with pytest.raises(UnfitError, match=rf"cannot be read: .*{field}|nested|number"):
        recorded_plan(answer)
    assert time.process_time() - started < 5


@pytest.mark.slow
def test_deep_and_large_answers_are_refused_in_no_time() -> None:
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    started = time.process_time()
    payload = {"version": 1, "question": "q1", "kind": "value", "value": {"name": "x", "sequences": deep}}
    assert "nested" in judge(future(), parse(payload)).findings[0]
    many: dict[str, Any] = {"name": "x", "sequences": [msgspec.to_builtins(mail())]}
    many["targeting"] = {"weekly": {"customers": [f"C{number:07d}" for number in range(1_000_000)]}}
    payload["value"] = many
    assert "larger than 5 MB" in judge(future(), parse(payload)).findings[0]
    many["targeting"] = {"weekly": {"customers": ["C1"] * 1_000_000}}
    assert "listed twice" in judge(future(), parse(payload)).findings[0]
    assert time.process_time() - started < 30


@pytest.mark.slow
def test_a_plan_that_breaks_budget_or_consent_earns_nothing_and_is_told_why() -> None:
    without = judge(future(), handed(Plan(name="x", sequences=(mail(),))))
    assert (without.share, "at most 200.00 may be spent" in without.findings[0]) == (0.0, True)
    more = judge(future(), handed(Plan(name="x", sequences=(mail(),), budget=201.0)))
    assert "has a budget of 201.00" in more.findings[0]
    strangers = Plan(name="x", sequences=(mail(),), targeting={"weekly": Targeting(customers=("nobody",))}, budget=9.0)
    assert "are no customers of the shop" in judge(future(), handed(strangers)).findings[0]
    cheap = msgspec.to_builtins(Plan(name="x", budget=9.0)) | {"costs": {"sms": 0.0}}
    assert "it costs 0.07" in judge(future(), handed(cheap)).findings[0].replace("0.070", "0.07")


@pytest.mark.slow
def test_doing_nothing_and_giving_all_away_earn_nothing() -> None:
    nothing = judge(future(), handed(Plan(name="x", budget=0.0)))
    assert (nothing.share, "0% of the possible gain" in nothing.findings[0]) == (0.0, True)
    gift = Step(name="a", channels=("email",), template="t", offer=Offer(kind="promo", discount=1.0, code="FREE"))
    away = judge(future(), handed(Plan(name="x", sequences=(mail(steps=(gift,)),), budget=200.0)))
    assert away.share == 0
    assert "reached -" in away.findings[0]


@pytest.mark.slow
def test_the_plan_that_knows_the_truth_earns_all_and_half_of_its_gain_half() -> None:
    one, best = future(), known_best()
    assert judge(one, handed(best)).share == 1
    gained = sum(one.best) - sum(one.nothing)
    # The same plan where twice as much had been possible, and all of it were asked for.
    twice = msgspec.structs.replace(
        one, best=tuple(value + gained / 2 for value in one.best), simulated=Simulated(days=60, full_share=1.0)
    )
    assert judge(twice, handed(best)).share == pytest.approx(0.5, abs=0.1)


@pytest.mark.slow
def test_a_plan_that_beats_the_one_made_with_the_truth_earns_full_points_and_no_more() -> None:
    one, plan = future(), handed(known_best())
    half = tuple(before + (best - before) / 2 for before, best in zip(one.nothing, one.best, strict=True))
    came = judge(msgspec.structs.replace(one, best=half), plan)
    assert came.share == 1.0
    assert "That is more than the plan made with the truth" in came.findings[0]
    assert "more than the plan" not in judge(msgspec.structs.replace(one, best=tuple(2 * best for best in one.best)),
                                             plan).findings[0]  # fmt: skip
    marked = mark(
        exercise(), [{"q1": plan}] * 2, [{"q1": plan}] * 2, {"q1": (msgspec.structs.replace(one, best=half),) * 2}
    )
    assert marked[0].points == ASKED.points


@pytest.mark.slow
def test_the_findings_say_what_came_and_nothing_of_the_truth() -> None:
    said = judge(future(), handed(Plan(name="x", sequences=(mail(),), budget=200.0))).findings[0]
    assert "contacts for" in said
    assert "opted out" in said
    for kept in (*future().best, *future().nothing, *future().seeds):
        assert f"{kept:,.0f}" not in said


@pytest.mark.slow
def test_a_mark_is_that_of_the_worse_shop() -> None:
    one = exercise()
    poor = msgspec.structs.replace(future(), best=tuple(value + 1e4 for value in future().best))
    given = [{"q1": handed(known_best())}] * 2
    assert mark(one, given, given, {"q1": (future(), future())})[0].points == 10
    assert 0 < mark(one, given, given, {"q1": (future(), poor)})[0].points < 1
    assert mark(one, [*given[:1], {}], given, {"q1": (future(), future())})[0].findings == ["Nothing was handed in."]
    with pytest.raises(ExerciseError, match="needs its future"):
        mark(one, given, given)


@pytest.mark.slow
def test_futures_are_kept_for_their_owner_and_follow_from_the_secret(tmp_path: Path) -> None:
    one, secret = exercise(), b"s" * 32
    shops = hidden_seeds(one, secret, count=2)
    assert shops == hidden_seeds(one, secret, count=2) != hidden_seeds(one, secret, count=2, turn=2)
    folders = hidden_shops(one, secret, tmp_path / "shops", count=2)
    assert list(folders) == ["hidden-1", "hidden-2"]
    assert not list((tmp_path / "shops").rglob("*truth*"))
    path = kept_futures(one, shops[:1], tmp_path)
    assert path.stat().st_mode & 0o077 == 0
    written = path.stat().st_mtime_ns
    assert kept_futures(one, shops[:1], tmp_path).stat().st_mtime_ns == written
    assert read_futures(path)["q1"][0].shop == shops[0]


@pytest.mark.slow
def test_an_exercise_where_nothing_can_be_gained_says_so() -> None:
    with pytest.raises(ExerciseError, match="nobody can gain anything"):
        hidden_futures(exercise(preset="clean"), [SHOP])
    with pytest.raises(ExerciseError, match="needs the number 'budget'"):
        hidden_futures(exercise(hidden=()), [SHOP])


_TOML = """
title = "Plans"
notebook = "09_crm_design"
minutes = 5
points = 10
goals = ["plan"]
[shop]
customers = 300
tables = ["customers", "orders", "consents", "logins", "surveys"]
[[hidden]]
budget = 100.0
[[hidden]]
budget = 150.0
[[questions]]
id = "q1"
title = "A plan"
kind = "plan"
points = 10
goals = [1]
[questions.simulated]
days = 60
futures = 2
full_share = 0.05
budget = "budget"
"""
_SOURCE = """# %% [markdown]
# # Plans
# %% tags=["parameters"]
source: str = "shop"  # the shop
as_of: str = ""  # the day
language: str = "en"  # labels
fast: bool = False  # less
interactive: bool = True  # buttons
budget: float = 50.0  # money
# %%
from crmlib import actions, open_shop
from crmlib.grading import answer

seen = actions.observable(open_shop(source))
# %% [markdown] question="q1"
# ## 1
# %% tags=["stub"] question="q1"
raise NotImplementedError("Make plan.")
# %% tags=["solution"] question="q1"
step = actions.Step(name="mail", channels=("email",), template="t", offer=actions.Offer(kind="season"))
season = actions.Sequence(name="season", version=1, purpose="soft_spam", steps=(step,), again_after_days=0,
                          trigger=actions.Trigger(event="calendar", days=28))  # fmt: skip
chosen = seen.index[(seen["may_email"] | seen["may_soft_spam"]) & (seen["orders"] > 0) & (seen["birth_year"] > 1980)]
target = {"season": actions.Targeting(customers=tuple(chosen))}
plan = actions.Plan(name="mine", sequences=(season,), targeting=target, budget=budget)
# %% tags=["answer"] question="q1"
answer("q1", plan)
"""


@pytest.mark.slow
@pytest.mark.needs("bwrap")
def test_the_truth_is_nowhere_near_a_submission_that_is_graded_by_it(tmp_path: Path) -> None:
    """The whole way: a plan earns points, and one who looks for the truth finds nothing to read."""
    place = tmp_path / "90_plans"
    place.mkdir()
    (place / "exercise.toml").write_text(_TOML, encoding="utf-8")
    (place / "exercise.py").write_text(_SOURCE, encoding="utf-8")
    right = reference_notebook(load_exercise(place))
    thief = with_cells(
        right, {"q1": "from crmlib.futures import oracle, present\nplan = oracle(present(source), days=60)"}
    )
    for name, notebook in {"good": right, "thief": thief}.items():
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "x.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    grade(tmp_path / "in", exercise=str(place), out=tmp_path / "marks", jobs=1, console=Console(file=StringIO()))
    with closing(sqlite3.connect(tmp_path / "marks" / GRADEBOOK)) as book:
        points = dict(book.execute("select student_id, points from results").fetchall())
    assert points["thief"] == 0
    assert points["good"] > 0
    page = next((tmp_path / "marks" / "feedback").rglob("good*")).read_text(encoding="utf-8")
    assert "of the possible gain" in page
    kept = list((tmp_path / "marks" / ".work" / "reference").glob("*-futures.json"))
    assert [path.stat().st_mode & 0o077 for path in kept] == [0]
