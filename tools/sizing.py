"""Print the tables of docs/sizing.md: what 10, 1,000 and 100,000 cameras need, on paper.

What was measured is read from a report in benchmarks/reports; the rest is assumed, and says so.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_vad_bench import store
from edge_vad_bench.schema import BenchmarkReport, BenchmarkRow

REPORT = Path(__file__).parents[1] / "benchmarks/reports/amd-epyc-2-cores.json"
SITES = (10, 1_000, 100_000)
RATES = (8, 25)
DAY_S, YEAR_H = 86_400, 8_766
MAP_CELLS = 27 * 42
"""Of a scene of 360x240."""


@dataclass(frozen=True)
class Assumed:
    """What no report has.

    Attributes:
        box_cores: Cores of a box.
        filled: Share of them that is planned with.
        substream_mbit: Of a camera's sub-stream of 360 rows, Mbit/s.
        events_a_day: Of a camera: the accepted false alarms, and as many real ones.
        event_mb: An event with its picture and a clip of 15 s of the sub-stream.
        kept_days: Days that events are kept.
        train_core_h: Of a scene from a day of footage: 32 minutes on two cores, as README has it.
        box_price: Of a box, in any currency.
        box_years: That it is used for.
        box_watts: That it takes.
        price_kwh: Of electricity.
    """

    box_cores: int = 4
    filled: float = 0.7
    substream_mbit: float = 0.5
    events_a_day: float = 2.0
    event_mb: float = 1.0
    kept_days: int = 30
    train_core_h: float = 2 * 32 / 60
    box_price: float = 300.0
    box_years: float = 5.0
    box_watts: float = 15.0
    price_kwh: float = 0.30


@dataclass(frozen=True)
class Measured:
    """What a report has of a frame of one camera.

    Attributes:
        cpu_ms: CPU time from decoding to decision.
        flow: Share of flow and its pooling in the time of a query.
        graph: Share of the graph.
        frame_bytes: The frame as the graph takes it.
        motion_bytes: Pooled flow at a quarter of the resolution, three channels, float32.
        first_mib: Memory of a process that watches one camera.
    """

    cpu_ms: float
    flow: float
    graph: float
    frame_bytes: int
    motion_bytes: int
    first_mib: float

    @classmethod
    def of(cls, report: BenchmarkReport) -> Measured:
        """Read it from a report."""
        row = _row(report, "MultiStream")
        stages = {name: stage.mean for name, stage in row.stages.items() if name != "overlay"}
        total = sum(stages.values())
        scene = report.settings.scenes[0]
        return cls(
            cpu_ms=float(np.mean(row.cpu_ms)) / row.frames_a_query,
            flow=(stages["flow"] + stages["pooling"]) / total,
            graph=stages["compute"] / total,
            frame_bytes=scene.width * scene.height * 3,
            motion_bytes=(scene.width // 4) * (scene.height // 4) * 3 * 4,
            first_mib=_row(report, "ColdStart").values["peak, MiB"],
        )

    def cores(self, cameras: int, fps: int) -> float:
        """Cores that cameras use at a rate."""
        return cameras * fps * self.cpu_ms / 1000


def tables(report: BenchmarkReport, assumed: Assumed | None = None) -> str:
    """All tables in Markdown, the sites first."""
    said, measured = assumed or Assumed(), Measured.of(report)
    return "\n\n".join((_sites(measured, said), _camera(measured, said), _boxes(measured, said)))


def _sites(measured: Measured, said: Assumed) -> str:
    rows = [("", *(f"{each:,} cameras" for each in SITES), "how it is known")]
    for fps in RATES:
        cores = (_number(measured.cores(each, fps)) for each in SITES)
        rows.append((f"CPU cores, scored at {fps} a second", *cores, "measured x cameras"))
        boxes = (f"{math.ceil(each / per_box(measured, said, fps)):,}" for each in SITES)
        rows.append((f"boxes of {said.box_cores} cores, at {fps} a second", *boxes, "projected"))
    each_camera = {
        "cameras to boxes, Mbit/s": (said.substream_mbit, "assumed"),
        "events, GB a day": (_events_mb(said) / 1000, "assumed"),
        f"events kept for {said.kept_days} days, GB": (
            _events_mb(said) * said.kept_days / 1000,
            "assumed",
        ),
        "events on the network, Mbit/s on average": (_events_mb(said) * 8 / DAY_S, "assumed"),
        "training all scenes once, core hours": (said.train_core_h, "measured x cameras"),
    }
    for what, (one, kind) in each_camera.items():
        rows.append((what, *(_number(each * one) for each in SITES), kind))
    cost = (_number(_cost(measured, said, each)) for each in SITES)
    return _table([*rows, ("boxes and electricity, a year", *cost, "projected")])


def _camera(measured: Measured, said: Assumed) -> str:
    fps = RATES[0]
    server, frame, motion = "box and GPU server", measured.frame_bytes, measured.motion_bytes
    events = f"{_events_mb(said) * 8 / DAY_S:.5f} (assumed)"
    rows = [
        ("of one camera", "between", f"Mbit/s at {fps} frames a second"),
        ("sub-stream, H.264", "camera and box", f"{said.substream_mbit:g} (assumed)"),
        ("frames as the graph takes them", server, _mbit(frame, fps)),
        ("pooled motion, where the box measures it", server, _mbit(motion, fps)),
        ("anomaly map and score, back", server, _mbit(MAP_CELLS * 4 + 4, fps)),
        ("events with picture and clip", "box and broker or disk", events),
    ]
    return _table(rows)


def _boxes(measured: Measured, said: Assumed) -> str:
    rows = [
        ("a box", *(f"scored at {fps} a second" for fps in RATES)),
        ("CPU of a camera, cores", *(f"{measured.cores(1, fps):.3f}" for fps in RATES)),
        ("cameras", *(str(per_box(measured, said, fps)) for fps in RATES)),
        ("share of flow in the time of a frame", *(f"{measured.flow:.0%}" for _ in RATES)),
        ("share of the graph", *(f"{measured.graph:.0%}" for _ in RATES)),
        ("memory of a process with one camera, MiB", *(f"{measured.first_mib:.0f}" for _ in RATES)),
    ]
    return _table(rows)


def per_box(measured: Measured, said: Assumed, fps: int) -> int:
    """Cameras of a box."""
    return int(said.box_cores * said.filled / measured.cores(1, fps))


def _events_mb(said: Assumed) -> float:
    return said.events_a_day * said.event_mb


def _cost(measured: Measured, said: Assumed, cameras: int) -> float:
    boxes = math.ceil(cameras / per_box(measured, said, RATES[0]))
    power = said.box_watts / 1000 * YEAR_H * said.price_kwh
    return boxes * (said.box_price / said.box_years + power)


def _mbit(size: int, fps: int) -> str:
    return f"{size * fps * 8 / 1e6:.2f} (computed)"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _row(report: BenchmarkReport, scenario: str) -> BenchmarkRow:
    return next(each for each in report.rows if each.scenario == scenario)


def _table(rows: Sequence[Iterable[str]]) -> str:
    head, *rest = ([*row] for row in rows)
    lines = [head, ["---"] * len(head), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print(tables(store.read(Path(sys.argv[1]) if len(sys.argv) > 1 else REPORT)))
