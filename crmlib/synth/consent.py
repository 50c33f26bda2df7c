"""Consent per channel and purpose: when it was given, where, and when it was withdrawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.synth import columns
from crmlib.synth.mail import Audience

if TYPE_CHECKING:
    from crmlib.arrays import Floats, Ints
    from crmlib.synth.life import Lives
    from crmlib.synth.parameters import ShopParameters


__all__ = ["CHANNELS", "PURPOSES", "SOURCES", "Consents", "draw_consents"]

CHANNELS = ("email", "sms", "whatsapp", "phone")
PURPOSES = ("service", "marketing", "profiling", "soft_spam")
SOURCES = ("registration", "checkout", "preference_centre", "web_form", "event_signup", "list_import")
_MARKETING = (0.45, -0.9, -1.3, -2.2)  # log-odds of agreeing, by channel
_PROFILING = -0.1
_LATER = 0.12  # share of consents given later than at registration
_LATER_DAYS = 60.0
_WITHDRAWS_YEARLY = (0.02, 0.08, 0.06, 0.10)  # by hand in the preference centre, by channel
_OPTS_OUT_SOFT_SPAM = 0.18  # say no at once, at the checkout


@dataclass(frozen=True)
class Consents:
    """Consents of a block. `customer` counts from 0; times are days, infinity: never withdrawn."""

    customer: Ints
    channel: Ints
    purpose: Ints
    source: Ints
    given: Floats
    withdrawn: Floats

    def audience(self, size: int) -> Audience:
        """Return who may be mailed, before any mail was sent."""
        since, marketing, soft = (np.full(size, value) for value in (np.inf, -np.inf, -np.inf))
        mail = (self.channel == 0) & (self.purpose == PURPOSES.index("marketing"))
        since[self.customer[mail]], marketing[self.customer[mail]] = self.given[mail], self.withdrawn[mail]
        own = self.purpose == PURPOSES.index("soft_spam")
        soft[self.customer[own]] = self.withdrawn[own]
        return Audience(since, marketing, soft)

    def after(self, audience: Audience) -> Consents:
        """Return the consents once unsubscriptions from mails have been taken in."""
        withdrawn = self.withdrawn.copy()
        mail = (self.channel == 0) & (self.purpose == PURPOSES.index("marketing"))
        withdrawn[mail] = audience.marketing[self.customer[mail]]
        own = self.purpose == PURPOSES.index("soft_spam")
        withdrawn[own] = audience.soft_spam[self.customer[own]]
        return Consents(self.customer, self.channel, self.purpose, self.source, self.given, withdrawn)

    def table_columns(self, seconds: Any, last: float) -> dict[str, Any]:
        """Return channel, purpose, times and source of what was given by day `last`, with the customers' numbers."""
        seen = self.given < last
        withdrawn = np.where(self.withdrawn < last, self.withdrawn, np.inf)[seen]
        return {
            "customer": self.customer[seen],
            "channel": columns.labels(CHANNELS, self.channel[seen]),
            "purpose": columns.labels(PURPOSES, self.purpose[seen]),
            "given_ts": columns.timestamps(seconds(self.given[seen])),
            "source": columns.labels(SOURCES, self.source[seen]),
            "withdrawn_ts": columns.timestamps(seconds(withdrawn)),
        }


def draw_consents(rng: np.random.Generator, parameters: ShopParameters, lives: Lives) -> Consents:
    """Draw what customers agree to. Service messages need no consent but the contract: every account has that row."""
    size = len(lives)
    shift = np.array([persona.consents for persona in parameters.personas])[lives.persona]
    everyone = np.arange(size)
    parts = [_rows(everyone, (0, PURPOSES.index("service")), 0, lives.registered, np.full(size, np.inf))]
    asked = [(channel, PURPOSES.index("marketing"), odds) for channel, odds in enumerate(_MARKETING)]
    asked.append((0, PURPOSES.index("profiling"), _PROFILING))
    agrees_to_mail = np.zeros(size, dtype=np.bool_)
    for channel, purpose, odds in asked:
        agrees = np.flatnonzero(rng.random(size) < 1 / (1 + np.exp(-(odds + shift))))
        later = rng.random(len(agrees)) < _LATER
        wait = np.where(later, rng.exponential(_LATER_DAYS, len(agrees)), 0.0)
        given = lives.registered[agrees] + wait
        withdrawn = given + rng.exponential(365 / _WITHDRAWS_YEARLY[channel], len(agrees)) + 0.01
        parts.append(_rows(agrees, (channel, purpose), np.where(later, 2, 0), given, withdrawn))
        if channel == 0 and purpose == PURPOSES.index("marketing"):
            agrees_to_mail[agrees] = True
    accepts = rng.random(size) >= _OPTS_OUT_SOFT_SPAM
    own = np.flatnonzero(lives.buyer & ~agrees_to_mail & accepts)
    parts.append(_rows(own, (0, PURPOSES.index("soft_spam")), 1, lives.arrival[own], np.full(len(own), np.inf)))
    return Consents(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _rows(
    customer: Ints, kind: tuple[int, int], source: int | Ints, given: Floats, withdrawn: Floats
) -> tuple[Ints, Ints, Ints, Ints, Floats, Floats]:
    size = len(customer)
    return (
        customer,
        np.full(size, kind[0]),
        np.full(size, kind[1]),
        np.broadcast_to(np.asarray(source, dtype=np.int64), (size,)),
        given,
        withdrawn,
    )
