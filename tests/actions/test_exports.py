"""Exports: read back by readers that are not ours, held to what the platforms say that they take."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import open_shop
from crmlib.actions import Export, export, queue
from crmlib.actions.exports import FORMATS, outgoing
from crmlib.actions.exports.files import batches
from crmlib.errors import CrmlibError, SchemaError, SourceError
from tests.actions.small import AS_OF, allowed, customers, entries, small_shop

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.shop import Shop

E164 = re.compile(r"\+[1-9]\d{6,14}")
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def rows(file: Path) -> list[dict[str, str]]:
    raw = file.read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")  # an importer takes the mark for a part of the first heading
    return list(csv.DictReader(raw.decode("utf-8").splitlines(keepends=True)))


def bodies(done: Export, start: str) -> list[tuple[int, Any]]:
    files = sorted(done.folder.glob(f"{start}-*.json"))
    return [(file.stat().st_size, json.loads(file.read_text(encoding="utf-8"))) for file in files]


@pytest.fixture(scope="module")
def shop(shipped: Shop) -> Shop:
    return shipped


@pytest.fixture(scope="module")
def due(shop: Shop) -> Any:
    names = ["win_back", "welcome", "post_purchase", "repurchase_reminder", "abandoned_interest"]
    return queue(shop, names, start="2026-07-02", days=7)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_the_manifest_tells_what_the_files_hold(name: str, shop: Shop, due: Any, tmp_path: Path) -> None:
    done = export(due, shop, tmp_path / "out", format=name)
    told = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    files = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir() if file.name != "manifest.json"}
    assert {one["name"]: (one["bytes"], one["sha256"]) for one in told["files"]} == {
        name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items()
    }
    assert told["entries"] == done.entries
    assert done.entries + len(done.held) == len(due.entries)
    assert told["held"] == done.held["why"].value_counts().to_dict()


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_the_same_queue_gives_the_same_bytes(name: str, shop: Shop, due: Any, tmp_path: Path) -> None:
    shuffled = due.entries.sample(frac=1, random_state=1)
    for folder, some in (("a", due.entries), ("b", shuffled)):
        export(some, shop, tmp_path / folder, format=name)
    one, other = ({file.name: file.read_bytes() for file in (tmp_path / each).iterdir()} for each in "ab")
    assert one == other


@pytest.mark.slow
def test_klaviyo_profiles_and_consents(shop: Shop, due: Any, tmp_path: Path) -> None:
    done = export(due, shop, tmp_path / "out", format="klaviyo")
    listed = [row for file in sorted(done.folder.glob("profiles-*.csv")) for row in rows(file)]
    imported = bodies(done, "import")
    profiles = [one["attributes"] for _, body in imported for one in body["data"]["attributes"]["profiles"]["data"]]
    assert [size for size, _ in imported if size > 5_000_000] == []
    assert {body["data"]["type"] for _, body in imported} == {"profile-bulk-import-job"}
    assert [row["External ID"] for row in listed] == [one["external_id"] for one in profiles]
    assert len(profiles) == done.people
    for row, one in zip(listed, profiles, strict=True):
        assert row["Email"] == one.get("email", "")
        assert row["Email"] or row["Phone Number"]
        assert not row["Phone Number"] or E164.fullmatch(row["Phone Number"])
        assert "subscriptions" not in one  # an import gives no consent
        assert one["properties"]["crm_due"] == row["crm_due"]
        assert pd.Timestamp(row["crm_due"]).tzinfo is not None
    subscribed = bodies(done, "subscribe")
    given_at = dict(
        shop.consents.to_pandas()
        .query("purpose == 'marketing' and withdrawn_ts.isna() and customer_id.notna()")
        .groupby(["customer_id", "channel"])["given_ts"].max()
    )  # fmt: skip
    owners = {one["email"]: one["external_id"] for one in profiles if "email" in one}
    owners |= {one["phone_number"]: one["external_id"] for one in profiles if "phone_number" in one}
    seen = 0
    for _, body in subscribed:
        job = body["data"]["attributes"]
        assert job["historical_import"] is True
        assert len(job["profiles"]["data"]) <= 1_000
        for one in job["profiles"]["data"]:
            fields = one["attributes"]
            for channel, field in (("email", "email"), ("sms", "phone_number")):
                said = fields["subscriptions"].get(channel)
                assert (said is not None) == (field in fields)
                if said:
                    agreed = given_at[owners[fields[field]], channel].tz_localize("Europe/Rome")
                    assert pd.Timestamp(said["marketing"]["consented_at"]) == agreed.floor("s")
                    seen += 1
    assert seen > 50


@pytest.mark.slow
def test_soft_spam_subscribes_nobody(tmp_path: Path) -> None:
    shop = small_shop(consents=allowed(["ann", "bob"], email="soft_spam"))
    done = export(entries(["ann", "bob"], purpose="soft_spam"), shop, tmp_path / "out", format="klaviyo")
    assert done.people == 2
    assert bodies(done, "subscribe") == []


@pytest.mark.slow
def test_hubspot_batches(shop: Shop, due: Any, tmp_path: Path) -> None:
    done = export(due, shop, tmp_path / "out", format="hubspot")
    listed = [row for file in sorted(done.folder.glob("contacts-*.csv")) for row in rows(file)]
    inputs = [body["inputs"] for _, body in bodies(done, "upsert")]
    assert max(map(len, inputs)) <= 100
    flat = [one for some in inputs for one in some]
    assert [one["id"] for one in flat] == [row["Email"] for row in listed]
    assert len({one["id"] for one in flat}) == len(flat) == done.people
    for one in flat:
        assert one["idProperty"] == "email"
        assert MAIL.fullmatch(one["id"])
        assert one["properties"]["email"] == one["id"]
        assert {type(value) for value in one["properties"].values()} == {str}
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in one["properties"])


@pytest.mark.slow
def test_mautic_s_csv(shop: Shop, due: Any, tmp_path: Path) -> None:
    done = export(due, shop, tmp_path / "out", format="mautic")
    files = sorted(done.folder.glob("contacts-*.csv"))
    listed = [row for file in files for row in rows(file)]
    assert max(len(rows(file)) for file in files) <= 1_000
    assert len(listed) == done.people
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,24}", name) for name in listed[0])
    for row in listed:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row["crm_due"])
        assert all(re.fullmatch(r"[\w-]+", tag) for tag in row["tags"].split("|"))
        assert row["country"] in {"Italy", "United Kingdom", ""}
    assert {len(row["tags"].split("|")) for row in listed} >= {1, 2}


@pytest.mark.slow
def test_plain_rows_are_the_entries(shop: Shop, due: Any, tmp_path: Path) -> None:
    done = export(due, shop, tmp_path / "out")
    listed = rows(done.folder / "queue-001.csv")
    back = pd.DataFrame(listed).sort_values("entry_id")
    out = due.entries[due.entries["entry_id"].isin(back["entry_id"])].sort_values("entry_id")
    assert pd.to_datetime(back["due_ts"]).tolist() == out["due_ts"].tolist()
    assert back["reason"].tolist() == out["reason"].tolist()
    assert len(back) == done.entries


@pytest.mark.slow
def test_the_calendar_is_read_by_its_library(tmp_path: Path) -> None:
    import icalendar

    shop = small_shop()
    calls = entries(["ann", "bob"], channel=["phone", "email"])
    done = export(calls, shop, tmp_path / "out", format="calendar")
    read = icalendar.Calendar.from_ical((done.folder / "alerts-001.ics").read_bytes())
    events = {str(event["summary"]): event for event in read.walk("VEVENT")}
    assert set(events) == {"Call Anna Rossi", "win_back: ten_off, 1 by email"}
    call = events["Call Anna Rossi"]
    assert call.decoded("dtstart").isoformat() == "2024-07-01T07:00:00+00:00"
    assert "+393001234567" in str(call["description"])
    assert len({str(event["uid"]) for event in events.values()}) == 2


@pytest.mark.slow
def test_a_person_s_address_goes_nowhere_that_it_is_not_needed(tmp_path: Path) -> None:
    some = entries(["ann", "bob"], channel=["sms", "email"])
    done = export(some, small_shop(), tmp_path / "out", format="klaviyo")
    found = {row["External ID"]: (row["Email"], row["Phone Number"]) for row in rows(done.folder / "profiles-001.csv")}
    assert found == {"ann": ("", "+393001234567"), "bob": ("bob@example.com", "")}


@pytest.mark.slow
def test_one_address_of_two_accounts_goes_out_once(tmp_path: Path) -> None:
    people = customers(email=["ann@example.com", "ANN@example.com", None])
    some = entries(["ann", "bob", "cid"], channel=["email", "email", "sms"])
    done = export(some, small_shop(people), tmp_path / "out", format="hubspot")
    assert [row["Email"] for row in rows(done.folder / "contacts-001.csv")] == ["ann@example.com"]
    assert done.held[["customer_id", "why"]].to_numpy().tolist() == [["bob", "same_address"], ["cid", "no_address"]]


@pytest.mark.slow
def test_several_entries_of_one_person_are_one_profile(tmp_path: Path) -> None:
    times = pd.to_datetime(["2024-07-03 09:00", "2024-07-01 10:00"])
    some = entries(["ann", "ann"], due_ts=times, step=["second", "first"])
    done = export(some, small_shop(), tmp_path / "out", format="mautic")
    (row,) = rows(done.folder / "contacts-001.csv")
    assert (row["crm_step"], row["crm_due"], row["crm_entries"]) == ("first", "2024-07-01 10:00:00", "2")
    assert row["tags"] == "win_back-v1-first|win_back-v1-second"


@pytest.mark.slow
def test_a_formula_in_a_name_is_defused(tmp_path: Path) -> None:
    people = customers(first_name=["=HYPERLINK(1)", "@sum", "+1+1"], last_name=["-2+3", "x", "y"])
    for name in ("klaviyo", "hubspot", "mautic", "plain"):
        done = export(entries(people["customer_id"]), small_shop(people), tmp_path / name, format=name)
        for file in done.folder.glob("*.csv"):
            for row in rows(file):
                for column, cell in row.items():
                    harmless = not cell or cell[0] not in "=+-@\t\r" or E164.fullmatch(cell)
                    assert harmless, (file.name, column, cell)


@pytest.mark.slow
def test_who_opted_out_since_the_queue_was_made_is_held_back(tmp_path: Path) -> None:
    consents = allowed(["ann", "bob"], email="marketing")
    consents.loc[1, "withdrawn_ts"] = pd.Timestamp("2024-06-30 12:00")
    before = small_shop(consents=consents).on("2024-06-29")
    some = entries(["ann", "bob"])
    assert export(some, before, tmp_path / "before").entries == 2
    done = export(some, small_shop(consents=consents), tmp_path / "after")
    assert done.held[["customer_id", "why"]].to_numpy().tolist() == [["bob", "withdrawn"]]
    assert "bob" not in (done.folder / "queue-001.csv").read_text(encoding="utf-8")


WAYS = ("email", "sms", "phone", "whatsapp")


@pytest.mark.slow
@settings(max_examples=6)
@given(st.data())
def test_no_export_holds_anybody_without_consent(data: Any) -> None:
    """Random permissions of 100 customers an example, and what they allow by rules written down here once more."""
    names = [f"c{number:02d}" for number in range(100)]
    people = pd.DataFrame({"customer_id": names, "email": [f"{name}@example.com" for name in names],
                           "phone": [f"+3930012345{name[1:]}" for name in names], "first_name": "A", "country": "IT",
                           "registered_ts": pd.Timestamp("2024-01-01")})  # fmt: skip
    seed = data.draw(st.integers(0, 2**32 - 1))
    chance = np.random.default_rng(seed)
    size = 250
    consents = pd.DataFrame({
        "customer_id": chance.choice(names, size),
        "channel": chance.choice(WAYS, size),
        "purpose": chance.choice(["marketing", "soft_spam", "service"], size),
        "given_ts": pd.to_datetime(chance.choice(["2024-01-01", "2024-05-01", "2024-07-15"], size)),
        "withdrawn_ts": pd.to_datetime(chance.choice(["2024-03-01", "2024-06-30", "2024-08-01", "NaT"], size)),
    })  # fmt: skip
    consents = consents[~(consents["withdrawn_ts"] < consents["given_ts"])]
    some = entries(chance.choice(names, 160), channel=chance.choice(WAYS, 160),
                   purpose=chance.choice(["marketing", "soft_spam", "service"], 160))  # fmt: skip
    known = consents[consents["given_ts"] <= pd.Timestamp(AS_OF) + pd.Timedelta(days=1)]
    gone = known["withdrawn_ts"] < pd.Timestamp(AS_OF) + pd.Timedelta(days=1)
    withdrawn = set(known[gone][["customer_id", "channel", "purpose"]].itertuples(index=False, name=None))
    yes = set(known[["customer_id", "channel", "purpose"]].itertuples(index=False, name=None)) - withdrawn

    def may(who: str, way: str, purpose: str) -> bool:
        if purpose == "soft_spam":
            refused = {(who, way, "marketing"), (who, way, "soft_spam")} & withdrawn
            own = way == "email" and (who, way, "soft_spam") in yes
            return not refused and (own or (who, way, "marketing") in yes)
        return (who, way, purpose) in yes

    found = outgoing(some, small_shop(people, consents))
    out = {tuple(row) for row in found.entries[["customer_id", "channel", "purpose"]].to_numpy()}
    assert [row for row in out if not may(*row)] == []
    assert len(found.entries) + len(found.held) == len(some)
    for person in found.people:
        assert all((person.customer_id, way, "marketing") in yes for way in person.agreed)
        ways = {entry["channel"] for entry in person.entries}
        assert bool(person.email) == ("email" in ways)
        assert bool(person.phone) == bool(ways - {"email"})


@pytest.mark.slow
@given(st.lists(st.text(max_size=20), max_size=40), st.integers(1, 7), st.integers(60, 300))
def test_requests_are_never_longer_than_allowed(items: list[str], most: int, most_bytes: int) -> None:
    found = list(batches(items, lambda some: {"inputs": some}, most=most, most_bytes=most_bytes))
    assert [item for some, _ in found for item in some] == items
    for some, body in found:
        assert 1 <= len(some) <= most
        assert json.loads(body) == {"inputs": some}
        assert len(json.dumps({"inputs": some})) <= most_bytes or len(some) == 1


@pytest.mark.slow
def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    shop = small_shop()
    with pytest.raises(CrmlibError, match=r"no format 'klavio'\. Did you mean 'klaviyo'"):
        export(entries(["ann"]), shop, tmp_path / "x", format="klavio")
    with pytest.raises(SchemaError, match="queue: there is no column 'due_ts'"):
        export(entries(["ann"]).drop(columns="due_ts"), shop, tmp_path / "x")
    with pytest.raises(SchemaError, match="entry 'e0' is there twice"):
        export(entries(["ann", "bob"], entry_id="e0"), shop, tmp_path / "x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "old.csv").write_text("x")
    with pytest.raises(SourceError, match="is not empty"):
        export(entries(["ann"]), shop, tmp_path / "full")
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_a_shop_without_customers_or_consents_sends_nothing(tmp_path: Path) -> None:
    orders = pd.DataFrame({"customer_id": ["ann"], "order_ts": "2024-05-01", "amount": 10.0})
    shop = open_shop({"orders": orders}, as_of=AS_OF)
    done = export(entries(["ann"]), shop, tmp_path / "out", format="klaviyo")
    assert (done.entries, done.held["why"].tolist()) == (0, ["no_consent"])
    assert sorted(file.name for file in done.folder.iterdir()) == ["held.csv", "manifest.json"]
