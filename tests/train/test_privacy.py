"""What training and export write is for its owner alone, from the moment it is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WATCHED = """
import os, sys, threading
from pathlib import Path

os.umask(0o022)
folder, words = Path(sys.argv[1]), sys.argv[2:]
seen = {}


def look(event, values):
    # Right after each file was made: the next thing that happens finds it.
    for path in folder.rglob("*"):
        try:
            seen.setdefault(str(path.relative_to(folder)), set()).add(path.lstat().st_mode & 0o777)
        except OSError:
            pass


def hook(event, values):
    if event in ("open", "os.rename", "os.mkdir", "os.chmod", "shutil.rmtree", "os.remove"):
        if not busy.locked() and busy.acquire(blocking=False):
            try:
                look(event, values)
            finally:
                busy.release()


busy = threading.Lock()
sys.addaudithook(hook)
sys.argv = ["edge-vad", *words]
from edge_vad.cli import main

try:
    main()
finally:
    look(None, None)
    for name, modes in sorted(seen.items()):
        print("made", name, *(f"{mode:o}" for mode in modes))
"""


def made(folder: Path, *words: str) -> dict[str, set[int]]:
    """Every file and folder that a command made, however short it was there, and its modes."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(folder), *words],
        capture_output=True, text=True, timeout=1800, check=False,
        env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("made ")]
    return {name: {int(mode, 8) for mode in modes} for _, name, *modes in lines}


def open_to_others(made: dict[str, set[int]]) -> list[str]:
    """What others could read at some moment: what is in a folder of ours alone they cannot."""
    shown = {name for name, modes in made.items() if any(mode & 0o077 for mode in modes)}
    closed = made.keys() - shown
    return sorted(each for each in shown if closed.isdisjoint(map(str, Path(each).parents)))


@pytest.mark.long
def test_what_a_training_and_its_export_write_is_for_their_owner_alone(tmp_path: Path) -> None:
    footage = "test://street?seed=1&frames=120&size=128x96"
    out, scene = tmp_path / "runs" / "street", tmp_path / "street.onnx"
    brief = ("--latent", "2", "--components", "2", "--steps", "3")
    trained = made(tmp_path, "train", footage, "--out", str(out), *brief)
    assert {Path(name).suffix for name in trained} >= {".frames", ".motion", ".safetensors"}
    assert open_to_others(trained) == []
    exported = made(tmp_path, "export", str(out), "--out", str(scene))
    # The scene itself is for whoever the umask lets read it, once it is whole.
    assert exported.pop("street.onnx") == {0o644}
    (partial,) = (name for name in exported if name.startswith(".street.onnx."))
    assert 0o600 in exported.pop(partial)
    assert any(name.endswith(".onnx") for name in exported)
    assert open_to_others(exported) == []


def test_what_is_opened_to_others_is_so_only_when_it_is_whole(tmp_path: Path) -> None:
    from edge_vad.files.atomic import PRIVATE, kept_to_owner, staged, write_whole

    earlier = os.umask(0o022)
    try:
        with kept_to_owner():
            (tmp_path / "by a library").write_bytes(b"")
            write_whole(tmp_path / "scene", b"for all")
            write_whole(tmp_path / "events", b"for one", PRIVATE)
            with staged(tmp_path / "private", b"", PRIVATE) as beside:
                assert beside.stat().st_mode & 0o777 == 0o600
        (tmp_path / "afterwards").write_bytes(b"")
    finally:
        os.umask(earlier)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"by a library": 0o600, "scene": 0o644, "events": 0o600, "afterwards": 0o644}
