"""Exports of three tools: the same answers give the same table, and nothing is dropped without a word."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmlib import surveys
from crmlib.errors import SchemaError, SourceError
from crmlib.surveys import Question

if TYPE_CHECKING:
    from collections.abc import Callable

EXPORTS = Path(__file__).parent / "exports"
ROME: Any = {"orders": {"timezone": "Europe/Rome"}}
CUSTOMERS = pd.DataFrame(
    {"customer_id": ["C1", "C2", "C3"], "email": [" Anna@posta.example", "bruno@posta.example", None]}
)
QUESTIONS = {
    "recommend": Question(
        ("How likely are you to recommend our shop?", "Quanto è probabile che tu consigli il nostro negozio?"), "nps"
    ),
    "delivery": Question(
        ("How satisfied are you with the delivery?", "Quanto sei soddisfatto della consegna?"),
        "csat",
        touchpoint="delivery",
    ),
    "reason": Question(
        ("What should we work on first?", "Su che cosa dovremmo lavorare per primo?"),
        "several",
        options={
            "Delivery, and returns": "Delivery",
            "Consegna, e resi": "Delivery",
            "Prices": "Prices",
            "Prezzi": "Prices",
        },
    ),
    "comment": Question(("Anything else?", "Vuoi aggiungere qualcosa?")),
}
NPS = {"recommend": Question("Recommend?", "nps")}


@pytest.fixture
def read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[surveys.Replies, str]]:
    """Read an export that is given as text or bytes, and return what was printed as well."""

    def read_text(
        content: str | bytes, questions: dict[str, Question] | None = None, **how: Any
    ) -> tuple[surveys.Replies, str]:
        file = tmp_path / "answers.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        replies = surveys.read_answers(file, questions or NPS, **how)
        return replies, capsys.readouterr().out

    return read_text


def google(*rows: str, heading: str = "Timestamp,Email Address,Recommend?") -> str:
    """Write an export of Google Forms, its rows from the address on."""
    return "\n".join([heading, *(f"2026/03/01 11:0{minute}:00 AM CET,{row}" for minute, row in enumerate(rows))])


def typeform(*rows: str) -> str:
    """Write an export of Typeform: number, mark, customer_id, Response Type, Submit Date and Tags of each row."""
    heading = "#,Recommend?,customer_id,Response Type,Start Date (UTC),Submit Date (UTC),Network ID,Tags"
    lines = []
    for row in rows:
        number, mark, customer, status, submitted, tags = row.split(",")
        lines.append(f"{number},{mark},{customer},{status},2026-03-01 09:00:00,{submitted},ab12,{tags}")
    return "\n".join([heading, *lines])


# --- the same answers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "tool", "rows"),
    [
        ("google_forms.csv", "Google Forms", [2, 3, 4]),
        ("modulo_google.csv", "Google Forms", [2, 3, 4]),
        ("typeform.csv", "Typeform", [6, 5, 4]),
        ("surveymonkey.csv", "SurveyMonkey", [3, 4, 5]),
    ],
)
def test_the_same_answers_give_the_same_table(
    file: str, tool: str, rows: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    replies = surveys.read_answers(EXPORTS / file, QUESTIONS, customers=CUSTOMERS, policy=ROME)
    assert capsys.readouterr().out.startswith(f"Read {file} ({tool}): ")
    assert replies.table["row"].tolist() == rows
    expected = pd.DataFrame(
        {
            "respondent": pd.Series(["anna@posta.example", "Bruno@Posta.example", None], dtype="str"),
            "customer_id": pd.Series(["C1", "C2", None], dtype="str"),
            "answered_ts": pd.to_datetime(
                ["2026-03-01 11:00:00", "2026-03-02 09:30:00", "2026-03-03 20:15:30"]
            ).as_unit("us"),
            "recommend": pd.Series([9, 10, 0], dtype="Int64"),
            "delivery": pd.Series([2, 5, None], dtype="Int64"),
            "reason": pd.Series(["Delivery|Prices", "Prices", "Gift wrapping, please"], dtype="str"),
            "comment": pd.Series(["Late, twice", None, "È tutto"], dtype="str"),
        }
    )
    pd.testing.assert_frame_equal(replies.table.drop(columns=["file", "row"]), expected)
    assert replies.rejected["file"].tolist() == [file]
    assert replies.rejected["reason"].iloc[0].endswith("?': 11 is off the scale from 0 to 10")
    assert replies.left_out["reason"].tolist()[0] == "a test"
    answers = replies.answers()
    assert answers[["kind", "touchpoint", "scale", "score"]].to_numpy().tolist() == [
        ["nps", "relationship", "0-10", 9],
        ["nps", "relationship", "0-10", 10],
        ["nps", "relationship", "0-10", 0],
        ["csat", "delivery", "1-5", 2],
        ["csat", "delivery", "1-5", 5],
    ]


def test_several_files_are_read_as_one_and_a_second_answer_of_a_person_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    replies = surveys.read_answers(EXPORTS, QUESTIONS, customers=CUSTOMERS, policy=ROME)
    printed = capsys.readouterr().out
    assert [line.split()[1] for line in printed.splitlines() if line.startswith("Read ")] == [
        "google_forms.csv", "modulo_google.csv", "surveymonkey.csv", "typeform.csv"
    ]  # fmt: skip
    assert replies.table["customer_id"].value_counts().to_dict() == {"C1": 1, "C2": 1}
    assert replies.table["customer_id"].isna().sum() == 4  # nobody can tell that these four are the same person
    assert "Left out 6 of people who answered more than once: the last counts (policy surveys.duplicates)." in printed
    assert len(replies.rejected) == 4
    assert len(replies.left_out) == 5 + 6


# --- what one field holds


@pytest.mark.parametrize(
    ("cell", "mark"),
    [
        ("10", 10),
        (" 7 ", 7),
        ("10 - Extremely likely", 10),
        ("0 – Not at all likely", 0),  # noqa: RUF001 - a dash as tools write it
        ("Extremely likely - 10", 10),
        ("Per niente probabile (0)", 0),
        ("8: probabile", 8),
        ("5 stars", 5),
        ("8.0", 8),
        ("8,0", 8),
        ("", None),
        ("N/A", None),
    ],
)
def test_a_mark_is_read_with_and_without_its_label(cell: str, mark: int | None, read: Callable[..., Any]) -> None:
    replies, _ = read(google(f'a@x.example,"{cell}"', "b@x.example,1"))
    answers = replies.table.loc[replies.table["row"] == 2, "recommend"].tolist()
    # a cell that says that nobody answers is a response; a row without any answer is left out
    assert answers == ([mark] if mark is not None else [pd.NA] if cell else [])


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("11", "11 is off the scale from 0 to 10"),
        ("-1", "-1 is off the scale from 0 to 10"),
        ("11 - Extremely likely", "11 is off the scale"),
        ("8.5", "'8.5' lies between two marks"),
        ("9/10", "'9/10' is no mark"),
        ("2 or 3", "'2 or 3' is no mark"),
        ("1-3", "'1-3' is no mark"),
        ("Very likely", "'Very likely' is no mark; say what it stands for: labels={'Very likely': ...}"),
        ("9" * 5000, f"'{'9' * 100}...' is no mark"),
        ("why - " * 20_000, "...' is no mark"),  # and in no time
        ("٩", "is no mark"),
    ],
)
def test_what_is_no_mark_is_rejected_with_its_row(cell: str, reason: str, read: Callable[..., Any]) -> None:
    replies, printed = read(google("a@x.example,9", f'b@x.example,"{cell}"'))
    assert replies.table["recommend"].tolist() == [9]
    assert replies.rejected[["file", "row"]].to_numpy().tolist() == [["answers.csv", 3]]
    assert replies.rejected["reason"].iloc[0].startswith("column 'Recommend?': ")
    assert reason in replies.rejected["reason"].iloc[0]
    assert "2 responses, 1 taken, 1 rejected." in printed


def test_words_stand_for_marks_where_the_question_says_so(read: Callable[..., Any]) -> None:
    question = Question("Recommend?", "csat", labels={"Very satisfied": 5, "Molto soddisfatto": 5})
    replies, _ = read(
        google("a@x.example,very satisfied", "b@x.example,Molto  soddisfatto", "c@x.example,1"), {"q": question}
    )
    assert replies.table["q"].tolist() == [5, 5, 1]


def test_the_scale_is_the_policys_or_the_questions(read: Callable[..., Any]) -> None:
    replies, _ = read(google("a@x.example,0"), policy="texts")
    assert "0 is off the scale from 1 to 10" in replies.rejected["reason"].iloc[0]
    replies, _ = read(google("a@x.example,0"), {"q": Question("Recommend?", "nps", scale="nps_0_10")}, policy="texts")
    assert replies.answers()["scale"].tolist() == ["0-10"]


@pytest.mark.slow
@given(
    number=st.integers(0, 10),
    label=st.text(st.characters(categories=["L"]), min_size=1),
    end=st.sampled_from(" -\u2013:(="),
)
def test_a_label_never_changes_a_mark(number: int, label: str, end: str) -> None:
    from crmlib.surveys.cells import mark

    assert mark(f"{number} {end} {label}") == number
    assert mark(f"{label} - {number}") == number


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(["Prices", "Delivery, and returns", "Help; at night", "Delivery"]), unique=True),
    st.sampled_from([";", ", "]),
)
def test_options_are_told_apart_whatever_they_hold(chosen: list[str], between: str) -> None:
    from crmlib.surveys.cells import parts

    options = ["Delivery", "Delivery, and returns", "Help; at night", "Prices"]
    assert sorted(parts(between.join(chosen), options)) == sorted(chosen)


@pytest.mark.parametrize(
    ("times", "how", "expected"),
    [
        (["2026/03/01 11:00:00 AM GMT+1"], {}, "2026-03-01 11:00:00"),
        (["2026/07/01 12:15:00 AM CEST"], {}, "2026-07-01 00:15:00"),
        (["2026/03/01 12:00:00 PM UTC"], {}, "2026-03-01 13:00:00"),
        (["2026/03/01 11:30:00 PM GMT+5:30"], {}, "2026-03-01 19:00:00"),
        (["2026/07/01 11:00:00 AM BST"], {"timezone": "Europe/London"}, "2026-07-01 12:00:00"),
        (["2026-03-01T10:00:00.000Z"], {}, "2026-03-01 11:00:00"),
        (["01/03/2026 11.00.00"], {"day_first": True}, "2026-03-01 11:00:00"),
        (["01/03/2026 11:00", "13/03/2026 11:00"], {}, "2026-03-01 11:00:00"),
        (["03/01/2026 11:00", "03/13/2026 11:00"], {}, "2026-03-01 11:00:00"),
        (["3/1/26 11:00"], {"day_first": False}, "2026-03-01 11:00:00"),
        (["2026-03-01"], {}, "2026-03-01 00:00:00"),
        (["2026-03-01 06:00"], {"timezone": "America/New_York"}, "2026-03-01 12:00:00"),
    ],
)
def test_times_are_brought_to_the_shops_zone(
    times: list[str], how: dict[str, Any], expected: str, read: Callable[..., Any]
) -> None:
    rows = [f"{time},{number}@x.example,9" for number, time in enumerate(times)]
    replies, printed = read("\n".join(["Timestamp,Email Address,Recommend?", *rows]), policy=ROME, **how)
    assert str(replies.table["answered_ts"].iloc[0]) == expected
    assert "Times are brought to Europe/Rome" in printed


def test_italian_dates_begin_with_the_day_and_surveymonkeys_with_the_month(read: Callable[..., Any]) -> None:
    replies, printed = read("Informazioni cronologiche;Recommend?\n03/04/2026 9.30.00;9")
    assert str(replies.table["answered_ts"].iloc[0].date()) == "2026-04-03"
    assert "dates begin with the day" in printed
    replies, printed = read("Respondent ID,Collector ID,End Date,Recommend?\n1,2,03/04/2026 09:30:00 AM,9")
    assert str(replies.table["answered_ts"].iloc[0].date()) == "2026-03-04"
    assert "1 that name no zone are taken in UTC; dates begin with the month" in printed


# --- hostile scenarios: what stops, what is rejected, what is left out, what is said


@pytest.mark.parametrize(
    ("content", "how", "error", "message"),
    [
        ("", {}, SourceError, "answers.csv: the file is empty"),
        ("  \n \n", {}, SourceError, "the file is empty"),
        (b"PK\x03\x04rest", {}, SourceError, "workbook or a zip archive"),
        (google("a@x.example,9", "perché,8").encode("cp1252"), {}, SourceError, "row 3: the file is not utf-8.*cp1252"),
        (google("a@x.example,9"), {"encoding": "utf-99"}, SourceError, "'utf-99' is not known"),
        ("name,mark\nanna,9", {}, SchemaError, "no export of Google Forms.*'name', 'mark'"),
        ("When,Timestamp,Recommend?\n1,2,9", {}, SchemaError, "no export of Google Forms"),
        ("one line", {}, SchemaError, "Its columns: none"),
        (google("a@x.example,9", 'b@x.example,"8'), {}, SourceError, "row 3: unexpected end of data"),
        (google("a@x.example,9", heading="Timestamp,Email Address,Recommended"), {}, SchemaError,
         "no column for the question 'recommend'.*Did you mean 'Recommended'"),
        (google("a@x.example,9,8", heading="Timestamp,Email Address,Recommend?,Recommend?"), {}, SchemaError,
         "columns 3 and 4 are both called 'Recommend\\?'"),
        ("Timestamp,Recommend?\n03/04/2026 10:00,9", {}, SchemaError,
         "'03/04/2026 10:00' may begin with the day or with the month. Say day_first"),
        ("Timestamp,Recommend?\n13/04/2026 10:00,9\n04/13/2026 10:00,9", {}, SchemaError,
         "'13/04/2026 10:00' begins with the day, '04/13/2026 10:00' with the month"),
        ("Timestamp,Recommend?\n13/04/2026 10:00,9", {"day_first": False}, SchemaError, "the dates say day_first=True"),
        (google("a@x.example,9"), {"timezone": "Roma"}, SchemaError, "'Roma' is no time zone"),
        (google("a@x.example,9"), {"tool": "google"}, SchemaError, "tool: 'google' is none.*google_forms"),
        (google("a@x.example,9"), {"columns": {"mail": "x"}}, SchemaError, "columns: 'mail' is none.*email"),
        (google("a@x.example,9"), {"columns": {"customer_id": "Recomend"}}, SchemaError, "no such column. Did you"),
        (google("a@x.example,b@x.example,9", heading="Timestamp,Email,Mail,Recommend?"), {}, SchemaError,
         "columns 2 \\('Email'\\) and 3 \\('Mail'\\) could each be email"),
        (google("a@x.example,9"), {"customers": pd.DataFrame({"id": [1]})}, SchemaError, "no column 'customer_id'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_stops_and_says_where(
    content: str | bytes, how: dict[str, Any], error: type[Exception], message: str, read: Callable[..., Any]
) -> None:
    with pytest.raises(error, match=message):
        read(content, **how)


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ({}, "none is asked for"),
        ({"recommend": "nps"}, "expected a Question, got 'nps'"),
        ({"row": Question("Recommend?")}, "'row' cannot be a question's name"),
        ({"q": Question("Recommend?", "csat", labels={"Very": 6})}, r"labels \{'Very': 6\} are off the scale"),
    ],
)
def test_questions_are_checked(questions: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        surveys.read_answers(EXPORTS / "google_forms.csv", questions)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": ""}, "give the text"),
        ({"text": ()}, "give the text"),
        ({"text": "q", "kind": "stars"}, "kind='stars'"),
        ({"text": "q", "kind": "nps", "scale": "nps_0_11"}, "a scale of recommendation is"),
        ({"text": "q", "kind": "csat", "scale": "nps_0_10"}, "scale belong to the kind nps"),
        ({"text": "q", "kind": "text", "options": ("a",)}, "options belong to the kind choice or several"),
        ({"text": "q", "kind": "several", "options": "abc"}, "give several texts"),
        ({"text": "q", "kind": "several", "options": ("a|b",)}, "without the bar"),
        ({"text": "q", "kind": "csat", "labels": {"good": "5"}}, "a mark for each text"),
    ],
)
def test_a_question_that_is_none_says_why(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        Question(**arguments)


def test_google_s_columns_in_another_order_are_read_when_the_tool_is_named(read: Callable[..., Any]) -> None:
    moved = google("10,a@x.example", heading="Recommend?,Email Address").replace(
        "Recommend?,Email Address", "Recommend?,Email Address,Timestamp"
    )
    heading, row = moved.split("\n")
    when, mark, mail = row.split(",")
    content = f"{heading}\n{mark},{mail},{when}"
    with pytest.raises(SchemaError, match=r"In another order\? Say tool='google_forms'"):
        read(content)
    assert read(content, tool="google_forms")[0].table["recommend"].tolist() == [10]


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"There is no file .*google_form\.csv.* Did you mean 'google_forms\.csv'"):
        surveys.read_answers(EXPORTS / "google_form.csv", QUESTIONS)
    with pytest.raises(SourceError, match=r"holds no \.csv file"):
        surveys.read_answers(tmp_path, QUESTIONS)
    with pytest.raises(SourceError, match="No file was given"):
        surveys.read_answers([], QUESTIONS)
    with pytest.raises(SourceError, match="Two files are called"):
        surveys.read_answers([EXPORTS / "typeform.csv", EXPORTS / "typeform.csv"], QUESTIONS)


def test_headings_alone_give_an_empty_table(read: Callable[..., Any]) -> None:
    replies, printed = read(google())
    assert len(replies.table) == len(replies.rejected) == len(replies.left_out) == len(replies.answers()) == 0
    assert replies.table["recommend"].dtype == "Int64"
    assert "0 responses, 0 taken." in printed


@pytest.mark.parametrize(
    "content",
    [
        google("a@x.example,9").encode("utf-8-sig"),
        google("a@x.example,9").encode("utf-16"),
        google("a@x.example,9").replace(",", ";"),
        google("a@x.example,9").replace(",", "\t"),
        google("a@x.example,9").replace("\n", "\r\n"),
        "Answers of March,,\n\n" + google("a@x.example,9"),
        google("a@x.example,9", heading="TIMESTAMP,email address,<b>Recommend</b>"),
        google("a@x.example,9,,", heading="Timestamp,Email Address,Recommend?,,"),
    ],
)
def test_marks_separators_and_rows_above_do_not_matter(content: str | bytes, read: Callable[..., Any]) -> None:
    replies, _ = read(content)
    assert replies.table[["respondent", "recommend"]].to_numpy().tolist() == [["a@x.example", 9]]


def test_another_encoding_is_read_where_it_is_said(read: Callable[..., Any]) -> None:
    content = google("a@x.example,9,perché", heading="Timestamp,Email Address,Recommend?,Più?").encode("cp1252")
    replies, _ = read(content, {**NPS, "more": Question("Più?")}, encoding="cp1252")
    assert replies.table["more"].tolist() == ["perché"]


def test_rows_that_cannot_be_told_apart_and_empty_ones_are_listed(read: Callable[..., Any]) -> None:
    replies, printed = read(google("a@x.example,9", "b@x.example,8,extra", "c@x.example") + "\n\n,,\n")
    assert replies.table["row"].tolist() == [2]
    assert replies.rejected.to_numpy().tolist() == [
        ["answers.csv", 3, "4 fields, where the headings name 3 columns"],
        ["answers.csv", 4, "2 fields, where the headings name 3 columns"],
    ]
    assert replies.left_out.to_numpy().tolist() == [["answers.csv", 6, "the row is empty"]]
    assert "4 responses, 1 taken, 2 rejected, 1 left out (1 empty row)." in printed


def test_a_time_that_cannot_be_read_is_rejected_and_none_is_counted(read: Callable[..., Any]) -> None:
    rows = ["yesterday,a@x.example,9", ",b@x.example,8", "2026/02/30 1:00:00 AM CET,c@x.example,7",
            "2026/03/01 1:00:00 AM XYZ,d@x.example,6", "2026/03/01 13:00:00 PM CET,e@x.example,5"]  # fmt: skip
    replies, printed = read("\n".join(["Timestamp,Email Address,Recommend?", *rows]))
    assert replies.table[["row", "answered_ts"]].isna().to_numpy().tolist() == [[False, True]]
    assert replies.rejected["row"].tolist() == [2, 4, 5, 6]
    assert replies.rejected["reason"].str.startswith("column 'Timestamp': ").all()
    assert "the zone 'XYZ' is not known: say timezone=" in replies.rejected["reason"].iloc[2]
    assert "Responses without a time: 1." in printed


def test_an_export_without_times_is_read(read: Callable[..., Any]) -> None:
    replies, printed = read("Respondent ID,Collector ID,Recommend?\n,,Response\n11,2,9\n12,2,8")
    assert replies.table["recommend"].tolist() == [9, 8]
    assert replies.table["answered_ts"].isna().all()
    assert "There is no column of times." in printed
    assert "Nothing tells who answered." in printed


def test_tests_and_partial_responses_are_left_out_and_counted(read: Callable[..., Any]) -> None:
    when = "2026-03-01 10:00:00"
    content = typeform(
        f"r1,9,C1,completed,{when},", f"r2,9,TEST,completed,{when},", f"r3,9,C2,completed,{when},test",
        f"r4,9,C3,partial,{when},", "r5,9,C4,completed,,", f"r6,,C5,completed,{when},", f"r7,9,C6,completed,{when},",
        f"r8,11,C7,started,{when},",
    )  # fmt: skip
    replies, printed = read(content, tests=["c6"])
    assert replies.table["customer_id"].tolist() == ["C1"]
    assert len(replies.rejected) == 0  # who did not finish is not told that a mark is off the scale
    assert replies.left_out[["row", "reason"]].to_numpy().tolist() == [
        [3, "a test"], [4, "a test"], [5, "partial: the tool says 'partial'"],
        [6, "partial: there is no 'Submit Date (UTC)'"], [7, "no question is answered"], [8, "a test"],
        [9, "partial: the tool says 'started'"],
    ]  # fmt: skip
    assert "8 responses, 1 taken, 7 left out (3 test, 3 partial, 1 without an answer)." in printed


@pytest.mark.parametrize(
    ("rule", "marks"), [("last", [8, 1]), ("first", [3, 1]), ("keep", [3, 1, 8]), ("mean", [3, 1, 8])]
)
def test_of_a_person_who_answers_twice_the_policys_rule_says_which_counts(
    rule: str, marks: list[int], read: Callable[..., Any]
) -> None:
    content = google("Anna@x.example,3", ",1", "anna@x.example ,8")
    replies, printed = read(content, policy={"surveys": {"duplicates": rule}})
    assert sorted(replies.table["recommend"].tolist()) == sorted(marks)
    assert ("Left out 1 of people who answered more than once" in printed) == (len(marks) == 2)
    if rule == "last":
        assert replies.left_out["reason"].tolist() == [
            "the same person answered in answers.csv, row 4, and the last counts (policy surveys.duplicates)"
        ]


def test_a_response_without_a_time_never_goes_before_one_with_a_time(read: Callable[..., Any]) -> None:
    content = "Timestamp,Email Address,Recommend?\n2026/03/01 1:00:00 AM CET,a@x.example,3\n,a@x.example,8"
    for rule in ("last", "first"):
        replies, _ = read(content, policy={"surveys": {"duplicates": rule}})
        assert replies.table["recommend"].tolist() == [3]


def test_the_same_response_in_two_files_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    when = "2026-03-01 10:00:00"
    (tmp_path / "1.csv").write_text(typeform(f"r1,3,,completed,{when},", f"r2,4,,completed,{when},"))
    (tmp_path / "2.csv").write_text(typeform("r2,5,,completed,2026-03-02 10:00:00,", f"r3,6,,completed,{when},"))
    replies = surveys.read_answers(tmp_path, NPS)
    assert sorted(replies.table["recommend"].tolist()) == [3, 5, 6]
    assert replies.left_out.to_numpy().tolist() == [["1.csv", 3, "an earlier version of 2.csv, row 2"]]
    assert "Left out 1 earlier versions of the same responses." in capsys.readouterr().out
    (tmp_path / "1.csv").write_text(google(",3", ",3").replace("11:01", "11:00"))
    (tmp_path / "2.csv").write_text(google(",3", ",9"))
    replies = surveys.read_answers(tmp_path, NPS)
    # two people may answer alike within a second; an export that overlaps another repeats them
    assert sorted(replies.table["recommend"].tolist()) == [3, 3, 9]
    assert replies.left_out["reason"].tolist() == ["the same response as 1.csv, row 3"]


def test_numbers_that_a_spreadsheet_rounded_make_no_two_responses_one(read: Callable[..., Any]) -> None:
    rows = [f"1.18052E+11,4.46E+08,03/01/2026 11:0{minute},{minute}" for minute in range(3)]
    replies, _ = read("\n".join(["Respondent ID,Collector ID,End Date,Recommend?", *rows]))
    assert replies.table["recommend"].tolist() == [0, 1, 2]


def test_who_answered_is_matched_by_id_and_address_and_doubt_is_said(read: Callable[..., Any]) -> None:
    customers = pd.DataFrame(
        {"customer_id": ["C1", "C2", "C3", "C4"], "email": ["ANNA@x.example", "two@x.example", "two@x.example", None]}
    )
    heading = "Timestamp,Email Address,customer_id,Recommend?"
    content = google(
        " anna@X.example ,,9", "two@x.example,,8", "nobody@x.example,,7", "two@x.example,C2,6", "anna@x.example,C4,5",
        ",C9,4", ",xxxxx,3", "Anonymous,,2", heading=heading,
    )  # fmt: skip
    replies, printed = read(content, customers=customers)
    known = replies.table.set_index("recommend")["customer_id"]
    assert known.dropna().to_dict() == {9: "C1", 6: "C2"}
    assert replies.table.set_index("recommend").loc[[4, 3, 2], "respondent"].isna().tolist() == [False, True, True]
    for line in (
        "Who answered: ids in 'customer_id' and addresses in 'Email Address'; 2 of 8 have a customer_id.",
        "Addresses of several customers, of whom none is taken: 1.",
        "Addresses of no customer: 1.",
        "Ids of no customer: 1.",
        "Ids and addresses of two customers, of whom none is taken: 1.",
        "Ids such as 'xxxxx' that name nobody: 1.",
        "Addresses without an @, which are none: 1.",
    ):
        assert line in printed


def test_placeholders_are_nobody_and_never_the_same_person(read: Callable[..., Any]) -> None:
    when = "2026-03-01 10:00:00"
    replies, _ = read(
        typeform(
            *(
                f"r{number},{number},{who},completed,{when},"
                for number, who in enumerate(["xxxxx", "xxxxx", "{{id}}", "C1"])
            )
        )
    )
    assert replies.table["recommend"].tolist() == [0, 1, 2, 3]
    assert replies.table["customer_id"].isna().tolist() == [True, True, True, False]


def test_the_caller_may_say_which_columns_tell_who_and_when(read: Callable[..., Any]) -> None:
    content = "ID,Data di fine,Dati,Posta,Recommend?\n,,,,Risposta\n1,03/04/2026 10:00:00,C1,a@x.example,9"
    columns = {"answered_ts": "Data di fine", "customer_id": "Dati", "email": "Posta"}
    replies, printed = read(content, tool="surveymonkey", columns=columns, day_first=True)
    assert replies.table[["row", "customer_id", "recommend"]].to_numpy().tolist() == [[3, "C1", 9]]
    assert str(replies.table["answered_ts"].iloc[0].date()) == "2026-04-03"
    assert "Not asked for: 1 column, 'ID'." in printed


def test_what_is_not_asked_for_or_spelled_otherwise_is_said(read: Callable[..., Any]) -> None:
    heading = "Timestamp,Email Address,Punteggio, recommend ,Colour?,Size?"
    _, printed = read(google("a@x.example,3,9,red,M", heading=heading))
    assert "Spelled otherwise: 'Recommend?' is 'recommend'." in printed
    assert "Not asked for: 2 columns, 'Colour?', 'Size?'." in printed


# --- several answers, grids, and columns for each option


def test_commas_that_may_be_part_of_an_answer_need_the_options(read: Callable[..., Any]) -> None:
    sheet = "Timestamp;Why?\n2026-03-01 10:00;Delivery, Prices"
    with pytest.raises(SchemaError, match=r"row 2, column 'Why\?': 'Delivery, Prices' may be several answers"):
        read(sheet, {"why": Question("Why?", "several")})
    replies, _ = read(sheet, {"why": Question("Why?", "several", options=("Prices", "Delivery"))})
    assert replies.table["why"].tolist() == ["Prices|Delivery"]
    own = 'Timestamp,Why?\n2026/03/01 1:00:00 AM CET,"Delivery, and returns;Prices|rates"'
    replies, _ = read(own, {"why": Question("Why?", "several")})
    assert replies.table["why"].tolist() == ["Delivery, and returns|Prices/rates"]


def test_typeform_needs_the_options_and_each_of_them_once(read: Callable[..., Any]) -> None:
    heading = "#,Delivery,Prices,Start Date (UTC),Submit Date (UTC)"
    row = "r1,,Prices,2026-03-01 10:00:00,2026-03-01 10:00:00"
    with pytest.raises(SchemaError, match="none for the question: give its options"):
        read(f"{heading}\n{row}", {"why": Question("Why?", "several")})
    with pytest.raises(SchemaError, match=r"no column for the option 'Price'.*Did you mean 'Prices'"):
        read(f"{heading}\n{row}", {"why": Question("Why?", "several", options=("Delivery", "Price"))})
    with pytest.raises(SchemaError, match="the option 'Prices' of the question 'why' heads 2 columns"):
        read(f"{heading},Prices\n{row},", {"why": Question("Why?", "several", options=("Delivery", "Prices"))})


def test_typeforms_guard_against_formulas_is_taken_away(read: Callable[..., Any]) -> None:
    content = typeform("r1,9,'+39,completed,2026-03-01 10:00:00,")
    assert read(content)[0].table["customer_id"].tolist() == ["+39"]


SURVEYMONKEY = "Respondent ID,Collector ID,End Date,{}\n,,,{}\n"


@pytest.mark.parametrize(
    ("headings", "row", "question", "expected"),
    [
        (("Rate us,,", "Speed,Price,Help"), "5,4,1", Question("Rate us: Price", "csat"), 4),
        (("Rate us,,", "1,2,3"), ",2,", Question("Rate us", "csat"), 2),
        (("Rate us,,", "1 - bad,2,3 - good"), ",,3 - good", Question("Rate us", "csat"), 3),
        (("Rate us,", "Response,Tell us more"), "4,because", Question("Rate us", "csat"), 4),
        (("Choose,", "Response,Other (please specify)"), ",a sofa", Question("Choose", "choice"), "a sofa"),
        (("Choose,Choose,Choose", "Bed,Sofa,Desk"), "Bed,,Desk", Question("Choose", "several"), "Bed|Desk"),
        (("Choose,,", "Bed,Sofa,Desk"), "1,,1", Question("Choose", "several"), "Bed|Desk"),
    ],
)
def test_surveymonkeys_second_row_of_headings(
    headings: tuple[str, str], row: str, question: Question, expected: Any, read: Callable[..., Any]
) -> None:
    content = SURVEYMONKEY.format(*headings) + f"11,2,03/13/2026 10:00:00 AM,{row}"
    replies, _ = read(content, {"q": question})
    assert replies.rejected["reason"].tolist() == []
    assert replies.table[["row", "q"]].to_numpy().tolist() == [[3, expected]]


@pytest.mark.parametrize(("cells", "reason"), [("1,2,", "2 marks, '1' and '2'"), (",1,", "'1' stands under '2'")])
def test_columns_that_contradict_each_other_are_rejected(cells: str, reason: str, read: Callable[..., Any]) -> None:
    content = SURVEYMONKEY.format("Rate us,,", "1,2,3") + f"11,2,03/13/2026 10:00:00 AM,{cells}"
    replies, _ = read(content, {"q": Question("Rate us", "csat")})
    assert replies.rejected["reason"].tolist() == [f"column 'Rate us': {reason}"]


def test_two_answers_to_one_choice_are_rejected(read: Callable[..., Any]) -> None:
    content = SURVEYMONKEY.format("Choose,", "Bed,Sofa") + "11,2,03/13/2026 10:00:00 AM,Bed,Sofa"
    replies, _ = read(content, {"q": Question("Choose", "choice")})
    assert replies.rejected["reason"].tolist() == ["column 'Choose': 2 answers to one choice, 'Bed' and 'Sofa'"]


def test_a_form_in_two_languages_has_a_column_for_each(read: Callable[..., Any]) -> None:
    content = google("a@x.example,9,", "b@x.example,,7", heading="Timestamp,Email Address,Recommend?,Consigli?")
    replies, _ = read(content, {"q": Question(("Recommend?", "Consigli?"), "nps")})
    assert replies.table["q"].tolist() == [9, 7]


# --- the whole


def as_google(marks: list[str], at: list[datetime]) -> str:
    return as_csv(
        ["Timestamp", "Recommend?"],
        [[f"{when:%Y/%m/%d %I:%M:%S %p} UTC", mark] for when, mark in zip(at, marks, strict=True)],
    )


def as_typeform(marks: list[str], at: list[datetime]) -> str:
    rows = [
        [f"r{n}", mark, "completed", str(when), str(when)] for n, (when, mark) in enumerate(zip(at, marks, strict=True))
    ]
    return as_csv(["#", "Recommend?", "Response Type", "Start Date (UTC)", "Submit Date (UTC)"], rows)


def as_surveymonkey(marks: list[str], at: list[datetime]) -> str:
    rows = [
        [str(n), "7", f"{when:%m/%d/%Y %I:%M:%S %p}", mark]
        for n, (when, mark) in enumerate(zip(at, marks, strict=True))
    ]
    return as_csv(["Respondent ID", "Collector ID", "End Date", "Recommend?"], [["", "", "", "Response"], *rows])


def as_csv(headings: list[str], rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([headings, *rows])
    return text.getvalue()


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    marks=st.lists(
        st.integers(-2, 13).map(str) | st.sampled_from(["", "10 - Extremely likely", "no; never", '"', "N/A"]),
        max_size=12,
    ),
    seconds=st.integers(0, 40_000_000),
)
def test_every_row_is_taken_rejected_or_left_out_and_alike_by_each_tool(
    marks: list[str], seconds: int, tmp_path: Path
) -> None:
    at = [datetime(2025, 1, 13) + timedelta(seconds=seconds + 60 * number) for number in range(len(marks))]  # noqa: DTZ001 - the shop's zone
    results = []
    for write, first in ((as_google, 2), (as_typeform, 2), (as_surveymonkey, 3)):
        (tmp_path / "answers.csv").write_text(write(marks, at), encoding="utf-8", newline="")
        replies = surveys.read_answers(tmp_path, NPS)
        rows = [*replies.table["row"], *replies.rejected["row"], *replies.left_out["row"]]
        assert sorted(rows) == list(range(first, first + len(marks)))
        results.append(replies)
    for replies in results[1:]:
        pd.testing.assert_frame_equal(replies.table.drop(columns="row"), results[0].table.drop(columns="row"))
        assert replies.rejected["reason"].tolist() == results[0].rejected["reason"].tolist()
