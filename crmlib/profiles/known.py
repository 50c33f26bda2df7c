"""What a shop's tables say of its customers on its day: each group of facts once, in the order of the index."""

from __future__ import annotations

from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlib import engine, rfm
from crmlib.churn.signals import SIGNALS, flags
from crmlib.customers.consent import CHANNELS, has_consents, may_contact, permissions
from crmlib.days import until
from crmlib.shop.observed import columns_of, scores

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["PERSONAL", "Known"]

#: Who somebody is and where they live is for messages; a profile has no use for it.
PERSONAL = {"first_name", "last_name", "email", "phone", "street"}
_ORDERS = ("orders", "first_order", "last_order", "days_since_order", "days_since_first_order")
_SEEN = ("days_since_registration", "days_since_login", "days_since_order", "days_since_score", "score")
_MAY = tuple(f"may_{channel}" for channel in CHANNELS)
_NO_ORDERS = "nobody had bought by that day"


def _once(make: Callable[[Known], dict[str, Any]]) -> Callable[[Known], dict[str, Any]]:
    """Make a group's columns once: other groups ask for them, too."""
    name = f"_{make.__name__}_once"

    @wraps(make)
    def made(known: Known) -> dict[str, Any]:
        if name not in vars(known):
            vars(known)[name] = make(known)
        columns: dict[str, Any] = vars(known)[name]
        return columns

    return made


class Known:
    """The facts of a shop's customers, computed when they are asked for.

    Parameters
    ----------
    shop
        As it is known on its day.
    rules
        The policy.
    cut
        The day, `churn.horizon_days` ago, at whose end a model's foresight is tried.

    Attributes
    ----------
    missing
        Why columns are empty, by column.
    notes
        What is to be known of the figures, such as how good a model is; by name.
    """

    def __init__(self, shop: Shop, rules: Policy, cut: date) -> None:
        self.shop, self.rules, self.cut = shop, rules, cut
        self.missing: dict[str, str] = {}
        self.notes: dict[str, Any] = {}

    @cached_property
    def people(self) -> Table:
        """Everybody whom the shop knows: customer_id, registered, days_registered."""
        wanted = {"customer_id": "varchar", "registered_ts": "timestamp"}
        tables = {"orders": self.shop.orders, "accounts": columns_of(self.shop, "customers", wanted)}
        return self._run("profile_people", tables)

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """The same as a frame, sorted by customer_id."""
        return self.people.engine.frame(f"select * from {self.people.name} order by customer_id")

    @cached_property
    def index(self) -> pd.Index[Any]:
        """The customers' ids, sorted."""
        return pd.Index(self.accounts["customer_id"].astype("str"), name="customer_id")

    @cached_property
    def bought(self) -> pd.DataFrame:
        """What the orders say: see ``profile_orders.sql``."""
        return self.beside(self._run("profile_orders", {"orders": self.shop.orders}, cut=self.cut))

    def beside(self, table: Table) -> pd.DataFrame:
        """Bring a table with one row per customer here, a row for each customer of the index.

        Parameters
        ----------
        table
            With a column customer_id, each once.
        """
        columns = ", ".join(f"facts.{table.engine.quoted(name)}" for name in table.columns if name != "customer_id")
        return table.engine.frame(
            f"select {columns} from {self.people.name} as people left join {table.name} as facts "
            "on facts.customer_id = people.customer_id order by people.customer_id"
        )

    def absent(self, reason: str, *columns: str) -> None:
        """Note why columns are empty."""
        self.missing |= dict.fromkeys(columns, reason)

    @_once
    def account(self) -> dict[str, Any]:
        """Return the columns of the group account."""
        since = self.accounts["days_registered"].astype("float64")
        if "customers" not in self.shop.tables or "registered_ts" not in self.shop.customers.columns:
            self.absent("the shop's customers have no registered_ts", "registered")
        return {
            "registered": self.accounts["registered"],
            "days_since_registration": since.fillna(self.bought["days_since_first_order"].astype("float64")),
        }

    def orders(self) -> dict[str, Any]:
        """Return the columns of the group orders."""
        return {**{name: self.bought[name] for name in _ORDERS}, "orders": self.bought["orders"].fillna(0)}

    def money(self) -> dict[str, Any]:
        """Return the columns of the group money."""
        amounts = {name: self.bought[name] for name in ("mean_order_value", "last_order_value")}
        return {"spend": self.bought["spend"].fillna(0.0), **amounts}

    def gaps(self) -> dict[str, Any]:
        """Return the columns of the group gaps; who bought twice within days is not silent after a week."""
        gap = self.bought["mean_gap_days"].astype("float64")
        silent = self.bought["days_since_order"].astype("float64")
        ahead = pd.to_timedelta(gap.round(), unit="D")
        if not gap.notna().any():
            self.absent("nobody has ordered on two days yet", "mean_gap_days", "silence_ratio", "expected_next_order")
        return {
            "mean_gap_days": gap,
            "silence_ratio": silent / gap.clip(lower=1),
            "expected_next_order": pd.to_datetime(self.bought["last_order"]).dt.normalize() + ahead,
        }

    def redemptions(self) -> dict[str, Any]:
        """Return the columns of the group redemptions."""
        if "order_codes" not in self.shop.tables:
            self.absent("the shop's orders have no column coupon_code", "redemptions", "last_redemption")
            return {}
        used = self.beside(self._run("profile_redemptions", {"codes": self.shop.order_codes}))
        return {"redemptions": used["redemptions"].fillna(0), "last_redemption": used["last_redemption"]}

    @_once
    def logins(self) -> dict[str, Any]:
        """Return the columns of the group logins."""
        if "logins" not in self.shop.tables:
            self.absent("the shop has no table of logins", "last_login", "days_since_login")
            return {}
        wanted = {"customer_id": "varchar", "login_ts": "timestamp"}
        return dict(self.beside(self._run("profile_logins", {"logins": columns_of(self.shop, "logins", wanted)})))

    @_once
    def scores(self) -> dict[str, Any]:
        """Return the columns of the group scores."""
        if "surveys" not in self.shop.tables:
            self.absent("the shop has no table of surveys", "score", "days_since_score", "csat", "days_since_csat")
            return {}
        result = dict(self.beside(self._run("profile_answers", {"answers": scores(self.shop)})))
        satisfied = self._csat()
        if satisfied is None:
            self.absent("the shop's surveys do not say which are of the kind csat", "csat", "days_since_csat")
            return result
        last = self.beside(self._run("profile_answers", {"answers": satisfied}))
        return {**result, "csat": last["score"], "days_since_csat": last["days_since_score"]}

    def _csat(self) -> Table | None:
        """Return the answers about satisfaction on the policy's scale."""
        there = self.shop.surveys.columns
        if "kind" not in there:
            return None
        rules = ["kind = 'csat'", *([f"scale = '1-{self.rules.surveys.csat_scale}'"] if "scale" in there else [])]
        when = "answered_ts" if "answered_ts" in there else "sent_ts"
        wanted = {"customer_id": "varchar", when: "timestamp", "score": "double"}
        table = columns_of(self.shop, "surveys", wanted, " and ".join(rules))
        return table.engine.table(f"select customer_id, {when} as answered_ts, score from {table.name}")

    def signals(self) -> dict[str, Any]:
        """Return the columns of the group signals."""
        for name, table in (("no_login", "logins"), ("low_score", "surveys")):
            if table not in self.shop.tables:
                self.absent(f"the shop has no table of {table}", name)
        return {name: self._flags[name] for name in SIGNALS}

    @cached_property
    def _flags(self) -> pd.DataFrame:
        """The churn signals, from what is at hand."""
        seen = pd.DataFrame({
            "customer_id": self.index,
            "days_since_registration": self.account()["days_since_registration"],
            "days_since_order": self.bought["days_since_order"],
            **{name: values for name, values in {**self.logins(), **self.scores()}.items() if name in _SEEN},
        })  # fmt: skip
        return flags(self.shop, policy=self.rules, seen=seen.reindex(columns=["customer_id", *_SEEN]))

    def rfm(self) -> dict[str, Any]:
        """Return the columns of the group rfm."""
        if not self.bought["orders"].notna().any():
            self.absent(_NO_ORDERS, "r", "f", "m", "code", "segment")
            return {}
        scored = self.beside(rfm.score(self.shop.orders, as_of=self.shop.as_of, policy=self.rules))
        return {name: scored[name] for name in ("r", "f", "m", "code", "segment")}

    def journey(self) -> dict[str, Any]:
        """Return the columns of the group journey."""
        names = ("type", "stage", "four_a", "action")
        if not self.bought["orders"].notna().any():
            self.absent(_NO_ORDERS, *names)
            return {}
        from crmlib.journey.mapping import four_a_of, types_of
        from crmlib.journey.three_models import FOUR_A
        from crmlib.personas.features import visits
        from crmlib.personas.stages import STAGES, reached_by, recommendations

        seen, score = visits(self.shop), recommendations(self.shop)
        visited = None if seen is None else seen.reindex(self.index, fill_value=0).to_numpy()
        orders = self.bought["orders"].fillna(0).to_numpy(dtype=float)
        best = None if score is None else score.reindex(self.index).to_numpy(dtype=float)
        reached = reached_by(orders, visited, best, self.rules.personas)
        consents = np.zeros(len(orders), dtype=bool)
        for name in _MAY:
            consents = consents | np.asarray(self.consent()[name], dtype=bool)
        often = np.zeros(len(orders), dtype=bool)
        if visited is not None:
            often = visited >= self.rules.personas.consideration_visits
        types = types_of(reached, orders > 0, consents, often, self._flags, self.rules)
        actions = {name: touch.action for name, touch in self.rules.journey.actions.items()}
        return {
            "type": types,
            "stage": np.array(STAGES, dtype=object)[reached],
            "four_a": np.array(FOUR_A, dtype=object)[four_a_of(orders, reached, self.rules)],
            "action": pd.Series(types).map(actions),
        }

    @_once
    def consent(self) -> dict[str, Any]:
        """Return the columns of the group consent; what is not certain is no."""
        names = [f"may_{channel}" for channel in (*CHANNELS, "soft_spam")]
        names += [f"may_{purpose}_{channel}" for purpose in ("service", "profiling") for channel in CHANNELS]
        if not has_consents(self.shop):
            self.absent("the shop holds no permission of anybody, so nobody may be contacted", *names)
            return dict.fromkeys(names, False)
        may = may_contact(self.shop, policy=self.rules).reindex(self.index, fill_value=False)
        stands = permissions(self.shop, self.people, self.rules).reindex(self.index)
        result: dict[str, Any] = {f"may_{channel}": may[channel] for channel in CHANNELS}
        result["may_soft_spam"] = may["soft_spam"].to_numpy(dtype=bool) & self.bought["orders"].notna().to_numpy()
        for purpose in ("service", "profiling"):
            result |= {f"may_{purpose}_{channel}": stands[f"{purpose}_{channel}"] == 1 for channel in CHANNELS}
        return result

    def contacts(self) -> dict[str, Any]:
        """Return the columns of the group contacts."""
        if "email_events" not in self.shop.tables:
            self.absent("the shop has no table of email_events", "last_contact", "days_since_contact")
            return {}
        wanted = {"customer_id": "varchar", "event": "varchar", "event_ts": "timestamp"}
        events = columns_of(self.shop, "email_events", wanted)
        return dict(self.beside(self._run("profile_contacts", {"events": events})))

    def own(self, names: list[str]) -> dict[str, Any]:
        """Return columns of the shop's own table of customers."""
        there = self.shop.customers
        quoted = ", ".join(there.engine.quoted(name) for name in ("customer_id", *names))
        rows = there.engine.frame(f"select {quoted} from {there.name}").drop_duplicates("customer_id")
        return dict(rows.set_index("customer_id")[names].reindex(self.index))

    def _run(self, name: str, tables: dict[str, Table], **values: Any) -> Table:
        day = self.shop.as_of
        return engine.run(name, tables=tables, as_of=day, until=until(day), **values)
