"""Who is one person, and who is two: the same rules in an archive of any size."""

from functools import cache

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmlib.intake import Cleaned, Merged, clean_contacts, merge_contacts, pairwise
from crmlib.intake.records import records
from crmlib.intake.spellings import Names
from crmlib.policy import Intake

from .archives import archive

COLUMNS = ["contact_id", "name", "email", "phone"]
Row = tuple[str | None, str | None, str | None]


def merged_rows(*rows: Row, **options: object) -> Merged:
    """Merge rows of name, email and phone, called 0, 1, 2 ..."""
    table = pd.DataFrame([(str(number), *row) for number, row in enumerate(rows)], columns=COLUMNS, dtype="str")
    return merge_contacts(clean_contacts(table), **options)  # type: ignore[arg-type]


def one_archive(*pairs: tuple[str, str], phone: bool = True, email: bool = True) -> tuple[Merged, list[str]]:
    """Merge an archive of pairs of names, each pair under keys of its own; return what became of each."""
    rows: list[Row] = []
    for number, names in enumerate(pairs):
        keys = (f"x{number}@example.org" if email else None, f"30012{number:02d}567" if phone else None)
        rows += [(name, *keys) for name in names]
    merged = merged_rows(*rows)
    person = merged.members.set_index("record_id")["merged_id"]
    asked = {frozenset(pair) for pair in merged.review[["left_id", "right_id"]].itertuples(index=False, name=None)}
    fates = []
    for number in range(len(pairs)):
        left, right = str(2 * number), str(2 * number + 1)
        joined = person[left] == person[right]
        fates.append("merged" if joined else "review" if frozenset((left, right)) in asked else "apart")
    return merged, fates


TWO_PEOPLE = [
    *("Luca Lucia", "Daniel Daniela", "John Joan", "Marco Mario", "Marco Mirco", "Elia Elisa", "Marina Marisa"),
    *("Mark Mary", "Paul Paula", "Carl Carla", "Jean Joan", "Jack Jon", "Ron Roy", "Carlo Carla", "Paolo Paola"),
    *("Gaia Maia", "Enzo Enza", "Luigi Luigia", "Mattia Mattea", "Eva Ava", "Tim Tom", "Lara Sara", "Nadia Nadja"),
]
SPELLINGS = [
    ("Kristina Rossi", "Cristina Rossi"),
    ("Katherine Rossi", "Kathryn Rossi"),
    ("James Robert Smith", "Robert Smith"),
    ("Maria Jose Lopez", "Jose Lopez"),
    ("Đorđe Petrović", "Dorde Petrovic"),
    ("Νίκος Παππάς", "Nikos Pappas"),
    ("Dott.ssa Anna Rossi", "Anna Rossi"),
    ("Sara Bianchi", "Sarah Bianchi"),
    ("Alex Moore", "Alexandra Moore"),
]


@pytest.mark.slow
def test_known_names_one_letter_apart_on_one_phone_are_two_people() -> None:
    pairs = [(f"{one} Rossi", f"{other} Rossi") for one, other in map(str.split, TWO_PEOPLE)]
    fates = one_archive(*pairs, email=False)[1]
    assert [pair for pair, fate in zip(TWO_PEOPLE, fates, strict=True) if fate == "merged"] == []


@pytest.mark.slow
def test_another_spelling_is_merged_or_asked_about() -> None:
    assert "apart" not in one_archive(*SPELLINGS, email=False)[1]
    both = [*SPELLINGS, ("Bottega Rossi S.r.l.", "Anna Rossi"), ("Luca Rossi", "Lucia Bianchi"), ("Bo Li", "Ugo Neri")]
    assert "apart" not in one_archive(*both)[1]


@pytest.mark.slow
def test_usual_variants_on_one_key_are_one_person() -> None:
    pairs = [
        *(("Jürgen Rossi", "Juergen Rossi"), ("Jean-Pierre Rossi", "Jeanpierre Rossi")),
        *(("Anna Maria Rossi", "Annamaria Rossi"), ("Beppe Rossi", "Giuseppe Rossi"), ("Gulia Rossi", "Giulia Rossi")),
        *(("A. Neri", "Anna Neri"), ("Dr. Anna Verdi", "Anna Verdi"), ("Bottega Rossi srl", "Bottega Rossi S.r.l.")),
    ]
    assert one_archive(*pairs, email=False)[1] == ["merged"] * len(pairs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "review"),
    [
        ([("Maria Rossi", None, "021234567"), ("Maria Bianchi", None, "021234567")], [{"0", "1"}]),
        (
            [(f"{name} Rossi", None, "021234567") for name in ("Antonio", "Anna", "A.")],
            [{"0", "2"}, {"1", "2"}],
        ),
        (
            [(f"{name} Rossi", None, "021234567") for name in ("Maria Grazia", "Maria Teresa", "Maria")],
            [{"0", "2"}, {"1", "2"}],
        ),
        ([("Anna Martin", None, "+33612345678"), ("Anna Bianchi", None, "+390612345678")], []),
        ([("Anna Martin", None, "+33612345678"), (None, None, "+390612345678")], []),
        ([(f"Anna {name}", "noemail@example.org", None) for name in ("Rossi", "Bianchi", "Verdi", "Neri")], []),
        ([(f"Anna {name}", None, "3333333333") for name in ("Rossi", "Bianchi", "Verdi", "Neri")], []),
        ([(f"Bottega Rossi {form}", "info@rossi.example", None) for form in ("S.r.l.", "srl")], [{"0", "1"}]),
    ],
)  # fmt: skip
def test_a_key_and_one_equal_word_are_no_person(rows: list[Row], review: list[set[str]]) -> None:
    for ordered in (rows, rows[::-1]):
        merged = merged_rows(*ordered)
        assert len(merged.contacts) == len(rows)
        back = {str(number): str(rows.index(row)) for number, row in enumerate(ordered)}
        asked = [{back[left], back[right]} for left, right in merged.review[["left_id", "right_id"]].to_numpy()]
        assert sorted(map(sorted, asked)) == sorted(map(sorted, review))


def test_each_use_of_a_placeholder_is_logged() -> None:
    rows = pd.DataFrame({"email": ["noemail@example.org", "a@example.org"], "phone": ["3333333333", "3001234567"]})
    notes = clean_contacts(rows).log.groupby("was")["note"].agg(set)
    assert notes["noemail@example.org"] == {"stands for no mailbox: joins nobody"}
    assert "stands for no number: joins nobody" in notes["3333333333"]


NULLS: list[dict[str, list[str | None]]] = [
    {"email": ["ann@example.org", "bob@example.org"]},
    {"phone": ["3001234567", "3001234568"]},
    {"last_name": ["Rossi", "Bianchi"]},
    {"email": ["ann@example.org", "bob@example.org"], "first_name": ["-", "-"]},
    {"email": ["ann@example.org"]},
    {"name": ["Anna Rossi"]},
    {"email": ["x", "y"]},
    {"email": []},
]


@pytest.mark.slow
def test_columns_of_nothing_and_lists_of_nobody_have_results() -> None:
    for columns in NULLS:
        cleaned = clean_contacts(pd.DataFrame(columns))
        merged = merge_contacts(cleaned)
        assert (len(merged.contacts), len(merged.log), len(merged.review)) == (len(cleaned.contacts), 0, 0), columns
        assert len(cleaned.contacts) + len(cleaned.rejects) == len(next(iter(columns.values())))
    whole = archive(4, keys=1.0).drop(columns="person")
    for name in whole.columns.drop("contact_id"):
        for table in (whole.assign(**{name: None}), whole.drop(columns=name)):
            assert len(merge_contacts(clean_contacts(table)).members) == len(whole)


FIRST = ["Anna", "Anna Maria", "A.", "Luca", "Lucia", "Kristina", "Cristina", "Dr. Anna", None, "Gulia", "Giulia"]
rows = st.lists(
    st.tuples(
        st.sampled_from(FIRST),
        st.sampled_from(["Rossi", "Rosi", "Bianchi", None]),
        st.sampled_from(["a@example.org", "b@example.org", None]),
        st.sampled_from(["3001234567", "+33 6 12 34 56 78", None]),
        st.sampled_from(["Roma", None]),
    ),
    min_size=2,
    max_size=7,
)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(rows)
def test_whoever_shares_so_much_is_merged_or_asked_about(sample: list[tuple[str | None, ...]]) -> None:
    columns = ["first_name", "last_name", "email", "phone", "city"]
    table = pd.DataFrame(sample, columns=columns, dtype="str").assign(contact_id=[str(n) for n in range(len(sample))])
    cleaned = clean_contacts(table)
    merged = merge_contacts(cleaned)
    person = merged.members.set_index("record_id")["merged_id"].to_dict()
    asked = {
        frozenset((person[left], person[right])) for left, right in merged.review[["left_id", "right_id"]].to_numpy()
    }
    said = records(cleaned.contacts, None, Intake()).set_index("record_id")
    names = Names([], 1)
    for left, one in said.iterrows():
        for right, other in said.iterrows():
            keys = sum(pd.notna(one[key]) and one[key] == other[key] for key in ("email", "phone"))
            surname = pd.notna(one["family"]) and one["family"] == other["family"]
            nameless = pd.isna(one["given"]) or pd.isna(other["given"])
            alike = nameless or names.alike(one["given"], other["given"]) != "different"
            compared = [(one[name], other[name]) for name in ("given", "family", "email", "phone", "city")]
            same = all(ours == theirs or (pd.isna(ours) and pd.isna(theirs)) for ours, theirs in compared)
            if left != right and (keys == 2 or (keys == 1 and surname and alike) or same):
                assert person[left] == person[right] or frozenset((person[left], person[right])) in asked, (one, other)


@pytest.mark.slow
def test_a_review_beyond_use_is_ranked_and_says_how_many_it_leaves_off() -> None:
    pairs = [
        (f"Maria {one}", f"Maria {other}")
        for one, other in [("Rossi", "Bianchi"), ("Neri", "Verdi"), ("Sala", "Conti")]
    ]
    rows: list[Row] = [(name, None, f"30012{n:02d}567") for n, pair in enumerate(pairs) for name in pair]
    merged = merged_rows(*rows, policy={"intake": {"longest_review": 2}})
    assert (len(merged.review), merged.left_off) == (2, 1)
    assert "pairs to review: 2 (1 less likely ones left off)" in repr(merged)


@cache
def found(people: int, keys: float, *, further: bool, lone: int = 0) -> tuple[float, float]:
    """Return precision and recall on an archive, with further unrelated pairs that share a mailbox alone."""
    table = archive(people, keys=keys)
    listed = table.drop(columns="person" if further else ["person", "street", "birth_date"])
    if lone:
        other = archive(lone, seed=9, keys=0.0).drop(columns=["person", "street", "birth_date"])
        other["email"] = [f"lone{number // 2}@mail.example" for number in range(len(other))]
        listed = pd.concat([listed, other.assign(contact_id="lone" + other["contact_id"])])
    members = merge_contacts(clean_contacts(listed)).members.set_index("record_id")["merged_id"]
    result = pairwise(members, table.set_index("contact_id")["person"])
    return result.precision, result.recall


@pytest.mark.full
def test_who_is_found_does_not_hang_on_other_peoples_keys() -> None:
    assert abs(found(1_500, 0.0, further=False)[1] - found(1_500, 0.0, further=False, lone=150)[1]) <= 0.02


@pytest.mark.full
def test_titles_cost_nothing() -> None:
    table = archive(400, keys=0.5)
    listed = table.drop(columns=["person", "street", "birth_date"])
    titled = listed.assign(first_name=listed["first_name"].where(listed.index % 3 != 0, "Dr. " + listed["first_name"]))
    recalls = [
        pairwise(merge_contacts(clean_contacts(each)).members.set_index("record_id")["merged_id"],
                 table.set_index("contact_id")["person"]).recall for each in (listed, titled)]  # fmt: skip
    assert abs(recalls[0] - recalls[1]) <= 0.005


@pytest.mark.full
def test_records_that_say_the_same_are_one_however_many_there_are() -> None:
    shares = []
    for count in (100, 2_000):
        originals = archive(count, errors=0.0).drop(columns=["person", "street", "birth_date", "email", "phone"])
        merged: Merged = merge_contacts(clean_contacts(originals))
        person = merged.members.set_index("record_id")["merged_id"]
        asked = set(map(frozenset, merged.review[["left_id", "right_id"]].to_numpy()))
        joined = [person[f"{n}-org"] == person[f"{n}-dup"] for n in range(count)]
        assert all(both or frozenset((f"{n}-org", f"{n}-dup")) in asked for n, both in enumerate(joined))
        shares.append(sum(joined) / count)
    assert shares[0] <= shares[1] + 0.01


@pytest.mark.slow
def test_what_a_person_decides_changes_nobody_else() -> None:
    table = archive(600)
    listed = clean_contacts(table.drop(columns=["person", "street", "birth_date"]))
    truth = table.set_index("contact_id")["person"]
    before = merge_contacts(listed)
    answers = before.review.head(50).assign(
        same=[truth[left] == truth[right] for left, right in before.review[["left_id", "right_id"]].head(50).to_numpy()]
    )
    after = merge_contacts(listed, decided=answers)
    others = truth[~truth.isin(truth[[*answers["left_id"], *answers["right_id"]]])]
    recalls = [pairwise(each.members.set_index("record_id")["merged_id"], others).recall for each in (before, after)]
    assert abs(recalls[0] - recalls[1]) <= 0.02


def test_cleaned_is_the_type_that_is_merged() -> None:
    assert isinstance(clean_contacts(pd.DataFrame({"email": ["a@example.org"]})), Cleaned)
