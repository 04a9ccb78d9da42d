"""Device memory, a stream and copies, through one of the packages that reach CUDA."""

from __future__ import annotations

from edge_vad.backends.cuda.base import Cuda
from edge_vad.backends.providers import package_version

__all__ = ["PACKAGES", "Cuda", "installed_package", "open_cuda"]

PACKAGES = ("cuda-bindings", "pycuda")


def installed_package() -> str:
    """The first of `PACKAGES` that is installed; where none is, the first to be asked for."""
    return next((name for name in PACKAGES if package_version(name)), PACKAGES[0])


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
