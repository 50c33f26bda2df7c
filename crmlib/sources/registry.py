"""The kinds of source: those that come with crmlib, and the user's own."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from crmlib.errors import CrmlibError, PluginError, SourceError
from crmlib.plugins import STOPS, Registry, place_of
from crmlib.sources.addresses import without_password
from crmlib.sources.catalogue import SOURCES
from crmlib.sources.databases import DatabaseFile
from crmlib.sources.files import Files
from crmlib.sources.frames import Frames
from crmlib.sources.object_store import Objects
from crmlib.sources.packaged import KnownSource
from crmlib.sources.servers import DatabaseServer
from crmlib.sources.source import Source, scheme_of
from crmlib.sources.spark import SparkCluster, SparkFrames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Kind = TypeVar("Kind", bound=type[Source])

__all__ = ["absolute", "is_own", "own_code", "register", "source_of"]

_BUILT_IN = (KnownSource, Frames, SparkFrames, SparkCluster, DatabaseFile, Objects, DatabaseServer, Files)
_KINDS: Registry[type[Source]] = Registry("kind of source", built_in={kind.__name__: kind for kind in _BUILT_IN})


def register(kind: Kind) -> Kind:
    """Add a kind of source of one's own; as a decorator, above its class.

    In a notebook it counts for the session; in a file that a ``shop.toml`` names under ``plugins``, for that shop.

    Parameters
    ----------
    kind
        A subclass of `crmlib.sources.Source`.

    Returns
    -------
    type
        The class itself.

    Raises
    ------
    PluginError
        It is no such class, lacks a method, or there is a kind of that name already.

    Examples
    --------
    >>> @register
    ... class Notes(Source):
    ...     pass
    Traceback (most recent call last):
    crmlib.errors.PluginError: Notes: a kind of source needs fingerprint, read and recognises. See ...
    """
    if not (isinstance(kind, type) and issubclass(kind, Source)):
        raise PluginError(
            f"{getattr(kind, '__name__', kind)!s}: a kind of source is a subclass of crmlib.sources.Source."
        )
    if inspect.isabstract(kind):
        missing = sorted(kind.__abstractmethods__)
        listed = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
        raise PluginError(f"{kind.__name__}: a kind of source needs {listed}. See docs/how-to/own-source.md.")
    _KINDS.add(kind.__name__, kind, module=kind.__module__)
    return kind


def is_own(kind: type[Source]) -> bool:
    """Say whether a kind of source is the user's own."""
    return kind not in _BUILT_IN


def source_of(source: Any, plugins: Iterable[str] = ()) -> Source:
    """Return a source as one of its kind, unread.

    Parameters
    ----------
    source
        As for `crmlib.open_shop`, but no ``.toml`` file.
    plugins
        Modules of the shop's own code, from `crmlib.plugins.load`.

    Raises
    ------
    SourceError
        No kind takes it, or two do.

    Examples
    --------
    >>> type(source_of("sqlite:///shop.db")).__name__, type(source_of("orders.csv")).__name__
    ('DatabaseFile', 'Files')
    """
    claims = [kind for kind in _KINDS.of(plugins).values() if _claims(kind, source)]
    claims = [kind for kind in claims if not kind.last_resort] or claims
    if not claims:
        raise SourceError(_unknown(source))
    if len(claims) > 1:
        first, second = (_described(kind) for kind in claims[:2])
        raise SourceError(
            f"{without_password(str(source))}: two kinds of source take it for theirs: {first} and {second}. Let "
            "`recognises` of one of them take less."
        )
    (kind,) = claims
    with own_code(kind, kind.__init__):
        origin = kind(str(source) if isinstance(source, Path) else source)
    if not hasattr(origin, "source"):
        raise PluginError(f"{kind.__name__}.__init__ does not call super().__init__(source).")
    return origin


def absolute(source: Source, folder: Path) -> str:
    """Return a source such that it means the same from any folder.

    Parameters
    ----------
    source
        From `source_of`.
    folder
        From where a relative path in it is seen.

    Raises
    ------
    PluginError
        A kind of the user's own stopped, or returned what is no text.
    """
    with own_code(type(source), source.absolute):
        spelled = source.absolute(folder)
    if not isinstance(spelled, str):
        raise PluginError(
            f"{place_of(source.absolute)}: {type(source).__name__}.absolute returned a {type(spelled).__name__}. "
            "Return the source as text."
        )
    return spelled


def _claims(kind: type[Source], source: Any) -> bool:
    with own_code(kind, kind.recognises):
        return bool(kind.recognises(source))


@contextmanager
def own_code(kind: type[Source], method: Callable[..., Any]) -> Iterator[None]:
    """Say in which line of the user's own code an error arose; crmlib's own errors, and its own code's, go on.

    Parameters
    ----------
    kind
        The kind of source.
    method
        What of it is called.

    Raises
    ------
    PluginError
        The user's own code stopped.
    """
    try:
        yield
    except CrmlibError:
        raise
    except STOPS as error:
        if not is_own(kind):
            raise
        raise PluginError(f"{place_of(method, error)} The source is of your kind {kind.__name__}.") from error


def _described(kind: type[Source]) -> str:
    return f"{kind.__name__} ({place_of(kind.recognises)})" if is_own(kind) else f"crmlib's own {kind.__name__}"


def _unknown(source: Any) -> str:
    """Say why no kind takes a source, and what to do."""
    if not isinstance(source, str | Path):
        return f"A source is a name, a path, a URL, a DataFrame or a dict of DataFrames, not a {type(source).__name__}."
    if scheme := scheme_of(source):
        return (
            f"{scheme}:// is not a known kind of source. Known: duckdb:///file.duckdb, sqlite:///file.db, "
            "postgresql://user@host/shop, mysql://user@host/shop, s3://bucket/*.parquet, a path, or a name from "
            "`crmlib data list`."
        )
    return f"The source is empty. Known names: {', '.join(SOURCES)}; or give a path."
