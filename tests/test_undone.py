"""What is no order is none, whichever column says so; and what looks doubled, reused or late is said with its money."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmlib
from crmlib.errors import SchemaError

pytestmark = pytest.mark.slow  # each opens a shop

HEAD = "customer_id,order_id,order_ts,amount"


def opened(text: str, **rules: Any) -> tuple[dict[str, float], str]:
    """Return the orders' amounts, and what was said."""
    said = io.StringIO()
    table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    with contextlib.redirect_stdout(said):
        shop = crmlib.open_shop(table, policy={"orders": rules})
    orders = shop.orders.to_pandas()
    return dict(zip(orders["order_id"], orders["amount"], strict=True)), said.getvalue()


FLAGS = [
    ("cancelled", ["true", "yes", "1", "x", "2024-01-06", "no stock"]),
    ("Is Cancelled", ["True", "1.0"]),
    ("cancelled_at", ["2024-01-06 10:00:00", "2024-01-06T10:00:00Z"]),
    ("Cancellation Reason", ["customer"]),
    ("annullato", ["sì", "SI", "vero"]),
    ("data_annullamento", ["06/01/2024"]),
    ("voided", ["Y"]),
    ("deleted_at", ["2024-01-06"]),
    ("is_test", ["true", "1", "x"]),
    ("ordine_test", ["sì"]),
]
NOT_SET = ["", "0", "0.0", "false", "FALSE", "no", "N", "null", "None", "-", "0000-00-00 00:00:00"]


def test_an_order_that_a_column_calls_cancelled_or_a_test_is_none() -> None:
    for name, values in FLAGS:
        rows = [f"B,{number},2024-01-05,35,{value}" for number, value in enumerate(values, 2)]
        amounts, said = opened("\n".join([f"{HEAD},{name}", "A,1,2024-01-05,10,", *rows]))
        assert amounts == {"1": 10}, name
        count, total = f"{len(rows)} row{'s' * (len(rows) > 1)}", f"{35 * len(rows)}.00"
        assert f"'{name} is set' ({count}, {total}) is no sale" in said
        assert f"{count}, {total}: cancelled rows: dropped" in said


def test_a_flag_that_is_not_set_changes_nothing() -> None:
    rows = [f"A,{number},2024-01-05,10,{value}" for number, value in enumerate(NOT_SET)]
    for name in ("cancelled", "data_annullamento"):
        amounts, _ = opened("\n".join([f"{HEAD},{name}", *rows]))
        assert len(amounts) == len(NOT_SET), name
    assert opened(f"{HEAD},test\nA,1,2024-01-05,10,A\nB,2,2024-01-05,20,B\n")[0] == {"1": 10, "2": 20}, "an experiment"


def test_a_flag_on_one_line_is_the_orders_unless_the_others_say_no() -> None:
    whole = f"{HEAD},cancelled_at\nA,1,2024-01-05,10,\nB,2,2024-01-05,30,2024-01-06\nB,2,2024-01-05,5,\n"
    line = f"{HEAD},is_cancelled\nA,1,2024-01-05,10,0\nB,2,2024-01-05,30,1\nB,2,2024-01-05,5,0\n"
    assert (opened(whole)[0], opened(line)[0]) == ({"1": 10}, {"1": 10, "2": 5})


def test_a_flag_goes_before_a_status_and_the_policy_may_leave_it() -> None:
    text = f"{HEAD},status,is_cancelled\nA,1,2024-01-05,10,paid,0\nB,2,2024-01-05,30,paid,1\n"
    assert opened(text)[0] == {"1": 10}
    assert opened(text, cancelled_columns=[])[0] == {"1": 10, "2": 30}


DOCUMENTS = f"""{HEAD},Tipo documento
A,1,2024-01-05,10,Fattura
A,2,2024-01-06,3,Nota di credito
A,3,2024-01-06,-2,NOTA DI CREDITO
A,4,2024-01-07,50,Preventivo
A,5,2024-01-08,7,Fattura
"""


def test_a_credit_note_is_money_given_back_and_a_quote_is_no_order() -> None:
    amounts, said = opened(DOCUMENTS)
    assert amounts == {"1": 5, "5": 7}
    assert "Tipo documento 'Nota di credito' (1 row) is money given back." in said
    assert "'Tipo documento Preventivo' (1 row, 50.00) is no sale" in said
    assert sum(opened(DOCUMENTS, kind_columns=[])[0].values()) == 10 + 3 - 2 + 50 + 7
    assert opened(DOCUMENTS, status={"preventivo": "sale"})[0]["4"] == 50


def test_kinds_that_say_nothing_change_nothing() -> None:
    assert opened(f"{HEAD},type\nA,1,2024-01-05,10,web\nA,2,2024-01-05,4,till\n")[0] == {"1": 10, "2": 4}


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 99), st.booleans()), min_size=1, max_size=8))
def test_money_is_of_the_orders_that_stand(rows: list[tuple[str, int, bool]]) -> None:
    text = "\n".join(
        [f"{HEAD},cancelled", "C,0,2024-01-01,1,"]
        + [
            f"{who},{place},2024-01-02,{money},{'yes' if off else ''}"
            for place, (who, money, off) in enumerate(rows, 1)
        ]
    )
    assert sum(opened(text)[0].values()) == 1 + sum(money for _, money, off in rows if not off)


THREE = f"{HEAD}\nA,1,2024-01-05 10:00,10.50\nB,2,2024-02-06 11:00,20\nA,3,2024-03-07 12:00,30\n"


@pytest.mark.parametrize(
    ("more", "total", "said"),
    [
        ("A,3,2024-03-07 12:00,30", 90.5, "1 row, 30.00: rows that repeat another's customer, order, time and amount"),
        ("B,2,2024-12-06,5", 65.5, "1 row, 25.00: orders whose lines are more than 90 days apart, such as '2'"),
        ("A,9,2042-01-05,10", 60.5, "1 row, 10.00: dated 2042-01-05 or later, 6,513 days after all others"),
        ("A,3,2024-05-07,-30", 60.5, "1 row, -30.00: money given back after 2024-03-08: not counted yet"),
        ("A,4,2024-03-07,5", 65.5, ""),
    ],
)
def test_what_is_doubted_is_said_with_its_money(more: str, total: float, said: str) -> None:
    amounts, told = opened(THREE + more + "\n")
    assert (round(sum(amounts.values()), 2), said in told, "- 1 row" in told) == (total, True, bool(said))


def test_words_for_nobody_are_nobody() -> None:
    words = ["Unknown", "(blank)", "(vuoto)", "Cliente generico", "walk-in", "Sconosciuto", "#N/A", "n.d.", "GUEST"]
    rows = [f"{word},{number},2024-01-05,10" for number, word in enumerate(words)]
    text = "\n".join([HEAD, "A,99,2024-01-05,10", *rows])
    with pytest.raises(SchemaError, match=f"'Unknown' stands for none: an order without a customer. {len(words)} rows"):
        opened(text)
    amounts, said = opened(text, missing_customer="drop")
    assert (amounts, f"{len(words)} rows, 90.00: rows without a customer: dropped" in said) == ({"99": 10}, True)


def test_a_mail_address_is_proposed_for_the_customer() -> None:
    with pytest.raises(
        SchemaError, match=r"If a customer is a mail address, say so: columns=\{'customer_id': 'E-Mail'\}"
    ):
        opened("E-Mail,order_id,order_ts,amount\nk1@example.org,1,2024-01-05,10\n")


SHOPIFY = """Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem price,Cancelled at,Payment Method,Refunded Amount,Phone
#1,k1@example.org,paid,EUR,10.00,2025-03-30 00:40:02 +0100,1,10,,Shopify Payments,0.00,
#2,k1@example.org,paid,EUR,12.00,2025-03-31 00:40:02 +0200,1,12,,bogus,0.00,
#3,,paid,EUR,7.00,2025-03-31 00:40:02 +0200,1,7,,Cash,0.00,'+393477654321
#4,K1@Example.org,partially_refunded,EUR,20.00,2025-04-01 00:40:02 +0200,2,10,,Visa,20.00,
#5,k2@example.org,expired,EUR,23.00,2025-04-02 00:40:02 +0200,1,23,,Visa,0,
#6,k2@example.org,paid,EUR,9.00,2025-04-02 00:40:02 +0200,1,9,2025-04-03 09:00:00 +0200,Visa,0,
"""  # noqa: E501 - as the platform writes it


def test_odd_rows_of_a_platform() -> None:
    said = io.StringIO()
    table = pd.read_csv(io.StringIO(SHOPIFY), dtype=str, keep_default_na=False)
    with contextlib.redirect_stdout(said):
        orders = crmlib.open_shop(table).orders.to_pandas()
    right = {("k1@example.org", "#1", 10.0), ("+393477654321", "#3", 7.0)}
    assert set(orders[["customer_id", "order_id", "amount"]].itertuples(index=False, name=None)) == right
    assert "'test' (1 row, 12.00) is no sale" in said.getvalue()
    assert "- 3 rows, 44.00: cancelled rows: dropped." in said.getvalue()


GRID = """ID,Reference,{new},Customer,Total,Payment,Status,Date
1,AAA,1,A. Rossi,35.00,Card,Payment remotely accepted,01/05/2024 10:00:00
2,BBB,0,A. Rossi,20.00,Cheque,Awaiting cheque payment,01/06/2024 10:00:00
3,CCC,0,B. Verdi,9.00,Card,Refund,01/07/2024 10:00:00
"""


def test_the_grid_of_older_versions() -> None:
    for new in ("New", "New client"):
        assert opened(GRID.format(new=new))[0] == {"1": 35.0}
