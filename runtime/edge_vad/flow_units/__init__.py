"""Flow units: hardware that measures optical flow, beside OpenCV's DIS on the CPU.

None of this has run on hardware yet. It is built from NVIDIA's documents, and tested with
simulators of the libraries.
"""

from __future__ import annotations

from edge_vad.flow_units.base import DenseFlow
from edge_vad.flow_units.choice import (
    DIS,
    FLOWS,
    UNITS,
    is_of_a_unit,
    name_unit,
    open_code,
    open_unit,
)

__all__ = [
    "DIS",
    "FLOWS",
    "UNITS",
    "DenseFlow",
    "is_of_a_unit",
    "name_unit",
    "open_code",
    "open_unit",
]
