"""A score over time, with the limits inside which it moves by chance alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import policy as policies
from crmlib.errors import ModelError, SchemaError
from crmlib.surveys.nps import nps_by
from crmlib.surveys.scales import checked, scale_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmlib.policy import Policy

__all__ = ["nps_over_time"]

_POINTS = 100.0


def nps_over_time(
    scores: Iterable[Any],
    times: Iterable[Any],
    *,
    period: str = "M",
    scale: str = "nps_0_10",
    baseline: int | None = None,
    averaged: bool = False,
    policy: Policy | str | None = None,
) -> pd.DataFrame:
    """Compute the Net Promoter Score of each period, and Shewhart's control limits.

    Parameters
    ----------
    scores, scale, averaged
        As for `crmlib.surveys.nps`; one answer a customer and period.
    times
        When each answer came.
    period
        ``W``, ``M``, ``Q`` or ``Y``: weeks, months, quarters, years.
    baseline
        The centre is the score of all answers in the first so many periods that have one: a time when nothing
        special happened. All periods by default.
    policy
        Whose ``surveys.control_sigmas`` says how wide the limits are.

    Returns
    -------
    pandas.DataFrame
        One row a period, also where nobody answered: score, low, high (its 95 % interval), n, promoters, passives,
        detractors; centre, lower, upper (control limits, wider where fewer answered; missing where nobody did);
        signal (the score lies outside: look for a cause).

    Raises
    ------
    SchemaError
        An answer is off the scale, or has no time.
    ModelError
        There is no answer.

    Notes
    -----
    An answer is -1, 0 or 1; the centre is their mean in the baseline and sigma their standard deviation, so the
    limits of a period of n answers are centre -+ control_sigmas * sigma / sqrt(n): a u-chart for a trinomial. The
    normal approximation needs some 20 answers a period.

    Examples
    --------
    >>> chart = nps_over_time([9, 10, 3, 9], ["2024-01-05", "2024-01-06", "2024-01-07", "2024-03-01"])
    >>> chart[["n", "centre", "signal"]]
             n  centre  signal
    2024-01  3    50.0   False
    2024-02  0    50.0   False
    2024-03  1    50.0   False
    """
    rules = policies.load(policy).surveys
    asked = scale_of(scale)
    marks = checked(scores, asked.lowest, asked.highest, averaged=averaged)
    moments = _moments(times, len(marks))
    there = ~np.isnan(marks)
    if not there.any():
        raise ModelError("scores: there is no answer. A score needs at least one answer.")
    lost = there & moments.isna().to_numpy()
    if lost.any():
        raise SchemaError(f"times, row {int(lost.argmax())}: an answer without a time. Leave it out, or say when.")
    when = moments[there].dt.to_period(period)
    every = pd.period_range(when.min(), when.max(), freq=period)
    chart = nps_by(marks[there], when, scale=scale, averaged=averaged).reindex(every)
    counts = ["n", "promoters", "passives", "detractors"]
    chart[counts] = chart[counts].fillna(0).astype(int)
    known = chart[chart["n"] > 0].iloc[:baseline]
    n, up, down = (known[name].sum() for name in ("n", "promoters", "detractors"))
    centre = (up - down) / n
    sigma = np.sqrt((up + down) / n - centre**2)
    half = rules.control_sigmas * sigma / np.sqrt(chart["n"].where(chart["n"] > 0))
    chart["centre"] = _POINTS * centre
    chart["lower"] = _POINTS * (centre - half).clip(lower=-1)
    chart["upper"] = _POINTS * (centre + half).clip(upper=1)
    chart["signal"] = (chart["score"] < chart["lower"]) | (chart["score"] > chart["upper"])
    return chart


def _moments(times: Iterable[Any], size: int) -> pd.Series:
    given = times.reset_index(drop=True) if isinstance(times, pd.Series) else pd.Series(list(times))
    if len(given) != size:
        raise SchemaError(f"times: {len(given)} for {size} answers. Give one for each row.")
    try:
        moments = pd.to_datetime(given)
    except (ValueError, TypeError) as error:
        raise SchemaError(f"times: {error}. Write them as 2024-12-31.") from error
    return moments.dt.tz_localize(None) if isinstance(moments.dtype, pd.DatetimeTZDtype) else moments
