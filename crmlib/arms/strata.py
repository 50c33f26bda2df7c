"""Which customers are compared with which: within a campaign, never across campaigns of different shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlib.arms.sums import Sums, sums_of
from crmlib.errors import CrmlibError, SchemaError

if TYPE_CHECKING:
    from crmlib.arrays import Bools, Floats, Ints

__all__ = ["Strata", "in_strata", "unequal_shares"]

CAMPAIGN = "campaign_id"
_UNEQUAL = 0.001  # of a chi-squared test: arms whose shares differ by more than the lot lets them


@dataclass(frozen=True)
class Strata:
    """An experiment's customers, by the campaign whose lot gave them their arm.

    Attributes
    ----------
    outcome, treated
        One value per customer.
    number
        Of the customer's stratum, from 0.
    names
        Of the strata; one, without a name, where there is no campaign.
    used
        False for customers of a stratum that has one arm only: nobody there to compare them with.
    """

    outcome: Floats
    treated: Bools
    number: Ints
    names: list[str]
    used: Bools

    @property
    def sums(self) -> Sums:
        """Of those who are used."""
        return sums_of(self.outcome[self.used], self.treated[self.used], self.number[self.used])

    @property
    def share(self) -> Floats:
        """Return the share of the treated in each customer's stratum."""
        size = np.bincount(self.number, minlength=len(self.names))
        treated = np.bincount(self.number, self.treated, len(self.names))
        share: Floats = (treated / np.maximum(size, 1))[self.number]
        return share


def in_strata(seen: pd.DataFrame, outcome: str, strata: str | None = CAMPAIGN) -> Strata:
    """Read a table of an experiment: one row per customer and campaign.

    Parameters
    ----------
    seen
        contacted (1 or 0), the outcome, and the stratum where there is one.
    outcome
        A column of numbers.
    strata
        The column within whose values arms are compared; ``campaign_id`` where the table has it. With None arms are
        pooled, and refused where a campaign's share of treated differs from another's.

    Raises
    ------
    SchemaError
        A column is missing, an arm is neither 0 nor 1, or a value is missing.
    CrmlibError
        Arms of different shares would be pooled, or no stratum has both arms.
    """
    _require_columns(seen, outcome, strata)
    arm = seen["contacted"].to_numpy()
    wrong = ~pd.Series(arm).isin([0, 1]).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(f"contacted, row {seen.index[row]}: {arm[row]} is neither 1 (contacted) nor 0 (the control).")
    values = pd.to_numeric(seen[outcome], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = int(wrong.argmax())
        raise SchemaError(
            f"{outcome}, row {seen.index[row]}: {seen[outcome].iloc[row]} is not a number; "
            "a customer who did nothing counts as 0."
        )
    treated = arm.astype(float) == 1
    named = strata if strata is not None and strata in seen else None
    if strata == CAMPAIGN and named is None and "customer_id" in seen and seen["customer_id"].duplicated().any():
        raise SchemaError(
            "Customers stand in the experiment more than once, so it holds several campaigns, but it has no column "
            f"{CAMPAIGN!r}: arms are compared within campaigns, so keep the column."
        )
    if strata is None and CAMPAIGN in seen and unequal_shares(seen[CAMPAIGN], seen["contacted"]):
        raise CrmlibError(
            "The share of contacted customers differs from campaign to campaign, so arms pooled over campaigns compare "
            "customers of different campaigns. Compare within them: leave out strata=None."
        )
    if named is None:
        number, names = np.zeros(len(seen), dtype=np.int64), [""]
    else:
        codes, levels = pd.factorize(seen[named], sort=True)
        if (codes < 0).any():
            row = int((codes < 0).argmax())
            raise SchemaError(f"{named}, row {seen.index[row]}: missing; say which campaign each row belongs to.")
        number, names = codes.astype(np.int64), [str(level) for level in levels]
    size = np.bincount(number, minlength=len(names))
    inside = np.bincount(number, treated, len(names))
    both = (inside > 0) & (inside < size)
    return Strata(values, treated, number, names, both[number])


def _require_columns(seen: pd.DataFrame, outcome: str, strata: str | None) -> None:
    """Refuse what is no table, lacks a column or has it twice, and an outcome of dates."""
    if not isinstance(seen, pd.DataFrame):
        raise SchemaError(f"The experiment is a table, one row per customer and campaign; got a {type(seen).__name__}.")
    for name in ("contacted", outcome, *([strata] if strata not in {None, CAMPAIGN} else [])):
        if name not in seen:
            raise SchemaError(f"The experiment has no column {name!r}; there are {', '.join(map(str, seen))}.")
    for name in ("contacted", outcome, *([strata] if strata is not None and strata in seen else [])):
        if (seen.columns == name).sum() > 1:
            raise SchemaError(f"The experiment has the column {name!r} more than once. Keep one of them.")
    if seen[outcome].dtype.kind in "Mm":
        raise SchemaError(f"{outcome}: dates or lengths of time are no outcome. Turn them into a number, such as days.")


def unequal_shares(stratum: pd.Series, arm: pd.Series) -> bool:
    """Say whether the shares of the arms differ between strata by more than the lot lets them.

    Parameters
    ----------
    stratum, arm
        One per customer.
    """
    from scipy.stats import chi2_contingency

    table = pd.crosstab(stratum, arm).to_numpy()
    if min(table.shape) < 2:  # noqa: PLR2004 - one campaign, or one arm
        return False
    return bool(chi2_contingency(table, correction=False).pvalue < _UNEQUAL)
