"""The plan of one street: where its lanes run and where its camera hangs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from edge_vad_street.drawing.texture import Plane
from edge_vad_street.drawing.view import View


class _Hung(NamedTuple):
    """How a camera hangs.

    Attributes:
        near_m: How far before it the near pavement begins.
        above_m: How high it hangs.
        pitch: How far it looks down, rad.
        focal: Focal length, in heights of the picture.
    """

    near_m: float
    above_m: float
    pitch: float
    focal: float


_HUNG = {
    "side": _Hung(near_m=16.2, above_m=9.0, pitch=0.297, focal=2.05),
    "high": _Hung(near_m=11.2, above_m=13.5, pitch=0.63, focal=1.7),
}


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
    def of(cls, scene: int, size: tuple[int, int], view: str = "side") -> Layout:
        """Plan the street of a number, seen in a picture of this size, px, by a camera there.

        `view` is one of `url.VIEWS`; as places count from below the camera, it moves the street.
        """
        dice = np.random.default_rng([scene, 11])
        hung = _HUNG[view]
        ways = (1, -1) if dice.random() < 0.5 else (-1, 1)
        near = hung.near_m + dice.uniform(-0.3, 0.3)
        road = near + 4.6 + dice.uniform(-0.3, 0.3)
        far = road + 6.6 + dice.uniform(-0.5, 0.5)
        end = far + 4.2 + dice.uniform(-0.3, 0.3)
        camera = View(
            width=size[0],
            height=size[1],
            focal_px=hung.focal * size[1],
            above_m=hung.above_m + dice.uniform(-0.4, 0.4),
            pitch=hung.pitch + dice.uniform(-0.01, 0.01),
            yaw=float(np.copysign(dice.uniform(0.06, 0.16), dice.uniform(-1, 1))),
        )
        return cls(
            scene=scene,
            view=camera,
            pavements=(Lane(near, road, ways[0], 0.14), Lane(far, end, ways[1], 0.12)),
            road=Lane(road, far, ways[0]),
            hedge=end + 3.2,
            wall=end + 4.6,
        )

    def places(self) -> tuple[Plane, Plane]:
        """Where every pixel looks: the ground, or the foot of the hedge for all behind it.

        Returns:
            x and y, each (H, W), m.
        """
        rays = self.view.rays(1)
        reach = self.view.above_m / np.maximum(-rays[..., 2], 1e-3)
        reach = np.minimum(reach, self.hedge / rays[..., 1])
        return rays[..., 0] * reach, rays[..., 1] * reach
