"""The command line, as click has it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from docs_site.markdown import block, page, table
from edge_vad.cli import cli


def commands_page() -> str:
    """Every command with its arguments and options."""
    context = click.Context(cli, info_name="edge-vad")
    rows = [
        (f"[`edge-vad {name}`](#edge-vad-{name})", cli.summary(name))
        for name in cli.list_commands(context)
    ]
    return page(
        "Command line",
        "`edge-vad COMMAND --help` says the same. Times are written `90s`, `10m`, `2h` or `1d`; "
        "what a source may be is told in [Sources](../sources.md), what an exit code means in "
        "[Errors](../errors.md).",
        table(("command", "what it does"), rows),
        *_sections(cli, context),
    )


def _sections(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            raise LookupError(f"{name} has no command")
        inner = click.Context(command, info_name=name, parent=context)
        yield from _section(command, inner)
        if isinstance(command, click.Group):
            yield from _sections(command, inner)


def _section(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## {context.command_path}"
    yield block(" ".join([context.command_path, *command.collect_usage_pieces(context)]))
    yield _prose(command.help or "")
    options = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    rows = [_row(option, context) for option in options if not option.hidden]
    yield table(("option", "meaning"), rows)
    yield _prose(command.epilog or "")


def _row(option: click.Option, context: click.Context) -> tuple[str, str]:
    words, meaning = option.get_help_record(context) or ("", "")
    return f"`{words}`", meaning


def _prose(text: str) -> str:
    """Paragraphs as they are; what click is not to wrap as a block."""
    parts = re.split(r"\n\s*\n", inspect.cleandoc(text))
    return "\n\n".join(_paragraph(part) for part in parts if part.strip())


def _paragraph(text: str) -> str:
    if not text.lstrip().startswith("\b"):
        return text
    head, *rest = text.replace("\b", "").strip("\n").splitlines()
    if not rest or head.startswith(" "):
        return block("\n".join([head, *rest]))
    return f"{head}\n\n{block(inspect.cleandoc(chr(10) + chr(10).join(rest)))}"
