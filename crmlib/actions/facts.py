"""What is known of customers, for the conditions of sequences: columns of the profile, and only those asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmlib.errors import SchemaError
from crmlib.profiles import FIELDS, PERSONAL, name_of, profile
from crmlib.profiles.grounds import PROFILING, for_profiling, may_be_profiled
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["facts"]


def facts(
    shop: Shop,
    people: Table,
    wanted: Iterable[str],
    rules: Policy,
    *,
    about: pd.DataFrame | None = None,
    chooses: Iterable[str] = (),
) -> pd.DataFrame:
    """Look up columns about people, as they were known on the shop's day.

    Parameters
    ----------
    shop
        Whose customers they are.
    people
        customer_id, each once.
    wanted
        Names of columns: of `about`, then of the shop's own table ``customers``, then of `crmlib.customers.profile`
        under whatever name.
    rules
        Definitions of segments and types.
    about
        The caller's own columns, with customer_id as a column or as the index; the caller answers for their ground.
    chooses
        Those of the names by which people are chosen: each needs a ground (see `crmlib.profiles.grounds`), and what was
        given for profiling is known of those alone who allow profiling.

    Returns
    -------
    pandas.DataFrame
        customer_id as index, sorted; a column each, called as it was asked for. Its ``attrs["profiling"]`` names those
        that are known of some alone for want of permission.

    Raises
    ------
    CrmlibError
        A column is not known or may not be used, or `about` names a customer twice.
    """
    chooses = set(chooses)
    ids = people.to_pandas()["customer_id"].sort_values(ignore_index=True)
    result = ids.to_frame().set_index("customer_id")
    own = _own(about)
    there = [name for name in shop.customers.columns if name not in PERSONAL] if "customers" in shop.tables else []
    names = sorted(set(wanted))
    called = {name: name_of(name, there) for name in names if name not in own}
    for name, column in called.items():
        if column not in FIELDS and column not in there:
            raise SchemaError(
                f"A condition asks for {name!r}, which is not known of customers. "
                f"{did_you_mean(name, [*own.columns, *FIELDS, *there])} Or hand in a table with that column as `about`."
            )
    asked: list[str] = []
    if called:
        asked = [name for name in called if name in chooses and for_profiling(name, there, rules)]
        more = PROFILING if asked else ()
        table = profile(shop, columns=[*called.values(), *more], policy=rules).reindex(result.index)
        for name, column in called.items():
            result[name] = table[column]
            if column in {"orders", "spend"}:
                result[name] = result[name].fillna(0)  # who never bought has no orders, rather than unknown ones
        for name in asked:
            result[name] = result[name].where(may_be_profiled(table))
    result = result.join(own[[name for name in names if name in own]])[names]
    result.attrs["profiling"] = asked
    return result


def _own(about: pd.DataFrame | None) -> pd.DataFrame:
    import pandas as pd

    if about is None:
        return pd.DataFrame(index=pd.Index([], name="customer_id", dtype="str"))
    if "customer_id" not in about and about.index.name != "customer_id":
        raise SchemaError("about: there is no customer_id, neither as a column nor as the index.")
    own = about.set_index("customer_id") if "customer_id" in about else about
    twice = own.index.duplicated()
    if twice.any():
        raise SchemaError(f"about: customer {own.index[twice][0]!r} is there twice. One row a customer.")
    return own.set_axis(own.index.astype("str"))
