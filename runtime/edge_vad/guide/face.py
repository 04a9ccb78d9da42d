"""Whoever is led through the first hour: asked questions, shown commands as they are given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from edge_vad.guide.steps import PlannedCommand

Answer = TypeVar("Answer")


class Face(ABC):
    """Asks, says and gives commands: on a terminal, or in a browser.

    Args:
        unattended: Whether nobody is asked: what is usual is the answer.

    Attributes:
        is_unattended: As above.
        draws: Whether regions are drawn on a picture, and not typed.
    """

    draws = False

    def __init__(self, *, unattended: bool) -> None:
        self.is_unattended = unattended

    @abstractmethod
    def text(
        self,
        question: str,
        usual: str,
        read: Callable[[str], Answer],
        *,
        hidden: bool = False,
        choices: Sequence[str] = (),
    ) -> Answer:
        """Ask for a text, again and again until it can be read.

        Args:
            question: Without a question mark.
            usual: The answer where nothing is said.
            read: Makes sense of the answer, or raises an EdgeVadError.
            hidden: Whether what is typed is not shown.
            choices: Things that the answer may name by their numbers, from 1.

        Raises:
            EdgeVadError: Nobody is asked, and the usual answer cannot be.
        """

    @abstractmethod
    def regions(self, name: str, picture: Path, read: Callable[[str], Answer]) -> Answer:
        """Ask which regions of a camera's picture are to be ignored.

        Args:
            name: The camera's.
            picture: A JPEG file.
            read: Makes sense of polygons with `;` between, or raises an EdgeVadError.
        """

    @abstractmethod
    def agrees(self, question: str) -> bool:
        """Ask whether something is wanted; it is not where nobody is asked."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Say something."""

    @abstractmethod
    def name(self, step: PlannedCommand) -> None:
        """Say by which command one does by oneself what is done now."""

    @abstractmethod
    def take(self, step: PlannedCommand) -> None:
        """Say what a command is for, show it and run it.

        Raises:
            EdgeVadError: As the command does.
        """

    def demand_typed(self, source: str) -> None:
        """See to it that a camera may be added that somebody typed here.

        Raises:
            WrongUse: It may not.
        """
