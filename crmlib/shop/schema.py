"""What each table holds, and how its columns are recognised in somebody else's data.

A column is taken by its own name, by the name that the caller maps to it, or by one of its usual spellings; where two
could be meant, that is an error, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from crmlib.errors import SchemaError
from crmlib.words import bare, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["TABLES", "Column", "match_columns"]

Kind = Literal["id", "timestamp", "money", "number", "text", "yes/no"]


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
        Usual names elsewhere; case and separators do not count.
    vague
        Names that may mean it, where no clearer one is there.
    required
        Whether its table cannot be read without it.
    use
        What it is used for.
    values
        The words it may hold, where these are known -> how else they are written.
    others
        Whether other words are of use beside one of these: the arms of an experiment beside its control.
    """

    name: str
    kind: Kind
    meaning: str
    spellings: tuple[str, ...] = ()
    vague: tuple[str, ...] = ()
    required: bool = False
    use: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: bool = False


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
_REFUNDED = Column(
    "refunded",
    "money",
    "what was given back of the order, in a column of its own",
    (
        *("refundedamount", "amountrefunded", "orderrefundamount", "totalrefunded", "refundedtotal", "refundamount"),
        *("rimborsato", "importorimborsato", "totalerimborsato", "erstattet", "erstattungsbetrag", "rembourse"),
        *("remboursé", "montantremboursé", "reembolsado", "importereembolsado"),
    ),
)
_STATUS = Column("status", "text", "state of the order", ("orderstatus", "orderstate", "financialstatus", "stato"))
_CURRENCY = Column(
    "currency",
    "text",
    "what the amount is in",
    ("currencycode", "ordercurrency", "currencyiso", "isocurrency", "valuta", "divisa", "codicevaluta"),
)
_COUPON = Column(
    "coupon_code",
    "text",
    "the code that was redeemed",
    (
        *("coupon", "couponcodes", "couponused", "discountcode", "discountcodes", "promocode", "promocodes"),
        *("promotioncode", "vouchercode", "voucher", "codicesconto", "codicepromo", "codicepromozionale", "buono"),
        *("gutscheincode", "gutschein", "rabattcode", "codepromo", "coderemise", "codigodescuento", "cupon", "cupón"),
    ),
)

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
        "generation",
        "text",
        "Jr., Sr., II: which of several people of one name",
        ("suffix", "namesuffix", "suffisso"),
    ),
    Column(
        "company",
        "text",
        "name of a company",
        ("companyname", "organisation", "organization", "firm", "azienda", "ditta", "ragionesociale", "impresa"),
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
        "street",
        "text",
        "street and number",
        (
            *("address", "address1", "addressline1", "streetaddress", "streetname", "streetandnumber"),
            *("via", "indirizzo", "indirizzo1", "viaenumero", "viaecivico"),
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
    Column(
        "birth_date",
        "text",
        "date of birth",
        ("birthdate", "dateofbirth", "dob", "birthday", "datadinascita", "datanascita", "natoil", "nascita"),
    ),
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
    "order_lines": (
        _CUSTOMER,
        _ORDER,
        _TIME,
        _AMOUNT,
        _PRODUCT,
        _QUANTITY,
        _PRICE,
        _STATUS,
        _CURRENCY,
        _REFUNDED,
        _COUPON,
    ),
    "contacts": _CONTACTS,
}


def match_columns(
    there: Sequence[str], wanted: Sequence[Column], *, mapped: Mapping[str, str | None], place: str
) -> dict[str, str]:
    """Find the wanted columns among those that are there.

    Parameters
    ----------
    there
        Names in the source.
    wanted
        Columns to look for.
    mapped
        The caller's word: name in crmlib -> name in the source, or ``None`` where none shall be taken.
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
        if source is not None and source not in there:
            raise SchemaError(f"{place}: there is no column {source!r} to use as {name}. {did_you_mean(source, there)}")
    found = {name: source for name, source in mapped.items() if source is not None}
    taken = set(found.values())
    for column in wanted:
        if column.name in mapped:
            continue
        if column.name in there and column.name not in taken:
            found[column.name] = column.name
            continue
        known = {bare(column.name), *column.spellings}
        candidates = [name for name in there if name not in taken and bare(name) in known]
        if len(candidates) > 1:
            raise SchemaError(
                f"{place}: {' and '.join(map(repr, candidates))} could each be {column.name} ({column.meaning}). "
                f"Say which: columns={{{column.name!r}: {candidates[0]!r}}}."
            )
        if candidates:
            found[column.name] = candidates[0]
    return {column.name: found[column.name] for column in wanted if column.name in found}
