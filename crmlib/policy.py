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
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from crmlib.errors import PolicyError

__all__ = [
    "PRESETS",
    "Action",
    "Churn",
    "Clv",
    "Intake",
    "Orders",
    "Personas",
    "Policy",
    "Rfm",
    "Surveys",
    "Tiers",
    "load",
]

Edges = tuple[float, float, float, float]
_MACHINE_ZONES = {"localtime", "posixrules", "Factory"}
_LIKERT = ("1", "2", "3", "4", "5")
_ORDINAL = {
    "household_size": ("1", "2", "3", "4", "5", "5+"),
    "income_band": ("under_15k", "15k_25k", "25k_40k", "40k_70k", "over_70k"),
    "price_importance": _LIKERT,
    "quality_importance": _LIKERT,
    "novelty_importance": _LIKERT,
    "sustainability_importance": _LIKERT,
    "age": ("19-24", "25-34", "35-44", "45-54", "55-64", "65+"),
    "income": (
        *("Under 15K", "15-24K", "25-34K", "35-49K", "50-74K", "75-99K"),
        *("100-124K", "125-149K", "150-174K", "175-199K", "200-249K", "250K+"),
    ),
}
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Orders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What counts as an order, and when it happened.

    Attributes
    ----------
    timezone
        The shop's own zone, an IANA name. Timestamps that carry a zone are brought to it, those that carry none are
        taken to be in it; days begin at its midnight.
    same_day
        ``keep`` counts each order; ``merge`` makes one purchase of a customer's orders of one day.
    returns
        ``net`` subtracts a return (a negative amount, or a row of the table ``returns``) from its order, or from the
        customer's latest order before it; ``ignore`` drops returns and leaves the orders as they were.
    fully_returned
        Whether an order that was given back whole still counts as a purchase of amount 0.
    zero_amount
        Whether an order of amount 0 (a gift, a voucher) counts as a purchase.
    missing_customer
        ``error`` names the first row without a customer; ``drop`` leaves such rows out and counts them.
    duplicate_rows
        ``drop`` leaves out rows that repeat another in every column. Two equal lines of one order may both be
        real, so the default is ``keep``.
    cancelled_status
        Values of a column ``status`` that mean the order was cancelled, in lower case.
    cancelled_prefix
        Order ids that begin so are cancellations; empty for none.
    """

    timezone: str = "UTC"
    same_day: Literal["keep", "merge"] = "keep"
    returns: Literal["net", "ignore"] = "net"
    fully_returned: Literal["drop", "keep"] = "drop"
    zero_amount: Literal["keep", "drop"] = "keep"
    missing_customer: Literal["error", "drop"] = "error"
    duplicate_rows: Literal["keep", "drop"] = "keep"
    cancelled_status: tuple[str, ...] = ("cancelled", "canceled", "void", "voided", "annullato")
    cancelled_prefix: str = ""

    def __post_init__(self) -> None:
        try:
            if self.timezone in _MACHINE_ZONES:
                raise ValueError  # noqa: TRY301 - a name that means another zone on another machine
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise PolicyError(
                f"policy orders.timezone: {self.timezone!r} is not a time zone. Use an IANA name such as "
                "'Europe/Rome' or 'UTC'."
            ) from error


class Rfm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How recency, frequency and monetary value become scores from 1 to 5, and scores become segments.

    Attributes
    ----------
    method
        ``quantile`` reads the four cut-points of each measure off the customers (their fifths); ``fixed`` takes
        the ones below.
    segment_map
        ``classic``, the map that is common in the field, or ``descriptive``, which follows the course texts to the
        letter.
    recency_days, frequency, monetary
        The four rising cut-points for ``fixed``: days, orders, and money in the shop's currency. A value scores
        1, and one more for each cut-point below it (recency: 5, and one less).
    """

    method: Literal["quantile", "fixed"] = "quantile"
    segment_map: Literal["classic", "descriptive"] = "classic"
    recency_days: Edges = (30, 90, 180, 365)
    frequency: Edges = (1, 2, 4, 8)
    monetary: Edges = (50, 150, 400, 1000)

    def __post_init__(self) -> None:
        for name in ("recency_days", "frequency", "monetary"):
            edges = getattr(self, name)
            if list(edges) != sorted(edges):
                raise PolicyError(f"policy rfm.{name}: cut-points must rise, got {list(edges)}.")


class Clv(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a customer's future is worth today.

    Attributes
    ----------
    horizon_months
        How far ahead purchases count, in months of 30.4375 days.
    annual_discount
        Rate per year at which later money counts less.
    margin
        Share of the revenue that stays with the shop. 1 gives revenue, not profit.
    """

    horizon_months: Annotated[int, msgspec.Meta(ge=1, le=600)] = 12
    annual_discount: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.10
    margin: Share = 1.0


class Tiers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which customers stand out.

    Attributes
    ----------
    high_value, high_potential
        The quantile of the customers from which on value or potential counts as high.
    """

    high_value: Share = 0.8
    high_potential: Share = 0.8


class Intake(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How contacts are cleaned, which of them are one person, and which mailboxes are everybody's.

    Attributes
    ----------
    phone_regions
        ISO codes of the countries whose numbers people write without a prefix, the likeliest first.
    unassigned_phones
        ``keep`` takes numbers of a possible length that their country has not assigned (new ranges, numbers made
        for fiction); ``drop`` takes valid ones only.
    plus_tags
        Whether ``anna+shop@example.com`` reaches the mailbox ``anna@example.com``.
    dotless_domains
        Providers that ignore the dots before the ``@``.
    same_domains
        Domains that are another name of a provider: the other name -> its name.
    generic_mailboxes
        What stands before the ``@`` of addresses that belong to nobody in particular. Mail to them becomes a ticket;
        as a contact's own address they do not show that two contacts are one person.
    longest_field
        A text longer than so many characters is no field of a contact: its row is rejected.
    name_typos
        How many letters of a first name may be wrong. Beyond that, short forms and initials aside, two first names
        differ clearly, and contacts whose first names do are never merged, whatever else they share.
    shared_key_people
        A phone or mailbox that more people than this use is a switchboard's: it merges nobody.
    merge_from
        Probability from which a pair that shares neither mailbox nor phone is merged.
    review_from
        Probability from which a person is asked.
    later_grant
        What a permission does that was given after a withdrawal: ``stays_out`` leaves the person opted out, the
        strictest reading; ``restores`` takes it.
    stale_days
        A record that nobody has touched for more than so many days is stale.
    """

    phone_regions: tuple[str, ...] = ("IT", "GB")
    unassigned_phones: Literal["keep", "drop"] = "keep"
    plus_tags: bool = True
    dotless_domains: tuple[str, ...] = ("gmail.com", "gmail.example")
    same_domains: dict[str, str] = msgspec.field(default_factory=lambda: {"googlemail.com": "gmail.com"})
    generic_mailboxes: tuple[str, ...] = (
        *("info", "clienti", "commerciale", "vendite", "ordini", "assistenza", "amministrazione", "segreteria"),
        *("contact", "contacts", "hello", "office", "orders", "sales", "service", "shop", "support", "help"),
    )
    longest_field: Annotated[int, msgspec.Meta(ge=100)] = 10_000
    name_typos: Annotated[int, msgspec.Meta(ge=0, le=3)] = 1
    shared_key_people: Annotated[int, msgspec.Meta(ge=1)] = 6
    merge_from: Share = 0.95
    review_from: Share = 0.5
    later_grant: Literal["stays_out", "restores"] = "stays_out"
    stale_days: Annotated[int, msgspec.Meta(ge=1)] = 730

    def __post_init__(self) -> None:
        if self.review_from > self.merge_from:
            raise PolicyError(
                f"policy intake.review_from: {self.review_from} is above intake.merge_from ({self.merge_from}). "
                "The doubtful band lies below what is merged."
            )
        for region in self.phone_regions:
            if not (len(region) == 2 and region.isascii() and region.isupper()):  # noqa: PLR2004 - ISO 3166-1 alpha-2
                raise PolicyError(f"policy intake.phone_regions: {region!r} is no ISO 3166 code such as 'IT' or 'GB'.")


class Personas(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which answers describe a customer, and when a stage of the journey is reached.

    Gender is not among the answers: a persona that rests on it would steer offers by it.

    Attributes
    ----------
    ordinal
        Columns of customers whose answers have an order, lowest first; those of the known sources by default (see
        `ranked`).
    nominal
        Columns whose answers have none.
    several
        Columns that hold several answers, joined by a bar.
    category
        Columns of products that may name the category; the first that is there is taken.
    most_categories
        The rarer categories beyond so many count as one, ``other``.
    ages
        A birth year that makes a customer younger or older is a typing error, so the age is unknown.
    prior_views, prior_lines
        So many page views (order lines) spread as the whole shop's are added to a customer's own before shares are
        taken: who viewed one page has not shown a taste.
    consideration_visits
        Visits that make consideration of awareness.
    retention_orders
        Orders that make retention of acquisition.
    promoter_from
        The least answer to "how likely are you to recommend us?" that makes an advocate of a buyer.
    """

    ordinal: dict[str, tuple[str, ...]] | None = None
    nominal: tuple[str, ...] = (
        *("occupation", "lifestyle", "values", "personality", "acquisition_channel", "preferred_channel", "device"),
        *("home_ownership", "marital_status", "household_comp"),
    )
    several: tuple[str, ...] = ("interests",)
    category: tuple[str, ...] = ("category", "department")
    most_categories: Annotated[int, msgspec.Meta(ge=2, le=50)] = 10
    ages: tuple[int, int] = (14, 100)
    prior_views: Annotated[float, msgspec.Meta(ge=0)] = 10
    prior_lines: Annotated[float, msgspec.Meta(ge=0)] = 3
    consideration_visits: Annotated[int, msgspec.Meta(ge=1)] = 2
    retention_orders: Annotated[int, msgspec.Meta(ge=2)] = 2
    promoter_from: Annotated[int, msgspec.Meta(ge=1, le=10)] = 9

    def __post_init__(self) -> None:
        if self.ages[0] >= self.ages[1]:
            raise PolicyError(f"policy personas.ages: the youngest comes first, got {list(self.ages)}.")
        known = [*self.ranked, *self.nominal, *self.several]
        twice = sorted({name for name in known if known.count(name) > 1})
        if twice:
            raise PolicyError(f"policy personas: {', '.join(twice)} can be of one kind only.")

    @property
    def ranked(self) -> dict[str, tuple[str, ...]]:
        """Columns whose answers have an order, and the answers, lowest first."""
        return _ORDINAL if self.ordinal is None else self.ordinal


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
    """How answers to surveys are counted, and how long a questionnaire may be.

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
    most_questions
        A questionnaire of more questions is refused: it is no longer short.
    """

    nps_scale: Literal["nps_0_10", "nps_1_10"] = "nps_0_10"
    csat_scale: Annotated[int, msgspec.Meta(ge=2, le=10)] = 5
    csat_top: Annotated[int, msgspec.Meta(ge=1, le=9)] = 2
    duplicates: Literal["last", "first", "mean", "keep"] = "last"
    control_sigmas: Annotated[float, msgspec.Meta(gt=0, le=10)] = 3
    reaction_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 90
    reply_hours: Annotated[float, msgspec.Meta(ge=0)] = 24
    most_questions: Annotated[int, msgspec.Meta(ge=1, le=100)] = 8

    def __post_init__(self) -> None:
        if self.csat_top >= self.csat_scale:
            raise PolicyError(
                f"policy surveys.csat_top: {self.csat_top} of {self.csat_scale} answers leave none that is unsatisfied."
            )


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All definitions of one business.

    Attributes
    ----------
    orders, rfm, clv, tiers, intake, personas, surveys, churn
        See `Orders`, `Rfm`, `Clv`, `Tiers`, `Intake`, `Personas`, `Surveys`, `Churn`.
    """

    orders: Orders = Orders()
    rfm: Rfm = Rfm()
    clv: Clv = Clv()
    tiers: Tiers = Tiers()
    intake: Intake = Intake()
    personas: Personas = Personas()
    surveys: Surveys = Surveys()
    churn: Churn = Churn()

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
    "texts": Policy(rfm=Rfm(segment_map="descriptive"), surveys=Surveys(nps_scale="nps_1_10")),
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
