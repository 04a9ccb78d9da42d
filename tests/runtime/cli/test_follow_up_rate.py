from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_vad.alarms.moments import Moment
from edge_vad.cli.follow_up_rate import more_often, rarer
from edge_vad.detection import Box
from edge_vad.false_alarms import NormalTail, parse_rate
from edge_vad.outputs.moments import write_moments

TAILS = [
    NormalTail(24.0, 864000, start=1.0, alarms_per_hour=90.0, scale=1.5, shape=0.0),
    NormalTail(1.0, 36000, start=-0.3, alarms_per_hour=600.0, scale=0.4, shape=0.45),
]


@pytest.fixture
def moments(tmp_path):
    """Moments of scores, as they are written."""

    def written(normal, *scores, stands_s=None):
        image = np.full((48, 64, 3), 90, np.uint8)
        found = [Moment(7, 0.7, score, Box(1, 2, 30, 20), image) for score in scores]
        return write_moments(tmp_path, [replace(each, stands_s=stands_s) for each in found], normal)

    return written


@pytest.mark.parametrize("normal", TAILS)
@pytest.mark.parametrize("above", [0.00012345678, 0.7654321, 3.3333333, 9.87654321])
def test_the_rate_makes_the_strangest_moment_an_alarm_and_no_rarer_one_does(moments, normal, above):
    score = float(np.float32(normal.start + above))
    rate = more_often(1e-9, moments(normal, score), normal)
    assert normal.threshold(parse_rate(rate)) <= score
    assert rate.partition("/")[0].strip("0.") in {"1", "2", "5"}
    assert normal.threshold(parse_rate(rate) / 2.6) > score


def test_where_the_strangest_is_an_alarm_the_next_one_becomes_one(moments):
    normal = TAILS[0]
    scores = [normal.threshold(parse_rate(each)) for each in ("0.3/day", "3/day", "3/hour")]
    told = moments(normal, *scores)
    assert more_often(parse_rate("0.1/day"), told, normal) == "5/week"
    assert more_often(parse_rate("1/day"), told, normal) == "5/day"
    assert more_often(parse_rate("5/day"), told, normal) == "5/hour"
    assert more_often(parse_rate("5/hour"), told, normal) == "10/hour"


def test_ordinary_moments_ask_for_no_rate_that_says_nothing(moments):
    normal = TAILS[0]
    assert more_often(1.0, moments(normal, normal.start - 2), normal) == "2/minute"


def test_what_stands_still_raises_no_alarm_at_any_rate(moments):
    told = moments(TAILS[0], 9.0, stands_s=30.0)
    assert more_often(1.0, told, TAILS[0]) == "2/hour"


@pytest.mark.parametrize("accepted", ["0.0003/week", "1/week", "1/day", "3/hour", "50/minute"])
def test_without_moments_the_rate_is_the_next_one_that_people_write(accepted):
    more = parse_rate(more_often(parse_rate(accepted), [], TAILS[0]))
    assert 1 < more / parse_rate(accepted) <= 2.5


def test_fewer_alarms_have_a_clearly_lower_rate():
    assert [rarer(parse_rate(each)) for each in ("30/hour", "1/hour", "1/day")] == [
        "10/hour",
        "1/day",
        "1/week",
    ]
