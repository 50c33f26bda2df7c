"""Which of several files of a student's is graded: by what the student did, never by order or by date of copying.

A valid seal beats none. Then the work counts: answers that differ from what was released. Where several files hold
work, they are run, and the best run is graded. The instructor sees the choice.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, NamedTuple

from crmlib.files import checksum
from crmlib.grading.collecting.repair import repair
from crmlib.grading.collecting.salvage import read_sent
from crmlib.grading.spec.variants import EVERYBODY
from crmlib.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from crmlib.grading.collecting.collect import Candidate
    from crmlib.grading.collecting.salvage import Sent

__all__ = ["MOST_RUNS", "Choice", "by_student", "changed_answers", "choice_note", "choose", "has_seal", "released_to"]

#: Files of one student that are run.
MOST_RUNS = 3
_MOST_TEXT = 2_000_000
#: What is looked into of one student's files: who sends more than that has themselves to thank.
_MOST_FILES = 50
_MOST_BYTES = 1_000_000_000


class Choice(NamedTuple):
    """What is run for one student.

    Attributes
    ----------
    run
        The files to run, the likeliest first; the best of them is graded.
    others
        Files that are not run.
    """

    run: tuple[Candidate, ...]
    others: tuple[Candidate, ...] = ()


def by_student(files: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """Sort files by student, in an order that does not depend on how they came."""
    sorted_: dict[str, list[Candidate]] = {}
    for candidate in sorted(files, key=lambda file: (file.student_id, file.place)):
        sorted_.setdefault(candidate.student_id, []).append(candidate)
    return sorted_


def choose(files: Sequence[Candidate], released: Mapping[str, Any], seals: Mapping[str, str]) -> Choice:
    """Choose among the files of one student.

    Parameters
    ----------
    files
        At least one.
    released
        The student's edition, nbformat 4.
    seals
        The names to which this student's notebook may have been released, with the seal of each; empty where no
        release is known.
    """
    if len(files) == 1:
        return Choice((files[0],))
    ranked: dict[str, tuple[tuple[Any, ...], Candidate]] = {}
    left = _MOST_BYTES
    for file in sorted(files, key=lambda one: (one.path is None, one.place))[:_MOST_FILES]:
        left -= 0 if file.path is None else file.path.stat().st_size
        sent = None if file.path is None or left < 0 else read_sent(file.path)
        content = "" if file.path is None else checksum(file.path)
        seal = 0 if sent is None else has_seal(sent, file.student_id, seals)
        work = -1 if sent is None or not sent.cells else _work_in(sent, released)
        when = file.submitted_at.timestamp() if file.submitted_at else 0.0
        rank = (seal, work, when, content)
        ranked.setdefault(content or file.place, (rank, file))  # two copies of one file are one
    order = [file for _, file in sorted(ranked.values(), key=lambda pair: pair[0], reverse=True)]
    ranks = {file.place: rank for rank, file in ranked.values()}
    best = ranks[order[0].place]
    runs = [file for file in order if ranks[file.place][0] == best[0] and ranks[file.place][1] > 0][:MOST_RUNS]
    runs = runs or order[:1]
    return Choice(tuple(runs), tuple(file for file in files if file not in runs))


def _work_in(sent: Sent, released: Mapping[str, Any]) -> int:
    try:
        return changed_answers(sent, released)
    except Exception:  # noqa: BLE001 - hostile input may find any fault of ours, and stops nobody else
        return 0


def choice_note(graded: Candidate, files: Iterable[Candidate]) -> str:
    """Say which of several files was graded.

    Parameters
    ----------
    graded
        The file that was taken.
    files
        All of the student's.
    """
    others = sorted(file.place for file in files if file.place != graded.place)
    return f"{len(others) + 1} files were handed in; {graded.place} was graded, not {', '.join(others)}"


def has_seal(sent: Sent, student: str, seals: Mapping[str, str]) -> int:
    """Say whether a file bears the seal of this student (2), that of everybody (1), or none that is valid (0).

    Parameters
    ----------
    sent
        The notebook.
    student
        Who handed it in.
    seals
        The valid seal of each student.
    """
    whose, seal = _claim(sent)
    if whose not in seals or not hmac.compare_digest(seal.encode(errors="replace"), seals[whose].encode()):
        return 0
    return 1 if whose == EVERYBODY != student else 2


def released_to(path: Path | None, seals: Mapping[str, str]) -> str:
    """Give the student to whom a file was released, where its seal is valid; empty otherwise.

    Parameters
    ----------
    path
        The file; None where there is none.
    seals
        The valid seal of each student.
    """
    if path is None:
        return ""
    sent = read_sent(path)
    whose = _claim(sent)[0]
    return printable(whose, "")[:64] if whose != EVERYBODY and has_seal(sent, whose, seals) else ""


def _claim(sent: Sent) -> tuple[str, str]:
    claim = sent.metadata.get("crmlib")
    claim = claim if isinstance(claim, dict) else {}
    whose, seal = claim.get("student"), claim.get("seal")
    return whose if isinstance(whose, str) else "", seal if isinstance(seal, str) else ""


def changed_answers(sent: Sent, released: Mapping[str, Any]) -> int:
    """Count the questions whose cells hold something else than what was released.

    Parameters
    ----------
    sent
        What could be read of a file.
    released
        The student's edition, nbformat 4.
    """
    if sum(len(cell.source) for cell in sent.cells) > _MOST_TEXT:
        return _changed_by_text(sent, released)
    mended = repair(sent, released)
    given = {cell["id"]: cell for cell in released["cells"]}
    changed, question = set(), ""
    for cell, name in zip(mended.notebook["cells"], mended.given, strict=True):
        if name:
            grade_id = str(given[name]["metadata"].get("nbgrader", {}).get("grade_id", ""))
            question = grade_id.removesuffix("-work")
        if not question or question == "start" or cell["cell_type"] != "code":
            continue
        text = _squeezed(cell["source"])
        if text and (not name or text != _squeezed(given[name]["source"])):
            changed.add(question)
    return len(changed)


def _changed_by_text(sent: Sent, released: Mapping[str, Any]) -> int:
    """Count cells that the release does not have, one a question at most: for files that are too long to be mended."""
    given = {_squeezed(cell["source"]) for cell in released["cells"]}
    questions = sum("points" in cell["metadata"].get("nbgrader", {}) for cell in released["cells"])
    own = {
        text for cell in sent.cells if cell.kind == "code" and (text := _squeezed(cell.source[:10_000])) not in given
    }
    return min(len(own), questions)


def _squeezed(source: str | Sequence[str]) -> str:
    return " ".join((source if isinstance(source, str) else "".join(source)).split())
