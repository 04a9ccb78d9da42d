"""What stands in the street: lamps, bollards, trees, a bin, parked cars."""

from __future__ import annotations

import numpy as np

from edge_vad_street.actors.rolling import vehicle_drawing
from edge_vad_street.drawing.shapes import (
    Board,
    Colour,
    Drawing,
    Points,
    Shape,
    capsules,
    ellipse,
    shade,
)
from edge_vad_street.layout import Layout


def standing_things(layout: Layout) -> list[Drawing]:
    """Everything upright that somebody can walk behind."""
    dice = _dice(layout)
    near, far = layout.pavements
    things = [_lamp(layout, *_lamp_spot(layout, dice))]
    left, right = layout.view.span(near.far)
    first = left + dice.uniform(0.5, 2.0)
    things += [_bollard(layout, x, near.far - 0.3) for x in np.arange(first, right, 2.9).tolist()]
    left, right = layout.view.span(far.near)
    for share in (dice.uniform(0.08, 0.2), dice.uniform(0.84, 0.95)):
        things.append(_tree(layout, left + (right - left) * share, far.near + 0.5, dice))
    things.append(_bin(layout, left + (right - left) * dice.uniform(0.4, 0.6), far.near + 0.4))
    return things


def lamp_spot(layout: Layout) -> tuple[float, float]:
    """Where the lamp stands, m."""
    return _lamp_spot(layout, _dice(layout))


def lamp_head(layout: Layout) -> Points:
    """Where the lamp's light is seen, (2,), px."""
    return Board(layout.view, *lamp_spot(layout)).seen((0.8, 5.75))


def parked_cars(layout: Layout) -> list[Drawing]:
    """Cars in the bays behind the far pavement."""
    dice = np.random.default_rng([layout.scene, 15])
    colours: tuple[Colour, ...] = ((150, 150, 148), (96, 60, 44), (50, 50, 120), (70, 72, 74))
    y = (layout.pavements[1].far + layout.hedge) / 2 - 0.1
    left, right = layout.view.span(y)
    bays = [bay * 5.6 for bay in range(int(left // 5.6), int(right // 5.6) + 1)]
    taken = dice.choice(len(bays), size=min(2, len(bays)), replace=False)
    return [
        vehicle_drawing(
            layout.view,
            (float(bays[bay] + dice.uniform(-0.4, 0.4)), y),
            float(dice.choice([-1, 1])),
            shade(colours[dice.integers(len(colours))], dice.uniform(0.85, 1.15)),
            van=False,
        )
        for bay in taken
    ]


def _dice(layout: Layout) -> np.random.Generator:
    return np.random.default_rng([layout.scene, 14])


def _lamp_spot(layout: Layout, dice: np.random.Generator) -> tuple[float, float]:
    near = layout.pavements[0]
    left, right = layout.view.span(near.far)
    return left + (right - left) * dice.uniform(0.62, 0.8), near.far - 0.35


def _upright(
    layout: Layout,
    x: float,
    y: float,
    bars: list[tuple[float, float, float, float]],
    colour: Colour,
) -> tuple[Board, list[Shape]]:
    """Stand bars (forward, from, to, radius; m) on the ground, lit from the left."""
    board = Board(layout.view, x, y)
    shapes = []
    for forward, low, high, radius in bars:
        for aside, width, light in ((0.0, 1.0, 0.8), (-0.3, 0.55, 1.1)):
            at = forward + aside * radius
            bone = (complex(at, low), complex(at, high))
            outline = capsules([bone], [(radius * width, radius * width)])[0]
            shapes.append(Shape(board.seen(outline), shade(colour, light)))
    return board, shapes


def _lamp(layout: Layout, x: float, y: float) -> Drawing:
    bars = [(0.0, 0.0, 1.0, 0.11), (0.0, 0.9, 5.6, 0.065)]
    board, shapes = _upright(layout, x, y, bars, (122, 130, 128))
    bones = [(5.55j, 0.6 + 5.8j), (0.5 + 5.8j, 1.1 + 5.78j)]
    arm = capsules(bones, [(0.06, 0.05), (0.1, 0.12)])
    shapes += [Shape(board.seen(part), (150, 156, 156)) for part in arm]
    drawing = board.drawing(shapes, texture=210)
    drawing.shadow = board.shadow(0.3)
    return drawing


def _bollard(layout: Layout, x: float, y: float) -> Drawing:
    board, shapes = _upright(layout, x, y, [(0.0, 0.08, 0.85, 0.085)], (70, 74, 74))
    band = [(-0.08, 0.66), (-0.08, 0.76), (0.08, 0.76), (0.08, 0.66)]
    shapes.append(Shape(board.seen(band), (190, 196, 196)))
    drawing = board.drawing(shapes, texture=220)
    drawing.shadow = board.shadow(0.2)
    return drawing


def _bin(layout: Layout, x: float, y: float) -> Drawing:
    board = Board(layout.view, x, y)
    sides = ((-0.27, 0.27, (58, 76, 60)), (-0.2, -0.06, (76, 96, 78)), (0.14, 0.27, (44, 58, 46)))
    shapes = [
        Shape(board.seen([(0.85 * a, 0.0), (a, 0.98), (b, 0.98), (0.85 * b, 0.0)]), colour)
        for a, b, colour in sides
    ]
    shapes.append(Shape(board.seen(ellipse((0.0, 0.98), (0.3, 0.07))), (40, 48, 42)))
    drawing = board.drawing(shapes, texture=230)
    drawing.shadow = board.shadow(0.4)
    return drawing


def _tree(layout: Layout, x: float, y: float, dice: np.random.Generator) -> Drawing:
    board, shapes = _upright(layout, x, y, [(0.0, 0.0, 3.4, 0.13)], (62, 76, 88))
    places = dice.normal(0.0, 0.48, (260, 2))
    places = places[np.linalg.norm(places, axis=1) < 1.15]
    for across, up in places[np.argsort(places[:, 1])]:
        size = float(dice.uniform(0.1, 0.22))
        light = 0.62 + 0.32 * up + 0.12 * dice.standard_normal()
        green = shade((50, 100, 84), float(np.clip(light, 0.3, 1.25)))
        centre = (float(1.35 * across), float(4.3 + 1.35 * up))
        leaf = ellipse(centre, (size, 0.7 * size), float(dice.uniform(0, np.pi)))
        shapes.append(Shape(board.seen(leaf), green))
    drawing = board.drawing(shapes, texture=240, cloth=True)
    drawing.sways = True
    drawing.shadow = board.shadow(1.3, strength=0.35)
    return drawing
