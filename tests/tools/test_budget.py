"""`make budget` tells a budget of false alarms that holds from one that does not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from check_budget import BOXES, VIEWS, alarms_of, drawn_tail, events_of, fitted_tail, make_box

from edge_vad.false_alarms import NormalTail, poisson_interval
from edge_vad.site.reading import read_site
from edge_vad_street.url import parse_street_url


def test_tails_that_are_known_keep_the_budget_and_tails_believed_too_thin_pass_it():
    rng = np.random.default_rng(3)
    tails = [drawn_tail(rng) for _ in range(20)]
    low, high = poisson_interval(alarms_of(0.1, tails, tails, rng), 24_000)
    assert low <= 0.1 <= high
    thin = [NormalTail(24.0, 1, each.start, each.alarms_per_hour, 0.3, 0.0) for each in tails]
    low, _ = poisson_interval(alarms_of(0.1, thin, tails, rng), 24_000)
    assert low > 0.1


def test_a_tail_is_fitted_to_peaks_as_a_training_fits_it():
    rng = np.random.default_rng(2)
    true = NormalTail(24.0, 1, 1.0, 40.0, 2.0, 0.1)
    found = fitted_tail(true, 200.0, rng)
    assert found.alarms_per_hour == pytest.approx(true.rate(found.start), rel=0.1)
    assert found.scale == pytest.approx(2.0, rel=0.2)
    assert found.hours == pytest.approx(200.0, rel=0.01)


def test_boxes_watch_the_same_streets_with_traffic_of_their_own(tmp_path):
    sites = [read_site(make_box(tmp_path, box, list(VIEWS), 60)) for box in range(BOXES)]
    streets = [parse_street_url(str(camera.source)) for site in sites for camera in site.cameras]
    assert len({street.seed for street in streets}) == BOXES * len(VIEWS)
    assert {street.scene for street in streets} == set(range(1, len(VIEWS) + 1))
    assert {street.frames / street.fps for street in streets} == {3600.0}


def test_alarms_are_counted_once_when_they_begin(tmp_path):
    file = tmp_path / "events.jsonl"
    assert not events_of(file)
    lines = [{"type": kind, "camera": "side"} for kind in ("new", "update", "end", "new")]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert events_of(file) == {"side": 2}
