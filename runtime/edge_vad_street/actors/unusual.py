"""What has an ordinary pace and an unusual shape: a hand cart, a wheelchair, a cow, a horse."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge_vad_street.actors.actor import Actor, Path
from edge_vad_street.actors.body import Look, Pose, dressed, gait, joint
from edge_vad_street.drawing.shapes import Board, Colour, Drawing, Shape, capsules, ellipse, shade
from edge_vad_street.drawing.view import View

_RUBBER: Colour = (38, 38, 40)
_STEEL: Colour = (150, 150, 150)
_CART_WHEEL_M, _CHAIR_WHEEL_M = 0.27, 0.32
_CART_BEHIND_M = 0.8
"""How far the person stands behind the middle of the cart and themselves."""


@dataclass(frozen=True)
class HandCart(Actor):
    """Somebody who pushes a loaded cart.

    Attributes:
        look: Of the person.
        path: Where the middle goes.
        load: Colour of what lies on the cart.
    """

    look: Look
    path: Path
    load: Colour

    def draw(self, view: View, time_s: float) -> Drawing:
        """Show the person and the cart as the camera sees them."""
        x, y = self.path.at(time_s)
        facing, walked = self.path.facing(time_s), self.path.walked(time_s)
        board = Board(view, x - _CART_BEHIND_M * float(np.sign(facing)), y, facing)
        tall = self.look.height_m
        pose = _pushing(gait(tall, 2 * np.pi * walked / (0.8 * tall), 1.0, 0.0), tall)
        outlines, colours = dressed(self.look, pose)
        shapes = [Shape(*pair) for pair in zip(board.seen(outlines), colours, strict=True)]
        drawing = board.drawing(shapes + self._cart(board, walked), self.look.texture, cloth=True)
        drawing.shadow = board.shadow(1.2, forward=_CART_BEHIND_M)
        return drawing

    def _cart(self, board: Board, walked: float) -> list[Shape]:
        boxes = [
            ((0.72, 0.5, 1.32, 1.12), self.load),
            ((1.32, 0.5, 1.88, 0.94), shade(self.load, 0.75)),
            ((0.86, 1.12, 1.3, 1.38), shade(self.load, 1.2)),
            ((0.62, 0.4, 1.96, 0.5), (70, 90, 110)),
        ]
        shapes = [Shape(board.seen(_box(*corners)), colour) for corners, colour in boxes]
        tube = max(0.05 * board.scale, 0.7)
        shapes.append(Shape(board.seen([(0.4, 1.03), (0.66, 0.48)]), _STEEL, tube))
        for hub in (0.88, 1.68):
            shapes += _wheel(board, (hub, _CART_WHEEL_M), _CART_WHEEL_M, walked)
        return shapes


@dataclass(frozen=True)
class Wheelchair(Actor):
    """Somebody in a wheelchair.

    Attributes:
        look: Of the person.
        path: Where the chair goes.
    """

    look: Look
    path: Path

    def draw(self, view: View, time_s: float) -> Drawing:
        """Show the person and the chair as the camera sees them."""
        x, y = self.path.at(time_s)
        board = Board(view, x, y, self.path.facing(time_s))
        walked = self.path.walked(time_s)
        outlines, colours = dressed(self.look, _seated(self.look.height_m, 2.4 * walked))
        tube = max(0.05 * board.scale, 0.7)
        bars = [
            [(-0.34, 1.02), (-0.28, 0.46), (0.3, 0.46), (0.4, 0.14), (0.6, 0.12)],
            [(-0.34, 1.02), (-0.5, 1.0)],
        ]
        shapes = [Shape(board.seen(_box(-0.36, 0.42, -0.24, 0.98)), (60, 52, 48))]
        shapes += [Shape(board.seen([*bar, *reversed(bar)]), _STEEL, tube) for bar in bars]
        shapes += [Shape(*pair) for pair in zip(board.seen(outlines), colours, strict=True)]
        shapes += _wheel(board, (0.34, 0.1), 0.1, walked)
        shapes += _wheel(board, (-0.16, _CHAIR_WHEEL_M), _CHAIR_WHEEL_M, walked)
        drawing = board.drawing(shapes, self.look.texture, cloth=True)
        drawing.shadow = board.shadow(0.6)
        return drawing


@dataclass(frozen=True)
class Animal(Actor):
    """A cow or a horse.

    Attributes:
        path: Where its middle goes.
        colour: Of its coat.
        horse: Whether it is a horse.
    """

    path: Path
    colour: Colour
    horse: bool

    def draw(self, view: View, time_s: float) -> Drawing:
        """Show the animal as the camera sees it."""
        x, y = self.path.at(time_s)
        board = Board(view, x, y, self.path.facing(time_s))
        phase = 2 * np.pi * self.path.walked(time_s) / 1.6
        bones, radii, colours = _animal(self.colour, self.horse, phase)
        outlines = board.seen(capsules(bones, radii))
        shapes = [Shape(*pair) for pair in zip(outlines, colours, strict=True)]
        if not self.horse:
            for centre, sizes in (((-0.5, 1.15), (0.26, 0.2)), ((0.25, 0.95), (0.2, 0.22))):
                shapes.append(Shape(board.seen(ellipse(centre, sizes, 0.4)), (205, 212, 215)))
        drawing = board.drawing(shapes, texture=460, cloth=True)
        drawing.shadow = board.shadow(1.1)
        return drawing


def _pushing(pose: Pose, height_m: float) -> Pose:
    """Hold the bar of the cart."""
    grip = 0.42 + 1.02j
    elbow = joint(pose.shoulder, grip, 0.165 * height_m, 0.175 * height_m, -1.0)
    return pose._replace(elbows=(elbow, elbow), hands=(grip, grip))


def _seated(height_m: float, turn: float) -> Pose:
    """Sit in the chair, the hands on the rims of its wheels."""
    hip, lean = complex(-0.16, 0.56), 0.08 + 0.08 * math.sin(turn)
    shoulder = hip + 0.3 * height_m * complex(math.sin(lean), math.cos(lean))
    knee, ankle = hip + 0.25 * height_m, hip + complex(0.3 * height_m, -0.4)
    grip = complex(-0.16 + 0.24 * math.sin(turn), 0.62)
    elbow = joint(shoulder, grip, 0.165 * height_m, 0.165 * height_m, -1.0)
    return Pose(hip, lean, (knee, knee), (ankle, ankle), shoulder, (elbow, elbow), (grip, grip))


Bone = tuple[complex, complex]
Part = tuple[Bone, tuple[float, float], Colour]


def _animal(
    coat: Colour, horse: bool, phase: float
) -> tuple[list[Bone], list[tuple[float, float]], list[Colour]]:
    """Its parts from back to front: bones, radii in m, colours."""
    leg, far = (0.98 if horse else 0.8), shade(coat, 0.65)
    back = leg + 0.3
    rump, chest = complex(-0.68, back), complex(0.6, back + 0.02)
    poll = complex(1.1, back + 0.55) if horse else complex(1.08, back + 0.28)
    muzzle = poll + (0.34 - 0.36j)
    parts: list[Part] = []
    for offset, paint in ((np.pi, far), (0.0, coat)):
        parts += _legs(phase + offset, leg, rump.real, chest.real, paint)
    nodding = 0.04j * math.sin(2 * phase)
    poll, muzzle = poll + nodding, muzzle + nodding
    hair = shade(coat, 0.45)
    tail = rump + (-0.32 + 0.2j), rump + complex(-0.46, -0.5 + 0.05 * math.sin(phase))
    parts += [
        (tail, (0.05, 0.1 if horse else 0.06), hair),
        ((chest + 0.05, poll), (0.3, 0.16), shade(coat, 0.92)),
        ((rump, chest), (0.37, 0.38), coat),
        ((rump + 0.18j, chest + 0.18j), (0.16, 0.16), shade(coat, 1.12)),
        ((poll, muzzle), (0.16, 0.1), shade(coat, 0.95)),
        ((muzzle, muzzle + (0.02 - 0.02j)), (0.1, 0.1), hair),
        ((poll + 0.1j, poll + (-0.06 + 0.28j)), (0.06, 0.03), hair),
    ]
    if horse:
        parts.append(((chest + 0.42j, poll + 0.08j), (0.12, 0.1), hair))
    bones, radii, colours = zip(*parts, strict=True)
    return list(bones), list(radii), list(colours)


def _legs(phase: float, length: float, hind: float, fore: float, colour: Colour) -> list[Part]:
    """The hind and the fore leg of one side; a walk has four beats."""
    parts: list[Part] = []
    for root, late in ((hind, 0.0), (fore, np.pi / 2)):
        swing = 0.36 * math.sin(phase + late)
        lifted = max(0.0, math.cos(phase + late))
        hip = complex(root, length + 0.1)
        knee = hip + 0.55 * length * complex(math.sin(swing), -math.cos(swing))
        low = swing - 0.5 * lifted
        hoof = knee + 0.5 * length * complex(math.sin(low), -math.cos(low))
        parts.append(((hip, knee), (0.17, 0.08), colour))
        parts.append(((knee, hoof), (0.08, 0.06), shade(colour, 0.85)))
    return parts


def _wheel(board: Board, hub: tuple[float, float], radius: float, walked: float) -> list[Shape]:
    """A tyre and four spokes that turn with the way."""
    tyre, spoke = max(0.06 * board.scale, 0.7), max(0.025 * board.scale, 0.4)
    shapes = [Shape(board.seen(ellipse(hub, (radius, radius))), _RUBBER, tyre)]
    for angle in (0.0, np.pi / 2):
        turned = angle - walked / radius
        reach = 0.9 * radius * np.array([np.cos(turned), np.sin(turned)])
        shapes.append(Shape(board.seen([hub - reach, hub + reach]), _STEEL, spoke))
    return shapes


def _box(left: float, low: float, right: float, high: float) -> list[tuple[float, float]]:
    return [(left, low), (right, low), (right, high), (left, high)]
