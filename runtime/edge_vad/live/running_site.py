"""Changes a site file, and takes over into the running loop what it says then."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge_vad.camera_state import CameraState
from edge_vad.errors import BadModel, EdgeVadError
from edge_vad.live.camera_pipeline import CameraPipeline
from edge_vad.live.change import OtherDecision, SiteChange, one_by_one
from edge_vad.live.factory import Scenes, decided, pipeline_of
from edge_vad.live.loop import LiveLoop
from edge_vad.sinks.edits import AddCamera, Edit, EditableCamera, EditableSite, EditConflict
from edge_vad.site.editing import edit_site, rewrite_site
from edge_vad.site.edits import carry_out, demand_camera, forget_source, keep_source, source_file_of
from edge_vad.site.reading import decode_site, read_document
from edge_vad.site.settings import CameraSettings, SiteSettings
from edge_vad.sources.connecting import demand_connectable
from edge_vad.untrusted import shown_path

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_MOST_SCENES = 200
_TAKING_OVER_S, _LOOK_EVERY_S = 15.0, 0.05
_log = logging.getLogger(__name__)


class RunningSite:
    """The site file of a run; implements `edge_vad.sinks.edits.SiteEditor`.

    Args:
        path: The site file.
        site: What it said when the run began.
        scenes: Loads scene models.
        loop: Watches its cameras.
    """

    def __init__(self, path: Path, site: SiteSettings, scenes: Scenes, loop: LiveLoop) -> None:
        self._path, self._site, self._scenes, self._loop = path, decided(site, scenes), scenes, loop
        self._changing = threading.Lock()

    def read(self) -> EditableSite:
        """What the file says now."""
        text = read_document(self._path)
        site = decode_site(text, shown_path(self._path))
        cameras = tuple(map(_editable, site.cameras))
        return EditableSite(
            digest=_digest(text),
            cameras=cameras,
            scenes=self._listed(site),
            false_alarms=site.false_alarms,
        )

    def change(self, digest: str, camera: str, edit: Edit) -> EditableSite:
        """Change the file, and what is watched; nothing where that cannot be."""
        with self._changing:
            self._change(digest, camera, edit)
        _log.info("the site file was changed: %s %s", _verb(edit), camera)
        return self.read()

    @property
    def site(self) -> SiteSettings:
        """What is watched."""
        return self._site

    def rewrite(
        self,
        rewrite: Callable[[str], str],
        about_to_write: Callable[[str], None],
        on_camera: Callable[[int, int], None],
    ) -> None:
        """Replace the file's text at once, and watch by it camera by camera.

        Where a camera cannot be scored any more by its new scene, the text before is put back, and
        is watched by again.

        Args:
            rewrite: From the text to the new one.
            about_to_write: Called with the text so far when all is prepared, just before the new
                one is written.
            on_camera: Told how many cameras watch by it, and how many are to.

        Raises:
            EdgeVadError: It could not be watched so; all is as it was.
        """
        with self._changing:
            self._rewrite(rewrite, about_to_write, on_camera)

    def _rewrite(
        self,
        rewrite: Callable[[str], str],
        about_to_write: Callable[[str], None],
        on_camera: Callable[[int, int], None],
    ) -> None:
        texts, prepared = list[str](), list[tuple[SiteSettings, SiteChange]]()

        def noting(text: str) -> str:
            texts.append(text)
            return rewrite(text)

        def check(site: SiteSettings) -> None:
            prepared.append(self._prepared(site))
            about_to_write(texts[0])

        try:
            rewrite_site(self._path, noting, check=check)
        except BaseException:
            self._scenes.forget_unused(self._site)
            raise
        self._site, change = prepared[0]
        try:
            self._go_over(change, on_camera)
        except EdgeVadError:
            back = rewrite_site(self._path, lambda _: texts[0])
            self._site, change = self._prepared(back)
            self._loop.change(change)
            raise
        finally:
            self._scenes.forget_unused(self._site)

    def _go_over(self, change: SiteChange, on_camera: Callable[[int, int], None]) -> None:
        """Watch otherwise, one camera after the other.

        Raises:
            BadModel: A camera cannot be scored by its new scene.
        """
        before = [self._loop.pipeline(camera.name) for camera in self._loop.cameras]
        count = sum(each not in before for each in change.pipelines)
        for done, (pipeline, step) in enumerate(one_by_one(before, change)):
            on_camera(done, count)
            self._loop.change(step)
            if pipeline:
                _demand_scored(pipeline)

    def _change(self, digest: str, camera: str, edit: Edit) -> None:
        folder, scenes, kept = self._path.parent, self.read().scenes, None
        prepared: list[tuple[SiteSettings, SiteChange]] = []
        if isinstance(edit, AddCamera):
            demand_connectable(demand_camera(edit.source))
            edit = keep_source(edit, self._path)
            kept = edit.source

        def carry(document: TOMLDocument) -> None:
            if _digest(document.as_string()) != digest:
                raise EditConflict
            carry_out(document, camera, edit, scenes)

        try:
            edit_site(self._path, carry, check=lambda site: prepared.append(self._prepared(site)))
        except EdgeVadError:
            forget_source(kept, folder)
            raise
        before, (self._site, change) = self._site, prepared[0]
        self._loop.change(change)
        still = {each.source_file for each in self._site.cameras}
        gone = source_file_of(before.cameras, camera)
        if gone not in still:
            forget_source(gone, folder)

    def _prepared(self, said: SiteSettings) -> tuple[SiteSettings, SiteChange]:
        """Make all that the change needs; what cannot be watched is told now."""
        site = decided(said, self._scenes)
        pipelines, decisions = list[CameraPipeline](), list[OtherDecision]()
        known = {camera.name: camera for camera in self._site.cameras}
        for camera in site.cameras:
            before = known.get(camera.name)
            if before is None or not _goes_on(before, camera):
                pipelines.append(pipeline_of(camera, self._path.parent, self._scenes))
                continue
            pipelines.append(self._loop.pipeline(camera.name))
            if before.decision != camera.decision:
                decision = pipelines[-1].decision_by(camera.decision)
                decisions.append(OtherDecision(pipelines[-1], camera.decision, decision))
        return site, SiteChange(pipelines, self._scenes.scorers, decisions, said.false_alarms)

    def _listed(self, site: SiteSettings) -> tuple[str, ...]:
        """The scene models that lie beside the file, and those that its cameras have."""
        found = {camera.scene for camera in site.cameras}
        with suppress(OSError):
            found |= {each.name for each in self._path.parent.glob("*.onnx") if each.is_file()}
        return tuple(sorted(found)[:_MOST_SCENES])


def _demand_scored(pipeline: CameraPipeline) -> None:
    """Wait until a camera is scored once more; one that sends nothing is not waited for.

    Raises:
        BadModel: It never will be.
    """
    frames, until = pipeline.frames, time.monotonic() + _TAKING_OVER_S
    while pipeline.frames == frames and time.monotonic() < until:
        state = pipeline.capture.state  # before the error, which is there before it has ended
        if error := pipeline.capture.error:
            raise BadModel(f"{pipeline.name}: {error}", "try the scene on such a device first")
        if state is not CameraState.LIVE:
            return
        time.sleep(_LOOK_EVERY_S)


def _goes_on(before: CameraSettings, camera: CameraSettings) -> bool:
    """Whether a camera can be watched on as it is: it only decides otherwise, if at all."""
    same = msgspec.structs.replace(before, decision=camera.decision, footage=camera.footage)
    return same == camera


def _editable(camera: CameraSettings) -> EditableCamera:
    decision = camera.decision
    return EditableCamera(
        name=camera.name,
        scene=camera.scene,
        false_alarms=decision.false_alarms,
        ignore=decision.ignore,
        zones=decision.zones,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _verb(edit: Edit) -> str:
    return type(edit).__name__.removesuffix("Camera").lower()
