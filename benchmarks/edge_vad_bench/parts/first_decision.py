"""Runs `edge-vad run` up to its first decisions and reports their times: a program of its own.

Started as `python -m edge_vad_bench.parts.first_decision FRAMES run SCENE SOURCE --out FOLDER`; it
prints one JSON object. Before the command line it imports nothing that the command line itself
would not import.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable


def main() -> None:
    """Run the command line; leave after so many decisions."""
    frames = int(sys.argv.pop(1))
    import edge_vad.scoring.detector

    decide = edge_vad.scoring.detector.Detector.decide
    edge_vad.scoring.detector.Detector.decide = _timed(decide, frames)  # type: ignore[method-assign,assignment]
    from edge_vad.cli import main as command_line

    command_line()


def _timed(decide: Callable[..., object], frames: int) -> Callable[..., object]:
    decided: list[float] = []
    used: list[float] = []
    resident: list[float] = []

    def timed(*arguments: object) -> object:
        detection = decide(*arguments)
        decided.append(time.clock_gettime(time.CLOCK_MONOTONIC))
        used.append(time.process_time())
        if len(decided) in (2, frames):
            resident.append(_resident_mib("VmRSS"))
        if len(decided) == frames:
            _report(decided, used, resident)
        return detection

    return timed


def _report(decided: list[float], used: list[float], resident: list[float]) -> None:
    """Print the measurements, and exit at once: the rest of the run is not needed."""
    import json

    answer = {
        "decided_s": decided[:2],
        "cpu_s": used[:2],
        "resident_mib": resident,
        "peak_mib": _resident_mib("VmHWM"),
    }
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)


def _resident_mib(field: str) -> float:
    """Memory of this process, as the kernel reports it; 0 where it does not."""
    try:
        with open("/proc/self/status") as file:  # noqa: PTH123 - pathlib may not be loaded yet
            lines = [line.split() for line in file]
    except OSError:
        return 0.0
    return next((int(line[1]) / 1024 for line in lines if line[0] == f"{field}:"), 0.0)


if __name__ == "__main__":
    main()
