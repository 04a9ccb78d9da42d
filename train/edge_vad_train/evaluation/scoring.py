"""Scores the frames of a clip by several scene models at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.alarms.ignored import IgnoredCells
from edge_vad.backends import Backend
from edge_vad.frame import Frame
from edge_vad.preprocessing.regions import Polygon
from edge_vad.scene_model import SceneCard, SceneModel
from edge_vad.scoring.preparation import FramePreparer, PreparedFrame
from edge_vad.scoring.scorer import Scorer
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
        self._scenes = [_ScoredScene(model, backend, ignore) for model, backend in scenes]
        self._leaders = leaders([model.card for model, _ in scenes])
        self._preparers = {
            number: FramePreparer(scenes[number][0].card) for number in set(self._leaders)
        }
        self._prepared: dict[int, PreparedFrame] = {}

    @property
    def image(self) -> NDArray[np.uint8]:
        """What the first scene's graph was given of the last frame, uint8, (height, width, 3)."""
        return self._prepared[0].image

    def score(self, frame: Frame, steps: float | None = 1.0) -> list[ScoredFrame]:
        """Score the next frame of a clip.

        Args:
            frame: The frame.
            steps: Frame times of the scenes since the one before; None where it follows no other.

        Returns:
            One for each scene. For the first frame, and others whose motion is not known, all is
            0 as it is at run time, for the single streams too.
        """
        self._prepared = {
            number: preparer.prepare(frame, steps) for number, preparer in self._preparers.items()
        }
        return [
            scene.score(self._prepared[leader])
            for scene, leader in zip(self._scenes, self._leaders, strict=True)
        ]


class _ScoredScene:
    """One scene, and what runs it."""

    def __init__(self, model: SceneModel, backend: Backend, ignore: Sequence[Polygon]) -> None:
        self._scorer = Scorer(model, backend, largest_batch=1)
        self._streams = backend if isinstance(backend, StreamBackend) else None
        self._ignored = IgnoredCells(ignore, model.card)
        grid = model.card.grid
        self._nothing = np.zeros((grid.rows, grid.columns), np.float32)

    def score(self, prepared: PreparedFrame) -> ScoredFrame:
        """Score a frame that a scene has prepared that is given the same input."""
        unjudged = prepared.unjudged
        if prepared.is_for_graph:
            ((score, anomaly_map, unjudged),) = self._scorer.score([prepared])
        if unjudged:
            names = self._streams.streams if self._streams else ()
            return ScoredFrame(0.0, self._nothing, dict.fromkeys(names, self._nothing))
        size = prepared.frame.image.shape[:2]
        maps = self._streams.stream_maps() if self._streams else {}
        return ScoredFrame(
            *self._ignored.counted(score, anomaly_map, *size),
            {name: self._ignored.without(each, *size) for name, each in maps.items()},
        )


def leaders(cards: Sequence[SceneCard]) -> list[int]:
    """The number of the first scene that is given the same input, for each of the scenes."""
    keys = [_preparation(card) for card in cards]
    return [keys.index(key) for key in keys]


def _preparation(card: SceneCard) -> tuple[object, ...]:
    """Everything that a scene's input depends on."""
    return tuple(
        getattr(card, name) for name in card.__struct_fields__ if name not in _OF_THE_SCENE_ALONE
    )
