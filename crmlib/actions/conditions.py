"""For whom a condition of a sequence or of a plan holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from crmlib.actions.sequences import Condition
    from crmlib.arrays import Bools

__all__ = ["meets"]


def meets(condition: Condition, values: pd.Series) -> Bools:
    """Tell for whom a condition holds; a gap never does.

    Parameters
    ----------
    condition
        The condition.
    values
        Of its column, one each.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.actions.sequences import Condition
    >>> meets(Condition(column="orders", at_least=2), pd.Series([1.0, 2.0, None])).tolist()
    [False, True, False]
    """
    import pandas as pd

    met = values.notna()
    if condition.one_of is not None:
        text = values.astype("str")
        if pd.api.types.is_float_dtype(values.dtype):
            text = text.str.removesuffix(".0")  # a count is written 3, however it is kept
        met &= text.isin(condition.one_of)
    if condition.at_least is not None or condition.at_most is not None:
        numbers = pd.to_numeric(values, errors="coerce")
        if condition.at_least is not None:
            met &= numbers >= condition.at_least
        if condition.at_most is not None:
            met &= numbers <= condition.at_most
    return met.fillna(value=False).to_numpy(dtype=bool)
