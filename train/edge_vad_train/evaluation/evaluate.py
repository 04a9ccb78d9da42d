"""Runs scene models and the baselines over test clips, and measures them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np

from edge_vad.alarms.ignored import IgnoredCells
from edge_vad.backends import Backend
from edge_vad.onnx_file.cost import count_outputs
from edge_vad.preprocessing.regions import Polygon
from edge_vad.scene_model import SceneModel
from edge_vad_train.evaluation import baseline
from edge_vad_train.evaluation.metrics.meter import MethodMeter
from edge_vad_train.evaluation.protocol import protocol
from edge_vad_train.evaluation.results import (
    EvaluatedClip,
    Evaluation,
    SceneResult,
    spans_of,
)
from edge_vad_train.evaluation.rows import Row, make_row
from edge_vad_train.evaluation.scoring import JointScoring
from edge_vad_train.evaluation.stream_backend import StreamBackend
from edge_vad_train.evaluation.truth import LabelledClip, LabelledFrame, Truth

FUSED = "fused"


LoadedScene = tuple[SceneModel, Backend]
"""A scene model and what runs it."""


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
    measurement = _Measurement(scenes, ignore, pixel, regions)
    clips = tuple(measurement.measure(clip, on_frame) for clip in truth.clips)
    kinds = [clip.kind for clip in clips]
    baselines, window = measurement.baselines, scenes[0][0].card.motion.window
    return Evaluation(
        dataset=truth.dataset,
        clips=clips,
        left_out=truth.left_out,
        scenes=tuple(
            SceneResult(
                scene=model.path.name,
                backend=backend.name,
                device=backend.device,
                methods=tuple(meter.method for meter in own.values()),
            )
            for (model, backend), own in zip(scenes, measurement.meters, strict=True)
        ),
        baselines=tuple(meter.method for meter in baselines),
        rows=(
            *_rows_of(scenes, measurement.meters, kinds),
            *(make_row(each.name, [each], kinds, gmac=0.0) for each in baselines),
        ),
        protocol=protocol(window, scenes=len(scenes), pixel=pixel, regions=regions),
    )


class _Measurement:
    """What measures all methods, clip by clip.

    Attributes:
        meters: Of each scene one for the fused score, and one for each single stream.
        baselines: One for each baseline.
    """

    def __init__(
        self, scenes: Sequence[LoadedScene], ignore: Sequence[Polygon], pixel: bool, regions: bool
    ) -> None:
        self._card = card = scenes[0][0].card
        size = (card.height, card.width)
        self._scoring = JointScoring(scenes, ignore)
        self._unlearned = baseline.Baselines(*size)
        grid = self._unlearned.grid
        self._ignored = IgnoredCells(ignore, msgspec.structs.replace(card, grid=grid))
        self.meters = [_meters_of(scene, pixel, regions) for scene in scenes]
        self.baselines = [
            MethodMeter(name, grid, size, pixel=pixel, regions=regions) for name in baseline.NAMES
        ]

    def measure(self, clip: LabelledClip, on_frame: Callable[[], None]) -> EvaluatedClip:
        """Measure a clip at the scenes' pace; labels of frames that are not scored are left out."""
        every = [*(meter for own in self.meters for meter in own.values()), *self.baselines]
        for meter in every:
            meter.start_clip()
        self._unlearned.start_clip()
        truth: list[bool] = []
        for labelled in clip.scored(self._card.fps, on_frame, self._card.camera):
            truth.append(labelled.is_anomalous)
            self._add(labelled)
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

    def _add(self, labelled: LabelledFrame) -> None:
        frame, steps, _, mask = labelled
        for own, scored in zip(self.meters, self._scoring.score(frame, steps), strict=True):
            own[FUSED].add(scored.score, scored.anomaly_map, mask)
            for stream, values in scored.streams.items():
                own[stream].add(float(values.max()), values, mask)
        if steps is None:
            self._unlearned.start_clip()
        maps = self._unlearned.maps(self._scoring.image)
        for meter, each in zip(self.baselines, maps, strict=True):
            values = self._ignored.without(each, *frame.image.shape[:2])
            meter.add(float(values.max()), values, mask)


def _meters_of(scene: LoadedScene, pixel: bool, regions: bool) -> dict[str, MethodMeter]:
    """One meter for the fused score, and one for each single stream."""
    model, backend = scene
    grid, size = model.card.grid, (model.card.height, model.card.width)
    meters = {FUSED: MethodMeter(model.path.name, grid, size, pixel=pixel, regions=regions)}
    for stream in backend.streams if isinstance(backend, StreamBackend) else ():
        meters[stream] = MethodMeter(f"{stream} alone", grid, size, pixel=pixel, regions=False)
    return meters


def _rows_of(
    scenes: Sequence[LoadedScene],
    meters: list[dict[str, MethodMeter]],
    kinds: list[str | None],
) -> Iterator[Row]:
    """The fused score and every stream that all scenes have."""
    costs = count_outputs(scenes[0][0].path)
    for method, first in meters[0].items():
        if not all(method in own for own in meters):
            continue
        name = first.name
        if method == FUSED and len(scenes) > 1:
            name = f"edge-vad, {len(scenes)} scenes"
        output = "score" if method == FUSED else f"{method}_energy"
        gmac = costs[output] / 1e9 if costs else None
        yield make_row(name, [own[method] for own in meters], kinds, gmac)
