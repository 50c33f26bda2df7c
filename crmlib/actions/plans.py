"""A plan: which sequences, for whom, for how much money. Typed, of bounded size, TOML and JSON in and out.

A plan knows what the shop can observe and nothing else. What it does to the customers is simulated elsewhere.

>>> told = '''
... name = "reminder"
... budget = 100.0
... [[sequences]]
... name = "nudge"
... version = 1
... purpose = "marketing"
... trigger = { event = "no_purchase", days = 60 }
... steps = [{ name = "mail", channels = ["email"], template = "repurchase" }]
... [targeting.nudge]
... segments = ["AtRisk", "CannotLose"]
... '''
>>> plan = read_plan(told)
>>> plan.targeting["nudge"].segments, read_plan(plan.to_json()) == plan
(('AtRisk', 'CannotLose'), True)
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from crmlib import policy as policies
from crmlib.actions.sequences import Conditions, Name, Sequence, Share, Word  # noqa: TC001 - msgspec reads the types
from crmlib.errors import PolicyError
from crmlib.words import explained

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["LARGEST_PLAN", "Costs", "Plan", "Targeting", "read_plan"]

#: Bytes of the largest plan that is read: lists and scores of some 100,000 customers.
LARGEST_PLAN = 8_000_000
Money = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
Score = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]
CustomerId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_PRICES = policies.Money()
#: Events that a message about an order may follow. Silence and the calendar are none of them: that is marketing.
_SERVICE = ("registered", "ordered", "delivered", "low_score")


class Costs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one contact costs, in the shop's currency, by channel.

    Attributes
    ----------
    email, sms, whatsapp, phone
        By default those of the policy ``standard``: see `crmlib.policy.Money`.
    """

    email: Money = _PRICES.email_cost
    sms: Money = _PRICES.sms_cost
    whatsapp: Money = _PRICES.whatsapp_cost
    phone: Money = _PRICES.phone_cost

    def of(self, channel: str) -> float:
        """Return the cost of one contact.

        Parameters
        ----------
        channel
            Through which it goes.
        """
        return float(getattr(self, channel))


class Targeting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is in a sequence's target from the plan's first day: all that is said must hold; nothing said is everyone.

    The sequence's trigger and conditions then say when somebody in the target enters.

    Attributes
    ----------
    segments
        RFM segments, as `crmlib.rfm` names them.
    signals
        Churn signals: one of those named is enough.
    conditions
        On columns of `crmlib.actions.observable`.
    score
        Name of a table of the plan's ``scores``. A customer without a score in it is not in the target, and those with
        the highest scores are served first while there is money.
    at_least
        Lowest score.
    top_share
        Only this share of those who meet the rest, by score.
    customers
        These customers only.
    """

    segments: Annotated[tuple[Word, ...], msgspec.Meta(max_length=50)] = ()
    signals: Annotated[tuple[Literal["no_login", "no_purchase", "low_score"], ...], msgspec.Meta(max_length=3)] = ()
    conditions: Conditions = ()
    score: Word | None = None
    at_least: Score | None = None
    top_share: Share | None = None
    customers: tuple[CustomerId, ...] | None = None

    def __post_init__(self) -> None:
        if self.score is None and (self.at_least is not None or self.top_share is not None):
            raise PolicyError("targeting: at_least and top_share are bounds of a score: say which, as score = '...'.")
        if self.customers is not None and len(set(self.customers)) < len(self.customers):
            twice = Counter(self.customers).most_common(1)[0][0]
            raise PolicyError(f"targeting.customers: {twice!r} is listed twice.")


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A plan of contacts.

    Attributes
    ----------
    name
        Of the plan.
    sequences
        In the order in which they are served while there is money; none is the plan to do nothing.
    targeting
        By name of the sequence; a sequence that is not named is open to everyone.
    scores
        Tables of one's own, by name: customer to score, from what is observable on the plan's first day.
    budget
        What contacts and redeemed discounts may cost together over the whole period. Once it is spent nothing is sent,
        though codes that are out are still redeemed. Without limit by default.
    costs
        Of one contact, by channel.

    Examples
    --------
    >>> Plan(name="do_nothing").sequences
    ()
    """

    name: Name
    sequences: Annotated[tuple[Sequence, ...], msgspec.Meta(max_length=100)] = ()
    targeting: Annotated[dict[Word, Targeting], msgspec.Meta(max_length=100)] = {}
    scores: Annotated[dict[Word, dict[CustomerId, Score]], msgspec.Meta(max_length=100)] = {}
    budget: Money | None = None
    costs: Costs = Costs()

    def __post_init__(self) -> None:
        names = [sequence.name for sequence in self.sequences]
        if len(set(names)) < len(names):
            raise PolicyError(f"plan {self.name}: two sequences are called {Counter(names).most_common(1)[0][0]!r}.")
        for name, target in self.targeting.items():
            if name not in names:
                raise PolicyError(f"plan {self.name}, targeting: there is no sequence {name!r}, but {_listed(names)}.")
            if target.score is not None and target.score not in self.scores:
                raise PolicyError(
                    f"plan {self.name}, targeting.{name}: there is no score {target.score!r}, but "
                    f"{_listed(self.scores)}."
                )
        for sequence in self.sequences:
            self._only_service(sequence)

    def _only_service(self, sequence: Sequence) -> None:
        """Refuse advertising that calls itself service, for which no consent is asked."""
        if sequence.purpose != "service":
            return
        if sequence.trigger.event not in _SERVICE:
            raise PolicyError(
                f"plan {self.name}, sequence {sequence.name}: a service message follows {' or '.join(_SERVICE)}, not "
                f"{sequence.trigger.event}. Its purpose is marketing, which needs consent."
            )
        for step in sequence.steps:
            if step.offer is not None and step.offer.kind != "apology":
                raise PolicyError(
                    f"plan {self.name}, sequence {sequence.name}, step {step.name}: an offer of kind {step.offer.kind} "
                    "is advertising. Its purpose is marketing, which needs consent."
                )

    def with_scores(self, name: str, scores: Mapping[str, float] | pd.Series) -> Plan:
        """Return the plan with one more table of scores.

        Parameters
        ----------
        name
            By which targeting refers to it.
        scores
            Customer to score; gaps are left out.
        """
        table = {str(key): float(value) for key, value in scores.items() if value == value}  # noqa: PLR0124 - NaN
        return msgspec.structs.replace(self, scores={**self.scores, name: table})

    def to_toml(self) -> str:
        """Return the plan as TOML that `read_plan` reads back."""
        import tomli_w

        return tomli_w.dumps(_without_none(msgspec.to_builtins(self)))

    def to_json(self) -> str:
        """Return the plan as JSON that `read_plan` reads back.

        Raises
        ------
        PolicyError
            It is larger than `LARGEST_PLAN`.
        """
        text = msgspec.json.encode(self)
        _bounded(len(text), f"plan {self.name}")
        return text.decode()


def read_plan(text: str | bytes | Path) -> Plan:
    """Read a plan.

    Parameters
    ----------
    text
        JSON, TOML, or the path of a ``.json`` or ``.toml`` file.

    Raises
    ------
    PolicyError
        It is no plan, or larger than `LARGEST_PLAN`; the message names file and field.
    """
    place = f"plan {text}" if isinstance(text, Path) else "plan"
    try:
        if isinstance(text, Path):
            _bounded(text.stat().st_size, place)
        read = text.read_bytes() if isinstance(text, Path) else text.encode() if isinstance(text, str) else text
        _bounded(len(read), place)
        if read.lstrip()[:1] == b"{":
            return msgspec.json.decode(read, type=Plan)
        return msgspec.toml.decode(read, type=Plan)
    except (msgspec.MsgspecError, OSError, UnicodeError) as error:
        raise PolicyError(f"{place}: {explained(error, Plan)}") from error


def _bounded(size: int, place: str) -> None:
    if size > LARGEST_PLAN:
        raise PolicyError(
            f"{place}: {size:,} bytes, more than {LARGEST_PLAN:,}. List fewer customers, or round the scores."
        )


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"


def _without_none(value: Any) -> Any:
    """Leave out what is null, which TOML cannot say."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list | tuple) else value
