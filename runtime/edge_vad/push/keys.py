"""Keys that pushes are signed with, and those that a box knows: Ed25519, in files."""

from __future__ import annotations

from pathlib import Path
from stat import S_IWOTH
from typing import TYPE_CHECKING, NamedTuple

from edge_vad.errors import BadInput, Unavailable
from edge_vad.files.atomic import PRIVATE, make_private_folder, write_whole
from edge_vad.files.bounded import read_bounded, read_text, reason_of
from edge_vad.files.private import demand_private
from edge_vad.push.manifest import DOMAIN
from edge_vad.sinks.pushes import UnknownKey
from edge_vad.untrusted import plain, shown_path

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

PUBLIC = ".pub"
_LARGEST_FILE = 100_000
_MOST_KEYS = 100
_NEW_KEY = "make one with edge-vad site key new"


class KnownKey(NamedTuple):
    """A public key, and what it is called in the file of keys."""

    name: str
    key: Ed25519PublicKey


def demand_cryptography() -> None:
    """See to it that signatures can be made and checked.

    Raises:
        Unavailable: The package is not installed.
    """
    try:
        import cryptography  # noqa: F401
    except ModuleNotFoundError:
        raise Unavailable(
            "signatures need the package 'cryptography', which is not installed",
            "run pip install 'edge-vad[push]'",
        ) from None


def make_key(path: Path, name: str) -> Path:
    """Make a key: the private one for its owner alone, and `.pub` beside it for the boxes.

    Args:
        path: Of the private key; there must be none yet.
        name: What boxes call it in their logs.

    Returns:
        Where the public key is: a line, as OpenSSH writes it.

    Raises:
        BadInput: There is such a file already.
        OSError: It cannot be written.
    """
    demand_cryptography()
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = path.with_name(path.name + PUBLIC)
    if taken := next((each for each in (path, public) if each.exists()), None):
        raise BadInput(f"there is a file {shown_path(taken)} already", "choose another name")
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    line = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
    make_private_folder(path.parent)
    write_whole(path, private, PRIVATE)
    write_whole(public, line + f" {name}\n".encode())
    return public


def read_private(path: Path) -> Ed25519PrivateKey:
    """Read the key that pushes are signed with.

    Raises:
        BadInput: Others may read it, or it is no key of this kind.
    """
    demand_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    demand_private(path, "the key")
    try:
        key = load_pem_private_key(read_bounded(path, _LARGEST_FILE), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        why = reason_of(error) if isinstance(error, OSError) else "it is no PEM without a password"
        raise BadInput(f"the key {shown_path(path)} cannot be read ({why})", _NEW_KEY) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"the key {shown_path(path)} is not of Ed25519", _NEW_KEY)
    return key


def read_known(path: Path) -> list[KnownKey]:
    """Read the keys that a box knows: a line each, `ssh-ed25519 BASE64 NAME`; `#` begins a remark.

    Raises:
        BadInput: It cannot be read, or holds none, or something else, or anybody may write to it.
    """
    demand_cryptography()
    _demand_ours(path)
    try:
        lines = [line.strip() for line in read_text(path, _LARGEST_FILE).splitlines()]
    except (OSError, ValueError) as error:
        raise BadInput(
            f"the keys in {shown_path(path)} cannot be read ({reason_of(error)})",
            "name a file of public keys in [push] of the site file",
        ) from None
    found = [
        _known(line, number, path)
        for number, line in enumerate(lines, 1)
        if line and not line.startswith("#")
    ]
    if not 0 < len(found) <= _MOST_KEYS:
        raise BadInput(
            f"{shown_path(path)} holds {'no keys' if not found else 'too many keys'}",
            "write the line of a .pub file into it, one for each key that may push",
        )
    return found


def _demand_ours(path: Path) -> None:
    """See to it that nobody lets himself in; where there is no file, who reads it says so."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if mode & S_IWOTH:
        raise BadInput(
            f"anybody may write keys into {shown_path(path)}",
            f"see which are in it, and chmod o-w {shown_path(path)}",
        )


def _known(line: str, number: int, path: Path) -> KnownKey:
    words = line.split(None, 2)
    key = _public_key(" ".join(words[:2]))
    if key is None:
        raise BadInput(
            f"{shown_path(path)}, line {number}: this is no public key of Ed25519",
            "take the line of a .pub file that edge-vad site key new wrote",
        )
    return KnownKey(plain(words[2]) if len(words) > 2 else f"line {number}", key)


def _public_key(text: str) -> Ed25519PublicKey | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    try:
        key = load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PublicKey) else None


def sign(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """The signature of a manifest."""
    return key.sign(DOMAIN + manifest)


def signer_of(manifest: bytes, signature: bytes, known: list[KnownKey]) -> str:
    """Whose signature it is, as the file of keys calls it.

    Raises:
        UnknownKey: It is nobody's whom the box knows, or the manifest was altered.
    """
    from cryptography.exceptions import InvalidSignature

    for name, key in known:
        try:
            key.verify(signature, DOMAIN + manifest)
        except InvalidSignature:
            continue
        return name
    raise UnknownKey(
        "the push is signed by no key that this box knows, or was altered",
        "sign with a key whose .pub line is in the box's keys_file",
    )
