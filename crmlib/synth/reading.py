"""The truth of a simulated shop, read on purpose: no `Shop` gives it away."""

from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from crmlib.errors import SourceError
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["has_truth", "read_truth", "truth_folder"]


def truth_folder(source: str | Path) -> Path:
    """Return the folder of a source's truth, there or not.

    Parameters
    ----------
    source
        As for `has_truth`.
    """
    if str(source) == "shop":
        from crmlib.synth.shipped import shop_folder

        return shop_folder() / "truth"
    path = Path(source).expanduser()
    if path.suffix == ".toml" and path.is_file():  # a description of a simulated shop: its truth is the shop's
        with contextlib.suppress(tomllib.TOMLDecodeError, UnicodeDecodeError):
            named = tomllib.loads(path.read_text(encoding="utf-8")).get("source")
            if isinstance(named, str) and not named.endswith(".toml"):
                return truth_folder(named if named == "shop" else path.parent / Path(named).expanduser())
    return path / "truth"


def has_truth(source: str | Path) -> bool:
    """Say whether a source keeps its truth beside it.

    Parameters
    ----------
    source
        As for `crmlib.open_shop`.

    Examples
    --------
    >>> has_truth("shop"), has_truth("cdnow")
    (True, False)
    """
    return (truth_folder(source) / "customers.parquet").is_file()


def read_truth(table: str, source: str | Path = "shop") -> pd.DataFrame:
    """Read a table of what was true.

    Parameters
    ----------
    table
        ``customers``, ``contacts``, ``surveys``, ``treatment_effects`` or ``future_orders``; see datasets/README.md.
    source
        ``"shop"``, or the folder of a shop that `crmlib.synth.make_shop` wrote.

    Raises
    ------
    SourceError
        The source has no truth, or no such table in it.

    Examples
    --------
    >>> read_truth("customers")["persona"].nunique()
    6
    """
    import pandas as pd

    folder = truth_folder(source)
    if not has_truth(source):
        raise SourceError(f"{source}: there is no truth beside it. Only simulated shops have one.")
    file = folder / f"{table}.parquet"
    if not file.is_file():
        there = [path.stem for path in sorted(folder.glob("*.parquet"))]
        raise SourceError(f"The truth has no table {table!r}. {did_you_mean(table, there)}")
    return pd.read_parquet(file)
