"""What the shop sells: some 200 products in eight categories, each with a price and a cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.synth import columns
from crmlib.synth.chance import stream

if TYPE_CHECKING:
    from crmlib.arrays import Ints

__all__ = ["CATEGORIES", "Catalogue", "make_catalogue", "products_table"]

CATEGORIES = ("coffee", "pantry", "cookware", "tableware", "textiles", "decor", "gifts", "outdoor")

# Lowest and highest list price (EUR), share of the price that is cost, and the words of the names.
_RANGE = {
    "coffee": (4.5, 160.0, 0.55), "pantry": (3.5, 70.0, 0.60), "cookware": (7.0, 320.0, 0.50),
    "tableware": (5.0, 240.0, 0.45), "textiles": (8.0, 260.0, 0.42), "decor": (6.0, 380.0, 0.40),
    "gifts": (9.0, 180.0, 0.48), "outdoor": (8.0, 300.0, 0.52),
}  # fmt: skip
_THING = {
    "coffee": ("Miscela in grani", "Caffè macinato", "Cialde", "Moka", "Macinacaffè", "Tè in foglia", "Infuso"),
    "pantry": ("Olio extravergine", "Pasta di grano duro", "Confettura", "Cioccolato fondente", "Miele", "Sugo"),
    "cookware": ("Padella", "Casseruola", "Coltello da cucina", "Tagliere", "Bilancia", "Teglia"),
    "tableware": ("Servizio di piatti", "Bicchieri", "Tazze", "Insalatiera", "Posate", "Caraffa"),
    "textiles": ("Tovaglia", "Plaid", "Completo letto", "Asciugamani", "Grembiule", "Cuscino"),
    "decor": ("Lampada da tavolo", "Specchio", "Vaso", "Tappeto", "Cornice", "Candela"),
    "gifts": ("Cesto regalo", "Cofanetto", "Set degustazione", "Buono con biglietto", "Scatola sorpresa"),
    "outdoor": ("Fioriera", "Lanterna", "Telo da giardino", "Barbecue da tavolo", "Annaffiatoio", "Sedia pieghevole"),
}  # fmt: skip
_LINE = ("Alba", "Borgo", "Cortile", "Duna", "Estro", "Faro", "Ginestra", "Isola", "Laguna", "Maestrale", "Nido",
         "Ombra", "Pineta", "Quercia", "Riva", "Salice", "Terra", "Uliveto", "Vela", "Zefiro")  # fmt: skip
_PER_CATEGORY = 25


@dataclass(frozen=True)
class Catalogue:
    """Products sorted by category, then by price: line `_PER_CATEGORY * category + rank`."""

    price: Ints  # category x rank, list price in cents, ascending
    cost: Ints
    names: tuple[str, ...]

    @property
    def ranks(self) -> int:
        """Products in a category."""
        return int(self.price.shape[1])


def make_catalogue(seed: int) -> Catalogue:
    """Draw the catalogue: prices even on a log scale that end in .90 or .50, costs about the category's share.

    Examples
    --------
    >>> catalogue = make_catalogue(1)
    >>> catalogue.price.shape, bool((catalogue.cost < catalogue.price).all())
    ((8, 25), True)
    """
    rng = stream(seed, "catalogue")
    price = np.empty((len(CATEGORIES), _PER_CATEGORY), dtype=np.int64)
    cost = np.empty_like(price)
    names: list[str] = []
    for row, category in enumerate(CATEGORIES):
        low, high, share = _RANGE[category]
        spread = np.exp(np.linspace(np.log(low), np.log(high), _PER_CATEGORY) + rng.normal(0, 0.03, _PER_CATEGORY))
        ending = rng.choice([50, 90], _PER_CATEGORY)
        price[row] = np.sort(np.maximum(np.round(spread).astype(np.int64), 3) * 100 - 100 + ending)
        cost[row] = np.round(price[row] * np.clip(rng.normal(share, 0.05, _PER_CATEGORY), 0.25, 0.8))
        things = _THING[category]
        lines = rng.permutation(len(_LINE))
        for rank in range(_PER_CATEGORY):
            turn, thing = divmod(rank, len(things))
            names.append(f"{things[thing]} {_LINE[lines[(turn + 5 * thing) % len(_LINE)]]}")
    return Catalogue(price, cost, tuple(names))


def products_table(catalogue: Catalogue) -> dict[str, Any]:
    """Return the table `products`."""
    count = catalogue.price.size
    return {
        "product_id": columns.ids("P", np.arange(count) + 1, 4),
        "name": columns.names(catalogue.names),
        "category": columns.labels(CATEGORIES, np.arange(count) // catalogue.ranks),
        "price": columns.money(catalogue.price.ravel()),
        "cost": columns.money(catalogue.cost.ravel()),
    }
