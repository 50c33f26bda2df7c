"""A `Shop`: the tables of one business as of one day."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import msgspec

from crmlib.days import as_day
from crmlib.errors import PolicyError, SchemaError, SourceError
from crmlib.policy import adjusted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import pandas as pd

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop.ledger import Ledger

__all__ = ["MissingTableError", "Shop"]


class MissingTableError(SchemaError, AttributeError):
    """The shop's source does not have that table. Also an AttributeError, so that `hasattr` answers."""


class Shop:
    """The tables of one business as of one day, as attributes.

    Parameters
    ----------
    name
        A short name.
    tables
        Tables by name; each has ``.to_pandas()``.
    as_of
        The day on which the business is looked at; everything up to its end is known.
    policy
        The business's definitions.
    ledger
        What was found and done on the way in.
    source
        Where the tables come from, without a password.
    opened
        How to look at it on another day: see `on`.
    held_by
        Names of the known sources that have a table, by table: said where this shop lacks it.
    plugins
        Modules of the shop's own code: see `crmlib.plugins`.
    later
        Where the day was derived from the orders, and not told: tables in which people say who may be contacted, with
        what they said after that day. Who objects on the day on which the files were made has objected.

    Examples
    --------
    >>> from crmlib import open_shop
    >>> shop = open_shop("cdnow-sample")
    Opened cdnow-sample: ...
    >>> shop.orders.columns
    ['customer_id', 'order_id', 'order_ts', 'amount']
    >>> hasattr(shop, "products")
    False
    """

    def __init__(
        self,
        name: str,
        tables: Mapping[str, Table],
        as_of: date,
        policy: Policy,
        ledger: Ledger,
        *,
        source: str = "",
        opened: Callable[[date], Shop] | None = None,
        held_by: Mapping[str, Sequence[str]] | None = None,
        plugins: Sequence[str] = (),
        later: Mapping[str, Callable[[], Table]] | None = None,
    ) -> None:
        self.name = name
        self.source = source or name
        self.as_of = as_of
        self.policy = policy
        #: Modules of the user's own code that count for this shop: see `crmlib.plugins`.
        self.plugins = tuple(plugins)
        self._tables = dict(tables)
        self._ledger = ledger
        self._opened = opened
        self._held_by = dict(held_by or {})
        self._later = None if later is None else dict(later)
        self._earlier: Shop | None = None

    def adjusted(self, values: Mapping[str, Any]) -> Shop:
        """Look at the same business under a policy in which some values are set anew; what differs is said.

        Parameters
        ----------
        values
            Key of the policy, such as ``money.margin``, to its value; ``None`` leaves the policy's. Values by which
            orders are read need the shop to be opened anew: give them to `crmlib.open_shop`.

        Raises
        ------
        PolicyError
            There is no such key, or the value is not one it may have, or it contradicts another.

        Examples
        --------
        >>> from crmlib import open_shop
        >>> shop = open_shop("cdnow-sample")
        Opened cdnow-sample: ...
        >>> shop.adjusted({"money.margin": 0.4, "money.discount": None}).policy.money.margin
        money.margin is 0.4 here, not 0.3 as in the policy.
        0.4
        """
        if wrong := [key for key in values if key.startswith("orders.")]:
            raise PolicyError(f"{wrong[0]} says how orders are read: open the shop anew with policy=...")
        policy, notes = adjusted(self.policy, values)
        for note in notes:
            print(note)  # noqa: T201 - what differs from the shop's own definitions is always said
        return self._under(policy)

    def _under(self, policy: Policy) -> Shop:
        """Return the shop under another policy, on this day and on earlier ones."""
        shop, opened = copy.copy(self), self._opened
        shop.policy, shop._earlier = policy, None  # noqa: SLF001 - the same class
        if opened is not None:
            shop._opened = lambda day: opened(day)._under(policy)  # noqa: SLF001 - the same class
        return shop

    def on(self, day: date | str) -> Shop:
        """Look at the same business on an earlier day, as if it were opened then.

        Parameters
        ----------
        day
            Inclusive. Returns that came later are not netted yet, and nothing else of later days is known.

        Examples
        --------
        >>> from crmlib import open_shop
        >>> shop = open_shop("cdnow-sample")
        Opened cdnow-sample: ...
        >>> shop.on("1997-03-31")
        <Shop cdnow-sample as of 1997-03-31: orders>
        """
        day = as_day(day)
        if day > self.as_of or self._opened is None:
            raise SourceError(
                f"The shop {self.name!r} is known up to {self.as_of}, not on {day}. Open it with as_of={str(day)!r}."
            )
        if self._earlier is None or self._earlier.as_of != day:
            self._earlier = self._opened(day)  # kept, for features and signals of one day are asked for in turn
        return self._earlier

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that the source has."""
        return tuple(self._tables)

    def heard(self, name: str) -> Table:
        """Return a table with what people said after the day, where the day was derived from the orders.

        Parameters
        ----------
        name
            Of the table.
        """
        later = (self._later or {}).get(name)
        return later() if later is not None else getattr(self, name)

    @property
    def day_is_told(self) -> bool:
        """Whether somebody said on which day the business is looked at: of later days nothing is known then."""
        return self._later is None

    def __getattr__(self, name: str) -> Table:
        tables: dict[str, Table] = self.__dict__.get("_tables", {})
        if name in tables:
            return tables[name]
        if name.startswith("_"):
            raise AttributeError(name)
        held = self._held_by.get(name)
        where = f"Sources that have it: {', '.join(held)}." if held else "No known source has a table of that name."
        raise MissingTableError(
            f"The shop {self.name!r} has no table {name!r}; it has {', '.join(tables)}. {where}",
            name=name,
            obj=self,
        )

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._tables})

    @property
    def doubts(self) -> tuple[str, ...]:
        """What takes money out of the orders or casts doubt on it, the most money first: at most five lines."""
        return tuple(line.removeprefix("- ") for line in self._ledger.summary())

    @property
    def currency(self) -> str:
        """The code of what the orders' money is in, where the source or the policy says so; else empty."""
        return self._ledger.currency or self.policy.orders.currency.strip().upper()

    def quality(self) -> pd.DataFrame:
        """Say what was read, dropped, netted and merged on the way in.

        Returns
        -------
        pandas.DataFrame
            finding, rows, amount (money in those rows, in the shop's currency; empty where it does not apply).
        """
        import pandas as pd

        rows = [msgspec.structs.asdict(finding) for finding in self._ledger.findings]
        return pd.DataFrame(rows, columns=["finding", "rows", "amount"]).astype({"amount": float})

    def sample_orders(self, *, customers: int) -> Table:
        """Draw customers, and give all orders of each: a few rows to look at, however many there are.

        Parameters
        ----------
        customers
            How many. They are chosen by a hash of their ids, hence the same ones on every run and engine.

        Returns
        -------
        Table
            As ``orders``.

        Examples
        --------
        >>> from crmlib import open_shop
        >>> shop = open_shop("cdnow-sample")
        Opened cdnow-sample: ...
        >>> shop.sample_orders(customers=3).to_pandas()["customer_id"].nunique()
        3
        """
        return self.orders.engine.query("order_sample", {"orders": self.orders}, customers=customers)

    def close(self) -> None:
        """Give back what the tables hold: memory here, the cores of a cluster. The tables are gone then."""
        self.orders.engine.close()

    def __repr__(self) -> str:
        return f"<Shop {self.name} as of {self.as_of}: {', '.join(self.tables)}>"
