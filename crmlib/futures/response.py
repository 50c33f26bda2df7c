"""What contacts do to customers: the lift and its decay, fatigue, opt-outs, codes, and the apology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crmlib.customers.consent import CHANNELS
from crmlib.futures.life import Courted

if TYPE_CHECKING:
    from crmlib.actions.sequences import Offer
    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.futures.draws import Draws
    from crmlib.futures.parameters import FutureParameters
    from crmlib.futures.present import Present
    from crmlib.synth.life import Lives, World


__all__ = ["Permissions", "Response"]

_DAYS = 7
_GREATEST = 5.0  # factor on the order rate
_MAIL = CHANNELS.index("email")


@dataclass
class Permissions:
    """Who may be contacted: marketing and service by channel, and the exception for own customers."""

    marketing: dict[str, Bools]
    soft_spam: Bools
    service: dict[str, Bools]

    def of(self, name: str) -> Bools:
        """Return who may be reached by a channel, as ``soft_spam``, or as ``service_`` and the channel."""
        if name.startswith("service_"):
            return self.service[name.removeprefix("service_")]
        return self.soft_spam if name == "soft_spam" else self.marketing[name]

    def leave(self, channel: str, customer: Ints) -> None:
        """Take opt-outs in; one from mail ends the exception too."""
        self.marketing[channel][customer] = False
        if channel == "email":
            self.soft_spam[customer] = False


class Response:
    """How each customer stands to the contacts so far, and what these do now.

    Parameters
    ----------
    present
        Where the future began.
    world
        Parameters of the shop.
    sizes
        Sizes of the effects.
    lives
        The customers; their satisfaction is moved in place.
    """

    def __init__(self, present: Present, world: World, sizes: FutureParameters, lives: Lives) -> None:
        size = len(present)
        personas = world.parameters.personas
        self.sizes, self.lives, self._mail = sizes, lives, world.parameters.mail
        self._lifts = {kind: np.array([one.lift.get(kind, 0.0) for one in personas])
                       for kind in {kind for one in personas for kind in one.lift}}  # fmt: skip
        self._works = sizes.effects * world.parameters.campaigns_work
        self._opens = np.array([one.opens for one in personas])[lives.persona] + present.truth["mail_habit"].to_numpy()
        self._leaves = np.array([one.unsubscribes for one in personas])[lives.persona]
        self._redeems = np.array([one.redeem for one in personas])[lives.persona]
        self._preferred = present.preferred
        self.permissions = Permissions(
            {name: present.seen[f"may_{name}"].to_numpy(dtype=bool).copy() for name in CHANNELS},
            present.seen["may_soft_spam"].to_numpy(dtype=bool).copy(),
            {name: present.seen[f"may_service_{name}"].to_numpy(dtype=bool) for name in CHANNELS},
        )
        self.pressure, self._lift, self._borrowed = np.zeros(size), np.zeros(size), np.zeros(size)
        self._lift_until, self._sorry = np.full(size, -np.inf), np.full(size, -np.inf)
        self._discount, self._valid_until = np.zeros(size), np.full(size, -np.inf)
        self._code = np.full(size, -1, dtype=np.int64)
        self._contacts = np.zeros(size, dtype=np.int64)  # of this week

    def begin_week(self, days: float) -> None:
        """Let what weighs on the customers wear off."""
        self.pressure *= np.exp(-days / self.sizes.pressure_days)
        self._contacts[:] = 0

    def contact(
        self, draws: Draws, who: Ints, channel: str, offer: Offer | None, *, day: float, code: int, wanted: bool
    ) -> Bools:
        """Contact customers.

        Parameters
        ----------
        draws
            Of this week.
        who
            The customers.
        channel
            Through which.
        offer
            What is offered.
        day
            When.
        code
            Number of the sequence, by which a redeemed code is known.
        wanted
            Service messages, about something of one's own, weigh nothing.

        Returns
        -------
        numpy.ndarray
            Who opts out at it.
        """
        sizes, number = self.sizes, CHANNELS.index(channel)
        kind = offer.kind if offer else "newsletter"
        lift = self._strength(who, kind, number, offer.discount if offer else 0.0, day)
        self._take(who, lift, day, min(offer.valid_days if offer and offer.discount else 999, sizes.window_days))
        if offer is not None and offer.discount > 0:
            better = (self._valid_until[who] <= day) | (self._discount[who] <= offer.discount)
            self._discount[who[better]], self._code[who[better]] = offer.discount, code
            self._valid_until[who[better]] = day + offer.valid_days
        if kind == "apology":
            self._apologise(who, day)
        if wanted:
            return np.zeros(len(who), dtype=np.bool_)
        weight = sizes.weight[channel]
        before = self.pressure[who]
        self.pressure[who] = before + weight
        excess = np.clip(before + weight - sizes.tolerance, 0.0, weight)
        sold = kind in self._lifts or kind in sizes.kinds
        unwanted = sizes.unwanted * weight * (self._base(who, kind) < 0) if sold else 0.0
        self.lives.satisfaction[who] -= sizes.annoys * excess + unwanted
        slot = self._contacts[who]
        self._contacts[who] += 1
        gone = self.lives.left[who] <= day
        if number == _MAIL:
            odds = self._opens[who] + self._mail.open_satisfaction * self.lives.satisfaction[who]
            chance = 1 / (1 + np.exp(-(odds + self._mail.open_gone * gone)))
        else:
            chance = np.full(len(who), sizes.seen)
        seen = draws.slots("opens", who, slot) < chance
        leaves = self._leaves[who] * (1 + sizes.opt_out * before) * np.where(gone, 2.0, 1.0)
        out: Bools = seen & (draws.slots("unsubscribes", who, slot) < leaves)
        self.permissions.leave(channel, who[out])
        return out

    def _base(self, who: Ints, kind: str) -> Floats:
        """Return the persona's own lift."""
        kind, share = self.sizes.kinds.get(kind, (kind, 1.0))
        if kind not in self._lifts:
            return np.zeros(len(who))
        lift: Floats = self._lifts[kind][self.lives.persona[who]] * share
        return lift

    def _strength(self, who: Ints, kind: str, channel: int, discount: float, day: float) -> Floats:
        """Return the lift that a contact has: a negative one is neither sweetened nor worn out."""
        sizes, base = self.sizes, self._base(who, kind) * self._works
        deal = sizes.without_discount + (1 - sizes.without_discount) * np.sqrt(discount / sizes.full_discount)
        if kind in sizes.kinds and discount == 0:
            deal = 1.0  # its share is that of a contact without a deal
        silence = np.where(np.isfinite(self.lives.last_order[who]), day - self.lives.last_order[who], 1e6)
        timing = 1 - (1 - sizes.early) * np.exp(-np.maximum(silence, 0.0) * self.lives.rate[who])
        courted = base * sizes.channel[CHANNELS[channel]] * deal * timing * np.exp(-sizes.fatigue * self.pressure[who])
        courted *= np.where(self._preferred[who] == channel, sizes.preferred, 1.0)
        strength: Floats = np.where(base > 0, courted, base)
        return strength

    def _take(self, who: Ints, lift: Floats, day: float, window: float) -> None:
        """Let the stronger of a new lift and the one that acts still go on."""
        acting = np.where(self._lift_until[who] > day, self._lift[who], 0.0)
        new = (np.abs(lift) >= np.abs(acting)) & (lift != 0)
        self._lift[who[new]], self._lift_until[who[new]] = lift[new], day + window

    def _apologise(self, who: Ints, day: float) -> None:
        mends = (self.lives.satisfaction[who] < 0) & (day - self._sorry[who] >= self.sizes.apology_again_days)
        self.lives.satisfaction[who[mends]] += self.sizes.apology
        self._sorry[who[mends]] = day

    def week(self, day: float) -> Courted:
        """Return what the contacts so far do in the week that begins on a day.

        A part of the extra orders is only bought earlier: it is kept account of, and missing from later weeks.

        Parameters
        ----------
        day
            The week's first midnight.
        """
        lift = np.where(self._lift_until > day, self._lift, 0.0)
        gained, share = np.maximum(lift, 0.0), 1 / self.sizes.repays_weeks
        factor = np.clip(1 + lift - share * self._borrowed, 0.0, _GREATEST)
        self._borrowed += self._mail.pull_forward * gained - share * self._borrowed
        holds = self._valid_until > day
        return Courted(
            factor=factor,
            keeps=np.exp(-self.sizes.keeps * gained),
            discount=np.where(holds, self._discount, 0.0),
            redeems=np.where(holds, self._redeems, 0.0),
            code=self._code,
        )
