from collections.abc import Mapping

import pandas as pd
import pytest

from crmlib.intake import Cleaned, Mail, clean_contacts, merge_contacts, tickets_from_mail


@pytest.mark.slow
def test_mail_becomes_tickets_leads_and_notices() -> None:
    raw = pd.DataFrame(
        {
            "contact_id": ["1", "2", "3", "4", "5"],
            "received_ts": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"]),
            "channel": ["generic_mailbox", "personal_mail", "web_form", "generic_mailbox", "csv_list"],
            "name": ["Anna Rossi", "Bo Berg", "Eva Neri", None, "Ugo Ugo"],
            "email": ["anna@example.org", "bo@example.org", "eva@example.org", "Anna+x@example.org", "u@example.org"],
            "mailbox": ["Info@bottega.example", "giulia@bottega.example", None, "clienti@bottega.example", None],
            "request_text": ["Hello", "Hi", "A catalogue, please", "Again", None],
        }
    )
    customers = pd.DataFrame({"customer_id": ["C1"], "name": ["Bo Berg"], "email": ["bo@example.org"]})
    mails = clean_contacts(raw)
    mail = tickets_from_mail(mails, contacts=merge_contacts(mails, customers=customers))
    assert mail.tickets[["ticket_id", "merged_id"]].to_numpy().tolist() == [["T-1", "M-1"], ["T-4", "M-1"]]
    assert mail.leads["merged_id"].tolist() == ["M-1", "M-3"]
    assert mail.filed["as_what"].tolist() == ["ticket", "message", "lead", "ticket"]
    assert mail.filed["customer_id"].dropna().tolist() == ["C1"]
    assert mail.notices["notice"].tolist() == ["Eva Neri (eva@example.org) wrote by web form: A catalogue, please"]


@pytest.mark.slow
def test_every_mail_of_the_shop_is_filed_once(cleaned: Cleaned, customers: pd.DataFrame) -> None:
    mail = tickets_from_mail(cleaned, contacts=merge_contacts(cleaned, customers=customers, keys_only=True))
    counts = cleaned.contacts["channel"].value_counts()
    assert counts[["generic_mailbox", "personal_mail", "web_form"]].sum() == len(mail.filed)
    assert counts["generic_mailbox"] == len(mail.tickets)
    assert counts["web_form"] == len(mail.notices)
    assert mail.leads["merged_id"].is_unique


ROME = {"orders": {"timezone": "Europe/Rome"}}
BASE = {
    "channel": "generic_mailbox",
    "email": "x@example.org",
    "mailbox": "info@bottega.example",
    "subject": "A parcel",
    "request_text": "Where is it?",
}


def filed(*rows: Mapping[str, object]) -> Mail:
    return tickets_from_mail(clean_contacts(pd.DataFrame([{**BASE, **row} for row in rows]), policy=ROME))


@pytest.mark.slow
def test_no_mail_leaves_no_ticket() -> None:
    """Everything that made a ticket vanish: senders, long texts, mailboxes and channels as people spell them."""
    cases: list[tuple[dict[str, object], str | None]] = [
        ({"email": None}, "sender unknown"),
        ({"email": "not an address"}, "sender unknown"),
        ({"email": "a@example.org, b@example.org"}, "a second address: b@example.org"),
        ({"request_text": "a long story. " * 900}, None),
        ({"request_text": "a long story. " * 9000}, "cut at 100,000 of 125,999 characters"),
        ({"mailbox": "resi@bottega.example"}, None),
        ({"mailbox": "Bottega <info@bottega.example>"}, "to info@bottega.example"),
        ({"mailbox": "info@b.example, sales@b.example"}, "a second mailbox: sales@b.example"),
        ({"mailbox": None}, "to a mailbox that is everybody's"),
        ({"first_name": "A" * 20_000}, "first_name of 20000 characters left out"),
    ]
    spellings = ("resi", "servizioclienti", "customer.care", "customerservice", "info-it", "INFO", "support+eu")
    for box in spellings:
        channels: tuple[str | None, ...] = ("generic_mailbox", "email", "E-Mail", "posta elettronica")
        cases += [({"mailbox": f"{box}@bottega.example", "channel": channel}, None) for channel in channels]
    channels = ("email", "e-mail", "Generic_Mailbox", "generic mailbox", None)
    cases += [({"mailbox": None, "channel": channel}, None) for channel in channels]
    mail = filed(*(row | {"contact_id": str(number)} for number, (row, _) in enumerate(cases)))
    assert mail.filed["as_what"].tolist() == ["ticket"] * len(cases)
    assert len(mail.tickets) == len(cases)
    reasons = mail.filed.set_index("contact_id")["reason"]
    for number, (_, expected) in enumerate(cases):
        assert (expected or "to ") in reasons[str(number)], cases[number]
    assert mail.tickets.set_index("ticket_id")["merged_id"].isna()[["T-0", "T-1"]].all()
    assert mail.tickets.set_index("ticket_id").loc["T-3", "request_text"] == ("a long story. " * 900).strip()


@pytest.mark.slow
def test_a_text_is_kept_as_it_was_meant() -> None:
    cases = [
        ("Gentili,\n\nordine 12\n- uno\n- due\n\nSaluti", "Gentili,\n\nordine 12\n- uno\n- due\n\nSaluti"),
        ("Dov=27=C3=A8 il mio pacco?", "Dov'è il mio pacco?"),
        ("<html><p>Hello&nbsp;there</p></html>", "Hello there"),
        ("<div>one</div><div>two<br>three</div><style>p {}</style>", "one\ntwo\nthree"),
        ("a < b, c > d; <anna@example.org>; x=12&y=AB", "a < b, c > d; <anna@example.org>; x=12&y=AB"),
        ("caffÃ¨\nbuono", "caffè\nbuono"),
        ("null\x00 byte", "null byte"),
        ("perch&eacute;", "perché"),
    ]
    mail = filed(*({"contact_id": str(number), "request_text": raw} for number, (raw, _) in enumerate(cases)))
    assert mail.tickets["request_text"].tolist() == [expected for _, expected in cases]
    headers = filed({"subject": "=?utf-8?B?UGFjY28gw6DDqMOs?=", "received_ts": "Mon, 02 Nov 2026 10:00:00 +0100"})
    assert headers.tickets["subject"].tolist() == ["Pacco àèì"]
    assert headers.tickets["opened_ts"].tolist() == [pd.Timestamp("2026-11-02 10:00")]


@pytest.mark.slow
def test_programs_and_copies_make_no_ticket_and_no_lead() -> None:
    programs = [
        ({"email": "<>"}, "bounce"),
        ({"email": "MAILER-DAEMON@mx.example"}, "bounce"),
        ({"email": "postmaster@mx.example"}, "bounce"),
        ({"email": "no-reply@parcels.example"}, "automatic"),
        ({"email": "do_not_reply@parcels.example"}, "automatic"),
        ({"subject": "Automatic reply: your order"}, "automatic"),
        ({"subject": "Risposta automatica: ordine"}, "automatic"),
    ]
    mail = filed(*(row | {"contact_id": str(number)} for number, (row, _) in enumerate(programs)))
    assert mail.filed.sort_values("contact_id")["as_what"].tolist() == [kind for _, kind in programs]
    assert mail.tickets.empty
    assert mail.leads.empty
    people = filed(
        {"subject": "Re: Automatic reply: order"}, {"subject": "Mancata consegna", "request_text": "Il pacco"}
    )
    assert people.filed["as_what"].tolist() == ["ticket", "ticket"]
    copy = {"contact_id": "m1@example.org"}
    assert filed(copy, copy).filed["as_what"].value_counts().to_dict() == {"ticket": 1, "duplicate": 1}
    other = filed(copy, copy | {"request_text": "Something else"})
    assert other.tickets["request_text"].tolist() == ["Something else", "Where is it?"]
    now = {"received_ts": "2026-01-01 10:00"}
    twice = filed(now | {"contact_id": "1"}, now | {"contact_id": "2"})
    assert twice.filed["as_what"].tolist() == ["ticket", "duplicate"]


@pytest.mark.slow
def test_a_firm_s_mailbox_is_one_lead_whoever_is_asked() -> None:
    row = BASE | {"email": "info@supplier.example", "name": "Ada Supplier"}
    mails = clean_contacts(pd.DataFrame([row | {"request_text": text} for text in ("One", "Two")]))
    assert len(tickets_from_mail(mails).leads) == 1
    assert len(tickets_from_mail(mails, contacts=merge_contacts(mails, keys_only=True)).leads) == 1


@pytest.mark.slow
def test_what_is_no_mail_is_counted_by_channel() -> None:
    mail = filed({"channel": "fax", "mailbox": None}, {"channel": "csv_list", "mailbox": None}, {})
    assert mail.left_out.to_dict("list") == {"channel": ["csv_list", "fax"], "rows": [1, 1]}
    assert repr(mail) == "Mails: 1 (ticket 1); new leads: 1.\nNo mail, by channel: 'csv_list' 1, 'fax' 1."
