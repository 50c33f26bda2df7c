"""What StepMix itself says of our mixture, from its own likelihood."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from crmlib.personas.mixture import Mixture

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from crmlib.personas import Personas


def library_posterior(found: Personas, features: pd.DataFrame) -> tuple[NDArray[np.float64], float]:
    """Give our parameters to StepMix, all answers as one block of codes, and ask it for probabilities and BIC."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from stepmix.stepmix import StepMix
    mixture = found.parameters
    assert isinstance(mixture, Mixture)
    numbers, codes = found.encoding.scaled(features), found.encoding.coded(features)
    table = np.hstack([numbers, np.where(codes < 0, np.nan, codes)])
    widths = [len(answer.levels) for answer in found.encoding.answers]
    pis = np.zeros((found.k, len(widths), max(widths)))
    for persona, shares in enumerate(mixture.shares):
        for place, levels in enumerate(shares):
            pis[persona, place, : len(levels)] = levels
    measurement = {
        "numbers": {"model": "gaussian_unit_nan", "n_columns": numbers.shape[1]},
        "answers": {"model": "categorical_nan", "n_columns": codes.shape[1]},
    }
    step = StepMix(found.k, measurement=measurement, progress_bar=0, max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one round does not converge; it only makes the parts
        step.fit(table)
    means = np.asarray(mixture.means)
    step.set_parameters(
        {
            "weights": np.asarray(mixture.weights),
            "measurement": {
                "numbers": {"means": means, "covariances": np.ones_like(means)},
                "answers": {
                    "pis": pis.reshape(found.k, -1),
                    "max_n_outcomes": max(widths),
                    "total_outcomes": sum(widths),
                },
            },
            "measurement_in": table.shape[1],
        }
    )
    return step.predict_proba(table), float(step.bic(table))
