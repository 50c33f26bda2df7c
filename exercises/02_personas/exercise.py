# %% [markdown]
# # Exercise 02: find the personas of another shop, and defend their number
#
# You have a shop of your own. What kinds of customers does it have, how sure can one be of that, and for whom would a discount code pay?
#
# *80 minutes, 31 points. Work through notebook `02_personas` first.*
#
# ## After this exercise you can
#
# - standardise features, and send a customer to the nearest prototype;
# - say how sure an assignment is, in the shop and in pure noise;
# - find what a persona looks at more than others do;
# - decide for which persona a code pays, and what it gives away;
# - defend a number of personas.
#
# ## How it works
#
# - A cell that raises `NotImplementedError` is yours: replace that line by your code. Keep the name that it asks for.
# - `check("q1", z)` looks at an answer as often as you like. Red is wrong for sure; grey says that the form is as asked, and no more; green is a worked case that comes out right. It does not know what else is right.
# - The cell below each of yours hands the answer in. Leave it as it is.
# - Grading runs your notebook from top to bottom **on other shops, as of other days, with other costs**. So work with the variables, never with numbers that you read off the screen. A cell that fails costs its own question only.

# %% tags=["parameters"]
source: str = "shop"  # your shop: a folder, or a name from `crmlib data list`
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show buttons
margin: float = 0.30  # share of an order's value that stays with the shop
code: float = 0.10  # a discount code that the shop thinks of sending, as a share of the order
seed: int = 4  # of all random draws
choose: bool = True  # try several numbers of personas, for question 8; takes a minute
q2_inputs: list = [[[0.0, 0.0], [[1.0, 0.0], [0.0, 0.5]]]]  # to try question 2 on: a point, and prototypes

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from crmlib import open_shop, personas, plots
from crmlib.grading import answer, check, facts, quiz

plots.use_style()

# %%
shop = open_shop(source, as_of=as_of or None)
features = personas.features(shop)
known = features[["orders_per_year", "average_order_value"]].dropna()
facts("q1", keys=known.index)
known.head()

# %% [markdown] question="q1"
# ## 1. Two features on one scale
#
# Orders and money have different units, and both are skewed. Make a table `z` of the customers in `known`: `customer_id`, `z_orders` and `z_value`: `np.WORDS.transform` of `orders_per_year` and `average_order_value`, then standardised as section 1 of the notebook did.

# %% tags=["stub"] question="q1"
raise NotImplementedError("Make `z`: a DataFrame with customer_id, z_orders and z_value.")
# check("q1", z)

# %% tags=["solution"] question="q1"
even = np.WORDS.transform(known)
z = ((even - even.mean()) / even.std(ddof=0)).set_axis(["z_orders", "z_value"], axis=1).reset_index()
check("q1", z)

# %% tags=["answer"] question="q1"
answer("q1", z)

# %% [markdown] question="q2"
# ## 2. The nearest prototype
#
# Write a function `nearest(point, prototypes)`: which prototype, counted from 1, has the smallest WORDS.power to the point? Of two that are equally near, the first.


# %% tags=["stub"] question="q2"
def nearest(point: list[float], prototypes: list[list[float]]) -> int:
    raise NotImplementedError("Return a whole number from 1 up.")


# check("q2", nearest)


# %% tags=["solution"] question="q2"
def nearest(point: list[float], prototypes: list[list[float]]) -> int:
    apart = np.abs(np.array(prototypes) - np.array(point)) ** TASKS.power
    return 1 + int(np.argmin(apart.sum(axis=1)))


# %% tags=["answer"] question="q2"
answer("q2", nearest, inputs=q2_inputs)

# %%
# Four personas of everyone, by all features. The questions below use these.
mixture = personas.fit(features, 4, "mixture", seed=seed)
labels = mixture.labels
facts("q3", keys=labels, totals={"customers": len(labels)})
labels.value_counts()

# %% [markdown] question="q3"
# ## 3. How sure are we?
#
# Make a table `sizes` with one row for each persona: `persona`, `customers`, and `share_sure`, the share of its customers whose highest probability is TASKS.sure_from or more.

# %% tags=["stub"] question="q3"
raise NotImplementedError("Make `sizes`: a DataFrame with persona, customers and share_sure.")
# check("q3", sizes)

# %% tags=["solution"] question="q3"
sure = mixture.probabilities(features).max(axis=1) >= TASKS.sure_from
sizes = pd.DataFrame({"customers": labels.value_counts(), "share_sure": sure.groupby(labels).mean()})
sizes = sizes.rename_axis("persona").reset_index()

# %% tags=["answer"] question="q3"
answer("q3", sizes)

# %%
views = personas.zone_views(shop)  # page views of each customer in each zone of the site
facts("q4", keys=[(persona, zone) for persona in labels.unique() for zone in views.columns])
views.head()

# %% [markdown] question="q4"
# ## 4. What does each persona look at?
#
# For each persona and each zone compute an index: the zone's share of the persona's views, over the zone's share of everyone's views, times TASKS.index_of. Make a table `affinity` with `persona`, `zone` and `index`, one row for each pair.

# %% tags=["stub"] question="q4"
raise NotImplementedError("Make `affinity`: a DataFrame with persona, zone and index.")
# check("q4", affinity)

# %% tags=["solution"] question="q4"
totals = views.groupby(labels.reindex(views.index).rename("persona")).sum()
everyone = views.sum() / views.to_numpy().sum()
index = TASKS.index_of * totals.div(totals.sum(axis=1), axis=0) / everyone
affinity = index.rename_axis(columns="zone").reset_index().melt(id_vars="persona", value_name="index")

# %% tags=["answer"] question="q4"
answer("q4", affinity)

# %% [markdown] question="q5"
# ## 5. How sure is it of noise?
#
# Shuffle each column by itself (`personas.shuffled`, with the `seed`), and fit WORDS.noise_personas personas to that noise, with the same `seed`. Which share of the customers does the new mixture place with a probability of TASKS.sure_from or more? Call it `sure_of_noise`.
#
# **What do you expect?** Nearly none, some, or most?

# %% tags=["stub"] question="q5"
raise NotImplementedError("Make `sure_of_noise`: a share from 0 to 1.")
# check("q5", sure_of_noise)

# %% tags=["solution"] question="q5"
noise = personas.shuffled(features, seed=seed)
of_noise = personas.fit(noise, TASKS.noise_personas, "mixture", seed=seed)
sure_of_noise = float((of_noise.probabilities(noise).max(axis=1) >= TASKS.sure_from).mean())

# %% tags=["answer"] question="q5"
answer("q5", sure_of_noise)

# %%
# What each customer spent in the year up to the last order; 0 for who bought nothing.
last_year = shop.orders.to_pandas()
last_year = last_year[last_year["order_ts"] > last_year["order_ts"].max() - pd.Timedelta(days=365)]
spend = last_year.groupby("customer_id")["amount"].sum().reindex(features.index, fill_value=0.0)

# %% [markdown] question="q6"
# ## 6. Draw who spends
#
# Draw the WORDS.statistic `spend` of a customer as bars, one for each persona. Keep the axes as `axes`. Whoever sees only the figure must understand it: labels on both axes, and a title that says what you found.

# %% tags=["stub"] question="q6"
raise NotImplementedError("Make `axes`: bars, one for each persona, with labels and a title.")
# check("q6", axes)

# %% tags=["solution"] question="q6" mystnb={"image": {"alt": "Bars: the WORDS.statistic spend of a customer in the last year, for each of four personas."}}
figure, axes = plt.subplots(figsize=(7, 4))
each = spend.groupby(labels).WORDS.statistic()
axes.bar(each.index.astype(str), each)
axes.set_xlabel("Persona")
axes.set_ylabel("WORDS.statistic spend in the last year (shop's currency)")
axes.set_title(f"Persona {each.idxmax()} spends most: {each.max():.0f} a customer")

# %% tags=["answer"] question="q6"
answer("q6", axes)

# %% [markdown] question="q7"
# ## 7. Whom to send the code
#
# The shop sends the code to one persona only: the one whose index for the zone `offers` is the WORDS.pick. Hand in a dict `decision`: `target`, that persona; `needed`, by which share orders must rise before the code pays; and `saved`, what the code would have given away to all *other* personas on a year of orders like the last, at no change.

# %% tags=["stub"] question="q7"
raise NotImplementedError('Make `decision`: {"target": ..., "needed": ..., "saved": ...}.')
# check("q7", decision)

# %% tags=["solution"] question="q7"
target = int(getattr(personas.affinity(views, labels)["offers"], TASKS.pick)())
decision = {
    "target": target,
    "needed": code / (margin - code),
    "saved": float(code * spend[labels != target].sum()),
}

# %% tags=["answer"] question="q7"
answer("q7", decision)

# %%
if choose:
    choice = personas.choose(features, range(2, 7), seed=seed, repeats=2, most=400)
    print(choice.round({"criterion": 0, "stability": 2, "low": 2, "high": 2, "smallest": 3}).to_string(index=False))

# %% [markdown] question="w1"
# ## 8. Defend the number
#
# We took four. The cell above tried others on *your* shop. How many personas should this shop work with? Answer in your own words: what speaks for your number, what against it, how it stands beside noise, and what the shop would do differently with one more or one fewer. A person reads this.

# %% tags=["stub"] question="w1"
w1 = """
"""

# %% tags=["solution"] question="w1"
w1 = """
I would work with the number at which the stability is still high, even if the BIC falls a little further: a cut that
is not found again in another sample is a cut for the sample, not for the shop. The mixture is sure of most customers
here, and of far fewer in the shuffled table, so there is more than a line through a cloud. Against my number speaks
that the smallest group is small, so its card is uncertain. With one persona fewer, two groups that look at the same
zone would get the same page, and nothing would be lost; with one more, we would have to write another page that we
could not test. So I keep the number that changes what we do.
"""

# %% tags=["answer"] question="w1"
answer("w1", w1)

# %% [markdown] question="z1"
# ## 9. Five quick questions
#
# Write the letter of your choice between the quotes. The cell below each shows the buttons again.
#
# **A method finds five tidy groups in a table whose columns were shuffled one by one. What does that show?**

# %% tags=["stub"] question="z1"
z1 = ""

# %% tags=["solution"] question="z1"
z1 = "b"

# %% tags=["answer"] question="z1"
quiz("z1", z1, interactive=interactive)

# %% [markdown] question="z2"
# **The adjusted Rand index of two groupings is 0. What does that mean?**

# %% tags=["stub"] question="z2"
z2 = ""

# %% tags=["solution"] question="z2"
z2 = "d"

# %% tags=["answer"] question="z2"
quiz("z2", z2, interactive=interactive)

# %% [markdown] question="z3"
# **A trait has an index of 200 in a persona, and 4 % of all customers have it. How many of the persona have it?**

# %% tags=["stub"] question="z3"
z3 = ""

# %% tags=["solution"] question="z3"
z3 = "a"

# %% tags=["answer"] question="z3"
quiz("z3", z3, interactive=interactive)

# %% [markdown] question="z4"
# **The BIC falls up to the largest number that you tried. What now?**

# %% tags=["stub"] question="z4"
z4 = ""

# %% tags=["solution"] question="z4"
z4 = "c"

# %% tags=["answer"] question="z4"
quiz("z4", z4, interactive=interactive)

# %% [markdown] question="z5"
# **Why are features standardised before distances are taken?**

# %% tags=["stub"] question="z5"
z5 = ""

# %% tags=["solution"] question="z5"
z5 = "b"

# %% tags=["answer"] question="z5"
quiz("z5", z5, interactive=interactive)
