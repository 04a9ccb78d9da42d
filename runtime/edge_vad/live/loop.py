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

from edge_vad.alarms.drift import DriftState, DriftStep
from edge_vad.camera_state import CameraState
from edge_vad.errors import EdgeVadError, WrongUse
from edge_vad.events import CameraStatus, EventChange, WatchedCamera
from edge_vad.frame import Frame
from edge_vad.live.camera_pipeline import CameraWatch
from edge_vad.live.ending import Ending
from edge_vad.opencv import cv2
from edge_vad.scoring.preparation import PreparedFrame
from edge_vad.scoring.scorer import FrameScore, Scorer
from edge_vad.sinks.base import Sink
from edge_vad.sinks.group import SinkGroup

_PATIENCE_S = 0.25
_SINKS_S = 3.0
"""That sinks get, at most, of the time in which everything must have ended."""
_AFTER_SINKS_S = 0.8

_log = logging.getLogger(__name__)


class LiveLoop:
    """Watches cameras until it is stopped; implements `edge_vad.sinks.base.Site`.

    Every camera has its thread that captures. A few workers, no more than there are cores, turn the
    newest frames into motion; one thread, which calls `run`, scores what is ready, in batches
    where several frames wait for the same model, decides and passes the results to the sinks.

    Args:
        watches: The cameras.
        scorers: Of each scene model that they show.
        workers: Threads for motion; as many as cores when None.
        heartbeat: Called again and again by the thread that scores.
        ending: The time in which it has ended once it is to.
    """

    def __init__(
        self,
        watches: Sequence[CameraWatch],
        scorers: Sequence[Scorer],
        *,
        workers: int | None = None,
        heartbeat: Callable[[], None] = lambda: None,
        ending: Ending | None = None,
    ) -> None:
        self._watches = {watch.name: watch for watch in watches}
        self._scorers = {id(scorer.model): scorer for scorer in scorers}
        self._heartbeat = heartbeat
        self._ending = ending or Ending()
        self._bus = SinkGroup()
        self._ready: SimpleQueue[CameraWatch | None] = SimpleQueue()
        self._stop = threading.Event()
        self._paused = False
        self._failure: BaseException | None = None
        self._given_up: list[Scorer] = []
        cores = len(os.sched_getaffinity(0))
        self._workers = ThreadPoolExecutor(workers or min(cores, len(watches)), "motion")
        for watch in watches:
            watch.capture.listen(partial(self._offer, watch), self._wake)

    @property
    def cameras(self) -> Sequence[WatchedCamera]:
        """All cameras."""
        return [watch.described for watch in self._watches.values()]

    @property
    def events(self) -> int:
        """Events that were reported to the sinks."""
        return self._bus.events

    @property
    def faulty_sinks(self) -> Mapping[str, str]:
        """What is wrong with sinks that raised, by their names."""
        return self._bus.faulty

    def status(self) -> Sequence[CameraStatus]:
        """How every camera is."""
        return [watch.status() for watch in self._watches.values()]

    def false_alarms(self, camera: str) -> str:
        """The false alarms that are accepted of a camera."""
        return self._watch(camera).decision.level.false_alarms

    def accept(self, camera: str, false_alarms: str) -> None:
        """Change them while running; from any thread.

        Raises:
            WrongUse: No such camera, or no rate of false alarms.
        """
        level = self._watch(camera).decision.accept(false_alarms)
        self._bus.threshold(camera, level.false_alarms, level.begin)

    @property
    def follows_drift(self) -> bool:
        """Whether the threshold of any camera moves by itself."""
        return any(watch.decision.drift for watch in self._watches.values())

    def resume_drift(self, states: Mapping[str, DriftState]) -> None:
        """Let thresholds go on from where an earlier run came to, by cameras' names."""
        for name, watch in self._watches.items():
            if name in states:
                try:
                    watch.decision.resume(states[name])
                except WrongUse as error:
                    _log.warning("%s: %s: drift begins at the trained scores", name, error.what)

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
        self._bus = SinkGroup(sinks)
        until = time.monotonic() + (math.inf if duration_s is None else duration_s)
        # Motion of many cameras is spread over cores by camera; threads within one only cost.
        cv2.setNumThreads(1)
        for watch in self._watches.values():
            level = watch.decision.level
            self._bus.threshold(watch.name, level.false_alarms, level.begin)
            _log.info("%s: accepts %s; %s", watch.name, level.false_alarms, watch.footing)
            self._tell_standing(watch)
            watch.capture.start()
        try:
            while not self._stop.is_set() and time.monotonic() < until and not self._is_over():
                self._heartbeat()
                self._score_ready(self._collect())
                self._tell_states()
        finally:
            self._close()
        self._raise_failure()

    def _watch(self, camera: str) -> CameraWatch:
        if camera not in self._watches:
            raise WrongUse(f"there is no camera {camera!r}", f"use {', '.join(self._watches)}")
        return self._watches[camera]

    def _wake(self, state: CameraState) -> None:  # noqa: ARG002
        self._ready.put(None)

    def _offer(self, watch: CameraWatch) -> None:
        """Give a camera's newest frame to a worker, unless one of it is under way."""
        if self._stop.is_set() or not watch.claim():
            return
        try:
            self._workers.submit(self._prepare, watch)
        except RuntimeError:  # closed meanwhile
            watch.release()

    def _prepare(self, watch: CameraWatch) -> None:
        try:
            if watch.prepare(paused=self._paused):
                self._ready.put(watch)
                return
        except BaseException as error:  # noqa: BLE001 - it must not be lost in the worker
            self._failure = self._failure or error
            self.stop()
        self._let_go(watch)

    def _let_go(self, watch: CameraWatch) -> None:
        watch.release()
        if watch.state is not watch.told:
            self._ready.put(None)
        self._offer(watch)

    def _collect(self) -> list[CameraWatch]:
        """What is ready; waits a little while there is nothing, and never for a fuller batch."""
        found: list[CameraWatch] = []
        try:
            first = self._ready.get(timeout=_PATIENCE_S)
            found += [first] if first else []
            while len(found) < len(self._watches):
                another = self._ready.get_nowait()
                found += [another] if another else []
        except Empty:
            pass
        return found

    def _score_ready(self, ready: list[CameraWatch]) -> None:
        while ready and not self._stop.is_set():
            scorer = self._scorers[id(ready[0].plan.model)]
            same = [each for each in ready if each.plan.model is scorer.model]
            batch = same[: scorer.largest_batch]
            ready = [each for each in ready if each not in batch]
            self._score(scorer, batch)

    def _score(self, scorer: Scorer, batch: list[CameraWatch]) -> None:
        waiting = [each.waiting for each in batch if each.waiting]
        began = time.monotonic()
        scores = self._infer(scorer, [each.prepared for each in waiting])
        infer_s = time.monotonic() - began
        for place, (watch, ready) in enumerate(zip(batch, waiting, strict=True)):
            if scores and watch.state is CameraState.LIVE:
                self._decide(watch, ready.prepared.frame, scores[place])
                stages = {"wait": ready.waited_s, "flow": ready.flow_s, "infer": infer_s}
                self._tell_timing(watch, stages)
            self._let_go(watch)

    def _infer(self, scorer: Scorer, prepared: list[PreparedFrame]) -> list[FrameScore]:
        """Score a batch; where that fails it ends the cameras of the scene, and no other."""
        if scorer in self._given_up:
            return []
        try:
            return scorer.score(prepared)
        except EdgeVadError as error:
            self._given_up.append(scorer)
            self._failure = self._failure or error
            watches = self._watches.values()
            for watch in [each for each in watches if each.plan.model is scorer.model]:
                _log.error("%s is not watched any more: %s", watch.name, error)
                watch.capture.give_up(error)
            return []

    def _decide(self, watch: CameraWatch, frame: Frame, found: FrameScore) -> None:
        watch.frames += 1
        judgement = watch.decision.update(frame, found.score, found.anomaly_map)
        if watch.is_paced:
            watch.age_s = time.monotonic() - frame.time_s
        self._tell_state(watch)
        self._bus.frame(watch.name, judgement.detection)
        self._tell_changes(watch, judgement.changes)
        if judgement.drifted:
            self._tell_drift(watch, judgement.drifted)

    def _tell_drift(self, watch: CameraWatch, step: DriftStep) -> None:
        level, bound = watch.decision.level, " and is at its bound" * step.at_bound
        _log.info("%s: the threshold follows drift to %.3g%s", watch.name, level.begin, bound)
        self._bus.threshold(watch.name, level.false_alarms, level.begin)
        self._bus.drift(watch.name, step, time.time())

    def _tell_standing(self, watch: CameraWatch) -> None:
        """Tell where drift has brought the threshold as a run begins, and as it ends."""
        if step := watch.decision.drift:
            self._bus.drift(watch.name, step, time.time())

    def _tell_timing(self, watch: CameraWatch, stages: dict[str, float]) -> None:
        if watch.age_s is not None:
            stages["total"] = watch.age_s
        for stage, seconds in stages.items():
            self._bus.timing(watch.name, stage, seconds)

    def _tell_states(self) -> None:
        for watch in self._watches.values():
            self._tell_state(watch)

    def _tell_state(self, watch: CameraWatch) -> None:
        state = watch.state
        if state is watch.told:
            return
        _log.info("%s: %s", watch.name, state)
        watch.told = state
        self._bus.state(watch.name, state, time.time())
        if state is not CameraState.LIVE:
            self._tell_changes(watch, watch.decision.finish())

    def _tell_changes(self, watch: CameraWatch, changes: Sequence[EventChange]) -> None:
        for change in changes:
            self._bus.event(watch.name, change)

    def _is_over(self) -> bool:
        return all(
            watch.capture.state is CameraState.ENDED and not watch.is_busy
            for watch in self._watches.values()
        )

    def _close(self) -> None:
        """End everything in time, the sinks first: they hold what must not be lost."""
        self.stop()
        for watch in self._watches.values():
            watch.capture.stop()
        self._workers.shutdown(wait=False, cancel_futures=True)
        for watch in self._watches.values():
            self._tell_changes(watch, watch.decision.finish())
            self._tell_standing(watch)
            if watch.told is not CameraState.ENDED:
                watch.told = CameraState.ENDED
                self._bus.state(watch.name, CameraState.ENDED, time.time())
        self._bus.close(min(_SINKS_S, max(0.5, self._ending.left_s() - _AFTER_SINKS_S)))
        until = time.monotonic() + min(0.5, self._ending.left_s())
        for watch in self._watches.values():
            watch.capture.join(max(0.0, until - time.monotonic()))

    def _raise_failure(self) -> None:
        if self._failure:
            raise self._failure
        errors = [watch.capture.error for watch in self._watches.values()]
        if errors and all(errors):
            first = errors[0]
            assert isinstance(first, EdgeVadError)  # noqa: S101
            raise first
