"""Whether footage is of a fixed camera: a few looks at it, before anything is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from edge_vad.record.view import MinuteView, ViewCheck
from edge_vad_train.datasets import Clip
from edge_vad_train.stages import Advance, Stages

_LOOKS, _LOOKS_A_SECOND = 20, 2.0
"""At the beginning of a clip: ten seconds show a hand, and a gust of wind."""


def warn_of_moving_camera(
    clips: Sequence[Clip], stages: Stages, camera: str = "the camera"
) -> None:
    """Warn where the camera moves, judged as while it is recorded: see `edge_vad.record.view`.

    Footage that cannot be looked at is left to the training, which says why.

    Args:
        clips: The footage.
        stages: Told how far it is, and of what is to be known.
        camera: Which it is, in words.
    """
    if not clips:
        return
    chosen = sorted({0, len(clips) // 2, len(clips) - 1})
    try:
        with stages.stage(f"seeing if {camera} moves", _LOOKS * len(chosen)) as advance:
            moving = [_moves(clips[each], advance) for each in chosen]
    except Exception:  # noqa: BLE001 - of a site the others go on, and a worker says why
        return
    if 2 * sum(moving) > len(moving):
        stages.warn(
            f"{camera} moves in this footage, and a scene is of a fixed one: what moves in it can "
            "hardly be told from the picture that moves; fix the camera, and record again"
        )


def _moves(clip: Clip, advance: Advance) -> bool:
    check = ViewCheck()
    with clip.open() as source:
        for frame in islice(source.play(_LOOKS_A_SECOND), _LOOKS):
            check.look(frame.image, frame.time_s)
            advance(1)
    return check.minute(0.0) is MinuteView.SHAKES
