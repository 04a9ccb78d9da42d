"""ONNX Runtime's execution providers: what each is asked for, and how to get one that is absent."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from edge_vad.device.fingerprint import read_jetson

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"
OPENVINO = "OpenVINOExecutionProvider"

DISTRIBUTIONS = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino")
"""Packages that bring the one module `onnxruntime`: the last one installed hides the others."""


@dataclass(frozen=True)
class Provider:
    """A way to run ONNX Runtime.

    Attributes:
        backend: The name that users give.
        title: What it is called in a sentence.
        wanted: Execution providers that must be in the session, the preferred one first.
        memory: Where the graph's inputs and outputs lie.
        extra: The extra of edge-vad that brings it.
    """

    backend: str
    title: str
    wanted: tuple[str, ...]
    memory: Literal["cpu", "cuda"]
    extra: str

    @property
    def mend(self) -> str:
        """What to do when this ONNX Runtime was built without it."""
        if read_jetson() and self.memory == "cuda":
            return _JETSON_GPU
        if read_jetson() and self.extra == "cpu":
            return "run pip install onnxruntime"  # the extra would bring another OpenCV
        if self.extra == "openvino" and platform.machine() not in ("x86_64", "AMD64"):
            return "there is no OpenVINO for this processor: use --backend onnxruntime"
        needs = f"{_TENSORRT_NOTE if TENSORRT in self.wanted else ''}{_CUDA_NOTE}"
        return f"run {self._install}{needs if self.memory == 'cuda' else ''}"

    @property
    def load_mend(self) -> str:
        """What to do when it is there but does not load."""
        if self.memory != "cuda":
            return f"install it anew, alone in its environment: {self._install}"
        if read_jetson():
            return _JETSON_GPU
        first = "see that nvidia-smi shows the GPU"
        if TENSORRT in self.wanted:
            first += _TENSORRT_NOTE
        return first + _CUDA_NOTE

    @property
    def _install(self) -> str:
        """The command that brings it; what shares its module has to go first."""
        wanted = f"pip install 'edge-vad[{self.extra}]'"
        others = [name for name in installed() if name != f"onnxruntime-{self.extra}"]
        return f"pip uninstall -y {' '.join(others)} && {wanted}" if others else wanted


_JETSON_GPU = (
    "PyPI has no ONNX Runtime for a Jetson's GPU: use TensorRT, which came with the system "
    "(edge-vad export SCENE.onnx --engine), or the onnxruntime-gpu wheel made for this JetPack"
)
_CUDA_NOTE = (
    "; it needs the NVIDIA driver, cuDNN 9 and CUDA, of which onnxruntime-gpu 1.31 wants 13; "
    "pip install 'onnxruntime-gpu[cuda,cudnn]' brings both libraries"
)
_TENSORRT_NOTE = "; install TensorRT 10 (libnvinfer.so.10; 11 will not do)"

PROVIDERS = {
    provider.backend: provider
    for provider in (
        Provider("onnxruntime", "ONNX Runtime", (CPU,), "cpu", "cpu"),
        Provider("onnxruntime-cuda", "ONNX Runtime with CUDA", (CUDA,), "cuda", "gpu"),
        Provider(
            "onnxruntime-tensorrt", "ONNX Runtime with TensorRT", (TENSORRT, CUDA), "cuda", "gpu"
        ),
        Provider(
            "onnxruntime-openvino", "ONNX Runtime with OpenVINO", (OPENVINO,), "cpu", "openvino"
        ),
    )
}


def installed() -> dict[str, str]:
    """The packages of `DISTRIBUTIONS` that are installed, with their versions."""
    return {name: number for name in DISTRIBUTIONS if (number := package_version(name))}


def package_version(name: str) -> str | None:
    """Version of an installed package; None where it is absent."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def provider_options(
    name: str, threads: int, engines: Path | None, *, records: bool = False
) -> dict[str, str]:
    """What an execution provider is told.

    Single precision is kept as it is: no TF32, no bfloat16, no half.

    Args:
        name: The execution provider.
        threads: CPU threads.
        engines: Where TensorRT keeps its engines.
        records: Whether CUDA records all its work once and replays it.
    """
    if name == CUDA:
        return {"device_id": "0", "use_tf32": "0", "enable_cuda_graph": str(int(records))}
    if name == TENSORRT:
        options = {"device_id": "0", "trt_fp16_enable": "0"}
        if engines:
            options |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(engines)}
        return options
    if name == OPENVINO:
        return {"device_type": "CPU", "precision": "FP32", "num_of_threads": str(threads)}
    return {}
