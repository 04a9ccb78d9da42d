"""Cameras that are plugged in, by the files in which Linux tells of them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from edge_vad.discovery.plugged import captures, find_plugged

CAPTURE, CAPTURE_PLANES, META, MEMORY_TO_MEMORY, STREAMING = 0x1, 0x1000, 0x800000, 0x8000, 1 << 26
WITH_NODE_CAPABILITIES = 1 << 31


def show(root: Path, number: int, name: str | None = None, index: int | None = None) -> None:
    """As a device that cannot be asked is shown: a file, as no test can make a camera."""
    facts = root / f"sys/class/video4linux/video{number}"
    facts.mkdir(parents=True)
    (root / "dev").mkdir(exist_ok=True)
    (root / f"dev/video{number}").touch()
    for key, value in (("name", name), ("index", index)):
        if value is not None:
            (facts / key).write_text(f"{value}\n")


def test_cameras_are_listed_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    show(tmp_path, 10, "Ten")
    show(tmp_path, 2)
    assert [(each.path, each.name, each.source) for each in find_plugged(tmp_path)] == [
        ("/dev/video2", "unnamed", "/dev/video2"),
        ("/dev/video10", "Ten", "/dev/video10"),
    ]


def test_the_second_device_of_a_camera_is_no_camera(tmp_path: Path) -> None:
    show(tmp_path, 0, "Webcam", index=0)
    show(tmp_path, 1, "Webcam", index=1)
    assert [each.path for each in find_plugged(tmp_path)] == ["/dev/video0"]


def test_the_csi_cameras_of_a_jetson_are_counted_by_themselves(tmp_path: Path) -> None:
    show(tmp_path, 0, "vi-output, imx219 9-0010")
    show(tmp_path, 1, "Webcam")
    show(tmp_path, 2, "vi-output, imx219 10-0010")
    assert [each.source for each in find_plugged(tmp_path)] == ["csi://0", "/dev/video1", "csi://1"]


def test_a_name_that_is_no_text_is_shown_in_one_short_line(tmp_path: Path) -> None:
    show(tmp_path, 0)
    (tmp_path / "sys/class/video4linux/video0/name").write_bytes(b"\xff\x1b[31m\nX" * 500)
    (camera,) = find_plugged(tmp_path)
    assert camera.name.isprintable()
    assert len(camera.name) < 300


@pytest.mark.parametrize(
    ("of_all", "of_this", "is_camera"),
    [
        (CAPTURE | STREAMING, 0, True),
        (CAPTURE | META | STREAMING | WITH_NODE_CAPABILITIES, CAPTURE | STREAMING, True),
        (CAPTURE | META | STREAMING | WITH_NODE_CAPABILITIES, META | STREAMING, False),
        (CAPTURE_PLANES | STREAMING, 0, True),
        (MEMORY_TO_MEMORY | STREAMING, 0, False),
    ],
)
def test_what_a_device_says_of_itself_tells_cameras_from_codecs_and_metadata(
    of_all: int, of_this: int, is_camera: bool
) -> None:
    answer = struct.pack("=16s32s32s3I12x", b"uvcvideo", b"Webcam", b"usb", 1, of_all, of_this)
    assert captures(answer) is is_camera
