"""`crmlib exercise validate`: whether an exercise does what its author says, on shops that nobody has seen."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.errors import GradingError, require_extra
from crmlib.grading.authoring.editions import problems_in_source, reference_notebook, student_notebook, with_cells
from crmlib.grading.authoring.paper import advice_on_paper, faults_on_paper
from crmlib.grading.authoring.published import hold_to_other_classes
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.marking.compare import QuestionMark, mark
from crmlib.grading.marking.futures import hidden_futures
from crmlib.grading.marking.running import Runner
from crmlib.grading.marking.shops import HiddenShop, make_variant
from crmlib.grading.sandbox.probe import probe
from crmlib.grading.spec.recorded import Answer, read_answers
from crmlib.suite.executed import failure_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crmlib.grading.marking.running import Ended, Sandbox
    from crmlib.grading.spec.exercise import Exercise, Mistake

__all__ = ["Validation", "validate"]

SEEDS = (20_261_101, 20_261_102, 20_261_103)
_SIZES = (1.0, 0.9, 1.1)  # shops of other sizes: a count that was typed in fits one of them at most
_MISTAKE_SHOPS = 2
_NEAR = 1e-6

Answers = dict[str, Answer]


@dataclass
class Validation:
    """What a validation found.

    Attributes
    ----------
    exercise
        The exercise's name.
    problems
        What is wrong; empty if the exercise can be released.
    advice
        What could be better: it marks rightly as it is.
    earned
        What each edition earned, in words to show: ``solution``, ``stub``, and each mistake by its name.
    """

    exercise: str
    problems: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    earned: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Run:
    """One notebook on one shop."""

    label: str
    notebook: dict[str, Any]
    shop: int


def validate(
    exercise: Exercise,
    *,
    shops: int = len(SEEDS),
    mistakes: int | None = None,
    sandbox: Sandbox | None = None,
    on_run: Callable[[str], None] = lambda _: None,
) -> Validation:
    """Run an exercise's solution, its stub and its mistakes, and hold them to what ``exercise.toml`` says.

    Parameters
    ----------
    exercise
        The exercise.
    shops
        How many shops the solution and the stub are run on; mistakes are run on the first two.
    mistakes
        How many of the mistakes are run, from the first; all of them by default.
    sandbox
        What the notebooks run in; by default what grading uses where it works here, else none: they are all ours.
    on_run
        Is told the label of each run as it starts.
    """
    require_extra("grading", "Validating an exercise", "papermill", "ipykernel", "jupytext")
    found = Validation(exercise.name, list(faults_on_paper(exercise)), list(advice_on_paper(exercise)))
    if problems_in_source(exercise):
        return found  # there is no notebook to run
    with tempfile.TemporaryDirectory(prefix="crmlib-validate-") as place:
        hidden = [
            HiddenShop(seed, round(exercise.shop.customers * size))
            for seed, size in list(zip(SEEDS, _SIZES, strict=True))[:shops]
        ]
        folders = [
            make_variant(exercise, Path(place) / str(one.seed), one.seed, customers=one.customers) for one in hidden
        ]
        tried = exercise.mistakes[:mistakes]
        runs = list(_runs(exercise, shops, tried))
        sandbox = sandbox or _usual_sandbox()
        data = {f"shop-{number}": folder for number, folder in enumerate(folders)}
        with Runner(sandbox, data=data, limits=exercise.limits) as runner:
            ended = _execute(exercise, runs, runner, on_run=on_run)
            by_class, problems = hold_to_other_classes(exercise, runner, hidden[0], on_run)
    answers = {key: read_answers(one.notebook or {}) for key, one in ended.items()}
    reference = [answers["solution", shop] for shop in range(shops)]
    broken = list(_in_reference(exercise, ended, reference))
    found.problems += broken
    if broken:
        return found
    found.problems += _alike_everywhere(exercise, reference)
    futures = hidden_futures(exercise, hidden)

    def marked(label: str, count: int) -> list[QuestionMark]:
        given = [answers[label, shop] for shop in range(count)]
        return mark(exercise, given, reference[:count], {name: ones[:count] for name, ones in futures.items()})

    found.problems += problems
    again = marked("solution again", 1)
    found.earned["solution"] = _total(again, exercise)
    found.problems += [
        f"{one.question}: the solution does not agree with itself when it is run twice: {_first(one)}"
        for one in again
        if one.points < one.out_of and not kind_of(exercise.question(one.question)).by_person
    ]
    stub = marked("stub", shops)
    found.earned["stub"] = _total(stub, exercise)
    found.problems += [f"{one.question}: the stub earns {one.points:g} points." for one in stub if one.points]
    found.earned |= by_class
    for mistake in tried:
        marks = marked(mistake.name, min(shops, _MISTAKE_SHOPS))
        found.earned[mistake.name] = _total(marks, exercise)
        found.problems += _in_mistake(exercise, mistake, marks)
    return found


def _runs(exercise: Exercise, shops: int, mistakes: Sequence[Mistake]) -> Iterator[_Run]:
    reference = reference_notebook(exercise)
    for shop in range(shops):
        yield _Run("solution", reference, shop)
    yield _Run("solution again", reference, 0)
    for shop in range(shops):
        yield _Run("stub", student_notebook(exercise), shop)
    for mistake in mistakes:
        changed = with_cells(reference, mistake.cells)
        for shop in range(min(shops, _MISTAKE_SHOPS)):
            yield _Run(mistake.name, changed, shop)


def _execute(
    exercise: Exercise,
    runs: Sequence[_Run],
    runner: Runner,
    *,
    on_run: Callable[[str], None],
) -> dict[tuple[str, int], Ended]:
    ended: dict[tuple[str, int], Ended] = {}
    for run in runs:
        on_run(run.label)
        parameters = {"source": "/data/shop", "interactive": False, **exercise.hidden_parameters(run.shop)}
        ended[run.label, run.shop] = runner.run(run.notebook, parameters, f"shop-{run.shop}")
    return ended


def _usual_sandbox() -> Sandbox:
    """Choose the sandbox that grading uses where it works here; all that is run is the author's own."""
    try:
        probe()
    except GradingError:
        return "none"
    return "zygote"


def _in_reference(
    exercise: Exercise, ended: dict[tuple[str, int], Ended], reference: Sequence[Answers]
) -> Iterator[str]:
    for shop, answers in enumerate(reference):
        one = ended["solution", shop]
        if one.notebook is None or one.status != "finished":
            yield f"On shop {shop + 1} the solution does not run to its end: {one.reason}"
        if one.notebook is not None and (failure := failure_in(one.notebook)):
            yield f"On shop {shop + 1} the solution fails in {failure}"
        for question in exercise.questions:
            if question.id not in answers:
                yield f"{question.id}: on shop {shop + 1} the solution hands nothing in."
                continue
            kind = kind_of(question)
            for said in kind.check(question, answers[question.id]):
                yield f"{question.id}: on shop {shop + 1} the solution does not pass its own check: {said}"
            if kind.by_person or kind.by_future:
                continue  # a person reads it, or it is held to what is possible
            outcome = kind.compare(question, answers[question.id], answers[question.id])
            if outcome.share < 1:
                yield f"{question.id}: on shop {shop + 1} the solution does not equal itself: {outcome.findings[0]}"


def _alike_everywhere(exercise: Exercise, reference: Sequence[Answers]) -> Iterator[str]:
    """Find questions whose answer is the same on every shop: a value that was typed in would be right."""
    for question in exercise.questions:
        kind = kind_of(question)
        if not kind.varies or len(reference) == 1:
            continue
        others = [kind.compare(question, one[question.id], reference[0][question.id]) for one in reference[1:]]
        if all(other.share == 1 for other in others):
            yield f"{question.id}: the right answer is the same on every shop, so a value typed in would pass."


def _in_mistake(exercise: Exercise, mistake: Mistake, marks: Sequence[QuestionMark]) -> Iterator[str]:
    for one in marks:
        if kind_of(exercise.question(one.question)).by_person:
            continue
        expected = mistake.points.get(one.question, one.out_of)
        if abs(one.points - expected) > _NEAR:
            yield (
                f"mistake {mistake.name!r}: {one.question} earns {one.points:g} points, not {expected:g} "
                f"({_first(one)})"
            )
    told = " ".join(said for one in marks if one.question in mistake.points for said in one.findings)
    for words in mistake.says:
        if words not in told:
            yield f"mistake {mistake.name!r}: nobody is told {words!r}. What is told: {told or 'nothing'}"


def _first(one: QuestionMark) -> str:
    return one.findings[0] if one.findings else "nothing is said"


def _total(marks: Sequence[QuestionMark], exercise: Exercise) -> str:
    by_hand = sum(question.points for question in exercise.questions if kind_of(question).by_person)
    points, out_of = sum(one.points for one in marks), exercise.points - by_hand
    lost = {
        one.question: one.points for one in marks if one.points < one.out_of and one.out_of and not one.needs_review
    }
    shown = f" ({json.dumps(lost)})" if lost and points else ""
    by_person = f" by the computer, {by_hand:g} by a person" if by_hand else ""
    return f"{points:g} of {out_of:g}{by_person}{shown}"
