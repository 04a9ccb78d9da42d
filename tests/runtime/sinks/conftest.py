"""Events for sinks, and the real disks and servers that they go to."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from free_port import free_port

from edge_vad.alarms.identity import event_id
from edge_vad.detection import Box
from edge_vad.events import ChangeKind, EventChange, EventState, LiveEvent


def lacking(what: str) -> None:
    """Skip a test, with one line that says why; where nothing may be lacking, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI=true")
    pytest.skip(what)


RECENT = float(int(time.time()) - 100_000)
"""So young that no store deletes what began then."""


def live_event(at: float = RECENT, camera: str = "gate", **changes: object) -> LiveEvent:
    event = LiveEvent(
        id=event_id(at),
        camera=camera,
        start=at,
        end=at + 1,
        peak=at + 0.5,
        score=3.5,
        threshold=2.0,
        box=Box(10, 20, 30, 40),
        normal_per_hour=0.01,
        rarity="a normal scene scores this high about once in 4 days",
    )
    return replace(event, **changes)


def picture(grey: int = 90, height: int = 48, width: int = 64) -> np.ndarray:
    return np.full((height, width, 3), grey, np.uint8)


def new(event: LiveEvent, with_picture: bool = True) -> EventChange:
    return EventChange(ChangeKind.NEW, event, picture() if with_picture else None)


def update(event: LiveEvent) -> EventChange:
    return EventChange(ChangeKind.UPDATE, event)


def end(event: LiveEvent) -> EventChange:
    return EventChange(ChangeKind.END, replace(event, state=EventState.ENDED))


def eventually(condition: Callable[[], object], timeout_s: float = 120.0) -> object:
    """Wait until something holds, and fail where it never does; returns what it was.

    The bound is for what hangs. A machine that others use may need a multiple of the usual time.
    """
    until = time.monotonic() + timeout_s
    while not (held := condition()):
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.01)
    return held


@pytest.fixture(scope="session")
def events() -> SimpleNamespace:
    """The functions above."""
    return SimpleNamespace(
        recent=RECENT,
        live=live_event,
        new=new,
        update=update,
        end=end,
        picture=picture,
        eventually=eventually,
        lacking=lacking,
    )


@pytest.fixture
def unused_port() -> int:
    return free_port()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        lacking("no mount on this machine")
    if done.returncode:
        lacking(f"a small disk cannot be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take all the space that is left; returns the file that takes it."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (2**16, 2**10, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    return ballast


@pytest.fixture(scope="session")
def fill_disk() -> Callable[[Path], Path]:
    return fill
