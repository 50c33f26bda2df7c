# %% [markdown]
# # Exercise 04: value another shop's customers, and defend a bid
#
# You have a shop of your own. An advertiser offers it new customers at a price each. Should it buy?
#
# *90 minutes, 32 points. Work through notebook `04_cltv` first.*

# %% [markdown]
# ## After this exercise you can
#
# - count frequency, recency, age and monetary value of every customer, as the models want them;
# - read a fitted model, and say when a silence becomes a farewell;
# - keep score on held-out data, beside a guess that needs no model;
# - value customers by margin, expected purchases and time;
# - say what a new customer may cost, and what the number leaves out.
#
# ## How it works
#
# - A cell that raises `NotImplementedError` is yours: replace that line by your code. Keep the name that it asks for.
# - `check("q1", summary)` looks at an answer as often as you like. Red is wrong for sure; grey says that the form is as asked, and no more; green is a worked case that comes out right. It does not know what else is right.
# - The cell below each of yours hands the answer in. Leave it as it is.
# - Grading runs your notebook from top to bottom **on other shops, as of other days, with other costs**. So work with the variables, never with numbers that you read off the screen. A cell that fails costs its own question only.

# %% tags=["parameters"]
source: str = "shop"  # your shop: a folder, or a name from `crmlib data list`
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show buttons
horizon_months: int = 12  # how far ahead purchases count
annual_discount: float = 0.10  # by how much a purchase in a year is worth less than one today
margin: float = 0.30  # share of an order's value that stays with the shop
price: float = 25.0  # what the advertiser asks for a new customer
q3_inputs: list = [[1, 100], [8, 300]]  # to try question 3 on: repeat purchases, and days from the first to the last

# %%
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from crmlib import clv, open_shop, plots, policy
from crmlib.grading import answer, check, facts, quiz

plots.use_style()

# %%
shop = open_shop(source, as_of=as_of or None)
orders = shop.orders.to_pandas()
orders["day"] = orders["order_ts"].dt.normalize()
last_day = pd.Timestamp(shop.as_of) - pd.Timedelta(days=1)
orders = orders[orders["day"] <= last_day]
first_day = orders["day"].min()
middle = first_day + pd.Timedelta(days=(last_day - first_day).days // 2)
facts("q1", keys=orders["customer_id"])
orders.head()

# %% [markdown] question="q1"
# ## 1. A customer in three numbers, and a fourth
#
# Make a table `summary` with one row for each customer in `orders`: `customer_id`, `frequency`, `recency`, `T` and `monetary_value`, in days, as section 1 of the notebook counts them, up to `last_day`. All orders of one day are one purchase. Who bought on one day only has a `monetary_value` of 0.

# %% tags=["stub"] question="q1"
raise NotImplementedError("Make `summary`: a DataFrame with customer_id, frequency, recency, T and monetary_value.")
# check("q1", summary)

# %% tags=["solution"] question="q1"
purchases = orders.groupby(["customer_id", "day"], as_index=False)["amount"].sum()
began = purchases.groupby("customer_id")["day"].min()
repeats = purchases[purchases["day"] > purchases["customer_id"].map(began)].groupby("customer_id")
summary = pd.DataFrame({"last": purchases.groupby("customer_id")["day"].max()})
summary["frequency"] = repeats.size().reindex(summary.index, fill_value=0)
summary["recency"] = (summary.pop("last") - began).dt.days
summary["T"] = (last_day - began).dt.days
summary["monetary_value"] = repeats["amount"].mean().reindex(summary.index, fill_value=0.0)
summary = summary.reset_index()
check("q1", summary)

# %% tags=["answer"] question="q1"
answer("q1", summary)

# %% [markdown]
# From here on we use the library's numbers, so that a slip above costs you nothing below. The models see the first half of the history; `split` holds what came after it, too.

# %%
split = clv.holdout(shop.orders, calibration_end=middle.date(), observation_end=last_day.date()).to_pandas()
seen = split.rename(columns=lambda name: name.removesuffix("_cal"))
days_ahead = int(seen["duration_holdout"].iloc[0])
history = [seen[key] for key in ("frequency", "recency", "T")]
with warnings.catch_warnings(record=True, action="always") as said:
    model = clv.ModifiedBetaGeoFitter().fit(*history)
    optimist = clv.BetaGeoFitter().fit(*history)
dict(model.params_)

# %% [markdown] question="q2"
# ## 2. Read the parameters
#
# `model` is an MBG/NBD. Hand in a dict `reading`: `per_100_days`, the mean number of purchases in 100 days over all customers while they are customers, and `leaves`, the mean chance of leaving after a purchase.

# %% tags=["stub"] question="q2"
raise NotImplementedError('Make `reading`: {"per_100_days": ..., "leaves": ...}.')
# check("q2", reading)

# %% tags=["solution"] question="q2"
p = model.params_
reading = {"per_100_days": 100 * p["r"] / p["alpha"], "leaves": p["a"] / (p["a"] + p["b"])}

# %% tags=["answer"] question="q2"
answer("q2", reading)

# %% [markdown] question="q3"
# ## 3. When is a silence a farewell?
#
# Write a function `farewell(frequency, recency)`: after how many silent days does `model` believe for the first time that the customer is more likely gone than not? That is the smallest whole number of days since the last purchase, from 0 up, at which P(alive) is below one half. It never takes longer than ten years.


# %% tags=["stub"] question="q3"
def farewell(frequency: int, recency: int) -> int:
    raise NotImplementedError("Return a whole number of days.")


# check("q3", farewell)


# %% tags=["solution"] question="q3"
def farewell(frequency: int, recency: int) -> int:
    silence = np.arange(3651)
    alive = model.conditional_probability_alive(frequency, recency, recency + silence)
    return int(silence[np.asarray(alive) < 0.5][0])


# %% tags=["answer"] question="q3"
answer("q3", farewell, inputs=q3_inputs)

# %% [markdown] question="q4"
# ## 4. Better than nothing?
#
# Predict with `model` the purchases of each customer in the `days_ahead` days of the holdout, and keep score against `seen["frequency_holdout"]`. Hand in a dict `score`: `rmse` and `bias` of the model (predicted minus actual, on average), and `rmse_zero`, the RMSE of who predicts no purchase for anybody.

# %% tags=["stub"] question="q4"
raise NotImplementedError('Make `score`: {"rmse": ..., "bias": ..., "rmse_zero": ...}.')
# check("q4", score)

# %% tags=["solution"] question="q4"
predicted = np.asarray(model.predict(days_ahead, *history))
happened = seen["frequency_holdout"].to_numpy()
score = {
    "rmse": float(np.sqrt(np.mean((predicted - happened) ** 2))),
    "bias": float(np.mean(predicted - happened)),
    "rmse_zero": float(np.sqrt(np.mean(happened.astype(float) ** 2))),
}

# %% tags=["answer"] question="q4"
answer("q4", score)

# %% [markdown]
# The test is over. From here on the models see the whole history.

# %%
customers = clv.summarize(shop.orders, as_of=last_day.date()).to_pandas()
facts("q5", keys=customers["customer_id"])
paid_again = customers[(customers["frequency"] > 0) & (customers["monetary_value"] > 0)]
with warnings.catch_warnings(record=True, action="always") as said:
    buying = clv.ModifiedBetaGeoFitter().fit(*(customers[key] for key in ("frequency", "recency", "T")))
    spend = clv.GammaGammaFitter().fit(paid_again["frequency"], paid_again["monetary_value"])

# %% [markdown] question="q5"
# ## 5. What is each customer worth?
#
# Make a table `worth` with `customer_id` and `cltv` for every row of `customers`, with the models `buying` and `spend`, and with the `margin`, `horizon_months` and `annual_discount` of the parameters.

# %% tags=["stub"] question="q5"
raise NotImplementedError("Make `worth`: a DataFrame with customer_id and cltv.")
# check("q5", worth)

# %% tags=["solution"] question="q5"
rules = policy.load({"clv": {"horizon_months": horizon_months, "annual_discount": annual_discount, "margin": margin}})
worth = clv.value(customers, buying, spend, policy=rules)

# %% tags=["answer"] question="q5"
answer("q5", worth)

# %% [markdown] question="q6"
# ## 6. Draw the customer who cannot die
#
# Draw P(alive) of a customer who bought **once**, for 0 to 365 days of silence: one line for `optimist` (BG/NBD), one for `model` (MBG/NBD). Put the days on the horizontal axis. Keep the axes as `axes`, with labels on both and a title that says what you see.

# %% tags=["stub"] question="q6"
raise NotImplementedError("Make `axes`: two lines over the days 0 to 365, with labels and a title.")
# check("q6", axes)

# %% tags=["solution"] question="q6" mystnb={"image": {"alt": "Two lines: P(alive) of a one-time buyer over a year of silence; BG/NBD stays at 1, MBG/NBD falls."}}
days = np.arange(366)
once = np.zeros(366)
figure, axes = plt.subplots(figsize=(7, 4))
axes.plot(days, optimist.conditional_probability_alive(once, once, days), label="BG/NBD")
axes.plot(days, model.conditional_probability_alive(once, once, days), label="MBG/NBD")
axes.set_xlabel("Days since the only purchase")
axes.set_ylabel("P(alive)")
axes.set_title("For BG/NBD, who bought once never leaves")
axes.legend()

# %% tags=["answer"] question="q6"
answer("q6", axes)

# %% [markdown]
# A newcomer has no history: the first order, and then the mean over everyone. Here is the first day's spend of each customer.

# %%
by_day = orders.groupby(["customer_id", "day"], sort=True)["amount"].sum()
first_orders = by_day.groupby("customer_id").first()

# %% [markdown] question="q7"
# ## 7. Buy, or not?
#
# As in section 7 of the notebook, compute the margin of a newcomer's first order, and the discounted margin of all later purchases over `horizon_months` months of `clv.DAYS_PER_MONTH` days. Hand in a dict `bid`: `first_order`, `later`, and `buy`, True if the two together are more than `price`.

# %% tags=["stub"] question="q7"
raise NotImplementedError('Make `bid`: {"first_order": ..., "later": ..., "buy": ...}.')
# check("q7", bid)

# %% tags=["solution"] question="q7"
months = np.arange(horizon_months + 1)
expected = np.asarray(buying.expected_number_of_purchases_up_to_time(months * clv.DAYS_PER_MONTH))
discounted = (np.diff(expected) / (1 + annual_discount) ** (months[1:] / 12)).sum()
first_margin = margin * first_orders.mean()
later_margin = margin * discounted * float(spend.conditional_expected_average_profit(0, 0))
bid = {
    "first_order": float(first_margin),
    "later": float(later_margin),
    "buy": bool(first_margin + later_margin > price),
}

# %% tags=["answer"] question="q7"
answer("q7", bid)

# %% [markdown] question="w1"
# ## 8. Defend the bid
#
# The owner of the shop asks: "So how much do we offer, and how sure are you?" Answer in your own words. Say how far below the break-even you would stay and why, what the interval of a bootstrap would not tell, and what you would watch after buying a first batch. A person reads this.

# %% tags=["stub"] question="w1"
w1 = """
"""

# %% tags=["solution"] question="w1"
w1 = """
At the sum of both margins we earn nothing, so it is the break-even and not the offer. I would stay well below it: the
first order is nearly certain, the later ones are a forecast. A bootstrap says how far the estimate moves with the luck
of the draw; it believes the model, and it believes that bought customers are like the ones who found us by themselves.
The error on the held-out half is the better measure of what the model does not know. I would buy a small batch, and
watch the share that orders a second time in the first months. If it is below the share of our own newcomers, we stop
or offer less.
"""

# %% tags=["answer"] question="w1"
answer("w1", w1)

# %% [markdown] question="z1"
# ## 9. Five quick questions
#
# Write the letter of your choice between the quotes. The cell below each shows the buttons again.
#
# **Someone bought on three days, the last of them 40 days ago. What is the frequency that the models want?**

# %% tags=["stub"] question="z1"
z1 = ""

# %% tags=["solution"] question="z1"
z1 = "b"

# %% tags=["answer"] question="z1"
quiz("z1", z1, interactive=interactive)

# %% [markdown] question="z2"
# **Which model says that someone who bought once, years ago, is alive for sure?**

# %% tags=["stub"] question="z2"
z2 = ""

# %% tags=["solution"] question="z2"
z2 = "a"

# %% tags=["answer"] question="z2"
quiz("z2", z2, interactive=interactive)

# %% [markdown] question="z3"
# **Always predicting zero has a good mean absolute error in many shops. Why?**

# %% tags=["stub"] question="z3"
z3 = ""

# %% tags=["solution"] question="z3"
z3 = "d"

# %% tags=["answer"] question="z3"
quiz("z3", z3, interactive=interactive)

# %% [markdown] question="z4"
# **Two customers bought over the same number of days, one often, one rarely. Both are silent for 90 days. Whose P(alive) fell further?**

# %% tags=["stub"] question="z4"
z4 = ""

# %% tags=["solution"] question="z4"
z4 = "c"

# %% tags=["answer"] question="z4"
quiz("z4", z4, interactive=interactive)

# %% [markdown] question="z5"
# **Before you fit a Gamma-Gamma model, which number do you look at?**

# %% tags=["stub"] question="z5"
z5 = ""

# %% tags=["solution"] question="z5"
z5 = "c"

# %% tags=["answer"] question="z5"
quiz("z5", z5, interactive=interactive)
