"""Commercial actions as typed entries: discounts, rebates, up-gradings, cross-sellings, and what each may leave.

Text 003 asks a shop for five of each kind. `actions` holds twenty as a start; their responses are assumptions, spread
as widely as they are unsure, until an experiment replaces them.
"""

from __future__ import annotations

import zlib
from datetime import timedelta
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import msgspec
import numpy as np
import pandas as pd

from crmlib import engine, rfm
from crmlib import policy as policies
from crmlib.days import until
from crmlib.errors import CrmlibError
from crmlib.segment_maps import best_first
from crmlib.shop.required import require
from crmlib.words import explained

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["KINDS", "OfferAction", "Response", "actions", "audiences", "simulate_margin"]

Kind = Literal["discount", "rebate", "up_grading", "cross_selling"]
#: ``discount`` lowers the price at the till; ``rebate`` (the texts' abbuono) gives money or credit back afterwards, to
#: those who claim it; ``up_grading`` sells something dearer of the same kind; ``cross_selling`` something else with it.
KINDS: tuple[str, ...] = get_args(Kind)
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Response(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A share of customers that is not known exactly.

    Attributes
    ----------
    mean
        The share.
    like
        As sure as if so many customers had been watched: 10 is a guess, 1,000 an experiment. The share is then
        Beta(mean * like, (1 - mean) * like).
    """

    mean: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    like: Annotated[float, msgspec.Meta(gt=0)] = 20.0


class OfferAction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One action. Shares of money are of a usual order of those who are contacted.

    Attributes
    ----------
    name
        Its key.
    kind
        One of `KINDS`.
    trigger
        When it is offered, in a word or two: what tells two actions of a kind apart, with the audience.
    text
        What the customer is told, by language.
    audience
        RFM segments; empty: all customers.
    benefit
        Share given: of the order (discount, rebate), or of what is added (up_grading, cross_selling).
    claimed
        Share of those who qualify that collect it.
    extra
        Share that orders because of the offer, among those who would not have.
    added
        What a taker adds, as a share of a usual order: the step to the dearer product, or the other product.
    taken
        Share of those who order that take the dearer or the other product.
    contact_cost
        Of one message; by default that of a mail, by the policy's ``money.email_cost``.
    """

    name: str
    kind: Kind
    trigger: str
    text: dict[Literal["en", "it"], str]
    extra: Response
    audience: tuple[str, ...] = ()
    benefit: Share = 0.0
    claimed: Share = 1.0
    added: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.0
    taken: Response | None = None
    contact_cost: Annotated[float, msgspec.Meta(ge=0)] | None = None

    def __post_init__(self) -> None:
        if not self.name or not self.trigger:
            raise CrmlibError(f"Action {self.name!r}: it needs a name and a trigger.")
        gives = self.kind in {"discount", "rebate"}
        if gives and not self.benefit:
            raise CrmlibError(f"Action {self.name!r}: a {self.kind} gives something; benefit is 0.")
        if gives == bool(self.added) or gives == (self.taken is not None):
            told = "adds nothing: leave out added and taken" if gives else "adds something: say added and taken"
            raise CrmlibError(f"Action {self.name!r}: a {self.kind} {told}.")


def actions(file: str | Path | None = None) -> list[OfferAction]:
    """Read actions from a TOML file: a table ``[[action]]`` each.

    Parameters
    ----------
    file
        Its path; without it, the twenty that come with crmlib, five of each kind.

    Raises
    ------
    CrmlibError
        The file is not there, an entry is not valid, or two entries are the same action under two names.

    Examples
    --------
    >>> actions()[0].name, actions()[0].kind
    ('welcome_discount', 'discount')
    """
    from pathlib import Path

    if file is None:
        place, data = "actions.toml", (resources.files("crmlib.offers") / "actions.toml").read_bytes()
    else:
        place = str(file)
        if not Path(file).is_file():
            raise CrmlibError(f"There is no file {place}.")
        data = Path(file).read_bytes()
    try:
        found = msgspec.toml.decode(data, type=_Listed).get("action", [])
    except (msgspec.MsgspecError, CrmlibError, UnicodeDecodeError) as error:
        raise CrmlibError(f"{place}: {explained(error, _Listed)}") from error
    _distinct(found, place)
    return found


_Listed = dict[Literal["action"], list[OfferAction]]


def _distinct(found: Iterable[OfferAction], place: str) -> None:
    """Refuse the same action twice: by name, or by kind, trigger, audience."""
    names: set[str] = set()
    same: dict[tuple[Any, ...], str] = {}
    for action in found:
        if action.name in names:
            raise CrmlibError(f"{place}: the name {action.name!r} stands twice.")
        names.add(action.name)
        twin = same.setdefault((action.kind, action.trigger, frozenset(action.audience)), action.name)
        if twin != action.name:
            raise CrmlibError(
                f"{place}: {action.name!r} is {twin!r} again: a {action.kind} on {action.trigger!r} for the same "
                "customers. Change what triggers it, or whom it is for."
            )


def audiences(
    shop: Shop, *, window_days: int = 30, policy: Policy | str | dict[str, Any] | None = None
) -> pd.DataFrame:
    """Say what each RFM segment does in a window when it is left alone: what an action has to beat.

    Segments are those of the day before the window, so a segment does not owe its name to what is counted.

    Parameters
    ----------
    shop
        Looked at on its own day; the window ends there.
    window_days
        Its length.
    policy
        `rfm`; the shop's own by default.

    Returns
    -------
    pandas.DataFrame
        One row a segment: audience, customers, ordering (share that ordered in the window), order_value (mean value of
        an order in it; of the whole shop's where the segment had none).

    Raises
    ------
    SchemaError
        Nobody had ordered before the window: take a shorter one.
    CrmlibError
        Nobody ordered in the window: what an order is worth is not known.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> table = audiences(open_shop("shop"))
    Opened shop: ...
    >>> table.columns.tolist()
    ['audience', 'customers', 'ordering', 'order_value']
    """
    before = shop.as_of - timedelta(days=window_days)
    rules = policies.load(policy or shop.policy)
    scores = rfm.score(shop.orders, as_of=before, policy=rules)
    tables = {"scores": scores, "orders": shop.orders}
    found = engine.run("offers_window", tables=tables, after=until(before), until=until(shop.as_of)).to_pandas()
    table = found.astype({"orders": float}).sort_values("audience").set_index("audience")
    if not table["orders"].sum():
        raise CrmlibError(
            f"None of the customers of {before} ordered in the {window_days} days up to {shop.as_of}: what an order of "
            "theirs is worth cannot be said. Take a longer window."
        )
    usual = table["spend"].sum() / table["orders"].sum()
    value = (table["spend"] / table["orders"].where(table["orders"] > 0)).fillna(usual)
    return table.assign(order_value=value).reset_index()[["audience", "customers", "ordering", "order_value"]]


def simulate_margin(
    entries: Iterable[OfferAction],
    groups: pd.DataFrame,
    *,
    seed: int = 1,
    draws: int = 4000,
    level: float = 0.90,
    policy: Policy | str | dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Simulate what each action leaves, compared with doing nothing.

    A draw takes the unsure shares from their beta distributions, then customers by lot. What those who order anyway are
    given is a cost and brings nothing.

    Parameters
    ----------
    entries
        The actions.
    groups
        From `audiences`: audience, customers, ordering, order_value.
    seed
        Of the draws; an action draws the same whatever stands beside it.
    draws
        How many.
    level
        Of the interval.
    policy
        `offers.margin` or `money.margin`, and `money.email_cost`.

    Returns
    -------
    pandas.DataFrame
        One row an action, in their order: name, kind, customers, extra_orders, given_away (to those who order anyway),
        margin (mean), low, high, loss (probability that it loses money). An action for segments that nobody is in has 0
        customers and brings 0.

    Examples
    --------
    >>> groups = pd.DataFrame({"audience": ["Loyal"], "customers": [1000], "ordering": [0.2], "order_value": [50.0]})
    >>> table = simulate_margin([one for one in actions() if not one.audience][:2], groups)
    >>> table[["name", "customers", "loss"]].round(2)
                   name  customers  loss
    0      cart_minimum       1000  0.86
    1  season_clearance       1000  1.00
    """
    require(groups, "the audiences", ["audience", "customers", "ordering", "order_value"])
    rules = policies.load(policy)
    margin = rules.margin_of("offers")
    entries = list(entries)
    _say_strangers(entries, groups)
    rows = []
    for action in entries:
        own = groups[groups["audience"].isin(action.audience)] if action.audience else groups
        rng = np.random.default_rng([seed, zlib.crc32(action.name.encode())])
        cost = rules.money.email_cost if action.contact_cost is None else action.contact_cost
        gain, extra, given = np.zeros(draws), np.zeros(draws), np.zeros(draws)
        more, take = _draw(rng, action.extra, draws), _draw(rng, action.taken, draws)
        columns = ["customers", "ordering", "order_value"]
        for people, ordering, value in own[columns].itertuples(index=False, name=None):
            anyway = rng.binomial(people, ordering, draws)
            new = rng.binomial(people - anyway, more)
            gain += new * value * margin - people * cost
            extra += new
            if action.taken is None:
                claims, claims_anyway = (rng.binomial(count, action.claimed) for count in (new, anyway))
                gain -= (claims + claims_anyway) * value * action.benefit
                given += claims_anyway * value * action.benefit
            else:
                # what is added brings its margin, also from those who order anyway: that is the point of it
                takers = rng.binomial(anyway + new, take)
                gain += takers * value * action.added * (margin - action.benefit * action.claimed)
        low, high = np.quantile(gain, [(1 - level) / 2, (1 + level) / 2])
        customers, loss = int(own["customers"].sum()), float((gain < 0).mean())
        rows.append((action.name, action.kind, customers, extra.mean(), given.mean(), gain.mean(), low, high, loss))
    names = ["name", "kind", "customers", "extra_orders", "given_away", "margin", "low", "high", "loss"]
    return pd.DataFrame(rows, columns=names)


def _say_strangers(entries: list[OfferAction], groups: pd.DataFrame) -> None:
    """Say which actions are for segments that a shop with a map of its own does not have."""
    there = set(groups["audience"])
    if there <= set(rfm.SEGMENTS):  # one of crmlib's own may be empty today, and that is no mistake
        return
    for_nobody = [action.name for action in entries if action.audience and not there & set(action.audience)]
    if for_nobody:
        print(  # noqa: T201 - what is missing is always said
            f"No customer is in the audience of: {', '.join(for_nobody)}. The segments here are "
            f"{', '.join(best_first(there))}: write actions for them, and read them with offers.actions(file)."
        )


def _draw(rng: np.random.Generator, share: Response | None, draws: int) -> Any:
    if share is None:
        return np.zeros(draws)
    return rng.beta(share.mean * share.like, (1 - share.mean) * share.like, draws)
