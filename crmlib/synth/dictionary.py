"""The data dictionary: every table and column of the simulated shop, in one place.

What is written is checked against it, and ``datasets/README.md`` is made from it, so they cannot drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from crmlib.synth.columns import MONEY, TIME

__all__ = ["TABLES", "TRUTH", "Column", "Table", "as_markdown", "table_names"]

_TYPES = {
    "text": pa.string(), "time": TIME, "money": MONEY, "whole": pa.int32(), "number": pa.float64(),
    "yes/no": pa.bool_(),
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column: its name, its kind (a key of the types below), what it holds, and whether it may be empty."""

    name: str
    kind: str
    text: str
    empty: bool = False

    @property
    def type(self) -> object:
        """The Arrow type."""
        return _TYPES[self.kind]


@dataclass(frozen=True)
class Table:
    """One table: a line on what a row is, its key and its columns."""

    name: str
    text: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> object:
        """The Arrow schema."""
        return pa.schema([(column.name, column.type) for column in self.columns])


def _columns(text: str) -> tuple[Column, ...]:
    """Read columns, one a line: ``name | kind | what it holds``; a ``?`` after the kind allows empty cells."""
    rows = [[cell.strip() for cell in line.split("|", 2)] for line in text.strip().splitlines()]
    return tuple(Column(name, kind.rstrip("?"), what, kind.endswith("?")) for name, kind, what in rows)


TABLES: tuple[Table, ...] = (
    Table("customers", "One account of the shop. Profile answers are the customer's own, so many are missing.",
          ("customer_id",), _columns("""
        customer_id | text | the account, C and seven digits
        registered_ts | time | when the account was opened
        first_name | text | as typed
        last_name | text | as typed
        email | text | as typed, under a reserved domain; nothing can be delivered
        phone | text? | in many formats; a range for fiction (+44) or an unassigned one (+39 30x)
        street | text? | street and number
        city | text? | town, as typed
        postcode | text? | CAP or postcode
        province | text? | Italian province, two letters
        country | text | IT or GB
        language | text | language of the account: it, en
        gender | text? | F, M, and what older forms let people type
        birth_year | whole? | 1900 is the form's default left as it was
        household_size | whole? | people in the household, 5 = five or more
        occupation | text? | employee, professional, self_employed, student, homemaker, retired, unemployed
        income_band | text? | yearly, EUR: under_15k, 15k_25k, 25k_40k, 40k_70k, over_70k
        lifestyle | text? | questionnaire: home_centred, family_first, design_minded, smart_saver, always_out
        values | text? | questionnaire, what counts most: thrift, quality, beauty, sustainability, generosity
        personality | text? | questionnaire: methodical, creative, warm, practical, independent
        price_importance | whole? | questionnaire, 1 not at all to 5 very much
        quality_importance | whole? | the same for quality
        novelty_importance | whole? | the same for novelty
        sustainability_importance | whole? | the same for sustainability
        interests | text? | joined by bars: coffee, cooking, interiors, reading, fashion, travel, family, technology
        acquisition_channel | text | search, social, marketplace, event, word_of_mouth, newsletter_partner
        preferred_channel | text? | how the customer likes to be contacted: email, sms, whatsapp, phone
        device | text | device at registration: desktop, mobile, tablet
        loyalty_card | yes/no | holds the loyalty card
    """)),
    Table("contacts_raw", "One contact as it came in: leads and customers, partial, dirty, some more than once.",
          ("contact_id",), _columns("""
        contact_id | text | the contact, L and ten digits
        received_ts | time | when it came in
        channel | text | web_form, event_signup, generic_mailbox, personal_mail, csv_list
        first_name | text? | forms and lists
        last_name | text? | forms and lists
        full_name | text? | display name of a mail's sender, at times family name first
        email | text? | aliases, other mailboxes, typos, texts that are no address; gmail.example ignores dots
        phone | text? | in many formats
        city | text? | as typed
        postcode | text? | as typed
        event_name | text? | event_signup: the event, by which the lead is profiled
        list_name | text? | csv_list: the file
        mailbox | text? | the shop's address that received the mail
        subject | text? | the mail's subject
        request_text | text? | what was asked
        marketing_consent | text? | the tick as it stands in the source: yes, no, SI, or an empty text
    """)),
    Table("consents", "One permission of a customer or of a contact, for a channel and a purpose.",
          ("consent_id",), _columns("""
        consent_id | text | the permission
        customer_id | text? | who gave it, if a customer
        contact_id | text? | who gave it, if a contact; exactly one of the two is filled
        channel | text | email, sms, whatsapp, phone
        purpose | text | service (contract), marketing, profiling, soft_spam (email to own customers, opt-out offered)
        given_ts | time | when it was given
        source | text | registration, checkout, preference_centre, web_form, event_signup, list_import
        withdrawn_ts | time? | when it was withdrawn; an unsubscription withdraws marketing and soft_spam by email
    """)),
    Table("sessions", "One visit to the site.", ("session_id",), _columns("""
        session_id | text | the visit
        customer_id | text? | who it was, empty for visitors whom the shop cannot name
        start_ts | time | first page
        seconds | whole | length
        pages | whole | pages seen
        device | text | desktop, mobile, tablet
        source | text | direct, search, social, email, advert
        logged_in | yes/no | the customer logged in
        ordered | yes/no | the visit ended with an order
    """)),
    Table("session_zones", "One zone of the site within a visit.", ("session_id", "zone"), _columns("""
        session_id | text | the visit
        customer_id | text? | who it was
        zone | text | home, coffee, kitchen, textiles, decor, gifts, offers, magazine, account, support
        views | whole | pages of the zone seen
    """)),
    Table("logins", "One login.", ("session_id",), _columns("""
        session_id | text | the visit in which it happened
        customer_id | text | who logged in
        login_ts | time | when
    """)),
    Table("products", "One product.", ("product_id",), _columns("""
        product_id | text | the product, P and four digits
        name | text | name in the shop, Italian
        category | text | coffee, pantry, cookware, tableware, textiles, decor, gifts, outdoor
        price | money | list price, EUR
        cost | money | what the shop pays for it, EUR
    """)),
    Table("orders", "One order; amount is the sum of its lines.", ("order_id",), _columns("""
        order_id | text | the order
        customer_id | text | who bought
        order_ts | time | when it was placed
        amount | money | what was paid, EUR, after the discount
        discount | money | what the code took off, EUR; 0 without a code
        coupon_code | text? | the code that was redeemed, RIATTVA10 among them
        channel | text | web, app, phone
        promised_ts | time | delivery promised by
        delivered_ts | time? | delivered; empty while on its way
    """)),
    Table("order_lines", "One line of an order.", ("order_id", "line_no"), _columns("""
        order_id | text | the order
        customer_id | text | who bought
        line_no | whole | from 1
        product_id | text | what
        quantity | whole | pieces
        unit_price | money | paid for a piece, EUR: list price less promotions and code
        amount | money | quantity times unit_price
        order_ts | time | when the order was placed
    """)),
    Table("returns", "One line of an order that came back.", ("return_id",), _columns("""
        return_id | text | the return
        order_id | text | the order
        customer_id | text | who sent it back
        line_no | whole | the order's line
        product_id | text | what
        return_ts | time | when it was received
        quantity | whole | pieces
        amount | money | money given back, EUR, positive
        reason | text | changed_mind, defective, damaged_in_transit, not_as_described, arrived_too_late
    """)),
    Table("tickets", "One request for help after an order.", ("ticket_id",), _columns("""
        ticket_id | text | the ticket
        customer_id | text | who asked
        order_id | text | about which order
        opened_ts | time | when
        closed_ts | time? | when it was solved; empty while open
        channel | text | email, phone, chat, whatsapp
        topic | text | delivery, product, return, payment, information
        first_response_hours | whole? | hours to the first answer; empty while there is none
    """)),
    Table("surveys", "One survey sent; without score where nobody answered.", ("survey_id",), _columns("""
        survey_id | text | the survey
        customer_id | text | who was asked
        order_id | text | after which order
        ticket_id | text? | after which ticket
        kind | text | nps, csat
        touchpoint | text | relationship (nps), checkout, delivery, product, returns, support (csat)
        scale | text | 0-10 (the mail's nps), 1-10 (the parcel card's nps), 1-5 (csat)
        form | text | email, parcel_card; which one an nps survey takes is random
        sent_ts | time | when it was sent
        answered_ts | time? | when it was answered
        score | whole? | the answer on its scale
        comment | text? | in the customer's language
        language | text | it, en
    """)),
    Table("campaigns", "One mailing; with a control share it is a randomised experiment.",
          ("campaign_id",), _columns("""
        campaign_id | text | the campaign
        name | text | its name
        kind | text | newsletter, promo, season, bundle, winback
        channel | text | email
        purpose | text | marketing, or soft_spam: to own customers without a consent as well
        audience | text | subscribers, buyers, dormant (no order for 60 days)
        sent_ts | time | when the sending began
        window_days | whole | days in which orders count as answers
        control_percent | whole | share kept as control; 0 = no experiment
        variants | whole | 2 = subject lines A and B, at random
        coupon_code | text? | the code in the mail
        discount_percent | whole | what the code takes off
        cost_per_contact | money | EUR per mail
    """)),
    Table("assignments", "One customer in one randomised campaign.", ("campaign_id", "customer_id"), _columns("""
        campaign_id | text | the campaign
        customer_id | text | who
        arm | text | control, A, B
        assigned_ts | time | when it was decided
    """)),
    Table("email_events", "One thing that happened to one mail.", ("event_id",), _columns("""
        event_id | text | the event
        campaign_id | text | which campaign's mail
        customer_id | text | whose mail
        event | text | sent, open, click, unsubscribe
        event_ts | time | when
        variant | text | subject line, A or B
    """)),
    Table("marketing_spend", "What acquiring customers cost in one month through one channel.", ("month", "channel"),
          _columns("""
        month | time | first day of the month
        channel | text | as customers.acquisition_channel
        amount | money | EUR spent
    """)),
)  # fmt: skip
"""The tables of the shop."""

TRUTH: tuple[Table, ...] = (
    Table("truth/customers", "The truth about one customer. Rates are per day.", ("customer_id",), _columns("""
        customer_id | text | the account
        person_id | text | the person behind it
        persona | text | the latent kind of customer
        buyer | yes/no | buys at all; some open an account only
        order_rate | number | repeat orders a day while staying, on a mean day
        dropout_rate | number | leaving rate a day at satisfaction 0
        mean_order_value | number | mean of the own order values, EUR, before codes
        login_rate | number | logins a day while staying
        mail_habit | number | own log-odds of opening a mail, beside the persona's
        satisfaction_level | number | own level of satisfaction, sd
        satisfaction | number | satisfaction at the end
        patience | number | what is left of a unit exponential before leaving; 0 = has left
        alive_until | time? | when the customer leaves; empty: after the holdout
        alive | yes/no | still a customer at the end
        expected_orders_365 | number | orders expected in the next 365 days, given the rates
        expected_spend_365 | number | the same in EUR
        cltv | number | expected spend from the end on, without limit, discounted at 10 % a year, EUR
        future_orders | whole | orders in the holdout, nobody contacted
        future_spend | money | EUR spent in the holdout
    """)),
    Table("truth/future_orders", "One order after the end, in the holdout.", ("customer_id", "order_ts"), _columns("""
        customer_id | text | who bought
        order_ts | time | when
        amount | money | EUR
    """)),
    Table("truth/contacts", "Who is behind a contact.", ("contact_id",), _columns("""
        contact_id | text | the contact
        person_id | text | the person
        customer_id | text? | the person's account, if there is one
        came_before | yes/no | not the first contact of this person: a duplicate
    """)),
    Table("truth/treatment_effects", "What contact does to one customer in one randomised campaign, contacted or not.",
          ("campaign_id", "customer_id"), _columns("""
        campaign_id | text | the campaign
        customer_id | text | who
        rate_lift | number | change of the order rate in the window if contacted: 0.5 = half as many again
        expected_extra_orders | number | orders that contact adds in the window (0 if the customer has left)
    """)),
    Table("truth/surveys", "What everyone would have answered.", ("survey_id",), _columns("""
        survey_id | text | the survey
        true_score | whole | the answer of those who answered, and of those who did not
        satisfaction | number | latent satisfaction at that time, sd
    """)),
)  # fmt: skip
"""The tables of the truth, apart. Beside them ``truth/parameters.json`` holds all model parameters."""


def table_names(*, truth: bool = True) -> tuple[str, ...]:
    """Return the names of all tables."""
    return tuple(table.name for table in (*TABLES, *(TRUTH if truth else ())))


def as_markdown(table: Table) -> str:
    """Return a table's documentation as Markdown.

    Examples
    --------
    >>> print(as_markdown(TABLES[5]).splitlines()[0])
    ### `logins`
    """
    rows = [
        f"| `{column.name}` | {column.kind}{', may be empty' if column.empty else ''} | {column.text} |"
        for column in table.columns
    ]
    key = ", ".join(f"`{name}`" for name in table.key)
    head = [
        f"### `{table.name}`",
        "",
        f"{table.text} Key: {key}.",
        "",
        "| Column | Kind | Holds |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])
