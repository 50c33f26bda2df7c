"""What the public solution earns in a class: `validate` proves that copying it is not worth a third of the marks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from crmlib.grading.authoring.drawn import write_edition
from crmlib.grading.authoring.editions import reference_notebook
from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.marking.compare import mark
from crmlib.grading.marking.futures import hidden_futures
from crmlib.grading.spec.recorded import read_answers
from crmlib.suite.executed import failure_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from crmlib.grading.marking.running import Runner
    from crmlib.grading.marking.shops import HiddenShop
    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.recorded import Answer

__all__ = ["hold_to_other_classes"]

_SHARE = 1 / 3


def hold_to_other_classes(
    exercise: Exercise, runner: Runner, hidden: HiddenShop, on_run: Callable[[str], None]
) -> tuple[dict[str, str], list[str]]:
    """Run the solution of other classes' editions, and mark the public one by each; every choice is in one of them.

    Parameters
    ----------
    exercise
        The exercise; where it varies nothing, nothing is run.
    runner, hidden
        What runs it, and what the first of its shops is made of.
    on_run
        Is told the label of each run.

    Returns
    -------
    dict, list
        What the public solution earned in each class, in words to show, and what is wrong.
    """
    shown: dict[str, str] = {}
    problems: list[str] = []
    shop = next(iter(runner.shops))
    most = max((len(task.choices) for task in exercise.tasks), default=1)
    for number in range(1, most):
        label = f"the public solution in class {number}"
        on_run(label)
        with tempfile.TemporaryDirectory(prefix="crmlib-edition-") as folder:
            other = _other_class(exercise, number, Path(folder))
            parameters = {"source": "/data/shop", "interactive": False, **exercise.hidden_parameters(0)}
            ended = [runner.run(reference_notebook(each), parameters, shop) for each in (other, exercise)]
            right, public = (read_answers(each.notebook or {}) for each in ended)
            if failure := failure_in(ended[0].notebook or {"cells": []}):
                problems.append(f"class {number}: the solution fails in {failure}")
            if lacking := [question.id for question in other.questions if question.id not in right]:
                problems.append(f"class {number}: the solution hands in no {', '.join(lacking)}.")
                continue
            problems += [f"class {number}: {fault}" for fault in _own_checks(other, right)]
            marks = mark(other, [public], [right], hidden_futures(other, [hidden]))
        marked = [each for each in marks if not kind_of(other.question(each.question)).by_person]
        points, out_of = sum(each.points for each in marked), sum(each.out_of for each in marked)
        earned = ", ".join(f"{each.question} {each.points:g}" for each in marked if each.points)
        shown[label] = f"{points:g} of {out_of:g}{f' ({earned})' if earned else ''}"
        if points >= _SHARE * out_of:
            problems.append(
                f"the public solution earns {points:g} of {out_of:g} in class {number}, a third or more ({earned}): "
                "vary what these questions ask, under [[tasks]]."
            )
    return shown, problems


def _other_class(exercise: Exercise, number: int, folder: Path) -> Exercise:
    chosen = {task.name: min(number, len(task.choices) - 1) for task in exercise.tasks}
    moves = {
        question.id: 1 + (number - 1) % (len(question.options) - 1)
        for question in exercise.questions
        if question.options
    }
    return write_edition(exercise, chosen, moves, folder)


def _own_checks(exercise: Exercise, answers: Mapping[str, Answer]) -> Iterator[str]:
    for question in exercise.questions:
        for fault in kind_of(question).check(question, answers[question.id]):
            yield f"{question.id}: the solution does not pass its own check: {fault}"
