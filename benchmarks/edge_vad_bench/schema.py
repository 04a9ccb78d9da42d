"""The report of a benchmark: one JSON document, from which the pages are made.

Fields of the JSON keep the names of earlier versions; where the code has another, `name=` says so.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge_vad_bench.context import (
    QUICK,
    BenchmarkSettings,
    Conditions,
    Device,
    Plan,
    Record,
    SceneUsed,
)

__all__ = [
    "QUICK",
    "SCHEMA",
    "BaselineAgreement",
    "BenchmarkReport",
    "BenchmarkRow",
    "BenchmarkSettings",
    "ComputeBound",
    "Conditions",
    "Device",
    "Growth",
    "Latency",
    "MotionProjection",
    "Plan",
    "Projection",
    "SceneUsed",
    "StageTimes",
    "WatchedCameras",
]

SCHEMA = 2

Milliseconds = Annotated[float, msgspec.Meta(ge=0)]


class Latency(Record, frozen=True):
    """Of all queries of a row, ms.

    Attributes:
        mean: Average.
        p50: Median; the others are percentiles.
        p90: 90 in 100 are as fast.
        p95: 95 in 100.
        p99: 99 in 100.
        p999: 999 in 1000; of fewer queries it is close to the slowest.
        slowest: The slowest.
        jitter: Mean difference between a query and the one before.
        bound: The metric percentile of the scenario with 99% confidence, as MLPerf's early
            stopping has it; None where the queries are too few for it.
    """

    mean: Milliseconds
    p50: Milliseconds
    p90: Milliseconds
    p95: Milliseconds
    p99: Milliseconds
    p999: Milliseconds
    slowest: Milliseconds
    jitter: Milliseconds
    bound: Milliseconds | None = None


class StageTimes(Record, frozen=True):
    """One stage of a query's way, ms.

    Attributes:
        mean: Average.
        p50: Median.
        p99: 99 in 100 are as fast.
        blocks: Median of every block.
    """

    mean: Milliseconds
    p50: Milliseconds
    p99: Milliseconds
    blocks: tuple[float, ...]


class BenchmarkRow(Record, frozen=True):
    """One thing that was measured.

    Attributes:
        name: Unique in the report, and the same in the next one: rows are compared by it.
        group: Rows of a group were measured in turns, in one run.
        scenario: `SingleStream`, `MultiStream`, `Offline`, `ColdStart`, or what it is.
        subject: What was measured, for readers.
        precision: What the encoders computed in.
        backend: What ran the graph.
        device: Where it ran.
        frames_a_query: Frames that a query decides on.
        latency: Of the queries.
        fps: Frames a second.
        samples_ms: Every query that counted, in order.
        blocks: How many of the samples every block has.
        cpu_ms: CPU time of all threads in every query; nothing where it is not known.
        reference_ms: Runs of the reference workload between the queries: fixed work, the same in
            every version and on every machine. It separates a slow machine from a slow program.
        reference_cpu_ms: CPU time of the same runs.
        reference_blocks: Number of these in every block.
        contention_cores: Cores that other processes used meanwhile, on average; None where the
            system does not report it.
        stages: Stage to its times, in the order of a frame's way.
        stable: Whether the last blocks agreed, see `Plan.tolerance`.
        joules_a_frame: Energy of the whole device, idle included; None where it cannot be read.
        energy_from: The meter.
        before: The machine before the first block.
        after: The machine after the last one.
        throttled: Whether anything was slowed down by heat or power before or after.
        values: Further figures of this kind of row, by name with unit.
    """

    name: str
    group: str
    scenario: str
    subject: str
    precision: str
    backend: str
    device: str
    frames_a_query: Annotated[int, msgspec.Meta(ge=1)]
    latency: Latency
    fps: float
    samples_ms: tuple[float, ...]
    blocks: tuple[int, ...]
    cpu_ms: tuple[float, ...]
    reference_ms: tuple[float, ...] = msgspec.field(name="yardstick_ms")
    reference_cpu_ms: tuple[float, ...] = msgspec.field(name="yardstick_cpu_ms")
    reference_blocks: tuple[int, ...] = msgspec.field(name="yardstick_blocks")
    contention_cores: float | None = msgspec.field(name="others_cores")
    stages: dict[str, StageTimes]
    stable: bool
    joules_a_frame: float | None
    energy_from: str | None
    before: Conditions
    after: Conditions
    throttled: bool
    values: dict[str, float] = msgspec.field(default_factory=dict)


class WatchedCameras(Record, frozen=True):
    """How many cameras of a kind were watched at once, found by watching more and more of them.

    Attributes:
        kind: What they were.
        fps: Frames a second that were to be scored of each.
        cameras: The most that held: none slower, none late.
        tried: Numbers of cameras that were tried.
        slowest_fps: Frames a second scored of the slowest, with as many cameras as held; with one
            where none did, as are the next figures.
        p50_ms: From capture to decision.
        p99_ms: The same, 99 in 100.
        dropped: Frames that came and were not scored.
        cores: Cores that were used, by what for.
        server_cores: Cores that the server used which played the cameras; None where none did.
        contention_cores: Cores that other processes used, that server included; None where the
            system does not report it.
    """

    kind: str
    fps: int
    cameras: int
    tried: tuple[int, ...]
    slowest_fps: float
    p50_ms: Milliseconds
    p99_ms: Milliseconds
    dropped: int
    cores: dict[str, float]
    server_cores: float | None = None
    contention_cores: float | None = msgspec.field(default=None, name="others_cores")


class Growth(Record, frozen=True):
    """How time grows with one quantity, others held.

    Attributes:
        quantity: Such as `pixels`.
        sizes: What it was set to.
        milliseconds: Median time at each.
        exponent: Slope of log time over log size: 1 is linear, 0 constant.
        limit: The exponent should not be above it.
        of: What was timed.
    """

    quantity: str
    sizes: tuple[float, ...]
    milliseconds: tuple[float, ...]
    exponent: float
    limit: float
    of: str


class ComputeBound(Record, frozen=True):
    """The graph's time against its compute bound: its operations at this machine's best rate.

    Attributes:
        scene: Name of the scene model.
        gmac: Multiply-accumulates of its graph, 1e9.
        gmac_a_second: Best rate of the large convolution, in the same run.
        bound_ms: What the graph would take at that rate.
        measured_ms: What it took, in turns with the convolution.
        times_bound: The ratio of the two.
    """

    scene: str
    gmac: float
    gmac_a_second: float
    bound_ms: float = msgspec.field(name="floor_ms")
    measured_ms: float
    times_bound: float = msgspec.field(name="times_floor")


class Projection(Record, frozen=True):
    """What a board might do, on paper: never measured, never mixed with what was.

    Attributes:
        board: Its name.
        scene: Name of the scene model.
        precision: Of the peak that it is held to.
        peak_tera: Published peak, 1e12 multiply-accumulates a second.
        peak_gb_s: Published memory bandwidth, 1e9 bytes a second.
        compute_ms: Operations over the peak.
        memory_ms: Bytes over the bandwidth.
        least_ms: The larger of the two: the graph cannot be faster there.
        bound_by: Which of the two that is.
        launch_ms: What launching every operator by itself takes; engines fuse many.
    """

    board: str
    scene: str
    precision: str
    peak_tera: float
    peak_gb_s: float
    compute_ms: float
    memory_ms: float
    least_ms: float
    bound_by: Literal["compute", "memory"]
    launch_ms: float | None = None


class MotionProjection(Record, frozen=True):
    """What a board might do with motion inside the graph, on paper: never measured.

    Pairs are the best and the worst case.

    Attributes:
        board: Its name.
        scene: Name of the scene model.
        operations_ms: Operations of a frame over the peak of FP32.
        bytes_ms: Bytes of a frame over the bandwidth: inputs, state, outputs and weights once;
            those of all kernels.
        launches: Kernels of a frame, or of a batch.
        launches_from: How they were counted.
        launches_ms: What they take in one CUDA graph, and one by one.
        frame_ms: A frame of one camera.
        batch_ms: A frame of each of 32 cameras at once.
        cameras: Of 25 frames a second that the GPU keeps up with, in one batch.
    """

    board: str
    scene: str
    operations_ms: float
    bytes_ms: tuple[float, float]
    launches: int
    launches_from: str
    launches_ms: tuple[float, float]
    frame_ms: tuple[float, float]
    batch_ms: tuple[float, float]
    cameras: tuple[int, int]


class BaselineAgreement(Record, frozen=True):
    """Whether two ways of computing give the same maps on the frames that were timed.

    Attributes:
        subject: Whose result.
        reference: What it was held to.
        frames: Frames compared.
        relative_error: Largest difference of the anomaly maps over their largest magnitude.
        tolerance: Up to which that is agreement.
    """

    subject: str
    reference: str
    frames: int
    relative_error: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether they agree."""
        return self.relative_error <= self.tolerance


class BenchmarkReport(Record, frozen=True):
    """A benchmark of one device.

    Attributes:
        schema: Version of this document's layout.
        created: UTC, ISO 8601.
        edge_vad: Version of what was measured.
        device: What was measured on.
        settings: What was asked for.
        complete: Whether all that was asked for is here.
        done: The parts that are.
        rows: What was measured.
        growths: How time grows.
        compute_bounds: Against the machine's best rate.
        agreements: Whether the baselines computed the same.
        projections: On paper.
        watched: How many cameras were watched at once.
        motion_projections: On paper, with motion inside the graph.
        notes: What is timed and what is not, and what could not be had.
    """

    schema: int
    created: str
    edge_vad: str
    device: Device
    settings: BenchmarkSettings
    complete: bool = False
    done: tuple[str, ...] = ()
    rows: tuple[BenchmarkRow, ...] = ()
    growths: tuple[Growth, ...] = ()
    compute_bounds: tuple[ComputeBound, ...] = msgspec.field(default=(), name="floors")
    agreements: tuple[BaselineAgreement, ...] = ()
    projections: tuple[Projection, ...] = ()
    watched: tuple[WatchedCameras, ...] = ()
    motion_projections: tuple[MotionProjection, ...] = ()
    notes: tuple[str, ...] = ()
