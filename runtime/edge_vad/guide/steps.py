"""What is to be done with the cameras of a site, as commands; what is done is seen on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_vad.device.tensorrt import Target
from edge_vad.preprocessing.regions import write_regions
from edge_vad.site.settings import CameraSettings

_TRAINED = "scene.safetensors"
"""What a training leaves in its folder."""


@dataclass(frozen=True)
class PlannedCommand:
    """A command of edge-vad.

    Attributes:
        why: What it is for, in words.
        words: The command, without `edge-vad`.
        picture: What it writes for people to see; None where that is none.
    """

    why: str
    words: tuple[str, ...]
    picture: Path | None = None


@dataclass(frozen=True)
class CameraSteps:
    """The way of one camera from a site file to a scene that is watched.

    Attributes:
        camera: The camera.
        site: The site file.
    """

    camera: CameraSettings
    site: Path

    @property
    def trained(self) -> Path:
        """Folder of its training."""
        return self.site.parent / "runs" / self.camera.name

    @property
    def onnx(self) -> Path:
        """Its scene model."""
        return (self.site.parent / self.camera.scene).with_suffix(".onnx")

    @property
    def picture(self) -> Path:
        """Where a picture of it is shown."""
        return self.site.parent / "pictures" / f"{self.camera.name}.jpg"

    @property
    def needs_footage(self) -> bool:
        """Whether it is to be recorded: once training has begun, its footage stays as it is."""
        return not self.trained.exists() and not self.onnx.exists()

    @property
    def has_footage(self) -> bool:
        """Whether anything was recorded of it."""
        return longest_of(self.site.parent, self.camera.footage) is not None

    def show(self, *, grid: bool) -> PlannedCommand:
        """Write its picture.

        Args:
            grid: Whether lines are to say where its pixels are, for whoever types regions.
        """
        lines = ("--grid",) if grid else ()
        words = ("snapshot", *self._named(), *lines, "--out", str(self.picture))
        return PlannedCommand("see what it shows", words, self.picture)

    def learn(self) -> Iterator[PlannedCommand]:
        """The steps from footage to a scene that was proved, those that are done left out."""
        trained = self.trained / _TRAINED
        if not trained.exists() and not self.onnx.exists():
            ignored = write_regions(self.camera.decision.ignore)
            out = str(self.trained.parent)
            words = ("train", *self._named(), "--out", out, *ignored)
            yield PlannedCommand("learn what is normal", words)
        if is_older(self.onnx, trained):
            words = ("export", str(self.trained), "--out", str(self.onnx))
            yield PlannedCommand("write the scene as one file", words)
        if file := longest_of(self.site.parent, self.camera.footage):
            words = ("verify", str(self.onnx), "--frames", str(file))
            yield PlannedCommand("compare every backend here", words)

    def compile(self, target: Target) -> PlannedCommand:
        """Build the engine of its scene for this device.

        Args:
            target: What builds it.
        """
        of_target = () if target == "tensorrt" else ("--target", target)
        words = ("export", str(self.onnx), "--engine", *of_target)
        return PlannedCommand("compile it for this GPU", words)

    def _named(self) -> tuple[str, ...]:
        return "--config", str(self.site), "--camera", self.camera.name


def record(site: Path, cameras: Sequence[CameraSteps], duration: str, most: str) -> PlannedCommand:
    """Record cameras, all at once.

    Args:
        site: The site file.
        cameras: Those that need footage.
        duration: Wanted of each.
        most: Bytes that all may take, as they are typed.
    """
    chosen = [word for each in cameras for word in ("--camera", each.camera.name)]
    words = ["record", "--config", str(site), *chosen, "--duration", duration, "--max-size", most]
    return PlannedCommand("record ordinary life", tuple(words))


def is_older(made: Path, source: Path) -> bool:
    """Whether a file is to be made, anew or for the first time."""
    if not made.exists():
        return True
    return source.exists() and made.stat().st_mtime < source.stat().st_mtime


def longest_of(folder: Path, footage: Sequence[str]) -> Path | None:
    """The largest file of a camera's footage, which is enough to compare on; None without any."""
    files = [
        file
        for place in footage
        for file in ([folder / place] if (folder / place).is_file() else _in(folder / place))
    ]
    return max(files, key=lambda file: file.stat().st_size, default=None)


def _in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [Path(each.path) for each in os.scandir(folder) if each.name.endswith(".mkv")]
