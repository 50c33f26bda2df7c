"""The shop at the moment from which futures go on: its customers' true state, and what the shop can see of them."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd

from crmlib import policy as policies
from crmlib.actions.targets import columns_of_plan, observable
from crmlib.customers.consent import CHANNELS
from crmlib.days import as_day
from crmlib.errors import CrmlibError
from crmlib.profiles import FIELDS, name_of
from crmlib.sources import open_shop
from crmlib.sources.catalogue import told_apart
from crmlib.synth.block import Design
from crmlib.synth.life import Lives
from crmlib.synth.parameters import ShopParameters
from crmlib.synth.reading import read_truth, truth_folder
from crmlib.synth.shop import MakeResult

if TYPE_CHECKING:
    from crmlib.actions.plans import Plan
    from crmlib.arrays import Floats, Ints
    from crmlib.policy import Policy
    from crmlib.shop import Shop
    from crmlib.synth.life import World


__all__ = ["Present", "present"]

_NEEDED = ("customers", "orders", "consents", "truth/customers")


@dataclass(frozen=True)
class Present:
    """Where futures begin. The state stands in the truth beside the shop; nothing of it is in `shop` or `seen`.

    Attributes
    ----------
    shop
        What is observable.
    seen
        The same by customer: see `crmlib.actions.observable`.
    policy
        The business's definitions.
    design
        What fixed the shop.
    truth
        The state, a row a customer, in the order of `seen`.
    origin
        Ids of the customers in the shop, where those of `seen` are others (see `repeated`).
    looked_up
        What is asked of the shop more than once: columns for plans, moments that set sequences off.
    """

    shop: Shop
    seen: pd.DataFrame
    policy: Policy
    design: Design
    truth: pd.DataFrame
    origin: pd.Index[str] | None = None
    looked_up: dict[Any, Any] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.seen)

    def __repr__(self) -> str:
        return f"<the present of {len(self):,} customers as of {self.design.until}>"

    @property
    def ids(self) -> pd.Index[str]:
        """The customers' ids in the shop, in the order of `seen`."""
        return self.seen.index if self.origin is None else self.origin

    @property
    def begins(self) -> int:
        """First day of the future, counted from the shop's start."""
        return self.design.days

    def world(self, days: int) -> World:
        """Return parameters and calendar up to the end of a future.

        Parameters
        ----------
        days
            Length of the future.
        """
        return replace(self.design, holdout=days).world

    @cached_property
    def persona(self) -> Ints:
        """Number of each customer's persona."""
        names = list(self.design.parameters.names)
        return np.asarray(self.truth["persona"].map(names.index).to_numpy(dtype=np.int64))

    @cached_property
    def last_login(self) -> Floats:
        """Day of the last login; minus infinity without any."""
        return self._ago("days_since_login")

    @cached_property
    def last_score(self) -> Floats:
        """Day of the last answer; minus infinity without any."""
        return self._ago("days_since_score")

    @cached_property
    def registered(self) -> Floats:
        """Day of the registration."""
        days = (self.seen["registered_ts"].dt.normalize() - pd.Timestamp(self.design.start)).dt.days
        return np.asarray(days.to_numpy(dtype=float))

    @cached_property
    def preferred(self) -> Ints:
        """Number of the channel that each customer named as preferred; -1 for who named none."""
        if "preferred_channel" not in self.seen:
            return np.full(len(self), -1)
        return np.asarray(self.seen["preferred_channel"].map(_channel, na_action=None).to_numpy(dtype=np.int64))

    def lives(self) -> Lives:
        """Return the state, to be changed in place."""
        truth = {name: self.truth[name].to_numpy() for name in self.truth if self.truth[name].dtype.kind in "fb"}
        alive = truth["alive"]
        return Lives(
            persona=self.persona, registered=self.registered, arrival=self.registered, buyer=truth["buyer"],
            rate=truth["order_rate"], dropout=truth["dropout_rate"], value=truth["mean_order_value"],
            logins=truth["login_rate"], level=truth["satisfaction_level"],
            satisfaction=truth["satisfaction"].copy(), patience=np.where(alive, truth["patience"], 0.0),
            left=np.where(alive, np.inf, -np.inf), last_order=self._ago("days_since_order"),
        )  # fmt: skip

    def repeated(self, rows: Ints, times: int) -> Present:
        """Return some customers several times over: so many fates of each in one run.

        Parameters
        ----------
        rows
            Their positions.
        times
            How often.
        """
        rows = np.tile(rows, times)
        seen, truth = self.seen.iloc[rows], self.truth.iloc[rows]
        seen.index = pd.RangeIndex(len(rows)).astype("str")
        return Present(self.shop, seen, self.policy, self.design, truth.reset_index(drop=True), self.ids[rows])

    def seeing(self, plan: Plan) -> Present:
        """Return the same with every column for which a plan's conditions ask.

        Parameters
        ----------
        plan
            The plan.
        """
        there = [str(name) for name in self.seen]
        asked = {name_of(column, there) for column in columns_of_plan(plan)} - set(there)
        missing = sorted(asked & set(FIELDS))
        if new := [name for name in missing if name not in self.looked_up]:
            more = observable(self.shop, policy=self.policy, plan=plan)
            self.looked_up.update({name: more[name] for name in new})
        return replace(self, seen=self.seen.assign(**{name: self.looked_up[name] for name in missing}))

    def _ago(self, name: str) -> Floats:
        """Turn days ago into a day: the last of the past is `begins` - 1, and things happen in the middle of it."""
        ago = self.seen[name].to_numpy(dtype=float)
        return np.where(np.isnan(ago), -np.inf, self.begins - 0.5 - ago)


def _frame(table: Any) -> pd.DataFrame:
    """Return an Arrow table as pandas, money as numbers: pandas has no decimals but objects."""
    import pyarrow as pa

    numbers = [field.with_type(pa.float64()) if pa.types.is_decimal(field.type) else field for field in table.schema]
    frame: pd.DataFrame = table.cast(pa.schema(numbers)).to_pandas()
    return frame


def _channel(name: Any) -> int:
    return CHANNELS.index(name) if name in CHANNELS else -1


def present(
    shop_truth: MakeResult | Present | str | Path, *, policy: Policy | str | dict[str, Any] | None = None
) -> Present:
    """Read the state from which futures go on.

    Parameters
    ----------
    shop_truth
        What `make_shop` returned, the folder that it wrote, or ``"shop"``.
    policy
        The business's definitions.

    Returns
    -------
    Present
        Hand it to `future` and `compare`, which otherwise read it anew each time.

    Raises
    ------
    CrmlibError
        There is no truth, or a table that is needed was not made.

    Examples
    --------
    >>> present("shop")
    <the present of 5,000 customers as of 2026-06-30>
    """
    if isinstance(shop_truth, Present):
        return shop_truth
    if isinstance(shop_truth, MakeResult) and shop_truth.path is None:
        made, record = shop_truth.tables, shop_truth.parameters
        if missing := [name for name in _NEEDED if name not in made]:
            raise CrmlibError(f"The shop was made without {', '.join(missing)}: a future needs {', '.join(_NEEDED)}.")
        source: Any = {name: _frame(table) for name, table in made.items() if not name.startswith("truth/")}
        truth = made["truth/customers"].to_pandas()
    else:
        source = shop_truth.path if isinstance(shop_truth, MakeResult) else shop_truth
        if note := told_apart(source, Path()):
            print(note)  # noqa: T201 - whose future this is, is always said
        truth = read_truth("customers", source)
        record = json.loads((truth_folder(source) / "parameters.json").read_text(encoding="utf-8"))
    with contextlib.redirect_stdout(io.StringIO()):  # what it says of the shop was said when it was opened
        shop = open_shop(source, as_of=record["until"], policy=policies.load(policy))
    design = Design(
        msgspec.convert(record["model"], ShopParameters), record["seed"], record["customers"],
        as_day(record["start"]), as_day(record["until"]), 0,
    )  # fmt: skip
    seen = observable(shop)
    truth = truth.set_index("customer_id").reindex(seen.index)
    if truth["persona"].isna().any():
        raise CrmlibError(f"{shop_truth}: the truth does not hold all customers of the shop: are both of one making?")
    return Present(shop, seen, shop.policy, design, truth.reset_index(drop=True))
