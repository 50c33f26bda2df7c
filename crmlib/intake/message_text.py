"""What a message says -> text that one can read: encodings undone, HTML taken off, the lines kept."""

from __future__ import annotations

import html
import quopri
import re
import unicodedata
from email.header import decode_header
from typing import NamedTuple

from crmlib.intake.tidying import tidy

__all__ = ["Text", "decoded_bytes", "header_text", "html_text", "message_text"]

_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bqBQ]\?[^?]*\?=")
_FOLD = re.compile(r"\r?\n[ \t]+|[\r\n]+")
#: Control characters and marks that are not seen; the ends of lines and tabs stay.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
_TAGS = (
    "a|b|blockquote|body|br|center|div|em|font|h[1-6]|head|hr|html|i|img|li|meta|ol|p|pre|span|strong|style|table|tbody|"
    "td|tr|u|ul"
)
_TAG = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>|<!doctype\s+html", re.IGNORECASE)
_PAIRED = re.compile(rf"</(?:{_TAGS})\s*>|<br\s*/?>|<!doctype\s+html", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}\d{0,2});")
_ESCAPE = re.compile(r"=(?:[0-9A-F]{2}|\r?\n)")
_APART = {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "table", "ul"}
_NEW_LINE = {
    *(
        "address",
        "article",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "footer",
        "form",
        "header",
        "hr",
        "li",
        "pre",
        "section",
    ),
    *("title", "tr"),
}
_HIDDEN = ("script", "style", "title", "template")
_ANY_TAG = re.compile(
    r"""<(?:!doctype[^<>]*|\?[^<>]*|(?P<end>/?)(?P<tag>[a-zA-Z][\w:.-]*)(?P<rest>(?:"[^"<]*"|'[^'<]*'|[^<>"'])*|[^<>]*))>""",
    re.IGNORECASE,
)
_ALT = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
#: Ends of lines and paragraphs while HTML is read: of several in a row one remains.
_LINE, _PARAGRAPH = "\x01", "\x02"
_BREAKS = re.compile("[\x01\x02][\x01\x02 ]*")
#: Of a longer HTML only the beginning is read: a body of megabytes is a picture written as text, or an attack.
_LONGEST_HTML = 1_000_000
_LONGEST_HEADER = 10_000
#: Codecs that are no alphabets, or that take minutes for a long text.
_NO_CHARSET = {"idna", "mbcs", "oem", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"}


class Text(NamedTuple):
    """A text and what was done to it.

    Attributes
    ----------
    text
        As one reads it; empty if there is none.
    note
        What had to be undone or left out; empty if nothing.
    """

    text: str
    note: str


def header_text(raw: object) -> str:
    """Return a header as one line, its encoded words decoded.

    Parameters
    ----------
    raw
        As it stands in the mail.

    Examples
    --------
    >>> header_text("=?utf-8?B?UGFjY28gw6DDqMOs?=")
    'Pacco àèì'
    """
    text = _FOLD.sub(" ", _unescaped_bytes(str(raw))[:_LONGEST_HEADER])
    if _ENCODED_WORD.search(text):
        try:
            parts = decode_header(text)
        except ValueError:  # binascii's error and the header's own are both of this kind
            parts = []
        decoded = "".join(part if isinstance(part, str) else decoded_bytes(part, charset)[0] for part, charset in parts)
        text = decoded or text
    return tidy(text)


def message_text(raw: str, longest: int) -> Text:
    r"""Return a text with its lines, as it was meant to be read.

    Parameters
    ----------
    raw
        As a mail or a table of mails has it: plain, quoted-printable or HTML.
    longest
        Characters that are kept.

    Examples
    --------
    >>> message_text("Dov=27=C3=A8 il mio pacco?", 100)
    Text(text="Dov'è il mio pacco?", note='quoted-printable: decoded')
    >>> message_text("<p>Hello&nbsp;there</p><p>Ann</p>", 100).text
    'Hello there\n\nAnn'
    >>> message_text("one\n\n\n\n- two   \n", 100).text
    'one\n\n- two'
    """
    notes = []
    text = _unescaped_bytes(raw)
    if _is_quoted_printable(text):
        text, _ = decoded_bytes(quopri.decodestring(text.encode("ascii")), "utf-8")
        notes.append("quoted-printable: decoded")
    if _is_html(text):
        if len(text) > _LONGEST_HTML:
            notes.append(f"HTML of {len(text):,} characters: its first {_LONGEST_HTML:,} read")
        text = html_text(text)
        notes.append("HTML: its text taken")
    elif _ENTITY.search(text):
        text = html.unescape(text)
    if "\x00" in text:
        notes.append("null bytes left out")
    text = tidy_lines(text)
    if len(text) > longest:
        notes.append(f"cut at {longest:,} of {len(text):,} characters")
        text = text[:longest].rstrip()
    return Text(text, "; ".join(notes))


def html_text(source: str) -> str:
    r"""Return what a reader of an HTML text sees, a line for each paragraph, item and row.

    Parameters
    ----------
    source
        HTML, whole or not.

    Examples
    --------
    >>> html_text("<style>p {}</style><ul><li>one</li><li>two<br>lines</li></ul>")
    '- one\n- two\nlines'
    """
    # Python's own parser takes minutes for a megabyte of "<": tags are read by an expression that stops at each
    text = _without(source[:_LONGEST_HTML].replace(_LINE, "").replace(_PARAGRAPH, ""), "<!--", "-->")
    for tag in _HIDDEN:
        text = _without(text, f"<{tag}", f"</{tag}>")
    parts, position = [], 0
    for match in _ANY_TAG.finditer(text):
        parts.append(html.unescape(re.sub(r"\s+", " ", text[position : match.start()])))
        tag = (match["tag"] or "").lower()
        parts.append(
            _edge(tag) if match["end"] and tag != "li" else _opened(tag, match["rest"]) if not match["end"] else ""
        )
        position = match.end()
    parts.append(html.unescape(re.sub(r"\s+", " ", text[position:])))
    seen = _BREAKS.sub(lambda run: "\n\n" if _PARAGRAPH in run[0] else "\n", "".join(parts))
    return tidy_lines(seen)


def tidy_lines(text: str) -> str:
    """Return a text's lines without marks that nobody sees, with one empty line at most between them."""
    text = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))
    lines = [re.sub(r"[ \t\xa0]+", " ", line).strip() for line in unicodedata.normalize("NFC", text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def decoded_bytes(content: bytes, charset: str | None) -> tuple[str, str]:
    """Return bytes as text, and a note where they are not in the alphabet that they name."""
    named = (charset or "").strip("\"' ").lower()
    usual = named in {"", "ascii", "us-ascii", "unknown-8bit"}
    for name in (*(() if usual or named in _NO_CHARSET else (named,)), "utf-8", "cp1252"):
        try:
            text = content.decode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
        return text, "" if usual or name == named else f"charset {named[:40]!r}: read as {name}"
    return content.decode("latin-1"), f"charset {named[:40]!r}: read as latin-1"


def _without(text: str, start: str, end: str) -> str:
    """Return a text without what stands between two marks; each is looked for once, so any text takes linear time."""
    first, last = re.compile(re.escape(start), re.IGNORECASE), re.compile(re.escape(end), re.IGNORECASE)
    parts, position = [], 0
    while begin := first.search(text, position):
        parts.append(text[position : begin.start()])
        finish = last.search(text, begin.end())
        if not finish:  # never closed: the rest is a comment, or is better seen than lost
            return "".join([*parts, "" if start == "<!--" else text[begin.start() :]])
        position = finish.end()
    return "".join([*parts, text[position:]])


def _opened(tag: str, attributes: str) -> str:
    """Return what a tag looks like in a text."""
    if tag == "br":
        return "\n"
    if tag == "li":
        return "\n- "
    if tag == "img":
        alt = _ALT.search(attributes)
        return html.unescape(alt[1] or alt[2] or "") if alt else ""
    return _edge(tag)


def _edge(tag: str) -> str:
    if tag in _APART:
        return _PARAGRAPH
    return _LINE if tag in _NEW_LINE else " " if tag in {"td", "th"} else ""


def _is_quoted_printable(text: str) -> bool:
    """Say whether a text was left in quoted-printable: each = is an escape, and a letter beyond ASCII is among them."""
    if "=" not in text or not text.isascii() or len(_ESCAPE.findall(text)) != text.count("="):
        return False
    content = quopri.decodestring(text.encode("ascii"))
    try:
        return not content.decode("utf-8").isascii() or "=\n" in text.replace("\r", "")
    except UnicodeError:
        return False


def _is_html(text: str) -> bool:
    """Say whether a text is HTML and not a text with a < in it."""
    start = text.lstrip()[:200]
    return bool(_TAG.match(start) or start[:4] == "<!--" or _PAIRED.search(text))


def _unescaped_bytes(text: str) -> str:
    """Return a text whose bytes beyond ASCII were kept as surrogates with their letters."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        kept = all("\udc80" <= mark <= "\udcff" for mark in text if "\ud800" <= mark <= "\udfff")
        return decoded_bytes(text.encode("utf-8", "surrogateescape" if kept else "replace"), None)[0]
    return text
