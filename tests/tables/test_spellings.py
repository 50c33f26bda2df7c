"""Whatever a table's columns are called among the documented spellings, the answers are the same."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlib import open_shop, surveys
from crmlib.actions import queue
from crmlib.actions.sequences import sequence
from crmlib.churn import features, signals
from crmlib.customers.consent import may_contact
from crmlib.errors import SchemaError
from crmlib.shop.dictionary import DICTIONARY
from crmlib.text.consent import names
from crmlib.text.spelling import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmlib.shop import Shop

pytestmark = pytest.mark.slow  # each opens a shop

WHO = [f"K{number}" for number in range(6)]
BASE = {
    "customers": pd.DataFrame({
        "customer_id": WHO, "registered_ts": "2023-01-05 10:00:00",
        "email": [f"{who.lower()}@example.org" for who in WHO], "language": "en", "country": "IT",
        "first_name": "Ada", "last_name": "Neri",
    }),
    "logins": pd.DataFrame({
        "customer_id": WHO[:4], "login_ts": [f"2024-0{month}-08 09:30:00" for month in (1, 2, 3, 4)],
    }),
    "surveys": pd.DataFrame({
        "survey_id": ["s1", "s2", "s3"], "customer_id": WHO[:3], "kind": ["nps", "nps", "csat"],
        "scale": ["0-10", "0-10", "1-5"], "sent_ts": "2024-03-01 08:00:00",
        "answered_ts": "2024-03-02 08:00:00", "score": ["2", "9", "5"],
    }),
    "email_events": pd.DataFrame({
        "event_id": range(8), "customer_id": ["K4"] * 6 + ["K5", "K0"], "campaign_id": "c1",
        "event": ["sent"] * 6 + ["open", "unsubscribe"],
        "event_ts": [f"2024-04-0{day} 09:00:00" for day in (3, 4, 5, 6, 7, 8, 8, 8)],
    }),
    "tickets": pd.DataFrame({"ticket_id": ["t1"], "customer_id": ["K1"], "opened_ts": ["2024-04-01"]}),
    "consents": pd.DataFrame({
        "customer_id": WHO[1:], "channel": "email", "purpose": "marketing", "given_ts": "2023-02-01 10:00:00",
        "withdrawn_ts": ["2024-02-01 10:00:00", None, None, None, None],
    }),
}  # fmt: skip
ORDERS = pd.DataFrame({
    "customer_id": WHO, "order_id": range(6), "order_ts": ["2024-02-10"] * 5 + ["2024-04-08"], "amount": 20,
})  # fmt: skip
WORDS = {"event": "email_events", "kind": "surveys", "scale": "surveys"}


def spellings(table: str, column: str) -> list[str]:
    """Return the documented names of a column."""
    if table == "consents":
        return [column] if column.endswith("_ts") else list(names(column))
    known = DICTIONARY[table].column(column)
    assert known is not None
    rest = BASE[table].columns
    taken = {plain(name) for other in DICTIONARY[table].columns if other.name in rest and other.name != column
             for name in (other.name, *other.spellings, *other.vague)}  # fmt: skip
    return [name for name in (column, *known.spellings, *known.vague) if plain(name) not in taken or name == column]


def written(draw: Callable[..., Any], name: str) -> str:
    """Write a name in another case, with other marks between its words."""
    mark = draw(st.sampled_from([" ", "_", "-", ""]))
    form = draw(st.sampled_from([str.lower, str.upper, str.title, str.capitalize]))
    text: str = form(name.replace("_", " ")).replace(" ", mark)
    return text


@st.composite
def renamed(draw: Callable[..., Any]) -> dict[str, pd.DataFrame]:
    """Return the tables under other names, their words in other spellings."""
    tables = {}
    for table, frame in BASE.items():
        columns = {column: written(draw, draw(st.sampled_from(spellings(table, str(column))))) for column in frame}
        worded = frame
        for column in (name for name, owner in WORDS.items() if owner == table):
            known = DICTIONARY[table].column(column)
            assert known is not None
            others = dict(known.values)
            word = {w: draw(st.sampled_from([w, w.upper(), *others[w]])) for w in frame[column].unique()}
            worded = worded.assign(**{column: worded[column].map(word)})
        shuffled = worded[draw(st.permutations(list(worded)))].rename(columns=columns)
        name = draw(st.sampled_from([table, *DICTIONARY[table].spellings]))
        tables[written(draw, name) if name != table else name] = shuffled
    return tables


def answers(shop: Shop) -> list[Any]:
    made = queue(shop, sequence("win_back"), start="2024-04-10", days=7, late_days=7)
    return [
        signals(shop).set_index("customer_id").sort_index(),
        features(shop).sort_index(),
        may_contact(shop).sort_index(),
        surveys.nps(surveys.asked(shop)["score"]),
        made.entries[["customer_id", "step", "channel"]],
        made.held[["customer_id", "step", "why"]],
        shop.customers.to_pandas().sort_values("customer_id")[["customer_id", "email", "language", "country"]],
    ]


@cache
def expected() -> list[Any]:
    return answers(open_shop({"orders": ORDERS, **BASE}, as_of="2024-04-09"))


def same(one: Any, other: Any) -> bool:
    return bool(one.reset_index(drop=True).equals(other.reset_index(drop=True)) if isinstance(one, pd.DataFrame) else
                one == other)  # fmt: skip


@settings(max_examples=4, deadline=None)
@given(renamed())
def test_names_make_no_difference(tables: dict[str, pd.DataFrame]) -> None:
    shop = open_shop({"orders": ORDERS, **tables}, as_of="2024-04-09")
    for one, other in zip(answers(shop), expected(), strict=True):
        assert same(one, other), (one, other)


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(sorted(BASE.keys() - {"consents"})),
    st.text(alphabet="abcxyzß_ -ö", min_size=3, max_size=12),
    st.data(),
)
def test_a_heading_that_is_not_understood_is_never_silent(table: str, name: str, data: Any) -> None:
    column = data.draw(st.sampled_from(list(BASE[table])))
    known = {plain(other) for each in DICTIONARY[table].columns for other in (each.name, *each.spellings, *each.vague)}
    if plain(name) in known or not plain(name).isalpha():
        return
    frame = BASE[table].rename(columns={column: name})
    try:
        told = " ".join(open_shop({"orders": ORDERS, table: frame}, as_of="2024-04-09").quality()["finding"])
    except SchemaError as error:
        told = str(error)
        assert table in told
    assert repr(name) in told or name in told
