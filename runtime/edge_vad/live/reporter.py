"""Reports to the log and the sinks what becomes of the cameras."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence

from edge_vad.alarms.decision import FrameDecision
from edge_vad.alarms.drift import DriftStep
from edge_vad.alarms.threshold import Level
from edge_vad.camera_state import CameraState
from edge_vad.events import ChangeKind, EventChange
from edge_vad.false_alarms import parse_rate
from edge_vad.live.camera_pipeline import CameraPipeline
from edge_vad.sinks.group import SinkGroup
from edge_vad.site.budget.shares import describe_share

_log = logging.getLogger(__name__)


class Reporter:
    """Reports thresholds, states, decisions and timings; called by one thread, but `threshold`.

    Args:
        sinks: Where all of it goes.
        budget: False alarms that all cameras together accept; None where nobody has said.
    """

    def __init__(self, sinks: SinkGroup, budget: str | None = None) -> None:
        self.sinks, self.budget = sinks, budget

    def begin(self, pipeline: CameraPipeline) -> None:
        """Report what a camera accepts, and where drift has brought its threshold."""
        self.threshold(pipeline.name, pipeline.decision.level)
        self._accepted(pipeline)
        self._threshold_of(pipeline)

    def end(self, pipeline: CameraPipeline) -> None:
        """Report the end of a camera: of its event, of its drift, of itself."""
        self.hand_over(pipeline)
        if pipeline.reported is not CameraState.ENDED:
            pipeline.reported = CameraState.ENDED
            self.sinks.state(pipeline.name, CameraState.ENDED, time.time())

    def hand_over(self, pipeline: CameraPipeline) -> None:
        """Report the end of an event and of drift, where the camera is watched on otherwise."""
        self._changes(pipeline, pipeline.decision.finish())
        self._threshold_of(pipeline)

    def threshold(self, camera: str, level: Level) -> None:
        """Report the threshold and what it follows from; from any thread."""
        self.sinks.threshold(camera, level.false_alarms, level.begin)

    def decided(self, pipeline: CameraPipeline, outcome: FrameDecision) -> None:
        """Report what was decided on a frame: its detection, events, and a step of drift."""
        self._state(pipeline)
        self.sinks.frame(pipeline.name, outcome.detection)
        self._changes(pipeline, outcome.changes)
        if outcome.drifted:
            self._drift(pipeline, outcome.drifted)

    def decides(self, pipeline: CameraPipeline, changes: Sequence[EventChange]) -> None:
        """Report that a camera decides by other settings, and what becomes of its events."""
        self._changes(pipeline, changes)
        self.threshold(pipeline.name, pipeline.decision.level)
        _log.info("%s: decides by other settings", pipeline.name)
        self._accepted(pipeline)

    def timing(self, pipeline: CameraPipeline, stages: dict[str, float]) -> None:
        """Report how long the stages of a frame took, s, and all of its way where it is paced."""
        if pipeline.age_s is not None:
            stages["total"] = pipeline.age_s
        for stage, seconds in stages.items():
            self.sinks.timing(pipeline.name, stage, seconds)

    def states(self, pipelines: Iterable[CameraPipeline]) -> None:
        """Report the states that are new; an event ends where its camera is not live."""
        for pipeline in pipelines:
            self._state(pipeline)

    def _state(self, pipeline: CameraPipeline) -> None:
        state = pipeline.state
        if state is pipeline.reported:
            return
        _log.info("%s: %s", pipeline.name, state)
        pipeline.reported = state
        self.sinks.state(pipeline.name, state, time.time())
        if state is not CameraState.LIVE:
            self._changes(pipeline, pipeline.decision.finish())

    def _drift(self, pipeline: CameraPipeline, step: DriftStep) -> None:
        level, bound = pipeline.decision.level, " and is at its bound" * step.at_bound
        name = pipeline.name
        _log.info("%s: the threshold follows drift to %.3g%s", name, level.begin, bound)
        self.threshold(name, level)
        self.sinks.drift(name, step, time.time())

    def _accepted(self, pipeline: CameraPipeline) -> None:
        said = pipeline.decision.level.false_alarms
        if self.budget is not None:
            share = pipeline.accepted_per_hour / parse_rate(self.budget)
            said += f", {describe_share(share)} of {self.budget} for all cameras together"
        _log.info("%s: accepts %s; %s", pipeline.name, said, pipeline.footing)

    def _threshold_of(self, pipeline: CameraPipeline) -> None:
        if step := pipeline.decision.drift:
            self.sinks.drift(pipeline.name, step, time.time())

    def _changes(self, pipeline: CameraPipeline, changes: Sequence[EventChange]) -> None:
        for change in changes:
            if change.kind is ChangeKind.NEW:
                event = change.event
                _log.info("%s: alarm, score %.3g; %s", pipeline.name, event.score, event.rarity)
            self.sinks.event(pipeline.name, change)
