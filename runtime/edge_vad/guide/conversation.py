"""What is said between edge-vad init and a browser: commands, questions, answers; of any thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from edge_vad.errors import WrongUse
from edge_vad.guide.progress import Progress

_MOST_LINES = 200
Kind = Literal["text", "secret", "yes or no", "regions"]
State = Literal["said", "running", "done", "failed"]


class Question(msgspec.Struct, frozen=True):
    """A question that waits for its answer.

    Attributes:
        number: Another one for every question, and for the same that is asked again.
        text: The question.
        kind: How it is answered.
        usual: The answer where nothing is said.
        choices: Things that the answer may name by their numbers, from 1.
        picture: Number of the picture that it is about; None for none.
        error: Why the answer before could not be; empty where there was none.
    """

    number: int
    text: str
    kind: Kind
    usual: str = ""
    choices: tuple[str, ...] = ()
    picture: int | None = None
    error: str = ""


class EntryView(msgspec.Struct, frozen=True):
    """Something that was said or done.

    Attributes:
        text: What was said, or what the command is for.
        command: As it is typed; empty where there was none.
        state: How it is with it.
        lines: What it printed last.
        progress: How far it is; None where that is not known.
        picture: Number of the picture that it wrote; None for none.
    """

    text: str
    command: str
    state: State
    lines: tuple[str, ...]
    progress: Progress | None
    picture: int | None


class GuideEnding(msgspec.Struct, frozen=True):
    """How it ended.

    Attributes:
        is_done: Whether all is done; else something has failed, and may be tried again.
        text: What happened.
        todo: What comes next: a command, or what to mend.
    """

    is_done: bool
    text: str
    todo: str


class ConversationView(msgspec.Struct, frozen=True):
    """All that a page shows.

    Attributes:
        entries: What was said and done, in its order.
        question: What is asked now, if anything is.
        ending: How it ended, where it has.
    """

    entries: tuple[EntryView, ...]
    question: Question | None
    ending: GuideEnding | None


@dataclass
class Entry:
    """As `EntryView`; it changes while the command runs."""

    text: str
    command: str = ""
    state: State = "said"
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))
    progress: Progress | None = None
    picture: int | None = None

    def view(self) -> EntryView:
        """How it is now."""
        return EntryView(
            self.text, self.command, self.state, tuple(self.lines), self.progress, self.picture
        )


class Conversation:
    """Holds what a page shows, and hands its answers to whoever asked."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._entries: list[Entry] = []
        self._pictures: list[Path] = []
        self._question: Question | None = None
        self._answer: str | None = None
        self._asked = 0
        self._ending: GuideEnding | None = None
        self._stop: Callable[[], None] | None = None

    def view(self) -> ConversationView:
        """All of it, as it is now."""
        with self._changed:
            entries = tuple(entry.view() for entry in self._entries)
            return ConversationView(entries, self._question, self._ending)

    def picture(self, number: int) -> Path | None:
        """The file of a picture that is shown; None where there is no such number."""
        with self._changed:
            return self._pictures[number] if 0 <= number < len(self._pictures) else None

    def show(self, picture: Path) -> int:
        """Let a picture be shown; its number."""
        with self._changed:
            self._pictures.append(picture)
            return len(self._pictures) - 1

    def add(self, entry: Entry, stop: Callable[[], None] | None = None) -> None:
        """Add something that is said or done.

        Args:
            entry: What.
            stop: Ends it before its time; None where that cannot be.
        """
        with self._changed:
            self._entries.append(entry)
            self._stop = stop

    def update(self, change: Callable[[], None]) -> None:
        """Change an entry, while nobody looks."""
        with self._changed:
            change()

    def finish(self, entry: Entry, state: State) -> None:
        """Say how a command has ended."""
        with self._changed:
            entry.state, entry.progress, self._stop = state, None, None

    def ask(
        self,
        text: str,
        kind: Kind,
        usual: str = "",
        choices: Sequence[str] = (),
        picture: int | None = None,
        error: str = "",
    ) -> str:
        """Ask, and wait for the answer; see `Question`."""
        with self._changed:
            self._asked += 1
            self._question = Question(
                self._asked, text, kind, usual, tuple(choices), picture, error
            )
            try:
                return self._waited()
            finally:
                self._question = None

    def end(self, ending: GuideEnding) -> None:
        """Say how it ended."""
        with self._changed:
            self._ending = ending

    def wait_for_another_try(self) -> None:
        """Wait until somebody wants to go on after what failed."""
        with self._changed:
            self._waited()
            self._ending = None

    def answer(self, number: int, text: str) -> None:
        """Answer a question.

        Raises:
            WrongUse: It is not asked, or no longer.
        """
        with self._changed:
            if (
                self._question is None
                or self._question.number != number
                or self._answer is not None
            ):
                raise WrongUse("this is not asked, or no longer", "load the page again")
            self._answered(text)

    def go_on(self) -> None:
        """Try again after what failed.

        Raises:
            WrongUse: Nothing has.
        """
        with self._changed:
            if self._ending is None or self._ending.is_done:
                raise WrongUse("nothing has failed", "load the page again")
            self._answered("")

    def stop(self) -> None:
        """End the command that runs, as Ctrl-C does.

        Raises:
            WrongUse: None runs.
        """
        with self._changed:
            if self._stop is None:
                raise WrongUse("no command runs", "load the page again")
            self._stop()

    def _answered(self, text: str) -> None:
        self._answer = text
        self._changed.notify_all()

    def _waited(self) -> str:
        self._changed.wait_for(lambda: self._answer is not None)
        answer, self._answer = self._answer, None
        return answer or ""
