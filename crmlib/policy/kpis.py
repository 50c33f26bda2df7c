"""What the shop's key figures count: windows, and definitions that businesses argue about."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

__all__ = ["Kpis"]

Days = Annotated[int, msgspec.Meta(ge=1, le=3650)]


class Kpis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Windows and definitions of the key figures. Who is an active customer says ``churn.active_days``.

    Attributes
    ----------
    period_days
        How long a period is, where no previous day is said.
    level
        Of the intervals.
    database
        Who is in the database: ``accounts`` of the site, ``buyers`` with an order, or ``subscribers`` whose permission
        for marketing by mail is in force: they alone can also leave it.
    spend_lag_days
        Marketing spend counts for the customers who come so many days later.
    repeat_days
        Window of the repeat purchase rate: so many days up to the day of the figure.
    repeat_purchase
        Who repeats: ``more_than_one`` had two orders or more within the window; ``ever_before`` had one within it
        and any other before, however long ago.
    cltv
        ``future``, what customers will bring over ``clv.horizon_months``; ``past``, what they have brought; ``both``.
    response_days
        An open, a click or an unsubscription counts within so many days of the mail, its own day included.
    click_is_open
        Whether who clicked has opened, even where the picture that reports the opening was blocked.
    click_rate_of
        Clicks are a share of the mails ``delivered`` (click-through rate) or ``opened`` (click-to-open rate).
    read_by
        What counts as read, for no source reports reading itself: a ``click``, which misses readers without a reason
        to click; an ``open``, which counts glances and mail programs that open for their user; or ``seconds``: an
        open that lasted `read_seconds` or more, by a column ``seconds`` of email_events.
    read_seconds
        So long is read and no longer glanced at.
    conversion_days
        An order within so many days of the reading, its own day included, makes a reader a customer.
    reader_converts
        ``any_order`` of any reader; or ``first_order``, of those readers who had none before.
    attribution
        An order after several mails was read counts for ``each`` of them, or for the one read ``last`` alone.
    returning
        Who had not ordered in the period before, but earlier, is growth by ``development`` or by ``acquisition``.
    """

    period_days: Days = 90
    level: Annotated[float, msgspec.Meta(ge=0.5, lt=1)] = 0.95
    database: Literal["accounts", "buyers", "subscribers"] = "accounts"
    spend_lag_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 0
    repeat_days: Days = 365
    repeat_purchase: Literal["more_than_one", "ever_before"] = "more_than_one"
    cltv: Literal["future", "past", "both"] = "future"
    response_days: Days = 7
    click_is_open: bool = True
    click_rate_of: Literal["delivered", "opened"] = "delivered"
    read_by: Literal["click", "open", "seconds"] = "click"
    read_seconds: Annotated[float, msgspec.Meta(gt=0)] = 8
    conversion_days: Days = 14
    reader_converts: Literal["any_order", "first_order"] = "any_order"
    attribution: Literal["each", "last"] = "each"
    returning: Literal["development", "acquisition"] = "development"
