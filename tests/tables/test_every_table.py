"""Every table is recognised, mapped and checked as the orders are; what is not understood is never silent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from crmlib import open_shop
from crmlib.actions import queue
from crmlib.churn import signals
from crmlib.customers.consent import may_contact
from crmlib.errors import CrmlibError, SchemaError, SourceError
from crmlib.shop.dictionary import DICTIONARY
from tests.sequences import NEWSLETTER

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.shop import Shop

pytestmark = pytest.mark.slow  # each opens a shop

ORDERS = {"customer_id": ["K1", "K2"], "order_id": ["1", "2"], "order_ts": ["2024-01-10", "2024-04-08"],
          "amount": ["20", "30"]}  # fmt: skip


def shop_of(folder: Path, columns: Any = None, **tables: str) -> Shop:
    """Write tables, one row a line, and open their folder."""
    pd.DataFrame(ORDERS).to_csv(folder / "orders.csv", index=False)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text.strip() + "\n", encoding="utf-8")
    return open_shop(folder, columns=columns, as_of="2024-04-09")


def refused(folder: Path, columns: Any = None, **tables: str) -> str:
    with pytest.raises(CrmlibError) as caught:
        shop_of(folder, columns, **tables)
    return str(caught.value)


def of(shop: Shop, customer: str = "K1") -> Any:
    return signals(shop).set_index("customer_id").loc[customer]


@pytest.mark.parametrize(
    "header",
    [
        "customer_id,login_ts",
        "customer_id,logged_in_at",
        "Customer ID,login_ts",
        "ID-Cliente,Data accesso",
        "user,date",
    ],
)
def test_a_login_of_yesterday_is_no_silence(tmp_path: Path, header: str) -> None:
    seen = of(shop_of(tmp_path, logins=f"{header}\nK1,2024-04-08 10:00:00"))
    assert not seen["no_login"]
    assert seen["days_since_login"] == 1


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("surveys", "customer_id,answered_ts,score,kind", "K1,2024-04-01,2,nps"),
        ("surveys", "customer_id,answered_ts,rating,kind", "K1,2024-04-01,2,nps"),
        ("surveys", "Customer-ID,Answered At,Rating,Type", "K1,2024-04-01,2,NPS"),
        ("sondaggi", "Cliente,Data risposta,Voto,Tipo,Scala", "K1,2024-04-01,2,Net Promoter Score,da 0 a 10"),
    ],
)
def test_a_2_is_a_low_score(tmp_path: Path, name: str, header: str, row: str) -> None:
    assert of(shop_of(tmp_path, **{name: f"{header}\n{row}"}))["low_score"]


@pytest.mark.parametrize(
    "header", ["customer_id,registered_ts", "customer_id,registered_at", "Cliente,Data registrazione"]
)
def test_who_never_logged_in_is_silent_since_the_registration(tmp_path: Path, header: str) -> None:
    shop = shop_of(
        tmp_path, customers=f"{header}\nK1,2023-01-01\nK2,2023-01-01", logins="customer_id,login_ts\nK2,2024-04-08"
    )
    assert of(shop)["no_login"]


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("event_id,customer_id,campaign_id,event,event_ts", "sent"),
        ("event_id,customer_id,campaign_id,event,sent_at", "sent"),
        ("event_id,customer_id,campaign_id,Event Type,Occurred At", "Mail sent"),
        ("id,Cliente,Campagna,Evento,Data invio", "Inviata"),
        ("event_id,customer_id,campaign_id,event,event_ts", "Delivered"),
    ],
)
def test_four_mails_of_these_days_are_enough(tmp_path: Path, header: str, word: str) -> None:
    (tmp_path / "news.toml").write_text(NEWSLETTER)
    rows = "\n".join(f"{day},K1,c{day},{word},2024-04-0{day} 09:00:00" for day in (5, 6, 7, 8))
    shop = shop_of(
        tmp_path,
        email_events=f"{header}\n{rows}",
        customers="customer_id,email\nK1,k1@example.org",
        consents="customer_id,channel,purpose,given_ts,withdrawn_ts\nK1,email,marketing,2023-01-01,",
    )
    made = queue(shop, tmp_path / "news.toml", start="2024-04-09", days=2)
    assert "K1" not in set(made.entries["customer_id"])
    assert set(made.held.loc[made.held["customer_id"] == "K1", "why"]) == {"cap"}


def test_mails_that_nobody_sent_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop_of(tmp_path, email_events="customer_id,event,event_ts\nK1,wysłano,2024-04-05")
    told = capsys.readouterr().out
    assert "event that is not one of sent, delivered" in told
    assert "'wysłano'" in told
    assert "caps on contacts see none of them" in told


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("customer_id,channel,purpose,given_ts,withdrawn_at", "K1,email,marketing,2023-01-01,2024-02-01"),
        ("customer_id,channel,purpose,given_ts,status", "K1,email,marketing,2023-01-01,unsubscribed"),
        ("customer_id,channel,purpose,given_ts,granted", "K1,email,marketing,2023-01-01,False"),
        ("Kunde,Kanal,Zweck,Seit,Bis", "K1,email,marketing,2023-01-01,2024-02-01"),
    ],
)
def test_a_withdrawal_is_one_by_whatever_name(tmp_path: Path, header: str, row: str) -> None:
    names = dict(zip(("customer_id", "channel", "purpose", "given_ts", "withdrawn_ts"), header.split(","), strict=True))
    columns = {"consents": names} if header.startswith("Kunde") else None
    assert not may_contact(shop_of(tmp_path, columns, consents=f"{header}\n{row}"))["email"].any()


def test_a_mapping_of_consents_stands_in_shop_toml(tmp_path: Path) -> None:
    shop_of(
        tmp_path,
        consents="Kunde,Kanal,Zweck,Seit,Bis\nK1,email,marketing,2023-01-01,\nK2,email,marketing,2023-01-01,2024-01-01",
    )
    (tmp_path / "shop.toml").write_text(
        'source = "."\n[columns.consents]\ncustomer_id = "Kunde"\nchannel = "Kanal"\npurpose = "Zweck"\n'
        'given_ts = "Seit"\nwithdrawn_ts = "Bis"\n'
    )
    assert may_contact(open_shop(tmp_path / "shop.toml"))["email"].to_dict() == {"K1": True, "K2": False}


LINES = (
    "customer_id,order_id,order_ts,quantity,unit_price,Total\nK1,1,2024-01-05,1,34.90,58.91\nK1,1,2024-01-05,1,19.01,\n"
)


@pytest.mark.parametrize(
    "columns",
    [{"amount": None}, {"amount": False}, {"quantity": "quantity", "unit_price": "unit_price"},
     {"orders": {"amount": None}}],
)  # fmt: skip
def test_what_was_recognised_can_be_let_go(tmp_path: Path, columns: dict[str, Any]) -> None:
    (tmp_path / "rel.csv").write_text(LINES)
    shop = open_shop(tmp_path / "rel.csv", columns=columns)
    assert shop.orders.to_pandas()["amount"].tolist() == [53.91]


def test_it_can_be_let_go_in_shop_toml(tmp_path: Path) -> None:
    (tmp_path / "rel.csv").write_text(LINES)
    (tmp_path / "shop.toml").write_text('source = "rel.csv"\n[columns]\namount = false\n')
    assert open_shop(tmp_path / "shop.toml").orders.to_pandas()["amount"].tolist() == [53.91]


def test_returns_under_other_names_are_netted(tmp_path: Path) -> None:
    text = "Customer,Order,return_ts,Refund\nK2,2,2024-04-08,10"
    assert shop_of(tmp_path, returns=text).orders.to_pandas()["amount"].tolist() == [20, 20]


def test_advice_on_returns_works(tmp_path: Path) -> None:
    text = "Customer,Order,return_ts,Money\nK2,2,2024-04-08,10"
    assert "columns={'returns': {'amount': '...'}}" in refused(tmp_path, returns=text)
    shop = shop_of(tmp_path, {"returns": {"amount": "Money"}}, returns=text)
    assert shop.orders.to_pandas()["amount"].tolist() == [20, 20]


def test_numbers_and_answers_of_yes_and_no_are_read(tmp_path: Path) -> None:
    text = "Cliente,Inizio,Durata,Acquistato\nK1,2024-04-01 10:00:00,90,sì\nK2,2024-04-01 10:00:00,,no"
    visits = shop_of(tmp_path, visite=text).sessions.to_pandas().sort_values("customer_id")
    assert visits["seconds"].tolist()[0] == 90
    assert visits["ordered"].tolist() == [True, False]


LOGIN = "customer_id,login_ts\nK1,2024-01-01"


@pytest.mark.parametrize(
    ("tables", "columns", "told"),
    [
        (
            {"logins": "customer_id,moment\nK1,2024-01-01"},
            None,
            (
                "logins.csv: no column for login_ts (when). Its columns are: customer_id, moment. Say which it is: "
                "columns={'logins': {'login_ts': '...'}}; or leave the table out: columns={'logins': False}."
            ),
        ),
        ({"surveys": "customer_id,answered_ts,scor\nK1,2024-01-01,2"}, None, "no column for score"),
        ({"surveys": "customer_id,answered_ts,scor\nK1,2024-01-01,2"}, None, "Did you mean 'scor'?"),
        ({"surveys": "customer_id,score\nK1,2"}, None, "no column for answered_ts (when it was answered)"),
        ({"surveys": "customer_id,answered_ts,score\nK1,2024-01-01,two"}, None,
         "surveys.csv, row 2, column 'score': 'two' is not a number"),
        ({"sessions": "customer_id,start_ts,ordered\nK1,2024-01-01,perhaps"}, None, "'perhaps' is neither yes nor no"),
        ({"logins": "Client,User,login_ts\nK1,K2,2024-01-01"}, None,
         ("'Client' and 'User' could each be customer_id (who logged in). Say which: "
          "columns={'logins': {'customer_id': 'Client'}}.")),
        ({"logins": LOGIN}, {"logins": {"login": "login_ts"}}, "Did you mean 'login_ts'?"),
        ({"logins": LOGIN}, {"logins": {"login_ts": "when"}}, "there is no column 'when'"),
        ({"logins": LOGIN}, {"customers": {"email": "E"}}, "there is no such table here"),
        ({"weather": "a,b\n1,2"}, {"weather": {"rain": "a"}}, "crmlib reads no table of that name"),
        ({"consents": "customer_id,withdrawn_ts\nK1,2024-01-01"}, {"consents": False}, "is never left out"),
        ({"customers": "customer_id,email,E-Mail 2\nK1,a@example.org,b@example.org"},
         {"customers": {"email": "E-Mail 2"}}, "there is a column 'email', too"),
        ({"customers": "customer_id,mail\nK1,a@example.org"}, {"customers": {"email": "mail", "phone": "mail"}},
         "the column 'mail' is named twice"),
        ({"logins": LOGIN}, {"logins": True}, "name the column that it is, or None"),
        ({}, {"orders": False}, "without orders there is no shop"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(tmp_path: Path, tables: dict[str, str], columns: Any, told: str) -> None:
    assert told in refused(tmp_path, columns, **tables)


def test_a_table_can_be_left_out(tmp_path: Path) -> None:
    shop = shop_of(tmp_path, {"logins": False}, logins="customer_id,moment\nK1,2024-01-01")
    assert shop.tables == ("orders",)


def test_what_was_taken_and_what_is_strange_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = shop_of(
        tmp_path,
        {"customers": {"country": "Land"}},
        customers="Customer ID,E-Mail,Land,Lieblingsfarbe\nK1,a@example.org,DE,rot",
    )
    assert (
        "Columns taken in customers: customer_id = 'Customer ID', email = 'E-Mail'; not understood, left as they are: "
        "'Lieblingsfarbe'."
    ) in capsys.readouterr().out
    quality = shop.quality().set_index("finding")["rows"]
    assert quality["columns of customers that are not understood, left as they are: 'Lieblingsfarbe'"] == 1
    assert [text for text in quality.index if text.startswith("columns that customers lacks: registered_ts (")]
    assert shop.customers.columns == ["customer_id", "email", "country", "Lieblingsfarbe"]


def test_two_columns_that_may_be_one_that_is_not_needed_are_left_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = shop_of(tmp_path, customers="customer_id,comune,città\nK1,Roma,Roma")
    assert "'comune' and 'città' could each be city, and neither is taken" in capsys.readouterr().out
    assert shop.customers.columns == ["customer_id", "comune", "città"]


def test_the_shop_that_ships_needs_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    shop = open_shop("shop")
    assert "taken" not in capsys.readouterr().out
    assert not shop.quality()["finding"].str.contains("not understood|not one of|lacks: .*_ts", regex=True).any()


@pytest.mark.slow
def test_arms_have_any_name_beside_a_control_that_is_understood() -> None:
    orders = pd.DataFrame({"customer_id": ["a", "b"], "order_ts": "2024-01-05", "amount": [1, 2]})
    for control, strange in (("Controllo", False), ("zero", True)):
        arms = pd.DataFrame(
            {"campaign_id": "c", "customer_id": ["a", "b"], "assigned_ts": "2024-01-02", "arm": [control, "A"]}
        )
        findings = open_shop({"orders": orders, "assignments": arms}).quality()["finding"]
        assert findings.str.contains("arm that is not one of control").any() == strange


def test_a_heading_that_may_hold_objections_is_never_taken_for_something_else() -> None:
    from crmlib.text.consent import answer_within

    objecting = [
        (table.name, column.name, name)
        for table in DICTIONARY.values() if table.name != "consents"
        for column in table.columns for name in (column.name, *column.spellings, *column.vague)
        if answer_within(name) < 0
    ]  # fmt: skip
    assert objecting == []


def test_a_spelling_means_one_column_of_its_table() -> None:
    from crmlib.text.spelling import plain

    for table in DICTIONARY.values():
        owners: dict[str, set[str]] = {}
        for column in table.columns:
            for name in (column.name, *column.spellings):
                owners.setdefault(plain(name), set()).add(column.name)
        assert {name: several for name, several in owners.items() if len(several) > 1} == {}, table.name


@pytest.mark.parametrize(
    ("form", "told"),
    [("zip", "The folder"), ("deep", "There are some in folders below it: name them")],
)
def test_a_folder_without_tables_says_what_to_do(tmp_path: Path, form: str, told: str) -> None:
    (tmp_path / "year=2024").mkdir()
    if form == "deep":
        (tmp_path / "year=2024" / "part.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError) as caught:
        open_shop(tmp_path)
    assert told in str(caught.value)


def test_a_folder_of_parts_says_how_to_open_them_as_one(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"part-{number}.csv").write_text("customer_id,order_ts,amount\na,2024-01-01,1\n")
    with pytest.raises((SchemaError, SourceError), match=r"and 3 more\..* Then name them '.*/\*'") as caught:
        open_shop(tmp_path)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("orders", "told"),
    [
        ("customer_id,order_ts,amount\n,2024-01-05,5\n", '[policy.orders] missing_customer = "drop" in shop.toml'),
        ('customer_id,order_ts,amount\na,2024-01-05,"1,50"\n', 'decimal = "," in shop.toml'),
        ("customer_id,order_ts,amount\na,31/01/2024,5\n", 'date_format = "%d/%m/%Y" in shop.toml'),
        ("who,order_ts,amount\na,2024-01-05,5\n", '[columns] customer_id = "..." in shop.toml'),
        ("Client,User,order_ts,amount\na,a,2024-01-05,5\n", '[columns] customer_id = "Client" in shop.toml'),
    ],
)
def test_the_command_line_speaks_of_shop_toml(tmp_path: Path, orders: str, told: str) -> None:
    from click.testing import CliRunner

    from crmlib.commands.main import main

    (tmp_path / "orders.csv").write_text(orders)
    result = CliRunner().invoke(main, ["data", "describe", str(tmp_path / "orders.csv")])
    assert told in result.output
    assert not re.search(r"open_shop|(policy|columns|decimal|date_format)=", result.output)


def test_the_command_line_says_so_of_other_tables_too(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from crmlib.commands.main import main

    pd.DataFrame(ORDERS).to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "customers.csv").write_text("customer_id,comune,città\nK1,Roma,Roma\n")
    assert '[columns.customers] city = "comune" in shop.toml' in (
        CliRunner().invoke(main, ["data", "describe", str(tmp_path)]).output
    )
    (tmp_path / "logins.csv").write_text("customer_id,moment\nK1,2024-01-05\n")
    output = CliRunner().invoke(main, ["data", "describe", str(tmp_path)]).output
    assert '[columns.logins] login_ts = "..." in shop.toml; or leave the table out: [columns] logins = false' in output


def test_flags_may_be_numbers() -> None:
    visits = pd.DataFrame({"customer_id": ["K1", "K2"], "start_ts": "2024-04-01", "ordered": [1.0, 0.0]})
    shop = open_shop({"orders": pd.DataFrame(ORDERS), "sessions": visits})
    assert shop.sessions.to_pandas().sort_values("customer_id")["ordered"].tolist() == [True, False]


def test_ids_that_are_mail_addresses_are_mailboxes(capsys: pytest.CaptureFixture[str]) -> None:
    ids = ["k1@example.org", "K1@Example.org", "ab", "AB"]
    orders = pd.DataFrame({"customer_id": ids, "order_id": range(4), "order_ts": "2024-01-05", "amount": 10})
    spent = open_shop(orders).orders.to_pandas().groupby("customer_id")["amount"].sum()
    assert spent.to_dict() == {"k1@example.org": 20, "ab": 10, "AB": 10}
    assert "- 1 row: customers whose ids differ in case only, such as 'AB'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("postcode", "city", "right"),
    [
        ("'75008", "Paris", ("75008", "Paris")),
        ("'00184", "-", ("00184", None)),
        ("N/A", "'s-Hertogenbosch", (None, "s-H")),
    ],
)
def test_guards_and_words_for_nothing_leave_places(
    postcode: str, city: str, right: tuple[str | None, str | None]
) -> None:
    from crmlib import intake

    rows = pd.DataFrame({"contact_id": ["1"], "email": ["a@example.org"], "postcode": [postcode], "city": [city]})
    clean = intake.clean_contacts(rows).contacts.iloc[0]
    assert (None if pd.isna(clean["postcode"]) else clean["postcode"]) == right[0]
    assert pd.isna(clean["city"]) if right[1] is None else right[1] in clean["city"]


@pytest.mark.parametrize(("scale", "right"), [("1-5", 5), ("1-10", 10), ("1 to 7", 7), ("5", 5), (7, 7)])
def test_a_scale_of_satisfaction_is_called_as_surveys_call_it(scale: Any, right: int) -> None:
    from crmlib.surveys import csat

    assert csat([1, right], scale=scale).satisfied == 1


@pytest.mark.parametrize("scale", ["0-10", "nps_1_10", "ten", "", True, 1.5, None])
def test_another_scale_is_refused_with_the_right_ones(scale: Any) -> None:
    from crmlib.surveys import csat

    with pytest.raises(SchemaError, match="Write '1-5', '1-7' or '1-10', or its highest mark"):
        csat([1, 2], scale=scale)


def test_two_tables_that_could_be_one_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    people = pd.DataFrame({"customer_id": ["K1"]})
    shop = open_shop({"orders": pd.DataFrame(ORDERS), "clienti": people, "Clients": people})
    assert shop.tables == ("orders", "clienti", "Clients")
    assert "The table 'clienti' was not taken for customers, for there is 'Clients', too" in capsys.readouterr().out
    open_shop({"orders": pd.DataFrame(ORDERS), "clienti": people, "customers": people})
    assert "The table 'clienti' was not taken for customers, for there is 'customers', too" in capsys.readouterr().out


def test_mails_of_nobody_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    mails = pd.DataFrame({"email": ["a@example.org"], "event": ["sent"], "date": "2024-01-01"})
    open_shop({"orders": pd.DataFrame(ORDERS), "email_events": mails})
    assert "email_events has no customer_id: of caps, rates, churn, unsubscriptions, it tells nothing." in (
        capsys.readouterr().out
    )
    open_shop({"orders": pd.DataFrame(ORDERS), "email_events": mails.assign(customer_id="K1", event=None)})
    assert "- 1 row: email_events: no row says that a mail was sent" in capsys.readouterr().out


def test_columns_are_a_dict() -> None:
    with pytest.raises(SchemaError, match=r"^columns=\[1\]: expected a dict, name in crmlib -> name in the source"):
        open_shop(pd.DataFrame(ORDERS), columns=[1])  # type: ignore[arg-type]
