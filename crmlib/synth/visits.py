"""Visits to the site: sessions, the zones seen in them, and logins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.synth import columns
from crmlib.synth.chance import choose

if TYPE_CHECKING:
    from crmlib.arrays import Floats, Ints
    from crmlib.synth.life import Lives
    from crmlib.synth.parameters import ShopParameters
    from crmlib.synth.people import People
    from crmlib.synth.seasons import Calendar


__all__ = ["ZONES", "make_visits"]

ZONES = (
    "home",
    "coffee",
    "kitchen",
    "textiles",
    "decor",
    "gifts",
    "offers",
    "magazine",
    "account",
    "support",
)
"""Zones of the site. The kitchen zone shows cookware, tableware and pantry; decor also outdoor."""

_DEVICES = ("desktop", "mobile", "tablet")
_ARRIVED_BY = ("direct", "search", "social", "email", "advert")
_USUAL_DEVICE = 0.8  # share of visits with the device of the registration
# By device.
_SOURCE = np.array([[46, 30, 10, 4, 10], [30, 28, 22, 4, 16], [52, 22, 8, 6, 12]], dtype=np.float64)
_ANONYMOUS = 0.10  # sessions of people whom the shop cannot name, per named session


def make_visits(
    rng: np.random.Generator,
    parameters: ShopParameters,
    calendar: Calendar,
    lives: Lives,
    people: People,
    *,
    logins: tuple[Ints, Floats],
    orders: tuple[Ints, Floats],
    clicks: tuple[Ints, Floats],
    last: int,
) -> dict[str, dict[str, Any]]:
    """Make sessions out of logins, orders and clicks in mails, and add some that nobody can name.

    Every order has a session that ends with it. A click in a mail opens a session without a login.

    Returns
    -------
    dict
        Columns of `sessions`, `session_zones` and `logins`; ids are numbers of the block's customers and rows.
    """
    named = len(logins[0]) + len(orders[0]) + len(clicks[0])
    anonymous = rng.poisson(_ANONYMOUS * named)
    who = rng.integers(0, max(len(lives), 1), anonymous)  # like a customer in taste, but unknown
    customer = np.concatenate([logins[0], orders[0], clicks[0], who])
    time = np.concatenate([logins[1], orders[1], clicks[1], rng.random(anonymous) * last])
    kind = np.repeat([0, 1, 2, 3], [len(logins[0]), len(orders[0]), len(clicks[0]), anonymous])
    kept = time < last
    customer, time, kind = customer[kept], time[kept], kind[kept]

    seconds = calendar.seconds(time)
    pages = 2 + rng.poisson(np.where(kind == 1, 6.0, 3.0))
    duration = np.round(pages * rng.gamma(2.0, 22.0, len(pages))).astype(np.int64) + 5
    start = np.where(kind == 1, np.maximum(seconds - duration, seconds - seconds % 86_400), seconds)
    start = np.where(kind <= 1, np.maximum(start, calendar.seconds(lives.registered)[customer]), start)
    start = np.where(start % 86_400 // 3_600 == 2, start - start % 3_600 + 3_600, start)  # noqa: PLR2004 - see `clock`
    order = np.lexsort((kind, customer, start))
    customer, kind, start, pages, duration = (a[order] for a in (customer, kind, start, pages, duration))
    size = len(customer)
    device = np.where(rng.random(size) < _USUAL_DEVICE, people.codes["device"][customer], rng.integers(0, 3, size))
    source = np.where(kind == 2, _ARRIVED_BY.index("email"), choose(rng, _SOURCE, device))  # noqa: PLR2004 - a click
    known = np.where(kind == 3, -1, customer)  # noqa: PLR2004 - nobody known
    logged_in = kind <= 1
    return {
        "sessions": {
            "session": np.arange(size),
            "customer": known,
            "start_ts": columns.timestamps(start),
            "seconds": columns.numbers(duration),
            "pages": columns.numbers(pages),
            "device": columns.labels(_DEVICES, device),
            "source": columns.labels(_ARRIVED_BY, source),
            "logged_in": columns.flags(logged_in),
            "ordered": columns.flags(kind == 1),
        },
        "session_zones": _zones(rng, parameters, lives.persona[customer], known, pages),
        "logins": {
            "session": np.flatnonzero(logged_in),
            "customer": customer[logged_in],
            "login_ts": columns.timestamps(start[logged_in]),
        },
    }


def _zones(
    rng: np.random.Generator, parameters: ShopParameters, persona: Ints, known: Ints, pages: Ints
) -> dict[str, Any]:
    """Spread the pages of each session over zones, by the persona's taste."""
    size = len(persona)
    taste = np.array([one.zones for one in parameters.personas], dtype=np.float64)
    draws = np.minimum(1 + rng.poisson(1.1, size), pages)
    session = np.repeat(np.arange(size), draws)
    zone = choose(rng, taste, persona[session])
    cell, views = np.unique(session * len(ZONES) + zone, return_counts=True)
    session, zone = cell // len(ZONES), cell % len(ZONES)
    # Every zone drawn takes an equal part of the session's pages, at least one.
    views = np.maximum(views * pages[session] // draws[session], 1)
    return {
        "session": session,
        "customer": known[session],
        "zone": columns.labels(ZONES, zone),
        "views": columns.numbers(views),
    }
