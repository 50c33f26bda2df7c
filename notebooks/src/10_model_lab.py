# %% [markdown]
# # The model lab: which model deserves our trust?
#
# **The shop's question:** three people bring three models of what customers will buy. Each shows a chart on which the own model wins. Which one do we run next month, and what would a better one be worth?
#
# *90 minutes. You need notebook 04, and to write a small Python class.*

# %% [markdown]
# ## After this notebook you can
#
# - judge any model on several holdouts, so that one lucky quarter does not decide;
# - put an interval on the difference between two models, and say when it is only luck;
# - write a model of your own in ten lines, and enter it in the comparison;
# - spot a model that has seen the future;
# - sweep parameters from the command line, and keep a model in a file that holds no customers.

# %% tags=["parameters"]
source: str = "shop"  # a name from `crmlib data list`, a file, or a database URL
as_of: str = ""  # the day we look back from, such as "1998-07-01"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look: fewer customers, origins and draws
interactive: bool = True  # show sliders
model: str = "pareto"  # the model that is swept: "bgnbd", "mbgnbd", "pareto", "boosted" or "average"
seed: int = 1  # which half of the customers it is judged on: at least 0
origins: int = 3  # how many holdouts: at least 1
horizon_days: int = 0  # how many days each holdout lasts, at least 0; 0: a sixth of the history
margin: float | None = None  # share of an order's value that stays with the shop; None: the policy's money.margin
fewest_repeat_buyers: int = 100  # with fewer customers who bought again, models are not compared: at least 1

# %%
import importlib.util
import tempfile
import warnings
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlib import clv, decide, explore, open_shop, plots, record, stop_here
from crmlib.clv.history import history
from crmlib.clv.protocol import SEEN
from crmlib.notebook import check_parameters

# %% [markdown]
# ## The data
#
# Your own orders go in as everywhere in this suite: `source` is a file, a glob or a database URL, and `crmlib data describe SOURCE` says what is seen in it. The lab needs who, when and how much.

# %%
plots.use_style()
check_parameters()
shop = open_shop(source, as_of=as_of or None).adjusted({"money.margin": margin})
orders = shop.orders.to_pandas()
orders = orders[orders["order_ts"] < pd.Timestamp(shop.as_of)]
if orders.empty:
    stop_here(f"There are no orders before {shop.as_of}: there is nothing to compare models on.")
everyone = np.sort(orders["customer_id"].unique())
origins = min(origins, 2) if fast else origins
if fast and len(everyone) > 4000:
    everyone = np.random.default_rng(1).choice(everyone, 4000, replace=False)
    orders = orders[orders["customer_id"].isin(everyone)]
first_day, last_day = orders["order_ts"].min().date(), orders["order_ts"].max().date()
days_ahead = horizon_days or (last_day - first_day).days // 6
print(f"{len(orders):,} orders of {len(everyone):,} customers; each holdout lasts {days_ahead} days.")

# %%
margin = shop.policy.money.margin  # the shop's own, where none was set above
earliest = last_day - timedelta(days=days_ahead * origins)
known = clv.summarize(orders, as_of=earliest)
again = int((known["frequency"] > 0).sum())
if again < fewest_repeat_buyers:
    stop_here(
        f"Only {again} customers had bought again by {earliest}, the first origin: too few to compare models, so the "
        "notebook ends here. Try fewer origins, a shorter horizon_days, or a longer history.",
        needs="orders: a longer history",
    )

# %% [markdown]
# ## 1. One holdout by hand
#
# An **origin** is a day on which we pretend to stand. A model may use what came before it. We judge it by what came after, up to the **horizon**.
#
# Take the last possible origin, eight customers, and two guesses: *nobody buys*, and *everyone goes on at the own rate*.
#
# **What do you expect?** Which of the two has the smaller mean absolute error?

# %%
origin = last_day - timedelta(days=days_ahead)
split = clv.holdout(orders, calibration_end=origin, observation_end=last_day)
places = (np.linspace(0.5, 0.999, 8) * len(split)).astype(int)
eight = split.sort_values(["frequency_cal", "customer_id"]).iloc[places]
hand = eight[["customer_id", "frequency_cal", "T_cal", "frequency_holdout"]].set_index("customer_id")
hand["own_rate"] = hand["frequency_cal"] / hand["T_cal"] * days_ahead
hand["error_of_nobody"] = (0 - hand["frequency_holdout"]).abs()
hand["error_of_own_rate"] = (hand["own_rate"] - hand["frequency_holdout"]).abs()
by_hand = hand[["error_of_nobody", "error_of_own_rate"]].mean()
assert np.allclose(by_hand, clv.scorecard(eight, {})["mae"].loc[["always zero", "own rate"]])
hand.round(2)

# %%
difference = hand["error_of_own_rate"] - hand["error_of_nobody"]
print(f"Mean absolute error: nobody buys {by_hand.iloc[0]:.2f}, own rate {by_hand.iloc[1]:.2f}.")
print("Difference, customer by customer:", *difference.round(2))

# %% [markdown]
# The library's scorecard agrees with our hands.
#
# Look at the differences. Each customer judged *both* guesses. So we need not compare two clouds of errors: we compare two guesses on the same customer, and average. That is a **paired** comparison, and it is far sharper. A customer who surprised everybody hurts both guesses alike, and falls out of the difference.
#
# ## 2. A model in ten lines
#
# A model is anything with two methods:
#
# - `fit(summary)` learns from the histories: a row a customer, with `frequency`, `recency`, `T` and some more;
# - `predict(summary, duration)` returns how often each customer will buy.
#
# Nothing has to be inherited or registered. Here is one: *own rate* believes a single lucky week; so we draw each rate towards everyone's, the more the younger the customer is.


# %%
class Shrunk:
    """Everyone goes on at the own rate, drawn towards the rate of all; who is silent for long slows down."""

    def fit(self, summary: pd.DataFrame) -> "Shrunk":
        self.rate = summary["frequency"].sum() / summary["T"].sum()
        self.weight = summary["T"].mean()
        return self

    def predict(self, summary: pd.DataFrame, duration: float) -> ArrayLike:
        rate = (summary["frequency"] + self.rate * self.weight) / (summary["T"] + self.weight)
        return duration * rate * np.exp(-self.rate * summary["silence"])


# %% [markdown]
# The other columns that a model sees are listed below, for the first customers. They are counted by one SQL query on the engine, `crmlib/sql/clv_history.sql`; only its columns `*_ahead` look past the origin, and no model gets those.

# %%
print(*SEEN, sep=", ")
history(orders, at=origin, end=last_day, period="D")[list(SEEN)].head(4).round(2)

# %% [markdown]
# ## 3. The candidates
#
# - **BG/NBD**, **MBG/NBD**, **Pareto/NBD**: the models of notebook 04, with Gamma-Gamma for the spend.
# - **boosted**: gradient boosting from scikit-learn, on top of Pareto/NBD. Trees cannot look further ahead than they were shown. So they learn a *factor*: how much more or less than Pareto/NBD expected did customers like this one buy? They learn it from *earlier* origins inside the calibration, whose outcomes are known by then.
# - **average**: the mean of Pareto/NBD and boosted.
# - **ours**: the ten lines above.
#
# **What do you expect?** Which will win? And how often: at every origin?

# %%
story = clv.BuyTillYouDie
boosted = clv.GradientBoosting(story())
lab = {
    "bgnbd": story(clv.BetaGeoFitter()),
    "mbgnbd": story(clv.ModifiedBetaGeoFitter()),
    "pareto": story(clv.ParetoNBDFitter()),
    "boosted": boosted,
    "average": clv.Average(story(), boosted),
    "ours": Shrunk(),
}
with warnings.catch_warnings(record=True, action="always") as said:
    judged = clv.rolling(orders, lab, origins=origins, horizon_days=days_ahead)
for message in dict.fromkeys(str(warning.message) for warning in said):
    print("The library warns:", message)

# %%
by_origin = judged.scores.pivot_table(index="model", columns="origin", values="rmse")
by_origin["mean"] = by_origin.mean(axis=1)
by_origin = by_origin.sort_values("mean")
record("rmse_by_origin", by_origin.reset_index())
wins = by_origin.drop(columns="mean").idxmin().value_counts()
print("Best at an origin:", ", ".join(f"{name} ({count} of {origins})" for name, count in wins.items()))
by_origin.style.format(precision=3).highlight_min(color="#d6e6f5")

# %% [markdown]
# Read across, not down. A season with more purchases has larger errors, whoever predicts. That is why two models may only be compared *at the same origins*, and why a figure from somebody else's quarter says nothing.
#
# Is the first better than the second, or was it lucky?
#
# ## 4. Is the difference more than luck?
#
# Other customers could have walked in. So we draw customers with replacement, again and again, and compare the models on each draw. The same draw judges all models: paired, as by hand.
#
# **What do you expect?** How many of these intervals will hold 0?

# %% mystnb={"image": {"alt": "Dots with intervals: each model's root mean squared error less Pareto/NBD's; a line at zero; models left of it are better."}}
draws = 100 if fast else 500
found = judged.differences("pareto", refits=draws)
record("differences_from_pareto", found.reset_index())
contest = found.loc[[name for name in found.index if name in lab]]
sure = [name for name in contest.index if contest["high"][name] < 0]
best = contest.index[0]
title = f"Better than Pareto/NBD by more than luck: {', '.join(sure) or 'none'}"
axes = plots.difference_dots(contest, title=title, xlabel="RMSE less Pareto/NBD's (purchases a customer)")

# %% [markdown]
# Left of the line is better. A grey bar touches the line: these customers do not tell the two models apart. That is an answer too. It says: take the simpler one.
#
# A model may win by its mean and still have the wider interval. The average of two models often wins by less, and more surely, because errors that they do not share cancel in part.
#
# Does another yardstick change the order? The absolute error, and the money:

# %%
measures = ["mae", "rmse", "deviance", "spend_mae", "spend_rmse"]
tables = {measure: judged.differences("pareto", measure=measure, refits=draws) for measure in measures}
summary_table = pd.DataFrame({measure: table["error"] for measure, table in tables.items()})  # the baselines, too
winners = summary_table.idxmin()
record("errors", summary_table.reset_index(names="model"))
record("winners", winners.to_dict())
for measure in ("mae", "rmse", "deviance"):
    print(clv.verdict(judged, measure=measure, refits=draws).sentence)
summary_table.style.format(precision=3, na_rep="no answer").highlight_min(color="#d6e6f5")

# %% [markdown]
# The baselines stand in the table, and may win. The absolute error rewards who predicts the **median**: where most customers buy nothing, that is *always zero*. The squared error rewards the **mean**, and so does the deviance, the error for counts. A total needs means.
#
# No model need win everywhere. *Ours* has no answer about money: it has no `predict_spend`. Which yardstick counts is a question about what the forecast is for: rmse for totals and budgets, the ranking for choosing whom to write to.
#
# ## 5. Does a model track the weeks?
#
# A score is one number. Where does it come from? Here are all repeat purchases, week by week and added up. The grey line is the origin: right of it, the models had seen nothing.

# %% mystnb={"image": {"alt": "Two panels of lines, actual in black and models dashed: repeat purchases in each week, and added up; a grey line at the origin."}}
seen = clv.summarize(orders, as_of=earliest)
with warnings.catch_warnings(record=True, action="always"):
    stories = {name: lab[name].fitter.fit(seen) for name in ("bgnbd", "mbgnbd", "pareto")}
weeks = clv.tracking(orders, stories, calibration_end=earliest, observation_end=last_day)
later = weeks[weeks["held_out"]]
off = later[list(stories)].sum() / later["actual"].sum() - 1
record("purchases_after_the_first_origin", {name: round(float(error), 4) for name, error in off.items()})
how = "fewer" if off["pareto"] < 0 else "more"
title = f"After the origin Pareto/NBD expects {abs(off['pareto']):.0%} {how} purchases than came"
panels = plots.tracking(weeks, title=title, language=language)

# %% [markdown]
# The peaks are seasons, mailings, offers. None of these models knows of them: they are right on average, or wrong on average. Boosting does not help here either, as it was shown no calendar.
#
# ### The pitfall: the model that has seen the future
#
# > **A mistake that real analysts make.** They join the customer card as it stands *today*, and use its "orders so far" as a feature. On the holdout the model shines. In use it fails.
#
# The card knows what came after the origin. Let us build that model. It needs three lines.


# %%
class SeenTheFuture:
    """Everyone buys at the rate that today's customer card shows."""

    def fit(self, summary: pd.DataFrame) -> "SeenTheFuture":
        self.customers = len(summary)  # it needs nothing from it
        return self

    def predict(self, summary: pd.DataFrame, duration: float) -> ArrayLike:
        return duration * summary["customer_id"].map(card_today).to_numpy()


# %%
today = clv.summarize(orders, as_of=last_day).set_index("customer_id")
card_today = today["frequency"] / today["T"].clip(lower=1)
cheated = clv.rolling(orders, {"cheat": SeenTheFuture()}, origins=1, horizon_days=days_ahead)
errors = cheated.scores.set_index("model")["mae"]
record("mae_of_the_model_that_saw_the_future", round(float(errors["cheat"]), 4))
print(f"MAE: own rate {errors['own rate']:.3f}; the same from today's card {errors['cheat']:.3f}.")

# %% [markdown]
# It is the *own rate* of section 1, and yet it looks better than that: it has no right to. Nothing in the code looks wrong: the leak is in the table.
#
# **The rule:** every feature is computed from orders up to the origin, by the same query that computes it in use. That is why the lab hands the models their summary, and why a model which wants outcomes gets them from earlier origins only. When a simple model suddenly wins by far, look for the leak first.
#
# ## 6. Keep a model
#
# A fitted model goes into a small JSON file: its class, its parameters, its period. No customers, and no code that runs when it is opened.

# %%
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "pareto.json"
    stories["pareto"].save(file)
    text = file.read_text(encoding="utf-8")
    again = clv.load(file)
assert again.predict(days_ahead, 2, 30, 60) == stories["pareto"].predict(days_ahead, 2, 30, 60)
print(f"{len(text)} characters. It begins: {' '.join(text.split())[:150]} ...")

# %% [markdown]
# ### Priors
#
# With few customers the data say little, and prior knowledge may fill the gap. `pymc-marketing` fits BG/NBD with priors. It comes with `pip install "crmlib[bayes]"`, on Python 3.12 or newer. It is not in the suite's lock: it takes numpy below 2.5. Where it is installed, it joins the table below.
#
# Its default prior for $\alpha$ is a Weibull distribution around 9 *periods*, whatever a period is. So we ask twice: with times told in days, and in weeks. In the table all are days again.
#
# **What do you expect?** In which unit does the prior pull $\alpha$ further down?


# %%
def with_priors(summary: pd.DataFrame, days: int) -> list[float]:
    """BG/NBD's most probable parameters, with times told in so many days; alpha in days."""
    from pymc_marketing.clv import BetaGeoModel

    bayes = BetaGeoModel()
    told = summary.assign(recency=summary["recency"] / days, T=summary["T"] / days)
    with warnings.catch_warnings(record=True, action="always"):
        found = bayes.fit(told, method="map", progressbar=False)["posterior"]
    return [float(found[name].mean()) * (days if name == "alpha" else 1) for name in ("r", "alpha", "a", "b")]


# %%
few = seen.sample(min(len(seen), 300), random_state=1)
with warnings.catch_warnings(record=True, action="always"):
    beside = {f"all {len(seen):,}": clv.BetaGeoFitter().fit(seen).params_}
    beside[f"{len(few)} of them"] = clv.BetaGeoFitter(penalizer_coef=0.001).fit(few).params_
if importlib.util.find_spec("pymc_marketing") is None:
    print(
        "No priors in the table: pymc-marketing is not installed (pip install 'crmlib[bayes]', Python 3.12 or newer)."
    )
else:
    columns = ["customer_id", "frequency", "recency", "T"]
    beside[f"{len(few)}, priors, days"] = with_priors(few[columns], 1)
    beside[f"{len(few)}, priors, weeks"] = with_priors(few[columns], 7)
    beside["all, priors, days"] = with_priors(seen[columns], 1)
record("parameters_with_and_without_priors", pd.DataFrame(beside).reset_index(names="parameter"))
pd.DataFrame(beside, index=["r", "alpha", "a", "b"]).round(3)

# %% [markdown]
# This is what pymc-marketing 1.3 did to $\alpha$, in days:
#
# | | all customers | 300 | 300, priors in days | 300, priors in weeks | all, priors in days |
# |---|---|---|---|---|---|
# | the simulated shop (all: 2,067) | 35.6 | 26.1 | 18.9 | 27.7 | 30.7 |
# | CDNOW (all: 23,570) | 33.7 | 17.7 | 14.8 | 19.0 | 33.2 |
#
# In days the prior expects an $\alpha$ near 9 and pulls hard, away from what all customers say. In weeks it expects 9 weeks, 63 days, and pulls the other way. Two thousand customers still feel it; twenty thousand hardly do. A prior is knowledge only if you chose it, in your unit. One left at its default is an accident, like a penalizer: our 0.001 is one, too.
#
# ## 7. Sweep
#
# A comparison should not hang on one choice of ours. This notebook has the parameters `model` and `seed`; the seed draws half of the customers. The command below runs the notebook for every pair, several at a time, and collects what each run recorded into one table and one page:
#
# ```
# crmlib sweep model_lab -p model=bgnbd,pareto,boosted -p seed=1..5 --source cdnow
# ```
#
# It goes on where it was stopped. With `--scheduler ADDRESS` the runs go to a Dask cluster. What a run contributes is recorded here:

# %%
half = np.random.default_rng(seed).choice(everyone, len(everyone) // 2, replace=False)
drawn = orders[orders["customer_id"].isin(half)]
with warnings.catch_warnings(record=True, action="always"):
    swept = clv.rolling(drawn, {model: lab[model]}, origins=1, horizon_days=days_ahead).scores.set_index("model")
for name in ("mae", "rmse", "bias", "top_decile_share"):
    record(f"swept_{name}", round(float(swept[name][model]), 5))
swept.loc[[model, "always zero", "own rate"]].drop(columns="origin").round(3)

# %% [markdown]
# Turn the seed and watch how far one model's error moves from half to half. That is the size of luck. Differences between models that are much smaller than it need the paired intervals of section 4 to be seen at all.


# %%
def luck(draw: int = 1, share: float = 0.5) -> None:
    table = judged.purchases
    chosen = np.random.default_rng(draw).choice(everyone, int(share * len(everyone)), replace=False)
    part = table[table["customer_id"].isin(chosen)]
    errors = {name: np.sqrt(((part[name] - part["actual"]) ** 2).mean()) for name in ("pareto", best)}
    print(f"Draw {draw}, {len(chosen):,} customers:", ", ".join(f"{n} {e:.3f}" for n, e in errors.items()))


luck(1)
luck(2)
explore(luck, draw=(1, 30), share=(0.1, 0.9, 0.1), interactive=interactive)

# %% [markdown]
# ## What should the shop do?
#
# A better forecast is worth what we do better with it. Suppose we look after the best tenth of the customers, chosen by predicted spend. How much did they spend in the holdouts, by the model that chose them?

# %%
money = judged.spend[judged.spend["origin"] == judged.spend["origin"].max()].reset_index(drop=True)
tenth = len(money) // 10
actual = money["actual"].to_numpy()
chosen = {name: np.argsort(-money[name].to_numpy(), kind="stable")[:tenth] for name in money.columns[3:]}
caught = pd.DataFrame({"spend_of_the_chosen": {name: actual[rows].sum() for name, rows in chosen.items()}})
rng = np.random.default_rng(7)
again = rng.poisson(1.0, size=(200 if fast else 1000, len(money)))  # how often each customer is drawn
totals = {name: again[:, rows] @ actual[rows] for name, rows in chosen.items()}
gaps = {name: np.quantile(margin * (total - totals["pareto"]), [0.025, 0.975]) for name, total in totals.items()}
caught["margin_more_than_pareto"] = margin * (caught["spend_of_the_chosen"] - actual[chosen["pareto"]].sum())
caught[["low", "high"]] = pd.DataFrame(gaps, index=["low", "high"]).T
record("best_tenth", caught.reset_index(names="model"))
caught.sort_values("spend_of_the_chosen", ascending=False).round(0)

# %%
gain = caught["margin_more_than_pareto"].max()
per_year = gain * 365 / days_ahead
record("margin_a_year_of_the_best_choice", round(float(per_year), 2))
print(f"The best choice holds {gain:,.0f} more margin than Pareto/NBD's in {days_ahead} days: {per_year:,.0f} a year.")

# %% [markdown]
# The model with the smallest error need not choose the best tenth: an error over all customers is not an error at the top. So this table, too, has its intervals.
#
# Run the model whose interval in section 4 lies left of the line. Where none does, run Pareto/NBD or MBG/NBD: four parameters that can be explained. And set the gain beside the price: somebody has to keep the trees, watch for leaks, and explain them. Repeat the comparison every quarter; keep the winner for two quarters before you switch.

# %%
leader = caught["margin_more_than_pareto"].idxmax()
low, high = caught.loc[leader, ["low", "high"]] * 365 / days_ahead
money_at_stake = f"{per_year:+,.0f} a year ({low:+,.0f} to {high:+,.0f}) against Pareto/NBD"
if sure:
    advice = f"Forecast with “{sure[0]}”: it errs less than Pareto/NBD by more than luck."
else:
    advice = "Forecast with Pareto/NBD: no other model errs less by more than luck."
decide(
    f"{advice} Choosing the best tenth by “{leader}” is worth {money_at_stake} in margin.",
    sure="The intervals know the luck of the customers, not that of the times: there are few origins."
    + (" The interval of the money holds 0." if low <= 0 <= high else ""),
)

# %% [markdown]
# ## What you can do now
#
# - You judged models on several holdouts, and saw how much the origin matters.
# - You put intervals on differences, paired, and saw which models the customers cannot tell apart.
# - You wrote a model in ten lines, and it took part.
# - You built a model that had seen the future, and know where such leaks come from.
# - You know the command that sweeps parameters, and how a model is kept without its customers.
#
# **Go on:** write a model that beats Pareto/NBD on another shop (`source = "cdnow"`), by more than luck.
#
# **Further reading:** R. Hyndman and G. Athanasopoulos, "Forecasting: Principles and Practice", section 5.10, on rolling origins. M. Wübben and F. von Wangenheim, "Instant Customer Base Analysis: Managerial Heuristics Often 'Get It Right'", Journal of Marketing 72 (2008): why simple baselines belong in every comparison.
