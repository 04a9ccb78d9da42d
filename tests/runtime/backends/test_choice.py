from __future__ import annotations

import logging

import pytest

from edge_vad.backends import load_backend
from edge_vad.backends.choice import ORDER, choose_backend
from edge_vad.errors import BadModel, Unavailable
from edge_vad.scene_model import SceneModel


def loading(works=(), error=Unavailable):
    """Loads the backends that work, and refuses the others."""

    def load(name):
        if name not in works:
            raise error(f"{name} is not here", "mend it")
        return name

    return load


def test_auto_takes_the_fastest_backend_that_works(caplog):
    assert choose_backend(loading(["onnxruntime", "onnxruntime-cuda"])) == "onnxruntime-cuda"


def test_auto_says_what_it_chose_and_what_the_faster_ones_lack(caplog):
    choose_backend(loading(["onnxruntime-openvino", "onnxruntime"]))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message.startswith("backend: onnxruntime-openvino, chosen by auto\n")
    for name in ("tensorrt", "tensorrt-rtx", "onnxruntime-cuda"):
        assert f"  {name}: {name} is not here" in record.message


def test_auto_never_builds_engines_unasked():
    assert "onnxruntime-tensorrt" not in ORDER


def test_auto_is_an_error_where_nothing_works():
    with pytest.raises(Unavailable, match="tensorrt is not here; tensorrt-rtx") as caught:
        choose_backend(loading())
    assert "edge-vad doctor" in caught.value.todo


def test_auto_blames_a_scene_that_no_backend_takes():
    with pytest.raises(BadModel, match="onnxruntime is not here"):
        choose_backend(loading(error=BadModel))


def test_auto_scores_with_a_backend_that_is_here(tiny_scene, caplog):
    backend = load_backend(SceneModel.read(tiny_scene()), "auto")
    assert backend.name in caplog.text
    assert backend.name in ORDER
