"""What decides the result of a training, besides the footage."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec.structs import replace

from edge_vad.motion.dynamic_flow import Pooling
from edge_vad.motion.extractor import LONGEST_WINDOW, MotionSettings
from edge_vad_train.model.stream_inputs import FLOW_CHANNELS, FOREGROUND_CHANNELS, RGB_CHANNELS
from edge_vad_train.model.vae import Architecture, Layer

LAYERS = (Layer(16, 3, 2), Layer(32, 3, 1))
"""Of encoders at a quarter of the frame's resolution: a receptive field of 7 px, every 2 px.

Channels are multiples of 16, which processors like.
"""

RGB_LAYERS = (Layer(16, 4, 2), Layer(32, 5, 2), Layer(32, 5, 2))
"""Of the paper's appearance encoder, at full resolution: 28 px, every 8 px."""

FLOW_LAYERS = (Layer(16, 4, 2), Layer(32, 4, 2), Layer(32, 2, 1))
"""Of the paper's motion encoder, at half the resolution: 14 px, every 4 px."""

Recipe = Literal["default", "paper"]

_POOLED_S = {"default": 0.5, "paper": 1.0}
"""Seconds of flow that are pooled."""

_FLOW_DOWNSCALE = {"default": 4, "paper": 2}
"""Flow fields are averaged over blocks of this many px a side."""


class TrainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides what a training gives, besides the footage.

    Attributes:
        recipe: `default`, or `paper` for what the paper's abstract states and nothing else.
        seed: Seed of everything random.
        steps: Optimiser steps a stream.
        latent: D, latent dimensions of each stream.
        components: K, components of the mixtures over learnt latents.
        score_cells: A frame's score is the mean of so many highest cells.
        patches: Patches that each stream learns from.
        cells: Cells that each mixture is fitted to.
        frame_budget: Most frames that are kept of the footage to learn from.
        window: Flow fields that are pooled (T); 0 for half a second of them.
        motion: Optical flow; how it is pooled follows from the recipe.
    """

    recipe: Recipe = "default"
    seed: int = 0
    steps: int = 1500
    latent: int = 8
    components: int = 24
    score_cells: int = 9
    patches: int = 50_000
    cells: int = 60_000
    frame_budget: int = 12_000
    window: int = 0
    motion: MotionSettings = MotionSettings()

    def at(self, fps: float) -> TrainSettings:
        """The settings with flow pooled as the recipe has it.

        Args:
            fps: Frames a second of the footage.
        """
        pooling = Pooling.RANK if self.recipe == "paper" else Pooling.MEAN_AND_SPEED
        window = self.window or min(max(1, round(_POOLED_S[self.recipe] * fps)), LONGEST_WINDOW)
        downscale = _FLOW_DOWNSCALE[self.recipe]
        motion = replace(self.motion, pooling=pooling, window=window, downscale=downscale)
        return replace(self, motion=motion)

    @property
    def architectures(self) -> dict[str, Architecture]:
        """Shapes of the streams by name."""
        if self.recipe == "paper":
            appearance = self._stream(RGB_CHANNELS, RGB_LAYERS)
            return {"appearance": appearance, "motion": self._stream(FLOW_CHANNELS, FLOW_LAYERS)}
        appearance = self._stream(FOREGROUND_CHANNELS, LAYERS)
        return {"appearance": appearance, "motion": self._stream(FLOW_CHANNELS, LAYERS)}

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of cells in a frame of this size, px."""
        motion, downscale = self.architectures["motion"], self.motion.downscale
        rows, columns = (
            (side // downscale - motion.patch) // motion.stride + 1 for side in (height, width)
        )
        return rows, columns

    def _stream(self, inputs: int, layers: tuple[Layer, ...]) -> Architecture:
        return Architecture(inputs, layers, self.latent, self.components)
