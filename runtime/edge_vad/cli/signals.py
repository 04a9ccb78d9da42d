"""How a command that goes on for weeks is ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the work as it should end; a second one ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        stop()
        for each, before in handlers.items():
            signal.signal(each, before)

    handlers = {each: signal.signal(each, heard) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, before in handlers.items():
            signal.signal(each, before)
