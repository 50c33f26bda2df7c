"""Answers that Google Forms, Typeform or SurveyMonkey collected, read from their exports and checked.

Nothing is dropped in silence: what cannot be taken is in `Replies.rejected`, what a rule leaves out is in
`Replies.left_out`, each with its file, row and reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from crmlib import policy as policies
from crmlib.errors import SchemaError
from crmlib.surveys.asked_columns import Question
from crmlib.surveys.exports import TOOLS, export_files, read_export
from crmlib.surveys.responses import Reading, people
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from crmlib.policy import Policy

__all__ = ["Replies", "read_answers"]

_LEADING = ("file", "row", "respondent", "customer_id", "answered_ts")
_ROLES = ("customer_id", "email", "answered_ts")


@dataclass(frozen=True)
class Replies:
    """Responses to a survey.

    Attributes
    ----------
    table
        One row a response: file, row, respondent (the customer's id, or else the address, as the export has it),
        customer_id (missing where nobody is known by it), answered_ts (in the shop's zone), and a column for each
        question; several answers are joined by bars, what was not answered is missing.
    rejected
        file, row, reason: what could not be taken.
    left_out
        file, row, reason: tests, partial responses, empty rows, and what is there twice.
    questions
        What was asked.
    policy
        The business's definitions.
    """

    table: pd.DataFrame
    rejected: pd.DataFrame
    left_out: pd.DataFrame
    questions: dict[str, Question]
    policy: policies.Surveys

    def answers(self) -> pd.DataFrame:
        """Return the answers on scales as a table of surveys: one row an answer, as `crmlib.surveys.asked` gives them.

        Returns
        -------
        pandas.DataFrame
            customer_id, kind, touchpoint, scale, answered_ts, score.
        """
        columns = ["customer_id", "kind", "touchpoint", "scale", "answered_ts", "score"]
        tables = []
        for name, question in self.questions.items():
            marks = question.marks(self.policy)
            if marks:
                answers = self.table[["customer_id", "answered_ts"]].assign(
                    kind=question.kind,
                    touchpoint=question.touchpoint or ("relationship" if question.kind == "nps" else name),
                    scale=f"{marks[0]}-{marks[-1]}",
                    score=self.table[name],
                )
                tables.append(answers[answers["score"].notna()])
        return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def read_answers(
    path: str | Path | Iterable[str | Path],
    questions: Mapping[str, Question],
    *,
    customers: Any = None,
    columns: Mapping[str, str] | None = None,
    tests: Sequence[str] = (),
    timezone: str | None = None,
    day_first: bool | None = None,
    tool: Literal["google_forms", "typeform", "surveymonkey"] | None = None,
    encoding: str = "utf-8",
    policy: Policy | str | None = None,
) -> Replies:
    r"""Read answers from the CSV exports of Google Forms, Typeform or SurveyMonkey.

    Which tool wrote a file is told by its headings. What was recognised, assumed or left out is printed.

    A response counts once: of versions with the tool's own number the latest, and what stands in an earlier file with
    all its cells is left out. Of several responses of one person, known by customer_id, id or address, the policy's
    ``surveys.duplicates`` says which counts: the ``last`` or the ``first``; with ``keep`` and ``mean`` all do.

    Parameters
    ----------
    path
        A file; a folder, whose ``.csv`` files are read in the order of their names; or several.
    questions
        The name in the result, and the question as the export has it. Other columns are named and left alone.
    customers
        A table with customer_id and, to match addresses by, email: ``shop.customers``. Case and spaces do not count
        in addresses. Without it, customer_id is the id that the export holds.
    columns
        Which columns tell who and when, where that is not recognised: ``{"customer_id": "Custom Data 1"}``, ``email``,
        ``answered_ts``.
    tests
        Ids or addresses of those who only try the form. Responses marked ``test``, ``prova`` or ``preview`` (as the
        id, before the ``@``, in Typeform's tags or SurveyMonkey's custom data) are tests as well.
    timezone
        Of times that name no zone; the shop's by default. SurveyMonkey and sheets write the account's.
    day_first
        Whether 03/04/2026 is the third of April, where no date of the file tells.
    tool
        Which tool wrote the files, where the headings do not tell; then ``columns`` says ``answered_ts`` as well.
    encoding
        Of the files.
    policy
        Whose ``orders.timezone`` the times are brought to, and whose ``surveys`` holds the scales.

    Raises
    ------
    SourceError
        A file is not there or cannot be read.
    SchemaError
        No tool is known by the headings, a question is not there or could be meant twice, or dates could be read in
        two ways.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> rows = ['"Timestamp","Email Address","How likely are you to recommend us?"',
    ...         '"2026/03/01 11:00:00 AM GMT+1","anna@posta.example","10 - Extremely likely"',
    ...         '"2026/03/01 11:05:00 AM GMT+1","","11"']
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "form.csv").write_text("\n".join(rows), encoding="utf-8")
    ...     replies = read_answers(folder, {"recommend": Question("How likely are you to recommend us?", "nps")})
    Read form.csv (Google Forms): 2 responses, 1 taken, 1 rejected.
      Times are brought to UTC.
      Who answered: addresses in 'Email Address'; which customer that is takes customers=shop.customers.
    >>> replies.rejected[["row", "reason"]].to_numpy().tolist()
    [[3, "column 'How likely are you to recommend us?': 11 is off the scale from 0 to 10"]]
    """
    rules = policies.load(policy)
    asked = _checked(questions, rules.surveys)
    named = dict(columns or {})
    for name, names, label in ((tool, TOOLS, "tool"), *((role, _ROLES, "columns") for role in named)):
        if name is not None and name not in names:
            raise SchemaError(f"{label}: {name!r} is none of its names. {did_you_mean(str(name), names)}")
    reading = Reading(
        asked, rules, people(customers), {each.strip().casefold() for each in tests}, _zone(timezone, rules), day_first
    )
    for file in export_files(path):
        reading.add(read_export(file, tool=tool, columns=named, encoding=encoding))
    responses = reading.counted()
    for line in reading.lines:
        print(line)  # noqa: T201 - what was recognised, assumed or left out is always said
    kinds = {name: "Int64" if question.marks(rules.surveys) else "str" for name, question in asked.items()}
    table = pd.DataFrame(
        [{**{name: getattr(each, name) for name in _LEADING}, **each.answers} for each in responses],
        columns=[*_LEADING, *asked],
    ).astype(
        {"row": "int64", "answered_ts": "datetime64[us]", **dict.fromkeys(("file", "respondent", "customer_id"), "str")}
        | kinds
    )
    return Replies(table, _reasons(reading.rejected), _reasons(reading.left_out), asked, rules.surveys)


def _reasons(rows: list[tuple[str, int, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["file", "row", "reason"])
    return table.astype({"file": "str", "row": "int64", "reason": "str"})


def _checked(questions: Mapping[str, Question], rules: policies.Surveys) -> dict[str, Question]:
    if not questions:
        raise SchemaError("questions: none is asked for. Give questions={'recommend': Question('...', 'nps')}.")
    for name, question in questions.items():
        if name in _LEADING or not isinstance(name, str) or not name.strip():
            raise SchemaError(
                f"questions: {name!r} cannot be a question's name. The table's own are {', '.join(_LEADING)}."
            )
        if not isinstance(question, Question):
            raise SchemaError(
                f"questions[{name!r}]: expected a Question, got {question!r}. Write Question('...', 'nps')."
            )
        off = {label: value for label, value in question.labels.items() if value not in question.marks(rules)}
        if off:
            raise SchemaError(f"questions[{name!r}]: the labels {off} are off the scale.")
    return dict(questions)


def _zone(name: str | None, rules: policies.Policy) -> ZoneInfo:
    try:
        return ZoneInfo(name or rules.orders.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SchemaError(f"timezone={name!r} is no time zone. Use an IANA name such as 'Europe/Rome'.") from error
