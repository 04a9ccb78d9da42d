"""How far a command is, told to the program that gave it: JSON text sequences (RFC 7464)."""

from __future__ import annotations

import os
import sys
import time

import msgspec

GUIDED = "EDGE_VAD_GUIDED"
"""Environment variable of a command that is given by edge-vad init --serve."""
_MARK = "\x1e"
_EVERY_S = 0.25
_LONGEST_LABEL = 200


class Progress(msgspec.Struct, frozen=True):
    """How far a command is.

    Attributes:
        label: What it does just now.
        done: Steps that are done.
        total: Steps that there are; None where that is not known.
        in_seconds: Whether the steps are seconds.
    """

    label: str
    done: float
    total: float | None = None
    in_seconds: bool = False


def is_guided() -> bool:
    """Whether this command is given by a program that reads its progress."""
    return bool(os.environ.get(GUIDED))


class ProgressLines:
    """Tells on stderr how far something is, some times a second.

    Args:
        label: What is being done.
        total: How many steps there are, if that is known.
        in_seconds: Whether the steps are seconds.
    """

    def __init__(self, label: str, total: float | None, *, in_seconds: bool = False) -> None:
        self._told = Progress(label[:_LONGEST_LABEL], 0.0, total, in_seconds)
        self._due_s = 0.0
        self.at(0.0)

    def advance(self, steps: float = 1) -> None:
        """Go on by so many steps."""
        self.at(self._told.done + steps)

    def at(self, done: float) -> None:
        """Be so far.

        Raises:
            KeyboardInterrupt: Nobody reads it any more: whoever gave the command was killed.
        """
        self._told = msgspec.structs.replace(self._told, done=done)
        now_s = time.monotonic()
        if now_s < self._due_s and done != self._told.total:
            return
        self._due_s = now_s + _EVERY_S
        try:
            sys.stderr.write(f"{_MARK}{msgspec.json.encode(self._told).decode()}\n")
            sys.stderr.flush()
        except OSError:
            raise KeyboardInterrupt from None


def read_progress(line: str) -> Progress | None:
    """What a line tells of progress; None where it is another line."""
    if not line.startswith(_MARK):
        return None
    try:
        return msgspec.json.decode(line[1:], type=Progress)
    except msgspec.DecodeError:
        return None
