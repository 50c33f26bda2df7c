"""Facts of an order: what its status, currency, sign and date decide, and that all money is accounted for."""

from __future__ import annotations

import io
import random
import sqlite3
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

import crmlib
from crmlib.commands.main import main
from crmlib.errors import SchemaError, SourceError
from crmlib.shop.manifest import manifest

if TYPE_CHECKING:
    from pathlib import Path


def table(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text.replace(" ", "")), dtype=str, keep_default_na=False)


def opened(text: str, **rules: Any) -> crmlib.Shop:
    return crmlib.open_shop(table(text), policy={"orders": rules})


def refused(text: str, **rules: Any) -> str:
    with pytest.raises(SchemaError) as caught:
        opened(text, **rules)
    return str(caught.value)


def amounts(shop: crmlib.Shop) -> dict[str, float]:
    orders = shop.orders.to_pandas().sort_values(["order_id", "customer_id"])
    return dict(zip(orders["order_id"], orders["amount"], strict=True))


def finding(shop: crmlib.Shop, name: str) -> list[Any]:
    return list(shop.quality().set_index("finding").loc[name])


# --- status

ON_FIRST_ROWS = """customer_id,order_id,order_ts,status,quantity,unit_price
K1,1,2025-03-30,paid,1,34.90
K1,1,2025-03-30,,1,19.01
K2,2,2025-04-03,voided,1,15.00
K2,2,2025-04-03,,2,10.00
"""


@pytest.mark.slow
def test_a_status_on_the_first_row_is_the_whole_orders() -> None:
    shop = opened(ON_FIRST_ROWS)
    assert (amounts(shop), finding(shop, "cancelled rows: dropped")) == ({"1": 53.91}, [2, 35.0])


@pytest.mark.slow
def test_each_status_is_said_with_its_rows_its_money_and_how_it_was_taken(capsys: pytest.CaptureFixture[str]) -> None:
    opened(ON_FIRST_ROWS)
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "Status: 'paid' (1 row, 34.90) is a sale; 'voided' (1 row, 15.00) is no sale.",
        "- 2 rows, 35.00: cancelled rows: dropped.",
    ]


NO_SALES = [
    *("refunded", "failed", "pending", "wc-cancelled", "Cancelled", "cancelled ", "CANCELED", "annullata", "Storniert"),
    *("returned", "on-hold", "draft", "test", "expired", "trash", "unpaid", "voided", "On Hold", "PENDING_PAYMENT"),
]


@pytest.mark.slow
def test_only_what_is_known_as_a_sale_is_one() -> None:
    status = [*NO_SALES, "completed", "partially_refunded", "wc-completed"]
    frame = pd.DataFrame(
        {"customer_id": "a", "order_id": range(len(status)), "order_ts": "2024-01-01", "amount": 10, "status": status}
    )
    shop = crmlib.open_shop(frame)
    dropped = shop.quality().set_index("finding")["amount"].filter(like="dropped").sum()
    assert (len(shop.orders), dropped) == (3, 10.0 * len(NO_SALES))


ONE = (
    "customer_id,order_id,order_ts,amount,status\n"
    "a,1,2024-01-01,10,paid\nb,2,2024-01-02,5,gone\nb,3,2024-01-03,7,gone\n"
)


def test_a_status_that_is_not_known_is_an_error_with_its_rows_and_money() -> None:
    assert refused(ONE) == (
        "the DataFrame, column 'status': 'gone' (2 rows, 12.00): nobody has said whether such orders are sales. Say "
        "so: policy={'orders': {'status': {'gone': 'sale'}}}, or 'cancelled', or 'returned'; for all that are left, "
        "policy={'orders': {'unknown_status': 'drop'}}, or 'sale'."
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ({"status": {"Gone": "sale"}}, {"1", "2", "3"}),
        ({"status": {"gone": "cancelled"}}, {"1"}),
        ({"status": {"gone": "returned"}}, {"1"}),
        ({"unknown_status": "sale"}, {"1", "2", "3"}),
        ({"unknown_status": "drop"}, {"1"}),
        ({"unknown_status": "drop", "status": {"paid": "cancelled", "gone": "sale"}}, {"2", "3"}),
    ],
)
def test_the_policy_says_what_a_status_means(rules: dict[str, Any], left: set[str]) -> None:
    assert set(amounts(opened(ONE, **rules))) == left


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "right"),
    [
        # each line may have a status of its own
        ("a,1,2024-01-02,10,paid;a,1,2024-01-02,5,cancelled", {"0": 100.0, "1": 10.0}),
        # of two that an order has, the more cautious counts for the lines without
        ("a,1,2024-01-02,10,paid;a,1,2024-01-02,5,;a,1,2024-01-02,7,void", {"0": 100.0, "1": 10.0}),
        # an order that was given back, and the line that says so once more
        ("a,1,2024-01-02,10,refunded;a,1,2024-01-03,-10,refunded", {"0": 100.0}),
        ("a,1,2024-01-02,10,refunded;a,1,2024-01-03,-10,completed", {"0": 100.0}),
        ("a,1,2024-01-02,10,cancelled;a,1,2024-01-03,-10,", {"0": 100.0}),
        # a return that stands alone is a return, whatever it is called
        ("a,1,2024-01-02,10,paid;a,R,2024-01-03,-4,refunded", {"0": 100.0, "1": 6.0}),
        # no status at all: nothing speaks against it
        ("a,1,2024-01-02,10,;a,1,2024-01-02,5,nan", {"0": 100.0, "1": 15.0}),
    ],
)
def test_the_status_of_lines_and_of_returns(lines: str, right: dict[str, float]) -> None:
    text = "customer_id,order_id,order_ts,amount,status\na,0,2024-01-01,100,paid\n" + lines.replace(";", "\n")
    assert amounts(opened(text)) == right


@pytest.mark.slow
def test_what_was_given_back_of_an_order_that_is_no_sale_lowers_no_other() -> None:
    orders = table("customer_id,order_id,order_ts,amount,status\na,1,2024-01-01,100,paid\na,2,2024-01-02,10,refunded\n")
    returns = table("customer_id,order_id,return_ts,amount\na,2,2024-01-05,10\na,1,2024-01-06,5\n")
    shop = crmlib.open_shop({"orders": orders, "returns": returns}, as_of="2024-01-31")
    assert (amounts(shop), finding(shop, "returns of orders that are no sale: left out")) == ({"1": 95.0}, [1, -10.0])


# --- currency

TWO = (
    "customer_id,order_id,date,amount,currency\n"
    "K1,1,2024-01-05,100,EUR\nK2,2,2024-01-06,10000,JPY\nK1,1,2024-01-05,5,\n"
)


def test_two_currencies_are_not_added() -> None:
    assert refused(TWO) == (
        "the DataFrame, column 'currency': 'EUR' (1 row, 100.00) and 'JPY' (1 row, 10,000.00) cannot be added. Take "
        "one of them: policy={'orders': {'currency': 'EUR'}}; or say, too, what one unit of each other is worth in "
        "it: policy={'orders': {'currency': 'EUR', 'rates': {'JPY': ...}}}."
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rules", "right"),
    [
        ({"currency": "eur"}, {"1": 105.0}),
        ({"currency": "JPY"}, {"2": 10000.0}),  # the line without a currency is of an order in EUR
        ({"currency": "EUR", "rates": {"jpy": 0.00625}}, {"1": 105.0, "2": 62.5}),
        ({"currency": "JPY", "rates": {"EUR": 160}}, {"1": 16800.0, "2": 10000.0}),
    ],
)
def test_the_policy_takes_one_currency_or_has_a_rate(rules: dict[str, Any], right: dict[str, float]) -> None:
    assert amounts(opened(TWO, **rules)) == right


@pytest.mark.slow
def test_what_is_left_out_is_said_with_its_money(capsys: pytest.CaptureFixture[str]) -> None:
    shop = opened(TWO, currency="EUR")
    said = capsys.readouterr().out.splitlines()[-2:]
    assert said == ["Money is in EUR.", "- 1 row, 10,000.00: rows in JPY: left out."]
    assert finding(shop, "rows in JPY: left out") == [1, 10000.0]


@pytest.mark.slow
@pytest.mark.parametrize("code", ["eur", " EUR ", "", "nan"])
def test_a_currency_in_another_case_or_none_is_no_second_one(code: str) -> None:
    text = f"customer_id,order_id,date,amount,currency\na,1,2024-01-05,100,EUR\nb,2,2024-01-06,1,{code}\n"
    shop = opened(text)
    assert (amounts(shop), shop.currency, manifest(shop)["currency"]) == ({"1": 100.0, "2": 1.0}, "EUR", "EUR")


def test_a_shop_that_does_not_say_its_currency_has_none() -> None:
    text = "customer_id,order_id,date,amount\na,1,2024-01-05,100\n"
    assert (opened(text).currency, opened(text, currency="usd").currency) == ("", "USD")


# --- money that is given back


def test_what_exceeds_the_latest_order_is_taken_from_the_one_before() -> None:
    text = """customer_id,order_id,date,amount
    K1,1,2024-01-01,100
    K1,2,2024-01-05,10
    K1,R1,2024-01-06,-60
    K1,3,2024-02-05,10
    """
    assert amounts(opened(text)) == {"1": 50.0, "3": 10.0}


Row = tuple[str, str, str, int]


def history(seed: int) -> list[Row]:
    """Return orders and returns of 150 customers, many at one instant; no return is of the very amount of orders."""
    dice = random.Random(seed)  # noqa: S311 - rows to try, no secret
    return [
        (f"C{customer}", f"{customer}-{place}", f"2024-01-{dice.randint(1, 9):02d}", dice.choice([-31, -7, 0, 5, 20]))
        for customer in range(150)
        for place in range(dice.randint(1, 7))
    ] + [("Z", "Z", "2024-02-01", 1)]


def by_hand(rows: list[Row]) -> tuple[dict[str, int], int]:
    """Return what is left of each order, and the money that no order could carry: a pile for each customer."""
    piles: dict[str, list[list[Any]]] = defaultdict(list)
    lost = 0
    for customer, order, _, amount in sorted(rows, key=lambda row: (row[0], row[2], row[3] < 0, row[1])):
        if amount >= 0:
            piles[customer].append([order, amount, amount])
            continue
        owed = -amount
        for entry in reversed(piles[customer]):
            taken = min(owed, entry[1])
            entry[1] -= taken
            owed -= taken
        lost -= owed
    return {order: left for pile in piles.values() for order, left, paid in pile if left or not paid}, lost


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_returns_go_against_the_orders_before_them_as_far_as_they_reach(seed: int) -> None:
    rows = history(seed)
    shop = crmlib.open_shop(pd.DataFrame(rows, columns=["customer_id", "order_id", "order_ts", "amount"]))
    left, lost = by_hand(rows)
    dropped = shop.quality().set_index("finding")["amount"].filter(like="dropped").sum()
    assert (amounts(shop), dropped) == (left, lost)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("amounts_in_turn", "left"),
    [
        # one earlier order of the very amount, before the latest
        ("100 30 50 -30", {"1": 100, "3": 50}),
        # of several such orders the latest that no other return has taken
        ("30 30 -30 30 -30", {"1": 30}),
        ("30 -30 30", {"3": 30}),
        # several in a row, not those that merely add up
        ("100 30 25 60 -55", {"1": 100, "4": 60}),
        ("30 100 25 60 -55", {"1": 30, "2": 100, "3": 25, "4": 5}),
        # one order goes before several, several go before the latest
        ("50 20 30 10 -50", {"2": 20, "3": 30, "4": 10}),
        ("20 30 10 -50 -10", {}),
        # two returns of the same several: the earlier has them, the later takes what is left
        ("20 30 70 -50 -50", {"3": 20}),
        # nothing of the very amount: the latest first
        ("100 10 -60 10", {"1": 50, "4": 10}),
        # the very amount must not leave money of another return without an order
        ("100 -60 60 -100", {}),
        ("10 0 -10", {"2": 0}),
    ],
)
def test_a_return_of_the_very_amount_of_orders_goes_against_these(amounts_in_turn: str, left: dict[str, int]) -> None:
    rows = [
        ("a", str(number), f"2024-01-{number:02d}", int(amount))
        for number, amount in enumerate(amounts_in_turn.split(), 1)
    ]
    rows = [(who, order if amount >= 0 else f"R{order}", day, amount) for who, order, day, amount in rows]
    shop = crmlib.open_shop(pd.DataFrame([*rows, ("b", "b", "2024-02-01", 1)], columns=COLUMNS))
    assert {order: amount for order, amount in amounts(shop).items() if order != "b"} == left


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_no_money_is_lost_that_an_earlier_order_could_carry(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - rows to try, no secret
    rows = [
        (who, order, day, dice.choice([-30, -20, -10, -7, 5, 10, 20]) if amount else 0)
        for who, order, day, amount in history(seed)[:-1]
    ] + [("Z", "Z", "2024-02-01", 1)]
    shop = crmlib.open_shop(pd.DataFrame(rows, columns=COLUMNS))
    left, lost = by_hand(rows)
    found = shop.quality().set_index("finding")["amount"]
    assert (sum(amounts(shop).values()), found.filter(like="dropped").sum()) == (sum(left.values()), lost)
    assert found.filter(like="of the very amount").sum() < 0


COLUMNS = ["customer_id", "order_id", "order_ts", "amount"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_without_order_ids_the_order_of_rows_does_not_matter(seed: int) -> None:
    frame = pd.DataFrame(history(seed), columns=["customer_id", "order_id", "order_ts", "amount"]).drop(
        columns="order_id"
    )
    columns = ["customer_id", "order_ts", "amount"]
    tables = [
        crmlib.open_shop(rows).orders.to_pandas()[columns].sort_values(columns).to_numpy().tolist()
        for rows in (frame, frame.sample(frac=1, random_state=seed), frame[::-1])
    ]
    assert tables[0] == tables[1] == tables[2]


def test_what_no_order_can_carry_is_said_with_its_money(capsys: pytest.CaptureFixture[str]) -> None:
    opened(
        "customer_id,order_id,date,amount\na,1,2024-01-01,10\na,R,2024-01-02,-14\nb,R,2024-01-02,-3\nb,2,2024-01-03,5\n"
    )
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "- 2 rows, -17.00: rows of money given back: netted.",
        "- 1 row, -4.00: orders given back for more than they cost: the rest is dropped.",
        "- 1 row, -3.00: returns with no order before them: dropped.",
    ]


# --- ids

WORDS = ["NULL", "nan", "None", "N/A", "-", "guest", "#N/A", "<NA>", " null ", "Ospite"]


def test_words_for_nobody_are_no_customers() -> None:
    text = (
        "customer_id,order_id,date,amount\n"
        "NULL,1,2024-01-05,10\nnan,2,2024-01-06,10\nNone,3,2024-01-07,10\nnan,4,2024-01-08,10\n"
    )
    assert refused(text) == (
        "the DataFrame, row 0, column 'customer_id': 'NULL' stands for none: an order without a customer. 4 rows are "
        "like that. Fill it in, or leave such rows out: policy={'orders': {'missing_customer': 'drop'}}."
    )


def test_all_of_them_are_dropped_where_the_policy_says_so() -> None:
    rows = "".join(f"{word},{number},2024-01-05,10\n" for number, word in enumerate([*WORDS, "Nunzia", "K-", "N/A1"]))
    shop = crmlib.open_shop(
        pd.read_csv(io.StringIO("customer_id,order_id,date,amount\n" + rows), dtype=str, keep_default_na=False),
        policy={"orders": {"missing_customer": "drop"}},
    )
    assert set(shop.orders.to_pandas()["customer_id"]) == {"Nunzia", "K-", "N/A1"}
    assert finding(shop, "rows without a customer: dropped") == [len(WORDS), 10.0 * len(WORDS)]


@pytest.mark.parametrize("word", ["NULL", "nan", "n/a", "-"])
def test_the_same_words_are_no_orders(word: str) -> None:
    text = f"customer_id,order_id,date,amount\nA,{word},2024-01-05,10\nA,{word},2024-02-06,10\n"
    assert f"column 'order_id': {word!r} stands for none: an order without an id. 2 rows" in refused(text)


@pytest.mark.slow
def test_a_guest_may_be_an_order_and_the_words_are_the_policys() -> None:
    text = "customer_id,order_id,date,amount\nnull,guest,2024-01-05,10\n0,2,2024-01-06,5\n"
    shop = opened(text, missing=["none"], nobody=["0"], missing_customer="drop")
    assert amounts(shop) == {"guest": 10.0}


@pytest.mark.slow
def test_what_a_spreadsheet_puts_around_an_id_is_no_part_of_it() -> None:
    ids = ['="00123"', "'00123", "00123", "'"]
    frame = pd.DataFrame({"customer_id": ids, "order_id": ids, "order_ts": "2024-01-05", "amount": [1, 2, 4, 8]})
    shop = crmlib.open_shop(frame)
    assert amounts(shop) == {"00123": 7.0, "'": 8.0}
    assert shop.quality()["rows"].tolist()[1] == 2


@pytest.mark.slow
def test_a_customer_0_with_far_more_orders_than_any_other_is_doubted(capsys: pytest.CaptureFixture[str]) -> None:
    ids = ["0"] * 25 + ["a", "b", "b"]
    crmlib.open_shop(pd.DataFrame({"customer_id": ids, "order_ts": "2024-01-05", "amount": 2}))
    assert "- 25 rows, 50.00: orders of customer '0', far more than of any other." in capsys.readouterr().out
    crmlib.open_shop(pd.DataFrame({"customer_id": ids, "order_ts": "2024-01-05", "amount": 2}).tail(10))
    assert "customer '0'" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_mailbox_in_two_spellings_is_one_customer_and_other_ids_are_doubted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "Email,date,amount\nk1@example.org,2024-01-05,10\n K1@Example.org,2024-01-06,10\n"
    shop = crmlib.open_shop(table(text), columns={"customer_id": "Email"})
    assert shop.orders.to_pandas().groupby("customer_id")["amount"].sum().to_dict() == {"k1@example.org": 20.0}
    assert "in case only" not in capsys.readouterr().out
    ids = crmlib.open_shop(table("customer_id,date,amount\nk1,2024-01-05,10\nK1,2024-01-06,10\nB,2024-01-07,1\n"))
    doubt = "customers whose ids differ in case only, such as 'K1': each spelling is a customer of its own. "
    assert finding(ids, f"{doubt}Write each id in one way if they are one")[0] == 1


# --- what was given back, in a column of its own

REFUNDS = {
    # order lines of (order, amount, refunded) -> what is left of each order
    "on the first line": ("1 30 5;1 20 ", {"1": 45}),
    "on each line": ("1 30 5;1 20 5;1 10 5", {"1": 55}),
    "of each line": ("1 30 5;1 20 2", {"1": 43}),
    "below nothing": ("1 30 -5;2 1 0", {"1": 25, "2": 1}),
    "whole": ("1 30 30;2 1 0", {"2": 1}),
    "more than it cost": ("0 50 ;1 30 40;2 1 0", {"0": 50, "2": 1}),
    "in rows of its own, too": ("1 30 5;1 -5 ;2 1 0", {"1": 25, "2": 1}),
    "in rows of its own in part": ("1 30 9;1 -5 ;2 1 ", {"1": 21, "2": 1}),
    "of an order that is not there": ("0 50 ;1 0 9;2 1 ", {"0": 50, "2": 1}),
    "nowhere": ("1 30 ;2 1 0", {"1": 30, "2": 1}),
}


@pytest.mark.parametrize("name", REFUNDS)
def test_a_refund_in_a_column_is_taken_from_its_order_once(name: str) -> None:
    lines, left = REFUNDS[name]
    text = "customer_id,order_id,date,amount,Amount Refunded\n"
    text += "".join("a,{},2024-01-05,{},{}\n".format(*line.split(" ")) for line in lines.split(";"))
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    assert amounts(crmlib.open_shop(frame)) == left


def test_refunds_are_counted_with_their_money(capsys: pytest.CaptureFixture[str]) -> None:
    text = "customer_id,order_id,date,amount,refunded\na,1,2024-01-05,30,5\na,1,2024-01-05,30,5\na,2,2024-01-06,10,14\n"
    shop = opened(text + "a,3,2024-01-07,1,\n")
    assert finding(shop, "orders with a refund in a column of its own: netted") == [2, 15.0]
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "- 2 rows, -15.00: rows of money given back: netted.",
        "- 1 row, 4.00: orders given back for more than they cost by the column of refunds: the rest is dropped.",
    ]
    assert "refunded" not in shop.order_lines.columns


def test_a_refund_that_is_no_number_is_named() -> None:
    text = "customer_id,order_id,date,amount,refunded\na,1,2024-01-05,30,yes\n"
    assert refused(text).startswith("the DataFrame, row 0, column 'refunded': 'yes' is not a number.")


# --- facts that stand on one line of their order


@pytest.mark.slow
def test_who_bought_and_when_may_stand_on_one_line() -> None:
    text = "customer_id,order_id,date,amount\nA,1,2024-01-05,10\n,1,,5\n,2,2024-01-07,3\nB,2,,4\n"
    assert amounts(opened(text)) == {"1": 15.0, "2": 7.0}
    assert refused(text + ",3,2024-01-09,1\n,4,2024-01-09,1\n").startswith(
        "the DataFrame, row 4, column 'customer_id': an order without a customer. 2 rows are like that."
    )
    # an order of two customers says nothing of a third line
    assert refused(text + "B,1,2024-01-05,1\n").startswith("the DataFrame, row 1, column 'date': there is no date.")


# --- signs and dates

BACKWARDS = "customer_id,order_id,date,quantity,unit_price,amount\nA,1,2024-01-05,2,5,10\nA,1,2024-01-09,-1,5,5\n"


@pytest.mark.slow
def test_a_negative_quantity_with_a_positive_amount_is_money_given_back() -> None:
    shop, as_sold = (
        crmlib.open_shop(table(BACKWARDS), policy={"orders": {"negative_quantity": said}}, as_of="2024-01-31")
        for said in ("return", "sale")
    )
    assert (amounts(shop), amounts(as_sold)) == ({"1": 5.0}, {"1": 15.0})
    assert finding(shop, "rows of a negative quantity and a positive amount: taken as given back") == [1, 5.0]


def test_or_an_error_that_names_the_row() -> None:
    assert refused(BACKWARDS, negative_quantity="error") == (
        "the DataFrame, row 1, column 'quantity': '-1' in a row with a positive amount. Mend it, or say what such "
        "rows are: policy={'orders': {'negative_quantity': 'return'}}, or 'sale'."
    )


def month(*more: str) -> pd.DataFrame:
    days = [f"2024-01-{day:02d}" for day in range(1, 20)]
    return pd.DataFrame({"customer_id": "a", "order_ts": [*days, *more], "amount": 10})


def test_one_date_does_not_move_the_shop(capsys: pytest.CaptureFixture[str]) -> None:
    shop = crmlib.open_shop(month("2042-01-05"))
    assert (str(shop.as_of), len(shop.orders)) == ("2024-01-20", 19)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "- 1 row, 10.00: dated 2042-01-05 or later, 6,561 days after all others, which end on 2024-01-19: left out. "
        "If they are right, say so: policy={'orders': {'lone_dates': 'keep'}}."
    )


@pytest.mark.parametrize(
    ("more", "rules", "as_of"),
    [
        (["2042-01-05"], {"lone_dates": "keep"}, "2042-01-06"),
        (["2024-03-05"], {}, "2024-03-06"),  # a quiet winter
        (["2025-03-05", "2025-03-06", "2025-03-07"], {}, "2025-03-08"),  # a second season
        (["2001-01-05", "2042-01-05"], {}, "2024-01-20"),
    ],
)
def test_a_date_is_alone_only_far_from_all_others(more: list[str], rules: dict[str, Any], as_of: str) -> None:
    assert str(crmlib.open_shop(month(*more), policy={"orders": rules}).as_of) == as_of


@pytest.mark.slow
def test_a_lone_date_may_be_refused_and_a_day_that_is_given_decides() -> None:
    with pytest.raises(SchemaError, match=r"1 row, 10\.00, dated 2042-01-05 or later, 6,561 days after all others"):
        crmlib.open_shop(month("2042-01-05"), policy={"orders": {"lone_dates": "error"}})
    assert len(crmlib.open_shop(month("2042-01-05"), as_of="2042-01-05").orders) == 20


@pytest.mark.slow
@pytest.mark.parametrize("day", ["1900-01-01", "1970-01-01", "0001-01-01", "2300-01-05"])
def test_a_date_that_no_shop_has_is_refused_or_dropped(day: str) -> None:
    frame = month(day, day)
    with pytest.raises(SchemaError) as caught:
        crmlib.open_shop(frame)
    assert str(caught.value) == (
        f"the DataFrame, row 19, column 'order_ts': '{day}' is not between the years 1980 and 2100, in which a "
        "shop can have sold. 2 rows are like that. Mend it; or leave such rows out, "
        "policy={'orders': {'odd_dates': 'drop'}}; "
        "or say when it began: policy={'orders': {'first_year': ...}}."
    )
    shop = crmlib.open_shop(frame, policy={"orders": {"odd_dates": "drop"}})
    assert (len(shop.orders), finding(shop, "rows of before 1980 or after 2100: dropped")) == (19, [2, 20.0])


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("2025-03-30 00:40:02 +0100", "2025-03-29 23:40:02"),
        ("2025-03-30 00:40:02 +01:00", "2025-03-29 23:40:02"),
        ("2025-03-30 00:40:02 -0330", "2025-03-30 04:10:02"),
        ("2025-03-30 00:40:02 -03", "2025-03-30 03:40:02"),
        ("2025-03-30 00:40:02-0330", "2025-03-30 04:10:02"),
        ("2025-03-30T00:40 +0100", "2025-03-29 23:40:00"),
        ("2025-03-30 00:40:02.5 +0100", "2025-03-29 23:40:02.500000"),
        ("2025-03-30 00:40:02 UTC", "2025-03-30 00:40:02"),
        ("2025-03-30 00:40:02 GMT", "2025-03-30 00:40:02"),
        ("2025-03-30T00:40:02Z", "2025-03-30 00:40:02"),
    ],
)
def test_an_offset_may_stand_behind_a_blank(written: str, right: str) -> None:
    shop = crmlib.open_shop(pd.DataFrame({"customer_id": ["a"], "order_ts": [written], "amount": [1]}))
    assert str(shop.orders.to_pandas()["order_ts"][0]) == right


@pytest.mark.slow
@pytest.mark.parametrize(
    ("written", "form", "unit"),
    [
        (1700000000000, "epoch_ms", "milliseconds"),
        ("1700000000", "epoch_s", "seconds"),
        (1700000000.0, "epoch_s", "seconds"),
        ("1700000000000000", "epoch_us", "microseconds"),
    ],
)
def test_numbers_that_count_from_1970_are_named_and_read(written: Any, form: str, unit: str) -> None:
    frame = pd.DataFrame({"customer_id": ["a"], "order_ts": [written], "amount": [1]})
    with pytest.raises(SchemaError) as caught:
        crmlib.open_shop(frame)
    assert str(caught.value).endswith(
        f"is not a date. These are {unit} since 1970: 2023-11-14 22:13:20 UTC. Read them so: "
        f"open_shop(..., date_format={form!r})."
    )
    shop = crmlib.open_shop(frame, date_format=form, policy={"orders": {"timezone": "Europe/Rome"}})
    assert str(shop.orders.to_pandas()["order_ts"][0]) == "2023-11-14 23:13:20"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("days", "proposal"),
    [
        (["Jan 5, 2024 10:00:00 AM"], "date_format='%b %d, %Y %I:%M:%S %p'"),
        (["05/01/2024", "31/01/2024"], "date_format='%d/%m/%Y'"),
        (["01/05/2024", "01/31/2024"], "date_format='%m/%d/%Y'"),
        (["05/01/2024", "31/01/2024", "2024-02-01"], ""),
        (["whenever"], ""),
    ],
)
def test_a_form_is_proposed_only_where_it_reads_all(days: list[str], proposal: str) -> None:
    frame = pd.DataFrame({"customer_id": "a", "order_ts": days, "amount": 1})
    with pytest.raises(SchemaError) as caught:
        crmlib.open_shop(frame)
    end = f"(..., {proposal})." if proposal else "as for datetime.strptime."
    assert str(caught.value).endswith(end)
    if proposal:
        form = proposal.removeprefix("date_format='").removesuffix("'")
        assert len(crmlib.open_shop(frame, date_format=form).orders) == len(days)


# --- ways in


@pytest.mark.slow
@pytest.mark.parametrize("index", ["order_id", "customer_id", ["customer_id", "order_id"]])
def test_a_named_index_is_a_column(index: Any) -> None:
    frame = pd.DataFrame({"customer_id": "a", "order_id": ["1", "1"], "order_ts": "2024-01-05", "amount": [10, 5]})
    assert amounts(crmlib.open_shop(frame.set_index(index))) == {"1": 15.0}
    assert amounts(crmlib.open_shop(frame.set_index(index, drop=False))) == {"1": 15.0}


def database(kind: str, folder: Path) -> str:
    connect: Any = duckdb.connect if kind == "duckdb" else sqlite3.connect
    connection = connect(str(folder / "shop.db"))
    for text in (
        "create table orders (customer_id text, order_id text, order_ts text, amount text)",
        "insert into orders values ('a', '1', '2024-01-05', '10')",
        "create table gone (id text)",
        "create view broken as select * from gone",
        "drop table gone",
    ):
        connection.execute(text)
    if kind == "sqlite":
        connection.commit()
    connection.close()
    return f"{kind}:///{folder / 'shop.db'}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_broken_view_stops_only_those_who_asked_for_it(kind: str, tmp_path: Path) -> None:
    url = database(kind, tmp_path)
    assert [crmlib.open_shop(url + asked).tables for asked in ("", "?table=orders")] == [("orders",)] * 2
    with pytest.raises(SourceError, match=r"shop.db: broken cannot be read. .*Mend or drop it"):
        crmlib.open_shop(f"{url}?table=broken")


def test_at_the_command_line_a_way_out_is_a_line_of_shop_toml(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("customer_id,order_id,date,amount\nNULL,1,2024-01-05,10\n")
    told = CliRunner().invoke(main, ["data", "describe", str(file)]).output
    assert told.endswith('leave such rows out: [policy.orders] missing_customer = "drop" in shop.toml.\n')


# --- totals on lines

TOTALS = (
    "customer_id,order_id,order_date,order_total,sku,qty\n"
    "A,1,2024-01-05,30.00,s1,1\nA,1,2024-01-05,30.00,s2,2\nB,2,2024-02-01,20.00,s1,1\n"
)
ERP = (
    "customer_id,order_id,order_date,amount,qty,price\n"
    "A,1,2024-01-05,30.00,1,10\nA,1,2024-01-05,30.00,2,10\nB,2,2024-02-01,20.00,2,10\n"
)


@pytest.mark.slow
@pytest.mark.parametrize("text", [TOTALS, ERP])
def test_a_total_on_each_line_is_not_added_without_a_word(text: str) -> None:
    assert refused(text).endswith(
        "1 of 1 orders of several lines have the same amount on each, as the order's total has; adding them would "
        "count 30.00 too much. Say what they are: policy={'orders': {'repeated_totals': 'once'}} "
        "for totals, or 'sum' for "
        "amounts of the lines."
    )
    once = opened(text, repeated_totals="once")
    assert (amounts(once), once.order_lines.to_pandas()["amount"].sum()) == ({"1": 30.0, "2": 20.0}, 50.0)
    assert finding(once, "totals repeated on lines: counted once") == [1, 30.0]
    assert amounts(opened(text, repeated_totals="sum")) == {"1": 60.0, "2": 20.0}


@pytest.mark.slow
@pytest.mark.parametrize("shipping", ["35.00", "28.00"])
def test_a_total_with_shipping_or_a_discount_is_one_too(shipping: str) -> None:
    text = ERP.replace("30.00", shipping)
    assert "have the same amount on each" in refused(text)
    assert amounts(opened(text, repeated_totals="once"))["1"] == float(shipping)


def test_equal_discounted_lines_are_added() -> None:
    text = "customer_id,order_id,date,amount,qty,price\nA,1,2024-01-05,9,1,10\nA,1,2024-01-05,9,1,10\n"
    assert amounts(opened(text)) == {"1": 18.0}


@pytest.mark.parametrize("text", [TOTALS.replace("order_total", "amount"), ERP.replace("30.00", "10.00"),
                                  TOTALS.replace("30.00,s2", "5.00,s2")])  # fmt: skip
def test_equal_amounts_of_lines_are_added(text: str) -> None:
    assert len(amounts(opened(text))) == 2
