import multiprocessing
import os
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from crmlib.errors import SourceError
from crmlib.intake import Added, Cleaned, ContactStore, clean_contacts


@pytest.mark.slow
def test_the_same_list_twice_adds_nothing(tmp_path: Path, cleaned: Cleaned) -> None:
    kept = ContactStore(tmp_path / "contacts.duckdb")
    count = len(cleaned.contacts)
    assert Added(count, 0, 0, 0) == kept.add(cleaned, on="2026-07-01")
    assert Added(0, 0, count, 0) == kept.add(cleaned, on="2026-07-02")
    assert count == len(kept.contacts())
    assert len(kept.arrivals()) == 1


@pytest.mark.slow
def test_a_changed_row_is_an_update_and_further_columns_are_welcome(tmp_path: Path) -> None:
    kept = ContactStore(tmp_path / "contacts.duckdb")
    kept.add(
        clean_contacts(pd.DataFrame({"id": ["1", "2"], "email": ["a@example.org", "b@example.org"]})), on="2026-07-01"
    )
    more = pd.DataFrame({"id": ["2", "3", "4"], "email": ["b@example.org", "c@example.org", "x"], "shoe": [40, 41, 42]})
    assert Added(1, 1, 0, 1) == kept.add(clean_contacts(more), on="2026-07-02")
    assert Added(0, 0, 2, 0) == kept.add(clean_contacts(more), on="2026-07-03")
    assert kept.contacts()["contact_id"].tolist() == ["1", "2", "3"]
    assert kept.contacts()["shoe"].dropna().tolist() == [40, 41]
    assert [row.replace("contact_id", "id") for row in kept.rejects()["content"]] == ["id=4; email=x; shoe=42"]


def _killed(path: Path) -> None:
    """Die when the contacts are written and the rejects are not."""

    class Dying:
        def __init__(self, connection: object) -> None:
            self.connection = connection

        def __getattr__(self, name: str) -> object:
            return getattr(self.connection, name)

        def execute(self, text: str, *values: object) -> object:
            if text.startswith("insert into rejects"):
                os._exit(9)
            return self.connection.execute(text, *values)  # type: ignore[attr-defined]

    whole = duckdb.connect
    duckdb.connect = lambda *args, **options: Dying(whole(*args, **options))  # type: ignore[assignment]
    ContactStore(path).add(clean_contacts(pd.DataFrame({"id": ["2"], "email": ["b@example.org"]})), on="2026-07-02")


@pytest.mark.slow
def test_killed_half_way_it_is_as_before(tmp_path: Path) -> None:
    kept = ContactStore(tmp_path / "contacts.duckdb")
    kept.add(clean_contacts(pd.DataFrame({"id": ["1"], "email": ["a@example.org"]})), on="2026-07-01")
    process = multiprocessing.get_context("spawn").Process(target=_killed, args=(kept.path,))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert kept.contacts()["contact_id"].tolist() == ["1"]
    assert len(kept.arrivals()) == 1


def test_what_is_no_store_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no contact store"):
        ContactStore(tmp_path / "none.duckdb").contacts()
    (tmp_path / "text.duckdb").write_text("hello " * 100)
    with pytest.raises(SourceError, match="cannot be opened as a contact store"):
        ContactStore(tmp_path / "text.duckdb").contacts()
