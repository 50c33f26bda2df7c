"""What papermill's registry holds of the sandbox: loaded on every import of papermill, so next to nothing."""

from __future__ import annotations

from typing import Any

__all__ = ["engine"]


class _Later:
    """The engine, imported when papermill first asks it something: the two would import each other otherwise."""

    def __getattr__(self, name: str) -> Any:
        from crmlib.grading.engine import Engine

        return getattr(Engine, name)


engine = _Later()
