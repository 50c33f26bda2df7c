"""What all commands share: an option is given once, and help fits a narrow terminal."""

from __future__ import annotations

import re
import textwrap
from functools import partial
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["all_commands", "shaped"]

_HINTS = {"source": " A glob reads several files, such as 'orders-*.csv'."}
_COMMENT = re.compile(r"( *\S.*?) {2,}(\S.*)")


class Formatter(click.HelpFormatter):
    """Help whose examples fit: where a line is too long, what it is for comes below the command."""

    def write_text(self, text: str) -> None:
        """Write a text; blocks that keep their lines are broken where a shell and a reader allow it."""
        width = self.width - self.current_indent
        blocks = [
            "\n".join(["\b", *(line for each in block.splitlines()[1:] for line in _fitted(each, width))])
            if block.startswith("\b")
            else block
            for block in text.split("\n\n")
        ]
        super().write_text("\n\n".join(blocks))


class Context(click.Context):
    """A context whose help is written by our formatter."""

    formatter_class = Formatter


def shaped(group: click.Group) -> click.Group:
    """Give all commands of a group what they share.

    Parameters
    ----------
    group
        The outermost.
    """
    for _, command in all_commands(group):
        command.context_class = Context
        command.make_parser = partial(_parser, command.make_parser)  # type: ignore[method-assign] # of each command
    return group


def all_commands(group: click.Group, name: str = "crmlib") -> Iterator[tuple[str, click.Command]]:
    """Give each command with its name as it is typed, the group itself first.

    Parameters
    ----------
    group
        The outermost.
    name
        As it is typed.
    """
    yield name, group
    for own, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{name} {own}")
        else:
            yield f"{name} {own}", command


def _parser(make: Any, context: click.Context) -> Any:
    """Make a command's parser, which refuses an option of one value that is given twice."""
    parser = make(context)
    options = {id(option): option for option in (*parser._long_opt.values(), *parser._short_opt.values())}  # noqa: SLF001 - click says it nowhere else
    for option in options.values():
        if option.action == "store":
            option.process = partial(_process, option, option.process)
    return parser


def _process(option: Any, process: Any, value: Any, state: Any) -> None:
    if option.dest in state.opts:
        written = next((name for name in option.obj.opts if name.startswith("--")), option.obj.opts[0])
        hint = _HINTS.get(option.obj.name, "")
        first = state.opts[option.dest]
        raise click.UsageError(f"{written} is given twice: {first} and {value}. Give it once.{hint}")
    process(value, state)


def _fitted(line: str, width: int) -> list[str]:
    """Break a line of an example so that it fits."""
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    parts = _COMMENT.fullmatch(line)
    command, comment = (parts[1], parts[2]) if parts else (line, "")
    lines = textwrap.wrap(
        command.strip(), width - len(indent) - 2, break_long_words=False, break_on_hyphens=False,
        subsequent_indent="  ",
    )  # fmt: skip
    is_command = command.strip().startswith("crmlib")
    ends = [" \\"] * (len(lines) - 1) + [""] if is_command else [""] * len(lines)
    told = textwrap.wrap(comment, width - len(indent) - 4) if comment else []
    return [*(f"{indent}{each}{end}" for each, end in zip(lines, ends, strict=True)),
            *(f"{indent}    {each}" for each in told)]  # fmt: skip
