"""Templates of messages: TOML that holds the words in each language, checked before anybody is written to.

>>> read_template("win_back").tone
'cordial'
>>> read_template("winback")
Traceback (most recent call last):
crmlib.errors.SourceError: There is no template 'winback'. Did you mean 'win_back'? ...
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from crmlib.errors import SchemaError, SourceError
from crmlib.words import did_you_mean, explained

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import jinja2

__all__ = ["GIVEN", "Template", "Words", "fill", "read_template", "ready_made_templates"]

#: Fields that every message has, so that a template needs no fallback for them. Those of the offer may be empty.
GIVEN = ("shop", "link", "opt_out", "discount", "code", "valid_until")
_OFFER = ("discount", "code", "valid_until")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_LINE = ("subject", "preheader", "greeting", "action", "closing", "sms")
Line = Annotated[str, msgspec.Meta(min_length=1, pattern=r"^[^\r\n]*$")]


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a message says in one language. All texts are Jinja2.

    Attributes
    ----------
    subject, preheader, greeting, action, closing
        One line each; ``action`` stands on the button.
    paragraphs
        Of the body.
    link
        Where the button leads: a key of the policy's ``sender.links``.
    sms
        The short form.
    fallbacks
        What stands for a field of the customer that is missing or empty.
    """

    subject: Line
    preheader: Line
    greeting: Line
    paragraphs: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    action: Line
    link: str
    closing: Line
    sms: Line
    fallbacks: dict[str, str] = {}

    def texts(self) -> Iterator[tuple[str, str]]:
        """Give the name and the Jinja2 of each text."""
        yield from ((name, getattr(self, name)) for name in _LINE)
        yield from ((f"paragraphs[{place}]", text) for place, text in enumerate(self.paragraphs))


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message before it is filled in.

    Attributes
    ----------
    tone
        How it speaks: ``cordial``, ``empathetic``.
    needs
        Fields of the offer (``discount``, ``code``, ``valid_until``) without which it makes no sense.
    en, it
        Its words; one language is enough.
    """

    tone: str
    needs: tuple[str, ...] = ()
    en: Words | None = None
    it: Words | None = None

    def words(self, language: str) -> Words | None:
        """Return its words in a language, or in the other where it has none in that one."""
        return (self.it or self.en) if language == "it" else (self.en or self.it)

    def problems(self) -> Iterator[str]:
        """Say what is wrong with it, if anything."""
        if self.en is None and self.it is None:
            yield "there are no words: write [en] or [it]"
        for name in sorted(set(self.needs) - set(_OFFER)):
            yield f"needs: {name!r} is none of {', '.join(_OFFER)}"
        for language, words in (("en", self.en), ("it", self.it)):
            for place, text in words.texts() if words else ():
                yield from (f"[{language}] {place}: {problem}" for problem in _wrong(text, words))


def _wrong(text: str, words: Words | None) -> Iterator[str]:
    import jinja2
    from jinja2 import meta

    try:
        asked = meta.find_undeclared_variables(environment().parse(text))
    except jinja2.TemplateSyntaxError as error:
        yield f"{error}"
        return
    known = {*GIVEN, *(words.fallbacks if words else ())}
    for name in sorted(asked - known):
        yield (
            f"the field {name!r} has no fallback; say under [...fallbacks] what stands where a customer has none. "
            f"{did_you_mean(name, known)}"
        )


@cache
def ready_made_templates() -> tuple[str, ...]:
    """Return the names of the templates that come with crmlib.

    Examples
    --------
    >>> ready_made_templates()[:2]
    ('abandoned_interest', 'advocate_referral')
    """
    folder = files("crmlib.actions") / "templates"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return tuple(name.removesuffix(".toml") for name in names if name != "layout.toml")


def read_template(name: str | Path, folder: str | Path | None = None) -> Template:
    """Read a template, and check it: each field that it uses is always there, or has a fallback.

    Parameters
    ----------
    name
        Of a ready-made template, of one in `folder`, or the path of a ``.toml`` file.
    folder
        Where one's own templates lie; one of the same name as a ready-made template replaces it.

    Raises
    ------
    SourceError
        There is no such template.
    SchemaError
        It is no template, or uses a field without a fallback; the message says all that is wrong.
    """
    path: Path | None
    if isinstance(name, Path) or str(name).endswith(".toml"):
        place, path = str(name), Path(name)
    else:
        own = Path(folder) / f"{name}.toml" if folder and _NAME.fullmatch(str(name)) else None
        place, path = (str(own), own) if own and own.is_file() else (str(name), None)
    if path is None:
        known = ready_made_templates()
        if place not in known:
            raise SourceError(
                f"There is no template {place!r}. {did_you_mean(place, known)} Ready-made: {', '.join(known)}; your "
                "own are .toml files in the folder that you name as templates."
            )
        return _ready_made(place)
    if not path.is_file():
        raise SourceError(f"There is no template {path}.")
    return _decoded(path.read_bytes(), place)


@cache
def _ready_made(name: str) -> Template:
    return _decoded((files("crmlib.actions") / "templates" / f"{name}.toml").read_bytes(), name)


def _decoded(raw: bytes, place: str) -> Template:
    try:
        template = msgspec.toml.decode(raw, type=Template)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SchemaError(f"template {place}: {explained(error, Template)}") from error
    wrong = list(template.problems())
    if wrong:
        raise SchemaError(f"template {place}: {'; '.join(wrong)}.")
    return template


@cache
def layout_words() -> dict[str, dict[str, str]]:
    """Return what stands at the foot of each message, by language."""
    raw = (files("crmlib.actions") / "templates" / "layout.toml").read_bytes()
    return msgspec.toml.decode(raw, type=dict[str, dict[str, str]])


@cache
def environment(*, escape: bool = False) -> jinja2.Environment:
    """Return the sandbox in which templates are filled in: no attribute that leads to Python, nothing changed.

    Parameters
    ----------
    escape
        Whether what is filled in is escaped for HTML.
    """
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        """Jinja2's sandbox, without the sums by which a short text grows beyond all memory."""

        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, _context: object, operator: str, _left: object, _right: object) -> object:
            raise jinja2.exceptions.SecurityError(f"{operator} is not allowed in a template")

    made = Sandbox(
        autoescape=escape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals.clear()  # range, lipsum and the like: no text of a mail needs them, and a loop over them could hang
    return made


@cache
def _compiled(text: str) -> jinja2.Template:
    return environment().from_string(text)


def fill(text: str, values: Mapping[str, Any], place: str) -> str:
    """Fill in one text. It is filled in once: what a customer typed is never taken for a template.

    Parameters
    ----------
    text
        Jinja2.
    values
        Field -> value.
    place
        Names the text in errors.

    Raises
    ------
    SchemaError
        It asks for what the sandbox forbids or for what no value has.

    Examples
    --------
    >>> fill("Hello {{ first_name }}", {"first_name": "{{ 7 * 7 }}"}, "greeting")
    'Hello {{ 7 * 7 }}'
    >>> fill("{{ ''.__class__.__mro__ }}", {}, "greeting")
    Traceback (most recent call last):
    crmlib.errors.SchemaError: greeting: access to attribute '__class__' of 'str' object is unsafe.
    """
    import jinja2

    try:
        return _compiled(text).render(values)
    except (jinja2.TemplateError, TypeError, ArithmeticError, ValueError) as error:
        raise SchemaError(f"{place}: {error}") from error
