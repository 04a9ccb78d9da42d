"""The driver's libraries and VPI, simulated."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from simulated_nvof import Driver
from simulated_vpi import simulated_vpi

from edge_vad.device import fingerprint


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """A simulated card; when the test ends, all must have been given back."""
    simulated = Driver()
    fingerprint._ask_cuda.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", simulated.load)
    yield simulated
    fingerprint._ask_cuda.cache_clear()


@pytest.fixture
def with_vpi(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    def install(**options: object) -> ModuleType:
        module = simulated_vpi(**options)
        monkeypatch.setitem(sys.modules, "vpi", module)
        return module

    return install
