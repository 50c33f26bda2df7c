"""Names, places and numbers as lists have them, and what is right."""

import pandas as pd
import pytest

from crmlib.intake import clean_contacts
from crmlib.intake.naming import called

NAMES = {
    "Dr. Anna Rossi": ("Anna", "Rossi"),
    "Dott.ssa Anna Rossi": ("Anna", "Rossi"),
    "Prof. Dr. Anna Maria De Luca": ("Anna Maria", "De Luca"),
    "Sig.ra Rossi": (None, "Rossi"),
    "Dr.Anna Rossi": ("Anna", "Rossi"),
    "John Smith Jr.": ("John", "Smith"),
    "John Smith III": ("John", "Smith"),
    "Smith, John": ("John", "Smith"),
    "LUDWIG VAN BEETHOVEN": ("Ludwig", "van Beethoven"),
    "JOÃO DOS SANTOS": ("João", "dos Santos"),
    "李 小龍": ("小龍", "李"),
    "Anna Null": ("Anna", "Null"),
}


@pytest.mark.slow
def test_names_are_read_without_what_stands_around_them() -> None:
    cleaned = clean_contacts(pd.DataFrame({"name": list(NAMES), "city": "Roma"})).contacts
    pairs = [tuple(None if pd.isna(part) else part for part in row) for row in
             cleaned[["first_name", "last_name"]].itertuples(index=False)]  # fmt: skip
    assert dict(zip(NAMES, pairs, strict=True)) == NAMES


@pytest.mark.slow
def test_columns_of_first_and_last_names_are_read_alike() -> None:
    raw = pd.DataFrame({"first_name": ["Dr. Anna", "John", "Mr.", "Bottega"],
                        "last_name": ["Rossi", "Smith Jr.", "Neri", "Rossi S.r.l."]})  # fmt: skip
    cleaned = clean_contacts(raw)
    assert cleaned.contacts[["first_name", "last_name", "company"]].fillna("").to_numpy().tolist() == [
        ["Anna", "Rossi", ""],
        ["John", "Smith", ""],
        ["", "Neri", ""],
        ["", "", "Bottega Rossi S.r.l."],
    ]
    assert {"left out: Dr.", "left out: Jr.", "left out: Mr.", "a company"} == set(cleaned.log["note"])


@pytest.mark.slow
def test_a_family_name_of_two_words_is_spanish_in_spain_and_doubtful_elsewhere() -> None:
    assert called("Gabriel García López", "ES")[:2] == ("Gabriel", "García López")
    assert called("Gabriel García López").note == "doubtful: which words are the family name"
    assert called("Anna Maria Rossi").note == called("Maria De Luca").note == called("John F. Smith").note == ""


@pytest.mark.slow
def test_words_for_no_name_are_no_contact_and_beside_a_mailbox_no_name() -> None:
    words = ["N/A", "null", "-", "?", "none", "nan", "n.d.", "xxx", "Test"]
    assert len(clean_contacts(pd.DataFrame({"name": words})).rejects) == len(words)
    beside = clean_contacts(pd.DataFrame({"name": words, "email": [f"a{n}@example.org" for n in range(len(words))]}))
    assert beside.contacts[["first_name", "last_name", "company"]].isna().all(axis=None)
    assert beside.log["note"].tolist() == ["stands for no name: left out"] * len(words)


@pytest.mark.slow
def test_a_mail_field_gives_a_name_and_notes_what_it_leaves_out() -> None:
    fields = ["Anna Rossi <anna@example.org>", "a@example.org; b@example.org", "a@gmail.con"]
    cleaned = clean_contacts(pd.DataFrame({"email": fields}))
    assert cleaned.contacts["email"].tolist() == ["anna@example.org", "a@example.org", "a@gmail.con"]
    assert cleaned.contacts[["first_name", "last_name"]].iloc[0].tolist() == ["Anna", "Rossi"]
    notes = dict(cleaned.log[["was", "note"]].itertuples(index=False, name=None))
    assert notes["a@example.org; b@example.org"] == "a second address: b@example.org"
    assert notes["a@gmail.con"].startswith("doubtful")


#: Country and postcode and number as typed; country, postcode and number that are right.
PLACES = [
    (("France", "75001", "06 12 34 56 78"), ("FR", "75001", "+33612345678")),
    (("Germania", "1067", "030 901820"), ("DE", "01067", "+4930901820")),
    (("Spagna", "8001", "912 345 678"), ("ES", "08001", "+34912345678")),
    (("USA", "2108", "212-736-5000"), ("US", "02108", "+12127365000")),
    (("Elbonia", "184", "06 12 34 56 78"), (None, "184", None)),
    ((None, "75001", "+33 1 42 60 00 00"), ("FR", "75001", "+33142600000")),
    ((None, "8001", None), (None, "8001", None)),
    ((None, "1010", None), (None, "1010", None)),
    ((None, "75001", None), (None, "75001", None)),
    (("n/a", "sw1a1aa", None), ("GB", "SW1A 1AA", None)),
    (("IT", "184", None), ("IT", "00184", None)),
    ((None, "'75008", "'+33639980001"), ("FR", "75008", "+33639980001")),
    ((None, '="00184"', None), (None, "00184", None)),
    ((None, "N/A", None), (None, None, None)),
    (("ITA", "I-40121", None), ("IT", "40121", None)),
    (("GB", None, "020 7946 0018 ext 5"), ("GB", None, "+442079460018")),
    (("GB", None, "+44 20 7946 0018 ext 5"), ("GB", None, "+442079460018")),
    (("GB", None, "7911 123456"), ("GB", None, "+447911123456")),
    (("FR", None, "612345678"), ("FR", None, "+33612345678")),
    (("RU", None, "912 345 67 89"), ("RU", None, "+79123456789")),
    (("GR", None, "021 234 567"), ("GR", None, None)),
    (("IT", None, "02 1234567 int. 12"), ("IT", None, "+39021234567")),
    (("IT", None, "02 1234567 x12"), ("IT", None, "+39021234567")),
    (("IT", None, "06 6982 int 5"), ("IT", None, "+39066982")),
    (("IT", None, "347 7654321 (casa 2)"), ("IT", None, "+393477654321")),
    (("IT", None, "333 1234567 / 349 1234567"), ("IT", None, "+393331234567")),
]


@pytest.mark.slow
def test_places_and_numbers_are_read_by_their_own_country() -> None:
    raw = pd.DataFrame([typed for typed, _ in PLACES], columns=["country", "postcode", "phone"], dtype="str")
    cleaned = clean_contacts(raw.assign(name="Anna Rossi"))
    rows = [tuple(None if pd.isna(part) else part for part in row) for row in
            cleaned.contacts[["country", "postcode", "phone"]].itertuples(index=False)]  # fmt: skip
    assert rows == [right for _, right in PLACES]
    notes = cleaned.log[cleaned.log["column"] == "phone"].set_index("was")["note"]
    assert notes["02 1234567 int. 12"] == notes["02 1234567 x12"] == "extension 12"
    assert notes["347 7654321 (casa 2)"] == "left out: (casa 2)"
    assert notes["333 1234567 / 349 1234567"] == "a second number: 349 1234567"


@pytest.mark.slow
def test_a_lost_zero_needs_a_sign() -> None:
    zips = [*(f"{number}0121" for number in range(1, 10)), "184"]
    five = pd.DataFrame({"name": "Anna Rossi", "zip": zips})
    assert clean_contacts(five).contacts["postcode"].iloc[-1] == "00184"
    four = clean_contacts(pd.DataFrame({"name": "Anna Rossi", "zip": ["2000", "3000", "75001"]})).contacts
    assert four["postcode"].tolist() == ["2000", "3000", "75001"]
    assert four["country"].isna().all()


@pytest.mark.slow
def test_streets_and_days_of_birth_are_columns_in_usual_spellings() -> None:
    births = ["1980-02-01", "31/12/1980", "1900-01-01", "19081309", "04/05/1980"]
    streets = ["VIA ROMA 1", None, "-", "x", "y"]
    raw = pd.DataFrame({"nome": "Anna", "cognome": "Rossi", "Indirizzo": streets, "Data di nascita": births})
    cleaned = clean_contacts(raw)
    assert cleaned.matched == {
        "first_name": "nome", "last_name": "cognome", "street": "Indirizzo", "birth_date": "Data di nascita",
    }  # fmt: skip
    assert cleaned.contacts["street"].iloc[0] == "Via Roma 1"
    assert cleaned.contacts["street"].iloc[1:3].isna().all()
    assert cleaned.contacts["birth_date"].fillna("").tolist() == [
        "1980-02-01", "1980-12-31", "", "19081309", "04/05/1980",
    ]  # fmt: skip
