"""Questions to whoever sits at the terminal, or the answers that are usual where nobody does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import click

from edge_vad.errors import EdgeVadError, WrongUse

Answer = TypeVar("Answer")


class Asking:
    """Asks; or takes what is usual.

    Args:
        unattended: Whether nobody is asked.

    Raises:
        WrongUse: Somebody is to be asked, and nobody is there.
    """

    def __init__(self, *, unattended: bool) -> None:
        self.is_unattended = unattended
        if not unattended and not (sys.stdin and sys.stdin.isatty()):
            raise WrongUse(
                "there is no terminal to ask questions in", "add --yes, which takes what is usual"
            )

    def text(
        self, question: str, usual: str, read: Callable[[str], Answer], *, hidden: bool = False
    ) -> Answer:
        """Ask for a text, again and again until it can be read.

        Args:
            question: Without a question mark.
            usual: The answer of whoever just presses Enter, and of nobody.
            read: Makes sense of the answer, or raises an EdgeVadError.
            hidden: Whether what is typed is not shown.

        Raises:
            EdgeVadError: Nobody is asked, and the usual answer cannot be.
        """
        if self.is_unattended:
            return read(usual)
        while (answer := _tried(read, _ask(question, usual, hidden))) is None:
            continue
        return answer[0]

    def agrees(self, question: str, usual: bool = False) -> bool:
        """Ask whether something is wanted."""
        return usual if self.is_unattended else click.confirm(question, default=usual, err=True)


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
