"""Push: a queue straight into Klaviyo, HubSpot or a mail server. A dry run by default.

What is pushed is gated again on the shop's day. What was accepted is written into a ledger, so that the next push goes
on
from there and sends nothing twice. Keys come from the environment and are never shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib import policy as policies
from crmlib.actions.exports import FORMATS, outgoing
from crmlib.actions.push import hubspot, klaviyo, mail
from crmlib.actions.push.delivery import Pace, PushError, Report, deliver, key_from
from crmlib.actions.push.ledger import Ledger
from crmlib.actions.push.mail import Server
from crmlib.actions.rendering import write_messages
from crmlib.schema import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from crmlib.actions.sequences import Sequence
    from crmlib.policy import Policy
    from crmlib.shop import Shop

__all__ = ["PLATFORMS", "Ledger", "Pace", "PushError", "Report", "Server", "push", "push_mail"]

#: Platform -> what makes its requests, what stands for a person in the ledger, the variable of its key, its pace.
PLATFORMS = {
    "klaviyo": (klaviyo.batches, klaviyo.keys, klaviyo.KEY, klaviyo.PER_SECOND),
    "hubspot": (hubspot.batches, hubspot.keys, hubspot.KEY, hubspot.PER_SECOND),
}


def push(
    entries: Any,
    shop: Shop,
    platform: str,
    *,
    ledger: str | Path,
    dry_run: bool = True,
    policy: Policy | str | dict[str, Any] | None = None,
    pace: Pace | None = None,
    host: str = "",
) -> Report:
    """Send a queue to a platform.

    Parameters
    ----------
    entries
        What `crmlib.actions.queue` returns, or the DataFrame of its entries.
    shop
        As it is known today: consents are looked up again.
    platform
        ``klaviyo`` (key in ``KLAVIYO_API_KEY``) or ``hubspot`` (``HUBSPOT_ACCESS_TOKEN``).
    ledger
        The file that remembers what was accepted. Keep it: without it, everything is sent again.
    dry_run
        Only say what would be sent: no request, no key, nothing written.
    policy
        The shop's by default.
    pace
        How fast and how often; the platform's limits by default.
    host
        Another address of the platform, for tests.

    Returns
    -------
    Report
        Print it; ``failed`` says why, and the next push tries again.

    Raises
    ------
    CrmlibError
        An unknown platform, no key, a key that is refused, a client that is not installed.
    """
    if platform not in PLATFORMS:
        raise PushError(f"There is no platform {platform!r}. {did_you_mean(platform, PLATFORMS)}")
    make, keys, variable, per_second = PLATFORMS[platform]
    rules = policies.load(policy or shop.policy)
    found = outgoing(entries, shop, policy=rules, once=FORMATS[platform][1])
    report = Report(platform, dry_run, held=found.held)
    if dry_run and not Path(ledger).exists():
        known: set[str] = set()
    else:
        with Ledger(ledger) as book:
            known = book.known(platform)

    def secret() -> str:
        return key_from(variable, f"The key of {platform}")

    batches = make(found.people, rules.orders.timezone, known, secret, host)
    to_send = {key for batch in batches for own, _ in batch.items for key in own}
    report.already = sum(key in known for person in found.people for key in keys(person))
    report.would_send = len(to_send - known)
    if dry_run or not batches:
        return report
    secret()
    with Ledger(ledger) as book:
        deliver(batches, book, platform, pace or Pace(per_second=per_second), report)
    return report


def push_mail(
    entries: Any,
    shop: Shop,
    server: Server,
    *,
    due_until: str | pd.Timestamp,
    ledger: str | Path,
    sequences: Iterable[Sequence] = (),
    about: pd.DataFrame | None = None,
    templates: str | Path | None = None,
    dry_run: bool = True,
    policy: Policy | str | dict[str, Any] | None = None,
    pace: Pace | None = None,
) -> Report:
    """Send the mails of a queue that are due through a mail server.

    Parameters
    ----------
    entries, shop, ledger, dry_run, policy, pace
        As for `push`.
    server
        Where mail is handed in; its password is in ``CRMLIB_SMTP_PASSWORD``.
    due_until
        The shop's time up to which mails are due: a mail server sends at once, so later ones wait for the next push.
    sequences, about, templates
        As for `crmlib.actions.write_messages`.

    Returns
    -------
    Report
        Keys are the entries' ids. ``uncertain`` are mails that were cut off while they were sent, now or in an earlier
        push; they may have arrived, so they are not sent again. Ask the server's log, then make a ledger without them
        (`Ledger.forget`) if they have not.

    Raises
    ------
    PushError
        No secret to sign the opt-outs with (``CRMLIB_OPT_OUT_SECRET``), no password, a server that lets nobody in.
    """
    import pandas as pd

    rules = policies.load(policy or shop.policy)
    found = outgoing(entries, shop, policy=rules)
    due = found.entries[
        (found.entries["channel"] == "email") & (found.entries["due_ts"] <= pd.Timestamp(due_until))
    ].sort_values(["due_ts", "entry_id"])
    secret = "" if dry_run else key_from(mail.SECRET, "The secret that signs opt-out links")
    password = key_from(mail.PASSWORD, "The password of the mail server") if server.user and not dry_run else ""
    written = write_messages(
        due, shop, sequences=sequences, about=about, policy=rules, templates=templates, secret=secret
    )
    held = [part for part in (found.held, written.held) if len(part)]
    report = Report(mail.PLATFORM, dry_run, held=pd.concat(held, ignore_index=True) if held else found.held)
    accepted: set[str] = set()
    cut_off: set[str] = set()
    if not dry_run or Path(ledger).exists():
        with Ledger(ledger) as book:
            accepted, cut_off = book.known(mail.PLATFORM), book.known(mail.PLATFORM, "sending")
    fresh = [one for one in written.messages if one.entry_id not in accepted | cut_off]
    report.already = sum(one.entry_id in accepted for one in written.messages)
    report.uncertain = [one.entry_id for one in written.messages if one.entry_id in cut_off]
    report.would_send = len(fresh)
    if dry_run or not fresh:
        return report
    with Ledger(ledger) as book:
        mail.send(fresh, server, book, pace or Pace(), report, password=password)
    return report
