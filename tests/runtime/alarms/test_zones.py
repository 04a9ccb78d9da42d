"""Zones: parts of the picture that decide by themselves."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from edge_vad.alarms.decision import Decision
from edge_vad.alarms.drift import DriftState
from edge_vad.alarms.settings import DecisionSettings
from edge_vad.events import ChangeKind
from edge_vad.frame import Frame

HEIGHT, WIDTH = 96, 128  # twice the model's frame
LEFT = ((0, 0), (50, 0), (50, 96), (0, 96))
"""Columns 0 to 2 of the map's seven."""
RIGHT = ((90, 0), (128, 0), (128, 96), (90, 96))
"""Columns 5 and 6."""


@pytest.fixture
def decision(make):
    """Scores for 1/hour and 10/hour are 2 and 1."""

    def build(*zones, **settings):
        said = {"false_alarms": "1/hour", "zones": zones, **settings}
        settings = msgspec.convert(msgspec.to_builtins(said), DecisionSettings)
        return Decision("gate", make.card(), settings, lambda: 1000.0)

    return build


def zone(name, polygon, rate=None):
    return {"name": name, "polygon": polygon, "false_alarms": rate}


def frame_of(index, **cells):
    """A frame and its outputs; `c25=3` is a score of 3 in row 2, column 5."""
    anomaly_map = np.full((5, 7), -1.0, np.float32)
    for cell, score in cells.items():
        anomaly_map[int(cell[1]), int(cell[2])] = score
    frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), index, index / 10)
    return frame, float(anomaly_map.max()), anomaly_map


def changes_of(decision, frames=5, first=0, **cells):
    found = [decision.update(*frame_of(first + index, **cells)) for index in range(frames)]
    return [change for each in found for change in each.changes]


def begun(changes):
    return [change.event.zone for change in changes if change.kind is ChangeKind.NEW]


def test_an_event_in_a_zone_has_its_name_and_one_elsewhere_has_none(decision):
    gate = decision(zone("door", LEFT), zone("road", RIGHT))
    assert begun(changes_of(gate, c21=3)) == ["door"]
    gate.finish()
    assert begun(changes_of(gate, first=10, c26=3)) == ["road"]
    gate.finish()
    assert begun(changes_of(gate, first=20, c23=3)) == [""]


def test_a_zone_alarms_at_its_own_rate_and_the_rest_at_the_cameras(decision):
    gate = decision(zone("door", LEFT, "10/hour"), zone("road", RIGHT, "0.1/hour"))
    assert begun(changes_of(gate, c21=1.5)) == ["door"]
    assert begun(changes_of(gate, first=10, c23=1.5)) == []
    assert begun(changes_of(gate, first=20, c26=2.5)) == []  # more than the camera's threshold
    assert begun(changes_of(gate, first=30, c26=3.5)) == ["road"]
    assert gate.level.begin == pytest.approx(2)


def test_the_threshold_of_an_event_is_its_zones(decision):
    change, *_ = changes_of(decision(zone("door", LEFT, "10/hour")), c21=1.5)
    assert change.event.threshold == pytest.approx(1)


def test_a_zone_without_a_rate_follows_the_cameras(decision):
    gate = decision(zone("door", LEFT))
    gate.accept("10/hour")
    assert begun(changes_of(gate, c21=1.5)) == ["door"]


def test_zones_have_their_events_side_by_side_each_with_its_own_box(decision):
    gate = decision(zone("door", LEFT), zone("road", RIGHT))
    changes = changes_of(gate, c21=3, c26=4)
    assert begun(changes) == ["door", "road"]
    door, road = (change.event.box for change in changes[:2])
    assert door.x + door.width <= 64 <= road.x
    ended = gate.finish()
    assert [change.kind for change in ended] == [ChangeKind.END] * 2
    assert gate.ongoing is None


def test_a_cell_in_two_zones_counts_in_the_first_and_one_that_is_ignored_in_none(decision):
    gate = decision(zone("first", LEFT, "10/hour"), zone("second", LEFT, "10/hour"))
    assert begun(changes_of(gate, c21=3)) == ["first"]
    gate = decision(zone("door", LEFT), ignore=[LEFT])
    assert begun(changes_of(gate, c21=9)) == []


def test_no_zone_scores_higher_than_the_picture(decision):
    """So what is promised of the picture's false alarms holds in a part of it, too."""
    gate = decision(zone("door", LEFT))
    frame, score, anomaly_map = frame_of(0, c21=9)
    found = gate.update(frame, score - 6, anomaly_map)
    assert found.detection.score <= score - 6


def test_what_is_shown_is_what_alarms_on_the_map_of_the_whole_picture(decision):
    gate = decision(zone("door", LEFT, "10/hour"), ignore=[RIGHT])
    shown = gate.update(*frame_of(0, c21=1.5, c23=1.8, c26=9)).detection
    assert (shown.score, shown.threshold) == (1.5, pytest.approx(1))
    assert shown.anomaly_map[2, 1] == np.float32(1.5)
    assert shown.anomaly_map[2, 3] == np.float32(1.8)
    assert shown.anomaly_map[2, 6] <= 0
    quiet = gate.update(*frame_of(1, c21=0.5, c23=0.7)).detection
    assert (quiet.score, quiet.anomalous) == (pytest.approx(0.7), False)


def test_zones_follow_the_drift_of_the_whole_picture(make):
    said = {"follow_drift": True, "false_alarms": "1/hour", "zones": [zone("door", LEFT, "1/hour")]}
    settings = msgspec.convert(msgspec.to_builtins(said), DecisionSettings)
    gate, card = Decision("gate", make.card(), settings, lambda: 1000.0), make.card()
    gate.resume(DriftState(card.normal, 0.5, card.normal.scale))
    changes = changes_of(gate, c21=2.3)
    assert begun(changes) == []
    assert begun(changes_of(gate, first=10, c21=2.7)) == ["door"]


@pytest.mark.parametrize(
    ("zones", "why"),
    [
        ([zone("door", LEFT), zone("door", RIGHT)], "two zones are called 'door'"),
        ([zone("the door", LEFT)], "matching regex"),
        ([zone("door", LEFT[:2])], "length >= 3"),
        ([zone("door", ((0, 0), (5, 5), (9, 9)))], "one line"),
        ([zone("door", LEFT, "often")], "not a rate"),
        ([zone(f"z{n}", LEFT) for n in range(17)], "length <= 16"),
        ([{**zone("door", LEFT), "extra": 1}], "unknown field"),
    ],
)
def test_a_zone_that_cannot_be_is_refused(zones, why):
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert(msgspec.to_builtins({"zones": zones}), DecisionSettings)
