"""Campaigns: who is contacted and who is kept as control, what the contact does, and what becomes of each mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.synth import columns

if TYPE_CHECKING:
    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.synth.life import Lives, World
    from crmlib.synth.parameters import Campaign, ShopParameters
    from crmlib.synth.seasons import Calendar


__all__ = ["ARMS", "Audience", "Mailings", "Sends", "campaigns_table", "running"]

ARMS = ("control", "A", "B")
_SEND_AT = 0.02  # fraction of the day: mails leave early, so that nearly every order of the day comes after
_DORMANT_DAYS = 60
_DAYS = 7
# Cents per contact, an assumption.
_COST = {"newsletter": 1, "promo": 2, "season": 2, "bundle": 2, "winback": 3}


@dataclass
class Audience:
    """Until when each customer may be mailed, as days; consent runs from `since`, soft spam from the first order."""

    since: Floats
    marketing: Floats  # end of the consent; minus infinity when never given
    soft_spam: Floats  # end of the exception for own customers; minus infinity when it never held

    def may(self, purpose: str, lives: Lives, day: float) -> Bools:
        """Tell who may be mailed for a purpose."""
        consent = (self.since <= day) & (self.marketing > day)
        if purpose == "soft_spam":
            consent |= (self.soft_spam > day) & (lives.last_order > -np.inf)
        return consent

    def leave(self, customer: Ints, time: Floats) -> None:
        """Take the unsubscriptions in."""
        np.minimum.at(self.marketing, customer, time)
        np.minimum.at(self.soft_spam, customer, time)


@dataclass(frozen=True)
class Sends:
    """Mails and assignments of one campaign. Times are days; infinity: it did not happen."""

    campaign: int
    assigned: Ints  # customers, contacted or not
    arm: Ints
    lift: Floats  # true change of the purchase rate, if contacted
    extra: Floats  # true expected extra orders in the window, if contacted
    customer: Ints  # contacted customers; the arrays below go with them
    sent: Floats
    opened: Floats
    clicked: Floats
    unsubscribed: Floats


def running(parameters: ShopParameters, days: int) -> list[Campaign]:
    """Return the campaigns that fall within a number of days."""
    return [campaign for campaign in parameters.campaigns if campaign.week * _DAYS < days]


@dataclass
class Mailings:
    """The mailings of a block: sends them, remembers whom they work on, and for how long."""

    world: World
    audience: Audience
    habit: Floats  # own log-odds of opening
    sends: list[Sends] = field(default_factory=list)

    def send(self, rng: np.random.Generator, lives: Lives, number: int, campaign: Campaign) -> None:
        """Send one campaign: choose, randomise, mail, and take the unsubscriptions in."""
        parameters, personas = self.world.parameters, self.world.parameters.personas
        day = float(campaign.week * _DAYS)
        chosen = self.audience.may(campaign.purpose, lives, day) & (lives.registered <= day)
        if campaign.audience != "subscribers":
            chosen &= lives.last_order > -np.inf
        if campaign.audience == "dormant":
            chosen &= lives.last_order < day - _DORMANT_DAYS
        assigned = np.flatnonzero(chosen)
        arm = np.where(
            rng.random(len(assigned)) < campaign.control,
            0,
            rng.integers(1, campaign.variants + 1, len(assigned)),
        )
        persona = lives.persona[assigned]
        lifts = np.array([one.lift.get(campaign.kind, 0.0) for one in personas])
        lift = lifts[persona] if parameters.campaigns_work else np.zeros(len(assigned))
        start = np.full(len(assigned), day)
        end = np.minimum(start + campaign.window * _DAYS, self.world.demand.shape[1] - 1)
        exposure = self.world.until(persona, end) - self.world.until(persona, start)
        extra = lives.rate[assigned] * lift * exposure * lives.stays(day)[assigned]

        customer = assigned[arm > 0]
        events = self._follow(rng, lives, customer, arm[arm > 0], day + _SEND_AT)
        self.audience.leave(customer, events[3])
        self.sends.append(Sends(number, assigned, arm, lift, extra, customer, *events))

    def _follow(
        self, rng: np.random.Generator, lives: Lives, customer: Ints, arm: Ints, time: float
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Draw what becomes of each mail: times of sending, opening, clicking and unsubscribing."""
        mail, personas = self.world.parameters.mail, self.world.parameters.personas
        persona, count = lives.persona[customer], len(customer)
        gone = lives.left[customer] <= time
        odds = np.array([one.opens for one in personas])[persona] + self.habit[customer]
        odds += mail.open_satisfaction * lives.satisfaction[customer] + mail.open_gone * gone
        odds += mail.open_variant_b * (arm == ARMS.index("B"))
        opens = rng.random(count) < 1 / (1 + np.exp(-odds))
        hours = mail.open_delay_hours * np.exp(rng.normal(0.0, 1.1, count))
        sent = time + rng.random(count) * 0.005
        opened = np.where(opens, sent + 0.15 + hours / 24, np.inf)  # nobody opens before the morning
        clicks = opens & ~gone & (rng.random(count) < mail.click)
        clicked = np.where(clicks, opened + rng.exponential(0.004, count), np.inf)
        chance = np.array([one.unsubscribes for one in personas])[persona] * np.where(gone, 2.0, 1.0)
        unsubscribed = np.where(
            opens & (rng.random(count) < chance), opened + rng.exponential(0.003, count) + 0.001, np.inf
        )
        return sent, opened, clicked, unsubscribed

    def lift(self, size: int, day: int) -> Floats:
        """Return the factor on each customer's purchase rate in the step that begins on a day."""
        factor = np.ones(size)
        pull = self.world.parameters.mail.pull_forward
        for sends in self.sends:
            campaign = self.world.parameters.campaigns[sends.campaign]
            week = day / _DAYS - campaign.week
            treated = sends.arm > 0
            if 0 <= week < campaign.window:
                factor[sends.assigned[treated]] *= 1 + sends.lift[treated]
            elif campaign.window <= week < 2 * campaign.window:  # a part was only bought earlier
                factor[sends.assigned[treated]] *= 1 - pull * np.maximum(sends.lift[treated], 0.0)
        return factor

    def coupons(self, rng: np.random.Generator, lives: Lives, customer: Ints, day: int) -> Ints:
        """Return the campaign whose code each order of a step redeems, -1 for none."""
        code = np.full(len(customer), -1, dtype=np.int64)
        redeem = np.array([one.redeem for one in self.world.parameters.personas])[lives.persona[customer]]
        uses = rng.random(len(customer)) < redeem
        for sends in self.sends:
            campaign = self.world.parameters.campaigns[sends.campaign]
            if campaign.coupon and 0 <= day / _DAYS - campaign.week < campaign.window:
                holds = np.isin(customer, sends.customer)
                code[holds & uses] = sends.campaign
        return code


def campaigns_table(campaigns: list[Campaign], calendar: Calendar) -> dict[str, Any]:
    """Return the table `campaigns`."""
    weeks = np.array([campaign.week for campaign in campaigns], dtype=np.int64)
    days = weeks.astype(np.float64) * _DAYS
    window = np.array([campaign.window * _DAYS for campaign in campaigns], dtype=np.int64)
    control = [round(campaign.control * 100) for campaign in campaigns]
    return {
        "campaign_id": columns.ids("K", np.arange(len(campaigns)), 3),
        "name": columns.names([campaign.name for campaign in campaigns]),
        "kind": columns.names([campaign.kind for campaign in campaigns]),
        "channel": columns.names(["email"] * len(campaigns)),
        "purpose": columns.names([campaign.purpose for campaign in campaigns]),
        "audience": columns.names([campaign.audience for campaign in campaigns]),
        "sent_ts": columns.timestamps(calendar.seconds(days + _SEND_AT)),
        "window_days": columns.numbers(window),
        "control_percent": columns.numbers(np.array(control, dtype=np.int64)),
        "variants": columns.numbers(np.array([campaign.variants for campaign in campaigns], dtype=np.int64)),
        "coupon_code": columns.names([campaign.coupon or None for campaign in campaigns]),
        "discount_percent": columns.numbers(
            np.array([round(campaign.discount * 100) for campaign in campaigns], dtype=np.int64)
        ),
        "cost_per_contact": columns.money(np.array([_COST[campaign.kind] for campaign in campaigns], dtype=np.int64)),
    }
