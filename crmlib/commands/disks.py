"""A disk that is full, a folder that cannot be written: one sentence with the folder's name."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from pathlib import Path

__all__ = ["disk_trouble"]

#: What the system says -> what is wrong, and what to do about it.
_FULL = ("no space is left there", "Free some, or choose another folder")
_CLOSED = ("this user may not read or write there", "Choose another folder, or ask for the right to it")
_READ_ONLY = ("it is read-only", "Choose another folder")
_TROUBLES = {
    errno.ENOSPC: _FULL,
    getattr(errno, "EDQUOT", errno.ENOSPC): _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
}
_TEMPORARY = "No usable temporary directory found"


def disk_trouble(error: BaseException) -> str | None:
    """Return what to say of an error that the disk, or a folder's owner, is to blame for; nothing for any other.

    Parameters
    ----------
    error
        Of Python, or of DuckDB, which spills to a folder.

    Examples
    --------
    >>> disk_trouble(OSError(errno.ENOSPC, "No space left on device", "runs/shop/index.html"))
    'runs/shop: no space is left there. Free some, or choose another folder.'
    >>> disk_trouble(PermissionError(errno.EACCES, "Permission denied", "runs"))
    'runs: this user may not read or write there. Choose another folder, or ask for the right to it.'
    >>> disk_trouble(FileNotFoundError(errno.ENOENT, "No such file or directory", "nowhere/orders.csv"))
    'nowhere/orders.csv: no such file or directory. Choose another file or folder.'
    >>> disk_trouble(ValueError("no number"))
    """
    text = str(error)
    if _TEMPORARY in text:
        return "No temporary folder can be written, neither TMPDIR nor the usual ones. Set TMPDIR to one that can."
    if isinstance(error, OSError):
        if trouble := _TROUBLES.get(error.errno or 0):
            return f"{_folder_of(error)}: {trouble[0]}. {trouble[1]}."
        if error.filename is None or not error.strerror:
            return None
        return f"{error.filename}: {error.strerror[0].lower()}{error.strerror[1:]}. Choose another file or folder."
    if type(error).__module__.endswith("duckdb") and re.search(r"No space left|max_temp_directory_size", text):
        return (
            f"{_spill()}: no space is left there for what does not fit into memory. Free some, or set CRMLIB_SPILL to "
            "another folder."
        )
    return None


def _folder_of(error: OSError) -> str:
    """Name the folder of the file that an error is about; the file itself, where it is there and closed to us."""
    if error.filename is None:
        return "The disk"
    path = Path(str(error.filename))
    is_closed = error.errno in {errno.EACCES, errno.EPERM} and path.exists()
    return str(path if is_closed or path.is_dir() or not path.suffix else path.parent)


def _spill() -> str:
    return os.environ.get("CRMLIB_SPILL") or tempfile.gettempdir()
