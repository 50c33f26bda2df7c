import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.synth import MakeResult, dirt, make_shop
from crmlib.synth.identity import DOMAINS, slug

DRAWS = st.floats(0, 1, exclude_max=True)


@pytest.mark.slow
@given(st.text(min_size=1, max_size=12), DRAWS)
def test_a_typo_is_small(text: str, draw: float) -> None:
    assert abs(len(dirt.typo(text, draw)) - len(text)) <= 1


@pytest.mark.slow
@given(st.from_regex(r"[a-z]{2,8}\.?[a-z]{2,8}", fullmatch=True), st.sampled_from(DOMAINS), DRAWS)
def test_an_alias_is_the_same_mailbox(local: str, domain: str, draw: float) -> None:
    other, _, where = dirt.alias(f"{local}@{domain}", draw).partition("@")
    assert where == domain
    plain = other.partition("+")[0]
    assert plain.replace(".", "") == local.replace(".", "")
    assert plain == local or domain == "gmail.example"


@pytest.mark.slow
@given(st.sampled_from(["+393001234567", "+447700900123"]), DRAWS)
def test_a_phone_number_keeps_its_digits(phone: str, draw: float) -> None:
    assert phone[3:] in "".join(letter for letter in dirt.format_phone(phone, draw) if letter.isdigit())


@pytest.mark.slow
@given(st.text(max_size=20))
def test_a_slug_can_stand_in_an_address(text: str) -> None:
    assert slug(text).isascii()
    assert slug(text) == slug(text).lower()


def test_soil_leaves_the_other_rows_alone() -> None:
    column = pa.array(["one", None, "three"])
    nothing = np.zeros(3, dtype=np.bool_)
    rng = np.random.default_rng(1)
    assert dirt.soil(rng, column, nothing, dirt.shout).equals(column)


def test_clean_contacts_are_clean(clean_shop: MakeResult) -> None:
    contacts = clean_shop.tables["contacts_raw"].to_pandas()
    addresses = contacts["email"].dropna()
    assert addresses.str.fullmatch(r"[a-z0-9._]+@[a-z.]+").all()
    assert contacts["phone"].dropna().str.fullmatch(r"\+\d{11,12}").all()
    truth = clean_shop.tables["truth/contacts"].to_pandas()
    people = contacts.merge(truth, on="contact_id").dropna(subset="email")
    assert len(people[["person_id", "email"]].drop_duplicates()) == people["person_id"].nunique()


def test_some_dirt_of_every_kind(shop: MakeResult) -> None:
    contacts = shop.tables["contacts_raw"].to_pandas()
    email, last = contacts["email"].dropna(), contacts["last_name"].dropna()
    found = pd.Series(
        {
            "tag": email.str.contains(r"\+").mean(),
            "capitals": email.str.contains(r"[A-Z]").mean(),
            "no address": (~email.str.strip().str.fullmatch(r"[^@\s]+@[^@\s]+\.[a-zA-Z]+")).mean(),
            "shouted name": last.str.isupper().mean(),
            "broken encoding": contacts["first_name"].dropna().str.contains("Ã").mean(),
            "spreadsheet number": contacts["phone"].dropna().str.endswith(".0").mean(),
        }
    )
    assert ((found > 0) & (found < 0.3)).all(), found


def test_no_dirt_in_orders(shop: MakeResult) -> None:
    orders = shop.tables["orders"].to_pandas()
    assert orders["order_id"].is_unique
    assert (orders["amount"].astype(float) > 0).all()


def test_a_clean_shop_has_no_returns() -> None:
    assert make_shop(customers=300, seed=1, preset="clean", tables=["returns"]).rows == {"returns": 0}


def test_some_share_a_telephone_and_are_two_people(clean_shop: MakeResult) -> None:
    customers = clean_shop.tables["customers"].to_pandas().dropna(subset="phone")
    shared = customers[customers.duplicated("phone", keep=False)]
    assert 10 < len(shared) < 0.04 * len(customers)
    assert len(shared[["phone", "last_name"]].drop_duplicates()) == shared["phone"].nunique()
    assert shared["email"].is_unique
