"""How far a build is, and a way to end it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, SupportsInt

from edge_vad.backends.tensorrt_library import Library

if TYPE_CHECKING:
    import tensorrt as trt

OnProgress = Callable[[float, str], None]
"""Takes how much is done, 0 to 1, and what is being done."""


@dataclass
class _Phase:
    parent: str | None
    steps: int
    done: int = 0


class BuildProgress:
    """Puts a builder's nested phases together to one number.

    A phase with steps of its own, begun while another stood at step k of n, fills the way from k/n
    to (k+1)/n of that one.

    Args:
        on_progress: Told after every step.
    """

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._phases: dict[str, _Phase] = {}
        self._reached = 0.0
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End the build at its next step."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether the build was to be ended."""
        return self._cancelled.is_set()

    def start(self, name: str, parent: str | None, steps: int) -> None:
        """A phase begins."""
        self._phases[name] = _Phase(parent, max(steps, 1))
        self._report(name)

    def step(self, name: str, step: int) -> bool:
        """A step, counted from 0, is done; gives whether to go on."""
        if name in self._phases:
            self._phases[name].done = step + 1
            self._report(name)
        return not self.is_cancelled

    def finish(self, name: str) -> None:
        """A phase is over."""
        if name in self._phases:
            self._phases[name].done = self._phases[name].steps
            self._report(name)
            del self._phases[name]

    def _report(self, name: str) -> None:
        share, phase, is_rooted = 0.0, self._phases.get(name), False
        while phase:
            share = min((phase.done + share) / phase.steps, 1.0)
            # Where a parent is over, its share of the whole is not known.
            is_rooted, phase = not phase.parent, self._phases.get(phase.parent or "")
        if is_rooted:
            self._reached = max(self._reached, share)
        self._on_progress(self._reached, name)


def make_monitor(library: Library, progress: BuildProgress) -> trt.IProgressMonitor:
    """What a builder config takes."""
    if not TYPE_CHECKING:
        trt = library.api

    class Monitor(trt.IProgressMonitor):
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)

        def phase_start(
            self, phase_name: str, parent_phase: str | None, num_steps: SupportsInt
        ) -> None:
            progress.start(phase_name, parent_phase, int(num_steps))

        def step_complete(self, phase_name: str, step: SupportsInt) -> bool:
            return progress.step(phase_name, int(step))

        def phase_finish(self, phase_name: str) -> None:
            progress.finish(phase_name)

    return Monitor()
