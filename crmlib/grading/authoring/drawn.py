"""A class's edition of an exercise: the choices of its task drawn from the class's secret, and written out.

What comes of it is an exercise like any other, in a folder of the instructor's: whoever releases, grades or reviews
reads that folder and knows nothing of choices.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import tomli_w

from crmlib.files import write_whole
from crmlib.grading.kinds.own import load_exercise
from crmlib.grading.spec.tasks import draw, fill_in, rotation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crmlib.grading.spec.exercise import Exercise

__all__ = ["EDITION", "class_edition", "released_edition", "write_edition"]

#: The folder of the class's edition, below the instructor's.
EDITION = "edition"


def class_edition(exercise: Exercise, secret: bytes, instructor: Path) -> Exercise:
    """Return the exercise as a class gets it, written into the instructor's folder; itself where nothing varies.

    Parameters
    ----------
    exercise
        As its author wrote it.
    secret
        The class's.
    instructor
        The folder that nobody else may see.
    """
    moves = {
        question.id: rotation(secret, exercise.name, question.id, len(question.options))
        for question in exercise.questions
        if question.options
    }
    if not exercise.tasks and not moves:
        return exercise
    return write_edition(exercise, draw(exercise.tasks, secret, exercise.name), moves, instructor / EDITION)


def released_edition(exercise: Exercise, instructor: Path | None) -> Exercise:
    """Return the exercise as it was released to a class.

    Parameters
    ----------
    exercise
        As its author wrote it.
    instructor
        The folder of the release; None where it is not known.
    """
    folder = None if instructor is None else instructor / EDITION / exercise.name
    return load_exercise(folder) if folder and (folder / "exercise.toml").is_file() else exercise


def write_edition(exercise: Exercise, chosen: Mapping[str, int], moves: Mapping[str, int], folder: Path) -> Exercise:
    """Write an edition with these choices below a folder, and read it.

    Parameters
    ----------
    exercise
        As its author wrote it.
    chosen
        Parameter to the number of its choice.
    moves
        Quiz question to the number of letters that its options move on.
    folder
        Where to; the edition stands in a folder of the exercise's name.
    """
    written: dict[str, Any] = tomllib.loads((exercise.folder / "exercise.toml").read_text(encoding="utf-8"))
    written.pop("tasks", None)
    written = fill_in(written, exercise.tasks, chosen)
    source = fill_in(exercise.source.read_text(encoding="utf-8"), exercise.tasks, chosen)
    for question in written["questions"]:
        if question["id"] in moves:
            letters = list(question["options"])
            to = dict(zip(letters, _moved(letters, moves[question["id"]]), strict=True))
            moved = {to[letter]: text for letter, text in question["options"].items()}
            question["options"] = {letter: moved[letter] for letter in letters}
            source = _with_letters(source, question["id"], to)
    place = folder / exercise.name
    write_whole(place / "exercise.toml", tomli_w.dumps(written))
    write_whole(place / "exercise.py", source)
    for name in filter(None, ("README.md", exercise.kinds)):
        if (exercise.folder / name).is_file():
            write_whole(place / name, (exercise.folder / name).read_bytes())
    return load_exercise(place)


def _moved(letters: list[str], by: int) -> list[str]:
    return letters[by:] + letters[:by]


def _with_letters(source: str, question: str, to: Mapping[str, str]) -> str:
    """Change the letter of a quiz question's solution."""
    line = re.compile(rf"""(?m)^{question} = (["'])(\w)\1$""")
    return line.sub(lambda found: f"{question} = {found[1]}{to.get(found[2], found[2])}{found[1]}", source)
