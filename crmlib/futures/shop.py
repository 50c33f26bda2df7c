"""What a shop can see once a future has passed: the tables that grew, as a `Shop`."""

from __future__ import annotations

import contextlib
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.sources import open_shop
from crmlib.synth.chance import THEMES

if TYPE_CHECKING:
    from crmlib.futures.outcome import Outcome
    from crmlib.futures.run import Run
    from crmlib.shop import Shop

__all__ = ["shop_after"]


def shop_after(run: Run, outcome: Outcome) -> Shop:
    """Return the shop on the last day of a future.

    Its orders (those of the past net of returns), logins, surveys, consents and customers; ``contacts`` holds what the
    plan sent. What the simulation of the future does not make (sessions, lines, tickets, mail events) is not there.

    Parameters
    ----------
    run
        The future.
    outcome
        What came of it.
    """
    begins = run.begins
    past = {name: getattr(begins.shop, name).to_pandas() for name in ("orders", "consents", "logins", "surveys")
            if name in begins.shop.tables}  # fmt: skip
    tables = {
        "orders": pd.concat([past["orders"].astype({"amount": float}), _orders(run)], ignore_index=True),
        "customers": begins.shop.customers.to_pandas(),
        "consents": _consents(run, past["consents"]),
    }
    if "logins" in past:
        tables["logins"] = pd.concat([past["logins"], _logins(run)], ignore_index=True)
    if "surveys" in past:
        tables["surveys"] = pd.concat([past["surveys"], _surveys(outcome)], ignore_index=True)
    if len(outcome.contacts):
        tables["contacts"] = outcome.contacts
    with contextlib.redirect_stdout(io.StringIO()):  # nothing here was recognised or derived
        return open_shop(tables, as_of=begins.design.until + timedelta(days=run.days), policy=begins.policy)


def _orders(run: Run) -> pd.DataFrame:
    who = np.concatenate([week.customer for week in run.weeks])
    time = np.concatenate([week.time for week in run.weeks])
    paid = np.concatenate([week.value - week.discount for week in run.weeks])
    order = np.argsort(time, kind="stable")
    return pd.DataFrame({
        "customer_id": run.ids(who[order]), "order_id": _numbered("F", len(order)),
        "order_ts": run.times(time[order]), "amount": np.round(paid[order], 2),
    })  # fmt: skip


def _logins(run: Run) -> pd.DataFrame:
    """Return each week's last login as it was, and the others before it."""
    who, count, first, latest = (np.concatenate(parts) for parts in zip(*run.life.logins, strict=True))
    key = np.random.SeedSequence(run.seed, spawn_key=(THEMES.index("future"), len(THEMES)))
    more = np.repeat(np.arange(len(who)), count - 1)
    earlier = first[more] + np.random.Generator(np.random.Philox(key)).random(len(more)) * (latest - first)[more]
    customer, time = np.concatenate([who, who[more]]), np.concatenate([latest, earlier])
    order = np.argsort(time, kind="stable")
    return pd.DataFrame({
        "session_id": _numbered("F", len(order)), "customer_id": run.ids(customer[order]),
        "login_ts": run.times(time[order]),
    })  # fmt: skip


def _surveys(outcome: Outcome) -> pd.DataFrame:
    answers = outcome.answers
    answered = answers["sent_ts"].where(answers["score"].notna())
    return pd.DataFrame({
        "survey_id": _numbered("F", len(answers)), "customer_id": answers["customer_id"].to_numpy(), "kind": "nps",
        "touchpoint": "relationship", "scale": "0-10", "form": "email", "sent_ts": answers["sent_ts"],
        "answered_ts": answered, "score": answers["score"],
    })  # fmt: skip


def _consents(run: Run, past: pd.DataFrame) -> pd.DataFrame:
    """Withdraw what was opted out of."""
    table = past.copy()
    for channel, day, who in run.opted_out:
        theirs = table["customer_id"].isin(run.ids(who)) & (table["channel"] == channel)
        theirs &= table["purpose"].isin(["marketing", "soft_spam"]) & table["withdrawn_ts"].isna()
        table.loc[theirs, "withdrawn_ts"] = run.times(np.array([day + 0.5]))[0]
    return table


def _numbered(prefix: str, count: int) -> Any:
    return pd.Series(np.arange(1, count + 1), dtype="str").str.zfill(10).radd(prefix)
