"""How sure is sure enough: error rates of experiments, and what counts as an offer that sells."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from crmlib.errors import PolicyError

__all__ = ["Experiments", "Offers"]

Open = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Experiments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Error rates of experiments.

    Attributes
    ----------
    alpha
        Share of experiments without any effect that may call one: false alarms. Intervals are of level 1 - alpha.
    power
        Share of experiments with the effect that was planned for that should find it.
    mismatch_alpha
        Sizes of the arms that chance gives more rarely than this mean that the lot was not drawn as planned. Far
        below alpha, for a broken lot spoils everything, and every experiment is checked.
    correction
        For several comparisons: ``holm`` and ``bonferroni`` bound the chance of any false alarm, ``fdr_bh``
        (Benjamini and Hochberg) the share of false ones among those called.
    spending
        How planned looks share alpha: ``obrien_fleming`` saves nearly all of it for the end, ``pocock`` spends it
        evenly.
    """

    alpha: Open = 0.05
    power: Open = 0.80
    mismatch_alpha: Open = 0.001
    correction: Literal["holm", "bonferroni", "fdr_bh"] = "holm"
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"


class Offers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is sold together, what is dearer, and what an order leaves to the shop.

    Attributes
    ----------
    margin
        Share of the list price that stays with the shop, before any discount, where it is another than
        ``money.margin``.
    least_support
        Share of the baskets that must hold a set of items for it to count as frequent.
    least_lift
        Rules below are left out: at 1, items are together just as often as chance would put them.
    suggestions
        How many products are suggested to a customer.
    most_items
        Only so many products, the most bought, are ever suggested: of the rarer ones nobody can tell who likes them.
    dearer_from, dearer_to
        An up-grade costs at least and at most so many times as much as what the customer buys of its kind.
    """

    margin: Share | None = None
    least_support: Open = 0.01
    least_lift: Annotated[float, msgspec.Meta(ge=0)] = 1.1
    suggestions: Annotated[int, msgspec.Meta(ge=1)] = 5
    most_items: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 2_000
    dearer_from: Annotated[float, msgspec.Meta(ge=1)] = 1.1
    dearer_to: Annotated[float, msgspec.Meta(ge=1)] = 1.75

    def __post_init__(self) -> None:
        if self.dearer_from >= self.dearer_to:
            raise PolicyError(
                f"policy offers.dearer_from: {self.dearer_from} must be below dearer_to, {self.dearer_to}."
            )
