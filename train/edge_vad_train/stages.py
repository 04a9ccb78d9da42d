"""The progress of a training, stage by stage."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Advance(Protocol):
    """Shows progress within a stage."""

    def __call__(self, steps: int, remark: str = "", /) -> None:
        """Take the steps done since the last call, and a remark."""


class Stages(Protocol):
    """Shows how far a training is."""

    def stage(self, label: str, length: int | None) -> AbstractContextManager[Advance]:
        """Begin a stage of so many steps, where that is known."""

    def warn(self, text: str) -> None:
        """Say what should be known of the footage."""
