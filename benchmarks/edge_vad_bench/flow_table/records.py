"""The table: what `flow.json` holds."""

from __future__ import annotations

from edge_vad_bench.context import Device, Record, SceneUsed

SCHEMA = 1

_ERROR = (
    "End-point error: distance of the flow vectors from those of DIS as the scene has it, averaged "
    "over blocks as the scene's graph takes them, px between two frames. DIS is no truth, only "
    "what scenes are trained with."
)
_TIME = (
    "Time of a pair: two grey pictures to averaged flow, all ways in turns on the same pairs. CPU "
    "time is that of all threads of the process."
)
_BOX_FLOW = (
    "Box flow: the mean flow of five frames in the fastest box of 22 px; AUC over all frames of "
    "the labelled clips pooled."
)
NOTES = (_ERROR, _TIME, _BOX_FLOW)


class FlowRow(Record, frozen=True):
    """One way to measure flow.

    Attributes:
        name: One of `edge_vad.flow_units.FLOWS`.
        code: What a scene would name that was trained with it; None where it is not here.
        absent: Why it was not measured, or not to the end.
        pairs: Pairs of frames that were measured.
        error_px: Mean end-point error against DIS, px.
        error_moving_px: The same where DIS has at least 1 px.
        error_99_px: Its 99th percentile.
        p50_ms: Median time of a pair.
        p99_ms: 99 of 100 pairs are as fast.
        cpu_ms: Mean CPU time of a pair.
        cpu_left: What it leaves of one core at the scene's rate, 0 to 1; negative where one core
            does not suffice.
        box_auc: Frame-level AUC of box flow, 0 to 1; None without labels.
    """

    name: str
    code: str | None = None
    absent: str | None = None
    pairs: int = 0
    error_px: float | None = None
    error_moving_px: float | None = None
    error_99_px: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_ms: float | None = None
    cpu_left: float | None = None
    box_auc: float | None = None


class FlowTable(Record, frozen=True):
    """The rows, and what they were measured on.

    Attributes:
        schema: Version of this document's layout.
        created: UTC, ISO 8601.
        edge_vad: Version of what was measured.
        device: Where.
        scene: Whose size and settings of flow were used.
        source: Name of the footage.
        fps: Frames a second that the scene looks at.
        labels: Name of the data set that box flow was measured on.
        rows: One for each way.
        notes: What is measured.
    """

    schema: int
    created: str
    edge_vad: str
    device: Device
    scene: SceneUsed
    source: str
    fps: float
    labels: str | None
    rows: tuple[FlowRow, ...]
    notes: tuple[str, ...] = NOTES
