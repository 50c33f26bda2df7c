"""One normal form of mailboxes and telephone numbers: what is sent to, and what an objection is compared by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.customers.addresses import address, mailbox_keys, number_keys, phone, region
from crmlib.policy import Intake
from crmlib.text.spelling import seen

pytestmark = pytest.mark.slow  # new: not yet measured test by test

RULES = Intake()


@pytest.mark.parametrize(
    ("typed", "country", "number", "note"),
    [
        ("02 1234567 int. 12", "IT", "+39021234567", "extension 12"),
        ("02 1234567 x12", "IT", "+39021234567", "extension 12"),
        ("06 6982 int 5", "IT", "+39066982", "extension 5"),
        ("347 7654321 (casa 2)", "IT", "+393477654321", "left out: (casa 2)"),
        ("020 7946 0018 ext 5", "GB", "+442079460018", "extension 5"),
        ("+44 20 7946 0018 ext 5", "GB", "+442079460018", "extension 5"),
        ("212-736-5000", "US", "+12127365000", ""),
        ("7911 123456", "GB", "+447911123456", ""),
        ("612345678", "FR", "+33612345678", ""),
        ("06 12 34 56 78", "FR", "+33612345678", ""),
        ("912 345 67 89", "RU", "+79123456789", ""),
        ("021 234 567", "GR", None, "no telephone number"),
        ("333 1234567 / 349 1234567", "IT", "+393331234567", "a second number: 349 1234567"),
        ("030/901820", "DE", "+4930901820", ""),
        ("\uff0b39\u00a0347 1234567\u200b", None, "+393471234567", ""),
        ("'+39 347 1234567", None, "+393471234567", ""),
        ('="00393471234567"', None, "+393471234567", ""),
        ("tel. 347 1234567", None, "+393471234567", ""),
        ("+44 (0)20 7946 0018", None, "+442079460018", ""),
        ("06 12345678", "ZZ", None, "no telephone number"),  # a country that nobody knows: nothing is guessed
    ],
)
def test_a_number_is_never_turned_into_another(typed: str, country: str | None, number: str | None, note: str) -> None:
    read = phone(typed, country, RULES)
    assert (read.phone, read.note) == (number, note)


@pytest.mark.parametrize(
    ("typed", "email", "note"),
    [
        ("K3 <k3@example.org>", "k3@example.org", "mended"),
        ("k1@example.org,", "k1@example.org", "mended"),
        ("mailto:k1@example.org", "k1@example.org", "mended"),
        ("mailto:k1@example.org?subject=stop", "k1@example.org", "mended"),
        ("k1 at example.org", "k1@example.org", "mended"),
        ("k1[at]example[dot]org", "k1@example.org", "mended"),
        ("k1@@example.org", "k1@example.org", "mended"),
        ("k1 @example.org", "k1@example.org", "mended"),
        ("\uff4b\uff11\uff20\uff45xample\uff0eorg", "k1@example.org", "mended"),
        ("k1@exam\u200bple.org\u00a0", "k1@example.org", "mended"),
        ('="k1@example.org"', "k1@example.org", "mended"),
        ("&lt;k1@example.org&gt;", "k1@example.org", "mended"),
        ("Rossi, Anna <k1@example.org>", "k1@example.org", "mended"),
        ("K1@Example.org", "k1@example.org", ""),
        ("k1@m\u00fcnchen.example", "k1@xn--mnchen-3ya.example", "mended"),
        ("k1@stra\u00dfe.example", "k1@xn--strae-oqa.example", "mended"),
        ("a@example.org; b@example.org", "a@example.org", "a second address: b@example.org"),
        ("a@gmail.con", "a@gmail.con", "doubtful: nothing ends in .con"),
        ("a@hotmail.cmo", "a@hotmail.cmo", "doubtful: nothing ends in .cmo"),
        ("Anna k1@example.org", None, "no mail address"),  # whose mailbox it is is not certain
        ("k1@", None, "no mail address"),
    ],
)
def test_a_mailbox_has_one_form(typed: str, email: str | None, note: str) -> None:
    read = address(typed, RULES)
    assert (read.email, read.note) == (email, note)


def test_an_objection_reaches_all_aliases_whatever_the_policy_says_of_them() -> None:
    apart = Intake(plus_tags=False)
    assert address("ann+news@example.org", apart).key != address("ann@example.org", apart).key
    assert mailbox_keys("ann+news@example.org", apart) == mailbox_keys("ann@example.org", apart)
    assert mailbox_keys("a.nn@googlemail.com", RULES) == mailbox_keys("ann@gmail.com", RULES)
    assert mailbox_keys("a.nn@example.org", RULES) != mailbox_keys("ann@example.org", RULES)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("030 901820", "DE"), ("+49 30 901820", None), True),
        (("030 901820", None), ("+49 30 901820", "DE"), True),  # nobody knows the list's country: it may be theirs
        (("+33 6 12 34 56 78", None), ("+39 06 12345678", None), False),
        (("347 1234567", None), ("0039 347 1234567", None), True),
        (("347 1234567", None), ("3471234568", None), False),
        (("393471234567", None), ("+39 347 1234567", None), True),
    ],
)
def test_numbers_that_may_be_one(one: tuple[str, str | None], other: tuple[str, str | None], *, same: bool) -> None:
    for objects, has in ((one, other), (other, one)):
        assert bool(number_keys(*objects, RULES, objects=True) & number_keys(*has, RULES)) is same


@given(st.text(max_size=40))
def test_what_is_sent_to_is_always_what_is_compared(text: str) -> None:
    email = address(text, RULES).email
    if email is not None:
        assert mailbox_keys(email, RULES) <= mailbox_keys(text, RULES)
        assert address(email, RULES).email == email
    assert seen(seen(text)) == seen(text)


@given(st.from_regex(r"(\+|00)?[0-9][0-9 ()/.-]{5,14}( int\. [0-9]{1,3})?", fullmatch=True),
       st.sampled_from([None, "IT", "GB", "DE", "US", "FR", "ZZ"]))  # fmt: skip
def test_what_is_rung_is_always_what_is_compared(text: str, country: str | None) -> None:
    number = phone(text, country, RULES).phone
    if number is not None:
        assert number_keys(number, None, RULES) & number_keys(text, country, RULES, objects=True)
        assert number_keys(number, None, RULES, objects=True) & number_keys(text, country, RULES)


def test_countries_in_words() -> None:
    words = ["Italia", "United Kingdom", "Regno Unito", "germania", "FRANCE", "deu", "Stati Uniti", "uk", "Elbonia", ""]
    assert [region(word) for word in words] == ["IT", "GB", "GB", "DE", "FR", "DE", "US", "GB", "ZZ", None]
