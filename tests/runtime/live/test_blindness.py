"""A camera that is blinded while it is watched is not judged, told once, and watched again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad.camera_state import CameraState
from edge_vad.events import ChangeKind
from edge_vad.live.loop import LiveLoop
from edge_vad.preprocessing.background_picture import encode_background
from edge_vad.site.settings import WatchSettings
from edge_vad.sources import open_source

Image = NDArray[np.uint8]
Blind = Callable[[Image], Image]

BLINDED: dict[str, Blind] = {
    "covered": np.zeros_like,
    "white": lambda image: np.full_like(image, 255),
    "out of focus": lambda image: cv2.GaussianBlur(image, (0, 0), 8.0),
    "no signal": lambda image: np.full_like(image, (160, 20, 20)),
    "turned away": lambda image: np.ascontiguousarray(image[::-1, ::-1]),
}


SIZE = (96, 128)


@pytest.fixture(scope="module")
def still() -> Image:
    """A street without people, with coarse and fine edges."""
    with open_source(f"test://street?seed=1&frames=60&size={SIZE[1]}x{SIZE[0]}") as street:
        frames = [frame.image.copy() for frame in street]
    return np.asarray(np.median(frames[::3], axis=0), np.uint8)


@pytest.fixture
def watched(
    make: SimpleNamespace,
    tiny_scene: Callable[..., Path],
    loop_of: Callable[..., LiveLoop],
    still: Image,
    tmp_path: Path,
) -> Callable[[list[Image], float], LiveLoop]:
    """Makes the loop that watches pictures as a camera's, by the scene's empty picture."""
    grid, empty = make.card(*SIZE).grid, (encode_background(still),)
    scene = tiny_scene("empty.onnx", height=SIZE[0], width=SIZE[1], grid=grid, empty=empty)

    def watch(pictures: list[Image], after_s: float) -> LiveLoop:
        clip = make.avi(tmp_path / "clip.avi", pictures)
        return loop_of(WatchSettings(changed_after_s=after_s), scene, gate=str(clip))

    return watch


def seen(still: Image, count: int, moving: range = range(0)) -> list[Image]:
    """The still scene, of which a part slides in some pictures; none is like the one before."""
    pictures = [still.copy() for _ in range(count)]
    for index, picture in enumerate(pictures):
        picture[:4, :4] = 37 * index % 256
        if index in moving:
            picture[24:72, 32:96] = np.roll(still, 4 * index, axis=1)[24:72, 32:96]
    return pictures


@pytest.mark.parametrize("kind", BLINDED)
def test_a_camera_that_is_blinded_for_long_is_told_once_and_watched_again(
    watched: Callable[..., LiveLoop], still: Image, notes: Any, kind: str
) -> None:
    before, blinded = seen(still, 30, range(15, 30)), map(BLINDED[kind], seen(still, 60))
    loop = watched([*before, *blinded, *seen(still, 60)], 2.0)
    loop.run([notes])
    told = [state for _, state in notes.states if state is not CameraState.CONNECTING]
    assert told == [CameraState.LIVE, told[1], CameraState.LIVE, CameraState.ENDED]
    assert told[1] in (CameraState.COVERED, CameraState.MOVED)
    scored = notes.of("gate")
    assert not set(scored) & set(range(30, 90))
    assert scored[-1] == 149
    assert [change.kind for change in notes.changes].count(ChangeKind.NEW) == 1
    assert notes.changes[-1].kind is ChangeKind.END
    unjudged = loop.status()[0].unjudged
    assert sum(count for why, count in unjudged.items() if why in ("covered", "moved")) >= 60
    assert len(scored) + sum(unjudged.values()) == 150


def test_a_hand_before_the_lens_for_a_second_is_not_judged_and_changes_no_state(
    watched: Callable[..., LiveLoop], still: Image, notes: Any
) -> None:
    usual = seen(still, 40)
    loop = watched([*usual, *map(np.zeros_like, usual[:10]), *usual], 5.0)
    loop.run([notes])
    states = {state for _, state in notes.states}
    assert states <= {CameraState.CONNECTING, CameraState.LIVE, CameraState.ENDED}
    assert loop.status()[0].unjudged["covered"] == 10
    assert not notes.changes
