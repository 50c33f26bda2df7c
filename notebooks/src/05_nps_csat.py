# %% [markdown]
# # NPS and CSAT: what do customers say, and how far can we trust it?
#
# **The shop's question:** we ask customers how they like us. What do the answers tell, what do they hide, and what should we mend first?
#
# *60 minutes. You need to know what a pandas table is. Notebook 01 shows who answers questionnaires.*

# %% [markdown]
# ## After this notebook you can
#
# - compute an NPS and a CSAT by hand, on either scale, with an interval;
# - say how many answers a statement needs, and tell a difference from noise;
# - weight answers for those who kept silent, and say what no weight can mend;
# - find the moments and the words that go with low scores;
# - decide what to mend first, and read what a short questionnaire brings in, to see whether it helped.

# %% tags=["parameters"]
source: str = "shop"  # a name from `crmlib data list`, a file, or a database URL
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show sliders
calls: int = 200  # how many silent customers we could ring up: at least 1
call_cost: float | None = None  # what such a call costs, in the shop's currency; None: the policy's money.phone_cost
days_after: int = 180  # how long after an answer we look at what the customer spent: at least 1

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from crmlib import CrmlibError, decide, explore, open_shop, plots, record, stop_here, surveys, text
from crmlib.notebook import check_parameters
from crmlib.synth import has_truth, read_truth

plots.use_style()
check_parameters()

# %% [markdown]
# ## The data
#
# The shop asks two questions:
#
# - **NPS** (Net Promoter Score), after an order: "How likely are you to recommend us to a friend or colleague?" The mail asks from 0 to 10. A card in the parcel asks from 1 to 10. Chance decides which one a customer gets.
# - **CSAT** (customer satisfaction), right after one *touchpoint*, that is a moment such as the delivery: "How satisfied are you with ...?", from 1 to 5.
#
# One answer is a **mark**; the tables call its column `score`. What we compute from many marks is the **score** of the shop.
#
# Many surveys stay without an answer. They are in the table all the same, and we will need them.

# %%
shop = open_shop(source, as_of=as_of or None).adjusted({"money.phone_cost": call_cost})
call_cost, csat_from = shop.policy.money.phone_cost, shop.policy.surveys.csat_scale - shop.policy.surveys.csat_top + 1
if "surveys" not in shop.tables:
    stop_here(f"{shop.name} has no surveys, and this chapter is about them.", needs="surveys")
needed = {"survey_id", "customer_id", "order_id", "kind", "touchpoint", "scale", "sent_ts", "answered_ts"}
missing = sorted((needed | {"score", "comment", "language"}) - set(shop.surveys.columns))
if missing:
    stop_here(f"The surveys of {shop.name} lack {', '.join(missing)}: add these columns.", needs="surveys")
sent, card = (surveys.asked(shop, scale=scale) for scale in ("nps_0_10", "nps_1_10"))
moments = surveys.asked(shop, "csat")
truth = read_truth("surveys", source).set_index("survey_id")["true_score"] if has_truth(source) else None
if min(table["score"].count() for table in (sent, card, moments)) < 100:
    stop_here("Fewer than 100 answers to one of the questions: too few. Ask on, and come back.", needs="more answers")
print(f"{pd.concat([sent, card])['score'].notna().mean():.0%} of the NPS questions were answered.")
surveys.response_rates(pd.concat([sent, card, moments]), "touchpoint").round(3)

# %% [markdown]
# `relationship` is the NPS question. `rate` is the share that answered. (`low` and `high` are its interval; section 2 says what that is.) Keep the rate in mind for section 4: what would the others have said?
#
# ## 1. Ten answers by hand
#
# The NPS puts every mark in one of three boxes:
#
# - 9 and 10: **promoters**;
# - 7 and 8: **passives**;
# - 6 and below: **detractors**.
#
# `NPS = % promoters - % detractors`. It runs from -100 to 100. Above 0, promoters outnumber detractors, and the course texts call that good.

# %%
ten = sent[sent["score"].notna()].head(10)[["customer_id", "score"]].reset_index(drop=True)
ten["box"] = ["promoter" if mark >= 9 else "passive" if mark >= 7 else "detractor" for mark in ten["score"]]
ten

# %% [markdown]
# **What do you expect?** Count the boxes before you run the next cell.

# %%
promoters, detractors = (ten["box"] == "promoter").sum(), (ten["box"] == "detractor").sum()
by_hand = 100 * (promoters - detractors) / len(ten)
assert surveys.nps(ten["score"]).score == by_hand
print(f"100 x ({promoters} - {detractors}) / {len(ten)} = {by_hand:.0f}, and the library agrees.")
print(surveys.nps(ten["score"]))

# %% [markdown]
# ### Two scales
#
# The library also says how sure it is, in brackets. With ten answers: hardly. Section 2 comes to that.
#
# Most shops ask from 0 to 10. The course texts ask from 1 to 10. The boxes are the same on both.
#
# **What do you expect?** Which form gets the better score?

# %% mystnb={"image": {"alt": "Two bar charts: how often each mark was given, on the form from 0 to 10 and on the form from 1 to 10, coloured by detractors, passives and promoters."}}
both = {"nps_0_10": sent["score"].dropna(), "nps_1_10": card["score"].dropna()}
scored = {name: surveys.nps(marks, scale=name) for name, marks in both.items()}
record("nps_by_scale", {name: round(result.score, 2) for name, result in scored.items()})
title = f"NPS {scored['nps_0_10'].score:.0f} from 0 to 10, {scored['nps_1_10'].score:.0f} from 1 to 10"
panels = plots.mark_bars(both, title=title, language=language)

# %% [markdown]
# Look at the far left: few people answer 0, and a 0 and a 1 are in the same box. So the scale hardly moves the NPS, as long as each answer is counted on the scale *on which it was asked*.
#
# The trouble starts when somebody brings one scale to the other. Here are the marks from 1 to 10, "converted" in two ways that look reasonable. At the end we hand the library a 0 on the scale from 1 to 10.
#
# **What do you expect?** How far can a harmless conversion move the score?

# %%
marks = both["nps_1_10"].astype(float)
ways = {
    "as asked": surveys.nps(marks, scale="nps_1_10"),
    "one less, so that it starts at 0": surveys.nps(marks - 1),
    "stretched to 0 to 10": surveys.nps((marks - 1) * 10 / 9, averaged=True),
}
print(pd.Series({way: result.score for way, result in ways.items()}, name="NPS").round(1).to_string())
sixes = (sent["score"] == 6).sum() / (sent["score"] <= 6).sum()
print(f"Of the detractors on the form from 0 to 10, {sixes:.0%} gave a 6.")
try:
    surveys.nps([9, 7, 0, 10], scale="nps_1_10")
except CrmlibError as error:
    print(error)

# %% [markdown] tags=["any-source"]
# Not one customer changed their mind. The boxes moved under the answers: a 9 became an 8. So the library never converts. A mark that is off its scale is an error, and the error names the row.
#
# One more thing about the boxes. The texts raise an alert for a score *below 6*. So a 6 is a detractor, and nobody calls. You see above how large a share of them that is. The threshold and its operator are in the policy; notebook 06 uses them.
#
# ## 2. Thirty answers say little
#
# First: whose answers? Some customers answered more than once, and one person should count once. Which answer? That is a decision of the business, so it is in the *policy* (the shop's own definitions): the `last` by default, the `first`, or the `mean`. The fourth rule, `keep`, counts each answer. Who buys often is asked often, so `keep` listens more to loyal customers.
#
# Then: how sure? Ten answers gave a score. Ten others would have given another. A **95 % interval** says how far chance may have moved it: of a hundred intervals made in this way, about 95 hold the score that we would get from *all* answers.
#
# The recipe is short. Add three imaginary answers: three quarters of a promoter, three quarters of a detractor, the rest passive. Then go 1.96 *standard errors* to both sides: one standard error is how far off such a score typically is. It is called the *adjusted Wald* interval.
#
# **What do you expect?** Which of the four rules gives the highest score?

# %%
answers = surveys.one_per_customer(sent, policy=shop.policy)
overall = surveys.nps(answers["score"], averaged=True)
n = overall.n + 3
p, d = (overall.promoters + 0.75) / n, (overall.detractors + 0.75) / n
half = 1.96 * np.sqrt((p + d - (p - d) ** 2) / n)
assert np.allclose(overall.interval, [100 * (p - d - half), 100 * (p - d + half)], atol=0.01)
record("nps", overall.row(), key=True)
print(f"{overall.score:.1f}; the interval by hand: {100 * (p - d - half):.1f} to {100 * (p - d + half):.1f}.")
rules = {rule: {"surveys": {"duplicates": rule}} for rule in ("last", "first", "mean", "keep")}
counted = {rule: surveys.one_per_customer(sent, policy=policy)["score"] for rule, policy in rules.items()}
results = {rule: surveys.nps(marks, averaged=rule == "mean").row() for rule, marks in counted.items()}
pd.DataFrame(results).T[["score", "low", "high", "n"]].round(1).astype({"n": int})

# %% [markdown]
# Compare `keep` with the rows above it: that is what the loyal add. A rule can move the score as far as chance does. So choose it before you see the score, and keep to it.
#
# Now suppose that the shop had only 30 answers. We draw 30 from all of them, and do it sixty times.
#
# **What do you expect?** How far apart will the lowest and the highest of the sixty scores lie?

# %% mystnb={"image": {"alt": "Sixty horizontal intervals, each from 30 answers, sorted by their score; a vertical line marks the score of all answers."}}
rng = np.random.default_rng(5)
draws = [surveys.nps(rng.choice(answers["score"], 30), averaged=True).row() for _ in range(60)]
samples = pd.DataFrame(draws)
missed = int(((samples["low"] > overall.score) | (samples["high"] < overall.score)).sum())
record("range_of_thirty", [round(float(samples["score"].min()), 1), round(float(samples["score"].max()), 1)])
title = f"30 answers gave anything from {samples['score'].min():.0f} to {samples['score'].max():.0f}"
xlabel = text.label("nps_points", language)
axes = plots.sample_lines(samples, truth=overall.score, title=title, xlabel=xlabel, language=language)
print(f"{missed} of 60 intervals miss the score of all answers. We expect about 3: that is what 95 % means.")
print(f"An interval from 30 answers is {(samples['high'] - samples['low']).mean():.0f} points wide.")

# %% [markdown]
# Read one line as: "with these 30 answers, the score of all could lie anywhere here". Most lines hold both a poor score and a splendid one. A score from 30 answers is a rumour.
#
# ### Try it: how many answers?
#
# Say how exact the score must be. The interval shrinks with the *square root* of the number of answers.
#
# **What do you expect?** Ten points either way cost some answers. How many times as many do five points cost?


# %%
def needed_for(points: int = 5) -> None:
    shares = {"promoters": overall.promoters / overall.n, "detractors": overall.detractors / overall.n}
    print(
        f"To know the score within {points} points either way takes {surveys.answers_needed(points, **shares):,} answers."
    )


needed_for(5)
needed_for(10)
explore(needed_for, points=(2, 25, 1), interactive=interactive)

# %% [markdown]
# Half the width costs four times as many answers, as long as those who answer are a small part of all customers. In a small shop they soon are not: `answers_needed(..., population=...)` counts that in.
#
# ## 3. A difference that may be noise
#
# The last two months. Somebody will make a slide of it.

# %%
monthly = sent.assign(month=sent["answered_ts"].dt.to_period("M"))
monthly = surveys.one_per_customer(monthly, ["month"], policy=shop.policy)
before, last = sorted(monthly["month"].unique())[-2:]
a, b = (monthly.loc[monthly["month"] == month, "score"] for month in (last, before))
found = surveys.nps_difference(a, b, averaged=True)
record("last_two_months", {"difference": round(found.difference, 2), "p_value": round(found.p_value, 4)})
print(f"{before}: {surveys.nps(b, averaged=True)}")
print(f"{last}: {surveys.nps(a, averaged=True)}")
print(f"The difference is {found.difference:+.1f} points.")

# %% [markdown] tags=["any-source"]
# **What do you expect?** Could chance alone do that?
#
# We can ask chance. Throw the answers of both months into one bag. Deal them out again at random, very often. How often is the difference as large, up or down? That share is called the **p-value**. Below 5 %, one usually says "more than chance".

# %% mystnb={"image": {"alt": "Histogram of the differences between the two months when the answers are dealt at random; a line marks the difference that was seen."}}
bag = pd.concat([a, b]).to_numpy(dtype=float)
points = (bag >= 9).astype(int) - (bag < 7).astype(int)
dealt = rng.permuted(np.tile(points, (500 if fast else 4000, 1)), axis=1)
by_chance = 100 * (dealt[:, : len(a)].mean(axis=1) - dealt[:, len(a) :].mean(axis=1))
as_large = (abs(by_chance) >= abs(found.difference) - 1e-9).mean()
title = f"Chance gives a difference as large, up or down, in {as_large:.0%} of the deals"
names = {"xlabel": text.label("difference_points", language), "ylabel": text.label("deals", language)}
axes = plots.chance_bars(by_chance, seen=found.difference, title=title, **names, language=language)
print(f"p-value by hand {as_large:.3f}; by the library's formula {found.p_value:.3f}: {found.verdict}.")
print(f"The interval of the difference runs from {found.interval[0]:+.0f} to {found.interval[1]:+.0f} points.")

# %% [markdown]
# Add up the bars beyond the two lines: that is the p-value. "Could be chance" does not mean "no change". Look at the interval: the truth may lie anywhere in it. If it holds 0, *this* is no evidence, and no slide.
#
# Two months are picked from many. Better to look at all of them, with the limits inside which chance alone moves nearly every score: a **control chart**. The limits lie three standard errors from the centre (the policy's `control_sigmas`), so chance alone crosses them in about 3 months of 1,000. The fewer answers, the wider the limits.
#
# **What do you expect?** How many months lie outside?

# %% mystnb={"image": {"alt": "Line chart: the NPS of each month between control limits, with a dotted line at the overall score."}}
chart = surveys.nps_over_time(monthly["score"], monthly["answered_ts"], averaged=True, policy=shop.policy)
record("months_outside", int(chart["signal"].sum()))
title = f"{chart['signal'].sum()} of {len(chart)} months lie outside what chance gives"
axes = plots.control_chart(chart, title=title, language=language)

# %% [markdown]
# A month inside the band needs no explanation: chance is enough. A month outside deserves a question: what happened?
#
# ### The pitfall: a league table of noise
#
# > **A mistake that real analysts make.** They sort a list, and compare its two ends. "One courier has the best NPS, another the worst, and the test says that it is no chance. Reward the one, warn the other."
#
# We *invent* the couriers. Each answer gets one at random, so all couriers are equally good. Then we make the table.
#
# **What do you expect?** How far apart will the best and the worst be?

# %% mystnb={"image": {"alt": "Dots with intervals: the NPS of invented couriers to whom answers were dealt at random, best first."}}
couriers = max(2, min(16, len(answers) // 30))
dealt_to = rng.permutation(np.arange(len(answers)) % couriers)[: 30 * couriers] + 1
league = surveys.nps_by(answers["score"].iloc[: len(dealt_to)], dealt_to, averaged=True).sort_values(
    "score", ascending=False
)
apart = league["score"].max() - league["score"].min()
record("league_of_noise", round(float(apart), 1))
dots = league.rename(columns={"score": "estimate"}).rename(lambda name: f"{text.label('courier', language)} {name}")
title = f"{apart:.0f} points between best and worst, and nothing behind it"
axes = plots.interval_dots(dots, title=title, xlabel=xlabel)
ends = [answers["score"].iloc[: len(dealt_to)][dealt_to == league.index[place]] for place in (0, -1)]
print(f"The best against the worst: p-value {surveys.nps_difference(*ends, averaged=True).p_value:.4f}.")

# %% [markdown]
# Among many groups the *best* and the *worst* are always far apart. Their p-value is printed with the figure, and it is worthless: the test is made for two couriers named *beforehand*, and these two were picked because they are far apart. Look at all the intervals instead: most of them share a stretch, so nothing says that the couriers differ at all. Ask that first.
#
# ## 4. Who kept silent?
#
# So far the interval did all the worrying. It knows about chance. It knows nothing of those who did not answer.
#
# Silence belongs to a survey: a customer may answer one and leave the next. So in this section each survey counts, as under `keep`. Answers of one customer are alike, so these intervals are a little too narrow.
#
# What do we know of *everyone* who was asked? What they bought and did, before and after. Here are the five things that tell those who answered best from the silent.
#
# **What do you expect?** Who stays silent: those who came back later, or those who did not?

# %%
said = sent["score"].notna().to_numpy()
known = surveys.known_of_asked(shop, sent)
surveys.response_bias(known, said).head(5).round(2)

# %% [markdown]
# `difference` is measured in standard deviations; beyond 0.1 is worth a thought. `seen_again` asks: did the customer log in or buy within 90 days after the question? (`too early`: the 90 days are not over.) Where those who were not seen again are more frequent among the silent, many of them had left, and they had reasons.
#
# So give each answer a **weight**: one over the probability that such a customer answers. If such customers answer once in four times, one answer counts for four people: itself and three silent ones.
#
# **What do you expect?** Which way will the score move, and how far?

# %% mystnb={"image": {"alt": "Dots with intervals: the NPS of those who answered, the same weighted, and, where it is known, of everybody who was asked."}}
weights = surveys.response_weights(known, said)
rows = {"answers_plain": surveys.nps(sent["score"]), "answers_weighted": surveys.nps(sent["score"], weights=weights)}
if truth is not None:
    rows["everybody_truth"] = surveys.nps(truth.reindex(sent["survey_id"]))
table = pd.DataFrame({name: result.row() for name, result in rows.items()}).T
if truth is not None:  # everybody was counted: chance has no part in it
    table.loc["everybody_truth", ["low", "high"]] = table.loc["everybody_truth", "score"]
record("silence", table.reset_index(names="of"))
shift = table["score"] - table["score"].iloc[0]
title = f"Weights move the score by {shift['answers_weighted']:+.0f}"
title += "" if truth is None else f"; the truth is {shift['everybody_truth']:+.0f} away"
dots = table.rename(columns={"score": "estimate"}).rename(lambda name: text.label(name, language))
axes = plots.interval_dots(dots, title=title, xlabel=xlabel)

# %% [markdown]
# On the shop that ships the weights move the score the right way, and not nearly far enough. Why?
#
# A weight can mend what is *seen*. But among two customers who look the same to the shop, the content one still answers more readily. That part of the silence depends on the very answer that we did not get. No calculation on the answers can find it. (Without a truth you see only the two upper lines, and no way to tell how far off they are.)
#
# We can still ask **what if**. Suppose that with each mark more, a customer answers a little more readily. How much is "a little"? That is the number along the bottom of the figure. It is in *log-odds*: at 0.1, each mark more multiplies the odds of answering (answers to silences) by `exp(0.1)`, about 1.1.
#
# **What do you expect?** How far does so small a number move the score?

# %% mystnb={"image": {"alt": "Curve with a band: the weighted NPS falls the more readily content customers answer; a horizontal line marks the truth where it is known."}}
rate = float(said.mean())
tilts = np.linspace(0, 0.25, 11)
what_if = {x: surveys.tilted(weights, sent["score"], x, response_rate=rate) for x in tilts}
curve = pd.DataFrame({x: surveys.nps(sent["score"], weights=w).row() for x, w in what_if.items()}).T
real = None if truth is None else table["score"].iloc[-1]
record("what_if_tilt", curve["score"].round(2).tolist())
at_tenth, band = curve["score"].iloc[4], (curve["high"] - curve["low"]).iloc[0] / 2
print(f"0.1 moves the score by {at_tenth - curve['score'].iloc[0]:+.0f} points; chance, by {band:.0f} either way.")
title = f"From {curve['score'].iloc[0]:.0f} to {curve['score'].iloc[-1]:.0f}, by a number that nobody can see"
axes = plots.tilt_curve(curve, title=title, truth=real, language=language)

# %% [markdown]
# Read it from left to right. At 0, silence does not depend on the mark. At 0.1, who would give a 5 has two thirds of the odds to answer of who would give a 9: `exp(-0.1 x 4)`. That is a small thing to suppose. Compare what it does, printed above the figure, with the band, which is chance.
#
# There is one honest way out: **ask some of the silent**. Draw them at random, ring them up, and let each call speak for its share of them. A simulated shop knows what they would have said, so there we can try it.
#
# **What do you expect?** Will the interval be narrower than before, or wider?

# %%
if truth is not None:
    silent, lots = np.flatnonzero(~said), np.random.default_rng(1)
    everyone = truth.reindex(sent["survey_id"]).to_numpy(dtype=float)
    rounds = []
    for _ in range(20 if fast else 200):
        rung = lots.choice(silent, min(calls, len(silent)), replace=False)
        share = said.astype(float)
        share[rung] = len(silent) / len(rung)
        rounds.append(surveys.nps(np.where(share > 0, everyone, np.nan), weights=share).row())
    covered = np.mean([one["low"] <= real <= one["high"] for one in rounds])
    record("with_calls", {**rounds[0], "rounds_that_cover_the_truth": float(covered)})
    one = rounds[0]
    print(f"With {calls} calls: {one['score']:.1f} ({one['low']:.0f} to {one['high']:.0f}). Truth: {real:.1f}.")
    print(f"In {len(rounds)} such rounds {covered:.0%} of the intervals hold the truth.")
print(f"{calls} calls cost {calls * call_cost:,.0f}.")

# %% [markdown]
# The interval is *wider* than before: few calls now speak for all the silent. But the score is right on average, and the interval says how far off it may be. That is the better number. (In life some of those whom you ring will not talk either. Fewer than by mail, though.)
#
# ## 5. CSAT: where does it hurt?
#
# The NPS judges the whole relationship. It does not say what to mend. **CSAT** is asked about one moment, right after it. It is the share of 4s and 5s among the marks from 1 to 5.
#
# Its interval is Wilson's. It works for few answers too, and it never leaves 0 to 100. The next cell counts five answers by hand first, then the last answer of each customer at each touchpoint.
#
# **What do you expect?** Checkout, delivery, product, returns, support: which is worst?

# %% mystnb={"image": {"alt": "Dots with intervals: the share of satisfied answers at each touchpoint, the worst on top."}}
five = moments.loc[moments["score"].notna(), "score"].head(5).tolist()
csat_by = {"scale": shop.policy.surveys.csat_scale, "top": shop.policy.surveys.csat_top}
ours = surveys.csat(five, **csat_by)
assert np.isclose(ours.score, 100 * sum(mark >= csat_from for mark in five) / len(five))
print(f"{five}: {ours}")
latest = surveys.one_per_customer(moments, ["touchpoint"], policy=shop.policy)
by_touchpoint = surveys.csat_by(latest["score"], latest["touchpoint"], averaged=True, **csat_by)
worst = by_touchpoint.index[0]
record("csat_by_touchpoint", by_touchpoint.reset_index(names="touchpoint"))
dots = by_touchpoint.rename(columns={"score": "estimate"}).rename(lambda name: text.touchpoint_name(name, language))
ends = [f"{dots.index[place]} ({dots['estimate'].iloc[place]:.0f}%)" for place in (0, -1)]
title = f"Fewest are satisfied with {ends[0]}, most with {ends[1]}"
axes = plots.interval_dots(dots, title=title, xlabel=text.label("csat_percent", language))

# %% [markdown]
# Look at the lines, not at the dots alone. Where two lines lie apart, the order is more than luck among those who answered. Where they overlap, it may be chance. A long line means few answers.
#
# ## 6. What moves the score, and what do they write?
#
# A touchpoint can be bad and still not matter. So we put the moments that a customer went through *beside* the NPS that followed: the last CSAT answer at each touchpoint, a request for help and how fast the reply came, a return. A *regression* then says what goes with a lower mark when the others are held equal.
#
# **What do you expect?** Does the worst touchpoint also cost most marks?

# %% mystnb={"image": {"alt": "Dots with intervals: by how many marks the NPS answer is higher or lower for each moment, with the others held equal."}}
moved_by = surveys.drivers(sent["score"], surveys.experience(shop, sent), customers=sent["customer_id"], fewest=30)
moved_by = moved_by[moved_by["share"].notna()]
record("drivers", moved_by.reset_index(names="driver"))
sure = moved_by[moved_by["high"] < 0]
title = f"{len(sure)} moments clearly go with a lower mark"
axes = plots.driver_dots(moved_by, title=title, xlabel=text.label("driver_marks", language), language=language)
moved_by[["estimate", "share", "at_stake", "n"]].round(2)

# %% [markdown]
# `estimate` is by how many marks the answer is higher or lower, `share` is how many it happens to (of those of whom we know), and `n` is the number of answers behind it. The list is sorted by the product of the first two: what is **at stake**. A terrible moment that hardly anyone meets costs less than a bad one that many do. Grey lines cross zero: we cannot be sure of their sign.
#
# Two cautions. First, these are things that *go together*. Who asks for help had a problem; the help did not cause it. Where a quick reply looks harmless and a slow one does not, it is rather the wait. Second, few customers answered both questions, so the lines are long.
#
# Now their own words, in the language that most customers write: Italian, in the shop that ships. Which terms mark detractors off from the others? A term leads if it is much *more* frequent here than elsewhere, and frequent enough not to be luck.
#
# **What do you expect?** Which words will stand with the detractors?

# %% mystnb={"image": {"alt": "Bars for detractors, passives and promoters: the share of their comments that hold each of the terms that mark them, and dots for the share elsewhere."}}
written = pd.concat([sent, card])
tongue = written.loc[written["comment"].notna(), "language"].mode()[0]
written = written[written["comment"].notna() & (written["language"] == tongue)]
boxes = [text.label(name, language) for name in ("detractors", "passives", "promoters")]
box = pd.cut(written["score"].astype(float), [-1, 6, 8, 10], labels=boxes)
terms = surveys.terms(written["comment"], box, language=tongue, fewest=3)
record("terms", terms)
top = terms.iloc[0]
title = (
    f"{top['group']}: '{top['term']}' is in {top['share']:.0%} of their comments, {top['elsewhere']:.0%} of the others"
)
panels = plots.term_bars(terms, title=title, language=language)

# %% [markdown]
# A bar is the share of this group's comments with the term; the dot is its share in all others. Long bar, dot at zero: a word that only this group uses. A word counts in all its spellings (*pacco* and *pacchi*, *lenta* and *lentissima*), and is shown in the most usual one. Pairs are made after the small words are gone. A negation stays with its word: *non risponde* ("does not answer") is a term beside *risponde*. Words like *troppo* (too) stay on purpose: complaints live on them.
#
# And at the touchpoint that hurts most? The comments of its unsatisfied customers fall into a few **themes**.
#
# A theme has no name until you give it one. Read the terms and the example, and say in three words what it is about. How many themes there are is our choice, not a finding.

# %%
hurt = moments[(moments["touchpoint"] == worst) & (moments["language"] == tongue)]
hurt = hurt[(hurt["score"] < csat_from).fillna(value=False) & hurt["comment"].notna()]
themes = None
if len(hurt) >= 30:
    themes, _ = surveys.themes(hurt["comment"], 4, language=tongue)
    record("themes", themes)
    themes = themes.style.hide(axis="index").format({"share": "{:.0%}"})  # a style shows the terms in full
themes if themes is not None else f"Only {len(hurt)} such comments: read them all, no method needed."

# %% [markdown]
# ## What should the shop do?
#
# What is it worth? Take those who answered about the worst touchpoint long enough ago, and look at what they spent in the days after (180, unless you changed `days_after`): `spend`, per answer, in the shop's currency. Then suppose that all of the gap were the touchpoint's doing.

# %%
early = moments[(moments["touchpoint"] == worst) & moments["score"].notna()]
early = early[early["sent_ts"] < pd.Timestamp(shop.as_of) - pd.Timedelta(days=days_after)].reset_index(drop=True)
later = early[["survey_id", "customer_id", "sent_ts"]].merge(shop.orders.to_pandas(), on="customer_id")
wait = later["order_ts"] - later["sent_ts"]
later = later[(wait > pd.Timedelta(0)) & (wait <= pd.Timedelta(days=days_after))]
early["spend"] = early["survey_id"].map(later.groupby("survey_id")["amount"].sum().astype(float)).fillna(0.0)
content = (early["score"] >= csat_from).to_numpy(dtype=bool)
early.groupby(np.where(content, "satisfied", "unsatisfied"))["spend"].agg(spend="mean", answers="size").round(1)

# %%
customers, place = np.unique(early["customer_id"], return_inverse=True)
times = rng.multinomial(len(customers), np.ones(len(customers)) / len(customers), 200 if fast else 1000)[:, place]
spend = early["spend"].to_numpy()
gaps = (times @ (spend * content)) / (times @ content) - (times @ (spend * ~content)) / (times @ ~content)
gap = spend[content].mean() - spend[~content].mean()
lately = pd.Timestamp(shop.as_of) - pd.Timedelta(days=days_after)
recent = shop.orders.to_pandas().query("order_ts > @lately")["customer_id"].nunique()
unhappy = 1 - by_touchpoint.loc[worst, "score"] / 100
stake, low, high = (recent * unhappy * x for x in (gap, *np.quantile(gaps, [0.025, 0.975])))
record("money_at_stake", {"touchpoint": worst, "money": round(stake), "interval": [round(low), round(high)]})
print(f"{recent:,} customers bought in {days_after} days. {unhappy:.0%} are not satisfied with '{worst}'.")
print(f"The gap is {gap:.2f} each, {stake:,.0f} in all (95 % interval {low:,.0f} to {high:,.0f}).")
where = text.touchpoint_name(worst, language)
advice = f"Mend “{where}” first, for a random half of the orders: {unhappy:.0%} of those who answered are not satisfied, and at most {stake:,.0f} ({low:,.0f} to {high:,.0f}) of the spend of {days_after} days hangs on it."
decide(advice, sure="At most, because content people buy more for other reasons too, and the silent are not in it.")

# %% [markdown]
# "If", because content people buy more for other reasons too: a part of that sum would not come back. The interval comes from drawing the customers again, and it is wide. Where it reaches below zero, even the sign is not safe. So promise nobody this sum. Where the lines of two touchpoints lie apart, their order holds *among those who answered*; no interval knows of the silent.
#
# Mend the worst touchpoint first, if three things agree: its score is lowest by a clear margin, it has the most at stake among the drivers, and people write about it. Begin with what the themes name. Do it for a *random half* of the orders, and compare the CSAT of the halves with an interval. Then you will know what it changed, which no survey of the past can tell.
#
# Silence can move the NPS further than its interval is wide, as section 4 showed. So pay no bonus by it, and follow its control chart, always with the same form.
#
# **Next.** Ring up some of the silent, once a year. And ask less, but well: four short questions, all of them optional. Google Forms, Typeform and SurveyMonkey each make such a form, and each exports the answers as a CSV file of its own kind. `surveys.read_answers` knows the three by their headings. You say which question is which, and on what scale. It prints what it recognised, what it assumed and what it left out, and it checks every answer.
#
# **What do you expect?** Two replies come in, and one of them holds an 11. What happens to each?

# %%
export = f"""Timestamp,Customer ID,How likely are you to recommend us?,How satisfied are you with the delivery?
2026/07/01 10:00:00 AM GMT+2,{sent["customer_id"].iloc[0]},9 - likely,3
2026/07/01 10:05:00 AM GMT+2,{sent["customer_id"].iloc[1]},11,5
"""  # as Google Forms would save it; with a form of your own, give the file's path to read_answers
questions = {
    "recommend": surveys.Question("How likely are you to recommend us?", "nps", scale="nps_0_10"),
    "delivery": surveys.Question("How satisfied are you with the delivery?", "csat"),
}
with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "answers.csv").write_text(export, encoding="utf-8")
    replies = surveys.read_answers(folder, questions, policy=shop.policy)
print("\n".join(f"Not taken: {row.file}, row {row.row}, {row.reason}." for row in replies.rejected.itertuples()))
replies.answers()[["customer_id", "kind", "touchpoint", "scale", "score"]]

# %% [markdown]
# ## What you can do now
#
# - You computed an NPS and a CSAT by hand, on both scales, with intervals.
# - You saw what 30 answers are worth, and told a difference from noise.
# - You weighted answers for the silent, and saw what no weight can mend.
# - You found the moments and the words that go with low scores.
# - You decided what to mend first, and read replies to a questionnaire, to see whether it helps.
#
# **Exercise:** `05_nps_csat` gives you the surveys of another shop, and asks you to defend a priority.
#
# **Next:** `06_churn`, where a low score is one of three signals that a customer is about to leave.
#
# **Further reading:** B. Rocks, "Interval Estimation for the 'Net Promoter Score'", The American Statistician 70 (2016): which interval to take. N. Bendle, P. Farris, P. Pfeifer and D. Reibstein, "Marketing Metrics": what NPS and CSAT can and cannot carry.
