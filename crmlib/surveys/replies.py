"""Answers to a questionnaire, read back and checked; what cannot be taken is listed with its reason."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd

from crmlib import policy as policies
from crmlib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmlib.policy import Policy
    from crmlib.surveys.questionnaire import Question, Questionnaire

__all__ = ["Replies", "read_replies"]

_LARGEST = 64_000  # bytes: far more than any short questionnaire
_TOKEN = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_PARTS = {"questionnaire", "version", "language", "answered", "customer", "answers"}


class _RejectedError(Exception):
    """Why a reply cannot be taken."""


@dataclass(frozen=True)
class Replies:
    """Replies to a questionnaire.

    Attributes
    ----------
    table
        One row a reply: file, customer_id (missing where the form did not know), answered_ts (in the shop's zone),
        language, and a column for each question; several answers are joined by bars, what was left out is missing.
    rejected
        file, reason: what could not be taken.
    questionnaire
        What was asked.
    """

    table: pd.DataFrame
    rejected: pd.DataFrame
    questionnaire: Questionnaire

    def answers(self) -> pd.DataFrame:
        """Return the answers on scales as a table of surveys: one row an answer, as `crmlib.surveys.asked` gives them.

        Returns
        -------
        pandas.DataFrame
            customer_id, kind, touchpoint, scale, answered_ts, score, language.
        """
        parts = []
        for question in self.questionnaire.questions:
            marks = question.marks(self.questionnaire.policy)
            if not marks:
                continue
            part = self.table[["customer_id", "answered_ts", "language"]].assign(
                kind=question.kind,
                touchpoint=question.touchpoint or ("relationship" if question.kind == "nps" else question.id),
                scale=f"{marks[0]}-{marks[-1]}",
                score=self.table[question.id],
            )
            parts.append(part[part["score"].notna()])
        columns = ["customer_id", "kind", "touchpoint", "scale", "answered_ts", "score", "language"]
        return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def read_replies(
    source: str | Path | Iterable[str | Path], questionnaire: Questionnaire, *, policy: Policy | str | None = None
) -> Replies:
    """Read the files that a form saved.

    Parameters
    ----------
    source
        A folder, whose ``.json`` files are read in the order of their names; a file; or several.
    questionnaire
        What was asked: each reply is checked against it.
    policy
        Whose ``orders.timezone`` the times are brought to.

    Raises
    ------
    SourceError
        The folder or a file is not there.

    Examples
    --------
    >>> import tempfile
    >>> from crmlib.surveys import load_questionnaire
    >>> form = load_questionnaire("after_order")
    >>> reply = {"questionnaire": form.id, "version": form.version, "language": "it", "customer": "C1",
    ...          "answered": "2026-03-01T10:00:00.000Z", "answers": {"recommend": 11}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "reply.json").write_text(json.dumps(reply), encoding="utf-8")
    ...     read_replies(folder, form).rejected["reason"].tolist()
    ['question recommend: 11 is off the scale from 0 to 10']
    """
    zone = ZoneInfo(policies.load(policy).orders.timezone)
    rows: list[dict[str, Any]] = []
    rejected: list[dict[str, str]] = []
    seen: dict[str, str] = {}
    for file in _files(source):
        try:
            reply = _opened(file)
            row = _row(reply, questionnaire, zone)
            same = json.dumps(reply, sort_keys=True)
            if same in seen:
                raise _RejectedError(f"the same reply as {seen[same]}")  # noqa: TRY301 - one place lists what is rejected
            seen[same] = file.name
            rows.append({"file": file.name, **row})
        except _RejectedError as reason:
            rejected.append({"file": file.name, "reason": str(reason)})
    return Replies(_table(rows, questionnaire), pd.DataFrame(rejected, columns=["file", "reason"]), questionnaire)


def _files(source: str | Path | Iterable[str | Path]) -> list[Path]:
    if isinstance(source, str | Path):
        path = Path(source)
        if path.is_dir():
            return sorted(path.glob("*.json"))
        source = [path]
    found = [Path(each) for each in source]
    missing = [str(path) for path in found if not path.is_file()]
    if missing:
        raise SourceError(f"There is no file {missing[0]}. Give the folder or the files that the form saved.")
    return found


def _opened(file: Path) -> dict[str, Any]:
    if file.stat().st_size > _LARGEST:
        raise _RejectedError(f"{file.stat().st_size:,} bytes: no reply to a short questionnaire is so long")
    try:
        reply = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _RejectedError(f"not JSON: {error}") from error
    if not isinstance(reply, dict) or not isinstance(reply.get("answers"), dict):
        raise _RejectedError("not a reply: there are no answers in it")
    unknown = sorted(set(reply) - _PARTS)
    if unknown:
        raise _RejectedError(f"not a reply: {unknown[0]!r} does not belong in it")
    return reply


def _row(reply: dict[str, Any], form: Questionnaire, zone: ZoneInfo) -> dict[str, Any]:
    if reply.get("questionnaire") != form.id:
        raise _RejectedError(f"a reply to {reply.get('questionnaire')!r}, not to {form.id!r}")
    if reply.get("version") != form.version:
        raise _RejectedError("a reply to another version of the questionnaire: its questions have changed since")
    customer = reply.get("customer", "")
    if not isinstance(customer, str) or not _TOKEN.fullmatch(customer):
        raise _RejectedError(f"customer: {customer!r} is no id")
    questions = {question.id: question for question in form.questions}
    unknown = sorted(set(reply["answers"]) - set(questions))
    if unknown:
        raise _RejectedError(f"question {unknown[0]}: there is none of that name")
    return {
        "customer_id": customer or None,
        "answered_ts": _moment(reply.get("answered"), zone),
        "language": reply.get("language") if reply.get("language") in form.languages else None,
        **{name: _answer(answer, questions[name], form) for name, answer in reply["answers"].items()},
    }


def _moment(text: Any, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment
    except (TypeError, ValueError, OverflowError) as error:
        raise _RejectedError(f"answered: {text!r} is no time") from error


def _answer(answer: Any, question: Question, form: Questionnaire) -> Any:
    where = f"question {question.id}"
    marks = question.marks(form.policy)
    if marks:
        if isinstance(answer, bool) or not isinstance(answer, int):
            raise _RejectedError(f"{where}: {answer!r} is no mark")
        if answer not in marks:
            raise _RejectedError(f"{where}: {answer} is off the scale from {marks[0]} to {marks[-1]}")
        return answer
    if question.kind == "text":
        if not isinstance(answer, str) or len(answer) > question.longest:
            raise _RejectedError(f"{where}: no text of at most {question.longest} characters")
        return answer
    offered = [option.id for option in question.options]
    chosen = answer if question.kind == "several" else [answer]
    if not isinstance(chosen, list) or any(each not in offered for each in chosen) or len(set(chosen)) < len(chosen):
        raise _RejectedError(f"{where}: {answer!r} is not among what was offered ({', '.join(offered)})")
    return "|".join(chosen)


def _table(rows: list[dict[str, Any]], form: Questionnaire) -> pd.DataFrame:
    names = ["file", "customer_id", "answered_ts", "language", *(question.id for question in form.questions)]
    table = pd.DataFrame(rows, columns=names)
    kinds = {question.id: "Int64" if question.marks(form.policy) else "str" for question in form.questions}
    return table.astype(
        {"file": "str", "customer_id": "str", "language": "str", "answered_ts": "datetime64[us]", **kinds}
    )
