"""One person in two records that differ: the kinds of difference, each merged, asked about, or kept apart."""

import pandas as pd
import pytest

from crmlib.intake import Merged, clean_contacts, merge_contacts
from crmlib.intake.naming import called
from crmlib.intake.records import records
from crmlib.intake.spellings import Names
from crmlib.policy import Intake

from .archives import archive

COLUMNS = ["name", "email", "phone", "city", "postcode"]
Row = tuple[str | None, str | None, str | None, str | None, str | None]


def merged_rows(*rows: Row) -> Merged:
    table = pd.DataFrame(rows, columns=COLUMNS, dtype="str")
    return merge_contacts(clean_contacts(table.assign(contact_id=[str(number) for number in range(len(rows))])))


def fate(*rows: Row) -> str:
    """Tell what became of rows that may be one person: one, asked or apart."""
    merged = merged_rows(*rows)
    if len(merged.contacts) == 1:
        return "one"
    assert len(merged.contacts) == len(rows)
    return "asked" if len(merged.review) else "apart"


MAIL, PHONE, ROME = "maria@example.org", "3001234567", ("Roma", "00184")
NOWHERE = (None, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # the family name has changed; mailbox and telephone, or mailbox and town, are one person's
        ([("Maria Rossi", MAIL, PHONE, *NOWHERE), ("Maria Bianchi", MAIL, PHONE, *NOWHERE)], "one"),
        ([("Maria Rossi", MAIL, None, *ROME), ("Maria Bianchi", MAIL, None, *ROME)], "one"),
        ([("Maria Rossi", MAIL, None, *ROME), ("Maria Bianchi", MAIL, None, "Milano", "20121")], "asked"),
        ([("Maria Rossi", MAIL, None, *NOWHERE), ("Maria Bianchi", MAIL, None, *NOWHERE)], "asked"),
        # a telephone may be a house's: the mother-in-law is called Maria, too
        ([("Maria Rossi", None, PHONE, *ROME), ("Maria Bianchi", None, PHONE, *ROME)], "asked"),
        # an initial, or one of two names, is no name that is the same
        ([("M. Rossi", MAIL, PHONE, *ROME), ("Maria Bianchi", MAIL, PHONE, *ROME)], "asked"),
        ([("Maria Grazia Rossi", MAIL, PHONE, *ROME), ("Maria Bianchi", MAIL, PHONE, *ROME)], "asked"),
        # what three families share is nobody's own
        ([(f"Maria {name}", MAIL, PHONE, *ROME) for name in ("Rossi", "Bianchi", "Verdi")], "asked"),
    ],
)  # fmt: skip
def test_a_family_name_that_has_changed(rows: list[Row], expected: str) -> None:
    assert (fate(*rows), fate(*rows[::-1])) == (expected, expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("John Smith Jr.", "John Smith Sr.", "apart"),
        ("John Smith, Jr.", "Smith Sr, John", "apart"),
        ("John Smith Junior", "John Smith Senior", "apart"),
        ("JOHN SMITH JUNIOR", "john smith senior", "apart"),
        ("John Smith II", "John Smith III", "apart"),
        ("Mario Rossi figlio", "Mario Rossi (padre)", "apart"),
        ("John Smith Jr.", "John Smith Jnr", "one"),
        ("John Smith Jr.", "John Smith", "one"),
        ("John Smith PhD", "John Smith", "one"),
        ("Sr. Juan Garcia", "Juan Garcia", "one"),
    ],
)
def test_a_parent_and_a_child_of_one_name_are_two(one: str, other: str, expected: str) -> None:
    home = (None, PHONE, *ROME)
    assert (fate((one, *home), (other, *home)), fate((other, *home), (one, *home))) == (expected, expected)


@pytest.mark.slow
def test_who_could_be_the_parent_or_the_child_is_asked_about() -> None:
    merged = merged_rows(*((f"John Smith{suffix}", None, PHONE, *ROME) for suffix in (" Jr.", " Sr.", "")))
    assert len(merged.contacts) == 3
    assert merged.review[["left_id", "right_id"]].to_numpy().tolist() == [["0", "2"], ["1", "2"]]
    assert merged.contacts["generation"].fillna("").tolist() == ["younger", "elder", ""]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Amartya Kumar Sen", ("Amartya Kumar", "Sen", None)),
        ("Rachel Anne Senior", ("Rachel Anne", "Senior", None)),
        ("Kim Ha Jun", ("Kim Ha", "Jun", None)),
        ("Heinz Maier sen.", ("Heinz", "Maier", "elder")),
        ("Smith Jr., John", ("John", "Smith", "younger")),
        ("Mario Rossi e figlio", ("Mario Rossi e", "figlio", None)),
        ("Alexandre Dumas fils", ("Alexandre", "Dumas", "younger")),
    ],
)
def test_a_name_that_is_a_suffix_as_well_stays_a_name(name: str, expected: tuple[str, str, str | None]) -> None:
    read = called(name)
    assert (read.first, read.last, read.generation) == expected


def test_a_suffix_of_its_own_column_is_read_and_cleaning_twice_changes_nothing() -> None:
    raw = pd.DataFrame(
        {"First": ["John", "John", "Ann"], "Last": ["Smith", "Smith Sr.", "Lee"], "Suffix": ["Jr", "", "MD"]}
    )
    cleaned = clean_contacts(raw)
    again = clean_contacts(cleaned.contacts)
    for contacts in (cleaned.contacts, again.contacts):
        assert contacts["generation"].fillna("").tolist() == ["younger", "elder", ""]
    assert "does not tell a parent from a child: left out" in set(cleaned.log["note"])


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        *(("talia", "talai", "typo"), ("charlie", "charlei", "typo"), ("chelsea", "chelsae", "typo")),
        *(("paolo", "paola", "different"), ("luigi", "luigia", "different"), ("ottavio", "ottavia", "different")),
        *(("mattia", "mattea", "different"), ("daniel", "daniela", "different")),
    ],
)
def test_vowels_that_changed_places_are_a_slip_and_his_name_is_not_hers(left: str, right: str, expected: str) -> None:
    assert (Names([], 1).alike(left, right), Names([], 1).alike(right, left)) == (expected, expected)


def test_a_postcode_that_lost_its_zero_is_the_same_postcode() -> None:
    rows = pd.DataFrame({"name": ["Ann Lee"] * 4, "city": ["Boston"] * 4, "postcode": ["02111", "2111", "00000", None]})
    said = records(clean_contacts(rows.assign(country="US")).contacts, None, Intake())
    assert said["postcode"].nunique() == 2
    assert said["place"].value_counts().max() == 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["the wrong way round", "a blank too many", "a zero too few"])
def test_pairs_that_differ_in_form_alone_are_found_without_a_key(kind: str) -> None:
    table = archive(700, errors=0.1, seed=5).drop(columns=["street", "birth_date", "email", "phone"])
    table["postcode"] = "0" + table["postcode"].str[1:]
    changed = table["contact_id"].str.endswith("-dup") & (table["person"].astype(int) % 5 == 0)
    whole = table[["first_name", "last_name"]].notna().all(axis=1) & changed
    if kind == "the wrong way round":
        table.loc[whole, ["first_name", "last_name"]] = table.loc[whole, ["last_name", "first_name"]].to_numpy()
    elif kind == "a blank too many":
        for name in ("first_name", "last_name", "city"):
            table.loc[whole, name] = table.loc[whole, name].str[:3] + " " + table.loc[whole, name].str[3:]
    else:
        table.loc[whole, "postcode"] = table.loc[whole, "postcode"].str[1:]
    merged = merge_contacts(clean_contacts(table.drop(columns="person")))
    person = merged.members.set_index("record_id")["merged_id"]
    joined = [person[f"{number}-org"] == person[f"{number}-dup"] for number in table["person"][whole]]
    truth = table.set_index("contact_id")["person"].to_dict()
    assert all(truth[left] == truth[right] for left, right in merged.log[["left_id", "right_id"]].to_numpy())
    assert sum(joined) / len(joined) > 0.75


@pytest.mark.slow
def test_one_persons_name_is_given_the_usual_way_round() -> None:
    rows: list[Row] = [("Jessica Ballantyne", MAIL, None, *ROME), ("Ballantyne Jessica", MAIL, None, *ROME)]
    for ordered in (rows, rows[::-1]):
        people = merged_rows(*ordered).contacts
        assert people[["first_name", "last_name"]].to_numpy().tolist() == [["Jessica", "Ballantyne"]]
