"""Which flow units of this machine measure optical flow, and measure it rightly."""

from __future__ import annotations

from edge_vad.doctor.report import Feature
from edge_vad.errors import Unavailable

_SHOWN = {"nvof": "NVOF, of NVIDIA cards", "vpi": "VPI, of Jetsons"}
_PROBED = 240, 320
"""Rows and columns of the pictures that a unit is tried with."""


def examine_flow_units() -> tuple[Feature, ...]:
    """Open every unit, which measures a picture whose movement is known."""
    return tuple(_examine(name, shown) for name, shown in _SHOWN.items())


def _examine(name: str, shown: str) -> Feature:
    try:
        from edge_vad.flow_units import name_unit, open_unit

        code = name_unit(name)
        open_unit(name, *_PROBED)
    except Unavailable as error:  # of the unit, or of OpenCV
        return Feature(name, False, f"{shown}: {error.what}", error.todo)
    return Feature(name, True, code)
