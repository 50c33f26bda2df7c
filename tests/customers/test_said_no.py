"""Whoever said no, wherever and however, is not written to; whoever said something else is not taken for it.

Each scenario is a small shop with a permission in its consents, and one more thing that it holds about the customer.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import open_shop
from crmlib.customers.consent import findings, may_contact
from crmlib.customers.statements import statements
from crmlib.errors import SchemaError
from crmlib.text.consent import kind_of
from crmlib.text.consent_cells import cell
from crmlib.text.consent_remarks import channels_refused_in

if TYPE_CHECKING:
    from crmlib.shop import Shop

pytestmark = pytest.mark.slow  # each opens a shop

GIVEN = """customer_id,channel,purpose,given_ts,withdrawn_ts
K1,email,marketing,2023-01-01,
K1,sms,marketing,2023-01-01,
K2,email,marketing,2023-01-01,
"""
#: What is written to whom, where nothing else is said.
ALL = {"email": {"K1", "K2"}, "sms": {"K1"}}
BOTH, NO_MAIL, NOTHING = {"email", "sms"}, {"sms"}, set[str]()


def table(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def shop(as_of: str | None = None, **tables: str) -> Shop:
    people = "customer_id,email,phone\nK1,k1@example.org,+393477654321\nK2,k2@example.org,+393477654322\n"
    texts = {
        "orders": "customer_id,order_id,order_ts,amount\nK1,1,2024-04-08,10\nK2,2,2024-04-08,10\n",
        "customers": people,
        "consents": GIVEN,
        **tables,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        return open_shop({name: table(text) for name, text in texts.items()}, as_of=as_of)


def written_to(opened: Shop, as_of: str | None = None) -> dict[str, set[str]]:
    may = may_contact(opened, as_of=as_of)
    return {channel: set(may.index[may[channel]]) for channel in ALL}


def wide(boxes: list[tuple[str, str]]) -> dict[str, str]:
    """Return customers of whom each says one thing, in a column that the others leave empty, and their permissions."""
    headings = list(dict.fromkeys(heading for heading, _ in boxes))
    cells = [",".join(f'"{value}"' if other == heading else "" for other in headings) for heading, value in boxes]
    people = [f"C{number},c{number}@example.org,+3934765430{number:02d}" for number in range(len(boxes))]
    rows = [f"{person},{said}" for person, said in zip(people, cells, strict=True)]
    consents = [f"C{number},{way},marketing,2023-01-01," for number in range(len(boxes)) for way in ("email", "sms")]
    return {
        "customers": "\n".join([",".join(["customer_id", "email", "phone", *(f'"{one}"' for one in headings)]), *rows]),
        "consents": "\n".join(["customer_id,channel,purpose,given_ts,withdrawn_ts", *consents]),
        "orders": "\n".join(
            [
                "customer_id,order_id,order_ts,amount",
                *(f"C{number},{number},2024-04-08,10" for number in range(len(boxes))),
            ]
        ),
    }


def said_to(opened: Shop, number: int) -> set[str]:
    may = may_contact(opened)
    return {channel for channel in ALL if f"C{number}" in may.index and bool(may.loc[f"C{number}", channel])}


@pytest.mark.parametrize(
    ("right", "boxes"),
    [
        (NOTHING, [
            ("status", "deleted"), ("stato", "cessato"), ("status", "blocked"), ("status", "anonymised"),
            ("tags", "vip; Opt-out tutto"), ("note", "ha chiesto di NON essere più contattata"),
            ("Notes", "DO NOT CONTACT!!"), ("note", "diritto all'oblio"), ("preferences", "no marketing"),
            ("contattabile", "no"), ("may_contact", "0"), ("permesso", "NO"), ("privacy_marketing", "no"),
            ("gdpr_consent", "❌"), ("gdpr", "0"), ("privacy", "no"), ("lista_robinson", "x"), ("oblio", "sì"),
            ("deceased", "1"), ("is_deleted", "true"), ("deleted_at", "2024-02-01"), ("blocked", "bad payer"),
            ("disiscritto_il", "1 febbraio 2024"), ("unsubscribed_at", "Thu, 01 Feb 2024 10:00:00 +0100"),
            ("registro_opposizioni", "1"), ("marketing_consent", "disiscritto il 3/2/2024"),
            ("consenso_marketing", "👎"), ("direct_marketing", "no"),
        ]),
        (NO_MAIL, [
            ("newsletter", "❌"), ("newsletter", "mai"), ("newsletter", "No, grazie"), ("newsletter", "🚫"),
            ("newsletter", "unsubscribed 2024-02-01"), ("email_ok", "no"), ("mail_ok", "0"), ("can_email", "no"),
            ("emailable", "false"), ("email_status", "invalid"), ("email_status", "Hard bounced"),
            ("permission_email", "n"), ("tags", "vip,no-mail"), ("tags", "niente mail"),
        ]),
        (BOTH, [
            ("newsletter", "✅"), ("newsletter", ""), ("status", "active"), ("status", "inactive"),
            ("status", "disabled"), ("note", "prefers the bus stop at the corner"), ("note", "reso senza problemi"),
            ("gdpr", "1"), ("is_deleted", "false"), ("deceased", "no"), ("city", "Stop"), ("lista_robinson", "no"),
            ("privacy_version", "2"), ("unsubscribed_at", "9999-12-31"), ("unsubscribed_at", "0000-00-00 00:00:00"),
        ]),
    ],
)  # fmt: skip
def test_boxes_states_and_notes_of_customers(right: set[str], boxes: list[tuple[str, str]]) -> None:
    opened = shop(**wide(boxes))
    wrong = {box: got for number, box in enumerate(boxes) if (got := said_to(opened, number)) != right}
    assert wrong == {}


@pytest.mark.parametrize(
    ("right", "tables"),
    [
        (NOTHING, [
            ("lista_nera", "email\nk1@example.org\n"), ("robinson", "telefono\n00393477654321\n"),
            ("richieste_privacy", "email,tipo\nk1@example.org,opposizione al marketing\n"),
            ("gdpr_requests", "email,type\nK1@Example.org,erasure\n"),
            ("richieste_gdpr", "email,tipo\nk1@example.org,cancellazione\n"),
            ("privacy", "cliente,marketing,profilazione\nK1,no,sì\n"),
            ("preference_center", "customer_id,channel,frequency\nK1,email,never\n"),
            ("tickets", "customer_id,opened_ts,topic,subject\nK1,2024-02-01,information,Please unsubscribe me\n"),
            ("surveys", "customer_id,answered_ts,score,comment\nK1,2024-02-01,0,Do not contact me again\n"),
            ("replies", "phone,text\n+393477654321,STOP\n"), ("inbox", "from,body\n+393477654321,stop\n"),
            ("newsletter_log", "email,azione,data\nk1@example.org,cancellazione,2024-02-01\n"),
        ]),
        (NO_MAIL, [
            ("bounces", "email\nk1@example.org\n"), ("preferenze", "cliente,newsletter\nK1,no\n"),
            ("preferences", "customer_id,email\nK1,0\n"),
            ("email_events", "customer_id,event,event_ts\nK1,group_unsubscribe,2024-02-01\n"),
            ("email_events", "customer_id,event,event_ts\nK1,abuse,2024-02-01\n"),
            ("email_events", "customer_id,event,event_ts\nK1,cancellato,2024-02-01\n"),
            ("email_events", "customer_id,event,event_ts\nK1,disiscrizione,\n"),
        ]),
        (BOTH, [
            ("complaints", "customer_id,topic\nK1,late parcel\n"),
            ("payments", "customer_id,status\nK1,cancelled\n"), ("payments", "customer_id,status\nK1,deleted\n"),
            ("tickets", "customer_id,opened_ts,topic\nK1,2024-02-01,delivery\n"),
            ("surveys", "customer_id,answered_ts,score,comment\nK1,2024-02-01,9,non è mai arrivata la mail\n"),
            ("email_events", "customer_id,event,event_ts\nK1,soft bounce,2024-02-01\n"),
            ("contacts_raw", "customer_id,email,newsletter\nK1,k1@example.org,\n"),
        ]),
    ],
)  # fmt: skip
def test_other_tables(right: set[str], tables: list[tuple[str, str]]) -> None:
    whole = wide([("note", "")] * len(tables))
    for number, (name, text) in enumerate(tables):
        head, row = text.split("\n")[:2]
        own = row.replace("K1", f"C{number}").replace("k1@", f"c{number}@").replace("7654321", f"65430{number:02d}")
        whole[name] = whole.get(name, head) + "\n" + own
    opened = shop(**whole)
    wrong = {each: got for number, each in enumerate(tables) if (got := said_to(opened, number)) != right}
    assert wrong == {}


WITHDRAWN = ["2024-02-01", "yes", "sì", "x", "1 febbraio 2024", "Feb 1, 2024", "Thu, 01 Feb 2024 10:00:00 +0100"]
STANDS = ["", "NULL", "-", "n.d.", "0", "no", "never", "infinity", "9999-12-31", "0000-00-00", "0000-00-00 00:00:00"]
UNSURE = ["01/02/2024", "45323", "2024-02-30", "perhaps"]


def test_what_a_column_of_withdrawals_holds() -> None:
    head = "customer_id,channel,purpose,given_ts,withdrawn_ts\n"
    texts = [*WITHDRAWN, *STANDS]
    rows = [f'C{number},email,marketing,2023-01-01,"{text}"' for number, text in enumerate(texts)]
    opened = shop(**{**wide([("note", "")] * len(texts)), "consents": head + "\n".join(rows)})
    stands = [text for number, text in enumerate(texts) if said_to(opened, number)]
    assert stands == STANDS
    where = r"consents, row 2, .*column 'withdrawn_ts': '.* a time such as 2024-12-31"
    for text in UNSURE:
        said = table(f"{head}K2,email,marketing,2023-01-01,\nK1,email,marketing,2023-01-01,{text}\n")
        with pytest.raises(SchemaError, match=where):
            statements(said, "consents", "UTC")


def test_a_word_for_two_channels_is_named_where_it_stands() -> None:
    head = "customer_id,channel,purpose,given_ts,withdrawn_ts\n"
    with pytest.raises(SchemaError, match="row 1, customer_id 'K1', column 'channel': 'mail' may mean more"):
        may_contact(shop(consents=f"{head}K1,mail,marketing,2023-01-01,\n"))


LATER = [
    {"consents": GIVEN.replace("K1,email,marketing,2023-01-01,", "K1,email,marketing,2023-01-01,2024-05-01")},
    {"email_events": "customer_id,event,event_ts\nK1,unsubscribe,2024-05-01\n"},
    {"unsubscribes": "email,date\nk1@example.org,2024-05-01\n"},
    {"tickets": "customer_id,opened_ts,subject\nK1,2024-05-01,please unsubscribe me\n"},
]


@pytest.mark.parametrize("tables", LATER)
def test_people_leave_after_the_last_order_too(tables: dict[str, str]) -> None:
    opened = shop(**tables)
    assert "K1" not in written_to(opened)["email"]
    assert "K1" in written_to(opened, as_of="2024-04-08")["email"]
    assert "K1" in written_to(shop("2024-04-20", **tables))["email"], "of later days nothing is known"
    assert "K1" not in written_to(shop("2024-05-20", **tables))["email"]


@settings(max_examples=60, deadline=None)
@given(
    phrase=st.sampled_from(
        [
            "unsubscribe",
            "do not contact",
            "non contattare",
            "non voglio ricevere",
            "toglietemi",
            "opt out",
            "disiscritto",
        ]
    ),
    before=st.text(alphabet="abc ,.!\n", max_size=30),
    after=st.text(alphabet="abc ,.!\n", max_size=30),
    change=st.sampled_from([str.upper, str.title, str.lower, lambda text: text.replace(" ", "  ")]),
)
def test_a_remark_counts_wherever_it_stands(phrase: str, before: str, after: str, change: object) -> None:
    assert callable(change)
    assert channels_refused_in(f"{before} {change(phrase)} {after}")


@pytest.mark.parametrize(
    ("mark", "kind"),
    [("✅", "yes"), ("✔️", "yes"), ("👍", "yes"), ("☑️", "yes"), ("❌", "no"), ("✖", "no"), ("🚫", "no"), ("👎", "no"),
     ("⛔", "no"), ("☐", "no")],
)  # fmt: skip
def test_marks(mark: str, kind: str) -> None:
    assert cell(mark, "UTC").kind == kind


@pytest.mark.parametrize(
    ("text", "answer", "is_open"),
    [("rifiuto", -1, False), ("disattivata", -1, False), ("sospesa", -1, False), ("non vuole", -1, False),
     ("si è disiscritta", -1, False), ("no grazie", -1, False), ("opt-out tutto", -1, False), ("revocate", -1, False),
     ("consenso prestato", 1, False), ("double opt-in pending", 0, True), ("in attesa di conferma", 0, True),
     ("DOI sent", 0, True), ("invitata", 0, True)],
)  # fmt: skip
def test_answers_of_a_log(text: str, answer: int, is_open: bool) -> None:  # noqa: FBT001 - a right value
    sense = cell(text, "UTC").sense
    assert (sense.answer, sense.open and not sense.answer) == (answer, is_open)


def test_which_tables_are_read() -> None:
    names = {
        "Lista nera": "objections",
        "hard_bounces": "objections",
        "privacy": "preferences",
        "permissions": "consents",
        "preferenze_contatto": "preferences",
        "complaints": None,
        "orders": None,
    }
    assert {name: kind_of(name) for name in names} == names


def test_what_reaches_nobody_is_said() -> None:
    found = findings(shop(unsubscribes="customer_id\nK99\n"))
    assert "K99" in set(found["example"])
