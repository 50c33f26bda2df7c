"""Little shops in one: acts of consent and objection, written down in every form, and who may be contacted after them.

Each group of customers has mailboxes and telephones of its own, some of them shared. The expected answers are worked
out from the acts, before these are spelled; nothing of crmlib is used for them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

CHANNELS = ("email", "sms", "whatsapp", "phone")
PURPOSES = ("service", "marketing", "soft_spam")
ALL_PURPOSES = (*PURPOSES, "profiling")
AS_OF = pd.Timestamp("2024-06-30")
ZERO_WIDTH, NO_BREAK = "\u200b", "\u00a0"

CHANNEL_WORDS = {
    "email": ["email", "E-Mail", " EMAIL ", "e mail", "posta elettronica", "\uff45mail", f"e{ZERO_WIDTH}mail"],
    "sms": ["sms", "SMS", "text message", f"{NO_BREAK}Sms"],
    "whatsapp": ["whatsapp", "WhatsApp", "Whats App"],
    "phone": ["phone", "Telefono", "phone call", "TELEPHONE"],
}
PURPOSE_WORDS = {
    "marketing": ["marketing", "Marketing ", "promozioni", "advertising", "Pubblicità", "pubblicita\u0300"],
    "service": ["service", "transactional", "Servizio"],
    "soft_spam": ["soft_spam", "soft opt-in", "Soft Spam"],
    "profiling": ["profiling", "Profilazione"],
}
ALL_WORDS = ["all", "ALL", "tutti", "any", None, "", "n/a"]
YES = ["yes", "Sì", "si", "x", "vero", "TRUE", "1", "✓", True, 1, 1.0]
NO = ["no", "No ", "falso", "FALSE", "0", "☐", False, 0, 0.0]
MISSING = [None, "", " ", "n/a", "NULL", "-", float("nan")]
FOR = ["granted", "subscribed", "Opt-in", "iscritto", "consent given", "concesso", "YES"]
AGAINST = ["withdrawn", "Unsubscribed", "revocato", "DISISCRITTO", "opt out", "not subscribed", "revoked", "no"]
OPEN = ["pending", "in attesa", "never subscribed", "", None]


def as_csv(value: Any) -> str | None:
    """Return a value as a CSV file has it: text and nothing else."""
    return None if pd.isna(value) else str(value)


@dataclass(frozen=True)
class Act:
    """What somebody did: a customer or contact, or whoever has an address, for or against what, on which day."""

    by: str  # customer, contact, email, phone
    who: int
    channels: tuple[str, ...]  # empty: all, for objections only
    purposes: tuple[str, ...]
    against: bool
    day: int | None  # before the shop's day; None: no time is known


@dataclass
class Made:
    """Tables of a shop, and what must come of them."""

    tables: dict[str, pd.DataFrame]
    customers: list[str]
    refused: set[tuple[str, str, str]]
    allowed: set[tuple[str, str, str]]
    mailbox: dict[str, str]
    telephone: dict[str, str]


class Maker:
    """Make shops from a seed.

    Parameters
    ----------
    seed
        Of all choices.
    groups
        How many little shops; each has three customers and a contact.
    """

    def __init__(self, seed: int, groups: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.size = 3 * groups
        self.groups = groups
        pick = self.chance
        # the second customer of a group often has the first one's mailbox or telephone; so has the contact
        self.box = [self._own(place, 0.4) for place in range(self.size)]
        self.tel = [self._own(place, 0.4) for place in range(self.size)]
        self.contact_box = [int(pick.integers(3 * group, 3 * group + 3)) for group in range(groups)]
        self.contact_tel = [int(pick.integers(3 * group, 3 * group + 3)) for group in range(groups)]
        form = int(pick.integers(3))
        self.ids = [(f"K{place}", f"{place:04d}", f"anna-{place}x")[form] for place in range(self.size)]

    def _own(self, place: int, share: float) -> int:
        return place - place % 3 if place % 3 and self.chance.random() < share else place

    def pick(self, words: list[Any]) -> Any:
        return words[int(self.chance.integers(len(words)))]

    def chosen(self, share: float) -> bool:
        return bool(self.chance.random() < share)

    # what happened

    def acts(self) -> list[Act]:
        return [act for place in range(self.size) for act in self._acts_of(place)]

    def _acts_of(self, place: int) -> list[Act]:
        found = []
        for _ in range(int(self.chance.integers(0, 5))):
            against = self.chosen(0.3)
            by = self.pick(["customer"] * 4 + ["email", "phone", "contact"])
            channels: tuple[str, ...] = () if against and self.chosen(0.25) else (self.pick(list(CHANNELS)),)
            purposes: tuple[str, ...] = () if against and self.chosen(0.25) else (self.pick(list(ALL_PURPOSES)),)
            day = None if self.chosen(0.15) else int(self.chance.integers(-5, 300))
            who = place // 3 if by == "contact" else place
            found.append(Act(by, who, channels, purposes, against, day))
        return found

    # what must come of it

    def outcome(self, acts: list[Act]) -> tuple[set[tuple[str, str, str]], set[tuple[str, str, str]]]:
        """Return who has objected to what, and who has allowed it and not objected."""
        refused: set[tuple[int, str, str]] = set()
        granted: set[tuple[int, str, str]] = set()
        for act in acts:
            if act.day is not None and act.day < 0:
                continue  # of later days nothing is known
            if act.against:
                refused |= {(who, channel, purpose) for who, channel in self._hit(act)
                            for purpose in act.purposes or ALL_PURPOSES}  # fmt: skip
            else:
                granted |= {(who, channel, purpose) for who, channel in self._meant(act) for purpose in act.purposes}
        named = [{(self.ids[who], channel, purpose) for who, channel, purpose in some} for some in (refused, granted)]
        return named[0], named[1] - named[0]

    def _hit(self, act: Act) -> set[tuple[int, str]]:
        channels = act.channels or CHANNELS
        boxes: set[int] = set()
        numbers: set[int] = set()
        direct: set[int] = set()
        if act.by == "customer":
            direct = {act.who}
        elif act.by == "contact":
            boxes, numbers = {self.contact_box[act.who]}, {self.contact_tel[act.who]}
        contacts = []
        if act.by == "email":
            boxes = {self.box[act.who]}
            direct = {place for place in range(self.size) if self.box[place] in boxes}
            contacts = [place for place in range(self.groups) if self.contact_box[place] in boxes]
        if act.by == "phone":
            numbers = {self.tel[act.who]}
            direct = {place for place in range(self.size) if self.tel[place] in numbers}
            contacts = [place for place in range(self.groups) if self.contact_tel[place] in numbers]
        boxes |= {self.box[place] for place in direct} | {self.contact_box[place] for place in contacts}
        numbers |= {self.tel[place] for place in direct} | {self.contact_tel[place] for place in contacts}
        hit = {(place, channel) for place in direct for channel in channels}
        for place in range(self.size):
            hit |= {(place, channel) for channel in channels if channel == "email" and self.box[place] in boxes}
            hit |= {(place, channel) for channel in channels if channel != "email" and self.tel[place] in numbers}
        return hit

    def _meant(self, act: Act) -> set[tuple[int, str]]:
        if act.by == "customer":
            return {(act.who, channel) for channel in act.channels}
        if act.by == "contact":
            return set()
        owners, mine = (self.box, ("email",)) if act.by == "email" else (self.tel, CHANNELS[1:])
        same = [place for place in range(self.size) if owners[place] == owners[act.who]]
        return {(place, channel) for place in same for channel in act.channels if len(same) == 1 or channel in mine}

    # how it is written down

    def spelled_id(self, place: int, *, loose: bool) -> Any:
        text = self.ids[place]
        forms: list[Any] = [text, text, f" {text} ", f"{text}{NO_BREAK}", f"{ZERO_WIDTH}{text}"]
        if loose:
            forms += [text.upper(), text.lower(), f"{text[0]}{ZERO_WIDTH}{text[1:]}", text.replace("-", " "),
                      "".join(chr(ord(mark) + 0xFEE0) for mark in text)]  # fmt: skip
            forms += [int(text), float(text), f"{int(text)}.0"] if text.isdigit() else []
        return self.pick(forms)

    def spelled_box(self, box: int, *, loose: bool) -> str:
        text = f"mail.{box}@example.org"
        forms = [text, text.upper(), f" {text}", f"Anna Rossi <{text}>", f"{text},", f"mailto:{text}", f"<{text}>",
                 text.replace("@", " @"), text.replace("@", " at "), text.replace("@", "@@"), f"{text}{NO_BREAK}",
                 text.replace("@", f"@{ZERO_WIDTH}"), text.replace("@", "\uff20"), f'="{text}"']  # fmt: skip
        if loose:
            forms += [text.replace("@", "+news@"), f"{text}; other.{box}@example.org"]
        return str(self.pick(forms))

    def spelled_number(self, number: int, *, loose: bool) -> str:
        rest = f"347 {1_000_000 + number}"
        solid = rest.replace(" ", "")
        forms = [f"+39 {rest}", f"0039 {rest}", f"+39{solid}", f"(+39) {rest}", f"\uff0b39 {rest}", f"'+39 {rest}"]
        forms += [rest, solid, rest.replace(" ", "/"), f"{rest} int. 3", f"cell. {rest}", f"{rest} (casa)"]
        if loose:
            forms += [f"{rest} / 348 {2_000_000 + number}", f"{solid}.0", f"39{solid}"]
        return str(self.pick(forms))

    def spelled_time(self, day: int | None) -> Any:
        if day is None:
            return self.pick(MISSING[:2])
        moment = AS_OF - pd.Timedelta(days=day) + pd.Timedelta(hours=12)
        return self.pick([f"{moment:%Y-%m-%d %H:%M:%S}", f"{moment:%Y/%m/%d}", f"{moment:%Y-%m-%dT%H:%M}Z",
                          f"{moment:%Y-%m-%d %H:%M:%S} +0200", f" {moment:%Y-%m-%d %H:%M}"])  # fmt: skip

    def made(self) -> Made:
        """Write everything down."""
        acts = self.acts()
        refused, allowed = self.outcome(acts)
        consents, lists, events, boxes = self._sorted(acts)
        tables = {
            "orders": pd.DataFrame(
                {"customer_id": self.ids, "order_ts": AS_OF - pd.Timedelta(days=50), "amount": 10.0}
            ),
            "customers": self._customers(boxes),
            "contacts_raw": self._contacts(),
            **consents,
            **lists,
        }
        if events:
            tables["email_events"] = pd.DataFrame(
                {"customer_id": [self.spelled_id(act.who, loose=False).strip() for act in events],
                 "event": [self.pick(["unsubscribe", "Unsubscribed", "spam complaint"]) for _ in events],
                 "event_ts": [AS_OF - pd.Timedelta(days=act.day or 0) for act in events]}
            )  # fmt: skip
            for act in events:  # whoever leaves by a mail's link objects to advertising, whatever the act was
                also = Act("customer", act.who, ("email",), ("marketing", "soft_spam"), against=True, day=act.day)
                refused |= self.outcome([also])[0]
            allowed -= refused
        mailbox = {who: f"mail.{self.box[place]}@example.org" for place, who in enumerate(self.ids)}
        telephone = {who: f"+39347{1_000_000 + self.tel[place]}" for place, who in enumerate(self.ids)}
        return Made(tables, self.ids, refused, allowed, mailbox, telephone)

    def _sorted(self, acts: list[Act]) -> tuple[dict[str, Any], dict[str, Any], list[Act], list[Act]]:
        """Choose a place for each act: one of two tables of consents, a list, a mail's link, a box of customers."""
        places: dict[str, list[Act]] = defaultdict(list)
        for act in acts:
            choices = ["times", "status"]
            if act.day is None:
                choices = ["status"]
            if act.against:
                choices += ["list", "list"]
            if act.by == "customer" and act.channels and act.purposes and act.day is None:
                choices.append("wide")
            if act.against and act.by == "customer" and act.channels == ("email",) and act.purposes == ("marketing",):
                choices += ["event"] if act.day is not None and act.day >= 0 else ["box"] if act.day is None else []
            places[self.pick(choices)].append(act)
        consents: dict[str, Any] = {}
        names = ["consents", self.pick(["consensi", "marketing_consents", "optins"])]
        if self.chosen(0.5):
            names.reverse()
        for name, layout in zip(names, ("times", "status"), strict=True):
            if places[layout] or name == "consents":
                consents[name] = getattr(self, f"_{layout}")(places[layout])
        if places["wide"]:
            consents["consent"] = self._wide(places["wide"])
        return consents, self._lists(places["list"]), places["event"], places["box"]

    def _who(self, act: Act, *, loose: bool) -> dict[str, Any]:
        """Name whoever acted; objections in looser forms."""
        row: dict[str, Any] = dict.fromkeys(("customer", "contact", "email", "phone"), None)
        if act.by == "customer":
            row["customer"] = self.spelled_id(act.who, loose=loose)
        elif act.by == "contact":
            row["contact"] = f" l{act.who}" if loose else f"L{act.who}"
        elif act.by == "email":
            row["email"] = self.spelled_box(self.box[act.who], loose=loose)
        else:
            row["phone"] = self.spelled_number(self.tel[act.who], loose=loose)
        return row

    def _topic(self, act: Act) -> dict[str, Any]:
        channel = self.pick(CHANNEL_WORDS[act.channels[0]]) if act.channels else self.pick(ALL_WORDS)
        purpose = self.pick(PURPOSE_WORDS[act.purposes[0]]) if act.purposes else self.pick(ALL_WORDS)
        if act.channels == ("email",) and act.purposes == ("marketing",) and self.chosen(0.3):
            purpose = self.pick(["newsletter", "Newsletter", "DEM"])
        return {"channel": channel, "purpose": purpose}

    def _table(self, rows: list[dict[str, Any]], names: dict[str, list[str]]) -> pd.DataFrame:
        """Put rows in any order under any names, some of them twice."""
        rows = rows + [dict(row) for row in rows if self.chosen(0.1)]
        self.chance.shuffle(rows)
        columns = {key: self.pick(several) for key, several in names.items()}
        table = pd.DataFrame({columns[key]: pd.Series([row.get(key) for row in rows], dtype=object) for key in names})
        # as a CSV has it: text and nothing else
        return table.map(as_csv).astype("str")

    _WHO_NAMES: ClassVar = {"customer": ["customer_id", "Customer ID", "cliente", "id_cliente"],
                  "contact": ["contact_id", "lead_id", "contatto"], "email": ["email", "E-Mail", "indirizzo email"],
                  "phone": ["phone", "telefono", "Mobile"]}  # fmt: skip
    _TOPIC_NAMES: ClassVar = {
        "channel": ["channel", "Canale", "medium"],
        "purpose": ["purpose", "scopo", "Finalità", "type"],
    }

    def _times(self, acts: list[Act]) -> pd.DataFrame:
        rows = []
        for act in acts:
            row = self._who(act, loose=act.against) | self._topic(act)
            time = self.spelled_time(act.day)
            if act.against:
                row["withdrawn"] = time
                # a consent that was given before, after, or nobody knows when
                earlier = [300, (act.day or 0) + 5, max((act.day or 0) - 5, 0)]
                row["given"] = self.spelled_time(
                    self.pick([None, *earlier]) if act.day is None or act.day >= 0 else None
                )
            else:
                row |= {"given": time, "withdrawn": self.pick(MISSING[:3] + MISSING[4:6])}
            rows.append(row)
        return self._table(rows, self._WHO_NAMES | self._TOPIC_NAMES | {
            "given": ["given_at", "Granted at", "data consenso", "opt-in date"],
            "withdrawn": ["withdrawn_at", "revoked on", "Data revoca", "unsubscribed_at", "opt_out_time"],
        })  # fmt: skip

    def _status(self, acts: list[Act]) -> pd.DataFrame:
        rows = []
        for act in acts:
            row = self._who(act, loose=act.against) | self._topic(act)
            rows.append(
                row | {"when": self.spelled_time(act.day), "status": self.pick(AGAINST if act.against else FOR)}
            )
            if self.chosen(0.1) and act.channels and act.purposes:  # nothing was answered: neither for nor against
                rows.append(row | {"when": None, "status": self.pick(OPEN)})
        return self._table(rows, self._WHO_NAMES | self._TOPIC_NAMES | {
            "when": ["date", "event_time", "Changed At", "data"], "status": ["status", "Stato", "event", "azione"],
        })  # fmt: skip

    def _wide(self, acts: list[Act]) -> pd.DataFrame:
        heads = {(channel, purpose): self.pick([f"{channel}_{purpose}", f"{purpose} {channel} consent",
                                                f"{channel}-{purpose} opt-in", f"accepts {purpose} by {channel}"])
                 for channel in CHANNELS for purpose in ALL_PURPOSES}  # fmt: skip
        rows = [{"customer": self.spelled_id(act.who, loose=act.against),
                 (act.channels[0], act.purposes[0]): self.pick(NO if act.against else YES)}
                for act in acts]  # fmt: skip
        table = {self.pick(self._WHO_NAMES["customer"]): [row["customer"] for row in rows]}
        for topic, head in heads.items():
            if any(topic in row for row in rows):
                table[head] = [row.get(topic, self.pick(MISSING)) for row in rows]
        return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in table.items()}).map(
            as_csv
        ).astype("str")  # fmt: skip

    def _lists(self, acts: list[Act]) -> dict[str, pd.DataFrame]:
        """Write lists of those who said no, as platforms keep them."""
        found: dict[str, pd.DataFrame] = {}
        for name in ("unsubscribes", "suppressions", "disiscritti", "blacklist"):
            some = [act for act in acts if self.chosen(0.5)] if name != "blacklist" else acts
            acts = [act for act in acts if act not in some]
            if some:
                rows = [self._who(act, loose=True) | self._topic(act) | {"when": self.spelled_time(act.day),
                        "why": self.pick(["too many mails", "Newsletter Roma", None])} for act in some]  # fmt: skip
                found[name] = self._table(rows, self._WHO_NAMES | self._TOPIC_NAMES | {
                    "when": ["date", "unsubscribed_at", "Data disiscrizione"], "why": ["campaign_name", "remark"],
                })  # fmt: skip
        return found

    def _customers(self, boxes: list[Act]) -> pd.DataFrame:
        table = pd.DataFrame({
            "customer_id": self.ids,
            self.pick(["email", "E-Mail", "Email address"]): [self.spelled_box(box, loose=False) for box in self.box],
            self.pick(["phone", "Telefono", "mobile"]): [self.spelled_number(one, loose=False) for one in self.tel],
            "country": [self.pick(["IT", "it", "Italia", "Italy", "ITA"]) for _ in self.ids],
            "preferred_channel": [self.pick([*CHANNELS, None]) for _ in self.ids],
        })  # fmt: skip
        if boxes:
            out = {act.who for act in boxes}
            no = [self.pick(NO if place in out else MISSING) for place in range(self.size)]
            yes = [self.pick(YES if place in out else MISSING + NO) for place in range(self.size)]
            heads = [("newsletter", no), ("accepts email marketing", no), ("email_marketing_optout", yes)]
            head, values = self.pick([*heads, ("Unsubscribed from newsletter", yes)])
            table[head] = pd.Series(values, dtype=object).map(as_csv).astype("str")  # fmt: skip
        again = table.iloc[[place for place in range(self.size) if self.chosen(0.05)]]
        return pd.concat([table, again], ignore_index=True)

    def _contacts(self) -> pd.DataFrame:
        return pd.DataFrame({
            "contact_id": [f"L{place}" for place in range(self.groups)],
            "email": [self.spelled_box(box, loose=False) for box in self.contact_box],
            "phone": [self.spelled_number(number, loose=False) for number in self.contact_tel],
            "marketing_consent": [self.pick(["yes", "no", "SI", ""]) for _ in range(self.groups)],
        })  # fmt: skip
