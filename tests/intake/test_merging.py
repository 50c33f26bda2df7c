from random import Random

import pandas as pd
import pytest

from crmlib.errors import SchemaError
from crmlib.intake import Cleaned, Merged, clean_contacts, merge_contacts, pairwise


def people(*rows: tuple[str, str | None, str | None, str | None]) -> Cleaned:
    """Contacts of id, name, email and phone."""
    return clean_contacts(pd.DataFrame(rows, columns=["contact_id", "name", "email", "phone"], dtype="str"))


def groups(merged: Merged) -> list[list[str]]:
    return sorted(sorted(group) for _, group in merged.members.groupby("merged_id")["record_id"])


@pytest.fixture(scope="module")
def merged(cleaned: Cleaned, customers: pd.DataFrame, consents: pd.DataFrame) -> Merged:
    return merge_contacts(cleaned, customers=customers, consents=consents)


@pytest.mark.slow
def test_precision_and_recall_on_the_shop(merged: Merged, truth: "pd.Series[str]") -> None:
    found = merged.members.set_index("record_id")["merged_id"]
    side = merged.members.set_index("record_id")["account"].map({True: "account", False: "contact"})
    contacts = pairwise(found, truth[truth.index.isin(side.index[side == "contact"])])
    links = pairwise(found, truth, side=side)
    assert contacts.precision >= 0.98
    assert contacts.recall >= 0.90
    assert links.precision >= 0.98
    assert links.recall >= 0.95


@pytest.mark.slow
def test_the_probabilistic_step_finds_what_exact_keys_miss(
    merged: Merged, cleaned: Cleaned, customers: pd.DataFrame, truth: "pd.Series[str]"
) -> None:
    keys = merge_contacts(cleaned, customers=customers, keys_only=True)
    alone, both = (pairwise(each.members.set_index("record_id")["merged_id"], truth) for each in (keys, merged))
    assert alone.precision >= 0.999
    assert alone.recall + 0.02 < both.recall


@pytest.mark.slow
def test_accounts_are_never_merged(merged: Merged, customers: pd.DataFrame) -> None:
    assert merged.contacts["customer_id"].dropna().is_unique
    assert len(customers) == merged.contacts["customer_id"].notna().sum()


@pytest.mark.slow
def test_each_merge_is_logged_and_undoing_all_gives_the_originals_back(merged: Merged) -> None:
    assert len(merged.members) - len(merged.contacts) == len(merged.log)
    assert merged.log["merge_id"].is_unique
    apart = merged.undo(*merged.log["merge_id"])
    assert len(apart.contacts) == len(merged.members)
    assert apart.log.empty
    fields = ["email", "phone", "city", "postcode"]
    back = apart.contacts.set_index(apart.contacts["merged_id"].str.removeprefix("M-"))[fields].sort_index()
    was = merged.originals.set_index("contact_id")[fields].sort_index()
    pd.testing.assert_frame_equal(back, was, check_names=False)


@pytest.mark.slow
def test_undoing_one_merge_splits_one_person(merged: Merged) -> None:
    one = merged.undo(merged.log["merge_id"].iloc[0])
    assert len(merged.contacts) + 1 == len(one.contacts)
    with pytest.raises(SchemaError, match="There is no merge 'J0' in the log"):
        merged.undo("J0")


@pytest.mark.slow
def test_provenance_names_a_record_that_says_so(merged: Merged) -> None:
    said = merged.provenance[merged.provenance["column"] == "email"].set_index("record_id")["value"]
    pd.testing.assert_series_equal(
        said.sort_index(),
        merged.originals.set_index("contact_id")["email"].reindex(said.index).sort_index(),
        check_names=False,
        check_dtype=False,
    )


@pytest.mark.slow
def test_the_order_of_rows_changes_nothing_and_nothing_is_printed(
    cleaned: Cleaned, capfd: pytest.CaptureFixture[str]
) -> None:
    part = cleaned.contacts.head(600)
    one = merge_contacts(part)
    other = merge_contacts(part.sample(frac=1, random_state=3))
    for table in ("contacts", "members", "log", "review"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table))
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_merging_the_same_contacts_under_other_ids_adds_nobody(cleaned: Cleaned) -> None:
    part = cleaned.contacts[cleaned.contacts["email"].notna()].head(300)
    again = part.assign(contact_id="again-" + part["contact_id"])
    once, twice = merge_contacts(part, keys_only=True), merge_contacts(pd.concat([part, again]), keys_only=True)
    assert len(once.contacts) == len(twice.contacts)


@pytest.mark.slow
def test_a_family_that_shares_phone_and_mailbox_stays_a_family() -> None:
    merged = merge_contacts(
        people(
            ("1", "Anna Rossi", "casa@example.org", "3001234567"),
            ("2", "Marco Rossi", "casa@example.org", "3001234567"),
            ("3", "Annina Rossi", None, "3001234567"),
            ("4", "Paola Rossi", None, "3001234567"),
            ("5", "Paolo Rossi", None, "3001234567"),
        )
    )
    assert groups(merged) == [["1", "3"], ["2"], ["4"], ["5"]]


@pytest.mark.slow
def test_whoever_left_no_name_on_a_shared_phone_is_for_review() -> None:
    merged = merge_contacts(
        people(
            ("1", "Anna Rossi", None, "3001234567"),
            ("2", "Marco Rossi", None, "3001234567"),
            ("3", None, None, "3001234567"),
        )
    )
    assert groups(merged) == [["1"], ["2"], ["3"]]
    assert merged.review[["left_id", "right_id"]].to_numpy().tolist() == [["1", "3"], ["2", "3"]]


@pytest.mark.slow
def test_no_chain_through_a_third_contact() -> None:
    # 2 has Anna's mailbox and Marco's phone: it can be one of them only
    merged = merge_contacts(
        people(
            ("1", "Anna Rossi", "a@example.org", None),
            ("2", None, "a@example.org", "3001234567"),
            ("3", "Marco Rossi", None, "3001234567"),
        )
    )
    assert groups(merged) == [["1", "2"], ["3"]]


@pytest.mark.slow
def test_a_switchboard_and_a_generic_mailbox_merge_nobody() -> None:
    names = ["Anna", "Bruno", "Carla", "Dario", "Elena", "Fabio", "Gina"]
    rows = [(str(number), f"{name} Rossi", None, "021234567") for number, name in enumerate(names)]
    assert len(rows) + 1 == len(merge_contacts(people(*rows, ("9", "Anna Rossi", None, "021234567"))).contacts)
    info = people(("1", "Anna Rossi", "info@example.org", None), ("2", "Anna Rossi", "info@example.org", None))
    assert groups(merge_contacts(info, keys_only=True)) == [["1"], ["2"]]


@pytest.mark.slow
def test_what_a_person_decides_holds() -> None:
    contacts = people(
        ("1", "Anna Rossi", "a@example.org", None),
        ("2", "Anna Rossi", "a@example.org", None),
        ("3", "Bo", None, "3001234567"),
    )
    decided = pd.DataFrame({"left_id": ["1", "1"], "right_id": ["2", "3"], "same": [False, True]})
    merged = merge_contacts(contacts, decided=decided)
    assert groups(merged) == [["1", "3"], ["2"]]
    assert merged.log["reason"].tolist() == ["decided"]
    with pytest.raises(SchemaError, match="decided: there is no contact '8'"):
        merge_contacts(contacts, decided=decided.assign(left_id="8"))


@pytest.mark.slow
def test_raw_contacts_and_ids_that_clash_are_errors() -> None:
    with pytest.raises(SchemaError, match="not clean yet"):
        merge_contacts(pd.DataFrame({"email": ["a@example.org"]}))
    with pytest.raises(SchemaError, match="'1' is the id of a contact and of a customer"):
        merge_contacts(
            people(("1", "Anna", None, None)), customers=pd.DataFrame({"customer_id": ["1"], "name": ["Anna"]})
        )


def permissions(*rows: tuple[str, str, str | None]) -> pd.DataFrame:
    """Consents of contact, time given and time withdrawn."""
    table = pd.DataFrame(rows, columns=["contact_id", "given_ts", "withdrawn_ts"])
    table = table.assign(consent_id=[f"G{number}" for number in range(len(rows))], channel="email", purpose="marketing")
    return table.astype({"given_ts": "datetime64[us]", "withdrawn_ts": "datetime64[us]"})


@pytest.mark.slow
def test_consent_survives_in_its_strictest_form() -> None:
    contacts = people(("1", "Anna Rossi", "a@example.org", None), ("2", "Anna Rossi", "a@example.org", None))
    said = permissions(("1", "2026-01-01", None), ("2", "2025-01-01", "2025-06-01"), ("2", "2024-01-01", "2024-02-01"))
    merged = merge_contacts(contacts, consents=said)
    assert [["withdrawn", pd.Timestamp("2025-06-01"), "G1", 3]] == merged.consents[
        ["status", "since", "consent_id", "consents"]
    ].to_numpy().tolist()
    restored = merge_contacts(contacts, consents=said, policy={"intake": {"later_grant": "restores"}})
    assert restored.consents["status"].tolist() == ["given"]
    apart = merged.undo(merged.log["merge_id"][0])
    assert list(apart.consents[["merged_id", "status"]].itertuples(index=False, name=None)) == [
        ("M-1", "given"),
        ("M-2", "withdrawn"),
    ]


@pytest.mark.slow
def test_whoever_opted_out_anywhere_is_opted_out(merged: Merged, consents: pd.DataFrame) -> None:
    who = consents["customer_id"].fillna(consents["contact_id"])
    person = who.map(merged.members.set_index("record_id")["merged_id"])
    out = consents["withdrawn_ts"].notna()
    expected = set(zip(person[out], consents["channel"][out], consents["purpose"][out], strict=True))
    withdrawn = merged.consents[merged.consents["status"] == "withdrawn"]
    assert expected == set(withdrawn[["merged_id", "channel", "purpose"]].itertuples(index=False, name=None))


@pytest.mark.slow
def test_joins_do_not_depend_on_chance() -> None:
    rows = [(str(number), f"Anna Rossi{number % 3}", f"anna{number % 4}@example.org", None) for number in range(12)]
    first = groups(merge_contacts(people(*rows), keys_only=True))
    Random(4).shuffle(rows)  # noqa: S311 - an order, nothing secret
    assert first == groups(merge_contacts(people(*rows), keys_only=True))


@pytest.mark.slow
def test_names_the_wrong_way_round_are_one_person() -> None:
    merged = merge_contacts(
        people(("1", "Parmitano Stefania", "s@example.org", None), ("2", "Stefania Paarmitano", "s@example.org", None))
    )
    assert groups(merged) == [["1", "2"]]
