"""From a folder of scenes to what is sent to a box: files, and what is signed of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from edge_vad.errors import BadInput, WrongUse
from edge_vad.push.keys import sign
from edge_vad.push.manifest import SITE_FILE, PushedFile, PushManifest
from edge_vad.scene_model import SceneModel
from edge_vad.sinks.pushes import MOST_FILES
from edge_vad.site.reading import read_site
from edge_vad.untrusted import shown_path

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SCENE = ".onnx"


class SignedPush(NamedTuple):
    """A push for one box.

    Attributes:
        manifest: What is signed, decoded.
        content: The same, as it was signed.
        signature: Ed25519's.
        folder: Where its files are.
    """

    manifest: PushManifest
    content: bytes
    signature: bytes
    folder: Path


def folder_of(scenes: Path, box: str) -> Path:
    """The folder of a box: `SCENES/BOX` where there is one, else what lies in `SCENES` is for all.

    Raises:
        BadInput: There is no folder of scenes.
    """
    if not scenes.is_dir():
        raise BadInput(f"there is no folder {shown_path(scenes)}", "give the folder of scenes")
    return own if (own := scenes / box).is_dir() else scenes


def read_folder(folder: Path) -> tuple[PushedFile, ...]:
    """Read and check the scenes of a folder, and its site file; sorted by name.

    Raises:
        BadInput: It holds none, too many, or something else.
        BadModel: A scene is broken, foreign or too new.
    """
    paths = [each for each in sorted(folder.iterdir()) if not each.name.startswith(".")]
    files = tuple(_checked(each) for each in paths if not each.is_dir())
    if not 0 < len(files) <= MOST_FILES:
        raise BadInput(
            f"{shown_path(folder)} holds {len(files)} files", f"put 1 to {MOST_FILES} scenes there"
        )
    return files


def signed(
    folder: Path,
    files: tuple[PushedFile, ...],
    site: str,
    serial: int,
    expires: int,
    key: Ed25519PrivateKey,
) -> SignedPush:
    """Sign a push for a box.

    Args:
        folder: Where its files are.
        files: What `read_folder` found there.
        site: Name of the box's site.
        serial: Larger than that of every push before.
        expires: Until when it is taken, s since 1970.
        key: Whose it is.

    Raises:
        WrongUse: The serial cannot be.
    """
    manifest = PushManifest(site=site, serial=serial, expires=expires, files=files)
    content = msgspec.json.encode(manifest)
    try:
        msgspec.json.decode(content, type=PushManifest)
    except msgspec.ValidationError as error:
        raise WrongUse(
            f"this cannot be pushed: {error}", "give another --serial, or a shorter --expires"
        ) from None
    return SignedPush(manifest, content, sign(content, key), folder)


def _checked(path: Path) -> PushedFile:
    if path.name == SITE_FILE:
        read_site(path)
    elif path.suffix == _SCENE:
        SceneModel.read(path)
    else:
        raise BadInput(
            f"{shown_path(path)} is neither a scene nor {SITE_FILE}",
            "scenes and site files alone are rolled out; move it elsewhere",
        )
    content = path.read_bytes()
    described = {"name": path.name, "size": len(content)}
    described["sha256"] = hashlib.sha256(content).hexdigest()
    try:
        return msgspec.convert(described, PushedFile)
    except msgspec.ValidationError:
        raise BadInput(
            f"{shown_path(path)} has a name that cannot be rolled out",
            "use letters, digits, dots, - and _, 100 at most",
        ) from None
