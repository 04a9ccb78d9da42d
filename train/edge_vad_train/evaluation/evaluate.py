"""Runs a scene model and the baseline over test clips, and measures both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat

import numpy as np

from edge_vad.backends import Backend, Inputs, Maps
from edge_vad.detector import Detector
from edge_vad.errors import BadInput
from edge_vad.scene_model import SceneModel
from edge_vad_train.datasets.base import Mask
from edge_vad_train.evaluation.baseline import NAME, Baseline
from edge_vad_train.evaluation.meter import MethodMeter
from edge_vad_train.evaluation.protocol import protocol
from edge_vad_train.evaluation.results import EvaluatedClip, Evaluation, spans_of
from edge_vad_train.evaluation.truth import LabelledClip, Truth


def evaluate(
    model: SceneModel,
    backend: Backend,
    truth: Truth,
    *,
    pixel: bool = False,
    regions: bool = False,
    on_frame: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Measure a scene model beside the baseline; every frame is decoded once.

    Args:
        model: The scene model.
        backend: What runs it; left open.
        truth: The test clips, with masks where these are needed.
        pixel: Whether to measure at the pixel level.
        regions: Whether to measure at the region level.
        on_frame: Called after every frame.

    Raises:
        BadInput: A frame cannot be read, or clip and truth do not belong together.
        BadModel: The model gives a score that is not a finite number.
    """
    card = model.card
    size = (card.height, card.width)
    baseline = Baseline(*size, card.motion)
    of_model = MethodMeter(model.path.name, card.grid, size, pixel=pixel, regions=regions)
    of_baseline = MethodMeter(NAME, baseline.grid, size, pixel=pixel, regions=regions)
    listener = _Listener(backend)
    detector = Detector(model, listener)
    for clip in truth.clips:
        _measure_clip(clip, detector, listener, baseline, (of_model, of_baseline), on_frame)
    return Evaluation(
        scene=model.path.name,
        backend=backend.name,
        device=backend.device,
        dataset=truth.dataset,
        clips=tuple(map(_described, truth.clips)),
        left_out=truth.left_out,
        model=of_model.result(),
        baseline=of_baseline.result(),
        protocol=protocol(card.motion.window, pixel=pixel, regions=regions),
    )


class _Listener(Backend):
    """A backend that remembers its last input, so that the baseline need not compute flow again."""

    def __init__(self, backend: Backend) -> None:
        self.name, self.device = backend.name, backend.device
        self._backend = backend
        self.image = np.zeros((0, 0, 3), np.uint8)
        self.motion = np.zeros((0, 0, 2), np.float32)

    def infer(self, inputs: Inputs) -> Maps:
        """Score a batch; see `Backend.infer`."""
        self.image, self.motion = inputs.frame[0], inputs.motion[0]
        return self._backend.infer(inputs)


def _measure_clip(
    clip: LabelledClip,
    detector: Detector,
    listener: _Listener,
    baseline: Baseline,
    meters: tuple[MethodMeter, MethodMeter],
    on_frame: Callable[[], None],
) -> None:
    of_model, of_baseline = meters
    baseline.start_clip()
    for meter in meters:
        meter.start_clip()
    masks: Iterator[Mask | None] = clip.masks() or repeat(None)
    frames = 0
    # Strict: a frame that is left out would shift all labels after it.
    with clip.clip.open(strict=True) as source:
        for detection in detector.watch(source):
            mask = next(masks, None)
            flow = baseline.map(listener.image, listener.motion)
            of_model.add(detection.score, detection.anomaly_map, mask)
            of_baseline.add(float(flow.max()), flow, mask)
            frames += 1
            on_frame()
    if frames != len(clip.labels):
        raise BadInput(
            f"{clip.clip.name} has {frames} frames and labels for {len(clip.labels)}",
            "unpack the data set again; clips and truth do not belong together",
        )
    for meter in meters:
        meter.end_clip(clip.labels)


def _described(clip: LabelledClip) -> EvaluatedClip:
    return EvaluatedClip(
        name=clip.clip.name,
        kind=clip.clip.kind,
        frames=len(clip.labels),
        anomalous=spans_of(clip.labels),
        has_masks=clip.has_masks,
    )
