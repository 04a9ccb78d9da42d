"""One's own footage: everything is normal, nothing is labelled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_vad.errors import WrongUse
from edge_vad.sources import Source, open_source
from edge_vad.sources.addresses.address import CameraSpec
from edge_vad.sources.addresses.spec import StreetSpec, parse_spec
from edge_vad_train.datasets.base import Clip, Dataset


@dataclass(frozen=True, kw_only=True)
class VideoClip(Clip):
    """Any source of frames.

    Attributes:
        spec: A video file, a folder of frames or of video files, or `test://street?seed=1`.
        fps: Frames a second where neither the footage nor its address says so.
    """

    spec: str | Path
    fps: float | None = None

    def open(self, *, strict: bool = False) -> Source:
        """Open the frames."""
        return open_source(self.spec, strict=strict, fps=self.fps)


def open_videos(specs: Iterable[str | Path], fps: float | None = None) -> Dataset:
    """Open recordings as training clips.

    Args:
        specs: What `edge_vad.sources.open_source` takes, one for each clip.
        fps: Frames a second where neither a recording nor its address says so.

    Raises:
        WrongUse: There are none, or one of them does not exist.
    """
    clips: dict[str, VideoClip] = {}
    for spec in specs:
        name = _free_name(_name(spec), clips)
        clips[name] = VideoClip(name=name, spec=spec, fps=fps)
    if not clips:
        raise WrongUse("no footage was named", "give at least one video file or folder of frames")
    return Dataset(next(iter(clips)), tuple(clips.values()))


def _name(spec: str | Path) -> str:
    parsed = parse_spec(spec)
    if isinstance(parsed, CameraSpec):
        raise WrongUse(
            f"{parsed.shown} is a camera, and training needs footage that can be played again",
            "record some hours of ordinary life with edge-vad record, and give the folder",
        )
    return "street" if isinstance(parsed, StreetSpec) else parsed.name


def _free_name(name: str, taken: Iterable[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
