"""The window of flow fields of each camera, which says what moved within a length of time.

What `MotionExtractor.pool` does for one camera, for a batch of them without a branch.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from edge_vad.motion.dynamic_flow import UNITS_PER_PIXEL, Pooling
from edge_vad.motion.extractor import MotionSettings
from edge_vad.motion.pace import LONGEST_PAUSE
from edge_vad.motion.state import CLOCK_NUMBERS

_MOST_UNITS = 2**15 - 1


class Clock(NamedTuple):
    """What is known of each camera's time, float32; flags are 1 or 0.

    Attributes:
        seen: (N, 1), whether there was a frame.
        pause: (N, 1), frame times for which the picture has stood still.
        hung: (N, 1), whether the newest picture ended a long pause.
        known: (N, 1), whether motion is known.
        counts: (N, T), frame times that each field of the window counts for; the newest is last.
    """

    seen: Tensor
    pause: Tensor
    hung: Tensor
    known: Tensor
    counts: Tensor


class MotionWindow(nn.Module):
    """Takes the newest flow field of each camera into its window, and pools it.

    Args:
        settings: Of the scene's motion.
    """

    newer: Tensor

    def __init__(self, settings: MotionSettings) -> None:
        super().__init__()
        self.settings = settings
        every = torch.ones(settings.window, settings.window)
        self.register_buffer("newer", every.tril(-1))

    def begin(self, clock: Tensor, reset: Tensor) -> Clock:
        """A camera's clock, set to zero where it is reset.

        Args:
            clock: float32, (N, 4 + T).
            reset: bool, (N,).
        """
        kept = clock * (1 - reset.to(torch.float32))[:, None]
        return Clock(*torch.split(kept, [*[1] * CLOCK_NUMBERS, self.settings.window], 1))

    def push(
        self, window: Tensor, clock: Clock, flow: Tensor, elapsed: Tensor, is_new: Tensor
    ) -> tuple[Tensor, Clock]:
        """Take in what moved since the frame before.

        Args:
            window: float32, (N, T, channels, h, w), fields in 256ths of a px, the oldest first.
            clock: Of before.
            flow: float32, (N, 2, h, w), px since the frame before.
            elapsed: float32, (N, 1), frame times since the frame before.
            is_new: float32, (N, 1), 1 where the picture is another than the one before.

        Returns:
            Window and clock as they are now.
        """
        was_long = (clock.pause > LONGEST_PAUSE).to(torch.float32)
        woke = is_new * was_long * (1 - clock.hung)
        moved = is_new * clock.seen * (1 - woke)
        steps = elapsed + clock.pause
        field = self._units(flow, torch.where(moved > 0, steps, torch.ones_like(steps)))
        shifted = torch.cat([window[:, 1:], field.unsqueeze(1)], 1)
        has_moved = moved > 0
        pause = (1 - is_new) * steps
        is_short = (pause <= LONGEST_PAUSE).to(torch.float32)
        return torch.where(has_moved[..., None, None, None], shifted, window), Clock(
            torch.ones_like(clock.seen),
            pause,
            torch.where(is_new > 0, was_long, clock.hung),
            torch.maximum(clock.known * (1 - woke) * is_short, moved),
            torch.where(has_moved, self._counted(clock.counts, steps), clock.counts * (1 - woke)),
        )

    def _units(self, flow: Tensor, steps: Tensor) -> Tensor:
        """A field of the window: whole 256ths of a px a frame time, as sums of them are exact."""
        units = flow / steps[..., None, None] * float(UNITS_PER_PIXEL)
        if self.settings.pooling is Pooling.MEAN_AND_SPEED:
            units = torch.cat([units, torch.sqrt((units * units).sum(1, keepdim=True))], 1)
        return torch.round(units).clamp(-_MOST_UNITS - 1.0, float(_MOST_UNITS))

    def _counted(self, counts: Tensor, steps: Tensor) -> Tensor:
        """Counts with those of the newest field; older ones leave room for it."""
        longest = float(self.settings.window)
        newest = torch.round(steps).clamp(1.0, longest)
        counts = torch.cat([counts[:, 1:], newest], 1)
        return torch.minimum(counts, (longest - counts @ self.newer).clamp(min=0.0))

    def pool(self, window: Tensor, counts: Tensor) -> Tensor:
        """The motion input of the scene's network, float32, (N, channels, h, w), px a frame."""
        filled = counts.sum(1, keepdim=True)
        weights, total = counts, filled
        if self.settings.pooling is Pooling.RANK:
            older = counts @ self.newer.T
            weights = counts * (2 * older + counts - filled)
            total = torch.floor(filled * filled / 2)
        pooled = weights.unsqueeze(1) @ window.flatten(2)
        pooled = pooled / (total.clamp(min=1.0) * float(UNITS_PER_PIXEL)).unsqueeze(2)
        return pooled.reshape(-1, *window.shape[2:])
