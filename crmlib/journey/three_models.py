"""Five types, five stages, four A: three models of the customer's journey, and how they lie on each other."""

from __future__ import annotations

import pandas as pd

__all__ = ["FOUR_A", "TYPES", "models"]

#: The five types, in the order of the journey.
TYPES = ("prospect", "lead", "customer", "at_risk", "advocate")
#: The four A, first to last.
FOUR_A = ("aware", "attitude", "act", "act_again")


def models() -> pd.DataFrame:
    """Map the three models of the journey onto each other.

    Returns
    -------
    pandas.DataFrame
        type, stage, four_a, in_common: one row for each combination that a person can be in, and what it says in a
        few words. Types say what a person is today, so a customer may turn into one at risk and back. Stages and the
        four A say how far somebody has come; only an order that is given back, or a later answer to the question of
        recommending, takes a step back.

    Examples
    --------
    >>> models().query("type == 'advocate'")[["stage", "four_a"]].to_numpy().tolist()
    [['advocacy', 'act'], ['advocacy', 'act_again']]
    """
    rows = [
        ("prospect", "awareness", "aware", "known to the shop"),
        ("prospect", "consideration", "attitude", "visits, where the policy makes no leads by visits"),
        ("lead", "awareness", "aware", "asked something, or allowed to be written to"),
        ("lead", "consideration", "attitude", "visits and compares"),
        ("customer", "acquisition", "act", "has bought once"),
        ("customer", "retention", "act_again", "has bought again"),
        ("at_risk", "acquisition", "act", "has bought once and shows signs of leaving"),
        ("at_risk", "retention", "act_again", "has bought again and shows signs of leaving"),
        ("at_risk", "advocacy", "act", "recommended the shop after one order, and shows signs of leaving"),
        ("at_risk", "advocacy", "act_again", "recommended the shop, and shows signs of leaving"),
        ("advocate", "advocacy", "act", "recommends the shop after one order"),
        ("advocate", "advocacy", "act_again", "buys again and recommends"),
    ]
    return pd.DataFrame(rows, columns=["type", "stage", "four_a", "in_common"])
