"""Scores the frames of a clip by several scene models at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.alarms.ignored import IgnoredCells
from edge_vad.backends import Backend, Inputs, Maps
from edge_vad.frame import Frame
from edge_vad.preprocessing.regions import Polygon
from edge_vad.scene_model import SceneCard, SceneModel
from edge_vad.scoring.detector import Detector
from edge_vad_train.evaluation.stream_backend import StreamBackend

_OF_THE_SCENE_ALONE = frozenset(
    {"empty", "energies", "grid", "normal", "parity", "precision", "proof", "training"}
)
"""What scenes may differ in and still be given the same input."""


class ScoredFrame(NamedTuple):
    """What a scene says about a frame.

    Attributes:
        score: The fused score.
        anomaly_map: float32, (rows, columns), the fused map.
        streams: The map of each single stream.
    """

    score: float
    anomaly_map: NDArray[np.float32]
    streams: dict[str, NDArray[np.float32]]


class JointScoring:
    """Scores frames by several scenes; those that prepare frames alike share that work.

    Args:
        scenes: Scene models and what runs them.
        ignore: Regions in which nothing counts, px of the frames.
    """

    def __init__(
        self, scenes: Sequence[tuple[SceneModel, Backend]], ignore: Sequence[Polygon] = ()
    ) -> None:
        self._ignored = [IgnoredCells(ignore, model.card) for model, _ in scenes]
        self._backends = [backend for _, backend in scenes]
        self._leaders = leaders([model.card for model, _ in scenes])
        self._recorders = {
            number: InputRecorder(self._backends[number]) for number in set(self._leaders)
        }
        self._detectors = {
            number: Detector(scenes[number][0], recorder, ignore=ignore)
            for number, recorder in self._recorders.items()
        }

    @property
    def inputs(self) -> Inputs:
        """What the first scene's graph was given for the last frame."""
        return self._recorders[0].inputs

    def reset(self) -> None:
        """Empty the motion window: nothing of before counts."""
        for detector in self._detectors.values():
            detector.reset()

    def score(self, frame: Frame, steps: float = 1.0) -> list[ScoredFrame]:
        """Score the next frame of a clip.

        Args:
            frame: The frame.
            steps: Frame times of the scenes since the one before.

        Returns:
            One for each scene. For the first frame, and others whose motion is not known, all is
            0 as it is at run time, for the single streams too.
        """
        detections = {
            number: detector.detect(frame, steps=steps)
            for number, detector in self._detectors.items()
        }
        scored, size = [], frame.image.shape[:2]
        for number, leader in enumerate(self._leaders):
            backend = self._backends[number]
            if number == leader:
                detection = detections[number]
                score, anomaly_map = detection.score, detection.anomaly_map
            else:
                maps = backend.infer(self._recorders[leader].inputs)
                found = float(maps.score[0]), maps.anomaly_map[0]
                score, anomaly_map = self._ignored[number].counted(*found, *size)
            streams = backend.stream_maps() if isinstance(backend, StreamBackend) else {}
            streams = {
                name: self._ignored[number].without(values, *size)
                for name, values in streams.items()
            }
            if not self._detectors[leader].knows_motion:
                score, anomaly_map = 0.0, np.zeros_like(anomaly_map)
                streams = {name: np.zeros_like(values) for name, values in streams.items()}
            scored.append(ScoredFrame(score, anomaly_map, streams))
        return scored


class InputRecorder(Backend):
    """A backend that remembers its last input, so that others need not make it again."""

    inputs: Inputs

    def __init__(self, backend: Backend) -> None:
        self.name, self.device = backend.name, backend.device
        self._backend = backend

    def infer(self, inputs: Inputs) -> Maps:
        """Score a batch; see `Backend.infer`."""
        self.inputs = inputs
        return self._backend.infer(inputs)


def leaders(cards: Sequence[SceneCard]) -> list[int]:
    """The number of the first scene that is given the same input, for each of the scenes."""
    keys = [_preparation(card) for card in cards]
    return [keys.index(key) for key in keys]


def _preparation(card: SceneCard) -> tuple[object, ...]:
    """Everything that a scene's input depends on."""
    return tuple(
        getattr(card, name) for name in card.__struct_fields__ if name not in _OF_THE_SCENE_ALONE
    )
