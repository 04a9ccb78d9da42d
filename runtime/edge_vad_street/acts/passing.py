"""Anomalies that pass by: what they are, or how fast they are, tells them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_vad_street.actors.actor import Actor, Path, Walker
from edge_vad_street.actors.body import Look
from edge_vad_street.actors.rolling import Cyclist, Vehicle
from edge_vad_street.actors.unusual import Animal, HandCart, Wheelchair
from edge_vad_street.acts.act import Act, a_pavement, around, one_of, passing
from edge_vad_street.drawing.shapes import Colour
from edge_vad_street.layout import Layout
from edge_vad_street.traffic import walking_speed


def cyclist(layout: Layout, dice: np.random.Generator) -> Act:
    """Rides along a pavement in its direction, three times as fast as people walk."""
    lane = a_pavement(layout, dice)
    look, speed, y = Look.roll(dice), around(dice, 4.6, 0.15), lane.somewhere(dice)
    frame = _paint(dice)

    def cast(path: Path, until: float) -> Actor:
        here = (path.keys[0][0], until)
        return Cyclist(here, look=replace(look, coat=0.0), path=path, frame=frame, odd=here)

    return passing(layout, lane.direction, y, speed, 1.0, cast)


def vehicle(layout: Layout, dice: np.random.Generator) -> Act:
    """A car or a van drives along the road or a pavement."""
    lane = layout.road if dice.random() < 0.5 else a_pavement(layout, dice)
    direction = int(dice.choice([-1, 1])) if lane is layout.road else lane.direction
    speed, y = around(dice, 4.6, 0.2), lane.somewhere(dice, kerb=1.3)
    colour, van = _paint(dice), bool(dice.random() < 0.4)

    def cast(path: Path, until: float) -> Actor:
        here = (path.keys[0][0], until)
        return Vehicle(here, path=path, colour=colour, van=van, odd=here)

    return passing(layout, direction, y, speed, 2.3, cast)


def runner(layout: Layout, dice: np.random.Generator) -> Act:
    """Runs along a pavement in its direction."""
    lane = a_pavement(layout, dice)
    look, speed, y = Look.roll(dice), around(dice, 3.7, 0.12), lane.somewhere(dice)

    def cast(path: Path, until: float) -> Actor:
        here = (path.keys[0][0], until)
        return Walker(here, look=replace(look, coat=0.0), path=path, running=1.0, odd=here)

    return passing(layout, lane.direction, y, speed, 0.5, cast)


def unusual_shape(layout: Layout, dice: np.random.Generator) -> Act:
    """A hand cart, a wheelchair and a large animal, one after the other, the right way.

    All go at a pace at which people walk.
    """
    look, seated, load, horse = Look.roll(dice), Look.roll(dice), _load(dice), dice.random() < 0.5
    coat = one_of(dice, ((42, 62, 92), (52, 50, 50), (70, 105, 145)))

    def cart(path: Path, until: float) -> Actor:
        here = (path.keys[0][0], until)
        return HandCart(here, look=look, path=path, load=load, odd=here)

    def chair(path: Path, until: float) -> Actor:
        here = (path.keys[0][0], until)
        return Wheelchair(here, look=replace(seated, coat=0.0), path=path, odd=here)

    def animal(path: Path, until: float) -> Actor:
        here = (path.keys[0][0], until)
        return Animal(here, path=path, colour=coat, horse=bool(horse), odd=here)

    shapes = [(1.3, cart), (0.7, chair), (1.7, animal)]
    lane, late = a_pavement(layout, dice), dice.uniform(4.5, 5.5)
    y, speed = lane.somewhere(dice, kerb=1.2), walking_speed(dice)
    passes = [
        passing(layout, lane.direction, y, speed, *shapes[index])
        for index in dice.permutation(len(shapes))
    ]
    starts = [late * place for place in range(len(passes))]
    ends = [begins + each.length_s for begins, each in zip(starts, passes, strict=True)]

    def procession(start_s: float) -> list[Actor]:
        timed = zip(starts, passes, strict=True)
        return [actor for begins, each in timed for actor in each.cast(start_s + begins)]

    return Act(max(ends), procession)


def _load(dice: np.random.Generator) -> Colour:
    """The colour of what lies on a cart."""
    return one_of(dice, ((95, 135, 172), (150, 100, 50), (70, 130, 80)))


def _paint(dice: np.random.Generator) -> Colour:
    """The colour of a vehicle or bicycle."""
    return one_of(
        dice,
        (
            (198, 202, 204),
            (150, 150, 148),
            (60, 58, 140),
            (116, 86, 60),
            (70, 70, 72),
            (86, 130, 160),
        ),
    )
