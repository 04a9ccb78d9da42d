"""Promised and measured rates of false alarms, side by side, on footage where nothing happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event as Flag

import msgspec

from edge_vad.backends import load_backend
from edge_vad.decision import EventTracker
from edge_vad.detection import Event
from edge_vad.detector import Detector
from edge_vad.errors import BadInput
from edge_vad.false_alarms import parse_rate, poisson_interval
from edge_vad.outputs.jsonl import event_line
from edge_vad.scene_model import SceneModel
from edge_vad.sustained import SustainedScore
from edge_vad_train.datasets import Clip

WORKERS = 2


class NormalClip(msgspec.Struct, frozen=True):
    """Alarms on one clip of normal footage: all of them false.

    Attributes:
        name: The clip's name.
        nuisance: What disturbs the scene, where that is known.
        frames: How many there are.
        hours: How long they play.
        alarms: The alarms, joined as at run time.
        per_hour: How often they came.
        interval: The rates that so little footage allows, 95% (Garwood 1936).
        ratio: Measured rate over promised rate.
        highest_score: The highest sustained score.
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
        normal_hours: Hours of held-back footage that the threshold stands on.
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

    def encode(self) -> bytes:
        """The JSON document."""
        return msgspec.json.encode(self)


def measure_false_alarms(
    model: SceneModel,
    clips: Sequence[Clip],
    dataset: str,
    false_alarms: str,
    *,
    backend: str = "onnxruntime",
    on_frame: Callable[[], None] = lambda: None,
) -> NormalEvaluation:
    """Count the alarms on normal footage, two clips at a time.

    Args:
        model: The scene model.
        clips: Normal footage; their kind is the nuisance.
        dataset: What it is called.
        false_alarms: The promised rate, such as `1/hour`.
        backend: What runs the model, on one CPU thread a clip.
        on_frame: Called after every frame, from several threads.

    Raises:
        WrongUse: The rate is none.
        BadInput: A clip cannot be read, or holds no frame.
        BadModel: The model gives no number.
    """
    promised, normal = parse_rate(false_alarms), model.card.normal
    stop = Flag()

    def measure(clip: Clip) -> NormalClip:
        with Detector(model, load_backend(model, backend, threads=1), false_alarms) as detector:
            return _measure_clip(clip, detector, promised, on_frame, stop)

    with ThreadPoolExecutor(WORKERS) as pool:
        waiting = [pool.submit(measure, clip) for clip in clips]
        try:
            for each in wait(waiting, return_when=FIRST_EXCEPTION).done:
                each.result()
        finally:  # Ctrl-C and errors end the other clips soon
            stop.set()
            for each in waiting:
                each.cancel()
    return NormalEvaluation(
        scene=model.path.name,
        dataset=dataset,
        promised=false_alarms,
        promised_per_hour=promised,
        threshold=normal.threshold(promised),
        threshold_extrapolated=normal.is_extrapolated(promised),
        normal_hours=normal.hours,
        clips=tuple(each.result() for each in waiting),
    )


def _measure_clip(
    clip: Clip, detector: Detector, promised: float, on_frame: Callable[[], None], stop: Flag
) -> NormalClip:
    normal = detector.model.card.normal
    tracker = EventTracker(normal=normal)
    alarms: list[Event | None] = []
    frames, sustained, highest = 0, SustainedScore(), -float("inf")
    with clip.open() as source:
        for detection in detector.watch(source):
            if alarm := tracker.update(detection):
                alarms.append(alarm)
            frames += 1
            highest = max(highest, sustained.update(detection.score))
            on_frame()
            if stop.is_set():
                break
        hours = frames / source.fps / 3600
    if not frames:
        raise BadInput(f"{clip.name} holds no frame", "check the source")
    events = tuple(event_line(event) for event in (*alarms, tracker.finish()) if event)
    per_hour = len(events) / hours
    return NormalClip(
        name=clip.name,
        nuisance=clip.kind,
        frames=frames,
        hours=hours,
        alarms=events,
        per_hour=per_hour,
        interval=poisson_interval(len(events), hours),
        ratio=per_hour / promised,
        highest_score=highest,
        rarity=normal.rarity(highest),
    )
