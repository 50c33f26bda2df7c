"""The simulated shop that ships: files in the clone; elsewhere made once, from its seed, in the user's cache folder."""

from __future__ import annotations

import shutil
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import platformdirs

from crmlib.errors import SourceError
from crmlib.files import checksum

__all__ = ["SHOP_TABLES", "shop_folder"]

#: Its tables; a test holds them to those of the simulator.
SHOP_TABLES = (
    *("assignments", "campaigns", "consents", "contacts_raw", "customers", "email_events", "logins"),
    *("marketing_spend", "order_lines", "orders", "products", "returns", "session_zones", "sessions"),
    *("surveys", "tickets"),
)


def _registry() -> Path:
    """Find what says how the shop is made and what it must hold: in the package, or beside it in a clone."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "datasets" / "registry.toml"
    return inside if inside.is_file() else package.parent / "datasets" / "registry.toml"


def shop_folder() -> Path:
    """Return the folder of the shop that ships, made from its seed first where it is not there.

    Returns
    -------
    pathlib.Path
        Parquet files, one a table, and the folder ``truth``.

    Raises
    ------
    SourceError
        The shop that was made does not hold what the registry says.
    """
    registry = _registry()
    shipped = registry.parent / "shop"
    if (shipped / "orders.parquet").is_file():
        return shipped
    text = registry.read_bytes()
    # the name changes with what is registered, so a newer crmlib never opens an older shop
    folder = platformdirs.user_cache_path("crmlib") / f"shop-{checksum(text)[:12]}"
    if not folder.is_dir():
        _make(folder, tomllib.loads(text.decode())["shop"])
    return folder


def _make(folder: Path, entry: dict[str, Any]) -> None:
    from crmlib.synth.shop import make_shop

    folder.parent.mkdir(parents=True, exist_ok=True)
    print(f"Making the simulated shop, once, in {folder} ...", file=sys.stderr)  # noqa: T201 - it takes some seconds
    part = Path(tempfile.mkdtemp(prefix="shop-", dir=folder.parent))
    try:
        made = make_shop(part / "shop", **entry["make"], progress=sys.stderr.isatty())
        for name, known in entry["tables"].items():
            if made.fingerprints.get(name) != known["sha256"]:
                raise SourceError(
                    f"The simulated shop came out differently here: table {name} has the checksum "
                    f"{made.fingerprints.get(name)}, expected is {known['sha256']}. Another version of numpy or faker "
                    "draws other numbers: install the versions in requirements.lock."
                )
        if not folder.is_dir():  # another process may have been quicker
            (part / "shop").replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
