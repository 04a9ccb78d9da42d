"""The masks of a street: they mark the anomaly, all that is seen of it, and nothing else."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad_street import KINDS, open_street, street_suite, street_truth
from edge_vad_street.actors.actor import Actor
from edge_vad_street.actors.left import bounce
from edge_vad_street.acts.anomalies import Stage, cycle_s
from edge_vad_street.layout import Layout
from edge_vad_street.scene import Street
from edge_vad_street.url import parse_street_url

SIZE = "size=180x120"
EXACT = "&noise=0&light=0"


def masks(url: str) -> NDArray[np.bool_]:
    return np.stack(list(street_truth(url)))


def clip(kind: str, seed: int = 7) -> str:
    return dict(street_suite(f"test://street?seed={seed}&{SIZE}{EXACT}"))[kind]


def marked_frames(street: Street) -> list[int]:
    return [index for index in range(street._options.frames) if street.truth(index).any()]


def joined(cast: tuple[Actor, ...]) -> list[tuple[float, float]]:
    """When something is an anomaly, overlaps joined."""
    intervals: list[tuple[float, float]] = []
    for start, end in sorted(actor.odd for actor in cast if actor.odd):
        if intervals and start < intervals[-1][1]:
            intervals[-1] = (intervals[-1][0], max(end, intervals[-1][1]))
        else:
            intervals.append((start, end))
    return intervals


def test_ordinary_life_has_no_anomaly() -> None:
    assert not masks(f"test://street?seed=7&frames=200&{SIZE}").any()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_appears_for_about_half_of_its_clip_and_leaves(kind: str) -> None:
    marked = masks(clip(kind)).any(axis=(1, 2))
    assert marked.shape == (10 * cycle_s(kind),)
    assert 0.3 <= marked.mean() <= 0.62
    assert not marked[0]
    assert not marked[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_mask_holds_exactly_what_the_anomaly_adds_to_the_picture(kind: str) -> None:
    street = Street(parse_street_url(clip(kind)))
    for index in marked_frames(street)[5::11]:
        mask = street.truth(index)
        with_it = street.frame(index).astype(int)
        without = _without_the_odd(street, index).astype(int)
        changed = np.abs(with_it - without).sum(axis=2) > 0
        assert (changed & mask).sum() >= 0.9 * mask.sum()


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_front_hides_the_anomaly(kind: str) -> None:
    street = Street(parse_street_url(clip(kind)))
    for index in range(0, street._options.frames, 7):
        seen = street.truth(index)
        unhidden = _alone(street, index)
        assert not (seen & ~unhidden).any()


@pytest.mark.parametrize("kind", KINDS)
def test_acts_vary_with_the_seed(kind: str) -> None:
    layout = Layout.of(1, (180, 120))
    times = {
        tuple(actor.odd for actor in Stage(layout, seed, kind)._cast(0) if actor.odd)
        for seed in range(6)
    }
    assert len(times) == 6


@pytest.mark.parametrize("kind", KINDS)
def test_acts_fill_their_share_of_every_cycle_without_crossing_its_ends(kind: str) -> None:
    layout = Layout.of(1, (180, 120))
    for seed in range(12):
        for cycle in range(3):
            odd = joined(Stage(layout, seed, kind)._cast(cycle))
            length = cycle_s(kind)
            assert 1 <= len(odd) <= 2
            assert 0.35 * length <= sum(end - start for start, end in odd) <= 0.6 * length
            ends = [cycle * length, *(moment for interval in odd for moment in interval)]
            assert all(late > early for early, late in pairwise([*ends, cycle * length + length]))


def test_luggage_is_no_anomaly_while_it_is_carried() -> None:
    street = Street(parse_street_url(clip("abandoned_object")))
    marked = marked_frames(street)
    areas = {int(street.truth(index).sum()) for index in marked}
    centres = [np.argwhere(street.truth(index)).mean(axis=0) for index in marked]
    assert max(areas) < 150
    assert np.ptp(centres, axis=0).max() < 3.0


def test_a_thrown_thing_comes_down_and_bounces_lower_each_time() -> None:
    heights = np.array([bounce(1.5, 3.0, age) for age in np.arange(0.0, 6.0, 0.01)])
    peaks = heights[1:-1][(heights[1:-1] > heights[:-2]) & (heights[1:-1] >= heights[2:])]
    assert (heights >= -1e-9).all()
    assert (np.diff(peaks) < 0).all()
    assert heights[-1] == 0.0


def test_truth_and_frames_are_of_one_size() -> None:
    url = "test://street?size=96x64&frames=4&anomaly=vehicle"
    frames = [frame.image for frame in open_street(url)]
    truth = list(street_truth(url))
    assert [image.shape[:2] for image in frames] == [mask.shape for mask in truth]
    assert {mask.dtype for mask in truth} == {np.dtype(bool)}


def _without_the_odd(street: Street, index: int) -> NDArray[np.uint8]:
    everything = street._drawings
    street._drawings = lambda time_s: [
        (drawing, odd) for drawing, odd in everything(time_s) if not odd
    ]
    try:
        return street.frame(index)
    finally:
        street._drawings = everything


def _alone(street: Street, index: int) -> NDArray[np.bool_]:
    visible = np.zeros((120, 180), np.float32)
    for drawing, odd in street._drawings(index / 10.0):
        patch = street._painter.paint(drawing) if odd else None
        if patch is not None:
            patch.reveal(visible, belongs=True)
    return visible > 0.5
