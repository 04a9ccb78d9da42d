"""Measures pairs of frames every way in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter_ns, process_time_ns

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadInput, Unavailable
from edge_vad.flow_units import DIS, FLOWS, name_unit
from edge_vad.motion.extractor import FlowExtractor, MotionSettings
from edge_vad.motion.flow_code import FLOW_CODE
from edge_vad.motion.pace import at_pace
from edge_vad.opencv import cv2
from edge_vad.preprocessing.resize import FrameResizer
from edge_vad.scene_model import SceneCard
from edge_vad.sources import open_source
from edge_vad_bench.flow_table.records import FlowRow

Grey = NDArray[np.uint8]
Pair = tuple[Grey, Grey, float]

_MOVES_PX = 1.0
_WARM_UP = 3
"""Pairs that are measured, and not counted."""


def flow_settings(name: str, settings: MotionSettings) -> MotionSettings:
    """A scene's settings of flow with another way to measure it.

    Args:
        name: One of `FLOWS`.
        settings: The scene's.

    Raises:
        Unavailable: That way is not here.
    """
    code = FLOW_CODE if name == DIS else name_unit(name)
    return msgspec.structs.replace(settings, code=code)


def measure_rows(
    card: SceneCard, source: str, pairs: int, on_progress: Callable[[str], None]
) -> tuple[FlowRow, ...]:
    """Measure all of `FLOWS` on the same pairs of frames; what is not here says why.

    Args:
        card: Of the scene model.
        source: Footage that the scene looks at.
        pairs: Most pairs.
        on_progress: Called with what is being done.

    Raises:
        BadInput: The footage holds too few frames.
    """
    ways = [_Way(name, card) for name in FLOWS]
    for number, pair in enumerate(_pairs(card, source, pairs + _WARM_UP)):
        on_progress(f"optical flow: pair {number}")
        _measure(ways, pair, number)
    if len(ways[0].wall_ms) == 0:
        raise BadInput(
            f"the footage holds fewer than {_WARM_UP + 2} frames that differ", "give more footage"
        )
    return tuple(way.row(card.fps) for way in ways)


def _pairs(card: SceneCard, source: str, most: int) -> Iterator[Pair]:
    """Grey pictures at the scene's size and pace that follow each other and differ."""
    resizer, previous, found = FrameResizer(card.height, card.width, card.ignored), None, 0
    with open_source(source) as footage:
        for frame, steps in at_pace(footage, card.fps):
            image = resizer.resize(frame.image)
            grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
            if previous is not None and steps and not np.array_equal(previous, grey):
                yield previous, grey, steps
                found += 1
            previous = grey
            if found == most:
                return


@dataclass
class _Way:
    """One way to measure, and what it gave."""

    name: str
    card: SceneCard
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    errors: list[NDArray[np.float32]] = field(default_factory=list)
    moving: list[NDArray[np.float32]] = field(default_factory=list)
    absent: str | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        try:
            settings = flow_settings(self.name, self.card.motion)
            self.extractor = FlowExtractor(self.card.height, self.card.width, settings)
        except Unavailable as error:
            self.absent = str(error)
        else:
            self.code = settings.code
            self.flow = np.zeros(self.extractor.shape, np.float32)

    def measure(self, pair: Pair, *, counts: bool) -> None:
        """Measure a pair; a unit that fails is asked no more."""
        previous, current, steps = pair
        began, cpu_began = perf_counter_ns(), process_time_ns()
        try:
            self.extractor.measure(previous, current, self.flow, steps)
        except Unavailable as error:
            self.absent = f"after {len(self.wall_ms)} pairs: {error}"
            return
        if counts:
            self.cpu_ms.append((process_time_ns() - cpu_began) / 1e6)
            self.wall_ms.append((perf_counter_ns() - began) / 1e6)

    def compare(self, reference: NDArray[np.float32]) -> None:
        """Keep how far each vector is from the reference's."""
        error = np.hypot(*(self.flow - reference))
        self.errors.append(error)
        self.moving.append(error[np.hypot(*reference) >= _MOVES_PX])

    def row(self, fps: float) -> FlowRow:
        """What was measured; no figures where nothing was."""
        row = FlowRow(self.name, self.code, self.absent, len(self.wall_ms))
        if not self.wall_ms:
            return row
        errors, moving = np.concatenate(self.errors), np.concatenate(self.moving)
        cpu_ms = float(np.mean(self.cpu_ms))
        return msgspec.structs.replace(
            row,
            error_px=_rounded(errors.mean()),
            error_moving_px=_rounded(moving.mean()) if moving.size else None,
            error_99_px=_rounded(np.percentile(errors, 99)),
            p50_ms=_rounded(np.median(self.wall_ms)),
            p99_ms=_rounded(np.percentile(self.wall_ms, 99)),
            cpu_ms=_rounded(cpu_ms),
            cpu_left=_rounded(1 - cpu_ms * fps / 1000),
        )


def _measure(ways: Sequence[_Way], pair: Pair, number: int) -> None:
    """One pair, every way, in changing order; and what they differ by from DIS."""
    here = [way for way in ways if not way.absent]
    turn, counts = number % len(here), number >= _WARM_UP
    for way in here[turn:] + here[:turn]:
        way.measure(pair, counts=counts)
    if counts:
        for way in (way for way in here if not way.absent):
            way.compare(ways[0].flow)


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)
