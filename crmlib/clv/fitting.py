"""What every fitter shares: from unique rows to parameters, standard errors and a place to keep them.

A model brings its parameters' names and one method, `_likelihood`, which returns the log-likelihood of unique
rows with gradient and Hessian. Everything else (scale of time, penalizer, limits, warm starts, covariance) is
here.
"""

from __future__ import annotations

import warnings
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from crmlib.clv import store
from crmlib.clv.inputs import Data, read_columns, read_summary
from crmlib.clv.optimise import Optimum, covariance, minimise
from crmlib.clv.problems import ConvergenceError
from crmlib.clv.unique_rows import Levels, Rows
from crmlib.clv.unsettled import flat_message, flat_parameters, limit_message, meaning
from crmlib.errors import ModelError, ModelWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmlib.arrays import Floats
    from crmlib.clv.optimise import Objective

    Likelihood = Callable[[Floats], tuple[float, Floats, Floats]]

__all__ = ["Fitting", "like"]

SAMPLE = 5_000
"""Beyond four times so many unique rows, the search starts from the optimum of about so many of them."""
_AGAIN = "For anything else fit again."
LOG_LIMIT = float(np.log(1e5))
"""Parameters stay between 1e-5 and 1e5 (times measured by the oldest customer's age)."""


class Fitting:
    """Fits a model to unique rows by Newton's method.

    A fitter is a subclass with `_names`, `_timed` and `_likelihood`; see `crmlib.clv.bg` for the pattern.

    Attributes
    ----------
    rows_
        The unique rows of the fit, with `weights` (customers): all that a refit or a bootstrap needs.
    customers_
        How many customers the fit saw.
    log_likelihood_
        The log-likelihood of all customers at the optimum, without the penalizer's term.
    period_
        The length of the periods of recency and T ("D", "W"), None where it was not said.
    unsettled_
        Parameters that the customers do not settle, each with what that means ("nobody is seen to leave: P(alive) is 1
        for all repeat buyers"); empty where all are settled.
    """

    parameter_names: ClassVar[tuple[str, ...]]
    _timed: ClassVar[tuple[str, ...]] = ()
    _columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "T")
    _time_columns: ClassVar[tuple[str, ...]] = ("recency", "T")

    penalizer_coef: float
    params_: pd.Series
    data: pd.DataFrame | None = None
    _negative_log_likelihood_: Any = None
    customers_: float
    log_likelihood_: float
    variance_matrix_: pd.DataFrame
    standard_errors_: pd.Series
    confidence_intervals_: pd.DataFrame
    period_: str | None = None
    unsettled_: Mapping[str, str] = MappingProxyType({})
    collapsed_: Rows

    def _likelihood(self, rows: Rows) -> Likelihood:
        """Return a function from the parameters to the log-likelihood, its gradient and Hessian by their logs."""
        raise NotImplementedError

    def _first_guess(self, rows: Rows) -> Floats:  # noqa: ARG002 - a model may look
        """Return the logs of the parameters to start from; `rows` are scaled."""
        return np.full(len(self.parameter_names), 0.1)

    def limits(self, rows: Rows) -> tuple[Floats, Floats]:  # noqa: ARG002 - a model may look
        """Return the smallest and the largest logs of the parameters; `rows` are scaled."""
        bound = np.full(len(self.parameter_names), LOG_LIMIT)
        return -bound, bound

    def _penalty(self, rows: Rows) -> float:  # noqa: ARG002 - a model may look
        """Return the penalizer's weight beside the mean log-likelihood of a customer."""
        return self.penalizer_coef

    @property
    def rows_(self) -> pd.DataFrame:
        """The unique rows of the fit, with their weights: all that a refit or a bootstrap needs."""
        if not hasattr(self, "collapsed_"):
            raise ModelError(
                f"The customers stayed with the fit: a loaded {type(self).__name__} has no rows_. {_AGAIN}"
            )
        return self.collapsed_.to_pandas()

    def fitted_data(self) -> pd.DataFrame:
        """Return the customers of the fit, or say that a loaded model has none."""
        self.require_fit()
        if self.data is None:
            raise ModelError(
                f"The customers stayed with the fit: a loaded {type(self).__name__} knows parameters only. Pass the "
                f"customers' histories where they can be passed. {_AGAIN}"
            )
        return self.data

    def largest(self, column: str, argument: str) -> int:
        """Return the largest value of a column of the fit; a loaded model asks for the argument instead."""
        self.require_fit()
        if self.data is None:
            raise ModelError(f"The customers stayed with the fit, and their largest {column}: say {argument}=... .")
        return int(self.data[column].max())

    def _read(self, first: Any, others: Mapping[str, Any], weights: Any, index: Any, period: str | None) -> Data:
        """Read `fit`'s arguments: one table, or the columns one by one."""
        missing = [name for name, values in others.items() if values is None]
        if len(missing) == len(others):
            data = read_summary(first, self._columns)
            if weights is not None:
                data = read_columns(data.columns, weights, period=data.period, index=data.index)
            if index is not None:
                data = read_columns(data.columns, data.weights, period=data.period, index=index)
        elif missing:
            raise ModelError(f"fit got some columns, but not {' and '.join(missing)}.")
        else:
            data = read_columns({self._columns[0]: first, **others}, weights, index=index)
        self.period_ = _same_period(data.period, period)
        return data

    def fit_rows(
        self,
        rows: Rows,
        *,
        initial_params: Any = None,
        start: Fitting | None = None,
        tol: float = 1e-7,
        verbose: bool = False,
        max_steps: int = 200,
    ) -> Self:
        """Find the parameters of unique rows and set everything that hangs on them."""
        self.collapsed_ = rows
        self.customers_ = rows.customers
        self._refuse_hopeless(rows)
        self._scale = self._scale_of(rows)
        scaled = self.in_scaled_time(rows)
        first = self._first_point(scaled, initial_params, start)
        optimum = self._search(scaled, first, tol, max_steps)
        if verbose:
            print(f"{type(self).__name__}: {optimum.steps} steps over {len(rows)} unique rows")  # noqa: T201
        self._keep(optimum, rows)
        return self

    def _search(self, scaled: Rows, first: Floats, tol: float, max_steps: int) -> Optimum:
        lower, upper = self.limits(scaled)
        stride = len(scaled) // SAMPLE
        if stride >= 4:  # noqa: PLR2004 - a sample's optimum costs little and saves most passes over the whole
            sample = scaled.every(stride)
            try:
                found = minimise(self.objective_of(sample), first, lower=lower, upper=upper, tol=1e-4)
                first = found.x
            except ConvergenceError:  # the whole may still have an optimum
                pass
        return minimise(self.objective_of(scaled), first, lower=lower, upper=upper, tol=tol, max_steps=max_steps)

    def objective_of(self, rows: Rows) -> Objective:
        """Return what the search minimises: a customer's mean negative log-likelihood, penalized, by the logs."""
        likelihood = self._likelihood(rows)
        customers, penalty = rows.customers, self._penalty(rows)

        def objective(logs: Floats) -> tuple[float, Floats, Floats]:
            parameters = np.exp(logs)
            squares = penalty * parameters**2
            value, gradient, hessian = likelihood(parameters)
            return (
                float(squares.sum()) - value / customers,
                2 * squares - gradient / customers,
                np.diag(4 * squares) - hessian / customers,
            )

        return objective

    def _keep(self, optimum: Optimum, rows: Rows) -> None:
        scaled = np.exp(optimum.x)
        units = self.units()
        self.params_ = pd.Series(scaled * units, index=list(self.parameter_names))
        penalty = self._penalty(rows) * float(scaled @ scaled)
        self.log_likelihood_ = (penalty - optimum.value) * rows.customers + self._in_periods(rows)
        self._negative_log_likelihood_ = optimum.value
        self._hessian_ = optimum.hessian
        self._free = optimum.free
        self._on_limit = [name for name, free in zip(self.parameter_names, optimum.free, strict=True) if not free]
        self.flat_ = flat_parameters(self.parameter_names, optimum.hessian, optimum.free, rows.customers)
        if self.flat_:  # what is known of them is known together only: alone they have no error
            self._free = optimum.free & ~np.isin(self.parameter_names, self.flat_)
        self.set_intervals(self._compute_variance_matrix())
        sentence = (
            meaning({name: float(self.params_[name]) for name in self.parameter_names}, self._on_limit, self._scale)
            or "their size is not settled"
        )
        self.unsettled_ = dict.fromkeys(self._on_limit, sentence)
        if self.flat_:
            self.unsettled_ |= dict.fromkeys(self.flat_, f"known only together: {' and '.join(self.flat_)}")
        if self._on_limit:
            warnings.warn(self._limit_message(), ModelWarning, stacklevel=4)
        elif self.flat_:
            warnings.warn(self._flat_message(rows), ModelWarning, stacklevel=4)

    def set_intervals(self, matrix: pd.DataFrame) -> None:
        """Keep a covariance matrix of the parameters, and all that follows from it."""
        self.variance_matrix_ = matrix
        errors = np.sqrt(np.diag(self.variance_matrix_.to_numpy()))
        self.standard_errors_ = pd.Series(errors, index=self.params_.index)
        self.confidence_intervals_ = pd.DataFrame(
            {
                "lower 95% bound": self.params_ - 1.96 * self.standard_errors_,
                "upper 95% bound": self.params_ + 1.96 * self.standard_errors_,
            }
        )

    def _compute_variance_matrix(self) -> pd.DataFrame:
        names = list(self.parameter_names)
        matrix = covariance(self.parameters(), self._hessian_, self.customers_, self._free)
        return pd.DataFrame(matrix, index=names, columns=names)

    def _limit_message(self) -> str:
        huge = [
            name for name, unit in zip(self.parameter_names, self.units(), strict=True) if self.params_[name] > unit
        ]
        held = {name: self.params_[name] for name in self._on_limit}
        return limit_message(
            type(self).__name__, held, self.unsettled_[self._on_limit[0]], huge=any(name in held for name in huge)
        )

    def _flat_message(self, rows: Rows) -> str:  # noqa: ARG002 - a model may look
        return flat_message(type(self).__name__, self.flat_)

    def _in_periods(self, rows: Rows) -> float:
        """Return what the log-likelihood changes by when time is measured in the caller's periods again.

        Each repeat purchase is a density over time, so each brings the log of the scale once.
        """
        if "recency" not in self._time_columns:
            return 0.0
        frequency = rows.columns["frequency"]
        return float(rows.weights @ frequency.distinct[frequency.codes]) * float(np.log(self._scale))

    def _scale_of(self, rows: Rows) -> float:
        if not self._time_columns:
            return 1.0
        ages = rows.columns[self._time_columns[-1]]
        return 1.0 / float(ages.distinct[ages.codes.max()])

    def in_scaled_time(self, rows: Rows) -> Rows:
        """Return the rows with time measured by the oldest customer's age, as lifetimes does."""
        columns = {
            name: Levels(levels.distinct * self._scale, levels.codes) if name in self._time_columns else levels
            for name, levels in rows.columns.items()
        }
        return Rows(columns, rows.weights)

    def units(self) -> Floats:
        """Return what one unit of each scaled parameter is in the caller's periods."""
        if not hasattr(self, "_scale"):
            raise ModelError(f"The customers stayed with the fit, and with them the scale of time. {_AGAIN}")
        return np.array([1 / self._scale if name in self._timed else 1.0 for name in self.parameter_names])

    def _first_point(self, scaled: Rows, initial_params: Any, start: Fitting | None) -> Floats:
        if initial_params is not None and start is not None:
            raise ModelError("fit takes initial_params or start, not both: each says where the search begins.")
        if start is not None:
            if start.parameter_names != self.parameter_names:
                raise ModelError(
                    f"A {type(self).__name__} cannot start from a {type(start).__name__}: its parameters are "
                    f"{', '.join(self.parameter_names)}, not {', '.join(start.parameter_names)}."
                )
            start.require_fit()
            lower, upper = self.limits(scaled)  # a start on a limit would hold the search there
            return np.clip(np.log(start.parameters() / self.units()), lower + 1, upper - 1)
        if initial_params is not None:
            first = np.asarray(initial_params, dtype=float)
            if first.shape != (len(self.parameter_names),) or not np.isfinite(first).all():
                names = ", ".join(self.parameter_names)
                raise ModelError(f"initial_params must be {len(self.parameter_names)} numbers, for {names}.")
            return first
        return self._first_guess(scaled)

    def _refuse_hopeless(self, rows: Rows) -> None:
        frequency = rows.columns["frequency"]
        if not frequency.distinct[frequency.codes].any():
            raise ModelError(
                f"Nobody bought again: frequency is 0 for all {rows.customers:g} customers. A "
                "repeat-purchase model has nothing to learn from them; use a longer time, or check that "
                "frequency counts repeat purchases."
            )
        if rows.customers < len(self.parameter_names) and not self.penalizer_coef:
            raise ModelError(
                f"{rows.customers:g} customer(s) cannot settle {len(self.parameter_names)} parameters "
                f"({', '.join(self.parameter_names)}). Fit to more customers, or give a penalizer_coef (0.01), which "
                "then decides."
            )

    def require_fit(self) -> None:
        """Raise a `ModelError` when there are no parameters yet."""
        if not hasattr(self, "params_"):
            raise ModelError(f"This {type(self).__name__} has not been fitted yet: call fit first.")

    def parameters(self) -> Floats:
        """Return the fitted parameters in their order."""
        self.require_fit()
        return np.asarray(self.params_.to_numpy(), dtype=float)

    def __repr__(self) -> str:
        if not hasattr(self, "params_"):
            return f"<crmlib {type(self).__name__}, not fitted>"
        known = f" of {self.customers_:g} customers" if hasattr(self, "customers_") else ""
        parameters = ", ".join(f"{name} = {value:.4g}" for name, value in self.params_.items())
        return f"<crmlib {type(self).__name__}{known}: {parameters}>"

    def with_params(self, params: Any) -> Self:
        """Return a copy of the model with other parameters and without data: a bootstrap refit, a what-if.

        Parameters
        ----------
        params
            A mapping from each parameter's name to its value.
        """
        twin = object.__new__(type(self))
        twin.penalizer_coef = self.penalizer_coef
        twin.period_ = self.period_
        twin.params_ = pd.Series({name: float(params[name]) for name in self.parameter_names})
        return twin

    def save(self, path: Any) -> None:
        """Write the model to a JSON file: class, parameters, period; no customer data. See `crmlib.clv.store`."""
        store.save(self, path)

    def save_model(
        self,
        path: Any,
        save_data: bool = True,  # noqa: FBT001, FBT002 - lifetimes' signature
        save_generate_data_method: bool = True,  # noqa: FBT001, FBT002 - lifetimes' signature
        values_to_save: Any = None,
    ) -> None:
        """Write the model as `save` does.

        lifetimes' method of this name writes a dill file: customer data travel along and code runs when it is loaded.

        Parameters
        ----------
        path
            The file.
        save_data, save_generate_data_method, values_to_save
            Taken and ignored: they choose what goes into lifetimes' file.
        """
        del save_data, save_generate_data_method, values_to_save
        self.save(path)

    def load_model(self, path: Any) -> None:
        """Take over the model that `save` wrote; a file of another class is refused."""
        content = store.read(path)
        if content.get("class") != type(self).__name__:
            raise ModelError(f"{path} holds a {content.get('class')}, not a {type(self).__name__}.")
        self.__dict__.update(store.build(path, content, type(self)).__dict__)


def _same_period(summary: str | None, asked: str | None) -> str | None:
    if summary is not None and asked is not None and summary != asked:
        warnings.warn(
            f"The summary says that its periods are {summary!r}, fit was told {asked!r}. The summary is "
            "believed; "
            "parameters and predictions are in its periods.",
            ModelWarning,
            stacklevel=4,
        )
        return summary
    return summary or asked


def like(result: Floats, *inputs: Any) -> Any:
    """Return a result in the shape of the inputs: a Series with their index, an array, or a number.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> like(np.array([0.5, 0.7]), pd.Series([1, 2], index=["a", "b"])).to_dict()
    {'a': 0.5, 'b': 0.7}
    >>> like(np.array(0.5), 1, 2)
    0.5
    """
    for value in inputs:
        if isinstance(value, pd.Series):
            return pd.Series(result, index=value.index, copy=False)
    return float(result) if np.ndim(result) == 0 else result
