from __future__ import annotations

import json

import numpy as np
import pytest

from edge_vad.camera_state import CameraState
from edge_vad.detection import Detection
from edge_vad.errors import BadInput
from edge_vad.frame import Frame
from edge_vad.sinks.lines.json_lines import JsonLines
from edge_vad.sinks.settings import JsonLinesSettings


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_events_states_and_on_demand_frames_stand_in_the_file(tmp_path, events):
    sink = JsonLines(JsonLinesSettings(frames=True), tmp_path)
    event = events.live()
    image, anomaly_map = np.zeros((2, 2, 3), np.uint8), np.zeros((1, 1), np.float32)
    sink.frame("gate", Detection(Frame(image, 7, 0.7), 2.5, 2.0, anomaly_map, None))
    sink.event("gate", events.new(event))
    sink.state("gate", CameraState.NO_SIGNAL, 12.3456)
    sink.close(60)
    frame, new, state = lines(tmp_path / "events.jsonl")
    assert frame == {
        "type": "frame",
        "camera": "gate",
        "index": 7,
        "time_s": 0.7,
        "score": 2.5,
        "anomalous": True,
    }
    assert (new["type"], new["id"]) == ("new", event.id)
    assert state == {"type": "state", "camera": "gate", "state": "no signal", "at": 12.346}


def test_frames_are_left_out_unless_they_are_asked_for(tmp_path):
    sink = JsonLines(JsonLinesSettings(), tmp_path)
    image, anomaly_map = np.zeros((2, 2, 3), np.uint8), np.zeros((1, 1), np.float32)
    sink.frame("gate", Detection(Frame(image, 7, 0.7), 2.5, 2.0, anomaly_map, None))
    sink.close(60)
    assert not (tmp_path / "events.jsonl").exists()


def test_a_line_that_was_cut_off_does_not_spoil_the_next(tmp_path, events):
    path = tmp_path / "events.jsonl"
    path.write_text('{"whole": 1}\n{"cut o')
    sink = JsonLines(JsonLinesSettings(), tmp_path)
    sink.event("gate", events.new(events.live()))
    sink.close(60)
    whole, cut, new = path.read_text().splitlines()
    assert (whole, cut) == ('{"whole": 1}', '{"cut o')
    assert json.loads(new)["type"] == "new"


def test_on_a_full_disk_lines_wait_and_none_is_torn(small_disk, fill_disk, events):
    sink = JsonLines(JsonLinesSettings(), small_disk)
    ballast = fill_disk(small_disk)
    written = [events.live(events.recent + at) for at in range(100)]
    for event in written:
        sink.event("gate", events.new(event, with_picture=False))
    events.eventually(lambda: "the disk is full" in sink.health().why)
    ballast.unlink()
    events.eventually(lambda: sink.health().ok and not sink.health().depth)
    assert [line["id"] for line in lines(small_disk / "events.jsonl")] == [e.id for e in written]
    sink.close(60)


def test_a_long_file_makes_way_for_a_new_one(tmp_path, events):
    sink = JsonLines(JsonLinesSettings(max_size_mb=1), tmp_path)
    for at in range(6000):
        sink.event("gate", events.new(events.live(events.recent + at), with_picture=False))
    sink.close(60)
    old, new = lines(tmp_path / "events.jsonl.1"), lines(tmp_path / "events.jsonl")
    assert len(old) + len(new) == 6000
    assert (tmp_path / "events.jsonl.1").stat().st_size < 1_001_000


def test_a_folder_that_cannot_be_made_is_an_error_at_once(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadInput, match="cannot write"):
        JsonLines(JsonLinesSettings(path="file/events.jsonl"), tmp_path)
