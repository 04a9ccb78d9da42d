"""Copies of ordinary footage in bad weather, so that a scene knows it before it comes.

Footage of some sunny minutes holds no wind, no cloud and no rain. What they do to the picture is
known beforehand, whatever the scene: things sway, light changes from place to place, drops and
grain come and go within a frame, the camera shakes. A model that has seen it is not alarmed by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_vad.motion import MotionExtractor, MotionSettings
from edge_vad_train.footage import STRETCH, Stretch
from edge_vad_train.side_by_side import run_side_by_side

Picture = NDArray[np.uint8]
Plane = NDArray[np.float32]

_SHARE = 1 / 60
"""Of the footage, that is disturbed by each weather; `STRETCH` frames at most."""

_TIMES = 2
"""How often there is weather of each kind: no two winds or clouds are alike."""

_MORE_WINDS = 24
"""Winds that only tell what is usual where: a tree that none has reached is strange in the next."""

_SHORT = 1 / 4
"""How long those blow, against the others: many short ones sway a tree in more ways than few."""


class Copy(NamedTuple):
    """A stretch in bad weather.

    Attributes:
        of: Number of the stretch that it was made from.
        stretch: The copy.
        is_learnt: Whether mixtures are fitted to it; otherwise it only tells what is usual where.
    """

    of: int
    stretch: Stretch
    is_learnt: bool = True


class Disturbance(Protocol):
    """What bad weather of one kind does to pictures.

    It is made from the pictures' height and width, px, and a source of chance.
    """

    def __init__(self, height: int, width: int, dice: np.random.Generator) -> None: ...

    def fall_on(self, picture: Picture, time_s: float) -> Picture:
        """Give the picture, uint8 (height, width, 3), as it would be in this weather."""


def in_bad_weather(
    stretches: Sequence[Stretch],
    folder: Path,
    fps: float,
    motion: MotionSettings,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Copy]:
    """Disturb some of the footage: two stretches by every weather, and pieces of more by wind.

    Args:
        stretches: Ordinary footage.
        folder: Where the copies lie, as files that are mapped into memory; made when missing.
        fps: Frames a second.
        motion: Settings of the motion input.
        seed: Of all that is left to chance.
        progress: Called with the frames done since the last call.
    """
    folder.mkdir(parents=True, exist_ok=True)
    longest = min(STRETCH, _SHARE * sum(map(len, stretches)))
    learnt = _TIMES * KINDS
    more = _MORE_WINDS * (Wind,)
    kinds = learnt + more
    lengths = len(learnt) * [longest] + len(more) * [_SHORT * longest]
    # Each part by itself, so that both come from all over the footage, from every hour of a day.
    chosen = [
        int(number)
        for part in (learnt, more)
        for number in np.linspace(0, len(stretches) - 1, len(part))
    ]

    def disturb(number: int, tell: Callable[[int], None]) -> Copy:
        of, kind = chosen[number], kinds[number]
        source = stretches[of].part(0, max(2, round(lengths[number])))
        height, width = source.frames.shape[1:3]
        disturbance = kind(height, width, np.random.default_rng([seed, 4, number]))
        extractor = MotionExtractor(height, width, motion)
        path = folder / f"{kind.__name__.lower()}-{number}"
        copy = Stretch(
            f"{source.clip} in {path.name}",
            np.memmap(path.with_suffix(".frames"), np.uint8, "w+", shape=source.frames.shape),
            np.memmap(path.with_suffix(".motion"), np.float16, "w+", shape=source.motion.shape),
        )
        for index, picture in enumerate(source.frames):
            copy.frames[index] = disturbance.fall_on(picture, index / fps)
            copy.motion[index] = extractor.push(copy.frames[index])
            tell(1)
        return Copy(of, copy, is_learnt=number < len(learnt))

    return run_side_by_side(disturb, range(len(kinds)), progress)


def _blobs(height: int, width: int, size_px: float, dice: np.random.Generator) -> Plane:
    """A smooth random plane, (height, width), of mean 0 and standard deviation about 1."""
    rows, columns = (max(2, round(side / size_px) + 2) for side in (height, width))
    coarse = dice.standard_normal((rows, columns)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth, np.float32)


class _Drifting:
    """A plane, nine times as large as the picture, that drifts over it and turns round at its end.

    Args:
        plane: (3 height, 3 width).
        velocity: Down and right, px a second.
    """

    def __init__(self, plane: Plane, velocity: NDArray[np.float64]) -> None:
        self._plane, self._velocity = plane, velocity
        self._height, self._width = plane.shape[0] // 3, plane.shape[1] // 3

    def at(self, time_s: float) -> Plane:
        """The part that lies over the picture at a moment, (height, width)."""
        down, right = self._velocity * time_s
        top = _to_and_fro(self._height + down, 2 * self._height)
        left = _to_and_fro(self._width + right, 2 * self._width)
        return self._plane[top : top + self._height, left : left + self._width]


def _to_and_fro(way: float, length: int) -> int:
    """Where somebody is who has gone this way on a line of that length, turning round at its ends.

    Example:
        >>> [_to_and_fro(way, 10) for way in (-3.0, 9.0, 12.0, 21.0)]
        [3, 9, 8, 1]
    """
    return int(length - abs(length - way % (2 * length)))


class Wind:
    """Gusts cross the picture, in which things sway by up to three and a half pixels in 240 rows.

    Gusts that stood still, or were mostly weak, would leave some trees without a wind that sways
    them well, and those would be strange.
    """

    def __init__(self, height: int, width: int, dice: np.random.Generator) -> None:
        self._rows, self._columns = np.indices((height, width), dtype=np.float32)
        gusts = np.clip(0.6 + 0.9 * _blobs(3 * height, 3 * width, height / 6, dice), 0, 1)
        farthest = np.float32(dice.uniform(2.5, 3.5) * height / 240)
        bearing = dice.uniform(0, 2 * np.pi)
        velocity = 0.1 * height * np.array([np.sin(bearing), np.cos(bearing)])
        self._reach = _Drifting(farthest * gusts, velocity)
        self._hertz, self._began = dice.uniform(0.3, 1.4, 3), dice.uniform(0, 2 * np.pi, 3)
        self._late = [_blobs(height, width, height / 8, dice) for _ in range(2)]

    def fall_on(self, picture: Picture, time_s: float) -> Picture:
        """See `Disturbance`."""
        slow, quick, upward = 2 * np.pi * self._hertz * time_s + self._began
        aside = np.sin(slow + 0.5 * self._late[0]) + np.sin(quick + 1.5 * self._late[0])
        up = np.sin(upward + 1.5 * self._late[1])
        reach = self._reach.at(time_s)
        columns = self._columns - 0.5 * reach * aside
        rows = self._rows - 0.4 * reach * up
        swayed = cv2.remap(
            picture,
            columns.astype(np.float32),
            rows.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(swayed, np.uint8)


class Clouds:
    """Soft shadows drift over the picture and take up to 45% of the light."""

    def __init__(self, height: int, width: int, dice: np.random.Generator) -> None:
        thick = np.clip(
            0.5 + 0.9 * _blobs(3 * height, 3 * width, dice.uniform(0.2, 0.45) * height, dice), 0, 1
        )
        light = 1 - np.float32(dice.uniform(0.2, 0.45)) * thick
        self._light = _Drifting(light, dice.uniform(-1, 1, 2) * (0.03 * height, 0.12 * height))

    def fall_on(self, picture: Picture, time_s: float) -> Picture:
        """See `Disturbance`."""
        return (picture * self._light.at(time_s)[..., None]).astype(np.uint8)


class Grain:
    """The sensor's noise, of a dusky hour and of a dark one."""

    def __init__(self, height: int, width: int, dice: np.random.Generator) -> None:
        self._dice = dice
        self._shape = height, width, 3

    def fall_on(self, picture: Picture, time_s: float) -> Picture:  # noqa: ARG002
        """See `Disturbance`."""
        spread = np.float32(self._dice.uniform(2, 7))
        noise = self._dice.standard_normal(self._shape, np.float32) * spread
        return np.clip(picture + noise, 0, 255).astype(np.uint8)


class Rain:
    """Bright streaks, others in every frame: now few and short, now many and long."""

    def __init__(self, height: int, width: int, dice: np.random.Generator) -> None:
        self._dice = dice
        self._size = height, width
        self._slant = dice.uniform(-0.3, 0.3)

    def fall_on(self, picture: Picture, time_s: float) -> Picture:  # noqa: ARG002
        """See `Disturbance`."""
        height, width = self._size
        light = np.zeros(self._size, np.float32)
        count = round(self._dice.uniform(50, 400) * width / height / 1.5)
        longest, brightest = self._dice.uniform(5, 25) * height / 240, self._dice.uniform(15, 70)
        starts = self._dice.uniform(0, (width, height), (count, 2))
        lengths = longest * self._dice.uniform(0.3, 1, count)
        ends = starts + np.stack([self._slant * lengths, lengths], 1)
        glints = brightest * self._dice.uniform(0.3, 1, count)
        for start, end, glint in zip(
            starts.astype(int).tolist(), ends.astype(int).tolist(), glints.tolist(), strict=True
        ):
            cv2.line(light, start, end, glint, 1)
        soft = cv2.GaussianBlur(light, (0, 0), 0.5)
        return np.clip(picture + soft[..., None], 0, 255).astype(np.uint8)


class Shaking:
    """The mount gives way by up to a pixel in 240 rows."""

    def __init__(self, height: int, width: int, dice: np.random.Generator) -> None:
        self._hertz, self._began = dice.uniform(0.4, 3, 4), dice.uniform(0, 2 * np.pi, 4)
        self._reach = 0.5 * height / 240
        self._size = width, height

    def fall_on(self, picture: Picture, time_s: float) -> Picture:
        """See `Disturbance`."""
        waves = self._reach * np.sin(2 * np.pi * self._hertz * time_s + self._began)
        shift = np.array([[1, 0, waves[:2].sum()], [0, 1, waves[2:].sum()]])
        shaken = cv2.warpAffine(picture, shift, self._size, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(shaken, np.uint8)


KINDS: tuple[type[Disturbance], ...] = (Wind, Clouds, Grain, Rain, Shaking)
