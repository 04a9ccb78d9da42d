"""The live loop: many cameras, one device."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue

import numpy as np

from edge_vad.alarms.drift import DriftState
from edge_vad.camera_state import CameraState
from edge_vad.errors import EdgeVadError, ServerAway, WrongUse
from edge_vad.events import CameraStatus, WatchedCamera
from edge_vad.frame import Frame
from edge_vad.live.camera_pipeline import CameraPipeline
from edge_vad.live.change import Requests, SiteChange
from edge_vad.live.reporter import Reporter
from edge_vad.live.shutdown import ShutdownDeadline
from edge_vad.opencv import cv2
from edge_vad.scoring.preparation import PreparedFrame
from edge_vad.scoring.scorer import FrameScore, Scorer
from edge_vad.sinks.base import Sink
from edge_vad.sinks.group import SinkGroup

_PATIENCE_S = 0.25
_SINKS_S = 3.0
"""That sinks get, at most, of the time in which everything must have ended."""
_AFTER_SINKS_S = 0.8
_SERVER_AWAY, _NO_MAP = str(CameraState.SERVER_AWAY), np.zeros((0, 0), np.float32)

_log = logging.getLogger(__name__)


class LiveLoop:
    """Watches cameras until it is stopped; implements `edge_vad.sinks.base.Site`.

    Every camera has its thread that captures. A few workers, no more than there are cores, turn the
    newest frames into motion; one thread, which calls `run`, scores what is ready, in batches
    where several frames wait for the same model, decides and passes the results to the sinks.

    Args:
        pipelines: The cameras.
        scorers: Of each scene model that they show.
        budget: False alarms that all cameras together accept; None where nobody has said.
        workers: Threads for motion; as many as cores when None.
        heartbeat: Called again and again by the thread that scores.
        ending: The time in which it has ended once it is to.
    """

    def __init__(
        self,
        pipelines: Sequence[CameraPipeline],
        scorers: Sequence[Scorer],
        *,
        budget: str | None = None,
        workers: int | None = None,
        heartbeat: Callable[[], None] = lambda: None,
        ending: ShutdownDeadline | None = None,
    ) -> None:
        self._pipelines = {pipeline.name: pipeline for pipeline in pipelines}
        self._scorers = {id(scorer.model): scorer for scorer in scorers}
        self._heartbeat = heartbeat
        self._ending = ending or ShutdownDeadline()
        self._reporter = Reporter(SinkGroup(), budget)
        self._ready: SimpleQueue[CameraPipeline | None] = SimpleQueue()
        self._stop = threading.Event()
        self._paused = False
        self._failure: BaseException | None = None
        self._given_up: list[tuple[Scorer, EdgeVadError]] = []
        self._requests = Requests()
        # As many threads as ever have something to do at a time, and no more, are started.
        self._workers = ThreadPoolExecutor(workers or len(os.sched_getaffinity(0)), "motion")

    @property
    def cameras(self) -> Sequence[WatchedCamera]:
        """All cameras."""
        return [pipeline.described for pipeline in self._pipelines.values()]

    @property
    def events(self) -> int:
        """Events that were reported to the sinks."""
        return self._reporter.sinks.events

    @property
    def faulty_sinks(self) -> Mapping[str, str]:
        """What is wrong with sinks that raised, by their names."""
        return self._reporter.sinks.faulty

    def status(self) -> Sequence[CameraStatus]:
        """How every camera is."""
        return [pipeline.status() for pipeline in self._pipelines.values()]

    @property
    def budget(self) -> str | None:
        """The false alarms that all cameras together accept; None where nobody has said."""
        return self._reporter.budget

    def false_alarms(self, camera: str) -> str:
        """The false alarms that are accepted of a camera."""
        return self.pipeline(camera).decision.level.false_alarms

    def accept(self, camera: str, false_alarms: str) -> None:
        """Change them while running; from any thread.

        Raises:
            WrongUse: No such camera, or no rate of false alarms.
        """
        level = self.pipeline(camera).decision.accept(false_alarms)
        self._reporter.threshold(camera, level)

    @property
    def follows_drift(self) -> bool:
        """Whether the threshold of any camera moves by itself."""
        return any(pipeline.decision.drift for pipeline in self._pipelines.values())

    def resume_drift(self, states: Mapping[str, DriftState]) -> None:
        """Let thresholds go on from where an earlier run came to, by cameras' names."""
        for name, pipeline in self._pipelines.items():
            if name in states:
                try:
                    pipeline.decision.resume(states[name])
                except WrongUse as error:
                    _log.warning("%s: %s: drift begins at the trained scores", name, error.what)

    def change(self, change: SiteChange) -> None:
        """Watch other cameras, or decide otherwise; from any other thread while it runs.

        Raises:
            Unavailable: It ends.
        """
        self._requests.ask(lambda: self._change(change), self._wake)

    def pipeline(self, camera: str) -> CameraPipeline:
        """The camera of this name.

        Raises:
            WrongUse: There is none.
        """
        if camera not in self._pipelines:
            raise WrongUse(f"there is no camera {camera!r}", f"use {', '.join(self._pipelines)}")
        return self._pipelines[camera]

    def pause(self, paused: bool) -> None:
        """Stop scoring, or go on."""
        self._paused = paused

    def stop(self) -> None:
        """End the run; returns at once, from any thread or signal handler."""
        self._ending.ask()
        self._stop.set()

    def run(self, sinks: Sequence[Sink], duration_s: float | None = None) -> None:
        """Watch until stopped, until this time is over, or until all sources have ended.

        Raises:
            EdgeVadError: All sources have ended, and one of them with an error; or a scene could
                not be scored.
        """
        self._reporter = Reporter(SinkGroup(sinks), self.budget)
        until = time.monotonic() + (math.inf if duration_s is None else duration_s)
        # Motion of many cameras is spread over cores by camera; threads within one only cost.
        cv2.setNumThreads(1)
        for pipeline in self._pipelines.values():
            self._begin(pipeline)
        try:
            while not self._stop.is_set() and time.monotonic() < until and not self._is_over():
                self._heartbeat()
                self._requests.serve()
                self._score_ready(self._collect())
                self._reporter.states(self._pipelines.values())
        finally:
            self._close()
        self._raise_failure()

    def _wake(self, state: CameraState | None = None) -> None:  # noqa: ARG002
        self._ready.put(None)

    def _begin(self, pipeline: CameraPipeline) -> None:
        self._reporter.begin(pipeline)
        pipeline.capture.listen(partial(self._offer, pipeline.name), self._wake)
        pipeline.capture.start()

    def _change(self, change: SiteChange) -> None:
        """Watch other cameras; those that go on notice nothing."""
        self._reporter.budget = change.budget
        before = self._pipelines
        known = list(before.values())
        new = [each for each in change.pipelines if each not in known]
        heirs = {each.name: each for each in new if each.follows(before.get(each.name))}
        for pipeline in [each for each in known if each not in change.pipelines]:
            if pipeline.name in heirs:
                self._reporter.hand_over(pipeline)
                continue
            pipeline.capture.stop()
            self._reporter.end(pipeline)
        self._pipelines = {pipeline.name: pipeline for pipeline in change.pipelines}
        models = {id(pipeline.plan.model) for pipeline in change.pipelines}
        scorers = [*self._scorers.values(), *change.scorers]
        self._scorers = {id(each.model): each for each in scorers if id(each.model) in models}
        self._forgive()
        if known != list(change.pipelines):
            self._reporter.sinks.watch(self.cameras)
        for pipeline in new:
            if pipeline.name in heirs:
                self._reporter.begin(pipeline)
                self._offer(pipeline.name)
            else:
                self._begin(pipeline)
        for pipeline, settings, decision in change.decisions:
            self._reporter.decides(pipeline, pipeline.decide_by(settings, decision))

    def _offer(self, camera: str) -> None:
        """Give a camera's newest frame to a worker, unless one of it is under way."""
        watching = self._pipelines.get(camera)
        if watching is None or self._stop.is_set() or not watching.claim():
            return
        try:
            self._workers.submit(self._prepare, watching)
        except RuntimeError:  # closed meanwhile
            watching.release()

    def _prepare(self, pipeline: CameraPipeline) -> None:
        try:
            if pipeline.prepare(paused=self._paused):
                self._ready.put(pipeline)
                return
        except BaseException as error:  # noqa: BLE001 - it must not be lost in the worker
            self._failure = self._failure or error
            self.stop()
        self._release(pipeline)

    def _release(self, pipeline: CameraPipeline) -> None:
        pipeline.release()
        if pipeline.state is not pipeline.reported:
            self._ready.put(None)
        self._offer(pipeline.name)

    def _collect(self) -> list[CameraPipeline]:
        """What is ready; waits a little while there is nothing, and never for a fuller batch."""
        found: list[CameraPipeline] = []
        try:
            first = self._ready.get(timeout=_PATIENCE_S)
            found += [first] if first else []
            while len(found) < len(self._pipelines):
                another = self._ready.get_nowait()
                found += [another] if another else []
        except Empty:
            pass
        return found

    def _score_ready(self, ready: list[CameraPipeline]) -> None:
        for pipeline in [each for each in ready if not self._watches(each)]:
            ready.remove(pipeline)
            self._release(pipeline)
        while ready and not self._stop.is_set():
            self._heartbeat()  # each batch may wait for a server
            scorer = self._scorers[id(ready[0].plan.model)]
            same = [each for each in ready if each.plan.model is scorer.model]
            batch = same[: scorer.largest_batch]
            ready = [each for each in ready if each not in batch]
            self._score(scorer, batch)

    def _score(self, scorer: Scorer, batch: list[CameraPipeline]) -> None:
        waiting = [each.waiting for each in batch if each.waiting]
        began = time.monotonic()
        scores = self._infer(scorer, [each.prepared for each in waiting])
        infer_s = time.monotonic() - began
        for place, (pipeline, ready) in enumerate(zip(batch, waiting, strict=True)):
            why = scores[place].unjudged if scores else ""
            pipeline.is_server_away = why == _SERVER_AWAY
            is_live = pipeline.state is CameraState.LIVE and self._watches(pipeline)
            if why:
                pipeline.unjudged[why] += 1
            elif scores and is_live:
                self._decide(pipeline, ready.prepared.frame, scores[place])
                stages = {"wait": ready.waited_s, "flow": ready.flow_s, "infer": infer_s}
                self._reporter.timing(pipeline, stages)
            self._release(pipeline)

    def _infer(self, scorer: Scorer, prepared: list[PreparedFrame]) -> list[FrameScore]:
        """Score a batch; where that fails it ends the cameras of the scene, and no other.

        A server that is away only leaves the frames without a score: it may come back.
        """
        if any(scorer is each for each, _ in self._given_up):
            return []
        try:
            return scorer.score(prepared)
        except ServerAway:
            return [FrameScore(0.0, _NO_MAP, _SERVER_AWAY)] * len(prepared)
        except EdgeVadError as error:
            self._given_up.append((scorer, error))
            self._failure = self._failure or error
            pipelines = self._pipelines.values()
            for pipeline in [each for each in pipelines if each.plan.model is scorer.model]:
                _log.error("%s is not watched any more: %s", pipeline.name, error)
                pipeline.capture.give_up(error)
            return []

    def _forgive(self) -> None:
        """Forget what failed with scenes that are shown no more."""
        shown = self._scorers.values()
        gone = [error for scorer, error in self._given_up if scorer not in shown]
        self._given_up = [each for each in self._given_up if each[0] in shown]
        if self._failure in gone:
            self._failure = None

    def _watches(self, pipeline: CameraPipeline) -> bool:
        """Whether it is still watched: a frame of it may have been under way as it went."""
        return self._pipelines.get(pipeline.name) is pipeline

    def _decide(self, pipeline: CameraPipeline, frame: Frame, found: FrameScore) -> None:
        pipeline.frames += 1
        outcome = pipeline.decision.update(frame, found.score, found.anomaly_map)
        if pipeline.is_paced:
            pipeline.age_s = time.monotonic() - frame.time_s
        self._reporter.decided(pipeline, outcome)

    def _is_over(self) -> bool:
        return all(
            pipeline.capture.state is CameraState.ENDED and not pipeline.is_busy
            for pipeline in self._pipelines.values()
        )

    def _close(self) -> None:
        """End everything in time, the sinks first: they hold what must not be lost."""
        self.stop()
        for pipeline in self._pipelines.values():
            pipeline.capture.stop()
        self._workers.shutdown(wait=False, cancel_futures=True)
        for pipeline in self._pipelines.values():
            self._reporter.end(pipeline)
        self._reporter.sinks.close(min(_SINKS_S, max(0.5, self._ending.left_s() - _AFTER_SINKS_S)))
        until = time.monotonic() + min(0.5, self._ending.left_s())
        for pipeline in self._pipelines.values():
            pipeline.capture.join(max(0.0, until - time.monotonic()))

    def _raise_failure(self) -> None:
        if self._failure:
            raise self._failure
        errors = [pipeline.capture.error for pipeline in self._pipelines.values()]
        if errors and all(errors):
            first = errors[0]
            assert isinstance(first, EdgeVadError)  # noqa: S101
            raise first
