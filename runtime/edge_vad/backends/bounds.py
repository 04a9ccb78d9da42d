"""Bounds on memory and time of graphs on the CPU, whatever they compute."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from functools import cache
from types import ModuleType, TracebackType
from typing import Any

MOST_MEMORY = 2**30
"""Bytes that all graphs of this process take together, at most."""

LONGEST_RUN_S = 4.0
"""Seconds that the calling thread may compute: on a machine that is busy, or sleeps, more pass."""
_WATCH_S = 0.25


@cache
def _bounded_memory(ort: ModuleType) -> None:
    kind = ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    place = ort.OrtMemoryInfo("Cpu", kind, 0, ort.OrtMemType.DEFAULT)
    as_requested = 1
    arena = {"max_mem": MOST_MEMORY, "arena_extend_strategy": as_requested}
    ort.create_and_register_allocator(place, ort.OrtArenaCfg(arena))


def bound_memory(ort: ModuleType, options: Any) -> list[str]:
    """Have a session take its memory where there is a limit; call it for sessions on the CPU.

    Args:
        ort: The module `onnxruntime`.
        options: The session's; changed.

    Returns:
        Optimisers that the session must do without: folding constants takes memory without a limit
        and time that nothing ends, and an exported graph has none left to fold.
    """
    _bounded_memory(ort)
    options.add_session_config_entry("session.use_env_allocators", "1")
    return ["ConstantFolding"]


class RunDeadline:
    """Ends runs that take too long; between two nodes, for no node can be ended.

    Args:
        ort: The module `onnxruntime`.
        seconds: How long a run may compute in the thread that calls it.

    Attributes:
        options: What each run has to be given.
        passed: Whether the last run was ended.
    """

    def __init__(self, ort: ModuleType, seconds: float = LONGEST_RUN_S) -> None:
        self.options: Any = ort.RunOptions()
        self.passed = False
        self._seconds = seconds
        self._running: tuple[int, float] | None = None
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="deadline", daemon=True).start()

    def __enter__(self) -> None:
        self.passed = self.options.terminate = False
        clock = time.pthread_getcpuclockid(threading.get_ident())
        self._running = clock, time.clock_gettime(clock) + self._seconds

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running = None

    def close(self) -> None:
        """End the watching."""
        self._closed.set()

    def _watch(self) -> None:
        while not self._closed.wait(_WATCH_S):
            running = self._running
            with suppress(OSError):  # the thread has ended meanwhile
                if running and time.clock_gettime(running[0]) > running[1]:
                    self.passed = self.options.terminate = True
