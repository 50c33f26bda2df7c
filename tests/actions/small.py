"""A small shop and a queue of it, for the tests of messages and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib import open_shop

if TYPE_CHECKING:
    from crmlib.shop import Shop

AS_OF = "2024-06-30"


def small_shop(people: pd.DataFrame | None = None, consents: pd.DataFrame | None = None, **more: Any) -> Shop:
    if people is None:
        people = customers()
    if consents is None:
        consents = allowed(people["customer_id"], email="marketing", sms="marketing", phone="marketing")
    orders = pd.DataFrame({"customer_id": people["customer_id"], "order_ts": "2024-05-01", "amount": 10.0})
    rules = {"orders": {"timezone": "Europe/Rome"}, "contact": {"most": 1000}}
    return open_shop({"orders": orders, "customers": people, "consents": consents}, as_of=AS_OF, policy=rules, **more)


def customers(**columns: Any) -> pd.DataFrame:
    base = {
        "customer_id": ["ann", "bob", "cid"],
        "registered_ts": pd.Timestamp("2024-01-01"),
        "email": ["ann@example.com", "Bob@Example.com", "cid@example.com"],
        "phone": ["+39 300 123 4567", "020 7946 0123", "3001234568"],
        "first_name": ["Anna", "Bob", "Cìd"],
        "last_name": ["Rossi", "Smith", "Bianchi"],
        "language": ["it", "en", "it"],
        "country": ["IT", "GB", "IT"],
    }
    return pd.DataFrame({**base, **columns})


def allowed(who: Any, **ways: str) -> pd.DataFrame:
    """Permissions in force: channel = purpose."""
    parts = [
        pd.DataFrame({"customer_id": list(who), "channel": channel, "purpose": purpose})
        for channel, purpose in ways.items()
    ]
    return pd.concat(parts, ignore_index=True).assign(
        given_ts=pd.Timestamp("2024-01-15 10:00"), withdrawn_ts=pd.Series(dtype="datetime64[us]")
    )


def entries(who: Any, **columns: Any) -> pd.DataFrame:
    who = list(who)
    base = {
        "entry_id": [f"e{number}" for number in range(len(who))],
        "customer_id": who,
        "sequence": "win_back",
        "version": 1,
        "step": "ten_off",
        "due_ts": pd.Timestamp("2024-07-01 09:00"),
        "channel": "email",
        "purpose": "marketing",
        "template": "win_back",
        "language": "it",
        "offer": "winback",
        "discount": 0.1,
        "code": "RIATTVA10",
        "trigger_ts": pd.Timestamp("2024-06-30"),
        "reason": "No order for 60 days.",
    }
    return pd.DataFrame({**base, **columns})
