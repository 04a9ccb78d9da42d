"""What a selftest found."""

from __future__ import annotations

from typing import Literal

import msgspec

from edge_vad.doctor.report import BackendState

Outcome = Literal["ok", "skipped", "failed"]


class Step(msgspec.Struct, frozen=True):
    """Something that was done, or not.

    Attributes:
        name: Such as `scene`.
        outcome: What came of it.
        detail: What was done, why it was skipped or how it failed.
        mend: What to do about that; None where nothing is amiss.
    """

    name: str
    outcome: Outcome
    detail: str
    mend: str | None = None


class BackendComparison(msgspec.Struct, frozen=True):
    """A backend beside ONNX Runtime on the CPU.

    Attributes:
        backend: Its name.
        device: What it ran on.
        map_error: Largest difference of the anomaly maps over their largest magnitude; None
            where it failed.
        score_error: The same for the frame scores.
        ms_a_frame: Median time of the graph for one frame, from the host's memory and back.
        agrees: Whether both errors are within the tolerance.
        failure: Why it gave nothing; None where it gave something.
    """

    backend: str
    device: str
    map_error: float | None
    score_error: float | None
    ms_a_frame: float | None
    agrees: bool
    failure: str | None = None


class SelftestReport(msgspec.Struct, frozen=True):
    """All of a selftest.

    Attributes:
        scene: Where the scene came from, in words.
        steps: What was done before the comparison.
        frames: Frames that were compared.
        tolerance: Largest error at which a backend agrees.
        comparisons: One a usable backend, ONNX Runtime on the CPU first.
        absent: Backends that cannot be used here, each with the reason and the mend.
        passed: Whether every step succeeded or was skipped, and every backend agrees.
    """

    scene: str
    steps: tuple[Step, ...]
    frames: int
    tolerance: float
    comparisons: tuple[BackendComparison, ...]
    absent: tuple[BackendState, ...]
    passed: bool
