"""What flow is worth to detection: box flow, which learns nothing, on labelled clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadInput, Unavailable
from edge_vad.motion.pace import FrameRateLimiter, Pace
from edge_vad.preprocessing.resize import FrameResizer
from edge_vad.scene_model import SceneCard
from edge_vad.scoring.metrics import roc_area
from edge_vad_bench.flow_table.measurement import flow_settings
from edge_vad_bench.flow_table.records import FlowRow
from edge_vad_train.datasets import Clip, Dataset, open_dataset
from edge_vad_train.evaluation.baseline import MOTION, Baselines


def open_labelled(labels: str, form: str) -> Dataset:
    """Open a labelled data set, before anything is measured in vain.

    Raises:
        BadInput: It is none, or no clip has labels.
    """
    dataset = open_dataset(labels, form)
    if not dataset.test:
        raise BadInput(f"{dataset.name} has no clips with labels", "give a labelled data set")
    return dataset


def add_box_auc(
    rows: Sequence[FlowRow],
    card: SceneCard,
    dataset: Dataset,
    on_progress: Callable[[str], None],
) -> tuple[FlowRow, ...]:
    """Add the AUC of box flow to the rows that were measured.

    Args:
        rows: As `measure_rows` gives them.
        card: Of the scene model, whose size and rate are used.
        dataset: Labelled clips.
        on_progress: Called with what is being done.

    Raises:
        BadInput: No clip has labels, or all frames have the same.
    """
    clips = [(clip, labels) for clip in dataset.test if (labels := clip.frame_labels()) is not None]
    if not clips:
        raise BadInput(f"{dataset.name} has no clips with labels", "give a labelled data set")
    return tuple(_with_auc(row, card, clips, on_progress) for row in rows)


def _with_auc(
    row: FlowRow,
    card: SceneCard,
    clips: Sequence[tuple[Clip, NDArray[np.bool_]]],
    on_progress: Callable[[str], None],
) -> FlowRow:
    if row.absent:
        return row
    baselines = Baselines(card.height, card.width, flow_settings(row.name, MOTION))
    known: list[bool] = []
    scores: list[float] = []
    try:
        for clip, labels in clips:
            on_progress(f"box flow by {row.name}: {clip.name}")
            for index, score in _scores(clip, card, baselines):
                known.append(bool(labels[index]))
                scores.append(score)
    except Unavailable as error:
        return msgspec.structs.replace(row, absent=f"on the labelled clips: {error}")
    if len(set(known)) < 2:
        raise BadInput("all labelled frames are alike", "give clips with anomalies and without")
    auc = roc_area(np.array(known), np.array(scores))
    return msgspec.structs.replace(row, box_auc=round(auc, 5))


def _scores(clip: Clip, card: SceneCard, baselines: Baselines) -> Iterator[tuple[int, float]]:
    """Position and score of the frames that the scene would look at."""
    baselines.start_clip()
    resizer = FrameResizer(card.height, card.width, card.ignored)
    limiter, pace = FrameRateLimiter(card.fps), Pace(card.fps)
    with clip.open(strict=True) as source:
        for index, frame in enumerate(source):
            if limiter.takes(frame.time_s):
                if pace.steps(frame) is None:
                    baselines.start_clip()
                box, _ = baselines.maps(resizer.resize(frame.image))
                yield index, float(box.max())
