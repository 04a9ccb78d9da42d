"""`edge-vad run --follow-drift`: moves the threshold, and prints each step."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge_vad.alarms.drift import BOUND_SCALES, DriftState, NormalDrift
from edge_vad.cli.console import warn
from edge_vad.detection import Detection
from edge_vad.errors import WrongUse
from edge_vad.files.atomic import PRIVATE, write_whole
from edge_vad.outputs.jsonl import JsonLinesWriter
from edge_vad.outputs.recorder import Recorder
from edge_vad.scoring.detector import Detector

STEPS, STATE = "drift.jsonl", "drift.json"
_LARGEST_STATE = 10_000


class DriftSummary(msgspec.Struct, frozen=True):
    """What became of the threshold in a run.

    Attributes:
        trained_threshold: The threshold by the trained tail.
        threshold: The threshold at the end.
        furthest: How far it may move either way, in units of the score.
        steps: How many steps `drift.jsonl` tells.
    """

    trained_threshold: float
    threshold: float
    furthest: float
    steps: int


class DriftLog:
    """Follows drift in a run and writes what it does into the run's folder.

    Args:
        detector: Whose threshold moves.
        accepted_per_hour: The rate of false alarms that the threshold stands for.
        fps: Frames a second of the source.
        folder: Where to write.

    Raises:
        WrongUse: The rate is too high for drift to be told from anomalies.
        OSError: The files cannot be written.
    """

    def __init__(
        self, detector: Detector, accepted_per_hour: float, fps: float, folder: Path
    ) -> None:
        self._drift = NormalDrift(detector.model.card.normal, accepted_per_hour, fps)
        self._detector, self._folder = detector, folder
        self._trained_threshold, self._steps = self._drift.threshold, 0
        self._lines = JsonLinesWriter(folder / STEPS)

    def resume(self, folder: Path) -> None:
        """Go on from where an earlier run into this folder came to, if there was one."""
        try:
            with (folder / STATE).open("rb") as file:
                content = file.read(_LARGEST_STATE)
            self._drift.resume(msgspec.json.decode(content, type=DriftState))
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, msgspec.DecodeError, WrongUse) as error:
            warn(f"{folder / STATE} is of no use ({error}): drift begins at the trained scores")
            return
        self._detector.threshold = self._drift.threshold

    def follow(self, detection: Detection, recorder: Recorder) -> None:
        """Take the next frame; the detector's threshold may move."""
        if not detection.judged:
            return
        record = self._drift.update(detection.score, detection.frame.time_s)
        self._detector.threshold = self._drift.threshold
        if record:
            self._steps += 1
            self._lines.write(record)
            recorder.set_normal_tail(self._drift.tail)

    def close(self) -> None:
        """Write what was learnt, for the next run.

        Raises:
            OSError: The disk is full.
        """
        self._lines.close()
        write_whole(self._folder / STATE, msgspec.json.encode(self._drift.state), PRIVATE)

    @property
    def summary(self) -> DriftSummary:
        """What became of the threshold."""
        return DriftSummary(
            trained_threshold=self._trained_threshold,
            threshold=self._drift.threshold,
            furthest=BOUND_SCALES * self._detector.model.card.normal.scale,
            steps=self._steps,
        )
