"""What a worker does: the scenes of cameras, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_vad_train.site.plan import SceneJob
    from edge_vad_train.site.record import SceneRecord


def scene_maker() -> Callable[[SceneJob], SceneRecord]:
    """What makes a scene; its imports wait until the threads of the worker are limited."""
    from edge_vad_train.site.making import make_scene

    return make_scene
