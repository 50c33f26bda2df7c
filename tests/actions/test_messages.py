"""Messages: what they say, what stands for what is missing, and what is refused."""

from __future__ import annotations

import email
import re
from email import policy as mail_policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.actions import READY_MADE, recipients, render, sequence, write_messages
from crmlib.actions.messages import MessageError
from crmlib.actions.sms import segments
from crmlib.actions.templates import fill, read_template, ready_made_templates
from crmlib.errors import PolicyError, SchemaError, SourceError
from crmlib.policy import Policy, load
from crmlib.policy.sender import Sender
from crmlib.suite.markup import clean
from tests.actions.small import customers, entries, small_shop

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

ENTRY = {
    "entry_id": "e1", "customer_id": "ann", "channel": "email", "purpose": "soft_spam", "template": "win_back",
    "language": "it", "discount": 0.1, "code": "RIATTVA10", "due_ts": "2024-07-01 09:00", "valid_until": "2024-07-22",
}  # fmt: skip
SECRET = "known to the shop alone"  # noqa: S105 - of the test
ANNA = {"email": "anna@example.com", "phone": "+393001234567", "first_name": "Anna", "last_name": "Rossi"}


class Reader(HTMLParser):
    """What a mail program would show of HTML, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_the_win_back_holds_what_the_course_text_asks_for() -> None:
    message = render(ENTRY, ANNA, policy={"sender": {"name": "Bottega", "email": "ciao@bottega.example"}})
    mail = email.message_from_bytes(message.as_email().as_bytes(), policy=mail_policy.default)
    assert mail["From"] == "Bottega <ciao@bottega.example>"
    assert mail["To"] == "Anna Rossi <anna@example.com>"
    text = part(mail, "plain")
    for said in ("Ciao Anna,", "10%", "RIATTVA10", "Scegli qualcosa che ti piace: https://", "22/07/2024"):
        assert said in text
    shown = read(part(mail, "html"))
    assert {"Ciao Anna,", "RIATTVA10"} <= {line.strip() for line in shown.text.splitlines()}
    assert any("opt-out" in link for link in shown.links)


@pytest.mark.parametrize("name", ready_made_templates())
@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("contact", [ANNA, {"email": "x@example.com", "phone": "+393001234567"}])
def test_each_ready_made_template_is_whole_with_and_without_a_name(
    name: str, language: str, contact: dict[str, str]
) -> None:
    entry = {**ENTRY, "template": name, "language": language}
    mail = render(entry, contact)
    short = render({**entry, "channel": "sms"}, contact)
    assert mail.language == short.language == language
    for said in (mail.subject, mail.preheader, mail.text, mail.html, short.text):
        assert said.strip()
        assert not re.search(r"\{\{|\}\}|\{%|None|\bnan\b|  ,| ,| \?$| !", said.replace("\n    ", "\n"))
    assert "opt-out" in mail.text
    assert "opt-out" in mail.html
    assert "opt-out" in short.text
    assert short.segments <= 2
    assert len(mail.subject) <= 70


def test_the_sequences_that_ship_name_templates_that_are_there() -> None:
    asked = {step.template for name in READY_MADE for step in sequence(name).steps}
    assert asked <= set(ready_made_templates())


def test_the_headers_offer_the_opt_out_by_one_click() -> None:
    message = render(ENTRY, ANNA, secret=SECRET)
    mail = message.as_email()
    links = re.findall(r"<([^>]+)>", mail["List-Unsubscribe"])
    assert [link.partition(":")[0] for link in links] == ["https", "mailto"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert links[0] in message.text
    assert links[0] in {link.replace("&amp;", "&") for link in read(message.html).links}


def test_nobody_can_make_another_s_opt_out_without_the_secret() -> None:
    def link(key: str, entry: str = "e1") -> str:
        header = render({**ENTRY, "entry_id": entry}, ANNA, secret=key).headers["List-Unsubscribe"]
        return str(re.findall(r"<(https[^>]+)>", header)[0])

    assert len({link("a"), link("b"), link(""), link("a", "e2")}) == 4
    assert link("a") == link("a")
    assert render(ENTRY, ANNA, secret=SECRET).signed
    assert not render(ENTRY, ANNA).signed


def test_the_same_entry_gives_the_same_bytes() -> None:
    assert render(ENTRY, ANNA).as_email().as_bytes() == render(ENTRY, ANNA).as_email().as_bytes()


def test_a_due_time_is_the_shop_s_clock() -> None:
    message = render(ENTRY, ANNA, policy={"orders": {"timezone": "Europe/Rome"}})
    assert message.as_email()["Date"] == "Mon, 01 Jul 2024 07:00:00 +0000"


def test_what_a_customer_typed_is_text_and_nothing_else() -> None:
    wild = {**ANNA, "first_name": "<script>alert(1)</script>{{ code }}"}
    message = render(ENTRY, wild)
    assert "script" not in read(message.html).tags
    assert "<script>alert(1)</script>{{ code }}" in read(message.html).text
    shown = message._repr_html_()
    assert read(shown).tags.count("script") == 0
    assert 'sandbox=""' in shown
    assert "default-src" in shown


@pytest.mark.slow
@given(st.text(max_size=30))
def test_no_name_opens_a_tag_or_a_header(name: str) -> None:
    plain = read(render(ENTRY, {**ANNA, "first_name": "x", "last_name": ""}).html).tags
    try:
        message = render(ENTRY, {**ANNA, "first_name": name, "last_name": ""})
    except MessageError:
        return  # refused is safe
    assert read(message.html).tags == plain
    mail = email.message_from_bytes(message.as_email().as_bytes(), policy=mail_policy.default)
    assert mail.keys() == render(ENTRY, ANNA).as_email().keys()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "a@example.com\nBcc: all@example.com", "no mail address"),
        ("email", "a@example.com, b@example.com", "no mail address"),
        ("email", "", "the contact has no email"),
        ("first_name", "Anna\r\nBcc: all@example.com", "line break"),
        ("first_name", "Anna\u2028x", "line break"),
        ("first_name", "Anna\u202exe", "control character"),
        ("email", "ànna@example.com", "no mail address"),
    ],
)
def test_a_header_is_never_broken(field: str, value: str, said: str) -> None:
    with pytest.raises(MessageError, match=f"entry e1: .*{said}"):
        render(ENTRY, {**ANNA, field: value})


def test_a_short_message_goes_to_a_number_in_full() -> None:
    with pytest.raises(MessageError, match=r"'300 123' is no telephone number in E\.164"):
        render({**ENTRY, "channel": "sms"}, {**ANNA, "phone": "300 123"})


def test_without_a_way_out_nothing_is_written() -> None:
    with pytest.raises(MessageError, match=r"no way out.*sender\.opt_out_url"):
        render(ENTRY, ANNA, policy={"sender": {"opt_out_url": ""}})


def test_an_offer_that_the_template_needs_is_asked_for() -> None:
    with pytest.raises(MessageError, match="'win_back' makes no sense without discount"):
        render({**ENTRY, "discount": 0.0}, ANNA)
    assert "%" not in render({**ENTRY, "template": "repurchase_reminder", "discount": None, "code": None}, ANNA).text


@pytest.mark.parametrize("empty", [None, float("nan"), pd.NA, pd.NaT, "", "  "])
def test_what_is_empty_has_its_fallback(empty: Any) -> None:
    message = render({**ENTRY, "template": "abandoned_interest"}, {**ANNA, "first_name": empty, "interest": empty})
    assert message.text.startswith("Ciao,\n")
    assert "quello che hai visto da noi" in message.subject


def test_a_language_without_words_takes_the_other() -> None:
    assert render({**ENTRY, "language": "de"}, ANNA).language == "en"


OWN = """
tone = "plain"
[en]
subject = "{subject}"
preheader = "p"
greeting = "Hello,"
paragraphs = ["{body}"]
action = "Go"
link = "{link}"
closing = "Bye,"
sms = "short"
[en.fallbacks]
first_name = "friend"
"""


def own(folder: Path, subject: str = "Hi", body: str = "text", link: str = "shop") -> Path:
    (folder / "mine.toml").write_text(OWN.format(subject=subject, body=body, link=link))
    return folder


def test_one_s_own_template_is_found_and_checked(tmp_path: Path) -> None:
    entry = {**ENTRY, "template": "mine", "language": "en"}
    assert (
        render(entry, {"email": "a@example.com"}, templates=own(tmp_path, "Hi {{ first_name }}")).subject == "Hi friend"
    )
    with pytest.raises(SchemaError, match=r"\[en\] subject: the field 'first_nam' has no fallback.*'first_name'"):
        render(entry, ANNA, templates=own(tmp_path, "Hi {{ first_nam }}"))
    with pytest.raises(MessageError, match="link 'cart' leads nowhere"):
        render(entry, ANNA, templates=own(tmp_path, link="cart"))
    with pytest.raises(SchemaError, match="unexpected"):
        render(entry, ANNA, templates=own(tmp_path, "Hi {{ first_name"))
    with pytest.raises(SourceError, match="no template"):
        read_template("../mine", tmp_path)


@pytest.mark.parametrize(
    "evil",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ first_name.__init__.__globals__ }}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{% for i in range(10 ** 9) %}x{% endfor %}",
        "{{ 1 / 0 }}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(evil: str, tmp_path: Path) -> None:
    with pytest.raises(SchemaError):
        render({**ENTRY, "template": "mine", "language": "en"}, ANNA, templates=own(tmp_path, body=evil))


def test_a_text_is_filled_in_once() -> None:
    assert fill("{{ a }}", {"a": "{{ b }}", "b": "no"}, "x") == "{{ b }}"


def test_the_report_shows_the_plain_form_where_it_takes_the_frame_out() -> None:
    shown = clean(render(ENTRY, ANNA)._repr_html_())
    assert "iframe" not in shown
    assert "Subject:" in shown
    assert "RIATTVA10" in shown


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("È" * 70, 2 - 1), ("È" * 71, 2), ("a" * 307, 3)],
)
def test_parts_of_a_short_message(text: str, parts: int) -> None:
    assert segments(text) == parts


def test_the_policy_names_who_writes() -> None:
    for wrong in (
        {"email": "nobody"},
        {"name": "a\nb"},
        {"links": {"shop": "javascript:x"}},
        {"opt_out_url": "http://x"},
    ):
        with pytest.raises(PolicyError, match="policy"):
            load({"sender": wrong})
    assert load(Policy(sender=Sender(name="Bottega"))).to_toml() == '[sender]\nname = "Bottega"\n'


@pytest.mark.slow
def test_a_queue_s_messages_lose_nobody() -> None:
    people = customers(first_name=["Anna", None, "Cid"], email=["ann@example.com", "no address", "cid@example.com"])
    shop = small_shop(people)
    queue = entries(people["customer_id"])
    done = write_messages(queue, shop, sequences=[sequence("win_back")])
    assert [message.to for message in done.messages] == ["ann@example.com", "cid@example.com"]
    assert done.held[["customer_id", "why"]].to_numpy().tolist() == [["bob", "no_address"]]
    assert "fino al 22/07/2024" in done.messages[0].text


@pytest.mark.slow
def test_a_name_that_breaks_a_header_costs_one_message() -> None:
    shop = small_shop()
    bad = pd.DataFrame({"customer_id": ["ann"], "interest": ["a\nb"]})
    done = write_messages(entries(["ann", "bob"], template="abandoned_interest"), shop, about=bad)
    assert [message.to for message in done.messages] == ["bob@example.com"]
    assert done.held["why"].tolist() == ["not_written"]


@pytest.mark.slow
def test_recipients_are_cleaned() -> None:
    found = recipients(small_shop(), pd.Series(["bob", "ann", "nobody"]))
    assert found.index.tolist() == ["ann", "bob"]
    assert found["phone"].tolist() == ["+393001234567", "+442079460123"]
    assert found["email"].tolist() == ["ann@example.com", "bob@example.com"]


@pytest.mark.slow
def test_numbers_are_read_only_where_they_are_wanted() -> None:
    found = recipients(small_shop(), pd.Series(["ann", "bob"]), phone_of=pd.Series(["bob"]))
    assert found["phone"].to_dict() == {"ann": "", "bob": "+442079460123"}
