"""The device, the installed libraries and the scene models of a benchmark."""

from __future__ import annotations

import platform
from pathlib import Path

from edge_vad import engine_file
from edge_vad.backends.providers import DISTRIBUTIONS, package_version
from edge_vad.device.fingerprint import read_fingerprint
from edge_vad.doctor.processor import read_processor, read_system
from edge_vad.onnx_file import cost
from edge_vad.scene_model import SceneModel
from edge_vad_bench.schema import Device, SceneUsed

LIBRARIES = ("numpy", "opencv-python-headless", "opencv-python", "torch", *DISTRIBUTIONS)
"""Packages that do the work; those that are installed stand in a report with their versions."""


def read_device() -> Device:
    """This machine."""
    versions = {name: package_version(name) for name in LIBRARIES}
    return Device(
        fingerprint=read_fingerprint(),
        processor=read_processor(),
        system=read_system(),
        python=platform.python_version(),
        libraries={name: version for name, version in versions.items() if version},
    )


def describe_scene(path: Path) -> SceneUsed:
    """What identifies a scene model, and what its graph costs.

    Raises:
        BadModel: It is none.
    """
    card = SceneModel.read(path).card
    counted = cost.count(path, card.outputs)
    return SceneUsed(
        name=path.name,
        sha256=engine_file.identify(path).sha256,
        precision=card.precision,
        width=card.width,
        height=card.height,
        window=card.motion.window,
        gmac=round(counted.macs / 1e9, 5) if counted else None,
        mib_moved=round(counted.bytes / 2**20, 3) if counted else None,
        launches=counted.launches if counted else None,
    )
