"""Which clips of an archive are to be scored, and which are done."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_vad.archive.identity import SourceIdentity, identify
from edge_vad.archive.layout import EVENTS, MANIFEST, RESULT, TABLE
from edge_vad.archive.result import ClipResult, read_result
from edge_vad.bulk.jobs import Job
from edge_vad.errors import BadInput, WrongUse
from edge_vad.files.atomic import PRIVATE, write_whole
from edge_vad.preprocessing.regions import Polygon
from edge_vad.sources.addresses.spec import RecordingSpec, parse_spec

_GENERATION = 1
"""Of the way from clips to results; results of another one are not joined with new ones."""
_ELSEWHERE = "choose another folder with --out: nothing is overwritten"
_TAKEN = {
    EVENTS: "the folder of all events",
    TABLE: "the table of all frames",
    MANIFEST: "what says by which scene all was scored",
}
"""Names of no clip, and what has them."""


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
        key: Digest of scene, source and settings: what is done under it need not be done again;
            empty where the source cannot be read.
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
    demand_same_archive(out, manifest)
    jobs: dict[str, Job[ArchiveClip]] = {}
    for text in sources:
        name, digest, size = _identified(text)
        if name in jobs or name in _TAKEN:
            _refuse_name(name)
        key = key_of(manifest, digest) if digest else ""
        jobs[name] = Job(name, size, ArchiveClip(name, _absolute(text), key))
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


def demand_same_archive(out: Path, manifest: Manifest) -> None:
    """See to it that a folder of results holds those by this scene and these settings, or none.

    Raises:
        BadInput: It holds others.
    """
    path = out / MANIFEST
    if path.exists() and path.read_bytes() != _encode(manifest):
        raise BadInput(
            f"{out} holds results of another scene, camera or other settings", _ELSEWHERE
        )


def key_of(manifest: Manifest, digest: str) -> str:
    """The key of a clip, see `ArchiveClip`, by the digest of its source."""
    return hashlib.sha256(_encode(manifest) + digest.encode()).hexdigest()


def _identified(text: str) -> SourceIdentity:
    """What a source is; one that cannot be read has no digest: its worker says why."""
    try:
        return identify(text)
    except OSError:
        spec = parse_spec(text)
        assert isinstance(spec, RecordingSpec)  # noqa: S101 - what else is read from a disk
        return SourceIdentity(spec.name, "", 0)


def _encode(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest))


def _absolute(text: str) -> str:
    """A source as workers elsewhere find it: they may have another working folder."""
    return text if "://" in text and not Path(text).exists() else str(Path(text).absolute())


def _refuse_name(name: str) -> None:
    if name in _TAKEN:
        raise WrongUse(f"a clip is called {name!r}, as {_TAKEN[name]}", "rename it")
    raise WrongUse(
        f"2 sources have the name {name!r}, and would share a folder",
        "rename one, or score them one by one with different --out folders",
    )


def _is_done(out: Path, clip: ArchiveClip) -> bool:
    """Whether a clip has its result.

    Raises:
        BadInput: There is something else in its place.
    """
    folder = out / clip.name
    if not clip.key or not folder.exists():
        return False
    if not (folder / RESULT).is_file() or read_result(folder).key != clip.key:
        raise BadInput(f"{folder} holds something else than the scores of this clip", _ELSEWHERE)
    return True
