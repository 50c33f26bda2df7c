"""From a shop's table of surveys to answers that can be counted: what was asked, known by a day, one a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd

from crmlib import engine
from crmlib import policy as policies
from crmlib.days import as_day, until
from crmlib.errors import SchemaError
from crmlib.shop.required import require
from crmlib.surveys.scales import scale_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["asked", "one_per_customer"]

_NEEDED = ("customer_id", "kind", "sent_ts", "answered_ts", "score")


def asked(
    shop: Shop,
    kind: Literal["nps", "csat"] = "nps",
    *,
    scale: str | None = None,
    as_of: date | str | None = None,
    policy: Policy | str | None = None,
) -> pd.DataFrame:
    """Return the surveys that were sent by a day, answered or not.

    Parameters
    ----------
    shop
        With a table ``surveys``: customer_id, kind, sent_ts, answered_ts, score; and survey_id, touchpoint, scale,
        comment, language where they are known.
    kind
        ``nps`` or ``csat``.
    scale
        Which NPS question: ``nps_0_10`` or ``nps_1_10``; the policy's by default. Answers on the other scale are
        left out, never rescaled. A table without a column scale is taken to hold this one.
    as_of
        What was sent after this day is left out, what was answered after it is not known yet; the shop's own by
        default.
    policy
        The shop's own by default.

    Returns
    -------
    pandas.DataFrame
        The table's columns, sorted by sent_ts; score and comment are missing where nobody had answered.

    Raises
    ------
    SchemaError
        The shop has no surveys, or they lack a column.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> sent = asked(open_shop("shop"))
    Opened shop: ...
    >>> len(sent), int(sent["score"].count())
    (5057, 1573)
    """
    require(shop.surveys, "surveys", _NEEDED)
    end = until(as_day(as_of or shop.as_of))
    table = engine.run("survey_asked", tables={"surveys": shop.surveys}, kind=kind, until=end).to_pandas()
    if kind == "nps" and "scale" in table.columns:
        wanted = scale_of(scale or policies.load(policy or shop.policy).surveys.nps_scale)
        table = table[table["scale"] == wanted.asked]
    known = table["answered_ts"].notna() & (table["answered_ts"] < pd.Timestamp(end))
    answers = [name for name in ("score", "comment", "answered_ts") if name in table.columns]
    table[answers] = table[answers].where(known)
    return table.sort_values("sent_ts", kind="stable", ignore_index=True)


def one_per_customer(
    answers: pd.DataFrame, by: Sequence[str] = (), *, policy: Policy | str | None = None
) -> pd.DataFrame:
    """Keep one answer a customer, so that answers are independent.

    Parameters
    ----------
    answers
        customer_id, answered_ts, score, as from `asked`; rows without a score are left out.
    by
        Columns within which one answer a customer is kept, such as ``["touchpoint"]`` or a period.
    policy
        Whose ``surveys.duplicates`` says which: the ``last``, the ``first``, or the ``mean`` of all, which stands in
        the row of the last (then say ``averaged=True`` to `crmlib.surveys.nps`); ``keep`` keeps each.

    Returns
    -------
    pandas.DataFrame
        Rows of `answers`, by their index.

    Raises
    ------
    SchemaError
        A column is missing, or an answer lacks its customer or its time.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": ["a", "b", "a"], "score": [3, 8, 9],
    ...                       "answered_ts": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-02-01"])})
    >>> one_per_customer(table)["score"].tolist()
    [8, 9]
    >>> one_per_customer(table, policy={"surveys": {"duplicates": "mean"}})["score"].tolist()
    [8.0, 6.0]
    """
    rule = policies.load(policy).surveys.duplicates
    require(
        answers, "answers", ["customer_id", "answered_ts", "score", *by], may_be_empty=[*by, "score", "answered_ts"]
    )
    there = answers[answers["score"].notna()]
    if rule == "keep":
        return there
    lost = (answers["score"].notna() & answers["answered_ts"].isna()).to_numpy()
    if lost.any():
        raise SchemaError(
            f"answers, row {lost.argmax()}, column 'answered_ts': there "
            "is no time, so which answer is the last cannot be said. Fill it in, or use the policy duplicates = 'keep'."
        )
    keys = ["customer_id", *by]
    in_time = there.sort_values("answered_ts", kind="stable")
    kept = in_time.drop_duplicates(keys, keep="first" if rule == "first" else "last")
    if rule == "mean":
        means = in_time.groupby(keys, observed=True, dropna=False)["score"].mean().astype(float)
        kept = kept.drop(columns="score").join(means, on=keys)[list(answers.columns)]
    return kept.sort_index()
