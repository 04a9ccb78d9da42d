"""Which clips of an archive are to be scored, and which are done."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_vad.archive.identity import identify
from edge_vad.archive.layout import EVENTS, MANIFEST, RESULT
from edge_vad.archive.result import ClipResult, read_result
from edge_vad.bulk.jobs import Job
from edge_vad.errors import BadInput, WrongUse
from edge_vad.files.atomic import PRIVATE, write_whole
from edge_vad.preprocessing.regions import Polygon

_GENERATION = 1
"""Of the way from clips to results; results of another one are not joined with new ones."""
_ELSEWHERE = "choose another folder with --out: nothing is overwritten"


class ScoringSettings(msgspec.Struct, frozen=True):
    """What decides the scores of a clip, besides the clip and the scene.

    Attributes:
        backend: What runs the scene model.
        threads: CPU threads of a worker.
        false_alarms: Accepted rate; None for the default.
        ignore: Regions in which nothing counts, px of the frames.
        fps: Frames a second of clips that cannot say.
        strict: Whether a clip with a picture that cannot be read fails.
        has_maps: Whether the anomaly maps are kept.
    """

    backend: str
    threads: int
    false_alarms: str | None = None
    ignore: tuple[Polygon, ...] = ()
    fps: float | None = None
    strict: bool = False
    has_maps: bool = False


class Manifest(msgspec.Struct, frozen=True):
    """By what everything in a folder of results was scored.

    Attributes:
        camera: Name of the camera.
        scene: SHA-256 of its scene model.
        settings: What else decides.
        generation: Of the way from clips to results.
    """

    camera: str
    scene: str
    settings: ScoringSettings
    generation: int = _GENERATION


class ArchiveClip(msgspec.Struct, frozen=True):
    """A source that is to be scored.

    Attributes:
        name: Its name, and that of its folder.
        source: How to open it.
        key: Digest of scene, source and settings: what is done under it need not be done again.
    """

    name: str
    source: str
    key: str


@dataclass(frozen=True)
class ArchivePlan:
    """What is to be done.

    Attributes:
        out: Folder of the results.
        scene: File of the scene model.
        manifest: By what is scored.
        jobs: The clips that are not done yet, in the order of their names.
        done: Names of those that are.
    """

    out: Path
    scene: Path
    manifest: Manifest
    jobs: tuple[Job[ArchiveClip], ...]
    done: tuple[str, ...]


def plan_archive(out: Path, scene: Path, manifest: Manifest, sources: Sequence[str]) -> ArchivePlan:
    """Say which clips are to be scored; nothing is written.

    Args:
        out: Folder of the results.
        scene: File of the scene model.
        manifest: By what is scored.
        sources: The clips.

    Raises:
        WrongUse: One is no recording, or two have one name.
        BadInput: The folder holds results of something else.
    """
    _refuse_other_archive(out, manifest)
    jobs: dict[str, Job[ArchiveClip]] = {}
    for text in sources:
        name, digest, size = identify(text)
        if name in jobs or name == EVENTS:
            _refuse_name(name)
        jobs[name] = Job(name, size, ArchiveClip(name, _absolute(text), _key(manifest, digest)))
    done = {name for name, job in jobs.items() if _is_done(out, job.work)}
    left = tuple(jobs[name] for name in sorted(jobs.keys() - done))
    return ArchivePlan(out, scene, manifest, left, tuple(sorted(done)))


def write_manifest(plan: ArchivePlan) -> None:
    """Say in the folder of the results by what they are scored.

    Raises:
        OSError: It cannot be written.
    """
    write_whole(plan.out / MANIFEST, _encode(plan.manifest), PRIVATE)


def results_of(out: Path) -> list[ClipResult]:
    """The results of all clips in a folder of results, by their names.

    Raises:
        BadInput: One is broken.
    """
    return [read_result(each.parent) for each in sorted(out.glob(f"*/{RESULT}"))]


def _encode(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest))


def _key(manifest: Manifest, digest: str) -> str:
    return hashlib.sha256(_encode(manifest) + digest.encode()).hexdigest()


def _absolute(text: str) -> str:
    """A source as workers elsewhere find it: they may have another working folder."""
    return text if "://" in text and not Path(text).exists() else str(Path(text).absolute())


def _refuse_name(name: str) -> None:
    if name == EVENTS:
        raise WrongUse(f"a clip is called {EVENTS!r}, as the folder of all events", "rename it")
    raise WrongUse(
        f"2 sources have the name {name!r}, and would share a folder",
        "rename one, or score them one by one with different --out folders",
    )


def _refuse_other_archive(out: Path, manifest: Manifest) -> None:
    path = out / MANIFEST
    if not path.exists():
        return
    if path.read_bytes() != _encode(manifest):
        raise BadInput(
            f"{out} holds results of another scene, camera or other settings", _ELSEWHERE
        )


def _is_done(out: Path, clip: ArchiveClip) -> bool:
    """Whether a clip has its result.

    Raises:
        BadInput: There is something else in its place.
    """
    folder = out / clip.name
    if not folder.exists():
        return False
    if not (folder / RESULT).is_file() or read_result(folder).key != clip.key:
        raise BadInput(f"{folder} holds something else than the scores of this clip", _ELSEWHERE)
    return True
