"""Files that are whole or not there at all, what identifies their content, and names that every system takes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["checksum", "digest", "json_text", "safe_name", "whole", "write_whole"]


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that no reader, and no kill, ever meets half of it.

    Parameters
    ----------
    path
        The file; folders that are not there are made, and a file that is there is replaced.
    content
        Bytes, or text that is written as UTF-8.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_whole(folder / "new" / "page.html", "<p>whole</p>")
    >>> [p.name for p in (folder / "new").iterdir()]
    ['page.html']
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    with _replacing(path) as (handle, _), os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a file to write to that takes its name when it is whole: for what is written piece by piece.

    Parameters
    ----------
    path
        As for `write_whole`.

    Examples
    --------
    >>> page = Path(tempfile.mkdtemp()) / "page.html"
    >>> with whole(page) as part:
    ...     _ = part.write_text("<p>whole</p>"), print(page.exists())
    False
    >>> page.read_text()
    '<p>whole</p>'
    """
    with _replacing(path) as (handle, part):
        os.close(handle)
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())


@contextmanager
def _replacing(path: Path) -> Iterator[tuple[int, Path]]:
    """Give an open file beside a path, and its name; it takes the path's place at the end, and goes if that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    part = Path(temporary)
    try:
        yield handle, part
        part.chmod(0o644)  # mkstemp makes files that only their owner can read
        part.replace(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = str(path)  # a full disk is known by its number alone
        raise


def json_text(value: Any) -> str:
    """Give JSON as people and diffs like it: indented by one, accents as they are, a newline at the end.

    Examples
    --------
    >>> print(json_text({"città": 1}), end="")
    {
     "città": 1
    }
    """
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def digest(*parts: bytes | str) -> str:
    """Identify content by its hash; where one part ends and the next begins counts.

    Examples
    --------
    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8") if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def checksum(content: bytes | str | Path) -> str:
    """Identify content as ``sha256sum`` does: of bytes, of a text in UTF-8, or of a file, which is not read whole.

    Examples
    --------
    >>> checksum("crm") == checksum(b"crm")
    True
    >>> checksum("")[:12]
    'e3b0c44298fc'
    """
    if isinstance(content, Path):
        with content.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(content.encode("utf-8") if isinstance(content, str) else content).hexdigest()


def safe_name(text: str, *, also: str = ".+-", ends: str = "", most: int = 40) -> str:
    """Name a file or folder after a text; two texts that look alike stay two, by the hash at their end.

    Parameters
    ----------
    text
        Of anybody.
    also
        What may stand in the name beside letters without accents and digits.
    ends
        What may stand neither first nor last.
    most
        How many characters at most, without the hash.

    Examples
    --------
    >>> safe_name("bgnbd"), safe_name("a/b"), safe_name("a b")
    ('bgnbd', 'a-b~c9d2a2', 'a-b~774f5c')
    """
    safe = re.sub(f"[^A-Za-z0-9{re.escape(also)}]+", "-", text).strip(ends)[:most]
    return safe if safe == text else f"{safe or 'unnamed'}~{digest(text)[:6]}"
