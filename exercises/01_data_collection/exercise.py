# %% [markdown]
# # Exercise 01: clean another archive, and defend a threshold
#
# You have a shop of your own, with its accounts, its leads and its consents. How much of it can you trust, and whom may you write to?
#
# *75 minutes, 32 points. Work through notebook `01_data_collection` first.*
#
# ## After this exercise you can
#
# - measure how complete and how valid a table of customers is;
# - bring the spellings of a mail address to one, and gather the rows of one mailbox;
# - count people whom the shop may write to, not rows;
# - measure whether those who answer are like those who do not;
# - set a threshold for merging by what mistakes cost.
#
# ## How it works
#
# - A cell that raises `NotImplementedError` is yours: replace that line by your code. Keep the name that it asks for.
# - `check("q1", coverage)` looks at an answer as often as you like. Red is wrong for sure; grey says that the form is as asked, and no more; green is a worked case that comes out right. It does not know what else is right.
# - The cell below each of yours hands the answer in. Leave it as it is.
# - Grading runs your notebook from top to bottom **on other shops, as of other days, with other costs**. So work with the variables, never with numbers that you read off the screen. A cell that fails costs its own question only.

# %% tags=["parameters"]
source: str = "shop"  # your shop: a folder, or a name from `crmlib data list`
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show buttons
mail_cost: float = 0.02  # what one mail costs, in the shop's currency
mails_a_year: int = 24  # how many mails a contact gets in a year
welcome_gift: float = 5.0  # what a new contact gets; a duplicate gets it twice
wrong_merge_cost: float = 40.0  # a stranger gets somebody's discount or consent: reply, apology, goodwill
q3_inputs: list = ["Anna.Rossi+news@posta.example", "anna.rossi@gmail.example", "nobody"]  # to try question 3 on

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from crmlib import intake, open_shop, plots
from crmlib.grading import answer, check, facts, quiz

plots.use_style()

# %%
shop = open_shop(source, as_of=as_of or None)
tomorrow = pd.Timestamp(shop.as_of) + pd.Timedelta(days=1)
customers = shop.customers.to_pandas().query("registered_ts < @tomorrow").reset_index(drop=True)
raw = shop.contacts_raw.to_pandas().query("received_ts < @tomorrow").reset_index(drop=True)
surveys = shop.surveys.to_pandas().query("sent_ts < @tomorrow").reset_index(drop=True)
told = ["phone", "birth_year", "income_band", "lifestyle", "values", "interests", "preferred_channel"]
facts("q1", keys=told)
customers[told].head()

# %% [markdown] question="q1"
# ## 1. How complete are the answers?
#
# Make a table `coverage` with one row for each of the columns named in `told`: `column`, and `coverage`, the share of the customers with a value in it.

# %% tags=["stub"] question="q1"
raise NotImplementedError("Make `coverage`: a DataFrame with column and coverage.")
# check("q1", coverage)

# %% tags=["solution"] question="q1"
coverage = customers[told].notna().mean().rename_axis("column").reset_index(name="coverage")
check("q1", coverage)

# %% tags=["answer"] question="q1"
answer("q1", coverage)

# %% [markdown] question="q2"
# ## 2. Birth years that cannot be
#
# Age is the year of `shop.as_of` less the year of birth. An age above 110 or below 14 cannot be. Hand in a dict `years`: `invalid`, the share of the given years that cannot be, and `mean_age`, the mean age without them.

# %% tags=["stub"] question="q2"
raise NotImplementedError('Make `years`: {"invalid": ..., "mean_age": ...}.')
# check("q2", years)

# %% tags=["solution"] question="q2"
age = pd.Timestamp(shop.as_of).year - customers["birth_year"].dropna().astype(int)
impossible = (age > 110) | (age < 14)
years = {"invalid": float(impossible.mean()), "mean_age": float(age[~impossible].mean())}

# %% tags=["answer"] question="q2"
answer("q2", years)

# %%
# Some domains ignore the dots before the @. These are the ones that the policy knows.
dotless = shop.policy.intake.dotless_domains
dotless

# %% [markdown] question="q3"
# ## 3. One spelling for a mailbox
#
# Write a function `mailbox(email)` that gives the mailbox which an address reaches: without spaces around it, in small letters, without what follows a `+` before the @, and, for the domains in `dotless`, without dots before the @. What has not exactly one @, or nothing is left before it, is no address: return `None`.


# %% tags=["stub"] question="q3"
def mailbox(email: str) -> str | None:
    raise NotImplementedError("Return the mailbox as text, or None.")


# check("q3", mailbox)


# %% tags=["solution"] question="q3"
def mailbox(email: str) -> str | None:
    email = email.strip().lower()
    if email.count("@") != 1:
        return None
    local, domain = email.split("@")
    local = local.partition("+")[0]
    local = local.replace(".", "") if domain in dotless else local
    return f"{local}@{domain}" if local else None


# %% tags=["answer"] question="q3"
answer("q3", mailbox, inputs=q3_inputs)

# %%
# From here on we use the library's cleaning, so that a slip above costs you nothing below.
# `email_key` is the mailbox; it is missing where there is no address.
contacts = intake.clean_contacts(raw, policy=shop.policy).contacts
facts("q4", keys=contacts["contact_id"])
contacts[["contact_id", "first_name", "last_name", "email_key"]].head()

# %% [markdown] question="q4"
# ## 4. One person, several rows
#
# Let us call rows of one mailbox one person, and the person by the smallest `contact_id` among them. Make a table `persons` with one row for each row of `contacts`: `contact_id` and `person`. A row without a mailbox is a person of its own.

# %% tags=["stub"] question="q4"
raise NotImplementedError("Make `persons`: a DataFrame with contact_id and person.")
# check("q4", persons)

# %% tags=["solution"] question="q4"
key = contacts["email_key"].fillna(contacts["contact_id"])
persons = contacts.assign(person=contacts.groupby(key)["contact_id"].transform("min"))
persons = persons[["contact_id", "person"]]

# %% tags=["answer"] question="q4"
answer("q4", persons)

# %%
# Now the consents. Each row belongs to an account or to a contact; `mailbox` says which mailbox that is, for both.
named = {"contact_id": "customer_id", "received_ts": "registered_ts"}
accounts = intake.clean_contacts(customers, columns=named, policy=shop.policy).contacts
reached = pd.concat([contacts, accounts]).set_index("contact_id")["email_key"]
consents = shop.consents.to_pandas().query("given_ts < @tomorrow")
consents["withdrawn_ts"] = consents["withdrawn_ts"].where(consents["withdrawn_ts"] < tomorrow)
consents["mailbox"] = consents["customer_id"].fillna(consents["contact_id"]).map(reached)
consents = consents.dropna(subset=["mailbox"])
consents[["channel", "purpose", "withdrawn_ts", "mailbox"]].head()

# %% [markdown] question="q5"
# ## 5. Rows in force, and people
#
# Look at the consents for marketing by mail. Hand in a dict `permission`: `rows_in_force`, the rows that are not withdrawn, and `people`, the mailboxes that may be written to. The strictest answer wins: one withdrawn row of a mailbox, and nobody writes to it.

# %% tags=["stub"] question="q5"
raise NotImplementedError('Make `permission`: {"rows_in_force": ..., "people": ...}.')
# check("q5", permission)

# %% tags=["solution"] question="q5"
asked = consents[(consents["channel"] == "email") & (consents["purpose"] == "marketing")]
yes = asked["withdrawn_ts"].isna()
permission = {"rows_in_force": int(yes.sum()), "people": int(yes.groupby(asked["mailbox"]).all().sum())}

# %% tags=["answer"] question="q5"
answer("q5", permission)

# %% [markdown] question="q6"
# ## 6. Draw what is missing
#
# Draw the `coverage` of question 1 as bars, one for each column. Keep the axes as `axes`. Whoever sees only the figure must understand it: labels on both axes, and a title that says what you found.

# %% tags=["stub"] question="q6"
raise NotImplementedError("Make `axes`: bars, one for each column, with labels and a title.")
# check("q6", axes)

# %% tags=["solution"] question="q6" mystnb={"image": {"alt": "Bars: the share of customers with a value, for seven columns of the accounts."}}
figure, axes = plt.subplots(figsize=(7, 4))
drawn = customers[told].notna().mean().sort_values()
axes.barh(drawn.index, drawn)
axes.set_xlabel("Share of customers with a value")
axes.set_ylabel("Column")
axes.set_title(f"We know least about {drawn.index[0]}: {drawn.iloc[0]:.0%}")

# %% tags=["answer"] question="q6"
answer("q6", axes)

# %%
missed_cost = mails_a_year * mail_cost + welcome_gift  # what a duplicate costs in its first year
# What each customer who has bought has spent so far:
spend = shop.orders.to_pandas().groupby("customer_id")["amount"].sum()

# %% [markdown] question="q7"
# ## 7. Who answers the first survey?
#
# Take the surveys of kind `nps`, and each customer's first by `sent_ts`. Who has a `score` in it answered. Among the customers in `spend`, compare the mean spend of who answered with that of who did not. Hand in a dict `gap`: `gap`, answered less silent, and `half`, half of its 95 % interval: 1.96 times the root of the sum of both variances, each over its number of customers.

# %% tags=["stub"] question="q7"
raise NotImplementedError('Make `gap`: {"gap": ..., "half": ...}.')
# check("q7", gap)

# %% tags=["solution"] question="q7"
first = surveys[surveys["kind"] == "nps"].sort_values("sent_ts").drop_duplicates("customer_id")
answered = first.set_index("customer_id")["score"].notna()
answered = answered[answered.index.isin(spend.index)]
groups = spend.reindex(answered.index).groupby(answered)
mean, error = groups.mean(), groups.var() / groups.size()
gap = {"gap": float(mean[True] - mean[False]), "half": float(1.96 * np.sqrt(error.sum()))}

# %% tags=["answer"] question="q7"
answer("q7", gap)

# %% [markdown] question="q8"
# ## 8. From which probability on does merging pay?
#
# A pair of rows is one person with some probability. Kept apart, one person costs `missed_cost`. Merged, two strangers cost `wrong_merge_cost`. From which probability on does it pay to merge? Call it `threshold`.

# %% tags=["stub"] question="q8"
raise NotImplementedError("Make `threshold`: a probability.")
# check("q8", threshold)

# %% tags=["solution"] question="q8"
threshold = wrong_merge_cost / (wrong_merge_cost + missed_cost)

# %% tags=["answer"] question="q8"
answer("q8", threshold)

# %% [markdown] question="w1"
# ## 9. Defend the threshold
#
# The owner of the shop asks: "Why do you leave pairs apart that are probably one person?" Answer in your own words. Name both mistakes and who bears them, say which of your prices is a guess that matters, and what you would do with the pairs in between. A person reads this.

# %% tags=["stub"] question="w1"
w1 = """
"""

# %% tags=["solution"] question="w1"
w1 = """
A pair below the threshold stays apart, though it is more likely one person than two, for the two mistakes do not cost
the same. A miss costs us some mails and a second gift. A wrong merge costs a stranger: somebody else's discount, or
mail to a person who said no. The price of a wrong merge is our guess, and it moves the threshold most; I would write
down what the next ten complaints really cost. The pairs between one half and the threshold are few, so a person looks
at them. A shop for medicines would have to ask for more certainty than we do.
"""

# %% tags=["answer"] question="w1"
answer("w1", w1)

# %% [markdown] question="z1"
# ## 10. Five quick questions
#
# Write the letter of your choice between the quotes. The cell below each shows the buttons again.
#
# **Two rows have the same telephone and clearly different first names. What is likely?**

# %% tags=["stub"] question="z1"
z1 = ""

# %% tags=["solution"] question="z1"
z1 = "c"

# %% tags=["answer"] question="z1"
quiz("z1", z1, interactive=interactive)

# %% [markdown] question="z2"
# **A box for marketing was left empty. May the shop send advertising?**

# %% tags=["stub"] question="z2"
z2 = ""

# %% tags=["solution"] question="z2"
z2 = "a"

# %% tags=["answer"] question="z2"
quiz("z2", z2, interactive=interactive)

# %% [markdown] question="z3"
# **The NPS of those who answered has a narrow interval. What does that say of those who kept silent?**

# %% tags=["stub"] question="z3"
z3 = ""

# %% tags=["solution"] question="z3"
z3 = "b"

# %% tags=["answer"] question="z3"
quiz("z3", z3, interactive=interactive)

# %% [markdown] question="z4"
# **Why does `any survey answered` overstate how much more the answering customers spend?**

# %% tags=["stub"] question="z4"
z4 = ""

# %% tags=["solution"] question="z4"
z4 = "d"

# %% tags=["answer"] question="z4"
quiz("z4", z4, interactive=interactive)

# %% [markdown] question="z5"
# **A row of a list names nobody. What does a careful intake do with it?**

# %% tags=["stub"] question="z5"
z5 = ""

# %% tags=["solution"] question="z5"
z5 = "c"

# %% tags=["answer"] question="z5"
quiz("z5", z5, interactive=interactive)
