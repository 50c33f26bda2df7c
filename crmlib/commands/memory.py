"""The option ``--memory`` of commands that run queries."""

from __future__ import annotations

import re

import click

__all__ = ["size_of_memory"]


def size_of_memory(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:  # noqa: ARG001 - click's
    """Refuse a size of memory that DuckDB would not read.

    Parameters
    ----------
    context, parameter
        What click hands to a callback.
    text
        The size as typed.
    """
    if text is not None and re.fullmatch(r"\d+(\.\d+)? ?([KMGT]i?B)", text) is None:
        raise click.BadParameter(f"{text!r} is not a size. Write it such as 4GB or 800MB.")
    return text
