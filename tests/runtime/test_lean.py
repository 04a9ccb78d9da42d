"""The runtime alone: without what only training and export need, and on Python 3.10."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from edge_vad.motion.extractor import MotionSettings

ROOT = Path(__file__).parents[2]
FOR_TRAINING = {
    "torch",
    "onnx",
    "onnxscript",
    "matplotlib",
    "sklearn",
    "scipy",
    "safetensors",
    "lightning_fabric",
}
NUMERIC = {"numpy", "cv2", "onnxruntime"}


class Environment(NamedTuple):
    """A virtual environment, and a folder to work in that holds nothing of ours."""

    bin: Path
    folder: Path

    def run(self, program, *words):
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(
            [self.bin / program, *map(str, words)],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )

    def imported(self, code):
        """The top-level modules that are there after `code` has run."""
        code += "\nimport json, sys\nprint(json.dumps(list(sys.modules)), file=sys.stderr)"
        done = self.run("python", "-c", code)
        assert done.returncode == 0, done.stderr
        return {name.split(".")[0] for name in json.loads(done.stderr)}


def oldest_python():
    """Python 3.10 where there is one that runs: a shim may stand for one that is not there."""
    python = shutil.which("python3.10")
    if python and subprocess.run([python, "-c", ""], capture_output=True).returncode == 0:
        return python
    return sys.executable


@pytest.fixture(scope="session")
def lean(tmp_path_factory):
    """An environment with `edge-vad[cpu]` at the pinned versions, and nothing else."""
    folder = tmp_path_factory.mktemp("lean")
    home = folder / "environment"
    subprocess.run([oldest_python(), "-m", "venv", "--without-pip", home], check=True)
    pip = [sys.executable, "-m", "pip", "--python", home / "bin/python", "install", "--quiet"]
    pins = ["-c", ROOT / "constraints.txt"]
    subprocess.run([*pip, "--no-compile", *pins, f"{ROOT}[cpu]"], check=True)
    return Environment(home / "bin", folder)


@pytest.fixture
def here(tmp_path):
    """The environment of the tests, which has everything."""
    return Environment(Path(sys.executable).parent, tmp_path)


@pytest.fixture
def video(make, tmp_path):
    return make.avi(tmp_path / "clip.avi", make.movement())


def test_nothing_for_training_is_installed_with_the_runtime(lean):
    found = lean.run(
        "python",
        "-c",
        "from importlib.util import find_spec\n"
        f"print([name for name in {sorted(FOR_TRAINING)} if find_spec(name)])",
    )
    assert found.stdout == "[]\n"


def test_the_runtime_alone_watches_a_video(lean, tiny_scene, video, tmp_path):
    asked = "from edge_vad.motion.flow_code import FLOW_CODE; print(FLOW_CODE, end='')"
    motion = MotionSettings(window=3, code=lean.run("python", "-c", asked).stdout)
    scene = tiny_scene(motion=motion)  # its OpenCV may be another than that of the tests
    done = lean.run("edge-vad", "run", scene, video, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "1 alarm:" in done.stdout
    assert done.stderr == ""
    written = sorted(file.name for file in (tmp_path / "out").iterdir())
    wanted = ["annotated.mp4", "events.jsonl", "moments", "scores.jsonl", "timeline.png"]
    assert written == wanted


def test_the_runtime_alone_says_what_training_needs(lean, video, tmp_path):
    done = lean.run("edge-vad", "train", video, "--out", tmp_path / "runs")
    assert done.returncode == 4
    what, todo, page = done.stderr.splitlines()
    assert what.startswith("error: edge-vad train needs the package ")
    assert todo == "  -> run pip install 'edge-vad[train]'"
    assert page == "  docs/errors.md#unavailable"


def test_importing_edge_vad_loads_nothing_numeric(lean, here):
    for environment in (lean, here):
        assert not environment.imported("import edge_vad") & (FOR_TRAINING | NUMERIC)


def test_loading_and_opening_load_nothing_for_training(here, video):
    loaded = here.imported(
        "import edge_vad\n"
        "edge_vad.load\n"
        f"with edge_vad.open_source({str(video)!r}) as source:\n"
        "    next(iter(source))"
    )
    assert not loaded & FOR_TRAINING
    assert {"numpy", "cv2"} <= loaded


def test_help_answers_before_anything_numeric_is_loaded(here):
    loaded = here.imported(
        "import sys\nsys.argv = ['edge-vad', '--help']\nfrom edge_vad.cli import main\nmain()"
    )
    assert "click" in loaded
    assert not loaded & (FOR_TRAINING | NUMERIC)
