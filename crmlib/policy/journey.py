"""What kind of person somebody is to the shop, and what the shop does for each kind."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from crmlib.errors import PolicyError

__all__ = ["Journey", "Touch"]

Type = Literal["prospect", "lead", "customer", "at_risk", "advocate"]
Signal = Literal["no_login", "no_purchase", "low_score"]


class Touch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done for one type of customer.

    Attributes
    ----------
    channels
        Through which it may be done, the best first.
    action
        What is done, in a few words.
    """

    channels: tuple[Literal["email", "sms", "whatsapp", "phone"], ...]
    action: str


def _actions() -> dict[Type, Touch]:
    return {
        "prospect": Touch(channels=("email",), action="discount on the first purchase"),
        "lead": Touch(channels=("email", "sms"), action="purchase reminder with a personal offer"),
        "customer": Touch(channels=("email",), action="post-purchase follow-up"),
        "at_risk": Touch(channels=("sms", "email"), action="discount on the next purchase"),
        "advocate": Touch(channels=("email", "whatsapp"), action="referral programme or invitation to review"),
    }


class Journey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which of the five types somebody is.

    Whoever has bought is a customer, unless the signs of leaving or the wish to recommend say more. Whoever has not is
    a prospect, unless they showed that they are interested.

    Attributes
    ----------
    lead_by
        What makes a lead of a prospect: a ``request`` that was sent, a marketing ``consent`` in force, ``visits`` (as
        many as ``personas.consideration_visits``), or the ``account`` itself.
    at_risk_signals
        Churn signals that count.
    at_risk_least
        So many of them make a customer one at risk.
    first
        What somebody is who is both at risk and an advocate (``personas.promoter_from``).
    actions
        What is done for each type.
    """

    lead_by: tuple[Literal["request", "consent", "visits", "account"], ...] = ("request", "consent", "visits")
    at_risk_signals: tuple[Signal, ...] = ("no_login", "no_purchase", "low_score")
    at_risk_least: Annotated[int, msgspec.Meta(ge=1, le=3)] = 2
    first: Literal["at_risk", "advocate"] = "at_risk"
    actions: dict[Type, Touch] = msgspec.field(default_factory=_actions)

    def __post_init__(self) -> None:
        if self.at_risk_least > len(set(self.at_risk_signals)):
            raise PolicyError(
                f"policy journey.at_risk_least: {self.at_risk_least} of {len(set(self.at_risk_signals))} signals can "
                "never be reached."
            )
        missing = sorted(set(_actions()) - set(self.actions))
        if missing:
            raise PolicyError(f"policy journey.actions: there is none for {', '.join(missing)}.")
