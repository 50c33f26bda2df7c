# %% [markdown]
# # Personas: who are our customers, really?
#
# **The shop's question:** we talk about "our typical customer". Is there one? Or are there several, and should the shop treat them differently?
#
# *75 minutes. You need to know what a mean and a share are. No clustering yet.*

# %% [markdown]
# ## After this notebook you can
#
# - describe customers by what they say, buy and look at, without looking into the future;
# - group customers by hand, and say what a distance and a prototype are;
# - choose the number of personas by a criterion *and* by stability;
# - read a persona card, and spot a "persona" that is only noise;
# - decide what to do differently for each persona, with the money at stake.

# %% tags=["parameters"]
source: str = "shop"  # a name from `crmlib data list`, a folder or file, or a database URL
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show sliders
most_personas: int = 8  # the largest number of personas to try: at least 2
margin: float | None = None  # share of an order's value that stays with the shop; None: the policy's money.margin
code: float | None = None  # what a code would take off, a share of the order; None: the policy's money.discount
seed: int = 4  # of all random draws: at least 0

# %%
import numpy as np
import pandas as pd
from IPython.display import HTML

from crmlib import decide, explore, open_shop, personas, plots, record, stop_here
from crmlib.notebook import check_parameters
from crmlib.synth import has_truth, read_truth

plots.use_style()
check_parameters()

# %% [markdown]
# ## The data
#
# A **buyer persona** is a typical customer, drawn as if it were a person. Many shops invent theirs in a meeting room. The course texts ask for more: surveys and interviews, *and* the history that the CRM already holds.
#
# So we need answers, purchases and visits. Not every source has all three; what is missing is said here, and its parts are skipped.

# %%
shop = open_shop(source, as_of=as_of or None).adjusted({"money.margin": margin, "money.discount": code})
margin, code = shop.policy.money.margin, shop.policy.money.discount  # the shop's own, where none was set above
wanted = {"customers": "answers", "order_lines": "categories", "session_zones": "zones of the site"}
lacking = [words for table, words in wanted.items() if table not in shop.tables]
print(f"This source has no {', no '.join(lacking)}: we skip what needs them." if lacking else "All tables are here.")

# %% [markdown]
# One call describes every customer by what was known on that day. Nothing later counts.
#
# The type of a column says what kind of feature it is: a float is a number, an *ordered* category has a lowest and a highest answer, a plain category has none, a boolean is a yes or no.

# %%
features = personas.features(shop)
if len(features) < 50:
    stop_here(
        f"{len(features)} customers: groups among fewer than 50 are what chance makes of them. Come back with more."
    )
kinds = features.dtypes.astype(str).replace({"float64": "number"})
group = features.columns.str.extract("^(category|zone|interests)", expand=False).fillna("(one by one)")
summary = pd.DataFrame({"kind": kinds.to_numpy(), "group": group, "name": features.columns})
summary["known"] = features.notna().mean().to_numpy()
record("customers", len(features))
named = {"features": ("name", "size"), "for_example": ("name", "first"), "known": ("known", "mean")}
table = summary.groupby(["kind", "group"], as_index=False).agg(**named)
table.style.format({"known": "{:.0%}"}).hide()


# %% [markdown] tags=["any-source"]
# Look at the last column, the mean share of customers of whom we know the feature. Where it is far from 100 %, people did not answer (or have not bought yet).
#
# What should a method do with silence? There are three ways: throw those customers out (and lose them), guess an answer (and invent it), or let the other features speak. Keep the question in mind. The two methods below answer it differently.

# %% [markdown]
# ## 1. Eight customers by hand
#
# Take eight customers, four small buyers and four large ones, and two numbers. The numbers have different units, so we **standardise**: subtract the mean, divide by the standard deviation. Both are skewed, so their logarithms count.
#
# Then we guess two **prototypes**, the first and the last customer of the table, and send each customer to the nearer one.

# %%
known = features[["orders_per_year", "average_order_value"]].dropna()
if known.nunique().min() < 2:
    stop_here("All customers bought as often and as much: there are no kinds to tell apart.")
by_size = known.loc[known.rank().min(axis=1).add(known.rank().max(axis=1)).sort_values(kind="stable").index]
eight = by_size.iloc[[int(len(by_size) * place) for place in (0.02, 0.04, 0.06, 0.08, 0.92, 0.94, 0.96, 0.98)]]
z = (np.log1p(eight) - np.log1p(eight).mean()) / np.log1p(eight).std(ddof=0)
prototypes = z.iloc[[0, -1]].to_numpy()
distance = ((z.to_numpy()[:, None, :] - prototypes[None]) ** 2).sum(axis=2)
hand = eight.round(1).assign(to_first=distance[:, 0].round(1), to_last=distance[:, 1].round(1))
hand["group"] = 1 + distance.argmin(axis=1)
hand

# %% [markdown]
# That was half a step of **k-means**, the best-known clustering method. (`to_first` and `to_last` are squared distances.) The other half: move each prototype to the mean of its group, and repeat until nobody changes.
#
# **What do you expect?** Will the groups change? And will a program that knows nothing of our start find the same ones?

# %%
moves = 0
while moves < 20:
    group = ((z.to_numpy()[:, None, :] - prototypes[None]) ** 2).sum(axis=2).argmin(axis=1)
    moved = np.array([z.to_numpy()[group == label].mean(axis=0) for label in (0, 1)])
    if np.allclose(moved, prototypes):
        break
    prototypes, moves = moved, moves + 1
scale = dict.fromkeys(eight, "log")  # eight rows are too few to see a skew, so we say it
library = personas.fit(eight, 2, "mixture", scale=scale, seed=seed)
same = personas.agreement(library.labels, pd.Series(group, index=eight.index))
print(f"By hand the groups settle after {moves} move(s) of the prototypes.")
print(f"The library's mixture agrees with them at {same:.2f} (1 = the same groups, 0 = as by chance).")

# %% [markdown]
# The last number is the **adjusted Rand index**: 1 means the same grouping, 0 is what chance gives. It does not care what the groups are called.
#
# These eight were easy: we picked them far apart. With real customers the start matters, so a good program tries several and keeps the best.
#
# ## 2. Everyone, and two methods
#
# Two numbers are not a person. Now all features count.
#
# - **k-prototypes** does what we did by hand. Answers without an order have no mean, so a prototype holds the most usual answer, and each answer that differs adds to the distance. Silence counts as an answer of its own.
# - A **latent-class mixture** assumes hidden kinds of customers. Each kind has its own means and its own shares of every answer. It gives *probabilities*, and leaves silence out of the sum.
#
# The library counts skewed amounts by their logarithms, as we did, and shares by their roots. It sees that from the values, whatever a column is called.
#
# How many kinds are there? We ask twice. The **BIC** adds misfit and a price for each extra parameter: less is better. **Stability** draws the customers again, with replacement, finds the personas again, and asks whether the same customers end up together.
#
# Two rows keep us honest. k = 1 says that everybody is alike. And `noise_low` to `noise_high` is the stability in tables *without groups*: each column holds the same values and each pair of traits is as close as here, but all customers are of one kind. The best number counts only if its BIC lies clearly below theirs.
#
# **What do you expect?** Will more personas be more stable, or less?

# %%
tried = range(2, 1 + (min(most_personas, 6) if fast else most_personas))
effort = {"repeats": 2, "groupless": 5, "most": 500} if fast else {"repeats": 3, "groupless": 7, "most": 1000}
choice = personas.choose(features, tried, seed=seed, **effort)
record("choice", choice)
k = max(2, choice.recommended)  # 1 would say: no personas here. To see what 2 are worth, we would go on.
best = choice.set_index("k").loc[k]
record("chosen_number", k)
print(*choice.notes, sep="\n")
digits = {"criterion": 0, "smallest": 3} | dict.fromkeys(["stability", "low", "high", "noise_low", "noise_high"], 2)
choice.round(digits)

# %% mystnb={"image": {"alt": "Two lines by the number of personas: the BIC, with its minimum marked, and the stability with the range of the repeats, above that of tables without groups."}}
axes = plots.choice_lines(
    choice,
    chosen=k,
    title=f"k = {k}: stability {best['stability']:.2f}, in tables without groups {best['noise_high']:.2f}",
    language=language,
)

# %% [markdown]
# Left: the lowest point is what the BIC asks for. Right: the blue band holds the repeats, the grey one the tables without groups. A number that cuts through a natural group is hard to find again: one sample cuts here, another there.
#
# Read both. A minimum on the left with a collapse on the right would be a number for the sample, not for the shop. And if the lowest point lies at the edge of the picture, the BIC has not chosen at all: look further, or take the stable number.

# %%
mixture = personas.fit(features, k, "mixture", seed=seed)
found = {"mixture": mixture}
if any(kind == "category" for kind in kinds):
    found["k-prototypes"] = personas.fit(features, k, "k-prototypes", seed=seed)
    between = personas.agreement(found["mixture"].labels, found["k-prototypes"].labels)
    record("agreement_of_methods", round(between, 4))
    print(f"The two methods agree at {between:.2f} (1 = the same groups, 0 = as by chance).")
else:
    print("Only the mixture ran: k-prototypes needs answers, and this source has none.")
labels = mixture.labels
pd.DataFrame({name: one.labels.value_counts(normalize=True).sort_index() for name, one in found.items()}).round(3)

# %% [markdown]
# Two honest methods need not give one answer. We go on with the mixture, because it says how sure it is of each customer.

# %%
sure = mixture.probabilities(features).max(axis=1)
record("share_surely_assigned", round(float((sure >= 0.9).mean()), 4))
print(f"{(sure >= 0.9).mean():.0%} of the customers belong to their persona with a probability of 90 % or more;")
print(f"{(sure < 0.6).mean():.0%} stand between two chairs (below 60 %).")

# %% [markdown]
# ## 3. Cards
#
# A card shows what tells a persona from everybody else. Its measure is an **index**: 100 is the average customer, 200 is twice as much.
#
# An index of a rare thing is easily large. So each card is sorted by how *surely* a number or a trait differs, not by the index: the numbers first, below them the traits. What fewer than a tenth of the persona have is left out.
#
# The suggested name is made of the strongest traits. Better names are yours to give: type them below, as *types*, never as a person with a face. A face makes us forget the spread.

# %%
names: dict[int, str] = {}  # such as {1: "the passer-by", 2: "the gift giver"}; the suggested name otherwise
cards = personas.cards(features, labels, names)
named = {card.persona: card.name for card in cards if card.name.lower() != f"persona {card.persona}"}
called = {card.persona: f"{card.persona}: {named.get(card.persona, 'no trait stands out')}" for card in cards}
record(
    "cards", pd.DataFrame({"persona": [*called], "name": [*called.values()], "share": [card.share for card in cards]})
)
HTML(personas.cards_html(cards, language=language))

# %% mystnb={"image": {"alt": "For each persona, bars of the index of its strongest traits; 100 is the average customer."}}
largest = max(cards, key=lambda card: card.customers)
axes = plots.card_bars(
    cards,
    title=f"The largest persona is {largest.share:.0%} of the customers; the other {k - 1} look different",
    language=language,
)

# %% [markdown]
# Blue bars are above the average customer, orange ones below. Read one card aloud as a sentence, and ask: would somebody who works in the shop recognise this customer?
#
# Mind the spread. "Twice the average" still leaves most of the persona without that trait when the trait is rare. A persona is a *tendency*, not a rule for each of its members.

# %% [markdown]
# ## 4. Where they stand, and where they look
#
# The journey has five stages: awareness, consideration, acquisition, retention, advocacy. A stage is reached by a deed: being known, visiting again, buying, buying again, and saying that one would recommend the shop. The thresholds are in the policy.
#
# **What do you expect?** Which persona has come furthest?

# %%
stage = personas.furthest_stage(shop).reindex(features.index)
journey = pd.crosstab(labels, stage, normalize="index", dropna=False).reindex(columns=personas.STAGES, fill_value=0.0)
again = journey[["retention", "advocacy"]].sum(axis=1)
record("journey", journey.reset_index())
print(f"The furthest: persona {called[again.idxmax()]}. The least far: persona {called[again.idxmin()]}.")

# %% mystnb={"image": {"alt": "Stacked bars: for each persona, the shares of its customers whose furthest stage is awareness, consideration, acquisition, retention or advocacy."}}
most, least = (
    f"{share:.0%} of persona {who}" for share, who in ((again.max(), again.idxmax()), (again.min(), again.idxmin()))
)
title = f"{most} came back or would recommend us, {least}"
axes = plots.stage_bars(journey, names=called, title=title, language=language)

# %% [markdown]
# The two dark parts came back, or would recommend us. An advocate may have bought only once. Where a bar is long at *acquisition*, people have bought once so far: that is the place for a second-order campaign.
#
# One caution. These are stages *reached so far*. A persona with many new customers has had less time. And advocacy needs an answer to a survey, so it is a lower bound.
#
# Now: which zones of the site interest whom? (Where the source has no visits: which product categories?)

# %%
views = personas.zone_views(shop)
counts, looked_at = (views, "Zone of the site") if views is not None else (personas.category_lines(shop), "Category")
if counts is not None:
    index = personas.affinity(counts, labels)
    record("affinity", index.reset_index())
    peak = (index.max(axis=1).idxmax(), index.max().idxmax())
    goods = index.drop(columns=["home", "account", "support"], errors="ignore")  # pages that people pass through
    top_two = goods.apply(lambda row: ", ".join(row[row >= 110].nlargest(2).index), axis=1)
    top_two = top_two.replace("", "nothing beyond the usual")  # an index near 100 is no taste
    print("\n".join(f"Persona {called[persona]} -> {items}" for persona, items in top_two.items()))

# %% mystnb={"image": {"alt": "Heat map: for each persona and each zone of the site, an index of the persona's share of views; 100 is everyone's share."}}
if counts is not None:
    title = f"Persona {peak[0]} looks at '{peak[1]}' {index.loc[peak] / 100:.1f} times as much as everyone"
    axes = plots.affinity_map(index, names=called, title=title, xlabel=looked_at, language=language)

# %% [markdown]
# Read along a row: the blue cells are what that persona looks at more than others do. Steer by the *goods* among them. `home`, `account` and `support` are pages that people pass through or need; do not steer anybody there. Read down a column: whom to think of when that zone is rebuilt.
#
# A warning about circles. These zones helped to *make* the personas, so of course they differ. What is new is how much they differ, and which answers go along with them.
#
# ### Try it: how sharp must an assignment be?
#
# Move the slider. It keeps only customers whose probability is at least so high.


# %%
def kept(at_least: float = 0.9) -> None:
    chosen = sure >= at_least
    shares = labels[chosen].value_counts(normalize=True).reindex(range(1, k + 1), fill_value=0)
    moved = (shares - labels.value_counts(normalize=True).reindex(range(1, k + 1), fill_value=0)).abs().max()
    print(f"At {at_least:.0%} or surer: {chosen.mean():.0%} of the customers remain.")
    print(f"No persona's share among them differs by more than {100 * moved:.1f} points from its share of everyone.")


kept(0.9)
explore(kept, at_least=(0.5, 0.99, 0.01), interactive=interactive)

# %% [markdown]
# A strict threshold drops customers, and not evenly: it keeps those who show a clear taste. For a costly, personal action be strict. For the order of banners on a page, the likeliest persona is good enough.
#
# ## 5. Against the truth
#
# A real shop never tells who its customers truly are. A simulated one does. The personas in the truth made the answers, the purchases and the visits; no feature holds them.
#
# **What do you expect?** How close do the two methods come?

# %%
truth = read_truth("customers", source).set_index("customer_id")["persona"] if has_truth(source) else None
if truth is None:
    print("This source has no truth, like every real shop. Stability is all that we can check.")
else:
    against = {name: personas.agreement(one.labels, truth) for name, one in found.items()}
    record("ari_against_truth", {name: round(score, 4) for name, score in against.items()})
    print("Adjusted Rand index against the truth: " + "; ".join(f"{name} {x:.2f}" for name, x in against.items()))
    in_truth = pd.crosstab(labels, truth.reindex(labels.index))
    print(f"The truth has {truth.nunique()} personas; we found {k}.")

# %% mystnb={"image": {"alt": "Heat map: for each persona found, the share of its customers in each true persona."}}
if truth is not None:
    pure = in_truth.max(axis=1).sum() / in_truth.to_numpy().sum()
    title = f"{pure:.0%} of the customers share the main true persona of their group"
    axes = plots.truth_map(in_truth, names=called, title=title, language=language)

# %% [markdown] tags=["any-source"]
# In the heat map each row adds up to 100 %. A row with one dark cell is a persona that was found. A row with two holds kinds that look alike in the data. (Without a truth there is no map.)
#
# Who is misplaced? The mixture itself says where it is unsure. With a truth we can ask whether that confidence is deserved.

# %%
if truth is not None:
    main = labels.map(in_truth.idxmax(axis=1))
    right = main == truth.reindex(labels.index)
    surer = pd.cut(sure, [0, 0.6, 0.9, 0.99, 1], labels=["below 60 %", "60 to 90 %", "90 to 99 %", "above 99 %"])
    print("Share of customers placed with their true kind, by the probability that the mixture gave:")
    print(right.groupby(surer, observed=True).agg(["mean", "size"]).round(2).to_string(header=["right", "customers"]))

# %% [markdown]
# ## 6. The pitfall: personas in noise
#
# > **A mistake that real analysts make.** "The algorithm found five clusters, so there are five kinds of customers."
#
# We take the same table and shuffle each column *by itself*. Every mean and every share stays as it was. But nothing goes together any more: there are no kinds left to find. Then we ask for the same number of personas.
#
# **What do you expect?** Will the method refuse?

# %%
rows = features.sample(min(len(features), 600 if fast else 1000), random_state=seed)
noise = personas.shuffled(rows, seed=seed)
in_noise = personas.fit(noise, k, seed=seed)
noise_cards = personas.cards(noise, in_noise.labels)
pd.DataFrame({"name": [c.name for c in noise_cards], "share": [round(c.share, 3) for c in noise_cards]})

# %% [markdown]
# It does not refuse. It hands over tidy groups, with sizes and names. You could print cards of them, and a meeting would nod.
#
# Stability tells the two apart.

# %% mystnb={"image": {"alt": "Dots with ranges: stability of the personas in the real table and in the shuffled one."}}
repeats = 2 if fast else 3
scores = {
    "Our customers": personas.stability(rows, k, seed=seed, repeats=repeats),
    "The same, shuffled": personas.stability(noise, k, seed=seed, repeats=repeats),
}
dots = pd.DataFrame({name: {"estimate": s.mean(), "low": s.min(), "high": s.max()} for name, s in scores.items()}).T
record("stability_real_and_noise", dots["estimate"].round(4).to_dict())
title = f"Found again: {dots['estimate'].iloc[0]:.2f} in the shop, {dots['estimate'].iloc[1]:.2f} in noise"
axes = plots.interval_dots(
    dots, title=title, xlabel="Stability (adjusted Rand index; dots: mean, bars: range of repeats)"
)

# %% [markdown]
# So before you show a card, shuffle, and look. A stability near that of noise means: there is a *line* through a cloud, not two clouds. Cutting a cloud can still be useful, as RFM does. But then say so.

# %% [markdown]
# ## What should the shop do?
#
# A persona that is treated like all others was work for nothing. Here is what to do differently: where to steer them, by which channel to write, and what is at stake.

# %%
last_year = shop.orders.to_pandas()
last_year = last_year[last_year["order_ts"] > last_year["order_ts"].max() - pd.Timedelta(days=365)]
spend = last_year.groupby("customer_id")["amount"].sum().reindex(features.index, fill_value=0.0)
plan = pd.DataFrame({"customers": labels.value_counts().sort_index(), "spend": spend.groupby(labels).sum()})
plan["share_of_spend"] = plan["spend"] / plan["spend"].sum()
if counts is not None:
    plan["steer_to"] = top_two
if "preferred_channel" in features:
    plan["write_by"] = [next(iter(c.traits.query("feature == 'preferred_channel'")["level"]), "") for c in cards]
record("plan", plan.reset_index())
plan.style.format({"spend": "{:,.0f}", "share_of_spend": "{:.0%}"})

# %% [markdown]
# `write_by` (where people were asked) is the channel that the persona names *more often than others do*; check the consent before you use it.
#
# Now the offer. The shop thinks of a code for everyone. A code costs margin on orders that would have come anyway. It pays only if orders rise by
#
# `discount / (margin - discount)`
#
# The formula is the same for everyone. What differs is how people react, and that we do not know yet. Our guess: who looks at offers reacts most. So we start with the persona that views that zone most, and test it. Where we see no visits, we take the persona with the least spend per customer, for there a code gives away least. For each persona: what would a year of codes give away?

# %%
rng = np.random.default_rng(seed)
draws = rng.multinomial(len(spend), np.full(len(spend), 1 / len(spend)), size=100 if fast else 500)
one_hot = pd.get_dummies(labels).to_numpy(dtype=float)
given = code * draws @ (one_hot * spend.to_numpy()[:, None])
cost = pd.DataFrame({"estimate": code * plan["spend"], "low": np.quantile(given, 0.025, axis=0)})
cost["high"] = np.quantile(given, 0.975, axis=0)
by_offers = index["offers"] if counts is not None and "offers" in index else -plan["spend"] / plan["customers"]
target = int(by_offers.idxmax())
low, high = np.quantile(given.sum(axis=1) - given[:, target - 1], [0.025, 0.975])
saved = cost["estimate"].sum() - cost["estimate"][target]
needed = code / (margin - code)
record("code_for_all_but_target", round(float(saved)), interval=(float(low), float(high)))

# %% mystnb={"image": {"alt": "Dots with intervals: for each persona, what a year of codes would give away on orders that come anyway."}}
title = f"A code for all gives away {cost['estimate'].sum():,.0f} a year; {cost['estimate'][target]:,.0f} of it to persona {target}"
axes = plots.interval_dots(
    cost.rename(index=called), title=title, xlabel="Given away in a year (the shop's currency; bars: 95 % intervals)"
)

# %%
placed = float((sure >= 0.9).mean())  # of a customer who may be in any group, a persona says nothing
given_away = f"a code for all others gives away {saved:,.0f} a year ({low:,.0f} to {high:,.0f}) if they order as before"
if placed >= 0.5:
    whom = f"Try the code with persona “{called[target]}” only, and hold back a random tenth of it: {given_away}."
    sure_of = f"It pays there if it brings {needed:.0%} more orders than would have come without it: not measured yet."
else:
    whom = f"Decide nothing by these personas: only {placed:.0%} of the customers clearly belong to one."
    sure_of = f"More about the customers would part them: answers, visits, what they buy. For scale: {given_away}."
decide(whom, sure=sure_of)

# %% [markdown]
# The interval holds the luck of *which* customers we have. It does not hold two larger unknowns: whether a customer is in the right persona, and what the code changes. The first was measured in section 2. The second needs the control group; notebook 07 shows how.
#
# And personas age. Fit them again when the mix of customers changes; until then new customers are *assigned*, so that last month's card still means the same.

# %% [markdown]
# ## What you can do now
#
# - You described customers by what they say, buy and look at, as of a day.
# - You grouped eight customers by hand, with distances and prototypes.
# - You chose the number of personas by BIC and by stability.
# - You read persona cards, and saw tidy personas come out of pure noise.
# - You decided what to do for each persona, with the money at stake and its uncertainty.
#
# **Exercise:** `02_personas` asks you to find the personas of another shop and to defend their number.
#
# **Further reading:** Z. Huang, "Extensions to the k-Means Algorithm for Clustering Large Data Sets with Categorical Values", Data Mining and Knowledge Discovery 2 (1998): k-prototypes. C. Hennig, "Cluster-wise assessment of cluster stability", Computational Statistics & Data Analysis 52 (2007): why finding clusters again is the test.
