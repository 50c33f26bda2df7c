"""Models as JSON files: what the model is and knows, nothing about any customer, nothing that runs.

lifetimes saves models with dill: whoever opens such a file runs its code, and the customers' data travel
along.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib.errors import ModelError

if TYPE_CHECKING:
    from os import PathLike

    from crmlib.clv.fitting import Fitting

__all__ = ["FORMAT", "VERSION", "load", "save"]

FORMAT = "crmlib.clv model"
VERSION = 1


def save(model: Fitting, path: str | PathLike[str]) -> None:
    """Write a fitted model to a JSON file.

    Parameters
    ----------
    model
        Any fitter of `crmlib.clv` after `fit`.
    path
        The file; one that is there is replaced at once, never half.

    Raises
    ------
    ModelError
        When the model has not been fitted.

    Examples
    --------
    >>> import tempfile
    >>> from crmlib.clv import BetaGeoFitter
    >>> model = BetaGeoFitter().with_params({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, folder + "/model.json")
    ...     load(folder + "/model.json").params_.to_dict()
    {'r': 0.2426, 'alpha': 4.4135, 'a': 0.7929, 'b': 2.4258}
    """
    model.require_fit()
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "class": type(model).__name__,
        "parameters": {name: float(model.params_[name]) for name in model.parameter_names},
        "period": model.period_,
        "penalizer_coef": float(model.penalizer_coef),
    }
    if hasattr(model, "variance_matrix_"):
        content |= {
            "customers": model.customers_,
            "log_likelihood": model.log_likelihood_,
            "covariance": [
                [None if np.isnan(entry) else float(entry) for entry in row]
                for row in model.variance_matrix_.to_numpy()
            ],
        }
    target = Path(path)
    partial = target.with_name(target.name + ".part")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(target)


def load(path: str | PathLike[str]) -> Any:
    """Read a model that `save` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    The fitter, ready to predict; `data` and `rows_` stay with whoever fitted it.

    Raises
    ------
    ModelError
        When the file is not there, is no model of crmlib, or is of a later version.
    """
    file = Path(path)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"There is no file {file}.") from error
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{file} is not a model that crmlib saved: it does not read as JSON ({error}). Files of "
            "lifetimes' save_model (dill) are not opened, as code in them would run: fit again and save "
            "with crmlib.clv."
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelError(f'{file} is JSON, but not a model that crmlib saved: it lacks "format": {FORMAT!r}.')
    if content.get("version") != VERSION:
        raise ModelError(
            f"{file} has version {content.get('version')!r}; this crmlib reads version {VERSION}. Update "
            "crmlib, or fit and save again."
        )
    return _model(file, content)


def _model(file: Path, content: dict[str, Any]) -> Fitting:
    from crmlib import clv as fitters

    known = {name: getattr(fitters, name) for name in fitters.__all__ if name.endswith("Fitter")}
    fitter = known.get(str(content.get("class")))
    if fitter is None:
        raise ModelError(f"{file} holds a {content.get('class')!r}; known are {', '.join(sorted(known))}.")
    names = fitter.parameter_names
    parameters = content.get("parameters")
    if not isinstance(parameters, dict) or set(parameters) != set(names):
        raise ModelError(f"{file} is damaged: a {fitter.__name__} has the parameters {', '.join(names)}.")
    for name, value in parameters.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
            raise ModelError(f"{file} is damaged: {name} is {value!r}, not a number above 0.")
    model: Fitting = fitter(float(content.get("penalizer_coef") or 0.0)).with_params(parameters)
    period = content.get("period")
    model.period_ = None if period is None else str(period)
    if "covariance" in content:
        try:
            matrix = np.array(content["covariance"], dtype=float).reshape(len(names), len(names))
            model.customers_ = float(content["customers"])
            model.log_likelihood_ = float(content["log_likelihood"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{file} is damaged: its covariance, customers or log_likelihood cannot be read."
            ) from error
        model.set_intervals(pd.DataFrame(matrix, index=list(names), columns=list(names)))
    return model
