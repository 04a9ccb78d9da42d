"""What the command line says of an error: to people, and to programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from edge_vad.errors import BadModel, EdgeVadError


def _failed(*words, cwd):
    command = [sys.executable, "-m", "edge_vad", *words]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=os.environ)
    assert done.stdout == ""
    return done


@pytest.fixture
def broken(tmp_path):
    (tmp_path / "scene.onnx").write_text("no scene")
    return tmp_path


def test_an_error_is_three_lines_and_the_last_is_its_place_in_the_documentation(broken):
    done = _failed(
        "run", "scene.onnx", "test://street?seed=1&frames=3", "--out", "watched", cwd=broken
    )
    what, todo, page = done.stderr.splitlines()
    assert done.returncode == BadModel.exit_code
    assert what.startswith("error: ")
    assert todo.startswith("  -> ")
    assert page == f"  docs/errors.md#{BadModel.code}"


def test_with_json_an_error_is_a_document(broken):
    done = _failed(
        "run",
        "scene.onnx",
        "test://street?seed=1&frames=3",
        "--out",
        "watched",
        "--json",
        cwd=broken,
    )
    said = json.loads(done.stderr)
    assert done.returncode == BadModel.exit_code
    assert said == {**said, "code": "bad-model", "page": "docs/errors.md#bad-model"}
    assert said["error"]
    assert said["todo"]


def test_in_python_an_error_knows_the_same():
    error = EdgeVadError("the disk is full", "free some space")
    assert error.document == {
        "error": "the disk is full",
        "todo": "free some space",
        "code": "failed",
        "page": "docs/errors.md#failed",
    }
