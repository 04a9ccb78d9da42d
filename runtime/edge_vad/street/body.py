"""The human body from the side: joints in motion and the clothes over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_vad.street.shapes import Colour, capsules, shade

Points = NDArray[np.float64]

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
            return shade(colours[dice.integers(len(colours))], dice.uniform(0.8, 1.2))

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


@dataclass(frozen=True)
class Pose:
    """How a body holds itself; angles in rad, forward positive.

    Attributes:
        hip: (2,), m forward of and above the point where it stands.
        lean: Of the trunk.
        knees: (2, 2), m: of the far and the near leg.
        ankles: (2, 2), m.
        elbows: (2, 2), m.
        hands: (2, 2), m.
        shoulder: (2,), m.
    """

    hip: Points
    lean: float
    knees: Points
    ankles: Points
    elbows: Points
    hands: Points
    shoulder: Points


def gait(height_m: float, phase: float, vigour: float, running: float, stoop: float = 0.0) -> Pose:
    """Swing the limbs of somebody who walks or runs.

    Args:
        height_m: Of the person.
        phase: Of the stride, rad; a stride is two steps.
        vigour: 0 for standing, 1 for walking.
        running: 0 for walking, 1 for running.
        stoop: 0 for upright, 1 for reaching down to the ground.
    """
    phases = phase + np.array([0.0, np.pi])
    swing = vigour * (0.42 + 0.33 * running)
    thighs = swing * np.sin(phases) + running * 0.15 + stoop * 0.7
    lifted = np.maximum(0.0, np.cos(phases)) ** 1.5
    bent = 0.06 + vigour * lifted * (0.85 + 0.7 * running) + stoop * 1.3
    knees = 0.245 * height_m * _downward(thighs)
    ankles = knees + 0.235 * height_m * _downward(thighs - bent)
    # The lower foot carries the body: this is what makes the head bob.
    hip = np.array([-0.12 * stoop, 0.045 * height_m - ankles[:, 1].min()])
    hip[1] += running * vigour * 0.05 * height_m * abs(np.cos(phase))
    lean = 0.04 + 0.16 * running + 1.1 * stoop
    shoulder = hip + 0.30 * height_m * _upward(lean)
    arms = -0.9 * swing * np.sin(phases) + 0.5 * stoop
    elbows = shoulder + 0.165 * height_m * _downward(arms)
    hands = elbows + 0.165 * height_m * _downward(arms + 0.25 * (1 - stoop) + 1.25 * running)
    return Pose(hip, lean, knees + hip, ankles + hip, elbows, hands, shoulder)


def tumble(pose: Pose, angle: float) -> Pose:
    """Tip a standing body over its feet, forward; a quarter turn lays it down."""
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation = np.array([[cosine, -sine], [sine, cosine]])
    lying = np.array([0.0, 0.14 * sine])

    def turned(points: Points) -> Points:
        flat: Points = points @ rotation + lying
        return flat

    return Pose(
        turned(pose.hip),
        pose.lean + angle,
        turned(pose.knees),
        turned(pose.ankles),
        turned(pose.elbows),
        turned(pose.hands),
        turned(pose.shoulder),
    )


def dressed(look: Look, pose: Pose) -> tuple[Points, list[Colour]]:
    """Outline a body in its clothes, from the far arm to the near one.

    Returns:
        (k, 14, 2), m, and k colours.
    """
    tall, wide = look.height_m, look.height_m * look.girth
    up = _upward(pose.lean)
    ahead = np.array([up[1], -up[0]])
    neck = pose.shoulder + 0.05 * tall * up
    head = pose.shoulder + 0.125 * tall * up + 0.012 * tall * ahead
    toes = pose.ankles + 0.075 * tall * _toe(pose)
    limbs: list[tuple[Points, Points, float, float, Colour]] = []

    def limb(start: Points, end: Points, thick: float, thin: float, colour: Colour) -> None:
        limbs.append((start, end, thick * wide, thin * wide, colour))

    def arm(side: int, light: float) -> None:
        limb(pose.shoulder, pose.elbows[side], 0.036, 0.028, shade(look.top, light))
        limb(pose.elbows[side], pose.hands[side], 0.028, 0.022, shade(look.top, light * 0.95))
        limb(pose.hands[side], pose.hands[side], 0.024, 0.024, shade(look.skin, light))

    def leg(side: int, light: float) -> None:
        limb(pose.ankles[side], toes[side], 0.026, 0.018, shade(look.shoes, light))
        limb(pose.knees[side], pose.ankles[side], 0.038, 0.027, shade(look.bottom, light))
        limb(pose.hip, pose.knees[side], 0.054, 0.040, shade(look.bottom, light))

    arm(0, 0.65)
    leg(0, 0.72)
    leg(1, 1.0)
    if look.pack is not None:
        behind = -0.085 * wide * ahead
        limb(
            pose.shoulder + behind,
            pose.shoulder + behind - 0.16 * tall * up,
            0.05,
            0.058,
            look.pack,
        )
    limb(pose.hip - look.coat * tall * up, pose.hip + 0.05 * tall * up, 0.066, 0.064, look.top)
    limb(pose.hip, pose.shoulder - 0.02 * tall * up, 0.064, 0.076, look.top)
    limb(
        pose.hip + 0.1 * tall * up + 0.02 * wide * ahead,
        pose.shoulder + 0.02 * wide * ahead - 0.02 * tall * up,
        0.034,
        0.046,
        shade(look.top, 1.12),
    )
    limb(neck, head, 0.026, 0.03, shade(look.skin, 0.8))
    limb(head, head + 0.028 * tall * up, 0.046, 0.044, look.skin)
    limb(
        head + 0.02 * tall * up - 0.018 * tall * ahead,
        head + 0.042 * tall * up - 0.004 * tall * ahead,
        0.045,
        0.041,
        look.hair,
    )
    arm(1, 0.9)
    starts, ends, thick, thin, colours = zip(*limbs, strict=True)
    outlines = capsules(starts, ends, np.stack([thick, thin], axis=1))
    return outlines, list(colours)


def _downward(angle: NDArray[np.float64]) -> Points:
    return np.stack([np.sin(angle), -np.cos(angle)], axis=-1)


def _upward(lean: float) -> Points:
    return np.array([np.sin(lean), np.cos(lean)])


def _toe(pose: Pose) -> Points:
    """Feet point at right angles to the shins, but never below the ground."""
    shin = pose.ankles - pose.knees
    ahead = np.stack([-shin[:, 1], shin[:, 0]], axis=-1)
    ahead /= np.linalg.norm(ahead, axis=-1, keepdims=True) + 1e-9
    return ahead
