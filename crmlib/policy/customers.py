"""What customers are worth and how they are told apart: scores, horizons, tiers, personas."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from crmlib.errors import PolicyError
from crmlib.words import did_you_mean

__all__ = ["SEGMENT_MAPS", "Clv", "Personas", "Rfm", "Tiers"]

#: The segment maps that come with crmlib; any other is a CSV file of the shop's own.
SEGMENT_MAPS = ("classic", "descriptive")

Edges = tuple[float, float, float, float]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
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


class Rfm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How recency, frequency and monetary value become scores from 1 to 5, and scores become segments.

    Attributes
    ----------
    method
        ``quantile`` reads the four cut-points of each measure off the customers (their fifths); ``fixed`` takes
        the ones below.
    segment_map
        ``classic``, the map that is common in the field; ``descriptive``, which follows the course texts to the
        letter; or the path of a CSV file with the columns code and segment (see docs/how-to/segment-map.md), which in
        a .toml file is seen from that file's folder.
    recency_days, frequency, monetary
        The four rising cut-points for ``fixed``: days, orders, and money in the shop's currency. A value scores
        1, and one more for each cut-point below it (recency: 5, and one less).
    """

    method: Literal["quantile", "fixed"] = "quantile"
    segment_map: str = "classic"
    recency_days: Edges = (30, 90, 180, 365)
    frequency: Edges = (1, 2, 4, 8)
    monetary: Edges = (50, 150, 400, 1000)

    @property
    def own_map(self) -> bool:
        """Whether the segment map is a file of the shop's own."""
        return self.segment_map not in SEGMENT_MAPS

    def __post_init__(self) -> None:
        if self.own_map and not any(mark in self.segment_map for mark in "./\\"):
            hint = did_you_mean(self.segment_map, SEGMENT_MAPS)
            raise PolicyError(
                f"policy rfm.segment_map: there is no map {self.segment_map!r}. {hint} Write "
                f"{' or '.join(SEGMENT_MAPS)}, or the path of a CSV file of your own with the columns code and "
                'segment, such as "my_map.csv".'
            )
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
        Share of the revenue that stays with the shop, where it is another than ``money.margin``. 1 gives revenue, not
        profit.
    """

    horizon_months: Annotated[int, msgspec.Meta(ge=1, le=600)] = 12
    annual_discount: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.10
    margin: Share | None = None


class Tiers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which customers stand out.

    Attributes
    ----------
    high_value, high_potential
        The quantile of the customers from which on value or potential counts as high.
    """

    high_value: Share = 0.8
    high_potential: Share = 0.8


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
