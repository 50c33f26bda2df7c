"""Who of those whom a trigger reached gets a step, through which channel, and what holds the others back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from crmlib.actions.conditions import meets
from crmlib.actions.gates import similar_goods
from crmlib.customers.consent import judge

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from crmlib.actions.sequences import Condition, Sequence
    from crmlib.arrays import Floats, Ints, Objects
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["Judging", "drawn"]

_LANGUAGES = ("en", "it")


class Judging:
    """What has been decided of each row, a trigger and a step of it; rows are decided once.

    Parameters
    ----------
    rows
        customer_id, sequence and step (their places), due, entered, exit.
    code
        Of each row, the place of its customer in `lookup` and `allowed`.
    lookup
        From `crmlib.actions.facts.facts`.
    allowed
        From `crmlib.customers.consent.permissions`.
    shop, rules
        Whose customers they are.

    Attributes
    ----------
    why, told
        What holds a row back, empty if nothing does; what is to be said of it.
    whole
        It is held back before the first step, not at this one.
    channel, ground
        How it is sent, and what allows that.
    by_channel
        The channel is part of why it is held back.
    """

    def __init__(
        self,
        rows: pd.DataFrame,
        code: Ints,
        *,
        lookup: pd.DataFrame,
        allowed: pd.DataFrame,
        shop: Shop,
        rules: Policy,
    ) -> None:
        self.rows, self.code = rows, code
        self.lookup, self.allowed = lookup, allowed
        self.shop, self.rules = shop, rules
        self.sequence, self.step = rows["sequence"].to_numpy(), rows["step"].to_numpy()
        size = len(rows)
        self.why, self.told, self.ground = (np.full(size, "", dtype=object) for _ in range(3))
        self.channel = np.full(size, None, dtype=object)
        self.whole, self.by_channel = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)

    def judge(self, sequence: Sequence, place: int) -> None:
        """Decide the rows of one sequence: entry, exits, conditions, channels, control.

        Parameters
        ----------
        sequence
            The sequence.
        place
            Its number among the rows.
        """
        mine = np.flatnonzero(self.sequence == place)
        self.hold(mine[~self.rows["entered"].to_numpy(dtype=bool)[mine]], "again_too_soon", whole=True)
        self._meet(self._open(mine), sequence.conditions, whole=True)
        mine = self._open(mine)
        ended, due = self.rows["exit"].to_numpy(dtype=float)[mine], self.rows["due"].to_numpy()[mine]
        self.hold(mine[ended <= due], "exited")
        for number, step in enumerate(sequence.steps):
            at = self._open(mine[self.step[mine] == number])
            self._meet(at, step.conditions, whole=False)
            self._reach(self._open(at), sequence, step.channels)
        if sequence.control_share:
            mine = self._open(mine)
            out = drawn(self.rows["customer_id"].iloc[mine], sequence) < sequence.control_share
            self.hold(mine[out], "control", whole=True)

    def hold(self, at: Ints, why: str, *, whole: bool = False) -> None:
        """Hold back rows that nothing has held back yet.

        Parameters
        ----------
        at
            Their places.
        why
            A key of `crmlib.customers.consent.WHY`.
        whole
            Before the first step.
        """
        at = self._open(at)
        self.why[at], self.whole[at] = why, whole

    def in_order(self) -> Ints:
        """Return the places of the rows that nothing holds back, in the order of precedence."""
        at = self._open(np.arange(len(self.why)))
        due = self.rows["due"].to_numpy()
        order = np.lexsort((self.step[at], self.code[at], self.sequence[at], due[at]))
        found: Ints = at[order]
        return found

    def languages(self, at: Ints, own: str) -> Objects:
        """Return the language in which each row's customer is written to.

        Parameters
        ----------
        at
            Places of rows.
        own
            The sequence's, if it has one.
        """
        if own or "language" not in self.lookup:
            return np.full(len(at), own or self.rules.contact.language, dtype=object)
        spoken = self.lookup["language"].iloc[self.code[at]]
        found: Objects = np.where(spoken.isin(_LANGUAGES), spoken, self.rules.contact.language).astype(object)
        return found

    def _open(self, at: Ints) -> Ints:
        found: Ints = at[self.why[at] == ""]
        return found

    def _meet(self, at: Ints, conditions: Iterable[Condition], *, whole: bool) -> None:
        """Hold back those for whom a condition does not hold; what is not known does not hold."""
        for condition in conditions:
            at = self._open(at)
            values = self.lookup[condition.column].iloc[self.code[at]]
            fails = ~meets(condition, values)
            failed = at[fails]
            asked_leave = condition.column in self.lookup.attrs.get("profiling", ())
            gap = "not known, or not for profiling" if asked_leave else "not known"
            self.told[failed] = _found(condition, values[fails], gap)
            self.hold(failed, "condition", whole=whole)

    def _reach(self, at: Ints, sequence: Sequence, channels: tuple[str, ...]) -> None:
        """Choose each customer's channel: the preferred one if it is among the step's and allowed, else the first."""
        if not len(at):
            return
        who = self.code[at]
        alike = similar_goods(self.shop, sequence.category, self.rows["customer_id"].iloc[at], self.rules)
        liked = self.lookup["preferred_channel"].iloc[who].to_numpy() if "preferred_channel" in self.lookup else None
        best, why_not = np.full(len(at), np.inf), np.full(len(at), "", dtype=object)
        for rank, channel in enumerate(channels):
            why, ground = judge(self.allowed.iloc[who], sequence.purpose, channel, alike, self.rules)
            standing = np.full(len(at), float(rank)) if liked is None else np.where(liked == channel, -1.0, rank)
            better = (why == "") & (standing < best)
            best[better] = standing[better]
            self.channel[at[better]], self.ground[at[better]] = channel, ground[better]
            if rank == 0:
                why_not = why
                self.by_channel[at] = True
                first = channel
        nobody = np.isinf(best)
        self.channel[at[nobody]] = first
        self.why[at[nobody]] = why_not[nobody]


def drawn(customers: pd.Series, sequence: Sequence) -> Floats:
    """Return a number from 0 to below 1 for each customer: as good as drawn by lot, and the same on every run.

    Parameters
    ----------
    customers
        Ids.
    sequence
        Whose name and version go into the lot, so that each sequence, and each version, has a control of its own.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.actions import sequence
    >>> drawn(pd.Series(["ann", "bob"]), sequence("win_back")).round(3).tolist()
    [0.427, 0.697]
    """
    salt = hashlib.md5(f"{sequence.name}|{sequence.version}|".encode(), usedforsecurity=False)
    halves = []
    for customer in customers:
        lot = salt.copy()
        lot.update(str(customer).encode())
        halves.append(int.from_bytes(lot.digest()[:6], "big"))
    found: Floats = np.array(halves, dtype=np.float64) / 2**48
    return found


def _found(condition: Condition, values: pd.Series, gap: str) -> Objects:
    """Say what was found instead of what a condition asks for, and what a gap is called."""
    asked = [f"one of {', '.join(condition.one_of)}"] if condition.one_of is not None else []
    asked += [f"at least {condition.at_least:g}"] if condition.at_least is not None else []
    asked += [f"at most {condition.at_most:g}"] if condition.at_most is not None else []
    said = {value: f"{value:g}" if isinstance(value, float) else str(value) for value in values.dropna().unique()}
    found = values.map(said).astype("str").fillna(gap)
    told = f"{condition.column} is " + found + f"; asked is {' and '.join(asked)}."
    return told.to_numpy(dtype=object)
