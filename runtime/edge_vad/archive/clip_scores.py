"""Scores one source, and writes what is to be known of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec

from edge_vad.alarms.moments import TopMoments, seconds_apart
from edge_vad.alarms.persistence import PersistentScore
from edge_vad.detection import Detection
from edge_vad.false_alarms import parse_rate
from edge_vad.outputs.jsonl import JsonLinesWriter, score_line
from edge_vad.outputs.maps import MapsFile
from edge_vad.outputs.moments import MomentLine, write_moments
from edge_vad.outputs.recorder import SCORES
from edge_vad.scoring.detector import Detector
from edge_vad.sources import Source

MAPS = "maps.npz"


class ClipSummary(msgspec.Struct, frozen=True):
    """The outcome for one source.

    Attributes:
        source: Its name, and that of its folder.
        frames: Frames that were scored.
        skipped: Frames that could not be read.
        unjudged: How many of them were not judged, by the reason: they have no score.
        highest_score: The highest score; None where no frame was judged.
        sustained_score: The highest that enough frames in a row reached for an alarm; None without
            any.
        rarity: How rare that is in normal footage, in words; empty without any.
        anomalous: Frames that pass the threshold.
        accepted: The rate of false alarms that the threshold stands for.
        accepted_by_default: Whether it follows from the length of the footage learnt from.
        footing: What the footage of the scene's training can promise of it, in words.
        moments: The strangest moments, whatever the threshold, the strangest first.
    """

    source: str
    frames: int
    skipped: int
    unjudged: dict[str, int]
    highest_score: float | None
    sustained_score: float | None
    rarity: str
    anomalous: int
    accepted: str
    accepted_by_default: bool
    footing: str
    moments: tuple[MomentLine, ...]


def score_clip(
    detector: Detector,
    source: Source,
    folder: Path,
    *,
    has_maps: bool,
    on_detection: Callable[[Detection], None],
    ahead: int | None = None,
) -> ClipSummary:
    """Score a source from its beginning to its end.

    Args:
        detector: What scores it.
        source: The source.
        folder: Gets `scores.jsonl`, a folder of the strangest moments and, if asked for, the maps.
        has_maps: Whether to write the anomaly maps.
        on_detection: Told of every frame.
        ahead: See `Detector.watch`.

    Raises:
        EdgeVadError: The source cannot be read, or the graph gave no number.
        OSError: The disk is full.
    """
    card = detector.model.card
    duration_s = source.length / source.fps if source.length else None
    strangest = TopMoments(card, seconds_apart(duration_s), ignore=detector.ignore)
    tally = _Tally()
    with ExitStack() as files:
        lines = files.enter_context(closing(JsonLinesWriter(folder / SCORES)))
        maps = _maps_file(folder, detector, files) if has_maps else None
        for detection in detector.watch(source, ahead):
            lines.write(score_line(detection))
            strangest.update(detection)
            if maps:
                maps.write(detection.anomaly_map)
            tally.add(detection)
            on_detection(detection)
        moments = write_moments(folder, strangest.finish(), card.normal)
    return ClipSummary(
        source=source.name,
        frames=tally.frames,
        skipped=source.skipped,
        unjudged=dict(tally.unjudged),
        highest_score=_finite(tally.highest),
        sustained_score=_finite(tally.sustained),
        rarity=card.normal.rarity(tally.sustained) if math.isfinite(tally.sustained) else "",
        anomalous=tally.anomalous,
        accepted=detector.false_alarms,
        accepted_by_default=detector.is_default_rate,
        footing=card.normal.footing(parse_rate(detector.false_alarms)),
        moments=moments,
    )


class _Tally:
    """Counts frames, and the highest of their scores."""

    def __init__(self) -> None:
        self.frames, self.anomalous = 0, 0
        self.highest, self.sustained = -math.inf, -math.inf
        self.unjudged: Counter[str] = Counter()
        self._persistent = PersistentScore()

    def add(self, detection: Detection) -> None:
        self.frames += 1
        self.anomalous += detection.anomalous
        if not detection.judged:
            self.unjudged[detection.unjudged] += 1
            self._persistent.reset()
            return
        self.highest = max(detection.score, self.highest)
        self.sustained = max(self._persistent.update(detection.score), self.sustained)


def _finite(score: float) -> float | None:
    return score if math.isfinite(score) else None


def _maps_file(folder: Path, detector: Detector, files: ExitStack) -> MapsFile:
    grid = detector.model.card.grid
    return files.enter_context(MapsFile(folder / MAPS, grid.rows, grid.columns))
