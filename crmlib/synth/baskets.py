"""What is in an order: its value by Gamma-Gamma, then lines of products that add up to it to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crmlib.synth.catalogue import CATEGORIES
from crmlib.synth.chance import choose

if TYPE_CHECKING:
    from crmlib.arrays import Floats, Ints
    from crmlib.synth.catalogue import Catalogue
    from crmlib.synth.life import Lives
    from crmlib.synth.parameters import ShopParameters


__all__ = ["Lines", "make_lines", "order_cents"]

_SMALLEST = 200  # cents: below this there is nothing to sell; about one order in 10,000
_MOST_LINES = 6
_DEAREST_LINE = 36_000  # cents: as much as the dearest products cost, so a large order has more lines
_DECOR = CATEGORIES.index("decor")  # has the dearest products
_PANTRY = CATEGORIES.index("pantry")  # has the cheapest
_SEVERAL = 0.30  # share of lines with more than one piece
# Given the first line's category, how much the others lean to each category: coffee goes with tableware and
# pantry, cookware with tableware, textiles with decor. This is what cross-selling can find.
_GOES_WITH = np.array(
    [
        [2, 4, 1, 5, 0, 0, 1, 0],
        [4, 3, 3, 1, 0, 0, 2, 0],
        [1, 3, 3, 5, 1, 0, 0, 1],
        [3, 1, 4, 2, 3, 1, 1, 0],
        [0, 0, 1, 2, 2, 6, 0, 1],
        [0, 0, 0, 1, 6, 2, 1, 3],
        [3, 4, 0, 1, 0, 1, 2, 0],
        [0, 1, 2, 1, 1, 4, 0, 3],
    ],
    dtype=np.float64,
)


@dataclass(frozen=True)
class Lines:
    """Order lines; `order` is the position of the order."""

    order: Ints
    line: Ints  # from 1
    product: Ints
    quantity: Ints
    cents: Ints  # of one piece


def order_cents(
    rng: np.random.Generator, parameters: ShopParameters, lives: Lives, customer: Ints, discount: Floats
) -> Ints:
    """Draw the value of orders: Gamma around the customer's own mean, less the discount, in cents."""
    shapes = np.array([(parameters.pooled or persona.rates).p for persona in parameters.personas])
    shape = shapes[lives.persona[customer]]
    value = rng.standard_gamma(shape) / shape * lives.value[customer]
    cents: Ints = np.maximum(np.round(value * (1 - discount) * 100), _SMALLEST).astype(np.int64)
    return cents


def make_lines(
    rng: np.random.Generator,
    parameters: ShopParameters,
    catalogue: Catalogue,
    *,
    persona: Ints,
    cents: Ints,
    discount: Floats,
) -> Lines:
    """Split orders into lines.

    An order's value comes first (the spend model is exact); its lines share it, and each line takes a product
    whose list price is at or just above what the line is to cost. So the price paid is the list price less a
    promotion, mostly of a few percent, and the lines add up to the order exactly.
    """
    count = len(cents)
    wished = 1 + rng.poisson(0.9, count)
    lines = np.clip(wished, -(-cents // _DEAREST_LINE), np.clip(cents // 900, 1, _MOST_LINES))
    order = np.repeat(np.arange(count), lines)
    ends = np.cumsum(lines)
    line = np.arange(len(order)) - np.repeat(ends - lines, lines)
    shares = rng.standard_gamma(2.5, len(order)) + 1.0
    shares = shares[np.lexsort((-shares, order))]  # the last line, which takes the odd cents, is the smallest
    total = np.add.reduceat(shares, ends - lines) if count else np.zeros(0)
    target = np.floor(cents[order] * shares / total[order]).astype(np.int64)

    likes = np.array([persona_.likes for persona_ in parameters.personas], dtype=np.float64)
    first = choose(rng, likes, persona)
    follow = likes[:, None, :] / likes.sum(axis=1)[:, None, None] + (_GOES_WITH / _GOES_WITH.sum(axis=1)[:, None])
    kinds = len(parameters.personas), likes.shape[1]
    category = np.where(
        line == 0,
        first[order],
        choose(rng, follow.reshape(kinds[0] * kinds[1], -1), (persona * kinds[1] + first)[order]),
    )
    full = np.ceil(target / (1 - discount[order])).astype(np.int64)  # before the code's discount
    category = np.where(full > catalogue.price[category, -1], _DECOR, category)
    category = np.where(full < 0.7 * catalogue.price[category, 0], _PANTRY, category)
    product, quantity = _products(rng, catalogue, category, full)
    each = target // quantity
    # The last line takes the cents that rounding left: as one line of single pieces it can be anything.
    quantity[ends - 1] = 1 if count else quantity[ends - 1]
    spent = np.add.reduceat(each * quantity, ends - lines) if count else np.zeros(0, dtype=np.int64)
    each[ends - 1] = cents - (spent - each[ends - 1])
    last = ends - 1
    product[last] = _nearest(catalogue, category[last], np.ceil(each[last] / (1 - discount)).astype(np.int64))
    return Lines(order, line + 1, product, quantity, each)


def _products(rng: np.random.Generator, catalogue: Catalogue, category: Ints, target: Ints) -> tuple[Ints, Ints]:
    """Choose product and quantity for lines that are to cost `target` cents."""
    several = np.where(rng.random(len(target)) < _SEVERAL, rng.integers(2, 5, len(target)), 1)
    cheapest = catalogue.price[category, 0]
    dearest = catalogue.price[category, -1]
    quantity = np.where(target // several >= cheapest, several, 1)
    quantity = np.maximum(quantity, -(-target // dearest))
    return _nearest(catalogue, category, -(-target // quantity)), quantity


def _nearest(catalogue: Catalogue, category: Ints, cents: Ints) -> Ints:
    """Return the product of a category whose list price is the lowest that is not below `cents`."""
    rank = np.zeros(len(cents), dtype=np.int64)
    for column in range(catalogue.ranks - 1):
        rank += catalogue.price[category, column] < cents
    return category * catalogue.ranks + rank
