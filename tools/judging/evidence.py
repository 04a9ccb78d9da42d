"""Evidence: what was measured on a scene, by which code, as a small file that is kept."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from edge_vad.files.atomic import write_whole
from judging.places import digest_of

PACKAGES = ("edge_vad", "edge_vad_train", "edge_vad_export")
WITHOUT_EFFECT = {
    "edge_vad": (
        "__main__.py", "camera_state.py", "cli", "device", "doctor", "engine_file", "events.py",
        "live", "outputs", "push", "selftest", "sinks", "site",
    ),
    "edge_vad_train": ("cli", "stages.py"),
    "edge_vad_export": ("cli.py", "engines", "verification", "verify.py"),
}  # fmt: skip
"""What decides no score. The street is footage, and counts as such."""


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One result.

    Attributes:
        scene: Name of the scene.
        seed: Seed of the training.
        settings: Options of `edge-vad train` that differ from its defaults.
        code: Digest of the code that made it.
        data: Digest of the footage.
        date: When, UTC, ISO 8601.
        figures: What was measured; see `judging.measuring`.
    """

    scene: str
    seed: int
    settings: dict[str, str]
    code: str
    data: str
    date: str
    figures: dict[str, Any]

    @property
    def key(self) -> tuple[str, int, str, str, str]:
        """What makes it the result that it is."""
        return self.scene, self.seed, describe(self.settings), self.code, self.data


def describe(settings: dict[str, str]) -> str:
    """Settings in words.

    Example:
        >>> describe({}), describe({"latent": "4", "tune": ""})
        ('defaults', 'latent=4 tune')
    """
    said = (f"{name}={value}" if value else name for name, value in sorted(settings.items()))
    return " ".join(said) or "defaults"


def code_digest(packages: Sequence[str] = PACKAGES) -> str:
    """Digest of the source files that decide a score, as they would be imported here."""
    parts = []
    for package in packages:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            sys.exit(f"{package} is not installed here")
        root = Path(spec.origin).parent
        parts += [(package, *each) for each in sources_of(root, package)]
    return digest_of(parts)


def sources_of(root: Path, package: str) -> list[tuple[str, str]]:
    """Names and contents of a package's source files that decide a score."""
    without = WITHOUT_EFFECT.get(package, ())
    return [
        (str(file.relative_to(root)), file.read_text(encoding="utf-8"))
        for file in sorted(root.rglob("*.py"))
        if file.relative_to(root).parts[0] not in without
    ]


class Store:
    """A folder of evidence.

    Args:
        folder: Where it lies; made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, wanted: tuple[str, int, str, str, str]) -> Evidence | None:
        """The evidence with this key, if there is any."""
        return next((each for each in read_all([self._folder]) if each.key == wanted), None)

    def keep(self, evidence: Evidence) -> Path:
        """Write evidence down; what has the same key is written over."""
        scene, seed, settings, code, data = evidence.key
        name = re.sub(r"[^A-Za-z0-9=._-]+", "_", f"{scene}-{settings}")[:120]
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{name}-seed{seed}-{code[:8]}-{data[:4]}.json"
        write_whole(path, json.dumps(msgspec.to_builtins(evidence), indent=1).encode() + b"\n")
        return path


def read_all(places: Iterable[Path]) -> list[Evidence]:
    """Read evidence files, and all that lie in folders; the newest last."""
    files = [
        file
        for place in places
        for file in (sorted(place.glob("*.json")) if place.is_dir() else [place])
        if file.exists()
    ]
    return sorted(map(_read, files), key=lambda each: each.date)


def _read(file: Path) -> Evidence:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Evidence)
    except (OSError, msgspec.DecodeError) as error:
        sys.exit(f"{file} is no evidence ({error}): remove it, and measure again")
