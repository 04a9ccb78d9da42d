from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.alarms.decision import Decision
from edge_vad.alarms.drift import BOUND_SCALES, DriftState
from edge_vad.alarms.settings import DecisionSettings
from edge_vad.detection import Box
from edge_vad.errors import WrongUse
from edge_vad.events import ChangeKind
from edge_vad.false_alarms import NormalTail
from edge_vad.frame import Frame

NEW, UPDATE, END = ChangeKind
HEIGHT, WIDTH = 96, 128  # twice the model's frame


@pytest.fixture
def decision(make):
    """Its scores for 1/hour and 10/hour are 2 and 1."""

    def build(**settings):
        settings = {"false_alarms": "1/hour", **settings}
        return Decision("gate", make.card(), DecisionSettings(**settings), lambda: 1000.0)

    return build


def scored(index, score, fps=10.0, cell=(1, 2)):
    """A frame, its score, and its map, whose highest cell is at (row, column)."""
    anomaly_map = np.full((5, 7), -1.0, np.float32)
    anomaly_map[cell] = score
    frame = Frame(np.full((HEIGHT, WIDTH, 3), index % 256, np.uint8), index, index / fps)
    return frame, score, anomaly_map


def changes_of(decision, scores):
    told = [
        change
        for index, score in enumerate(scores)
        for change in decision.update(*scored(index, score)).changes
    ]
    return told + decision.finish()


def kinds_of(changes):
    return [change.kind for change in changes]


def test_an_event_is_told_with_its_third_frame_and_ends_after_the_quiet_time(decision):
    gate = decision()
    told = [gate.update(*scored(index, 3 if index < 3 else 0)).changes for index in range(20)]
    assert [(index, kinds_of(each)) for index, each in enumerate(told) if each] == [
        (2, [NEW]),
        (12, [END]),
    ]
    assert told[12][0].event.start == 1000.0
    assert told[12][0].event.end == pytest.approx(1000.2)


@pytest.mark.parametrize("scores", [[9], [9, 9], [9, 9, 0, 9, 9], [9, 9, 1.5, 9, 1.5, 9]])
def test_a_frame_or_two_that_pass_are_no_event(decision, scores):
    assert changes_of(decision(), scores) == []


def test_frames_far_apart_in_time_make_an_event_too(decision):
    gate = decision(quiet_s=1.0)
    told = [gate.update(*scored(index, 3, fps=0.2)).changes for index in range(3)]
    assert list(map(kinds_of, told)) == [[], [], [NEW]]


def test_a_pause_of_the_footage_breaks_the_row(decision):
    gate = decision()
    told = [gate.update(*scored(index, 9)).changes for index in (0, 1, 6000, 6001, 6002)]
    assert list(map(kinds_of, told)) == [[], [], [], [], [NEW]]
    assert gate.ongoing.end - gate.ongoing.start == pytest.approx(0.2)


def test_how_rare_is_said_of_the_score_that_was_kept_up(decision):
    *_, end = changes_of(decision(), [3, 3, 99, 3])
    assert (end.event.score, end.event.normal_per_hour) == (99, pytest.approx(0.1))


def test_the_peak_is_told_with_its_time_box_rarity_and_picture(decision):
    new, end = changes_of(decision(), [3, 3, 3, 7, 4])
    assert (new.event.score, end.event.score) == (3, 7)
    assert end.event.peak == pytest.approx(1000.3)
    assert new.snapshot is not None
    assert new.snapshot[0, 0, 0] == 0
    assert end.snapshot is not None
    assert end.snapshot[0, 0, 0] == 3
    assert "normal" in end.event.rarity
    # Cell (1, 2) looks at 16 px from (16, 8) on; half of that, and twice as large in the frame.
    assert end.event.box == Box(2 * 20, 2 * 12, 16, 16)


def test_a_picture_is_told_once(decision):
    _, update, *_ = changes_of(decision(update_s=0.5), [7, *[3] * 9])
    assert update.kind is UPDATE
    assert update.snapshot is None


def test_updates_come_no_more_often_than_was_asked(decision):
    kinds = kinds_of(changes_of(decision(update_s=1.0), [3] * 35))
    assert kinds == [NEW, UPDATE, UPDATE, UPDATE, END]


def test_an_event_goes_on_down_to_the_lower_score_but_does_not_begin_there(decision):
    assert changes_of(decision(), [1.5] * 30) == []
    *_, end = changes_of(decision(), [3, 3, 3, *[1.5] * 30])
    assert end.event.end == pytest.approx(1003.2)
    *_, end = changes_of(decision(hysteresis=1.0), [3, 3, 3, *[1.5] * 30])
    assert end.event.end == pytest.approx(1000.2)


def test_what_does_not_last_is_never_told(decision):
    gate = decision(min_duration_s=0.3)
    assert changes_of(gate, [3, 3, 3, *[0] * 20]) == []
    told = [gate.update(*scored(100 + index, 3)).changes for index in range(4)]
    assert list(map(kinds_of, told)) == [[], [], [], [NEW]]
    assert told[3][0].event.end - told[3][0].event.start == pytest.approx(0.3)


def test_no_event_begins_while_it_cools_down(decision):
    scores = [3, 3, 3, *[0] * 17, *[3] * 30]  # quiet from 0.2 on; the cool-down ends at 4.2
    starts = []
    gate = decision(cooldown_s=4.0)
    for index, score in enumerate(scores):
        starts += [index for c in gate.update(*scored(index, score)).changes if c.kind is NEW]
    assert starts == [2, 44]


def test_ids_sort_by_time_and_are_unique(make):
    now = iter(range(1000, 2000, 10))
    gate = Decision("gate", make.card(), DecisionSettings(), lambda: float(next(now)))
    changes = changes_of(gate, [9, 9, 9, *[0] * 13] * 20)
    ids = [change.event.id for change in changes if change.kind is NEW]
    assert len(set(ids)) == 20
    assert ids == sorted(ids)


def test_a_threshold_changes_while_running(decision):
    gate = decision()
    assert not gate.update(*scored(0, 1.5)).detection.anomalous
    gate.accept("10/hour")
    _, _, judged = (gate.update(*scored(index, 1.5)) for index in (1, 2, 3))
    assert judged.detection.anomalous
    assert judged.detection.threshold == pytest.approx(1.0)
    assert judged.detection.box is not None
    assert kinds_of(judged.changes) == [NEW]


def test_a_threshold_that_is_none_changes_nothing(decision):
    gate = decision()
    with pytest.raises(WrongUse):
        gate.accept("often")
    assert gate.level.begin == pytest.approx(2.0)


def test_a_threshold_follows_drift_only_when_asked_and_says_every_step(decision):
    scores = [0.0] * 8000
    still, follows = decision(), decision(follow_drift=True)
    judged = [follows.update(*scored(index, score)) for index, score in enumerate(scores)]
    assert {still.update(*scored(index, 0.0)).drifted for index in range(200)} == {None}
    assert still.level == decision().level
    steps = [each.drifted for each in judged if each.drifted]
    assert 1 <= len(steps) <= 10
    assert follows.level.begin <= steps[-1].threshold < still.level.begin
    assert follows.level.hold <= follows.level.begin
    assert judged[-1].detection.threshold == pytest.approx(follows.level.begin, abs=1e-3)


def test_ignored_regions_do_not_move_the_threshold(decision):
    square = ((40, 24), (56, 24), (56, 40), (40, 40))
    busy, calm = (decision(follow_drift=True, ignore=(square,)) for _ in range(2))
    for index in range(500):
        busy.update(*scored(index, 1.5))
        calm.update(*scored(index, -1.0))
    assert busy.level == calm.level


def test_other_accepted_false_alarms_keep_what_was_learnt_of_drift(decision):
    gate = decision(follow_drift=True)
    for index in range(4000):
        gate.update(*scored(index, 0.0))
    moved = decision().level.begin - gate.level.begin
    assert moved > 0
    gate.accept("1/day")
    assert decision(false_alarms="1/day").level.begin - gate.level.begin == pytest.approx(moved)


def test_drift_that_cannot_be_told_from_anomalies_is_refused_and_changes_nothing(decision):
    with pytest.raises(WrongUse, match="drift cannot be told"):
        decision(follow_drift=True, false_alarms="600/minute")
    gate = decision(follow_drift=True)
    before = gate.level
    with pytest.raises(WrongUse, match="drift cannot be told"):
        gate.accept("600/minute")
    assert gate.level == before


@pytest.mark.parametrize("shift", [-1e9, 1e9])
def test_what_was_learnt_is_taken_up_within_the_bound_and_of_the_same_scene_alone(
    decision, make, shift
):
    normal, gate = make.card().normal, decision(follow_drift=True)
    trained = gate.level.begin
    gate.resume(DriftState(normal, shift, normal.scale))
    assert abs(gate.level.begin - trained) == pytest.approx(BOUND_SCALES * normal.scale)
    assert gate.level.hold <= gate.level.begin
    with pytest.raises(WrongUse, match="another scene"):
        gate.resume(DriftState(NormalTail(2.0, 72000, 3.0, 10.0, 1.0, 0.0), 0.0, 1.0))


def test_an_ignored_region_counts_for_nothing_and_hides_nothing_else(decision):
    # Cell (1, 2) has its centre at (24, 16) of the model's frame: (48, 32) of the camera's.
    square = ((40, 24), (56, 24), (56, 40), (40, 40))
    gate = decision(ignore=(square,))
    judged = gate.update(*scored(0, 9))
    assert judged.changes == []
    assert judged.detection.score == -1.0
    assert judged.detection.anomaly_map.max() <= 0
    _, _, judged = (gate.update(*scored(index, 9, cell=(3, 5))) for index in (1, 2, 3))
    assert kinds_of(judged.changes) == [NEW]


def test_a_picture_ignored_whole_never_alarms(decision):
    everything = ((-1, -1), (WIDTH, -1), (WIDTH, HEIGHT), (-1, HEIGHT))
    assert changes_of(decision(ignore=(everything,)), [9] * 5) == []


def test_a_lost_camera_ends_its_event(decision):
    gate = decision()
    for index in range(3):
        gate.update(*scored(index, 9))
    assert kinds_of(gate.finish()) == [END]
    assert gate.finish() == []
    assert gate.ongoing is None


def test_a_source_that_begins_anew_ends_the_event_of_before(decision):
    gate = decision()
    for index in (50, 51, 52):
        gate.update(*scored(index, 9))
    told = [gate.update(*scored(index, 9)).changes for index in range(3)]
    assert list(map(kinds_of, told)) == [[END], [], [NEW]]


@given(
    scores=st.lists(st.floats(-5, 20), max_size=120),
    quiet_s=st.floats(0.1, 3),
    cooldown_s=st.floats(0, 3),
    min_duration_s=st.floats(0, 1),
    hysteresis=st.floats(1, 1000),
)
def test_events_are_whole_whatever_comes(
    make, scores, quiet_s, cooldown_s, min_duration_s, hysteresis
):
    settings = DecisionSettings(
        "1/hour", hysteresis, min_duration_s, quiet_s, cooldown_s, update_s=0.2
    )
    gate = Decision("gate", make.card(), settings)
    changes = changes_of(gate, scores)
    told = {}
    for change in changes:
        told.setdefault(change.event.id, []).append(change)
    assert [change.event.id for change in changes] == [
        change.event.id for each in told.values() for change in each
    ]
    for each in told.values():
        assert [each[0].kind, each[-1].kind] == [NEW, END]
        assert {change.kind for change in each[1:-1]} <= {UPDATE}
        last = each[-1].event
        assert last.start <= last.peak <= last.end
        assert last.end - last.start >= min_duration_s - 1e-6
        assert [c.event.score for c in each] == sorted(c.event.score for c in each)
