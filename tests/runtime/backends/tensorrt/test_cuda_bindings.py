"""The real cuda-bindings, on a machine that may have no GPU, beside what simulates it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import simulated_cuda
from simulated_cuda_bindings import CaptureMode, MemcpyKind, Status, cuda_bindings

pytest.importorskip("cuda.bindings", reason="cuda-bindings is not installed")


@pytest.fixture
def real():
    from cuda.bindings import runtime

    return runtime


def test_every_call_that_is_simulated_exists(real) -> None:
    simulated = cuda_bindings(simulated_cuda.Device())["cuda.bindings.runtime"]
    names = [name for name in dir(simulated) if name.startswith("cuda")]
    assert len(names) > 20
    assert [name for name in names if not hasattr(real, name)] == []


@pytest.mark.parametrize("simulated", [Status, MemcpyKind, CaptureMode])
def test_codes_are_the_real_ones(real, simulated) -> None:
    codes = {member.name: int(member) for member in simulated}
    assert {name: int(getattr(getattr(real, simulated.__name__), name)) for name in codes} == codes


def test_without_a_gpu_the_real_package_gives_our_error() -> None:
    code = (
        "from edge_vad.backends.cuda import open_cuda\n"
        "from edge_vad.errors import Unavailable\n"
        "try:\n"
        "    open_cuda('cuda-bindings').close()\n"
        "except Unavailable as error:\n"
        "    assert 'CUDA refuses cudaSetDevice' in error.what, error.what\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stderr) == (0, "")
