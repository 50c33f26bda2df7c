"""Models as JSON files: what the model is and knows, nothing about any customer, nothing that runs.

lifetimes saves models with dill: whoever opens such a file runs its code, and the customers' data travel
along.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
import pandas as pd

from crmlib.errors import ModelError
from crmlib.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike


__all__ = ["FORMAT", "VERSION", "build", "read", "save"]

Fitted = TypeVar("Fitted", bound="Model")

FORMAT = "crmlib.clv model"
VERSION = 1


class Model(Protocol):
    """What of a fitter goes into a file, and comes out of it."""

    parameter_names: ClassVar[tuple[str, ...]]
    penalizer_coef: float
    params_: pd.Series
    period_: str | None
    unsettled_: Mapping[str, str]
    customers_: float
    log_likelihood_: float
    variance_matrix_: pd.DataFrame

    def __init__(self, penalizer_coef: float) -> None: ...

    def require_fit(self) -> None:
        """Raise where the model has not been fitted."""

    def with_params(self, params: Any) -> Self:
        """Return a twin with given parameters."""

    def set_intervals(self, covariance: pd.DataFrame) -> None:
        """Take over the parameters' covariance."""


def save(model: Model, path: str | PathLike[str]) -> None:
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
    >>> from crmlib.clv import BetaGeoFitter, load
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
        "unsettled": dict(model.unsettled_),
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
    write_whole(Path(path), json.dumps(content, indent=2) + "\n")


def read(path: str | PathLike[str]) -> dict[str, Any]:
    """Read what `save` wrote, as it stands in the file: see `crmlib.clv.loading.load` for a model.

    Parameters
    ----------
    path
        The file.

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
    return content


def build(path: str | PathLike[str], content: dict[str, Any], fitter: type[Fitted]) -> Fitted:
    """Return a fitted model from what `read` gave.

    Parameters
    ----------
    path
        The file, for messages.
    content
        What it holds.
    fitter
        The model's class.

    Raises
    ------
    ModelError
        When a parameter or the covariance is missing or no number.
    """
    file = Path(path)
    names = fitter.parameter_names
    parameters = content.get("parameters")
    if not isinstance(parameters, dict) or set(parameters) != set(names):
        raise ModelError(f"{file} is damaged: a {fitter.__name__} has the parameters {', '.join(names)}.")
    for name, value in parameters.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
            raise ModelError(f"{file} is damaged: {name} is {value!r}, not a number above 0.")
    model = fitter(float(content.get("penalizer_coef") or 0.0)).with_params(parameters)
    period = content.get("period")
    model.period_ = None if period is None else str(period)
    unsettled = content.get("unsettled") or {}
    if not isinstance(unsettled, dict) or not set(unsettled) <= set(names):
        raise ModelError(f"{file} is damaged: what it says is unsettled are no parameters of a {fitter.__name__}.")
    model.unsettled_ = {name: str(sentence) for name, sentence in unsettled.items()}
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
