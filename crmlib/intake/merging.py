"""Clean contacts -> people: one row each, every merge logged, and each of them reversible."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib import policy as policies
from crmlib.errors import SchemaError
from crmlib.files import checksum
from crmlib.intake.cleaning import Cleaned, clean_contacts
from crmlib.intake.clusters import Clusters, Join, Who
from crmlib.intake.exact import join_by_key
from crmlib.intake.permissions import strictest
from crmlib.intake.probable import Scored, probable_pairs
from crmlib.intake.records import records
from crmlib.intake.reviewing import review, strong_pairs
from crmlib.intake.spellings import Names
from crmlib.intake.turning import turned_back
from crmlib.shop.required import require
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Merged", "merge_contacts"]

#: The fields of a person, and the key by which two spellings of a value are one.
_FIELDS = {"first_name": None, "last_name": None, "generation": None, "company": None, "email": "email_key",
           "phone": "phone_key", "street": None, "city": None, "postcode": None, "country": None,
           "birth_date": None}  # fmt: skip
_LOG = ["merge_id", "merged_id", "left_id", "right_id", "reason", "score"]
_LEAST = 0.001  # pairs that are less likely are not worth a rank
_DECIDED = ["left_id", "right_id", "same"]


@dataclass(frozen=True)
class Merged:
    """What `merge_contacts` returns.

    Attributes
    ----------
    contacts
        One row a person: merged_id, customer_id, the best value of each field, first_seen, last_seen, records.
    members
        Which record is which person: record_id, account, merged_id.
    provenance
        Where each value of `contacts` comes from: merged_id, column, value, record_id.
    log
        One row a merge: merge_id, merged_id, left_id, right_id, reason, score. There are as many as there are records
        less people.
    review
        Pairs that a person should decide, the likeliest first: left_id, right_id, reason, score. With a column ``same``
        filled in, it can be given back as `decided`.
    consents
        See `crmlib.intake.permissions.strictest`; empty if none were given.
    originals
        The records as they were.
    left_off
        How many pairs `review` leaves off, the least likely, for it grew longer than the policy's `longest_review`.
    estimated
        How many pairs of records are one person, as estimated from the archive: the prior of every score. Where few
        records carry a mailbox or a telephone, nothing but names and places stands behind it.
    """

    contacts: pd.DataFrame
    members: pd.DataFrame
    provenance: pd.DataFrame
    log: pd.DataFrame
    review: pd.DataFrame
    consents: pd.DataFrame
    originals: pd.DataFrame
    _table: pd.DataFrame
    _raw_consents: pd.DataFrame | None
    _rules: policies.Intake
    left_off: int = 0
    estimated: float = 0.0

    def undo(self, *merge_ids: str) -> Merged:
        """Take merges back: the people that they joined are apart again, each with its own fields and consents.

        Parameters
        ----------
        *merge_ids
            Of `log`.

        Returns
        -------
        Merged
            Without these merges. Undoing all of them leaves the originals, one row each.

        Raises
        ------
        SchemaError
            There is no such merge.
        """
        known = set(self.log["merge_id"])
        for merge_id in merge_ids:
            if merge_id not in known:
                raise SchemaError(
                    f"There is no merge {merge_id!r} in the log. {did_you_mean(merge_id, sorted(known)[:5])}"
                )
        kept = self.log[~self.log["merge_id"].isin(merge_ids)]
        joins = [Join(*row) for row in kept[["left_id", "right_id", "reason", "score"]].itertuples(index=False)]
        groups = {record: record for record in self._table["record_id"]}
        members = {record: [record] for record in groups}
        for join in joins:
            left, right = groups[join.left], groups[join.right]
            for record in members[right]:
                groups[record] = left
            members[left] += members.pop(right)
        people = _people(self.originals, self._table, groups, joins)
        found = _consents(self._raw_consents, people, self._rules)
        return replace(
            self,
            contacts=people["contacts"],
            members=people["members"],
            provenance=people["provenance"],
            log=people["log"],
            consents=found,
        )

    def __repr__(self) -> str:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.log["reason"].value_counts().items())
        return (
            f"Records: {len(self.members):,}; people: {len(self.contacts):,}; merges: {len(self.log):,}"
            f"{f' ({reasons})' if reasons else ''}; pairs to review: {len(self.review):,}"
            f"{f' ({self.left_off:,} less likely ones left off)' if self.left_off else ''}."
        )


def merge_contacts(
    contacts: Cleaned | pd.DataFrame,
    *,
    customers: Cleaned | pd.DataFrame | None = None,
    consents: pd.DataFrame | None = None,
    policy: policies.Policy | str | Path | dict[str, Any] | None = None,
    decided: pd.DataFrame | None = None,
    keys_only: bool = False,
) -> Merged:
    """Find out which contacts are one person, and make one row of them.

    What a person decided comes first, then equal mailboxes, then equal phones, then pairs that agree in so much of the
    rest that they are one person with the policy's probability (see `crmlib.intake.probable`). A key joins only records
    whose names fit, and fit one person alone. Two records whose first names differ clearly are never merged, nor two
    accounts, nor a company and a person, directly or by way of others; only the same date of birth overrules first
    names, where the two share no telephone or mailbox as a family would.

    The score of a pair depends on how far names, places, streets, dates of birth, mailboxes and telephones agree, on
    how often values are shared by chance in this archive, on how often those of one person differ in it, and on how
    many pairs of it are one person. All are estimated from the records at hand, so the same pair may score otherwise
    in another archive. Whatever shares two keys, or one key and the surname with first names that may be one, or says
    the same in all columns, and is not merged, stands in the review.

    Parameters
    ----------
    contacts
        Of `clean_contacts`.
    customers
        Accounts to link the contacts to, clean or with a column customer_id. Two accounts are never merged.
    consents
        Permissions by contact_id or customer_id; a person keeps the strictest.
    policy
        Definitions of the business; see `crmlib.policy.Intake` for the thresholds.
    decided
        What a person decided on pairs of a former `Merged.review`: left_id, right_id, same.
    keys_only
        Leave out the probabilistic step.

    Returns
    -------
    Merged
        People, a log of merges, and the doubtful pairs.

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({
    ...     "contact_id": ["1", "2", "3"], "name": ["Anna Rossi", "ANNA ROSSI", "Marco Rossi"],
    ...     "email": ["anna@example.org", "Anna+shop@example.org", None], "phone": [None, "3001234567", "3001234567"],
    ... })
    >>> merged = merge_contacts(clean_contacts(raw))
    >>> merged
    Records: 3; people: 2; merges: 1 (1 exact email); pairs to review: 0.
    >>> merged.contacts[["merged_id", "first_name", "email", "phone", "records"]].to_dict("records")[0]
    {'merged_id': 'M-1', 'first_name': 'Anna', 'email': 'anna@example.org', 'phone': '+393001234567', 'records': 2}
    >>> len(merged.undo(*merged.log["merge_id"]).contacts)
    3
    """
    rules = policies.load(policy).intake
    ours = _clean(contacts, None)
    accounts = None if customers is None else _clean(customers, policy)
    originals = _originals(ours, accounts)
    table = records(ours, accounts, rules)
    apart, together = _decisions(decided, set(table["record_id"]))
    fields = ["given", "family", "account", "company", "number", "birth_date", "generation"]
    who = {
        str(record): Who(_text(given), _text(family), bool(account), *map(_text, others))
        for record, given, family, account, *others in table[["record_id", *fields]].itertuples(index=False)
    }
    names = Names(((each.first, each.last) for each in who.values()), rules.name_typos)
    clusters = Clusters(who, names, apart)
    clusters.keys = {str(record): {key for key in keys if not pd.isna(key)}
                     for record, *keys in table[["record_id", "email", "phone"]].itertuples(index=False)}  # fmt: skip
    clusters.places = {
        str(record): {place for place in places if not pd.isna(place)}
        for record, *places in table[["record_id", "city", "postcode"]].itertuples(index=False)
    }
    for left, right in together:
        clusters.join(Join(left, right, "decided", 1.0), sure=True)
    doubtful: list[Join] = []
    said = table.copy()  # what the probability may go by: not a switchboard's number
    for key in ("email", "phone"):
        pairs, everybodys = join_by_key(clusters, table, key, rules)
        doubtful += pairs
        said[key] = said[key].mask(said[key].isin(everybodys))
    said[["local", "provider"]] = said[["local", "provider"]].where(said["email"].notna())
    scored = Scored(pd.DataFrame({"left": [], "right": [], "probability": []}, dtype="str"), 0.0)
    if not keys_only:
        scored = probable_pairs(said, least=_LEAST)
        doubtful += _probable(clusters, scored.pairs, rules)
        doubtful += strong_pairs(clusters, table)
    else:
        doubtful += (pair for pair in strong_pairs(clusters, table) if pair.reason != "identical")
    open_pairs, left_off = review(doubtful, clusters, scored.pairs, rules.longest_review)
    groups = {record: clusters.group(record) for record in who}
    people = _people(originals, table, groups, clusters.joins)
    return Merged(
        contacts=people["contacts"],
        members=people["members"],
        provenance=people["provenance"],
        log=people["log"],
        review=open_pairs,
        left_off=left_off,
        estimated=scored.matches,
        consents=_consents(consents, people, rules),
        originals=originals,
        _table=table,
        _raw_consents=consents,
        _rules=rules,
    )


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)


def _clean(contacts: Cleaned | pd.DataFrame, policy: Any) -> pd.DataFrame:
    """Return clean contacts; accounts, which few would think of cleaning first, are cleaned here."""
    table = contacts.contacts if isinstance(contacts, Cleaned) else contacts
    if "email_key" in table.columns and "phone_key" in table.columns:
        return table
    if "customer_id" not in table.columns:
        raise SchemaError("The contacts are not clean yet. Give merge_contacts what clean_contacts returns.")
    columns = {"contact_id": "customer_id"}
    if "registered_ts" in table.columns:
        columns["received_ts"] = "registered_ts"
    cleaned = clean_contacts(table, columns=columns, policy=policy)
    if len(cleaned.rejects):
        first = cleaned.rejects.iloc[0]
        raise SchemaError(
            f"customers, row {first['source_row']}: {first['reason']}. Clean them first: "
            'clean_contacts(customers, columns={"contact_id": "customer_id"}) keeps such rows aside.'
        )
    return cleaned.contacts


def _originals(ours: pd.DataFrame, accounts: pd.DataFrame | None) -> pd.DataFrame:
    both = [ours.assign(account=False)]
    if accounts is not None:
        twice = set(ours["contact_id"]) & set(accounts["contact_id"])
        if twice:
            raise SchemaError(
                f"{min(twice)!r} is the id of a contact and of a customer. Give one of them a prefix first, such as "
                'customers["customer_id"] = "C" + customers["customer_id"].'
            )
        both.append(accounts.assign(account=True))
    return pd.concat(both, ignore_index=True)


def _decisions(decided: pd.DataFrame | None, known: set[str]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    if decided is None:
        return [], []
    require(decided, "decided", _DECIDED, may_be_empty=["same"])
    apart: list[tuple[str, str]] = []
    together: list[tuple[str, str]] = []
    for left, right, same in decided[_DECIDED].itertuples(index=False):
        for record in (left, right):
            if record not in known:
                raise SchemaError(
                    f"decided: there is no contact {record!r}. Give the ids of left_id and right_id in review."
                )
        if not pd.isna(same):
            (together if same else apart).append((left, right))
    return apart, together


def _probable(clusters: Clusters, pairs: pd.DataFrame, rules: policies.Intake) -> list[Join]:
    """Join the likely pairs, the likeliest first; return the doubtful ones."""
    doubtful = []
    likely = pairs[pairs["probability"] >= rules.review_from]
    for left, right, probability in likely.itertuples(index=False):
        join = Join(left, right, "probabilistic", float(probability))
        one, other = clusters.who[left], clusters.who[right]
        # the same day of birth, and no telephone or mailbox that a family would share: what differs may be a mistake
        born = one.birth_date is not None and one.birth_date == other.birth_date and not clusters.met(left, right)
        reason = "doubtful" if probability < rules.merge_from else clusters.join(join, names=not born)
        if reason in {"left to review", "generations differ"}:
            continue  # the key that they share has put them there; or father and son, and nobody need be asked
        if reason and (reason != "first names differ" or not clusters.two_names(one, other)):
            doubtful.append(join)
    return doubtful


def _people(
    originals: pd.DataFrame, table: pd.DataFrame, groups: dict[str, str], joins: list[Join]
) -> dict[str, pd.DataFrame]:
    """Make one row of each group; a person is named after the earliest record."""
    group = table["record_id"].map(groups)
    earliest = dict(zip(group[::-1], table["record_id"][::-1], strict=True))
    merged = pd.Series({record: f"M-{earliest[name]}" for record, name in groups.items()}, dtype="str")
    members = table[["record_id", "account"]].assign(merged_id=merged.reindex(table["record_id"]).to_numpy())
    rows = originals.set_index("contact_id").loc[table["record_id"]].reset_index()
    rows = rows.reindex(columns=[*rows.columns, *(name for name in _FIELDS if name not in rows)])
    rows["merged_id"] = members["merged_id"].to_numpy()
    _turn(rows, table["turned"].to_numpy())
    _turn(rows, turned_back(rows))
    by_person = rows.groupby("merged_id", sort=False)
    contacts = by_person.agg(
        first_seen=("received_ts", "min"), last_seen=("received_ts", "max"), records=("contact_id", "size")
    )
    contacts.insert(
        0, "customer_id", rows[rows["account"]].set_index("merged_id")["contact_id"].reindex(contacts.index)
    )
    sources = []
    for number, (name, key) in enumerate(_FIELDS.items(), 1):
        best = _best(rows, name, key)
        contacts.insert(number, name, best[name].reindex(contacts.index).astype("str"))
        sources.append(pd.DataFrame({"merged_id": best.index, "column": name, "value": best[name].to_numpy(),
                                     "record_id": best["contact_id"].to_numpy()}))  # fmt: skip
    log = [(_merge_id(join), merged[join.left], join.left, join.right, join.reason, join.score) for join in joins]
    return {
        "contacts": contacts.reset_index().sort_values("merged_id", ignore_index=True),
        "members": members.sort_values("record_id", ignore_index=True),
        "provenance": pd.concat(sources).sort_values(["merged_id", "column"], ignore_index=True),
        "log": pd.DataFrame(log, columns=_LOG).astype({**dict.fromkeys(_LOG[:5], "str"), "score": "float64"}),
    }


def _turn(rows: pd.DataFrame, wrong: Any) -> None:
    """Let first and last name change places where they stand the wrong way round."""
    rows["first_name"], rows["last_name"] = (
        rows["first_name"].mask(wrong, rows["last_name"]),
        rows["last_name"].mask(wrong, rows["first_name"]),
    )


def _best(rows: pd.DataFrame, name: str, key: str | None) -> pd.DataFrame:
    """Return each person's best value: the one that most records have; then the account's, then the latest."""
    said = rows.loc[rows[name].notna(), ["merged_id", "contact_id", "account", "received_ts", name]].copy()
    said["key"] = rows[key or name].astype("str").str.casefold()
    said["votes"] = said.groupby(["merged_id", "key"])["key"].transform("size")
    said = said.sort_values(
        ["merged_id", "votes", "account", "received_ts", "contact_id"],
        ascending=[True, False, False, False, True],
        na_position="last",
    )
    return said.drop_duplicates("merged_id").set_index("merged_id")


def _merge_id(join: Join) -> str:
    return "J" + checksum("|".join(sorted((join.left, join.right))))[:12]


def _consents(consents: pd.DataFrame | None, people: dict[str, pd.DataFrame], rules: policies.Intake) -> pd.DataFrame:
    if consents is None:
        consents = pd.DataFrame(
            {name: pd.Series(dtype="str") for name in ("consent_id", "contact_id", "channel", "purpose")}
            | {name: pd.Series(dtype="datetime64[us]") for name in ("given_ts", "withdrawn_ts")}
        )
    return strictest(consents, dict(people["members"][["record_id", "merged_id"]].itertuples(index=False)), rules)
