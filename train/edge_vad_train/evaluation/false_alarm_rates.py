"""Promised and measured rates of false alarms, side by side, on footage where nothing happens."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import product
from threading import Event as Flag

import msgspec

from edge_vad.alarms.persistence import PersistentScore
from edge_vad.alarms.tracker import EventTracker
from edge_vad.backends import load_backend
from edge_vad.detection import NO_MOTION, Detection, Event
from edge_vad.errors import BadInput
from edge_vad.false_alarms import parse_rate, poisson_interval
from edge_vad.motion.pace import watched_s
from edge_vad.outputs.jsonl import event_line
from edge_vad.preprocessing.regions import Polygon
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import Detector
from edge_vad_train.datasets import Clip
from edge_vad_train.evaluation.scoring import leaders

WORKERS = 2


class NormalClip(msgspec.Struct, frozen=True):
    """Alarms on one clip of normal footage: all of them false.

    Attributes:
        name: The clip's name.
        nuisance: What disturbs the scene, where that is known.
        frames: How many were scored.
        hours: How long they play, holes left out.
        alarms: The alarms, joined as at run time.
        per_hour: How often they came.
        interval: The rates that so little footage allows, 95% (Garwood 1936).
        ratio: Measured rate over promised rate.
        highest_score: The highest persistent score.
        rarity: How rare that is in the footage that the scene learnt from, in words.
    """

    name: str
    nuisance: str | None
    frames: int
    hours: float
    alarms: tuple[Event, ...]
    per_hour: float
    interval: tuple[float, float]
    ratio: float
    highest_score: float
    rarity: str


class NormalEvaluation(msgspec.Struct, frozen=True):
    """Promised and measured rates of one scene.

    Attributes:
        scene: The scene model's file name.
        dataset: What it was measured on.
        promised: The rate of false alarms as it was said.
        promised_per_hour: The same, alarms an hour.
        threshold: The score that stands for it.
        threshold_extrapolated: Whether that is rarer than the footage of training could show.
        normal_hours: Hours of training footage that the threshold stands on.
        clips: What each clip showed.
    """

    scene: str
    dataset: str
    promised: str
    promised_per_hour: float
    threshold: float
    threshold_extrapolated: bool
    normal_hours: float
    clips: tuple[NormalClip, ...]


def measure_false_alarms(
    models: Sequence[SceneModel],
    clips: Sequence[Clip],
    dataset: str,
    false_alarms: str | None,
    *,
    ignore: Sequence[Polygon] = (),
    backend: str = "onnxruntime",
    on_frame: Callable[[], None] = lambda: None,
) -> list[NormalEvaluation]:
    """Count the alarms on normal footage, two clips at a time.

    Args:
        models: The scene models; those that are given the same input share the work on it.
        clips: Normal footage; their kind is the nuisance.
        dataset: What it is called.
        false_alarms: The promised rate, such as `1/hour`; None: each scene's own default.
        ignore: Regions in which nothing counts, px of the frames.
        backend: What runs the models, on one CPU thread a clip.
        on_frame: Called after every frame of a clip for each kind of input, from several threads.

    Returns:
        One for each model.

    Raises:
        WrongUse: The rate is none.
        BadInput: A clip cannot be read, or holds no frame.
        BadModel: A model gives no number.
    """
    rates = [model.card.normal.accepted(false_alarms) for model in models]
    promised = [parse_rate(rate) for rate in rates]
    first = leaders([model.card for model in models])
    alike = [
        [model for model, each in enumerate(first) if each == leader]
        for leader in sorted(set(first))
    ]
    stop = Flag()

    def measure(work: tuple[list[int], Clip]) -> dict[int, NormalClip]:
        group, clip = work
        with ExitStack() as opened:
            detectors = [
                Detector(model, load_backend(model, backend, threads=1), false_alarms, ignore)
                for model in (models[each] for each in group)
            ]
            scenes = [_SceneAlarms(opened.enter_context(each)) for each in detectors]
            return dict(zip(group, _measure_clip(clip, scenes, on_frame, stop), strict=True))

    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            measured = list(pool.map(measure, product(alike, clips)))
        finally:
            stop.set()  # Ctrl-C and errors end the other clips soon
    return [
        NormalEvaluation(
            scene=model.path.name,
            dataset=dataset,
            promised=rates[number],
            promised_per_hour=promised[number],
            threshold=model.card.normal.threshold(promised[number]),
            threshold_extrapolated=model.card.normal.is_extrapolated(promised[number]),
            normal_hours=model.card.normal.hours,
            clips=tuple(each[number] for each in measured if number in each),
        )
        for number, model in enumerate(models)
    ]


class _SceneAlarms:
    """What one scene has said of a clip so far."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self._normal = detector.model.card.normal
        self._tracker = EventTracker(normal=self._normal)
        self._persistent = PersistentScore()
        self._alarms: list[Event] = []
        self._highest = -math.inf

    def update(self, detection: Detection) -> None:
        """Take the next frame into account."""
        if alarm := self._tracker.update(detection):
            self._alarms.append(alarm)
        if detection.judged:
            self._highest = max(self._highest, self._persistent.update(detection.score))

    def result(self, clip: Clip, frames: int, hours: float) -> NormalClip:
        """End the clip: its alarms, as they would be written."""
        last = self._tracker.finish()
        alarms = tuple(event_line(each) for each in (*self._alarms, *([last] if last else [])))
        per_hour = len(alarms) / hours
        highest = max(self._highest, 0.0) if math.isinf(self._highest) else self._highest
        return NormalClip(
            name=clip.name,
            nuisance=clip.kind,
            frames=frames,
            hours=hours,
            alarms=alarms,
            per_hour=per_hour,
            interval=poisson_interval(len(alarms), hours),
            ratio=per_hour / parse_rate(self.detector.false_alarms),
            highest_score=highest,
            rarity=self._normal.rarity(highest),
        )


def _measure_clip(
    clip: Clip,
    scenes: Sequence[_SceneAlarms],
    on_frame: Callable[[], None],
    stop: Flag,
) -> list[NormalClip]:
    """Measure scenes that are given the same input, which the first one makes for all."""
    leader = scenes[0].detector
    times_s: list[float] = []
    with clip.open() as source:
        for prepared in leader.prepare(source):
            for scene in scenes:
                scene.update(scene.detector.decide(prepared))
            if prepared.unjudged in ("", NO_MOTION):
                times_s.append(prepared.frame.time_s)
            on_frame()
            if stop.is_set():
                break
    hours = watched_s(times_s, leader.model.card.fps) / 3600
    if not times_s:
        raise BadInput(f"{clip.name} holds no frame that shows the scene", "check the source")
    return [scene.result(clip, len(times_s), hours) for scene in scenes]
