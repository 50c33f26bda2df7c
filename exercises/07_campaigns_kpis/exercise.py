# %% [markdown]
# # Exercise 07: read the figures of another shop, and judge its Black Friday
#
# You have a shop of your own: nobody else in the class has the same customers. Count its key figures, find where its growth comes from, read a test that was run, design the next one, and say whether the discount paid.
#
# *100 minutes, 35 points. Work through notebook `07_campaigns_kpis` first.*

# %% [markdown]
# ## After this exercise you can
#
# - count key figures with the right numerator, denominator and window;
# - split a change of revenue into parts that sum up to it;
# - read a test with a control group, with an interval;
# - say how many customers a test needs before it is run;
# - tell what a discount earned from what it gave away.
#
# ## How it works
#
# - A cell that raises `NotImplementedError` is yours: replace that line by your code. Keep the name that it asks for.
# - `check("q1", figures)` looks at an answer as often as you like. Red is wrong for sure; grey says that the form is as asked, and no more; green is a worked case that comes out right. It does not know what else is right.
# - The cell below each of yours hands the answer in. Leave it as it is.
# - Grading runs your notebook from top to bottom **on other shops, as of other days, with other windows**. So work with the variables, never with numbers that you read off the screen. A cell that fails costs its own question only.

# %% tags=["parameters"]
source: str = "shop"  # your shop: a folder, or a name from `crmlib data list`
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show buttons
period_days: int = 90  # questions 1 and 3: the period is the last so many days
active_days: int = 180  # question 1: an order keeps a customer active for so many days
response_days: int = 7  # question 2: an open or a click counts within so many days, the mail's own day included
q5_inputs: list = [[0.10, 0.13, 0.05, 0.8], [0.04, 0.05, 0.05, 0.9]]  # to try question 5 on
q7_inputs: list = [[100.0, 40.0, 24.0, 0.1, 0.2], [250.0, 12.5, 5.0, 0.2, 0.5]]  # to try question 7 on

# %% [markdown]
# The tables hold what was known on the evening of `today`. The period's days are those after `previous`, up to `today`; the period before is as long and ends on `previous`.

# %%
import math

import pandas as pd
from scipy.stats import norm

from crmlib import open_shop, plots
from crmlib.grading import answer, check, facts, quiz

plots.use_style()
shop = open_shop(source, as_of=as_of or None)
today = pd.Timestamp(shop.as_of)
previous = today - pd.Timedelta(days=period_days)
orders = shop.orders.to_pandas()
orders["day"] = orders["order_ts"].dt.normalize()

# %% [markdown] question="q1"
# ## 1. Four key figures
#
# Make a dict `figures` of the period:
#
# - `new_customers`: customers whose first order ever falls in it;
# - `average_order_value`: revenue of the period by order of the period;
# - `retention_rate`: of the customers active on `previous`, the share still active on `today`. Active is who ordered on one of the `active_days` days up to the day, that day included;
# - `repeat_share`: of the customers who ordered in the period, the share that ordered more than once in it.

# %% tags=["stub"] question="q1"
raise NotImplementedError("Make `figures`: new_customers, average_order_value, retention_rate, repeat_share.")
# check("q1", figures)

# %% tags=["solution"] question="q1"
inside = orders[orders["day"] > previous]
length = pd.Timedelta(days=active_days)
start, end = (
    set(orders.loc[(orders["day"] <= day) & (orders["day"] > day - length), "customer_id"]) for day in (previous, today)
)
figures = {
    "new_customers": int((orders.groupby("customer_id")["day"].min() > previous).sum()),
    "average_order_value": float(inside["amount"].sum() / len(inside)),
    "retention_rate": len(start & end) / len(start),
    "repeat_share": float((inside.groupby("customer_id").size() > 1).mean()),
}
check("q1", figures)

# %% tags=["answer"] question="q1"
answer("q1", figures)

# %%
events = shop.email_events.to_pandas()
first_sent = events[events["event"] == "sent"].groupby("campaign_id")["event_ts"].min().dt.normalize()
over = first_sent.index[first_sent + pd.Timedelta(days=response_days) < today]
events = events[events["campaign_id"].isin(over)].reset_index(drop=True)
facts("q2", keys=events["campaign_id"])
events.head(3)

# %% [markdown] question="q2"
# ## 2. What became of the mails
#
# Make a table `mails` with one row for each campaign in `events`: `campaign_id`; `sent`, `opened` and `clicked`, the numbers of customers; and `click_rate`, `clicked` by `sent`. However often somebody opens, it counts once. An open or a click counts on one of the `response_days` days from the day of the customer's mail on, that day included.

# %% tags=["stub"] question="q2"
raise NotImplementedError("Make `mails`: campaign_id, sent, opened, clicked, click_rate.")
# check("q2", mails)

# %% tags=["solution"] question="q2"
mail = ["campaign_id", "customer_id"]
sent = events[events["event"] == "sent"].groupby(mail)["event_ts"].min().dt.normalize().rename("sent_day")
dated = events.join(sent, on=mail)
late = (dated["event_ts"].dt.normalize() - dated["sent_day"]).dt.days >= response_days
once = dated[~late].drop_duplicates([*mail, "event"])
counts = pd.crosstab(once["campaign_id"], once["event"]).reindex(columns=["sent", "open", "click"], fill_value=0)
mails = counts.set_axis(["sent", "opened", "clicked"], axis=1).reset_index()
mails["click_rate"] = mails["clicked"] / mails["sent"]

# %% tags=["answer"] question="q2"
answer("q2", mails)

# %% [markdown] question="q3"
# ## 3. Where the growth comes from
#
# Split the change of revenue from the period before to the period into a dict `parts`: `new` (first order ever in the period), `returning` (none in the period before, but earlier), `up` and `down` (orders in both, and more or less money), `lost` (orders in the period before only; a negative sum). The five add up to the change.

# %% tags=["stub"] question="q3"
raise NotImplementedError('Make `parts`: {"new": ..., "returning": ..., "up": ..., "down": ..., "lost": ...}.')
# check("q3", parts)

# %% tags=["solution"] question="q3"
earlier = previous - pd.Timedelta(days=period_days)
now = orders[orders["day"] > previous].groupby("customer_id")["amount"].sum()
before = orders[(orders["day"] > earlier) & (orders["day"] <= previous)].groupby("customer_id")["amount"].sum()
newcomer = orders.groupby("customer_id")["day"].min() > previous
came = now[~now.index.isin(before.index)]
change = (now - before).dropna()
parts = {
    "new": float(came[newcomer[came.index]].sum()),
    "returning": float(came[~newcomer[came.index]].sum()),
    "up": float(change[change > 0].sum()),
    "down": float(change[change < 0].sum()),
    "lost": float(-before[~before.index.isin(now.index)].sum()),
}

# %% tags=["answer"] question="q3"
answer("q3", parts)

# %% [markdown]
# The table `test` holds the customers of the last promotion with a control group: lots decided who was mailed (`mailed`, 1 or 0). `ordered` says whether the customer ordered within the campaign's window; `margin` is what these orders left, price paid less cost; `mail_cost` is the price of one mail.

# %%
lots = shop.assignments.to_pandas().merge(shop.campaigns.to_pandas(), on="campaign_id")
lots = lots[lots["kind"] == "promo"]
ends = lots["assigned_ts"].dt.normalize() + pd.to_timedelta(lots["window_days"], unit="D")
lots = lots[ends <= today]
lots = lots[lots["assigned_ts"] == lots["assigned_ts"].max()]
opens, mail_cost = lots["assigned_ts"].iloc[0], float(lots["cost_per_contact"].iloc[0])
closes = opens.normalize() + pd.Timedelta(days=int(lots["window_days"].iloc[0]))
lines = shop.order_lines.to_pandas().merge(shop.products.to_pandas()[["product_id", "cost"]], on="product_id")
lines = lines[(lines["order_ts"] >= opens) & (lines["order_ts"] < closes)]
left = (lines["amount"] - lines["quantity"] * lines["cost"]).groupby(lines["customer_id"]).sum()
test = lots[["customer_id"]].assign(mailed=(lots["arm"] != "control").astype(int)).reset_index(drop=True)
test["ordered"] = test["customer_id"].isin(lines["customer_id"]).astype(int)
test["margin"] = test["customer_id"].map(left).fillna(0.0)
test.groupby("mailed")[["ordered", "margin"]].agg(["size", "mean"])

# %% [markdown] question="q4"
# ## 4. Read the test
#
# Hand in a dict `reading`: `difference`, the share that ordered among the mailed less that of the control; `low` and `high`, its 95 % interval (normal, each arm with its own variance p (1 - p) / n); and `p_value`, two-sided, of the test that both shares are one (z, with the shares pooled).

# %% tags=["stub"] question="q4"
raise NotImplementedError('Make `reading`: {"difference": ..., "low": ..., "high": ..., "p_value": ...}.')
# check("q4", reading)

# %% tags=["solution"] question="q4"
arms = test.groupby("mailed")["ordered"].agg(["sum", "size", "mean"])
difference = arms.loc[1, "mean"] - arms.loc[0, "mean"]
error = math.sqrt((arms["mean"] * (1 - arms["mean"]) / arms["size"]).sum())
pooled = arms["sum"].sum() / arms["size"].sum()
z = difference / math.sqrt(pooled * (1 - pooled) * (1 / arms["size"]).sum())
half = norm.ppf(0.975) * error
reading = {
    "difference": float(difference),
    "low": float(difference - half),
    "high": float(difference + half),
    "p_value": float(2 * norm.sf(abs(z))),
}

# %% tags=["answer"] question="q4"
answer("q4", reading)

# %% [markdown] question="q5"
# ## 5. How many customers does it take?
#
# Write a function `customers_needed(base, hoped, alpha, power)`: the share that orders anyway, the share hoped for, the significance level of a two-sided test, and its power. It gives a dict:
#
# - `per_arm`: customers in each of two equal arms, rounded up. Take $n = (z_{1-\alpha/2} + z_{power})^2 \, (p_1 (1-p_1) + p_2 (1-p_2)) / (p_2 - p_1)^2$;
# - `detectable`: with half of `per_arm` in each arm, the smallest difference that has this power. Take the variance of the two shares as it is.


# %% tags=["stub"] question="q5"
def customers_needed(base: float, hoped: float, alpha: float, power: float) -> dict[str, float]:
    raise NotImplementedError('Return {"per_arm": ..., "detectable": ...}.')


# check("q5", customers_needed)


# %% tags=["solution"] question="q5"
def customers_needed(base: float, hoped: float, alpha: float, power: float) -> dict[str, float]:
    z = norm.ppf(1 - alpha / 2) + norm.ppf(power)
    variance = base * (1 - base) + hoped * (1 - hoped)
    per_arm = math.ceil(z**2 * variance / (hoped - base) ** 2)
    return {"per_arm": per_arm, "detectable": float(z * math.sqrt(variance / (per_arm / 2)))}


# %% tags=["answer"] question="q5"
answer("q5", customers_needed, inputs=q5_inputs)

# %% [markdown] question="q6"
# ## 6. Did the promotion earn money?
#
# Hand in a dict `result` of `test`, in the shop's currency: `per_mail`, the mean margin of the mailed less that of the control, less `mail_cost`; `low` and `high`, its 95 % interval (normal, each arm with its own variance, n - 1 below); and `without_control`, what a shop that kept no control would believe a mail earned: the mean margin of the mailed less `mail_cost`.

# %% tags=["stub"] question="q6"
raise NotImplementedError('Make `result`: {"per_mail": ..., "low": ..., "high": ..., "without_control": ...}.')
# check("q6", result)

# %% tags=["solution"] question="q6"
money = test.groupby("mailed")["margin"].agg(["mean", "var", "size"])
per_mail = money.loc[1, "mean"] - money.loc[0, "mean"] - mail_cost
half = norm.ppf(0.975) * math.sqrt((money["var"] / money["size"]).sum())
result = {
    "per_mail": float(per_mail),
    "low": float(per_mail - half),
    "high": float(per_mail + half),
    "without_control": float(money.loc[1, "mean"] - mail_cost),
}

# %% tags=["answer"] question="q6"
answer("q6", result)

# %% [markdown] question="q7"
# ## 7. When does a discount pay?
#
# A shop sells `units` pieces at `price`, each at a `cost`. It gives everybody a `discount` (a share of the price), and sells `uplift` more pieces (a share of `units`). Write a function `judge_discount(units, price, cost, discount, uplift)` that gives a dict:
#
# - `gain`: the margin with the discount less the margin without;
# - `given_away`: the discount on the pieces that would have been sold anyway;
# - `uplift_needed`: the uplift at which `gain` is 0.


# %% tags=["stub"] question="q7"
def judge_discount(units: float, price: float, cost: float, discount: float, uplift: float) -> dict[str, float]:
    raise NotImplementedError('Return {"gain": ..., "given_away": ..., "uplift_needed": ...}.')


# check("q7", judge_discount)


# %% tags=["solution"] question="q7"
def judge_discount(units: float, price: float, cost: float, discount: float, uplift: float) -> dict[str, float]:
    full, reduced = price - cost, price * (1 - discount) - cost
    return {
        "gain": units * (1 + uplift) * reduced - units * full,
        "given_away": units * price * discount,
        "uplift_needed": full / reduced - 1,
    }


# %% tags=["answer"] question="q7"
answer("q7", judge_discount, inputs=q7_inputs)

# %% [markdown] question="w1"
# ## 8. Again next year?
#
# The owner of the shop asks: "Everybody bought. Do we run the promotion again?" Answer in your own words. Say what the mailed ordered beyond the control and how sure that is, what a shop without a control would have believed, what the discount gave away, and how the next test is built: whom it compares, how many, when it is read. A person reads this.

# %% tags=["stub"] question="w1"
w1 = """
"""

# %% tags=["solution"] question="w1"
w1 = """
The mailed ordered more often than the control, but the interval of the difference is wide, and in money it may well hold
zero: this test was too small to say that the promotion earned anything. Without a control we would have counted every
order in the window as the mail's own, although most of these customers would have bought in that season anyway. They
got the discount all the same, and that margin is given away. So we do not simply repeat it. Next year half of the audience
gets the mail with the discount, a quarter the mail without it, a quarter nothing, drawn by lot. We work out beforehand how
many it takes for the smallest difference that would pay, we fix the day on which we read it, when the window is over, and
we do not stop early because it looks good. If the lower end of the margin per mail is below zero, we drop the discount.
"""

# %% tags=["answer"] question="w1"
answer("w1", w1)

# %% [markdown] question="z1"
# ## 9. Five quick questions
#
# Write the letter of your choice between the quotes. The cell below each shows the buttons again.
#
# **The retention rate of a period counts among those who are active at its end also the customers who came in it. What does that do?**

# %% tags=["stub"] question="z1"
z1 = ""

# %% tags=["solution"] question="z1"
z1 = "b"

# %% tags=["answer"] question="z1"
quiz("z1", z1, interactive=interactive)

# %% [markdown] question="z2"
# **You look at an A/B test every day and stop as soon as p is below 0.05. Both variants are the same. How often do you find a winner?**

# %% tags=["stub"] question="z2"
z2 = ""

# %% tags=["solution"] question="z2"
z2 = "d"

# %% tags=["answer"] question="z2"
quiz("z2", z2, interactive=interactive)

# %% [markdown] question="z3"
# **To find half the difference with the same power, how many customers does a test need?**

# %% tags=["stub"] question="z3"
z3 = ""

# %% tags=["solution"] question="z3"
z3 = "c"

# %% tags=["answer"] question="z3"
quiz("z3", z3, interactive=interactive)

# %% [markdown] question="z4"
# **12 % of those who clicked a mail ordered within two weeks, and 5 % of all others. What did the mail do?**

# %% tags=["stub"] question="z4"
z4 = ""

# %% tags=["solution"] question="z4"
z4 = "a"

# %% tags=["answer"] question="z4"
quiz("z4", z4, interactive=interactive)

# %% [markdown] question="z5"
# **You compare six customer segments in one test, each at 5 %. One shows p = 0.03. What do you say?**

# %% tags=["stub"] question="z5"
z5 = ""

# %% tags=["solution"] question="z5"
z5 = "c"

# %% tags=["answer"] question="z5"
quiz("z5", z5, interactive=interactive)

# %% [markdown]
# ## Before you hand in
#
# *Kernel* > *Restart Kernel and Run All Cells*. Does every answer say that it is recorded? Then save, and send this file.
