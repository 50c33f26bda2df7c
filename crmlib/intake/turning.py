"""Names that stand the wrong way round in some of one person's records."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crmlib.intake.spellings import listed
from crmlib.intake.tidying import plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["turned_back"]


def turned_back(rows: pd.DataFrame) -> pd.Series[bool]:
    """Tell in which records first and last name change places, so that one person's records agree.

    Only names that stand both ways in one person's records are looked at: the way of most records is right, or else
    that of a usual first name, or else that of the first record.

    Parameters
    ----------
    rows
        merged_id, first_name, last_name; one row each, the earliest first.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"merged_id": ["M", "M", "M", "N"], "first_name": ["Reed", "Ada", "Ada", "Reed"],
    ...                      "last_name": ["Ada", "Reed", None, "Ada"]})
    >>> turned_back(rows).tolist()
    [True, False, False, False]
    """
    names = rows[["merged_id", "first_name", "last_name"]].reset_index(drop=True)
    names[["first_name", "last_name"]] = names[["first_name", "last_name"]].apply(lambda name: name.str.casefold())
    whole = names.dropna().query("first_name != last_name")
    mirrored = whole.rename(columns={"first_name": "last_name", "last_name": "first_name"}).drop_duplicates()
    both_ways = whole.reset_index().merge(mirrored)
    turned = names["merged_id"].isna()
    concerned = names[names["merged_id"].isin(both_ways["merged_id"])].groupby("merged_id", sort=False)
    for merged_id, pairs in both_ways.groupby("merged_id", sort=False):
        own = concerned.get_group(merged_id)
        as_first, as_last = Counter(own["first_name"].dropna()), Counter(own["last_name"].dropna())
        for row, first, last in pairs[["index", "first_name", "last_name"]].itertuples(index=False):
            ours, theirs = as_first[first] + as_last[last], as_first[last] + as_last[first]
            usual = (plain(first) in listed()) - (plain(last) in listed())
            earlier = pairs["index"][(pairs["first_name"] == last) & (pairs["last_name"] == first)].min() < row
            turned[row] = (ours, usual, not earlier) < (theirs, -usual, earlier)
    return turned.set_axis(rows.index)
