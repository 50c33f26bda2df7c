# %% [markdown]
# # Churn: who is about to leave, and whom can we keep?
#
# **The shop's question:** some customers are about to stop buying. Which ones? And to which of them is a message worth its price?
#
# *90 minutes. You need to know what a probability is. Notebook 03 helps; notebook 04 explains one of the rivals of section 5.*
#
# ## After this notebook you can
#
# - flag three signs of leaving by hand, and say what each catches and what it misses;
# - read a window off your own data, a retention rate off a cohort, and a lifetime off a survival curve;
# - build a prediction that knows nothing of the future, and unmask one that does;
# - find the probability from which an offer pays;
# - tell *who will leave* from *who can be kept*.

# %% tags=["parameters"]
source: str = "shop"  # a name from `crmlib data list`, a file, or a database URL
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show sliders
horizon_days: int | None = None  # leaving: no order in so many days; None: the policy's churn.horizon_days
margin: float | None = None  # share of an order's value that stays with the shop; None: the policy's money.margin
success_rate: float = 0.10  # share of leavers whom the offer keeps, an assumption: at least 0, at most 1
contact_cost: float | None = None  # what one message costs, in the shop's currency; None: the policy's money.email_cost
discount: float | None = None  # what the offer takes off, a share of the order; None: the policy's money.discount

# %%
import numpy as np
import pandas as pd
from IPython.display import display

from crmlib import churn, decide, explore, open_shop, plots, record, skip, stop_here, text
from crmlib.customers.consent import has_consents
from crmlib.notebook import check_parameters, or_skip, or_stop
from crmlib.policy import adjusted
from crmlib.synth import has_truth, read_truth

plots.use_style()
check_parameters()

# %% [markdown]
# ## The data
#
# **Churn** is customers leaving. A subscriber who leaves tells us. A customer of a shop just stops coming. So we look for signs.
#
# Three tables may hold some: orders, logins, and answers to surveys. Orders are enough to go on.

# %%
asked = {"money.margin": margin, "money.discount": discount, "money.email_cost": contact_cost}
shop = open_shop(source, as_of=as_of or None).adjusted({**asked, "churn.horizon_days": horizon_days})
rules, money = shop.policy.churn, shop.policy.money  # the shop's own numbers, where none was set above
horizon_days, margin, discount, contact_cost = rules.horizon_days, money.margin, money.discount, money.email_cost
today = pd.Timestamp(shop.as_of)
log_days, buy_days = (days - (rules.days_operator == ">=") for days in (rules.login_days, rules.purchase_days))
low_score = f"score {rules.score_operator} {rules.low_score}"
since = today - pd.Timedelta(days=rules.score_lasts_days or 36500)  # older answers count no more
orders = shop.orders.to_pandas()
has_logins, has_surveys = (name in shop.tables for name in ("logins", "surveys"))
span = (orders["order_ts"].max() - orders["order_ts"].min()).days
if span <= 2 * horizon_days or not orders["customer_id"].duplicated().any():
    short = f"{span} days of orders: learning who leaves takes more than {2 * horizon_days}, and who bought twice."
    stop_here(f"{short} Take a longer history, or a shorter horizon_days.", needs="orders: a longer history")

# %% [markdown]
# ## 1. Three signals, by hand
#
# The course text names three signals, each with a threshold:
#
# - **no login** for more than 30 days;
# - **no purchase** in the last 60 days;
# - **a low score**: less than 6 of 10, when asked "would you recommend us?".
#
# Take six customers. Three answered that question: the lowest mark, the middle one and the highest. Three did not: the longest gone, a middle one, and the last to buy. (Without surveys, all six are spread from the longest gone to the last.) We count days, and compare.

# %%
hand = pd.DataFrame({"last_order": orders.groupby("customer_id")["order_ts"].max().dt.normalize()})
if has_logins:
    hand["last_login"] = shop.logins.to_pandas().groupby("customer_id")["login_ts"].max().dt.normalize()
if has_surveys:
    answers = shop.surveys.to_pandas().query("kind == 'nps' and score.notna() and answered_ts >= @since")
    hand["score"] = answers.sort_values("answered_ts").groupby("customer_id")["score"].last()
answered = hand.dropna(subset="score").sort_values("score", kind="stable") if has_surveys else hand[:0]
others = hand.drop(answered.index).sort_values("last_order", kind="stable")
count = 3 if has_surveys else 6
spread = [part.iloc[np.linspace(0, len(part) - 1, count).astype(int)] for part in (answered, others) if len(part)]
hand = pd.concat(spread).loc[lambda table: ~table.index.duplicated()]
hand["no_purchase"] = (today - hand["last_order"]).dt.days > buy_days
hand["no_login"] = (today - hand["last_login"]).dt.days.astype("Int64") > log_days if has_logins else pd.NA
hand["low_score"] = hand.eval(low_score, engine="python") if has_surveys else pd.NA
hand

# %% [markdown]
# Two questions hide in the empty cells (`<NA>`, `NaT`). Is a customer who *never* logged in a case of "no login for 30 days"? Is one who never answered satisfied?
#
# Businesses differ, so these are rules of the **policy**, the shop's own definitions, not of the code. By default, who never logged in is counted from the day of registration, and who never answered shows no low score. Where the shop keeps no logins at all, the flag stays empty: we do not know.

# %%
flags = churn.signals(shop)
same = flags.set_index("customer_id").loc[hand.index]
mine = {name: hand[name].dropna().astype(bool) for name in churn.SIGNALS}
if rules.windows == "fixed":  # by hand, all have the same windows
    assert all((same.loc[marks.index, name] == marks).all() for name, marks in mine.items())
shares = flags[list(churn.SIGNALS)].mean()
record("signal_shares", {name: None if pd.isna(share) else round(float(share), 4) for name, share in shares.items()})
print(f"No login for more than {rules.login_days} days, no purchase for more than {rules.purchase_days}; "
      f"a score {rules.score_operator} {rules.low_score:g}.")  # fmt: skip
print("Of all customers: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.dropna().items()) + ".")
shown = same[[*churn.SIGNALS, "days_since_login", "days_since_order"]].convert_dtypes()
shown.rename(columns=lambda name: name.replace("days_since_", "days: "))

# %% [markdown]
# Our hands and the library agree wherever there was something to see. But is a signal *right*? To know, we must look at a day in the past, and see who left afterwards.
#
# So we step back by one horizon (90 days, unless you changed `horizon_days`), pretend that the days after it have not come, and note the signals. `shop.on(day)` is the shop as it was on that day: later orders, logins, answers and returns are not in it. Then we look at what came. A customer **left** if no order came within the horizon. Only those who had ordered in the half-year before are asked: the others had gone already.
#
# **What do you expect?** Which signal is right most often? Which one catches most of those who left?

# %% mystnb={"image": {"alt": "Dots for each signal: the share of those who left that had it, and the share of those with it that left."}}
days = churn.origins(shop, min(3 if fast else 5, (span - 1) // horizon_days), horizon_days=horizon_days)
seen = churn.examples(shop, days, horizon_days=horizon_days)
latest = seen[seen["at"] == seen["at"].max()].reset_index(drop=True)
left = latest["left_us"] == 1
if min(left.sum(), (~left).sum()) < 20:
    stop_here(
        f"{left.sum()} of {len(left)} left in {horizon_days} days: nothing to learn from. Change horizon_days.",
        needs="orders: more customers, or a longer history",
    )
signs = churn.judge_signals(latest)
record("signals_judged", signs.reset_index(names="signal"))
best = signs.drop("any", errors="ignore")["caught"].idxmax()
title = f"{best.replace('_', ' ').capitalize()} catches {signs.loc[best, 'caught']:.0%} of those who left"
axes = plots.signal_dots(signs, everyone=left.mean(), title=title, language=language)

# %% [markdown]
# Read the two kinds of dots apart.
#
# - The **diamond** is what the signal catches. Far left: most of those who left never showed it. Where few customers answer surveys, a low score, whatever it means, is silent about most.
# - The **circle** is how often the signal is right. Compare it with the dotted line, the share that left among *everyone*. A circle on the line says nothing at all.
#
# Do not be alarmed by the dotted line. It counts everybody who bought nothing *within the horizon*, and many of them are only slow. Section 3 has another definition, and other numbers.
#
# A signal is a rule of thumb. It is quick, anybody understands it, and it treats all customers alike. That last point is the trouble.
#
# ## 2. How long is a long silence?
#
# Sixty days: says who? A window should depend on how often *your* customers come back. The data know. Take all gaps between one purchase and the next. Within how many days did nine of ten returns come?
#
# **What do you expect?** Is it more or less than 60 days?

# %% mystnb={"image": {"alt": "A rising curve: share of returns that came within so many days, with upright lines at the fixed and the data-driven window."}}
gaps = churn.gaps(shop).to_pandas()["gap"]
found = churn.windows(shop)
window = float(found["days"].iloc[0])
within = (gaps <= rules.purchase_days).mean()
record("purchase_window_days", round(window, 2), key=True)
marks = {
    text.label("window_fixed", language): float(rules.purchase_days),
    text.label("window_returns", language): window,
}
title = f"{rules.purchase_days} days hold {within:.0%} of the returns; nine of ten need {window:.0f}"
axes = plots.gap_curve(gaps, marks, title=title, language=language)

# %% [markdown] tags=["any-source"]
# Read the curve at the line of the fixed window. The rest, up to 100 %, are returns that came *later* than that. The fixed window calls those customers lost, and they were only slow. If instead nine of ten returns come long before the fixed window, it raises the alarm too late.
#
# Two warnings. The curve holds only those who came back; who never did has no gap. And in a short history long gaps had no time to close, so the true window is somewhat longer.
#
# One window for all is still one rule for all. The policy can also read a window for each customer who came back often enough, or for each product category: coffee runs out sooner than a chair.

# %%
by = "category" if {"order_lines", "products"} <= set(shop.tables) else "customer"
personal = churn.windows(shop, policy=adjusted(shop.policy, {"churn.window_by": by})[0]).iloc[1:]
record("windows_by", {"by": by, "count": len(personal), "shortest": float(personal["days"].min())})
print(f"{len(personal):,} windows by {by}, a few of them below; the shop's own is {window:.0f} days.")
some = np.unique(np.linspace(0, len(personal) - 1, 8).astype(int))
personal.sort_values("days").iloc[some].set_index("name").round(1)

# %% [markdown]
# `gaps` is how many returns a window was read from, and `days` is the window. A category's window runs from coffee to coffee, whatever else was bought in between. So it is longer than the shop's own.
#
# ## 3. Who stays? Cohorts
#
# A **cohort** is the customers whose first order fell into one month. Follow each: which share bought in the next month, and the one after?
#
# **What do you expect?** Why must the lower right corner of this figure stay empty?

# %% mystnb={"image": {"alt": "Heat map: monthly cohorts as rows, months since the first order as columns, share that bought again as colour."}}
cohorts = churn.cohorts(shop)
record("cohorts", cohorts.reset_index().astype({"cohort": str}).rename(columns=str))
after_one = cohorts[1].mean() if cohorts.shape[1] > 1 else np.nan
title = f"On average {after_one:.0%} of a cohort buy in the month after their first"
axes = plots.cohort_map(cohorts, title=title, language=language)

# %% [markdown] tags=["any-source"]
# Each row is a cohort, and each row ends where the data end. Those cells are **censored**: the months are not over, or have not come. A zero there would say "nobody came back", and it would be a lie. It is a usual one: fill such cells with 0, average the columns, and the shop looks as if it were dying.
#
# Look down a column to compare cohorts at the same age. Look along a diagonal, from the lower left to the upper right, to see a season: all cohorts in the same calendar month.
#
# A **retention rate** needs a word for "still a customer". Here: ordered within the last half-year (`active_days` in the policy). Of those who were customers when the month began, which share still is when it ends? The rest were lost: retention and churn add up to 100 %.
#
# **What do you expect?** Section 1 counted who buys nothing in one horizon. Will more or fewer be lost in a month?

# %%
months = churn.retention(shop).set_index("period")
steady = months[months.index.start_time > orders["order_ts"].min() + pd.Timedelta(days=rules.active_days)]
kept = steady["kept"].sum() / max(1, steady["at_start"].sum())
record("monthly_retention", round(float(kept), 4), key=True)
print(f"Kept in a month, once the shop is half a year old: {kept:.1%}; so {1 - kept:.1%} are lost in a month.")
shown = months.tail(6)[["at_start", "kept", "lost", "newcomers", "returned", "retention_rate"]]
shown.astype({"retention_rate": float}).style.format(precision=3)

# %% [markdown]
# Two definitions, two numbers. A customer who buys every four months has "left" in section 1, and is still here now. So never quote a churn rate without its definition.
#
# The first half-year is left out of the mean. Nobody can be lost before the half-year of silence is over, so a young shop always looks loyal. And who is lost in June last bought in December: a busy season comes back, half a year later, as a bad month.
#
# ## 4. How long do they stay? Survival
#
# Let us call a customer gone on the day when a silence reaches half a year. How long from the first order to that day?
#
# A mean of the lifetimes *seen* would be wrong: those who are still here have the longest ones, and theirs are not over. The **Kaplan-Meier** curve uses them for as long as we have watched them. It multiplies, day by day, the share of those at risk who did not leave.
#
# **What do you expect?** Who stays longer: customers whose first order was large, or small?

# %% mystnb={"image": {"alt": "Falling steps: share of customers still there by days since the first order, for small and large first orders, with bands."}}
lives = churn.lifetimes(shop)
large = lives["first_amount"] > lives["first_amount"].median()
size = large.map({True: text.label("first_order_large", language), False: text.label("first_order_small", language)})
curve = churn.kaplan_meier(lives["days"], lives["left_us"], by=size)
test = churn.log_rank(lives["days"], lives["left_us"], size)
year = curve[curve["days"] <= 365].groupby("group")["share"].last()
record("still_there_after_a_year", year.round(4).to_dict())
record("log_rank_p", test.p_value)
title = "After a year: " + ", ".join(f"{share:.0%} ({name})" for name, share in year.items())
axes = plots.survival_steps(curve, title=title, language=language)
for name, day in churn.median_lifetime(curve).items():
    print(
        f"{name}: "
        + ("more than half are still there at the end" if pd.isna(day) else f"half have gone by day {day:.0f}")
    )

# %% [markdown] tags=["any-source"]
# Nobody leaves before half a year, by our definition: the flat start is that definition, not loyalty. Then comes a cliff, where there is one: those who never came back after their first order. The band is what 95 % intervals leave open. It is wider where few are still watched. A lifetime is read off the curve where it crosses 50 %: by that day half have gone. (Where a cliff crosses it, that day is the definition's, not theirs.)
#
# Is the gap between the curves more than luck? The **log-rank test** compares who left in each group with what one common speed would give. Its p-value says how often luck alone would open such a gap. The **Cox regression** goes on: it says by which factor each thing speeds leaving up, the others held equal.

# %%
about = pd.DataFrame({"first order doubled": np.log2(lives["first_amount"].clip(lower=1))})
if "customers" in shop.tables and "acquisition_channel" in shop.customers.columns:
    account = shop.customers.to_pandas().set_index("customer_id")
    about["came by"] = lives["customer_id"].map(account["acquisition_channel"])
    print(f"Channels are compared with '{about['came by'].min()}'.")
print(f"Log-rank: chi-square {test.chi_square:.1f}, {test.degrees} degree of freedom, p = {test.p_value:.2g}.")
limit = rules.active_days  # the first day on which the silence rule lets anybody leave
with or_skip("Cox regression"):
    effects = churn.cox(lives["days"], lives["left_us"], about, split=[limit])
    record("cox", effects.reset_index())
    shown = effects[["hazard_ratio", "low", "high", "change_p_value"]]
    display(shown.rename(lambda name: name.replace("came by_", "came by: ")).style.format(precision=3))

# %% [markdown] tags=["any-source"]
# A `hazard_ratio` of 0.8 means: at every age that the row is about, 20 % fewer leave per day. Above 1, they leave sooner. If the interval from `low` to `high` holds 1, we cannot say. A first order of twice the amount multiplies the daily risk by the ratio in the first row.
#
# Cox assumes that the factor is the same at every age. Here it need not be: on the first day that our silence rule allows, those leave who never came back, and later those who did. So the ages are split there, and each part has its own ratio. `change_p_value` says how often luck alone would set the two so far apart. Where it is small, read each ratio for its own ages: one for both would be a mean that holds at neither. (Without a split, `churn.cox` checks whether an effect changes with age, and says where to split.)
#
# And note what the covariates are: things known *on the first day*. "Number of logins so far" would not do. Who stays longer logs in more often, because they stay longer.
#
# ## 5. Predicting who will leave
#
# Now the three signals meet a model. It gets what was known on a cut-off day: silence, pace, spend, logins, mails, answers. It learns from earlier cut-offs, whose outcome was known by then, and is judged on later ones.
#
# ### The pitfall: a model that looks brilliant
#
# > **A mistake that real analysts make.** They compute their features once, from the whole table, and *then* split the customers into a training half and a test half. The halves are honest. The features are not: they were computed after the customers had left.
#
# Here an analyst adds one innocent column: orders per customer. Two measures judge the forecasts of the test half:
#
# - **brier**: the mean squared distance between the probability told and what happened (0 or 1). 0 is perfect; less is better.
# - **roc_auc**: take one who left and one who stayed, at random. How often does the leaver have the higher probability? 0.5 is a coin, 1 is perfect.
#
# "On paper" the column is filled from the whole table. "On the day" it holds what was known on the cut-off day, as it would in real use.
#
# **What do you expect?** How much does one column help on paper, and on the day?

# %%
counts = orders.groupby("customer_id").size()
leaky = latest.assign(orders=latest["customer_id"].map(counts).fillna(0.0).astype(float))
half = np.random.default_rng(1).random(len(latest)) < 0.5
brilliant = churn.ChurnModel("boosting").fit(leaky[half])
honest = churn.ChurnModel("boosting").fit(latest[half])
told = {"analyst, on paper": brilliant.predict(leaky[~half]), "analyst, on the day": brilliant.predict(latest[~half])}
told["honest model"] = honest.predict(latest[~half])
pitfall = churn.scorecard(latest.loc[~half, "left_us"], told)
record("leak", pitfall.reset_index(names="model"))
pitfall[["brier", "roc_auc"]].loc[list(told)].round(3)

# %% [markdown]
# On paper the analyst wins. On the day it matters, only the orders *so far* are known. The model that learnt to trust tomorrow's count has nothing left to win by, and does no better than the honest one, usually worse.
#
# Two habits protect you. Ask of each column: *on which day was this known?* And test it: compute the features twice, once from all that is known now, once from the shop as it was. What differs has looked ahead.


# %%
def whole_table(known: object, _at: object) -> pd.DataFrame:
    return known.orders.to_pandas().groupby("customer_id").size().to_frame("orders")


looked_ahead = churn.leaks(whole_table, shop, days[-1])
clean = churn.leaks(lambda known, at: churn.features(known, as_of=at), shop, days[-1])
record("leaks_found", {"analyst": looked_ahead, "library": clean})
print(f"The analyst's columns that look ahead: {', '.join(looked_ahead)}. The library's: {', '.join(clean) or 'none'}.")

# %% [markdown] tags=["any-source"]
# Where `(rows)` stands in that list, even the *rows* look ahead: the whole table holds customers who came only after the cut-off.
#
# There is a second trap in the same place. An order that is sent back *after* the cut-off is a sale on the cut-off day, and none today. `shop.on(day)` knows that; a filter on the order's date does not.
#
# ### Who wins?
#
# Two models meet guesses that need no learning, or hardly any. *Logistic regression* adds up points for and against; *gradient boosting* asks many small yes-or-no questions in a row. The guesses: everyone alike; recency alone, the R of RFM; the three signals; and `1 - P(alive)` from notebook 04. More measures:
#
# - **log_loss** is like brier, and punishes the sure and wrong harder. Less is better.
# - **calibration_gap**: when it says 30 %, do 30 % leave? The mean distance over tenths of the customers.
# - **average_precision** and **lift_10** ask, like roc_auc, whether the *order* is right. Going down the list: which share of those so far did leave, on average? And how many times as many leavers as usual are in the top tenth?
#
# **What do you expect?** By how much will a model beat plain recency?

# %% mystnb={"image": {"alt": "Lines: share that left against the probability told, in tenths, for the best model and for 1 - P(alive), with the diagonal."}}
with or_stop():
    judged = churn.rolling(seen, horizon_days=horizon_days, judged=2 if len(days) > 3 else 1)
names = list(judged.columns[judged.columns.get_loc("logistic") :])
card = churn.scorecard(judged["left_us"], judged[names])
record("scorecard", card.reset_index(names="model"))
winner = next(name for name in card.index if name in churn.KINDS)
print(f"{len(judged):,} forecasts judged; {judged['left_us'].mean():.0%} left. Best by Brier: {card.index[0]}.")
others = [name for name in ("1 - P(alive)", "three signals") if name in card.index][:1]
tables = {name: churn.calibration(judged["left_us"], judged[name]) for name in [winner, *others]}
gap = card.loc[winner, "calibration_gap"]
title = f"The {winner} model is off by {100 * gap:.1f} points on average"
axes = plots.calibration_lines(tables, title=title, language=language)
card.round(3)

# %% [markdown]
# The table is sorted by the Brier score. Where a plain guess comes first, or close, take the guess: it is cheaper, and anybody can explain it.
#
# Now the figure. On the diagonal, what is told is what happens. Above it, more left than was told. A line may rise steadily and still lie far off: then the order is right and the numbers are not. `1 - P(alive)` answers another question. "Has left for good" is not "buys nothing within the horizon": a customer who is alive and slow may buy nothing.
#
# The models learnt from earlier months. If a season moves everybody at once, no ranking can know it, and the whole line shifts. Much of a gap is often just that.
#
# **What do you expect?** If we contact the fifth that the model finds likeliest to leave, which share of the leavers do we reach?

# %% mystnb={"image": {"alt": "Curves: share of those who left that is found, against the share of customers contacted, by model and guess, with the diagonal."}}
shown = [winner, "recency alone", "three signals"]
curves = {name: churn.gains(judged["left_us"], judged[name]) for name in shown if name in card.index}
reach = {name: float(np.interp(0.2, curve["contacted"], curve["found"])) for name, curve in curves.items()}
most = min(1.0, 0.2 / judged["left_us"].mean())
record("found_in_a_fifth", {name: round(share, 4) for name, share in reach.items()})
title = f"A fifth can hold {most:.0%} of the leavers at most; the model finds {reach[winner]:.0%}"
axes = plots.gain_lines(curves, title=title, language=language)

# %% [markdown] tags=["any-source"]
# Read it upwards from 20 %: there each curve shows the share of the leavers that we reach. Where most customers leave, a gain curve cannot rise steeply: any fifth is full of leavers. Hold it against the limit in the title, not against 100 %.
#
# ## 6. From which probability on does it pay?
#
# A probability is no decision. Money makes it one. An offer has three numbers, and a catch:
#
# - its **success rate**: which share it keeps, of those about to leave. Only an experiment can tell;
# - the cost of a **contact**, whatever comes of it;
# - the cost of the **incentive**, where it is taken: here a discount on one order of the usual size;
# - the catch: those who would have stayed take it **anyway**, and thank us for the present.
#
# One customer, by hand: 70 % likely to leave, worth 40 if kept, in the shop's currency.
#
# **What do you expect?** Does the offer pay for this customer?

# %%
rate = latest["orders"] / (latest["days_since_first_order"] + horizon_days)
value = dict(zip(latest["customer_id"], margin * latest["mean_order_value"].clip(lower=0) * rate * 365, strict=True))
incentive = round(money.discount * float(latest["mean_order_value"].median()), 2)
offer = churn.Offer(success_rate=success_rate, contact_cost=contact_cost, incentive_cost=incentive)
kept_one = 0.70 * offer.success_rate * (40 - offer.incentive_cost)
stayed_anyway = 0.30 * offer.incentive_cost
by_hand = kept_one - stayed_anyway - offer.contact_cost
assert np.isclose(by_hand, churn.expected_profit(0.70, 40, offer))
print(f"Won: 0.70 x {success_rate} x (40 - {offer.incentive_cost}) = {kept_one:.2f}.")
print(f"Given away: 0.30 x {offer.incentive_cost} = {stayed_anyway:.2f}. Contact: {contact_cost:.2f}.")
print(
    f"Together {by_hand:+.2f}. A value of 40 pays from a probability of {churn.pays_from(40, offer):.0%}; above 100 %: never."
)

# %% [markdown]
# Now everyone of the last cut-off, the most promising first. What a customer is worth is here a year's margin at the pace so far: a rough figure, and the CLTV of notebook 04 would be a better one.
#
# **What do you expect?** Contact everybody, nobody, or some?

# %% mystnb={"image": {"alt": "Two curves: expected and realised profit as more customers are contacted, best first, with the best point marked."}}
last_cut = judged[judged["at"] == judged["at"].max()]
worth = last_cut["customer_id"].map(value).fillna(0.0).to_numpy()
profit = churn.profit_curve(last_cut[winner], worth, offer, actual=last_cut["left_us"])
top = profit.loc[profit["expected"].idxmax()]
all_of_them = profit["expected"].iloc[-1]
record("profit", {"contacted": float(top["contacted"]), "expected": float(top["expected"]), "everyone": float(all_of_them),
                  "realised": float(top["realised"])})  # fmt: skip
title = f"Contact {top['contacted']:.0%}: {top['expected']:+,.0f} expected; everyone: {all_of_them:+,.0f}"
axes = plots.profit_lines(profit, title=title, language=language)

# %% [markdown]
# The curve rises while the offer earns more than it gives away, and falls after. If it never rises, the offer is too dear, or keeps too few: do not send it. The dashed line is the same list with what really happened in place of the probabilities. It still *believes* the success rate.
#
# How much hangs on that belief? The line below says from which success rate on the best list pays at all. Hold it against section 8, which measures something very near it.
#
# **What do you expect?** How many would you contact if the offer kept half as many?


# %%
def threshold(success: float = 0.10, cost: float = 0.02, incentive: float = 5.0) -> None:
    trial = churn.Offer(success_rate=success, contact_cost=cost, incentive_cost=incentive)
    curve = churn.profit_curve(last_cut[winner], worth, trial, actual=last_cut["left_us"])
    point = curve.loc[curve["expected"].idxmax()]
    print(f"Contact {point['contacted']:.0%}: {point['expected']:+,.0f} expected, {point['realised']:+,.0f} realised.")
    pays = float(churn.pays_from(40, trial))
    print("A customer worth 40 " + (f"pays from a probability of {pays:.0%} on." if pays <= 1 else "never pays."))


needed = churn.break_even_success(last_cut[winner], worth, offer, most=max(1, int(top["customers"])))
record("needed_success_rate", round(float(needed), 4))
print(f"The best {top['customers']:,.0f} customers pay from a rate of {needed:.1%} on; assumed: {success_rate:.0%}.")
threshold(success=success_rate, cost=contact_cost, incentive=offer.incentive_cost)
explore(threshold, success=(0.02, 0.5, 0.02), cost=(0.0, 2.0, 0.1), incentive=(0.0, 15.0, 0.5), interactive=interactive)

# %% [markdown]
# ## 7. What to send: action, channel, tone
#
# The course text gives each signal its own action. A reminder with an incentive, by e-mail and SMS, in a cordial tone. A personal discount by e-mail, persuasive. A question, by e-mail, with empathy: who gave a low score wants to be heard, not sold to.
#
# One entry a contact and signal: who shows two signals is in the queue twice. And nobody without consent: who said no, or never said yes, is not in the queue. For its own customers a shop in Italy may write about similar goods by e-mail, until they object; SMS always needs a yes.
#
# **What do you expect?** Which share of the signals may be followed up at all?

# %%
queue = churn.preventive_actions(flags, shop.policy)
flagged = flags[[*churn.SIGNALS]].fillna(value=False).astype(bool)
record("queue", {"entries": len(queue), "contacts": int(queue["customer_id"].nunique())})
print(f"{flagged.to_numpy().sum():,} signals; {len(queue):,} entries of {queue['customer_id'].nunique():,} customers. "
      "The other signals may not be followed up.")  # fmt: skip
if not has_consents(shop):
    print("This shop keeps no consents, so the queue is empty. Bring a table of consents before you write to anyone.")
queue.groupby(["signal", "action", "channels", "tone"], as_index=False).agg(entries=("customer_id", "size"))

# %% [markdown]
# ## 8. Who leaves is not who can be kept
#
# So far we chose the customers at **risk**. But a message does not change risk. It changes *some people*. Some leave whatever we write. Some stay without it. Some buy because of it. And a few are annoyed by it, and buy less: let those sleeping dogs lie.
#
# The **uplift** is what a customer buys if contacted, less what they buy if not. A campaign with a control group, drawn by lot, can tell it. We learn from earlier win-back mails, and judge by the last one.

# %%
tried = {"campaigns", "assignments"} <= set(shop.tables)
if tried:
    trials = churn.experiments(shop, kind="winback")
    final = trials[trials["campaign_id"] == trials["campaign_id"].iloc[-1]].reset_index(drop=True)
    earlier = trials[trials["assigned_ts"] < final["assigned_ts"].min()]
    # whose outcome was known when the campaign began: the later ones would leak
    learnt = seen[pd.to_datetime(seen["at"]) + pd.Timedelta(days=horizon_days) <= final["assigned_ts"].min()]
    effect = churn.arm_difference(final)
    record("last_winback", effect)
    print(f"Last win-back: {effect['contacted']:,.0f} contacted, {effect['control']:,.0f} not.")
    print(f"Extra orders per 1,000 mails: {1000 * effect['difference']:+.1f} "
          f"(95 % interval {1000 * effect['low']:+.1f} to {1000 * effect['high']:+.1f}).")  # fmt: skip
else:
    reason = f"{shop.name} has no win-back with a control group, so it cannot tell whom a contact changes. Run one!"
    skip(8, reason, needs=["campaigns", "assignments"])

# %% [markdown] tags=["any-source"]
# If that interval holds 0, the campaign as a whole may have done nothing. A mean over people who are moved, unmoved and annoyed is often small. So: whom to choose? Four lists of the same customers:
#
# - the **risk** of leaving, from section 5's model, taught only with what was known before this campaign;
# - the **value at risk**: risk times a year's margin;
# - the shortest **silence** first, a rule that needs no model;
# - the **uplift** as it was learnt from the earlier campaigns.
#
# Which list is best? No single customer can tell. But this campaign was drawn by lot, and no list has learnt from it. So take the first fifth of a list: some of them got the mail, some did not, and what the mailed ordered more is what the list has won. The same for two fifths, and so on, to all. That is the **uplift curve**, and any shop with a control group can draw it.
#
# Luck draws a curve, too. The grey band holds 95 % of the lists that are *shuffled*: a curve inside it may be luck, from end to end.
#
# **What do you expect?** How many of the four curves leave the band?

# %% mystnb={"image": {"alt": "Lines: extra orders as the last campaign shows them, against the share of customers contacted, by four lists, beside the band of lists by lot."}}
bought = earlier.groupby("contacted")["window_orders"].sum() if tried else pd.Series(dtype=float)
ranked = tried and len(learnt) > 0 and len(bought) == 2 and bool((bought > 0).all())
if ranked:
    risk = churn.ChurnModel(winner).fit(learnt).predict(final)
    pace = final["orders"] / (final["days_since_first_order"] + horizon_days) * 365
    lists = {"risk": risk, "value": risk * margin * final["mean_order_value"] * pace}
    lists |= {"silence": -final["days_since_order"], "uplift": churn.UpliftModel().fit(earlier).predict(final)}
    curves = {text.label(f"ranked_{key}", language): churn.uplift_curve(lists[key], final, steps=10) for key in lists}
    areas = pd.DataFrame({key: [1000 * curve.area, curve.p_value] for key, curve in curves.items()}).T
    record("uplift_areas", areas.round(3).reset_index().to_numpy().tolist())
    title = f"{((areas[1] < 0.05) & (areas[0] > 0)).sum()} of {len(areas)} lists find those whom the mail moves, by more than luck"
    axes = plots.uplift_lines(curves, title=title, language=language)
    print(areas.set_axis(["area", "p_value"], axis=1).round(2).to_string())
else:
    print("No figure: it takes two campaigns with a control group, one to learn from and one to judge by.")

# %% mystnb={"image": {"alt": "Lines: true extra orders against the share of customers contacted, by risk, value at risk, silence, uplift, and the known best."}}
if ranked and has_truth(source):
    truth = read_truth("treatment_effects", source).set_index(["campaign_id", "customer_id"])["expected_extra_orders"]
    lists["best"] = truth.loc[list(zip(final["campaign_id"], final["customer_id"], strict=True))].to_numpy()
    targeting = churn.targeting(lists, lists["best"])
    fifth = targeting.iloc[len(targeting) // 5]
    record("extra_orders_in_the_best_fifth", fifth.drop("contacted").round(3).to_dict())
    title = f"In truth, the first fifth brings {fifth['risk']:.0f} orders by risk, {fifth['uplift']:.0f} by uplift, {fifth['best']:.0f} at best"
    shown = ["contacted", *(text.label(f"ranked_{key}", language) for key in lists)]
    axes = plots.targeting_lines(targeting.set_axis(shown, axis=1), title=title, language=language)
else:
    print("No second figure: what each single customer would have bought is known of a simulated shop only.")

# %% [markdown] tags=["any-source"]
# The first figure is what any shop can draw. `area` is what lies between a curve and the dotted line, in orders per 1,000 customers; `p_value` is how often a shuffled list lies as far from that line, above it or below. Few people order within weeks of a mail, so luck alone draws wide curves: a list inside the band is not proved bad, only unproved, and the start of each curve is a handful of orders.
#
# The scores must not have seen the lots that judge them. A model remembers who happened to order, and on its own lots it looks splendid. `churn.leave_one_campaign_out` scores each campaign by a model of all others, if you cannot spare one.
#
# The second figure is the truth, which a simulated shop knows of each customer, with a fifth list: the **known best**. Its steps are smaller than those of the first: the lucky orders are gone.
#
# Where the second figure stands here, start with the line by risk. The dotted line is the same number of mails by lot. Where it runs *below* the dotted line, the list is worse than lots. That is no accident: the customers likeliest to leave have mostly left already, and mail to them changes nothing.
#
# The value at risk asks for good customers, but it still asks for those who go. The uplift asks the right question. It has little to learn from where few people buy within weeks of a mail, so the simple rule by silence may come close. Where the known best bends *down* at its end, those are the annoyed: writing to all of them costs orders.
#
# ### A famous claim, as a what-if
#
# The course text says that acting in time on the signals **may lift retention by 30 %**. It is a claim, and we treat it as one. Thirty per cent of *what*? If a shop keeps 92 % of its customers in a month, 30 % more would be 120 %. So we read it the only way that works everywhere: of those who would be lost, 30 % are kept.


# %%
def what_if(monthly_retention: float = 0.92, kept_of_lost: float = 0.30) -> None:
    better = monthly_retention + kept_of_lost * (1 - monthly_retention)
    for name, share in (("today", monthly_retention), ("if the claim held", better)):
        print(
            f"{name}: {share:.1%} kept in a month, {share**12:.0%} in a year, {1 / (1 - share):.1f} months on average."
        )


what_if(monthly_retention=min(0.999, max(0.5, round(float(kept), 3))))
explore(what_if, monthly_retention=(0.5, 0.99, 0.01), kept_of_lost=(0.0, 0.5, 0.05), interactive=interactive)

# %% [markdown] tags=["any-source"]
# Keeping 30 % of those who would be lost makes lives 43 % longer, whatever the start: 1 / (1 - 0.30). A large prize. Nothing in our data says that messages win it. An experiment, like the one above, says how much one kind of message does, and that number is the place to begin.
#
# ## What should the shop do?
#
# One table decides. Its first column is what we assumed. Where a win-back was measured, the next ones put its result in the place of the assumption: the extra orders of the last lot, as a share of those who would not have ordered, at the estimate and at both ends.
#
# The mean of a campaign is not the mean of those whom *you* would write to. So the second decision goes by silence: the audience that the win-back of notebook 08 reaches, silent just beyond the policy's window, by all past lots. Notebooks 08 and 09 take their account from the same table (`win_back_account`, in the appendix).
#
# Choose the window by the curve of section 2. Keep a control group in the next win-back again. A list by uplift is worth a trial only where its curve in section 8 left the band; put it beside a random half, not in the place of it.

# %%
decision = pd.DataFrame(
    {"contact": [len(last_cut), int(top["customers"]), 0]}, index=["everyone", "the best list", "nobody"]
)
rates = {"assumed": success_rate}
if tried:
    quiet = (final.loc[final["contacted"] == 0, "window_orders"] == 0).mean()  # those whom a mail could have kept
    ends = {"measured": "difference", "its low end": "low", "its high end": "high"}
    rates |= {name: min(1.0, max(0.0, effect[end] / max(quiet, 0.01))) for name, end in ends.items()}
by = churn.expected_profit(last_cut[winner], worth, offer)
for name, share in rates.items():
    trial = churn.Offer(success_rate=share, contact_cost=contact_cost, incentive_cost=offer.incentive_cost)
    curve = churn.profit_curve(last_cut[winner], worth, trial, by=by)
    decision[f"{name}: {share:.1%} kept"] = curve.loc[decision["contact"], "expected"].to_numpy()
record("decision", decision.reset_index(names="rule"))
decision.style.format("{:,.0f}")

# %%
verdict, told, doubt = "Test", "no campaign here measured it", f"{success_rate:.0%} is an assumption."
if tried:
    mean, low, high = decision.loc["the best list"].iloc[-3:]
    verdict = "Mail" if rates["measured"] >= needed else "Do not mail"
    told = f"the last win-back kept {rates['measured']:.1%} ({rates['its low end']:.1%} to {rates['its high end']:.1%}), which leaves {mean:+,.0f} ({low:+,.0f} to {high:+,.0f})"
    doubt = f"The last win-back went to people silent for a median of {final['days_since_order'].median():.0f} days."
pays = f"it pays once the offer keeps {needed:.1%} of those who leave; {told}"
whom = f"the {top['customers']:,.0f} customers who were most at risk on {last_cut['at'].max():%Y-%m-%d}"
decide(f"{verdict} {whom}, the last day whose outcome is known: {pays}.", sure=doubt)
if tried:
    terms = {"margin": margin, "discount": discount, "contact_cost": contact_cost, "redeemed": money.redeemed}
    basket, days = float(orders["amount"].astype(float).mean()), rules.purchase_days
    account = churn.contact_account(trials, order_value=basket, silence_days=days, **terms)
    record("win_back_account", account)
    decide(*churn.account_sentence(account, discount=discount))

# %% [markdown]
# ## What you can do now
#
# - You flagged three signals by hand, and judged each by what it catches and how often it is right.
# - You read a window off the gaps, a retention rate off the months, and a lifetime off a survival curve with its censored customers.
# - You saw a model that looks brilliant because it knew the future, and a test that finds it out.
# - You found the probability from which an offer pays, and how it moves with the success rate.
# - You saw that the list by risk and the list by uplift are different lists.
#
# **Exercise:** `06_churn` asks you to choose whom to contact in another shop, and to hold the choice to what happened there.
#
# **Further reading:** S. Neslin and others, "Defection Detection", Journal of Marketing Research 43 (2006): the profit of section 6. E. Ascarza, "Retention Futility: Targeting High-Risk Customers Might Be Ineffective", Journal of Marketing Research 55 (2018): section 8 on real customers.
