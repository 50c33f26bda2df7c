"""The key figures there are: each is registered where it is written, crmlib's own and the user's alike."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast, get_args, overload

from crmlib.errors import CrmlibError, ModelWarning, PluginError
from crmlib.kpis import uncertainty
from crmlib.kpis.kpi import FAMILIES, Family, Kpi, Unit
from crmlib.kpis.period import Period
from crmlib.plugins import STOPS, Registry, place_of
from crmlib.text import add_label
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["FIGURES", "Figure", "counted_together", "figure", "figure_names", "in_order"]

UNITS: tuple[Unit, ...] = get_args(Unit)
Counting = Callable[[Period], Mapping[str, Kpi]]
Function = TypeVar("Function", bound=Callable[..., Any])
_WHAT_TO_RETURN = "Return a number, (numerator, denominator), or (numerator, denominator, (low, high))"
_PAIR, _TRIPLE = 2, 3


@dataclass(frozen=True)
class Figure:
    """A key figure, asked of a shop as all of them are.

    Attributes
    ----------
    name
        As it stands on the dashboard.
    family
        One of `crmlib.kpis.FAMILIES`.
    unit
        As of `crmlib.kpis.Kpi`.
    """

    name: str
    family: Family
    unit: Unit
    count: Counting = field(repr=False)

    def __call__(
        self,
        shop: Shop,
        as_of: date | str | None = None,
        previous: date | str | None = None,
        *,
        policy: Policy | str | dict[str, Any] | None = None,
    ) -> Kpi:
        """Return the figure of a period.

        Parameters
        ----------
        shop
            Whose.
        as_of
            The period's last day; the shop's own by default.
        previous
            The day before its first; the policy's ``kpis.period_days`` earlier by default.
        policy
            The shop's own by default.
        """
        return self.count(Period.of(shop, as_of, previous, policy))[self.name]


#: All key figures: of crmlib, of the session, of the files that shops name.
FIGURES: Registry[Figure] = Registry("key figure")


class _Register(Protocol):
    """Takes a function of the period and gives a figure; what is asked as all figures are stays as it is."""

    @overload
    def __call__(self, function: Callable[[Period], Any], /) -> Figure: ...
    @overload
    def __call__(self, function: Function, /) -> Function: ...


def figure(*, family: Family, unit: Unit | Literal["%"], label: str | Mapping[str, str] | None = None) -> _Register:
    """Make a function a key figure: one that can be asked of any shop, and stands on its dashboard.

    Parameters
    ----------
    family
        One of `crmlib.kpis.FAMILIES`.
    unit
        ``count``, ``share`` (``%`` is the same: 0.25 is shown as 25 %), ``currency``, ``units`` (pieces) or ``days``.
    label
        What it is called in figures: a text, or one by language. Made of its name by default.

    Returns
    -------
    Callable
        A decorator. The function takes the `crmlib.kpis.Period`, whose shop is known up to the period's last day, and
        returns a number, (numerator, denominator), or (numerator, denominator, (low, high)). Without an interval, that
        of a share of whole numbers is Wilson's, that of a count Garwood's, and any other is missing. The figure that
        the decorator gives is asked as all are: of a shop, as_of, previous and policy.

    Raises
    ------
    PluginError
        The name is taken, or family, unit or label is not one.

    Examples
    --------
    >>> figure(family="loyalty", unit="share")
    Traceback (most recent call last):
    crmlib.errors.PluginError: key figure: there is no family 'loyalty'. There are: acquisition, retention, ...
    """
    meant = _checked(family, unit)

    def register(function: Callable[..., Any]) -> Any:
        if not inspect.isfunction(function):
            raise PluginError("key figure: @kpis.figure(...) stands above a function.")
        by_period = _by_period(function)
        [made] = _register(function, (function.__name__,), family, meant, label, by_period=by_period)
        return made if by_period else function

    return cast("_Register", register)


def counted_together(*names: str, family: Family, unit: Unit) -> Callable[[Function], Function]:
    """Make a function of the period that returns a dict several key figures, which come out of one count.

    Parameters
    ----------
    *names
        Of the figures: the keys of the dict.
    family, unit
        As for `figure`.
    """
    meant = _checked(family, unit)

    def register(function: Function) -> Function:
        _register(function, names, family, meant, None, by_period=_by_period(function))
        return function

    return register


def _by_period(function: Callable[..., Any]) -> bool:
    """Say whether a function takes the period, rather than shop, as_of, previous and policy."""
    return not {"as_of", "previous"} <= set(inspect.signature(function).parameters)


def _checked(family: str, unit: str) -> Unit:
    """Return the unit, if it and the family are known."""
    meant = "share" if unit == "%" else unit
    for what, given, there in (("family", family, FAMILIES), ("unit", meant, UNITS)):
        if given not in there:
            raise PluginError(f"key figure: there is no {what} {given!r}. {did_you_mean(str(given), there)}")
    return cast("Unit", meant)


def _register(
    function: Callable[..., Any],
    names: tuple[str, ...],
    family: Family,
    unit: Unit,
    label: str | Mapping[str, str] | None,
    *,
    by_period: bool,
) -> list[Figure]:
    count = _counting(function, names, family, unit, by_period=by_period)
    made = [Figure(name, family, unit, count) for name in names]
    for each in made:
        try:
            add_label(f"kpi_{each.name}", label or each.name.replace("_", " ").capitalize())
        except CrmlibError as error:
            raise PluginError(f"key figure {each.name}: {error}") from error
        FIGURES.add(each.name, each, module=function.__module__)
    return made


def figure_names(shop: Shop | None = None) -> tuple[str, ...]:
    """Return the names of the key figures of a shop's dashboard: crmlib's, the session's, and the shop's own.

    Parameters
    ----------
    shop
        Whose ``shop.toml`` may name files with figures; without it, none of those.

    Examples
    --------
    >>> figure_names()[:3]
    ('new_customers', 'database_growth', 'cac')
    """
    return in_order(FIGURES.of(() if shop is None else shop.plugins).values())


def in_order(figures: Iterable[Figure]) -> tuple[str, ...]:
    """Return the names of figures as a dashboard has them: by family, counts before shares before money.

    Parameters
    ----------
    figures
        In the order of their making.
    """
    ordered = sorted(figures, key=lambda each: (FAMILIES.index(each.family), UNITS.index(each.unit)))
    return tuple(each.name for each in ordered)


def _counting(
    function: Callable[..., Any], names: tuple[str, ...], family: Family, unit: Unit, *, by_period: bool
) -> Counting:
    """Return what counts the figures of one function, and says in words what goes wrong in a user's."""
    own = function.__module__.partition(".")[0] != "crmlib"

    def ask(period: Period) -> Any:
        if by_period:
            return function(period)
        return function(period.shop, period.as_of, period.previous, policy=period.policy)

    def count(period: Period) -> Mapping[str, Kpi]:
        try:
            found = ask(period)
        except (CrmlibError, ModelWarning):
            raise  # a table that is missing leaves the figure out, as it does any other
        except STOPS as error:
            if not own:
                raise
            told = place_of(function, error)
            raise PluginError(f"{told} The key figure {names[0]!r} stopped there; mend it.") from error
        where = f"{place_of(function)}: the key figure"
        if names == (function.__name__,):
            return {names[0]: _kpi(period, names[0], family, unit, found, where)}
        if not isinstance(found, Mapping) or set(found) != set(names):
            told = f"the keys {sorted(map(str, found))}" if isinstance(found, Mapping) else f"a {type(found).__name__}"
            raise PluginError(f"{where}s {', '.join(names)} are asked for in one dict, and {told} came.")
        return {name: _kpi(period, name, family, unit, each, where) for name, each in found.items()}

    return count


def _kpi(period: Period, name: str, family: Family, unit: Unit, found: Any, where: str) -> Kpi:  # noqa: PLR0917 - what a figure is made of
    """Make a key figure of what a function returned."""
    if isinstance(found, Kpi):
        if found.kpi != name:
            raise PluginError(f"{where} {name!r} returned the figure {found.kpi!r}. Give it its own name.")
        return found
    parts = found if isinstance(found, tuple) else (found, math.nan)
    interval = parts[_PAIR] if len(parts) == _TRIPLE else None
    bounds = interval if isinstance(interval, tuple) and len(interval) == _PAIR else ()
    told = f"{where} {name!r} returned {'nothing' if found is None else ' '.join(repr(found).split())[:60]}"
    wrong_bounds = interval is not None and not (bounds and all(map(_is_number, bounds)))
    if len(parts) not in {_PAIR, _TRIPLE} or not all(map(_is_number, parts[:_PAIR])) or wrong_bounds:
        raise PluginError(f"{told}. {_WHAT_TO_RETURN}.")
    if bounds and bounds[0] > bounds[1]:
        raise PluginError(f"{told}, whose interval ends before it begins. {_WHAT_TO_RETURN}.")
    numerator, denominator = _as_float(parts[0]), _as_float(parts[1])
    if math.isinf(numerator) or math.isinf(denominator):
        raise PluginError(f"{told}, which is endless. {_WHAT_TO_RETURN}; of what is not defined, float('nan').")
    around = (_as_float(bounds[0]), _as_float(bounds[1])) if bounds else _usual(period, unit, numerator, denominator)
    return period.kpi(name, family, unit, numerator, denominator, around)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)  # the engine's money is a Decimal


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf


def _usual(period: Period, unit: Unit, numerator: float, denominator: float) -> uncertainty.Interval:
    """Return the interval of what was counted; of other figures nobody can tell it from two numbers."""
    level = period.policy.kpis.level
    if unit == "share" and numerator.is_integer() and denominator.is_integer() and 0 <= numerator <= denominator:
        return uncertainty.share(numerator, denominator, level=level)
    if unit == "count" and numerator.is_integer() and numerator >= 0 and math.isnan(denominator):
        return uncertainty.count(numerator, level=level)
    return math.nan, math.nan
