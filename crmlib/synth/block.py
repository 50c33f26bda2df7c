"""One block of customers, from birth to the end of the holdout."""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.synth import columns, seasons
from crmlib.synth.baskets import order_cents
from crmlib.synth.catalogue import Catalogue, make_catalogue
from crmlib.synth.chance import BLOCK, stream
from crmlib.synth.consent import Consents, draw_consents
from crmlib.synth.identity import Identity, draw_identity
from crmlib.synth.life import Lives, Orders, World, begin, calm, join_orders, step
from crmlib.synth.mail import Mailings
from crmlib.synth.people import People, draw_people

if TYPE_CHECKING:
    import datetime as dt

    from crmlib.arrays import Floats, Ints
    from crmlib.synth.parameters import ShopParameters


__all__ = ["WELCOME", "Block", "Design", "simulate"]

_ROWS = 10_000_000  # room for the rows of a block in the ids
_TABLES = 1_000_000  # added to the number of the block for the draws that only tables need
_WEEK = 7
WELCOME = "BENVENUTO10"
"""The code for the first order."""
_WELCOME_SHARE = 0.30  # of those who use codes at all
_WELCOME_DISCOUNT = 0.10


@dataclass(frozen=True)
class Design:
    """One shop to be made: what fixes every row of it."""

    parameters: ShopParameters
    seed: int
    customers: int
    start: dt.date
    until: dt.date
    holdout: int

    @cached_property
    def days(self) -> int:
        """Days observed, the last one included."""
        return (self.until - self.start).days + 1

    @cached_property
    def calendar(self) -> seasons.Calendar:
        """The days, the holdout's included."""
        return seasons.Calendar(self.start, self.days + self.holdout)

    @cached_property
    def world(self) -> World:
        """Parameters and demand."""
        weights = seasons.demand(self.parameters, self.calendar)
        demand = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(weights, axis=1)], axis=1)
        return World(self.parameters, demand, seasons.peak(self.calendar))

    @cached_property
    def catalogue(self) -> Catalogue:
        """What the shop sells."""
        return make_catalogue(self.seed)

    @property
    def blocks(self) -> int:
        """How many blocks the customers fill."""
        return -(-self.customers // BLOCK)

    @property
    def last_second(self) -> int:
        """The first second that is not observed any more."""
        return self.calendar.epoch + self.days * 86_400


@dataclass
class Block:
    """A block that has lived: what its tables are made of."""

    design: Design
    number: int
    people: People  # customers, then leads
    identity: Identity
    lives: Lives
    at_until: Lives
    orders: Orders
    cents: Ints
    discount: Floats
    logins: tuple[Ints, Floats]
    mailings: Mailings
    consents: Consents  # as given; unsubscriptions are in `mailings`
    later: tuple[Ints, Floats, Ints]  # orders in the holdout: customer, time, cents

    @property
    def size(self) -> int:
        """Customers in the block."""
        return len(self.lives)

    def customer_ids(self, rows: Ints) -> Any:
        """Ids of the block's customers, from their positions; -1 is null."""
        return columns.ids("C", np.where(rows < 0, -1, rows + self.number * BLOCK + 1), 7)

    def row_ids(self, prefix: str, rows: Ints) -> Any:
        """Ids of the block's rows, from their positions; -1 is null."""
        return columns.ids(prefix, np.where(rows < 0, -1, rows + self.number * _ROWS + 1), 10)

    def stream(self, theme: str) -> np.random.Generator:
        """Return the random numbers of one theme for the tables, apart from those of the simulation."""
        return stream(self.design.seed, theme, self.number + _TABLES)


def simulate(design: Design, number: int, *, holdout: bool = True) -> Block:
    """Let a block live: week by week, campaigns at the week's start; then on through the holdout.

    Examples
    --------
    >>> import datetime as dt
    >>> from crmlib.synth.parameters import preset
    >>> design = Design(preset("realistic"), 1, 100, dt.date(2025, 1, 1), dt.date(2025, 6, 30), 30)
    >>> block = simulate(design, 0)
    >>> len(block.lives), bool((block.orders.time < design.days).all())
    (100, True)
    """
    parameters, world = design.parameters, design.world
    size = min(BLOCK, design.customers - number * BLOCK)
    leads = round(size * parameters.leads)
    rng = stream(design.seed, "people", number)
    shares = np.array([persona.share for persona in parameters.personas])
    persona = rng.choice(len(shares), size + leads, p=shares / shares.sum())
    people = draw_people(rng, parameters, persona, design.until)
    rows = np.arange(size) + number * BLOCK
    numbers = np.concatenate([2 * rows, 2 * (np.arange(leads) + number * BLOCK) + 1])
    identity = draw_identity(rng, people, numbers, number)

    rng = stream(design.seed, "life", number)
    arrivals = np.sort(seasons.arrivals(rng, parameters, design.calendar, design.days, size))
    lives, _ = begin(rng, world, size=size, arrivals=arrivals, persona=persona[:size])
    given = draw_consents(stream(design.seed, "consent", number), parameters, lives)
    mailing = stream(design.seed, "mail", number)
    mailings = Mailings(world, given.audience(size), mailing.normal(0.0, parameters.mail.open_spread, size))
    parts: list[Orders] = []
    logins: list[tuple[Ints, Floats]] = []
    edges = [*range(0, design.days, _WEEK), design.days]
    for start, end in itertools.pairwise(edges):
        for index, campaign in enumerate(parameters.campaigns):
            if campaign.week * _WEEK == start:
                mailings.send(mailing, lives, index, campaign)
        orders, who, when = step(rng, world, lives, (start, end), mailings.lift(size, start))
        if parameters.campaigns_work:
            orders.coupon = mailings.coupons(mailing, lives, orders.customer, start)
            _welcome(mailing, parameters, lives, orders)
        parts.append(orders)
        logins.append((who, when))
        calm(lives, world, end - start)
    at_until = copy.deepcopy(lives)
    later, later_cents = _go_on(design, number, lives, design.holdout if holdout else 0)

    orders = join_orders(parts)
    rng = stream(design.seed, "baskets", number)
    discounts = np.array([*(campaign.discount for campaign in parameters.campaigns), _WELCOME_DISCOUNT, 0.0])
    discount = discounts[orders.coupon]
    return Block(
        design, number, people, identity, lives, at_until, orders,
        cents=order_cents(rng, parameters, lives, orders.customer, discount),
        discount=discount,
        logins=(np.concatenate([one[0] for one in logins]), np.concatenate([one[1] for one in logins])),
        mailings=mailings,
        consents=given,
        later=(later.customer, later.time, later_cents),
    )  # fmt: skip


def _welcome(rng: np.random.Generator, parameters: ShopParameters, lives: Lives, orders: Orders) -> None:
    """Let some use the welcome code on their first order."""
    redeem = np.array([persona.redeem for persona in parameters.personas])[lives.persona[orders.customer]]
    opening = orders.time == lives.arrival[orders.customer]
    uses = opening & (orders.coupon < 0) & (rng.random(len(redeem)) < redeem * _WELCOME_SHARE)
    orders.coupon = np.where(uses, len(parameters.campaigns), orders.coupon)


def _go_on(design: Design, number: int, lives: Lives, days: int) -> tuple[Orders, Ints]:
    """Let the block live through the holdout, with nobody contacted."""
    rng = stream(design.seed, "future", number)
    end = design.days + days
    edges = [*range(design.days, end, _WEEK), end]
    parts = []
    still = np.ones(len(lives))
    for start, stop in itertools.pairwise(edges):
        parts.append(step(rng, design.world, lives, (start, stop), still)[0])
        calm(lives, design.world, stop - start)
    orders = join_orders(parts) if parts else Orders.none()
    none = np.zeros(len(orders.customer))
    return orders, order_cents(rng, design.parameters, lives, orders.customer, none)
