# %% [markdown]
# # Exercise 08: run a week of messages for another shop
#
# You have a shop of your own: nobody else in the class has the same customers. Place its people on the customer map, find out who is due next week, who may be written to, and what leaves the house.
#
# *90 minutes, 34 points. Work through notebook `08_journey_automation` first.*

# %% [markdown]
# ## After this exercise you can
#
# - place each customer on the map, by rules that you can defend;
# - work out whom a sequence reaches, and on which day;
# - say on what ground each person may be written to;
# - fill in a text so that no customer can break it;
# - tell a fresh queue from a stale list, and read back what a platform gets.
#
# ## How it works
#
# - A cell that raises `NotImplementedError` is yours: replace that line by your code. Keep the name that it asks for.
# - `check("q1", people)` looks at an answer as often as you like. Red is wrong for sure; grey says that the form is as asked, and no more; green is a worked case that comes out right. It does not know what else is right.
# - The cell below each of yours hands the answer in. Leave it as it is.
# - Grading runs your notebook from top to bottom **on other shops, as of other days, with other rules**. So work with the variables, never with numbers that you read off the screen. A cell that fails costs its own question only.

# %% tags=["parameters"]
source: str = "shop"  # your shop: a folder, or a name from `crmlib data list`
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show buttons
at_risk_least: int = 2  # question 1: so many signs make a customer one at risk
silence_days: int = 60  # questions 2, 3 and 5: so many days without an order set the win-back off
days: int = 7  # how many days "next week" has, from the day after today on
lag: int = 21  # question 5: how many days old the list is
platform: str = "mautic"  # question 6: who gets the files, "mautic" or "hubspot"
q4_inputs: list = [["Anna", 0.1], ["", 0.05], ["Anna\nBcc: all@example.com", 0.1]]  # to try question 4 on

# %% [markdown]
# The tables hold what was known on the evening of `today`. `answers` are the answers to "would you recommend us?", up to 10. `may` says through which channels each customer may get marketing: who is not in it may get none.

# %%
import csv
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from crmlib import actions, churn, open_shop, surveys
from crmlib.actions import Offer, Sequence, Step, Trigger
from crmlib.grading import answer, check, facts, quiz

# %%
shop = open_shop(source, as_of=as_of or None)
today = pd.Timestamp(shop.as_of)
start = today + pd.Timedelta(days=1)
customers, orders, consents = (getattr(shop, name).to_pandas() for name in ("customers", "orders", "consents"))
asked = pd.concat([surveys.asked(shop, scale=scale) for scale in ("nps_0_10", "nps_1_10")])
answers = asked.loc[asked["score"].notna(), ["customer_id", "answered_ts", "score"]]
signs = churn.signals(shop)[["customer_id", "no_login", "no_purchase", "low_score"]]
may = churn.may_contact(shop)[["email", "sms", "whatsapp", "phone"]]
facts("q1", keys=customers["customer_id"])
signs.head(3)

# %% [markdown] question="q1"
# ## 1. The customer map
#
# Make a table `people` with one row for each row of `customers`: `customer_id`; `signs`, how many of the three signs in `signs` are true (a missing one is not); and `type`, by the first rule that fits:
#
# - `at_risk`: has bought, and shows at least `at_risk_least` signs;
# - `advocate`: has bought, and gave 9 or 10 in the **last** answer;
# - `customer`: has bought;
# - `lead`: may get marketing through at least one channel;
# - `prospect`: everybody else.

# %% tags=["stub"] question="q1"
raise NotImplementedError("Make `people`: customer_id, signs, type.")
# check("q1", people)

# %% tags=["solution"] question="q1"
people = customers[["customer_id"]].reset_index(drop=True)
who = people["customer_id"]
shown = signs.set_index("customer_id").astype("boolean").fillna(value=False).sum(axis=1)
people["signs"] = who.map(shown).fillna(0).astype(int)
bought = who.isin(orders["customer_id"])
last_score = who.map(answers.sort_values("answered_ts").groupby("customer_id")["score"].last()).astype(float)
rules = [bought & (people["signs"] >= at_risk_least), bought & (last_score >= 9), bought,
         who.isin(may.index[may.any(axis=1)])]  # fmt: skip
people["type"] = np.select(rules, ["at_risk", "advocate", "customer", "lead"], "prospect")
check("q1", people)

# %% tags=["answer"] question="q1"
answer("q1", people)

# %% [markdown] question="q2"
# ## 2. Who is due next week?
#
# A win-back goes to who has been silent for `silence_days` days: on the day of the last order, plus `silence_days`, plus 1. "Next week" is the `days` days from `start` on.
#
# Make a table `due` with one row for each customer who is due then, if nothing else happens: `customer_id`, and `due`, the day as text such as `"2026-07-02"`.

# %% tags=["stub"] question="q2"
raise NotImplementedError("Make `due`: a DataFrame with customer_id and due.")
# check("q2", due)

# %% tags=["solution"] question="q2"
last_order = orders.groupby("customer_id")["order_ts"].max().dt.normalize()
over = last_order + pd.Timedelta(days=silence_days + 1)
over = over[(over >= start) & (over < start + pd.Timedelta(days=days))]
due = over.dt.strftime("%Y-%m-%d").rename("due").reset_index()

# %% tags=["answer"] question="q2"
answer("q2", due)

# %% [markdown]
# Question 3 goes on from here, whatever you answered above: `asked_for` are the customers whose permissions you look up, and `permissions` holds theirs for mail.

# %%
lately = orders.groupby("customer_id")["order_ts"].max().sort_index()
asked_for = lately[lately < today - pd.Timedelta(days=silence_days)].index.astype(str)
mine = consents["customer_id"].isin(asked_for) & (consents["channel"] == "email")
permissions = consents.loc[mine, ["customer_id", "purpose", "given_ts", "withdrawn_ts"]]
facts("q3", keys=asked_for)
permissions.head()

# %% [markdown] question="q3"
# ## 3. On what ground?
#
# Make a table `grounds` with one row for each customer in `asked_for`: `customer_id`, and `ground`, by the first rule that fits:
#
# - `withdrawn`: has withdrawn a permission for `marketing` or for `soft_spam` by mail;
# - `consent`: has given one for `marketing`;
# - `soft_spam`: was offered the opt-out, so there is one for `soft_spam`;
# - `nothing`: none of these.
#
# All of them have bought, so all are own customers. Purposes other than these two do not count here.

# %% tags=["stub"] question="q3"
raise NotImplementedError("Make `grounds`: a DataFrame with customer_id and ground.")
# check("q3", grounds)

# %% tags=["solution"] question="q3"
adverts = permissions[permissions["purpose"].isin(["marketing", "soft_spam"])]
gone = set(adverts.loc[adverts["withdrawn_ts"].notna(), "customer_id"])
held = {purpose: set(part["customer_id"]) for purpose, part in adverts.groupby("purpose")}
grounds = pd.DataFrame({"customer_id": asked_for})
in_each = [
    grounds["customer_id"].isin(some) for some in (gone, held.get("marketing", set()), held.get("soft_spam", set()))
]
grounds["ground"] = np.select(in_each, ["withdrawn", "consent", "soft_spam"], "nothing")

# %% tags=["answer"] question="q3"
answer("q3", grounds)

# %% [markdown] question="q4"
# ## 4. A text that nobody can break
#
# Write a function `subject(first_name, share)` that gives the subject of a mail:
#
# - for `"Anna"` and `0.1`: `"Anna, 10% off for you"`; spaces around a name are left out;
# - for a name that is empty, or nothing but spaces: `"10% off for you"`;
# - `""`, the empty text, for a name that holds a line break (`\n` or `\r`) anywhere: such a mail is refused.
#
# Shares are whole per cents.


# %% tags=["stub"] question="q4"
def subject(first_name: str, share: float) -> str:
    raise NotImplementedError('Return the subject, such as "Anna, 10% off for you".')


# check("q4", subject)


# %% tags=["solution"] question="q4"
def subject(first_name: str, share: float) -> str:
    if "\n" in first_name or "\r" in first_name:
        return ""
    name = first_name.strip()
    return f"{name}, {share:.0%} off for you" if name else f"{share:.0%} off for you"


# %% tags=["answer"] question="q4"
answer("q4", subject, inputs=q4_inputs)

# %% [markdown]
# `old_list` is next week's queue as somebody made it `lag` days ago. `new_queue` was made today. The sequence is the same.

# %%
offer = Offer(kind="winback", discount=0.1, code="RIATTVA10")
mail = Step(name="ten_off", channels=("email",), template="win_back", offer=offer)
trigger = Trigger(event="no_purchase", days=silence_days)
miss_you = Sequence(name="miss_you", version=1, purpose="soft_spam", trigger=trigger, steps=(mail,), again_after_days=0)
made_on = today - pd.Timedelta(days=lag)
old_list = actions.queue(shop.on(made_on.date()), miss_you, start=start.date(), days=days).entries
new_queue = actions.queue(shop, miss_you, start=start.date(), days=days).entries
old_list[["customer_id", "due_ts", "reason"]].head(3)

# %% [markdown] question="q5"
# ## 5. The old list
#
# Hand in a dict `stale`: `bought`, how many customers on `old_list` have ordered on the days after `made_on`; `still_right`, how many customers on `old_list` are in `new_queue` too; and `share_wrong`, the share of the entries of `old_list` whose customer is not in `new_queue`.

# %% tags=["stub"] question="q5"
raise NotImplementedError('Make `stale`: {"bought": ..., "still_right": ..., "share_wrong": ...}.')
# check("q5", stale)

# %% tags=["solution"] question="q5"
later = orders.loc[orders["order_ts"] >= made_on + pd.Timedelta(days=1), "customer_id"]
right = old_list["customer_id"].isin(new_queue["customer_id"])
stale = {
    "bought": int(old_list["customer_id"].isin(later).sum()),
    "still_right": int(right.sum()),
    "share_wrong": float(1 - right.mean()),
}

# %% tags=["answer"] question="q5"
answer("q5", stale)

# %% [markdown]
# Two sequences that come with crmlib, for next week, written for `platform` into `folder`. Beside the platform's files, it holds `held.csv`: who was held back at the door.

# %%
week = actions.queue(shop, ["win_back", "repurchase_reminder"], start=start.date(), days=days)
scratch = tempfile.TemporaryDirectory()
folder = Path(scratch.name) / "out"
done = actions.export(week, shop, folder, format=platform)
done.files[["name", "purpose", "rows"]]

# %% [markdown] question="q6"
# ## 6. Read back what was written
#
# Read the files in `folder` themselves, all whose name begins with `contacts-` and ends with `.csv`. Hand in a dict `sent`: `people`, how many rows they have together; `numbers`, in how many rows there is a telephone number (the column is `mobile` for Mautic, `Phone Number` for HubSpot); `messages`, the sum of the column `crm_entries`; and `held`, how many rows `held.csv` has.

# %% tags=["stub"] question="q6"
raise NotImplementedError('Make `sent`: {"people": ..., "numbers": ..., "messages": ..., "held": ...}.')
# check("q6", sent)

# %% tags=["solution"] question="q6"
files = sorted(folder.glob("contacts-*.csv"))
rows = [row for file in files for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())]
stopped = list(csv.DictReader((folder / "held.csv").read_text(encoding="utf-8").splitlines()))
sent = {
    "people": len(rows),
    "numbers": sum(bool(row.get("mobile") or row.get("Phone Number")) for row in rows),
    "messages": sum(int(row["crm_entries"]) for row in rows),
    "held": len(stopped),
}

# %% tags=["answer"] question="q6"
answer("q6", sent)

# %%
scratch.cleanup()

# %% [markdown] question="w1"
# ## 7. Defend the short list
#
# The owner of the shop asks: "We have thousands of addresses. Why does the win-back go to so few, and why do you make the list anew every day?" Answer in your own words: on which grounds you may write, what the people without a ground mean for the shop, what question 5 showed, and why some who may be written to are kept out by lot. A person reads this.

# %% tags=["stub"] question="w1"
w1 = """
"""

# %% tags=["solution"] question="w1"
w1 = """
An address is not a permission. By mail we may write to those who gave a consent, and to our own customers about similar
goods if we offered them the opt-out; whoever withdrew is out, and for an SMS we need a yes. The others are no loss of
the software: they tell us to give people a better reason to say yes when they register or order. The list is made anew
each morning because it grows stale: question 5 shows how many on the old list had bought in the meantime. To them we
would write that we miss them, and give a discount that nobody needed. And one in ten of those whom we may write to is
kept out by lot: only the comparison with them tells how many orders the message adds, and whether the discount pays.
"""

# %% tags=["answer"] question="w1"
answer("w1", w1)

# %% [markdown] question="z1"
# ## 8. Five quick questions
#
# Write the letter of your choice between the quotes. The cell below each shows the buttons again.
#
# **A shop in Italy has a customer's mail address and telephone number from an order, with the opt-out offered, and no consent. What may it send about similar goods?**

# %% tags=["stub"] question="z1"
z1 = ""

# %% tags=["solution"] question="z1"
z1 = "b"

# %% tags=["answer"] question="z1"
quiz("z1", z1, interactive=interactive)

# %% [markdown] question="z2"
# **A message falls due at 23:30, in quiet hours. What happens to it?**

# %% tags=["stub"] question="z2"
z2 = ""

# %% tags=["solution"] question="z2"
z2 = "c"

# %% tags=["answer"] question="z2"
quiz("z2", z2, interactive=interactive)

# %% [markdown] question="z3"
# **Why is the control group of a sequence drawn from those who would have got the message?**

# %% tags=["stub"] question="z3"
z3 = ""

# %% tags=["solution"] question="z3"
z3 = "a"

# %% tags=["answer"] question="z3"
quiz("z3", z3, interactive=interactive)

# %% [markdown] question="z4"
# **A push to the platform broke off half-way. What should the next push do?**

# %% tags=["stub"] question="z4"
z4 = ""

# %% tags=["solution"] question="z4"
z4 = "d"

# %% tags=["answer"] question="z4"
quiz("z4", z4, interactive=interactive)

# %% [markdown] question="z5"
# **You import a profile into a mail platform. What does that say of the person's consent?**

# %% tags=["stub"] question="z5"
z5 = ""

# %% tags=["solution"] question="z5"
z5 = "a"

# %% tags=["answer"] question="z5"
quiz("z5", z5, interactive=interactive)

# %% [markdown]
# ## Before you hand in
#
# *Kernel* > *Restart Kernel and Run All Cells*. Does every answer say that it is recorded? Then save, and send this file.
