"""The option ``--preset`` of commands that take a source."""

from __future__ import annotations

from typing import Any

import click

__all__ = ["preset_option"]

_NONE = {"none", "false"}


def _read(context: click.Context, parameter: click.Parameter, text: str | None) -> str | bool | None:  # noqa: ARG001 - click's
    return False if text is not None and text.lower() in _NONE else text


def preset_option(command: Any) -> Any:
    """Add ``--preset`` to a command."""
    return click.option(
        "--preset",
        metavar="NAME",
        callback=_read,
        help="Which platform's export the source is, such as shopify, or a .toml file of yours; none for no preset.  "
        "[default: as its columns tell]",
    )(command)
