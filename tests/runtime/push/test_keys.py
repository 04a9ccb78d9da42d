"""Keys that push, and keys that boxes know."""

from __future__ import annotations

import stat
import subprocess

import pytest

from edge_vad.errors import BadInput
from edge_vad.push.keys import make_key, read_known, read_private, sign, signer_of
from edge_vad.sinks.pushes import UnknownKey


@pytest.fixture
def key(tmp_path):
    make_key(tmp_path / "site.key", "operator")
    return tmp_path / "site.key"


def test_a_key_is_its_owners_alone_and_is_never_replaced(key):
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    content = key.read_bytes()
    with pytest.raises(BadInput, match="already"):
        make_key(key, "another")
    assert key.read_bytes() == content


def test_what_is_signed_is_known_by_the_name_of_its_key(key, tmp_path):
    make_key(tmp_path / "other.key", "somebody else")
    lines = [path.read_text() for path in sorted(tmp_path.glob("*.pub"))]
    (tmp_path / "keys").write_text("# who may push\n\n" + "".join(lines))
    known = read_known(tmp_path / "keys")
    signature = sign(b"manifest", read_private(key))
    assert signer_of(b"manifest", signature, known) == "operator"
    assert [each.name for each in known] == ["somebody else", "operator"]
    for manifest, said in ((b"other", signature), (b"manifest", signature[:-1] + b"!")):
        with pytest.raises(UnknownKey):
            signer_of(manifest, said, known)
    with pytest.raises(UnknownKey):
        signer_of(b"manifest", signature, known[:1])


def test_a_signature_of_the_same_bytes_for_another_purpose_is_none_of_a_push(key, tmp_path):
    known = read_known(key.with_name("site.key.pub"))
    with pytest.raises(UnknownKey):
        signer_of(b"manifest", read_private(key).sign(b"manifest"), known)


def test_keys_are_such_as_openssl_and_openssh_write(tmp_path):
    private = tmp_path / "openssl.key"
    make = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(private)]
    subprocess.run(make, check=True, capture_output=True)
    private.chmod(0o600)
    assert len(sign(b"x", read_private(private))) == 64


def test_keys_that_anybody_may_add_to_are_not_believed(key):
    public = key.with_name("site.key.pub")
    public.chmod(0o646)
    with pytest.raises(BadInput, match="anybody may write"):
        read_known(public)


def test_a_private_key_that_others_may_read_is_not_used(key):
    key.chmod(0o640)
    with pytest.raises(BadInput, match="others may read"):
        read_private(key)


@pytest.mark.parametrize("text", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_key_is_refused(tmp_path, text):
    path = tmp_path / "no.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(BadInput):
        read_private(path)
    with pytest.raises(BadInput):
        read_known(path)


def test_a_key_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "rsa.key"
    make = ["openssl", "genpkey", "-algorithm", "rsa", "-out", str(path)]
    subprocess.run(make, check=True, capture_output=True)
    path.chmod(0o600)
    with pytest.raises(BadInput, match="not of Ed25519"):
        read_private(path)
