"""URLs of sources: what is crmlib's, what is the driver's, and a password that nobody else gets to see."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode

from crmlib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PASSWORD", "Address", "address", "password_apart", "without_password"]

#: The environment's variable for the password of any database; PGPASSWORD and ~/.pgpass serve PostgreSQL as well.
PASSWORD = "CRMLIB_DATABASE_PASSWORD"  # noqa: S105 - a name, no password
#: Where Spark Connect's clients look for a token.
_TOKEN = "SPARK_CONNECT_AUTHENTICATE_TOKEN"  # noqa: S105 - a name, no token
#: A password of fewer letters is taken out only where a password can stand.
_LEAST_LETTERS = 4
_SECRET = re.compile(r"password|passwd|pwd|secret|token|key_id|access_key", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """Where a database is.

    Attributes
    ----------
    url
        For the driver: with the password, without crmlib's own ``?table=``.
    shown
        For people, logs and files: without the password.
    password
        As it is, to be taken out of what a driver says.
    table
        The table asked for.
    """

    url: str = field(repr=False)
    shown: str
    password: str | None = field(repr=False)
    table: str | None

    def scrub(self, told: object) -> str:
        """Return a driver's message on one line, without the password in any spelling.

        Parameters
        ----------
        told
            The message, or the exception that holds it.
        """
        text = str(told).replace(self.url, self.shown)
        for secret in {self.password, quote(self.password or "", safe=""), _split(self.url)[1]}:
            if secret and len(secret) >= _LEAST_LETTERS:
                text = text.replace(secret, "***")
            elif secret:  # a letter or two stand in every sentence, and gaps in all of them would tell which
                text = re.sub(rf"(?<=[:='\"]){re.escape(secret)}(?=[@&'\"\s]|$)", "***", text)
        return " ".join(text.split())


def _split(source: str) -> tuple[str, str | None]:
    """Split off a URL's password as it is spelled there."""
    scheme, separator, rest = source.partition("://")
    if not separator or "\n" in scheme:
        return source, None
    login, at, place = _login(rest)
    if not at:
        return source, None
    user, colon, password = login.partition(":")
    return f"{scheme}://{user}{'@' if user else ''}{place}", password if colon else None


def _login(rest: str) -> tuple[str, str, str]:
    """Split user and password from the place; one that holds / ? # unescaped is a password all the same."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        login, at, _ = authority.rpartition("@")
        return login, at, rest[len(login) + 1 :]
    before_query = rest.partition("?")[0]
    port = authority.partition(":")[2]
    loose = before_query if "@" in before_query else rest if port and not port.isdigit() else ""
    if ":" in loose and "@" in loose:
        login, at, _ = loose.rpartition("@")
        return login, at, rest[len(login) + 1 :]
    return "", "", rest


def without_password(source: str) -> str:
    """Return a source without the password in its URL; anything else as it is.

    Parameters
    ----------
    source
        As for `crmlib.open_shop`.

    Examples
    --------
    >>> without_password("postgresql://ann:secret@db.example/shop?table=sales")
    'postgresql://ann@db.example/shop?table=sales'
    >>> without_password("postgresql://ann:sec/r@t@db.example/shop")
    'postgresql://ann@db.example/shop'
    >>> without_password("postgresql://db.example/shop?password=secret")
    'postgresql://db.example/shop?password=***'
    >>> without_password("sc://cluster.example:15002/;token=secret;use_ssl=true?table=sales")
    'sc://cluster.example:15002/;use_ssl=true?table=sales'
    >>> without_password("orders.csv")
    'orders.csv'
    """
    if source.startswith("sc://"):
        return _without_token(source)[0]
    left = _split(source)[0]
    if "://" not in left:
        return left
    return re.sub(rf"([?&][^=&]*(?:{_SECRET.pattern})[^=&]*)=[^&]*", r"\1=***", left, flags=re.IGNORECASE)


def _without_token(url: str) -> tuple[str, str | None]:
    """Take the token out of a URL of Spark Connect, whose options stand between semicolons."""
    place, _, asked = url.partition("?")
    first, *options = place.split(";")
    kept = [option for option in options if not _SECRET.search(option.partition("=")[0])]
    token = next((value for name, _, value in (option.partition("=") for option in options) if name == "token"), None)
    return ";".join([first, *kept]) + (f"?{asked}" if asked else ""), unquote(token) if token else None


def address(url: str) -> Address:
    """Read a database's URL.

    Parameters
    ----------
    url
        ``kind://user@host:port/database``, with ``?table=`` for the table that holds the orders.

    Raises
    ------
    SourceError
        It holds a secret where none is kept safe.

    Examples
    --------
    >>> address("postgresql://ann:s%40fe@db.example/shop?table=%22odd%22&sslmode=require")
    Address(shown='postgresql://ann@db.example/shop?table=%22odd%22&sslmode=require', table='"odd"')
    """
    shown = without_password(url)
    plain, spelled = _split(url)
    rest, _, query = plain.partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    secret = next((name for name, _ in options if _SECRET.search(name)), None)
    if secret is not None:
        raise SourceError(
            f"{shown}: {secret}= in a URL is kept by logs and histories. Put it into the environment: "
            f"export {PASSWORD}=..., or use the driver's own files (such as ~/.pgpass)."
        )
    if spelled is not None and re.search(r"[/?#@\s]", spelled):
        raise SourceError(
            f"{shown}: the password in this URL holds a character that ends it. Put it into the environment instead: "
            f"export {PASSWORD}=..., or write / ? # @ as %2F %3F %23 %40."
        )
    password = unquote(spelled) if spelled is not None else os.environ.get(PASSWORD)
    kept = urlencode([(name, value) for name, value in options if name != "table"], quote_via=quote)
    base = rest + (f"?{kept}" if kept else "")
    return Address(_with(base, password), shown, password, dict(options).get("table"))


def _with(url: str, password: str | None) -> str:
    scheme, _, rest = url.partition("://")
    user, at, place = rest.partition("@")
    if not password or not at:
        return url
    return f"{scheme}://{user}:{quote(password, safe='')}@{place}"


@contextlib.contextmanager
def password_apart(source: str) -> Iterator[str]:
    """Keep a URL's password or token in the environment for a while, and give the source without it.

    What is started meanwhile inherits it; what is written down (parameters, results, names of folders) has none.

    Parameters
    ----------
    source
        As for `crmlib.open_shop`.

    Examples
    --------
    >>> with password_apart("postgresql://ann:secret@db.example/shop") as source:
    ...     print(source, os.environ["CRMLIB_DATABASE_PASSWORD"])
    postgresql://ann@db.example/shop secret
    >>> with password_apart("sc://cluster.example:15002/;token=secret?table=sales") as source:
    ...     print(source, os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"])
    sc://cluster.example:15002/?table=sales secret
    """
    if source.startswith("sc://"):
        shown, secret = _without_token(source)
        name = _TOKEN
    else:
        name = PASSWORD
        shown, secret = (source, None) if _split(source)[1] is None else _shown_and_password(source)
    if secret is None:
        yield shown
        return
    before = os.environ.get(name)
    os.environ[name] = secret
    try:
        yield shown
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _shown_and_password(source: str) -> tuple[str, str]:
    meant = address(source)
    return meant.shown, meant.password or ""
