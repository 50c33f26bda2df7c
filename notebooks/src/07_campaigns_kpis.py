# %% [markdown]
# # Campaigns: what did it really do?
#
# **The shop's question:** we wrote to thousands of customers, and some of them bought. How many bought *because* we wrote, and did it pay?
#
# *90 minutes. You need to know what a mean and a share are. Notebook 02 names the personas, notebook 03 the segments; notebook 06 explains uplift.*
#
# ## After this notebook you can
#
# - state a campaign's goal, and read the key figures that tell whether it was reached;
# - plan an A/B test: how many customers it needs to find an effect that matters;
# - read its result with an interval, and name the mistake that ruins most tests;
# - tell which personas react, and whether customers of a group really react alike;
# - choose offers from baskets, and count what they leave after discounts.

# %% tags=["parameters"]
source: str = "shop"  # a name from `crmlib data list`, a file, or a database URL
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show sliders
period_days: int = 180  # the period of the key figures, at least 1; the one before it is equally long
campaign_kind: str = "bundle"  # the campaigns whose uplift we read: "bundle", "promo", "season" or "winback"
margin: float | None = None  # share of the list price that stays with the shop; None: the policy's money.margin
contact_cost: float | None = None  # what one mail costs, in the shop's currency; None: the policy's money.email_cost
code_discount: float | None = None  # what a code would take off, in section 8; None: the policy's money.discount
redeemed: float | None = None  # share of the orders that use the code, an assumption; None: the policy's money.redeemed
seed: int = 1  # of all lots that this notebook draws: at least 0

# %%
from datetime import timedelta

import numpy as np
import pandas as pd
from IPython.display import display

from crmlib import churn, experiments, kpis, offers, open_shop, personas, plots, rfm, text
from crmlib.notebook import check_parameters, decide, explore, or_skip, or_stop, record, skip, stop_here
from crmlib.synth import has_truth, read_truth

plots.use_style()
check_parameters()

# %% [markdown]
# ## The data
#
# Every shop has orders. Campaigns, mails and order lines are more, and some parts below need them. Where a source lacks them, the part says so and is skipped.

# %%
asked = {"money.margin": margin, "offers.margin": margin, "money.discount": code_discount}
asked |= {"money.redeemed": redeemed, "money.email_cost": contact_cost}
shop = open_shop(source, as_of=as_of or None).adjusted(asked)
money, margin = shop.policy.money, shop.policy.margin_of("offers")  # the shop's own, where none was set above
code_discount, redeemed, contact_cost = money.discount, money.redeemed, money.email_cost
orders = shop.orders.to_pandas()
start = shop.as_of - timedelta(days=period_days)
known = "customers" in shop.tables
has_lines = "order_lines" in shop.tables and "product_id" in shop.order_lines.columns
described = set(shop.products.columns) if "products" in shop.tables else set()

# %%
tried = pd.DataFrame(columns=["kind", "variants"])  # campaigns with a control group, large enough, and over
if {"campaigns", "assignments"} <= set(shop.tables):
    tried = shop.campaigns.to_pandas().query("control_percent > 0").sort_values("sent_ts")
    tried = tried[tried["sent_ts"] + pd.to_timedelta(tried["window_days"], "D") <= pd.Timestamp(shop.as_of)]
    assigned = shop.assignments.to_pandas()["campaign_id"].value_counts()
    tried = tried[tried["campaign_id"].map(assigned) >= 600]  # fewer cannot be told apart by persona
has_trials = known and campaign_kind in set(tried["kind"])
has_subjects = "email_events" in shop.tables and bool((tried["variants"] > 1).any())
if not has_trials:
    reason = f"{shop.name} has no large {campaign_kind} campaign with a control group, and profiles of the customers."
    for section in (5, 8):
        skip(section, reason, needs=["campaigns", "assignments", "customers"])

# %% [markdown]
# ## 1. Before the campaign: a goal, an audience, and where we stand
#
# The course text asks five things of a campaign: one **goal**, an **audience**, some **research**, links and surveys that can be **tracked**, and a test that lets us **correct** it on the way.
#
# A goal without a figure cannot be missed. So we need key figures (KPIs), and each needs four things: what is counted above the line, what below it, in which days, in which unit. Take the **repeat purchase rate**: of those who bought, how many came back?
#
# Two readings of one sentence. (a) Of all who *ever* bought: who bought at least twice? (b) Of those who bought in the last year: who bought at least twice *in that year*? We compute both. **What do you expect?** Which is higher, and which one does the library mean?

# %%
rules = shop.policy.kpis
year = orders[orders["order_ts"].dt.date > shop.as_of - timedelta(days=rules.repeat_days)]
by_customer = orders.groupby("customer_id").size()
ever = (by_customer >= 2).mean()
of_late = (year.groupby("customer_id").size() >= 2).mean()
told = kpis.repeat_purchase_rate(shop)
assert np.isclose(told.value, of_late, equal_nan=True) or rules.repeat_purchase != "more_than_one"
record("repeat_purchase_rate", round(told.value, 4), interval=(told.low, told.high), key=True)
print(f"By hand: (a) of all who ever bought {ever:.1%}; (b) of the buyers of {rules.repeat_days} days {of_late:.1%}.")
print(f"The library: {told}")

# %% [markdown]
# The library means (b), by the shop's policy: a rate over all years can only creep, and would tell us nothing about this campaign. Businesses differ, so window and rule stand in `shop.policy.kpis`. Quote a figure with its definition, or it means nothing.
#
# Now all of them, beside the period before. The **read rate** needs a word: no mail tells whether it was read. The policy says what counts as read: a click, unless you change it. Then it equals the click rate.
#
# **What do you expect?** From one half-year to the next, how many of the figures change by more than chance?

# %% mystnb={"image": {"alt": "Small panels, one a key figure: its value now with an interval, and its value in the period before."}}
quick = tuple(name for name in kpis.figure_names(shop) if name != "cltv")  # cltv fits models: notebook 04 does that
board = kpis.dashboard(shop, shop.as_of, start, only=quick)
figures = board[(board["family"] != "growth") & board["value"].notna()]  # growth has a figure of its own, below
moved, told_of = kpis.changed(figures)
record("dashboard", figures[["kpi", "value", "previous", "change", "p_value"]].round(4))
record("changed", moved)
title = told_of.split(". ", maxsplit=1)[0]
axes = plots.kpi_panels(figures, title=title, changed=moved, language=language)
print(told_of)

# %% [markdown] tags=["any-source"]
# Read each panel by itself: the scales differ. The bar is the interval of *this* period. Whether a figure changed is another question, and we ask it a dozen times at once: of twelve figures that did *not* change, one or another passes 95 % by luck in nearly half of all dashboards. So the title counts, and the stars mark, what is left once that is paid for (Holm's correction). Two figures that say the same, as retention and churn do, count once. Of the others say "no change that we can see", and nothing else. A season moves them too: a half-year with Christmas in it is no fair neighbour of one without.
#
# Why did revenue change? Each customer belongs to one part only, so the parts add up exactly: **acquisition** (new customers), **development** (those who stayed buy more or less, or came back), less **churn** (those who bought before and not now).
#
# **What do you expect?** Which is larger: what new customers bring, or what the lost ones took away?

# %% mystnb={"image": {"alt": "Waterfall: revenue of the period before, plus new customers, returning, up, down and lost, to the revenue now."}}
parts = kpis.growth(shop, shop.as_of, start)
assert np.isclose(parts["change"].sum(), parts["now"].sum() - parts["before"].sum())
record("growth", parts[["part", "change"]].round(2))
largest = parts.loc[parts["change"].abs().idxmax()]
total, part = parts["change"].sum(), text.label(f"growth_{largest['part']}", language)
title = f"Revenue changed by {total:+,.0f}; the largest part is '{part}' with {largest['change']:+,.0f}"
axes = plots.growth_bars(parts, title=title, language=language)

# %% [markdown]
# The whiskers are intervals. The period before may differ a little from its panel above: the panel knows what was known on its day, and some goods came back later. New and lost customers are often the tallest bars, and they pull in opposite directions: a shop may have to win many just to stand still.
#
# A campaign can aim at each bar. To win new customers, write to leads. To lose fewer, write to the silent. To sell more to those who stay, make an offer that fits. One campaign, one bar: that is its goal.
#
# And the audience? RFM segments are a start. `average_order_value` and `quantity_per_order` are what up-selling and cross-selling want to move; movements between the segments show where customers go.

# %%
by_segment = kpis.by_segment(shop, shop.as_of)
record("segments", by_segment[["segment", "customers", "average_order_value"]].round(2))
shown = by_segment.set_index("segment").drop(columns=["customer_share", "value"], errors="ignore")
shown.round(2)

# %% [markdown] tags=["any-source"]
# Read two columns side by side: `customers` and `value_share`. A few segments bring most of the value. Where the order value is high and each customer has ordered once, aim at a second order. Where they order often and little, aim at a fuller basket.
#
# So we write down, *before* anything is sent:
#
# - **Goal:** more customers order within a month, a fifth more than do so today.
# - **Audience:** everybody who has bought, and may be written to. One segment alone would be too small, as section 2 shows.
# - **Key figure:** customers who ordered within 30 days, of all in the arm, in per cent.
# - **Guard:** the unsubscribe rate. If it rises, the campaign borrows from the next one.
#
# ## 2. Plan the test: how many customers?
#
# We send the message to some, by lot, and keep the others as **control**. The lot makes both arms alike in everything but the message. Then the difference is its effect, and luck.
#
# How much luck? Say a share `p` of the control group orders. We want to find a rise of `d` in 80 % of the tests where there is one (this is the **power**), and to raise a false alarm in only 5 % of those where there is none. Each arm needs about
#
# $$n = \frac{(1.96 + 0.84)^2 \cdot 2\,\bar p\,(1 - \bar p)}{d^2}$$
#
# customers, where $\bar p$ is the mean of both shares; 1.96 stands for the 5 %, 0.84 for the 80 %. We compute it by hand, for a month of this shop.

# %%
month = orders[orders["order_ts"].dt.date > shop.as_of - timedelta(days=30)]
base = month["customer_id"].nunique() / orders["customer_id"].nunique()
if base in {0, 1}:
    whoever = "All customers" if base else "No customer"
    stop_here(f"{whoever} ordered in the last 30 days: there is no share that a test could be planned from.")
rise = round(min(max(0.2 * base, 0.005), 0.4 * (1 - base)), 4)  # a fifth more
middle = base + rise / 2
by_hand = (1.96 + 0.84) ** 2 * 2 * middle * (1 - middle) / rise**2
sizes = experiments.sample_size(base, rise)
assert np.isclose(by_hand, sizes.treated, rtol=0.02)
record("sample_size", {"base": round(float(base), 4), "rise": rise, "each_arm": sizes.treated})
print(f"{base:.1%} of all customers ordered in the last 30 days.")
print(
    f"To find a rise to {base + rise:.1%}, each arm needs {by_hand:,.0f} customers by hand; the library says {sizes.treated:,}."
)

# %% [markdown]
# The rise stands squared below the line. **What do you expect?** To find an effect half as large, how many times as many customers do we need?

# %% mystnb={"image": {"alt": "Rising curves: share of tests that find an effect, against the number of customers, for three sizes of the effect."}}
here = orders["customer_id"].nunique()
counts = np.unique(np.geomspace(100, 6 * here, 60).astype(int))
curves = {}
for factor in (0.5, 1, 2):
    found = [experiments.power(count, base, factor * rise) for count in counts]
    curves[f"{100 * factor * rise:+.1f} points"] = pd.DataFrame({"customers": counts, "power": found})
power_here = experiments.power(here, base, rise)
with or_stop("A test of messages needs more customers."):
    least = experiments.smallest_change(here, base)
record("power_here", {"customers": here, "power": round(power_here, 4), "smallest_rise": round(least, 4)})
title = f"With all {here:,} customers, we find a rise of {100 * rise:.1f} points in {power_here:.0%} of tests"
axes = plots.power_curve(curves, wanted=0.8, here=here, title=title, language=language)
print(f"The smallest rise that these customers find in 80 % of tests: {100 * least:.1f} points.")

# %% [markdown] tags=["any-source"]
# Four times as many: half the effect, a quarter of the square. That is why small shops cannot test small things. A test with too little power misleads. If it finds something, that something is usually exaggerated, because only a lucky draw could pass.
#
# So test bold changes, test what happens often (opening a mail, rather than buying), and use all customers.
#
# ## 3. Run it, and read it
#
# Two tests in one. *Within* the mailed: subject line A or B? *Between* mailed and control: did the mail bring orders? First of all we look at the sizes of the arms. If the lot was to give 40, 40 and 20 %, and the arms are far off, something is broken (a **sample ratio mismatch**), and no result can be trusted.

# %%
if has_subjects:
    test = tried[tried["variants"] > 1].iloc[-1]
    table = shop.assignments.to_pandas().query("campaign_id == @test.campaign_id").set_index("customer_id")
    mails = shop.email_events.to_pandas().query("campaign_id == @test.campaign_id")
    table["opened"] = table.index.isin(mails.loc[mails["event"] == "open", "customer_id"]).astype(int)
    kept = test["control_percent"] / 100
    planned = {"A": (1 - kept) / 2, "B": (1 - kept) / 2, "control": kept}
    arms = table["arm"].value_counts().sort_index()
    lot = experiments.mismatch(arms.to_dict(), planned)
    record("mismatch_p", round(lot.p_value, 4))
    print(f"{test['name']}: {arms.to_dict()}, p = {lot.p_value:.2f}; broken: {lot.broken}.")
else:
    reason = f"{shop.name} has no large campaign with two subject lines and a control group."
    skip(3, reason, needs=["campaigns", "assignments", "email_events"])

# %% [markdown]
# We call the arms broken below p = 0.001 only (the policy says so). This check runs on every test, and must not cry wolf.
#
# Now the subject lines, by hand. The difference of two shares, and its **standard error**: each share has a variance of $p(1-p)/n$, and variances add. The interval is the difference, give or take 1.96 standard errors.
#
# **What do you expect?** With the arms above, how many points wide is the interval?

# %%
if has_subjects:
    a, b = (table.loc[table["arm"] == arm, "opened"] for arm in ("A", "B"))
    gap = b.mean() - a.mean()
    error = np.sqrt(a.mean() * (1 - a.mean()) / len(a) + b.mean() * (1 - b.mean()) / len(b))
    found = experiments.proportions((int(b.sum()), int(a.sum())), (len(b), len(a)))
    belief = experiments.beta_binomial((int(b.sum()), int(a.sum())), (len(b), len(a)))
    assert np.isclose(gap, found.difference)
    record("subject_lines", [round(value, 4) for value in (found.difference, found.low, found.high)])
    print(f"Opened: A {a.mean():.1%}, B {b.mean():.1%}. B less A: {100 * gap:+.1f} points.")
    print(f"By hand {100 * (gap - 1.96 * error):+.1f} to {100 * (gap + 1.96 * error):+.1f}; "
          f"Newcombe's interval {100 * found.low:+.1f} to {100 * found.high:+.1f}.")  # fmt: skip
    print(f"p = {found.p_value:.3f}. In Bayes' words: B is better with a probability of {belief.better:.1%}; "
          f"choosing B gives away {100 * belief.loss_if_treated:.2f} points in expectation.")  # fmt: skip

# %% [markdown]
# Hand and library agree; Newcombe's interval also holds where hardly anybody opens. If the interval lies above 0, B wins; below 0, A wins. If it holds 0, we do not know, which is not the same as "no difference". The Bayesian line answers the shop's own question: what do I lose, on average, if I choose B?
#
# But nobody lives on opens. **What do you expect?** If one subject line is opened more often, does it also bring more orders?

# %% mystnb={"image": {"alt": "Dots with intervals: difference in orders from the control, for subject lines A and B, with a line at no difference."}}
if has_subjects:
    end = test["sent_ts"] + pd.Timedelta(days=int(test["window_days"]))
    window = orders[orders["order_ts"].between(test["sent_ts"].normalize(), end)].groupby("customer_id").size()
    past = orders[orders["order_ts"] < test["sent_ts"].normalize()].groupby("customer_id").size()
    table["ordered"] = window.reindex(table.index).notna().astype(int)
    calmed = experiments.cuped(table["ordered"], past.reindex(table.index).fillna(0))
    arms = experiments.compare(table, "ordered")
    record("orders_by_arm", arms.round(4))
    clear = "an effect" if (arms["p_adjusted"] < 0.05).any() else "no effect that we can tell from luck"
    title = f"Orders of the mailed against the control: {clear}"
    axes = plots.arm_dots(arms, xlabel=text.label("ordered_difference", language), title=title, share=True)
    print(
        f"Orders before the mail explain {calmed.removed:.1%} of the variance: CUPED (below) needs that share fewer customers."
    )

# %% [markdown] tags=["any-source"]
# An arm whose interval holds 0 shows no effect that we can tell from luck. That is no proof that the mail did nothing: section 2 says how small a test is blind to how much.
#
# Both arms meet the same control, so we asked twice. `p_adjusted` pays for that (Holm's correction), and the intervals are widened so that both hold together. Ask twenty questions at 5 % each without paying, where there is nothing to find: two times in three, at least one of them finds something.
#
# **CUPED** takes out what was foreseeable: who bought often before buys often now, mailed or not. Use only what was known *before* the lot. The gain is the share of variance explained. It is small here: an order within a few weeks is hard to foresee.
#
# ## 4. The pitfall: peeking
#
# > **A mistake that real analysts make.** They open the dashboard each morning, and stop the test on the first day with p < 0.05: "significant, ship it!"
#
# Each look is a chance for luck to pass the bar, and one pass is enough. We show it on the shop's own customers, with tests in which *nothing is done*: who ordered in the last 90 days is known; we draw two arms by lot, and look ten times. Every "effect" is a false alarm.
#
# **What do you expect?** How many of a hundred such tests raise a false alarm at one of ten looks?

# %% mystnb={"image": {"alt": "Left: p-values of tests without effect over ten looks, some crossing 0.05. Right: share of false alarms so far, naive, single look and planned."}}
recent = set(orders.loc[orders["order_ts"].dt.date > shop.as_of - timedelta(days=90), "customer_id"])
outcome = by_customer.index.isin(recent)[:4000].astype(float)
shares, has_looks = np.linspace(0.1, 1, 10), len(outcome) >= 300
if has_looks:
    z = experiments.aa_looks(outcome, shares, runs=500 if fast else 2500, seed=seed)
    alarms = experiments.false_alarms(z, shares)
    last = alarms.iloc[-1]
    record("false_alarms", {name: round(float(last[name]), 4) for name in ("once", "naive", "planned")})
    title = f"Ten looks: {last['naive']:.0%} false alarms instead of {last['once']:.0%}; with planned bounds {last['planned']:.0%}"
    axes = plots.peeking_lines(z, alarms, title=title, language=language)
else:
    print(f"Ten looks at two arms take 300 customers, and {len(outcome)} have ordered: nothing to show here.")

# %% [markdown] tags=["any-source"]
# On the left, the coloured runs dipped below the dotted line at some look. Some come back up, some stay below. Nothing was done in any of them, so whoever stopped at the dip shipped a coincidence. On the right, the share of false alarms grows with each look.
#
# Looking is not forbidden. It has to be *planned*: a group sequential plan spends the 5 % over the looks. Early bounds are so high that only a huge effect stops the test, and the last bound is hardly above 1.96. You pay little, and may stop early.
#
# **What do you expect?** We put an effect in: of the mailed, one in twenty orders because of the mail, unless that customer would have ordered anyway. At which of four looks does the plan stop?

# %%
bounds = pd.DataFrame({"share of customers": [0.25, 0.5, 0.75, 1.0]})
bounds["naive bound on |z|"] = 1.96
bounds["planned bound on |z|"] = experiments.boundaries(bounds["share of customers"])
if has_looks:
    rng = np.random.default_rng(seed)
    mailed = rng.random(len(outcome)) < 0.5
    real = np.maximum(outcome, mailed & (rng.random(len(outcome)) < 0.05))  # a mail that moves one in twenty
    seen = experiments.looks(real, mailed, bounds["share of customers"])
    bounds["|z| of a test that works"] = seen["z"].abs()
    record("planned_looks", seen[["look", "z", "bound", "stop"]].round(3))
bounds.round(2)

# %% [markdown]
# The last column is that test. Stop at the first row where it reaches the planned bound. If no row does, the test has found nothing, however often it passed 1.96 on the way.
#
# ## 5. Whom does it move?
#
# The mean effect hides people. Let us read it persona by persona, each against its *own* control. The personas must have been known before the mail: found afterwards, they would hold what the mail did.


# %%
def before(then: object) -> pd.DataFrame:
    scores = rfm.score(then.orders, as_of=then.as_of, policy=then.policy).to_pandas()
    return scores.set_index("customer_id")[["segment", "frequency"]]


if has_trials:
    trials = churn.experiments(shop, kind=campaign_kind, build=before)
    latest = tried.query("kind == @campaign_kind").iloc[-1]
    trials = trials[trials["campaign_id"] == latest["campaign_id"]]
    people = personas.features(shop.on(latest["sent_ts"].date() - timedelta(days=1)))
    kinds = personas.fit(people, 6, "k-prototypes", seed=seed).labels
    names = {card.persona: f"{card.persona}: {card.name}" for card in personas.cards(people, kinds)}
    trials["persona"] = trials["customer_id"].map(kinds).map(names)
    whole, name = churn.arm_difference(trials), latest["name"]
    print(f"{name}, all: {whole['difference']:+.3f} orders a customer ({whole['low']:+.3f} to {whole['high']:+.3f}).")

# %% [markdown]
# **What do you expect?** Six personas, six intervals. How much wider than the interval of all will they be? May one lie below 0?

# %% mystnb={"image": {"alt": "Dots with intervals: extra orders per 100 customers contacted, by persona, with diamonds for the truth."}}
if has_trials:
    uplift = experiments.uplift_by(trials, "persona")
    differ, truth = {"p_value": 1.0}, None
    if (uplift["error"] > 0).sum() > 1:  # two personas that order at all
        differ = experiments.heterogeneity(uplift)
    if has_truth(source):
        effects = read_truth("treatment_effects", source)[["campaign_id", "customer_id", "expected_extra_orders"]]
        true = trials.merge(effects, on=["campaign_id", "customer_id"])
        truth = true.groupby("persona")["expected_extra_orders"].mean().to_dict()
    record("uplift_by_persona", uplift.round(4))
    verdict = "differ by more than chance" if differ["p_value"] < 0.05 else "may all react alike"
    title = f"The personas {verdict} (p = {differ['p_value']:.2g})"
    axes = plots.uplift_dots(uplift, truth=truth, title=title, language=language)

# %% [markdown] tags=["any-source"]
# Most intervals are wide: each persona holds only a part of the customers, and the intervals are widened for having asked six times. A control group in which nobody ordered is no proof that nobody would: the interval takes the persona's pace from both arms together. A narrow one belongs to people who hardly order at all: little can vary there. The dots at the ends usually stand further from the middle than the diamonds, the truth (a simulated shop knows it): the luckiest and the unluckiest groups look most extreme. So a group that stands out shrinks when you test it again.
#
# If a persona's whole interval lies below 0, the message costs orders there. If only the dot does, we do not know yet. Ask whether the groups differ *at all* (Cochran's test, in the title) before you tell a story about one of them: one persona may pass 5 % and its neighbour not, with the same effect in both.
#
# ## 6. Do alike customers react alike?
#
# The course text puts the question to every segmentation: we grouped customers who look alike, we treat them alike, and *do they react alike*? If yes, most of the variance of their response lies **between** the groups, and little **within**.
#
# - **eta squared**: the share that lies between. It is above 0 by luck alone.
# - **epsilon squared**: the same, less that luck. About 0: the groups say nothing about the response.
# - the **intraclass correlation** (`icc`): how alike two customers of one group are; all groups weigh the same.
#
# None of them reaches 1 for orders. Were all customers of a group the same person, luck would still part their counts: `ceiling` is the eta squared of such groups.
#
# The response here: orders in the last 90 days, of customers grouped on the day before, mailed or not. (What a mail *changes* was section 5.) For comparison, eleven groups by lot. **What do you expect?** How much of the variance do good segments hold?

# %%
day = shop.as_of - timedelta(days=90)
groups = before(shop.on(day)).reset_index()
later = orders[orders["order_ts"].dt.date > day].groupby("customer_id").size()
groups["orders"] = groups["customer_id"].map(later).fillna(0)
groups["by lot"] = np.random.default_rng(seed).integers(0, 11, len(groups))
if known:
    with or_skip("Customers grouped by persona"):
        kinds = personas.fit(personas.features(shop.on(day)), 6, "k-prototypes", seed=seed).labels
        groups["persona"] = groups["customer_id"].map(kinds)
ways = [name for name in ("segment", "persona", "by lot") if name in groups]
with or_skip(6):
    alike = pd.DataFrame({name: vars(experiments.homogeneity(groups, name, "orders")) for name in ways}).T
    alike = alike[["groups", "eta_squared", "epsilon_squared", "ceiling", "icc", "low", "high"]].astype(float).round(4)
    record("homogeneity", alike.reset_index(names="grouping"))
    display(alike)

# %% [markdown]
# The groups by lot say nothing about the response: their `epsilon_squared` and `icc` are about 0. The others say something, but look from `low` to `high`: with so few groups, how much they say is itself unsure.
#
# Even good segments leave most of the variance within: customers of one segment differ far more than segments do, and part of that is luck (compare with `ceiling`). That is normal, and it is the answer to the text's question. *On average* a segment reacts in its way; a single customer of it may do anything.
#
# So the loop goes on: group, contact, look whether they reacted alike, and refine the groups where they did not. Stop refining where `epsilon_squared` no longer rises.
#
# ## 7. What to offer? Baskets know
#
# **Cross-selling** offers something else, **up-grading** something better. Which? Start by hand. How often do two categories stand in one basket, compared with chance? The **lift** of a pair is
#
# $$\text{lift} = \frac{\text{share of baskets with both}}{\text{share with the one} \times \text{share with the other}}$$
#
# **What do you expect?** Which two kinds of goods go together most?

# %%
pairs = pd.DataFrame()
if has_lines:  # by category where the products are described, else product by product
    sorts = offers.baskets(shop, "category") if "category" in described else offers.baskets(shop)
    pairs = offers.association_rules(sorts, most=2)
if len(pairs):
    count, first = sorts["order_id"].nunique(), pairs.iloc[0]
    one, other = (set(sorts.loc[sorts["item"] == first[side], "order_id"]) for side in ("bought", "then"))
    together, by_chance = len(one & other) / count, len(one) / count * len(other) / count
    record("lift", {"bought": first["bought"], "then": first["then"], "by_hand": round(together / by_chance, 4)})
    print(f"{first['bought']} and {first['then']}: together in {together:.1%} of baskets; by chance {by_chance:.1%}.",
          f"Lift by hand {together / by_chance:.2f}; the library says {first['lift']:.2f}.", sep="\n")  # fmt: skip
    display(pairs[["bought", "then", "baskets", "confidence", "lift"]].round(3).head(6))
elif not has_lines:
    skip(7, f"{shop.name} has no order lines with products.", needs="order_lines.product_id")

# %% [markdown]
# `confidence` is the share of the baskets with `bought` that also hold `then`. Each pair stands twice, once in each direction: the lift is the same, the confidence is not.
#
# A rule says what goes together. It does not say that an offer *makes* people buy: those who buy both would perhaps have done so anyway.
#
# From pairs to people: suggest to each customer five products which those bought who bought the same ("neighbours"). The rival needs no data about the customer at all: the five most **popular** products. We hide the last half-year (of a short history, the last third), suggest, and look who bought one of the five.
#
# **What do you expect?** How much better than popularity?

# %% mystnb={"image": {"alt": "Dots with intervals: share of customers who bought a suggested product, by neighbours and by popularity."}}
if has_lines:
    products = offers.baskets(shop)
    times = products["order_ts"]
    hidden = times > times.max() - min(pd.Timedelta(days=180), (times.max() - times.min()) / 3)
    suggested = {method: offers.next_best(products[~hidden], method) for method in offers.METHODS}
    card = offers.evaluate(suggested, products[hidden])
    record("suggestions", card.round(4))
    best, other = card.iloc[0], card.iloc[1]
    near = card.set_index("name").loc["neighbours"]
    title = f"{best['name'].capitalize()} hit {best['hit_rate']:.0%} of those who came back, {other['name']} {other['hit_rate']:.0%}"
    dots = 100 * card.set_index("name").rename(columns={"hit_rate": "estimate"})[["estimate", "low", "high"]]
    axes = plots.interval_dots(dots, title=title, xlabel=text.label("hit_share", language))
    print(
        f"Neighbours less popularity: {100 * near['gain']:+.1f} points ({100 * near['gain_low']:+.1f} to {100 * near['gain_high']:+.1f})."
    )

# %% [markdown]
# Popularity is a strong rival: what sells most is popular, by definition. Hold every clever recommendation against it. If the interval of the gain holds 0, take the popular ones; they cost nothing.
#
# **Up-grading** stays within the kind: a product that costs a little more than the one the customer buys most. A little: the policy says 1.1 to 1.75 times as much.
#
# **What do you expect?** Would a shop assistant suggest the same?

# %%
if has_lines and {"price", "category"} <= described:
    dearer = offers.up_grades(products, shop.products.to_pandas())
    names = shop.products.to_pandas().set_index("product_id")["name"] if "name" in shop.products.columns else {}
    shown = dearer.head(6).assign(bought=lambda t: t["bought"].map(names), item=lambda t: t["item"].map(names))
    record("up_grades", {"customers": len(dearer), "median_times": round(float(dearer["times"].median()), 3)})
    print(
        f"{len(dearer):,} customers have a next step; half of the steps cost at most {dearer['times'].median():.2f} times as much."
    )
    display(shown[["customer_id", "bought", "price", "item", "dearer_price", "times"]].round(2))

# %% [markdown]
# Not always. A "kind" is here the shop's category, and categories are coarse: the step may lead from a grinder to tea. Read the pairs before you send any, and split a category that mixes what nobody compares. (Orders that came back count here, too, so there may be a few more customers than in the account of orders.)
#
# ## 8. Did it pay?
#
# Revenue in a campaign's window is no gain: much of it would have come anyway. We take the campaign of section 5, with the orders that its experiment measured. The account has four lines.
#
# - The **margin on extra orders**, those that the control group did not place.
# - The **discount on them**.
# - The **discount on orders that would have come anyway**: full-price sales that the campaign has *cannibalised*.
# - The **messages**.
#
# **Measured, or what-if?** A `bundle` campaign, the kind read here unless you change it, carried *no* code. No discount was paid in truth. So the extra orders and the messages are measured, and the two discounts are a what-if: the same orders, had there been a code. A code would have brought some orders of its own, too. They are in no data, so they are not in this account. The line with the figure says what the campaign carried.
#
# **What do you expect?** Which is larger, the discount on extra orders or the one on orders that came anyway?

# %% mystnb={"image": {"alt": "Waterfall: margin on extra orders, less discounts on them, less discounts on orders that came anyway, less messages, to the profit with its interval."}}
if has_trials:
    offered = {"discount": code_discount, "redeemed": redeemed, "contact_cost": contact_cost, "margin": margin}
    account = offers.campaign_profit(trials, **offered)
    carried = {"discount": 0.0, "redeemed": 0.0, "contact_cost": contact_cost, "margin": margin}
    measured = offers.campaign_profit(trials, **carried)  # the extra orders and the messages, and nothing assumed
    record("campaign_profit", round(float(measured.profit), 2), interval=(float(measured.low), float(measured.high)))
    print(f"Measured: {measured.profit:+,.0f} ({measured.low:+,.0f} to {measured.high:+,.0f}), before any discount.")
    title = f"{code_discount:.0%} off would leave {account.profit:+,.0f} ({account.low:+,.0f} to {account.high:+,.0f})"
    axes = plots.profit_waterfall(account, title=title, language=language)
    code = latest.get("coupon_code")
    carried = f"the code {code}" if isinstance(code, str) and code else "no code"
    print(
        f"{latest['name']} carried {carried}. On these terms, it makes money with a probability of {account.chance:.0%}."
    )

# %% [markdown]
# Compare the two discounts. Where most orders come anyway, most of the code is a present to people who needed none.
#
# The interval is that of the experiment, turned into money, so it is as wide as the experiment was small. What it leaves out: orders pulled forward from later weeks, and customers who learn to wait for the next code. Both make the true profit smaller.
#
# A code costs nothing if nobody would have bought without it, and a lot where most would have. Move the discount and the share that redeems it.


# %%
def what_if(discount: float = 0.10, redeem: float = 0.50, stays: float = 0.30) -> None:
    if not has_trials:
        print("No campaign with a control group: nothing to account for.")
        return
    trial = offers.campaign_profit(trials, discount=discount, redeemed=redeem, contact_cost=contact_cost, margin=stays)
    print(f"{discount:.0%} off, used by {redeem:.0%}: profit {trial.profit:+,.0f}, of which given away to orders that came "
          f"anyway {trial.cannibalised:+,.0f}; it makes money with a probability of {trial.chance:.0%}.")  # fmt: skip


what_if(discount=code_discount, redeem=redeemed, stays=margin)
explore(what_if, discount=(0.0, 0.5, 0.05), redeem=(0.0, 1.0, 0.1), stays=(0.1, 0.8, 0.05), interactive=interactive)

# %% [markdown]
# ## 9. Twenty actions
#
# The course text asks every shop for five discounts, five rebates (money back *after* the purchase), five up-gradings and five cross-sellings. Written as typed entries they can be checked: a discount that gives nothing, or the same action under two names, is refused.
#
# And they can be tried before they are sent. Each entry says how many react, and how *unsure* that is. The simulation draws, for each audience, who orders anyway, who orders because of the offer, and who collects it. The responses are assumptions; the audiences are this shop's own.
#
# **What do you expect?** Which kind of action loses money most often?

# %% mystnb={"image": {"alt": "Dots with intervals: margin of twenty actions compared with doing nothing, coloured by kind."}}
entries = offers.actions()
with or_stop():
    audiences = offers.audiences(shop)
simulated = offers.simulate_margin(entries, audiences, seed=seed, draws=1000 if fast else 4000, policy=shop.policy)
record("actions", simulated[["name", "kind", "margin", "low", "high", "loss"]].round(2))
losing = simulated.groupby("kind", sort=False)["loss"].mean()
title = f"If the assumed shares hold: {losing.idxmax().replace('_', '-')}s lose money most often; {(simulated['loss'] < 0.1).sum()} of {len(simulated)} actions hardly ever"
axes = plots.action_dots(simulated, title=title, language=language)
sample = entries[0]
print(
    f"An entry: {sample.name}, a {sample.kind} for {', '.join(sample.audience)}, on {sample.trigger}: {sample.text[language]}"
)

# %% [markdown]
# Discounts and rebates pay everybody who would have bought anyway; what is added to a basket does not. That is why up-grading and cross-selling carry little risk: if nobody takes them, only the messages are lost. But what they bring hangs on the shares that take them, and those we assumed.
#
# A clearance sale may lose margin and still be right: goods that remain cost money, too, and that is not in this account.
#
# ## What should the shop do?
#
# Write the goal and its key figure down before the campaign. Keep a control group always: it costs a few orders, and it is the only way to know what the rest was worth. Test the uncertain actions one by one, with the sizes of section 2, and with looks planned in advance. Where section 5 stands, its effects are measured, with their intervals. The share that redeems in section 8 and the responses in section 9 are assumed. Replace them, one experiment at a time.

# %%
simulated["verdict"] = np.select(
    [simulated["loss"] < 0.1, simulated["loss"] > 0.9], ["send, and measure", "do not send"], "test first"
)
decision = (
    simulated.groupby(["verdict", "kind"]).agg(actions=("name", ", ".join), margin=("margin", "sum")).reset_index()
)
record("decision", decision[["verdict", "kind", "margin"]].round(2))
worst = simulated.loc[simulated["low"].idxmin()]
print(
    f"Most at stake: {worst['name'].replace('_', ' ')}, {worst['low']:+,.0f} to {worst['high']:+,.0f} in nine of ten draws."
)
decision.style.format({"margin": "{:+,.0f}"}).hide()

# %%
safe = simulated[simulated["verdict"] == "send, and measure"].nlargest(1, "margin")
doubt = "The responses of the actions are assumptions: each first goes to half of its audience."
advice = f"Plan no test for a rise of less than {100 * least:.1f} points: {here:,} customers find no smaller one."
if has_trials:
    made = f"{latest['name']}: {measured.profit:+,.0f} ({measured.low:+,.0f} to {measured.high:+,.0f}) for {len(trials):,} people."
    code_too = f" With a {code_discount:.0%} code it would leave {account.profit:+,.0f} ({account.low:+,.0f} to {account.high:+,.0f})."
    verdict = "Repeat" if measured.low > 0 else "Test again before you repeat"
    decide(
        f"{verdict} {made}{code_too}",
        sure="Measured against its control group; how many use the code is an assumption.",
    )
if len(safe):
    best = safe.iloc[0]
    advice += f" Of the actions try {best['name'].replace('_', ' ')} first: {best['margin']:+,.0f} ({best['low']:+,.0f} to {best['high']:+,.0f}) if it is answered as assumed."
decide(advice, sure=doubt)

# %% [markdown]
# ## What you can do now
#
# - You wrote down a goal, an audience and a key figure, read the shop's figures with their intervals, and took the change of revenue apart into acquisition, development and churn.
# - You computed the size of a test by hand, and saw what a shop of this size can find.
# - You read an A/B test with an interval, and saw ten looks multiply false alarms until they were planned.
# - You read the uplift persona by persona, and measured how little of the response lies between groups.
# - You chose offers from baskets, held suggestions against popularity, and counted what a discount gives away.
#
# **Exercise:** `07_campaigns_kpis` gives you another shop's campaign to plan, to read and to account for.
#
# **Further reading:** R. Kohavi, D. Tang and Y. Xu, *Trustworthy Online Controlled Experiments* (2020): sections 2 to 4 at length. K. Lan and D. DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70 (1983): the planned looks.
