"""Reports made by hand, with the times that a test wants."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.doctor.report import Processor
from edge_vad_bench import stats
from edge_vad_bench.schema import (
    SCHEMA,
    BaselineAgreement,
    BenchmarkReport,
    BenchmarkRow,
    BenchmarkSettings,
    ComputeBound,
    Conditions,
    Device,
    Growth,
    Plan,
    Projection,
    SceneUsed,
)

BLOCKS, QUERIES, READINGS = 10, 20, 4


def make_row(name: str = "SingleStream/onnxruntime/fp32", **changes: object) -> BenchmarkRow:
    """A row of 10 blocks; `milliseconds`, `noise`, `busy`, `waiting` and `seed` shape its times."""
    milliseconds = float(changes.pop("milliseconds", 8.0))  # type: ignore[arg-type]
    noise = float(changes.pop("noise", 0.02))  # type: ignore[arg-type]
    busy = np.asarray(changes.pop("busy", 1.0), float)
    random = np.random.default_rng(int(changes.pop("seed", 0)))  # type: ignore[call-overload]
    waiting = float(changes.pop("waiting", 0.0))  # type: ignore[arg-type]
    used = milliseconds * busy[..., None] * random.normal(1, noise, (BLOCKS, QUERIES))
    reference = 10.0 * busy[..., None] * random.normal(1, noise, (BLOCKS, READINGS))
    times = used / (1 - waiting)
    blocks = (QUERIES,) * BLOCKS
    samples = tuple(times.ravel().tolist())
    row = BenchmarkRow(
        name=name,
        group="scenarios",
        scenario=name.split("/")[0],
        subject="onnxruntime fp32",
        precision="fp32",
        backend="onnxruntime",
        device="cpu",
        frames_a_query=1,
        latency=stats.latency(samples, 90),
        fps=1000 / milliseconds,
        samples_ms=samples,
        blocks=blocks,
        cpu_ms=tuple(used.ravel().tolist()),
        reference_ms=tuple((reference / (1 - waiting)).ravel().tolist()),
        reference_cpu_ms=tuple(reference.ravel().tolist()),
        reference_blocks=(READINGS,) * BLOCKS,
        contention_cores=2 * waiting,
        stages={
            "decode": stats.stage([each * 0.1 for each in samples], blocks),
            "compute": stats.stage([each * 0.9 for each in samples], blocks),
        },
        stable=True,
        joules_a_frame=None,
        energy_from=None,
        before=Conditions(load=0.5, hottest_c=41.0),
        after=Conditions(load=0.7, hottest_c=45.0),
        throttled=False,
    )
    return msgspec.structs.replace(row, **changes)


def make_report(*rows: BenchmarkRow, **changes: object) -> BenchmarkReport:
    """A whole report."""
    scene = SceneUsed("street.onnx", "0" * 64, "fp32", 360, 240, 2, gmac=0.03, mib_moved=12.0)
    report = BenchmarkReport(
        schema=SCHEMA,
        created="2026-01-01T00:00:00+00:00",
        edge_vad="0.1.0",
        device=Device(
            DeviceFingerprint(), Processor("Some CPU", 2, 2, (), 8.0, 7.0), "Linux", "3.11", {}
        ),
        settings=BenchmarkSettings((scene,), "street", ("onnxruntime",), 1, Plan(), ("scenarios",)),
        complete=True,
        rows=rows or (make_row(),),
        growths=(Growth("cameras", (1, 2), (1.0, 2.0), 1.0, 1.1, "a frame"),),
        compute_bounds=(ComputeBound("street.onnx", 0.03, 60.0, 0.5, 0.8, 1.6),),
        agreements=(BaselineAgreement("numpy", "torch", 8, 1e-6, 1e-3),),
        projections=(
            Projection("Orin", "street.onnx", "fp32", 1.0, 68.0, 0.03, 0.18, 0.18, "memory"),
        ),
        notes=("What is timed.",),
    )
    return msgspec.structs.replace(report, **changes)


@pytest.fixture(scope="session")
def row() -> Callable[..., BenchmarkRow]:
    return make_row


@pytest.fixture(scope="session")
def report() -> Callable[..., BenchmarkReport]:
    return make_report
