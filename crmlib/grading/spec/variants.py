"""Numbers that follow from a secret: each student's own shop, and the hidden ones."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from typing import TYPE_CHECKING

from crmlib.errors import GradingError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["EVERYBODY", "new_secret", "read_secret", "seal", "seed_of"]

#: Who gets the one notebook of a release without a roster.
EVERYBODY = "everybody"

_BYTES = 32
_SEAL = 16


def new_secret(path: Path) -> bytes:
    """Draw a secret and write it to a file that only its owner can read.

    Parameters
    ----------
    path
        Where it is kept. Whoever has it can compute every variant and every hidden shop.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "secret.key"
    >>> new_secret(path) == read_secret(path)
    True
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(secrets.token_hex(_BYTES) + "\n", encoding="ascii")
    return read_secret(path)


def read_secret(path: Path) -> bytes:
    """Read a secret.

    Parameters
    ----------
    path
        The file that `new_secret` wrote.

    Raises
    ------
    GradingError
        It is not there, is no secret, or others can read it.
    """
    try:
        text = path.read_text(encoding="ascii").strip()
        mode = stat.S_IMODE(path.stat().st_mode)
    except (OSError, UnicodeDecodeError):
        raise GradingError(
            f"There is no secret in {path}: give the folder `instructor` that `release` wrote."
        ) from None
    if not re.fullmatch(rf"[0-9a-f]{{{2 * _BYTES}}}", text):
        raise GradingError(f"{path} is no secret of crmlib: {2 * _BYTES} hexadecimal digits are expected.")
    if os.name == "posix" and mode & 0o077:
        raise GradingError(f"Others can read the secret {path}: chmod 600 it, and release anew if they may have.")
    return bytes.fromhex(text)


def seed_of(secret: bytes, *names: str) -> int:
    """Derive the seed of a shop: the same names give the same one, and none tells about another.

    HMAC-SHA256 (RFC 2104), its first 63 bits; where one name ends and the next begins counts.

    Parameters
    ----------
    secret
        From `read_secret`.
    names
        What the shop is for, such as the exercise and the student.

    Examples
    --------
    >>> seed_of(b"key", "03_rfm", "s1") == seed_of(b"key", "03_rfms", "1")
    False
    """
    return int.from_bytes(_code(secret, names)[:8], "big") >> 1


def seal(secret: bytes, *names: str) -> str:
    """Sign to whom a notebook was released, so that it can be told from a copy of somebody else's.

    Parameters
    ----------
    secret
        From `read_secret`.
    names
        The exercise and the student.

    Examples
    --------
    >>> len(seal(b"key", "03_rfm", "s1"))
    32
    """
    return _code(secret, ("seal", *names))[:_SEAL].hex()


def _code(secret: bytes, names: tuple[str, ...]) -> bytes:
    parts = [name.encode("utf-8") for name in names]
    return hmac.digest(secret, b"".join(len(part).to_bytes(4, "big") + part for part in parts), hashlib.sha256)
