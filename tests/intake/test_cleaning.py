import sqlite3
from pathlib import Path
from random import Random

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmlib.errors import SchemaError, SourceError
from crmlib.intake import Cleaned, clean_contacts
from tests.examples import share

HEADER = "first_name,last_name,email,phone"


def written(folder: Path, text: str, name: str = "list.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.slow
def test_an_italian_list_is_understood_and_what_was_recognised_is_reported(tmp_path: Path) -> None:
    text = "Nome;Cognome;E-mail;Cellulare;CAP;Città\nANNA;D'AMICO;Anna@Example.org;300 1234567;184;ROMA\n"
    cleaned = clean_contacts(written(tmp_path, text))
    row = cleaned.contacts.iloc[0]
    expected = ("Anna", "D'Amico", "anna@example.org", "+393001234567", "00184", "Roma")
    assert expected == tuple(row[["first_name", "last_name", "email", "phone", "postcode", "city"]])
    assert cleaned.matched["phone"] == "Cellulare"
    assert "email = 'E-mail'" in repr(cleaned)


@pytest.mark.slow
def test_columns_of_any_name_can_be_mapped() -> None:
    raw = pd.DataFrame({"who": ["Anna Rossi"], "where to write": ["anna@example.org"]})
    cleaned = clean_contacts(raw, columns={"full_name": "who", "email": "where to write"})
    assert cleaned.contacts[["first_name", "last_name", "email"]].iloc[0].tolist() == [
        "Anna",
        "Rossi",
        "anna@example.org",
    ]
    assert cleaned.matched == {}


def test_two_columns_that_could_be_meant_are_an_error() -> None:
    with pytest.raises(SchemaError, match="'Mail' and 'Email address' could each be email"):
        clean_contacts(pd.DataFrame({"Mail": ["a@example.org"], "Email address": ["b@example.org"]}))


def test_a_list_that_tells_of_nobody_is_an_error() -> None:
    with pytest.raises(SchemaError, match=r"no column for a name, an email or a phone.*columns=\{'email'"):
        clean_contacts(pd.DataFrame({"colour": ["red"]}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"name": "Anna", "surname": "Rossi"}, ["Anna", "Rossi"]),
        ({"name": "Anna Rossi"}, ["Anna", "Rossi"]),
        ({"nome": "Anna Rossi"}, ["Anna", "Rossi"]),
        ({"nome": "Anna", "cognome": "Rossi"}, ["Anna", "Rossi"]),
    ],
)
def test_name_means_what_stands_beside_it(columns: dict[str, str], expected: list[str]) -> None:
    cleaned = clean_contacts(pd.DataFrame({name: [value] for name, value in columns.items()}))
    assert expected == cleaned.contacts[["first_name", "last_name"]].iloc[0].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_table_of_a_database_is_read_like_a_list(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"crm.{kind}"
    statements = [
        "create table contacts (id text, name text, email text)",
        "insert into contacts values ('1', 'Anna Rossi', 'anna@example.org'), ('2', 'Bo', 'bo@example.org')",
        "create table orders (customer text)",
    ]
    with duckdb.connect(str(path)) if kind == "duckdb" else sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    if kind == "sqlite":
        connection.close()
    cleaned = clean_contacts(f"{kind}:///{path}")
    assert cleaned.contacts["contact_id"].tolist() == ["1", "2"]
    assert cleaned.contacts["source_file"].tolist() == [f"table contacts of crm.{kind}"] * 2


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, f"{HEADER}\nNiccolò,Rossi,n@example.org,\n", encoding=encoding)
    if encoding == "cp1252":
        with pytest.raises(SourceError, match=r'row 2: the file is not UTF-8.*clean_contacts\(\.\.\., encoding="'):
            clean_contacts(path)
    named = "utf-8" if encoding == "utf-8-sig" else encoding
    assert clean_contacts(path, encoding=named).contacts["first_name"].tolist() == ["Niccolò"]


@pytest.mark.slow
def test_an_encoding_misread_before_us_is_mended_and_logged() -> None:
    cleaned = clean_contacts(pd.DataFrame({"first_name": ["NiccolÃ²"], "email": ["n@example.org"]}))
    assert cleaned.contacts["first_name"].tolist() == ["Niccolò"]
    assert cleaned.log[["was", "became", "note"]].to_numpy().tolist() == [
        ["NiccolÃ²", "Niccolò", "misread encoding: mended"]
    ]


def test_lists_with_different_delimiters_are_one_intake(tmp_path: Path) -> None:
    written(tmp_path, "email,phone\na@example.org,\n", "a.csv")
    written(tmp_path, "email;phone\nb@example.org;\n", "b.csv")
    contacts = clean_contacts(str(tmp_path / "*.csv")).contacts
    assert contacts[["email", "source_file", "source_row"]].to_numpy().tolist() == [
        ["a@example.org", "a.csv", 2],
        ["b@example.org", "b.csv", 2],
    ]


@pytest.mark.slow
def test_rows_with_another_delimiter_than_the_header_are_rejected_with_their_place(tmp_path: Path) -> None:
    text = f"{HEADER}\nAnna,Rossi,a@example.org,\nMarco;Bianchi;m@example.org;\nEva,Neri,e@example.org,\n"
    cleaned = clean_contacts(written(tmp_path, text))
    assert cleaned.contacts["source_row"].tolist() == [2, 4]
    assert cleaned.rejects.to_numpy().tolist() == [
        ["list.csv", 3, "1 fields, where the first line names 4 columns", "Marco;Bianchi;m@example.org;"]
    ]


@pytest.mark.slow
def test_a_field_of_ten_megabytes_is_rejected_and_the_rest_kept(tmp_path: Path) -> None:
    text = f'{HEADER}\nAnna,Rossi,a@example.org,\nBig,"{"x" * 10_000_000}",b@example.org,\nEva,Neri,e@example.org,\n'
    cleaned = clean_contacts(written(tmp_path, text))
    assert cleaned.contacts["first_name"].tolist() == ["Anna", "Eva"]
    assert cleaned.rejects["source_row"].tolist() == [3]
    assert cleaned.rejects["reason"][0] == "column last_name: a field of 10000000 characters; 10000 are allowed"
    assert len(cleaned.rejects["content"][0]) > 10_000_000  # never lost


def test_an_empty_file_and_repeated_headers_are_errors_that_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing.csv: the file is empty"):
        clean_contacts(written(tmp_path, "", "nothing.csv"))
    with pytest.raises(SourceError, match=r"list.csv: the column 'email' is there more than once"):
        clean_contacts(written(tmp_path, "email,email\na@example.org,b@example.org\n"))


def test_a_list_with_a_header_and_no_rows_is_no_contacts(tmp_path: Path) -> None:
    cleaned = clean_contacts(written(tmp_path, f"{HEADER}\n"))
    assert (len(cleaned.contacts), len(cleaned.rejects)) == (0, 0)


def test_names_from_right_to_left_and_emoji_survive_without_their_direction_marks() -> None:
    names = ["\u202bשרה\u202c", "محمد", "Zoë 🌸", "👩‍🍳 Anna", "李"]
    contacts = clean_contacts(pd.DataFrame({"first_name": names, "last_name": ["Levi"] * 5})).contacts
    assert contacts["first_name"].tolist() == ["שרה", "محمد", "Zoë 🌸", "👩‍🍳 Anna", "李"]


@pytest.mark.slow
def test_whoever_cannot_be_told_is_rejected_not_lost() -> None:
    raw = pd.DataFrame({"email": ["a@", None, "b@example.org"], "city": ["Roma", "Milano", None]})
    cleaned = clean_contacts(raw)
    assert cleaned.contacts["email"].tolist() == ["b@example.org"]
    assert cleaned.rejects["content"].tolist() == ["email=a@; city=Roma", "city=Milano"]


@pytest.mark.slow
def test_a_repeated_id_keeps_the_fullest_row() -> None:
    raw = pd.DataFrame({"id": ["1", "1"], "email": ["a@example.org", "a@example.org"], "phone": [None, "3001234567"]})
    for order in (raw, raw[::-1]):
        cleaned = clean_contacts(order)
        assert cleaned.contacts["phone"].tolist() == ["+393001234567"]
        assert cleaned.rejects["reason"].tolist() == ["the contact_id stands in another row, which says more"]


@pytest.mark.slow
def test_times_and_ticks() -> None:
    raw = pd.DataFrame(
        {
            "email": [f"{letter}@example.org" for letter in "abcd"],
            "received": ["2026-01-02", "2026-01-02T10:00:00Z", "02/01/2026", None],
            "optin": ["SI", "no", "perhaps", None],
        }
    )
    cleaned = clean_contacts(raw, policy={"orders": {"timezone": "Europe/Rome"}})
    assert cleaned.contacts["received_ts"].astype("str").tolist()[:2] == ["2026-01-02 00:00:00", "2026-01-02 11:00:00"]
    assert cleaned.contacts["received_ts"].isna().tolist() == [False, False, True, True]
    assert cleaned.contacts["marketing_consent"].tolist() == [True, False, pd.NA, pd.NA]
    assert cleaned.log["column"].tolist() == ["received_ts", "marketing_consent"]


def test_the_simulated_intake_is_kept_whole(cleaned: Cleaned) -> None:
    rows = [*cleaned.contacts["source_row"], *cleaned.rejects["source_row"]]
    assert sorted(rows) == list(range(1, len(rows) + 1))
    assert cleaned.contacts["email_key"].str.contains(r"\+", na=False).sum() == 0
    assert cleaned.contacts["phone"].dropna().str.fullmatch(r"\+\d{7,15}").all()


cells = st.one_of(
    st.none(), st.text(max_size=12), st.sampled_from(["ANNA", "a@example.org", "300 1234567", "=1+1", "x\x00"])
)
lists = st.lists(
    st.fixed_dictionaries(dict.fromkeys(("first_name", "last_name", "email", "phone", "city", "postcode"), cells)),
    min_size=1,
    max_size=8,
)
quick = settings(max_examples=share(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def frame(rows: list[dict[str, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(rows, dtype="str")


@pytest.mark.slow
@quick
@given(lists)
def test_nothing_is_lost(rows: list[dict[str, str | None]]) -> None:
    cleaned = clean_contacts(frame(rows))
    assert sorted([*cleaned.contacts["source_row"], *cleaned.rejects["source_row"]]) == list(range(len(rows)))


@pytest.mark.slow
@quick
@given(lists)
def test_cleaning_what_is_clean_changes_nothing(rows: list[dict[str, str | None]]) -> None:
    once = clean_contacts(frame(rows))
    if len(once.contacts):
        pd.testing.assert_frame_equal(clean_contacts(once.contacts).contacts, once.contacts, check_dtype=False)


@pytest.mark.slow
@quick
@given(lists, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[dict[str, str | None]], random: Random) -> None:
    def said(cleaned: Cleaned) -> list[str]:
        return sorted(map(str, cleaned.contacts.drop(columns=["source_row"]).to_numpy().tolist()))

    shuffled = sorted(rows, key=lambda _: random.random())
    assert said(clean_contacts(frame(rows))) == said(clean_contacts(frame(shuffled)))
