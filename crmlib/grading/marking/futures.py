"""Futures of hidden shops, in which plans are marked. All of it runs in the trusted process: the truth is in here.

A hidden shop's truth follows from its seed, so it is made again where it is needed, and never stands beside the shop
that a submission sees. What depends on no submission, the gain of doing nothing and of the plan made with the truth,
is reckoned once and kept beside the reference's answers.
"""

from __future__ import annotations

import functools
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from crmlib.actions.plans import Plan
from crmlib.errors import CrmlibError, ExerciseError
from crmlib.files import digest, write_whole
from crmlib.grading.kinds.grids import UnfitError
from crmlib.grading.kinds.kind import Outcome
from crmlib.grading.kinds.plan import quoted, recorded_plan
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.marking.shops import HiddenShop  # noqa: TC001 - msgspec reads the types
from crmlib.grading.spec.exercise import ShopPlan  # noqa: TC001 - msgspec reads the types
from crmlib.grading.spec.questions import Simulated  # noqa: TC001 - msgspec reads the types
from crmlib.grading.spec.variants import seed_of
from crmlib.suite.state import code_fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmlib.futures import Present
    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.questions import Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Future", "hidden_futures", "judge", "kept_futures", "read_futures"]

_TRUTH = "truth/customers"
_COUNTED = "expected_profit"  # each week's orders at their mean: the same mean as the profit with less of its luck


class Future(msgspec.Struct, frozen=True, kw_only=True):
    """What plans are held to on one hidden shop.

    Attributes
    ----------
    shop, plan
        Which shop it is, and how shops of the exercise are made.
    simulated
        The question's rules.
    budget
        The most that a plan may spend; None for no limit.
    seeds
        Which futures: they follow from the shop's seed, and no student has seen them.
    nothing, best
        The profit of doing nothing, and of the plan made with the truth, in each.
    """

    shop: HiddenShop
    plan: ShopPlan
    simulated: Simulated
    budget: float | None
    seeds: tuple[int, ...]
    nothing: tuple[float, ...]
    best: tuple[float, ...]

    def judge(self, answer: Answer) -> Outcome:
        """Let a plan act on this shop: see `judge`."""
        return judge(self, answer)


def hidden_futures(exercise: Exercise, shops: Sequence[HiddenShop]) -> dict[str, tuple[Future, ...]]:
    """Reckon what is possible on hidden shops; it takes some seconds a shop.

    Parameters
    ----------
    exercise
        Its questions that ask for a plan say how long the futures are, and how many.
    shops
        From `shops.hidden_seeds`.

    Returns
    -------
    dict
        Question to one future a shop, in their order; empty where no question asks for a plan.

    Raises
    ------
    ExerciseError
        On one of the shops nobody can gain anything, or the budget is no parameter that grading sets.
    """
    asked = [question for question in exercise.questions if kind_of(question).by_future]
    return {
        question.id: tuple(_future(exercise, question, shop, number) for number, shop in enumerate(shops))
        for question in asked
    }


def kept_futures(exercise: Exercise, shops: Sequence[HiddenShop], folder: Path) -> Path:
    """Give the file of what `hidden_futures` reckons, made if need be.

    Parameters
    ----------
    exercise, shops
        As for `hidden_futures`.
    folder
        Where the file is kept; only its owner can read it.
    """
    path = folder / f"{digest(repr(exercise), repr(list(shops)), code_fingerprint())[:32]}-futures.json"
    if not path.is_file():
        write_whole(path, msgspec.json.encode(hidden_futures(exercise, shops)))
        path.chmod(0o600)
    return path


def read_futures(path: str | Path) -> dict[str, tuple[Future, ...]]:
    """Read what `kept_futures` wrote.

    Parameters
    ----------
    path
        The file.
    """
    return msgspec.json.decode(Path(path).read_bytes(), type=dict[str, tuple[Future, ...]])


def judge(future: Future, answer: Answer) -> Outcome:
    """Let a plan act on a hidden shop, and say which share of the possible gain it reached.

    Parameters
    ----------
    future
        The shop, and what is possible there.
    answer
        What was recorded.

    Returns
    -------
    Outcome
        The share of the points. The findings tell what came of the plan, or why it was refused; never the truth.
    """
    from crmlib.futures import outcome

    try:
        plan = recorded_plan(answer)
        _within(future, plan)
        begins = _present(future.shop, future.plan)
        came = [outcome(begins, plan, days=future.simulated.days, seed=seed) for seed in future.seeds]
    except UnfitError as error:
        return Outcome(0.0, [str(error)])
    except CrmlibError as error:
        return Outcome(0.0, [f"The plan was refused: {quoted(str(error))}"])
    except (ArithmeticError, ValueError, TypeError, LookupError, MemoryError) as error:
        return Outcome(
            0.0, [f"The plan could not be simulated ({type(error).__name__}): ask your teacher to look at it."]
        )
    totals = [one.totals() for one in came]
    gained = statistics.fmean(float(one[_COUNTED]) - before for one, before in zip(totals, future.nothing, strict=True))
    share = gained / _possible(future)
    contacts, out, cost = (
        statistics.fmean(float(one[name]) for one in totals) for name in ("contacts", "opt_outs", "contact_cost")
    )
    discounts = statistics.fmean(float(one["discounts"]) for one in totals)
    said = (
        f"Over {future.simulated.days} days, on average of {len(totals)} futures, your plan reached {share:.0%} of the "
        f"possible gain; {future.simulated.full_share:.0%} earn full points. It made {contacts:,.0f} contacts for "
        f"{cost:,.2f}, gave {discounts:,.2f} of discounts, and {out:,.0f} customers opted out."
    )
    if share > 1:  # it knows best among its own sequences: others may do better still
        said += " That is more than the plan made with the truth, out of the sequences that it tries: well found."
    return Outcome(min(max(share / future.simulated.full_share, 0.0), 1.0), [said])


def _within(future: Future, plan: Plan) -> None:
    """Hold a plan to the exercise's budget."""
    if future.budget is None or (plan.budget is not None and plan.budget <= future.budget + 1e-6):
        return
    has = "no budget" if plan.budget is None else f"a budget of {plan.budget:,.2f}"
    raise UnfitError(
        f"The plan has {has}; at most {future.budget:,.2f} may be spent. Give it the notebook's parameter "
        f"`{future.simulated.budget}` as its budget."
    )


def _possible(future: Future) -> float:
    return statistics.fmean(best - before for best, before in zip(future.best, future.nothing, strict=True))


def _future(exercise: Exercise, question: Question, shop: HiddenShop, number: int) -> Future:
    from crmlib.futures import oracle, outcome

    rules, parameters = question.simulated, exercise.hidden_parameters(number)
    if rules.budget and not isinstance(parameters.get(rules.budget), int | float):
        raise ExerciseError(f"{exercise.name}, {question.id}: every [[hidden]] needs the number {rules.budget!r}.")
    budget = float(parameters[rules.budget]) if rules.budget else None
    begins = _present(shop, exercise.shop)
    seeds = tuple(seed_of(b"future", str(shop.seed), question.id, str(turn)) >> 16 for turn in range(rules.futures))
    best = oracle(begins, days=rules.days, seed=seed_of(b"oracle", str(shop.seed)) >> 32, budget=budget)

    def profits(plan: Plan) -> tuple[float, ...]:
        runs = (outcome(begins, plan, days=rules.days, seed=seed) for seed in seeds)
        return tuple(float(one.totals()[_COUNTED]) for one in runs)

    future = Future(
        shop=shop, plan=exercise.shop, simulated=rules, budget=budget, seeds=seeds,
        nothing=profits(Plan(name="do_nothing")), best=profits(best),
    )  # fmt: skip
    if _possible(future) <= 0:
        raise ExerciseError(
            f"{exercise.name}, {question.id}: on a shop of {shop.customers} customers nobody can gain anything, even "
            "with the truth. Its shops need contacts that change something: the preset realistic, and more customers."
        )
    return future


@functools.lru_cache(maxsize=4)
def _present(shop: HiddenShop, plan: ShopPlan) -> Present:
    """Make a hidden shop again, with its truth, and keep what futures need of it in memory."""
    from crmlib.futures import present
    from crmlib.synth import make_shop
    from crmlib.synth.dictionary import table_names

    wanted = [name for name in plan.tables or table_names() if not name.startswith("truth/")]
    with tempfile.TemporaryDirectory(prefix="crmlib-future-") as place:
        made = make_shop(
            place, customers=shop.customers, seed=shop.seed, preset=plan.preset, until=plan.until,
            tables=[*wanted, _TRUTH],
        )  # fmt: skip
        return present(made)
