"""Frames of footage as the detector would give them to the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, starmap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends import AnyInput, CameraInput
from edge_vad.frame import CameraPicture, Frame
from edge_vad.motion.pace import Paced, at_pace, scored_of
from edge_vad.motion.state import MotionInside
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.preparation import (
    Elapsed,
    FramePreparer,
    GraphMotion,
    ask_for,
    camera_input,
    own_picture,
)

_UNLIMITED = MotionInside(long_steps=True)
_MOVE = -1, 2
"""Px down and to the right by which a picture's middle is moved."""

if TYPE_CHECKING:
    from edge_vad_train.evaluation.truth import Truth


class PreparedSample(NamedTuple):
    """One frame, prepared.

    Attributes:
        inputs: Those of the graph, for this one frame; reused by the next.
        has_motion: False for the first frame, and the first after a gap, which is not scored.
        anomalous: What the labels say of it; None without labels.
        elapsed: What a graph with motion inside is told of it; None where it follows no other.
        own: uint8, (1, *shape), the camera's own picture, where that was asked for.
    """

    inputs: AnyInput
    has_motion: bool = True
    anomalous: bool | None = None
    elapsed: Elapsed | None = None
    own: NDArray[np.uint8] | None = None

    @property
    def of_camera(self) -> CameraInput:
        """The inputs of a graph with motion inside."""
        assert self.elapsed  # noqa: S101 - of footage it always is
        frame = self.inputs.frame if self.own is None else self.own
        return camera_input(frame, [self.elapsed])


def sample_footage(
    model: SceneModel, places: Sequence[str], most: int, camera: CameraPicture | None = None
) -> Iterator[PreparedSample]:
    """Prepare frames from all over ordinary footage.

    Args:
        model: The scene model, for the size of its frames and its motion.
        places: Sources of frames, or the folder of a data set, whose training clips are taken.
        most: About as many frames are taken; footage that is shorter is taken whole.
        camera: The camera's own picture, which samples are to carry, too.

    Raises:
        WrongUse: There is no such source.
        BadInput: The footage cannot be read, or is of another shape.
    """
    from edge_vad_train.datasets import open_dataset

    clips, fps = open_dataset(list(places)).train, model.card.fps
    stretch = model.card.motion.window + 1
    for clip in clips:
        with clip.open() as source:
            ask_for(source, camera or model.card.camera)
            length = scored_of(source.length, source.fps, fps)
            paced = at_pace(source, fps)
            taken = spread(paced, length, stretch, max(stretch, most // len(clips)))
            yield from starmap(preparing(model, camera), taken)


def read_labelled(
    model: SceneModel, truth: Truth, camera: CameraPicture | None = None
) -> Iterator[PreparedSample]:
    """Prepare every frame of a data set's labelled clips that the scene looks at.

    Args:
        model: The scene model.
        truth: The clips.
        camera: The camera's own picture, which samples are to carry, too.

    Raises:
        BadInput: A frame cannot be read or is of another shape, or the labels are of other clips.
    """
    for clip in truth.clips:
        prepare, own = preparing(model, camera), camera or model.card.camera
        for frame, steps, is_anomalous, _ in clip.scored(model.card.fps, camera=own):
            yield prepare(frame, steps)._replace(anomalous=is_anomalous)


def spread(paced: Iterable[Paced], length: int | None, stretch: int, most: int) -> Iterator[Paced]:
    """Short stretches of consecutive frames from all over long footage; all of it if it is short.

    Args:
        paced: The frames that the scene looks at.
        length: How many these are, about; where that is not known, only the beginning can be had.
        stretch: Frames in a row, so that motion is known in the last of them.
        most: About as many frames are handed out.
    """
    if length is None:
        yield from islice(paced, most)
        return
    period = stretch * -(-length // most)
    for count, (frame, steps) in enumerate(paced):
        if length <= most:
            yield Paced(frame, steps)
        elif count % period < stretch:
            yield Paced(frame, steps if count % period else None)


def moved(model: SceneModel, images: Sequence[NDArray[np.uint8]]) -> list[PreparedSample]:
    """Single pictures as footage: each, and then the same where its middle has moved.

    Args:
        model: The scene model.
        images: uint8, (height, width, 3), of the size of its frames.
    """
    paced = [
        Paced(Frame(image, index, index / model.card.fps), 1.0 if index % 2 else None)
        for index, image in enumerate(each for still in images for each in (still, _shifted(still)))
    ]
    return [each._replace(inputs=each.inputs.copied()) for each in starmap(preparing(model), paced)]


def _shifted(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = (slice(side // 4, -side // 4) for side in image.shape[:2])
    made = image.copy()
    made[rows, columns] = np.roll(image, _MOVE, (0, 1))[rows, columns]
    return made


def preparing(
    model: SceneModel, camera: CameraPicture | None = None
) -> Callable[[Frame, float | None], PreparedSample]:
    """Prepare frames as the detector does.

    Args:
        model: The scene model.
        camera: The camera's own picture, which samples are to carry, too.

    Returns:
        From a frame, and the frame times since the one before, to what the graph is given. Raises
        `BadInput` where the frame's shape is not that of the scene's camera.
    """
    preparer, inside = FramePreparer(model.card), GraphMotion(_UNLIMITED)

    def prepare(frame: Frame, steps: float | None) -> PreparedSample:
        prepared = preparer.prepare(frame, steps)
        if steps is None:
            inside.reset()
        elapsed = inside.pool(inside.measure(prepared.image, steps or 1.0))
        own = own_picture(camera, frame)[None] if camera else None
        return PreparedSample(prepared.inputs, steps is not None, elapsed=elapsed, own=own)

    return prepare
