"""Runs scene models and the baselines over test clips, and measures them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from edge_vad.alarms.ignored import IgnoredCells
from edge_vad.backends import Backend
from edge_vad.onnx_file.cost import count_outputs
from edge_vad.preprocessing.regions import Polygon
from edge_vad.scene_model import SceneCard, SceneModel
from edge_vad_train.datasets.base import Mask
from edge_vad_train.evaluation import baseline
from edge_vad_train.evaluation.metrics.meter import MethodMeter
from edge_vad_train.evaluation.protocol import protocol
from edge_vad_train.evaluation.results import (
    EvaluatedClip,
    Evaluation,
    Method,
    SceneResult,
    spans_of,
)
from edge_vad_train.evaluation.rows import Row, make_row
from edge_vad_train.evaluation.scoring import JointScoring, ScoredFrame
from edge_vad_train.evaluation.stream_backend import StreamBackend
from edge_vad_train.evaluation.truth import LabelledClip, Truth

FUSED = "fused"


class LoadedScene(NamedTuple):
    """A scene model and what runs it."""

    model: SceneModel
    backend: Backend


def evaluate(
    scenes: Sequence[LoadedScene],
    truth: Truth,
    *,
    ignore: Sequence[Polygon] = (),
    pixel: bool = False,
    regions: bool = False,
    on_frame: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Measure scene models beside their single streams and the baselines.

    Every frame is decoded once, and its flow is computed once for all scenes that prepare frames
    alike.

    Args:
        scenes: At least one; several are the seeds of one training. The backends are left open.
        truth: The test clips, with masks where these are needed.
        ignore: Regions in which nothing counts, px of the frames.
        pixel: Whether to measure at the pixel level.
        regions: Whether to measure at the region level; single streams are not.
        on_frame: Called after every frame.

    Raises:
        BadInput: A frame cannot be read, or clip and truth do not belong together.
        BadModel: A model gives a score that is not a finite number.
    """
    meters = [_meters_of(scene, pixel, regions) for scene in scenes]
    card = scenes[0].model.card
    size = (card.height, card.width)
    unlearned = baseline.Baselines(*size)
    baselines = [
        MethodMeter(name, unlearned.grid, size, pixel=pixel, regions=regions)
        for name in baseline.NAMES
    ]
    scoring = JointScoring(scenes, ignore)
    ignored = IgnoredCells(ignore, msgspec.structs.replace(card, grid=unlearned.grid))
    clips = [
        _measure_clip(clip, scoring, meters, unlearned, ignored, baselines, card, on_frame)
        for clip in truth.clips
    ]
    kinds = [clip.clip.kind for clip in truth.clips]
    return Evaluation(
        dataset=truth.dataset,
        clips=tuple(clips),
        left_out=truth.left_out,
        scenes=tuple(
            SceneResult(
                scene=scene.model.path.name,
                backend=scene.backend.name,
                device=scene.backend.device,
                methods=tuple(map(Method.of, own.values())),
            )
            for scene, own in zip(scenes, meters, strict=True)
        ),
        baselines=tuple(map(Method.of, baselines)),
        rows=(
            *_rows_of(scenes, meters, kinds),
            *(make_row(each.name, [each], kinds, gmac=0.0) for each in baselines),
        ),
        protocol=protocol(card.motion.window, scenes=len(scenes), pixel=pixel, regions=regions),
    )


def _meters_of(scene: LoadedScene, pixel: bool, regions: bool) -> dict[str, MethodMeter]:
    """One meter for the fused score, and one for each single stream."""
    model, backend = scene
    card = model.card
    size = (card.height, card.width)
    meters = {
        FUSED: MethodMeter(model.path.name, card.grid, size, pixel=pixel, regions=regions),
    }
    for stream in backend.streams if isinstance(backend, StreamBackend) else ():
        name = f"{stream} alone"
        meters[stream] = MethodMeter(name, card.grid, size, pixel=pixel, regions=False)
    return meters


def _measure_clip(
    clip: LabelledClip,
    scoring: JointScoring,
    meters: list[dict[str, MethodMeter]],
    unlearned: baseline.Baselines,
    ignored: IgnoredCells,
    baselines: list[MethodMeter],
    card: SceneCard,
    on_frame: Callable[[], None],
) -> EvaluatedClip:
    """Measure a clip at the scenes' pace; labels of frames that are not scored are left out."""
    every = [*(meter for own in meters for meter in own.values()), *baselines]
    for meter in every:
        meter.start_clip()
    unlearned.start_clip()
    truth: list[bool] = []
    for frame, steps, is_anomalous, mask in clip.scored(card.fps, on_frame, card.camera):
        truth.append(is_anomalous)
        if steps is None:
            unlearned.start_clip()
        _add_scored(meters, scoring.score(frame, steps), mask)
        size = frame.image.shape[:2]
        for meter, each in zip(baselines, unlearned.maps(scoring.image), strict=True):
            values = ignored.without(each, *size)
            meter.add(float(values.max()), values, mask)
    labels = np.array(truth, np.bool_)
    for meter in every:
        meter.end_clip(labels)
    return EvaluatedClip(
        name=clip.clip.name,
        kind=clip.clip.kind,
        frames=len(labels),
        anomalous=spans_of(labels),
        has_masks=clip.has_masks,
    )


def _add_scored(
    meters: list[dict[str, MethodMeter]], frame: list[ScoredFrame], mask: Mask | None
) -> None:
    for own, scored in zip(meters, frame, strict=True):
        own[FUSED].add(scored.score, scored.anomaly_map, mask)
        for stream, values in scored.streams.items():
            own[stream].add(float(values.max()), values, mask)


def _rows_of(
    scenes: Sequence[LoadedScene],
    meters: list[dict[str, MethodMeter]],
    kinds: list[str | None],
) -> Iterator[Row]:
    """The fused score and every stream that all scenes have."""
    costs = count_outputs(scenes[0].model.path)
    for method, first in meters[0].items():
        if not all(method in own for own in meters):
            continue
        name = first.name
        if method == FUSED and len(scenes) > 1:
            name = f"edge-vad, {len(scenes)} scenes"
        output = "score" if method == FUSED else f"{method}_energy"
        gmac = costs[output] / 1e9 if costs else None
        yield make_row(name, [own[method] for own in meters], kinds, gmac)
