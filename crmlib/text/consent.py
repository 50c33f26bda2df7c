"""What the words of a consent table mean: channels, purposes, answers, names of columns. The words are data.

A text is understood only as a whole: it is cut into known words, and one that leaves a rest is not understood.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

from crmlib.text.spelling import plain, seen
from crmlib.words import NOTHING

__all__ = [
    "CHANNELS",
    "EVERY",
    "PURPOSES",
    "Kind",
    "Sense",
    "answer_within",
    "bits",
    "column_role",
    "is_status",
    "kind_of",
    "names",
    "sense",
    "table_channels",
    "tables",
    "tokens",
    "words",
]

CHANNELS = ("email", "sms", "whatsapp", "phone")
PURPOSES = ("service", "marketing", "profiling", "soft_spam")
#: All channels, or all purposes, as bits.
EVERY = 15
_OTHER = 16  # those that are known and none of ours

#: What a table is: consents; a list of those who said no; customers; contacts; what happened to mails;
#: what people chose about being contacted; one with running text; any other.
Kind = Literal["consents", "objections", "customers", "contacts", "mails", "preferences", "remarks", "others"]

_LONGEST = 80  # characters; no name of a column and no answer is longer


@dataclass(frozen=True)
class Sense:
    """What a text says.

    Attributes
    ----------
    channels, purposes
        As bits, in the order of `CHANNELS` and `PURPOSES`; 0 where it says nothing of them.
    answer
        1 for, -1 against, 0 neither.
    open
        It says that there is no answer yet.
    doubtful
        A channel in it may be another one: enough for an objection, too little for a permission.
    every
        It says "all", of channels or purposes, whichever it is about.
    there
        Its answer is one only in a table of consents.
    gone
        It says of a person, wherever it stands, that nobody writes to them any more: deleted, blocked.
    """

    channels: int = 0
    purposes: int = 0
    answer: int = 0
    open: bool = False
    doubtful: bool = False
    every: bool = False
    there: bool = False
    gone: bool = False


@cache
def words() -> dict[str, Any]:
    """Return the file of words."""
    source = files("crmlib.text") / "consent_words.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


@cache
def names(role: str) -> tuple[str, ...]:
    """Return how a column of a role may be called, plain, the likeliest first.

    Parameters
    ----------
    role
        A key of ``columns`` in the file of words.
    """
    return tuple(dict.fromkeys(plain(name) for name in words()["columns"][role]))


def column_role(name: str) -> str | None:
    """Return the role of a column by its name, if it has one by name alone.

    Parameters
    ----------
    name
        As the table has it.

    Examples
    --------
    >>> column_role("Customer ID"), column_role("Finalità"), column_role("withdrawn_at")
    ('customer_id', 'purpose', None)
    """
    return _roles().get(plain(name))


@cache
def _roles() -> dict[str, str]:
    return {name: role for role in reversed(words()["columns"]) for name in names(role)}


def bits(known: tuple[str, ...], *chosen: str) -> int:
    """Return channels or purposes as bits.

    Parameters
    ----------
    known
        `CHANNELS` or `PURPOSES`.
    *chosen
        Some of them, or ``other``.
    """
    return sum(_OTHER if name == "other" else 1 << known.index(name) for name in set(chosen) if name)


@cache
def _vocabulary() -> dict[str, tuple[str, Sense]]:
    """Return each plain word with its part of speech and its sense."""
    book = words()
    entries: list[tuple[str, str, Sense]] = []
    for name, spellings in book["channels"].items():
        entries += [(word, "topic", Sense(channels=bits(CHANNELS, name))) for word in spellings]
    for name, spellings in book["purposes"].items():
        entries += [(word, "topic", Sense(purposes=bits(PURPOSES, name))) for word in spellings]
    for word, (channel, purpose) in book["both"].items():
        answer = 0 if purpose else -1
        entries.append((word, "topic", Sense(bits(CHANNELS, channel), bits(PURPOSES, purpose), answer)))
    entries += [(word, "topic", Sense(channels=bits(CHANNELS, *channels), doubtful=True))
                for word, channels in book["doubtful"].items()]  # fmt: skip
    entries += [(word, "topic", Sense(every=True)) for word in book["every"]["words"]]
    for name, answer, there in (("for", 1, False), ("for_there", 1, True), ("against", -1, False),
                                ("against_there", -1, True)):  # fmt: skip
        entries += [(word, "answer", Sense(answer=answer, there=there)) for word in book["answers"][name]]
    gone = {*map(plain, book["people"]["gone"])}
    entries = [(word, part, replace(meaning, gone=plain(word) in gone)) for word, part, meaning in entries]
    entries += [(word, "not", Sense()) for word in book["answers"]["not"]]
    entries += [(word, "open", Sense(open=True)) for word in book["answers"]["open"]]
    entries += [(word, "between", Sense()) for word in book["between"]["words"]]
    return {plain(word): (part, meaning) for word, part, meaning in reversed(entries)}


@lru_cache(maxsize=4096)
def sense(text: str) -> Sense | None:
    """Return what a text says, or ``None`` if it is not understood as a whole.

    Parameters
    ----------
    text
        A value, or the name of a column or table.

    Examples
    --------
    >>> sense("Email-Marketing opt-out")
    Sense(channels=1, purposes=2, answer=-1, open=False, doubtful=False, every=False, there=False, gone=False)
    >>> sense("newsletter?").purposes, sense("do_not_contact").answer, sense("not subscribed").answer
    (2, -1, -1)
    >>> sense("Newsletter Roma") is None
    True
    """
    cut = None if len(text) > _LONGEST else _cut(plain(text))
    if cut is None:
        return None
    meanings = [_vocabulary()[word] for word in cut]
    if all(part in {"between", "not"} for part, _ in meanings):
        return None  # a column "No" counts rows
    whole = Sense()
    denied = sum(part == "not" for part, _ in meanings)
    answers = {meaning.answer for _, meaning in meanings} - {0}
    if denied > 1 or (denied and -1 in answers):
        return None  # not unsubscribed: whoever writes so may mean either
    for _, meaning in meanings:
        whole = replace(
            whole,
            channels=whole.channels | meaning.channels,
            purposes=whole.purposes | meaning.purposes,
            open=whole.open or meaning.open,
            doubtful=whole.doubtful or meaning.doubtful,
            every=whole.every or meaning.every,
            gone=whole.gone or (meaning.gone and not denied),
        )
    against = denied or -1 in answers
    # one word that is always an answer is enough: "consent accepted"
    sure = any(meaning.answer == (-1 if -1 in answers else 1) and not meaning.there for _, meaning in meanings)
    return replace(
        whole, answer=-1 if against else 1 if answers else 0, there=bool(answers) and not sure and not denied
    )


def kind_of(table: str) -> Kind | None:
    """Return what a table is by its name, or ``None`` if it says nothing of consent.

    Parameters
    ----------
    table
        Its name in the shop.

    Examples
    --------
    >>> kind_of("consents"), kind_of("Disiscritti"), kind_of("unsubscribed_members_export_4f2"), kind_of("orders")
    ('consents', 'objections', 'objections', None)
    """
    fixed: dict[str, Kind] = {"customers": "customers", "contacts_raw": "contacts", "email_events": "mails"}
    if table in fixed:
        return fixed[table]
    meaning = sense(table)
    if meaning is not None and not meaning.there and meaning.answer:
        return "objections" if meaning.answer < 0 else "consents"
    if meaning is not None and meaning.channels and meaning.purposes:
        return "consents"  # newsletter.csv
    if table_channels(table):
        return "objections"
    answer = answer_within(table)
    if not answer and tokens(table) & {*map(plain, words()["tables"]["preferences"]["words"])}:
        return "preferences"
    return "objections" if answer < 0 else "consents" if answer else None


def table_channels(table: str) -> int:
    """Return the channels of a list of people who must not be written to, by its name alone; 0 where it says none.

    Parameters
    ----------
    table
        Its name in the shop.

    Examples
    --------
    >>> table_channels("Hard Bounces"), table_channels("orders")
    (1, 0)
    """
    lists = words()["tables"]["objections"]
    return next((bits(CHANNELS, *channels) for name, channels in lists.items() if plain(name) == plain(table)), 0)


def tokens(name: str) -> set[str]:
    """Return the words of a name, plain.

    Parameters
    ----------
    name
        Of a column or table.

    Examples
    --------
    >>> sorted(tokens("MEMBER_STATUS: Events"))
    ['events', 'member', 'status']
    """
    return set(_cut_name(name))


def _cut_name(name: str) -> list[str]:
    """Cut a name where no letter and no digit stands; its words plain, in their order."""
    return [plain(token) for token in re.split(r"[\W_]+", seen(name)) if token]


def answer_within(name: str) -> int:
    """Return the answer that some words of a name give, whatever its other words are; an objection before a permission.

    Parameters
    ----------
    name
        Of a column or table.

    Examples
    --------
    >>> answer_within("Opted out of email: Events"), answer_within("gdpr_consents_2024"), answer_within("nonstop")
    (-1, 1, 0)
    """
    cut = _cut_name(name)
    runs = {"".join(cut[start:end]) for end in range(len(cut) + 1) for start in range(end)}
    found = {
        meaning.answer for run in runs if (meaning := _vocabulary().get(run, ("", Sense()))[1]) and not meaning.there
    }
    return -1 if -1 in found else 1 if 1 in found else 0


def is_status(name: str) -> bool:
    """Tell whether a column holds states or tags of people, among which may be that somebody left.

    Parameters
    ----------
    name
        Of the column.

    Examples
    --------
    >>> is_status("MEMBER_STATUS"), is_status("Tags"), is_status("estate")
    (True, True, False)
    """
    return column_role(name) == "status" or bool(
        tokens(name) & {"status", "state", "stato", "tag", "tags", "etichette"}
    )


def _cut(text: str) -> tuple[str, ...] | None:
    """Cut a plain text into as few known words as there can be; ``None`` if something is left."""
    known = _vocabulary()
    best: list[tuple[str, ...] | None] = [(), *[None] * len(text)]
    for end in range(1, len(text) + 1):
        for start in range(end):
            before = best[start]
            word = text[start:end]
            if before is not None and word in known:
                shortest = best[end]
                if shortest is None or len(before) + 1 < len(shortest):
                    best[end] = (*before, word)
    return best[-1] or None


def tables() -> str:
    """Return the words as Markdown tables: what docs/how-to/consent.md shows."""
    book = words()
    parts = []
    for head, rows in (
        ("Channel", {**book["channels"], "all": book["every"]["words"]}),
        ("Purpose", {**book["purposes"], "all": book["every"]["words"]}),
        ("Both", {" + ".join(filter(None, pair)): _spelled(book["both"], pair) for pair in book["both"].values()}),
        ("Enough for an objection only", {", ".join(kinds): _spelled(book["doubtful"], kinds)
                                          for kinds in book["doubtful"].values()}),
        ("Answer", {"for": book["answers"]["for"], "for, in tables of consents": book["answers"]["for_there"],
                    "against": book["answers"]["against"],
                    "against, in tables of consents": book["answers"]["against_there"],
                    "of these, against as a state of customers and contacts, too": book["people"]["gone"],
                    "against, within a remark": book["people"]["remarks"],
                    "turns the word behind it": book["answers"]["not"], "none yet": book["answers"]["open"]}),
        ("Whole value", {**book["values"], "missing": _missing()}),
        ("Table", {"people who are not written to": [*book["tables"]["objections"]],
                   "what people chose, by a word of its name": book["tables"]["preferences"]["words"],
                   "columns of remarks": book["tables"]["remarks"]["columns"]}),
        ("Column", {name.replace("_", " ") if name == "ignored" else name: several
                    for name, several in book["columns"].items()}),
    ):  # fmt: skip
        lines = [f"| {head} | Words |", "|---|---|"]
        lines += [f"| {name} | {', '.join(word or '(empty)' for word in several)} |" for name, several in rows.items()]
        parts.append("\n".join(lines))
    parts.append(f"Small words between: {', '.join(book['between']['words'])}.")
    return "\n\n".join(parts) + "\n"


def _missing() -> list[str]:
    """Return what stands for no value, each spelling once."""
    spelled = {plain(word): word for word in reversed([*words()["values"]["missing"], *NOTHING])}
    return [*reversed([word for text, word in spelled.items() if text != "n"])]


def _spelled(meanings: dict[str, list[str]], meaning: list[str]) -> list[str]:
    return [word for word, other in meanings.items() if other == meaning]
