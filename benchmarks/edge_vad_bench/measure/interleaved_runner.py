"""Measures workloads in turns, block by block: a disturbance meets all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from edge_vad_bench import stats
from edge_vad_bench.measure.conditions import read_conditions, was_throttled
from edge_vad_bench.measure.cpu_contention import CpuContention
from edge_vad_bench.measure.energy import EnergyMeter
from edge_vad_bench.measure.nvml import Nvml
from edge_vad_bench.measure.reference_workload import ReferenceTime, ReferenceWorkload
from edge_vad_bench.measure.stopwatch import Stopwatch
from edge_vad_bench.measure.workload import Workload
from edge_vad_bench.schema import BenchmarkRow, Conditions, Plan


@dataclass
class WorkloadSamples:
    """What has been measured of one workload.

    Attributes:
        samples_ms: Latency of every query that counted.
        blocks: Number of samples in each block.
        cpu_ms: CPU time of the same queries.
        reference: Times of the reference workload between the queries.
        reference_blocks: Number of these in each block.
        contention_cores: Cores that other processes used in every block; empty where the system
            does not report it.
        stages_ms: Stage to its time in every query.
        joules: Energy of all blocks.
        before: The machine before the first block.
        after: The machine after the last one.
    """

    samples_ms: list[float] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    reference: list[ReferenceTime] = field(default_factory=list)
    reference_blocks: list[int] = field(default_factory=list)
    contention_cores: list[float] = field(default_factory=list)
    stages_ms: dict[str, list[float]] = field(default_factory=dict)
    joules: float = 0.0
    before: Conditions = field(default_factory=Conditions)
    after: Conditions = field(default_factory=Conditions)

    def is_settled(self, plan: Plan) -> bool:
        """Whether the medians of the last blocks agree."""
        medians = stats.block_medians(self.samples_ms, self.blocks)
        return stats.is_settled(medians, plan.settled, plan.tolerance)


class InterleavedRunner:
    """Measures workloads block by block in turns, with the reference workload between queries.

    Args:
        plan: How long.
        watch: Times queries; the workloads mark their stages on the same one.
        nvml: The GPU's management library.
        meter: Reads the energy.
    """

    def __init__(
        self,
        plan: Plan,
        watch: Stopwatch,
        nvml: Nvml | None = None,
        meter: EnergyMeter | None = None,
    ) -> None:
        self._plan, self._watch, self._nvml, self._meter = plan, watch, nvml, meter
        self._reference = ReferenceWorkload()

    def measure(
        self, group: str, workloads: Sequence[Workload], on_progress: Callable[[str], None]
    ) -> tuple[BenchmarkRow, ...]:
        """Measure workloads in turns until all are settled, or for as long as the plan allows.

        Args:
            group: Name of the group that they form in the report.
            workloads: Measured in turns.
            on_progress: Called with what is being done.

        Returns:
            One row a workload, in their order.
        """
        plan, collected = self._plan, [WorkloadSamples() for _ in workloads]
        for workload in workloads:
            on_progress(f"{workload.name}: warming up")
            self._warm_up(workload)
        for turn in range(plan.most_blocks):
            if turn >= plan.blocks and all(samples.is_settled(plan) for samples in collected):
                break
            order = np.roll(np.arange(len(workloads)), turn)  # predecessors change
            for index in order:
                on_progress(f"{workloads[index].name}: block {turn + 1}")
                self._measure_block(workloads[index], collected[index])
        pairs = zip(workloads, collected, strict=True)
        return tuple(self._row(group, workload, samples) for workload, samples in pairs)

    def _warm_up(self, workload: Workload) -> None:
        ends = time.perf_counter() + self._plan.warm_up_s
        while True:
            self._watch.start()
            workload.query(self._watch)
            if time.perf_counter() >= ends:
                return

    def _measure_block(self, workload: Workload, samples: WorkloadSamples) -> None:
        if not samples.blocks:
            samples.before = read_conditions(self._nvml)
        used = self._meter.joules() if self._meter else 0.0
        began, count, watch = time.perf_counter(), 0, self._watch
        references: list[ReferenceTime] = []
        contention = CpuContention()
        while count < self._plan.block_queries or time.perf_counter() < began + self._plan.block_s:
            watch.start()
            if not workload.query(watch):
                continue
            cpu_ms, elapsed_ms = watch.cpu_ms, watch.elapsed_ms
            samples.samples_ms.append(stats.rounded(elapsed_ms))
            samples.cpu_ms.append(stats.rounded(cpu_ms))
            references += self._reference.measure_beside(elapsed_ms)
            for stage, elapsed in watch.stages_ms.items():
                samples.stages_ms.setdefault(stage, []).append(elapsed)
            count += 1
        samples.blocks.append(count)
        whole_ms = 1000 * (time.perf_counter() - began)
        own_share = 1 - sum(each.wall_ms for each in references) / whole_ms
        samples.joules += own_share * ((self._meter.joules() if self._meter else 0.0) - used)
        cores = contention.cores()
        samples.contention_cores += [] if cores is None else [cores]
        samples.reference += references
        samples.reference_blocks.append(len(references))
        samples.after = read_conditions(self._nvml)

    def _row(self, group: str, workload: Workload, samples: WorkloadSamples) -> BenchmarkRow:
        whole = len(samples.samples_ms)
        latency = stats.latency(samples.samples_ms, workload.metric_percentile)
        return BenchmarkRow(
            name=workload.name,
            group=group,
            scenario=workload.scenario,
            subject=workload.subject,
            precision=workload.precision,
            backend=workload.backend,
            device=workload.device,
            frames_a_query=workload.frames,
            latency=latency,
            fps=stats.rounded(1000 * workload.frames / latency.mean),
            samples_ms=tuple(samples.samples_ms),
            blocks=tuple(samples.blocks),
            cpu_ms=tuple(samples.cpu_ms),
            reference_ms=tuple(stats.rounded(each.wall_ms) for each in samples.reference),
            reference_cpu_ms=tuple(stats.rounded(each.cpu_ms) for each in samples.reference),
            reference_blocks=tuple(samples.reference_blocks),
            contention_cores=_mean(samples.contention_cores),
            stages={
                stage: stats.stage(times, samples.blocks)
                for stage, times in samples.stages_ms.items()
                if len(times) == whole  # a stage that some queries lack is left out
            },
            stable=samples.is_settled(self._plan),
            joules_a_frame=(
                stats.rounded(samples.joules / (whole * workload.frames)) if self._meter else None
            ),
            energy_from=self._meter.name if self._meter else None,
            before=samples.before,
            after=samples.after,
            throttled=was_throttled(samples.before, samples.after),
            values=workload.values(),
        )


def _mean(cores: Sequence[float]) -> float | None:
    return stats.rounded(float(np.mean(cores))) if cores else None
