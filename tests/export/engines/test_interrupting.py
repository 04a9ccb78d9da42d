"""Ctrl-C during a build, with a stand-in for the builder: it ends at its next step."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, SimpleNamespace

import pytest

from edge_vad_export.engines import building
from edge_vad_export.engines.progress import BuildProgress


def raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("handler", [signal.default_int_handler, raise_interrupt])
def test_ctrl_c_ends_a_build_whoever_handles_it(
    handler: signal.Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []

    def build(_library: object, _plan: object, progress: BuildProgress) -> None:
        pause = threading.Event()
        pause.wait(0.3)  # until it is waited for
        os.kill(os.getpid(), signal.SIGINT)
        ended.append(any(progress.is_cancelled or pause.wait(0.05) for _ in range(200)))

    monkeypatch.setattr(building, "_build", build)
    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            building.build(SimpleNamespace(), SimpleNamespace(), lambda _share, _phase: None)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended == [True]
    assert not [each for each in threading.enumerate() if each.name.startswith("engine builder")]
