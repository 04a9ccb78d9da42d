"""A folder of pictures as a source of frames."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from edge_vad.errors import BadInput
from edge_vad.sources.pictures import read_picture
from edge_vad.sources.recording import Images, Recording, refuse_beyond
from edge_vad.sources.spec import RecordingSpec

FOLDER_FPS = 10.0
"""Frames a second of a folder, which cannot say; the UCSD recordings have as many."""

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})

_log = logging.getLogger("edge_vad.sources")


class FolderSource(Recording):
    """The pictures of one folder in natural order: `2.jpg` comes before `10.jpg`.

    A picture that cannot be read is skipped, counted and told to the logger `edge_vad.sources`;
    the others keep their index. `length` counts it.

    Args:
        spec: The folder and the range of its frames.
        strict: Raise at the first picture that cannot be read.

    Raises:
        BadInput: The folder holds no pictures.
        WrongUse: The range goes beyond the last one.
    """

    def __init__(self, spec: RecordingSpec, *, strict: bool = False) -> None:
        super().__init__(spec, FOLDER_FPS)
        self._files = list_frames(spec.path)
        self._strict = strict
        self._told: set[int] = set()
        if not self._files:
            raise BadInput(
                f"{spec.path} holds no frames",
                "give a folder that itself holds png, jpg, tif or bmp pictures, or a video file",
            )
        refuse_beyond(spec, len(self._files))
        self._indices = range(len(self._files))[spec.frames.start : spec.frames.stop]
        self.length = len(self._indices)

    def _images(self) -> Images:
        for index in self._indices:
            image = read_picture(self._files[index])
            if image is None:
                self._skip(index)
            else:
                yield index, image
        if self.skipped == self.length:
            raise BadInput(
                f"none of the {self.length} frames of {self._spec.path} can be read",
                "copy the folder again from where it came",
            )

    def _skip(self, index: int) -> None:
        if self._strict:
            raise BadInput(
                f"{self._picture(index)} cannot be read",
                "mend or remove the file, or leave out strict reading to skip it",
            )
        self.skipped += 1
        if index not in self._told:
            self._told.add(index)
            _log.warning("%s cannot be read and is skipped", self._picture(index))

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
