# %% [markdown]
# # Exercise 05: hear another shop's customers, and defend a priority
#
# You have a shop of your own: nobody else in the class has the same customers. Count what they say, ask who kept silent, and decide what to mend first.
#
# *80 minutes, 34 points. Work through notebook `05_nps_csat` first.*

# %% [markdown]
# ## After this exercise you can
#
# - compute an NPS and a CSAT by hand, on either scale, with an interval;
# - say how many answers a statement needs, and tell a difference from noise;
# - weight answers for those who kept silent, and say what no weight can mend;
# - find the moment that hurts most, and say how sure that is;
# - decide what to mend first, and defend it.
#
# ## How it works
#
# - A cell that raises `NotImplementedError` is yours: replace that line by your code. Keep the name that it asks for.
# - `check("q1", forms)` looks at an answer as often as you like. Red is wrong for sure; grey says that the form is as asked, and no more; green is a worked case that comes out right. It does not know what else is right.
# - The cell below each of yours hands the answer in. Leave it as it is.
# - Grading runs your notebook from top to bottom **on other shops, as of other days, with other costs**. So work with the variables, never with numbers that you read off the screen. A cell that fails costs its own question only.

# %% tags=["parameters"]
source: str = "shop"  # your shop: a folder, or a name from `crmlib data list`
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show buttons
q2_inputs: list = [[45, 30, 25], [3, 4, 3]]  # to try question 2 on: promoters, passives, detractors
recent_months: int = 6  # how many months before as_of count as recent in question 3
tilt: float = 0.10  # question 4: how much the log-odds of answering rise with each mark
mends: float = 0.30  # question 7: share of the unsatisfied whom the repair makes content
repair_costs: dict = {"checkout": 0.2, "delivery": 0.9, "product": 0.6, "returns": 0.7, "support": 1.1}  # per visit

# %% [markdown]
# The table `sent` holds the NPS question on both forms: by mail from 0 to 10 (`nps_0_10`), and on a card from 1 to 10 (`nps_1_10`). The column `form_scale` says which. The score is missing where nobody answered. The table `moments` holds the CSAT question, from 1 to 5.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from crmlib import open_shop, plots, surveys
from crmlib.grading import answer, check, facts, quiz

plots.use_style()
shop = open_shop(source, as_of=as_of or None)
mail, card = (surveys.asked(shop, scale=scale) for scale in ("nps_0_10", "nps_1_10"))
sent = pd.concat([mail.assign(form_scale="nps_0_10"), card.assign(form_scale="nps_1_10")], ignore_index=True)
moments = surveys.asked(shop, "csat")
facts("q1", keys=sent.loc[sent["score"].notna(), "form_scale"])
facts("q5", keys=moments.loc[moments["score"].notna(), "touchpoint"])
sent[["customer_id", "form_scale", "sent_ts", "answered_ts", "score"]].head()

# %% [markdown] question="q1"
# ## 1. Two forms, counted
#
# Make a table `forms` with one row for each form: `form_scale`, `answers`, `promoters`, `detractors` and `score`, the NPS in points. Compute it from `sent` with pandas, as section 1 of the notebook did for ten answers.
#
# Of a customer who answered the same form more than once, only the **last** answer counts (by `answered_ts`).

# %% tags=["stub"] question="q1"
raise NotImplementedError("Make `forms`: a DataFrame with form_scale, answers, promoters, detractors and score.")
# check("q1", forms)

# %% tags=["solution"] question="q1"
answered = sent[sent["score"].notna()].sort_values("answered_ts", kind="stable")
counted = answered.drop_duplicates(["customer_id", "form_scale"], keep="last")
counted = counted.assign(promoter=counted["score"] >= 9, detractor=counted["score"] <= 6)
forms = counted.groupby("form_scale", as_index=False).agg(
    answers=("score", "size"), promoters=("promoter", "sum"), detractors=("detractor", "sum")
)
forms["score"] = 100 * (forms["promoters"] - forms["detractors"]) / forms["answers"]
check("q1", forms)

# %% tags=["answer"] question="q1"
answer("q1", forms)

# %% [markdown] question="q2"
# ## 2. How sure?
#
# Write a function `interval(promoters, passives, detractors)` that takes three counts and gives a dict with `low` and `high`: the adjusted Wald interval of the NPS, in points, with 1.96 standard errors to both sides. Section 2 of the notebook has the recipe.
#
# No score lies beyond -100 or 100, so neither end does.


# %% tags=["stub"] question="q2"
def interval(promoters: int, passives: int, detractors: int) -> dict[str, float]:
    raise NotImplementedError('Return {"low": ..., "high": ...}, in points.')


# check("q2", interval)


# %% tags=["solution"] question="q2"
def interval(promoters: int, passives: int, detractors: int) -> dict[str, float]:
    n = promoters + passives + detractors + 3
    up, down = (promoters + 0.75) / n, (detractors + 0.75) / n
    half = 1.96 * np.sqrt((up + down - (up - down) ** 2) / n)
    return {"low": float(100 * max(up - down - half, -1)), "high": float(100 * min(up - down + half, 1))}


# %% tags=["answer"] question="q2"
answer("q2", interval, inputs=q2_inputs)

# %% [markdown]
# From here on we use the library's answers and its score, so that a slip above costs you nothing below. `latest` holds the last answer of each customer to the mail.

# %%
latest = surveys.one_per_customer(mail, policy={"surveys": {"duplicates": "last"}})
first_recent_day = pd.Timestamp(shop.as_of) - pd.DateOffset(months=recent_months)
overall = surveys.nps(latest["score"])
print(overall)

# %% [markdown] question="q3"
# ## 3. Did it get better?
#
# Part `latest` by `answered_ts`: **recent** answers came on `first_recent_day` or later, **older** ones before it. Hand in a dict `change`: `difference`, the recent NPS less the older one, in points; and `low` and `high`, the 95 % interval *of the difference*.
#
# **What do you expect?** Write a guess on a piece of paper first. Does the interval hold 0?

# %% tags=["stub"] question="q3"
raise NotImplementedError('Make `change`: {"difference": ..., "low": ..., "high": ...}.')
# check("q3", change)

# %% tags=["solution"] question="q3"
is_recent = latest["answered_ts"] >= first_recent_day
found = surveys.nps_difference(latest.loc[is_recent, "score"], latest.loc[~is_recent, "score"])
change = {"difference": found.difference, "low": found.interval[0], "high": found.interval[1]}

# %% tags=["answer"] question="q3"
answer("q3", change)

# %% [markdown]
# Now the silent. In this part each mail counts, not each customer, for silence belongs to a mail. `said` tells which ones were answered, and `seen_again` whether the customer logged in or bought within the days after.

# %%
said = mail["score"].notna().to_numpy()
seen_again = surveys.known_of_asked(shop, mail)["seen_again"]
pd.crosstab(seen_again, np.where(said, "answered", "silent"))

# %% [markdown] question="q4"
# ## 4. Let the silent count
#
# Hand in a dict `silence` with three scores, in points, all from the answers to `mail`:
#
# - `as_answered`: each answer counts once;
# - `weighted`: each group of `seen_again` counts as much as its share **of all who were asked**;
# - `what_if`: the weights of the second, tilted by `tilt`, as if content customers answered more readily.

# %% tags=["stub"] question="q4"
raise NotImplementedError('Make `silence`: {"as_answered": ..., "weighted": ..., "what_if": ...}.')
# check("q4", silence)

# %% tags=["solution"] question="q4"
weights = surveys.response_weights(seen_again.to_frame(), said, method="cells")
tilted = surveys.tilted(weights, mail["score"], tilt, response_rate=float(said.mean()))
silence = {
    "as_answered": surveys.nps(mail["score"]).score,
    "weighted": surveys.nps(mail["score"], weights=weights).score,
    "what_if": surveys.nps(mail["score"], weights=tilted).score,
}

# %% tags=["answer"] question="q4"
answer("q4", silence)

# %% [markdown] question="q5"
# ## 5. Where does it hurt?
#
# Make a table `by_touchpoint` from `moments`: `touchpoint`, `answers`, `score` (the CSAT: satisfied answers in percent), and `low` and `high`, the ends of its 95 % interval (Wilson's). Of each customer only the last answer at a touchpoint counts.

# %% tags=["stub"] question="q5"
raise NotImplementedError("Make `by_touchpoint`: a DataFrame with touchpoint, answers, score, low and high.")
# check("q5", by_touchpoint)

# %% tags=["solution"] question="q5"
last_words = surveys.one_per_customer(moments, ["touchpoint"], policy={"surveys": {"duplicates": "last"}})
by_touchpoint = surveys.csat_by(last_words["score"], last_words["touchpoint"])
by_touchpoint = by_touchpoint.rename(columns={"n": "answers"}).reset_index(names="touchpoint")

# %% tags=["answer"] question="q5"
answer("q5", by_touchpoint)

# %% [markdown] question="q6"
# ## 6. Draw what answers buy
#
# How wide is the interval of question 2 with n answers? Draw one line: the **width** (`high` less `low`, in points) for n = 20, 40, 60 and so on up to 1,000, where the shares of promoters and detractors are those of `overall`. The counts need not be whole numbers. Keep the axes as `axes`, with labels on both and a title that says what you see.

# %% tags=["stub"] question="q6"
raise NotImplementedError("Make `axes`: one line over n = 20, 40, ..., 1000, with labels and a title.")
# check("q6", axes)

# %% tags=["solution"] question="q6" mystnb={"image": {"alt": "A line that falls steeply at first, then ever more slowly: the width of the interval against the number of answers."}}
sizes = np.arange(20, 1001, 20)
up = (overall.promoters / overall.n * sizes + 0.75) / (sizes + 3)
down = (overall.detractors / overall.n * sizes + 0.75) / (sizes + 3)
width = 100 * 2 * 1.96 * np.sqrt((up + down - (up - down) ** 2) / (sizes + 3))
figure, axes = plt.subplots(figsize=(7, 4))
axes.plot(sizes, width)
axes.set_xlabel("Answers")
axes.set_ylabel("Width of the interval (points)")
axes.set_title(f"20 answers leave {width[0]:.0f} points open, 1,000 leave {width[-1]:.0f}")

# %% tags=["answer"] question="q6"
answer("q6", axes)

# %%
heard = surveys.one_per_customer(moments, ["touchpoint"], policy="standard")
satisfied = surveys.csat_by(heard["score"], heard["touchpoint"])  # so that question 7 does not hang on question 5
facts("q7", keys=satisfied.index)
satisfied[["score", "low", "high", "n"]].round(1)

# %% [markdown] question="q7"
# ## 7. What does a mended moment cost?
#
# The table above, `satisfied`, holds the CSAT of each touchpoint (`score`) and its interval, in percent. The shop could do one thing better at each touchpoint. It would cost `repair_costs[touchpoint]` at **every** visit there, for content customers too. Of the unsatisfied it would make the share `mends` content. So
#
# `cost = repair cost per visit / (mends x share that is not satisfied)`
#
# for each customer who is content only because of it. Make a table `mending` with one row a touchpoint of `satisfied`: `touchpoint`, `cost`, and `least` and `most`: the cost at that end of the CSAT's interval where it is lower, and where it is higher.

# %% tags=["stub"] question="q7"
raise NotImplementedError("Make `mending`: a DataFrame with touchpoint, cost, least and most.")
# check("q7", mending)

# %% tags=["solution"] question="q7"
per_visit = satisfied.index.map(repair_costs).to_numpy(dtype=float)
mending = pd.DataFrame({
    "touchpoint": satisfied.index,
    "cost": per_visit / (mends * (1 - satisfied["score"].to_numpy() / 100)),
    "least": per_visit / (mends * (1 - satisfied["low"].to_numpy() / 100)),
    "most": per_visit / (mends * (1 - satisfied["high"].to_numpy() / 100)),
})  # fmt: skip

# %% tags=["answer"] question="q7"
answer("q7", mending)

# %% [markdown] question="w1"
# ## 8. Defend the priority
#
# The owner of the shop asks: "So what do we mend first, and how sure are you?" Answer in your own words. Name the touchpoint and the number that speaks for it, say whether another one could be as good, what the silent may change, and how you would find out whether the repair worked. A person reads this.

# %% tags=["stub"] question="w1"
w1 = """
"""

# %% tags=["solution"] question="w1"
w1 = """
I would mend the touchpoint where a mended moment costs least, not the one with the lowest score: a bad moment can be
too dear to mend. Where its range from least to most overlaps that of the next touchpoint, our answers cannot tell the
two apart, and I would take the one that more customers go through. All of this rests on those who answered. Unhappy
customers keep silent more often, so the true shares are probably worse than ours, and no weight on what we can see
mends that. The share that the repair makes content is an assumption. So we mend it for a random half of the visits
first, and compare the CSAT of both halves with an interval. If the interval holds zero, we stop paying for it.
"""

# %% tags=["answer"] question="w1"
answer("w1", w1)

# %% [markdown] question="z1"
# ## 9. Five quick questions
#
# Write the letter of your choice between the quotes. The cell below each shows the buttons again.
#
# **On the card from 1 to 10 somebody marks 7. What is that for the NPS?**

# %% tags=["stub"] question="z1"
z1 = ""

# %% tags=["solution"] question="z1"
z1 = "b"

# %% tags=["answer"] question="z1"
quiz("z1", z1, interactive=interactive)

# %% [markdown] question="z2"
# **400 answers give an interval 16 points wide. About how many give one of 8 points?**

# %% tags=["stub"] question="z2"
z2 = ""

# %% tags=["solution"] question="z2"
z2 = "d"

# %% tags=["answer"] question="z2"
quiz("z2", z2, interactive=interactive)

# %% [markdown] question="z3"
# **Sixteen couriers, thirty answers each: the best has an NPS 50 points above the worst. What do you ask first?**

# %% tags=["stub"] question="z3"
z3 = ""

# %% tags=["solution"] question="z3"
z3 = "a"

# %% tags=["answer"] question="z3"
quiz("z3", z3, interactive=interactive)

# %% [markdown] question="z4"
# **You weight the answers by all that the shop knows of those it asked. Which error is left?**

# %% tags=["stub"] question="z4"
z4 = ""

# %% tags=["solution"] question="z4"
z4 = "c"

# %% tags=["answer"] question="z4"
quiz("z4", z4, interactive=interactive)

# %% [markdown] question="z5"
# **Customers who wrote to support give lower marks. What does that show?**

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
