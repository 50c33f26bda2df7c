# ruff: noqa: INP001 - a script
"""How often a small shop cannot be fitted: resamples of 100 and 300 CDNOW customers, crmlib and lifetimes.

    python benchmarks/clv_small.py [--resamples 60]

Both packages fit the same customers with their defaults and without a penalizer. A fit *fails* when it raises an
error. It *stops short* when its mean log-likelihood of a customer is more than 1e-4 below the better of the two. crmlib
*warns* where the customers do not settle a parameter. The table goes into clv.md by way of clv.py.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # a second BLAS thread on a busy machine costs more than it brings

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from crmlib import clv as fitters  # noqa: E402
from crmlib.clv.peer import lifetimes  # noqa: E402
from crmlib.errors import ModelWarning  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

RESAMPLES = 60
MODELS = ("BetaGeoFitter", "ModifiedBetaGeoFitter", "ParetoNBDFitter", "GammaGammaFitter")
SIZES = (100, 300)
SHORT = 1e-4


def customers() -> pd.DataFrame:
    """Read the CDNOW sample as lifetimes packages it: 2,357 customers, 39 weeks."""
    spec = find_spec("lifetimes")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("lifetimes is not installed")
    path = Path(spec.origin).parent / "datasets" / "cdnow_customers_summary_with_transactions.csv"
    return pd.read_csv(path, index_col="ID").set_axis(["frequency", "recency", "T", "monetary_value"], axis=1)


def columns_of(name: str, sample: pd.DataFrame) -> list[pd.Series]:
    """Return what a model is fitted to."""
    if name == "GammaGammaFitter":
        buyers = sample[sample["frequency"] > 0]
        return [buyers["frequency"], buyers["monetary_value"]]
    return [sample[column] for column in ("frequency", "recency", "T")]


def fit(package: Any, name: str, columns: list[pd.Series]) -> tuple[float | None, bool]:
    """Fit, and return the log-likelihood of a customer (None: the fit failed) and whether crmlib warned."""
    hushed = contextlib.redirect_stdout(io.StringIO())  # lifetimes prints why it failed
    with hushed, warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            model = getattr(package, name)().fit(*columns)
        except Exception:  # noqa: BLE001 - whatever it raises, the fit failed
            return None, False
    warned = any(issubclass(each.category, ModelWarning) for each in caught)
    size = len(columns[0]) if name == "ParetoNBDFitter" else 1  # lifetimes' convention: of all, not of one
    return -model._negative_log_likelihood_ / size, warned


def counts(resamples: int) -> Iterator[dict[str, Any]]:
    """Count for each model and size."""
    everybody = customers()
    for name in MODELS:
        for size in SIZES:
            rng = np.random.default_rng(7)
            tally = np.zeros(5, dtype=int)
            for _ in range(resamples):
                columns = columns_of(name, everybody.iloc[rng.integers(0, len(everybody), size)])
                ours, warned = fit(fitters, name, columns)
                theirs, _ = fit(lifetimes, name, columns)
                best = max((value for value in (ours, theirs) if value is not None), default=0.0)
                short = [value is not None and value < best - SHORT for value in (ours, theirs)]
                tally += [ours is None, theirs is None, *short, warned]
            fail, their_fail, short_of, their_short, warns = tally.tolist()
            yield {
                "model": name,
                "customers": size,
                "resamples": resamples,
                "crmlib fails": fail,
                "lifetimes fails": their_fail,
                "crmlib stops short": short_of,
                "lifetimes stops short": their_short,
                "crmlib warns": warns,
            }


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resamples", type=int, default=RESAMPLES, help="how often customers are drawn")
    for row in counts(parser.parse_args().resamples):
        print(*(f"{name}: {value}" for name, value in row.items()), sep=", ", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
