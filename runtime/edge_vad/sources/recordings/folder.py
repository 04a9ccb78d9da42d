"""A folder of pictures as a source of frames."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge_vad.errors import BadInput
from edge_vad.files.bounded import read_text, reason_of
from edge_vad.sources.addresses.options import read_fps
from edge_vad.sources.addresses.spec import RecordingSpec
from edge_vad.sources.base import Decoded
from edge_vad.sources.decoding.pictures import read_picture
from edge_vad.sources.recordings.recording import Pictures, Recording, refuse_beyond

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE_FILE = "fps.txt"
"""In it a folder says how many of its pictures come in a second."""

_LONGEST_RATE = 32

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})


class FolderSource(Recording):
    """The pictures of one folder in natural order: `2.jpg` comes before `10.jpg`.

    A picture that cannot be read is skipped, counted and told to the logger `edge_vad.sources`;
    the others keep their index. `length` counts it.

    Args:
        spec: The folder, the range of its frames and their rate, which pictures cannot tell.
        strict: Raise at the first picture that cannot be read.
        fps: Frames a second where neither address nor folder says so.

    Raises:
        BadInput: The folder holds no pictures, or nobody said how many come in a second.
        WrongUse: The range goes beyond the last one.
    """

    def __init__(
        self, spec: RecordingSpec, *, strict: bool = False, fps: float | None = None
    ) -> None:
        self._files = list_frames(spec.path)
        if not self._files:
            raise BadInput(
                f"{spec.path} holds no frames",
                "give a folder that holds png, jpg, tif or bmp pictures, or video files",
            )
        refuse_beyond(spec, len(self._files))
        super().__init__(spec, spec.fps or _rate_of(spec.path, fps), strict=strict)
        self._indices = range(len(self._files))[spec.frames.start : spec.frames.stop]
        self.length = len(self._indices)

    def pictures(self) -> Pictures:
        """Give every picture that can be read; see `Recording.pictures`."""
        for index in self._indices:
            yield Decoded(index, index / self.fps, partial(self._read, index))
        if self.skipped == self.length:
            raise BadInput(
                f"none of the {self.length} frames of {self._spec.path} can be read",
                "copy the folder again from where it came",
            )

    def _read(self, index: int) -> NDArray[np.uint8] | None:
        image = read_picture(self._files[index])
        if image is None:
            self._skip(f"{self._picture(index)} cannot be read")
        return image

    def _picture(self, index: int) -> str:
        return f"frame {index} ({self._files[index].name}) of {self._spec.path}"


def list_frames(folder: Path) -> list[Path]:
    """Find the pictures of a folder in natural order, without hidden files and subfolders.

    Raises:
        BadInput: The folder cannot be listed.
    """
    try:
        return sorted(filter(_is_frame, folder.iterdir()), key=lambda file: natural_key(file.name))
    except OSError as error:
        raise BadInput(
            f"{folder} cannot be listed ({error.strerror})",
            "check that it is a folder that you may read",
        ) from error


def _rate_of(folder: Path, usual: float | None) -> float:
    file = folder / RATE_FILE
    try:
        text = read_text(file, _LONGEST_RATE).strip()
    except FileNotFoundError:
        text = ""
    except OSError as error:
        raise BadInput(
            f"{file} cannot be read ({reason_of(error)})", "write a number such as 10 into it"
        ) from None
    fps = read_fps(text, f"write a number such as 10 into {file}") if text else usual
    if fps is None:
        raise BadInput(
            f"{folder} cannot say how many of its pictures come in a second",
            f"say it, as in {folder}?fps=10 or --fps 10, or once and for all in {file}",
        )
    return fps


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sort names as people count: `frame2` before `frame10`.

    Example:
        >>> sorted(["10.jpg", "2.jpg"], key=natural_key)
        ['2.jpg', '10.jpg']
    """
    parts = re.split(r"([0-9]+)", name.casefold())
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], name


def _is_frame(path: Path) -> bool:
    is_visible = not path.name.startswith(".")
    return is_visible and path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
