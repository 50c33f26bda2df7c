"""What came of a plan: by customer, by group, in all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib.errors import CrmlibError
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["TOTALS", "Outcome"]

#: Sums over customers; money in the shop's currency.
_SUMS = ("orders", "extra_orders", "revenue", "margin", "discounts", "given_away", "contact_cost", "profit",
         "expected_profit", "cltv", "contacts")  # fmt: skip
#: What an outcome counts in all.
TOTALS = (*_SUMS, "contacts_per_customer", "churn", "nps", "opt_outs")


@dataclass(frozen=True)
class Outcome:
    """What came of a plan in one future.

    Attributes
    ----------
    plan, seed, days
        Which future it was.
    customers
        One row a customer, customer_id as index: persona, segment (at the start); orders, extra_orders (that a lift
        added), revenue (paid), margin (before discounts), discounts, given_away (discounts on orders that would have
        come anyway), contact_cost, contacts, profit (margin less discounts and contact cost), expected_profit (the same
        with each week's orders and redemptions at their means: less noise, same mean), cltv (profit, and the discounted
        margin expected after the end of those who are still there), opted_out, stayed (at the start), left
        (since then).
    answers
        One row an NPS survey: customer_id, sent_ts, score (missing without an answer).
    entries
        One row per entry into a sequence: customer_id, sequence, entered_ts (the start of the week), trigger_ts (the
        moment that set it off), arm (``contacted`` or ``control``).
    contacts
        One row a contact: customer_id, sequence, step, channel, sent_ts.
    held
        How many messages were held back, by sequence and reason (no_consent, cap, budget).
    """

    plan: str
    seed: int
    days: int
    customers: pd.DataFrame
    answers: pd.DataFrame
    entries: pd.DataFrame
    contacts: pd.DataFrame
    held: pd.DataFrame

    def __repr__(self) -> str:
        total = self.totals()
        return f"<outcome of {self.plan} in {self.days} days: profit {total['profit']:,.0f}>"

    def totals(self) -> pd.Series:
        """Return sums over customers; churn (share of those who were there that left), NPS, opt-outs.

        Returns
        -------
        pandas.Series
            One entry a name of `TOTALS`.
        """
        return self.by(np.zeros(len(self.customers), dtype=int)).iloc[0]

    def by(self, group: str | ArrayLike) -> pd.DataFrame:
        """Return what `totals` counts by group.

        Parameters
        ----------
        group
            ``persona``, ``segment``, or a value for each customer.
        """
        if isinstance(group, str):
            if group not in {"persona", "segment"}:
                raise CrmlibError(f"There is no group {group!r}. {did_you_mean(group, ['persona', 'segment'])}")
            keys = self.customers[group].fillna("none")
        else:
            keys = pd.Series(np.asarray(group), index=self.customers.index)
        grouped = self.customers.groupby(keys.to_numpy(), observed=True)
        table = grouped[list(_SUMS)].sum()
        table["contacts_per_customer"] = grouped["contacts"].mean()
        table["churn"] = grouped["left"].sum() / grouped["stayed"].sum()
        answered = self.answers.dropna(subset=["score"])
        of = keys.reindex(answered["customer_id"]).to_numpy()
        judged = pd.Series(np.select([answered["score"] >= 9, answered["score"] <= 6], [100.0, -100.0]))  # noqa: PLR2004 - NPS
        table["nps"] = judged.groupby(of).mean().reindex(table.index)
        table["opt_outs"] = grouped["opted_out"].sum()
        return table[list(TOTALS)]
