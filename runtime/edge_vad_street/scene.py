"""The street at any moment: what is seen, and where the anomaly is seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad_street.acts.anomalies import Stage
from edge_vad_street.camera import Camera
from edge_vad_street.disturbances import shown_index
from edge_vad_street.drawing.painter import Painter, Patch
from edge_vad_street.drawing.shapes import Drawing
from edge_vad_street.layout import Layout
from edge_vad_street.scenery import dusk
from edge_vad_street.scenery.foliage import Foliage
from edge_vad_street.scenery.ground import Standing, background, furniture
from edge_vad_street.scenery.weather import CloudShadows, Effect, Rain
from edge_vad_street.traffic import Traffic
from edge_vad_street.url import StreetOptions

_BUSY_WHEN_STAGED = 0.6


class Street:
    """A street whose every frame depends on the options and the index alone.

    Args:
        options: Which street, whose traffic, which anomaly.
    """

    def __init__(self, options: StreetOptions) -> None:
        self._options = options
        layout = Layout.of(options.scene, options.size, options.view)
        self._view = layout.view
        self._background = background(layout)
        self._standing = furniture(layout)
        self._foliage = _foliage(self._standing, options)
        self._painter = Painter(*options.size)
        noise = options.noise * (dusk.NOISE if options.time_of_day == "dusk" else 1.0)
        self._camera = Camera(options.size, options.seed, noise, options.light, options.nuisance)
        self._effects = _effects(layout, options)
        self._stage = Stage(layout, options.seed, options.anomaly) if options.anomaly else None
        self._traffic = Traffic(layout, options.seed, _BUSY_WHEN_STAGED if self._stage else 0.0)

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Show frame `index`, uint8 (H, W, 3), blue-green-red."""
        index = self._shown(index)
        time_s = index / self._options.fps
        picture = self._background.copy()
        drawings = [drawing for drawing, _ in self._drawings(time_s)]
        for drawing in drawings:
            if drawing.shadow is not None:
                self._painter.darken(picture, drawing.shadow)
        for patch, _ in self._patches([(drawing, False) for drawing in drawings], time_s):
            patch.lay(picture)
        for effect in self._effects:
            effect.fall_on(picture, index, time_s)
        return self._camera.expose(picture, index, time_s)

    def truth(self, index: int) -> NDArray[np.bool_]:
        """The pixels of frame `index` that show an anomaly, bool (H, W)."""
        width, height = self._options.size
        visible = np.zeros((height, width), np.float32)
        time_s = self._shown(index) / self._options.fps
        drawings = self._drawings(time_s)
        if any(odd for _, odd in drawings):
            for patch, odd in self._patches(drawings, time_s):
                patch.reveal(visible, odd)
        mask: NDArray[np.bool_] = self._camera.shake(visible, time_s) > 0.5
        return mask

    def _shown(self, index: int) -> int:
        """The frame that the camera sends at `index`."""
        if self._options.nuisance != "pause":
            return index
        return shown_index(self._options.seed, index, self._options.fps)

    def _drawings(self, time_s: float) -> list[tuple[Drawing, bool]]:
        """Everything that moves, and whether it is an anomaly."""
        actors = list(self._traffic.at(time_s))
        if self._stage is not None:
            actors += self._stage.at(time_s)
        return [(actor.draw(self._view, time_s), actor.is_odd(time_s)) for actor in actors]

    def _patches(
        self, drawings: list[tuple[Drawing, bool]], time_s: float
    ) -> list[tuple[Patch, bool]]:
        """All that can hide something, the farthest first."""
        painted = [
            (thing.depth_m, foliage.at(time_s) if foliage else thing.patch, False)
            for thing, foliage in zip(self._standing, self._foliage, strict=True)
        ]
        for drawing, odd in drawings:
            patch = self._painter.paint(drawing)
            if patch is not None:
                painted.append((drawing.depth_m, patch, odd))
        painted.sort(key=lambda item: -item[0])
        return [(patch, odd) for _, patch, odd in painted]


def _foliage(standing: tuple[Standing, ...], options: StreetOptions) -> list[Foliage | None]:
    """The wind in each standing thing, or None where there is none."""
    windy = options.nuisance == "leaves"
    return [
        Foliage(thing.patch, options.size, options.seed) if windy and thing.sways else None
        for thing in standing
    ]


def _effects(layout: Layout, options: StreetOptions) -> list[Effect]:
    """What changes the light of the picture, in this order."""
    effects: list[Effect] = []
    if options.time_of_day == "dusk":
        effects.append(dusk.Dusk(layout))
    if options.nuisance == "cloud_shadows":
        effects.append(CloudShadows(layout, options.seed))
    if options.nuisance == "rain":
        effects.append(Rain(options.size, options.seed))
    return effects
