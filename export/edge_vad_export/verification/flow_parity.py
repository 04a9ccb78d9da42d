"""Flow parity: compares the flow inside of a graph with that of training, on real frames.

Where the graph takes the camera's own pictures, what it makes of them is compared with what the
runtime makes, and the flow with that of the same frames: so each difference is seen by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.backends.camera_states import CameraStates
from edge_vad.backends.onnxruntime import open_session
from edge_vad.backends.providers import PROVIDERS
from edge_vad.errors import BadInput, CheckFailed
from edge_vad.motion.extractor import MotionExtractor
from edge_vad.motion.state import MotionInside
from edge_vad.onnx_file.pruning import needed_graph
from edge_vad.scene_model import SceneModel
from edge_vad_export.verification.samples import PreparedSample

FLOW_FRAMES = 200
"""Frames that are compared, at most."""
MOST_MEAN_PX, MOST_HIGH_PX = 0.01, 0.5
MOST_LEVELS = 5.0
"""Of 255, but for a thousandth of the numbers: FFmpeg and OpenCV round colours differently, and
another matrix of colours differs by more."""
_HIGH = 99.9


def measure_flow_parity(model: SceneModel, footage: Iterable[PreparedSample]) -> MotionInside:
    """Measure flow by the graph, on ONNX Runtime's CPU, and by what the scene was trained with.

    Args:
        model: A scene model with motion inside.
        footage: Frames in their order.

    Raises:
        BadInput: No two frames follow each other.
        Unavailable: The scene's flow was measured by other code than there is here.
    """
    inside = model.card.motion_inside
    assert inside  # noqa: S101 - the caller has made it so
    pairs = [*_errors(model, islice(footage, FLOW_FRAMES))]
    if not pairs:
        raise BadInput("there are no two frames in a row to compare on", "give longer footage")
    errors = np.stack([flow for flow, _ in pairs])
    return msgspec.structs.replace(
        inside,
        frames=len(errors),
        mean_error=float(errors.mean()),
        high_error=float(np.percentile(errors, _HIGH)),
        picture_error=max(levels for _, levels in pairs),
    )


def demand_flow_parity(found: MotionInside) -> None:
    """See to it that the flow of a graph is close enough.

    Raises:
        CheckFailed: It is not.
    """
    if not found.picture_error <= MOST_LEVELS:
        raise CheckFailed(
            f"what the graph makes of the camera's pictures differs by {found.picture_error:.3g} "
            f"grey levels from what the runtime makes, more than {MOST_LEVELS:g}",
            "see that --input names the matrix of the stream's colours: nv12-bt601 or nv12-bt709",
        )
    if not (found.mean_error <= MOST_MEAN_PX and found.high_error <= MOST_HIGH_PX):
        raise CheckFailed(
            f"the graph's flow differs by {found.mean_error:.2g} px on the mean and "
            f"{found.high_error:.2g} px at the {_HIGH}th percentile, more than {MOST_MEAN_PX} and "
            f"{MOST_HIGH_PX}",
            "export without --motion-in-graph and report this; nothing was written",
        )


def _errors(
    model: SceneModel, footage: Iterable[PreparedSample]
) -> Iterator[tuple[NDArray[np.float32], float]]:
    """Of each frame: those of flow, px, and the high one of the picture, grey levels."""
    card = model.card
    state = [each.output for each in card.state]
    outputs = ["flow", *state, *(["picture"] if card.camera else [])]
    content = needed_graph(model.content(), outputs)
    session: Any = open_session(PROVIDERS["onnxruntime"], content, name=model.path)
    states = CameraStates(card.state)
    extractor = MotionExtractor(card.height, card.width, card.motion)
    for seen in footage:
        inputs = seen.of_camera
        tensors = inputs.tensors | states.inputs(inputs.cameras)
        given = dict(zip(outputs, session.run(outputs, tensors), strict=True))
        states.keep(inputs.cameras, [given[name] for name in state])
        picture = given.get("picture", inputs.frame)[0]
        if inputs.reset[0]:
            extractor.reset()
        moved = extractor.measure(picture, float(inputs.elapsed[0]))
        if moved.flow is not None and moved.is_new:
            differs = np.abs(picture.astype(np.float32) - seen.inputs.frame[0])
            yield np.abs(given["flow"][0] - moved.flow), float(np.percentile(differs, _HIGH))
