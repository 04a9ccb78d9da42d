"""The street at any moment: what is seen, and where the anomaly is seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad.street.anomalies import Stage
from edge_vad.street.camera import Camera
from edge_vad.street.ground import background, furniture
from edge_vad.street.layout import Layout
from edge_vad.street.painter import Painter, Patch
from edge_vad.street.shapes import Drawing
from edge_vad.street.traffic import Traffic
from edge_vad.street.url import StreetOptions

_BUSY_WHEN_STAGED = 0.6


class Street:
    """A street whose every frame depends on the options and the index alone.

    Args:
        options: Which street, whose traffic, which anomaly.
    """

    def __init__(self, options: StreetOptions) -> None:
        self._options = options
        layout = Layout.of(options.scene, options.size)
        self._view = layout.view
        self._background = background(options.scene, options.size)
        self._furniture = furniture(options.scene, options.size)
        self._painter = Painter(*options.size)
        self._camera = Camera(options.size, options.seed, options.noise, options.light)
        self._stage = Stage(layout, options.seed, options.anomaly) if options.anomaly else None
        self._traffic = Traffic(layout, options.seed, _BUSY_WHEN_STAGED if self._stage else 0.0)

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Show frame `index`, uint8 (H, W, 3), blue-green-red."""
        time_s = index / self._options.fps
        picture = self._background.copy()
        drawings = [drawing for drawing, _ in self._drawings(time_s)]
        for drawing in drawings:
            if drawing.shadow is not None:
                self._painter.darken(picture, drawing.shadow)
        for patch, _ in self._patches([(drawing, False) for drawing in drawings]):
            patch.lay(picture)
        return self._camera.expose(picture, index, time_s)

    def truth(self, index: int) -> NDArray[np.bool_]:
        """The pixels of frame `index` that show an anomaly, bool (H, W)."""
        width, height = self._options.size
        visible = np.zeros((height, width), np.float32)
        drawings = self._drawings(index / self._options.fps)
        if any(odd for _, odd in drawings):
            for patch, odd in self._patches(drawings):
                patch.reveal(visible, odd)
        mask: NDArray[np.bool_] = visible > 0.5
        return mask

    def _drawings(self, time_s: float) -> list[tuple[Drawing, bool]]:
        """Everything that moves, and whether it is an anomaly."""
        actors = list(self._traffic.at(time_s))
        if self._stage is not None:
            actors += self._stage.at(time_s)
        return [(actor.draw(self._view, time_s), actor.is_odd(time_s)) for actor in actors]

    def _patches(self, drawings: list[tuple[Drawing, bool]]) -> list[tuple[Patch, bool]]:
        """All that can hide something, the farthest first."""
        painted = [(depth, patch, False) for depth, patch in self._furniture]
        for drawing, odd in drawings:
            patch = self._painter.paint(drawing)
            if patch is not None:
                painted.append((drawing.depth_m, patch, odd))
        painted.sort(key=lambda item: -item[0])
        return [(patch, odd) for _, patch, odd in painted]
