"""Writes the strangest moments of a recording: pictures with their boxes, and a list."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import msgspec
import numpy as np

from edge_vad.alarms.alarm import ALARM_FRAMES
from edge_vad.alarms.moments import Moment
from edge_vad.alarms.stationary import STANDS_S
from edge_vad.detection import Box
from edge_vad.false_alarms import NormalTail
from edge_vad.opencv import cv2
from edge_vad.outputs.drawing import Image, clock
from edge_vad.outputs.jsonl import DIGITS
from edge_vad.outputs.overlay import LEAST_WIDTH, draw_box

MOMENTS, LIST = "moments", "moments.json"
_MOST_WIDTH = 1280
_JPEG_QUALITY = 90
_CLEARLY = 2.0
"""So far above the median of the rest, in steps from there to its 95th percentile."""

_ORDINARY = 60.0
"""Times an hour: what normal life does every minute is nothing to look at."""


class MomentLine(msgspec.Struct, frozen=True):
    """One of the strangest moments, as it is written.

    Attributes:
        rank: Counted from 1, which is the strangest.
        index: The frame's position in its source.
        time_s: Seconds on the source's clock.
        persistent_score: What three frames in a row reached then, the score that alarms are decided
            by; a single frame of them may have scored higher. None for what stands still.
        above_rest: How far it lies above the median of the rest of the recording, in steps from
            that median to the 95th percentile; None where the rest is too short or too even.
        normal_per_hour: How often an hour a normal scene keeps up as high a score; None where that
            is not known, and for what stands still.
        rarity: The same in words, and how far it can be trusted.
        box: Where the map was highest, or where something stands; px of the source's frames.
        picture: The frame with the box, relative to the folder that was written to.
        stands_s: For how many seconds something stood there that does not belong to the scene; None
            for a moment of a high score.
    """

    rank: int
    index: int
    time_s: float
    persistent_score: float | None
    above_rest: float | None
    normal_per_hour: float | None
    rarity: str
    box: Box
    picture: str
    stands_s: float | None


def write_moments(
    folder: Path, moments: Sequence[Moment], normal: NormalTail
) -> tuple[MomentLine, ...]:
    """Write a folder `moments`: a JPEG each, and `moments.json`.

    Args:
        folder: Where to make it.
        moments: The strangest first.
        normal: How high a normal scene scores, and how often.

    Returns:
        What stands in `moments.json`.

    Raises:
        OSError: It cannot be written.
    """
    (folder / MOMENTS).mkdir()
    lines = tuple(_line(rank, moment, normal) for rank, moment in enumerate(moments, 1))
    for line, moment in zip(lines, moments, strict=True):
        picture = _drawn(moment)
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
        (folder / line.picture).write_bytes(coded.tobytes())
    (folder / MOMENTS / LIST).write_bytes(msgspec.json.format(msgspec.json.encode(lines)))
    return lines


def describe_moment(line: MomentLine, folder: Path) -> tuple[str, str]:
    """When, where and how anomalous, as two lines for a reader.

    Args:
        line: The moment.
        folder: In which the folder of moments lies.
    """
    x, y, width, height = line.box
    place = f"{width}x{height} px at ({x}, {y})"
    if line.stands_s is not None:
        lasting = f"unlike the empty scene for {line.stands_s:.0f} s"
        what = f"{lasting}: something was put there, or taken away, or was there from the start"
        since = f"from about {clock(max(line.time_s - STANDS_S, 0.0))} on"
        return f"{since}, {place}: {folder / line.picture}", what
    rarity = line.rarity
    if line.above_rest is not None:
        rarity = f"{_describe_rest(line.above_rest, line.normal_per_hour)}; {rarity}"
    score = describe_persistent(line.persistent_score)
    return f"{clock(line.time_s, 1)}, {score}, {place}: {folder / line.picture}", rarity


def describe_persistent(score: float | None) -> str:
    """A persistent score, told apart from the score of a frame.

    Example:
        >>> describe_persistent(9.812)
        '9.81 for 3 frames'
    """
    return "unknown" if score is None else f"{score:.3g} for {ALARM_FRAMES} frames"


def _describe_rest(above: float, normal_per_hour: float | None) -> str:
    """How anomalous against the rest of the recording, in words."""
    if above < 1:
        return "much of this recording scores as high"
    if normal_per_hour is not None and normal_per_hour > _ORDINARY:
        return "above the rest of this recording, but ordinary"
    clearly = "clearly" if above >= _CLEARLY else "a little"
    return f"{clearly} above the rest of this recording"


def _line(rank: int, moment: Moment, normal: NormalTail) -> MomentLine:
    stands_s, above = moment.stands_s, moment.above_rest
    rate, rarity = (None, "") if stands_s else normal.rate_and_rarity(moment.score)
    return MomentLine(
        rank=rank,
        index=moment.index,
        time_s=round(moment.time_s, DIGITS),
        persistent_score=None if stands_s else round(moment.score, DIGITS),
        above_rest=None if above is None else round(above, 2),
        normal_per_hour=rate,
        rarity=rarity,
        box=moment.box,
        picture=f"{MOMENTS}/{rank}.jpg",
        stands_s=None if stands_s is None else round(stands_s, 1),
    )


def _drawn(moment: Moment) -> Image:
    """The frame with its box: small ones are enlarged, large ones made smaller."""
    rows, columns = moment.image.shape[:2]
    zoom = min(float(ceil(LEAST_WIDTH / columns)), _MOST_WIDTH / columns)
    size = round(columns * zoom), max(1, round(rows * zoom))
    smooth = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    picture: Image = np.asarray(cv2.resize(moment.image, size, interpolation=smooth), np.uint8)
    draw_box(picture, moment.box, zoom)
    return picture
