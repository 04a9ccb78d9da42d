"""A click group that imports a subcommand only when it is run."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping

import click
from click.shell_completion import CompletionItem

from edge_vad.cli.signals import left_at_once
from edge_vad.errors import Unavailable
from edge_vad.installed import COMMANDS, provided

_EXTRAS = {
    "train": "train",
    "eval": "train",
    "export": "export",
    "verify": "export",
    "bench": "bench",
    "report": "bench",
    "compare": "bench",
}
"""What a command needs besides `edge-vad[cpu]`."""


class LazyGroup(click.Group):
    """Lists its subcommands without importing them, so that `--help` answers at once.

    Args:
        commands_at: Name to where the command lives (`package.module:function`; None where another
            package provides it) and its one-line help.
        **options: Passed on to click.
    """

    def __init__(
        self, *, commands_at: Mapping[str, tuple[str | None, str]], **options: object
    ) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the subcommands, in the order of use."""
        return list(self._commands_at)

    def summary(self, name: str) -> str:
        """What a subcommand is for, in a line."""
        return self._commands_at[name][1]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a subcommand."""
        if name not in self._commands_at:
            return None
        place = self._commands_at[name][0] or provided(COMMANDS, name).value
        try:
            with left_at_once():
                command = pkgutil.resolve_name(place)
        except ModuleNotFoundError as error:
            raise Unavailable(
                f"edge-vad {name} needs the package {error.name!r}, which is not installed",
                f"run pip install 'edge-vad[{_EXTRAS.get(name, 'cpu')}]'",
            ) from None
        assert isinstance(command, click.Command)  # noqa: S101 - resolve_name has no type
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Options, and subcommands without importing them: the shell waits for the answer."""
        found = [
            CompletionItem(name, help=text)
            for name, (_, text) in self._commands_at.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the subcommands and what each is for."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._commands_at.items()])
