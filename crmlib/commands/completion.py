"""What the shell completes: notebooks, sources, parameters, policies and exercises by name.

Turn it on once: ``eval "$(_CRMLIB_COMPLETE=bash_source crmlib)"`` in ``~/.bashrc`` (zsh_source, fish_source likewise).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

__all__ = ["exercises", "notebooks", "parameters", "policies", "sources"]


def notebooks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    """Complete a notebook's name, its number or its title, or a file.

    Parameters
    ----------
    ctx, param, incomplete
        What click hands over.
    """
    from crmlib.suite.shelf import notebooks_folder

    stems = [path.stem for path in sorted(notebooks_folder().glob("*.ipynb"))]
    titles = [stem.partition("_")[2] for stem in stems]
    return _starting([*stems, *titles], incomplete) or [CompletionItem(incomplete, type="file")]


def sources(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    """Complete a known source, or a file.

    Parameters
    ----------
    ctx, param, incomplete
        What click hands over.
    """
    from crmlib.sources.catalogue import SOURCES

    return [*_starting(SOURCES, incomplete), CompletionItem(incomplete, type="file")]


def policies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    """Complete a preset of the policy, or a file.

    Parameters
    ----------
    ctx, param, incomplete
        What click hands over.
    """
    from crmlib.policy import PRESETS

    return [*_starting(PRESETS, incomplete), CompletionItem(incomplete, type="file")]


def parameters(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    """Complete a parameter of the named notebooks, or of any, with its ``=``; behind it, its choices.

    Parameters
    ----------
    ctx, param, incomplete
        What click hands over.
    """
    from crmlib.errors import RunError
    from crmlib.suite.parameters import settable
    from crmlib.suite.shelf import find_notebooks

    named = ctx.params.get("names") or ctx.params.get("name") or ()
    try:
        own = settable(find_notebooks((named,) if isinstance(named, str) else tuple(named)))
    except RunError:
        return []
    name, equals, _ = incomplete.partition("=")
    if equals:
        return _starting([f"{name}={choice}" for choice in own[name].choices] if name in own else [], incomplete)
    return [CompletionItem(f"{each}=", help=own[each].comment) for each in own if each.startswith(incomplete)]


def exercises(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    """Complete an exercise's name.

    Parameters
    ----------
    ctx, param, incomplete
        What click hands over.
    """
    from crmlib.grading.spec.exercise import exercise_names

    return _starting(exercise_names(), incomplete)


def _starting(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
