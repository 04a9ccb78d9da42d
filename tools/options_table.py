"""Print the table of docs/training.md: the options that the training settings declare."""

from __future__ import annotations

import click

from edge_vad_train.cli.settings_options import settings_options


def options_table() -> str:
    """The options in Markdown, one a row."""
    command = click.command()(settings_options(lambda **_: None))
    rows = ["| option | values | default | meaning |", "| --- | --- | --- | --- |"]
    rows += [_row(option) for option in command.params if isinstance(option, click.Option)]
    return "\n".join(rows) + "\n"


def _row(option: click.Option) -> str:
    shown = option.show_default if isinstance(option.show_default, str) else option.default
    return f"| `{option.opts[0]}` | {_values(option.type)} | {shown} | {option.help} |"


def _values(kind: click.ParamType) -> str:
    if isinstance(kind, click.Choice):
        return ", ".join(kind.choices)
    if isinstance(kind, click.IntRange):
        return f"{kind.min} or more" if kind.max is None else f"{kind.min} to {kind.max}"
    return kind.name


if __name__ == "__main__":
    print(options_table(), end="")
