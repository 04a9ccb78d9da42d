"""What is told of a device, from the files and libraries that tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_vad.device.fingerprint import (
    DeviceFingerprint,
    read_driver,
    read_fingerprint,
    read_jetson,
    read_l4t,
)


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def orin(tmp_path: Path) -> Path:
    """The files of an Orin with JetPack 6."""
    write(tmp_path, "proc/device-tree/model", "NVIDIA Jetson Orin NX Engineering Reference\0")
    write(
        tmp_path,
        "etc/nv_tegra_release",
        "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n",
    )
    write(
        tmp_path,
        "proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  540.4.0  Release Build\n",
    )
    return tmp_path


def test_a_jetson_is_known_by_its_board_and_its_linux(orin: Path) -> None:
    assert read_jetson(orin) == "NVIDIA Jetson Orin NX Engineering Reference"
    assert read_l4t(orin) == "36.4.3"
    assert read_driver(orin) == "540.4.0"


def test_a_desktops_driver_is_known(tmp_path: Path) -> None:
    text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 07:17:47\n"
    write(tmp_path, "proc/driver/nvidia/version", text)
    assert read_driver(tmp_path) == "580.65.06"


def test_another_board_is_no_jetson(tmp_path: Path) -> None:
    write(tmp_path, "proc/device-tree/model", "Raspberry Pi 5 Model B\0")
    assert read_jetson(tmp_path) is None


def test_what_is_absent_is_none(tmp_path: Path) -> None:
    assert (read_driver(tmp_path), read_jetson(tmp_path), read_l4t(tmp_path)) == (None, None, None)


def test_any_machine_has_a_fingerprint() -> None:
    assert isinstance(read_fingerprint(), DeviceFingerprint)
