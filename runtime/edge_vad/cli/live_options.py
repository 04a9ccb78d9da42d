"""Whether `edge-vad run` was asked to watch live, and what."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge_vad.cli.console import note
from edge_vad.cli.page_options import PageOptions
from edge_vad.cli.quantities import parse_duration
from edge_vad.cli.signals import left_at_once
from edge_vad.errors import EdgeVadError, WrongUse
from edge_vad.preprocessing.regions import Polygon
from edge_vad.sources.addresses.spec import parse_spec
from edge_vad.sources.connecting import is_paced

if TYPE_CHECKING:
    from edge_vad.site.settings import SiteSettings

LIVE_ONLY = "give a camera, or a recording played like one: street.mp4?realtime=1"


@dataclass(frozen=True)
class LiveOptions:
    """What `edge-vad run` was asked for.

    Attributes:
        scene: The scene model.
        sources: The sources; recordings where there are several.
        config: The site file.
        out: Folder to write to.
        duration: Time after which a live run ends.
        false_alarms: Alarms one accepts on normal footage; None: as the scene's footage allows.
        backend: What runs the scene model.
        threads: CPU threads.
        page: The page, if one is wanted.
        follow_drift: Whether the threshold follows drift.
        ignore: Regions in which nothing counts, px of the camera's frames.
    """

    scene: Path | None
    sources: tuple[str, ...]
    config: Path | None
    out: Path | None
    duration: str | None
    false_alarms: str | None
    backend: str
    threads: int | None
    page: PageOptions
    follow_drift: bool
    ignore: tuple[Polygon, ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether a camera, or a site, is to be watched.

        Raises:
            WrongUse: The source is none.
        """
        if self.config is not None:
            return True
        return len(self.sources) == 1 and is_paced(parse_spec(self.sources[0]))

    def recording(self) -> tuple[Path, Path]:
        """Scene and folder of a run on recordings.

        Raises:
            WrongUse: One of them was not given.
        """
        if self.scene is None or not self.sources:
            raise WrongUse(
                "there is nothing to watch", "give SCENE and SOURCES, or --config site.toml"
            )
        if self.out is None:
            raise WrongUse("a recording's results need a folder", "add --out FOLDER")
        if self.duration is not None:
            raise WrongUse("--duration is for live runs", LIVE_ONLY)
        return self.scene, self.out

    def watch(self, *, display: bool, log_json: bool, as_json: bool, reset_drift: bool) -> None:
        """Watch live.

        Raises:
            EdgeVadError: See `edge_vad.cli.live.watch_live`.
        """
        with left_at_once():
            from edge_vad.cli.live import leave_if_stuck, watch_live
            from edge_vad.live.shutdown import ShutdownDeadline
            from edge_vad.site.reading import read_site

        duration_s = parse_duration(self.duration)
        if self.config is None:
            site, folder = self._single(), Path()
        else:
            if self.scene or self.sources or self.out:
                raise WrongUse(
                    "--config stands for SCENE, SOURCES and --out", "give the one or the others"
                )
            site, folder = read_site(self.config), self.config.parent
        before, ending = set(threading.enumerate()), ShutdownDeadline()
        error: EdgeVadError | None = None
        try:
            with self.page.added_to(site) as shown:
                watch_live(
                    shown,
                    folder,
                    file=self.config,
                    duration_s=duration_s,
                    display=display,
                    log_json=log_json,
                    as_json=as_json,
                    reset_drift=reset_drift,
                    ending=ending,
                )
        except EdgeVadError as raised:
            error = raised
        if site.sinks.store and not as_json and not error:
            kept = folder / site.sinks.folder
            note(f"the events are in {kept}; look at them with edge-vad serve {kept}")
        leave_if_stuck(before, ending, error)
        if error:
            raise error

    def _single(self) -> SiteSettings:
        """A site of one camera."""
        from edge_vad.alarms.settings import DecisionSettings
        from edge_vad.sinks.settings import (
            ClipSettings,
            JsonLinesSettings,
            SinkSettings,
            StoreSettings,
        )
        from edge_vad.site.settings import CameraSettings, SiteSettings

        if self.follow_drift and self.out is None:
            raise WrongUse("what is learnt of drift needs a folder", "add --out FOLDER")
        if self.out is None:
            sinks = SinkSettings(jsonl=JsonLinesSettings(path="-"))
        else:
            sinks = SinkSettings(
                folder=str(self.out.absolute()),
                jsonl=JsonLinesSettings(),
                store=StoreSettings(),
                clips=ClipSettings(),
            )
        camera = CameraSettings(
            name="camera",
            scene=str(self.scene),
            source=self.sources[0],
            decision=DecisionSettings(
                false_alarms=self.false_alarms,
                follow_drift=self.follow_drift,
                ignore=self.ignore,
            ),
        )
        return SiteSettings(
            cameras=(camera,), backend=self.backend, threads=self.threads, sinks=sinks
        )
