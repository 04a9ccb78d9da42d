"""What decides the result of a training, besides the footage."""

from __future__ import annotations

import msgspec

from edge_vad.motion import MotionSettings
from edge_vad_train.appearance import SILHOUETTES
from edge_vad_train.checkpoint import Design
from edge_vad_train.expectation_maximisation import NOISE_FLOOR
from edge_vad_train.model import Architecture, Layer
from edge_vad_train.network import GENERATION

LAYERS = {
    4: (Layer(16, 4, 2), Layer(32, 5, 1), Layer(32, 2, 1)),
    8: (Layer(16, 4, 2), Layer(32, 4, 2), Layer(32, 2, 1)),
    16: (Layer(16, 4, 2), Layer(32, 4, 2), Layer(32, 2, 2)),
}
"""The encoders' layers by the distance between cells, px of the frame.

All have a receptive field of 14 px at half the frame's resolution, 28 px of it. Channels are
multiples of 16, which processors like.
"""


class TrainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides what a training gives, besides the footage.

    Attributes:
        seed: Seed of everything random.
        steps: Most optimiser steps a stream; fewer where it would overfit.
        latent: D, latent dimensions of each stream.
        components: K, components of the mixtures; the joint one has twice as many.
        cell: Distance between neighbouring cells of the anomaly map, px of the frame, one of
            `LAYERS`.
        noise_floor: Added to every variance of the mixtures.
        appearance_sigma: Reconstruction noise of the appearance stream, 1 is a whole silhouette.
        motion_sigma: Reconstruction noise of the motion stream, px a frame.
        patches: Patches that each stream learns from.
        cells: Latents that each mixture is fitted to.
        tune: Whether both sigmas and the noise floor are only where `tuning.tune` begins.
        frame_budget: Most frames that are kept of the footage.
        motion: Optical flow and pooling.
    """

    seed: int = 0
    steps: int = 2500
    latent: int = 8
    components: int = 24
    cell: int = 8
    noise_floor: float = NOISE_FLOOR
    appearance_sigma: float = 0.15
    motion_sigma: float = 2.5
    tune: bool = False
    patches: int = 50_000
    cells: int = 60_000
    frame_budget: int = 12_000
    motion: MotionSettings = MotionSettings()

    @property
    def design(self) -> Design:
        """Shape of the network."""
        return Design(
            appearance=self._stream(SILHOUETTES),
            motion=self._stream(self.motion.pooling.channels),
            components=(self.components, self.components, 2 * self.components),
            generation=GENERATION,
        )

    def _stream(self, inputs: int) -> Architecture:
        return Architecture(inputs, LAYERS[self.cell], self.latent, self.components)
