"""Where orders come from: packaged data sets, files, databases, pandas. Each becomes raw tables on the engine.

It opens shops and must know nothing of what is asked of them.
"""

from __future__ import annotations

from crmlib.shop.raw import Raw, Reading, Wanted
from crmlib.sources.addresses import password_apart, without_password
from crmlib.sources.catalogue import HELD_BY, SOURCES
from crmlib.sources.description import Description, described, resolved
from crmlib.sources.opening import open_shop
from crmlib.sources.reading import fingerprint, read
from crmlib.sources.registry import absolute, register, source_of
from crmlib.sources.source import Source

__all__ = [
    "HELD_BY",
    "SOURCES",
    "Description",
    "Raw",
    "Reading",
    "Source",
    "Wanted",
    "absolute",
    "described",
    "fingerprint",
    "open_shop",
    "password_apart",
    "read",
    "register",
    "resolved",
    "source_of",
    "without_password",
]
