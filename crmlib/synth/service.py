"""After the order: delivery, returns and tickets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlib.synth import columns

if TYPE_CHECKING:
    from crmlib.arrays import Ints
    from crmlib.synth.baskets import Lines
    from crmlib.synth.life import Orders


__all__ = ["RETURN_REASONS", "TICKET_TOPICS", "Aftermath", "follow_orders"]

RETURN_REASONS = ("changed_mind", "defective", "damaged_in_transit", "not_as_described", "arrived_too_late")
TICKET_TOPICS = ("delivery", "product", "return", "payment", "information")
_TICKET_CHANNELS = ("email", "phone", "chat", "whatsapp")
_LATE_REASON = 0.3  # share of returns of late parcels that give the delay as reason
_ABOUT_RETURN = 0.6  # share of tickets on problem orders that ask about the return
_DAY, _HOUR = 86_400, 3_600


@dataclass(frozen=True)
class Aftermath:
    """What follows the orders. Times are seconds since 1970 on the shop's wall clock."""

    promised: Ints  # per order
    delivered: Ints  # per order
    returned_line: Ints  # positions of the lines that came back
    return_time: Ints
    return_reason: Ints
    ticket_order: Ints  # positions of the orders with a ticket
    ticket_open: Ints
    ticket_answer: Ints  # hours to the first answer
    ticket_closed: Ints
    ticket_topic: Ints
    ticket_channel: Ints

    def returns_columns(self, lines: Lines, last: int) -> dict[str, Any]:
        """Return the columns of `returns` up to a second; ids as positions."""
        seen = self.return_time < last
        line = self.returned_line[seen]
        order = np.argsort(self.return_time[seen], kind="stable")
        line = line[order]
        return {
            "order": lines.order[line],
            "line_no": columns.numbers(lines.line[line]),
            "product": lines.product[line],
            "return_ts": columns.timestamps(self.return_time[seen][order]),
            "quantity": columns.numbers(lines.quantity[line]),
            "amount": columns.money(lines.quantity[line] * lines.cents[line]),
            "reason": columns.labels(RETURN_REASONS, self.return_reason[seen][order]),
        }

    def ticket_numbers(self, last: int) -> Ints:
        """Return the row of each ticket in `tickets_columns`, -1 if it is opened later."""
        seen = np.flatnonzero(self.ticket_open < last)
        seen = seen[np.argsort(self.ticket_open[seen], kind="stable")]
        numbers = np.full(len(self.ticket_open), -1)
        numbers[seen] = np.arange(len(seen))
        return numbers

    def tickets_columns(self, last: int) -> dict[str, Any]:
        """Return the columns of `tickets` up to a second; ids as positions."""
        seen = np.flatnonzero(self.ticket_open < last)
        seen = seen[np.argsort(self.ticket_open[seen], kind="stable")]
        closed = self.ticket_closed[seen]
        answered = self.ticket_open[seen] + self.ticket_answer[seen] * _HOUR < last
        return {
            "order": self.ticket_order[seen],
            "opened_ts": columns.timestamps(self.ticket_open[seen]),
            "closed_ts": columns.timestamps(np.where(closed < last, closed, -1)),
            "channel": columns.labels(_TICKET_CHANNELS, self.ticket_channel[seen]),
            "topic": columns.labels(TICKET_TOPICS, self.ticket_topic[seen]),
            "first_response_hours": columns.numbers(self.ticket_answer[seen], ~answered),
        }


def follow_orders(rng: np.random.Generator, orders: Orders, placed: Ints, lines: Lines) -> Aftermath:
    """Draw deliveries, returns and tickets of a block's orders.

    Parameters
    ----------
    rng
        Where the randomness comes from.
    orders
        The orders, with what goes wrong in each.
    placed
        Their times, in seconds.
    lines
        The lines of the orders, sorted by order.
    """
    count = len(placed)
    midnight = placed - placed % _DAY
    promise = rng.integers(2, 5, count)
    promised = midnight + promise * _DAY
    days = np.where(
        orders.late, promise + rng.integers(2, 8, count), np.maximum(promise - rng.integers(0, 2, count), 1)
    )
    delivered = midnight + days * _DAY + rng.integers(9 * _HOUR, 18 * _HOUR, count)

    problem = np.flatnonzero(orders.problem)
    counts = np.bincount(lines.order, minlength=count)
    first = np.cumsum(counts) - counts
    returned = first[problem] + (rng.random(len(problem)) * counts[problem]).astype(np.int64)
    back = delivered[problem] + (rng.gamma(2.0, 3.5, len(problem)) * _DAY).astype(np.int64) + _DAY // 2
    reason = rng.choice(4, len(problem), p=[0.42, 0.20, 0.16, 0.22])
    reason = np.where(orders.late[problem] & (rng.random(len(problem)) < _LATE_REASON), 4, reason)

    asked = np.flatnonzero(orders.ticket)
    size = len(asked)
    late, bad = orders.late[asked], orders.problem[asked]
    after_promise = promised[asked] + rng.integers(_DAY // 3, 2 * _DAY, size)
    after_delivery = delivered[asked] + (rng.exponential(2.0, size) * _DAY).astype(np.int64) + _HOUR
    opened = np.where(late, after_promise, after_delivery)
    quick = orders.quick[asked]
    answer = np.where(quick, rng.integers(1, 10, size), rng.integers(20, 90, size))
    hours = answer + np.where(quick, rng.integers(1, 14, size), rng.integers(24, 160, size))
    plain = rng.choice(5, size, p=[0.20, 0.25, 0.05, 0.20, 0.30])
    topic = np.where(late, 0, np.where(bad, np.where(rng.random(size) < _ABOUT_RETURN, 2, 1), plain))
    return Aftermath(
        promised=promised,
        delivered=delivered,
        returned_line=returned,
        return_time=back,
        return_reason=reason,
        ticket_order=asked,
        ticket_open=opened,
        ticket_answer=answer,
        ticket_closed=opened + hours * _HOUR,
        ticket_topic=topic,
        ticket_channel=rng.choice(4, size, p=[0.46, 0.20, 0.22, 0.12]),
    )
