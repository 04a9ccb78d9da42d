"""Holds a scene with motion inside its graph to the same scene without, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends import Backend, load_backend
from edge_vad.backends.camera_states import CameraStates
from edge_vad.backends.onnxruntime import open_session, run_with_state
from edge_vad.backends.providers import PROVIDERS
from edge_vad.motion.pace import Paced
from edge_vad.onnx_file.pruning import needed_graph
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.preparation import Elapsed, FramePreparer, PreparedFrame, camera_input

Clip = Iterable[Paced]
Story = Callable[[Clip], Iterator[Paced]]


def as_it_is(clip: Clip) -> Iterator[Paced]:
    """A cold start, and then frame after frame."""
    yield from clip


def troubled(clip: Clip) -> Iterator[Paced]:
    """With a reset, a repeated picture and a gap of half a second in every 45 frames."""
    for count, paced in enumerate(clip):
        place = count % 45
        if 30 <= place < 36:  # left out
            continue
        yield paced._replace(steps=None) if place in (15, 36) else paced
        if place in (5, 6, 22):
            yield paced._replace(steps=1.0)


def slow(clip: Clip) -> Iterator[Paced]:
    """Every second frame alone, of a camera of half the rate."""
    for count, paced in enumerate(clip):
        if count % 2 == 0:
            yield paced._replace(steps=paced.steps and 2.0)


STORIES: dict[str, Story] = {"as it is": as_it_is, "troubled": troubled, "slow": slow}


@dataclass
class Parity:
    """What was found on some footage.

    Attributes:
        name: Of the footage.
        expected: Scores of the scene without; 0 where nothing can be said.
        given: Scores of the scene with motion inside.
        judged: Frames of which both can say something.
        disagreed: Frames of which one alone can.
        flow_errors: float32, of every component of flow, px, one array a frame.
    """

    name: str
    expected: list[float] = field(default_factory=list)
    given: list[float] = field(default_factory=list)
    judged: int = 0
    disagreed: int = 0
    flow_errors: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, expected: float | None, given: float | None) -> None:
        """Take in the scores of a frame; None where nothing can be said."""
        self.expected.append(expected or 0.0)
        self.given.append(given or 0.0)
        self.judged += expected is not None and given is not None
        self.disagreed += (expected is None) != (given is None)

    def figures(self, threshold: float, most_shift: float) -> dict[str, Any]:
        """Sum up.

        Args:
            threshold: From which score on a frame is anomalous.
            most_shift: How far a score may be shifted: so near to the threshold, decisions may
                differ.
        """
        expected, given = np.array(self.expected), np.array(self.given)
        scale = np.maximum(1, np.abs(expected))
        shift = np.abs(given - expected) / scale
        differs = (expected >= threshold) != (given >= threshold)
        far = differs & (np.abs(expected - threshold) / scale > most_shift)
        errors = np.concatenate([each.ravel() for each in self.flow_errors] or [np.zeros(1)])
        return {
            "footage": self.name,
            "frames": self.judged,
            "disagreed": self.disagreed,
            "flow_mean_px": float(errors.mean()),
            "flow_high_px": float(np.percentile(errors, 99.9)),
            "flow_most_px": float(errors.max()),
            "score_shift": float(shift.max(initial=0.0)),
            "anomalous": int((expected >= threshold).sum()),
            "decided_otherwise": int(differs.sum()),
            "decided_otherwise_far": int(far.sum()),
        }


class _Camera(NamedTuple):
    """One camera, watched by both scenes."""

    outside: FramePreparer
    inside: FramePreparer


class _Measured(NamedTuple):
    """What a scene says of a frame, and the flow since the one before; None where nothing."""

    score: float | None
    flow: NDArray[np.float32] | None


class TwoScenes:
    """Runs both on the same frames.

    Args:
        inside: The scene with motion inside its graph.
        outside: The same without.
    """

    def __init__(self, inside: SceneModel, outside: SceneModel) -> None:
        self._cards = outside.card, inside.card
        self._graph, self._reference = _MotionGraph(inside), load_backend(outside)

    def compare(self, parities: Sequence[Parity], clips: Sequence[Clip]) -> None:
        """Show a clip to each of some cameras, whose frames are one batch and change places.

        Args:
            parities: What is found of each camera; changed.
            clips: What each of them shows.
        """
        cameras = [_Camera(*map(FramePreparer, self._cards)) for _ in clips]
        for turn, frames in enumerate(zip_longest(*clips)):
            places = [place for place, paced in enumerate(frames) if paced is not None]
            self._take(turn, [(parities[at], cameras[at], frames[at]) for at in places])

    def _take(self, turn: int, batch: list[tuple[Parity, _Camera, Paced]]) -> None:
        batch = batch[:: -1 if turn % 2 else 1]
        expected = [_expect(self._reference, camera.outside, *paced) for _, camera, paced in batch]
        prepared = [camera.inside.prepare(*paced) for _, camera, paced in batch]
        given = self._graph.measure(prepared)
        for (parity, _, _), known, found in zip(batch, expected, given, strict=True):
            parity.add(known.score, found.score)
            if known.flow is not None and found.flow is not None:
                parity.flow_errors.append(np.abs(found.flow - known.flow))


def _expect(
    backend: Backend, preparer: FramePreparer, frame: Any, steps: float | None
) -> _Measured:
    if steps is None:
        preparer.reset()
    measured = preparer.measure(frame, preparer.fit(frame), steps)
    moved = measured.measurement
    flow = moved.flow.copy() if moved.flow is not None and moved.is_new else None
    prepared = preparer.pool(measured)
    score = None if prepared.unjudged else float(backend.infer(prepared.inputs).score[0])
    return _Measured(score, flow)


class _MotionGraph:
    """A graph with motion inside, which tells of its flow, too."""

    def __init__(self, model: SceneModel) -> None:
        self._names = [*model.card.outputs, "flow"]
        content = needed_graph(model.content(), self._names)
        self._session = open_session(PROVIDERS["onnxruntime"], content, name=model.path)
        self._states = CameraStates(model.card.state)
        self._flow: NDArray[np.float32] = np.zeros(0, np.float32)

    def measure(self, prepared: Sequence[PreparedFrame]) -> list[_Measured]:
        """Score a batch."""
        images = np.stack([each.image for each in prepared])
        elapsed = [each.motion for each in prepared if isinstance(each.motion, Elapsed)]
        found = run_with_state(self._run, camera_input(images, elapsed), self._states)
        known = found.motion_known if found.motion_known is not None else ()
        return [
            _Measured(float(score) if knows else None, flow)
            for score, knows, flow in zip(found.score, known, self._flow, strict=True)
        ]

    def _run(self, tensors: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        *given, self._flow = self._session.run(self._names, tensors)
        return given
