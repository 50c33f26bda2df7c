# %% [markdown]
# # Exercise 03: score another shop, and defend a choice
#
# You have a shop of your own: nobody else in the class has the same customers. Score them, see how they move, and decide whom to write to.
#
# *75 minutes, 30 points. Work through notebook `03_rfm` first.*

# %% [markdown]
# ## After this exercise you can
#
# - compute recency, frequency and monetary value of every customer, and the cut-points of a score;
# - write a scoring that treats equal customers equally;
# - find segments on the map of the course texts, and show where the money is;
# - measure how customers move between segments with one ruler;
# - decide which segment to write to, and say what the numbers leave out.
#
# ## How it works
#
# - A cell that raises `NotImplementedError` is yours: replace that line by your code. Keep the name that it asks for.
# - `check("q1", measures)` looks at an answer as often as you like. Red is wrong for sure; grey says that the form is as asked, and no more; green is a worked case that comes out right. It does not know what else is right.
# - The cell below each of yours hands the answer in. Leave it as it is.
# - Grading runs your notebook from top to bottom **on other shops, as of other days, with other costs**. So work with the variables, never with numbers that you read off the screen. A cell that fails costs its own question only.

# %% tags=["parameters"]
source: str = "shop"  # your shop: a folder, or a name from `crmlib data list`
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show buttons
months_between: int = 6  # how far apart the two dates of questions 5 and 7 lie
contact_cost: float = 0.50  # what one win-back message costs, in the shop's currency
margin: float = 0.30  # share of an order's value that stays with the shop
discount: float = 0.10  # what the win-back message offers, as a share of the order
q3_inputs: list = [[3.0, [1.0, 2.0, 4.0, 8.0], True], [40.0, [10.0, 20.0, 30.0, 60.0], False]]  # to try question 3 on

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from crmlib import open_shop, plots, rfm
from crmlib.grading import answer, check, facts, quiz

plots.use_style()

# %%
shop = open_shop(source, as_of=as_of or None)
orders = shop.orders.to_pandas()
earlier = (pd.Timestamp(shop.as_of) - pd.DateOffset(months=months_between)).date()
one = orders[orders["customer_id"] == orders["customer_id"].min()]  # a single customer, worked for you
days = (shop.as_of - one["order_ts"].agg(TASKS.counts_from).date()).days
worked = {"customer_id": one["customer_id"].iloc[0], "recency_days": days, "frequency": len(one)}
totals = {"frequency": len(orders)}
facts("q1", keys=orders["customer_id"], totals=totals, row=worked)  # so that check("q1", ...) can tell more
orders.head()

# %% [markdown] question="q1"
# ## 1. Three numbers for each customer
#
# Make a table `measures` with one row for each customer: `customer_id`, `recency_days`, `frequency`, `monetary`. Compute them from `orders` with pandas, as section 1 of the notebook did for ten customers. Here `recency_days` counts back to the customer's **WORDS.counts_from** order, and `monetary` is **WORDS.money**.

# %% tags=["stub"] question="q1"
raise NotImplementedError("Make `measures`: a DataFrame with customer_id, recency_days, frequency and monetary.")
# check("q1", measures)

# %% tags=["solution"] question="q1"
groups = orders.groupby("customer_id")
measures = groups.agg(
    day=("order_ts", TASKS.counts_from), frequency=("order_id", "size"), monetary=("amount", TASKS.money)
)
measures["recency_days"] = (pd.Timestamp(shop.as_of) - measures.pop("day").dt.normalize()).dt.days
measures = measures.reset_index()
check("q1", measures)

# %% tags=["answer"] question="q1"
answer("q1", measures)

# %% [markdown]
# From here on we use the library's scores, so that a slip above costs you nothing below.

# %%
scores = rfm.score(shop.orders, as_of=shop.as_of).to_pandas()
scores.head()

# %% [markdown] question="q2"
# ## 2. Cut-points of monetary value
#
# Which four amounts part the customers by `monetary`, such that WORDS.shares of them lie below? Give them as a list `money_cuts`, the smallest first, from the column `monetary` of `scores`.

# %% tags=["stub"] question="q2"
raise NotImplementedError("Make `money_cuts`: a list of four numbers that rise.")
# check("q2", money_cuts)

# %% tags=["solution"] question="q2"
money_cuts = list(np.quantile(scores["monetary"], TASKS.shares))

# %% tags=["answer"] question="q2"
answer("q2", money_cuts)

# %% [markdown] question="q3"
# ## 3. A scoring that is fair
#
# Write a function `score_of(value, cuts, more_is_better)` that gives the score from 1 to 5: one plus the number of cut-points WORDS.tie_counts the value. Where less is better, as for recency, it is five less that number.
#
# Equal values must get equal scores, also where a value lies exactly on a cut-point, and where two cut-points are the same.


# %% tags=["stub"] question="q3"
def score_of(value: float, cuts: list[float], more_is_better: bool) -> int:
    raise NotImplementedError("Return a whole number from 1 to 5.")


# check("q3", score_of)


# %% tags=["solution"] question="q3"
def score_of(value: float, cuts: list[float], more_is_better: bool) -> int:
    below = sum(cut < value or (cut == value and TASKS.tie_counts) for cut in cuts)
    return 1 + below if more_is_better else 5 - below


# %% tags=["answer"] question="q3"
answer("q3", score_of, inputs=q3_inputs)

# %% [markdown] question="q4"
# ## 4. Segments on the map of the texts
#
# Score the shop as it was on the day `WORDS.map_day`, as the **course texts** define the segments, and add up: a table `by_texts` with `segment`, `customers` and `value_share` (a share of 1). Other columns may stand beside them.

# %% tags=["stub"] question="q4"
raise NotImplementedError("Make `by_texts`: a DataFrame with segment, customers and value_share.")
# check("q4", by_texts)

# %% tags=["solution"] question="q4"
by_texts = rfm.segments(rfm.score(shop.orders, as_of=WORDS.map_day, policy="texts").to_pandas())

# %% tags=["answer"] question="q4"
answer("q4", by_texts)

# %% [markdown] question="q5"
# ## 5. Who stayed?
#
# Look at the shop on the day `earlier` and on `shop.as_of`, on the map `classic` (the default). Of those who were **WORDS.segment** on the first day, which share still is on the second? Measure both days with the ruler of the first. Call it `stayed`.
#
# **What do you expect?** Write a guess on a piece of paper first.

# %% tags=["stub"] question="q5"
raise NotImplementedError("Make `stayed`: a share from 0 to 1.")
# check("q5", stayed)

# %% tags=["solution"] question="q5"
ruler = rfm.cut_points(shop.orders, as_of=earlier)
before = rfm.score(shop.orders, as_of=earlier, cut_points=ruler).to_pandas()
after = rfm.score(shop.orders, as_of=shop.as_of, cut_points=ruler).to_pandas()
moves = rfm.migration(before, after)
stayed = float(moves.loc[TASKS.segment, TASKS.segment] / moves.loc[TASKS.segment].sum())

# %% tags=["answer"] question="q5"
answer("q5", stayed)

# %%
classic = rfm.segments(scores)  # the default map's segments, so that question 6 does not hang on question 4

# %% [markdown] question="q6"
# ## 6. Draw where the WORDS.bars_column is
#
# Draw the column TASKS.bars_column of `classic` as bars, one for each segment. Keep the axes as `axes`. Whoever sees only the figure must understand it: labels on both axes, and a title that says what you found.

# %% tags=["stub"] question="q6"
raise NotImplementedError("Make `axes`: bars, one for each segment, with labels and a title.")
# check("q6", axes)

# %% tags=["solution"] question="q6" mystnb={"image": {"alt": "Bars: the WORDS.bars_column of each segment of the map `classic`."}}
figure, axes = plt.subplots(figsize=(7, 4))
axes.barh(classic["segment"], classic[TASKS.bars_column])
axes.invert_yaxis()
axes.set_xlabel(TASKS.bars_column)
axes.set_ylabel("Segment")
best = classic.sort_values(TASKS.bars_column).iloc[-1]
axes.set_title(f"{best['segment']} come first")

# %% tags=["answer"] question="q6"
answer("q6", axes)

# %% [markdown]
# For the last question we look at the shop on the day `earlier`. These are its customers then, and the segments that need no winning back.

# %%
first_scores = rfm.score(shop.orders, as_of=earlier).to_pandas()
healthy = ["Champions", "Loyal", "PotentialLoyalist", "New", "Promising"]
facts("q7", keys=first_scores.loc[~first_scores["segment"].isin(healthy), "segment"])
orders_now = rfm.score(shop.orders, as_of=shop.as_of).to_pandas().set_index("customer_id")["frequency"]

# %% [markdown] question="q7"
# ## 7. Which segment must answer least?
#
# Take the customers of `first_scores` outside the `healthy` segments. A win-back message costs `contact_cost` and offers `discount`; of an order, `margin` stays. For each segment compute
#
# `needed = WORDS.messages x (cost + came back anyway x order value x discount) / (order value x (margin - discount))`
#
# as the notebook did, here for WORDS.messages messages. Make a table `needed` with `segment`, `came_back` (the share that came back anyway), `order_value` and `needed_orders`. Question 8 asks which segment you choose.

# %% tags=["stub"] question="q7"
raise NotImplementedError("Make `needed`: a DataFrame with segment, came_back, order_value and needed_orders.")
# check("q7", needed)

# %% tags=["solution"] question="q7"
lapsed = first_scores[~first_scores["segment"].isin(healthy)]
now = orders_now.reindex(lapsed["customer_id"]).to_numpy()
needed = (
    lapsed.assign(back=now > lapsed["frequency"].to_numpy())
    .groupby("segment", as_index=False)
    .agg(came_back=("back", "mean"), orders=("frequency", "sum"), value=("monetary", "sum"))
)
needed["order_value"] = needed["value"] / needed["orders"]
given_away = needed["came_back"] * needed["order_value"] * discount
needed["needed_orders"] = TASKS.messages * (contact_cost + given_away) / (needed["order_value"] * (margin - discount))

# %% tags=["answer"] question="q7"
answer("q7", needed)

# %% [markdown] question="w1"
# ## 8. Defend the choice
#
# The owner of the shop asks: "Why this segment, and how sure are you?" Answer in your own words. Name the segment and the number that must be reached, what you do not know, and what result of a test would change your mind. A person reads this.

# %% tags=["stub"] question="w1"
w1 = """
"""

# %% tags=["solution"] question="w1"
w1 = """
We should test the segment that needs the fewest extra orders per hundred messages. It is not the segment that comes
back most: whoever comes anyway only takes the discount. Put the number needed beside the share that came back with
the usual mail: if the message would have to double that share, the test is a long shot, and I would take the second
segment instead. I do not know the effect of the message itself, for everybody in our past got the usual mail. The
rates are counted on few customers, so they have wide intervals. So we write to a random half of the segment and hold
the other half back. If the half that got the message does not place more extra orders than are needed, we stop.
"""

# %% tags=["answer"] question="w1"
answer("w1", w1)

# %% [markdown] question="z1"
# ## 9. Five quick questions
#
# Write the letter of your choice between the quotes. The cell below each shows the buttons again.
#
# **Two customers placed three orders each. A tool gives one of them F = 2, the other F = 3. What happened?**

# %% tags=["stub"] question="z1"
z1 = ""

# %% tags=["solution"] question="z1"
z1 = "c"

# %% tags=["answer"] question="z1"
quiz("z1", z1, interactive=interactive)

# %% [markdown] question="z2"
# **Hardly anyone bought in the last months. What does R = 5 say under quantile cut-points?**

# %% tags=["stub"] question="z2"
z2 = ""

# %% tags=["solution"] question="z2"
z2 = "b"

# %% tags=["answer"] question="z2"
quiz("z2", z2, interactive=interactive)

# %% [markdown] question="z3"
# **You compare the segments of March with those of June. Which cut-points do you use?**

# %% tags=["stub"] question="z3"
z3 = ""

# %% tags=["solution"] question="z3"
z3 = "a"

# %% tags=["answer"] question="z3"
quiz("z3", z3, interactive=interactive)

# %% [markdown] question="z4"
# **Of a segment, 60 % come back with the usual mail. What does a discount for all of it mostly do?**

# %% tags=["stub"] question="z4"
z4 = ""

# %% tags=["solution"] question="z4"
z4 = "d"

# %% tags=["answer"] question="z4"
quiz("z4", z4, interactive=interactive)

# %% [markdown] question="z5"
# **Who is a customer with the code 155?**

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
