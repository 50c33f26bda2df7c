"""Clean contacts -> people: one row each, every merge logged, and each of them reversible."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from crmlib import policy as policies
from crmlib.errors import SchemaError
from crmlib.intake.cleaning import Cleaned, clean_contacts
from crmlib.intake.clusters import Clusters, Join, Who
from crmlib.intake.exact import join_by_key
from crmlib.intake.permissions import strictest
from crmlib.intake.probable import probable_pairs
from crmlib.intake.records import records
from crmlib.schema import did_you_mean, require

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Merged", "merge_contacts"]

#: The fields of a person, and the key by which two spellings of a value are one.
_FIELDS = {"first_name": None, "last_name": None, "email": "email_key", "phone": "phone_key", "city": None,
           "postcode": None, "country": None}  # fmt: skip
_LOG = ["merge_id", "merged_id", "left_id", "right_id", "reason", "score"]
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
            f"{f' ({reasons})' if reasons else ''}; pairs to review: {len(self.review):,}."
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
    rest that they are one person with the policy's probability (see `crmlib.intake.probable`). Two records whose first
    names differ clearly are never merged, nor two accounts, directly or by way of others.

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
    who = {
        str(record): Who(_text(given), _text(family), bool(account))
        for record, account, given, family in table[["record_id", "account", "given", "family"]].itertuples(index=False)
    }
    clusters = Clusters(who, rules.name_typos, apart)
    for left, right in together:
        clusters.join(Join(left, right, "decided", 1.0), sure=True)
    doubtful = [pair for key in ("email", "phone") for pair in join_by_key(clusters, table, key, rules)]
    if not keys_only:
        doubtful += _probable(clusters, table, rules)
    groups = {record: clusters.group(record) for record in who}
    people = _people(originals, table, groups, clusters.joins)
    return Merged(
        contacts=people["contacts"],
        members=people["members"],
        provenance=people["provenance"],
        log=people["log"],
        review=_review(doubtful, clusters),
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


def _probable(clusters: Clusters, table: pd.DataFrame, rules: policies.Intake) -> list[Join]:
    """Join the likely pairs, the likeliest first; return the doubtful ones."""
    found = len(clusters.joins)
    doubtful = []
    pairs = probable_pairs(table, found=found, least=rules.review_from)
    for left, right, probability in pairs.itertuples(index=False):
        join = Join(left, right, "probabilistic", float(probability))
        if probability < rules.merge_from or clusters.join(join) == "two accounts":
            doubtful.append(join)
    return doubtful


def _review(doubtful: Iterable[Join], clusters: Clusters) -> pd.DataFrame:
    """List the pairs that are still open, each pair of people once."""
    rows, seen = [], set()
    for pair in sorted(doubtful, key=lambda pair: (-pair.score, pair.left, pair.right)):
        people = frozenset((clusters.group(pair.left), clusters.group(pair.right)))
        if (
            len(people) == 1
            or people in seen
            or clusters.why_not(pair.left, pair.right) in {"first names differ", "decided apart"}
        ):
            continue
        seen.add(people)
        rows.append((pair.left, pair.right, pair.reason, pair.score))
    frame = pd.DataFrame(rows, columns=["left_id", "right_id", "reason", "score"])
    return frame.astype({"left_id": "str", "right_id": "str", "reason": "str", "score": "float64"})


def _people(
    originals: pd.DataFrame, table: pd.DataFrame, groups: dict[str, str], joins: list[Join]
) -> dict[str, pd.DataFrame]:
    """Make one row of each group; a person is named after the earliest record."""
    group = table["record_id"].map(groups)
    earliest = dict(zip(group[::-1], table["record_id"][::-1], strict=True))
    merged = pd.Series({record: f"M-{earliest[name]}" for record, name in groups.items()}, dtype="str")
    members = table[["record_id", "account"]].assign(merged_id=merged.reindex(table["record_id"]).to_numpy())
    rows = originals.set_index("contact_id").loc[table["record_id"]].reset_index()
    rows["merged_id"] = members["merged_id"].to_numpy()
    turned = table["turned"].to_numpy()
    rows["first_name"], rows["last_name"] = (
        rows["first_name"].mask(turned, rows["last_name"]),
        rows["last_name"].mask(turned, rows["first_name"]),
    )
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
    return "J" + hashlib.sha256("|".join(sorted((join.left, join.right))).encode()).hexdigest()[:12]


def _consents(consents: pd.DataFrame | None, people: dict[str, pd.DataFrame], rules: policies.Intake) -> pd.DataFrame:
    if consents is None:
        consents = pd.DataFrame(
            {name: pd.Series(dtype="str") for name in ("consent_id", "contact_id", "channel", "purpose")}
            | {name: pd.Series(dtype="datetime64[us]") for name in ("given_ts", "withdrawn_ts")}
        )
    return strictest(consents, dict(people["members"][["record_id", "merged_id"]].itertuples(index=False)), rules)
