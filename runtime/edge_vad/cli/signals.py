"""How a command that goes on for weeks is ended."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from edge_vad.cli.streams import print_stderr
from edge_vad.errors import Interrupted

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def stopped_by_signals(stop: Callable[[], None], *, once: bool = True) -> Iterator[None]:
    """Let SIGTERM, SIGINT and SIGHUP end the work as it should end.

    SIGHUP comes when a terminal goes, as with a closed ssh; under nohup it is ignored.

    Args:
        stop: What ends it.
        once: Whether a second signal ends the process at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if once:
            restore()
        stop()

    def restore() -> None:
        for each, before in handlers.items():
            signal.signal(each, before)

    handlers = {each: signal.getsignal(each) or signal.SIG_DFL for each in _ENDING}
    if handlers[signal.SIGHUP] is signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    for each in handlers:
        signal.signal(each, handle)
    try:
        yield
    finally:
        restore()


@contextmanager
def left_at_once() -> Iterator[None]:
    """Let a signal end the process where it stands, while there is nothing yet to be lost.

    Libraries that are interrupted while they are loaded report that they are not installed.
    """
    with stopped_by_signals(_leave):
        yield


def _leave() -> None:
    print_stderr("interrupted before it began", "red")
    os._exit(Interrupted.exit_code)


_INTERRUPTED = threading.Event()


def interrupt() -> None:
    """Do what Ctrl-C does: raise where the work is.

    Where that is a callback of a library, what is raised may be swallowed:
    `raise_if_interrupted` raises it again.
    """
    _INTERRUPTED.set()
    raise KeyboardInterrupt


def raise_if_interrupted() -> None:
    """End work that was to be interrupted and went on."""
    if _INTERRUPTED.is_set():
        raise KeyboardInterrupt


def clear_interrupt() -> None:
    """Begin work that nobody has interrupted yet."""
    _INTERRUPTED.clear()
