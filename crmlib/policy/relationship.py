"""When a customer is leaving, what is done about it, and how answers to surveys count."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from crmlib.errors import PolicyError

__all__ = ["Action", "Churn", "Surveys"]


class Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a churn signal sets off.

    Attributes
    ----------
    action
        What is done, in a few words.
    channels
        How the customer may be reached: email, sms, whatsapp, phone. Only those with consent are used.
    tone
        Of the message.
    """

    action: str
    channels: tuple[Literal["email", "sms", "whatsapp", "phone"], ...]
    tone: str


def _actions() -> dict[Literal["no_login", "no_purchase", "low_score"], Action]:
    return {
        "no_login": Action(action="reminder with an incentive", channels=("email", "sms"), tone="cordial"),
        "no_purchase": Action(action="personal discount", channels=("email",), tone="persuasive"),
        "low_score": Action(action="ask for feedback", channels=("email",), tone="empathetic"),
    }


class Churn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a customer is about to leave, when one has left, and what is done about it.

    Attributes
    ----------
    login_days, purchase_days
        Windows without a login, without a purchase.
    days_operator
        ``>``: the signal needs more days than the window; ``>=``: the window's last day is enough.
    low_score, score_operator
        A latest score ``<`` (or ``<=``) this is low. With ``< 6`` a 6, a detractor's mark, sets off nothing.
    score_lasts_days
        An older answer counts no more; none ages by default.
    windows
        ``fixed`` takes the days above; ``quantile`` reads them off the data: so many days within which
        `window_quantile` of all returns came.
    window_quantile
        That share.
    window_by
        Whose returns: the ``shop``'s, each ``customer``'s own, or those to the ``category`` that the customer buys
        most. Logins know no category: theirs are the shop's then.
    fewest_gaps
        A customer or category with fewer returns than this gets the shop's window.
    never_logged_in
        ``since_registration`` counts the days from there; ``signal`` and ``no_signal`` settle it.
    never_bought
        ``no_signal``: who never bought cannot fail to buy *again*; ``since_registration`` counts the days from there.
    active_days
        An order keeps a customer active for so many days; beyond them the customer has left, and nobody predicts it.
    horizon_days
        Leaving, as it is predicted: no order in so many days.
    actions
        What each signal sets off.
    """

    login_days: Annotated[int, msgspec.Meta(ge=1)] = 30
    purchase_days: Annotated[int, msgspec.Meta(ge=1)] = 60
    days_operator: Literal[">", ">="] = ">"
    low_score: Annotated[float, msgspec.Meta(ge=0, le=10)] = 6
    score_operator: Literal["<", "<="] = "<"
    score_lasts_days: Annotated[int, msgspec.Meta(ge=1)] | None = None
    windows: Literal["fixed", "quantile"] = "fixed"
    window_quantile: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.9
    window_by: Literal["shop", "customer", "category"] = "shop"
    fewest_gaps: Annotated[int, msgspec.Meta(ge=1)] = 5
    never_logged_in: Literal["since_registration", "signal", "no_signal"] = "since_registration"
    never_bought: Literal["no_signal", "since_registration"] = "no_signal"
    active_days: Annotated[int, msgspec.Meta(ge=1)] = 180
    horizon_days: Annotated[int, msgspec.Meta(ge=1)] = 90
    actions: dict[Literal["no_login", "no_purchase", "low_score"], Action] = msgspec.field(default_factory=_actions)


class Surveys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How answers to surveys are counted.

    Attributes
    ----------
    nps_scale
        ``nps_0_10``, the field's standard, or ``nps_1_10``, that of the course texts. On both, 9 and 10 are promoters,
        7 and 8 passives, and what is below detractors. An answer off the scale is an error.
    csat_scale
        CSAT is asked from 1 to this.
    csat_top
        So many of the highest answers are satisfied ones.
    duplicates
        Which answer of a customer counts where there are several: the ``last``, the ``first``, or their ``mean``;
        ``keep`` counts each of them, and then intervals are too narrow, for they take answers as independent.
    control_sigmas
        How many standard errors from the centre the control limits lie.
    reaction_days
        A customer who logs in or orders within so many days after being asked was still there.
    reply_hours
        A request whose first reply took longer was slow.
    """

    nps_scale: Literal["nps_0_10", "nps_1_10"] = "nps_0_10"
    csat_scale: Annotated[int, msgspec.Meta(ge=2, le=10)] = 5
    csat_top: Annotated[int, msgspec.Meta(ge=1, le=9)] = 2
    duplicates: Literal["last", "first", "mean", "keep"] = "last"
    control_sigmas: Annotated[float, msgspec.Meta(gt=0, le=10)] = 3
    reaction_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 90
    reply_hours: Annotated[float, msgspec.Meta(ge=0)] = 24

    def __post_init__(self) -> None:
        if self.csat_top >= self.csat_scale:
            raise PolicyError(
                f"policy surveys.csat_top: {self.csat_top} of {self.csat_scale} answers leave none that is unsatisfied."
            )
