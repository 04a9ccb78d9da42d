"""Workers that are processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from edge_vad.bulk.jobs import Do, WorkerLost, attempt
from edge_vad.bulk.settling import settle
from edge_vad.files.atomic import usual_umask

_CONTEXT = multiprocessing.get_context("spawn")
"""A copy of a process with threads may wait for ever for a lock that one of them held."""


class ProcessPool:
    """Starts workers that are processes.

    Args:
        make: Makes, within the worker, what does a job; a function or class of a module.
        size: How many work side by side.
        threads: Threads that each may compute with.

    Attributes:
        size: The same.
    """

    def __init__(self, make: Callable[[], Do[Any, Any]], size: int, threads: int) -> None:
        self.size = size
        self._make, self._threads = make, threads

    def start(self) -> ProcessWorker:
        """Start a process."""
        return ProcessWorker(self._make, self._threads)


class ProcessWorker:
    """A process that does one job after the other, and ends with this one.

    Args:
        make: See `ProcessPool`.
        threads: The same.

    Attributes:
        pid: Its number.
    """

    def __init__(self, make: Callable[[], Do[Any, Any]], threads: int) -> None:
        self._here, there = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_serve, args=(there, make, threads, usual_umask()), daemon=True
        )
        self._process.start()
        there.close()  # so that its end is told here
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="worker")
        self.pid = self._process.pid

    def submit(self, work: Any) -> Future[Any]:
        """See `edge_vad.bulk.jobs.JobWorker`."""
        return self._thread.submit(self._ask, work)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._thread.shutdown()
        self._here.close()

    def _ask(self, work: Any) -> Any:
        try:
            self._here.send(work)
            return self._here.recv()
        except (EOFError, OSError):
            raise WorkerLost from None


def _serve(orders: Connection, make: Callable[[], Do[Any, Any]], threads: int, umask: int) -> None:
    """Do jobs until nobody orders any."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who orders the jobs ends them
    settle(threads, umask)
    do = make()
    with suppress(EOFError, OSError):
        while True:
            orders.send(attempt(do, orders.recv()))


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))
