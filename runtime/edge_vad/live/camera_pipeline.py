"""One camera that is watched: from its newest frame to what the scene model takes."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.alarms.decision import Decision
from edge_vad.alarms.settings import DecisionSettings
from edge_vad.camera_state import CameraState
from edge_vad.errors import BadInput
from edge_vad.events import CameraStatus, EventChange, WatchedCamera
from edge_vad.false_alarms import parse_rate
from edge_vad.frame import Frame
from edge_vad.live.freeze_detector import FreezeDetector
from edge_vad.motion.pace import LONGEST_STEP, Pace
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.preparation import FramePreparer, PreparedFrame, form_of
from edge_vad.scoring.tamper_detector import TamperDetector
from edge_vad.site.budget.shares import accepted_per_hour
from edge_vad.site.settings import WatchSettings
from edge_vad.sources.capture.capture import Capture
from edge_vad.sources.capture.newest import NewestFrame
from edge_vad.sources.connecting import LiveSpec, connector, is_paced

_log = logging.getLogger(__name__)
_TOO_LATE = 5
"""Frames in a row that follow none, from which on that is told."""
_DEFAULT_DECISION, _DEFAULT_WATCH = DecisionSettings(), WatchSettings()


@dataclass(frozen=True)
class CameraPlan:
    """A camera, and how it is to be watched.

    Attributes:
        name: Its name; unique.
        source: Where its frames come from.
        model: The scene it shows.
        fps: Frames a second to score, at most; the scene's own when None.
        decision: When it raises an alarm.
        watch: When its picture is not to be relied on.
        timeout_s: How long it may take to answer, and to send the next frame.
    """

    name: str
    source: LiveSpec
    model: SceneModel
    fps: float | None = None
    decision: DecisionSettings = _DEFAULT_DECISION
    watch: WatchSettings = _DEFAULT_WATCH
    timeout_s: float = 5.0


class Waiting(NamedTuple):
    """A frame that waits to be scored.

    Attributes:
        prepared: The frame, ready for the graph.
        waited_s: Between its capture and its preparation.
        flow_s: How long the preparation took.
    """

    prepared: PreparedFrame
    waited_s: float
    flow_s: float


class CameraPipeline:
    """The state of one camera; `prepare` is called by one thread at a time.

    Args:
        plan: The camera.

    Attributes:
        capture: The thread that captures it.
        box: Its newest frame.
        decision: What is an alarm of it; the loop's thread alone asks it.
        waiting: What waits to be scored.
        reported: The state that was reported last.
        frames: Frames scored.
        unjudged: Frames that were not judged, by the reason.
        is_server_away: Whether its last frame had no score, as the server was away.
        age_s: Age of the frame scored last when it was decided on.
    """

    def __init__(self, plan: CameraPlan) -> None:
        card = plan.model.card
        self.plan = plan
        self.is_paced = is_paced(plan.source)
        self.box = NewestFrame(keeps=not self.is_paced)
        self.decision = Decision(plan.name, card, plan.decision, fps=plan.fps)
        self.waiting: Waiting | None = None
        self.reported: CameraState | None = None
        self.frames = 0
        self.unjudged: Counter[str] = Counter()
        self.is_server_away = False
        self.age_s: float | None = None
        self.capture = Capture(
            plan.name,
            connector(plan.source, plan.timeout_s),
            self.box,
            fps=(plan.fps or card.fps) if self.is_paced else None,
            clock=self.is_paced,
            form=form_of(card.camera),
        )
        self._busy = threading.Lock()
        self._too_late = 0
        self._picture_state = CameraState.LIVE
        self._freeze_detector = FreezeDetector(plan.watch.frozen_after_s)
        self._pace = Pace(card.fps)
        match = TamperDetector(plan.watch.changed_after_s, card.empty, card.ignored)
        self._preparer = FramePreparer(card, match)

    @property
    def footing(self) -> str:
        """What the footage of the scene's training can promise of the accepted rate, in words."""
        accepted = parse_rate(self.decision.level.false_alarms)
        return self.plan.model.card.normal.footing(accepted)

    @property
    def accepted_per_hour(self) -> float:
        """Alarms an hour that are accepted of it, with those of zones that say their own."""
        return accepted_per_hour(self.plan.decision, self.decision.level.false_alarms)

    @property
    def name(self) -> str:
        """The camera's name."""
        return self.plan.name

    @property
    def state(self) -> CameraState:
        """What it is up to: no picture can be relied on that does not come."""
        captured = self.capture.state
        if captured is CameraState.ENDED and self.is_busy:  # its last frames are under way
            captured = CameraState.LIVE
        seen = self._picture_state if captured is CameraState.LIVE else captured
        is_away = self.is_server_away and seen is CameraState.LIVE
        return CameraState.SERVER_AWAY if is_away else seen

    @property
    def described(self) -> WatchedCamera:
        """The camera, as sinks need to know it."""
        card = self.plan.model.card
        return WatchedCamera(self.name, card, self.plan.fps or card.fps)

    def status(self) -> CameraStatus:
        """How it is just now."""
        return CameraStatus(
            self.name,
            self.state,
            self.frames,
            self.box.dropped,
            self.capture.reconnects,
            self.age_s,
            self.capture.answered,
            dict(self.unjudged),
            self.capture.decoder,
            self.decision.level.false_alarms,
            self.accepted_per_hour,
        )

    def decision_by(self, settings: DecisionSettings) -> Decision:
        """How it would decide by other settings.

        Raises:
            WrongUse: Drift is to be followed, and so many false alarms are accepted that it cannot.
        """
        return Decision(self.name, self.plan.model.card, settings, fps=self.plan.fps)

    def decide_by(self, settings: DecisionSettings, decision: Decision) -> list[EventChange]:
        """Decide by other settings from the next frame on; what is learnt of drift stays.

        Another rate of false alarms alone ends no event.

        Args:
            settings: The settings.
            decision: Made by `decision_by` of them.

        Returns:
            What becomes of events that go on.
        """
        before = msgspec.structs.replace(self.plan.decision, false_alarms=settings.false_alarms)
        self.plan = replace(self.plan, decision=settings)
        if before == settings:
            self.decision.accept(decision.level.false_alarms)
            return []
        if self.decision.drift and decision.drift:
            decision.resume(self.decision.drift.state)
        changes, self.decision = self.decision.finish(), decision
        return changes

    def follows(self, before: CameraPipeline | None) -> bool:
        """Watch on by the connection of the pipeline before, where that would be the same.

        Returns:
            Whether it does; else it is to be connected anew.
        """
        if before is None or before.capture.state is CameraState.ENDED:
            return False
        if self._connection != before._connection:
            return False
        self.box, self.capture, self.reported = before.box, before.capture, before.reported
        self.frames, self.unjudged = before.frames, before.unjudged
        return True

    @property
    def _connection(self) -> tuple[LiveSpec, float, float]:
        """What a connection depends on."""
        return self.plan.source, self.plan.timeout_s, self.plan.fps or self.plan.model.card.fps

    def claim(self) -> bool:
        """Take the camera for oneself, if it has a frame and nobody has taken it."""
        return self.box.waiting and self._busy.acquire(blocking=False)

    @property
    def is_busy(self) -> bool:
        """Whether a frame of it waits or is under way."""
        return self.box.waiting or self._busy.locked()

    def release(self) -> None:
        """Leave it to the next; the image of its frame is written into again."""
        if self.waiting:
            self.box.give_back(self.waiting.prepared.frame.image)
            self.waiting = None
        self._busy.release()

    def prepare(self, *, paused: bool = False) -> bool:
        """Make the newest frame ready to be scored; False where nothing can be said of it."""
        frame = self.box.take()
        if frame is None:
            return False
        began = time.monotonic()
        steps = self._pace.steps(frame)
        if steps is None:
            self._preparer.reset()
        image = self._fitted(frame)
        seen = self._look(frame, image)
        is_timed = self.capture.rate.is_settled or not self.is_paced
        if image is None or paused or not is_timed or seen is not CameraState.LIVE:
            if seen is not CameraState.LIVE:
                self.unjudged[str(seen)] += 1
            self._pace.reset()
            self.box.give_back(frame.image)
            return False
        self._report_pace(steps)
        prepared = self._preparer.pool(self._preparer.measure(frame, image, steps))
        ended = time.monotonic()
        waited_s = began - frame.time_s if self.is_paced else 0.0
        self.waiting = Waiting(prepared, waited_s, ended - began)
        if prepared.unjudged:
            self.unjudged[prepared.unjudged] += 1
        return not prepared.unjudged

    def _report_pace(self, steps: float | None) -> None:
        """Warn where frame after frame comes too late after the one before: none is scored."""
        self._too_late = 0 if steps is not None else self._too_late + 1
        if self._too_late == _TOO_LATE:
            fps = self.plan.model.card.fps
            _log.warning(
                "%s: its frames come too seldom to say anything of motion, and none is scored: the "
                "scene was learnt at %.3g a second, and needs %.3g at least",
                self.name,
                fps,
                fps / LONGEST_STEP,
            )

    def _fitted(self, frame: Frame) -> NDArray[np.uint8] | None:
        """The image in the size of the model; None where it has another shape."""
        try:
            return self._preparer.fit(frame)
        except BadInput as error:
            if self._picture_state is not CameraState.MOVED:
                _log.warning("%s: %s", self.name, error)
            return None

    def _look(self, frame: Frame, image: NDArray[np.uint8] | None) -> CameraState:
        """Whether this picture can be relied on; what the camera is may change more slowly."""
        if image is None:
            self._picture_state = CameraState.MOVED
            return CameraState.MOVED
        is_frozen = self._freeze_detector.is_frozen(image, frame.time_s)
        seen = self._preparer.state(frame, image)
        if is_frozen and seen is CameraState.LIVE:
            self._picture_state = CameraState.FROZEN
            return CameraState.FROZEN
        self._picture_state = self._preparer.camera_state
        return seen
