"""The notes of a report: what is timed, what is not, and when it was enough."""

from __future__ import annotations

from edge_vad_bench.measure.reference_workload import DESCRIPTION
from edge_vad_bench.parts.roofline import BASIS
from edge_vad_bench.schema import BenchmarkSettings
from edge_vad_bench.workloads.scenarios import CAMERAS_OF_A_QUERY, FRAMES_OF_A_CHUNK

_NOTES = """
A latency runs from asking the source for a frame to the decision on it: decoding, resizing, flow,
pooling, graph, threshold, event. Drawing comes after the decision and is timed as a stage of its
own. Not timed: loading, the first frame of a recording (it has no motion), writing files.

SingleStream: one frame after the other; its metric is p90. MultiStream: a query is one frame of
each of {cameras} cameras; its metric is p99. Offline: the recording as fast as it goes, in chunks
of {chunk} frames; its metric is frames a second. The rules are those of MLPerf LoadGen; the program
is our own, for LoadGen has no wheels for aarch64; the durations are shorter than a submission
wants.

Warm-up {plan.warm_up_s:g} s each, then blocks of at least {plan.block_s:g} s and
{plan.block_queries} queries, in turns with all others of the group. It ends when the medians of the
last {plan.settled} blocks lie within {plan.tolerance:.0%} of each other, at the earliest after
{plan.blocks} and at the latest after {plan.most_blocks} blocks. A row that never settled is marked
unstable.

Reference workload, timed between queries for a tenth of their time: {reference}. CPU time, of all
threads, is measured beside the wall clock; relative to the reference workload it can be compared
between a quiet and a busy machine.

Cold start: from starting the process of edge-vad run to its decision on the second frame, the first
with motion; the files were read before. Memory is that of this process. Energy is that of the whole
device, idle share included.

With TensorRT the copies to and from the GPU are in one CUDA graph with the computing, and count as
compute.

Projections are paper: {basis}.
"""


def notes(settings: BenchmarkSettings, source: str) -> tuple[str, ...]:
    """State what is timed, what is not, and when it was enough.

    Args:
        settings: What was asked for.
        source: What is watched, as it was typed.
    """
    text = _NOTES.format(
        cameras=CAMERAS_OF_A_QUERY,
        chunk=FRAMES_OF_A_CHUNK,
        plan=settings.plan,
        reference=DESCRIPTION,
        basis=BASIS,
    )
    lines = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    if source.startswith("test://"):
        lines.append("The footage is simulated: 'decode' is the drawing of the picture.")
    if settings.plan.injected_delay:
        lines.append(
            f"Every query was slowed down by {settings.plan.injected_delay:.0%} on purpose."
        )
    return tuple(lines)
