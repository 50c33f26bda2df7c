"""A short questionnaire: described in TOML, shown as one HTML page that works offline.

No question is required, and there is no way to make one so: a questionnaire is short, optional and out of the way.

>>> form = load_questionnaire("after_order")
>>> [question.kind for question in form.questions]
['nps', 'csat', 'choice', 'text']
>>> "<script src" in form.html("it")
False
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from crmlib import policy as policies
from crmlib.errors import SchemaError, SourceError
from crmlib.surveys.scales import SCALES, scale_of
from crmlib.text import LANGUAGES, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    import jinja2

    from crmlib.policy import Policy

__all__ = ["Option", "Question", "Questionnaire", "load_questionnaire"]

Text = str | dict[str, str]
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MAIL = re.compile(r"[^@\s?&%/\"'<>]+@[^@\s?&%/\"'<>]+")
_CHOICES = ("choice", "several")
_WORDS = ("form_send", "form_clear", "form_optional", "form_saved", "form_mail", "form_no_script", "form_characters")


class Option(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the answers that a question offers.

    Attributes
    ----------
    id
        What is saved.
    text
        What people read.
    """

    id: str
    text: Text


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question. It may always be left out.

    Attributes
    ----------
    id
        Its name in the answers: lower-case letters, digits, ``_``.
    kind
        ``nps``; ``csat``; ``choice`` (one option); ``several`` (any number); ``text``.
    text
        The question; or the question by language, ``{ en = "...", it = "..." }``, as for all texts.
    scale
        Of an NPS question; the policy's by default.
    touchpoint
        What a CSAT question is about, such as ``delivery``.
    low, high
        What the ends of the scale mean.
    options
        Of ``choice`` and ``several``.
    longest
        Of ``text``: so many characters at most.
    """

    id: str
    kind: Literal["nps", "csat", "choice", "several", "text"]
    text: Text
    scale: Literal["", "nps_0_10", "nps_1_10"] = ""
    touchpoint: str = ""
    low: Text = ""
    high: Text = ""
    options: tuple[Option, ...] = ()
    longest: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500

    def marks(self, policy: policies.Surveys) -> range:
        """Return the marks that a question offers; none if it is not asked on a scale.

        Parameters
        ----------
        policy
            Whose scales hold where the question names none.
        """
        if self.kind == "nps":
            asked = scale_of(self.scale or policy.nps_scale)
            return range(asked.lowest, asked.highest + 1)
        return range(1, policy.csat_scale + 1) if self.kind == "csat" else range(0)


class Questionnaire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A questionnaire.

    Attributes
    ----------
    id
        Its name in the answers.
    title, intro, thanks
        What stands above, under the title, and after sending. Say in the intro what the answers are for.
    mail_to
        An address to which the answers may be mailed; empty for none.
    questions
        In the order in which they are asked.
    policy
        The business's definitions; see `load_questionnaire`.
    """

    id: str
    title: Text
    intro: Text
    thanks: Text
    questions: tuple[Question, ...]
    mail_to: str = ""
    policy: policies.Surveys = policies.Surveys()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in which it can be shown: those of its texts, or each of `crmlib.text`'s for plain texts."""
        written = [set(text) for _, text in self._texts() if isinstance(text, dict)]
        return tuple(name for name in LANGUAGES if all(name in languages for languages in written))

    @property
    def version(self) -> str:
        """A fingerprint of what is asked: answers to other questions are not mixed up with these."""
        asked = [
            (each.id, each.kind, list(each.marks(self.policy)), [option.id for option in each.options], each.longest)
            for each in self.questions
        ]
        return hashlib.sha256(msgspec.json.encode([self.id, asked])).hexdigest()[:12]

    def html(self, language: str = "en") -> str:
        """Render the questionnaire as one HTML page that needs nothing else: no network, no server.

        Answers are saved as a file by the reader's own browser, or mailed by the reader's own mail program. A page
        opened as ``form.html#t=ABC`` saves ``ABC`` with them, so that a shop can tell which customer answered; say so
        in the intro if you use it.

        Parameters
        ----------
        language
            One of `languages`.

        Raises
        ------
        SchemaError
            The questionnaire has no texts in that language.
        """
        if language not in self.languages:
            raise SchemaError(
                f"questionnaire {self.id}: not every text is written in {language!r}; complete: "
                f"{', '.join(self.languages) or 'no language'}."
            )
        template = _template()
        script, style = (
            (files("crmlib.surveys") / f"form.{kind}").read_text(encoding="utf-8") for kind in ("js", "css")
        )
        return template.render(
            form=self,
            language=language,
            say=lambda text: text.get(language, "") if isinstance(text, dict) else text,
            marks=lambda question: question.marks(self.policy),
            words={name: label(name, language) for name in _WORDS},
            script=script,
            style=style,
            script_hash=_digest(script),
            style_hash=_digest(style),
        )

    def problems(self) -> Iterator[str]:
        """Say what is wrong with it, if anything."""
        if not _ID.fullmatch(self.id):
            yield f"id {self.id!r}: use lower-case letters, digits and _, a letter first"
        if not 1 <= len(self.questions) <= self.policy.most_questions:
            yield (
                f"{len(self.questions)} questions: ask 1 to {self.policy.most_questions} (policy "
                "surveys.most_questions); a long questionnaire is left half done"
            )
        if self.mail_to and not _MAIL.fullmatch(self.mail_to):
            yield f"mail_to {self.mail_to!r} is no address"
        names = [question.id for question in self.questions]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"two questions have the id {name!r}"
        for question in self.questions:
            yield from _in_question(question)
        for place, text in self._texts():
            if not text or (isinstance(text, dict) and not all(text.values())):
                yield f"{place}: there is no text"
            strange = sorted(set(text) - set(LANGUAGES)) if isinstance(text, dict) else []
            if strange:
                yield f"{place}: {strange[0]!r} is no language that forms can be shown in ({', '.join(LANGUAGES)})"
        if not self.languages:
            yield "no language in which every text is written"

    def _texts(self) -> Iterator[tuple[str, Text]]:
        yield from (("title", self.title), ("intro", self.intro), ("thanks", self.thanks))
        for question in self.questions:
            yield f"question {question.id}", question.text
            yield from ((f"question {question.id}, {end}", getattr(question, end)) for end in ("low", "high")
                        if getattr(question, end))  # fmt: skip
            yield from ((f"question {question.id}, option {option.id}", option.text) for option in question.options)


def load_questionnaire(path: str | Path, *, policy: Policy | str | None = None) -> Questionnaire:
    """Read a questionnaire from a TOML file, and check it.

    Parameters
    ----------
    path
        The file; or ``"after_order"``, the example that comes with crmlib.
    policy
        Whose ``surveys`` holds the scales and how many questions are short.

    Raises
    ------
    SourceError
        There is no such file.
    SchemaError
        It is no questionnaire; the message says all that is wrong.

    Examples
    --------
    >>> load_questionnaire("after_order").questions[0].id
    'recommend'
    """
    rules = policies.load(policy).surveys
    if str(path) == "after_order":
        raw = (files("crmlib.surveys") / "after_order.toml").read_bytes()
    else:
        file = Path(path)
        if not file.is_file():
            raise SourceError(f"There is no questionnaire {file}. Give a .toml file, or 'after_order' for the example.")
        raw = file.read_bytes()
    try:
        form = msgspec.toml.decode(raw, type=Questionnaire)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SchemaError(f"questionnaire {path}: {error}") from error
    if form.policy != policies.Surveys():
        raise SchemaError(f"questionnaire {path}: definitions belong in a policy; leave [policy] out.")
    form = msgspec.structs.replace(form, policy=rules)
    wrong = list(form.problems())
    if wrong:
        raise SchemaError(f"questionnaire {path}: {'; '.join(wrong)}.")
    return form


def _in_question(question: Question) -> Iterator[str]:
    where = f"question {question.id}"
    if not _ID.fullmatch(question.id):
        yield f"{where}: as its id use lower-case letters, digits and _, a letter first"
    if (question.kind in _CHOICES) != bool(question.options):
        yield f"{where}: options belong to the kinds {' and '.join(_CHOICES)}, and only to them"
    if question.kind in _CHOICES and len(question.options) == 1:
        yield f"{where}: one option is no choice"
    if question.scale and question.kind != "nps":
        yield f"{where}: a scale ({' or '.join(SCALES)}) belongs to the kind nps"
    ids = [option.id for option in question.options]
    for option in question.options:
        if not _ID.fullmatch(option.id) or ids.count(option.id) > 1:
            yield f"{where}, option {option.id!r}: as its id use lower-case letters, digits and _, each once"


@cache
def _template() -> jinja2.Template:
    import jinja2

    home = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    return home.from_string((files("crmlib.surveys") / "form.html.j2").read_text(encoding="utf-8"))


def _digest(text: str) -> str:
    """Return what a content security policy calls a text by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
