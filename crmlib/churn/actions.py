"""From churn signals to what is done about them: one entry a contact and signal, none without consent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlib import policy as policies
from crmlib.churn.signals import SIGNALS
from crmlib.customers.consent import CHANNELS
from crmlib.errors import SchemaError
from crmlib.shop.required import require

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.policy import Policy

__all__ = ["preventive_actions"]


def preventive_actions(signals: pd.DataFrame, policy: Policy | str | dict[str, Any] | None = None) -> pd.DataFrame:
    """Queue the preventive action of each signal.

    Parameters
    ----------
    signals
        From `signals`; its columns may_email, may_sms and so on say whom one may contact. A channel without such a
        column is one that nobody allowed.
    policy
        Whose ``churn.actions`` says what each signal sets off.

    Returns
    -------
    pandas.DataFrame
        customer_id, signal, action, channels (those of the action that the customer allows, joined by a bar), tone,
        days_since. One row a customer and signal, sorted; who may not be contacted is in none.

    Raises
    ------
    SchemaError
        A column is missing, or a customer is there twice.

    Examples
    --------
    >>> import pandas as pd
    >>> found = pd.DataFrame({
    ...     "customer_id": ["ann", "bob"], "no_login": [True, True], "no_purchase": [True, False],
    ...     "low_score": [pd.NA, False], "days_since_login": [31.0, 40.0], "days_since_order": [90.0, 10.0],
    ...     "days_since_score": [None, 5.0], "may_email": [True, False], "may_sms": [False, False],
    ... })
    >>> preventive_actions(found)[["customer_id", "signal", "action", "channels", "tone"]]
      customer_id       signal                      action channels        tone
    0         ann     no_login  reminder with an incentive    email     cordial
    1         ann  no_purchase           personal discount    email  persuasive
    """
    import pandas as pd

    require(signals, "signals", ("customer_id", *SIGNALS, *SIGNALS.values()),
            may_be_empty=(*SIGNALS, *SIGNALS.values()))  # fmt: skip
    twice = signals["customer_id"].duplicated()
    if twice.any():
        raise SchemaError(
            f"signals, row {twice.to_numpy().argmax()}: customer {signals.loc[twice, 'customer_id'].iloc[0]!r} is "
            "there twice. One row a customer: see crmlib.churn.signals."
        )
    rules = policies.load(policy).churn
    parts = []
    for signal, action in rules.actions.items():
        flagged = signals[signals[signal].astype("boolean").fillna(value=False).to_numpy(dtype=bool)]
        allowed = pd.Series("", index=flagged.index, dtype="str")
        for channel in (name for name in CHANNELS if name in action.channels and f"may_{name}" in signals):
            may = flagged[f"may_{channel}"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
            allowed = allowed.where(~may, allowed.where(allowed == "", allowed + "|") + channel)
        part = pd.DataFrame({
            "customer_id": flagged["customer_id"], "signal": signal, "action": action.action, "channels": allowed,
            "tone": action.tone, "days_since": flagged[SIGNALS[signal]].astype(float),
        })  # fmt: skip
        parts.append(part[part["channels"] != ""])
    columns = ["customer_id", "signal", "action", "channels", "tone", "days_since"]
    queue = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    order = list(SIGNALS)
    return queue.sort_values(
        ["customer_id", "signal"], key=lambda keys: keys.map(order.index) if keys.name == "signal" else keys
    ).reset_index(drop=True)
