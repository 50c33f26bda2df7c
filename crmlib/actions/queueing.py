"""From sequences to a dated queue: who gets which message when, why, and who is held back and why.

The queue is made from what was known on the eve of its period. A period after the shop's own day is projected: it
holds what will be due if nothing else happens until then. Sequences are taken to have been on all along, so a message
that is due today may belong to a trigger of two weeks ago.

Whoever orders at noon and is to be thanked at once was not in the queue that was made on the eve. Such messages are
late: the next queue holds them, due at its start.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crmlib import policy as policies
from crmlib import rfm
from crmlib.actions.begin import since_begin
from crmlib.actions.facts import facts
from crmlib.actions.gates import capped, held_rows, microseconds_of, people_of, timestamps
from crmlib.actions.judging import Judging
from crmlib.actions.moments import DAY, distinct_people, moments
from crmlib.actions.quiet import after_quiet, waits
from crmlib.actions.reasons import reason
from crmlib.actions.sequences import Sequence
from crmlib.actions.sequences import sequence as read
from crmlib.customers.consent import permissions
from crmlib.days import as_day
from crmlib.errors import CrmlibError, PolicyError
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import pandas as pd

    from crmlib.actions.sequences import Condition, Step, Trigger
    from crmlib.arrays import Bools, Ints
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["Queue", "queue"]

_MINUTE = 60_000_000  # microseconds
ENTRY = ["entry_id", "customer_id", "sequence", "version", "step", "due_ts", "channel", "purpose", "template",
         "language", "offer", "discount", "code", "trigger_ts", "reason", "category"]  # fmt: skip


class _Period(NamedTuple):
    """Of a queue, in microseconds; `before` is the start of the queue before it, `begins` that of the sequences."""

    start: int
    end: int
    before: int
    begins: int | None


@dataclass(frozen=True, repr=False)
class Queue:
    """What is due in a period.

    Attributes
    ----------
    entries
        One row a message, in the order in which they are due: entry_id (the same whenever the same message is queued
        again), customer_id, sequence, version, step, due_ts (in the shop's time zone), channel, purpose, template,
        language, offer (its kind, or missing), discount, code, trigger_ts, reason (a sentence), category.
    held
        Those held back: customer_id, sequence, version, step (missing if before the first), due_ts, channel (missing if
        there is none), why (a key of `crmlib.actions.WHY`), detail.
    start, days
        The period.
    as_of
        The day whose knowledge went into it.
    """

    entries: pd.DataFrame
    held: pd.DataFrame
    start: date
    days: int
    as_of: date

    def __repr__(self) -> str:
        return (
            f"<queue from {self.start}, {self.days} days, known on {self.as_of}: {len(self.entries):,} entries, "
            f"{len(self.held):,} held back>"
        )


def queue(
    shop: Shop,
    sequences: Sequence | str | Path | Iterable[Sequence | str | Path],
    *,
    start: date | str,
    days: int = 7,
    late_days: int = 1,
    begins: date | str | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
    about: pd.DataFrame | None = None,
    sent: pd.DataFrame | None = None,
) -> Queue:
    """Queue what sequences send in a period, after all gates.

    Parameters
    ----------
    shop
        Its events set sequences off and end them; its consents say who may be contacted.
    sequences
        Sequences, or what `crmlib.actions.sequence` reads. Where contacts compete for room under the policy's cap at
        the same moment, the first in this list wins.
    start
        First day of the period. What is known is what the shop knew on the day before, or on its own day if that was
        earlier.
    days
        Of the period.
    late_days
        How long ago the queue before this one began: what has been set off and due since then, too soon for that queue
        to know of it, is due at the start of this one. A queue made every day needs 1, one made every week and left
        alone in between 7: then each message is in one queue. 0 leaves late messages out.
    begins
        The day on which the sequences begin, or began: say it for every queue of theirs. What happened before that day
        sets nothing off; but those who have been silent for long enough already, or whose latest answer is low, enter
        on it once, at the first step. Calendars count from it. Without it, sequences have been on all along, and a
        calendar counts from each period's start.
    policy
        Windows, thresholds, caps, quiet hours, soft spam; the shop's own by default.
    about
        Columns of your own for the conditions, by customer_id; others are those of `crmlib.customers.profile` and of
        the shop's table ``customers``.
    sent
        Entries of earlier queues that were sent. They count for the caps, and none of them is queued again. The shop's
        own mails (email_events) count for the caps anyway.

    Returns
    -------
    Queue
        Its entries, and those held back. It does not depend on the order of rows in the shop.

    Raises
    ------
    CrmlibError
        A sequence is not one, two have one name, a condition asks for a column that is not known, or the shop lacks the
        table in which a trigger stands.
    PolicyError
        A step takes off at least as much of an order as the margin leaves.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib import open_shop
    >>> orders = pd.DataFrame({"customer_id": ["ann", "bob"], "order_ts": "2024-05-01", "amount": 10})
    >>> consents = pd.DataFrame({"customer_id": ["ann", "bob"], "channel": "email", "purpose": "soft_spam",
    ...                          "given_ts": pd.Timestamp("2024-01-01"),
    ...                          "withdrawn_ts": [pd.NaT, pd.Timestamp("2024-06-01")]})
    >>> shop = open_shop({"orders": orders, "consents": consents}, as_of="2024-06-30")
    Opened ...
    >>> found = queue(shop, "win_back", start="2024-07-01", policy={"churn": {"purchase_days": 61}})
    >>> found.entries[["customer_id", "due_ts", "code"]]
      customer_id              due_ts       code
    0         ann 2024-07-02 09:00:00  RIATTVA10
    >>> print(found.entries["reason"][0])
    No order for 62 days, since 2024-05-01; by email: own customer, similar goods, opt-out offered.
    >>> found.held[["customer_id", "why"]]
      customer_id        why
    0         bob  withdrawn
    """
    import pandas as pd

    chosen = _read(sequences)
    if days < 1:
        raise CrmlibError(f"days={days}: a queue's period has at least one day.")
    if late_days < 0:
        raise CrmlibError(f"late_days={late_days}: the queue before cannot have begun after this one.")
    first = as_day(start)
    known = shop if shop.as_of < first else shop.on(first - timedelta(days=1))
    rules = policies.load(policy or shop.policy)
    _check_offers(chosen, rules)
    begin = microseconds_of(first)
    began = None if begins is None else microseconds_of(as_day(begins))
    if began is not None and began > begin:
        raise CrmlibError(f"begins={begins!s} is later than start={start!s}: no queue is older than its sequences.")
    period = _Period(begin, begin + days * DAY, begin - late_days * DAY, began)
    rows = pd.concat([_due(known, each, place, rules, period) for place, each in enumerate(chosen)], ignore_index=True)
    people, code = people_of(known, rows["customer_id"])
    if about is None or "segment" not in about:
        _check_segments(chosen, rules)
    chooses = {condition.column for each in chosen for condition in _conditions(each)}
    wanted = chooses | {name for name in ("language", "preferred_channel") if _has(known, name)}
    lookup = facts(known, people, wanted, rules, about=about, chooses=chooses)
    allowed = permissions(known, people, rules).reindex(lookup.index)
    judging = Judging(rows, code, lookup=lookup, allowed=allowed, shop=known, rules=rules)
    for place, each in enumerate(chosen):
        judging.judge(each, place)
    frame = _described(rows, chosen, judging)
    if sent is not None and len(sent) and "entry_id" in sent:
        judging.hold(np.flatnonzero(frame["entry_id"].isin(sent["entry_id"]).to_numpy(dtype=bool)), "sent")
    order = judging.in_order()
    caps = tuple((each.name, each.cap.most, each.cap.within_days) for each in chosen if each.cap)
    judging.why[order] = capped(known, people, code[order], frame.iloc[order], rules, sent=sent, own=caps)
    entries = frame.iloc[order][judging.why[order] == ""].reset_index(drop=True)
    return Queue(entries[ENTRY], _held(frame, judging), first, days, known.as_of)


def _read(sequences: Sequence | str | Path | Iterable[Sequence | str | Path]) -> list[Sequence]:
    """Read what is not a sequence yet; refuse what would be counted twice."""
    several = [sequences] if isinstance(sequences, Sequence | str | Path) else list(sequences)
    chosen = [each if isinstance(each, Sequence) else read(each) for each in several]
    if not chosen:
        raise PolicyError("A queue needs a sequence at least.")
    names = [each.name for each in chosen]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PolicyError(f"Two sequences are called {twice[0]!r}: one queue takes one version of each.")
    return chosen


def _conditions(sequence: Sequence) -> Iterable[Condition]:
    yield from sequence.conditions
    for step in sequence.steps:
        yield from step.conditions


def _check_offers(chosen: list[Sequence], rules: Policy) -> None:
    """Refuse what loses money with every order: a queue hands codes out."""
    margin = rules.money.margin
    for each in chosen:
        for step in each.steps:
            discount = step.offer.discount if step.offer else 0.0
            if discount and discount >= margin:
                raise PolicyError(
                    f"{each.name}, step {step.name}: a discount of {discount:.2f} is not less than the margin of "
                    f"{margin:.2f} (money.margin of the policy): every order with it loses money. Take less off."
                )


def _check_segments(sequences: list[Sequence], rules: Policy) -> None:
    """Refuse a condition on a segment that the shop's map does not have: it would hold for nobody, without a word."""
    asked = [
        (each.name, name)
        for each in sequences
        for condition in _conditions(each)
        if condition.column == "segment"
        for name in condition.one_of or ()
    ]
    there = rfm.segment_names(rules) if asked else ()
    for sequence, name in asked:
        if name not in there:
            raise PolicyError(
                f"sequence {sequence}: a condition asks for segment {name!r}. {did_you_mean(name, there)}"
            )


def _has(shop: Shop, column: str) -> bool:
    return "customers" in shop.tables and column in shop.customers.columns


def _due(shop: Shop, sequence: Sequence, place: int, rules: Policy, period: _Period) -> pd.DataFrame:
    """Find the steps of one sequence that fall into the period, whoever may get them.

    One row a trigger and step: customer_id, sequence and step (their places), trigger, since, due, entered (false if it
    is too soon to enter again), exit (when the sequence ended, if it did).
    """
    import pandas as pd

    own = ((sequence.quiet_from, sequence.quiet_until),) if sequence.quiet_from else ()
    wait = waits(rules.contact, own)
    delays = [round(step.after_days * DAY) for step in sequence.steps]
    earliest = min(period.start - int(wait.max()) * _MINUTE - max(delays), period.before)
    found = _triggers(shop, sequence, rules, (earliest, period.end - min(delays)), period)
    news = found["since_us"].to_numpy() >= period.before
    parts = []
    for number, delay in enumerate(delays):
        due = after_quiet(found["us"].to_numpy() + delay, wait)
        due = np.where(news & (due < period.start), after_quiet(np.array([period.start]), wait), due)
        inside = (due >= period.start) & (due < period.end)
        parts.append(found[inside].assign(step=number, due=due[inside]))
    rows = pd.concat(parts, ignore_index=True).rename(columns={"us": "trigger", "since_us": "since"})
    return _exits(shop, sequence, rules, rows.assign(sequence=place))


def _triggers(shop: Shop, sequence: Sequence, rules: Policy, window: tuple[int, int], period: _Period) -> pd.DataFrame:
    """Return the triggers of a window: customer_id, us, since_us, entered."""
    import pandas as pd

    trigger = sequence.trigger
    if trigger.event == "calendar":
        people, dates = distinct_people(shop), _dates(trigger, period)
        dates = dates[dates >= window[0]]
        us = np.tile(dates, len(people))
        known = np.where(us >= period.start, us, 0)  # an earlier date was no news to the queue before
        return pd.DataFrame({"customer_id": people.repeat(len(dates)).to_numpy(), "us": us,
                             "since_us": known, "entered": True})  # fmt: skip
    table = moments(shop, trigger.event, rules, days=trigger.days)
    found = table.engine.query("actions_candidates", {"moments": table}, from_us=window[0], to_us=window[1]).to_pandas()
    if period.begins is not None:
        found = since_begin(shop, trigger, rules, found, period.begins)
    found = found.assign(entered=_enters(found, sequence.again_after_days * DAY))
    return found[found["us"] >= window[0]]


def _dates(trigger: Trigger, period: _Period) -> Ints:
    """Return the dates of a calendar, from the period's start or from the day on which the sequences began."""
    first = period.start if period.begins is None else period.begins
    return np.arange(first, period.end, round((trigger.days or 0) * DAY) or period.end - first)


def _enters(moments: pd.DataFrame, gap: int) -> Bools:
    """Say which moments begin the sequence: a customer's first, then the first that is late enough after the last one.

    Moments are sorted by customer and time; the gap is in microseconds.
    """
    us = moments["us"].to_numpy(dtype=np.int64)
    if not len(us) or not gap:
        return np.ones(len(us), dtype=bool)
    entered = np.zeros(len(us), dtype=bool)
    names = moments["customer_id"].to_numpy()
    new = np.append(True, names[1:] != names[:-1])
    person = np.cumsum(new) - 1
    # person and time as one rising number: the next entry of everybody at once is one search (milliseconds, to fit)
    time, wait = (us - us.min()) // 1000, gap // 1000
    key = person * (int(time.max()) + wait + 1) + time
    now = np.flatnonzero(new)
    while len(now):
        entered[now] = True
        following = np.searchsorted(key, key[now] + wait)
        there = following < len(key)
        following, now = following[there], now[there]
        now = following[person[following] == person[now]]
    return entered


def _exits(shop: Shop, sequence: Sequence, rules: Policy, rows: pd.DataFrame) -> pd.DataFrame:
    """Add when each trigger's sequence ended: the column exit, missing if it did not."""
    import pandas as pd

    entered = rows.loc[rows["entered"], ["customer_id", "trigger"]].drop_duplicates()
    first = pd.DataFrame({"customer_id": pd.Series(dtype="str"), "trigger": pd.Series(dtype="int64"),
                          "exit": pd.Series(dtype="int64")})  # fmt: skip
    for event in sequence.exits:
        if entered.empty:
            break
        if event == "calendar":
            raise PolicyError(f"sequence {sequence.name!r}, exits: a calendar date cannot end a sequence.")
        table = moments(shop, event, rules)
        asked = table.engine.add(entered.rename(columns={"trigger": "us"}))
        ended = table.engine.query("actions_exits", {"entered": asked, "moments": table}).to_pandas()
        first = pd.concat([first, ended.rename(columns={"us": "trigger", "exit_us": "exit"})], ignore_index=True)
    earliest = first.sort_values("exit", kind="stable").drop_duplicates(["customer_id", "trigger"])
    return rows.merge(earliest, on=["customer_id", "trigger"], how="left")


def _described(rows: pd.DataFrame, chosen: list[Sequence], judging: Judging) -> pd.DataFrame:
    """Make entries of rows: all that a message needs, and why it is there."""
    import pandas as pd

    parts = []
    for place, each in enumerate(chosen):
        for number, step in enumerate(each.steps):
            at = np.flatnonzero((judging.sequence == place) & (judging.step == number))
            parts.append(_of_step(rows.iloc[at], at, each, step, judging))
    return pd.concat(parts).sort_index()


def _of_step(rows: pd.DataFrame, at: Ints, sequence: Sequence, step: Step, judging: Judging) -> pd.DataFrame:
    import pandas as pd

    def text(values: Any) -> pd.Series:
        return pd.Series(values, rows.index, "str")

    us, since, offer = rows["trigger"].to_numpy(), rows["since"].to_numpy(), step.offer
    sent = judging.ground[at] != ""
    said = np.full(len(at), "", dtype=object)
    means = judging.channel[at][sent] + "|" + judging.ground[at][sent]
    said[sent] = reason(sequence.trigger.event, step, us[sent], since[sent], means)
    salt = f"{sequence.name}|{sequence.version}|{step.name}|"
    columns = {
        "entry_id": text([_checksum(f"{salt}{who}|{when}") for who, when in zip(rows["customer_id"], us, strict=True)]),
        "customer_id": text(rows["customer_id"]),
        "sequence": text(sequence.name),
        "version": sequence.version,
        "step": text(step.name),
        "due_ts": timestamps(rows["due"].to_numpy()),
        "channel": text(judging.channel[at]),
        "purpose": text(sequence.purpose),
        "template": text(step.template),
        "language": text(judging.languages(at, sequence.language)),
        "offer": text(offer.kind if offer else None),
        "discount": offer.discount if offer else 0.0,
        "code": text((offer.code or None) if offer else None),
        "trigger_ts": timestamps(us),
        "reason": text(said),
        "category": text("|".join(sequence.category)),
    }
    return pd.DataFrame(columns, index=rows.index)


def _checksum(text: str) -> str:
    """Return a name of 16 characters for a text; no secret hangs on it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:16]


def _held(frame: pd.DataFrame, judging: Judging) -> pd.DataFrame:
    """Make the table of those held back; who is stopped before the first step stands there once."""
    held = np.flatnonzero(judging.why != "")
    rows = frame.iloc[held].assign(trigger=frame["trigger_ts"].iloc[held])
    rows.loc[~judging.by_channel[held], "channel"] = None
    rows.loc[judging.whole[held], "step"] = None
    found = held_rows(rows, judging.why[held], judging.told[held])
    once = found["step"].isna() & found.duplicated(["customer_id", "sequence", "why"])
    return found[~once].reset_index(drop=True)
