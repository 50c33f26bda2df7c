# %% [markdown]
# # Data collection: whom do we know, and how well?
#
# **The shop's question:** the address book has thousands of rows. How many people are that, what do we know about them, and whom may we write to?
#
# *60 minutes. You need to know what a pandas table is. Notebook 00 shows the shop's tables.*
#
# ## After this notebook you can
#
# - sort what a shop knows into four data categories, and measure how complete and how valid each is;
# - clean a contact by hand, and check that no row of an intake is lost;
# - merge duplicates, measure precision and recall, and put a price on both kinds of mistake;
# - count whom you may write to, before and after the strictest consent wins;
# - measure who answers a questionnaire, and how far that moves the result.

# %% tags=["parameters"]
source: str = "shop"  # a name from `crmlib data list`, a file, or a database URL
as_of: str = ""  # the day we look back from, such as "2026-06-30"; empty: the day after the last order
language: str = "en"  # labels in figures: "en" or "it"
fast: bool = False  # compute less, for a quick look
interactive: bool = True  # show sliders
mail_cost: float | None = None  # what one mail costs, in the shop's currency; None: the policy's money.email_cost
mails_a_year: int = 24  # how many mails a contact gets in a year: at least 1
welcome_gift: float = 5.0  # what a new contact gets, at least 0; a duplicate gets it twice
wrong_merge_cost: float = 40.0  # a stranger gets somebody's discount or consent: reply, apology, goodwill; at least 0
complaint_cost: float = 30.0  # one mail to a person who said no: reply, apology, a report if need be; at least 0
review_cost: float = 1.0  # what it costs to have a person look at one doubtful pair; at least 0

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import display
from scipy import stats

from crmlib import customers as crm_customers
from crmlib import decide, explore, intake, open_shop, plots, record, stop_here, text
from crmlib.notebook import check_parameters
from crmlib.synth import has_truth, read_truth

plots.use_style()
check_parameters()

# %% [markdown]
# ## The data
#
# One call opens the shop. We look at it as of one day. What came later is not known yet, so no table holds it.

# %%
shop = open_shop(source, as_of=as_of or None).adjusted({"money.email_cost": mail_cost})
mail_cost = shop.policy.money.email_cost  # the shop's own, where none was set above
orders = shop.orders.to_pandas()
customers = shop.customers.to_pandas() if "customers" in shop.tables else orders[["customer_id"]]
customers = customers.drop_duplicates("customer_id")

# %% [markdown]
# ## 1. Four kinds of knowledge
#
# What a shop may know of a customer falls into four categories:
#
# - **demographic**: who they are. Age, gender, place, job, income band;
# - **behavioural**: what they do. Visits, clicks, opened mails, warm zones of the site;
# - **transactional**: what they buy. How much, how often, since when;
# - **psychographic**: why they buy. Values, lifestyle, interests, preferences.
#
# The account holds some of it. Orders, mails and logins hold more. We put one row a customer together.

# %%
by_customer = orders.groupby("customer_id")
profile = customers.set_index("customer_id")
profile = profile.reindex(profile.index.union(orders["customer_id"].unique()).rename("customer_id"))
profile["frequency"] = by_customer.size().reindex(profile.index, fill_value=0)
profile["monetary"] = by_customer["amount"].sum().reindex(profile.index, fill_value=0)
profile["last_order"] = by_customer["order_ts"].max()
if "logins" in shop.tables:
    profile["last_login"] = shop.logins.to_pandas().groupby("customer_id")["login_ts"].max()
if "email_events" in shop.tables:
    mails = shop.email_events.to_pandas()
    mails = pd.crosstab(mails["customer_id"], mails["event"])
    profile["open_rate"] = (mails["open"] / mails["sent"]).where(mails["sent"] > 0)
print(f"{len(profile):,} customers, {profile.shape[1]} columns: {', '.join(profile.columns)}")

# %% [markdown]
# **What do you expect?** Sort these columns yourself, before you read the next cell: `birth_year`, `device`, `monetary`, `interests`, `preferred_channel`, `open_rate`, `loyalty_card`.
#
# Here is one answer by hand, beside the library's.

# %%
by_hand = dict.fromkeys(["birth_year", "age", "income", "home_ownership", "marital_status"], "demographic")
by_hand |= dict.fromkeys(["household_comp", "kids_count"], "demographic")
by_hand |= {"device": "behavioural", "open_rate": "behavioural", "loyalty_card": "transactional"}
by_hand |= {"monetary": "transactional", "interests": "psychographic", "preferred_channel": "psychographic"}
report = intake.quality_report(profile.reset_index(), as_of=shop.as_of, policy=shop.policy).set_index("column")
mine = pd.Series({name: kind for name, kind in by_hand.items() if name in report.index}, name="by hand")
mine.to_frame().join(report["category"].rename("library"))

# %% [markdown]
# Some columns are open to debate. Is `device` a behaviour, or a fact about a person? Is a loyalty card a purchase, or a preference? The category is a tool for thinking. It says *where to look for more of the same*.
#
# `other` means that the library does not know the column. Then you decide. We take the answer by hand.
#
# Now the quality. Take one column in the open: the year of birth, if the shop asks for it. **Coverage** is the share of customers with a value. **Invalid** is the share of those values that cannot be right.

# %%
report["category"] = mine.where(report["category"] == "other").reindex(report.index).fillna(report["category"])
if "birth_year" in profile:
    year = profile["birth_year"].dropna()
    age = pd.Timestamp(shop.as_of).year - year
    impossible = (age > 110) | (age < 14)
    assert np.isclose(len(year) / len(profile), report.loc["birth_year", "coverage"])
    assert np.isclose(impossible.mean(), report.loc["birth_year", "invalid"])
    print(f"Coverage {len(year) / len(profile):.1%}; of these, invalid {impossible.mean():.1%}.")
    years = year[impossible].astype(int).value_counts()
    print(f"Impossible: {', '.join(f'{when} ({count} times)' for when, count in years.head(3).items())}.")
record("quality", report.reset_index())
report[["category", "coverage", "invalid", "stale", "duplicated"]].sort_values("coverage").head(12).style.format(
    precision=3, na_rep=""
)

# %% [markdown]
# An impossible year that comes up again and again is no slip of the finger. It is a form's *default* that people left as it was. An average age that includes it is wrong, and no error message tells you.
#
# Two more measures stand in the report. **Stale**: nobody has touched the row for two years. **Duplicated**: the value stands in an earlier row too. The table shows the least complete columns.
#
# **What do you expect?** Which of the four categories is the least complete?

# %% mystnb={"image": {"alt": "Dots: the coverage of each column, in four rows, one for each data category, with the mean of each category."}}
four = ["demographic", "behavioural", "transactional", "psychographic"]
coverage = report.groupby("category")["coverage"].mean().reindex(four).fillna(0)
least = " and ".join(coverage.index[coverage == coverage.min()])
record("coverage_by_category", coverage.round(4).to_dict())
axes = plots.coverage_dots(
    report.reset_index(),
    title=f"We know least about {least} facts: {coverage.min():.0%} on average",
    language=language,
)
sources = crm_customers.coverage(shop, policy=shop.policy).groupby(["origin", "by", "purpose"])["share"]
by_source = sources.agg(["max", "size"]).set_axis(["best column", "columns"], axis=1).round(3)
record("coverage_by_source", by_source.reset_index())
display(by_source)

# %% [markdown]
# Each dot is a column. The name beside a row is its least complete column. The black line is the category's mean.
#
# The shop gets transactional data for free: every order leaves a trace. It gets psychographic data only when people *tell*. That is the gap that questionnaires fill. Section 5 asks who fills them in.
#
# Two warnings. A full column is not a true column: look at `invalid` as well. And an empty column is not always a loss. Ask for what you will use.
#
# The table sorts the columns by where they came from. Some facts are *given*: in a form, with a loyalty card, by an order. Others are *observed* in passing: logins, clicks, cookies, chats, comments. What is observed is often there for everybody, without anybody having been asked. `purpose` says what it may be used for. An answer about one's values describes a person, so it counts only for those who allow profiling. A column without a purpose chooses nobody for a mail: the library refuses such a condition.
#
# ## 2. Leads come in from everywhere
#
# A **lead** is a person who has shown interest. Leads reach the shop by five doors: a form on the site, a sign-up for an event, mail to a general address such as `info@`, mail to a colleague, and lists of others in CSV files.
#
# Look at ten rows: from each door the last one with a phone, and the last one without. `tick` is the box for marketing. What is wrong with the rows?

# %%
needed = ["contacts_raw", "customers", "consents", "surveys"]
missing = [name for name in needed if name not in shop.tables]
if missing:
    stop_here(
        f"{shop.name} has no {', '.join(missing)}: merging, consents and answers need them (see them with source = 'shop').",
        needs=missing,
    )
raw, consents, surveys = (getattr(shop, name).to_pandas() for name in ("contacts_raw", "consents", "surveys"))
raw["name"] = raw["full_name"].fillna(raw["first_name"] + " " + raw["last_name"])
ten = raw.groupby(["channel", raw["phone"].notna()]).tail(1).sort_values("channel")
ten = ten[["channel", "name", "email", "phone", "marketing_consent"]].rename(columns={"marketing_consent": "tick"})
ten.fillna("").style.hide()

# %% [markdown]
# Names in capitals. Phones spelled in many ways. Addresses that no mail would reach. Many gaps. And all of it is about real interest, so nothing may be thrown away.
#
# **What do you expect?** Which door tells us a phone? Which tells us whether we may write?

# %%
fields = ["name", "email", "phone", "city", "request_text", "marketing_consent"]
told = raw[fields].replace("", None).notna().groupby(raw["channel"]).mean()
told.insert(0, "contacts", raw["channel"].value_counts())
told.style.format(dict.fromkeys(fields, "{:.0%}"))

# %% [markdown]
# Read it by row. Mail brings a question, but no permission: who writes to `info@` wants an answer, not a newsletter. A list brings names, but no question.
#
# ### One contact by hand
#
# Cleaning brings all spellings of one thing to *one* spelling. We take an untidy row and do it in the open: the mail address, the phone, the name.

# %%
cleaned = intake.clean_contacts(raw, policy=shop.policy)
full = raw.dropna(subset=["first_name", "last_name", "email", "phone"])
full = full[(full["email"].str.count("@") == 1) & full["phone"].str.match(r"\+39|0039|3")]
odd = 2 * full["email"].str.contains("+", regex=False) + full["last_name"].str.isupper()
one = full.loc[(odd + ~full["phone"].str.startswith("+")).idxmax()]
local, domain = one["email"].strip().lower().split("@")
mailbox = local.partition("+")[0]  # anna+news@ reaches anna@
mailbox = mailbox.replace(".", "") if domain in shop.policy.intake.dotless_domains else mailbox
digits = "".join(sign for sign in one["phone"] if sign.isdigit()).removeprefix("00")
number = f"+{digits}" if one["phone"].startswith(("+", "00")) else f"+39{digits}"
hand = {"email_key": f"{mailbox}@{domain}", "phone": number, "last_name": one["last_name"].title()}
theirs = cleaned.contacts.set_index("contact_id").loc[one["contact_id"], list(hand)]
came = one[["email", "phone", "last_name"]].set_axis(list(hand))
pd.DataFrame({"as it came": came, "by hand": hand, "library": theirs}).T

# %% [markdown]
# `email_key` is the *mailbox*: all aliases of one mailbox have the same key. We write to `email`, and compare by `email_key`. Never write to the key: it is for machines.
#
# ### Rows that are nobody
#
# No row may vanish: rows in = contacts + rejects. And what is a reject? A partner sends a list after a fair. Its columns have Italian names. One row tells nothing about anybody.

# %%
assert len(raw) == len(cleaned.contacts) + len(cleaned.rejects)
print(f"{len(raw):,} rows in = {len(cleaned.contacts):,} contacts + {len(cleaned.rejects):,} rejects.")
fair = pd.DataFrame(
    {
        "Nome": ["ANNA", "Marco", None, "Lucia"],
        "Cognome": ["D'AMICO", "Galli", None, "De Luca"],
        "E-mail": ["anna.damico@example.org", "marco at example.org", "chiedere al bancone", None],
        "Cellulare": ["300 1234567", None, "?", "0039 300 7654321"],
    }
)
listed = intake.clean_contacts(fair, policy=shop.policy)
with tempfile.TemporaryDirectory() as folder:
    store = intake.ContactStore(Path(folder) / "contacts.duckdb")
    print("This week:", store.add(listed, on="2026-06-01"), "\nNext week:", store.add(listed, on="2026-06-08"))
listed.rejects[["source_row", "reason", "content"]].style.hide()

# %% [markdown]
# The row is not deleted. It stands aside, with the reason and its whole content, so that somebody can ask the partner.
#
# Lists come again, every week, often with the same people. So the contacts go into a store that is **idempotent**: the same list twice adds nothing.
#
# ## 3. One person, several rows
#
# The same person writes from two addresses, signs up at a fair, and opens an account. That is one person and four rows. Two kinds of rows count here: **contacts** (how a lead came in) and **accounts** (who registered to buy). Two accounts are never merged.
#
# First by hand, on the rows of one family name. The rule: *same mailbox, one person. Same phone and same first name, one person.*

# %%
named = {"contact_id": "customer_id", "received_ts": "registered_ts"}
accounts = intake.clean_contacts(customers, columns=named, policy=shop.policy)
rows = pd.concat([cleaned.contacts, accounts.contacts], ignore_index=True).set_index("contact_id")
alone = rows["email_key"].fillna(rows.index.to_series())  # who has no address stays alone
bridges = alone.groupby([rows["last_name"], rows["phone_key"], rows["first_name"]]).nunique().groupby("last_name").max()
size = rows.groupby("last_name")["first_name"].agg(["size", "nunique"])
fit = size["size"].between(5, 8) & (size["nunique"] > 1) & (size["nunique"] < size["size"] - 1)
handful = rows[rows["last_name"] == bridges.reindex(size.index[fit]).idxmax()].sort_values("first_name")
mailbox = alone.reindex(handful.index)
who = handful["phone_key"].fillna(mailbox) + handful["first_name"].fillna("")
by_phone = mailbox.groupby(who).transform("min")
joined = by_phone.groupby(mailbox).transform("min")
handful.insert(0, "by_hand", joined.groupby(joined).ngroup() + 1)
print(f"All rows of the family name {handful['last_name'].iloc[0]}:")
handful[["by_hand", "first_name", "email", "phone"]].sort_values("by_hand").fillna("")

# %% [markdown]
# Equal numbers in `by_hand` are one person. Note what made it possible: cleaning came first. In the raw text, two spellings of a mailbox are two people.
#
# Exact keys cannot join two rows that share neither mailbox nor phone. So a last step compares names, towns and postcodes, and gives each pair a **probability**. A rare name weighs more than a common one. Above one threshold the pair is merged. In the band below, a person decides.

# %%
merged = intake.merge_contacts(cleaned, customers=accounts, consents=consents, policy=shop.policy)
record("records", len(merged.members))
record("people", len(merged.contacts))
print(merged)
found = merged.members.set_index("record_id")["merged_id"]
agreed = intake.pairwise(found, handful["by_hand"].astype(str))
print(f"Of our {agreed.true} pairs by hand, {agreed.both} are pairs of the library too.")
doubt = merged.log.nsmallest(1, "score").iloc[0]
undone = merged.undo(doubt["merge_id"])
print(f"The least sure merge: {doubt['reason']}, score {doubt['score']:.3f}.")
print(f"With it: {len(merged.contacts):,} people. Undone: {len(undone.contacts):,}.")
facts = ["first_name", "last_name", "email", "phone", "city", "postcode"]
rows.loc[[doubt["left_id"], doubt["right_id"]], facts].fillna("").T

# %% [markdown]
# Each merge has a reason and a score in the log. These two rows are the least sure of all that were merged. Would you have joined them? If not, `undo` takes the merge back. The rows come apart again, each with its own fields and its own consents.
#
# And here is the **review band**: pairs that were *not* merged, because the library is not sure enough, or because a rule forbids it (two accounts would become one). Fill a column `same` with true or false, give it back as `decided=...`, and the next merge obeys.
#
# With people instead of rows, the mail finds its owner too. A mail to a general address becomes a **ticket** of the person who wrote. A stranger becomes a new **lead**. A web form also makes a **notice** to the staff.

# %%
record("pairs_to_review", len(merged.review))
band = merged.review[merged.review["score"] < shop.policy.intake.merge_from].head(6)
said = {side: [", ".join(rows.loc[one, facts].dropna()) for one in band[side]] for side in ("left_id", "right_id")}
desk = intake.tickets_from_mail(cleaned, contacts=merged, policy=shop.policy)
from_customers = desk.tickets["customer_id"].notna().mean()
record("tickets_from_customers", round(from_customers, 4))
print(f"{len(desk.tickets):,} tickets, {len(desk.notices):,} notices, {len(desk.leads):,} new leads.")
print(f"{from_customers:.0%} of the tickets are from people with an account: answer with their orders at hand.")
pd.DataFrame({"score": band["score"].round(3), "one row": said["left_id"], "the other": said["right_id"]}).style.format(
    precision=3
).hide()

# %% [markdown]
# ### How good is it? Ask the truth
#
# Of a simulated shop we know who is who. For a real shop you would check a sample by hand.
#
# Count *pairs* of rows. **Precision**: of the pairs we joined, how many are one person? **Recall**: of the pairs that are one person, how many did we join?
#
# Four ways, from naive to careful. **What do you expect?** Which of them has the worst precision?

# %%
truth = None
if has_truth(source):
    who_is = read_truth("customers", source).rename(columns={"customer_id": "contact_id"})
    truth = pd.concat([read_truth("contacts", source), who_is]).set_index("contact_id")["person_id"]
exact = intake.merge_contacts(cleaned, customers=accounts, policy=shop.policy, keys_only=True)
typed = pd.concat([raw, customers.rename(columns={"customer_id": "contact_id"})]).set_index("contact_id")["email"]
own = rows.index.to_series()  # who has no key stays alone
ways = {
    "same text of the address": typed.reindex(rows.index).fillna(own),
    "same mailbox, cleaned": rows["email_key"].fillna(own),
    "exact keys: mailbox or phone": exact.members.set_index("record_id")["merged_id"],
    "exact keys, then probability": found,
}
missed_cost = mails_a_year * mail_cost + welcome_gift


# %% mystnb={"image": {"alt": "Dots: precision and recall of four ways to find duplicates, from the raw text of the address to all steps."}}
def mistakes(group: pd.Series) -> dict[str, int]:
    pairs = pd.DataFrame({"found": group, "person": truth}).dropna().drop_duplicates()
    return {"missed": len(pairs) - pairs["person"].nunique(), "wrong": len(pairs) - pairs["found"].nunique()}


if truth is None:
    print("This source keeps no truth beside it: label some hundred pairs by hand, and give them to intake.pairwise.")
else:
    scores = pd.DataFrame({name: intake.pairwise(group, truth)._asdict() for name, group in ways.items()}).T
    record("agreement", scores.reset_index(names="way"))
    raised = f"Recall rises from {scores['recall'].iloc[0]:.0%} to {scores['recall'].iloc[-1]:.0%}"
    title = f"{raised}; precision is at least {scores['precision'].min():.1%}"
    axes = plots.agreement_dots(scores, title=title, language=language)

# %% [markdown]
# Cleaning alone finds a good part of what the raw text misses. Phones add some. Probability adds more, and it is the first step that can err: two people of one name in one town look exactly like one person with a new address. From these columns, nobody could tell.
#
# All rows of this shop were counted, so the numbers have no sampling error. They promise nothing about another archive, whose rows may be dirtier.
#
# ### What a mistake costs
#
# - **Missed**: one person stays two. We mail twice, and give the welcome gift twice.
# - **Wrong**: two people become one. A stranger gets somebody's discount, or mail on somebody's consent.
#
# Now we count people, not pairs: how many *extra* rows a person keeps, and how many strangers sit in somebody's row. The prices are the parameters: assumptions of yours. When does the last step stop paying? Move the slider.
#
# And how sure is that limit? Wrong merges are few, so their number is mostly chance. An exact (Poisson) interval says how many an archive like this one could have given.


# %%
def bill(wrong_merge: float = wrong_merge_cost) -> pd.DataFrame:
    counts = pd.DataFrame({name: mistakes(group) for name, group in ways.items()}).T
    return counts.assign(cost_a_year=counts["missed"] * missed_cost + counts["wrong"] * wrong_merge)


if truth is not None:
    display(bill().style.format({"cost_a_year": "{:,.0f}"}))
    explore(bill, wrong_merge=(0, 200, 10), interactive=interactive)
    record("cost_of_mistakes", bill().reset_index(names="way"))
    step = bill().diff().iloc[-1]  # what the last step changes
    worth, few = -step["missed"] * missed_cost, step["wrong"]
    print(
        f"The last step saves {-step['missed']:.0f} misses, worth {worth:,.0f} a year, and adds {few:.0f} wrong merges."
    )

# %%
if truth is not None:
    most = stats.chi2.ppf(0.975, 2 * few + 2) / 2
    even = {"estimate": worth / few if few else np.inf, "low": worth / most}
    record("break_even_wrong_merge", even)
    if few:
        print(f"It pays as long as a wrong merge costs less than {even['estimate']:,.0f}.")
    print(f"By chance, a like archive could have given up to {most:.1f} wrong merges (upper end of 95 %).")
    print(f"Then the step would pay only below {even['low']:,.0f}.")

# %% [markdown]
# ## The pitfall: one phone, two people
#
# > **A mistake that real analysts make.** "Same phone, same customer." Or: "same name, same customer." Both sound exact. Neither is.
#
# Families share a telephone. And many people share a name.
#
# **What do you expect?** If the name alone decides, what share of the joined pairs is one person?

# %% mystnb={"image": {"alt": "Dots: precision and recall of merging by phone alone, by name alone, by family name and town, and by all steps."}}
bad = {
    "phone alone": rows["phone_key"].fillna(own),
    "first and last name alone": (rows["first_name"] + " " + rows["last_name"]).fillna(own),
    "family name and town": (rows["last_name"] + " " + rows["city"]).fillna(own),
    "exact keys, then probability": found,
}
shared = accounts.contacts.dropna(subset=["phone_key"]).groupby("phone_key")["first_name"].agg([set, "nunique"])
print("Accounts on one phone:", [" and ".join(sorted(names)) for names in shared["set"][shared["nunique"] > 1]][:3])
if truth is not None:
    wrong = pd.DataFrame({n: intake.pairwise(group, truth)._asdict() | mistakes(group) for n, group in bad.items()}).T
    record("pitfall", wrong.reset_index(names="way"))
    strangers = wrong.loc["first and last name alone", "wrong"]
    title = f"Merging by name alone puts {strangers:,.0f} people into a stranger's row"
    axes = plots.agreement_dots(wrong, title=title, language=language)

# %% [markdown]
# Precision that is missing means *strangers* who are now one customer. Their orders are added up. Their consents are mixed. A "best customer" may be a family.
#
# The library uses the phone too, but never against a first name that clearly differs. That one rule keeps the family apart.
#
# ## 4. Whom may we write to?
#
# **Consent** is given for a *channel* and a *purpose*. Yes to the parcel's SMS is not yes to advertising by SMS. And a consent that was withdrawn is a no.
#
# `soft_spam` is the exception for one's own customers: mail about similar goods, with a way out in every mail. It is not a consent, and it holds for mail only.
#
# The first table counts *rows*. After the merge, some people have two answers: yes in one row, no in another. The rule is the **strictest form**: who has said no under any name has said no. The second table is such a person.

# %%
standing = consents.groupby(["channel", "purpose"])["withdrawn_ts"].agg(given="size", withdrawn="count")
display(standing.assign(in_force=standing["given"] - standing["withdrawn"]))
asked = consents[(consents["channel"] == "email") & (consents["purpose"] == "marketing")]
asked = asked.assign(record_id=asked["customer_id"].fillna(asked["contact_id"]), yes=asked["withdrawn_ts"].isna())
asked["merged_id"] = asked["record_id"].map(found)
asked = asked.merge(merged.consents[["merged_id", "channel", "purpose", "status"]], how="left")
torn = asked[asked["yes"] & (asked["status"] == "withdrawn")]
one_person = asked[asked["merged_id"].isin(torn["merged_id"].head(1))]
one_person[["record_id", "source", "given_ts", "withdrawn_ts", "status"]].style.hide()

# %% [markdown]
# `status` is what holds for the person. Is it fair if the yes came *later* than the no? Perhaps they changed their mind. Perhaps they only overlooked a box at the fair. The policy decides (`later_grant`), and the careful choice is no.
#
# **What do you expect?** How many people are behind the rows in force for marketing by mail?

# %% mystnb={"image": {"alt": "Bars: permissions by mail for marketing: people who may be written to, second rows of the same people, rows of people who said no elsewhere."}}
in_force, people = int(asked["yes"].sum()), asked.loc[asked["status"] == "given", "merged_id"].nunique()
parts = {"one row each: may be written to": people, "another row of the same person": in_force - people - len(torn)}
parts["the person said no in another row"] = len(torn)
reach = people / len(merged.contacts)
record(
    "consent", {"rows_in_force": in_force, "people": people, "said_no_elsewhere": len(torn), "reach": round(reach, 4)}
)
title = f"{in_force:,} rows in force are {people:,} people: {reach:.0%} of all whom we know"
axes = plots.count_bars(pd.Series(parts), title=title, xlabel=text.label("permissions", language))

# %% [markdown]
# The middle bar costs a little money: the same mail twice. The last bar costs trust: a person said no, and gets mail. Without the merge nobody would notice, except that person.
#
# An *empty* answer is not a yes. Whoever never ticked the box is in none of these bars, and gets no marketing.
#
# ## 5. Who answers?
#
# Questionnaires should be short, optional and out of the way, with a small thank-you. So most people do not answer. That is fine, *if* those who answer are like those who do not. Are they?
#
# First what every shop can see: behaviour. We compare three ways to look, among those who have bought.
#
# - **profile**: the questions on lifestyle and values in the account;
# - **first survey**: each customer's first question on recommending us;
# - **any survey**: who has *ever* answered, against who never has.
#
# **What do you expect?** In which of the three did the answering customers spend most above the others?

# %%
buyers = profile[profile["frequency"] > 0]
buyers = buyers.assign(
    spend=buyers["monetary"].astype(float),
    recency=(pd.Timestamp(shop.as_of) - buyers["last_order"].dt.normalize()).dt.days,
)
nps_rows = surveys[surveys["kind"] == "nps"].sort_values("sent_ts")
questions = report.index[report["category"] == "psychographic"].drop("preferred_channel", errors="ignore")
first = nps_rows.drop_duplicates("customer_id").set_index("customer_id")["score"].notna()
ever = surveys.groupby("customer_id")["score"].count() > 0
looks = {"profile": buyers[questions].notna().any(axis=1), "first survey": first, "any survey": ever}
answered = pd.DataFrame(looks).reindex(buyers.index)
long = answered.melt(ignore_index=False, var_name="way", value_name="answered").dropna()
means = buyers[["spend", "frequency", "recency"]].join(long).groupby(["way", "answered"]).agg(["mean", "var", "size"])
means = means.loc[list(answered)]
means.loc[:, (slice(None), "mean")].droplevel(1, axis=1).style.format(precision=1)

# %% mystnb={"image": {"alt": "Dots with intervals: the difference in mean spend between who answered and who did not, in three comparisons."}}
yes, no = (means["spend"].xs(key, level="answered") for key in (True, False))
gap = yes["mean"] - no["mean"]
half = 1.96 * np.sqrt(yes["var"] / yes["size"] + no["var"] / no["size"])
rates = yes["size"] / (yes["size"] + no["size"])
record("response_rates", rates.round(4).to_dict())
gaps = pd.DataFrame({"estimate": gap, "low": gap - half, "high": gap + half})
record("spend_gap", gaps.reset_index())
named_gaps = gaps.set_axis([f"{way} ({rates[way]:.0%} answered)" for way in gaps.index])
title = f"Who answered the first survey spent {gaps.loc['first survey', 'estimate']:,.0f} more"
axes = plots.interval_dots(named_gaps, title=title, xlabel=text.label("spend_difference", language))
axes.axvline(0, linestyle=":", zorder=0)

# %% [markdown] tags=["any-source"]
# The lines are 95 % intervals. A line that crosses zero shows no difference that we can be sure of. So not every optional questionnaire is biased. You have to measure.
#
# Did those who answered the first survey spend more, and buy more lately? Recency counts the days since the last order. Answering does not *make* anybody buy. Content people do both: they answer, and they stay.
#
# The row `any survey` is a trap. A survey follows an order. Who buys ten times is asked ten times, and has ten chances to have *ever* answered. A part of that gap comes from being asked more often. Compare people who were asked equally often.
#
# ### What it does to the result
#
# The **NPS** is the share of promoters (9 and 10) less the share of detractors (6 and below). Notebook 05 is about it. Here we ask one thing: is the NPS of those who answered the NPS of everybody?
#
# The shop by itself can only give bounds: what if all the silent were detractors, or all promoters? The simulated shop knows what they *would* have answered. **What do you expect?** Higher, equal, or lower?
#
# The interval comes from drawing the *customers* again, with replacement. Not the surveys: one customer's answers belong together.

# %%
sent = nps_rows[nps_rows["scale"] == "0-10"]
sent = sent.merge(read_truth("surveys", source)) if truth is not None else sent.assign(true_score=sent["score"])
said = sent["score"].notna().astype(int)
points = (sent["true_score"] >= 9).astype(int) - (sent["true_score"] <= 6).astype(int)
sums = pd.DataFrame({"asked": 1, "points": points, "said": said, "points_said": points * said})
sums = sums.groupby(sent["customer_id"]).sum().to_numpy()
chance = np.full(len(sums), 1 / len(sums))
draws = np.random.default_rng(1).multinomial(len(sums), chance, size=50 if fast else 400) @ sums
n_all, of_all, n_said, of_said = np.vstack([draws, sums.sum(axis=0)]).T  # the last row is what was observed
curves = {"who answered": 100 * of_said / n_said}
if truth is not None:
    curves["everybody who was asked (truth)"] = 100 * of_all / n_all
    curves["who kept silent (truth)"] = 100 * (of_all - of_said) / (n_all - n_said)

# %% mystnb={"image": {"alt": "Dots with intervals: the NPS of those who answered, of everybody who was asked, and of those who kept silent."}}
rate, heard = n_said[-1] / n_all[-1], curves["who answered"][-1]
worst, best = rate * heard - 100 * (1 - rate), rate * heard + 100 * (1 - rate)
print(f"{rate:.0%} answered; their NPS is {heard:.0f}. Everybody's lies somewhere from {worst:.0f} to {best:.0f}.")
ends = {name: (v[-1], *np.quantile(v[:-1], [0.025, 0.975])) for name, v in curves.items()}
nps = pd.DataFrame(ends, index=["estimate", "low", "high"]).T
title = f"The NPS of those who answered is {heard:.0f}"
if truth is not None:
    bias = curves["who answered"] - curves["everybody who was asked (truth)"]
    nps.loc["bias"] = (bias[-1], *np.quantile(bias[:-1], [0.025, 0.975]))
    title = f"The answers flatter the shop by {bias[-1]:.0f} points of NPS"
record("nps", nps.reset_index(names="of"))
axes = plots.interval_dots(nps.drop("bias", errors="ignore"), title=title, xlabel=text.label("nps_points", language))

# %% [markdown]
# Where a truth stands beside the first interval, compare the two: on the shop that ships the interval is narrow, and misses the truth. An interval tells how far *chance* may have moved the number. It knows nothing of who kept silent. More answers of the same kind make it narrower, not truer.
#
# So watch the NPS over time, with the same questionnaire and the same response rate. Do not compare it with another shop's.
#
# ## What should the shop do?
#
# Each decision, with the money beside it. The prices are the parameters; change them and run again.

# %%
again = parts["another row of the same person"] * mails_a_year * mail_cost
plan = [
    ("mail people, not rows", again, "second mails of a year, saved"),
    ("let the strictest consent win", len(torn) * complaint_cost, "saved, if each such mail ended in a complaint"),
    ("look through the review band", -len(merged.review) * review_cost, "paid once"),
]
if truth is not None:
    one_person = truth.reindex(merged.review["left_id"]).eq(truth.reindex(merged.review["right_id"]).to_numpy())
    plan[-1] = (*plan[-1][:2], f"paid once; {one_person.mean():.0%} of the pairs are one person (truth)")
    costs = bill()["cost_a_year"]
    plan.append(("merge by all steps, not by the raw text", costs.iloc[0] - costs.iloc[-1], "saved in a year"))
decision = pd.DataFrame(plan, columns=["decision", "money", "what it is"])
record("decision", decision)
decision.style.format({"money": "{:+,.0f}"}).hide()

# %% [markdown]
# Clean and merge before anything is counted or sent. Write only to people whose strictest answer is yes. The prices are guesses, and the slider shows which of them matters: what a wrong merge costs. If a wrong merge would be very dear to you (medicines, loans), keep to exact keys, and let people decide the rest.
#
# **Not known yet:** what the silent think. Do not pay managers by an NPS of volunteers. Try a small thank-you on a random half of the next survey. If the NPS falls while the response rises, you have begun to hear the others.

# %%
money = decision.set_index("decision")["money"]
decide(
    f"Clean and merge by all steps before anything is counted or sent: {len(merged.members):,} records are "
    f"{len(merged.contacts):,} people, and writing to people instead of rows saves {money.iloc[0]:,.0f} a year in mails. "
    f"Write only to the {people:,} people ({reach:.0%}) whose strictest answer is yes.",
    sure="The counts are exact for this archive. The price of a mail is an assumption"
    + (
        f"; the last step of merging pays while a wrong merge costs less than {even['low']:,.0f}, the careful end."
        if truth is not None
        else "; how often a merge is wrong is not known here: check a sample."
    ),
)

# %% [markdown]
# ## What you can do now
#
# - You sorted what the shop knows into four categories, and measured how complete and how valid it is.
# - You cleaned a contact by hand, and checked that no row of the intake was lost.
# - You merged duplicates, measured precision and recall, and put a price on both kinds of mistake.
# - You counted whom the shop may write to, before and after the strictest consent won.
# - You measured who answers a questionnaire, and how far that moved the result.
#
# **Exercise:** `01_data_collection` gives you another archive to clean and merge, and asks you to defend a threshold.
#
# **Next:** `02_personas`, where the people whom we now know are gathered into groups.
#
# **Further reading:** I. P. Fellegi and A. B. Sunter, "A Theory for Record Linkage", Journal of the American Statistical Association 64 (1969): where merging by probability comes from.
