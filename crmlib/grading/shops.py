"""The shops of an exercise: each student's own, and the hidden ones that every submission is run on."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from crmlib.grading.variants import seed_of

if TYPE_CHECKING:
    from crmlib.grading.exercise import Exercise

__all__ = ["hidden_shops", "hidden_size", "make_variant"]

_VARIES = 0.15


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
    for number in range(count):
        seed = seed_of(secret, exercise.name, "hidden", str(turn), str(number))
        customers = hidden_size(exercise.shop.customers, seed)
        plan = seed_of(b"plan", str(seed), str(customers), repr(exercise.shop))
        made[f"hidden-{number + 1}"] = make_variant(exercise, folder / f"{plan:016x}", seed, customers=customers)
    return made


def hidden_size(customers: int, seed: int) -> int:
    """Draw the size of a hidden shop near the exercise's.

    Examples
    --------
    >>> 850 <= hidden_size(1000, 12345) <= 1150
    True
    """
    spread = int(customers * _VARIES)
    return customers - spread + seed_of(b"size", str(seed)) % (2 * spread + 1)
