"""What a contact does to a customer: every size of the simulated future, in one place.

All of them are **assumptions of the authors**, like those of `crmlib.synth.parameters`. Where there is a reason for a
size, it stands beside it. None is an estimate from real customers; a course that knows better sets its own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from crmlib.actions.plans import Costs

__all__ = ["FutureParameters"]


def _channels(email: float, sms: float, whatsapp: float, phone: float) -> dict[str, float]:
    return {"email": email, "sms": sms, "whatsapp": whatsapp, "phone": phone}


@dataclass(frozen=True, kw_only=True)
class FutureParameters:
    """Sizes of the effects, and what things cost.

    The lift of a customer's order rate by a contact is the persona's for the kind of offer (`Persona.lift`: the same
    that the shop's past campaigns had), times factors for channel, preference, discount and timing, less fatigue.

    Attributes
    ----------
    effects
        Scale of the lift: 0 is a shop whose contacts change no order.
    margin
        Share of an order's value, before a code's discount, that is left after the goods (about half of the price in
        the simulated catalogue), postage, payment and returns.
    costs
        What a contact really costs; a plan that reckons with less is refused.
    kinds
        Kinds that the personas have no lift for, as (kind that they have, share of its lift): a reminder is a promotion
        without its deal. Those in neither, newsletter and apology, sell nothing.
    channel
        Lift by channel, against a mail: what comes closer is noticed more.
    preferred
        Factor where the channel is the one that the customer named as preferred.
    full_discount, without_discount
        At the discount of `full_discount` a lift is the persona's own; without any it is this share of it. In between,
        and beyond, it grows with the square root: the first percents count most.
    early
        Share of the lift right after an order; it grows to the whole with the silence, measured by the own rate.
    window_days
        How long a lift acts, unless an offer is valid for fewer days; that of the shop's past campaigns.
    pull_forward
        Share of the extra orders that is only borrowed from the weeks after; that of the shop's past campaigns.
    repays_weeks
        Mean weeks until what was borrowed is missing.
    keeps
        Change of the log rate of leaving per unit of a positive lift, while it acts: who is courted stays a little.
    weight
        How much a contact weighs on the customer, by channel: a call is felt like four mails.
    pressure_days
        Time constant in which that weight wears off.
    tolerance
        Weight that annoys nobody: about two mails a month.
    fatigue
        Loss of the log lift per unit of the weight that is felt already.
    annoys
        Loss of satisfaction (sd) per unit of weight above the tolerance, at each contact.
    unwanted
        Loss of satisfaction (sd) at each contact of those who want none: personas whose lift is negative.
    opt_out
        Growth of the chance to opt out per unit of weight.
    seen
        Chance that what is no mail is seen; mails are opened by the personas' own habits.
    apology
        What an apology gives back to those below their calm (satisfaction below 0), in sd: about two thirds of what a
        late parcel costs. Studies of service recovery agree on the sign, not on the size.
    apology_again_days
        A second apology within so many days mends nothing.

    Examples
    --------
    >>> FutureParameters().margin
    0.4
    >>> FutureParameters.without_effects().effects
    0.0
    """

    effects: float = 1.0
    margin: float = 0.40
    costs: Costs = field(default_factory=Costs)
    kinds: dict[str, tuple[str, float]] = field(
        default_factory=lambda: {"reminder": ("promo", 0.5), "referral": ("bundle", 0.4)}
    )
    channel: dict[str, float] = field(default_factory=lambda: _channels(1.0, 1.15, 1.2, 1.5))
    preferred: float = 1.25
    full_discount: float = 0.15
    without_discount: float = 0.45
    early: float = 0.3
    window_days: int = 21
    pull_forward: float = 0.30
    repays_weeks: float = 3.0
    keeps: float = 0.4
    weight: dict[str, float] = field(default_factory=lambda: _channels(1.0, 1.6, 1.4, 4.0))
    pressure_days: float = 30.0
    tolerance: float = 2.0
    fatigue: float = 0.30
    annoys: float = 0.02
    unwanted: float = 0.06
    opt_out: float = 0.5
    seen: float = 0.9
    apology: float = 0.5
    apology_again_days: float = 180.0

    @classmethod
    def without_effects(cls) -> FutureParameters:
        """Return a world in which a contact changes nothing but its cost: no lift, no annoyance, no mending."""
        return cls(effects=0.0, annoys=0.0, unwanted=0.0, apology=0.0)

    def scaled(self, effects: float) -> FutureParameters:
        """Return the same with another scale of the lift.

        Parameters
        ----------
        effects
            The scale.
        """
        return dataclasses.replace(self, effects=effects)
