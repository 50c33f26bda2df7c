"""What the notebooks of a run have in common: a source opened once, and described such that each opens the same."""

from __future__ import annotations

import os
import re
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlib.errors import RunError
from crmlib.files import digest, write_whole
from crmlib.sources import resolved
from crmlib.suite.requirements import facts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmlib.suite.requirements import Facts


_A_YEAR = 365


@dataclass(frozen=True)
class Data:
    """What the notebooks of one run have in common: the shop as of a day.

    Attributes
    ----------
    asked
        The source as it was given.
    source
        The same, such that it means the same from any folder.
    as_of
        The day, in ISO format.
    fingerprint
        Identifies the content.
    manifest
        Which rows of it are read (see `crmlib.shop.manifest`).
    doubts
        What was dropped, netted or doubted on the way in, the most money first.
    facts
        What chapters need to know of it before they begin.
    """

    asked: str
    source: str
    as_of: str
    fingerprint: str
    manifest: Mapping[str, Any]
    doubts: Sequence[str] = ()
    facts: Facts | None = None

    @property
    def identity(self) -> str:
        """What a notebook's result depends on: the data as a source tells them apart, and the orders that were read.

        The two are found apart. A view may show other rows though the file that holds it is the same.
        """
        return digest(self.fingerprint, self.manifest["checksum"])


def open_data(
    source: str,
    as_of: str | None,
    *,
    preset: str | bool | None = None,
    policy: str | None = None,
    out: Path | None = None,
) -> Data:
    """Open the source once, so that what is wrong with it is said before any notebook runs.

    Parameters
    ----------
    source, as_of, preset, policy, out
        As for `crmlib.suite.run.run`.
    """
    from crmlib import rfm
    from crmlib.shop.manifest import manifest
    from crmlib.sources import fingerprint, open_shop

    meant = anywhere(source)
    # closed when done: a cluster's cores are for the notebooks
    with closing(open_shop(meant, as_of=as_of or None, preset=preset, policy=policy)) as shop:
        rfm.segment_map(shop.policy)  # a map of the shop's own is read now, and not by each notebook first
        if preset is not None or policy is not None:
            folder = out or Path("runs") / f"{slug(source)}-{shop.as_of}"
            meant = described_with(meant, preset=preset, policy=policy, folder=folder)
        facts = facts_of(shop, meant)
        refuse_far_off(facts)
        return Data(
            source,
            meant,
            shop.as_of.isoformat(),
            fingerprint(meant),
            {**manifest(shop), "source": source},
            shop.doubts,
            facts,
        )


def refuse_far_off(facts: Facts) -> None:
    """Refuse a day that lies further after the last order than the history is long: everybody would be long gone.

    Parameters
    ----------
    facts
        Of the shop.
    """
    after = (facts.as_of - facts.last_day).days
    if after > max((facts.last_day - facts.first_day).days, _A_YEAR):
        off = f"{after // _A_YEAR} years" if after >= 2 * _A_YEAR else f"{after} days"
        raise RunError(
            f"as of {facts.as_of} lies {off} after the last order ({facts.last_day}): the history is shorter. "
            "Choose an earlier --as-of."
        )


def described_with(source: str, *, preset: str | bool | None, folder: Path, policy: str | None = None) -> str:
    """Write a description of a source with its preset and policy, for the notebooks to open; return its path."""
    import msgspec
    import tomli_w

    if isinstance(preset, str) and preset.endswith(".toml"):
        preset = str(Path(preset).expanduser().absolute())
    description = resolved(source).description
    if preset is not None:
        description = msgspec.structs.replace(description, preset=preset)
    if policy is not None:
        own = policy.endswith(".toml")
        description = msgspec.structs.replace(
            description, policy=str(Path(policy).expanduser().absolute()) if own else policy
        )
    content = msgspec.to_builtins(description, builtin_types=(date,))
    content = {name: value for name, value in content.items() if value is not None}
    file = folder.resolve() / "shop.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, tomli_w.dumps(content))
    return str(file)


def at_once(source: str) -> int:
    """Say how many notebooks may run at once by default.

    As many as there are processors; one where a source can serve no two readers at once, such as a standalone Spark
    cluster.

    Examples
    --------
    >>> at_once("spark://10.0.0.1:7077?table=orders")
    1
    """
    return (os.cpu_count() or 1) if resolved(source).source.parallel else 1


def anywhere(source: str) -> str:
    """Make a relative path in a source absolute, so that it means the same from any folder.

    Examples
    --------
    >>> anywhere("cdnow")
    'cdnow'
    >>> anywhere("duckdb:///shop.duckdb") == "duckdb:///" + str(Path.cwd() / "shop.duckdb")
    True
    """
    from crmlib.sources import absolute, source_of

    # A word that is neither known nor a file stays as it is: "did you mean" needs what the user wrote.
    if not any(mark in source for mark in "./\\*?") and not Path(source).exists():
        return source
    return absolute(source_of(source), Path.cwd())


def slug(source: str) -> str:
    """Name a folder after a source.

    Examples
    --------
    >>> slug("cdnow"), slug("data/My Orders.csv"), slug("sqlite:///db/shop.db")
    ('cdnow', 'my-orders', 'shop')
    """
    last = re.split(r"[/\\]", re.split(r"[?#;]", source)[0].rstrip("/\\"))[-1]
    stem = last.rsplit(".", 1)[0] if "." in last.strip(".") else last
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "shop"
