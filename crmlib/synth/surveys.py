"""Surveys: NPS after orders, CSAT at single touchpoints. Ordinal answers, and silence that depends on satisfaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.synth import columns
from crmlib.synth.comments import TOUCHPOINTS, write_comments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crmlib.arrays import Floats, Ints
    from crmlib.synth.life import Lives, Orders
    from crmlib.synth.parameters import Service
    from crmlib.synth.people import People
    from crmlib.synth.seasons import Calendar
    from crmlib.synth.service import Aftermath


__all__ = ["SCALES", "draw_surveys", "recommends"]

SCALES = ("0-10", "1-10", "1-5")
_CARD = 0.30  # share of NPS surveys on the card in the parcel, which asks from 1 to 10; the mail asks from 0 to 10
_DAY, _HOUR = 86_400, 3_600
# Share of orders (returns, tickets) that are asked, by touchpoint; the NPS goes by the number of the order.
_ASKED = {"checkout": 0.12, "delivery": 0.22, "product": 0.12, "returns": 0.65, "support": 0.65}
# Where the middle of the answers lies, 1 to 5, before what happened: the delivery is what the shop does worst.
_CSAT_CENTRE = {"checkout": 4.25, "delivery": 3.55, "product": 4.15, "returns": 4.0, "support": 4.35}
_CSAT_SLOPE = 0.72
_NPS_CENTRE, _NPS_SLOPE = 7.90, 1.75
_ANGRY, _TEMPER = 6.0, 1.8  # below it answers spread down to 0: the angry do not choose their words


@dataclass(frozen=True)
class _Asked:
    touchpoint: Ints
    customer: Ints
    order: Ints
    ticket: Ints
    sent: Ints
    shift: NDArray[np.floating]  # of the answer, beside satisfaction: what happened at the touchpoint


def draw_surveys(
    rng: np.random.Generator,
    service: Service,
    *,
    calendar: Calendar,
    lives: Lives,
    people: People,
    orders: Orders,
    placed: Ints,
    after: Aftermath,
    last: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw the surveys sent before second `last`.

    Returns
    -------
    tuple
        Columns of `surveys` and of the truth beside it (what everyone would have answered).
    """
    parts = [
        _relationship(orders, after),
        _moment(rng, "checkout", orders.customer, placed + _HOUR // 4),
        _moment(rng, "delivery", orders.customer, after.delivered + 4 * _HOUR, orders.late * -1.2),
        _moment(rng, "product", orders.customer, after.delivered + 12 * _DAY, orders.problem * -1.3),
        _returns(rng, orders, after),
        _tickets(rng, orders, after),
    ]
    asked = _Asked(*(np.concatenate([getattr(part, name) for part in parts])
                     for name in _Asked.__dataclass_fields__))  # fmt: skip
    sent_in_time = np.flatnonzero(asked.sent < last)
    keep = sent_in_time[np.argsort(asked.sent[sent_in_time], kind="stable")]
    asked = _Asked(*(getattr(asked, name)[keep] for name in _Asked.__dataclass_fields__))

    size = len(keep)
    satisfaction = orders.satisfaction[asked.order]
    nps = asked.touchpoint == 0
    card = nps & (rng.random(size) < _CARD)
    scale = np.where(nps, np.where(card, 1, 0), 2)
    score = _score(rng, service, asked, satisfaction, scale)

    left = calendar.seconds(lives.left)[asked.customer]
    gone = (left >= 0) & (left <= asked.sent)
    odds = service.nps_responds + service.responds_per_sd * satisfaction + service.responds_gone * gone
    odds += np.where(nps, 0.0, -0.25)
    answers = rng.random(size) < 1 / (1 + np.exp(-odds))
    wait = np.maximum(9.0 * np.exp(rng.normal(0, 1.2, size)) * _HOUR, 60).astype(np.int64)
    answered = np.where(answers & (asked.sent + wait < last), asked.sent + wait, -1)
    silent = answered < 0
    mood = np.where(nps, np.digitize(score, [7, 9]), np.digitize(score, [3, 4]))
    comment = write_comments(rng, asked.touchpoint, mood, people.english[asked.customer], ~silent)
    table = {
        "customer": asked.customer,
        "order": asked.order,
        "ticket": asked.ticket,
        "kind": columns.labels(("nps", "csat"), np.where(nps, 0, 1)),
        "touchpoint": columns.labels(TOUCHPOINTS, asked.touchpoint),
        "scale": columns.labels(SCALES, scale),
        "form": columns.labels(("email", "parcel_card"), card.astype(np.int64)),
        "sent_ts": columns.timestamps(asked.sent),
        "answered_ts": columns.timestamps(answered),
        "score": columns.numbers(score, silent),
        "comment": comment,
        "language": columns.labels(("it", "en"), people.english[asked.customer].astype(np.int64)),
    }
    return table, {"true_score": columns.numbers(score), "satisfaction": np.round(satisfaction, 4)}


def _score(rng: np.random.Generator, service: Service, asked: _Asked, satisfaction: Floats, scale: Ints) -> Ints:
    """Turn satisfaction into a mark: a latent value, with noise, cut at the scale's steps."""
    noise = rng.normal(0.0, 1.0, len(scale))
    likely = recommends(service, satisfaction, noise)
    centre = np.array([0.0, *(_CSAT_CENTRE[name] for name in TOUCHPOINTS[1:])])[asked.touchpoint]
    moment = centre + asked.shift + _CSAT_SLOPE * (0.6 * satisfaction + service.csat_noise * noise)
    latent = np.where(scale == SCALES.index("1-5"), moment, likely)
    lowest, highest = np.array([0, 1, 1])[scale], np.array([10, 10, 5])[scale]
    return np.clip(np.round(latent), lowest, highest).astype(np.int64)


def recommends(service: Service, satisfaction: Floats, noise: Floats) -> Floats:
    """Return how likely customers are to recommend the shop, before it is rounded to the scale.

    Parameters
    ----------
    service
        Sizes.
    satisfaction
        Latent, sd.
    noise
        Standard normal numbers.
    """
    likely = _NPS_CENTRE + _NPS_SLOPE * (satisfaction + service.nps_noise * noise)
    spread: Floats = np.where(likely < _ANGRY, _ANGRY - _TEMPER * (_ANGRY - likely), likely)
    return spread


def _relationship(orders: Orders, after: Aftermath) -> _Asked:
    """Ask for the NPS after the first order, the third, and every third after that."""
    rank = np.zeros(len(orders.customer), dtype=np.int64)
    by_customer = np.lexsort((orders.time, orders.customer))
    customer = orders.customer[by_customer]
    starts = np.flatnonzero(np.concatenate([[True], customer[1:] != customer[:-1]])) if len(customer) else customer
    lengths = np.diff(np.append(starts, len(customer)))
    rank[by_customer] = np.arange(len(customer)) - np.repeat(starts, lengths) + 1
    order = np.flatnonzero((rank == 1) | (rank % 3 == 0))
    return _asked("relationship", orders.customer[order], order, sent=after.delivered[order] + 9 * _DAY)


def _moment(
    rng: np.random.Generator,
    touchpoint: str,
    customer: Ints,
    sent: Ints,
    shift: NDArray[np.floating] | None = None,
) -> _Asked:
    order = np.flatnonzero(rng.random(len(customer)) < _ASKED[touchpoint])
    return _asked(touchpoint, customer[order], order, sent=sent[order], shift=None if shift is None else shift[order])


def _returns(rng: np.random.Generator, orders: Orders, after: Aftermath) -> _Asked:
    problem = np.flatnonzero(orders.problem)
    chosen = rng.random(len(problem)) < _ASKED["returns"]
    order = problem[chosen]
    return _asked("returns", orders.customer[order], order, sent=after.return_time[chosen] + 4 * _DAY)


def _tickets(rng: np.random.Generator, orders: Orders, after: Aftermath) -> _Asked:
    chosen = np.flatnonzero(rng.random(len(after.ticket_order)) < _ASKED["support"])
    order = after.ticket_order[chosen]
    shift = np.where(orders.quick[order], 0.45, -0.75)
    sent = after.ticket_closed[chosen] + 2 * _HOUR
    return _asked("support", orders.customer[order], order, sent=sent, shift=shift, ticket=chosen)


def _asked(
    touchpoint: str,
    customer: Ints,
    order: Ints,
    *,
    sent: Ints,
    shift: NDArray[np.floating] | None = None,
    ticket: Ints | None = None,
) -> _Asked:
    size = len(order)
    return _Asked(
        touchpoint=np.full(size, TOUCHPOINTS.index(touchpoint)),
        customer=customer,
        order=order,
        ticket=np.full(size, -1) if ticket is None else ticket,
        sent=sent,
        shift=np.zeros(size) if shift is None else shift,
    )
