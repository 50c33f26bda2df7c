# %% [markdown]
# # RFM: who deserves which attention?
#
# **The shop's question:** we cannot phone everyone. Which customers should we thank, which should we win back, and which should we leave in peace?
#
# *60 minutes. You need to know what a pandas table is. No statistics beyond a quantile.*
#
# ## After this notebook you can
#
# - compute recency, frequency and monetary value of a customer by hand, and score them from 1 to 5;
# - spot a scoring that treats equal customers unequally, and say how to mend it;
# - read a three-digit code, and find its segment on two different maps;
# - show in which segments the money is, and how customers move between them;
# - decide which segment to write to, and say how many must answer before it pays.

# %% tags=["parameters"]
source: str = "shop"  # a name from `crmlib data list`, a file, or a database URL
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show sliders
months_between: int = 6  # how far apart the two dates of section 5 lie: at least 1
contact_cost: float | None = None  # what one message costs, in the shop's currency; None: the policy's money.email_cost
margin: float | None = None  # share of an order's value that stays with the shop; None: the policy's money.margin
discount: float | None = None  # what the message takes off, a share of the order; None: the policy's money.discount

# %%
import numpy as np
import pandas as pd

from crmlib import decide, explore, open_shop, plots, record, rfm, stop_here, text
from crmlib.notebook import check_parameters
from crmlib.synth import has_truth, read_truth

plots.use_style()
check_parameters()

# %% [markdown]
# ## The data
#
# A shop is opened with one call. It says what it found, and as of which day we look at it.
#
# RFM needs three facts of each order: who, when, how much.

# %%
asked = {"money.margin": margin, "money.discount": discount, "money.email_cost": contact_cost}
shop = open_shop(source, as_of=as_of or None).adjusted(asked)
money = shop.policy.money  # the shop's own numbers, where none was set above
left = money.margin - money.discount  # share of an order that an extra order leaves
shop.orders.to_pandas(5)

# %% [markdown]
# Was anything dropped or changed on the way in? Always ask before you count.

# %%
shop.quality()

# %% [markdown]
# ## 1. Ten customers by hand
#
# RFM asks three questions about a customer:
#
# - **Recency**: how many days ago was the last order? Fewer is better.
# - **Frequency**: how many orders were there?
# - **Monetary value**: how much was spent in all?
#
# Take ten customers, drawn by lot. Here is what their orders add up to.

# %%
counts = "count(distinct customer_id), sum(amount), min(order_ts)"  # one row, wherever the orders are
count, spent, first_order = shop.orders.engine.rows(f"select {counts} from {shop.orders.name}")[0]
if count < 10 or spent <= 0:
    stop_here(f"Customers: {count}, who spent {spent:,.2f}. Fifths take ten customers who spend.")
ten_orders = shop.sample_orders(customers=10).to_pandas()
by_customer = ten_orders.groupby("customer_id")
hand = pd.DataFrame(
    {
        "recency_days": (pd.Timestamp(shop.as_of) - by_customer["order_ts"].max().dt.normalize()).dt.days,
        "frequency": by_customer.size(),
        "monetary": by_customer["amount"].sum().round(2),
    }
)
hand

# %% [markdown]
# Days, orders and money do not compare. Scores from 1 to 5 do.
#
# Four **cut-points** split the ten customers into fifths. A customer's score is *one plus the number of cut-points below the value*. Recency is turned round, because fewer days are better: *five less the number of cut-points below it*.
#
# **What do you expect?** Look at the table above. Who will get a 5 for recency?

# %%
fifths = [0.2, 0.4, 0.6, 0.8]
r_cuts, f_cuts, m_cuts = (np.quantile(hand[name], fifths) for name in hand)
hand["r"] = [5 - int((r_cuts < days).sum()) for days in hand["recency_days"]]
hand["f"] = [1 + int((f_cuts < count).sum()) for count in hand["frequency"]]
hand["m"] = [1 + int((m_cuts < money).sum()) for money in hand["monetary"]]
hand["code"] = hand["r"].astype(str) + hand["f"].astype(str) + hand["m"].astype(str)
hand

# %% [markdown]
# The three digits side by side are the **code**. 555 is the best a customer can be; 111 is the opposite.
#
# Customers with equal frequency have an equal F. That sounds obvious. Section 3 shows that many tools get it wrong.
#
# The library does the same arithmetic. Does it agree with our hands?

# %%
library = rfm.score(ten_orders, as_of=shop.as_of, policy=shop.policy).set_index("customer_id")
assert (library["code"] == hand["code"]).all() or shop.policy.rfm.method == "fixed"
library[["r", "f", "m", "code", "segment"]]

# %% [markdown]
# ## 2. Everyone
#
# Ten customers fit in a table. All of them do not, so the same call now runs on all orders.
#
# The cut-points are printed. For recency the first one parts 5 from 4, because fewer days are better. They are what "recent" and "often" *mean* in this shop. A butcher and a car dealer would find very different ones.

# %%
cuts = rfm.cut_points(shop.orders, as_of=shop.as_of, policy=shop.policy)
cuts.to_pandas().round(2)

# %% [markdown]
# **What do you expect?** Cut-points are fifths of the customers. So will each score hold a fifth of them?

# %%
scores = rfm.score(shop.orders, as_of=shop.as_of, policy=shop.policy).to_pandas()
once = (scores["frequency"] == 1).mean()
record("customers", len(scores))
record("share_one_order", round(once, 4))
print(f"{once:.0%} of the customers bought once.")

# %% mystnb={"image": {"alt": "Three bar charts: the number of customers at each score from 1 to 5, for R, F and M."}}
shares = pd.concat({name.upper(): scores[name].value_counts(normalize=True) for name in ("r", "f", "m")})
(measure, fullest), share = shares.idxmax(), shares.max()
axes = plots.score_bars(scores, title=f"Not always fifths: {measure} = {fullest} holds {share:.0%}", language=language)

# %% [markdown]
# A score holds about a fifth where customers differ enough. The figure says where they do not.
#
# Where many customers are equal, they *must* share one score: no cut can part them. All who bought once have the same F. All who came yesterday have the same R. A score beside them may stay empty. That is not a fault of the method. It is what the shop is like.
#
# One more thing to read off the table of cut-points. Fifths are *relative*. If hardly anyone bought lately, then "R = 5" may still mean "many months ago". Look at the numbers before you trust the label.

# %% mystnb={"image": {"alt": "Heat map: number of customers at each pair of R score, across, and F score, upwards."}}
recent_too = (scores.loc[scores["f"] == 5, "r"] == 5).mean()
axes = plots.rf_map(scores, title=f"Of those with F = 5, {recent_too:.0%} have R = 5", language=language)

# %% [markdown]
# Read the map like a street plan. Up: they buy more often. To the right: they bought more lately.
#
# First the rows. Where most bought once, the bottom row is full, and a row above it may be empty; we just saw why. Then look at F = 5: where it fills up towards the right, those who buy often have mostly bought lately; the title says how many. The interesting corner is **top left**: people who used to buy often, and stopped.

# %% [markdown]
# ## 3. The pitfall: equal customers, unequal scores
#
# > **A mistake that real analysts make.** "Fifths" must hold equal numbers, says the tool. So it *ranks* the customers first, and breaks ties by their row in the file.
#
# Here is that recipe, as it stands in many tutorials. We run it twice: on the table, and on the same table with its rows shuffled.
#
# **What do you expect?** No customer changed. How many scores will?


# %%
def by_rank(frequency: pd.Series) -> pd.Series:
    return pd.qcut(frequency.rank(method="first"), 5, labels=[1, 2, 3, 4, 5]).astype(int)


shuffled = scores.sample(frac=1, random_state=7)
ranked = pd.DataFrame({"as filed": by_rank(scores["frequency"]), "shuffled": by_rank(shuffled["frequency"])})
moved = (ranked["as filed"] != ranked["shuffled"]).mean()
record("rank_scores_changed_by_shuffling", round(moved, 4))
print(f"{moved:.1%} of the customers got another F score because the rows were shuffled.")
one_order = scores.index[scores["frequency"] == scores["frequency"].min()]
ranked.loc[one_order, "as filed"].value_counts().sort_index().rename("customers who bought least")

# %% [markdown]
# All these customers did exactly the same. Yet the recipe gives them different scores, and so different mail.
#
# Cut-points mend it. A score that depends only on the value cannot depend on the row. Here are two hundred customers, scored twice: from their orders as filed, and from the same orders shuffled.

# %%
some = shop.sample_orders(customers=200).to_pandas()
as_filed, again = (
    rfm.score(rows, as_of=shop.as_of, policy=shop.policy) for rows in (some, some.sample(frac=1, random_state=7))
)
assert (again.set_index("customer_id")["code"] == as_filed.set_index("customer_id")["code"]).all()
print("With cut-points, shuffling the rows changes no code at all.")

# %% [markdown]
# ## 4. From 125 codes to eleven segments, and to the money
#
# Nobody plans 125 campaigns. A **map** gathers the codes in eleven segments with names.
#
# There is more than one map. `classic` (the policy `standard`) is common in the field. `descriptive` (the policy `texts`) follows the course texts word by word. They disagree on some codes. Which one you use is a decision of the business, so it lives in the *policy*, not in the code.

# %%
both = rfm.segment_map("standard").merge(rfm.segment_map("texts"), on="code", suffixes=("_classic", "_descriptive"))
differ = both[both["segment_classic"] != both["segment_descriptive"]]
print(f"The maps differ on {len(differ)} of {len(both)} codes. Some of them:")
differ[differ["code"].isin(["144", "154", "155", "113", "124"])]

# %% [markdown]
# Take 155: last bought long ago, but often, and for a lot. `classic` calls that customer *Cannot lose*. The texts keep that name for people who bought *a couple of times* and spent much, so they say *At risk*. Both are sensible. Mixing them in one report is not. And a name is not its members: the same segment holds codes such as 113 and 114, people who bought once. The table below says who is in it.
#
# Now the money. **What do you expect?** What share of the value do the best two segments hold?

# %%
table = rfm.segments(scores)
bought_once = scores["frequency"].eq(1).groupby(scores["segment"]).mean()
table["bought_once"] = table["segment"].map(bought_once)
names = rfm.segment_names(shop.policy)  # best first
top = table[table["segment"].isin(names[:2])][["customer_share", "value_share"]].sum()
record("segments", table)
shown = ["segment", "customers", "orders", "bought_once", "value", "average_order_value", "median_recency_days"]
table[shown].round(2)

# %% mystnb={"image": {"alt": "Bars for each segment: its share of the customers beside its share of the value."}}
axes = plots.segment_bars(
    table,
    title=f"{top['customer_share']:.0%} of the customers brought {top['value_share']:.0%} of the value",
    language=language,
)

# %% [markdown]
# Where the blue bar is longer than the grey one, the segment brings more than its share.
#
# Be careful with the opposite conclusion. A short blue bar does not mean "neglect them". Today's small customers are where tomorrow's large ones come from.
#
# And how sure are we? A few large buyers could carry a whole segment. So we draw the customers again, with replacement, many times, and look at how far the share moves.

# %%
rng = np.random.default_rng(3)
spent = scores["monetary"].to_numpy()
is_top = scores["segment"].isin(names[:2]).to_numpy()
weights = rng.multinomial(len(spent), np.full(len(spent), 1 / len(spent)), size=50 if fast else 400)
low, high = np.quantile((weights @ (spent * is_top)) / (weights @ spent), [0.025, 0.975])
record("top_two_value_share", round(top["value_share"], 4), interval=(float(low), float(high)), key=True)
print(f"The two best segments hold {top['value_share']:.1%} of the value; 95 % interval {low:.1%} to {high:.1%}.")

# %% [markdown]
# ### Try it: what does "recent" mean here?
#
# Fixed cut-points are the other method: *you* say what recent means. Move the slider. See how many customers count as recent, and what share of all past spend is theirs.


# %%
def recent(days: int = 90) -> None:
    chosen = scores["recency_days"] <= days
    value = scores.loc[chosen, "monetary"].sum() / scores["monetary"].sum()
    print(f"{chosen.mean():.0%} of the customers bought in the last {days} days; they hold {value:.0%} of the spend.")


recent(90)
explore(recent, days=(10, 540, 10), interactive=interactive)

# %% [markdown]
# Compare the two percentages. Recent customers tend to hold more of the spend than their number suggests: that is past spend, and a frequent buyer has had more chances to be recent. Whether recency also *predicts* is a question for section 6.
#
# ## 5. Movements
#
# A segment is a photograph. Take two, and you see who moves.
#
# One rule matters: **use the same cut-points for both dates**. With new cut-points the ruler moves as well, and you measure the ruler.

# %%
later = pd.Timestamp(shop.as_of)
earlier = (later - pd.DateOffset(months=months_between)).date()
if earlier < first_order.date():
    stop_here(f"Nobody had bought by {earlier}: take fewer months_between, or a longer history, to see movements.")
ruler = rfm.cut_points(shop.orders, as_of=earlier, policy=shop.policy)
before = rfm.score(shop.orders, as_of=earlier, policy=shop.policy, cut_points=ruler).to_pandas()
after = rfm.score(shop.orders, as_of=shop.as_of, policy=shop.policy, cut_points=ruler).to_pandas()
moves = rfm.migration(before, after)
record("movements", moves.reset_index())
print(f"From {earlier} to {shop.as_of}: {len(before):,} customers then, {len(after):,} now.")

# %% [markdown]
# **What do you expect?** Of those who were Champions at the first date, how many still are?

# %% mystnb={"image": {"alt": "Heat map: for each segment at the first date, the share of its customers in each segment at the second date."}}
best = moves.index[0]
stayed = moves.loc[best].get(best, 0) / moves.loc[best].sum()
axes = plots.migration_map(moves, title=f"{stayed:.0%} of the {best} stayed {best}", language=language)

# %% [markdown] tags=["any-source"]
# Each row adds up to 100 %. The number in brackets is how many customers the row holds.
#
# Read along a row: that is where those people went. Without an order, time alone lowers the R score. So most rows drift to the right of this map, towards *At risk* and *Lost*. What counts is who drifts *less* than time would have it.

# %% [markdown]
# ## 6. Against the truth
#
# The shop that ships is simulated, so somebody knows what really happened next. A real shop never does.
#
# **What do you expect?** Which segments will still be customers, and who will spend in the year to come?

# %%
if has_truth(source):
    future = scores.merge(read_truth("customers", source), on="customer_id").groupby("segment")
    after_all = future.agg(
        customers=("alive", "size"), still_customers=("alive", "mean"), spend=("future_spend", "sum")
    )
    after_all["spend_each"] = after_all.pop("spend").astype(float) / after_all["customers"]
    record("truth_by_segment", after_all.reset_index())
    print(after_all.loc[[name for name in names if name in after_all.index]].round(2).to_string())
else:
    print("This source has no truth, like every real shop.")

# %% [markdown]
# Where a truth is shown, read the column `still_customers`. RFM saw no model and no future, only three numbers. Do the recent segments stand above the silent ones? Within each half the order is rough: a proud name such as *Loyal* may stand below *New*, because `classic` gives it to people who have not bought for months (look back at `median_recency_days`).
#
# Then look at a segment with a frightening name: lapsed is not gone. And part of the best may have left already. A segment is a good guess about a group. About one customer it is a weak one. Notebook 04 gives each customer a probability.
#
# ## What should the shop do?
#
# Here is the plan of the course texts: an aim and actions for each segment. It was written for the texts' map. Our tables use `classic`, so look at who is in a segment (`bought_once`, above) before you take its action.

# %%
text.playbook(language, names).drop(columns="segment").style.hide()

# %% [markdown]
# A plan is not yet a decision. Take the question of every Monday morning: *is it worth writing to the lapsed?*
#
# Four numbers decide. How many came back **anyway**, with whatever the shop does already? What is an order worth? What stays after margin and discount? What does the message cost?
#
# The message must *add* orders. Who would have come anyway only takes the discount. So the break-even is:
#
# `extra orders per 100 messages = 100 x (cost + came back anyway x order value x discount) / (order value x (margin - discount))`

# %%
lapsed = before[~before["segment"].isin(names[: len(names) // 2])]  # the lower half
now = after.set_index("customer_id")["frequency"].reindex(lapsed["customer_id"]).to_numpy()
decision = (
    lapsed.assign(back=now > lapsed["frequency"])
    .groupby("segment")
    .agg(customers=("back", "size"), came_back=("back", "mean"), orders=("frequency", "sum"), value=("monetary", "sum"))
)
worth = decision.pop("value") / decision.pop("orders")
given_away = decision["came_back"] * worth * money.discount
needed = 100 * (money.email_cost + given_away) / worth / left
decision = decision.assign(order_value=worth, needed_per_100=needed)
decision["needed_to_usual"] = decision["needed_per_100"] / (100 * decision["came_back"])
decision = decision.sort_values("needed_per_100")
record("win_back", decision.reset_index())
decision.round(3)

# %% [markdown] tags=["any-source"]
# Read one row aloud. "Of these customers, `came_back` returned without the *new* message. It must bring `needed_per_100` **more** orders per hundred before it earns anything."
#
# Some of them may have had mail in that time, even a win-back code. So this is not the rate of "no mail at all"; only a control group would tell that. And the rate is counted on the past, so it has an interval (Wilson's, at 95 %). Small segments have wide ones.

# %% mystnb={"image": {"alt": "Dots with intervals: for each lapsed segment, the share of customers who came back as things are."}}
n, p, z = decision["customers"], decision["came_back"], 1.96
middle, half = (p + z**2 / (2 * n)) / (1 + z**2 / n), z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2) / (1 + z**2 / n)
rates = 100 * pd.DataFrame({"estimate": p, "low": middle - half, "high": middle + half})
rates.index = [text.segment_name(name, language) for name in rates.index]
title = f"As things are, {rates['estimate'].min():.0f} to {rates['estimate'].max():.0f} % of the lapsed came back"
axes = plots.interval_dots(rates, title=title, xlabel=f"Came back within {months_between} months (%)")

# %% [markdown]
# Look at the segment on the far right of the figure. Its customers come back anyway. A discount for them is mostly given away, so they need *more* extra orders, not fewer. The best segment to write to is not the one that answers best. It is the one that the message *changes* most for its cost.
#
# Fewest needed is not easiest to get. `needed_to_usual` puts `needed_per_100` beside `came_back`: above 1 the message must more than double the usual returns, and is a long shot. The rates have intervals; the order values are averages of the past. The largest unknown is in neither: the effect of the message. So hold back a random half; notebooks 06 and 08 measure that effect by how long people have been silent. Where most come back anyway, give no discount: a reminder without one may do.

# %%
hopeful = decision[(decision["needed_to_usual"] <= 1) & (decision["needed_per_100"] > 0)]
doubt = ""
advice = "Send no win-back with this discount: it would have to more than double the usual returns of each segment."
if len(hopeful):
    name, row = text.segment_name(hopeful.index[0], language), hopeful.iloc[0]
    usual, low, high = rates.loc[name]
    today = int((scores["segment"] == hopeful.index[0]).sum())
    pays = f"it pays from {row['needed_per_100']:.1f} extra orders per 100 messages on; {usual:.1f} come anyway."
    advice = f"Test a win-back with “{name}” ({today:,} customers), half of them held back: {pays}"
    if "assignments" in shop.tables:  # campaigns with control groups have measured what a message adds
        advice = f"Before a win-back to “{name}” ({today:,} customers), see in notebook 06 what past ones added: {pays}"
    doubt = f"Of those who come anyway: {low:.1f} to {high:.1f} (95 %). What the message adds is not measured here."
decide(advice, sure=doubt)

# %% [markdown]
# ## What you can do now
#
# - You computed recency, frequency and monetary value of ten customers by hand, and scored them from 1 to 5.
# - You saw a scoring that treats equal customers unequally, and mended it with cut-points.
# - You read codes, and found their segments on two maps.
# - You showed where the money is, with its uncertainty, and how customers moved.
# - You decided which segment to write to, and what must happen before it pays.
#
# **Exercise:** `03_rfm` asks you to score another shop and to defend a choice of segment.
#
# **Further reading:** P. Fader, B. Hardie and K. L. Lee, "RFM and CLV: Using Iso-Value Curves for Customer Base Analysis", Journal of Marketing Research 42 (2005): how RFM and lifetime value, the subject of notebook 04, belong together.
