"""Every scene that there is footage of, and how each is learnt and measured."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import edge_vad
from edge_vad_train.datasets.ucsd import UcsdClip

RATE = "1/hour"
"""Promised on footage where nothing happens."""
NUISANCE_RATE = "6/hour"
"""The same on the ten minutes of street that every nuisance has."""
_UCSD, _AVENUE = ("Train", "Test"), ("training_videos", "testing_videos")
_NAMES = {"UCSDped1": "ped1", "UCSDped2": "ped2", "coffee_room_falls": "coffee_room"}
_STREET = "test://street?seed="
_FIRST_SHARE, _FIRST_S = 0.25, (9.0, 15.0)
"""Of a short clip a quarter is learnt from, but no less and no more than so many seconds."""


@dataclass(frozen=True)
class Scene:
    """One scene.

    Attributes:
        name: Its name in tables and evidence.
        train: What `edge-vad train` takes.
        form: How that is laid out.
        labelled: What `edge-vad eval` measures with labels; None where there are none.
        is_pixel: Whether masks say where anomalies are.
        normal: Footage where nothing happens: every alarm is false.
        nuisances: The street, where the scene is one: measured with every nuisance.
        shown: Footage to be looked at: its alarms and its strangest moments are named.
        files: What all of this is made of, for a digest.
        clips: Training clips one by one, each of another name, for folds.
        is_quick: Whether `--quick` measures it.
        has_seeds: Whether more than the first seed is measured.
    """

    name: str
    train: tuple[str, ...]
    form: str = "video"
    labelled: str | None = None
    is_pixel: bool = False
    normal: tuple[str, ...] = ()
    nuisances: str | None = None
    shown: str | None = None
    files: tuple[Path, ...] = ()
    clips: tuple[str, ...] = ()
    is_quick: bool = False
    has_seeds: bool = False

    @property
    def labelled_form(self) -> str:
        """How what is labelled is laid out."""
        return "synthetic" if self.nuisances else self.form

    @property
    def digest(self) -> str:
        """Of the footage: the names and sizes of its files, for other halves of a set differ."""
        return digest_of(
            (f"{file.parent.name}/{file.name}", str(file.stat().st_size)) for file in self.files
        )


def digest_of(parts: Iterable[tuple[str, ...]]) -> str:
    """Sixteen hexadecimal digits that stand for these texts, in whatever order they come."""
    text = "\n".join(sorted("\t".join(part) for part in parts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def find_scenes(data: Path, cache: Path) -> list[Scene]:
    """All scenes below a data root, and the street.

    Args:
        data: The data root; data sets lie in it or one folder deeper.
        cache: Where packed sets are unpacked to.
    """
    unpacked = _unpacked(data, cache)
    folders = [*_folders(data), *(_folders(unpacked) if unpacked else ())]
    known: dict[str, Scene] = {}
    for folder in folders:
        for scene in _labelled(folder):
            known.setdefault(scene.name, scene)  # what is at hand as it is comes first
    return [*known.values(), *_home_office(data), *_halves(data), *_field(data), *_street()]


def _folders(root: Path) -> Iterator[Path]:
    """The folders in a root and in those; what is packed is no data set yet."""
    for folder in sorted(each for each in root.iterdir() if each.is_dir()):
        if folder.name != "packed":
            yield folder
            yield from sorted(each for each in folder.iterdir() if each.is_dir())


def _unpacked(data: Path, cache: Path) -> Path | None:
    """Where the packed sets lie as folders of frames; made once, by the script beside them."""
    script, packed = data / "unpack.py", data / "packed"
    if not script.is_file() or not packed.is_dir():
        return None
    files = [each for each in packed.rglob("*") if each.is_file()]
    digest = digest_of((str(each.relative_to(packed)), str(each.stat().st_size)) for each in files)
    target = cache / f"unpacked-{digest}"
    if not target.is_dir():
        print(f"unpacking {packed} into {target}", file=sys.stderr)
        part = target.with_suffix(".part")
        part.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(script), str(part)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        part.replace(target)
    return target


def _holds(folder: Path, parts: tuple[str, ...]) -> bool:
    return all((folder / part).is_dir() for part in parts)


def _labelled(folder: Path) -> Iterator[Scene]:
    name = _NAMES.get(folder.name, folder.name.lower())
    if _holds(folder, _UCSD):
        yield Scene(
            name=name,
            train=(str(folder),),
            form="ucsd",
            labelled=str(folder),
            is_pixel=any((folder / "Test").glob("Test*_gt")),
            files=_files(folder),
            clips=tuple(
                f"{each}?fps={UcsdClip.fps:g}"  # folders of pictures do not say
                for each in sorted((folder / "Train").glob("Train[0-9]*"))
            ),
            is_quick=True,
            has_seeds=True,
        )
    elif _holds(folder, _AVENUE):
        yield Scene(
            name=name,
            train=(str(folder),),
            form="avenue",
            labelled=str(folder),
            is_pixel=True,
            files=_files(folder),
            clips=tuple(map(str, sorted((folder / _AVENUE[0]).glob("*.avi")))),
            is_quick=True,
            has_seeds=True,
        )


def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(each for each in folder.rglob("[!.]*") if each.is_file())


def _home_office(data: Path) -> Iterator[Scene]:
    """A day, and some hours of another one; the quick one is an hour of each."""
    for name, learnt, other in (
        ("home_office", "day00-*.mp4", "day02-*.mp4"),
        ("home_office_hour", "day00-16.mp4", "day02-15.mp4"),
    ):
        train, normal = (sorted((data / "home_office").glob(each)) for each in (learnt, other))
        if train and normal:
            yield Scene(
                name=name,
                train=tuple(map(str, train)),
                normal=tuple(map(str, normal)),
                files=(*train, *normal),
                is_quick=name.endswith("_hour"),
            )


def _halves(data: Path) -> Iterator[Scene]:
    for name, file in (("car_park", "car_park_clouds.mp4"), ("pets", "pedestrians.avi")):
        yield from _parted(name, data / "video" / file, lambda length_s: length_s / 2)


def _field(data: Path) -> Iterator[Scene]:
    folder = data / "field"
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield from _parted(f"field_{file.stem}", file, first_seconds)


def first_seconds(length_s: float) -> float:
    """How much of a short clip is learnt from.

    Example:
        >>> first_seconds(13.0), first_seconds(40.0), first_seconds(175.0)
        (9.0, 10.0, 15.0)
    """
    return min(max(_FIRST_SHARE * length_s, _FIRST_S[0]), _FIRST_S[1])


def _parted(name: str, file: Path, first_s: Callable[[float], float]) -> Iterator[Scene]:
    """A recording whose first part is learnt and whose rest is looked at."""
    if not file.is_file():
        return
    with edge_vad.open_source(file) as source:
        frames, fps = source.length or 0, source.fps
    learnt = int(first_s(frames / fps) * fps)
    if 0 < learnt < frames:
        yield Scene(
            name=name,
            train=(f"{file}:0-{learnt}",),
            shown=f"{file}:{learnt}-",  # how many there are is an estimate
            files=(file,),
        )


def _street() -> Iterator[Scene]:
    """The simulated street: one scene among many, and drawn by us."""
    spec = importlib.util.find_spec("edge_vad_street")
    if spec is None or spec.origin is None:
        return
    yield Scene(
        name="street",
        train=tuple(f"{_STREET}{seed}&frames=6000" for seed in (100, 200)),
        form="video",
        labelled=f"{_STREET}1",
        is_pixel=True,
        nuisances=f"{_STREET}1",
        files=tuple(sorted(Path(spec.origin).parent.rglob("*.py"))),
        has_seeds=True,
    )
