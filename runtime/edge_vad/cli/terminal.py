"""The first hour on a terminal: its questions are typed, its commands run in this process."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from edge_vad.cli import cli
from edge_vad.cli.streams import guided
from edge_vad.errors import EdgeVadError, WrongUse
from edge_vad.guide.face import Answer, Face
from edge_vad.guide.steps import PlannedCommand

_NONE = "(Enter: none)"


class Terminal(Face):
    """Asks whoever sits at the terminal.

    Args:
        unattended: Whether nobody is asked.

    Raises:
        WrongUse: Somebody is to be asked, and nobody is there.
    """

    def __init__(self, *, unattended: bool) -> None:
        super().__init__(unattended=unattended)
        if not unattended and not (sys.stdin and sys.stdin.isatty()):
            raise WrongUse(
                "there is no terminal to ask questions in",
                "add --yes, which takes what is usual, or --serve, which asks in a browser",
            )

    def text(
        self,
        question: str,
        usual: str,
        read: Callable[[str], Answer],
        *,
        hidden: bool = False,
        choices: Sequence[str] = (),
    ) -> Answer:
        """See `Face.text`."""
        for number, line in enumerate(choices, 1):
            click.echo(f"{number}: {line}")
        if self.is_unattended:
            return read(usual)
        while (answer := _tried(read, _ask(question, usual, hidden))) is None:
            continue
        return answer[0]

    def regions(self, name: str, picture: Path, read: Callable[[str], Answer]) -> Answer:  # noqa: ARG002
        """See `Face.regions`."""
        question = (
            f"Regions of {picture} to ignore for good, such as a clock: "
            f"[[x, y], [x, y], [x, y]], with ; between {_NONE}"
        )
        return self.text(question, "", read)

    def agrees(self, question: str) -> bool:
        """See `Face.agrees`."""
        return not self.is_unattended and click.confirm(question, default=False, err=True)

    def say(self, text: str) -> None:
        """See `Face.say`."""
        click.echo(text)

    def name(self, step: PlannedCommand) -> None:
        """See `Face.name`."""
        click.secho(f"\n{step.why}:", bold=True)
        click.secho(f"$ {shlex.join(['edge-vad', *step.words])}", bold=True)

    def take(self, step: PlannedCommand) -> None:
        """See `Face.take`."""
        self.name(step)
        with guided():
            cli.main(list(step.words), standalone_mode=False)


def _tried(read: Callable[[str], Answer], said: str) -> tuple[Answer] | None:
    """What was read; None, once the reason is shown, where it cannot be."""
    try:
        return (read(said),)
    except EdgeVadError as error:
        click.echo(f"{error.what}\n  -> {error.todo}", err=True)
        return None


def _ask(question: str, usual: str, hidden: bool) -> str:
    is_shown = bool(usual) and not hidden
    answer = click.prompt(
        question, default=usual, hide_input=hidden, show_default=is_shown, err=True
    )
    return str(answer).strip()
