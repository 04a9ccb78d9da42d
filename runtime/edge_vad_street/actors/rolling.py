"""What rides and drives: a bicycle with its rider, a car, a van."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_vad_street.actors.actor import Actor, Path
from edge_vad_street.actors.body import Look, Pose, dressed, joint
from edge_vad_street.drawing.shapes import Board, Colour, Drawing, Shadow, Shape, ellipse, shade
from edge_vad_street.drawing.view import View

Points = NDArray[np.float64]

_WHEEL_M = 0.34
_METRES_A_TURN_OF_PEDALS = 5.0


@dataclass(frozen=True)
class Cyclist(Actor):
    """A rider on a bicycle.

    Attributes:
        look: Of the rider.
        path: Where the rider goes.
        frame: Colour of the bicycle.
    """

    look: Look
    path: Path
    frame: Colour

    def draw(self, view: View, time_s: float) -> Drawing:
        """Show rider and bicycle as the camera sees them."""
        x, y = self.path.at(time_s)
        board = Board(view, x, y, self.path.facing(time_s))
        turn = 2 * np.pi * self.path.walked(time_s) / _METRES_A_TURN_OF_PEDALS
        pose = _riding(self.look.height_m, turn)
        outlines, colours = dressed(self.look, pose)
        shapes = _bicycle(board, self.frame)
        shapes += [Shape(*pair) for pair in zip(board.seen(outlines), colours, strict=True)]
        drawing = board.drawing(shapes, self.look.texture, cloth=True)
        drawing.shadow = board.shadow(0.85)
        return drawing


def _riding(height_m: float, turn: float) -> Pose:
    """Sit in the saddle with the feet on the pedals."""
    hip, lean, grip = -0.2 + 0.98j, 0.62, 0.42 + 1.02j
    shoulder = hip + 0.3 * height_m * complex(math.sin(lean), math.cos(lean))
    ankles = [-0.04 + 0.38j + 0.17 * cmath.exp(-1j * (turn + half)) for half in (0.0, math.pi)]
    knees = [joint(hip, ankle, 0.245 * height_m, 0.235 * height_m, 1.0) for ankle in ankles]
    elbow = joint(shoulder, grip, 0.165 * height_m, 0.175 * height_m, -1.0)
    return Pose(
        hip,
        lean,
        (knees[0], knees[1]),
        (ankles[0], ankles[1]),
        shoulder,
        (elbow, elbow),
        (grip, grip),
    )


def _bicycle(board: Board, colour: Colour) -> list[Shape]:
    rear, front, crank = (-0.52, _WHEEL_M), (0.54, _WHEEL_M), (0.02, 0.3)
    saddle, head = (-0.2, 0.88), (0.4, 0.86)
    tyre, tube = max(0.05 * board.scale, 0.7), max(0.05 * board.scale, 0.7)
    shapes = [
        Shape(board.seen(ellipse(hub, (_WHEEL_M, _WHEEL_M))), (38, 38, 40), tyre)
        for hub in (rear, front)
    ]
    bars = [(rear, crank), (crank, head), (rear, saddle), (saddle, crank), (saddle, head)]
    bars += [(head, front), (head, (0.42, 1.0))]
    shapes += [Shape(board.seen(bar), colour, tube) for bar in bars]
    shapes.append(Shape(board.seen([(-0.32, 0.92), (-0.08, 0.92)]), (30, 30, 30), 1.6 * tube))
    return shapes


@dataclass(frozen=True)
class Vehicle(Actor):
    """A car or a van.

    Attributes:
        path: Where its middle goes.
        colour: Of its paint.
        van: Whether it is a van.
    """

    path: Path
    colour: Colour
    van: bool = False

    def draw(self, view: View, time_s: float) -> Drawing:
        """Show the car as the camera sees it: roof, ends and the near side."""
        x, y = self.path.at(time_s)
        ahead = float(np.sign(self.path.facing(time_s)))
        return vehicle_drawing(view, (x, y), ahead, self.colour, self.van)


_CAR = np.array(
    [
        (-1.95, 0.28), (-1.98, 0.72), (-1.86, 0.95), (-1.25, 1.42), (0.15, 1.45),
        (0.85, 0.98), (1.75, 0.84), (1.97, 0.62), (1.95, 0.28),
    ]
)  # fmt: skip
_CAR_GLASS = [
    np.array([(-1.55, 0.98), (-1.15, 1.34), (-0.52, 1.37), (-0.52, 0.98)]),
    np.array([(-0.42, 0.98), (-0.42, 1.37), (0.1, 1.37), (0.62, 0.98)]),
]
_CAR_PANES = (2, 4)
_VAN = np.array(
    [
        (-2.2, 0.3), (-2.22, 1.0), (-2.15, 1.95), (1.1, 1.98),
        (1.75, 1.15), (2.2, 0.95), (2.25, 0.3),
    ]
)  # fmt: skip
_VAN_GLASS = [np.array([(0.35, 1.15), (0.35, 1.75), (1.05, 1.78), (1.5, 1.15)])]
_VAN_PANES = (3,)


def vehicle_drawing(
    view: View, at: tuple[float, float], ahead: float, colour: Colour, van: bool
) -> Drawing:
    """Draw a vehicle that stands or drives along the street.

    Args:
        view: Who looks.
        at: Its middle on the ground, m.
        ahead: 1 when it points to the right, -1 to the left.
        colour: Of its paint.
        van: Whether it is a van.
    """
    profile, glass, panes = (
        (_VAN, _VAN_GLASS, _VAN_PANES) if van else (_CAR, _CAR_GLASS, _CAR_PANES)
    )
    half_width = 0.95 if van else 0.84
    near, far = at[1] - half_width, at[1] + half_width

    def seen(points: Points, y: float) -> Points:
        return view.project(
            np.column_stack([at[0] + ahead * points[:, 0], np.full(len(points), y), points[:, 1]])
        )

    near_side, far_side = seen(profile, near), seen(profile, far)
    shapes = [Shape(far_side, shade(colour, 0.5))]
    for index in range(len(profile) - 1):
        rise = abs(profile[index + 1, 0] - profile[index, 0])
        slope = rise / (rise + abs(profile[index + 1, 1] - profile[index, 1]))
        paint = (62, 56, 50) if index in panes else shade(colour, 0.72 + 0.5 * slope)
        pair = slice(index, index + 2)
        shapes.append(Shape(np.concatenate([near_side[pair], far_side[pair][::-1]]), paint))
    shapes.append(Shape(near_side, shade(colour, 0.86)))
    shapes.append(Shape(seen(_sill(profile), near), shade(colour, 0.6)))
    shapes += [Shape(seen(pane, near), (58, 50, 44)) for pane in glass]
    shapes += _wheels_and_lights(seen, profile, near)
    scale = view.scale(*at)
    shadow = Shadow(view.project((at[0], at[1], 0.0)), (2.0 * scale, 0.55 * scale), 0.6)
    return Drawing(view.depth(*at), view.project((*at, 0.0)), shapes, shadow, texture=300)


def _sill(profile: Points) -> Points:
    back, front = profile[0, 0], profile[-1, 0]
    return np.array([(back, 0.28), (back, 0.42), (front, 0.42), (front, 0.28)])


def _wheels_and_lights(
    seen: Callable[[Points, float], Points], profile: Points, near: float
) -> list[Shape]:
    back, front = profile[0, 0], profile[-1, 0]
    shapes = []
    for hub in (back + 0.72, front - 0.75):
        shapes.append(Shape(seen(ellipse((hub, 0.31), (0.33, 0.33)), near), (34, 33, 33)))
        shapes.append(Shape(seen(ellipse((hub, 0.31), (0.18, 0.18)), near), (140, 138, 135)))
    lamp = np.array([(0.0, 0.6), (0.0, 0.74), (0.22, 0.76), (0.22, 0.62)])
    shapes.append(Shape(seen(lamp + np.array([front - 0.22, 0.0]), near), (215, 232, 240)))
    shapes.append(Shape(seen(lamp + np.array([back, 0.05]), near), (40, 40, 170)))
    return shapes
