"""Raw lead intake: five channels, partial profiles, and people who come in more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crmlib.synth import columns, dirt
from crmlib.synth.identity import slug

if TYPE_CHECKING:
    from crmlib.arrays import Bools, Floats, Ints
    from crmlib.synth.identity import Identity
    from crmlib.synth.parameters import ShopParameters


__all__ = ["INTAKE", "Intake", "contact_columns", "draw_intake"]

INTAKE = ("web_form", "event_signup", "generic_mailbox", "personal_mail", "csv_list")
_WEB, _EVENT, _MAILBOX, _PERSONAL, _LIST = range(5)
_LEAD_SHARE, _CUSTOMER_SHARE = (0.34, 0.20, 0.12, 0.08, 0.26), (0.30, 0.22, 0.20, 0.10, 0.18)
# Share of contacts that carry each field, by channel.
_HAS = {
    "email": (0.99, 0.97, 1.0, 1.0, 0.80), "phone": (0.45, 0.62, 0.12, 0.15, 0.72),
    "city": (0.25, 0.50, 0.0, 0.0, 0.82), "postcode": (0.22, 0.20, 0.0, 0.0, 0.74),
    "name": (0.97, 1.0, 0.80, 0.88, 0.98),
}  # fmt: skip
_EVENTS = (
    "Serata del caffè",
    "Laboratorio di cucina",
    "Fiera della casa",
    "Mercatino di Natale",
    "Webinar: la tavola",
)
_LISTS = ("fiera_casa.csv", "partner_torrefazione.csv", "vecchio_gestionale.csv", "concorso_estate.csv")
_MAILBOXES = ("info@bottega.example", "clienti@bottega.example", "commerciale@bottega.example")
_STAFF = ("giulia@bottega.example", "marco@bottega.example", "elena@bottega.example")
_SUBJECTS = (
    "Informazioni",
    "Richiesta preventivo",
    "Ordine",
    "Problema con il sito",
    "Collaborazione",
    "Domanda",
)
_ITALIAN = (
    "Buongiorno, vorrei sapere se la macchina da caffè si può ritirare in negozio.",
    "Salve, spedite anche in Svizzera? Quanto costa?",
    "Cerco un regalo per un matrimonio, budget circa 150 euro. Mi aiutate?",
    "Avete ancora la tovaglia da 12 posti? Sul sito non la trovo.",
    "Vorrei ricevere il catalogo e le offerte. Grazie",
    "Il codice sconto della newsletter non funziona, come faccio?",
    "Siamo un piccolo bar, fate prezzi per quantità sul caffè in grani?",
    "Non riesco a entrare nel mio account, mi mandate una nuova password?",
    "A che punto è il mio ordine? Dovevo riceverlo ieri.",
    "Quando tornano disponibili le tazze azzurre?",
)
_ENGLISH = (
    "Hello, do you ship to the UK and how long does it take?",
    "I am looking for a wedding present, about 150 euro. Any ideas?",
    "The newsletter code does not work, what can I do?",
    "Could I have the catalogue, please?",
    "Where is my order? It should have been here yesterday.",
)
_CONSENT_TICK = (0.55, 0.45, 0.0, 0.0, 0.30)
_AGAIN_DAYS = 45.0
_LEADS_FIRST = 0.7  # share of the customers in the intake who come in before they register
_WRITES = 0.7  # share of web forms with a request


@dataclass(frozen=True)
class Intake:
    """Contacts of a block: who, when, through which channel. `person` counts customers first, then leads."""

    person: Ints
    time: Floats
    channel: Ints
    again: Bools  # the person came in before


def draw_intake(
    rng: np.random.Generator,
    parameters: ShopParameters,
    registered: Floats,
    lead_arrival: Floats,
    last: float,
) -> Intake:
    """Draw who comes in through the lead intake: every lead, some customers, some of both again."""
    count, leads = len(registered), len(lead_arrival)
    known = np.flatnonzero(rng.random(count) < parameters.also_leads)
    # Most customers were leads first; some write or sign up for an event once they are customers.
    gap = np.where(
        rng.random(len(known)) < _LEADS_FIRST, -rng.exponential(12.0, len(known)), rng.exponential(90.0, len(known))
    )
    person = np.concatenate([known, count + np.arange(leads)])
    time = np.concatenate([registered[known] + gap, lead_arrival])
    parts = [(person, time)]
    while len(person):
        back = rng.random(len(person)) < parameters.duplicates
        person, time = person[back], time[back] + rng.exponential(_AGAIN_DAYS, int(back.sum())) + 0.01
        parts.append((person, time))
    person, time = np.concatenate([p for p, _ in parts]), np.concatenate([t for _, t in parts])
    kept = (time >= 0) & (time < last)
    person, time = person[kept], time[kept]
    order = np.lexsort((person, time))
    person, time = person[order], time[order]
    again = np.ones(len(person), dtype=np.bool_)
    again[np.unique(person, return_index=True)[1]] = False
    share = np.where((person < count)[:, None], np.cumsum(_CUSTOMER_SHARE)[None, :], np.cumsum(_LEAD_SHARE)[None, :])
    channel = (rng.random(len(person))[:, None] > share[:, :-1]).sum(axis=1)
    return Intake(person, time, channel, again)


def contact_columns(
    rng: np.random.Generator, intake: Intake, identity: Identity, english: Bools, level: float
) -> tuple[dict[str, Any], Bools]:
    """Return the columns of `contacts_raw` without id and time, and who ticked the consent box.

    Parameters
    ----------
    rng
        Where the randomness comes from.
    intake
        Who came in.
    identity
        Everyone's true names and addresses.
    english
        Who writes in English.
    level
        How dirty: 0 not at all, 1 as real archives.
    """
    size = len(intake.person)
    english = english[intake.person]
    channel = intake.channel
    take = pa.array(intake.person)

    def chance(share: float) -> Bools:
        return rng.random(size) < share * level

    has = {name: rng.random(size) < np.array(shares)[channel] for name, shares in _HAS.items()}
    first, last = identity.first_name.take(take), identity.last_name.take(take)
    email = _emails(rng, identity.email.take(take), (first, last), intake.again, level)
    first = dirt.soil(rng, first, chance(0.09), dirt.nickname)
    first = dirt.soil(rng, first, chance(0.015), dirt.typo)
    last = dirt.soil(rng, last, chance(0.03), dirt.typo)
    swapped = chance(0.02) & (channel != _MAILBOX)
    first, last = _where(swapped, last, first), _where(swapped, first, last)
    phone = dirt.soil(rng, identity.phone.take(take), chance(1.0), dirt.format_phone)
    city = dirt.soil(rng, identity.city.take(take), chance(0.10), dirt.shout)
    loud = chance(0.55) & (channel == _LIST) | chance(0.06)
    first, last = dirt.soil(rng, first, loud, _upper), dirt.soil(rng, last, loud, _upper)
    spoilt = chance(0.5) & (channel == _LIST)
    first, last, city = (dirt.soil(rng, column, spoilt, dirt.mojibake) for column in (first, last, city))

    mails = np.isin(channel, (_MAILBOX, _PERSONAL))
    full = _where(chance(0.15), _join(last, first), _join(first, last))
    writes = mails | ((channel == _WEB) & (rng.random(size) < _WRITES))
    language = np.where(
        english, len(_ITALIAN) + rng.integers(0, len(_ENGLISH), size), rng.integers(0, len(_ITALIAN), size)
    )
    mailbox = np.where(channel == _MAILBOX, rng.integers(0, 3, size), 3 + rng.integers(0, 3, size))
    asked = np.isin(channel, (_WEB, _EVENT, _LIST))
    ticked = asked & (rng.random(size) < np.array(_CONSENT_TICK)[channel])
    tick = np.where(asked, np.where(ticked, np.where(channel == _LIST, 2, 0), np.where(channel == _LIST, 3, 1)), -1)
    table = {
        "channel": columns.labels(INTAKE, channel),
        "first_name": _only(first, has["name"] & ~mails),
        "last_name": _only(last, has["name"] & ~mails),
        "full_name": _only(full, has["name"] & mails),
        "email": _only(email, has["email"]),
        "phone": _only(phone, has["phone"]),
        "city": _only(city, has["city"]),
        "postcode": _only(identity.postcode.take(take), has["postcode"]),
        "event_name": columns.labels(_EVENTS, np.where(channel == _EVENT, rng.integers(0, len(_EVENTS), size), -1)),
        "list_name": columns.labels(_LISTS, np.where(channel == _LIST, rng.integers(0, len(_LISTS), size), -1)),
        "mailbox": columns.labels((*_MAILBOXES, *_STAFF), np.where(mails, mailbox, -1)),
        "subject": columns.labels(_SUBJECTS, np.where(mails, rng.integers(0, len(_SUBJECTS), size), -1)),
        "request_text": columns.labels((*_ITALIAN, *_ENGLISH), np.where(writes, language, -1)),
        "marketing_consent": columns.labels(("yes", "no", "SI", ""), tick),
    }
    return table, ticked


def _emails(rng: np.random.Generator, email: Any, name: tuple[Any, Any], again: Bools, level: float) -> Any:
    """Return addresses as they come in: aliases, another mailbox, case, typos, and some that are no address."""
    size = len(again)

    def chance(share: float) -> Bools:
        return rng.random(size) < share * level

    at_work = np.flatnonzero(again & chance(0.10))
    firsts, lasts = (column.take(pa.array(at_work)).to_pylist() for column in name)
    work = [f"{slug(family)}.{slug(given)}@ufficio.test" for given, family in zip(firsts, lasts, strict=True)]
    position = np.arange(size)
    position[at_work] = size + np.arange(len(at_work))
    email = pa.concat_arrays([email, columns.names(work)]).take(pa.array(position))
    email = dirt.soil(rng, email, chance(0.07), dirt.alias)
    email = dirt.soil(rng, email, chance(0.012), _misspelt)
    email = dirt.soil(rng, email, chance(0.10), dirt.shout)
    return dirt.soil(rng, email, chance(0.014), dirt.broken_address)


def _misspelt(address: str, draw: float) -> str:
    local, sign, domain = address.partition("@")
    return dirt.typo(local, draw) + sign + domain


def _upper(text: str, _draw: float) -> str:
    return text.upper()


def _join(left: Any, right: Any) -> Any:
    return pc.binary_join_element_wise(left, right, " ")


def _where(test: Bools, yes: Any, no: Any) -> Any:
    return pc.if_else(pa.array(test), yes, no)


def _only(column: Any, present: Bools) -> Any:
    return pc.if_else(pa.array(present), column, pa.scalar(None, pa.string()))
