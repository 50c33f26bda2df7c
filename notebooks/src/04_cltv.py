# %% [markdown]
# # CLTV: what is a customer worth, and what may one cost?
#
# **The shop's question:** an advertiser offers us new customers at a price each. What is the most we may pay? And which of the customers we have are worth the most from now on?
#
# *75 minutes. You need to know what a pandas table is, and what a mean is. Notebook 03 helps, but you can do without it.*
#
# ## After this notebook you can
#
# - compute frequency, recency and age of a customer by hand, and say how they differ from RFM's;
# - tell the story behind a model of repeat buying, and read its parameters;
# - judge forecasts on held-out data, beside guesses that need no model;
# - spot a probability of being alive that means nothing;
# - say what a new customer may cost, and how sure you are.

# %% tags=["parameters"]
source: str = "shop"  # a name from `crmlib data list`, a file, or a database URL
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show sliders
calibration_end: str = ""  # the last day that the models may see in sections 1 to 4, such as "2025-06-30"; empty: the middle of the history
cltv_model: str = "MBG/NBD"  # the model that values the customers: "BG/NBD", "MBG/NBD" or "Pareto/NBD" (slow)
horizon_months: int | None = None  # how far ahead purchases count; None: the policy's clv.horizon_months
annual_discount: float | None = None  # how much less next year's money counts; None: the policy's clv.annual_discount
margin: float | None = None  # share of an order's value that stays with the shop; None: the policy's money.margin
fewest_repeat_buyers: int = 30  # with fewer customers who bought again, no model is fitted: at least 1

# %%
import warnings

import numpy as np
import pandas as pd

from crmlib import clv, decide, explore, open_shop, plots, record, rfm, stop_here
from crmlib.notebook import check_parameters, or_stop
from crmlib.synth import has_truth, read_truth

plots.use_style()
check_parameters()

# %% [markdown]
# ## The data
#
# CLTV stands for *customer lifetime value*: what a customer's coming purchases will leave with us. We need who bought, when, and for how much.
#
# Then we fix two days. The **last day** is the last whole day we know about. The **calibration end** cuts the history in two: the models may look at the first part, and are judged on the second.

# %%
asked = {"clv.horizon_months": horizon_months, "clv.annual_discount": annual_discount, "clv.margin": margin}
shop = open_shop(source, as_of=as_of or None).adjusted(asked)
horizon_months, annual_discount = shop.policy.clv.horizon_months, shop.policy.clv.annual_discount
margin = shop.policy.margin_of("clv")  # the shop's own numbers, where none was set above
last_day = pd.Timestamp(shop.as_of) - pd.Timedelta(days=1)
first_day = pd.Timestamp(clv.span(shop.orders)[0])
half_way = pd.Timedelta(days=(last_day - first_day).days // 2)
middle = pd.Timestamp(calibration_end) if calibration_end else first_day + half_way
if middle >= last_day:
    stop_here(f"The orders end on {last_day:%Y-%m-%d}: after {middle:%Y-%m-%d} there is nothing to judge a model by.")
print(
    f"The models see {first_day:%Y-%m-%d} to {middle:%Y-%m-%d}. They are judged on what came up to {last_day:%Y-%m-%d}."
)

# %% [markdown]
# ## 1. A customer in three numbers
#
# The models of this notebook know a customer by three numbers, counted in days:
#
# - **frequency**: how many purchases came *after the first*. The orders of one day are one purchase.
# - **recency**: how many days from the first purchase to the last.
# - **T**, the customer's age: how many days from the first purchase to the last day.
#
# A fourth number says how much: **monetary value**, the mean spend of the repeat purchases. The first purchase is left out.
#
# Here are six customers, counted by hand. We draw two hundred by lot, order them by how often they bought, and take some from the rare to the frequent.

# %%
some = shop.sample_orders(customers=200).to_pandas()
some["day"] = some["order_ts"].dt.normalize()
some = some[some["day"] <= last_day]
ranked = some.groupby("customer_id").size().sort_values(kind="stable").index  # by their number of orders
six_ids = [ranked[int(share * len(ranked))] for share in (0.1, 0.5, 0.7, 0.8, 0.9, 0.95)]
six = some[some["customer_id"].isin(six_ids)]
purchases = six.groupby(["customer_id", "day"], as_index=False)["amount"].sum().sort_values("day")
first = purchases.groupby("customer_id")["day"].min()
again = purchases[purchases["day"] > purchases["customer_id"].map(first)].groupby("customer_id")
hand = pd.DataFrame({"first": first, "last": purchases.groupby("customer_id")["day"].max()})
hand["frequency"] = again.size().reindex(hand.index, fill_value=0)
hand["recency"] = (hand["last"] - hand["first"]).dt.days
hand["T"] = (last_day - hand["first"]).dt.days
hand["monetary_value"] = again["amount"].mean().reindex(hand.index, fill_value=0)
hand.assign(monetary_value=hand["monetary_value"].round(2))

# %% [markdown]
# **The names are a trap.** Notebook 03 used the same words for other things.
#
# - RFM's frequency counts *all* orders. This one counts *repeat* purchases, so one purchase makes a frequency of 0.
# - RFM's recency is the time *since* the last order, and small is good. This one is the time *from the first purchase to the last*, and it never grows while the customer is silent.
#
# Does the library agree with our hands? The last column is the silence: `T - recency`. That is RFM's idea of recency.

# %%
library = clv.summarize(six[["customer_id", "order_ts", "amount"]], as_of=last_day.date()).set_index("customer_id")
numbers = ["frequency", "recency", "T", "monetary_value"]
assert np.allclose(library.loc[hand.index, numbers], hand[numbers])
library.assign(days_silent=library["T"] - library["recency"]).round(2)

# %% [markdown]
# Now everyone, up to the calibration end. What each customer did afterwards stands beside it: the **holdout**. Customers who came later are not in this table.

# %%
split = clv.holdout(shop.orders, calibration_end=middle.date(), observation_end=last_day.date()).to_pandas()
seen = split.rename(columns=lambda name: name.removesuffix("_cal"))
days_ahead = int(seen["duration_holdout"].iloc[0])
once = seen["frequency"] == 0
record("customers_in_calibration", len(seen))
record("share_without_repeat_purchase", round(once.mean(), 4))
if (~once).sum() < fewest_repeat_buyers:
    stop_here(
        f"Only {(~once).sum()} of {len(seen)} customers bought again by {middle:%Y-%m-%d}: too few to fit a model of "
        "repeat buying, so the notebook ends here. Try a longer history, or a later calibration_end.",
        needs="orders: a longer history",
    )

# %% [markdown]
# **What do you expect?** Which bar will be the tallest?

# %% mystnb={"image": {"alt": "Bars: number of customers by how many repeat purchases they made in the calibration."}}
title = f"By {middle:%Y-%m-%d}, {once.mean():.0%} had not bought a second time"
axes = plots.frequency_bars(seen["frequency"], title=title, language=language)

# %% [markdown]
# Look at the bar at 0. For these customers we know one purchase and a silence. Are they gone, or are they slow? No count answers that. That is what the models are for.
#
# ## 2. Two coins
#
# Picture each customer with two coins.
#
# The first is tossed every morning. Heads: buy today. Each customer's coin is bent in its own way. One shows heads every week, another once a year.
#
# The second is tossed after a purchase. Tails: leave for good. Nobody tells us.
#
# We see neither coin. We see purchases, and silence. A silence can mean "a slow first coin" or "the second coin fell on tails". The model weighs one against the other.
#
# This is the **BG/NBD** model. Two others differ in when a customer may leave:
#
# | Model | The customer may leave ... |
# |---|---|
# | BG/NBD | after each *repeat* purchase |
# | MBG/NBD | after each purchase, *the first one too* |
# | Pareto/NBD | at any moment |
#
# To fit a model is to find the mix of coins that makes the histories we saw most likely.

# %%
fitters = {"BG/NBD": clv.BetaGeoFitter, "MBG/NBD": clv.ModifiedBetaGeoFitter, "Pareto/NBD": clv.ParetoNBDFitter}
models, predictions, alive = {}, {}, {}
history = [seen[key] for key in ("frequency", "recency", "T")]
with or_stop(), warnings.catch_warnings(record=True, action="always") as said:
    for name, fitter in fitters.items():
        models[name] = fitter().fit(*history)
        predictions[name] = np.asarray(models[name].predict(days_ahead, *history))
        alive[name] = np.asarray(models[name].conditional_probability_alive(*history))
for warning in said:
    print("The library warns:", warning.message)
pd.DataFrame({name: dict(model.params_) for name, model in models.items()}).T.style.format(precision=3, na_rep="")

# %% [markdown]
# If the library warns, keep its words in mind: section 3 comes back to them.
#
# Each model has four parameters. Two describe how the first coins vary between customers, two the second coins. Single parameters say little. Their ratios speak:
#
# - `r / alpha` is the mean number of purchases per day, over all customers, while they are customers;
# - `a / (a + b)` is the mean chance of leaving after a purchase (BG and MBG);
# - `s / beta` is the mean rate of leaving per day (Pareto).
#
# **What do you expect?** In BG/NBD nobody can leave after the first purchase. To explain the same silence, will its first coins be slower or faster than MBG's?

# %%
readings = pd.DataFrame(index=list(models))
for name, model in models.items():
    p = model.params_
    readings.loc[name, "purchases in 100 days"] = 100 * p["r"] / p["alpha"]
    if "a" in p:
        readings.loc[name, "leaves after a purchase"] = p["a"] / (p["a"] + p["b"])
    else:
        readings.loc[name, "leaves in 100 days"] = 100 * p["s"] / p["beta"]
record("model_readings", readings.reset_index(names="model"))
readings.style.format(precision=3, na_rep="")

# %% [markdown]
# Compare the first two rows. Where many bought only once, BG/NBD must call them slow, so its mean rate is the lower one. MBG/NBD may call them gone, so it leaves more room for fast coins. The data are the same. The stories differ. Pareto/NBD lets one-time buyers leave, too, and may still find slow coins: a silence can be split in several ways, and the mean rate alone does not say which is right. Section 4 keeps score.
#
# Where almost everyone comes back, the rows hardly differ, and the chance of leaving is close to 0.
#
# ## 3. P(alive): is this customer still with us?
#
# **P(alive)** is the probability, given the three numbers, that the customer has not left.
#
# Take two customers, and ask BG/NBD about them. Both were active over the same number of days. One bought often, one rarely. Then both fall silent.
#
# **What do you expect?** After three silent months, about which of them would you worry more?

# %% mystnb={"image": {"alt": "Two falling lines: the probability of being alive against the days of silence, for a frequent and a rare buyer."}}
repeat = seen[~once]
active_days, silence = int(repeat["recency"].median()), np.arange(366)
rare = int(repeat["frequency"].quantile(0.25))
often = max(rare + 2, int(repeat["frequency"].quantile(0.95)))
curves = {}
for count in (often, rare):
    chance = models["BG/NBD"].conditional_probability_alive(count, active_days, active_days + silence)
    curves[f"bought {1 + count} times in {active_days} days"] = chance
after_90 = [curve[90] for curve in curves.values()]
title = f"After 90 silent days: {after_90[0]:.0%} for the frequent buyer, {after_90[1]:.0%} for the rare one"
if after_90[1] - after_90[0] < 0.01:
    title = f"Hardly anybody leaves, says BG/NBD: after 90 silent days {after_90[0]:.0%} of either are there"
axes = plots.alive_curve(silence, curves, title=title, unit="silence_days", language=language)

# %% [markdown]
# Where customers leave, the line of the frequent buyer falls sooner and further. Three months of silence are normal for someone who buys twice a year. From someone who bought every other week, they are a farewell. (Two lines that lie together say that the model finds hardly anybody who leaves.)
#
# So "no purchase in the last 60 days" is not one signal. It means something else for each customer. P(alive) puts the silence next to the customer's own pace.
#
# ### The pitfall: the customer who cannot die
#
# > **A mistake that real analysts make.** They fit BG/NBD, add up P(alive), and report the sum as "our active customers".
#
# Now take a customer who bought **once**, and let the silence grow.
#
# **What do you expect?** What will BG/NBD say after a year?

# %% mystnb={"image": {"alt": "Lines: the probability that a one-time buyer is alive, against days since the purchase, by model; BG/NBD stays at 1."}}
none = np.zeros(len(silence))
with warnings.catch_warnings(record=True, action="always"):  # section 2 shows what they warn of
    curves = {name: model.conditional_probability_alive(none, none, silence) for name, model in models.items()}
year_later = curves["MBG/NBD"][365]
title = f"A year after one purchase: alive for sure (BG/NBD), or {year_later:.0%} (MBG/NBD)?"
if year_later > 0.99:
    title = "A year after one purchase all three models call the customer alive: they find nobody who leaves"
axes = plots.alive_curve(silence, curves, title=title, unit="silence_days", language=language)

# %% [markdown]
# BG/NBD's line is flat at 1. It has to be: in its story the second coin is tossed only after a *repeat* purchase. Who never came back never tossed it. MBG/NBD's line may start below 1: its second coin is tossed right after the first purchase, so some may be gone the same day. In Pareto/NBD leaving takes time, so its line starts at 1.
#
# What does that cost? Below are the one-time buyers only. The analyst multiplies the customers alive by the margin that a one-time buyer who did return brought in the holdout. The last row says what happened.

# %%
returned = once & (seen["frequency_holdout"] > 0)
margin_each = margin * seen.loc[returned, "spend_holdout"].sum() / max(1, returned.sum())
pitfall = pd.DataFrame({"alive": {name: chance[once].sum() for name, chance in alive.items()}})
pitfall["alive_times_margin"] = pitfall["alive"] * margin_each
pitfall["purchases"] = {name: predicted[once].sum() for name, predicted in predictions.items()}
happened = [returned.sum(), margin_each * returned.sum(), seen.loc[once, "frequency_holdout"].sum()]
pitfall.loc["what happened"] = happened
record("one_time_buyers", pitfall.reset_index(names="model"))
print(f"{once.sum():,} customers had bought once. BG/NBD calls {pitfall.loc['BG/NBD', 'alive']:,.0f} of them alive.")
pitfall.round(0)

# %% [markdown]
# Read the first two columns. BG/NBD counts every single one, and so promises the margin of every single one. The last row counts those who bought. Some others may still be alive, so a model may stand above it. But all of them? The more customers buy only once, the larger the gap.
#
# Now read the last column. BG/NBD's forecast of *purchases* is much less wrong than its count of customers. "Alive but very slow" and "probably gone" lead to similar numbers of purchases.
#
# So the model is not useless. One of its numbers is. **Never count customers, or choose whom to win back, by BG/NBD's P(alive).** Its expected purchases may be used.
#
# ## 4. Who predicts better than nothing?
#
# The models saw the days up to the calibration end. What did each customer buy after it? We know. So we can keep score.
#
# A score needs something to beat. Four guesses need no model: *always zero*; each customer's *own rate* so far; the same as in the *last period* of that length; the *population mean* for everyone.
#
# - **mae**: by how many purchases we are wrong on average.
# - **rmse**: the same, but large errors weigh more.
# - **deviance**: the error for counts.
# - **bias**: predicted minus actual, on average. Below 0 we promise too little.
# - **top_decile_share**: which share of the purchases came from the tenth of the customers that we ranked highest.
#
# **What do you expect?** How bad is *always zero*?

# %% mystnb={"image": {"alt": "Dots for each model and baseline: mean absolute error on the left, root mean squared error on the right."}}
card = clv.scorecard(split, predictions)
record("scorecard", card.reset_index(names="model"))
nothing = (seen["frequency_holdout"] == 0).mean()
record("share_without_purchase_in_holdout", round(nothing, 4))
print(f"{nothing:.0%} of the customers bought nothing in the {days_ahead} days of the holdout.")
gap = card.loc["always zero", ["mae", "rmse"]] / card.loc[list(models), ["mae", "rmse"]].min() - 1
title = f"Always zero against the best model: MAE {gap['mae']:+.0%}, RMSE {gap['rmse']:+.0%}"
axes = plots.error_dots(card, title=title, language=language)
contest = clv.verdict(clv.Rolling.of_split(split, predictions), refits=200)
won = "" if contest.high < 0 else contest.baseline  # a simple guess that no model surely beat
print(contest.sentence)
card.round(3)

# %% [markdown]
# Where most customers buy nothing, *always zero* comes close to the models on the left, and it may even win. Why? The absolute error rewards the **median**, and the median customer buys nothing. A forecast that never sells anything gets a fair mark.
#
# It is of no use, though. It cannot tell one customer from another: its top tenth is any tenth. Its bias says that all purchases are missing. The RMSE, on the right, punishes it for the good customers.
#
# In a shop of regulars the picture turns round. *Always zero* is hopeless, and *own rate* or *last period* is the one to beat. The sentence above the table names the winner here. Where it is a simple guess, take the values of the next sections with its caution.
#
# **The rule:** no single number. Take rmse for size, bias for the total, and top_decile_share for the ranking, and put a baseline beside each.
#
# A total can be right while every group is wrong. So we look by group: customers with 0, 1, 2, ... repeat purchases before.

# %% mystnb={"image": {"alt": "Lines: mean purchases in the holdout by number of earlier repeat purchases; actual in black, each model dashed."}}
most = int(seen["frequency"].quantile(0.9).clip(7, 15))
before, after = seen["frequency"], seen["frequency_holdout"]
groups = pd.DataFrame({"predicted": predictions[cltv_model], "happened": after}).groupby(before.clip(upper=most)).mean()
widest = (groups["predicted"] - groups["happened"]).abs().idxmax()
told, came = groups.loc[widest]
title = f"Largest gap: {widest:.0f} repeats before, {told:.1f} predicted by {cltv_model}, {came:.1f} happened"
axes = plots.holdout_lines(before, after, predictions, title=title, most=most, language=language)

# %% [markdown]
# Go along the black line. On the whole it rises: who bought more before buys more after. A dip may be luck where a group is small; the bars of section 1 say how small. Then look at the dashed lines. Where they all run below, every model promises too little for that group, however good the total.
#
# Where the models run close together, other things decide: what P(alive) means, and how long a fit takes. We go on with the model named in the parameters, `cltv_model`.
#
# ## 5. From purchases to money
#
# Somebody spent 200 on the one repeat purchase we saw. Will the next be 200 as well? If most customers spend 40, probably less: one purchase is little evidence. After ten purchases at 200 we would believe it.
#
# The **Gamma-Gamma** model does this weighing. It draws each customer's own mean towards everyone's, strongly after few purchases, little after many.
#
# It makes one assumption: *how often* and *how much* have nothing to do with each other. Check before you fit. A correlation near 0 is fine. From about 0.3, up or down, do not trust the result.
#
# From here on we use the whole history. The test is over.

# %%
customers = clv.summarize(shop.orders, as_of=last_day.date()).to_pandas()
repeat = customers[(customers["frequency"] > 0) & (customers["monetary_value"] > 0)]
correlation = repeat["frequency"].corr(repeat["monetary_value"])
record("correlation_frequency_value", round(correlation, 4))
with or_stop(), warnings.catch_warnings(record=True, action="always") as said:
    spend = clv.GammaGammaFitter().fit(repeat["frequency"], repeat["monetary_value"])
    buying = fitters[cltv_model]().fit(*(customers[key] for key in ("frequency", "recency", "T")))
for warning in said:
    print("The library warns:", warning.message)
print(f"Correlation of frequency and monetary value: {correlation:.2f}, over {len(repeat):,} repeat buyers.")
average = spend.conditional_expected_average_profit(0, 0)
print(f"A customer of whom we know nothing is expected to spend {average:.2f} a purchase.")

# %% [markdown]
# Now everything comes together. A customer's **CLTV** is
#
# `margin * expected spend * expected purchases`, month by month over the horizon, each month discounted.
#
# Money in a year is worth less than money today; the discount says by how much. `margin`, `horizon_months` and `annual_discount` are decisions of the business, so they stand in the parameters.
#
# **What do you expect?** Order the customers by CLTV. Which share of the total does the best tenth hold?

# %% mystnb={"image": {"alt": "A rising curve: the share of total CLTV held by the best customers, best first, above the diagonal of equal shares."}}
worth = customers.merge(clv.value(customers, buying, spend, policy=shop.policy), on="customer_id")
bills = rfm.score(shop.orders, as_of=last_day.date(), policy=shop.policy).to_pandas()[["customer_id", "monetary"]]
worth = worth.merge(bills.rename(columns={"monetary": "spent"}), on="customer_id")
worth = worth.sort_values("cltv", ascending=False, ignore_index=True)
tenth = max(1, len(worth) // 10)
top_share = worth["cltv"].head(tenth).sum() / worth["cltv"].sum()
record("mean_cltv", round(worth["cltv"].mean(), 4))
record("total_cltv", round(worth["cltv"].sum(), 2))
record("top_tenth_share_of_cltv", round(top_share, 4))
title = f"The best tenth of the customers hold {top_share:.0%} of the coming value"
xlabel, ylabel = "Customers, best first (%)", "Share of total CLTV (%)"
axes = plots.value_curve(worth["cltv"], title=title, xlabel=xlabel, ylabel=ylabel)
worth.set_index("customer_id")[["frequency", "spent", "expected_purchases", "expected_spend", "cltv"]].head(8).round(2)

# %% [markdown]
# The dotted line is a shop where all are worth the same. The further the curve bends away, the fewer customers carry the shop.
#
# Is this only a long way to find the big spenders? Compare the best tenth by CLTV with the best tenth by past spend.

# %%
big_spenders = worth.sort_values("spent", ascending=False, kind="stable").head(tenth)
faded = big_spenders[~big_spenders.index.isin(range(tenth))]
overlap = 1 - len(faded) / tenth
record("top_tenth_overlap_with_past_spend", round(overlap, 4))
print(f"{overlap:.0%} are in both. {len(faded):,} customers are in the best tenth by past spend only.")
groups = {"in both": big_spenders.index.difference(faded.index), "past spend only": faded.index}
groups["CLTV only"] = worth.index[:tenth].difference(big_spenders.index)
worth["days_silent"] = worth["T"] - worth["recency"]
shown = ["spent", "cltv", "frequency", "days_silent"]
pd.DataFrame({name: worth.loc[rows, shown].mean() for name, rows in groups.items()}).T.round(1)

# %% [markdown]
# Read the row *past spend only*. They spent much, and now they are silent for longer than their pace allows. A gift for the best tenth by past spend thanks them for what was. The row *CLTV only* shows whom that gift would miss.
#
# ## 6. How sure are we?
#
# Other customers could have walked in. Then the parameters would differ, and so would each CLTV. The **bootstrap** plays this through: draw as many customers as we have, with replacement; fit again; value again. How far the results move is how unsure we are.
#
# To draw with replacement is to give each customer a weight: drawn twice, weight 2; not drawn, weight 0. So we never copy a table.

# %%
refits = 25 if fast else 200
drawn = clv.bootstrap(buying, refits, seed=5).models(), clv.bootstrap(spend, refits, seed=6).models()
pairs = list(zip(*drawn, strict=False))
places = [len(worth) // 100, len(worth) // 10, len(worth) // 4]
three = worth.iloc[places]
values = np.array([clv.value(worth[customers.columns], b, s, policy=shop.policy)["cltv"] for b, s in pairs])
draws = np.column_stack([values.mean(axis=1), values[:, places]])

# %% mystnb={"image": {"alt": "Dots with intervals, as a percentage of each estimate: mean CLTV, and the CLTV of three customers."}}
sure = pd.DataFrame({"cltv": [worth["cltv"].mean(), *three["cltv"]]})
sure["low"], sure["high"] = np.quantile(draws, [0.025, 0.975], axis=0)
sure.index = [
    "mean of all customers",
    *(f"{c.customer_id} (repeats: {c.frequency:.0f}, {c.days_silent:.0f} d silent)" for c in three.itertuples()),
]
record("cltv_intervals", sure.reset_index(names="of"))
shares = 100 * sure[["low", "high"]].div(sure["cltv"], axis=0).assign(estimate=1.0)
shares.index = [f"{name}: {money:.2f}" for name, money in sure["cltv"].items()]
title = f"Mean CLTV {sure['cltv'].iloc[0]:.2f}, 95 % interval {sure['low'].iloc[0]:.2f} to {sure['high'].iloc[0]:.2f}"
axes = plots.interval_dots(shares, title=title, xlabel=f"CLTV over {horizon_months} months (% of its estimate)")

# %% [markdown] tags=["any-source"]
# Each bar holds 95 % of the refits. Compare the three customers. With few repeat purchases the estimate leans on the parameters, so the bar tends to be longer. With more, the customer's own history speaks.
#
# Two warnings.
#
# **The interval is about a mean.** It holds for *all customers with a history like this one*. This one customer may buy nothing, or three times, and land far outside.
#
# **The interval believes the model.** If the story of the coins is wrong, every refit is wrong in the same way. The bootstrap cannot see that. The holdout can: there we know the money.
#
# ### Against what came, and against the truth
#
# The shop that ships is simulated, so its future is known, too. **What do you expect?** Will the model count too many customers as alive, or too few?

# %%
bought = seen[(seen["frequency"] > 0) & (seen["monetary_value"] > 0)]
with or_stop(), warnings.catch_warnings(record=True, action="always"):
    spend_then = clv.GammaGammaFitter().fit(bought["frequency"], bought["monetary_value"])
each = spend_then.conditional_expected_average_profit(seen["frequency"], seen["monetary_value"])
promised, came = (predictions[cltv_model] * each).sum(), seen["spend_holdout"].sum()
if not came:
    stop_here("Nobody spent anything in the days held back: a value that nothing bears out is none.")
off = promised / came - 1
record("holdout_revenue_error", round(off, 4))
print(f"Holdout: {promised:,.0f} of revenue promised by {cltv_model} and Gamma-Gamma; {came:,.0f} came: {off:+.0%}.")
half = (sure["high"] - sure["low"]).iloc[0] / 2 / sure["cltv"].iloc[0]
print(f"The bootstrap's interval on the mean is plus or minus {half:.1%}.")

# %%
if has_truth(source):
    truth = read_truth("customers", source).set_index("customer_id").loc[customers["customer_id"]]
    past = [customers[key] for key in ("frequency", "recency", "T")]
    with warnings.catch_warnings(record=True, action="always"):
        chance = np.asarray(buying.conditional_probability_alive(*past))
    tenths = pd.qcut(chance, 10, duplicates="drop")
    means = (
        pd.DataFrame({"model": chance, "truth": truth["alive"].to_numpy(float)}).groupby(tenths, observed=True).mean()
    )
    year = np.asarray(buying.predict(365, *past)).sum()
    record("alive_by_tenth", means.reset_index(drop=True))
    print(f"Alive: {truth['alive'].mean():.0%} in truth, {chance.mean():.0%} by the model. In tenths of its P(alive):")
    print(means.round(2).to_string(index=False))
    print(f"Purchases in the year to come: {year:,.0f} expected, {truth['future_orders'].sum():,} in truth.")

# %% [markdown]
# Compare the sizes of the two percentages of the first line; leave out the sign. Where the first is the larger, the interval is too narrow to be the whole doubt: the model, or the year with its seasons, differs in ways that the bootstrap cannot see. Report both.
#
# Where the truth is known, read its two columns line by line. If the truth rises with the model, P(alive) puts customers in the right order, and that is enough to choose *whom*. Where the truth is the larger, the model gave up too early on these customers: do not print its percentage on a card.
#
# ## 7. What may a new customer cost?
#
# CAC stands for *customer acquisition cost*. The most we may pay is what a **new** customer will leave with us:
#
# `margin * first order + margin * expected spend * discounted expected purchases of a newcomer`
#
# A newcomer has no history. So we take the model's mean over everyone: all the coins in the mix.
#
# **What do you expect?** Which part is larger, the first order or all that follows?

# %%
early = clv.early_spend(shop.orders, as_of=last_day.date(), days=horizon_months * clv.DAYS_PER_MONTH).to_pandas()
first_orders = early["first_amount"].to_numpy()


def newcomer(purchases: object, spend: object, weights: np.ndarray | None = None) -> tuple[float, float]:
    months = np.arange(horizon_months + 1)
    expected = np.asarray(purchases.expected_number_of_purchases_up_to_time(months * clv.DAYS_PER_MONTH))
    discounted = (np.diff(expected) / (1 + annual_discount) ** (months[1:] / 12)).sum()
    later = discounted * spend.conditional_expected_average_profit(0, 0)
    return margin * np.average(first_orders, weights=weights), margin * later


# %%
now, later = newcomer(buying, spend)
ceiling = now + later
rng = np.random.default_rng(7)
again = rng.multinomial(len(first_orders), np.full(len(first_orders), 1 / len(first_orders)), size=len(pairs))
bounds = [sum(newcomer(*pair, weights)) for pair, weights in zip(pairs, again, strict=True)]
lowest, highest = np.quantile(bounds, [0.025, 0.975])
record("maximum_cac", round(float(ceiling), 4), interval=(float(lowest), float(highest)), key=True)
print(f"Margin of the first order {now:.2f}, of the later ones {later:.2f}: together {ceiling:.2f}.")
print(f"95 % interval: {lowest:.2f} to {highest:.2f}.")

# %%
whole_horizon = customers.loc[customers["T"] >= horizon_months * clv.DAYS_PER_MONTH, "customer_id"]
watched = early[early["customer_id"].isin(whole_horizon)]
if len(watched):
    left = margin * watched["early_amount"].mean()
    print(f"The {len(watched):,} customers whom we have watched for {horizon_months} months left {left:.2f} each.")

# %% [markdown] tags=["any-source"]
# Section 5's mean CLTV was lower than this. That is no contradiction: it counts only what is still to come, and many of our customers have left already. A newcomer brings a first order, and is still with us.
#
# Is there a last line, about the customers whom we have watched for the whole horizon? Then use it: it needs no model. Nothing is discounted in it, so a perfect model would put it a little *above* our estimate. If it stands below, the model is somewhat generous with newcomers: bid from the lower of the two. Far apart? Then find out why before you sign.
#
# ### Two famous claims, as what-ifs
#
# One of the course texts quotes two claims: keeping 5 % more customers raises profit by **25 to 95 %**, and keeping a customer costs **5 to 10 times less** than winning one. They are claims. Nothing in our data tests them. But we can do their arithmetic.
#
# If a share of the customers is kept each year, a customer brings that share of the yearly margin in the second year, the share of the share in the third, and so on. We read "5 % more" as five points: from 60 to 65 %.
#
# **What do you expect?** By how much does a customer's value rise then?


# %%
def what_if(kept: float = 0.60, points: int = 5, times_cheaper: int = 5) -> None:
    before, after = ((1 + annual_discount) / (1 + annual_discount - share) for share in (kept, kept + points / 100))
    print(f"With {kept:.0%} kept each year, a customer is worth {before:.2f} yearly margins.")
    print(f"With {kept + points / 100:.0%} kept: {after:.2f}, that is {after / before - 1:+.0%}.")
    each_kept = 100 / points / times_cheaper
    print(f"A gift at 1/{times_cheaper} of the price of a new customer, given to 100 so that {points} more stay:")
    print(f"each customer kept by it costs {each_kept:.1f} times a new one.")


what_if(kept=0.60)
explore(what_if, kept=(0.30, 0.90, 0.05), points=(1, 8), times_cheaper=(5, 10), interactive=interactive)

# %% [markdown] tags=["any-source"]
# The gain depends on where you start. At 60 % kept, five points bring far less than the claim. With a discount of 10 % a year, they bring +25 % only from 85 % kept upwards. The claim may fit a business that keeps most of its customers, such as a bank. Few shops do.
#
# The second claim hides a question: *per whom*? A gift is cheap per customer who gets it. But most who get it would have stayed, or will leave all the same. Per customer who stays *because of it*, it may cost more than a new one. Notebooks 06 and 07 look for those whom it changes.
#
# ## What should the shop do?
#
# An advertiser brings 1,000 new customers at a price each. Here are four rules for the highest bid, and what 1,000 such customers leave over the horizon, less their price, if our estimate is right.

# %%
bids = pd.Series(
    {
        "margin of the first order": now,
        "lower end of the interval": lowest,
        "our estimate": ceiling,
        "revenue per customer so far": worth["spent"].mean(),
    }
)
decision = pd.DataFrame({"bid": bids, "profit_per_1000": 1000 * (ceiling - bids)})
decision["if_worth_20%_less"] = 1000 * (0.8 * ceiling - bids)
record("bids", decision.reset_index(names="rule"))
decision.round({"bid": 2, "profit_per_1000": 0, "if_worth_20%_less": 0})

# %% [markdown]
# Read the table from the top.
#
# - The *margin of the first order* as the limit is safe and timid. Each customer leaves money, but a rival who counts the later orders outbids us.
# - At *our estimate* of first and later orders nothing is left: it is the break-even, not a target.
# - *Revenue so far* is a number that many shops have at hand. It is not margin, and it is not the future. Where it stands above our estimate, every customer bought loses money.
#
# Buy a small batch first. Then watch its first months: customers from an advert may be worth less than those who found us by themselves, and the mean of our present customers cannot know that. For the customers we have, spend attention by CLTV, not by past spend: the best tenth holds the share in the figure of section 5.

# %%
limit = float(min(lowest, ceiling / (1 + max(off, 0.0))))  # what was promised too much is taken off
decide(
    f"Pay at most {limit:,.2f} for a new customer, and aim well below it: our estimate is {ceiling:,.2f} ({lowest:,.2f} "
    f"to {highest:,.2f}) over {horizon_months} months, and {now:,.2f} of it comes with the first order.",
    sure=f"The interval holds the luck of the draw only. The revenue promised for the days held back was off by {off:+.0%}"
    + (
        f"; no model was surely better than the simple guess “{won}” there, so start with the first order's {now:,.2f}."
        if won
        else "."
    ),
)

# %% [markdown]
# ## What you can do now
#
# - You computed frequency, recency and age by hand, and you know why they are not RFM's.
# - You told the story of the two coins, and read the parameters of three models.
# - You kept score on held-out data, and saw why *always zero* looks good on the absolute error.
# - You saw one-time buyers who cannot die, and what it costs to count them.
# - You named the most that a new customer may cost, with its interval and with what the interval leaves out.
#
# **Exercise:** `04_cltv` asks you to value another shop's customers and to defend a bid.
#
# **Further reading:** P. Fader, B. Hardie and K. L. Lee, "'Counting Your Customers' the Easy Way: An Alternative to the Pareto/NBD Model", Marketing Science 24 (2005): the model of section 2. P. Fader and B. Hardie, "The Gamma-Gamma Model of Monetary Value" (2013): the note behind section 5.
