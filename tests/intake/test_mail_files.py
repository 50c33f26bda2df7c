"""Mail as it lies on a disk: each mail ends as one row of `filed`, whatever it holds."""

from __future__ import annotations

import base64
import mailbox
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import hypothesis
import pandas as pd
import pytest
from hypothesis import strategies as st

from crmlib.errors import SourceError
from crmlib.intake import clean_contacts, tickets_from_mail

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.intake import Mail

ROME = {"orders": {"timezone": "Europe/Rome"}}
HEAD = "From: Anna Rossi <anna@example.org>\nTo: info@bottega.example\nSubject: Parcel\nMessage-ID: <m@example.org>\n"


def plain(body: str = "Hello", **headers: str) -> EmailMessage:
    mail = EmailMessage()
    usual = {"From": "Anna Rossi <anna@example.org>", "To": "info@bottega.example", "Subject": "Parcel"}
    for name, value in (usual | {key.replace("_", "-"): value for key, value in headers.items()}).items():
        if value:
            mail[name] = value
    mail.set_content(body)
    return mail


def only(source: Any) -> pd.Series:
    mail = tickets_from_mail(source, policy=ROME)
    assert len(mail.filed) == 1
    return mail.filed.iloc[0]


@pytest.mark.slow
def test_one_mail_of_each_sort(tmp_path: Path) -> None:
    whole = plain("Gentili,\n\n- uno\n- due\n", Date="Mon, 02 Nov 2026 10:00:00 +0100", Message_ID="<1@example.org>")
    whole.add_alternative("<p>Something else</p>", subtype="html")
    whole.add_attachment(b"x" * 1234, maintype="image", subtype="jpeg", filename="crêpe.jpg")
    page = EmailMessage()
    page["From"], page["To"], page["Message-ID"] = "bo@example.org", "Info <INFO@bottega.example>", "<2@example.org>"
    page["In-Reply-To"] = "<1@example.org>"
    page.set_content("<p>Hello&nbsp;there</p><ul><li>one</li></ul>", subtype="html")
    (tmp_path / "below").mkdir()
    (tmp_path / "1.eml").write_bytes(whole.as_bytes())
    (tmp_path / "below" / "2.eml").write_bytes(page.as_bytes())
    (tmp_path / "3.msg").write_bytes(b"\xd0\xcf\x11\xe0")
    (tmp_path / "4.eml").write_bytes(b"")
    box = mailbox.mbox(tmp_path / "all.mbox")
    box.add(plain("From here on\n\nFrom me, 1999", Message_ID="<3@example.org>", From="Cy <cy@example.org>"))
    box.add(whole)
    box.close()
    mail = tickets_from_mail(tmp_path, policy=ROME)
    assert mail.filed["as_what"].value_counts().to_dict() == {"ticket": 3, "rejected": 2, "duplicate": 1}
    tickets = mail.tickets.set_index("ticket_id")
    first = tickets.loc["T-1@example.org"]
    assert first["opened_ts"] == pd.Timestamp("2026-11-02 10:00")
    assert first["request_text"] == "Gentili,\n\n- uno\n- due"
    assert first["attachments"] == "crêpe.jpg (1,234 bytes)"
    assert tickets.loc["T-2@example.org", "request_text"] == "Hello there\n\n- one"
    assert tickets["thread_id"].to_dict() == {
        "T-1@example.org": "1@example.org",
        "T-2@example.org": "1@example.org",
        "T-3@example.org": "3@example.org",
    }
    assert tickets.loc["T-3@example.org", "request_text"] == "From here on\n\nFrom me, 1999"
    assert mail.leads[["first_name", "last_name"]].dropna().to_numpy().tolist() == [["Anna", "Rossi"]]
    rejected = mail.filed[mail.filed["as_what"] == "rejected"].set_index("contact_id")["reason"]
    assert rejected.to_dict() == {
        "3.msg, 1": "Outlook's own format (.msg): save it as .eml",
        "4.eml, 1": "an empty file",
    }


REPORT = """From: Mail System <mailer@mx.example>
To: anna@bottega.example
Subject: Undelivered
Return-Path: <>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

I could not deliver it.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; gone@example.org
Action: failed

--b--
"""
FORWARD = """See below.

---------- Forwarded message ---------
From: *Anna Rossi* <anna@example.org>
Date: Mon, 2 Nov 2026
Subject: Parcel
To: <giulia@bottega.example>

Where is my parcel?
"""


@pytest.mark.slow
def test_reports_answers_of_programs_and_forwarded_mail() -> None:
    bounce = only(REPORT.encode())
    assert bounce["as_what"] == "bounce"
    assert "gone@example.org" in bounce["reason"]
    for headers in (
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
        {"From": "no-reply@parcels.example"},
    ):
        assert only(plain(**headers))["as_what"] == "automatic", headers
    assert only(plain(Auto_Submitted="no", Precedence="list"))["as_what"] == "ticket"
    sent_on = tickets_from_mail(plain(FORWARD, From="Giulia <giulia@bottega.example>", Subject="Fwd: Parcel"))
    assert sent_on.leads["email"].tolist() == ["anna@example.org"]
    assert "forwarded by giulia@bottega.example" in sent_on.filed["reason"][0]
    assert "Where is my parcel?" in sent_on.tickets["request_text"][0]
    attached = plain("See the mail", From="Giulia <giulia@bottega.example>", Subject="Parcel")
    attached.add_attachment(plain("Where is it?"))
    assert tickets_from_mail(attached).leads["email"].tolist() == ["anna@example.org"]
    # a customer who forwards a courier's note is still the one who writes
    customer = tickets_from_mail(plain(FORWARD.replace("anna@", "courier@"), Subject="Fwd: Parcel"))
    assert customer.leads["email"].tolist() == ["anna@example.org"]
    form = plain("Name: Bo Berg\nE-mail: bo@example.org\n\nHello", From="no-reply@bottega.example")
    assert tickets_from_mail(form).leads["email"].tolist() == ["bo@example.org"]
    answers = plain("Hello", From="no-reply@forms.example", Reply_To="bo@example.org")
    assert tickets_from_mail(answers).tickets["request_text"].tolist() == ["Hello"]


def nested(depth: int) -> bytes:
    start = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return (HEAD + start + "\nat the bottom\n" + "".join(f"--b{n}--\n" for n in reversed(range(depth)))).encode()


HOSTILE: dict[str, tuple[bytes, str, str]] = {
    "ten megabytes": ((HEAD + "\n" + "a line of text, and another\n" * 360_000).encode(), "ticket", "cut at 100,000"),
    "one line of ten megabytes": ((HEAD + "\n" + "x" * 10_000_000).encode(), "ticket", "cut at 100,000"),
    "a thousand parts in each other": (nested(1000), "ticket", "nested too deep"),
    "sixty parts in each other": (nested(60), "ticket", "nested too deep"),
    "three thousand parts": (
        (HEAD + "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 3000 + "--b--\n").encode(),
        "ticket",
        "more than 2,000 parts",
    ),
    "an alphabet that is none": (
        HEAD.encode() + b"Content-Type: text/plain; charset=klingon\n\ncaff\xe8",
        "ticket",
        "charset 'klingon': read as cp1252",
    ),
    "another alphabet than it says": (
        HEAD.encode() + b"Content-Type: text/plain; charset=utf-8\n\ncaff\xe8",
        "ticket",
        "charset 'utf-8': read as cp1252",
    ),
    "a codec that is no alphabet": (
        HEAD.encode() + b"Content-Type: text/plain; charset=punycode\n\n" + b"a-" * 100_000,
        "ticket",
        "read as utf-8",
    ),
    "broken base64": (
        HEAD.encode() + b"Content-Transfer-Encoding: base64\n\n" + base64.b64encode(b"Hello there, all") + b"=A$b",
        "ticket",
        "base64 is broken",
    ),
    "null bytes": (HEAD.encode() + b"\nnull \x00 bytes" + b"." * 90, "ticket", "null bytes left out"),
    "no headers": (b"I only wrote a text.\nNothing more.", "ticket", "no headers"),
    "no sender": (b"Subject: Parcel\n\nWhere?", "ticket", "sender unknown"),
    "a picture": (b"\x89PNG\r\n" + bytes(5000), "rejected", "its bytes are no text"),
    "nothing": (b"\n\n", "rejected", "an empty file"),
    "a header of a megabyte": (
        b"From: anna@example.org\nTo: info@bottega.example\nContent-Type: text/plain; "
        + b"a=b; " * 200_000
        + b"\n\nHi",
        "ticket",
        "no date",
    ),
    "a megabyte of <": (HEAD.encode() + b"Content-Type: text/html\n\n" + b"<" * 1_000_000, "ticket", "cut at 100,000"),
    "a date of no calendar": (
        HEAD.encode() + b"Date: Mon, 99 Foo 0000 99:99 +9999\n\nHi",
        "ticket",
        "its date cannot be",
    ),
    "brackets without end": (
        b"From: " + b"(" * 5000 + b"anna@example.org\nTo: info@bottega.example\n\nHi",
        "ticket",
        "info@bottega.example",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_becomes_one_row_with_a_reason(name: str) -> None:
    content, what, reason = HOSTILE[name]
    row = only(content)
    assert row["as_what"] == what
    assert reason in row["reason"]


TEXT = st.text(max_size=60)
ADDRESSES = [
    *(
        "anna@example.org",
        "Bo Berg <bo@example.org>",
        "<>",
        "",
        "MAILER-DAEMON@mx",
        "no-reply@x.example",
        "nobody",
        "@",
    ),
    *('"R, A" <a@b.co>', "a@b.co, b@b.co", "=?utf-8?q?Zo=C3=AB?= <z@example.org>", "<<>>", "info@supplier.example"),
]
ADDRESS = st.sampled_from(ADDRESSES)
TYPES = [
    *("text/plain", "text/html; charset=x", "multipart/mixed", "multipart/alternative; boundary=b", "message/rfc822"),
    *("multipart/report; report-type=delivery-status; boundary=b", "image/png; name=x", "text/plain; charset*=''%E9"),
]
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "From": ADDRESS,
        "Reply-To": ADDRESS,
        "To": st.sampled_from(["info@bottega.example", "giulia@bottega.example", "x", "", "resi@b.co, x@y.co"]),
        "Subject": st.sampled_from(["Parcel", "", "Fwd: x", "Automatic reply: x", "=?utf-8?B?///?=", "=?x?q?=E9?="]),
        "Date": st.sampled_from(["Mon, 02 Nov 2026 10:00:00 +0100", "yesterday", "", "Mon, 1 Jan 0001 00:00:00 -0000"]),
        "Message-ID": st.sampled_from(["<1@x>", "<2@x>", "", "<>", "<3@x"]),
        "In-Reply-To": st.sampled_from(["<1@x>", "<2@x>", "x"]),
        "Auto-Submitted": st.sampled_from(["no", "auto-replied"]),
        "Return-Path": st.sampled_from(["<>", "<a@b.co>"]),
        "Content-Type": st.sampled_from(TYPES),
        "Content-Transfer-Encoding": st.sampled_from(["base64", "quoted-printable", "8bit", "x-uuencode", "?"]),
        "Content-Disposition": st.sampled_from(["attachment; filename=x", "inline", "attachment; filename*=utf-8''%"]),
    },
)  # fmt: skip
BODY = st.one_of(
    TEXT,
    st.sampled_from(["--b\n\nHi\n--b\nContent-Type: text/html\n\n<p>x\n--b--", "=E9=\n", "SGVsbG8", "begin 644 x"]),
)


@st.composite
def raw_mails(draw: st.DrawFn) -> bytes:
    lines = "".join(f"{name}: {value}\n" for name, value in draw(HEADERS).items())
    return f"{lines}\n{draw(BODY)}".encode("utf-8", "surrogatepass")


@pytest.mark.slow
@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(st.lists(st.one_of(raw_mails(), st.binary(max_size=40)), min_size=1, max_size=12))
def test_mails_in_are_rows_filed(mails: list[bytes]) -> None:
    cleaned = clean_contacts(mails, policy=ROME)
    assert len(cleaned.contacts) + len(cleaned.rejects) == len(mails)
    mail: Mail = tickets_from_mail(cleaned, policy=ROME)
    assert len(mail.filed) == len(mails)
    kinds = mail.filed["as_what"].value_counts()
    assert set(kinds.index) <= {"ticket", "message", "lead", "bounce", "automatic", "duplicate", "rejected"}
    assert len(mail.tickets) == kinds.get("ticket", 0)
    assert mail.tickets["ticket_id"].is_unique
    assert mail.leads["merged_id"].is_unique
    assert (mail.filed["reason"].fillna("") != "").all()
    again = tickets_from_mail(clean_contacts(mails[::-1], policy=ROME), policy=ROME)
    assert again.filed["as_what"].value_counts().to_dict() == kinds.to_dict()


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"mails\.mbox: there is no such file"):
        tickets_from_mail(tmp_path / "mails.mbox")
