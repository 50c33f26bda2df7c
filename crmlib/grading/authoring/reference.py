"""What the reference solution records on each shop: run once, kept by what it depends on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crmlib.errors import GradingError
from crmlib.files import digest, write_whole
from crmlib.grading.authoring.editions import reference_notebook
from crmlib.grading.marking.marking import given_parameters
from crmlib.grading.spec.recorded import MIMETYPE, read_answers
from crmlib.suite.state import code_fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crmlib.grading.marking.running import Runner, Sandbox
    from crmlib.grading.spec.exercise import Exercise

__all__ = ["reference_answers", "run_reference"]


def reference_answers(exercise: Exercise, shops: Mapping[str, Path], folder: Path, *, sandbox: Sandbox) -> Path:
    """Give the file of what the reference records on the hidden shops, made if need be.

    It is run by a sandbox of its own, which has ended before any submission starts.

    Parameters
    ----------
    exercise
        The exercise.
    shops
        Hidden shop to its folder.
    folder
        Where the file is kept.
    sandbox
        What it runs in.

    Returns
    -------
    Path
        A JSON list: for each shop a notebook of the outputs that hold answers.
    """
    from crmlib.grading.marking.running import Runner

    notebook = reference_notebook(exercise)
    names = [path.name for path in shops.values()]  # each follows from the seed, wherever the folder lies
    key = digest(json.dumps(notebook, sort_keys=True), repr(exercise.hidden), *names, code_fingerprint())
    path = folder / f"{key[:32]}.json"
    if path.is_file():
        return path
    with Runner(sandbox, data=shops, limits=exercise.limits) as runner:
        recorded = [
            run_reference(exercise, notebook, runner, shop, given_parameters(exercise, at))
            for at, shop in enumerate(shops)
        ]
    write_whole(path, json.dumps(recorded))
    path.chmod(0o600)
    return path


def run_reference(
    exercise: Exercise, notebook: Mapping[str, Any], runner: Runner, shop: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Run the reference on a shop, and keep of it the outputs that hold answers.

    Parameters
    ----------
    exercise
        The exercise.
    notebook
        Its reference edition.
    runner
        What runs it.
    shop
        Which of the runner's shops.
    parameters
        Of the run.

    Raises
    ------
    GradingError
        It does not run to its end, or leaves a question without an answer: the exercise is not ready for this shop.
    """
    ended = runner.run(notebook, parameters, shop)
    if ended.status != "finished" or ended.notebook is None:
        raise GradingError(
            f"The reference solution of {exercise.name} does not run on the shop {shop}: {ended.reason} "
            f"Try `crmlib exercise validate {exercise.name}`."
        )
    outputs = [
        {"data": {MIMETYPE: output["data"][MIMETYPE]}}
        for cell in ended.notebook["cells"]
        for output in cell.get("outputs", [])
        if MIMETYPE in output.get("data", {})
    ]
    kept = {"cells": [{"outputs": outputs}]}
    answers = read_answers(kept)
    missing = [q.id for q in exercise.questions if q.id not in answers or answers[q.id].kind == "none"]
    if missing:
        raise GradingError(f"The reference solution of {exercise.name} records no answer to {', '.join(missing)}.")
    return kept
