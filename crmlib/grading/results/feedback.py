"""The page that a student gets back: marks, which property failed, hints, pictures. Nothing on it can run.

Every word of a student's is escaped by the template, pictures are of our own making, and the page forbids itself
scripts, forms and any other host.
"""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from crmlib.grading.kinds.registry import kind_of
from crmlib.grading.results.next_steps import next_steps, state_of
from crmlib.grading.spec.rules import zone_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import jinja2

    from crmlib.grading.marking.graded import Graded
    from crmlib.grading.results.gradebook import Gradebook
    from crmlib.grading.spec.exercise import Exercise

__all__ = ["page", "shown_time"]

_STATUS = {
    "finished": "",
    "error": "Some cells stopped with an error. The others were run and marked all the same.",
    "timeout": "A cell took longer than it may. What was recorded is marked.",
    "memory": "A cell needed more memory than it may. What was recorded is marked.",
    "killed": "A cell ended the run. What was recorded is marked.",
    "too_large": "A cell put out more than it may. What was recorded is marked.",
    "no_result": "The notebook could not be run.",
    "unreadable": "The file could not be read.",
    "broken": "The grading of this notebook was interrupted; your teacher knows.",
}


def page(book: Gradebook, exercise: Exercise, graded: Graded) -> str:
    """Set the page of one student.

    Parameters
    ----------
    book
        The gradebook: what counts, and what people have said.
    exercise
        The exercise.
    graded
        The student's result.
    """
    values = (exercise.name, graded.student_id)
    result = book.rows(
        "select r.*, s.submitted_at, s.notes, e.zone, t.points as by_hand from results r "
        "join submissions s using (exercise, student_id) join exercises e using (exercise) "
        "left join totals t on (t.exercise, t.student_id) = (r.exercise, r.student_id) "
        "where r.exercise = ? and r.student_id = ?",
        values,
    )[0]
    marks = {
        row["question"]: row
        for row in book.rows("select * from final_marks where exercise = ? and student_id = ?", values)
    }
    comments: dict[str, list[str]] = {}
    query = "select question, comment from said where exercise = ? and student_id = ? order by number"
    for row in book.rows(query, values):
        comments.setdefault(row["question"], []).append(row["comment"])
    known = {question.id for question in exercise.questions}
    questions = [_question(one, marks[one.id], graded, comments.get(one.id, [])) for one in exercise.questions]
    return _template().render(
        exercise=exercise,
        student=result["name"] or graded.student_id,
        student_id=graded.student_id,
        result=result,
        so_far=_so_far(result, marks.values()),
        handed_in=shown_time(result["submitted_at"], result["zone"]),
        late=_late(result),
        status=_STATUS.get(graded.status, ""),
        reason=graded.reason,
        notes=[f"{note[:1].upper()}{note[1:]}." for note in json.loads(result["notes"])],
        questions=questions,
        next_steps=next_steps(questions, notebook=exercise.notebook),
        comments=comments.get("", []),
        pictures=[picture.uri() for picture in graded.pictures if picture.question not in known],
        troubles=[trouble for trouble in graded.troubles if trouble.cell not in known],
    )


def _so_far(result: dict[str, Any], marks: Iterable[dict[str, Any]]) -> dict[str, float] | None:
    """Say what is certain while a person has still to read something; None where all is."""
    if not result["open"] or result["points"] is None:
        return None
    unread = [mark for mark in marks if mark["open"]]
    waiting = sum(mark["out_of"] for mark in unread)
    share = 1.0 if result["by_hand"] is not None else result["late_share"]
    points = result["points"] - share * sum(mark["points"] for mark in unread)
    return {"points": round(max(points, 0.0), 4), "out_of": result["out_of"] - waiting, "waiting": waiting}


def shown_time(moment: str | None, zone: str) -> str:
    """Show a moment in the class's zone, which is named.

    Parameters
    ----------
    moment
        In ISO 8601; None for none.
    zone
        A name of the IANA's, or an offset such as ``UTC+01:00``.

    Examples
    --------
    >>> shown_time("2026-12-01T19:15:00+00:00", "Europe/Rome"), shown_time("2026-12-01T19:15:00+00:00", "UTC+01:00")
    ('2026-12-01 20:15 (Europe/Rome)', '2026-12-01 20:15 (UTC+01:00)')
    """
    if not moment:
        return ""
    return f"{dt.datetime.fromisoformat(moment).astimezone(zone_of(zone)):%Y-%m-%d %H:%M} ({zone})"


def _question(question: Any, mark: dict[str, Any], graded: Graded, comments: list[str]) -> dict[str, Any]:
    points, out_of = mark["points"], mark["out_of"]
    overridden = mark["who"] is not None
    # what came of a plan is worth a word even where it earned all points
    silent = points >= out_of and (overridden or not kind_of(question).by_future)
    findings, own = json.loads(mark["findings"]), [one for one in graded.troubles if one.cell == question.id]
    written = graded.written.get(question.id, "").strip()
    state = state_of(mark, findings, own, graded.status)
    if state == "none" and not overridden and kind_of(question).by_person and not written:
        state = "blank"  # an empty text is handed in, and says nothing
    unanswered = state in {"blank", "cut"}  # then what the stub raises, and what comes of it, says nothing more
    about = {
        "id": question.id,
        "title": question.title,
        "points": points,
        "out_of": out_of,
        "state": state,
        "findings": [] if silent or unanswered else findings,
        "by_hand": overridden,
        "hints": question.hints if state in {"part", "none", "blank"} else (),
        "comments": comments,
        "pictures": [picture.uri() for picture in graded.pictures if picture.question == question.id],
        "troubles": [] if unanswered else own,
        "written": written,
    }
    # a question that is right and calls for no word has its line in the table, and no section
    about["told"] = state != "full" or any(
        about[part] for part in ("findings", "comments", "pictures", "troubles", "written")
    )
    return about


def _late(result: dict[str, Any]) -> str:
    days = result["late_days"]
    if not days:
        return ""
    many = f"{days} day{'s' * (days != 1)} late"
    return f"{many}: {result['late_share']:.0%} of the points count" if result["late_share"] else f"{many}: too late"


@cache
def _template() -> jinja2.Template:
    import jinja2

    loader = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    return loader.from_string(files("crmlib.grading.results").joinpath("feedback.html.j2").read_text(encoding="utf-8"))
