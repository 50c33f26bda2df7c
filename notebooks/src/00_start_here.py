# %% [markdown]
# # Start here: a shop and its customers
#
# **The shop's question:** what do we know about our customers, and what should we ask first?
#
# *45 minutes. You need to know how to run a notebook cell (Shift + Enter). Nothing else.*

# %% [markdown]
# ## After this notebook you can
#
# - name the four kinds of CRM and the four steps of IDIC, and say what each of them asks;
# - open a shop, find your way around its tables, and change a notebook's parameters;
# - work out the 80/20 curve by hand, and read it together with its Gini coefficient;
# - show with a number why small customers must not be neglected;
# - place customers in tiers by value, potential and cost.

# %% tags=["parameters"]
source: str = "shop"  # a name from `crmlib data list`, a file, or a database URL
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show sliders
margin: float | None = None  # share of an order's value that stays with the shop; None: the policy's money.margin
return_cost: float | None = None  # what one return costs, beside the money; None: the policy's money.return_cost
ticket_cost: float | None = None  # what answering one request costs; None: the policy's money.ticket_cost

# %%
import numpy as np
import pandas as pd

from crmlib import concentration, decide, explore, open_shop, plots, record, stop_here, text
from crmlib.notebook import check_parameters

plots.use_style()
check_parameters()

# %% [markdown]
# ## 1. What CRM is, and what it is not
#
# **Customer relationship management** means: know your customers, and treat each of them as that knowledge suggests. It is not a piece of software. Software only helps.
#
# People mean four different things when they say CRM.

# %%
text.concepts("kinds", language).style.hide()

# %% [markdown]
# This course is mostly *analytical* CRM. But knowledge that changes nothing is a hobby. So each notebook ends with a decision, and a decision is *strategic* and becomes *operational*.
#
# The work goes round in a loop. Note the fourth step. It is the one that most shops leave out.

# %%
text.concepts("loop", language).style.hide()

# %% [markdown]
# ## 2. The shop and its tables
#
# One call opens a shop. It says what it found, and as of which day we look.

# %%
asked = {"money.margin": margin, "money.return_cost": return_cost, "money.ticket_cost": ticket_cost}
shop = open_shop(source, as_of=as_of or None).adjusted(asked)
money = shop.policy.money  # the shop's own numbers, where none was set above
orders = shop.orders.to_pandas()
tables = {name: getattr(shop, name) for name in shop.tables}
pd.DataFrame(
    {
        "rows": {name: len(table) for name, table in tables.items()},
        "columns": {name: ", ".join(table.columns[:5]) + ", ..." for name, table in tables.items()},
    }
)

# %% [markdown]
# Every shop has `orders`. Some have more: visits, mails, surveys, requests for help. A shop that lacks a table is no less a shop. The notebooks that need the table say so, and skip that part.
#
# **How parameters work.** The cell at the top holds the notebook's settings. Change one, run all cells again, and everything below follows. Try `margin` when you have reached the end. The same notebook can be run from the command line: `crmlib run 00 -p margin=0.4`.
#
# When did customers buy? **What do you expect?** Is one month like another?

# %% mystnb={"image": {"alt": "Bars: revenue in each month since the first order."}}
monthly = orders.groupby(orders["order_ts"].dt.to_period("M"))["amount"].sum()
best_month = monthly.idxmax()
lately = orders["order_ts"] >= pd.Timestamp(shop.as_of) - pd.Timedelta(days=365)
record("revenue", round(float(orders.loc[lately, "amount"].sum()), 2), key=True)
axes = plots.month_bars(monthly, title=f"The best month was {best_month}: {monthly.max():,.0f}", language=language)

# %% [markdown]
# Read the height of the bars, then their rhythm. A shop that grows shows rising bars. A season shows the same bump every year.
#
# One warning. The first and the last bar may be incomplete months. Never call a short month a fall in sales.

# %% [markdown] tags=["any-source"]
# ## 3. The 80/20 curve
#
# "Eighty percent of the money comes from twenty percent of the customers." Everyone says so. Let us look.
#
# First by hand, on ten customers. Sort them by spend, the largest first. Then add up.

# %%
spend = orders.groupby("customer_id")["amount"].sum()
if len(spend) < 10 or spend.sum() <= 0:
    stop_here(f"{len(spend)} customers spent {spend.sum():,.2f}: a curve of who spends how much takes ten who spend.")
ten = spend.iloc[:: max(1, len(spend) // 10)].head(10).sort_values(ascending=False).to_frame("spend")
ten["customers so far"] = np.arange(1, len(ten) + 1) / len(ten)
ten["spend so far"] = (ten["spend"].cumsum() / ten["spend"].sum()).round(3)
ten.round(2)

# %% [markdown]
# Read the second row: one fifth of the ten customers hold that share of the spend. The library counts the same.

# %%
assert np.isclose(concentration.top_share(ten["spend"], 0.2), ten["spend"].head(2).sum() / ten["spend"].sum())
top = concentration.top_share(spend, 0.2)
unequal = concentration.gini(spend)
record("top_20_share", round(top, 4), key=True)
record("gini", round(unequal, 4))
print(f"All {len(spend):,} customers: the best 20 % hold {top:.0%} of the spend. Gini {unequal:.2f}.")

# %% [markdown]
# **What do you expect?** Will the curve of this shop be steeper or flatter than 80/20?

# %% mystnb={"image": {"alt": "Curve: cumulative share of spend against cumulative share of customers, best customers first, above the diagonal."}}
axes = plots.value_curve(
    spend,
    title=f"The best fifth of the customers hold {top:.0%} of the spend",
    xlabel=text.label("customer_share_best", language),
    ylabel=text.label("value_share", language),
)

# %% [markdown]
# The dotted diagonal is a shop whose customers are all equal. The further the curve bends away from it, the fewer customers carry the shop.
#
# The same curve drawn from the smallest customer upwards is called the **Lorenz curve**. The **Gini coefficient** is its bend in one number: 0 when all are equal, close to 1 when one customer holds everything.
#
# Move the slider. How many customers carry half of the spend?


# %%
def best(percent: int = 20) -> None:
    print(
        f"The best {percent} % of the customers hold {concentration.top_share(spend, percent / 100):.0%} of the spend."
    )


best(20)
curve = concentration.lorenz(spend)
half = 1 - np.interp(0.5, curve["value"], curve["customers"])
print(f"Half of the spend is carried by the best {half:.0%}.")
explore(best, percent=(1, 100, 1), interactive=interactive)

# %% [markdown] tags=["any-source"]
# The first few percent hold far more than their share. That is a reason to know them by name. Is it a reason to forget the others?

# %% [markdown] tags=["any-source"]
# ## 4. The pitfall: neglecting small customers
#
# > **A mistake that real shops make.** "The small ones bring little. Let us stop caring for them." The textbooks call it *demarketing*. They show the 80/20 curve as the reason.
#
# The curve shows the *past*. So we cut the shop's life in two halves. In the first, we call the best 20 % *large* and the rest *small*. Then we watch who buys in the second half.
#
# **What do you expect?** What share of the second half's revenue came from customers who were large in the first?

# %%
middle = orders["order_ts"].min() + (pd.Timestamp(shop.as_of) - orders["order_ts"].min()) / 2
first = orders[orders["order_ts"] < middle].groupby("customer_id")["amount"].sum()
second = orders[orders["order_ts"] >= middle].groupby("customer_id")["amount"].sum()
if first.empty or second.sum() <= 0:
    stop_here("The orders are too close together: there is no second half of the history to look at.")
large = set(first.nlargest(round(0.2 * len(first))).index)
kind = np.select([second.index.isin(large), second.index.isin(first.index)], ["large before", "small before"], "new")
later = second.groupby(kind).agg(["size", "sum"]).set_axis(["customers", "revenue"], axis=1)
later = later.reindex([name for name in ("large before", "small before", "new") if name in later.index])
later["share"] = later["revenue"] / later["revenue"].sum()
record("second_half_by_first_half", later.reset_index(names="kind"))
later.round(2)

# %% [markdown]
# Read the rows one by one. `small before` is what the shop would have put at risk by neglecting its small customers. `new` were not on the first curve at all: no look at the past could have ranked them. Every one of them begins small.
#
# How sure are we of the two rows' share together? It hangs on who happened to buy. We draw the customers again with replacement, many times.

# %%
rng = np.random.default_rng(5)
at_stake = (second * (kind != "large before")).to_numpy()
weights = rng.multinomial(len(second), np.full(len(second), 1 / len(second)), size=100 if fast else 1000)
shares = (weights @ at_stake) / (weights @ second.to_numpy())
low, high = np.quantile(shares, [0.025, 0.975])
not_large = at_stake.sum() / second.sum()
record("share_not_large_before", {"estimate": float(not_large), "low": float(low), "high": float(high)})
print(
    f"{not_large:.0%} of the second half's revenue came from customers who were small or new (95 %: {low:.0%} to {high:.0%})."
)

# %% mystnb={"image": {"alt": "Stacked shares: the second half's revenue by who the customer was in the first half: large, small or new."}}
axes = plots.share_bar(
    later["share"], title=f"{not_large:.0%} of the later revenue came from customers who were small or new"
)

# %% [markdown]
# Two sentences, with two numbers. The curve says who buys again: compare what a customer who was `large before` brings with what one of the others does. And it cannot name those who are not here yet: that is the row `new`.
#
# So the curve is a fact about the past and no plan for the future. A plan needs two more things: what a customer could *still* bring, and what the customer costs.

# %% [markdown]
# ## 5. Value, potential, cost: four tiers
#
# Peppers and Rogers sort customers by all three. The course texts call them **foreground** customers (high value now; Peppers and Rogers say *most valuable*), customers **to grow** (high potential), and **below-zero** customers (they cost more than they bring). The rest we keep.
#
# Value is the margin so far. Cost is what returns and requests for help cost us. Potential needs a guess, so we say it aloud: *if this customer bought as often as the busiest fifth, how much more margin would a year bring?* Only customers who bought in the last half year get one.


# %%
def count(name: str) -> pd.Series:
    rows = tables[name].to_pandas()["customer_id"].value_counts() if name in tables else pd.Series(dtype=float)
    return rows.reindex(spend.index).fillna(0)


today = pd.Timestamp(shop.as_of)
by_customer = orders.groupby("customer_id")["order_ts"]
years = (today - by_customer.min()).dt.days.clip(lower=90) / 365.25
per_year = by_customer.size() / years
recent = today - by_customer.max() < pd.Timedelta(days=182)

# %%
order_value = spend / by_customer.size()
customers = pd.DataFrame({"value": money.margin * spend})
customers["potential"] = money.margin * order_value * (per_year.quantile(0.8) - per_year).clip(lower=0) * recent
customers["cost_to_serve"] = money.return_cost * count("returns") + money.ticket_cost * count("tickets")
customers.describe().loc[["mean", "50%", "max"]].round(1)

# %% mystnb={"image": {"alt": "Bars: each tier's share of the customers beside its share of the margin so far."}}
customers["tier"] = concentration.tiers(customers, policy=shop.policy)
table = customers.groupby("tier").agg(
    customers=("value", "size"), value=("value", "sum"), potential=("potential", "sum")
)
table = table.reindex([tier for tier in concentration.TIERS if tier in table.index])
record("tiers", table.reset_index())
grow = table["potential"].get("to grow", 0.0) / max(table["potential"].sum(), 1e-9)
shares = table.div(table.sum())
axes = plots.tier_bars(shares, title=f"The customers to grow hold {grow:.0%} of the potential", language=language)

# %% [markdown]
# Compare the three bars of a tier. *Foreground* has value. *To grow* has potential. They ask for different things: the first for thanks, the second for a reason to come more often.
#
# *Below zero* is small or empty here. Look before you act on it. A customer with two returns may have had two broken parcels.

# %% [markdown]
# ## 6. IDIC: is this shop ready?
#
# Peppers and Rogers give four steps: identify, differentiate, interact, customise. Each needs data. Does the shop have the tables?

# %%
steps = text.concepts("idic", language)
steps["this shop has"] = [
    ", ".join(name for name in wanted.split(", ") if name in tables) or "-" for wanted in steps["tables"]
]
steps.drop(columns=["needs", "tables"]).style.hide()

# %% [markdown]
# A dash means: that step must wait until the data are there. The tools that bring the data fall in two groups: those the customer sees (front office) and those behind (back office).

# %%
tools = text.concepts("tools", language)
tools.groupby("office")["tool"].agg(", ".join).reset_index().style.hide()

# %% [markdown]
# ## What should the shop do?
#
# Spend attention in three parts. Thank the foreground tier. Give the customers to grow a reason to return. And welcome everyone small or new, cheaply.
#
# Neglecting small customers puts the share of `small before` in section 4 at risk. A poor welcome puts the share of `new` at risk. **Not known yet:** how much of it our attention *causes*. Only an experiment tells; notebook 07 runs one.

# %%
part = later["share"].reindex(["large before", "small before", "new"]).fillna(0.0)
brought = later["revenue"].reindex(part.index).fillna(0.0)
newcomers = "Welcome newcomers, and keep small customers" if part["new"] else "Keep small customers"
decide(
    f"{newcomers}, cheaply: of the later revenue {part['new']:.1%} ({brought['new']:,.0f}) "
    f"came from people who were not there before, {part['small before']:.1%} ({brought['small before']:,.0f}) from small ones. "
    f"Thank the large fifth, who brought {part['large before']:.1%}.",
    sure=f"New and small together: {low:.1%} to {high:.1%} (95 %). How much of it a welcome causes is not known: test it.",
)

# %% [markdown]
# ## The words, in both languages

# %%
words = text.concepts("glossary", "en")
words.insert(1, "italiano", text.concepts("glossary", "it")["term"])
words.style.hide()

# %% [markdown]
# ## What you can do now
#
# - You named the four kinds of CRM and the four steps of IDIC, and what each asks.
# - You opened a shop, went through its tables, and know where the parameters are.
# - You worked out the 80/20 curve by hand, and read it together with its Gini coefficient.
# - You showed with a number, and its interval, why small customers must not be neglected.
# - You placed customers in tiers by value, potential and cost.
#
# **Next:** `01_data_collection`, where the shop's address book is cleaned before anybody is counted.
#
# **Further reading:** D. Peppers and M. Rogers, "Managing Customer Relationships" (2004): the four steps and the tiers.
