"""Flow by name, and by the code that a scene names."""

from __future__ import annotations

import re

from edge_vad.errors import Unavailable, WrongUse
from edge_vad.flow_units.base import DenseFlow, check
from edge_vad.flow_units.nvof.session import NvofSession
from edge_vad.flow_units.nvof.session import unit_code as nvof_code
from edge_vad.flow_units.vpi import VpiFlow
from edge_vad.flow_units.vpi import unit_code as vpi_code

DIS = "dis"
_NVOF, _VPI = "nvof", "vpi"
UNITS = (_NVOF, _VPI)
"""NVIDIA's optical-flow unit of desktop cards, and that of Jetsons through VPI."""

FLOWS = (DIS, *UNITS)

_CODE = re.compile(r"(NVOF|VPI)\b")
"""How the code of a unit begins; see `name_unit`."""


def is_of_a_unit(code: str) -> bool:
    """Whether a scene's flow was measured by a flow unit, and not by code on the CPU.

    Example:
        >>> is_of_a_unit("NVOF of compute capability 8.9"), is_of_a_unit("DIS of OpenCV 4")
        (True, False)
    """
    return _CODE.match(code) is not None


def name_unit(name: str) -> str:
    """What a scene names when this machine's unit measured its flow.

    Generations of the hardware differ, so the name holds the compute capability.

    Args:
        name: One of `UNITS`.

    Raises:
        Unavailable: There is no such unit here.
    """
    return nvof_code() if name == _NVOF else vpi_code()


def open_unit(name: str, height: int, width: int) -> DenseFlow:
    """Open a unit for pictures of one size, and see that it measures rightly.

    Args:
        name: One of `UNITS`.
        height: Rows of the pictures.
        width: Columns of the pictures.

    Raises:
        WrongUse: The name is none.
        Unavailable: There is no such unit here, it does not take this size, or it errs.
    """
    if name not in UNITS:
        raise WrongUse(f"{name!r} is no flow unit", f"choose one of {', '.join(UNITS)}")
    unit = NvofSession(height, width) if name == _NVOF else VpiFlow(height, width)
    check(unit, name, height, width)
    return unit


def open_code(code: str, height: int, width: int) -> DenseFlow:
    """Open the unit that a scene names.

    Args:
        code: As `name_unit` gave it where the scene was trained.
        height: Rows of the pictures.
        width: Columns of the pictures.

    Raises:
        Unavailable: It is not here, or another generation of it is.
    """
    name = _NVOF if code.startswith("NVOF") else _VPI
    try:
        here = name_unit(name)
    except Unavailable as error:
        raise _another(code, error.what) from None
    if here != code:
        raise _another(code, f"here is {here}")
    return open_unit(name, height, width)


def _another(code: str, here: str) -> Unavailable:
    return Unavailable(
        f"the scene's motion was measured by {code[:60]}, and {here}",
        "run it where that is, or train the scene again with what is here",
    )
