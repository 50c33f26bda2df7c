"""What becomes of the mails: opened, clicked, read, followed by an order, or the last one wanted.

The source has events (sent, open, click, unsubscribe, at times bounce), not eyes. An opening is the picture that a
mail program loads: some load it for nobody, some never. Reading is not reported at all, so the policy says what stands
for it. A mail is one campaign's to one person, and each person counts once for it. A mail counts in the period in which
its time to respond ends, so that each has had the same time, and none counts in two periods.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crmlib import engine
from crmlib.errors import SchemaError
from crmlib.kpis import uncertainty
from crmlib.kpis.figures import counted_together
from crmlib.kpis.period import Period
from crmlib.shop.required import require

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.kpis.kpi import Kpi
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = [
    "RATES",
    "campaigns",
    "click_rate",
    "open_rate",
    "read_rate",
    "reader_conversion",
    "unsubscribe_rate",
]

#: Each rate and what it divides, columns of `campaigns`; of clicks, the policy says by what.
RATES = {
    "open_rate": ("opened", "delivered"),
    "click_rate": ("clicked", "delivered"),
    "read_rate": ("read", "delivered"),
    "reader_conversion": ("converted", "readers"),
    "unsubscribe_rate": ("unsubscribed", "delivered"),
}
_COLUMNS = ("sent", "delivered", "opened", "clicked", "read", "unsubscribed", "readers", "converted")


def open_rate(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return the share of the delivered mails that were opened.

    Parameters
    ----------
    shop
        With email_events (campaign_id, customer_id, event, event_ts).
    as_of
        The period's last day; the shop's own by default.
    previous
        The day before its first; the policy's ``kpis.period_days`` earlier by default.
    policy
        Whose ``kpis.response_days`` is the time to respond, and whose ``kpis.click_is_open`` counts clicks as well.

    Returns
    -------
    Kpi
        Numerator: mails opened in time, each once. Denominator: mails delivered (sent, and no bounce reported) whose
        time to respond ended in the period. Window: ``kpis.response_days`` from the sending, its day included. Unit:
        share of 1. Interval: Wilson's; it takes mails as independent, though one person gets several.

    Raises
    ------
    SchemaError
        The shop has no email_events, or they lack a column.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({"customer_id": ["a"], "order_ts": ["2024-02-01"], "amount": 10})
    >>> events = pd.DataFrame({
    ...     "campaign_id": "spring", "customer_id": ["a", "b", "c", "a", "a"],
    ...     "event": ["sent", "sent", "sent", "open", "open"], "event_ts": pd.to_datetime("2024-02-01 10:00"),
    ... })
    >>> shop = open_shop({"orders": sales, "email_events": events}, as_of="2024-02-29")
    Opened tables: ...
    >>> open_rate(shop)
    open_rate 33.3 % (interval 6.1 % to 79.2 %; 1 of 3)
    """
    return _rate("open_rate", Period.of(shop, as_of, previous, policy))


def click_rate(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return the share of the mails in which something was clicked.

    Parameters
    ----------
    shop, as_of, previous
        As for `open_rate`.
    policy
        Whose ``kpis.click_rate_of`` says whether clicks are a share of the delivered or of the opened mails.

    Returns
    -------
    Kpi
        Numerator: mails with a click in time, each once. Denominator: mails delivered (or opened) whose time to respond
        ended in the period. Window: ``kpis.response_days`` from the sending, its day included. Unit: share of 1.
        Interval: Wilson's.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> shop = open_shop("shop")
    Opened shop: ...
    >>> rate, of_opened = (click_rate(shop, policy={"kpis": {"click_rate_of": of}}) for of in ("delivered", "opened"))
    >>> rate.numerator == of_opened.numerator, rate.value < of_opened.value
    (True, True)
    """
    return _rate("click_rate", Period.of(shop, as_of, previous, policy))


def read_rate(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return the share of the delivered mails that were read, as far as the source can tell.

    Parameters
    ----------
    shop, as_of, previous
        As for `open_rate`.
    policy
        Whose ``kpis.read_by`` says what stands for reading, which no source reports: by default a click, and then this
        is the click-through rate. With a column ``seconds`` in email_events, ``seconds`` is nearer to the word.

    Returns
    -------
    Kpi
        Numerator: mails read in time, each once. Denominator: mails delivered whose time to respond ended in the
        period. Window: ``kpis.response_days`` from the sending, its day included. Unit: share of 1. Interval: Wilson's.

    Raises
    ------
    SchemaError
        ``read_by`` is ``seconds``, and the source does not say how long mails were open.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> read_rate(open_shop("shop"), policy={"kpis": {"read_by": "seconds"}})
    Traceback (most recent call last):
    crmlib.errors.SchemaError: email_events: no column 'seconds', ...
    """
    return _rate("read_rate", Period.of(shop, as_of, previous, policy))


def reader_conversion(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return the share of the readers who ordered soon after: it says who did, not that the mail made them.

    Parameters
    ----------
    shop, as_of, previous
        As for `open_rate`.
    policy
        Whose ``kpis`` says what reading is (``read_by``), within how many days an order counts (``conversion_days``),
        whether any order does or the first alone (``reader_converts``), and for which mail (``attribution``).

    Returns
    -------
    Kpi
        Numerator: mails whose reader ordered in time, each once. Denominator: mails read (with ``first_order``: by
        people without an order until then) whose time to respond and to order ended in the period. Window:
        ``kpis.conversion_days`` from the reading, its day included. Unit: share of 1. Interval: Wilson's.

    Notes
    -----
    Readers are the keener customers, and many would have ordered anyway. What a mail adds, a control group says.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> sales = pd.DataFrame({"customer_id": ["a", "b"], "order_ts": ["2024-02-02", "2024-01-05"], "amount": 10})
    >>> events = pd.DataFrame({
    ...     "campaign_id": "spring", "customer_id": ["a", "b", "a", "b"],
    ...     "event": ["sent", "sent", "click", "click"], "event_ts": pd.to_datetime("2024-02-01 10:00"),
    ... })
    >>> shop = open_shop({"orders": sales, "email_events": events}, as_of="2024-02-29")
    Opened tables: ...
    >>> reader_conversion(shop)
    reader_conversion 50.0 % (interval 9.5 % to 90.5 %; 1 of 2)
    """
    return _rate("reader_conversion", Period.of(shop, as_of, previous, policy))


def unsubscribe_rate(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> Kpi:
    """Return the share of the delivered mails that made somebody unsubscribe.

    Parameters
    ----------
    shop, as_of, previous, policy
        As for `open_rate`.

    Returns
    -------
    Kpi
        Numerator: mails with an unsubscription in time, each once. Denominator: mails delivered whose time to respond
        ended in the period. Window: ``kpis.response_days`` from the sending, its day included. Unit: share of 1.
        Interval: Wilson's.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> 0 < unsubscribe_rate(open_shop("shop")).value < 0.05
    Opened shop: ...
    True
    """
    return _rate("unsubscribe_rate", Period.of(shop, as_of, previous, policy))


def campaigns(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Return all rates of each campaign, with what they were divided from and their intervals.

    Parameters
    ----------
    shop, as_of, previous, policy
        As for `open_rate` and `reader_conversion`.

    Returns
    -------
    pandas.DataFrame
        Campaigns whose mails were sent in the period, by the time of sending: campaign_id; sent, delivered, opened,
        clicked, read, unsubscribed, of mails whose time to respond is over by `as_of`; readers, converted, of those
        whose time to order is over, too; for each of `RATES` the rate (a share of 1; missing where there is nothing
        to divide by), and the rate's name with _low and _high.

    Raises
    ------
    SchemaError
        The shop has no email_events, or they lack a column.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> found = campaigns(open_shop("shop"), previous="2025-12-31")
    Opened shop: ...
    >>> bool((found["clicked"] <= found["opened"]).all())
    True
    """
    period = Period.of(shop, as_of, previous, policy)
    found = counts(period, sent_within=True)
    for name in RATES:
        part, whole = _divided(name, period)
        found[name] = (found[part] / found[whole]).where(found[whole] > 0)
        bounds = [uncertainty.share(*pair, level=period.policy.kpis.level)
                  for pair in zip(found[part], found[whole], strict=True)]  # fmt: skip
        found[[f"{name}_low", f"{name}_high"]] = bounds or 0.0
    return found


def counts(period: Period, *, sent_within: bool = False) -> pd.DataFrame:
    """Return what all rates are made of, by campaign.

    Parameters
    ----------
    period
        Of a shop with email_events.
    sent_within
        Whether mails count that were sent in the period and whose time is over by its end; otherwise all whose time
        ended in the period.

    Returns
    -------
    pandas.DataFrame
        campaign_id, sent, delivered, opened, clicked, read, unsubscribed, readers, converted, in the order of sending.
    """
    rules = period.policy.kpis
    respond = timedelta(days=rules.response_days - 1)  # the day of sending is the first
    order = respond + timedelta(days=rules.conversion_days - 1)

    def sent(time: timedelta) -> dict[str, date]:
        return {"sent_after": period.previous - (timedelta() if sent_within else time),
                "sent_until": period.as_of - time}  # fmt: skip

    mails = engine.run(
        "kpis_mails",
        tables={"events": _events(period)},
        # the mail read last before an order may have been sent before the others
        first=period.previous - order - respond - timedelta(days=1),
        until=period.until,
        response_days=rules.response_days,
        click_is_open=int(rules.click_is_open),
        read_event="click" if rules.read_by == "click" else "open",
    )
    counted = engine.run("kpis_mail_counts", tables={"mails": mails}, **sent(respond)).to_pandas()
    conversions = engine.run(
        "kpis_conversions",
        tables={"mails": mails, "orders": period.shop.orders},
        until=period.until,
        conversion_days=rules.conversion_days,
        last=int(rules.attribution == "last"),
        first_only=int(rules.reader_converts == "first_order"),
        **sent(order),
    ).to_pandas()
    found = counted.merge(conversions, on="campaign_id", how="outer")
    found = found.sort_values(["sent_ts", "campaign_id"], ignore_index=True)
    found[list(_COLUMNS)] = found[list(_COLUMNS)].fillna(0).astype("int64")
    return found[["campaign_id", *_COLUMNS]]


def _events(period: Period) -> engine.Table:
    """Return the events; where reading takes time, an open that was too short is a glance."""
    events, rules = period.shop.email_events, period.policy.kpis
    require(events, "email_events", ("campaign_id", "customer_id", "event", "event_ts"), may_be_empty=("customer_id",))
    if rules.read_by != "seconds":
        return events
    if "seconds" not in events.columns:
        raise SchemaError(
            "email_events: no column 'seconds', so nobody can tell how long a mail was open. Choose another stand-in "
            'for reading: policy kpis.read_by = "click" or "open".'
        )
    glance = f"event = 'open' and coalesce(seconds, 0) < {rules.read_seconds}"
    return events.engine.table(
        f"select campaign_id, customer_id, event_ts, case when {glance} then 'glance' else event end as event "
        f"from {events.name}"
    )


def _divided(name: str, period: Period) -> tuple[str, str]:
    part, whole = RATES[name]
    return part, period.policy.kpis.click_rate_of if name == "click_rate" else whole


def _rate(name: str, period: Period) -> Kpi:
    return rates(period)[name]


@counted_together(*RATES, family="interaction", unit="share")
def rates(period: Period) -> dict[str, Kpi]:
    """Return all rates over all campaigns, from one count.

    Parameters
    ----------
    period
        Of a shop with email_events.
    """
    sums = counts(period)[list(_COLUMNS)].sum()
    found = {}
    for name in RATES:
        part, whole = (float(sums[column]) for column in _divided(name, period))
        interval = uncertainty.share(part, whole, level=period.policy.kpis.level)
        found[name] = period.kpi(name, "interaction", "share", part, whole, interval)
    return found
