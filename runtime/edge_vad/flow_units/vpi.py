"""The optical-flow unit (OFA) of Jetsons, through NVIDIA's VPI.

By VPI's Python module: it makes what the unit needs anew at every call, which a user of NVIDIA's
forum timed at 23 ms a pair, where VPI's own table has 3 (topic 246290). `edge-vad bench
--flow-table` measures it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_vad.device.fingerprint import read_compute_capability
from edge_vad.errors import Unavailable
from edge_vad.flow_units.base import from_vectors

GRID = 4
"""Side of a block, px: what all versions of VPI have by default."""

_SMALLEST = 32
"""Side of a picture, px."""

_TODO = (
    "on a Jetson it comes with JetPack: sudo apt install python3.10-vpi3 (JetPack 6), and make the "
    "environment with python3 -m venv --system-site-packages; elsewhere use flow on the CPU"
)


def unit_code() -> str:
    """What a scene names whose flow this machine's unit measured.

    Raises:
        Unavailable: VPI is not here, or it has no optical-flow unit.
    """
    version = str(_load().__version__).partition(".")[0]
    return f"VPI {version} of compute capability {read_compute_capability() or 'unknown'}"


class VpiFlow:
    """Measures flow for pictures of one size, one vector for every `GRID` x `GRID` px.

    Args:
        height: Rows of the pictures.
        width: Columns of the pictures.

    Raises:
        Unavailable: There is no unit, or it does not take this size.
    """

    def __init__(self, height: int, width: int) -> None:
        self._vpi = _load()
        self._size = height, width
        if min(height, width) < _SMALLEST:
            raise Unavailable(
                f"VPI's optical flow takes pictures from {_SMALLEST}x{_SMALLEST} px on, and the "
                f"scene has {width}x{height}",
                "use flow on the CPU",
            )

    def calc(
        self,
        previous: NDArray[np.uint8],
        current: NDArray[np.uint8],
        flow: None = None,  # noqa: ARG002 - OpenCV takes a first guess here
        /,
    ) -> NDArray[np.float32]:
        """Measure where every px went; see `DenseFlow.calc`."""
        height, width = self._size
        if not previous.shape == current.shape == self._size:
            raise ValueError(f"pictures of {width}x{height} px are wanted")
        vpi = self._vpi
        try:
            before, after = self._laid_out(previous), self._laid_out(current)
            field = vpi.optflow_dense(
                before, after, quality=vpi.OptFlowQuality.HIGH, backend=vpi.Backend.OFA
            )
            with field.rlock_cpu() as vectors:  # waits for the unit
                return from_vectors(vectors, GRID, height, width)
        except (RuntimeError, ValueError, TypeError) as error:
            raise Unavailable(
                f"VPI refuses to measure optical flow ({error})",
                "see that this Jetson has an optical-flow unit, or use flow on the CPU",
            ) from None

    def _laid_out(self, picture: NDArray[np.uint8]) -> Any:
        """A picture in blocks, as the unit wants it; another unit of the chip brings it there."""
        vpi = self._vpi
        rows = vpi.asimage(np.ascontiguousarray(picture), vpi.Format.Y8_ER)
        return rows.convert(vpi.Format.Y8_ER_BL, backend=vpi.Backend.VIC)


def _load() -> Any:
    try:
        import vpi
    except ImportError as error:
        raise Unavailable(f"the package vpi cannot be loaded ({error})", _TODO) from None
    lacking = [name for name in ("OFA", "VIC") if not hasattr(vpi.Backend, name)]
    if lacking:
        raise Unavailable(f"this VPI knows no unit {' and no '.join(lacking)}", _TODO)
    return vpi
