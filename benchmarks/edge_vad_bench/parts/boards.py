"""Published peaks of boards that are not at hand, and what is assumed of their launches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedBoard:
    """Peaks from NVIDIA's data sheets, and an assumption.

    Attributes:
        name: Of the board.
        tera_macs: Precision to 1e12 multiply-accumulates a second.
        gb_s: Memory bandwidth, 1e9 bytes a second.
        launch_us: What a small kernel takes from one to the next, us: within a CUDA graph, and
            launched one by one. Not published.
    """

    name: str
    tera_macs: dict[str, float]
    gb_s: float
    launch_us: tuple[float, float]


RECORDED_US, SINGLE_US = 3.2, 7.0
"""What an operator took on an H200, of a recorded CUDA graph, and launched by itself."""

JETSON_TIMES = 2
"""How much longer it takes on a Jetson, whose clocks are about half as high: assumed."""

_CARD_LAUNCH_US = RECORDED_US, SINGLE_US
_JETSON_LAUNCH_US = JETSON_TIMES * RECORDED_US, JETSON_TIMES * SINGLE_US

JETSONS = (
    PublishedBoard(
        "Jetson Orin Nano 8GB",
        {"fp32": 0.64, "fp16": 5.0, "int8": 10.0},
        68.0,
        _JETSON_LAUNCH_US,
    ),
    PublishedBoard(
        "Jetson Orin NX 16GB",
        {"fp32": 0.94, "fp16": 7.5, "int8": 15.0},
        102.4,
        _JETSON_LAUNCH_US,
    ),
    PublishedBoard(
        "Jetson AGX Orin 64GB",
        {"fp32": 2.66, "fp16": 21.2, "int8": 42.5},
        204.8,
        _JETSON_LAUNCH_US,
    ),
    PublishedBoard(
        "Jetson AGX Thor T5000",
        {"fp32": 4.03, "fp16": 129.0, "int8": 259.0},
        273.0,
        _JETSON_LAUNCH_US,
    ),
)
CARD = PublishedBoard(
    "GeForce RTX 4090", {"fp32": 41.3, "fp16": 165.0, "int8": 330.0}, 1008.0, _CARD_LAUNCH_US
)
BOARDS = (*JETSONS, CARD)
