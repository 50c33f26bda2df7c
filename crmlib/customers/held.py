"""What a shop holds about consent, read once: permissions and objections by customer, objections by contact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from crmlib.customers.points import NO_PEOPLE, Points, as_held, points_of
from crmlib.customers.reach import Ids, link, reached_by_objections, reached_by_permissions
from crmlib.customers.statements import statements
from crmlib.shop.ids import is_text
from crmlib.text.consent import answer_within, column_role, is_status, kind_of, names, sense
from crmlib.text.consent_remarks import is_remark, telling_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from crmlib.engine import Table
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["Words", "words_of"]

#: What was read of a shop; its tables do not change while it lives.
_READ: WeakKeyDictionary[Shop, dict[bytes, Words]] = WeakKeyDictionary()


class Words(NamedTuple):
    """What a shop holds about consent: permissions and objections by customer, objections by contact."""

    grants: pd.DataFrame
    objections: pd.DataFrame
    contacts: pd.DataFrame
    stated: pd.DataFrame
    ids: Ids
    points: Points
    unused: dict[str, list[str]]

    def left_out(self) -> dict[str, list[str]]:
        """Return what does not count, with an example of each row."""
        result = {text: list(examples) for text, examples in self.unused.items()}
        named = self.stated[self.stated["customer_id"].notna()]
        for against, what in ((False, "permissions"), (True, "objections")):
            for text in named.loc[named["against"] == against, "customer_id"]:
                if self.ids.seen(text):
                    continue
                if not self.ids.meant(text):
                    result.setdefault(f"{what} of nobody in customers, orders or contacts", []).append(text)
                elif not against:
                    result.setdefault(
                        "permissions whose id is spelled otherwise than the customer's: they do not count", []
                    ).append(text)
        return result


def words_of(shop: Shop, rules: Policy) -> Words:
    """Read all that a shop holds about consent, once.

    Parameters
    ----------
    shop
        Whose.
    rules
        How addresses and times are read.
    """
    key = msgspec.json.encode((rules.intake, rules.orders.timezone))
    read = _READ.setdefault(shop, {})
    if key not in read:
        import pandas as pd

        parts = [statements(frame, name, rules.orders.timezone, kind) for name, kind, frame in _tables(shop)]
        stated = pd.concat(parts, ignore_index=True) if parts else statements(pd.DataFrame(), "", "UTC")
        points = points_of(shop, rules.intake)
        ids = Ids(shop, points)
        link(stated, points, ids)
        unused: dict[str, list[str]] = {}
        grants = reached_by_permissions(stated[~stated["against"]], points, ids, unused)
        objections, contacts = reached_by_objections(stated[stated["against"]], points, ids)
        read[key] = Words(grants, objections, contacts, stated, ids, points, unused)
    return read[key]


def _tables(shop: Shop) -> Iterable[tuple[str, Any, pd.DataFrame]]:
    """Yield the tables that may hold consent; of what happened to mails and of texts, only what may be an objection."""
    for name in shop.tables:
        table = shop.heard(name)
        kind = kind_of(name) or ("others" if name not in NO_PEOPLE and _may_hold_objections(table.columns) else None)
        where = ""
        if kind == "mails":
            where = _leaving_mails(table)
        elif kind is None and name not in _NO_TEXTS:
            kind, where = "remarks", _telling_texts(table)
        if kind is not None and (where or kind not in {"mails", "remarks"}):
            yield name, kind, as_held(table, where)


def _leaving_mails(table: Table) -> str:
    """Return the SQL for the rows by which somebody left; nothing where there is none."""
    events = [column for column in table.columns if column in names("status")]
    if not events:
        return ""
    column = table.engine.quoted(events[0])
    there = [row[0] for row in table.engine.rows(f"select distinct {column} from {table.name}")]
    left = [text for text in there if text is not None and (meaning := sense(str(text))) and meaning.answer < 0]
    values = ", ".join(table.engine.literal(str(text)) for text in left)
    return f" where {column} in ({values})" if left else ""


#: Tables of things and of what people do, in which nobody says anything.
_NO_TEXTS = NO_PEOPLE - {"surveys", "tickets"}


def _telling_texts(table: Table) -> str:
    """Return the SQL for the rows that may hold a remark by which somebody asks to be left alone."""
    if not _names_people(table.columns):
        return ""
    columns = [name for name, kind in table.types.items() if is_remark(name) and is_text(kind)]
    literal, quoted = table.engine.literal, table.engine.quoted
    tests = [f"lower({quoted(column)}) like {literal(f'%{word}%')}" for column in columns for word in telling_words()]
    return f" where {' or '.join(tests)}" if tests else ""


def _may_hold_objections(columns: Iterable[str]) -> bool:
    """Tell whether a table that is called nothing in particular names people, and may say that they left."""
    columns = list(columns)
    left = any(is_status(name) or (column_role(name) is None and answer_within(name) < 0) for name in columns)
    return left and _names_people(columns)


def _names_people(columns: Iterable[str]) -> bool:
    return bool({column_role(name) for name in columns} & {"customer_id", "contact_id", "email", "phone", "address"})
