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

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from crmlib.errors import PolicyError
from crmlib.policy.contact import Contact
from crmlib.policy.customers import Clv, Personas, Rfm, Tiers
from crmlib.policy.experiments import Experiments, Offers
from crmlib.policy.intake import Intake
from crmlib.policy.journey import Journey, Touch
from crmlib.policy.kpis import Kpis
from crmlib.policy.money import Money
from crmlib.policy.orders import Orders
from crmlib.policy.relationship import Action, Churn, Surveys
from crmlib.policy.sender import Sender
from crmlib.words import explained

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAP_LINE = re.compile(r"""\s*(?:[\w.]*\.)?["']?segment_map["']?\s*=""")

__all__ = [
    "PRESETS",
    "Action",
    "Churn",
    "Clv",
    "Contact",
    "Experiments",
    "Intake",
    "Journey",
    "Kpis",
    "Money",
    "Offers",
    "Orders",
    "Personas",
    "Policy",
    "Rfm",
    "Sender",
    "Surveys",
    "Tiers",
    "Touch",
    "adjusted",
    "load",
    "rooted",
]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All definitions of one business.

    Attributes
    ----------
    orders, money, rfm, clv, tiers, intake, personas, surveys, churn, contact, kpis, journey, experiments, offers
        See `Orders`, `Money`, `Rfm`, `Clv`, `Tiers`, `Intake`, `Personas`, `Surveys`, `Churn`, `Contact`, `Kpis`,
        `Journey`, `Experiments`, `Offers`.
    sender
        See `Sender`.
    """

    orders: Orders = Orders()
    money: Money = Money()
    rfm: Rfm = Rfm()
    clv: Clv = Clv()
    tiers: Tiers = Tiers()
    intake: Intake = Intake()
    personas: Personas = Personas()
    surveys: Surveys = Surveys()
    churn: Churn = Churn()
    contact: Contact = Contact()
    kpis: Kpis = Kpis()
    journey: Journey = Journey()
    experiments: Experiments = Experiments()
    offers: Offers = Offers()
    sender: Sender = Sender()

    def margin_of(self, part: Literal["clv", "offers"]) -> float:
        """Return the margin of one part of the policy: its own, where it has one, else that of ``money``.

        Parameters
        ----------
        part
            ``clv`` or ``offers``.

        Examples
        --------
        >>> Policy(clv=Clv(margin=1.0)).margin_of("clv"), Policy().margin_of("clv")
        (1.0, 0.3)
        """
        own = self.clv.margin if part == "clv" else self.offers.margin
        return self.money.margin if own is None else own

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
    crmlib.errors.PolicyError: policy: Invalid enum value 'sum' - at `$.orders.same_day`. It is ...
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
        return msgspec.convert(rooted(msgspec.toml.decode(path.read_bytes()), path), Policy, str_keys=True)
    except (msgspec.MsgspecError, TypeError, UnicodeDecodeError) as error:
        place = f"policy {policy}" if isinstance(policy, str | Path) else "policy"
        raise PolicyError(f"{place}: {explained(error, Policy)}") from error


def adjusted(policy: Policy, values: Mapping[str, Any]) -> tuple[Policy, tuple[str, ...]]:
    """Return a policy with some of its values set anew, and a line for each that differs.

    Parameters
    ----------
    policy
        The policy.
    values
        Key such as ``money.margin`` to its value; ``None`` leaves the policy's. Where both margin and discount are
        named, an offer is made of them, and has to be one that orders can pay for.

    Raises
    ------
    PolicyError
        There is no such key, or the value is not one it may have, or it contradicts another.

    Examples
    --------
    >>> rules, notes = adjusted(Policy(), {"money.margin": 0.4, "money.discount": None})
    >>> rules.money.margin, rules.money.discount, notes
    (0.4, 0.1, ('money.margin is 0.4 here, not 0.3 as in the policy.',))
    """
    table, notes = msgspec.to_builtins(policy), []
    for key, value in values.items():
        if value is None:
            continue
        part, _, name = key.partition(".")
        before = getattr(getattr(policy, part, None), name, None)
        if name == "margin" and part in ("clv", "offers"):
            before = policy.margin_of("clv" if part == "clv" else "offers")
        table.setdefault(part, {})[name] = value
        if before != value:
            notes.append(f"{key} is {value} here, not {before} as in the policy.")
    result = load(table)
    if {"money.margin", "money.discount"} <= set(values):
        result.money.check_offer()
    return result, tuple(notes)


def rooted(table: dict[str, Any], file: Path) -> dict[str, Any]:
    """Return a policy's table with its relative paths seen from the folder of the TOML file in which it stands.

    Parameters
    ----------
    table
        What the file says of the policy.
    file
        The file, which is named where the segment map has a name that is not known.

    Raises
    ------
    PolicyError
        There is no such segment map.
    """
    rfm = table.get("rfm")
    chosen = rfm.get("segment_map") if isinstance(rfm, dict) else None
    if not isinstance(rfm, dict) or not isinstance(chosen, str):
        return table
    try:
        own = Rfm(segment_map=chosen).own_map
    except PolicyError as error:
        lines = file.read_text(encoding="utf-8").splitlines()
        number = next((number for number, line in enumerate(lines, 1) if _MAP_LINE.match(line)), None)
        raise PolicyError(f"{file.name}{f', line {number}' if number else ''}: {error}") from error
    path = str(file.absolute().parent / Path(chosen).expanduser()) if own else chosen
    return {**table, "rfm": {**rfm, "segment_map": path}}
