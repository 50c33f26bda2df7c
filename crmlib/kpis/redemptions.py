"""Codes redeemed in orders: by whom, when, for how much, and whether they had been sent the code.

A redemption says that a code was used, not that it made anybody buy: many would have ordered anyway, at the full price.
What a campaign added, its control group says, which is why `code_account` sets the two side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from crmlib import engine
from crmlib.errors import CrmlibError, SchemaError
from crmlib.kpis import uncertainty
from crmlib.kpis.codes import code_of, codes_in
from crmlib.kpis.period import Period
from crmlib.shop.observed import columns_of
from crmlib.shop.required import require
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["BY", "STATUSES", "Group", "code_account", "redemptions"]

#: What a redemption is: of somebody who had been sent the code; who was sent it only later; who was in a control group
#: that was to go without; whom nobody sent it; of a code that nobody sent at all.
STATUSES = ("sent", "early", "control", "not_sent", "unknown")
Group = Literal["code", "campaign_id", "sequence", "message"]
#: What an account may be grouped by.
BY: tuple[str, ...] = get_args(Group)
_SENT = ["customer_id", "code", "sent_ts", "campaign_id", "sequence", "message", "discount"]


def redemptions(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    sent: pd.DataFrame | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """List the codes that orders of the period redeemed.

    Parameters
    ----------
    shop
        Whose orders have a column coupon_code; campaigns (with coupon_code), email_events and assignments say who was
        sent what.
    as_of
        The period's last day; the shop's own by default.
    previous
        The day before its first; the policy's ``kpis.period_days`` earlier by default.
    sent
        Messages beside the campaigns' mails, such as the entries of a queue: customer_id, code, and sent_ts or due_ts;
        sequence, step (or message), campaign_id and discount where they are known.
    policy
        Whose ``offers.margin`` is the share of the list price that stays with the shop.

    Returns
    -------
    pandas.DataFrame
        One row per order and code, by the time of the order: customer_id, order_id, order_ts, code (in capitals,
        without blanks), status (of `STATUSES`), campaign_id, sequence, message, sent_ts (of the latest message with
        the code before the order), codes (how many the order has), revenue (net of returns), discount (money that the
        codes took off) and margin (what stays after it; both missing where the discount is not known), given_back
        (whether the whole order was; it has no revenue then).

    Raises
    ------
    SchemaError
        The orders have no column with codes; the message says which would unlock it.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["ann", "bob"], "order_id": ["1", "2"], "amount": [90, 45],
    ...     "order_ts": ["2024-03-05", "2024-03-06"], "coupon_code": ["riattva 10", "RIATTVA10"],
    ... })
    >>> queue = pd.DataFrame({"customer_id": ["ann"], "code": ["RIATTVA10"], "due_ts": ["2024-03-01"],
    ...                       "sequence": ["win_back"], "discount": [0.1]})
    >>> shop = open_shop(orders, as_of="2024-03-31")
    Opened ...
    >>> used = redemptions(shop, sent=queue, policy={"offers": {"margin": 0.4}})
    >>> used[["customer_id", "code", "status", "sequence", "discount", "margin"]]
      customer_id       code    status  sequence  discount  margin
    0         ann  RIATTVA10      sent  win_back      10.0    30.0
    1         bob  RIATTVA10  not_sent       NaN       5.0    15.0
    """
    return _redeemed(Period.of(shop, as_of, previous, policy), sent)[0]


def code_account(
    shop: Shop,
    as_of: date | str | None = None,
    previous: date | str | None = None,
    *,
    by: Group = "campaign_id",
    sent: pd.DataFrame | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Account for codes by code, campaign, sequence or message.

    Parameters
    ----------
    shop, as_of, previous, sent, policy
        As for `redemptions`.
    by
        What a row is: a ``code``, a ``campaign_id``, a ``sequence``, or a ``message`` (of a sequence, a step).

    Returns
    -------
    pandas.DataFrame
        One row per group that was sent or redeemed, sorted:

        - sent, customers who were sent it by the last day; redeemed, those of them who then used the code within the
          period; rate, rate_low, rate_high (Wilson's interval at ``kpis.level``);
        - orders, those with the code; given_back, how many of these whole; revenue, discount, margin of them;
        - early, control, not_sent, orders by those who had not been sent it (see `STATUSES`);
        - with ``campaign_id``, for campaigns with assignments whose window lies in the period: contacted, controls
          (customers); contacted_margin, control_margin (of all orders in the window, after discounts and the cost of
          contact, per customer); extra_margin (what the contact added, for all contacted), extra_low, extra_high.

        An order with two codes counts in each one's row.

    Raises
    ------
    SchemaError
        As for `redemptions`.
    CrmlibError
        `by` is not known.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> account = code_account(open_shop("shop"), previous="2024-06-30")
    Opened shop: ...
    >>> account.loc[account["campaign_id"] == "K004", ["sent", "redeemed", "control"]].to_numpy().tolist()
    [[22, 0, 0]]
    """
    if by not in BY:
        raise CrmlibError(f"by={by!r} is not known. {did_you_mean(by, BY)}")
    import pandas as pd

    period = Period.of(shop, as_of, previous, policy)
    rows, sendings = _redeemed(period, sent)
    reached = sendings[sendings["sent_ts"] < period.until].groupby(by)["customer_id"].nunique()
    groups = pd.Index(sorted({*reached.index, *rows[by].dropna()}), name=by, dtype="str")
    used = rows.groupby(by)
    account = pd.DataFrame(index=groups)
    account["sent"] = reached.reindex(groups, fill_value=0)
    of_status = {status: rows[rows["status"] == status].groupby(by) for status in STATUSES}
    account["redeemed"] = of_status["sent"]["customer_id"].nunique().reindex(groups, fill_value=0)
    account["rate"] = (account["redeemed"] / account["sent"]).where(account["sent"] > 0)
    bounds = [
        uncertainty.share(part, whole, level=period.policy.kpis.level)
        for part, whole in zip(account["redeemed"], account["sent"], strict=True)
    ]
    account[["rate_low", "rate_high"]] = pd.DataFrame(bounds, index=groups, columns=["low", "high"], dtype=float)
    account["orders"] = used["order_id"].nunique().reindex(groups, fill_value=0)
    account["given_back"] = used["given_back"].sum().reindex(groups, fill_value=0).astype(int)
    for name in ("revenue", "discount", "margin"):
        sums = used[name].sum(min_count=1).reindex(groups)  # of orders whose discount nobody knows, missing
        account[name] = sums.where(account["orders"] > 0, 0.0)
    for status in ("early", "control", "not_sent"):
        account[status] = of_status[status].size().reindex(groups, fill_value=0)
    if by == "campaign_id":
        account = account.join(_beside_control(period, rows, list(groups)))
    return account.reset_index()


def _redeemed(period: Period, sent: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the redemptions of a period, and the messages that carried codes."""
    import pandas as pd

    shop = period.shop
    if "order_codes" not in shop.tables:
        raise SchemaError(
            "orders: no column coupon_code (the code that was redeemed), so no redemption can be counted. Export it "
            "with the orders, or say which column it is: columns={'coupon_code': '...'}."
        )
    codes, end = shop.order_codes, shop.orders.engine.moment(period.until)
    after = shop.orders.engine.moment(period.after)
    found = codes.engine.frame(
        f"select customer_id, order_id, order_ts, coupon_code, amount from {codes.name} "
        f"where order_ts >= {after} and order_ts < {end} order by order_ts, order_id, coupon_code"
    )
    sendings, begun = _sendings(period, sent), _campaigns(shop)
    known = {*sendings["code"], *begun["code"]}
    found["code"] = [codes_in(text, known) for text in found["coupon_code"]]
    rows = found.explode("code").dropna(subset="code").drop_duplicates(["customer_id", "order_id", "code"])
    rows = rows.reset_index(drop=True)
    facts = pd.DataFrame(
        _facts(rows, sendings, begun, _controls(shop, begun)),
        columns=["status", "campaign_id", "sequence", "message", "sent_ts", "share"],
    )
    rows = pd.concat([rows, facts], axis=1)
    order = [rows["customer_id"], rows["order_id"]]
    rows["codes"] = rows.groupby(order)["code"].transform("size")
    left = (1 - rows["share"].astype(float)).groupby(order).transform(lambda each: each.prod(skipna=False))
    rows["given_back"] = rows["amount"].isna() | (rows["amount"] == 0)
    rows["revenue"] = rows["amount"].fillna(0.0).astype(float)
    listed = rows["revenue"] / left
    rows["discount"] = (listed - rows["revenue"]).round(4)
    rows["margin"] = (listed * period.policy.margin_of("offers") - rows["discount"]).round(4)
    names = ["customer_id", "order_id", "order_ts", "code", "status", "campaign_id", "sequence", "message", "sent_ts"]
    return rows[[*names, "codes", "revenue", "discount", "margin", "given_back"]], sendings


def _campaigns(shop: Shop) -> pd.DataFrame:
    """Return the campaigns with codes: campaign_id, code, begun, discount, window_days, cost_per_contact."""
    wanted = {
        "campaign_id": "varchar", "coupon_code": "varchar", "sent_ts": "timestamp", "discount_percent": "double",
        "window_days": "double", "cost_per_contact": "double",
    }  # fmt: skip
    if "campaigns" not in shop.tables:
        import pandas as pd

        return pd.DataFrame(columns=["campaign_id", "code", "begun", "discount", "window_days", "cost_per_contact"])
    table = columns_of(shop, "campaigns", wanted).to_pandas()
    table = table[table["coupon_code"].notna()]
    return table.assign(
        code=table["coupon_code"].map(code_of), begun=table["sent_ts"], discount=table["discount_percent"] / 100
    )


def _sendings(period: Period, sent: pd.DataFrame | None) -> pd.DataFrame:
    """Return who was sent which code when: mails of campaigns, or else who was assigned to get them; and `sent`."""
    import pandas as pd

    shop, begun = period.shop, _campaigns(period.shop)
    parts = []
    if len(begun) and "email_events" in shop.tables:
        wanted = {"campaign_id": "varchar", "coupon_code": "varchar"}
        tables = {"events": shop.email_events, "campaigns": columns_of(shop, "campaigns", wanted)}
        mails = engine.run("kpis_code_mails", tables=tables, until=period.until).to_pandas()
        parts.append(mails)
    if len(begun) and "assignments" in shop.tables:
        arms = _assigned(shop)
        mailed = set(parts[0]["campaign_id"]) if parts else set()
        parts.append(arms.loc[(arms["arm"] != "control") & ~arms["campaign_id"].isin(mailed)].drop(columns="arm"))
    if parts:
        about = begun[["campaign_id", "code", "discount"]]
        parts = [pd.concat(parts).merge(about, on="campaign_id")]
    if sent is not None:
        parts.append(_given(sent))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_SENT)
    table = table.reindex(columns=_SENT)
    table["sent_ts"] = pd.to_datetime(table["sent_ts"])
    return table


def _given(sent: pd.DataFrame) -> pd.DataFrame:
    """Read messages that a caller hands over."""
    import pandas as pd

    when = next((name for name in ("sent_ts", "due_ts") if name in sent.columns), "sent_ts")
    require(sent, "sent", ("customer_id", "code", when), may_be_empty=("code",))
    table = sent[sent["code"].notna() & (sent["code"] != "")]
    table = table.assign(
        customer_id=table["customer_id"].astype("str"),
        code=table["code"].map(code_of),
        sent_ts=pd.to_datetime(table[when]),
    )
    if "message" not in table.columns and "step" in table.columns:
        table = table.rename(columns={"step": "message"})
    return table[[name for name in _SENT if name in table.columns]]


def _assigned(shop: Shop) -> pd.DataFrame:
    wanted = {"campaign_id": "varchar", "customer_id": "varchar", "arm": "varchar", "assigned_ts": "timestamp"}
    return columns_of(shop, "assignments", wanted).to_pandas().rename(columns={"assigned_ts": "sent_ts"})


def _controls(shop: Shop, begun: pd.DataFrame) -> pd.DataFrame:
    """Return who was to go without which code."""
    import pandas as pd

    if "assignments" not in shop.tables or not len(begun):
        return pd.DataFrame(columns=["customer_id", "code", "sent_ts", "campaign_id"])
    arms = _assigned(shop)
    return arms[arms["arm"] == "control"].merge(begun[["campaign_id", "code"]], on="campaign_id")


def _facts(
    rows: pd.DataFrame, sendings: pd.DataFrame, begun: pd.DataFrame, controls: pd.DataFrame
) -> list[tuple[Any, ...]]:
    """Say of each redemption what it is, of which message, and what share the code takes off."""
    import pandas as pd

    customers = set(rows["customer_id"])
    shares = {**dict(zip(sendings["code"], sendings["discount"], strict=True)),
              **dict(zip(begun["code"], begun["discount"], strict=True))}  # fmt: skip
    mine = _by_customer(sendings[sendings["customer_id"].isin(customers)])
    without = _by_customer(controls[controls["customer_id"].isin(customers)])
    known = {*sendings["code"], *begun["code"]}
    facts: list[tuple[Any, ...]] = []
    for customer, code, when in zip(rows["customer_id"], rows["code"], rows["order_ts"], strict=True):
        own = mine.get((customer, code), [])
        before = [row for row in own if row.sent_ts <= when]
        kept_from = [row for row in without.get((customer, code), []) if row.sent_ts <= when]
        share = shares.get(code)
        if before:
            last = before[-1]
            share = share if pd.isna(last.discount) else last.discount
            facts.append(("sent", last.campaign_id, last.sequence, last.message, last.sent_ts, share))
        elif own:
            facts.append(("early", own[0].campaign_id, own[0].sequence, own[0].message, None, share))
        elif kept_from:
            facts.append(("control", kept_from[-1].campaign_id, None, None, None, share))
        elif code in known:
            running = begun[(begun["code"] == code) & (begun["begun"] <= when)].sort_values("begun")
            campaign = running["campaign_id"].iloc[-1] if len(running) else None
            facts.append(("not_sent", campaign, None, None, None, share))
        else:
            facts.append(("unknown", None, None, None, None, None))
    return facts


def _by_customer(table: pd.DataFrame) -> dict[tuple[str, str], list[Any]]:
    result: dict[tuple[str, str], list[Any]] = {}
    rows: Any = table.sort_values("sent_ts", kind="stable").itertuples(index=False)
    for row in rows:
        result.setdefault((str(row.customer_id), str(row.code)), []).append(row)
    return result


def _beside_control(period: Period, rows: pd.DataFrame, campaigns: list[str]) -> pd.DataFrame:
    """Set the margin of those contacted beside that of the control group, campaign by campaign."""
    import numpy as np
    import pandas as pd

    from crmlib import arms

    names = ["contacted", "controls", "contacted_margin", "control_margin", "extra_margin", "extra_low", "extra_high"]
    shop, begun = period.shop, _campaigns(period.shop).set_index("campaign_id")
    result = pd.DataFrame(np.nan, index=pd.Index(campaigns, dtype="str"), columns=names)
    if "assignments" not in shop.tables:
        return result
    assigned = _assigned(shop)
    keep = period.policy.margin_of("offers")
    for campaign in campaigns:
        about: Any = begun.loc[campaign] if campaign in begun.index else None
        people = assigned[assigned["campaign_id"] == campaign]
        if about is None or np.isnan(about["window_days"]) or set(people["arm"] == "control") != {True, False}:
            continue
        days = int(about["window_days"])
        ends = people["sent_ts"].max().normalize() + pd.Timedelta(days=days)
        if ends > pd.Timestamp(period.until) or people["sent_ts"].min() < pd.Timestamp(period.after):
            continue  # its customers can still order, or some did before the period
        bought = engine.run(
            "churn_campaigns",
            tables={"assignments": shop.assignments, "orders": shop.orders},
            campaign_id=campaign,
            window_days=days,
        ).to_pandas()
        off = _discounts(rows, people, days)
        margin = keep * bought["window_spend"] - (1 - keep) * bought["customer_id"].map(off).fillna(0.0)
        contacted = bought["contacted"] == 1
        margin -= contacted * float(np.nan_to_num(about["cost_per_contact"]))
        sums = arms.sums_of(margin.to_numpy(float), contacted.to_numpy())
        low, high = (float(bound[0]) for bound in arms.interval(sums, period.policy.kpis.level))
        count = int(contacted.sum())
        result.loc[campaign] = [
            count, len(bought) - count, margin[contacted].mean(), margin[~contacted].mean(),
            count * (margin[contacted].mean() - margin[~contacted].mean()), count * low, count * high,
        ]  # fmt: skip
    return result


def _discounts(rows: pd.DataFrame, people: pd.DataFrame, days: int) -> pd.Series[float]:
    """Return what codes took off the orders of a campaign's people within its window, by customer."""
    import pandas as pd

    once = rows.drop_duplicates(["customer_id", "order_id"]).merge(people[["customer_id", "sent_ts"]].rename(
        columns={"sent_ts": "assigned"}), on="customer_id")  # fmt: skip
    within = (once["order_ts"] >= once["assigned"]) & (
        once["order_ts"].dt.normalize() < once["assigned"].dt.normalize() + pd.Timedelta(days=days)
    )
    sums: pd.Series[float] = once[within].groupby("customer_id")["discount"].sum()
    return sums
