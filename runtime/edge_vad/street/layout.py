"""The plan of one street: where its lanes run and where its camera hangs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_vad.street.view import View


@dataclass(frozen=True)
class Lane:
    """A strip along the street.

    Attributes:
        near: Its edge towards the camera, m across the street.
        far: Its other edge, m.
        direction: The way everybody goes there: 1 to the right, -1 to the left.
        arrivals: People a second who come into the picture when the street is busy.
    """

    near: float
    far: float
    direction: int
    arrivals: float = 0.0

    def somewhere(self, dice: np.random.Generator, kerb: float = 0.7) -> float:
        """A line to walk on, at least `kerb` m from the edges."""
        return float(dice.uniform(self.near + kerb, self.far - kerb))


@dataclass(frozen=True)
class Layout:
    """One street.

    Attributes:
        scene: Its number.
        view: What its camera sees.
        pavements: The near and the far one.
        road: The carriageway between them, on which nobody is seen on ordinary days.
        hedge: Where the hedge before the buildings stands, m across the street.
        wall: Where the buildings stand, m across the street.
    """

    scene: int
    view: View
    pavements: tuple[Lane, Lane]
    road: Lane
    hedge: float
    wall: float

    @classmethod
    def of(cls, scene: int, size: tuple[int, int]) -> Layout:
        """Plan the street of a number, seen in a picture of this size, px."""
        dice = np.random.default_rng([scene, 11])
        width, height = size
        ways = (1, -1) if dice.random() < 0.5 else (-1, 1)
        near = 16.2 + dice.uniform(-0.3, 0.3)
        road = near + 4.6 + dice.uniform(-0.3, 0.3)
        far = road + 6.6 + dice.uniform(-0.5, 0.5)
        end = far + 4.2 + dice.uniform(-0.3, 0.3)
        view = View(
            width=width,
            height=height,
            focal_px=2.05 * height,
            above_m=9.0 + dice.uniform(-0.4, 0.4),
            pitch=0.297 + dice.uniform(-0.01, 0.01),
            yaw=float(np.copysign(dice.uniform(0.06, 0.16), dice.uniform(-1, 1))),
        )
        return cls(
            scene=scene,
            view=view,
            pavements=(Lane(near, road, ways[0], 0.14), Lane(far, end, ways[1], 0.12)),
            road=Lane(road, far, ways[0]),
            hedge=end + 3.2,
            wall=end + 4.6,
        )
