"""Device memory, a stream and copies, through one of the packages that reach CUDA."""

from __future__ import annotations

from edge_vad.backends.cuda.base import Cuda

__all__ = ["PACKAGES", "Cuda", "open_cuda"]

PACKAGES = ("cuda-bindings", "pycuda")


def open_cuda(package: str) -> Cuda:
    """Open the first CUDA device.

    Args:
        package: One of `PACKAGES`.

    Raises:
        Unavailable: The package or the device is not there.
    """
    if package == "pycuda":
        from edge_vad.backends.cuda.pycuda import PyCuda

        return PyCuda()
    from edge_vad.backends.cuda.bindings import CudaBindings

    return CudaBindings()
