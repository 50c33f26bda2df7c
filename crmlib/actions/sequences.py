"""Automated sequences: what sets them off, their steps, what ends them. Typed, versioned, TOML in and out.

>>> told = '''
... name = "reminder"
... version = 1
... purpose = "marketing"
... trigger = { event = "no_purchase", days = 60 }
... steps = [{ name = "nudge", channels = ["email"], template = "repurchase" }]
... '''
>>> sequence = read_sequence(told)
>>> sequence.trigger.event, sequence.steps[0].after_days
('no_purchase', 0.0)
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from crmlib.errors import PolicyError
from crmlib.policy.contact import CLOCK
from crmlib.words import did_you_mean, explained

__all__ = ["READY_MADE", "Cap", "Condition", "Offer", "Sequence", "Step", "Trigger", "read_sequence", "sequence"]

#: The sequences that come with crmlib, in the order of a customer's life.
READY_MADE = (
    *("welcome", "abandoned_interest", "post_purchase", "repurchase_reminder", "win_back", "low_score_feedback"),
    "advocate_referral",
)

Channel = Literal["email", "sms", "whatsapp", "phone"]
Purpose = Literal["service", "marketing", "soft_spam"]
Event = Literal[
    "registered", "interest", "ordered", "delivered", "no_login", "no_purchase", "low_score", "promoter", "calendar"
]
OfferKind = Literal[
    "newsletter", "reminder", "promo", "season", "winback", "bundle", "welcome", "apology", "referral"
]  # fmt: skip
Days = Annotated[float, msgspec.Meta(ge=0, le=3650)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
# Bounds of what is read, far beyond what people write: whoever runs a sequence of a stranger knows what it can cost.
Word = Annotated[str, msgspec.Meta(max_length=100)]
Words = Annotated[tuple[Word, ...], msgspec.Meta(max_length=200)]


class Trigger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What sets a sequence off.

    Attributes
    ----------
    event
        ``registered``: an account was opened; ``interest``: a visit ended without an order; ``ordered``, ``delivered``;
        ``no_login``, ``no_purchase``: so many days of silence are reached; ``low_score``: a survey answered below the
        policy's threshold; ``promoter``: answered by a promoter; ``calendar``: every so many days from the period's
        start, whatever the customer did.
    days
        Of silence, or between two calendar dates, or (``interest``) that pass without an order before it counts as
        abandoned; the policy's window by default (``churn.login_days``, ``churn.purchase_days``,
        ``contact.interest_days``; a ``calendar`` without days comes once).
    """

    event: Event
    days: Days | None = None


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A column of what is known of the customer, and what it must be: all that is said must hold; a gap never does.

    Attributes
    ----------
    column
        Such as ``orders``, ``segment``, ``type``, ``language``, or one of the caller's own table.
    one_of
        Values of text.
    at_least, at_most
        Bounds of a number, inclusive.
    """

    column: Word
    one_of: Words | None = None
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if self.one_of is None and self.at_least is None and self.at_most is None:
            raise PolicyError(f"condition on {self.column!r}: say one_of, at_least or at_most.")


Conditions = Annotated[tuple[Condition, ...], msgspec.Meta(max_length=20)]


class Offer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a step offers.

    Attributes
    ----------
    kind
        As the kinds of campaigns; ``newsletter`` and ``reminder`` give nothing away.
    discount
        Share taken off an order.
    code
        The code that redeems it.
    valid_days
        How long it can be redeemed after the contact.
    """

    kind: OfferKind
    discount: Share = 0.0
    code: Word = ""
    valid_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 21


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One message of a sequence.

    Attributes
    ----------
    name
        Of the step.
    after_days
        Days after the trigger.
    channels
        The first of them that the customer allows is used.
    template
        Name of the message.
    offer
        What it offers, if anything.
    conditions
        All must hold for the step to be taken; the sequence goes on without it.
    """

    name: Name
    after_days: Days = 0.0
    channels: Annotated[tuple[Channel, ...], msgspec.Meta(max_length=4)]
    template: Name
    offer: Offer | None = None
    conditions: Conditions = ()


class Cap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most so many contacts of this sequence within so many days, beside the policy's cap over all."""

    most: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    within_days: Annotated[int, msgspec.Meta(ge=1, le=3650)]


class Sequence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An automated sequence.

    Attributes
    ----------
    name, version
        Which it is; entries of a queue carry both.
    purpose
        On what grounds people are contacted: ``service`` (about an order of theirs), ``marketing`` (with consent),
        ``soft_spam`` (own customers, similar goods, with an opt-out).
    trigger, steps
        What sets it off, and its messages.
    conditions
        Who enters it.
    exits
        Events that end it for a customer: nothing of it is sent after one. An opt-out always ends it.
    cap
        Its own frequency cap.
    quiet_from, quiet_until
        Its own quiet hours, beside the policy's.
    again_after_days
        A customer enters again only so many days after the last time; a ``calendar`` has its own rhythm.
    control_share
        Share of those who would enter that is kept out at random, so that its effect can be measured.
    language
        Of its messages, ``en`` or ``it``; each customer's own by default.
    category
        Product categories that it is about; the whole shop's range by default. Soft spam may need it, where the policy
        takes similar goods for goods of one category.
    """

    name: Name
    version: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    purpose: Purpose
    trigger: Trigger
    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=100)]
    conditions: Conditions = ()
    exits: Annotated[tuple[Event, ...], msgspec.Meta(max_length=20)] = ()
    cap: Cap | None = None
    quiet_from: str = ""
    quiet_until: str = ""
    again_after_days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 90
    control_share: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    language: Literal["", "en", "it"] = ""
    category: Words = ()

    def __post_init__(self) -> None:
        if bool(self.quiet_from) != bool(self.quiet_until):
            raise PolicyError(f"sequence {self.name!r}: quiet_from and quiet_until go together.")
        for name in ("quiet_from", "quiet_until"):
            if getattr(self, name) and not CLOCK.fullmatch(getattr(self, name)):
                raise PolicyError(
                    f"sequence {self.name!r}, {name}: {getattr(self, name)!r} is no time of day such as '20:00'."
                )
        names = [step.name for step in self.steps]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise PolicyError(f"sequence {self.name!r}: two steps are called {twice[0]!r}. Give each its own name.")

    def to_toml(self) -> str:
        """Return the sequence as TOML that `read_sequence` reads back."""
        import tomli_w

        return tomli_w.dumps(msgspec.to_builtins(self))


def read_sequence(text: str | Path) -> Sequence:
    """Read a sequence.

    Parameters
    ----------
    text
        TOML, or the path of a ``.toml`` file.

    Raises
    ------
    PolicyError
        It is no sequence; the message names file and field.
    """
    place = f"sequence {text}" if isinstance(text, Path) else "sequence"
    try:
        return msgspec.toml.decode(text.read_bytes() if isinstance(text, Path) else text.encode(), type=Sequence)
    except (msgspec.MsgspecError, OSError) as error:
        raise PolicyError(f"{place}: {explained(error, Sequence)}") from error


def sequence(name: str | Path, language: Literal["en", "it"] | None = None) -> Sequence:
    """Return a ready-made sequence by its name, or read one from a TOML file.

    Parameters
    ----------
    name
        One of `READY_MADE`, or a path that ends in ``.toml``.
    language
        Of all its messages; each customer's own by default.

    Raises
    ------
    PolicyError
        There is no such sequence, or the file holds none; the message names file and field.

    Examples
    --------
    >>> back = sequence("win_back")
    >>> back.purpose, back.steps[0].offer.code, back.steps[0].offer.discount
    ('soft_spam', 'RIATTVA10', 0.1)
    >>> sequence("winback")
    Traceback (most recent call last):
    crmlib.errors.PolicyError: There is no ready-made sequence 'winback'. Did you mean 'win_back'? Or give a path...
    """
    if str(name).endswith(".toml"):
        found = read_sequence(Path(name))
    elif isinstance(name, str) and name in READY_MADE:
        found = read_sequence((files("crmlib.actions") / "ready_made" / f"{name}.toml").read_text(encoding="utf-8"))
    else:
        raise PolicyError(
            f"There is no ready-made sequence {str(name)!r}. {did_you_mean(str(name), READY_MADE)} Or give a path that "
            "ends in .toml."
        )
    return found if language is None else msgspec.structs.replace(found, language=language)
