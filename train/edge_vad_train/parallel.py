"""Does several pieces of work at once; gives up all of them when one fails or is interrupted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from threading import Event
from typing import ParamSpec, TypeVar

import numpy as np
import torch

for _kind in (np.float32, np.float64):
    np.finfo(_kind)  # found out once; numpy warns of it in threads that `_settle` has settled

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = ParamSpec("Progress")


def run_in_parallel(
    work: Callable[[Item, Callable[Progress, None]], Result],
    items: Iterable[Item],
    progress: Callable[Progress, None],
) -> list[Result]:
    """Do the work for every item in threads, as many as there are cores, each on a core of its own.

    Steps of ours are too small to be shared by cores: two threads a step take twice as long as one,
    and on a busy machine, waiting for one another, ten times as long.

    Args:
        work: Takes an item, and what it must call now and then with its progress.
        items: What to do it for.
        progress: Called with what every piece of work reports; it must be safe to call from any
            thread.

    Returns:
        The results in the order of the items.
    """
    given_up = Event()

    def report(*steps: Progress.args, **named: Progress.kwargs) -> None:
        if given_up.is_set():
            raise CancelledError
        progress(*steps, **named)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0)), initializer=_settle) as pool:
        try:
            return list(pool.map(lambda item: work(item, report), items))
        except BaseException as error:
            given_up.set()  # otherwise Ctrl-C waits for the end of everything
            if isinstance(error.__context__, KeyboardInterrupt):  # it fell into a lock's own work
                raise KeyboardInterrupt from error
            raise


def _settle() -> None:
    """Set what holds for the thread that sets it alone.

    Where a scene is still or black, gradients underflow, and with numbers that small processors
    take ten times as long.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
