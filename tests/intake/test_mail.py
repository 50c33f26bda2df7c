import pandas as pd

from crmlib.intake import Cleaned, clean_contacts, merge_contacts, tickets_from_mail


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


def test_every_mail_of_the_shop_is_filed_once(cleaned: Cleaned, customers: pd.DataFrame) -> None:
    mail = tickets_from_mail(cleaned, contacts=merge_contacts(cleaned, customers=customers, keys_only=True))
    counts = cleaned.contacts["channel"].value_counts()
    assert counts[["generic_mailbox", "personal_mail", "web_form"]].sum() == len(mail.filed)
    assert counts["generic_mailbox"] == len(mail.tickets)
    assert counts["web_form"] == len(mail.notices)
    assert mail.leads["merged_id"].is_unique
