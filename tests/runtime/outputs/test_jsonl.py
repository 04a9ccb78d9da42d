from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge_vad.detection import Box, Detection, Event
from edge_vad.frame import Frame
from edge_vad.outputs.jsonl import JsonLinesWriter, event_line, score_line

GOLDEN = Path(__file__).parent / "golden"

FRAME = Frame(np.zeros((2, 2, 3), np.uint8), 4, 4 / 30)
MAP = np.zeros((1, 1), np.float32)


def write(path, *records):
    lines = JsonLinesWriter(path)
    for record in records:
        lines.write(record)
    lines.close()
    lines.close()
    return path.read_text()


def test_scores_are_written_as_documented(tmp_path):
    normal = Detection(FRAME, float(np.float32(0.1)), 2.0, MAP, None)
    anomalous = Detection(FRAME, 2.0, 2.0, MAP, Box(1, 2, 3, 4))
    text = write(tmp_path / "scores.jsonl", score_line(normal), score_line(anomalous))
    assert text == (GOLDEN / "scores.jsonl").read_text()


def test_events_are_written_as_documented(tmp_path):
    event = Event(
        1, 3, 9, 0.1, 9 / 30, 5, float(np.float32(7.3)), Box(10, 20, 30, 40), 0.111, "once"
    )
    text = write(tmp_path / "events.jsonl", event_line(event))
    assert text == (GOLDEN / "events.jsonl").read_text()


def test_every_line_is_json_by_itself(tmp_path):
    detection = Detection(FRAME, 1.0, 2.0, MAP, None)
    text = write(tmp_path / "scores.jsonl", *[score_line(detection)] * 3000)
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == 3000
    assert lines[0]["index"] == 4


def test_a_full_disk_is_told_at_the_latest_when_the_file_is_closed():
    lines = JsonLinesWriter(Path("/dev/full"))
    lines.write(score_line(Detection(FRAME, 1.0, 2.0, MAP, None)))
    with pytest.raises(OSError, match="No space"):
        lines.close()
    lines.close()
