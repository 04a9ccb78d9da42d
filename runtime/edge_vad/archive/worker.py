"""Scores the clips of an archive within a worker, which holds the scene."""

from __future__ import annotations

import os
import secrets
import shutil
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from edge_vad.archive.identity import identify
from edge_vad.archive.layout import MANIFEST, PARTIAL, RESULT
from edge_vad.archive.plan import ArchiveClip, Manifest, key_of
from edge_vad.archive.result import read_result
from edge_vad.errors import BadInput
from edge_vad.files.atomic import PRIVATE, make_private_folder, write_whole

if TYPE_CHECKING:
    from edge_vad.scoring.detector import Detector


class ClipWorker:
    """Scores clips, and puts the results of each in its place all at once.

    Whoever else has scored the same clip meanwhile has the same results, which are left there.

    Args:
        out: Folder of the results.
        scene: File of the scene model.
        manifest: By what is scored.
        ahead: See `edge_vad.scoring.detector.Detector.watch`.
    """

    def __init__(self, out: Path, scene: Path, manifest: Manifest, ahead: int | None) -> None:
        self._out, self._scene, self._manifest, self._ahead = out, scene, manifest, ahead

    def __call__(self, clip: ArchiveClip) -> None:
        """Score a clip.

        Raises:
            EdgeVadError: It cannot be scored.
            OSError: Its results cannot be written.
        """
        if not (self._out / MANIFEST).is_file():
            raise BadInput(
                f"{self._out} is not the folder of the results on {os.uname().nodename}",
                "let all machines reach clips and results under the same paths",
            )
        staging = self._out / PARTIAL / f"{clip.key[:16]}-{secrets.token_hex(4)}"
        make_private_folder(staging)
        try:
            self._score(clip, staging)
            self._demand_unchanged(clip)
            _put_in_place(staging, self._out / clip.name, clip)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _score(self, clip: ArchiveClip, folder: Path) -> None:
        from edge_vad.archive.clip_events import ClipEvents
        from edge_vad.archive.clip_scores import score_clip
        from edge_vad.archive.result import ClipResult, encode_result
        from edge_vad.scoring.rates import demand_rate
        from edge_vad.sources import open_source

        settings, camera = self._manifest.settings, self._manifest.camera
        with open_source(clip.source, strict=settings.strict, fps=settings.fps) as source:
            warning = demand_rate(source, self._detector.model.card)
            events = ClipEvents(folder, camera, clip, self._detector)
            scores = score_clip(
                self._detector,
                source,
                folder,
                has_maps=settings.has_maps,
                on_detection=events.update,
                ahead=self._ahead,
            )
        result = ClipResult(clip.key, camera, events.begun_at, scores, events.finish(), warning)
        write_whole(folder / RESULT, encode_result(result), PRIVATE)

    def _demand_unchanged(self, clip: ArchiveClip) -> None:
        """See to it that what was scored is what the key is of: a clip may still be written.

        Raises:
            BadInput: It is not.
        """
        if key_of(self._manifest, identify(clip.source).digest) != clip.key:
            raise BadInput(
                "it was written to while it was scored", "give the same command when it is whole"
            )

    @cached_property
    def _detector(self) -> Detector:
        """The scene, loaded once.

        Raises:
            BadInput: It is another one on this machine.
            EdgeVadError: It cannot be loaded.
        """
        from edge_vad.scoring.detector import load

        settings = self._manifest.settings
        detector = load(
            self._scene,
            backend=settings.backend,
            false_alarms=settings.false_alarms,
            threads=settings.threads,
            ignore=settings.ignore,
        )
        if detector.model.sha256 != self._manifest.scene:
            detector.close()
            raise BadInput(
                f"{self._scene} is another scene on {os.uname().nodename}, or has changed",
                "let all machines reach the same file under the same path",
            )
        return detector


def _put_in_place(staging: Path, place: Path, clip: ArchiveClip) -> None:
    """Move a whole folder to its place, unless another worker did so.

    Raises:
        OSError: It cannot be moved.
        BadInput: There are the results of something else.
    """
    for each in staging.rglob("*"):
        if each.is_file():
            with each.open("rb") as file:
                os.fsync(file.fileno())
    try:
        staging.rename(place)
    except OSError:
        if not (place / RESULT).is_file() or read_result(place).key != clip.key:
            raise
