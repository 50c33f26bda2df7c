# %% [markdown]
# # Journey and automation: who gets which message next week, and who must not?
#
# **The shop's question:** we know who is about to leave, who is new and who recommends us. How do we write to each of them in time, by itself, without writing to anybody who does not want it?
#
# *75 minutes. Notebook 01 explains consent, notebook 06 the signs of leaving, notebook 07 the account of a campaign.*

# %% [markdown]
# ## After this notebook you can
#
# - place each person on a customer map, and say what the shop does for each type;
# - read a funnel and a table of movements;
# - build an automated sequence, and work out by hand whom it reaches next week;
# - write a message that is safe to send, and preview it;
# - say who was held back and why, and hand the rest to a mail platform, checked.

# %% tags=["parameters"]
source: str = "shop"  # a name from `crmlib data list`, a file, or a database URL
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show sliders
days: int = 7  # how many days the queue holds, from the day after as_of on: at least 1
silence_days: int | None = None  # silence that sets the win-back off; None: the policy's churn.purchase_days
discount: float | None = None  # what the win-back takes off, a share of the order; None: the policy's money.discount
code: str = "RIATTVA10"  # the code that redeems it
margin: float | None = None  # share of an order's value that stays with the shop; None: the policy's money.margin
redeemed: float | None = None  # share of the orders that use the code, an assumption; None: the policy's money.redeemed
contact_cost: float | None = None  # what one mail costs, in the shop's currency; None: the policy's money.email_cost
platform: str = "klaviyo"  # who sends it: "klaviyo", "hubspot", "mautic", or "plain" for a table

# %%
import csv
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from crmlib import actions, churn, decide, experiments, explore, journey, open_shop, plots, record, stop_here, text
from crmlib.actions import Condition, Offer, Sequence, Step, Trigger
from crmlib.customers.consent import has_consents
from crmlib.notebook import check_parameters

plots.use_style()
check_parameters()

# %% [markdown]
# ## The data
#
# Orders say what people did. A table of **consents** says what they allow. Without it, nobody may be written to, and we will see the notebook hold back everybody.

# %%
asked = {"money.margin": margin, "money.discount": discount, "money.redeemed": redeemed}
asked |= {"money.email_cost": contact_cost, "churn.purchase_days": silence_days}
shop = open_shop(source, as_of=as_of or None).adjusted(asked)
money, silence_days = shop.policy.money, shop.policy.churn.purchase_days  # the shop's own, where none was set above
margin, discount, redeemed, contact_cost = money.margin, money.discount, money.redeemed, money.email_cost
today = pd.Timestamp(shop.as_of)
start = today + pd.Timedelta(days=1)
orders = shop.orders.to_pandas()
may_write, has_people = has_consents(shop), ("customers" in shop.tables)
if (today - orders["order_ts"].min()).days < 2 * silence_days:
    stop_here(
        f"The orders go back less than {2 * silence_days} days. Take a longer history, or shorter silence_days.",
        needs="orders: a longer history",
    )
print(f"Next week begins on {start:%A %d %B %Y}.")

# %% [markdown]
# ## 1. The customer map
#
# The course text knows five types of people:
#
# - a **prospect** is known to the shop, and no more;
# - a **lead** showed interest: asked something, gave a consent, came back to the site;
# - a **customer** has bought;
# - one **at risk** has bought, and shows signs of leaving;
# - an **advocate** has bought, and would recommend the shop.
#
# What counts as interest, or as a sign, is the shop's own definition. In crmlib it stands in the policy: by default, two of the three signs of notebook 06 make a customer one at risk.
#
# Take six buyers, and place them by hand.

# %%
rules = shop.policy.journey
signs = churn.signals(shop).set_index("customer_id")[list(rules.at_risk_signals)]
hand = pd.DataFrame({"orders": orders.groupby("customer_id").size()})
hand["signs"] = signs.fillna(value=False).astype(bool).sum(axis=1).reindex(hand.index)
hand["recommends"] = False
if "surveys" in shop.tables:
    answers = shop.surveys.to_pandas().query("kind == 'nps' and score.notna()").sort_values("answered_ts")
    recommends = answers.groupby("customer_id")["score"].last() >= shop.policy.personas.promoter_from
    hand["recommends"] = recommends.reindex(hand.index, fill_value=False)
tests = {"at_risk": hand["signs"] >= rules.at_risk_least, "advocate": hand["recommends"]}
order = sorted(tests, key=lambda name: name != rules.first)  # who is both, is the policy's first
hand["type"] = np.select([tests[name] for name in order], order, "customer")
hand.groupby("type").head(2).sort_values("type").head(6)

# %% [markdown]
# Read one row aloud: so many orders, so many signs, recommends or not, hence this type. The order of the rules matters: who would recommend us *and* shows signs enough is at risk by default. A happy customer who is leaving is still leaving.
#
# The library applies the same rules to everybody, and adds the people who have not bought.
#
# **What do you expect?** Which type is the largest?

# %% mystnb={"image": {"alt": "Bars: how many people are prospects, leads, customers, at risk and advocates, by the channel that may reach them."}}
people = journey.customer_map(shop)
mine = people.dropna(subset="customer_id").set_index("customer_id")["type"].astype(str).reindex(hand.index)
assert (mine == hand["type"]).all()
types = people["type"].value_counts(sort=False)
record("customer_map", {str(name): int(count) for name, count in types.items()})
title = f"{types.idxmax().replace('_', ' ').capitalize()} is the largest type: {types.max() / types.sum():.0%} of {types.sum():,} people"
axes = plots.type_bars(people, title=title, language=language)

# %% [markdown]
# Our hands and the library agree on every buyer. Where *at risk* is the largest type, do not be alarmed: two signs are quickly shown. Whoever bought once, months ago, and has not logged in since shows both. Notebook 06 asks whom of them a message can keep.
#
# Each type has its own action and channels; the table is the policy's, after the course text. `reached` is the share of the type whom at least one of these channels may reach.

# %%
people["reached"] = people["channels"].fillna("") != ""
plan = people.groupby("type", observed=True).agg(
    people=("type", "size"), action=("action", "first"), reached=("reached", "mean")
)
plan["channels"] = [" or ".join(shop.policy.journey.actions[str(name)].channels) for name in plan.index]
record("reached", plan["reached"].round(4).rename_axis("type").reset_index())
plan.style.format({"people": "{:,}", "reached": "{:.0%}"})

# %% [markdown]
# A low `reached` is no failure of the software. Those people have not said yes. No prospect can be reached, by definition: whoever gives a consent is a lead. The action for them waits on the site, as a better reason to say yes.
#
# ## 2. The journey
#
# A type says what somebody *is today*. A stage says how far somebody *has come*. The course text has five stages. Another text has the four A: aware, attitude, act, act again. They are three views of one road, and this table lays them on each other.

# %%
journey.models().style.hide()

# %% [markdown]
# Now count how many came at least so far.
#
# **What do you expect?** From which stage does the smallest share go on to the next?

# %% mystnb={"image": {"alt": "Five bars: people who came at least to awareness, consideration, acquisition and retention, and those who recommend the shop."}}
steps = journey.funnel(people)
record("funnel", steps.astype({"stage": str}))
after = steps.iloc[1:4].set_index("stage")["step_share"].astype(float)
lost = after.idxmin()
title = f"The narrowest step leads to {lost}: {after.min():.0%} go on"
axes = plots.funnel_bars(steps, title=title, language=language)

# %% [markdown]
# Each of the first four bars holds all who came at least so far, so they only get shorter. The step shares say how many of one bar are in the next. The step to *acquisition* flatters: most visitors who did not buy left no name, so they are in no bar.
#
# *Advocacy* is no step after retention: some recommend the shop after one order, and who never answered cannot be seen to recommend. So it stands apart, as a share of the buyers who answered. It holds more people than the map has advocates: those who also show two signs of leaving stand in the map as at risk.
#
# A funnel counts everybody since the beginning: it is slow to change, and it says nothing of those who go *back*.
#
# For that, look at the types on two days. Only people with a customer number can be followed, so the table is smaller than the map.
#
# **What do you expect?** Of those who were at risk a quarter ago, how many are customers again?

# %% mystnb={"image": {"alt": "Heat map: rows are types a quarter ago, columns are types today, colour is the share of the row that moved there."}}
moved = journey.transitions(shop, (today - pd.Timedelta(days=90)).date(), shop.as_of, by="type")
shares = moved.div(moved.sum(axis=1).replace(0, np.nan), axis=0)
record("moved", moved.reset_index().rename(columns=str))
back = shares.loc["at_risk", ["customer", "advocate"]].sum() if moved.loc["at_risk"].sum() else float("nan")
title = "Nobody was at risk a quarter ago" if np.isnan(back) else f"{back:.0%} of those at risk a quarter ago came back"
axes = plots.transition_map(moved, title=title, language=language)

# %% [markdown]
# Read along a row: where did these people go? The diagonal stayed. A way back from *at risk* is what a win-back is for; some of it happens without one, and that is why the sequence below keeps a control group. The last row holds those whom the shop did not know on the earlier day.
#
# ## 3. A sequence, step by step
#
# An **automated sequence** has few parts: an event that sets it off (the **trigger**), one or more messages (the **steps**), who may enter, and what ends it. We build one that stimulates a repurchase: `silence_days` days without an order, then one mail with a discount.
#
# By law and by decency, one part comes before all of them: the **purpose**, the ground on which we write. A shop in Italy may mail its *own customers* about *similar goods*, if it offered them an opt-out when it took their address, and offers it again in each mail. That is **soft spam**. It covers mail only; for an SMS we need a yes.

# %%
offer = Offer(kind="winback", discount=discount, code=code, valid_days=21)
first = Step(name="ten_off", channels=("email",), template="win_back", offer=offer)
miss_you = Sequence(
    name="miss_you", version=1, purpose="soft_spam", again_after_days=0,
    trigger=Trigger(event="no_purchase", days=silence_days), steps=(first,),
)  # fmt: skip
print(miss_you.to_toml())

# %% [markdown]
# This is the whole sequence, as a file; what is left at its default is not written. Files can be read, compared and kept: when we change it, `version` goes up, and every message says which version sent it.
#
# **Whom does it reach next week?** Work it out by hand. The day on which `silence_days` days are *over* is the last order's day plus `silence_days` plus 1 (by the policy's `days_operator`, `>`; by `>=`, a day earlier). Who has that day in next week is due, if nothing else happens until then.

# %%
last_order = orders.groupby("customer_id")["order_ts"].max().dt.normalize()
over = last_order + pd.Timedelta(days=silence_days + (shop.policy.churn.days_operator == ">"))
due_by_hand = over[(over >= start) & (over < start + pd.Timedelta(days=days))]
queue = actions.queue(shop, miss_you, start=start.date(), days=days)
reached = set(queue.entries["customer_id"]) | set(queue.held["customer_id"])
assert set(due_by_hand.index) == reached & set(last_order.index)  # a policy may count those who never bought, too
record("due_by_hand", len(due_by_hand))
print(f"By hand: {len(due_by_hand)} are due. The queue has {len(queue.entries)}, and holds {len(queue.held)} back.")
queue.entries[["customer_id", "due_ts", "channel", "code", "reason"]].head(5)

# %% [markdown] tags=["any-source"]
# The same people, and each is either in the queue or in the table of those held back: nobody gets lost. `reason` says why an entry is there, in a sentence that you can read to a customer on the phone. All are due at nine: the trigger falls on midnight, and nobody gets mail in **quiet hours**.
#
# Now the sequence grows, one part at a time:
#
# - a second step: an SMS after 14 days, before the code runs out; it needs consent;
# - an **exit**: who orders in the meantime gets nothing more;
# - a **control group**: one in ten who would enter is kept out by lot, so that we can learn what the sequence does;
# - a **pause**: who has been in it enters again after 90 days at the earliest.

# %% mystnb={"image": {"alt": "A time line: the trigger after so many days of silence, then the steps of the sequence on their days, with their channels."}}
second = Step(name="before_it_ends", after_days=14, channels=("sms",), template="win_back", offer=offer)
miss_you = Sequence(
    name="miss_you", version=2, purpose="soft_spam", again_after_days=90, control_share=0.1, exits=("ordered",),
    trigger=Trigger(event="no_purchase", days=silence_days), steps=(first, second),
    conditions=(Condition(column="orders", at_least=1),),
)  # fmt: skip
title = f"Two messages within {second.after_days:.0f} days, and none after an order"
axes = plots.sequence_line(miss_you, title=title, language=language)

# %% [markdown]
# Read the line from left to right: silence, a mail, two weeks to think, an SMS. Whoever orders on the way drops out.
#
# A shop runs more than one sequence. Those that come with crmlib cover a customer's whole life. We put ours in the place of the win-back, and make next week's queue of all of them together.
#
# **What do you expect?** Which days get the most messages?

# %% mystnb={"image": {"alt": "Stacked bars: messages due on each day of next week, by sequence."}}
have = {
    "welcome": "customers",
    "abandoned_interest": "sessions",
    "low_score_feedback": "surveys",
    "advocate_referral": "surveys",
}
names = [name for name in actions.READY_MADE if name != "win_back" and have.get(name, "orders") in shop.tables]
sequences = [*(actions.sequence(name) for name in names), miss_you]
week = actions.queue(shop, sequences, start=start.date(), days=days)
record("week", {"entries": len(week.entries), "people": week.entries["customer_id"].nunique(), "held": len(week.held)})
title = (
    f"{len(week.entries):,} messages to {week.entries['customer_id'].nunique():,} people, {len(week.held):,} held back"
)
axes = plots.queue_calendar(week.entries, title=title, language=language)

# %% [markdown]
# The last days look quiet, and some sequences are missing there. That is no trend. The queue knows only what *has happened*: who orders, visits or answers next week will set off messages that nobody can list today. So a queue is no forecast of next week's mail, and it has to be made anew each day.
#
# The sequences compete for the same people. The policy's **frequency cap** (three messages within seven days, unless you change it) counts across all of them, so that no customer pays for our enthusiasm. Messages about an order, such as "is all well with your parcel?", are a service, and do not count.
#
# ## 4. The message
#
# A template is a text with fields: `first_name`, `discount`, `code`. Filling it in looks like a task for a beginner, and it is where shops embarrass themselves. What if the first name is missing? "Hello None," is a classic. So each field has a **fallback**, and a template that lacks one is refused before anybody is written to.
#
# Here is the win-back, for the first customer of the queue who gets it by mail (or for an example person, if there is none).

# %%
mails = week.entries.query("sequence == 'miss_you' and channel == 'email'")
example = {"entry_id": "example", "channel": "email", "purpose": "soft_spam", "template": "win_back", "language": "it",
           "due_ts": start + pd.Timedelta(hours=9), "discount": discount, "code": code}  # fmt: skip
entry = mails.iloc[0].to_dict() if len(mails) else example
contact = {"email": "anna@example.com", "first_name": "Anna"}
if len(mails) and has_people:
    contact = actions.recipients(shop, mails["customer_id"]).loc[entry["customer_id"]].to_dict()
message = actions.render({**entry, "valid_until": start + pd.Timedelta(days=21)}, contact, policy=shop.policy)
record("subject", message.subject)
message

# %% [markdown]
# Check it as the course text asks: sender, recipient, a greeting by name, the discount, the code, and one thing to do. The tone is cordial; nobody is told off for staying away. The foot says why the mail came, and how to get no more of them. A mail without that way out is refused.
#
# You see the text of the mail; in Jupyter its designed form stands above it, in a frame that runs no script and loads no picture.
#
# **What do you expect?** What happens to a customer whose first name is a trap?

# %%
for name in (None, "<script>alert('gotcha')</script>", "Anna\nBcc: everybody@example.com"):
    try:
        tried = actions.render(entry, {**contact, "first_name": name, "last_name": None}, policy=shop.policy)
        print(f"{name!r}: {tried.text.splitlines()[0]!r}, script in the page: {'<script' in tried.html}")
    except actions.MessageError as error:
        print(f"{name!r}: refused. {error}")

# %% [markdown]
# Nothing, a script, a line break. The first has its fallback. The second becomes harmless text. The third would have smuggled a second recipient into the mail's head, and is refused: this one message is not sent, and the queue goes on.
#
# ## 5. The gates: who is held back, and why?
#
# Every queue and every export passes the same gates: purpose, channel, withdrawal, the conditions of soft spam, caps. Who is stopped is not dropped in silence. They stand in a table, with the reason.
#
# **What do you expect?** Which reason is the most frequent?

# %% mystnb={"image": {"alt": "Bars: how many messages of next week were held back, by reason, the most frequent first."}}
if not may_write:
    print("This shop keeps no consents: nobody may be written to, and the queue is empty. That is as it should be.")
reasons = week.held["why"].value_counts()
record("held_back", reasons.rename_axis("why").reset_index())
most = text.label(f"why_{reasons.index[0]}", language).lower() if len(reasons) else "nothing"
title = f"{len(week.held):,} messages were held back; most often: {most}"
axes = plots.held_bars(week.held, title=title, language=language)

# %%
week.held.drop_duplicates("why")[["customer_id", "sequence", "channel", "why", "detail"]].style.hide().format(na_rep="")

# %% [markdown]
# One example of each reason. Read them in three groups.
#
# - **Not allowed**: no consent, withdrawn, no opt-out offered. The law decides, not we.
# - **Not now**: entered too recently, ordered in the meantime, over the cap. Good manners decide.
# - **By lot**: the control group. The lot decides, so that we can learn.
#
# Let us go through the conditions of soft spam by hand, for all who are due, and compare with the gate. Who gave a marketing consent for mail needs no exception; who withdrew anything about mail is out; the others need the opt-out that was offered when they bought.

# %%
if "consents" in shop.tables:
    given = shop.consents.to_pandas()
    given = given[(given["channel"] == "email") & given["customer_id"].isin(due_by_hand.index)]
    yes, no = ({name: set(part.loc[rows(part), "customer_id"]) for name, part in given.groupby("purpose")}
               for rows in (lambda part: part["withdrawn_ts"].isna(), lambda part: part["withdrawn_ts"].notna()))  # fmt: skip
    out = no.get("marketing", set()) | no.get("soft_spam", set())
    may = (yes.get("marketing", set()) | yes.get("soft_spam", set())) - out
    assert may == set(queue.entries["customer_id"]) & set(last_order.index)
    print(
        f"Of {len(due_by_hand)} who are due, {len(may)} may be written to; {len(out & set(due_by_hand.index))} withdrew."
    )
else:
    print("Nothing to compare: there are no consents.")

# %% [markdown]
# Hand and gate agree on every name. Those who neither said yes nor withdrew are held back, too: nobody offered them a way out.
#
# ## 6. Handing over: the export
#
# Mail is sent by a platform. It takes people as files or through its API, and each platform has its own rules: how many in one file, how a phone number is written, what a date looks like. `actions.export` gates once more, on the shop's own day, and writes files that keep the rules.
#
# Open what was written. Trust nothing that you have not read back.
#
# **What do you expect?** Will everybody in the queue be in the file?

# %%
scratch = tempfile.TemporaryDirectory()
folder = Path(scratch.name) / platform
done = actions.export(week, shop, folder, format=platform)
record("export", {"people": done.people, "entries": done.entries, "held": len(done.held)})
print(f"{done.entries:,} messages of {done.people:,} people go out; {len(done.held):,} more were held back.")
done.files[["name", "purpose", "rows", "bytes"]]

# %%
tables = [name for name in done.files["name"] if name.endswith(".csv") and name != "held.csv"]
texts = [(folder / name).read_text(encoding="utf-8") for name in tables]
rows = [row for text in texts for row in csv.DictReader(text.splitlines())]
manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
numbers = [row.get("Phone Number") or row.get("mobile") or "" for row in rows]
scratch.cleanup()
assert len(rows) == (done.entries if platform == "plain" else done.people)
assert all(number.startswith("+") for number in numbers if number)
assert not any(cell.startswith(("=", "@")) for row in rows for cell in row.values())
print(f"Read back: {len(rows):,} rows, {sum(map(bool, numbers))} with a number; held: {manifest['held'] or 'nobody'}.")
first_row = pd.Series(rows[0] if rows else {"people": "none: nobody may be written to"}, name="the first row")
first_row[first_row != ""].to_frame()

# %% [markdown]
# The queue asks whether we *may* write. The export also asks whether we *can*: `no_address` are people whose address for that channel is missing or cannot be used. They, too, stand in a table.
#
# Three things to notice.
#
# - **No more than needed.** Who gets a mail has no phone number in the file, and the other way round, as far as the platform allows.
# - **Consent travels apart.** A profile is not a permission. For Klaviyo the consents are files of their own (`subscribe`), each with the time when it was given. They hold nobody who may be written to by soft spam only: that would turn an exception into a yes.
# - **No formulas.** A first name such as `=HYPERLINK(...)` would be run by a spreadsheet. It is written with an apostrophe before it.
#
# ## Pitfall: last month's list
#
# "We made the list three weeks ago; it is still good." Is it? Make next week's queue with what was known three weeks ago, and look at who is in it.
#
# **What do you expect?** How many of them have ordered in the meantime?

# %%
then = today - pd.Timedelta(days=21)
stale = actions.queue(shop.on(then.date()), miss_you, start=start.date(), days=days).entries
bought = stale["customer_id"].isin(orders.loc[orders["order_ts"] >= then + pd.Timedelta(days=1), "customer_id"])
stopped = actions.gate(stale, shop).held if len(stale) else stale
record("stale_list", {"entries": len(stale), "bought_since": int(bought.sum()), "stopped": len(stopped)})
print(f"Of {len(stale)} messages on the old list, {bought.sum()} would go to people who have just bought.")
print(f"The gate of today stops {len(stopped)}: it knows who withdrew, not who bought.")

# %% [markdown]
# "We miss you", to a customer who has just bought. That is worse than no message: it says that nobody looked. And it gives a discount to people who buy without.
#
# The gate of the export looks at permissions and caps. It cannot know that a reason is gone: only a new queue does. So the rule is simple: **make the queue anew, each day, just before it is sent.** An entry keeps its name (`entry_id`) when it is made again, so nothing goes out twice.
#
# ## What should the shop do?
#
# What would next week's win-back be worth? Past win-backs with a control group tell how many orders a mail *adds*, and, by those kept out, how many come *anyway*. But to whom? Most of those people had been silent for much longer than the sequence waits. So we take from all past lots those who had been silent as long as the people whom the sequence reaches: the first row of the table of notebook 06. The account is that of notebook 07: the margin on the extra orders, less the discount on all orders that use the code, less the mail.
#
# **What do you expect?** Next week's messages: do they earn tens, hundreds or thousands?

# %%
tried = {"campaigns", "assignments"} <= set(shop.tables)
sent = int((week.entries["sequence"] == "miss_you").sum())
basket = float(orders["amount"].astype(float).mean())
if basket <= 0:
    stop_here("The orders hold no money: a message has nothing to earn.")

# %%
effect, base = {"low": 0.0, "difference": 0.0, "high": 0.0}, 0.0
if tried:
    trials = churn.experiments(shop, kind="winback", build=churn.silence)
    terms = {"margin": margin, "discount": discount, "contact_cost": contact_cost, "redeemed": redeemed}
    account = churn.contact_account(trials, order_value=basket, silence_days=silence_days, **terms)
    record("win_back_account", account)
    known = account.loc[0].fillna(0.0) / 100  # of those whom the sequence reaches; 0 where nothing is known
    effect, base = known.rename({"extra_per_100": "difference"}), known["anyway_per_100"]


def worth(extra: float, off: float = discount) -> float:
    return sent * (extra * basket * margin - (base + extra) * basket * off * redeemed - contact_cost)


# %%
money = pd.DataFrame({"extra orders per 100": [100 * effect[name] for name in ("low", "difference", "high")]},
                     index=["at the low end", "best guess", "at the high end"])  # fmt: skip
money["worth"] = [worth(effect[name]) for name in ("low", "difference", "high")]
record("decision", money.reset_index(names="case"))
off = discount * redeemed  # of an order, on average
pays_from = (base * basket * off + contact_cost) / (basket * (margin - off)) if margin > off else float("inf")
print(f"{sent} messages; a basket of {basket:.2f}.")
tests = "Half of them held back is a test, and a test is all that can be bought for this sum."
if tried:
    print(f"{100 * base:.1f} orders per 100 come anyway; a message pays from {100 * pays_from:.2f} extra ones on.")
if tried and sent and 0 < base < base + pays_from < 1:
    sizes = experiments.sample_size(base, max(pays_from, effect["difference"]), control_share=0.5)
    tests = f"A test of half and half takes {(sizes.treated + sizes.control) / sent:,.0f} weeks like the next."
money.style.format(precision=2)

# %% [markdown]
# Read the last column from end to end: that is what we do not know. And the sums are small: one week of one sequence is little money, won or lost.
#
# How much hangs on the discount? Set it to 0, and leave the extra orders as they are. That is too kind, since the code itself brings some of them, but it shows what the code costs.


# %%
def what_if(off: float = 0.10, extra_per_100: float = 0.7) -> None:
    value = worth(extra_per_100 / 100, off=off)
    print(f"{off:.0%} off, {extra_per_100:.1f} extra orders per 100 messages: {value:+.2f} for next week's {sent}.")


what_if(off=discount, extra_per_100=100 * effect["difference"])
explore(what_if, off=(0.0, 0.3, 0.05), extra_per_100=(-1.0, 3.0, 0.1), interactive=interactive)

# %% [markdown]
# Switch the sequences on that cost nothing but care: the question after a parcel, the answer to a low score. Remake the queue every morning. Plan the test as notebook 07 does: with a tenth of the messages as control, a small gain takes very long to see, so test half against half. Use the table of those held back as a to-do list: where the most frequent reason is that people never said yes, a better reason to say yes reaches more of them than any sequence. Of one thing we are sure: nobody in the queue said no.

# %%
next_week = f"Next week that is {sent} messages: {worth(effect['difference']):+,.0f} ({worth(effect['low']):+,.0f} to {worth(effect['high']):+,.0f})."
if tried:
    decide(*churn.account_sentence(account, discount=discount))
    decide(f"{next_week} Remake the queue every morning.", sure=tests)
else:
    advice = "Run one win-back with a control group first: what a mail adds is not known here."
    if not may_write:
        advice = "Collect permissions first: this shop keeps no consents, so nobody may be written to."
    decide(f"{advice} Next week's queue holds {sent} messages, so little money is at stake: {sent * contact_cost:,.2f} for the mails.",
           sure="Sure of the permissions alone: nobody in the queue said no.")  # fmt: skip

# %% [markdown]
# ## What you can do now
#
# - You placed people on the customer map by hand, and read off what the shop does for each type.
# - You read a funnel, and saw in a table of movements what a funnel hides.
# - You built a sequence, worked out by hand whom it reaches, and met every one of them again, in the queue or among those held back.
# - You previewed a message, and saw three traps end in a fallback, in text, and in a refusal.
# - You know why each person was held back, and read back what the platform gets.
#
# **Exercise:** `08_journey_automation` asks you to run a week for another shop, with its own consents.
#
# **Further reading:** Article 130 of the Italian privacy code (D.Lgs. 196/2003) on soft spam, with the guidelines of the Garante on promotional activity and spam (2013). RFC 8058 on the one-click opt-out. A. Payne and P. Frow, "A Strategic Framework for Customer Relationship Management", Journal of Marketing 69 (2005).
