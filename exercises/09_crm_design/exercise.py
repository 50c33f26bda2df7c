# %% [markdown]
# # Exercise 09: design the CRM of another shop
#
# You have a shop of your own: nobody else in the class has the same customers. Reckon when a message pays, see whom you may reach, ask past campaigns whom a message moves, and hand in a plan. **Your plan is then simulated** in the future of shops that nobody has seen.
#
# *120 minutes, 34 points. Work through notebook `09_crm_design` first.*

# %% [markdown]
# ## After this exercise you can
#
# - find the lift at which a message pays;
# - say whom consent lets you reach;
# - read off past campaigns whom a message moves;
# - write a plan that earns more than it costs, within a budget.
#
# ## How it works
#
# - A cell that raises `NotImplementedError` is yours: replace that line by your code. Keep the name that it asks for.
# - `check("q1", message)` looks at an answer as often as you like. Red is wrong for sure; grey says that the form is as asked, and no more; green is a worked case that comes out right. It does not know what else is right.
# - The cell below each of yours hands the answer in. Leave it as it is.
# - Grading runs your notebook from top to bottom **on other shops, with other numbers**. So work with the variables, never with numbers that you read off the screen. A cell that fails costs its own question only.

# %% tags=["parameters"]
source: str = "shop"  # your shop: a folder, or a name from `crmlib data list`
as_of: str = ""  # the day we look back from; empty: the day after the last order. Your plan begins then
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show buttons
budget: float = 400.0  # question 4: what messages and discounts may cost together, in the shop's currency
age: int = 50  # question 3: who is that old, or older, is one of the two groups
q1_inputs: list = [[10.0, 0.3, 0.4, 0.05, 0.05], [8.0, 0.2, 0.4, 0.0, 0.02]]  # to try question 1 on

# %%
import pandas as pd

from crmlib import actions, churn, open_shop, plots
from crmlib.grading import answer, check, facts, quiz

plots.use_style()
shop = open_shop(source, as_of=as_of or None)
today = pd.Timestamp(shop.as_of)
seen = actions.observable(shop)
facts("q2", keys=seen["segment"].dropna(), totals={"customers": seen["segment"].notna().sum()})
facts("q4", budget=budget, seen=seen)
seen.head(3)

# %% [markdown]
# `seen` is all that a plan may use: one row a customer. The columns `may_...` say what is allowed: `may_email` and the like are consents to advertising; `may_soft_spam` says who is an own customer that may get mail about similar goods.

# %% [markdown] question="q1"
# ## 1. When does a message pay?
#
# Write a function `message(spend, lift, margin, taken, cost)`. Without the message a customer spends `spend` in the weeks after it. The message lifts that by the share `lift`. Every order brings the share `margin` of its value. The code takes the share `taken` off the value of **all** orders of those weeks, on average, for who would have ordered anyway uses it, too. The message costs `cost`. It gives a dict:
#
# - `profit`: what the message brings over sending nothing;
# - `pays_from`: the lift at which that is 0.


# %% tags=["stub"] question="q1"
def message(spend: float, lift: float, margin: float, taken: float, cost: float) -> dict[str, float]:
    raise NotImplementedError('Return {"profit": ..., "pays_from": ...}.')


# check("q1", message)


# %% tags=["solution"] question="q1"
def message(spend: float, lift: float, margin: float, taken: float, cost: float) -> dict[str, float]:
    left = margin - taken  # of an order's value, once the code is out
    return {"profit": spend * ((1 + lift) * left - margin) - cost, "pays_from": (margin + cost / spend) / left - 1}


# %% tags=["answer"] question="q1"
answer("q1", message, inputs=q1_inputs)

# %% [markdown] question="q2"
# ## 2. Whom may you reach?
#
# Make a table `reach` with one row for each RFM `segment` of `seen` (who has no segment never bought, and is left out): `customers`, how many; `consent`, the share that agreed to advertising by e-mail; and `mail`, the share that may get advertising by e-mail **on either ground**, consent or soft spam.

# %% tags=["stub"] question="q2"
raise NotImplementedError("Make `reach`: a DataFrame with segment, customers, consent and mail.")
# check("q2", reach)

# %% tags=["solution"] question="q2"
grounds = seen.assign(mail=seen["may_email"] | seen["may_soft_spam"])
reach = grounds.groupby("segment").agg(customers=("mail", "size"), consent=("may_email", "mean"), mail=("mail", "mean"))
reach = reach.reset_index()
check("q2", reach)

# %% tags=["answer"] question="q2"
answer("q2", reach)

# %% [markdown]
# The table `lots` holds the shop's past campaigns, newsletters left out: who got the mail (`contacted`, 1) and who was held back by lot (0), and how many orders each placed in the weeks after (`window_orders`).

# %%
sales = shop.campaigns.to_pandas().query("kind != 'newsletter'")[["campaign_id", "window_days"]]
lots = shop.assignments.to_pandas().merge(sales, on="campaign_id")
near = lots.merge(shop.orders.to_pandas()[["customer_id", "order_ts"]], on="customer_id")
since = near["order_ts"] - near["assigned_ts"]
inside = (since >= pd.Timedelta(0)) & (since < pd.to_timedelta(near["window_days"], unit="D"))
placed = near[inside].groupby(["campaign_id", "customer_id"]).size().rename("window_orders")
lots = lots.join(placed, on=["campaign_id", "customer_id"]).fillna({"window_orders": 0})
lots["contacted"] = (lots["arm"] != "control").astype(int)
lots = lots[["campaign_id", "customer_id", "contacted", "window_orders"]]
lots.head(3)

# %% [markdown] question="q3"
# ## 3. Whom does a message move?
#
# Split the customers of `lots` in two groups: those who are `age` years or older (the year of `today` less `birth_year`), and all others, those without a year among them. Hand in a dict `moved`: the extra orders for **1,000** mails among the `older` and among the `others`, and `low` and `high`, the 95 % interval for the older.
#
# **Compare within each campaign.** The campaigns held back different shares, and went to customers who buy at different paces. Pool them, and you compare customers of one campaign with those of another. So take the difference of the arms in each campaign, and weigh it by the campaign's customers in the group. `churn.arm_difference` does so wherever a table has a `campaign_id`, and its interval is the one asked for.

# %% tags=["stub"] question="q3"
raise NotImplementedError('Make `moved`: {"older": ..., "others": ..., "low": ..., "high": ...}.')
# check("q3", moved)

# %% tags=["solution"] question="q3"
years = today.year - lots["customer_id"].map(seen["birth_year"]).astype(float)
of_age = churn.arm_difference(lots[years >= age])  # within each campaign: lots has a campaign_id
of_others = churn.arm_difference(lots[~(years >= age)])
moved = {"older": 1000 * of_age["difference"], "others": 1000 * of_others["difference"]}
moved |= {"low": 1000 * of_age["low"], "high": 1000 * of_age["high"]}

# %% tags=["answer"] question="q3"
answer("q3", moved)

# %% [markdown] question="q4"
# ## 4. Your plan
#
# Make `plan`, a `crmlib.actions.Plan` with `budget=budget`. It runs for **180 days** from the day after the shop's last. You choose the sequences, who is in their target, the channels, the offers. It may use all of `seen`, and any score per customer that you compute from the tables.
#
# It is simulated in futures of shops that nobody has seen. The points are the **share of the possible gain**: doing nothing has 0, and a plan made with the truth has 100 %. A fifth of the possible earns all 12 points, and less earns in proportion. A plan that breaks consent or the budget earns nothing, and neither does one that loses money. An order leaves 40 % of its value; a mail costs 0.02, an SMS 0.07, a call 2.50.
#
# To practise, run your design in the futures of the shop that ships with crmlib, as in the notebook: `crmlib.futures.compare("shop", [plan], days=180, seeds=[1, 2])`. Scores and lists must then be made from `seen` of that shop; `check` refuses those of another one.

# %% tags=["stub"] question="q4"
raise NotImplementedError("Make `plan`: actions.Plan(name=..., sequences=(...), targeting={...}, budget=budget).")
# actions.check_plan(plan, seen)
# check("q4", plan)

# %% tags=["solution"] question="q4"
# A card of points: more for what those have in common whom past mails did not move, less for the contrary.
told = seen[["novelty_importance", "price_importance"]].astype(float).fillna(3)
push = (today.year - seen["birth_year"].astype(float) >= age).astype(int) + (seen["device"] == "desktop")
push = push + (told["novelty_importance"] <= 2) - (told >= 4).sum(axis=1)
worth = (seen["spend"] / seen["orders"].where(seen["orders"] > 0)).round(2)
worth = worth[(push <= 0) & (seen["days_since_order"] < 365)]
step = actions.Step(
    name="mail", channels=("email",), template="repurchase_reminder", offer=actions.Offer(kind="season")
)
season = actions.Sequence(name="season", version=1, purpose="soft_spam", steps=(step,), again_after_days=0,
                          trigger=actions.Trigger(event="calendar", days=21))  # fmt: skip
plan = actions.Plan(name="seldom", sequences=(actions.sequence("low_score_feedback"), season), budget=budget,
                    scores={"worth": worth.to_dict()}, targeting={"season": actions.Targeting(score="worth")})  # fmt: skip
actions.check_plan(plan, seen)

# %% tags=["answer"] question="q4"
answer("q4", plan)

# %% [markdown] question="w1"
# ## 5. Defend the plan
#
# The owner of the shop asks: "Why not simply mail everybody ten per cent off?" Answer in your own words. Say what a discount has to earn back, whom your plan leaves alone and on which evidence, how sure question 3 makes you, and how you would measure the plan once it runs. A person reads this.

# %% tags=["stub"] question="w1"
w1 = """
"""

# %% tags=["solution"] question="w1"
w1 = """
Most people who would use the code would have ordered anyway, so the discount is given away on them. At a margin of forty
per cent, ten per cent off needs a third more orders only to break even, before the message has earned a cent. We mail
without a discount instead, at two cents each. We leave older customers alone, since within the past campaigns those who got
the mail did not order more than those held back by lot; the interval is wide and holds 0, so this is a bet and no proof. Some customers
buy less when they are pushed, and others opt out for good, which no campaign report shows. So we keep a tenth of the
target out of every sequence at random, compare the two after three months, and change the target by what that says.
"""

# %% tags=["answer"] question="w1"
answer("w1", w1)

# %% [markdown] question="z1"
# ## 6. Five quick questions
#
# Write the letter of your choice between the quotes. The cell below each shows the buttons again.
#
# **A code for 10 % off was used on 500 orders. What does that say of the campaign's effect?**

# %% tags=["stub"] question="z1"
z1 = ""

# %% tags=["solution"] question="z1"
z1 = "d"

# %% tags=["answer"] question="z1"
quiz("z1", z1, interactive=interactive)

# %% [markdown] question="z2"
# **An own customer never gave a consent, and never objected. What may the shop send, about similar goods?**

# %% tags=["stub"] question="z2"
z2 = ""

# %% tags=["solution"] question="z2"
z2 = "b"

# %% tags=["answer"] question="z2"
quiz("z2", z2, interactive=interactive)

# %% [markdown] question="z3"
# **Two plans are simulated with the same dice. What is that good for?**

# %% tags=["stub"] question="z3"
z3 = ""

# %% tags=["solution"] question="z3"
z3 = "a"

# %% tags=["answer"] question="z3"
quiz("z3", z3, interactive=interactive)

# %% [markdown] question="z4"
# **You try ten designs in three futures and keep the best. Why is its gain there too good to be true?**

# %% tags=["stub"] question="z4"
z4 = ""

# %% tags=["solution"] question="z4"
z4 = "c"

# %% tags=["answer"] question="z4"
quiz("z4", z4, interactive=interactive)

# %% [markdown] question="z5"
# **Loyal customers who buy on their own buy less when they are mailed. What should a plan do?**

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
