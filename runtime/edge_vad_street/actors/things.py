"""Things without a will of their own: luggage and what is thrown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_vad_street.drawing.shapes import Board, Colour, Points, Shape, shade


@dataclass(frozen=True)
class Luggage:
    """A suitcase or bag.

    Attributes:
        width_m: Seen from the side.
        height_m: Without its handle.
        colour: Of its cloth.
        sack: Whether it is a sack, tied at the neck, not a suitcase.
    """

    width_m: float
    height_m: float
    colour: Colour
    sack: bool = False

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

    @classmethod
    def roll_sack(cls, dice: np.random.Generator) -> Luggage:
        """Fill a sack of about half a metre by chance."""
        colours: tuple[Colour, ...] = (
            (38, 36, 36),
            (190, 198, 202),
            (150, 95, 45),
            (60, 150, 215),
            (60, 60, 160),
        )
        width, height = dice.uniform(0.54, 0.62), dice.uniform(0.52, 0.6)
        return cls(float(width), float(height), colours[dice.integers(len(colours))], sack=True)


def luggage_outlines(luggage: Luggage, board: Board, foot: tuple[float, float]) -> list[Shape]:
    """Outline luggage whose bottom centre is at `foot`, m on the board."""
    if luggage.sack:
        return sack_outlines(luggage, board, foot)
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


_SACK = np.array(
    [
        (-0.36, 0.0), (0.34, 0.0), (0.49, 0.12), (0.52, 0.36), (0.4, 0.62), (0.14, 0.8),
        (0.2, 1.0), (-0.16, 1.0), (-0.12, 0.8), (-0.42, 0.6), (-0.52, 0.34), (-0.48, 0.1),
    ]
)  # fmt: skip
_SACK_LIT = np.array([(-0.4, 0.3), (-0.3, 0.56), (-0.08, 0.72), (-0.02, 0.5), (-0.16, 0.2)])
_SACK_DARK = np.array([(0.34, 0.02), (0.47, 0.14), (0.5, 0.36), (0.34, 0.5), (0.24, 0.24)])
_SACK_TIE = np.array([(-0.12, 0.8), (0.14, 0.8)])


def sack_outlines(
    sack: Luggage, board: Board, foot: tuple[float, float], turned: float = 0.0
) -> list[Shape]:
    """Outline a sack whose bottom centre is at `foot`, m, before it is `turned`, rad, about itself.

    Args:
        sack: Its size and colour.
        board: What it is drawn on.
        foot: m forward and up.
        turned: Positive to the left.
    """
    size, middle = np.array([sack.width_m, sack.height_m]), np.array([0.0, 0.42])
    cosine, sine = np.cos(turned), np.sin(turned)
    turn = np.array([[cosine, sine], [-sine, cosine]])

    def placed(outline: Points) -> Points:
        return board.seen(((outline - middle) * size) @ turn + middle * size + foot)

    return [
        Shape(placed(_SACK), sack.colour),
        Shape(placed(_SACK_LIT), shade(sack.colour, 1.3)),
        Shape(placed(_SACK_DARK), shade(sack.colour, 0.7)),
        Shape(placed(_SACK_TIE), shade(sack.colour, 0.5), max(0.04 * board.scale, 0.5)),
    ]
