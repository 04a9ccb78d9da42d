"""The frame that a server scores before it is ready."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_vad.opencv import cv2
from edge_vad.preprocessing.background_picture import decode_background
from edge_vad.scene_model import SceneModel
from edge_vad_export.verification.samples import PreparedSample, moved
from edge_vad_export.verification.verification import VerificationFootage


def warm_up_samples(
    model: SceneModel, footage: VerificationFootage, kept: Iterable[PreparedSample] = ()
) -> Iterable[PreparedSample]:
    """Frames to warm up with: of the footage, or kept by the training, or else the empty picture.

    Args:
        model: The scene model.
        footage: What was given.
        kept: What the training kept.

    Raises:
        WrongUse: There is no such source.
        BadInput: The footage cannot be read, or is of another shape.
    """
    if footage.given:
        return footage.samples(model)
    return list(kept) or moved(model, [_empty_picture(model)])


def warm_up_tensors(
    model: SceneModel, samples: Iterable[PreparedSample]
) -> dict[str, NDArray[Any]]:
    """What a server is sent for one of some frames, the last of those whose motion is known.

    Args:
        model: The scene model.
        samples: Frames in a row; only as many are taken as make motion known.

    Returns:
        Name of the input to its values, of one frame.
    """
    found = None
    for each in islice(samples, model.card.motion.window + 1):
        if found is None or each.has_motion:
            found = each.inputs.copied().tensors
    assert found  # noqa: S101 - footage without frames is refused before
    return {name: values[0] for name, values in found.items()}


def _empty_picture(model: SceneModel) -> NDArray[np.uint8]:
    card = model.card
    small = decode_background(card.empty[0]) if card.empty else np.full((2, 2), 128.0, np.float32)
    grey = cv2.resize(small, (card.width, card.height), interpolation=cv2.INTER_LINEAR)
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
