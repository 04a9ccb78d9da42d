"""Writes down how thresholds follow drift, so that the next run goes on from there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from edge_vad.alarms.drift import DriftState, DriftStep
from edge_vad.sinks.base import Sink, SinkHealth, Tally
from edge_vad.sinks.lines.line_file import LineFile
from edge_vad.sinks.messages import DriftMessage

STEPS = "drift.jsonl"
_LARGEST_MB = 10
_LONGEST_LINE = 10_000


class DriftSteps(Sink):
    """A file with every step of every camera's threshold, and where it begins and ends a run.

    Args:
        folder: Where it lies.

    Raises:
        BadInput: The folder cannot be made.
    """

    name = "drift"

    def __init__(self, folder: Path) -> None:
        self._file = LineFile(folder / STEPS, _LARGEST_MB, self.name)

    def drift(self, camera: str, step: DriftStep, at: float) -> None:
        """Write the step."""
        message = DriftMessage(
            camera=camera,
            at=round(at, 3),
            threshold=step.threshold,
            at_bound=step.at_bound,
            state=step.state,
        )
        self._file.put(message)

    def health(self) -> SinkHealth:
        """Say whether the file takes all, and how many lines wait."""
        return self._file.health()

    def tallies(self) -> Sequence[Tally]:
        """How many steps are written, wait in memory, and were lost."""
        return (self._file.tally(),)

    def close(self, timeout_s: float) -> None:
        """Write what waits."""
        self._file.close(timeout_s)


def last_states(folder: Path) -> dict[str, DriftState]:
    """Where every camera's threshold came to, by the file of earlier runs; none where none is.

    Lines that are cut off or no steps are passed over.
    """
    states: dict[str, DriftState] = {}
    decoder = msgspec.json.Decoder(DriftMessage)
    for name in (f"{STEPS}.1", STEPS):
        try:
            with (folder / name).open("rb") as file:
                while line := file.readline(_LONGEST_LINE):
                    try:
                        message = decoder.decode(line)
                    except (msgspec.DecodeError, RecursionError):
                        continue
                    states[message.camera] = message.state
        except OSError:
            continue
    return states
