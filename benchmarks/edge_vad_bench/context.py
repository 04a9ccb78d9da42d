"""The context of a report: device, scenes, plan and settings, conditions of the machine."""

from __future__ import annotations

from typing import Annotated

import msgspec

from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.doctor.report import Processor

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the report: immutable; a document with an unknown field is refused."""


class Device(Record, frozen=True):
    """What was measured on.

    Attributes:
        fingerprint: GPU, driver, board.
        processor: CPU and memory.
        system: Operating system, kernel, architecture.
        python: Version.
        libraries: Package to version, of those that do the work.
    """

    fingerprint: DeviceFingerprint
    processor: Processor
    system: str
    python: str
    libraries: dict[str, str]


class SceneUsed(Record, frozen=True):
    """A scene model that was measured.

    Attributes:
        name: Of the file.
        sha256: Of the file.
        precision: What its encoders compute in.
        width: Columns of the frame that the graph takes.
        height: Rows.
        window: T, flow fields that are pooled.
        gmac: Multiply-accumulates of one frame, 1e9; None where the onnx package is absent.
        mib_moved: Weights, inputs and outputs of all operators for one frame, MiB, if none stays
            in a cache.
        launches: Operators of one frame that compute or move something, those in loops as often as
            they go round.
    """

    name: str
    sha256: str
    precision: str
    width: int
    height: int
    window: int
    gmac: float | None = None
    mib_moved: float | None = None
    launches: int | None = None


class Plan(Record, frozen=True):
    """How long is measured, and when it is enough.

    Attributes:
        warm_up_s: Seconds of every workload before anything counts.
        block_s: Least seconds of a block; workloads take turns block by block.
        block_queries: Least queries of a block.
        blocks: Least blocks of each.
        most_blocks: Most blocks of each.
        tolerance: The last `settled` blocks' medians lie within this of one another: then the
            figure is stable and measuring ends.
        settled: See `tolerance`.
        starts: Cold starts that are measured.
        watch_s: Seconds for which cameras are watched, each time that another number is tried.
        most_cameras: Cameras that are watched at once, at most.
        injected_delay: Share of its time by which every query is delayed on purpose, to see whether
            a comparison notices; `handicap` in the JSON.
    """

    warm_up_s: float = 1.0
    block_s: float = 0.5
    block_queries: int = 20
    blocks: Annotated[int, msgspec.Meta(ge=2)] = 20
    most_blocks: int = 40
    tolerance: Share = 0.05
    settled: int = 3
    starts: int = 5
    watch_s: float = 8.0
    most_cameras: int = 64
    injected_delay: Share = msgspec.field(default=0.0, name="handicap")


QUICK = Plan(
    warm_up_s=0.2,
    block_s=0.2,
    block_queries=3,
    blocks=3,
    most_blocks=4,
    settled=2,
    starts=1,
    watch_s=1.0,
    most_cameras=2,
)
"""To see that everything works; too short to compare."""


class BenchmarkSettings(Record, frozen=True):
    """What was asked for; an interrupted benchmark goes on only under the same.

    Attributes:
        scenes: The scene models.
        source: Name of the footage.
        backends: What ran them.
        threads: CPU threads of a backend.
        plan: How long was measured.
        parts: The parts of the benchmark that were asked for.
        scenarios: The scenarios of them.
        opencv_threads: CPU threads of OpenCV; as many as a backend's where it is None.
    """

    scenes: tuple[SceneUsed, ...]
    source: str
    backends: tuple[str, ...]
    threads: int
    plan: Plan
    parts: tuple[str, ...]
    scenarios: tuple[str, ...] = ()
    opencv_threads: int | None = None

    @property
    def most_threads(self) -> int:
        """CPU threads of the stage that has the most."""
        return max(self.threads, self.opencv_threads or 1)


class Conditions(Record, frozen=True):
    """The state of the machine at one moment; None: the system does not report it.

    Attributes:
        load: Processes that wanted a CPU, on average over the last minute.
        cpu_mhz: Clock of the fastest core.
        gpu_mhz: Clock of the GPU.
        hottest_c: Temperature of the hottest sensor, degrees Celsius.
        throttled: What is being slowed down by heat or power just now.
        over_current: Times that the board drew too much current since it started.
        power_mode: Of a Jetson.
    """

    load: float | None = None
    cpu_mhz: float | None = None
    gpu_mhz: float | None = None
    hottest_c: float | None = None
    throttled: tuple[str, ...] = ()
    over_current: int | None = None
    power_mode: str | None = None
