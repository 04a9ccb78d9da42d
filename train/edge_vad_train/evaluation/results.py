"""The results of an evaluation; they encode to JSON as they are."""

from __future__ import annotations

import msgspec
import numpy as np

from edge_vad_train.evaluation.metrics.meter import Method
from edge_vad_train.evaluation.metrics.roc import Labels
from edge_vad_train.evaluation.rows import Row

Span = tuple[int, int]
"""First frame and the frame after the last one."""


class EvaluatedClip(msgspec.Struct, frozen=True):
    """One test clip.

    Attributes:
        name: The clip's name.
        kind: The kind of anomaly, where it is known.
        frames: How many are scored; a clip that is faster than the scene has more.
        anomalous: The spans of anomalous ones among them.
        has_masks: Whether its masks were measured by.
    """

    name: str
    kind: str | None
    frames: int
    anomalous: tuple[Span, ...]
    has_masks: bool

    @property
    def labels(self) -> Labels:
        """bool, (frames,), True where the frame is anomalous."""
        labels = np.zeros(self.frames, np.bool_)
        for start, stop in self.anomalous:
            labels[start:stop] = True
        return labels


class SceneResult(msgspec.Struct, frozen=True):
    """One scene model, measured.

    Attributes:
        scene: Its file name.
        backend: What ran it.
        device: On what it ran.
        methods: Its fused score, and its single streams where the backend gives them.
    """

    scene: str
    backend: str
    device: str
    methods: tuple[Method, ...]


class Evaluation(msgspec.Struct, frozen=True):
    """Scene models and baselines, measured on the same frames.

    Attributes:
        dataset: The data set's name.
        clips: The test clips, in order.
        left_out: Test clips without labels.
        scenes: One or several scene models, such as one training with several seeds.
        baselines: What has learnt nothing.
        rows: The table: one row a way to score, over all scenes.
        protocol: How it was measured, in sentences.
    """

    dataset: str
    clips: tuple[EvaluatedClip, ...]
    left_out: tuple[str, ...]
    scenes: tuple[SceneResult, ...]
    baselines: tuple[Method, ...]
    rows: tuple[Row, ...]
    protocol: tuple[str, ...]

    @property
    def fused(self) -> tuple[Method, ...]:
        """The fused score of every scene."""
        return tuple(scene.methods[0] for scene in self.scenes)

    @property
    def labels(self) -> Labels:
        """bool, (frames,), of all clips one after the other."""
        return np.concatenate([clip.labels for clip in self.clips])

    def encode(self) -> bytes:
        """The JSON document."""
        return msgspec.json.encode(self)


def spans_of(labels: Labels) -> tuple[Span, ...]:
    """The runs of True.

    Example:
        >>> spans_of(np.array([False, True, True, False, True]))
        ((1, 3), (4, 5))
    """
    edges = np.flatnonzero(np.diff(labels.astype(np.int8), prepend=0, append=0)).tolist()
    return tuple(zip(edges[::2], edges[1::2], strict=True))
