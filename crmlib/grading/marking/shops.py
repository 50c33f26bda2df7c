"""The shops of an exercise: each student's own, and the hidden ones that every submission is run on."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from crmlib.grading.spec.variants import seed_of

if TYPE_CHECKING:
    from crmlib.grading.spec.exercise import Exercise

__all__ = ["HiddenShop", "hidden_seeds", "hidden_shops", "hidden_size", "make_variant"]

_VARIES = 0.15


class HiddenShop(msgspec.Struct, frozen=True):
    """What a hidden shop, and the truth about it, can be made of again. It never enters a sandbox.

    Attributes
    ----------
    seed, customers
        Of `crmlib.synth.make_shop`.
    """

    seed: int
    customers: int


def make_variant(exercise: Exercise, folder: Path, seed: int, *, customers: int | None = None) -> Path:
    """Make a shop of an exercise, observable tables only: what was true stays out of it.

    Parameters
    ----------
    exercise
        Says the plan of its shops.
    folder
        Where to; a shop that is there already is kept, for the same seed makes the same one.
    seed
        From `variants.seed_of`.
    customers
        How many; the exercise's own number by default.

    Returns
    -------
    Path
        The folder, which is whole or not there.
    """
    from crmlib.synth import make_shop
    from crmlib.synth.dictionary import table_names

    if folder.exists():
        return folder
    plan = exercise.shop
    wanted = plan.tables or table_names()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".shop-") as place:
        made = Path(place) / "shop"
        make_shop(
            made,
            customers=customers or plan.customers,
            seed=seed,
            preset=plan.preset,
            until=plan.until,
            tables=[name for name in wanted if not name.startswith("truth/")],
        )
        shutil.rmtree(made / "truth")  # its parameters.json holds the seed
        made.replace(folder)
    return folder


def hidden_shops(exercise: Exercise, secret: bytes, folder: Path, *, count: int, turn: int = 1) -> dict[str, Path]:
    """Make the hidden shops of an exercise, each of another size: a number that was typed in fits none of them.

    Parameters
    ----------
    exercise
        Says the plan of its shops.
    secret
        What their seeds follow from.
    folder
        Where they are kept, under a name that depends on the seed.
    count
        How many.
    turn
        The round of grading; another one has other shops.

    Returns
    -------
    dict
        Name to folder.
    """
    made = {}
    for number, shop in enumerate(hidden_seeds(exercise, secret, count=count, turn=turn), 1):
        plan = seed_of(b"plan", str(shop.seed), str(shop.customers), repr(exercise.shop))
        place = folder / f"{plan:016x}"
        made[f"hidden-{number}"] = make_variant(exercise, place, shop.seed, customers=shop.customers)
    return made


def hidden_seeds(exercise: Exercise, secret: bytes, *, count: int, turn: int = 1) -> list[HiddenShop]:
    """Say what the hidden shops of an exercise are made of.

    Parameters
    ----------
    exercise, secret, count, turn
        As for `hidden_shops`.

    Returns
    -------
    list
        In the order of `hidden_shops`.
    """
    seeds = [seed_of(secret, exercise.name, "hidden", str(turn), str(number)) for number in range(count)]
    return [HiddenShop(seed, hidden_size(exercise.shop.customers, seed)) for seed in seeds]


def hidden_size(customers: int, seed: int) -> int:
    """Draw the size of a hidden shop near the exercise's.

    Parameters
    ----------
    customers
        The exercise's own number.
    seed
        Of the shop.

    Examples
    --------
    >>> 850 <= hidden_size(1000, 12345) <= 1150
    True
    """
    spread = int(customers * _VARIES)
    return customers - spread + seed_of(b"size", str(seed)) % (2 * spread + 1)
