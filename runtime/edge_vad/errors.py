"""Every error that edge-vad raises on purpose, with the exit code the command line gives it."""

from __future__ import annotations

from typing import ClassVar


class EdgeVadError(Exception):
    """Something went wrong that the reader of the message can mend.

    Args:
        what: What happened, one sentence without a full stop.
        todo: What to do about it, one sentence.

    Attributes:
        what: What happened.
        todo: What to do about it.
        exit_code: What the command line ends with.
        code: Kind of the error; stays the same when messages change.
        page: Where the kind is documented.

    Example:
        >>> error = EdgeVadError("the disk is full", "free some space and run again")
        >>> str(error)
        'the disk is full: free some space and run again'
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "failed"

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what, todo)
        self.what = what
        self.todo = todo

    @property
    def page(self) -> str:
        """Where errors of this kind are documented."""
        return page_of(self.code)

    @property
    def document(self) -> dict[str, str]:
        """The error for programs."""
        return {"error": self.what, "todo": self.todo, "code": self.code, "page": self.page}

    def __str__(self) -> str:
        return f"{self.what}: {self.todo}"


class CheckFailed(EdgeVadError):
    """A check that was asked for did not pass (exit code 1)."""

    code = "check-failed"


class WrongUse(EdgeVadError):
    """The arguments contradict each other or name something that is not there (exit code 2)."""

    exit_code = 2
    code = "wrong-use"


class BadInput(EdgeVadError):
    """Footage, a data set or a folder that cannot be used (exit code 3)."""

    exit_code = 3
    code = "bad-input"


class BadModel(EdgeVadError):
    """A scene model or checkpoint that is broken, foreign or too new (exit code 3)."""

    exit_code = 3
    code = "bad-model"


class Unavailable(EdgeVadError):
    """A device, backend or optional package that is not on this machine (exit code 4)."""

    exit_code = 4
    code = "unavailable"


class ServerAway(Unavailable):
    """A server that scores frames and does not answer (exit code 4)."""

    code = "server-away"


class SourceLost(EdgeVadError):
    """Live sources that never sent a frame (exit code 5)."""

    exit_code = 5
    code = "source-lost"


class NotAllKept(EdgeVadError):
    """A run is done, but something was not stored or not delivered (exit code 6)."""

    exit_code = 6
    code = "not-all-kept"


class NotAllDone(EdgeVadError):
    """Some of many clips or cameras failed, and all others are done (exit code 7)."""

    exit_code = 7
    code = "not-all-done"


class Interrupted(EdgeVadError):
    """A run was ended with Ctrl-C or a signal (exit code 130, as shells have it)."""

    exit_code = 130
    code = "interrupted"


def page_of(code: str) -> str:
    """Where a kind of error is documented."""
    return f"docs/errors.md#{code}"
