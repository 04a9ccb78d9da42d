"""NOTICE has the licence of everything that an install, or an image, brings along."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tomli

ROOT = Path(__file__).parents[2]
NOTICE = (ROOT / "NOTICE").read_text(encoding="utf-8")
PROJECT = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OF_DEVELOPERS = {"dev", "docs"}
UNDER_THE_NAME_OF = {
    "onnxruntime-ep-nv-tensorrt-rtx-cu13": "tensorrt-rtx",
    "tensorrt-rtx-cu13-bindings": "tensorrt-rtx",
}


def brought():
    """Every package that the project, or an extra for users, names."""
    extras = PROJECT["optional-dependencies"]
    listed = PROJECT["dependencies"] + [
        each for name, more in extras.items() if name not in OF_DEVELOPERS for each in more
    ]
    names = {re.match(r"[\w.-]+", each)[0].lower() for each in listed}
    return sorted(names - {"edge-vad"})


@pytest.mark.parametrize("package", brought())
def test_every_package_that_users_install_stands_in_it(package):
    named = UNDER_THE_NAME_OF.get(package, package)
    assert re.search(rf"(?i)(^  |[, ]){re.escape(named)}(?![\w-])", NOTICE, re.M)


def test_it_is_in_the_wheel_and_in_the_images():
    assert "NOTICE" in PROJECT["license-files"]
    for file in (ROOT / "deploy/containers").glob("*.Dockerfile"):
        for copied in re.findall(r"^COPY pyproject.toml (.+)$", file.read_text(), re.M):
            assert "NOTICE" in copied.split()
