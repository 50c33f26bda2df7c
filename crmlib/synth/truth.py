"""What the shop cannot know: who people are, how long they stay, what they will spend, what a contact does to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.synth import columns
from crmlib.synth.life import leaving_rate

if TYPE_CHECKING:
    from crmlib.arrays import Floats, Ints
    from crmlib.synth.life import Lives, World
    from crmlib.synth.seasons import Calendar


__all__ = ["customer_truth", "expected_orders"]

HORIZON = 365


def expected_orders(world: World, lives: Lives, day: float, horizon: float) -> Floats:
    """Return the orders expected of each customer in the days after `day`, given the latent rates.

    With a rate lambda and a leaving rate mu it is lambda (1 - exp(-mu t)) / mu for who is still there, 0 for who
    has left. In `realistic`, mu is that at the customer's own level of satisfaction and the season averages out.
    """
    mu = leaving_rate(world, lives.dropout, lives.level)
    stays = lives.stays(day) & lives.buyer
    expected: Floats = np.where(stays, lives.rate * -np.expm1(-mu * horizon) / mu, 0.0)
    return expected


def customer_truth(
    world: World,
    calendar: Calendar,
    lives: Lives,
    *,
    day: int,
    at_until: Lives,
    mail_habit: Floats,
    future_orders: Ints,
    future_cents: Ints,
) -> dict[str, Any]:
    """Return the truth about each customer.

    Parameters
    ----------
    world, calendar
        Parameters and days.
    lives
        The customers at the end of the holdout.
    day
        Days from the start to the end of the observed period.
    at_until
        The customers at that moment: with the mail habit the whole state, from which a future can go on.
    mail_habit
        Own log-odds of opening a mail.
    future_orders, future_cents
        Orders and money of each customer in the holdout.
    """
    parameters = world.parameters
    delta = np.log1p(parameters.discount_rate) / 365
    mu = leaving_rate(world, at_until.dropout, at_until.level)
    stays = at_until.stays(day)
    yearly = expected_orders(world, at_until, day, HORIZON)
    endless = np.where(stays & lives.buyer, lives.rate / (mu + delta), 0.0)
    in_patience = np.where(np.isfinite(at_until.left), 0.0, at_until.patience)
    numbers = {
        "order_rate": lives.rate,
        "dropout_rate": lives.dropout,
        "mean_order_value": lives.value,
        "login_rate": lives.logins,
        "mail_habit": mail_habit,
        "satisfaction_level": lives.level,
        "satisfaction": at_until.satisfaction,
        "patience": in_patience,
        "expected_orders_365": yearly,
        "expected_spend_365": yearly * lives.value,
        "cltv": endless * lives.value,
    }
    return {
        "persona": columns.labels(parameters.names, lives.persona),
        "buyer": columns.flags(lives.buyer),
        "alive_until": columns.timestamps(calendar.seconds(lives.left)),
        "alive": columns.flags(stays),
        "future_orders": columns.numbers(future_orders),
        "future_spend": columns.money(future_cents),
        # The last bits of an exponential depend on the processor; without them the checksum does not.
        **{name: np.round(column, 10) for name, column in numbers.items()},
    }
