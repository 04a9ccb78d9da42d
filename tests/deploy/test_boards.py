"""A board keeps its own OpenCV, TensorRT and PyTorch, and every wheel that it needs is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from wheel_sets import BOARD, SETS, TOLD, build_wheel, resolve

ROOT = Path(__file__).parents[2]
OF_THE_BOARD = ("cv2", "tensorrt", "torch")
FORBIDDEN = re.compile(r"opencv|tensorrt|^torch|^nvidia-(cu|nccl|cudnn)")
FOR_A_BOARD = ("video", *TOLD.split(","))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def required(extra):
    """What an extra of pyproject.toml brings, with the extras that it names."""
    text = (ROOT / "pyproject.toml").read_text()
    start = "dependencies" if extra is None else extra
    (block,) = re.findall(rf"^{start} = \[(.*?)\]\n", text, re.M | re.S)
    found = set()
    for each in re.findall(r'"([^"]+)"', block):
        ours = re.fullmatch(r"edge-vad\[([a-z,]+)\]", each)
        found |= set().union(*map(required, ours[1].split(","))) if ours else {each.lower()}
    return found


@pytest.mark.parametrize("extra", [None, *FOR_A_BOARD])
def test_what_a_board_installs_names_nothing_that_it_brings(extra):
    assert required(extra)
    assert not [each for each in required(extra) if FORBIDDEN.search(each)]


def test_what_a_board_brings_is_recognised():
    assert [each for each in required("cpu") if FORBIDDEN.search(each)]
    assert [each for each in required("train") if FORBIDDEN.search(each)]


@pytest.mark.long
@pytest.mark.parametrize("wanted", SETS, ids=lambda each: f"{each.place} {each.python}")
def test_wheels_for_aarch64_are_there(wanted, wheel):
    found = resolve(wheel, wanted)
    assert {"edge-vad", "msgspec", "numpy"} <= found.keys()
    if wanted.constraints:
        assert not [name for name in found if FORBIDDEN.search(name)]


@pytest.fixture
def board(tmp_path):
    """A virtual environment that sees the modules of a board's system."""
    system = tmp_path / "dist-packages"
    system.mkdir()
    for name in OF_THE_BOARD:
        (system / f"{name}.py").write_text("is_the_boards = True\n")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "environment"], check=True)
    (site,) = (tmp_path / "environment").glob("lib/python*/site-packages")
    (site / "system.pth").write_text(f"{system}\n")
    return tmp_path / "environment" / "bin"


@pytest.mark.long
def test_a_plain_install_leaves_what_a_board_brings(board, wheel):
    pip = [board / "pip", "install", "--quiet", "-c", BOARD]
    subprocess.run([*pip, f"edge-vad @ {wheel.as_uri()}"], check=True)
    refused = subprocess.run([*pip, "edge-vad[cpu]"], capture_output=True, text=True)
    assert refused.returncode
    assert "ResolutionImpossible" in refused.stderr
    subprocess.run([*pip, "edge-vad[video,serve]", "onnxruntime"], check=True)
    code = "import importlib, sys\n" + "".join(
        f"assert importlib.import_module({name!r}).is_the_boards\n" for name in OF_THE_BOARD
    )
    subprocess.run([board / "python", "-c", code], check=True)
    listed = subprocess.run([board / "pip", "freeze"], capture_output=True, text=True, check=True)
    assert "onnxruntime==" in listed.stdout
    assert not [line for line in listed.stdout.splitlines() if FORBIDDEN.search(line)]
