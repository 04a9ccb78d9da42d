"""What workers do in tests; they import it by name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_vad.errors import BadInput

Do = Callable[[Any], Any]


def make_square() -> Callable[[int], int]:
    """Squares numbers; there are some that it does not like."""

    def square(number: int) -> int:
        if number == 13:
            raise BadInput("13 is no number", "take another one")
        if number == 14:
            raise RuntimeError("a bug")
        return number * number

    return square


def make_pid() -> Callable[[object], int]:
    return lambda _: os.getpid()


def make_deadly_once(
    folder: Path, make: Callable[[], Callable[[Any], Any]]
) -> Callable[[Any], Any]:
    """Is killed at the first job of all, as if memory had run out, in the middle of it."""
    do = make()

    def once(work: Any) -> Any:
        try:
            (folder / "killed").touch(exist_ok=False)
        except FileExistsError:
            return do(work)
        do(work)
        os.kill(os.getpid(), signal.SIGKILL)
        return time.sleep(60)

    return once


def make_deadly() -> Callable[[object], object]:
    """Is killed at every job but those that are 0."""

    def kill(work: object) -> object:
        if work:
            os.kill(os.getpid(), signal.SIGKILL)
        return work

    return kill
