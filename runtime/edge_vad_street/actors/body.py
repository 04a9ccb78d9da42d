"""The human body from the side: joints in motion and the clothes over them."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad_street.drawing.shapes import Colour, capsules, faded, shade

Points = NDArray[np.float64]
Pair = tuple[complex, complex]

_SKIN: tuple[Colour, ...] = ((120, 150, 195), (95, 125, 175), (60, 85, 130), (45, 60, 90))
_HAIR: tuple[Colour, ...] = ((30, 32, 38), (40, 55, 80), (70, 105, 140), (120, 125, 130))
_TOPS: tuple[Colour, ...] = (
    (48, 44, 42),
    (92, 60, 42),
    (54, 52, 140),
    (150, 152, 155),
    (205, 208, 210),
    (70, 92, 66),
    (120, 88, 70),
    (60, 110, 160),
    (140, 110, 60),
    (88, 78, 120),
)
_BOTTOMS: tuple[Colour, ...] = (
    (46, 42, 40),
    (98, 68, 48),
    (76, 84, 92),
    (120, 96, 78),
    (110, 130, 145),
)


@dataclass(frozen=True)
class Look:
    """What a person looks like.

    Attributes:
        height_m: From sole to crown.
        girth: Of the limbs and trunk, 1 for ordinary.
        skin: Of face and hands.
        hair: Or hat.
        top: Of jacket and sleeves.
        bottom: Of trousers or skirt.
        shoes: Of the shoes.
        coat: How far the top hangs below the hip, share of the height.
        pack: Of the rucksack, or None without one.
        texture: Which part of the grain the clothes wear.
    """

    height_m: float
    girth: float
    skin: Colour
    hair: Colour
    top: Colour
    bottom: Colour
    shoes: Colour
    coat: float
    pack: Colour | None
    texture: int

    @classmethod
    def roll(cls, dice: np.random.Generator) -> Look:
        """Dress somebody by chance."""

        def pick(colours: tuple[Colour, ...]) -> Colour:
            colour = colours[dice.integers(len(colours))]
            return shade(faded(colour, 0.3), dice.uniform(0.75, 1.15))

        return cls(
            height_m=float(np.clip(dice.normal(1.72, 0.09), 1.5, 1.95)),
            girth=float(np.clip(dice.normal(1.0, 0.1), 0.8, 1.3)),
            skin=pick(_SKIN),
            hair=pick(_HAIR),
            top=pick(_TOPS),
            bottom=pick(_BOTTOMS),
            shoes=shade((60, 60, 62), dice.uniform(0.5, 2.4)),
            coat=float(dice.choice([0.0, 0.0, 0.06, 0.16])),
            pack=pick(_TOPS) if dice.random() < 0.3 else None,
            texture=int(dice.integers(200, 700)),
        )


class Pose(NamedTuple):
    """How a body holds itself: points are complex, m forward + i m up from where it stands.

    Attributes:
        hip: Where the legs meet.
        lean: Of the trunk, rad forward.
        knees: Of the far and the near leg.
        ankles: The same.
        shoulder: Where the arms meet.
        elbows: Of the far and the near arm.
        hands: The same.
    """

    hip: complex
    lean: float
    knees: Pair
    ankles: Pair
    shoulder: complex
    elbows: Pair
    hands: Pair


def gait(height_m: float, phase: float, vigour: float, running: float, stoop: float = 0.0) -> Pose:
    """Swing the limbs of somebody who walks or runs.

    Args:
        height_m: Of the person.
        phase: Of the stride, rad; a stride is two steps.
        vigour: 0 for standing, 1 for walking.
        running: 0 for walking, 1 for running.
        stoop: 0 for upright, 1 for reaching down to the ground.
    """
    swing = vigour * (0.42 + 0.33 * running)
    knees, ankles, swings = [], [], []
    for leg_phase in (phase, phase + math.pi):
        swings.append(swing * math.sin(leg_phase))
        thigh = swings[-1] + running * 0.15 + stoop * 0.7
        lifted = max(0.0, math.cos(leg_phase)) ** 1.5
        bent = 0.06 + vigour * lifted * (0.85 + 0.7 * running) + stoop * 1.3
        knees.append(0.245 * height_m * _downward(thigh))
        ankles.append(knees[-1] + 0.235 * height_m * _downward(thigh - bent))
    # The lower foot carries the body: this is what makes the head bob.
    up = 0.045 * height_m - min(ankle.imag for ankle in ankles)
    up += running * vigour * 0.05 * height_m * abs(math.cos(phase))
    hip = complex(-0.12 * stoop, up)
    lean = 0.04 + 0.16 * running + 1.1 * stoop
    shoulder = hip + 0.30 * height_m * _upward(lean)
    arms = [0.5 * stoop - 0.9 * leg for leg in swings]
    forearms = [arm + 0.25 * (1 - stoop) + 1.25 * running for arm in arms]
    elbows = [shoulder + 0.165 * height_m * _downward(arm) for arm in arms]
    hands = [
        elbow + 0.165 * height_m * _downward(a) for elbow, a in zip(elbows, forearms, strict=True)
    ]
    return Pose(
        hip,
        lean,
        (hip + knees[0], hip + knees[1]),
        (hip + ankles[0], hip + ankles[1]),
        shoulder,
        (elbows[0], elbows[1]),
        (hands[0], hands[1]),
    )


def tumble(pose: Pose, angle: float) -> Pose:
    """Tip a standing body over its feet, forward; a quarter turn lays it down."""

    def turned(point: complex) -> complex:
        tipped = point * cmath.exp(-1j * angle)
        return complex(tipped.real, max(tipped.imag + 0.14 * math.sin(angle), 0.05))

    def both(pair: Pair) -> Pair:
        return turned(pair[0]), turned(pair[1])

    return Pose(
        turned(pose.hip),
        pose.lean + angle,
        both(pose.knees),
        both(pose.ankles),
        turned(pose.shoulder),
        both(pose.elbows),
        both(pose.hands),
    )


def joint(root: complex, tip: complex, first: float, second: float, side: float) -> complex:
    """Where a knee or elbow is when both ends of the limb are known."""
    span = abs(tip - root)
    reach = min(span, first + second - 1e-3)
    along = (first**2 - second**2 + reach**2) / (2 * reach)
    aside = math.sqrt(max(first**2 - along**2, 0.0))
    return root + (tip - root) / span * complex(along, side * aside)


def dressed(look: Look, pose: Pose) -> tuple[Points, tuple[Colour, ...]]:
    """Outline a body in its clothes, from the far arm to the near one.

    Returns:
        (k, 14, 2), m, and k colours.
    """
    names, radii, colours = _clothes(look)
    bones = _bones(look, pose)
    return capsules([bones[name] for name in names], radii), colours


def _bones(look: Look, pose: Pose) -> dict[str, tuple[complex, complex]]:
    """Where every part of the body begins and ends."""
    tall, wide = look.height_m, look.height_m * look.girth
    up = _upward(pose.lean)
    ahead = up * -1j
    head = pose.shoulder + 0.125 * tall * up + 0.012 * tall * ahead
    back = pose.shoulder - 0.085 * wide * ahead
    chest = pose.shoulder + 0.02 * wide * ahead - 0.02 * tall * up
    bones = {
        "pack": (back, back - 0.16 * tall * up),
        "skirt": (pose.hip - look.coat * tall * up, pose.hip + 0.05 * tall * up),
        "trunk": (pose.hip, pose.shoulder - 0.02 * tall * up),
        "chest": (pose.hip + 0.1 * tall * up + 0.02 * wide * ahead, chest),
        "neck": (pose.shoulder + 0.05 * tall * up, head),
        "head": (head, head + 0.028 * tall * up),
        "hair": (
            head + 0.02 * tall * up - 0.018 * tall * ahead,
            head + 0.042 * tall * up - 0.004 * tall * ahead,
        ),
    }
    for side, name in enumerate(("far", "near")):
        shin = pose.ankles[side] - pose.knees[side]
        toe = pose.ankles[side] + 0.075 * tall * 1j * shin / (abs(shin) + 1e-9)
        bones[f"{name} foot"] = (pose.ankles[side], toe)
        bones[f"{name} shin"] = (pose.knees[side], pose.ankles[side])
        bones[f"{name} thigh"] = (pose.hip, pose.knees[side])
        bones[f"{name} sleeve"] = (pose.shoulder, pose.elbows[side])
        bones[f"{name} cuff"] = (pose.elbows[side], pose.hands[side])
        bones[f"{name} hand"] = (pose.hands[side], pose.hands[side])
    return bones


@lru_cache(maxsize=256)
def _clothes(look: Look) -> tuple[list[str], Points, tuple[Colour, ...]]:
    """What covers every part, from back to front: its name, radii (k, 2) in m, and colour."""
    parts: list[tuple[str, float, float, Colour]] = [
        ("far sleeve", 0.036, 0.028, shade(look.top, 0.65)),
        ("far cuff", 0.028, 0.022, shade(look.top, 0.62)),
        ("far hand", 0.024, 0.024, shade(look.skin, 0.65)),
        ("far foot", 0.026, 0.018, shade(look.shoes, 0.72)),
        ("far shin", 0.038, 0.027, shade(look.bottom, 0.72)),
        ("far thigh", 0.054, 0.040, shade(look.bottom, 0.72)),
        ("near foot", 0.026, 0.018, look.shoes),
        ("near shin", 0.038, 0.027, look.bottom),
        ("near thigh", 0.054, 0.040, look.bottom),
        ("skirt", 0.066, 0.064, look.top),
        ("trunk", 0.064, 0.076, look.top),
        ("chest", 0.034, 0.046, shade(look.top, 1.12)),
        ("neck", 0.026, 0.03, shade(look.skin, 0.8)),
        ("head", 0.046, 0.044, look.skin),
        ("hair", 0.045, 0.041, look.hair),
        ("near sleeve", 0.036, 0.028, shade(look.top, 0.9)),
        ("near cuff", 0.028, 0.022, shade(look.top, 0.86)),
        ("near hand", 0.024, 0.024, look.skin),
    ]
    if look.pack is not None:
        parts.insert(9, ("pack", 0.05, 0.058, look.pack))
    names, starts, ends, colours = zip(*parts, strict=True)
    radii = np.stack([starts, ends], axis=1) * look.height_m * look.girth
    return list(names), radii, colours


def _downward(angle: float) -> complex:
    return complex(math.sin(angle), -math.cos(angle))


def _upward(lean: float) -> complex:
    return complex(math.sin(lean), math.cos(lean))
