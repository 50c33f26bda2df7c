"""The suite of notebooks: built from percent sources, run headless by papermill, read as one HTML report.

`build` turns ``notebooks/src`` into notebooks, `run` executes them side by side, `report` sets the page.
"""

from __future__ import annotations

#: The source that `crmlib run` takes when none is named.
DEFAULT_SOURCE = "shop"
