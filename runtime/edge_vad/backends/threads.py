"""How many CPU threads a scene's graph is worth."""

from __future__ import annotations

import os

from edge_vad.scene_model import SceneCard

_PIXELS_WORTH_MORE = 150_000
"""Of a frame. With fewer a second thread hardly saves time, and takes it from optical flow."""


def default_threads(card: SceneCard) -> int:
    """One for small frames, all cores for others.

    Args:
        card: Of the scene model.
    """
    if card.height * card.width < _PIXELS_WORTH_MORE:
        return 1
    return len(os.sched_getaffinity(0))
