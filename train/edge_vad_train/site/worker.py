"""Makes the scenes of cameras within a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_vad_train.site.plan import SceneJob
    from edge_vad_train.site.record import SceneRecord


class SceneWorker:
    """Makes one scene after the other; what is there of it is taken up.

    Args:
        device: Where scenes are trained.
        engine: Whether engines are built, where their device is.
        overwrite: Whether other scenes are replaced.
    """

    def __init__(self, device: str, engine: bool, overwrite: bool) -> None:
        self._device, self._engine, self._overwrite = device, engine, overwrite

    def __call__(self, job: SceneJob) -> SceneRecord:
        """Make the scene of a camera; see `make_scene`."""
        from edge_vad_train.site.making import make_scene  # once the worker's threads are limited

        return make_scene(job, self._device, self._engine, self._overwrite)
