"""Why an entry is in the queue, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crmlib.actions.moments import DAY
from crmlib.customers.consent import GROUNDS

if TYPE_CHECKING:
    from crmlib.actions.sequences import Step
    from crmlib.arrays import Ints, Objects

__all__ = ["reason"]

_PHRASES = {
    "registered": "Account opened on {day}",
    "interest": "A visit on {since} ended without an order",
    "ordered": "Ordered on {day}",
    "delivered": "Order delivered on {day}",
    "no_login": "No login for {silent} days, since {since}",
    "no_purchase": "No order for {silent} days, since {since}",
    "low_score": "Gave a low score on {day}",
    "promoter": "Would recommend the shop, as said on {day}",
    "calendar": "Due by the calendar on {day}",
}


def reason(event: str, step: Step, us: Ints, since_us: Ints, how: Objects) -> Objects:
    """Say in a sentence why each entry of a step is there.

    Parameters
    ----------
    event
        What set the sequence off.
    step
        The step.
    us, since_us
        The trigger, and what it counts from; see `crmlib.actions.moments.moments`.
    how
        Channel and ground of each entry, joined by a bar.
    """
    import pandas as pd

    wait = f", {step.after_days:g} days before" if step.after_days else ""
    days = pd.DataFrame({"day": us // DAY, "since": since_us // DAY, "how": how})
    # few days, channels and grounds, many entries: each sentence is made once
    place = days.groupby(["day", "since", "how"], sort=False).ngroup().to_numpy()
    once = days.iloc[np.unique(place, return_index=True)[1]]
    sentences = [
        f"{_phrase(event, int(day), int(since))}{wait}; {_means(str(how))}."
        for day, since, how in once.itertuples(index=False)
    ]
    made: Objects = np.array(sentences, dtype=object)[place]
    return made


def _phrase(event: str, day: int, since: int) -> str:
    return _PHRASES[event].format(day=np.datetime64(day, "D"), since=np.datetime64(since, "D"), silent=day - since)


def _means(how: str) -> str:
    channel, ground = how.split("|")
    return f"by {channel}: {GROUNDS[ground]}"
