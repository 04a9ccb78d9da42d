"""The first hour in a browser: its questions on a page, its commands in processes of their own."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from edge_vad.errors import EdgeVadError
from edge_vad.guide.conversation import Conversation, Entry, Kind
from edge_vad.guide.face import Answer, Face
from edge_vad.guide.progress import Progress
from edge_vad.guide.running import RunningCommand
from edge_vad.guide.steps import PlannedCommand
from edge_vad.site.edits import demand_camera


class Browser(Face):
    """Asks whoever has the page open.

    Args:
        conversation: What the page shows.
        echo: Called with every command, for whoever reads along elsewhere.
        unattended: Whether nobody is asked, and the page only shows.
    """

    draws = True

    def __init__(
        self, conversation: Conversation, echo: Callable[[str], None], *, unattended: bool
    ) -> None:
        super().__init__(unattended=unattended)
        self._conversation, self._echo = conversation, echo

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
        return self._asked(question, "secret" if hidden else "text", usual, read, choices)

    def regions(self, name: str, picture: Path, read: Callable[[str], Answer]) -> Answer:
        """See `Face.regions`."""
        question = f"Is anything to be ignored for good in the picture of {name}, such as a clock?"
        number = self._conversation.show(picture)
        return self._asked(question, "regions", "", read, picture=number)

    def agrees(self, question: str) -> bool:
        """See `Face.agrees`."""
        return self._asked(question, "yes or no", "no", lambda said: said == "yes")

    def say(self, text: str) -> None:
        """See `Face.say`."""
        self._conversation.add(Entry(text))

    def name(self, step: PlannedCommand) -> None:
        """See `Face.name`."""
        self._conversation.add(Entry(step.why, _typed(step), "done"))
        self._echo(_typed(step))

    def take(self, step: PlannedCommand) -> None:
        """See `Face.take`."""
        conversation, entry = self._conversation, Entry(step.why, _typed(step), "running")

        def far(progress: Progress) -> None:
            entry.progress = progress

        command = RunningCommand(
            step.words,
            lambda line: conversation.update(lambda: entry.lines.append(line)),
            lambda progress: conversation.update(lambda: far(progress)),
        )
        conversation.add(entry, command.stop)
        self._echo(_typed(step))
        try:
            command.run()
        except BaseException:
            conversation.finish(entry, "failed")
            raise
        entry.picture = None if step.picture is None else conversation.show(step.picture)
        conversation.finish(entry, "done")

    def demand_typed(self, source: str) -> None:
        """See `Face.demand_typed`: no files, no folders, nothing but cameras."""
        demand_camera(source)

    def _asked(
        self,
        question: str,
        kind: Kind,
        usual: str,
        read: Callable[[str], Answer],
        choices: Sequence[str] = (),
        picture: int | None = None,
    ) -> Answer:
        if self.is_unattended:
            return read(usual)
        error = ""
        while True:
            said = self._conversation.ask(question, kind, usual, choices, picture, error).strip()
            try:
                return read(said)
            except EdgeVadError as refused:
                error = str(refused)


def _typed(step: PlannedCommand) -> str:
    return shlex.join(["edge-vad", *step.words])
