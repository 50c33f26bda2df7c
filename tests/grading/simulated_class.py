"""A class whose true marks are known: right, partly right, wrong, late and broken submissions of an exercise."""

from __future__ import annotations

import copy
import csv
import datetime as dt
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmlib.grading.authoring.editions import reference_notebook, student_notebook, with_cells
from crmlib.grading.spec.rules import Rules, rules_text
from crmlib.grading.spec.variants import new_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crmlib.grading.spec.exercise import Exercise, Mistake

DEADLINE = dt.datetime(2026, 12, 1, 23, 59, tzinfo=dt.UTC)
KILLS = "import os\nos._exit(0)"


@dataclass
class Member:
    """A student, what they hand in, and what it must earn."""

    kind: str
    points: dict[str, float]
    content: bytes
    name: str = "submission.ipynb"
    days_late: int = 0
    earned: float = field(init=False)

    def __post_init__(self) -> None:
        share = 1 - 0.1 * self.days_late
        self.earned = round(sum(self.points.values()) * share, 4)


def members(exercise: Exercise, *, mistakes: int | None = None, large: int = 2_000_000) -> Iterator[Member]:
    """Yield a student of every kind.

    Parameters
    ----------
    exercise
        What they hand in.
    mistakes
        How many of its mistakes have a student of their own; all of them by default.
    large
        How many bytes of outputs the one with large outputs has.
    """
    full = full_points(exercise)
    right = reference_notebook(exercise)
    yield Member("right", full, _bytes(right))
    yield Member("stub", dict.fromkeys(full, 0.0), _bytes(student_notebook(exercise)))
    known = [one for one in exercise.mistakes if not _by_chance(exercise, one)]
    for mistake in known[:mistakes]:
        points = full | mistake.points
        yield Member(f"partly right: {mistake.name}", points, _bytes(with_cells(right, mistake.cells)))
    wrong: dict[str, str] = {}
    points = dict(full)
    for mistake in known:
        if not wrong.keys() & mistake.points.keys():  # two mistakes of one question would be a third one
            wrong |= mistake.cells
            points |= mistake.points
    yield Member("wrong all over", points, _bytes(with_cells(right, wrong)))
    yield Member("late by two days", full, _bytes(right), days_late=2)
    yield from _broken(exercise, right, full, large)


def _by_chance(exercise: Exercise, mistake: Mistake) -> bool:
    """Say whether a mistake may be right about a part: then its marks depend on the shop."""
    questions = {question.id: question for question in exercise.questions}
    return any(questions[name].kind == "dict" and points > 0 for name, points in mistake.points.items())


def full_points(exercise: Exercise) -> dict[str, float]:
    """Give what a right notebook earns before anybody has read what is written."""
    return {q.id: 0.0 if q.kind == "written" else q.points for q in exercise.questions}


def _broken(exercise: Exercise, right: dict[str, Any], full: dict[str, float], large: int) -> Iterator[Member]:
    nothing = dict.fromkeys(full, 0.0)
    yield Member("empty file", nothing, b"")
    yield Member("not JSON at all", nothing, b"\x89PNG\r\n not a notebook {[")
    order = [question.id for question in exercise.questions]
    stop = min(3, len(order) // 2)
    before = {name: full[name] if order.index(name) < stop else 0.0 for name in full}
    text = json.dumps(right)
    cut = text.index('"id": "' + order[stop] + '-ask"')
    yield Member("cut off before a question", before, text[:cut].encode())
    own = full | {order[stop]: 0.0}  # the cells behind it run all the same
    yield Member("kills its kernel at a question", own, _bytes(with_cells(right, {order[stop]: KILLS})))
    edits: dict[str, Callable[[dict[str, Any]], None]] = {
        "cells in reverse order": _reverse,
        "cells twice": _twice,
        "given cells deleted": _without_given,
        "no metadata, another kernel": _bare,
        "opens a shop of the own disk": _own_path,
        "a package that is missing": _missing_package,
        "source as one text, outputs with NaN": _odd_json,
    }
    for kind, edit in edits.items():
        notebook = copy.deepcopy(right)
        edit(notebook)
        if notebook != right:  # an exercise that opens no shop has nothing to open it from
            yield Member(kind, full, _bytes(notebook))
    stuffed = copy.deepcopy(right)
    output = {"output_type": "stream", "name": "stdout", "text": ["x" * 999 + "\n"] * (large // 1000)}
    next(cell for cell in stuffed["cells"] if cell["cell_type"] == "code")["outputs"] = [output]
    yield Member("large outputs", full, _bytes(stuffed))
    yield Member("format 3", full, _bytes(_format_3(right)))
    yield Member("zip archive with names that lead outside", full, _zipped(right), name="work.zip")
    yield Member("UTF-16, renamed", full, text.encode("utf-16"), name="final FINAL (2).ipynb")


def _bytes(notebook: dict[str, Any]) -> bytes:
    return json.dumps(notebook).encode()


def _reverse(notebook: dict[str, Any]) -> None:
    notebook["cells"].reverse()


def _twice(notebook: dict[str, Any]) -> None:
    notebook["cells"] = [copy.deepcopy(cell) for cell in notebook["cells"] for _ in range(2)]


def _without_given(notebook: dict[str, Any]) -> None:
    notebook["cells"] = [
        cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("solution")
    ]


def _bare(notebook: dict[str, Any]) -> None:
    notebook["metadata"] = {"kernelspec": {"name": "mycrm", "display_name": "My CRM"}, "crmlib": ["?"]}
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        del cell["id"]


def _own_path(notebook: dict[str, Any]) -> None:
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if "open_shop(source" in source and cell["cell_type"] == "code":
            cell["source"] = 'source = "/home/me/shop"\n' + source.replace("open_shop(source", 'open_shop("C:/me/shop"')


def _missing_package(notebook: dict[str, Any]) -> None:
    cell = {"cell_type": "code", "id": "mine", "metadata": {}, "source": "import tensorflow_of_mine"}
    notebook["cells"].insert(3, {**cell, "outputs": [], "execution_count": None})


def _odd_json(notebook: dict[str, Any]) -> None:
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code":
            data = {"application/json": {"value": float("nan")}}
            cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data}]


def _format_3(notebook: dict[str, Any]) -> dict[str, Any]:
    cells = []
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cells.append({"cell_type": "code", "language": "python", "metadata": {}, "outputs": [], "input": text})
        else:
            cells.append({"cell_type": "markdown", "metadata": {}, "source": text})
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}


def _zipped(notebook: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../../../tmp/crmlib-escaped.ipynb", _bytes(notebook))
        archive.writestr("__MACOSX/._x.ipynb", b"clutter")
    return buffer.getvalue()


def write_class(exercise: Exercise, folder: Path, count: int = 0, *, mistakes: int | None = None) -> dict[str, Member]:
    """Write a class: a folder a student, the roster beside it, and when each submission came; student to truth.

    Without a count there is one student of every kind.
    """
    kinds = list(members(exercise, mistakes=mistakes))
    truth = {}
    times = [["file", "submitted_at"]]
    for number in range(count or len(kinds)):
        student, member = f"s{number:03d}", kinds[number % len(kinds)]
        truth[student] = member
        (folder / "handed-in" / student).mkdir(parents=True)
        (folder / "handed-in" / student / member.name).write_bytes(member.content)
        came = DEADLINE + dt.timedelta(days=member.days_late - 1, hours=23)
        times.append([student, came.isoformat()])
    with (folder / "handed-in" / "submissions.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(times)
    lines = ["student_id,name,email", *(f"{student},Student {student},{student}@example.org" for student in truth)]
    (folder / "roster.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return truth


def write_release(exercise: Exercise, folder: Path) -> Path:
    """Write what a release keeps for the instructor, without notebooks for students; give the folder."""
    instructor = folder / "instructor"
    new_secret(instructor / "secret.key")
    rules = Rules(exercise=exercise.name, deadline=DEADLINE)
    (instructor / "rules.toml").write_text(rules_text(rules), encoding="utf-8")
    (instructor / "roster.csv").write_text((folder / "roster.csv").read_text(encoding="utf-8"), encoding="utf-8")
    return instructor
