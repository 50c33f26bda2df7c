"""The business's definitions: windows, scales, thresholds. Typed presets, TOML in and out.

Businesses differ on what counts as a purchase, as recent, as large. Such choices stand here and nowhere in code.

>>> from crmlib.policy import Policy
>>> Policy().rfm.method
'quantile'
>>> print(Policy(rfm=Rfm(segment_map="descriptive")).to_toml())
[rfm]
segment_map = "descriptive"
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from crmlib.errors import PolicyError
from crmlib.policy.contact import Contact
from crmlib.policy.customers import Clv, Personas, Rfm, Tiers
from crmlib.policy.intake import Intake
from crmlib.policy.journey import Journey, Touch
from crmlib.policy.orders import Orders
from crmlib.policy.relationship import Action, Churn, Surveys
from crmlib.policy.sender import Sender

__all__ = [
    "PRESETS",
    "Action",
    "Churn",
    "Clv",
    "Contact",
    "Intake",
    "Journey",
    "Orders",
    "Personas",
    "Policy",
    "Rfm",
    "Sender",
    "Surveys",
    "Tiers",
    "Touch",
    "load",
]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All definitions of one business.

    Attributes
    ----------
    orders, rfm, clv, tiers, intake, personas, surveys, churn, contact, journey, sender
        See `Orders`, `Rfm`, `Clv`, `Tiers`, `Intake`, `Personas`, `Surveys`, `Churn`, `Contact`,
        `Journey`, `Sender`.
    """

    orders: Orders = Orders()
    rfm: Rfm = Rfm()
    clv: Clv = Clv()
    tiers: Tiers = Tiers()
    intake: Intake = Intake()
    personas: Personas = Personas()
    surveys: Surveys = Surveys()
    churn: Churn = Churn()
    contact: Contact = Contact()
    journey: Journey = Journey()
    sender: Sender = Sender()

    def to_toml(self) -> str:
        """Return what differs from the defaults, as TOML that `load` reads back.

        Returns
        -------
        str
            Empty for the default policy.
        """
        import tomli_w

        return tomli_w.dumps(msgspec.to_builtins(self))


#: ``standard``: the definitions that are common in the field. ``texts``: those of the course texts.
PRESETS = {
    "standard": Policy(),
    "texts": Policy(
        rfm=Rfm(segment_map="descriptive"), surveys=Surveys(nps_scale="nps_1_10"), journey=Journey(at_risk_least=1)
    ),
}


def load(policy: Policy | str | Path | dict[str, Any] | None = None) -> Policy:
    """Return a `Policy` from one, from a preset's name, from a TOML file or from nested dicts.

    Parameters
    ----------
    policy
        A `Policy`; ``"standard"`` or ``"texts"``; a path that ends in ``.toml``; dicts as TOML would give them.
        ``None`` is the standard.

    Raises
    ------
    PolicyError
        For an unknown preset or file, an unknown name or a value of the wrong type; the message names it.

    Examples
    --------
    >>> load("texts").rfm.segment_map
    'descriptive'
    >>> load({"orders": {"same_day": "sum"}})
    Traceback (most recent call last):
    crmlib.errors.PolicyError: policy: Invalid enum value 'sum' - at `$.orders.same_day`
    """
    if policy is None:
        return PRESETS["standard"]
    try:
        if isinstance(policy, Policy):
            # a struct made in code is not checked when it is made
            return msgspec.convert(msgspec.to_builtins(policy), Policy)
        if isinstance(policy, dict):
            return msgspec.convert(policy, Policy)
        if isinstance(policy, str) and policy in PRESETS:
            return PRESETS[policy]
        if not isinstance(policy, str | Path):
            raise PolicyError(
                f"A policy is a Policy, a preset's name, a path or a dict, not a {type(policy).__name__}."
            )
        path = Path(policy)
        if path.suffix != ".toml":
            raise PolicyError(
                f"There is no policy {str(policy)!r}. Presets: {', '.join(PRESETS)}; or give a path to a .toml file."
            )
        if not path.is_file():
            raise PolicyError(f"There is no policy file {path}.")
        return msgspec.toml.decode(path.read_bytes(), type=Policy)
    except (msgspec.MsgspecError, TypeError, UnicodeDecodeError) as error:
        place = f"policy {policy}" if isinstance(policy, str | Path) else "policy"
        raise PolicyError(f"{place}: {error}") from error
