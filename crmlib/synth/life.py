"""Customers' lives: when they order, log in and leave. The state can go on, one step after another.

Purchases are Poisson while the customer stays, the stay is exponential: Pareto/NBD. The stay is told by a unit
exponential *patience* that is used up at the customer's dropout rate. In `realistic` an unhappy customer uses it
up faster, and a repaired relation slower; with a constant rate it is the plain exponential lifetime.

Within a step the dropout rate is constant and purchases are exactly Poisson; what an order does to satisfaction
counts from the next step on, so by the time the parcel has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.synth.parameters import Rates, ShopParameters


__all__ = ["Lives", "Orders", "World", "begin", "calm", "fare", "join_orders", "leaving_rate", "login_rate",
           "mean_orders", "step"]  # fmt: skip

_LOOKS_FIRST = 0.25  # share of accounts opened days before the first order
_MOOD = 0.15  # sd of what else moves satisfaction at an order
_FEWEST_LOGINS = 0.15  # of the usual rate, just before leaving


@dataclass(frozen=True)
class World:
    """What is the same for every customer: parameters, and the calendar as running sums of demand."""

    parameters: ShopParameters
    demand: Floats  # persona x (days + 1): demand from the start up to each midnight
    peak: Bools  # day: parcels are late more often

    def until(self, persona: Ints, time: Floats) -> Floats:
        """Demand of a persona from the start up to a time in days."""
        day = np.minimum(time.astype(np.int64), self.demand.shape[1] - 2)
        below = self.demand[persona, day]
        total: Floats = below + (time - day) * (self.demand[persona, day + 1] - below)
        return total

    def when(self, persona: Ints, total: Floats, first: int, last: int) -> Floats:
        """Return the time between two days at which a persona's demand reaches `total`."""
        day = np.full(len(total), first)
        for edge in range(first + 1, last):
            day += total >= self.demand[persona, edge]
        below = self.demand[persona, day]
        part = (total - below) / (self.demand[persona, day + 1] - below)
        time: Floats = day + np.clip(part, 0.0, 1 - 1e-12)
        return time


@dataclass
class Lives:
    """The state of a block of customers, one entry each. Times are days since the shop's start."""

    persona: Ints
    registered: Floats
    arrival: Floats  # first order of buyers, registration of the others
    buyer: Bools
    rate: Floats  # orders a day
    dropout: Floats  # leaving rate a day at satisfaction 0
    value: Floats  # mean order value, EUR
    logins: Floats  # logins a day
    level: Floats  # own satisfaction, to which it returns
    satisfaction: Floats
    patience: Floats  # what is left of a unit exponential
    left: Floats  # when the customer left; infinity while staying
    last_order: Floats  # minus infinity before the first

    def __len__(self) -> int:
        return len(self.persona)

    def stays(self, time: float) -> Bools:
        """Tell who has come and has not left at a time."""
        return (self.registered <= time) & (self.left > time)


@dataclass
class Orders:
    """Orders of a step or of a life, one entry each."""

    customer: Ints
    time: Floats
    late: Bools
    problem: Bools
    ticket: Bools
    quick: Bools
    satisfaction: Floats  # once the parcel has come
    coupon: Ints  # the campaign whose code is redeemed, -1 for none; set by the campaigns

    @staticmethod
    def none() -> Orders:
        """Return no orders."""
        ints, floats, bools = np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=np.bool_)
        return Orders(ints, floats, bools, bools, bools, bools, floats, ints)


def begin(rng: np.random.Generator, world: World, *, size: int, arrivals: Floats, persona: Ints) -> tuple[Lives, Bools]:
    """Draw a block of customers who have not lived yet.

    Parameters
    ----------
    rng
        Where the randomness comes from.
    world
        Parameters and calendar.
    size
        Customers in the block.
    arrivals
        Sorted times of arrival, in days.
    persona
        Number of each customer's persona.

    Returns
    -------
    tuple
        The state, and who never buys.
    """
    parameters = world.parameters
    table = [persona_.rates for persona_ in parameters.personas]
    rates = [parameters.pooled or own for own in table]

    def each(name: str) -> Floats:
        return np.array([getattr(own, name) for own in rates])[persona]

    rate = rng.standard_gamma(each("r")) / each("alpha")
    dropout = rng.standard_gamma(each("s")) / each("beta")
    value = each("p") * each("v") / rng.standard_gamma(each("q"))
    value *= (rate * each("alpha") / each("r")) ** parameters.spend_elasticity
    never = rng.random(size) < parameters.never_buy
    gap = np.where(rng.random(size) < _LOOKS_FIRST, rng.exponential(6.0, size), rng.exponential(0.01, size))
    registered = np.maximum(arrivals - np.where(never, 0.0, gap), 0.0)
    login_days = np.array([persona_.login_days for persona_ in parameters.personas])[persona]
    base = np.array([persona_.satisfaction for persona_ in parameters.personas])[persona]
    level = base + rng.normal(0.0, parameters.service.own_spread, size)
    lives = Lives(
        persona=persona,
        registered=registered,
        arrival=arrivals,
        buyer=~never,
        rate=np.where(never, 0.0, rate),
        dropout=dropout,
        value=value,
        logins=rng.standard_gamma(2.0, size) / 2.0 / login_days,
        level=level,
        satisfaction=level.copy(),
        patience=rng.standard_exponential(size),
        left=np.full(size, np.inf),
        last_order=np.full(size, -np.inf),
    )
    return lives, never


def leaving_rate(world: World, dropout: Floats, satisfaction: Floats) -> Floats:
    """Return the present rate of leaving, a day."""
    if not world.parameters.satisfaction_moves_dropout:
        return dropout
    moved: Floats = dropout * np.exp(-world.parameters.service.dropout_per_sd * satisfaction)
    return moved


def login_rate(world: World, usual: Floats, until_left: Floats) -> Floats:
    """Return logins a day: who will leave soon comes less.

    Parameters
    ----------
    world
        Parameters.
    usual
        The usual rate.
    until_left
        Days until the customer leaves, as things stand.
    """
    cooling = world.parameters.service.cooling_days
    if cooling <= 0:
        return usual
    cooled: Floats = usual * np.clip(until_left / cooling, _FEWEST_LOGINS, 1.0)
    return cooled


def step(
    rng: np.random.Generator, world: World, lives: Lives, span: tuple[int, int], lift: Floats
) -> tuple[Orders, Ints, Floats]:
    """Let the customers live from one midnight to another; `lives` is changed in place.

    Parameters
    ----------
    rng
        Where the randomness comes from.
    world
        Parameters and calendar.
    lives
        The customers; brought up to the last midnight.
    span
        First midnight and last, in days since the shop's start.
    lift
        Factor on each customer's purchase rate in this step, 1 without campaigns.

    Returns
    -------
    tuple
        The orders, and the logins as customers and times.
    """
    start, end = span
    here = np.flatnonzero((lives.registered < end) & (lives.left > start))
    persona, arrival = lives.persona[here], lives.arrival[here]
    came = np.clip(arrival, start, end)  # patience and purchases run from the first order on
    leaving = leaving_rate(world, lives.dropout[here], lives.satisfaction[here])
    until_left = lives.patience[here] / leaving
    leaves = until_left < end - came
    stayed = np.where(leaves, came + until_left, end)
    lives.patience[here] -= leaving * (stayed - came)
    lives.left[here[leaves]] = stayed[leaves]

    low = world.until(persona, came)
    high = world.until(persona, stayed)
    repeats = rng.poisson(np.maximum(lives.rate[here] * lift[here] * (high - low), 0.0))
    who = np.repeat(np.arange(len(here)), repeats)
    times = world.when(persona[who], low[who] + rng.random(len(who)) * (high - low)[who], start, end)
    first = np.flatnonzero(lives.buyer[here] & (arrival >= start) & (arrival < end))
    orders = _orders(rng, world, lives, here[np.concatenate([first, who])],
                     np.concatenate([arrival[first], times]))  # fmt: skip

    begun = np.maximum(lives.registered[here], start)
    often = login_rate(world, lives.logins[here], until_left)
    present = np.maximum(stayed - begun, 0.0)
    logins = rng.poisson(often * present)
    who = np.repeat(np.arange(len(here)), logins)
    return orders, here[who], begun[who] + rng.random(len(who)) * present[who]


def _orders(rng: np.random.Generator, world: World, lives: Lives, customer: Ints, time: Floats) -> Orders:
    """Draw what happens to each order, and move the satisfaction of those who placed it."""
    count = len(customer)
    draws = rng.random(count), rng.random(count), rng.random(count), rng.random(count)
    fates = fare(world, lives.persona[customer], time, draws, rng.normal(0, 1, count))
    late, problem, ticket, quick, change = fates
    # Orders of one customer within one step count together.
    moved = np.bincount(customer, weights=change, minlength=len(lives))
    lives.satisfaction += moved
    np.maximum.at(lives.last_order, customer, time)
    return Orders(customer, time, late, problem, ticket, quick, lives.satisfaction[customer],
                  np.full(count, -1))  # fmt: skip


def fare(
    world: World, persona: Ints, time: Floats, draws: tuple[Floats, Floats, Floats, Floats], mood: Floats
) -> tuple[Bools, Bools, Bools, Bools, Floats]:
    """Tell how orders fare.

    Parameters
    ----------
    world
        Parameters and calendar.
    persona, time
        Of each order.
    draws
        Uniform numbers for: late, problem, ticket, solved quickly.
    mood
        Standard normal numbers: what else moves satisfaction.

    Returns
    -------
    tuple
        Late, problem, ticket, solved quickly, and the change of satisfaction.
    """
    service = world.parameters.service
    problem_chance = np.array([one.problem for one in world.parameters.personas])
    late = draws[0] < np.where(world.peak[time.astype(np.int64)], service.late_peak, service.late)
    problem = draws[1] < problem_chance[persona] * world.parameters.returns
    chance = service.ticket_plain + service.ticket_late * late + service.ticket_problem * problem
    ticket = draws[2] < chance
    quick = draws[3] < service.quick_share
    change = np.where(late | problem, 0.0, service.order_pleases)
    change += late * service.late_hurts + problem * service.problem_hurts
    change += ticket * np.where(quick, service.ticket_quick, service.ticket_slow) + _MOOD * mood
    return late, problem, ticket, quick, change


def calm(lives: Lives, world: World, days: float) -> None:
    """Let satisfaction return towards each person's own level, for a number of days."""
    kept = np.exp(-days / world.parameters.service.memory_days)
    lives.satisfaction += (1.0 - kept) * (lives.level - lives.satisfaction)


def join_orders(parts: list[Orders]) -> Orders:
    """Put the orders of many steps into one, in time order."""
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Orders.__dataclass_fields__}
    order = np.lexsort((joined["customer"], joined["time"]))
    return Orders(**{name: column[order] for name, column in joined.items()})


def mean_orders(rates: Rates, days: float) -> float:
    """Return the expected number of repeat orders in the first `days` of a new customer (Pareto/NBD).

    Examples
    --------
    >>> from crmlib.synth.parameters import Rates
    >>> round(mean_orders(Rates(r=1, alpha=50, s=2, beta=100, p=5, q=4, v=45), 100), 2)
    1.0
    """
    gone = (rates.beta / (rates.beta + days)) ** (rates.s - 1)
    return float(rates.r * rates.beta / rates.alpha / (rates.s - 1) * (1 - gone))
