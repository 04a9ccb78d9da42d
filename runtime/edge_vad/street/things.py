"""Things without a will of their own: luggage and what is thrown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_vad.street.shapes import Board, Colour, Shape, shade


@dataclass(frozen=True)
class Luggage:
    """A suitcase or bag.

    Attributes:
        width_m: Seen from the side.
        height_m: Without its handle.
        colour: Of its cloth.
    """

    width_m: float
    height_m: float
    colour: Colour

    @classmethod
    def roll(cls, dice: np.random.Generator) -> Luggage:
        """Pack a suitcase or a bag by chance."""
        colours: tuple[Colour, ...] = (
            (40, 38, 40),
            (40, 40, 130),
            (110, 70, 40),
            (45, 75, 105),
            (60, 90, 60),
        )
        upright = dice.random() < 0.5
        width = dice.uniform(0.38, 0.46) if upright else dice.uniform(0.55, 0.68)
        height = dice.uniform(0.52, 0.62) if upright else dice.uniform(0.34, 0.42)
        return cls(float(width), float(height), colours[dice.integers(len(colours))])


def luggage_outlines(luggage: Luggage, board: Board, foot: tuple[float, float]) -> list[Shape]:
    """Outline luggage whose bottom centre is at `foot`, m on the board."""
    half, high = luggage.width_m / 2, luggage.height_m
    cut = 0.18 * min(half, high)

    def placed(
        points: list[tuple[float, float]],
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return board.seen(np.asarray(points) + foot)

    body = [
        (-half, cut),
        (-half + cut, 0),
        (half - cut, 0),
        (half, cut),
        (half, high - cut),
        (half - cut, high),
        (-half + cut, high),
        (-half, high - cut),
    ]
    lid = [(-half, 0.62 * high), (half, 0.62 * high), (half - cut, high), (-half + cut, high)]
    handle = [(-0.09, high), (-0.08, high + 0.09), (0.08, high + 0.09), (0.09, high)]
    thick = max(0.03 * board.scale, 0.5)
    return [
        Shape(placed(handle), shade(luggage.colour, 0.6), thick),
        Shape(placed(body), luggage.colour),
        Shape(placed(lid), shade(luggage.colour, 1.3)),
        Shape(placed([(-half, 0.6 * high), (half, 0.6 * high)]), shade(luggage.colour, 0.5), thick),
    ]
