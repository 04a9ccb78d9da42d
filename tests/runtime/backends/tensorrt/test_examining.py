"""What doctor and selftest find on a machine with a simulated GPU."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from edge_vad.backends.tensorrt import TensorRtBackend
from edge_vad.doctor.backends import examine_backends


@pytest.fixture
def states(gpu):
    return lambda: {each.name: each for each in examine_backends(gpu.fingerprint)}


def lose_cuda_bindings(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    monkeypatch.delitem(sys.modules, "edge_vad.backends.cuda.bindings", raising=False)


def test_both_ways_to_cuda_are_backends_of_their_own(states) -> None:
    found = states()
    assert found["tensorrt"].usable
    assert found["tensorrt-pycuda"].usable


def test_a_backend_whose_way_to_cuda_is_absent_is_not_called_usable(states, monkeypatch) -> None:
    lose_cuda_bindings(monkeypatch)
    found = states()
    assert not found["tensorrt"].usable
    assert "cuda-bindings cannot be loaded" in (found["tensorrt"].reason or "")
    assert "pip install 'cuda-bindings<13'" in (found["tensorrt"].mend or "")
    assert found["tensorrt-pycuda"].usable


def test_tensorrt_rtx_is_not_for_every_gpu(states) -> None:
    found = states()["tensorrt-rtx"]
    assert not found.usable
    assert found.mend == "none is made for a Jetson"


@pytest.fixture
def selftest(gpu, edge_vad, monkeypatch, tiny_scene):
    monkeypatch.setattr("edge_vad.selftest.run.read_fingerprint", lambda: gpu.fingerprint)
    return lambda: edge_vad("selftest", tiny_scene())


def test_a_selftest_builds_an_engine_and_compares_it(gpu, selftest) -> None:
    code, out, err = selftest()
    assert (code, err) == (0, "")
    assert "ok      engine: an engine for tensorrt, in" in out
    assert out.count("agrees") == 2
    assert gpu.device.live == 0


def test_a_backend_that_differs_fails_the_selftest(selftest, monkeypatch) -> None:
    infer = TensorRtBackend.infer

    def infer_badly(self, inputs):
        maps = infer(self, inputs)
        return maps._replace(score=maps.score * np.float32(1.5))

    monkeypatch.setattr(TensorRtBackend, "infer", infer_badly)
    code, out, err = selftest()
    assert code == 1
    assert out.count("DIFFERS") == 2
    assert "error: tensorrt, tensorrt-pycuda does not agree with ONNX Runtime on the CPU" in err
