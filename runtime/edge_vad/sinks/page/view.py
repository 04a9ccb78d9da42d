"""The state of one live camera, for the page."""

from __future__ import annotations

import time

import msgspec

from edge_vad.camera_state import CameraState
from edge_vad.detection import Detection
from edge_vad.events import CameraStatus, EventChange, WatchedCamera
from edge_vad.sinks.ongoing import OngoingEvents
from edge_vad.sinks.page.history import ScoreHistory
from edge_vad.sinks.page.snapshots import Snapshot, SnapshotEncoder
from edge_vad.sinks.page.threshold_presets import ThresholdPreset, preset_at, presets_of

_SHARE = 0.1
"""Of the newest figure in a running mean."""


class Geometry(msgspec.Struct, frozen=True):
    """Where the cells of the map lie, in units of the model's frame.

    Attributes:
        rows: Rows of the map.
        columns: Columns of the map.
        patch: Side of what a cell sees, px of the model.
        stride: From one cell to the next, px of the model.
        width: Columns of the model's frame.
        height: Rows of the model's frame.
    """

    rows: int
    columns: int
    patch: int
    stride: int
    width: int
    height: int


class CameraCard(msgspec.Struct, frozen=True):
    """What does not change while a camera is watched.

    Attributes:
        name: Its name.
        fps: Frames a second that are expected of it.
        geometry: Where the cells of its map lie.
        stops: Thresholds that are offered, from the most false alarms to the fewest.
    """

    name: str
    fps: float
    geometry: Geometry
    stops: tuple[ThresholdPreset, ...]


class PictureHead(msgspec.Struct, frozen=True):
    """What is said of a picture; its JPEG and its levels follow the document.

    Attributes:
        number: Its number.
        age_s: How long ago it was captured; None for footage that is not live.
        score: Its score.
        box: Where its anomaly is, px of the camera's frames.
        width: Columns of the camera's frames.
        height: Rows of the camera's frames.
        jpeg: Bytes of the JPEG.
        levels: Bytes of the levels.
    """

    number: int
    age_s: float | None
    score: float
    box: tuple[int, int, int, int] | None
    width: int
    height: int
    jpeg: int
    levels: int


class CameraNow(msgspec.Struct, frozen=True):
    """How a camera is just now.

    Attributes:
        state: Its state.
        state_s: For how many seconds it has been in it.
        alarm: Whether an event goes on.
        threshold: What its scores are held against.
        share: What it accepts, with zones that say their own rate, of the false alarms that the
            site accepts; None where the site says nothing of all cameras together.
        fps: Frames scored a second.
        age_s: Age of the frame scored last when it was decided on.
        stages: Seconds that the stages of a frame's way take.
        dropped: Frames that were never scored.
        unjudged: Frames that were not judged, as the picture was covered, for instance.
        reconnects: How often it was connected to again.
        decoder: What decodes its pictures; empty where nothing has to.
        scores: Seconds on the page's clock and the highest score in each.
        picture: Its newest picture, where one was asked for and it is new.
    """

    state: str
    state_s: float
    alarm: bool
    threshold: ThresholdPreset
    share: float | None
    fps: float
    age_s: float | None
    stages: dict[str, float]
    dropped: int
    unjudged: int
    reconnects: int
    decoder: str
    scores: list[tuple[int, float]]
    picture: PictureHead | None


class CameraView:
    """Takes what the live loop says of a camera; read by any thread.

    Args:
        camera: The camera.
        fps: Pictures a second, at most.
        began_s: Monotonic time at which the page's clock began.
    """

    def __init__(self, camera: WatchedCamera, fps: float, began_s: float) -> None:
        self._camera = camera
        card, grid = camera.card, camera.card.grid
        self.card = CameraCard(
            camera.name,
            camera.fps,
            Geometry(grid.rows, grid.columns, grid.patch, grid.stride, card.width, card.height),
            presets_of(card.normal),
        )
        self.latest = SnapshotEncoder(fps)
        self.threshold = self.card.stops[0]
        self._history = ScoreHistory()
        self._began_s = began_s
        self._state, self._state_at = CameraState.CONNECTING, time.monotonic()
        self._alarm, self._ongoing = False, OngoingEvents()
        self._stages: dict[str, float] = {}
        self._interval_s, self._scored_at = 0.0, 0.0

    def shows(self, camera: WatchedCamera) -> bool:
        """Whether it is this camera, with the same scene."""
        return self._camera.card is camera.card and self._camera.fps == camera.fps

    def frame(self, detection: Detection) -> None:
        """Take a scored frame."""
        now = time.monotonic()
        self._history.add(now - self._began_s, detection.score)
        interval_s = now - self._scored_at
        if interval_s < 5.0:
            mean = self._interval_s or interval_s
            self._interval_s = mean + _SHARE * (interval_s - mean)
        self._scored_at = now
        self.latest.offer(detection)

    def event(self, change: EventChange) -> None:
        """Take a change of an event."""
        self._alarm = self._ongoing.take(change)

    def state(self, state: CameraState) -> None:
        """Take a new state."""
        self._state, self._state_at = state, time.monotonic()
        self._interval_s = 0.0
        if state is not CameraState.LIVE:
            self._stages = {}

    def accept(self, false_alarms: str, score: float) -> None:
        """Take a new threshold."""
        self.threshold = preset_at(false_alarms, score)

    def timing(self, stage: str, seconds: float) -> None:
        """Take how long a stage took."""
        mean = self._stages.get(stage, seconds)
        self._stages[stage] = mean + _SHARE * (seconds - mean)

    def now(
        self,
        status: CameraStatus,
        since: int,
        picture: Snapshot | None,
        budget: float | None = None,
    ) -> CameraNow:
        """How it is.

        Args:
            status: What the live loop says of it.
            since: Second on the page's clock from which on scores are told.
            picture: The picture that goes with it.
            budget: Alarms an hour that all cameras together accept; None where nobody has said.
        """
        now = time.monotonic()
        is_scored = self._interval_s > 0 and now - self._scored_at < 5.0
        return CameraNow(
            state=str(self._state),
            state_s=round(now - self._state_at, 1),
            alarm=self._alarm,
            threshold=self.threshold,
            share=None if budget is None else round(status.accepted_per_hour / budget, 6),
            fps=round(1 / self._interval_s, 1) if is_scored else 0.0,
            age_s=_rounded(status.age_s),
            stages={name: round(mean, 4) for name, mean in self._stages.copy().items()},
            dropped=status.dropped,
            unjudged=sum(status.unjudged.values()),
            reconnects=status.reconnects,
            decoder=status.decoder,
            scores=self._history.since(since),
            picture=None
            if picture is None
            else _head(picture, now, is_live=status.age_s is not None),
        )


def _head(picture: Snapshot, now: float, *, is_live: bool) -> PictureHead:
    return PictureHead(
        number=picture.number,
        age_s=round(now - picture.taken_s, 3) if is_live else None,
        score=round(picture.score, 3),
        box=picture.box,
        width=picture.width,
        height=picture.height,
        jpeg=len(picture.jpeg),
        levels=picture.levels.size,
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
