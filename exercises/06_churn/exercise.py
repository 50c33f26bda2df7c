# %% [markdown]
# # Exercise 06: find who is leaving another shop, and whom it pays to keep
#
# You have a shop of your own: nobody else in the class has the same customers. Flag who may leave, learn from the past without looking ahead, and decide to whom an offer is worth its price.
#
# *90 minutes, 35 points. Work through notebook `06_churn` first.*

# %% [markdown]
# ## After this exercise you can
#
# - flag three signs of leaving, and read a window off the data;
# - build a table that knows nothing of the future;
# - draw a survival curve that uses those who are still here;
# - find the probability from which an offer pays, and whom to contact;
# - tell what a message changed from what would have happened anyway.
#
# ## How it works
#
# - A cell that raises `NotImplementedError` is yours: replace that line by your code. Keep the name that it asks for.
# - `check("q1", flags)` looks at an answer as often as you like. Red is wrong for sure; grey says that the form is as asked, and no more; green is a worked case that comes out right. It does not know what else is right.
# - The cell below each of yours hands the answer in. Leave it as it is.
# - Grading runs your notebook from top to bottom **on other shops, as of other days, with other costs**. So work with the variables, never with numbers that you read off the screen. A cell that fails costs its own question only.

# %% tags=["parameters"]
source: str = "shop"  # your shop: a folder, or a name from `crmlib data list`
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show buttons
login_days: int = 30  # question 1: a longer silence without a login is a sign
purchase_days: int = 60  # questions 1 and 2: a longer silence without a purchase is a sign
low_score: int = 6  # question 1: a lower score is a sign
share_of_returns: float = 0.9  # question 2: the window holds this share of the returns
horizon_days: int = 90  # question 3: leaving is no order in so many days
silence_days: int = 180  # question 4: leaving for good is a silence so long
margin: float = 0.30  # question 6: share of an order's value that stays with the shop
success_rate: float = 0.10  # share of those about to leave whom the offer keeps: an assumption
contact_cost: float = 0.50  # what one message costs, in the shop's currency
incentive_cost: float = 5.0  # what the offer costs where it is taken, in the shop's currency
q5_inputs: list = [[0.7, 40.0, 0.10, 0.5, 4.0], [0.2, 150.0, 0.05, 0.1, 2.0]]  # to try question 5 on

# %% [markdown]
# The tables hold what was known on the evening of `today`: the customers registered by then, their orders and logins, and the answers to "would you recommend us?", up to 10.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from crmlib import churn, open_shop, plots, surveys
from crmlib.grading import answer, check, facts, quiz

plots.use_style()
shop = open_shop(source, as_of=as_of or None)
today = pd.Timestamp(shop.as_of)
customers, orders, logins = (getattr(shop, name).to_pandas() for name in ("customers", "orders", "logins"))
asked = pd.concat([surveys.asked(shop, scale=scale) for scale in ("nps_0_10", "nps_1_10")])
answers = asked.loc[asked["score"].notna(), ["customer_id", "answered_ts", "score"]]
facts("q1", keys=customers["customer_id"])

# %% [markdown] question="q1"
# ## 1. Three signs
#
# Make a table `flags` with one row for each row of `customers`: `customer_id`, `days_since_purchase` (missing for who never bought), and three columns of True and False:
#
# - `no_login`: more than `login_days` days since the last login; for who never logged in, since registration;
# - `no_purchase`: more than `purchase_days` days since the last purchase; False for who never bought;
# - `low_score`: the **last** answer is less than `low_score`; False for who never answered.
#
# Days are counted from day to day: the hour does not matter.

# %% tags=["stub"] question="q1"
raise NotImplementedError("Make `flags`: customer_id, days_since_purchase, no_login, no_purchase, low_score.")
# check("q1", flags)

# %% tags=["solution"] question="q1"
flags = customers[["customer_id", "registered_ts"]].reset_index(drop=True)
who = flags["customer_id"]
last_login = who.map(logins.groupby("customer_id")["login_ts"].max()).fillna(flags.pop("registered_ts"))
last_order = who.map(orders.groupby("customer_id")["order_ts"].max())
last_score = who.map(answers.sort_values("answered_ts").groupby("customer_id")["score"].last())
flags["days_since_purchase"] = (today - last_order.dt.normalize()).dt.days
flags["no_login"] = (today - last_login.dt.normalize()).dt.days > login_days
flags["no_purchase"] = flags["days_since_purchase"] > purchase_days
flags["low_score"] = (last_score < low_score).fillna(value=False).astype(bool)
check("q1", flags)

# %% tags=["answer"] question="q1"
answer("q1", flags)

# %% [markdown] question="q2"
# ## 2. How long is a long silence?
#
# Take the days from each purchase of a customer to the next one; purchases of one day are one. Hand in a dict `silence`: `window`, the days within which `share_of_returns` of these returns came (a quantile); and `within`, the share of the returns that came within `purchase_days`.

# %% tags=["stub"] question="q2"
raise NotImplementedError('Make `silence`: {"window": ..., "within": ...}.')
# check("q2", silence)

# %% tags=["solution"] question="q2"
days = orders.assign(day=orders["order_ts"].dt.normalize()).drop_duplicates(["customer_id", "day"])
gaps = days.sort_values("day").groupby("customer_id")["day"].diff().dropna().dt.days
silence = {"window": float(gaps.quantile(share_of_returns)), "within": float((gaps <= purchase_days).mean())}

# %% tags=["answer"] question="q2"
answer("q2", silence)

# %% [markdown]
# Now we step back by one horizon. `orders_then` is what was known on the evening of `cut_off`; `orders` is what is known today. The table `lives` is for question 4: how long each customer was seen, and whether the end was (`left_us`; 0 for who is still here).

# %%
cut_off = today - pd.Timedelta(days=horizon_days)
orders_then = shop.on(cut_off.date()).orders.to_pandas()
lives = churn.lifetimes(shop, silence_days=silence_days)
large = lives["first_amount"] > lives["first_amount"].median()
print(f"{len(orders_then):,} orders were known on {cut_off.date()}, {len(orders):,} today.")

# %% [markdown] question="q3"
# ## 3. A table that does not look ahead
#
# Make a table `past` with one row for each customer whose last order **then** was less than 180 days before `cut_off`: `customer_id`; `orders` and `recency_days`, as known on `cut_off`; and `left_us`, 1 for who placed no order on the days after `cut_off`, up to today, and 0 for who did.

# %% tags=["stub"] question="q3"
raise NotImplementedError("Make `past`: a DataFrame with customer_id, orders, recency_days and left_us.")
# check("q3", past)

# %% tags=["solution"] question="q3"
past = orders_then.groupby("customer_id", as_index=False).agg(orders=("order_id", "size"), last=("order_ts", "max"))
past["recency_days"] = (cut_off - past.pop("last").dt.normalize()).dt.days
past = past[past["recency_days"] < 180]
after = orders.loc[orders["order_ts"] >= cut_off + pd.Timedelta(days=1), "customer_id"]
past["left_us"] = (~past["customer_id"].isin(after)).astype(int)

# %% tags=["answer"] question="q3"
answer("q3", past)

# %% [markdown] question="q4"
# ## 4. Draw who stays
#
# Draw two Kaplan-Meier curves from `lives`: customers whose first order was `large`, and the others. The days go across, the share that is still there goes up, with the points that `churn.kaplan_meier` gives. Keep the axes as `axes`, with labels on both and a title that says what you see.

# %% tags=["stub"] question="q4"
raise NotImplementedError("Make `axes`: two falling lines, with labels and a title.")
# check("q4", axes)

# %% tags=["solution"] question="q4" mystnb={"image": {"alt": "Two falling steps: the share of customers still there by days since the first order, for large and small first orders."}}
curves = churn.kaplan_meier(lives["days"], lives["left_us"], by=large.map({True: "large", False: "small"}))
figure, axes = plt.subplots(figsize=(7, 4))
for size, curve in curves.groupby("group"):
    axes.step(curve["days"], curve["share"], where="post", label=f"{size} first order")
axes.set_xlabel("Days since the first order")
axes.set_ylabel("Share still there")
least = curves.groupby("group")["share"].last()
axes.set_title(f"At the end {least['large']:.0%} are left of the large, {least['small']:.0%} of the small")
axes.legend()

# %% tags=["answer"] question="q4"
answer("q4", axes)

# %% [markdown] question="q5"
# ## 5. Does the offer pay?
#
# Write a function `judge(chance, value, success, contact, incentive)`: a customer's probability of leaving, and worth if kept; the offer's success rate, and its two costs. It gives a dict:
#
# - `profit`: what contacting this customer brings, in expectation, as in section 6 of the notebook. Everyone who would have stayed takes the incentive too.
# - `pays_from`: the probability of leaving at which that profit is 0. Above 1 it says "never"; give it as it comes.


# %% tags=["stub"] question="q5"
def judge(chance: float, value: float, success: float, contact: float, incentive: float) -> dict[str, float]:
    raise NotImplementedError('Return {"profit": ..., "pays_from": ...}.')


# check("q5", judge)


# %% tags=["solution"] question="q5"
def judge(chance: float, value: float, success: float, contact: float, incentive: float) -> dict[str, float]:
    won = success * (value - incentive)
    profit = chance * won - (1 - chance) * incentive - contact
    return {"profit": profit, "pays_from": (contact + incentive) / (won + incentive)}


# %% tags=["answer"] question="q5"
answer("q5", judge, inputs=q5_inputs)

# %% [markdown]
# A model now learns from an earlier cut-off, and tells each customer of `cut_off` a `chance` of leaving. `value` is a year's margin at the pace so far. `left_us` came later: on the day of the decision nobody knew it.

# %%
cut_offs = [(cut_off - pd.Timedelta(days=back)).date() for back in (horizon_days, 0)]
seen = churn.examples(shop, cut_offs, horizon_days=horizon_days)
earlier, told = seen[seen["at"] < cut_off], seen[seen["at"] == cut_off].reset_index(drop=True)
told["chance"] = churn.ChurnModel("logistic").fit(earlier).predict(told)
pace = 365 * told["orders"] / (told["days_since_first_order"] + horizon_days)
told["value"] = margin * np.maximum(told["mean_order_value"], 0) * pace
told[["customer_id", "chance", "value", "left_us"]].head()

# %% [markdown] question="q6"
# ## 6. Whom do you contact?
#
# Choose the customers of `told` whose expected profit is above 0, with `success_rate`, `contact_cost` and `incentive_cost`. Hand in a dict `plan`: `contacts` (how many), `expected` (their expected profit, added up), and `realised`: the same sum with what really happened, `left_us`, in place of the probability. The success rate is still only believed.

# %% tags=["stub"] question="q6"
raise NotImplementedError('Make `plan`: {"contacts": ..., "expected": ..., "realised": ...}.')
# check("q6", plan)

# %% tags=["solution"] question="q6"
offer = churn.Offer(success_rate=success_rate, contact_cost=contact_cost, incentive_cost=incentive_cost)
expected = churn.expected_profit(told["chance"], told["value"], offer)
happened = churn.expected_profit(told["left_us"], told["value"], offer)
pays = expected > 0
plan = {
    "contacts": int(pays.sum()),
    "expected": float(expected[pays].sum()),
    "realised": float(happened[pays].sum()),
}

# %% tags=["answer"] question="q6"
answer("q6", plan)

# %%
campaigns = shop.campaigns.to_pandas().query("kind == 'winback'")[["campaign_id", "window_days"]]
lots = shop.assignments.to_pandas().merge(campaigns, on="campaign_id")
ends = lots["assigned_ts"] + pd.to_timedelta(lots["window_days"], unit="D")
final = lots[ends <= today]
final = final[final["assigned_ts"] == final["assigned_ts"].max()].reset_index(drop=True)
final.groupby(["arm", "assigned_ts", "window_days"], as_index=False).agg(customers=("customer_id", "size"))

# %% [markdown] question="q7"
# ## 7. What did a message change?
#
# The table `final` is the last win-back campaign: lots put each customer into the arm `control`, which got nothing, or into another, which got the mail. Count each customer's orders from `assigned_ts` until `window_days` days later (that moment not included). Hand in a dict `effect`: `extra_orders` for **1,000** mails, and `low` and `high`, its 95 % interval.

# %% tags=["stub"] question="q7"
raise NotImplementedError('Make `effect`: {"extra_orders": ..., "low": ..., "high": ...}.')
# check("q7", effect)

# %% tags=["solution"] question="q7"
start = final["assigned_ts"].iloc[0]
end = start + pd.Timedelta(days=int(final["window_days"].iloc[0]))
inside = orders[(orders["order_ts"] >= start) & (orders["order_ts"] < end)]
placed = final["customer_id"].map(inside.groupby("customer_id").size()).fillna(0)
arms = pd.DataFrame({"contacted": (final["arm"] != "control").astype(int), "window_orders": placed})
found = churn.arm_difference(arms)
effect = {name: 1000 * found[key] for name, key in (("extra_orders", "difference"), ("low", "low"), ("high", "high"))}

# %% tags=["answer"] question="q7"
answer("q7", effect)

# %% [markdown] question="w1"
# ## 8. Defend the list
#
# The owner of the shop asks: "So whom do we write to, and what will it bring?" Answer in your own words. Say how many and by which rule, on which number that nobody measured it all rests, what question 7 says about that number, and how you would find out before the money is spent. A person reads this.

# %% tags=["stub"] question="w1"
w1 = """
"""

# %% tags=["solution"] question="w1"
w1 = """
We write to the customers for whom the expected profit is above zero, not to those likeliest to leave: many of them are
worth less than the offer costs, and some have left already. The sum that the plan promises rests on the success rate,
which we believed. The last win-back campaign had a control group, and its interval is wide and may well hold zero, so
it does not prove that a message keeps anybody; with half the success rate much of the profit is gone. Those likely to
leave are not those whom a message moves. So we send the offer to a random half of the list and hold the other half
back. If the half that got it does not bring more margin than offer and contacts cost, we stop, whatever the model says.
"""

# %% tags=["answer"] question="w1"
answer("w1", w1)

# %% [markdown] question="z1"
# ## 9. Five quick questions
#
# Write the letter of your choice between the quotes. The cell below each shows the buttons again.
#
# **A shop keeps no logins. What does the sign "no login for 30 days" say of its customers?**

# %% tags=["stub"] question="z1"
z1 = ""

# %% tags=["solution"] question="z1"
z1 = "c"

# %% tags=["answer"] question="z1"
quiz("z1", z1, interactive=interactive)

# %% [markdown] question="z2"
# **In a table of cohorts the newest row has empty cells on its right. What are they?**

# %% tags=["stub"] question="z2"
z2 = ""

# %% tags=["solution"] question="z2"
z2 = "a"

# %% tags=["answer"] question="z2"
quiz("z2", z2, interactive=interactive)

# %% [markdown] question="z3"
# **A model is nearly perfect on held-out customers. Which question do you ask first?**

# %% tags=["stub"] question="z3"
z3 = ""

# %% tags=["solution"] question="z3"
z3 = "d"

# %% tags=["answer"] question="z3"
quiz("z3", z3, interactive=interactive)

# %% [markdown] question="z4"
# **Of the customers told "30 %", 50 % left. Their order by risk was right. What is wrong?**

# %% tags=["stub"] question="z4"
z4 = ""

# %% tags=["solution"] question="z4"
z4 = "b"

# %% tags=["answer"] question="z4"
quiz("z4", z4, interactive=interactive)

# %% [markdown] question="z5"
# **You may write to a fifth of the customers. Which list wins back the most orders?**

# %% tags=["stub"] question="z5"
z5 = ""

# %% tags=["solution"] question="z5"
z5 = "b"

# %% tags=["answer"] question="z5"
quiz("z5", z5, interactive=interactive)

# %% [markdown]
# ## Before you hand in
#
# *Kernel* > *Restart Kernel and Run All Cells*. Does every answer say that it is recorded? Then save, and send this file.
