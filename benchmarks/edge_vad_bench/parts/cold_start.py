"""From the start of a process to its first decision, and the memory of such a process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from edge_vad.errors import EdgeVadError
from edge_vad_bench import stats
from edge_vad_bench.measure.conditions import read_conditions, was_throttled
from edge_vad_bench.measure.nvml import Nvml
from edge_vad_bench.measure.reference_workload import ReferenceWorkload
from edge_vad_bench.schema import BenchmarkRow

SCENARIO = "ColdStart"
_FRAMES = 30
_READINGS = 8
VALUES = (
    "first frame, ms",
    "resident after the first decision, MiB",
    f"resident after {_FRAMES} frames, MiB",
    "peak, MiB",
)
"""Further figures of a start."""
_LONGEST_S = 120


class _Answer(msgspec.Struct):
    decided_s: tuple[float, float]
    cpu_s: tuple[float, float]
    resident_mib: tuple[float, float]
    peak_mib: float


def measure_cold_start(
    scene: Path,
    precision: str,
    source: str,
    backend: str,
    *,
    threads: int,
    starts: int,
    nvml: Nvml | None,
    on_progress: Callable[[str], None],
) -> BenchmarkRow:
    """Start `edge-vad run` several times, each in a process of its own.

    The first decision is that on the second frame, the first with motion. Files that have been
    read before are in the system's cache, as after an earlier run.

    Args:
        scene: The scene model.
        precision: What its encoders compute in.
        source: What to watch.
        backend: What runs the scene.
        threads: CPU threads of the backend.
        starts: How often.
        nvml: The GPU's management library.
        on_progress: Called with what is being done.

    Raises:
        EdgeVadError: The command failed.
    """
    name = f"{SCENARIO}/{backend}/{precision}"
    before, reference = read_conditions(nvml), ReferenceWorkload()
    answers, times, first_frames, references = [], [], [], []
    for number in range(starts + 1):
        on_progress(f"{name}: start {number}")
        began, answer = _start(scene, source, backend, threads)
        if number == 0:  # it fills the system's file cache
            continue
        references += [reference.measure() for _ in range(_READINGS)]
        answers.append(answer)
        first_frames.append((answer.decided_s[0] - began) * 1000)
        times.append(stats.rounded((answer.decided_s[1] - began) * 1000))
    after, latency = read_conditions(nvml), stats.latency(times, 50)
    return BenchmarkRow(
        name=name,
        group="cold start",
        scenario=SCENARIO,
        subject=f"{backend} {precision}",
        precision=precision,
        backend=backend,
        device="",
        frames_a_query=1,
        latency=latency,
        fps=stats.rounded(1000 / latency.mean),
        samples_ms=tuple(times),
        blocks=(1,) * starts,
        cpu_ms=tuple(stats.rounded(1000 * each.cpu_s[1]) for each in answers),
        reference_ms=tuple(stats.rounded(each.wall_ms) for each in references),
        reference_cpu_ms=tuple(stats.rounded(each.cpu_ms) for each in references),
        reference_blocks=(_READINGS,) * starts,
        contention_cores=None,  # not known: the children of this process would count as others
        stages={},
        stable=True,
        joules_a_frame=None,
        energy_from=None,
        before=before,
        after=after,
        throttled=was_throttled(before, after),
        values=_values(answers, first_frames),
    )


def _start(scene: Path, source: str, backend: str, threads: int) -> tuple[float, _Answer]:
    with TemporaryDirectory(prefix="edge-vad-bench-") as folder:
        command = [sys.executable, "-m", "edge_vad_bench.parts.first_decision", str(_FRAMES)]
        command += ["run", str(scene), source, "--out", folder, "--backend", backend]
        command += ["--threads", str(threads)]
        began = time.clock_gettime(time.CLOCK_MONOTONIC)
        done = subprocess.run(  # noqa: S603 - our own program, no shell
            command, capture_output=True, timeout=_LONGEST_S, check=False, env=os.environ
        )
    try:
        return began, msgspec.json.decode(done.stdout, type=_Answer)
    except msgspec.DecodeError:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise EdgeVadError(
            f"edge-vad run gave no {_FRAMES} decisions ({lines[0] if lines else 'no message'})",
            f"give footage of {_FRAMES} frames or more, and try edge-vad run with it first",
        ) from None


def _values(answers: Sequence[_Answer], first_frames: Sequence[float]) -> dict[str, float]:
    figures = (
        round(float(np.median(first_frames)), 2),
        _median(each.resident_mib[0] for each in answers),
        _median(each.resident_mib[1] for each in answers),
        _median(each.peak_mib for each in answers),
    )
    return dict(zip(VALUES, figures, strict=True))


def _median(values: object) -> float:
    return round(float(np.median(list(values))), 1)  # type: ignore[call-overload]
