"""What decides the result of a training, besides the footage."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from edge_vad.flow_units import UNITS, name_unit
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

_POOLED_S = {"default": 0.6, "paper": 1.0}
"""Seconds of flow that are pooled."""

_FLOW_DOWNSCALE = {"default": 4, "paper": 2}
"""Flow fields are averaged over blocks of this many px a side."""


FLOWS = {
    "tuned": MotionSettings(),
    "parallel": MotionSettings(propagation=False),
    "medium": MotionSettings(patch_stride=3, iterations=25, refinements=5, smoothness=20.0),
    **{name: MotionSettings(code=name) for name in UNITS},
}
"""Optical flow by name: the first is the default. A unit's full name is known when training begins:
`TrainSettings.at` puts it in."""

INTERNAL = ("score_cells", "patches", "cells")
"""Settings without an option: another value is another method."""


class TrainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides what a training gives, besides the footage.

    All but `INTERNAL` are options of `edge-vad train`: their names, help, bounds and defaults are
    declared here alone, see `edge_vad_train.cli.settings_options`.

    Attributes:
        score_cells: A frame's score is the mean of so many highest cells.
        patches: Patches that each stream learns from.
        cells: Cells that each mixture is fitted to.
    """

    recipe: Annotated[
        Recipe,
        Meta(description="The method: ours, or what the paper's abstract states and nothing else."),
    ] = "default"
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1, description="Seed of all randomness.")] = 0
    steps: Annotated[int, Meta(ge=1, description="Optimiser steps a stream.")] = 1500
    latent: Annotated[
        int, Meta(ge=1, le=64, description="Latent dimensions of each stream (D).")
    ] = 8
    components: Annotated[
        int, Meta(ge=1, le=128, description="Components of the mixtures over learnt latents (K).")
    ] = 24
    score_cells: int = 9
    patches: int = 50_000
    cells: int = 60_000
    frame_budget: Annotated[
        int,
        Meta(
            ge=100,
            description="Most frames kept to learn from, from all over longer footage; thresholds "
            "come from every frame.",
            extra={"option": "--frames"},
        ),
    ] = 24_000
    window: Annotated[
        int,
        Meta(
            ge=0,
            le=LONGEST_WINDOW,
            description="Flow fields that are pooled (T).",
            extra={"default": "0.6 s"},
        ),
    ] = 0
    motion: Annotated[
        MotionSettings,
        Meta(
            description="Optical flow: tuned for detection, the same in parallel for motion inside "
            "graphs on a GPU, OpenCV's DIS preset medium, or a flow unit of NVIDIA's hardware.",
            extra={"option": "--flow", "choices": FLOWS},
        ),
    ] = MotionSettings()

    def at(self, fps: float) -> TrainSettings:
        """The settings with flow pooled as the recipe has it.

        Args:
            fps: Frames a second of the footage.

        Raises:
            Unavailable: Flow is to be measured by a unit that is not here.
        """
        pooling = Pooling.RANK if self.recipe == "paper" else Pooling.MEAN_AND_SPEED
        window = self.window or min(max(1, round(_POOLED_S[self.recipe] * fps)), LONGEST_WINDOW)
        downscale = _FLOW_DOWNSCALE[self.recipe]
        code = self.motion.code
        motion = replace(
            self.motion,
            pooling=pooling,
            window=window,
            downscale=downscale,
            code=name_unit(code) if code in UNITS else code,
        )
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
