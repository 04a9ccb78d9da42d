"""What every kind of anomaly promises: where it is, how fast, and that it can be seen."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad_street import KINDS, SPEED_NORMAL, VIEWS, street_suite
from edge_vad_street.actors.actor import Walker
from edge_vad_street.actors.left import Thrown
from edge_vad_street.actors.unusual import Animal, HandCart, Wheelchair
from edge_vad_street.acts.anomalies import Stage
from edge_vad_street.acts.on_foot import UNUSUAL_STAY_S
from edge_vad_street.layout import Layout
from edge_vad_street.scene import Street
from edge_vad_street.traffic import Traffic, walking_speed
from edge_vad_street.url import parse_street_url

LAYOUT = Layout.of(1, (360, 240))
SEEDS = range(12)


def odd_ones(kind: str, seed: int, layout: Layout = LAYOUT) -> list:
    return [actor for actor in Stage(layout, seed, kind)._cast(0) if actor.odd]


def moments(actor, step_s: float = 0.2) -> NDArray[np.float64]:
    start, end = actor.odd
    return np.arange(start, end, step_s)


def feet(actor) -> NDArray[np.float64]:
    return np.array([actor.path.at(time_s) for time_s in moments(actor)])


def clip(kind: str, view: str) -> Street:
    return Street(parse_street_url(dict(street_suite(f"test://street?seed=7&view={view}"))[kind]))


def marked(street: Street, step: int = 8) -> list[int]:
    return [i for i in range(0, street._options.frames, step) if street.truth(i).any()]


@pytest.mark.parametrize("kind", SPEED_NORMAL)
def test_what_is_said_to_have_an_ordinary_speed_is_no_faster_than_people_walk(kind: str) -> None:
    for seed in SEEDS:
        for actor in odd_ones(kind, seed):
            if hasattr(actor, "path"):
                assert max(actor.path.speed(time_s) for time_s in moments(actor)) <= 1.9 + 1e-6


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(SPEED_NORMAL) - {"thrown_object"}))
def test_the_other_kinds_are_faster_than_anybody_walks(kind: str) -> None:
    for seed in SEEDS:
        for actor in odd_ones(kind, seed):
            start, end = actor.odd
            assert actor.path.speed((start + end) / 2) > 2.2


@pytest.mark.parametrize("kind", ["wrong_way", "forbidden_area", "unusual_shape"])
def test_who_crosses_the_picture_has_not_been_chosen_for_being_quick(kind: str) -> None:
    dice = np.random.default_rng(1)
    ordinary = np.median([walking_speed(dice) for _ in range(500)])
    paces = [
        actor.path.speed(actor.odd[0] + 2.0) for seed in range(60) for actor in odd_ones(kind, seed)
    ]
    assert np.median(paces) == pytest.approx(ordinary, rel=0.08)


@pytest.mark.parametrize("view", VIEWS)
def test_the_forbidden_area_is_where_nobody_walks_in_ten_minutes_of_ordinary_life(
    view: str,
) -> None:
    layout = Layout.of(1, (360, 240), view)
    usual = [
        actor.path.at(time_s)[1]
        for time_s in range(0, 600, 3)
        for actor in Traffic(layout, seed=3).at(time_s)
    ]
    near, far = layout.pavements
    assert min(usual) > near.near
    assert max(usual) < far.far
    assert not any(layout.road.near < y < layout.road.far for y in usual)
    strips = set()
    for seed in range(30):
        for actor in odd_ones("forbidden_area", seed, layout):
            ys = feet(actor)[:, 1]
            on_road = (ys > layout.road.near - 1e-6) & (ys < layout.road.far + 1e-6)
            facing = np.array([actor.path.facing(time_s) for time_s in moments(actor)])
            ways = np.where(ys < layout.road.near, near.direction, far.direction)
            assert (on_road | (ys < near.near) | (facing * ways < 1)).all()
            strips.add("lawn" if ys.max() < near.near else "over" if np.ptp(ys) > 1 else "along")
    assert strips == {"lawn", "over", "along"}


def test_who_comes_from_the_forbidden_area_goes_on_as_everybody_does() -> None:
    near, far = LAYOUT.pavements
    for seed in SEEDS:
        for actor in odd_ones("forbidden_area", seed):
            if np.ptp(feet(actor)[:, 1]) > 1:
                for moment in (actor.here[0] + 0.1, actor.here[1] - 0.1):
                    lane = near if actor.path.at(moment)[1] < LAYOUT.road.near else far
                    assert actor.path.facing(moment) == pytest.approx(lane.direction)


def test_a_loiterer_stands_about_for_tens_of_seconds_among_passers_by() -> None:
    passers_by = Traffic(LAYOUT, seed=3, busy=0.6)
    for seed in SEEDS:
        (loiterer,) = odd_ones("loiterer", seed)
        assert isinstance(loiterer, Walker)
        start, end = loiterer.odd
        assert 14.0 < end - start < 24.0
        assert loiterer.waits == (start - UNUSUAL_STAY_S, end)
        before = loiterer.path.at(start - UNUSUAL_STAY_S - 1.0)[0]
        stopped = loiterer.path.at(start - UNUSUAL_STAY_S)[0]
        xs = feet(loiterer)[:, 0]
        assert abs(before - stopped) > 0.8
        assert np.abs(xs - stopped).max() <= 1.0 + 1e-6
        assert np.ptp(xs) > 0.5
        still = [loiterer.path.speed(time_s) < 0.1 for time_s in moments(loiterer)]
        assert 0.4 < np.mean(still) < 0.95
        assert np.mean([len(list(passers_by.at(t))) for t in np.arange(start, end)]) > 1


def test_a_loiterer_shifts_their_weight_while_they_stand() -> None:
    (loiterer,) = odd_ones("loiterer", 0)
    stands = loiterer.odd[0] - UNUSUAL_STAY_S + 0.5
    heads = [
        np.concatenate([shape.points for shape in loiterer.draw(LAYOUT.view, t).shapes])[:, 0].min()
        for t in np.arange(stands, stands + 1.8, 0.1)
    ]
    assert np.ptp(heads) > 0.5


def test_cart_wheelchair_and_large_animal_all_come_the_right_way_on_a_pavement() -> None:
    animals = set()
    for seed in SEEDS:
        cast = odd_ones("unusual_shape", seed)
        assert {type(actor) for actor in cast} == {HandCart, Wheelchair, Animal}
        animals |= {actor.horse for actor in cast if isinstance(actor, Animal)}
        for actor in cast:
            x, y = feet(actor).T
            lane = next(lane for lane in LAYOUT.pavements if lane.near < y[0] < lane.far)
            assert np.ptp(y) == 0
            assert (np.sign(np.diff(x)) == lane.direction).all()
    assert animals == {False, True}


def test_a_thrown_sack_flies_over_the_road_and_lies_on_the_pavement_until_it_is_taken() -> None:
    for seed in SEEDS:
        (sack,) = odd_ones("thrown_object", seed)
        assert isinstance(sack, Thrown)
        assert LAYOUT.road.near < sack.start[1] < LAYOUT.road.far
        near = LAYOUT.pavements[0]
        assert near.near < sack.rest[1] < near.far
        assert sack.here == sack.odd
        lies_s = sack.odd[1] - sack.odd[0] - sack.flight_s
        assert 1.0 < sack.flight_s < 2.0
        assert lies_s >= 5.0
        late = [sack.draw(LAYOUT.view, sack.odd[1] - before).anchor for before in (0.0, 2.0)]
        np.testing.assert_allclose(late[0], late[1], atol=0.05)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_anomaly_is_large_enough_to_be_seen(kind: str, view: str) -> None:
    street = clip(kind, view)
    assert np.median([street.truth(index).sum() for index in marked(street)]) >= 50


def test_a_thrown_sack_is_seen_as_large_as_a_guard_would_care_for() -> None:
    street = clip("thrown_object", "side")
    index = marked(street)[-2]
    assert 80 <= street.truth(index).sum() <= 250
