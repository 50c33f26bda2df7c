from pathlib import Path

import pandas as pd
import pytest

from crmlib.intake import Cleaned, clean_contacts

SHOP = Path(__file__).parents[2] / "datasets" / "shop"


@pytest.fixture(scope="session")
def cleaned() -> Cleaned:
    return clean_contacts(SHOP / "contacts_raw.parquet")


@pytest.fixture(scope="session")
def customers() -> pd.DataFrame:
    return pd.read_parquet(SHOP / "customers.parquet")


@pytest.fixture(scope="session")
def consents() -> pd.DataFrame:
    return pd.read_parquet(SHOP / "consents.parquet")


@pytest.fixture(scope="session")
def truth() -> "pd.Series[str]":
    contacts = pd.read_parquet(SHOP / "truth" / "contacts.parquet").set_index("contact_id")["person_id"]
    accounts = pd.read_parquet(SHOP / "truth" / "customers.parquet").set_index("customer_id")["person_id"]
    people: pd.Series[str] = pd.concat([contacts, accounts])
    return people
