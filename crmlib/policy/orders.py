"""What counts as an order."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from crmlib.errors import PolicyError
from crmlib.words import NOTHING

__all__ = ["Orders"]

#: What shops call an order that was placed and paid, or is on its way to it; in English, Italian, German and French.
SALES = (
    *("sale", "paid", "partially paid", "partially refunded", "authorized", "authorised", "captured", "succeeded"),
    *("success", "complete", "completed", "processing", "confirmed", "accepted", "approved", "fulfilled", "settled"),
    *("partially fulfilled", "partially shipped", "shipped", "shipped - delivered to buyer", "delivered", "dispatched"),
    *("invoiced", "payment accepted", "done", "active", "ok"),
    *("pagato", "completato", "completata", "evaso", "spedito", "consegnato", "confermato", "in lavorazione"),
    *("bezahlt", "abgeschlossen", "versandt", "versendet", "geliefert", "payé", "expédié", "livré", "terminé"),
)
#: What they call one that came to nothing, or has not come to anything yet.
NO_SALES = (
    *("cancelled", "canceled", "cancellation", "void", "voided", "failed", "failure", "declined", "rejected", "denied"),
    *("error", "payment error", "expired", "abandoned", "draft", "checkout-draft", "test", "trash", "deleted", "fraud"),
    *("unpaid", "pending", "pending payment", "payment pending", "payment review", "awaiting payment", "on-hold"),
    *("holded", "unfulfilled and cancelled", "quote", "quotation", "estimate", "proforma", "incomplete"),
    *(
        "annullato",
        "annullata",
        "cancellato",
        "cancellata",
        "fallito",
        "rifiutato",
        "scaduto",
        "in attesa",
        "bozza",
        "preventivo",
    ),
    *("non pagato", "storniert", "abgebrochen", "fehlgeschlagen", "annulé", "annulée", "échoué"),
)
#: What they call one that was given back whole.
GIVEN_BACK = (
    *("refunded", "fully refunded", "returned", "return", "refund", "chargeback", "charged back", "credited"),
    *("rimborsato", "rimborsata", "reso", "restituito", "erstattet", "retourniert", "remboursé", "retourné"),
)
#: Columns that are empty, or say no, unless the order came to nothing; and those that mark a trial of the till.
CANCELLED_COLUMNS = (
    *("cancelled", "canceled", "is_cancelled", "is_canceled", "cancelled_at", "canceled_at", "cancelled_ts"),
    *("cancelled_on", "canceled_on", "cancelled_date", "cancel_date", "cancellation_date", "date_cancelled"),
    *("cancel_reason", "cancellation_reason", "void", "voided", "is_void", "voided_at", "is_voided", "deleted"),
    *("is_deleted", "deleted_at", "failed", "is_failed", "failed_at"),
    *(
        "annullato",
        "annullata",
        "annullato_il",
        "data_annullamento",
        "stornato",
        "stornata",
        "data_storno",
        "storniert",
    ),
    *("eliminato", "eliminata", "annulé", "annulée"),
)
TEST_COLUMNS = ("test", "is_test", "test_order", "is_test_order", "ordine_test", "ordine_di_prova", "prova")
#: Columns that say what sort of document a row is, and what a document is called by which money goes back.
KIND_COLUMNS = (
    *("type", "kind", "order_type", "transaction_type", "document_type", "doc_type", "row_type", "record_type"),
    *("tipo", "tipo_ordine", "tipo_documento", "tipo_doc", "tipo_transazione", "tipo_movimento", "causale"),
    *("belegart", "dokumenttyp", "type_document"),
)
CREDIT_NOTES = (
    *("credit note", "credit memo", "credit", "refund", "partial refund", "return", "returns", "exchange return"),
    *("nota di credito", "note di credito", "nota credito", "nc", "reso", "rimborso", "storno", "gutschrift", "avoir"),
)

#: What they write where nobody said who bought.
NOBODY = (
    *("guest", "guest customer", "guest checkout", "anonymous", "unknown", "unknown customer", "walk-in", "walk in"),
    *("walk-in customer", "cash customer", "cash sale", "no customer", "not logged in", "unregistered"),
    *("ospite", "anonimo", "anonima", "sconosciuto", "sconosciuta", "cliente generico", "cliente anonimo"),
    *("cliente occasionale", "vendita al banco", "cliente banco", "non registrato", "laufkunde", "invité"),
)

_MACHINE_ZONES = {"localtime", "posixrules", "Factory"}


class Orders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What counts as an order, and when it happened.

    Attributes
    ----------
    timezone
        The shop's own zone, an IANA name. Timestamps that carry a zone are brought to it, those that carry none are
        taken to be in it; days begin at its midnight.
    same_day
        ``keep`` counts each order; ``merge`` makes one purchase of a customer's orders of one day.
    returns
        ``net`` subtracts a return (a negative amount, or a row of the table ``returns``) from its order, or from the
        customer's orders before it, the latest first, as far as they reach; ``ignore`` drops returns and leaves the
        orders as they were.
    fully_returned
        Whether an order that was given back whole still counts as a purchase of amount 0.
    zero_amount
        Whether an order of amount 0 (a gift, a voucher) counts as a purchase.
    missing_customer
        ``error`` names the first row without a customer; ``drop`` leaves such rows out and counts them.
    missing
        Words that stand for no id at all, in any case: of a customer, an order or a product.
    nobody
        Words that stand for no customer: guests. A shop whose guests are all customer 0 adds ``"0"``.
    duplicate_rows
        ``drop`` leaves out rows that repeat another in every column. Two equal lines of one order may both be
        real, so the default is ``keep``.
    parentheses
        Amounts such as (3.50): money given back where the file has several, or writes a currency sign throughout, and
        never a minus (``usual``); always (``return``); or never, an ``error``.
    negative_quantity
        A row of a negative quantity and a positive amount: ``return`` takes it for money given back; ``sale`` for a
        sale of that amount; ``error`` names the first.
    repeated_totals
        An order's total that stands on each of its lines: ``error`` asks; ``once`` takes it once for each order, by
        its first line; ``sum`` adds the lines all the same.
    lone_dates
        Orders dated far after all others, as typing errors are: ``drop`` leaves them out, so that they do not move the
        day on which the shop is looked at; ``keep`` takes them as they are; ``error`` refuses them. Where ``as_of`` is
        given, it decides.
    first_year, last_year
        The years in which the shop can have sold: 1900-01-01 and 1970-01-01 stand for an unknown date.
    odd_dates
        A date outside them: ``error`` names the first; ``drop`` leaves such rows out and counts them.
    sale_status, cancelled_status, returned_status
        Values of a column ``status`` that mean a sale, none (cancelled, failed, not paid yet), and one that was given
        back whole. Case, spaces, hyphens and WooCommerce's ``wc-`` do not matter; an empty status is a sale.
    status
        What other values mean, such as ``{"closed": "sale"}``; it goes before the lists.
    unknown_status
        A value in neither: ``error`` asks what it is; ``sale`` and ``drop`` answer for all of them.
    currency
        Of several in a column ``currency``, the one that counts, such as ``EUR``; rows in another are left out and
        counted. Empty, two currencies are an error: their sum is no money.
    rates
        What one unit of another currency is worth in ``currency``, such as ``{"USD": 0.92}``: amounts and prices are
        changed into it.
    cancelled_columns, test_columns
        Columns beside the status that say that an order is none: they hold a time, a reason or a yes; those for tests
        count where they hold yes and no alone. Empty for none.
    kind_columns, credit_notes
        Columns that say what sort of document a row is: one of ``cancelled_status`` is no order; one of
        ``returned_status`` or of these is money given back, whatever its sign.
    cancelled_prefix
        Order ids that begin so are cancellations; empty for none.
    """

    timezone: str = "UTC"
    same_day: Literal["keep", "merge"] = "keep"
    returns: Literal["net", "ignore"] = "net"
    fully_returned: Literal["drop", "keep"] = "drop"
    zero_amount: Literal["keep", "drop"] = "keep"
    missing_customer: Literal["error", "drop"] = "error"
    missing: tuple[Annotated[str, msgspec.Meta(min_length=1)], ...] = NOTHING
    nobody: tuple[Annotated[str, msgspec.Meta(min_length=1)], ...] = NOBODY
    duplicate_rows: Literal["keep", "drop"] = "keep"
    parentheses: Literal["usual", "return", "error"] = "usual"
    negative_quantity: Literal["return", "sale", "error"] = "return"
    repeated_totals: Literal["error", "once", "sum"] = "error"
    lone_dates: Literal["drop", "keep", "error"] = "drop"
    first_year: int = 1980
    last_year: int = 2100
    odd_dates: Literal["error", "drop"] = "error"
    sale_status: tuple[str, ...] = SALES
    cancelled_status: tuple[str, ...] = NO_SALES
    returned_status: tuple[str, ...] = GIVEN_BACK
    status: dict[str, Literal["sale", "cancelled", "returned"]] = {}
    unknown_status: Literal["error", "sale", "drop"] = "error"
    currency: str = ""
    rates: dict[str, Annotated[float, msgspec.Meta(gt=0)]] = {}
    cancelled_columns: tuple[str, ...] = CANCELLED_COLUMNS
    test_columns: tuple[str, ...] = TEST_COLUMNS
    kind_columns: tuple[str, ...] = KIND_COLUMNS
    credit_notes: tuple[str, ...] = CREDIT_NOTES
    cancelled_prefix: str = ""

    def __post_init__(self) -> None:
        try:
            if self.timezone in _MACHINE_ZONES:
                raise ValueError  # noqa: TRY301 - a name that means another zone on another machine
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise PolicyError(
                f"policy orders.timezone: {self.timezone!r} is not a time zone. Use an IANA name such as "
                "'Europe/Rome' or 'UTC'."
            ) from error
