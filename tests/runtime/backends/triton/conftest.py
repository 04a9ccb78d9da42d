"""Servers in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def serve() -> Iterator[Callable[..., Any]]:
    """Starts servers: `serve(model)`."""
    pytest.importorskip("tritonclient.grpc", reason="needs edge-vad[triton]")
    from fake_triton import FakeTriton

    servers: list[FakeTriton] = []

    def start(*arguments: Any) -> FakeTriton:
        servers.append(FakeTriton(*arguments))
        return servers[-1]

    yield start
    for each in servers:
        each.stop()
