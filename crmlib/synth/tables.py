"""A block's life into the shop's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crmlib.synth import columns, dirt, mail, seasons
from crmlib.synth.baskets import make_lines
from crmlib.synth.block import WELCOME, simulate
from crmlib.synth.chance import BLOCK
from crmlib.synth.contacts import contact_columns, draw_intake
from crmlib.synth.people import People, profile_columns
from crmlib.synth.service import Aftermath, follow_orders
from crmlib.synth.surveys import draw_surveys
from crmlib.synth.truth import customer_truth
from crmlib.synth.visits import make_visits

if TYPE_CHECKING:
    from crmlib.arrays import Bools, Ints
    from crmlib.synth.block import Block, Design
    from crmlib.synth.mail import Sends

    Columns = dict[str, Any]

__all__ = ["block_tables"]

_LEADS = 500_000_000  # persons who are no customers are numbered from here
_WEEK = 7
_ORDER_CHANNELS = ("web", "app", "phone")


def block_tables(design: Design, number: int, wanted: frozenset[str]) -> dict[str, Columns]:
    """Simulate a block and return its tables, those of the truth under ``truth/...``.

    Parameters
    ----------
    design
        The shop.
    number
        The block, from 0.
    wanted
        Names of the tables to make; the simulation is the same whichever they are.
    """
    block = simulate(design, number, holdout=bool(wanted & {"truth/customers", "truth/future_orders"}))
    tables: dict[str, Columns] = {}
    if wanted & {"customers", "truth/customers"}:
        tables["customers"] = _customers(block)
        tables["truth/customers"] = _truth(block)
    if wanted & {"sessions", "session_zones", "logins"}:
        tables |= _visits(block)
    if wanted & {"orders", "order_lines", "returns", "tickets", "surveys", "truth/surveys"}:
        tables |= _order_tables(block, wanted)
    if "truth/future_orders" in wanted:
        tables["truth/future_orders"] = _future(block)
    if wanted & {"email_events", "assignments", "truth/treatment_effects"}:
        tables |= _mail_tables(block)
    if wanted & {"contacts_raw", "consents", "truth/contacts"}:
        contacts, truth, consents = _contacts(block)
        tables |= {"contacts_raw": contacts, "truth/contacts": truth, "consents": consents}
    return {name: table for name, table in tables.items() if name in wanted}


def _customers(block: Block) -> Columns:
    design, size = block.design, block.size
    level = design.parameters.dirt
    rng = block.stream("people")
    who = pa.array(np.arange(size))
    own, people = block.identity, _only(block.people, size)

    def some(share: float) -> Bools:
        return rng.random(size) < share

    def blanked(column: Any, share: float) -> Any:
        return pc.if_else(pa.array(some(share)), pa.scalar(None, pa.string()), column)

    agrees = np.isfinite(block.mailings.audience.since)
    return {
        "customer_id": block.customer_ids(np.arange(size)),
        "registered_ts": columns.timestamps(design.calendar.seconds(block.lives.registered)),
        "first_name": dirt.soil(rng, own.first_name.take(who), some(0.02 * level), dirt.shout),
        "last_name": dirt.soil(rng, own.last_name.take(who), some(0.02 * level), dirt.shout),
        "email": dirt.soil(rng, own.email.take(who), some(0.03 * level), dirt.shout),
        "phone": blanked(dirt.soil(rng, own.phone.take(who), some(0.25 * level), dirt.format_phone), 0.28),
        "street": blanked(own.street.take(who), 0.10),
        "city": blanked(dirt.soil(rng, own.city.take(who), some(0.04 * level), dirt.shout), 0.06),
        "postcode": blanked(own.postcode.take(who), 0.06),
        "province": blanked(own.province.take(who), 0.06),
        "country": own.country.take(who),
        "language": columns.labels(("it", "en"), people.english.astype(np.int64)),
        **profile_columns(rng, people, level, agrees),
        "loyalty_card": columns.flags(rng.random(size) < 0.15 + 0.4 * (block.lives.rate > 0.012)),  # noqa: PLR2004
    }


def _only(people: People, size: int) -> People:
    return People(
        people.persona[:size], people.woman[:size], people.english[:size], people.birth_year[:size],
        {name: codes[:size] for name, codes in people.codes.items()}, people.interests[:size],
    )  # fmt: skip


def _truth(block: Block) -> Columns:
    size = block.size
    customer, _, cents = block.later
    table = customer_truth(
        block.design.world, block.design.calendar, block.lives, day=block.design.days, at_until=block.at_until,
        mail_habit=block.mailings.habit,
        future_orders=np.bincount(customer, minlength=size),
        future_cents=np.bincount(customer, weights=cents, minlength=size).astype(np.int64),
    )  # fmt: skip
    rows = np.arange(size)
    persons = columns.ids("P", rows + block.number * BLOCK + 1, 9)
    return {"customer_id": block.customer_ids(rows), "person_id": persons, **table}


def _visits(block: Block) -> dict[str, Columns]:
    sends = block.mailings.sends
    clicker = _joined(np.int64, [one.customer[np.isfinite(one.clicked)] for one in sends])
    clicked = _joined(np.float64, [one.clicked[np.isfinite(one.clicked)] for one in sends])
    tables = make_visits(
        block.stream("visits"), block.design.parameters, block.design.calendar, block.lives,
        _only(block.people, block.size), logins=block.logins, orders=(block.orders.customer, block.orders.time),
        clicks=(clicker, clicked), last=block.design.days,
    )  # fmt: skip
    return {name: _with_ids(block, table, session="S", customer="") for name, table in tables.items()}


def _with_ids(block: Block, table: Columns, **prefixes: str) -> Columns:
    """Replace positions by ids: ``session`` becomes ``session_id`` with the prefix that is given for it."""
    result: Columns = {}
    for name, column in table.items():
        if name == "customer":
            result["customer_id"] = block.customer_ids(column)
        elif name == "product":
            result["product_id"] = columns.ids("P", column, 4)
        elif name in prefixes:
            result[f"{name}_id"] = block.row_ids(prefixes[name], column)
        else:
            result[name] = column
    return result


def _order_tables(block: Block, wanted: frozenset[str]) -> dict[str, Columns]:
    design, orders = block.design, block.orders
    parameters, count = design.parameters, len(orders.customer)
    rng = block.stream("baskets")
    lines = make_lines(
        rng,
        parameters,
        design.catalogue,
        persona=block.lives.persona[orders.customer],
        cents=block.cents,
        discount=block.discount,
    )
    placed = design.calendar.seconds(orders.time)
    order_ids, owners = block.row_ids("O", np.arange(count)), block.customer_ids(orders.customer)
    times = columns.timestamps(placed)
    rng = block.stream("service")
    after = follow_orders(rng, orders, placed, lines)
    codes = [*(campaign.coupon for campaign in parameters.campaigns), WELCOME]
    saved = np.round(block.cents * block.discount / (1 - block.discount)).astype(np.int64)
    device = block.people.codes["device"][orders.customer]
    by_phone = rng.random(count) < 0.03  # noqa: PLR2004 - a few still ring up
    channel = np.where(by_phone, 2, (device == 1) & (rng.random(count) < 0.5))  # noqa: PLR2004 - half of mobile: app
    known = np.where(after.delivered < design.last_second, after.delivered, -1)
    tables: dict[str, Columns] = {
        "orders": {
            "order_id": order_ids,
            "customer_id": owners,
            "order_ts": times,
            "amount": columns.money(block.cents),
            "discount": columns.money(saved),
            "coupon_code": columns.labels(codes, orders.coupon),
            "channel": columns.labels(_ORDER_CHANNELS, channel),
            "promised_ts": columns.timestamps(after.promised + 86_399),
            "delivered_ts": columns.timestamps(known),
        },
        "order_lines": {
            "order_id": order_ids.take(pa.array(lines.order)),
            "customer_id": owners.take(pa.array(lines.order)),
            "line_no": columns.numbers(lines.line),
            "product_id": columns.ids("P", lines.product + 1, 4),
            "quantity": columns.numbers(lines.quantity),
            "unit_price": columns.money(lines.cents),
            "amount": columns.money(lines.quantity * lines.cents),
            "order_ts": times.take(pa.array(lines.order)),
        },
    }
    returns = after.returns_columns(lines, design.last_second)
    number = np.arange(len(returns["order"]))
    returns = {"return": number, "customer": orders.customer[returns["order"]], **returns}
    tables["returns"] = _with_ids(block, {**returns, "product": returns["product"] + 1}, **{"return": "R"}, order="O")
    tickets = after.tickets_columns(design.last_second)
    numbers = np.arange(len(tickets["order"]))
    tickets = {"ticket": numbers, "customer": orders.customer[tickets["order"]], **tickets}
    tables["tickets"] = _with_ids(block, tickets, ticket="T", order="O")
    if wanted & {"surveys", "truth/surveys"}:
        tables |= _surveys(block, placed, after)
    return tables


def _surveys(block: Block, placed: Ints, after: Aftermath) -> dict[str, Columns]:
    design = block.design
    table, truth = draw_surveys(
        block.stream("surveys"), design.parameters.service, calendar=design.calendar, lives=block.lives,
        people=block.people, orders=block.orders, placed=placed, after=after, last=design.last_second,
    )  # fmt: skip
    # Tickets are numbered by the time of opening, among those opened in time: see Aftermath.tickets_columns.
    numbers = after.ticket_numbers(design.last_second)
    ticket = table["ticket"]
    table["ticket"] = np.where(ticket < 0, -1, numbers[ticket]) if len(numbers) else ticket
    number = np.arange(len(table["customer"]))
    ids = {"survey": "N", "order": "O", "ticket": "T"}
    return {
        "surveys": _with_ids(block, {"survey": number, **table}, **ids),
        "truth/surveys": _with_ids(block, {"survey": number, **truth}, **ids),
    }


def _future(block: Block) -> Columns:
    customer, time, cents = block.later
    return {
        "customer_id": block.customer_ids(customer),
        "order_ts": columns.timestamps(block.design.calendar.seconds(time)),
        "amount": columns.money(cents),
    }


def _mail_tables(block: Block) -> dict[str, Columns]:
    sends, parameters = block.mailings.sends, block.design.parameters
    randomised = [one for one in sends if parameters.campaigns[one.campaign].control > 0]
    return {
        "email_events": _events(block, sends),
        "assignments": _assignments(block, randomised),
        "truth/treatment_effects": _effects(block, randomised),
    }


def _events(block: Block, sends: list[Sends]) -> Columns:
    kinds = ("sent", "open", "click", "unsubscribe")
    rows = [
        (one, number, times < block.design.days, times)
        for one in sends
        for number, times in enumerate((one.sent, one.opened, one.clicked, one.unsubscribed))
    ]
    customer = _joined(np.int64, [one.customer[seen] for one, _, seen, _ in rows])
    campaign = _joined(np.int64, [np.full(int(seen.sum()), one.campaign) for one, _, seen, _ in rows])
    arm = _joined(np.int64, [one.arm[one.arm > 0][seen] for one, _, seen, _ in rows])
    kind = _joined(np.int64, [np.full(int(seen.sum()), number) for _, number, seen, _ in rows])
    time = _joined(np.float64, [times[seen] for _, _, seen, times in rows])
    order = np.lexsort((kind, customer, time))
    return {
        "event_id": block.row_ids("E", np.arange(len(order))),
        "campaign_id": columns.ids("K", campaign[order], 3),
        "customer_id": block.customer_ids(customer[order]),
        "event": columns.labels(kinds, kind[order]),
        "event_ts": columns.timestamps(block.design.calendar.seconds(time[order])),
        "variant": columns.labels(mail.ARMS, arm[order]),
    }


def _assignments(block: Block, sends: list[Sends]) -> Columns:
    customer, campaign, arm = _stacked(sends, "assigned"), _campaign_of(sends), _stacked(sends, "arm")
    weeks = np.array([one.week for one in block.design.parameters.campaigns], dtype=np.float64)
    return {
        "campaign_id": columns.ids("K", campaign, 3),
        "customer_id": block.customer_ids(customer),
        "arm": columns.labels(mail.ARMS, arm),
        "assigned_ts": columns.timestamps(block.design.calendar.seconds(weeks[campaign] * _WEEK)),
    }


def _effects(block: Block, sends: list[Sends]) -> Columns:
    return {
        "campaign_id": columns.ids("K", _campaign_of(sends), 3),
        "customer_id": block.customer_ids(_stacked(sends, "assigned")),
        "rate_lift": _stacked(sends, "lift"),
        "expected_extra_orders": np.round(_stacked(sends, "extra"), 6),
    }


def _stacked(sends: list[Sends], name: str) -> Any:
    kind = np.float64 if name in {"lift", "extra"} else np.int64
    return _joined(kind, [getattr(one, name) for one in sends])


def _joined(kind: type, parts: list[Any]) -> Any:
    """Concatenate arrays, even none at all."""
    return np.concatenate([np.zeros(0, dtype=kind), *parts])


def _campaign_of(sends: list[Sends]) -> Ints:
    return np.repeat([one.campaign for one in sends], [len(one.assigned) for one in sends]).astype(np.int64)


def _contacts(block: Block) -> tuple[Columns, Columns, Columns]:
    """Return `contacts_raw`, the truth about who they are, and `consents` of customers and contacts."""
    design = block.design
    rng, seconds = block.stream("contacts"), design.calendar.seconds
    leads = len(block.people) - block.size
    arrivals = seasons.arrivals(rng, design.parameters, design.calendar, design.days, leads)
    intake = draw_intake(rng, design.parameters, block.lives.registered, arrivals, design.days)
    rest, ticked = contact_columns(rng, intake, block.identity, block.people.english, design.parameters.dirt)
    rows = np.arange(len(intake.person))
    ids = block.row_ids("L", rows)
    contacts = {"contact_id": ids, "received_ts": columns.timestamps(seconds(intake.time)), **rest}
    own = intake.person < block.size
    offset = block.number * BLOCK + 1
    person = np.where(own, intake.person + offset, intake.person - block.size + _LEADS + offset)
    truth = {
        "contact_id": ids,
        "person_id": columns.ids("P", person, 9),
        "customer_id": block.customer_ids(np.where(own, intake.person, -1)),
        "came_before": columns.flags(intake.again),
    }

    given = block.consents.after(block.mailings.audience).table_columns(seconds, design.days)
    agreed = np.flatnonzero(ticked)
    count, more = len(given["customer"]), len(agreed)
    withdrawn = intake.time[agreed] + rng.exponential(3_000.0, more) + 0.01
    sources = columns.labels(("web_form", "event_signup", "", "", "list_import"), intake.channel[agreed])
    tail = {
        "channel": columns.labels(("email",), np.zeros(more, dtype=np.int64)),
        "purpose": columns.labels(("marketing",), np.zeros(more, dtype=np.int64)),
        "given_ts": columns.timestamps(seconds(intake.time[agreed])),
        "source": sources,
        "withdrawn_ts": columns.timestamps(seconds(np.where(withdrawn < design.days, withdrawn, np.inf))),
    }
    consents = {
        "consent_id": block.row_ids("G", np.arange(count + more)),
        "customer_id": block.customer_ids(np.concatenate([given["customer"], np.full(more, -1)])),
        "contact_id": block.row_ids("L", np.concatenate([np.full(count, -1), agreed])),
        **{name: pa.concat_arrays([given[name], tail[name]]) for name in tail},
    }
    return contacts, truth, consents
