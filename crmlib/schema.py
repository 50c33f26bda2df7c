"""What each table holds, and how its columns are recognised in somebody else's data.

A column is taken by its own name, by the name that the caller maps to it, or by one of its usual spellings; where two
could be meant, that is an error, never a guess.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crmlib.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["TABLES", "Column", "did_you_mean", "match_columns", "require"]

Kind = Literal["id", "timestamp", "money", "number", "text"]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name
        Its name in crmlib.
    kind
        What it holds.
    meaning
        One line for people, with the unit.
    spellings
        Usual names elsewhere, in lower case without separators.
    """

    name: str
    kind: Kind
    meaning: str
    spellings: tuple[str, ...] = ()


_CUSTOMER = Column(
    "customer_id",
    "id",
    "who bought",
    (
        *(
            "customer",
            "custid",
            "customernumber",
            "customerno",
            "client",
            "clientid",
            "user",
            "userid",
            "buyerid",
        ),
        *(
            "memberid",
            "accountid",
            "householdid",
            "contactid",
            "idcliente",
            "cliente",
            "codicecliente",
            "clienteid",
        ),
    ),
)
_ORDER = Column(
    "order_id",
    "id",
    "which order",
    (
        *(
            "order",
            "ordernumber",
            "orderno",
            "ordernum",
            "invoice",
            "invoiceid",
            "invoiceno",
            "invoicenumber",
        ),
        *(
            "transactionid",
            "basketid",
            "receiptid",
            "receiptno",
            "idordine",
            "ordine",
            "numeroordine",
            "ordineid",
        ),
    ),
)
_TIME = Column(
    "order_ts",
    "timestamp",
    "when it was placed, in the shop's time zone",
    (
        *(
            "orderdate",
            "ordertime",
            "orderdatetime",
            "ordertimestamp",
            "orderedat",
            "date",
            "datetime",
            "timestamp",
        ),
        *(
            "createdat",
            "invoicedate",
            "purchasedate",
            "purchasedat",
            "transactiondate",
            "transactiontimestamp",
        ),
        *("saledate", "data", "dataordine", "dataacquisto"),
    ),
)
_AMOUNT = Column(
    "amount",
    "money",
    "what was paid, in the shop's currency; negative for money given back",
    (
        *(
            "orderamount",
            "ordervalue",
            "ordertotal",
            "total",
            "totalamount",
            "totalprice",
            "grandtotal",
            "revenue",
        ),
        *(
            "sales",
            "salesvalue",
            "salesamount",
            "spend",
            "value",
            "monetaryvalue",
            "linetotal",
            "lineamount",
            "paid",
        ),
        *("dollarvalue", "importo", "totale", "totaleordine", "valore", "spesa"),
    ),
)
_PRODUCT = Column(
    "product_id",
    "id",
    "what was bought",
    ("product", "productcode", "sku", "stockcode", "itemid", "item", "articolo"),
)
_QUANTITY = Column("quantity", "number", "units bought", ("qty", "units", "quantita", "numberofunits"))
_PRICE = Column("unit_price", "money", "price of one unit", ("unitprice", "price", "itemprice", "prezzo", "unitcost"))
_STATUS = Column("status", "text", "state of the order", ("orderstatus", "orderstate", "financialstatus", "stato"))

#: What a list of contacts may hold; nothing of it is required but one thing that tells who it is.
_CONTACTS = (
    Column(
        "contact_id",
        "id",
        "the contact",
        ("contact", "leadid", "lead", "recordid", "id", "idcontatto", "contatto", "contattoid", "codicecontatto"),
    ),
    Column(
        "received_ts",
        "timestamp",
        "when it came in",
        (
            "received",
            "receivedat",
            "createdat",
            "created",
            "signupdate",
            "datainserimento",
            "dataiscrizione",
            "ricevutoil",
            "creatoil",
        ),
    ),
    Column("channel", "text", "web_form, event_signup, generic_mailbox, personal_mail, csv_list", ("canale",)),
    Column(
        "first_name",
        "text",
        "given name",
        ("first", "firstname", "givenname", "forename", "christianname", "nome", "nomedibattesimo"),
    ),
    Column("last_name", "text", "family name", ("last", "lastname", "surname", "familyname", "cognome")),
    Column(
        "full_name",
        "text",
        "first and last name in one, as a mail's sender has it",
        (
            "name",
            "fullname",
            "displayname",
            "contactname",
            "customername",
            "nominativo",
            "nomecompleto",
            "nomecognome",
            "nomeecognome",
            "cognomenome",
            "cognomeenome",
            "mittente",
        ),
    ),
    Column(
        "email",
        "text",
        "mail address",
        (
            "mail",
            "emailaddress",
            "mailaddress",
            "eaddress",
            "indirizzoemail",
            "indirizzomail",
            "posta",
            "postaelettronica",
            "contattoemail",
        ),
    ),
    Column(
        "phone",
        "text",
        "telephone number",
        (
            "telephone",
            "tel",
            "phonenumber",
            "mobile",
            "mobilephone",
            "mobilenumber",
            "cell",
            "cellphone",
            "telefono",
            "cellulare",
            "numeroditelefono",
            "numerotelefono",
            "recapitotelefonico",
            "recapito",
        ),
    ),
    Column(
        "city",
        "text",
        "town",
        ("town", "cityname", "place", "citta", "comune", "località", "localita", "città"),
    ),
    Column(
        "postcode",
        "text",
        "postcode",
        ("postalcode", "zip", "zipcode", "cap", "codicepostale", "codiceavviamentopostale"),
    ),
    Column("country", "text", "ISO 3166 code, two letters", ("countrycode", "nation", "paese", "nazione")),
    Column("event_name", "text", "the event that was signed up for", ("event", "evento", "nomeevento")),
    Column("list_name", "text", "the list it came on", ("list", "lista", "nomelista")),
    Column("mailbox", "text", "the shop's address that received the mail", ("casella", "recipient", "destinatario")),
    Column("subject", "text", "subject of the mail", ("oggetto",)),
    Column(
        "request_text",
        "text",
        "what was asked",
        ("request", "message", "body", "enquiry", "inquiry", "richiesta", "messaggio", "testo", "testorichiesta"),
    ),
    Column(
        "marketing_consent",
        "text",
        "whether the box was ticked",
        (
            "consent",
            "optin",
            "marketingoptin",
            "newsletter",
            "gdprconsent",
            "consenso",
            "consensomarketing",
            "privacymarketing",
        ),
    ),
)

#: The tables that open_shop (orders) and clean_contacts understand; others pass through as they are.
TABLES: dict[str, tuple[Column, ...]] = {
    "orders": (_CUSTOMER, _ORDER, _TIME, _AMOUNT),
    "order_lines": (_CUSTOMER, _ORDER, _TIME, _AMOUNT, _PRODUCT, _QUANTITY, _PRICE, _STATUS),
    "contacts": _CONTACTS,
}


def _plain(name: str) -> str:
    """Reduce a name to what its spellings have in common: ``Customer ID`` -> ``customerid``."""
    return re.sub(r"[\W_]+", "", name.casefold())


def did_you_mean(name: str, there: Iterable[str]) -> str:
    """Return a hint that names the likeliest of what is there, or lists it.

    Parameters
    ----------
    name
        What was asked for.
    there
        What there is.

    Examples
    --------
    >>> did_you_mean("custmer", ["customer", "date"])
    "Did you mean 'customer'?"
    >>> did_you_mean("x", ["customer", "date"])
    'There are: customer, date.'
    """
    there = list(there)
    plain = {_plain(candidate): candidate for candidate in there}
    close = difflib.get_close_matches(_plain(name), plain, n=3, cutoff=0.6)
    if close:
        return f"Did you mean {' or '.join(repr(plain[match]) for match in close)}?"
    return f"There are: {', '.join(there)}." if there else "There is nothing there."


def match_columns(
    there: Sequence[str], wanted: Sequence[Column], *, mapped: Mapping[str, str], place: str
) -> dict[str, str]:
    """Find the wanted columns among those that are there.

    Parameters
    ----------
    there
        Names in the source.
    wanted
        Columns to look for.
    mapped
        The caller's word: name in crmlib -> name in the source.
    place
        How to name the source in an error.

    Returns
    -------
    dict
        Name in crmlib -> name in the source, for those that were found.

    Raises
    ------
    SchemaError
        A mapped column that is not there, a mapping of an unknown name, or two columns that could be meant.

    Examples
    --------
    >>> match_columns(["CustomerID", "Invoice Date"], TABLES["orders"], mapped={}, place="orders.csv")
    {'customer_id': 'CustomerID', 'order_ts': 'Invoice Date'}
    """
    names = [column.name for column in wanted]
    for name, source in mapped.items():
        if name not in names:
            raise SchemaError(f"columns={{{name!r}: ...}}: there is no such name here. {did_you_mean(name, names)}")
        if source not in there:
            raise SchemaError(f"{place}: there is no column {source!r} to use as {name}. {did_you_mean(source, there)}")
    taken = set(mapped.values())
    found = dict(mapped)
    for column in wanted:
        if column.name in found:
            continue
        if column.name in there and column.name not in taken:
            found[column.name] = column.name
            continue
        known = {_plain(column.name), *column.spellings}
        candidates = [name for name in there if name not in taken and _plain(name) in known]
        if len(candidates) > 1:
            raise SchemaError(
                f"{place}: {' and '.join(map(repr, candidates))} could each be {column.name} ({column.meaning}). "
                f"Say which: columns={{{column.name!r}: {candidates[0]!r}}}."
            )
        if candidates:
            found[column.name] = candidates[0]
    return {column.name: found[column.name] for column in wanted if column.name in found}


def require(table: Any, label: str, names: Sequence[str], *, may_be_empty: Sequence[str] = ()) -> None:
    """Refuse a table that lacks a column, naming the likeliest of what is there, or a DataFrame that lacks a value.

    Parameters
    ----------
    table
        Anything with ``columns``.
    label
        How the error names it.
    names
        The columns it must have.
    may_be_empty
        Those among them whose values may be missing.

    Raises
    ------
    SchemaError
        A column is missing, or a value in a DataFrame (tables of the engine were checked when they were made).

    Examples
    --------
    >>> import pandas as pd
    >>> require(pd.DataFrame(columns=["customer", "order_ts"]), "orders", ["customer_id"])
    Traceback (most recent call last):
    crmlib.errors.SchemaError: orders: there is no column 'customer_id'. Did you mean 'customer'? ...
    """
    if not hasattr(table, "columns"):
        raise SchemaError(f"{label}: expected a table, got a {type(table).__name__}. Give a DataFrame or shop.orders.")
    there = [str(name) for name in table.columns]
    missing = [name for name in names if name not in there]
    if missing:
        raise SchemaError(
            f"{label}: there is no column {missing[0]!r}. {did_you_mean(missing[0], there)} "
            "crmlib.open_shop brings any orders into this form."
        )
    if hasattr(table, "iloc"):
        for name in names:
            empty = table[name].isna().to_numpy()
            if name not in may_be_empty and empty.any():
                raise SchemaError(
                    f"{label}, row {empty.argmax()}, column {name!r}: there is no value. Fill it in, or leave the row "
                    "out."
                )
