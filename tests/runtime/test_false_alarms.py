from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from edge_vad.errors import WrongUse
from edge_vad.false_alarms import (
    NormalTail,
    describe_rarity,
    describe_rate,
    parse_rate,
    poisson_interval,
)

tails = st.builds(
    NormalTail,
    hours=st.floats(0.1, 1000),
    frames=st.integers(1, 10**6),
    start=st.floats(-10, 10),
    alarms_per_hour=st.floats(0.1, 1000),
    scale=st.floats(0.01, 100),
    shape=st.one_of(st.just(0.0), st.floats(0, 0.9)),
)


@given(tails, st.floats(0, 5))
def test_the_rate_at_a_threshold_is_the_rate_it_was_made_for(tail, rarer):
    rate = tail.alarms_per_hour * 10**-rarer
    assert tail.rate(tail.threshold(rate)) == pytest.approx(rate, rel=1e-3)


@given(tails, st.floats(1e-3, 1e3), st.floats(1.01, 100))
def test_fewer_false_alarms_need_a_higher_threshold(tail, rate, factor):
    assert tail.threshold(rate) > tail.threshold(rate * factor)


@pytest.mark.parametrize(
    ("text", "per_hour"),
    [("1/day", 1 / 24), ("6/hour", 6.0), (" 0.5 / week ", 0.5 / 168), ("2/minute", 120.0)],
)
def test_a_rate_is_read_in_any_unit(text, per_hour):
    assert parse_rate(text) == pytest.approx(per_hour)


@pytest.mark.parametrize(
    "text",
    ["", "1", "0/day", "0.0/day", "-1/day", "1/year", "1e3/day", "nan/day", "9" * 400 + "/day"],
)
def test_what_is_no_rate_is_refused_with_an_example(text):
    with pytest.raises(WrongUse, match="1/day"):
        parse_rate(text)


@given(st.text(max_size=20))
def test_any_text_is_a_positive_rate_or_wrong_use(text):
    try:
        rate = parse_rate(text)
    except WrongUse:
        return
    assert 0 < rate < math.inf


@given(st.integers(0, 300), st.floats(0.01, 1000), st.sampled_from([0.68, 0.95, 0.99]))
def test_the_poisson_interval_is_garwoods(count, hours, confidence):
    low, high = poisson_interval(count, hours, confidence)
    tail = (1 - confidence) / 2
    expected_low = chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    assert low * hours == pytest.approx(expected_low, rel=1e-7, abs=1e-12)
    assert high * hours == pytest.approx(chi2.ppf(1 - tail, 2 * count + 2) / 2, rel=1e-7)


def test_an_alarm_that_the_footage_could_show_is_not_extrapolated():
    tail = NormalTail(hours=2.0, frames=1, start=1.0, alarms_per_hour=10.0, scale=1.0, shape=0.0)
    assert not tail.is_extrapolated(0.5)
    assert tail.is_extrapolated(0.4)


@pytest.mark.parametrize(
    ("per_hour", "words"),
    [(120, "2 a minute"), (1, "1 an hour"), (1 / 24, "1 a day"), (1 / 168, "1 a week")],
)
def test_a_rate_is_told_in_the_unit_that_reads_best(per_hour, words):
    assert describe_rate(per_hour) == words


@pytest.mark.parametrize(
    ("per_hour", "words"),
    [
        (3600, "about once in 1 second"),
        (20, "about once in 3 minutes"),
        (1 / 9, "about once in 9 hours"),
        (1 / 36, "about once in 36 hours"),
        (1 / 72, "about once in 3 days"),
        (1 / (24 * 365.25 * 3), "about once in 3 years"),
        (1e-300, "less than once in 10 years"),
        (0.0, "less than once in 10 years"),
    ],
)
def test_a_rate_is_told_as_the_time_between_two_alarms(per_hour, words):
    assert describe_rarity(per_hour) == words


@given(tails, st.floats(allow_nan=False))
def test_any_score_has_a_rate_and_words(tail, score):
    assert tail.rate(score) >= 0
    assert tail.rarity(score)


@pytest.mark.parametrize(
    ("hours", "rate"),
    [
        (1000.0, "1/day"),
        (23.98, "1/day"),  # a day without its pauses
        (20.0, "2/day"),
        (3.0, "8/day"),
        (2.0, "1/hour"),
        (0.34, "4/hour"),
        (1 / 12, "12/hour"),
        (1 / 60, "1/minute"),
        (1 / 180, "4/minute"),
        (1 / 3600, "10/minute"),
    ],
)
def test_the_default_is_the_rarest_rate_that_the_footage_could_show(hours, rate):
    tail = NormalTail(hours, 9, 1.0, 600.0, 1.0, 0.0)
    assert tail.default_rate == tail.accepted(None) == rate
    assert tail.is_extrapolated(parse_rate(rate)) == (hours < 1 / 600)
    assert tail.accepted("3/week") == "3/week"


def test_no_default_lies_below_the_start_of_the_tail():
    tail = NormalTail(1 / 60, 9, 1.0, 20.0, 1.0, 0.0)
    assert tail.default_rate == "12/hour"
    assert tail.threshold(parse_rate(tail.default_rate)) > tail.start
    assert NormalTail(1.0, 9, 1.0, 1e-6, 1.0, 0.0).default_rate == "1/day"
