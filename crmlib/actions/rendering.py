"""The messages of a whole queue, and those that could not be written, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from crmlib import policy as policies
from crmlib.actions.gates import HELD, consented
from crmlib.actions.messages import Message, MessageError, render
from crmlib.actions.recipients import recipients, without_address
from crmlib.actions.templates import read_template

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from crmlib.actions.sequences import Sequence
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["Rendered", "write_messages"]


class Rendered(NamedTuple):
    """The messages of a queue.

    Attributes
    ----------
    messages
        In the queue's order.
    held
        The entries without one: why is a key of `crmlib.actions.WHY` or of `crmlib.actions.recipients.NOT_SENT`.
    """

    messages: tuple[Message, ...]
    held: pd.DataFrame


def write_messages(
    entries: Any,
    shop: Shop,
    *,
    sequences: Iterable[Sequence] = (),
    about: pd.DataFrame | None = None,
    policy: Policy | str | dict[str, Any] | None = None,
    templates: str | Path | None = None,
    secret: str = "",
) -> Rendered:
    """Write the messages of a queue.

    One customer whose name would break a header costs one message, never the others; a template that is not there or is
    none stops at once, for it would cost them all.

    Parameters
    ----------
    entries
        What `crmlib.actions.queue` returns, or the DataFrame of its entries.
    shop
        Whose customers, as they are known on its day: what they do not allow (any more) is not written.
    sequences
        Those of the queue: their offers say until when a code is valid.
    about
        More about customers for the templates, with a column customer_id.
    policy, templates, secret
        As for `crmlib.actions.render`.
    """
    import pandas as pd

    rules = policies.load(policy or shop.policy)
    queue = getattr(entries, "entries", entries)
    queue = queue if isinstance(queue, pd.DataFrame) else queue.to_pandas()
    for name in sorted(set(queue["template"])):
        read_template(name, templates)
    queue, refused = consented(queue, shop, rules)
    called = queue.loc[queue["channel"] != "email", "customer_id"]
    people = recipients(shop, queue["customer_id"], policy=rules, phone_of=called)
    if about is not None:
        more = about.drop_duplicates("customer_id").set_index("customer_id")
        people = people.join(more[[name for name in more.columns if name not in people.columns]])
    there, nowhere = without_address(queue, people)
    known = dict(zip(people.index, _rows(people), strict=True))
    valid = {(each.name, each.version, step.name): step.offer.valid_days
             for each in sequences for step in each.steps if step.offer}  # fmt: skip
    written: list[Message] = []
    failed: list[dict[str, Any]] = []
    for row in _rows(there):
        days = valid.get((row["sequence"], row["version"], row["step"]))
        until = pd.Timestamp(row["due_ts"]) + pd.Timedelta(days=days) if days else None
        try:
            written.append(
                render({**row, "valid_until": until}, known[row["customer_id"]], policy=rules, templates=templates,
                       secret=secret)
            )  # fmt: skip
        except MessageError as error:
            failed.append({**row, "why": "not_written", "detail": str(error)})
    parts = [part for part in (refused, nowhere, pd.DataFrame(failed)) if len(part)]
    held = pd.concat(parts, ignore_index=True) if parts else nowhere
    return Rendered(tuple(written), held.reindex(columns=HELD))


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
