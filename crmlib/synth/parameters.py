"""Every number of the simulated shop, typed and in one place.

The sizes are **assumptions of the authors**, chosen so that the shop looks like a mid-size Italian e-commerce of
home and coffee: none is an estimate from real customers. Where a size follows a rule of thumb, the comment says so.

Two presets::

    clean      exactly Pareto/NBD with one gamma heterogeneity for purchases and one for dropout, exactly
               Gamma-Gamma spend independent of both; no season, effect, returns or dirt. What the fitters of
               `lifetimes` assume is true here, so they recover the parameters.
    realistic  the same processes, with rates that depend on the persona, a season, spend correlated with the
               rate, a dropout that moves with satisfaction, campaigns that work for some and annoy others, dirt.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "PERSONAS",
    "Campaign",
    "Mail",
    "Persona",
    "Preset",
    "Rates",
    "Service",
    "ShopParameters",
    "preset",
]

Preset = Literal["clean", "realistic"]


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Who buys how often, for how long, for how much: Pareto/NBD and Gamma-Gamma, time in days, money in EUR.

    Purchases of a customer are Poisson with rate ~ Gamma(`r`, rate `alpha`); the lifetime is exponential with
    rate ~ Gamma(`s`, rate `beta`); an order's value is Gamma(`p`, rate nu) with nu ~ Gamma(`q`, rate `v`).

    Examples
    --------
    >>> rates = Rates(r=1.0, alpha=60.0, s=1.2, beta=300.0, p=5.0, q=4.5, v=45.0)
    >>> round(rates.mean_order_value, 2)
    64.29
    """

    r: float
    alpha: float
    s: float
    beta: float
    p: float
    q: float
    v: float

    @property
    def mean_order_value(self) -> float:
        """Mean order value over customers, p v / (q - 1)."""
        return self.p * self.v / (self.q - 1)


@dataclass(frozen=True, kw_only=True)
class Persona:
    """One latent kind of customer.

    `likes` are weights of the product categories, in the order of `catalogue.CATEGORIES`; `zones` weights of the
    site zones, in the order of `visits.ZONES`. `lift` maps a kind of campaign to the change in the purchase rate
    of those who are contacted (0.5 = half as many orders again in the window, -0.4 = 40 % fewer).
    """

    name: str
    share: float
    rates: Rates
    likes: tuple[float, ...]
    zones: tuple[float, ...]
    lift: dict[str, float]
    season: float  # how much the gift season moves this persona's purchases: 0 not at all, 1 as the shop's average
    login_days: float  # mean days between two logins
    satisfaction: float  # mean of the latent satisfaction (standard deviations)
    problem: float  # chance that an order has a product problem or a change of mind, so a return
    redeem: float  # chance to use a campaign's code in an order placed within its window
    opens: float  # log-odds of opening a mail
    unsubscribes: float  # chance to unsubscribe at a mail that was opened
    consents: float  # log-odds shift of every marketing consent
    age: tuple[float, float]  # mean and standard deviation
    women: float  # share
    profile: dict[str, tuple[float, ...]]  # weights of the answers, see `people.ANSWERS`


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """One mailing. A campaign with a `control` share is randomised; its window is a whole number of weeks."""

    name: str
    kind: str  # key of Persona.lift; "newsletter" has no effect on orders
    week: int
    audience: Literal["subscribers", "buyers", "dormant"] = "subscribers"
    control: float = 0.0
    window: int = 3  # weeks after the contact in which the effect acts
    coupon: str = ""
    discount: float = 0.0
    variants: int = 1  # 2 = an A/B test of the subject line: it moves opens, not purchases
    purpose: Literal["marketing", "soft_spam"] = "marketing"


@dataclass(frozen=True, kw_only=True)
class Mail:
    """Chances of the steps from sent to unsubscribed."""

    open_spread: float = 0.8  # sd of a person's own log-odds of opening
    open_satisfaction: float = 0.35  # log-odds per sd of satisfaction
    open_gone: float = -1.4  # log-odds when the customer has left the shop: mails still arrive
    open_variant_b: float = 0.30  # the second subject line's advantage, log-odds
    click: float = 0.20  # chance to click a mail that was opened
    open_delay_hours: float = 7.0  # median; log-normal
    pull_forward: float = 0.30  # share of the extra purchases that is borrowed from the window after


@dataclass(frozen=True, kw_only=True)
class Service:
    """Deliveries, tickets and what they do to satisfaction, and satisfaction to dropout and answers."""

    late: float = 0.10  # chance of a late delivery, outside of the peak
    late_peak: float = 0.26  # between Black Friday and Christmas
    late_hurts: float = -0.75  # change of satisfaction, in sd
    problem_hurts: float = -0.60
    ticket_quick: float = 0.25  # a ticket solved within a day mends
    ticket_slow: float = -0.40
    quick_share: float = 0.55
    order_pleases: float = 0.12  # a plain order that went well
    memory_days: float = 150.0  # satisfaction returns to the person's own level with this time constant
    ticket_plain: float = 0.03  # chance of a ticket: without an incident, and on top of it with one
    ticket_late: float = 0.35
    ticket_problem: float = 0.30
    own_spread: float = 0.75  # sd of the person's own level
    dropout_per_sd: float = 0.55  # log hazard of leaving per sd of satisfaction less; 0 in `clean`
    cooling_days: float = 45.0  # logins thin out when the remaining patience is shorter than this; 0 = never
    nps_noise: float = 0.75
    csat_noise: float = 0.70
    nps_responds: float = -0.75  # log-odds of answering at satisfaction 0
    responds_per_sd: float = 0.30  # the satisfied answer more: respondents flatter the shop
    responds_gone: float = -1.6  # who has left the shop rarely answers


@dataclass(frozen=True, kw_only=True)
class ShopParameters:
    """All parameters of one shop."""

    preset: Preset
    personas: tuple[Persona, ...]
    pooled: Rates | None  # one heterogeneity for everyone (`clean`), or None: each persona its own
    seasonal: bool
    spend_elasticity: float  # mean order value ~ (rate / persona's mean rate) ** elasticity
    satisfaction_moves_dropout: bool
    campaigns_work: bool
    returns: bool  # none in `clean`, so that orders net of returns are the orders
    dirt: float  # scale of the dirt in the archives: 0 none, 1 a few percent
    growth: float  # arrivals per day at the end over those at the start, minus 1
    never_buy: float = 0.07  # accounts that never order
    leads: float = 0.25  # leads who are not customers, per customer
    also_leads: float = 0.35  # customers who came in through the lead intake too
    duplicates: float = 0.14  # chance that a contact comes in once more (and then again)
    discount_rate: float = 0.10  # a year; for the discounted value
    mail: Mail = Mail()
    service: Service = Service()
    campaigns: tuple[Campaign, ...] = ()

    def asdict(self) -> dict[str, Any]:
        """Nested plain values, as written to ``truth/parameters.json``."""
        return dataclasses.asdict(self)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the personas."""
        return tuple(persona.name for persona in self.personas)


# Weights of the answers, by field; the options stand in `people.ANSWERS`.
# likert fields: weights of 1, 2, 3, 4, 5.
_LOW, _MID, _HIGH = (30, 34, 22, 10, 4), (6, 20, 40, 24, 10), (3, 8, 19, 38, 32)

PERSONAS: tuple[Persona, ...] = (
    Persona(
        name="coffee_regular",  # refills coffee and pantry every few weeks
        share=0.11,
        rates=Rates(r=2.6, alpha=92.0, s=1.3, beta=480.0, p=7.0, q=6.0, v=30.0),
        likes=(52, 22, 8, 6, 2, 3, 5, 2),
        zones=(8, 40, 6, 3, 3, 6, 8, 8, 14, 4),
        lift={"promo": 0.15, "season": 0.10, "winback": 0.45, "bundle": 0.35, "welcome": 0.35},
        season=0.4, login_days=9.0, satisfaction=0.35, problem=0.03, redeem=0.45,
        opens=-0.2, unsubscribes=0.006, consents=0.3, age=(44, 11), women=0.46,
        profile={
            "interests": (60, 30, 18, 12, 8, 14, 22, 14), "lifestyle": (46, 22, 10, 14, 8),
            "values": (20, 34, 14, 24, 8), "personality": (40, 12, 16, 26, 6), "occupation": (38, 22, 14, 4, 10, 8, 4),
            "income_band": (6, 22, 38, 24, 10), "household_size": (24, 34, 22, 16, 4),
            "price_importance": _MID, "quality_importance": _HIGH, "novelty_importance": _LOW,
            "sustainability_importance": _MID, "acquisition_channel": (24, 14, 8, 18, 30, 6),
            "preferred_channel": (58, 12, 20, 10), "device": (52, 36, 12),
        },
    ),
    Persona(
        name="home_decorator",  # furnishes the house: few, large and well chosen orders
        share=0.14,
        rates=Rates(r=1.4, alpha=165.0, s=1.1, beta=360.0, p=5.0, q=5.0, v=112.0),
        likes=(4, 4, 10, 18, 26, 28, 4, 6),
        zones=(14, 3, 8, 24, 26, 4, 8, 14, 5, 3),
        lift={"promo": 0.40, "season": 0.45, "winback": 0.50, "bundle": 0.30, "welcome": 0.40},
        season=0.8, login_days=10.0, satisfaction=0.20, problem=0.08, redeem=0.35,
        opens=0.1, unsubscribes=0.008, consents=0.4, age=(37, 8), women=0.72,
        profile={
            "interests": (14, 22, 70, 10, 34, 14, 12, 22), "lifestyle": (10, 18, 46, 16, 10),
            "values": (8, 24, 46, 12, 10), "personality": (12, 44, 16, 16, 12), "occupation": (40, 24, 20, 4, 8, 2, 2),
            "income_band": (2, 12, 30, 36, 20), "household_size": (14, 36, 26, 20, 4),
            "price_importance": _LOW, "quality_importance": _HIGH, "novelty_importance": _HIGH,
            "sustainability_importance": _MID, "acquisition_channel": (14, 44, 14, 12, 10, 6),
            "preferred_channel": (48, 8, 32, 12), "device": (30, 56, 14),
        },
    ),
    Persona(
        name="gift_giver",  # buys for others: Christmas, Mother's day, weddings
        share=0.20,
        rates=Rates(r=1.1, alpha=250.0, s=1.1, beta=480.0, p=5.5, q=5.0, v=45.0),
        likes=(12, 14, 6, 16, 6, 12, 30, 4),
        zones=(18, 6, 5, 10, 8, 40, 10, 6, 6, 4),
        lift={"promo": 0.30, "season": 0.70, "winback": 0.25, "bundle": 0.40, "welcome": 0.15},
        season=1.9, login_days=24.0, satisfaction=0.15, problem=0.05, redeem=0.40,
        opens=-0.4, unsubscribes=0.010, consents=0.0, age=(51, 12), women=0.60,
        profile={
            "interests": (14, 20, 20, 34, 16, 36, 16, 12), "lifestyle": (26, 46, 10, 10, 8),
            "values": (14, 16, 12, 14, 44), "personality": (22, 12, 46, 12, 8), "occupation": (30, 18, 8, 2, 8, 30, 4),
            "income_band": (6, 24, 36, 24, 10), "household_size": (12, 40, 24, 18, 6),
            "price_importance": _MID, "quality_importance": _MID, "novelty_importance": _MID,
            "sustainability_importance": _LOW, "acquisition_channel": (36, 16, 16, 8, 16, 8),
            "preferred_channel": (62, 16, 10, 12), "device": (46, 34, 20),
        },
    ),
    Persona(
        name="bargain_hunter",  # waits for the sale, uses every code, sends back more
        share=0.19,
        rates=Rates(r=1.0, alpha=105.0, s=1.1, beta=130.0, p=4.5, q=5.0, v=31.0),
        likes=(14, 12, 18, 16, 14, 14, 6, 6),
        zones=(10, 5, 8, 8, 8, 6, 46, 3, 6, 6),
        lift={"promo": 0.90, "season": 0.50, "winback": 0.70, "bundle": 0.45, "welcome": 0.60},
        season=1.0, login_days=12.0, satisfaction=-0.15, problem=0.11, redeem=0.85,
        opens=0.0, unsubscribes=0.012, consents=0.3, age=(34, 10), women=0.55,
        profile={
            "interests": (14, 24, 22, 14, 14, 18, 34, 40),
            "lifestyle": (14, 24, 16, 34, 12),
            "values": (50, 10, 12, 18, 10), "personality": (14, 22, 10, 44, 10),
            "occupation": (28, 16, 6, 24, 14, 4, 8),
            "income_band": (30, 36, 22, 9, 3), "household_size": (24, 24, 22, 22, 8),
            "price_importance": _HIGH, "quality_importance": _LOW, "novelty_importance": _MID,
            "sustainability_importance": _LOW, "acquisition_channel": (18, 22, 38, 10, 6, 6),
            "preferred_channel": (34, 20, 38, 8), "device": (20, 70, 10),
        },
    ),
    Persona(
        name="quiet_loyal",  # comes back on their own; contact annoys them: the sleeping dog of uplift
        share=0.08,
        rates=Rates(r=2.2, alpha=125.0, s=1.3, beta=620.0, p=6.0, q=6.0, v=62.0),
        likes=(20, 14, 26, 14, 10, 6, 4, 6),
        zones=(8, 14, 26, 12, 8, 4, 4, 12, 10, 2),
        lift={"promo": -0.40, "season": -0.30, "winback": -0.50, "bundle": -0.35, "welcome": -0.30},
        season=0.5, login_days=20.0, satisfaction=0.30, problem=0.04, redeem=0.15,
        opens=-1.0, unsubscribes=0.045, consents=-0.8, age=(58, 9), women=0.42,
        profile={
            "interests": (30, 52, 14, 34, 12, 12, 10, 6), "lifestyle": (44, 14, 12, 8, 22),
            "values": (8, 44, 10, 32, 6), "personality": (44, 8, 8, 14, 26), "occupation": (30, 20, 20, 1, 4, 22, 3),
            "income_band": (3, 14, 32, 32, 19), "household_size": (26, 48, 16, 8, 2),
            "price_importance": _LOW, "quality_importance": _HIGH, "novelty_importance": _LOW,
            "sustainability_importance": _HIGH, "acquisition_channel": (40, 4, 4, 12, 34, 6),
            "preferred_channel": (80, 4, 2, 14), "device": (74, 16, 10),
        },
    ),
    Persona(
        name="passer_by",  # came for one thing, from an advert or a marketplace; most never return
        share=0.28,
        rates=Rates(r=0.6, alpha=200.0, s=1.2, beta=80.0, p=4.5, q=5.0, v=38.0),
        likes=(10, 10, 18, 14, 14, 16, 12, 6),
        zones=(30, 8, 10, 10, 10, 10, 12, 3, 4, 3),
        lift={"promo": 0.10, "season": 0.0, "winback": 0.0, "bundle": 0.0, "welcome": 0.10},
        season=1.0, login_days=30.0, satisfaction=-0.20, problem=0.06, redeem=0.30,
        opens=-0.9, unsubscribes=0.020, consents=-0.3, age=(29, 9), women=0.50,
        profile={
            "interests": (12, 12, 12, 22, 40, 24, 18, 22), "lifestyle": (10, 12, 14, 18, 46),
            "values": (30, 12, 24, 24, 10), "personality": (10, 26, 18, 18, 28),
            "occupation": (30, 12, 12, 34, 6, 2, 4),
            "income_band": (26, 32, 26, 12, 4), "household_size": (44, 30, 16, 8, 2),
            "price_importance": _MID, "quality_importance": _MID, "novelty_importance": _MID,
            "sustainability_importance": _MID, "acquisition_channel": (26, 34, 26, 4, 4, 6),
            "preferred_channel": (30, 22, 38, 10), "device": (16, 74, 10),
        },
    ),
)  # fmt: skip
"""The six personas of the shop; both presets draw demographics and tastes from them."""


def _calendar(years: int = 3) -> tuple[Campaign, ...]:
    """Return the shop's mailing plan, by week from the start: the same every year (weeks 0 to 51).

    Windows of randomised campaigns lie at least two windows apart, so that effects do not overlap.
    """
    plan: list[Campaign] = []
    for year in range(years):
        first, label = 52 * year, f"Y{year + 1}"
        plan += [
            Campaign(name=f"{label} Summer sale", kind="promo", week=first + 5, control=0.30, coupon="ESTATE15",
                     discount=0.15),
            Campaign(name=f"{label} Win-back September", kind="winback", week=first + 11, audience="dormant",
                     control=0.50, coupon="RIATTVA10", discount=0.10, purpose="soft_spam"),
            Campaign(name=f"{label} Black Friday", kind="promo", week=first + 20, control=0.20, window=2,
                     coupon="BLACK20", discount=0.20, variants=2),
            Campaign(name=f"{label} Win-back January", kind="winback", week=first + 28, audience="dormant",
                     control=0.50, coupon="RIATTVA10", discount=0.10, purpose="soft_spam"),
            Campaign(name=f"{label} Spring at home", kind="bundle", week=first + 36, control=0.40,
                     audience="buyers"),
            Campaign(name=f"{label} Mother's day", kind="season", week=first + 43, control=0.30, window=2,
                     coupon="MAMMA10", discount=0.10),
            Campaign(name=f"{label} Win-back May", kind="winback", week=first + 48, audience="dormant",
                     control=0.50, coupon="RIATTVA10", discount=0.10, purpose="soft_spam"),
        ]  # fmt: skip
        busy = {campaign.week for campaign in plan}
        plan += [
            Campaign(name=f"{label} Newsletter {month + 1:02d}", kind="newsletter", week=week, variants=2)
            for month, week in enumerate(range(first + 2, first + 52, 4))
            if week not in busy
        ]
    return tuple(sorted(plan, key=lambda campaign: campaign.week))


_CLEAN_RATES = Rates(r=1.0, alpha=110.0, s=0.9, beta=220.0, p=5.0, q=4.5, v=45.0)


def preset(name: Preset) -> ShopParameters:
    """Return the parameters of a preset.

    Examples
    --------
    >>> preset("clean").pooled.alpha
    110.0
    >>> preset("realistic").names
    ('coffee_regular', 'home_decorator', 'gift_giver', 'bargain_hunter', 'quiet_loyal', 'passer_by')
    """
    clean = name == "clean"
    return ShopParameters(
        preset=name,
        personas=PERSONAS,
        pooled=_CLEAN_RATES if clean else None,
        seasonal=not clean,
        spend_elasticity=0.0 if clean else 0.15,
        satisfaction_moves_dropout=not clean,
        campaigns_work=not clean,
        returns=not clean,
        dirt=0.0 if clean else 1.0,
        growth=0.0 if clean else 0.6,
        campaigns=_calendar(),
    )
