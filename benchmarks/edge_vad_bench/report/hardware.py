"""Names of hardware, as makers write them."""

from __future__ import annotations

import re

_MAKERS = """
AMD EPYC EPYC-Rome EPYC-Milan EPYC-Genoa Ryzen Threadripper Athlon PRO Intel(R) Intel Xeon(R) Xeon
Core(TM) Core Ultra Pentium(R) Celeron(R) Atom(TM) Gold Silver Platinum Bronze Gen Processor
Processors CPU with Radeon Graphics ARM ARMv8 Cortex Neoverse Ampere Altra Max Apple Qualcomm
Snapdragon Rockchip Broadcom NVIDIA GeForce RTX GTX Quadro Tesla Ada Generation Blackwell Hopper
Grace Laptop GPU Ti Super Max-Q Server Workstation Edition PCIe NVL SXM MIG Jetson Orin Nano NX AGX
Xavier Thor TX2 Developer Kit Engineering Reference Module Industrial Raspberry Pi Compute Model A B
Rev Plus Zero Radxa Rock Orange Banana Virtual QEMU Version Compatible @ x86_64 aarch64
"""
_WORDS = frozenset(_MAKERS.casefold().split())
_PIECE = r"(?:[A-Z]{0,3}|[a-z])\d{1,5}[A-Za-z]{0,3}\d{0,2}"
_NUMBER = re.compile(rf"(?=.{{1,16}}$){_PIECE}(?:[-.](?:{_PIECE}|Core)){{0,3}}")
"""Of a model, such as `7763`, `i7-13700K`, `A100-SXM4-80GB` or `2.80GHz`."""


def hardware(text: str) -> str:
    """The words of a name that makers use, and numbers of models; the others are left out.

    Example:
        >>> hardware("AMD EPYC 7763 64-Core Processor of ward-4")
        'AMD EPYC 7763 64-Core Processor'
    """
    return " ".join(word for word in text.split() if _is_makers(word))


def _is_makers(word: str) -> bool:
    return word.casefold() in _WORDS or bool(_NUMBER.fullmatch(word.strip("(),")))
