"""Measures contestants in turns, block by block, so that what disturbs one disturbs all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from edge_vad_bench import stats
from edge_vad_bench.measure.conditions import read_conditions, was_throttled
from edge_vad_bench.measure.cpu_contention import Others
from edge_vad_bench.measure.energy import EnergyMeter
from edge_vad_bench.measure.nvml import Nvml
from edge_vad_bench.measure.reference_workload import Reading, Yardstick
from edge_vad_bench.measure.stopwatch import Stopwatch
from edge_vad_bench.schema import Conditions, Plan, Row
from edge_vad_bench.workloads.scenarios import METRIC_PERCENTILE, Contestant


@dataclass
class Tally:
    """What has been measured of one contestant.

    Attributes:
        samples_ms: Every query that counted.
        blocks: How many each block has.
        cpu_ms: CPU time of the same.
        yardstick: Between them.
        yardstick_blocks: How many of these each block has.
        others_cores: What others used in every block; nothing where it is not told.
        stages_ms: Stage to its time in every query.
        joules: Energy of all blocks.
        before: The machine before the first block.
        after: The machine after the last one.
    """

    samples_ms: list[float] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    yardstick: list[Reading] = field(default_factory=list)
    yardstick_blocks: list[int] = field(default_factory=list)
    others_cores: list[float] = field(default_factory=list)
    stages_ms: dict[str, list[float]] = field(default_factory=dict)
    joules: float = 0.0
    before: Conditions = field(default_factory=Conditions)
    after: Conditions = field(default_factory=Conditions)

    def is_settled(self, plan: Plan) -> bool:
        """Whether its last blocks agree."""
        medians = stats.block_medians(self.samples_ms, self.blocks)
        return stats.is_settled(medians, plan.settled, plan.tolerance)


class Arena:
    """Where contestants are measured.

    Args:
        plan: How long.
        watch: Times queries; the same that the contestants' stages are told to.
        nvml: The GPU's management library.
        meter: Tells the energy.
    """

    def __init__(
        self,
        plan: Plan,
        watch: Stopwatch,
        nvml: Nvml | None = None,
        meter: EnergyMeter | None = None,
    ) -> None:
        self._plan, self._watch, self._nvml, self._meter = plan, watch, nvml, meter
        self._yardstick = Yardstick()

    def measure(
        self, group: str, contestants: Sequence[Contestant], say: Callable[[str], None]
    ) -> tuple[Row, ...]:
        """Measure contestants in turns until all are settled, or for as long as the plan allows.

        Args:
            group: Name of the group that they form.
            contestants: Who takes part.
            say: Told what is being done.
        """
        plan, tallies = self._plan, [Tally() for _ in contestants]
        for contestant in contestants:
            say(f"{contestant.name}: warming up")
            self._warm_up(contestant)
        for turn in range(plan.most_blocks):
            if turn >= plan.blocks and all(tally.is_settled(plan) for tally in tallies):
                break
            order = np.roll(np.arange(len(contestants)), turn)  # nobody always follows another
            for index in order:
                say(f"{contestants[index].name}: block {turn + 1}")
                self._measure_block(contestants[index], tallies[index])
        pairs = zip(contestants, tallies, strict=True)
        return tuple(self._row(group, contestant, tally) for contestant, tally in pairs)

    def _warm_up(self, contestant: Contestant) -> None:
        ends = time.perf_counter() + self._plan.warm_up_s
        while True:
            self._watch.start()
            contestant.query(self._watch)
            if time.perf_counter() >= ends:
                return

    def _measure_block(self, contestant: Contestant, tally: Tally) -> None:
        if not tally.blocks:
            tally.before = read_conditions(self._nvml)
        used = self._meter.joules() if self._meter else 0.0
        began, count, watch = time.perf_counter(), 0, self._watch
        readings: list[Reading] = []
        others = Others()
        while count < self._plan.block_queries or time.perf_counter() < began + self._plan.block_s:
            watch.start()
            if not contestant.query(watch):
                continue
            cpu_ms, elapsed_ms = watch.cpu_ms, watch.elapsed_ms
            tally.samples_ms.append(stats.rounded(elapsed_ms))
            tally.cpu_ms.append(stats.rounded(cpu_ms))
            readings += self._yardstick.beside(elapsed_ms)
            for stage, elapsed in watch.stages_ms.items():
                tally.stages_ms.setdefault(stage, []).append(elapsed)
            count += 1
        tally.blocks.append(count)
        whole_ms = 1000 * (time.perf_counter() - began)
        own_share = 1 - sum(each.wall_ms for each in readings) / whole_ms
        tally.joules += own_share * ((self._meter.joules() if self._meter else 0.0) - used)
        cores = others.cores()
        tally.others_cores += [] if cores is None else [cores]
        tally.yardstick += readings
        tally.yardstick_blocks.append(len(readings))
        tally.after = read_conditions(self._nvml)

    def _row(self, group: str, contestant: Contestant, tally: Tally) -> Row:
        whole = len(tally.samples_ms)
        latency = stats.latency(tally.samples_ms, METRIC_PERCENTILE.get(contestant.scenario, 50.0))
        return Row(
            name=contestant.name,
            group=group,
            scenario=contestant.scenario,
            subject=contestant.subject,
            precision=contestant.precision,
            backend=contestant.backend,
            device=contestant.device,
            frames_a_query=contestant.frames,
            latency=latency,
            fps=stats.rounded(1000 * contestant.frames / latency.mean),
            samples_ms=tuple(tally.samples_ms),
            blocks=tuple(tally.blocks),
            cpu_ms=tuple(tally.cpu_ms),
            yardstick_ms=tuple(stats.rounded(each.wall_ms) for each in tally.yardstick),
            yardstick_cpu_ms=tuple(stats.rounded(each.cpu_ms) for each in tally.yardstick),
            yardstick_blocks=tuple(tally.yardstick_blocks),
            others_cores=(
                stats.rounded(float(np.mean(tally.others_cores))) if tally.others_cores else None
            ),
            stages={
                stage: stats.stage(times, tally.blocks)
                for stage, times in tally.stages_ms.items()
                if len(times) == whole  # a stage that some queries lack is no stage of all
            },
            stable=tally.is_settled(self._plan),
            joules_a_frame=(
                stats.rounded(tally.joules / (whole * contestant.frames)) if self._meter else None
            ),
            energy_from=self._meter.name if self._meter else None,
            before=tally.before,
            after=tally.after,
            throttled=was_throttled(tally.before, tally.after),
            values=contestant.values(),
        )
