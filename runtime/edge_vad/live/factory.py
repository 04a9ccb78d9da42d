"""Puts a live loop together from what the user asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from edge_vad.errors import EdgeVadError, WrongUse
from edge_vad.live.camera_pipeline import CameraPipeline, CameraPlan
from edge_vad.live.loop import LiveLoop
from edge_vad.live.shutdown import ShutdownDeadline
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.opening import open_scene
from edge_vad.scoring.scorer import Scorer
from edge_vad.sinks.settings import SinkSettings
from edge_vad.site.budget.shares import with_shares
from edge_vad.site.settings import CameraSettings, SiteSettings
from edge_vad.site.sources import source_of


class Scenes:
    """Loads every scene model of a site once, however many cameras show it.

    Args:
        site: Says what runs them, and by how many threads.
        folder: What paths are relative to.
        undo: Closes them again.
    """

    def __init__(self, site: SiteSettings, folder: Path, undo: ExitStack) -> None:
        self._folder, self._backend = folder, site.backend
        undo.callback(self._close)
        # None: one for small frames, all cores for others.
        self._threads = site.threads or (1 if len(site.cameras) > 1 else None)
        self._scorers: dict[Path, Scorer] = {}

    @property
    def scorers(self) -> Sequence[Scorer]:
        """All that were loaded."""
        return list(self._scorers.values())

    def load(self, scene: str) -> SceneModel:
        """Load a scene model, or an engine beside one.

        Raises:
            BadModel: The file is broken, foreign or too new.
            Unavailable: The backend is not on this machine.
        """
        path = (self._folder / scene).resolve()
        if path not in self._scorers:
            model, backend = open_scene(path, self._backend, threads=self._threads)
            backend.may_wait = False
            scorer = Scorer(model, backend)
            self._scorers[path] = scorer
        return self._scorers[path].model

    def forget_unused(self, site: SiteSettings) -> None:
        """Close the scene models that the site does not show, once the loop has let go of them."""
        shown = {(self._folder / camera.scene).resolve() for camera in site.cameras}
        for path in [each for each in self._scorers if each not in shown]:
            self._scorers.pop(path).close()

    def _close(self) -> None:
        for scorer in self._scorers.values():
            scorer.close()


def assemble(
    site: SiteSettings,
    folder: Path,
    scenes: Scenes,
    heartbeat: Callable[[], None],
    ending: ShutdownDeadline | None = None,
) -> LiveLoop:
    """Load the scenes and make the loop; nothing is captured yet.

    Args:
        site: What the site file says.
        folder: What its paths are relative to.
        scenes: Loads its scene models.
        heartbeat: Called by the loop again and again.
        ending: The time in which it has ended once it is to.

    Raises:
        EdgeVadError: A scene cannot be loaded, or a camera's source is none.
    """
    budget, site = site.false_alarms, decided(site, scenes)
    pipelines = [pipeline_of(camera, folder, scenes) for camera in site.cameras]
    return LiveLoop(pipelines, scenes.scorers, budget=budget, heartbeat=heartbeat, ending=ending)


def decided(site: SiteSettings, scenes: Scenes) -> SiteSettings:
    """The same, where every camera has its share of the false alarms that the site accepts.

    Raises:
        EdgeVadError: A scene cannot be loaded, or too little is left for a camera.
    """
    return with_shares(site, lambda camera: scenes.load(camera.scene).card.normal)


def sinks_in(sinks: SinkSettings, folder: Path) -> SinkSettings:
    """The same, with their folder relative to that of the site file."""
    return msgspec.structs.replace(sinks, folder=str(folder / sinks.folder))


def pipeline_of(camera: CameraSettings, folder: Path, scenes: Scenes) -> CameraPipeline:
    """Make a camera; nothing is captured yet.

    Raises:
        EdgeVadError: Its scene cannot be loaded, its source is none, or it cannot decide so.
    """
    plan = _plan(camera, folder, scenes)
    try:
        return CameraPipeline(plan)
    except WrongUse as error:
        raise WrongUse(f"camera {plan.name}: {error.what}", error.todo) from None


def _plan(camera: CameraSettings, folder: Path, scenes: Scenes) -> CameraPlan:
    try:
        source = source_of(camera, folder)
    except EdgeVadError as error:
        raise type(error)(f"camera {camera.name}: {error.what}", error.todo) from None
    return CameraPlan(
        name=camera.name,
        source=source,
        model=scenes.load(camera.scene),
        fps=camera.fps,
        decision=camera.decision,
        watch=camera.watch,
        timeout_s=camera.timeout_s,
    )
