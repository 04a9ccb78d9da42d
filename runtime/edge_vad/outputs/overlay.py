"""Draws what was detected onto the frame it was detected in."""

from __future__ import annotations

from math import ceil

import numpy as np

from edge_vad.detection import Box, Detection
from edge_vad.opencv import cv2
from edge_vad.outputs.drawing import Colour, Image
from edge_vad.outputs.footer import Footer
from edge_vad.outputs.heatmap import Heatmap
from edge_vad.scene_model import SceneCard

LEAST_WIDTH = 640
"""Smaller frames are enlarged by a whole factor until they are as wide, px."""

_BOX: Colour = (250, 248, 255)
_SHADOW: Colour = (48, 40, 44)


class Overlay:
    """Draws detections, one after the other, into one picture that is used again.

    Args:
        card: The scene model's metadata, for the anomaly map's geometry.
        width: Columns of the source's frames.
        height: Rows of the source's frames.

    Attributes:
        width: Columns of the drawn picture.
        height: Rows of the drawn picture: the enlarged frame and a strip below it.
    """

    def __init__(self, card: SceneCard, width: int, height: int) -> None:
        self._zoom = ceil(LEAST_WIDTH / width)
        self.width, rows = width * self._zoom, height * self._zoom
        strip = round(self.width / 16)
        strip += (rows + strip) % 2  # video codecs want an even height
        self.height = rows + strip
        self._footer = Footer(self.width, strip)
        self._footer_canvas = self._footer.canvas()
        self._heatmap = Heatmap(card, self.width, rows)
        self._drawn = np.zeros((self.height, self.width, 3), np.uint8)
        self._picture, self._strip = self._drawn[:rows], self._drawn[rows:]

    def draw(self, detection: Detection) -> Image:
        """Draw one detection.

        Returns:
            uint8, (height, width, 3), blue-green-red, as `self.height` and `self.width` say. The
            array is reused by the next call; the detection's own frame is left as it is.
        """
        size = self._picture.shape[1::-1]
        image = detection.frame.image
        cv2.resize(image, size, dst=self._picture, interpolation=cv2.INTER_CUBIC)
        self._heatmap.blend(detection.anomaly_map, detection.threshold, self._picture)
        if detection.box is not None:
            draw_box(self._picture, detection.box, size[0] / image.shape[1])
        self._footer.draw(detection, self._footer_canvas, self._strip)
        return self._drawn


def draw_box(picture: Image, box: Box, zoom: float) -> None:
    """Draw a thin frame with heavy corners, in place.

    Args:
        picture: The frame, made larger or smaller.
        box: In px of the frame.
        zoom: How many times larger the picture is.
    """
    rows, columns = picture.shape[:2]
    left, top = round(box.x * zoom), round(box.y * zoom)
    right, bottom = round((box.x + box.width) * zoom), round((box.y + box.height) * zoom)
    right, bottom = min(right, columns) - 1, min(bottom, rows) - 1
    thin = max(1, columns // 640)
    arm = min(right - left, bottom - top, 6 * columns // 64) // 3
    # Dark below light, so that the lines stand out from any picture.
    for colour, extra in ((_SHADOW, 2 * thin), (_BOX, 0)):
        cv2.rectangle(picture, (left, top), (right, bottom), colour, thin + extra // 2, cv2.LINE_AA)
        for x, inward in ((left, arm), (right, -arm)):
            for y, down in ((top, arm), (bottom, -arm)):
                corner = np.array([(x + inward, y), (x, y), (x, y + down)], np.int32)
                cv2.polylines(picture, [corner], False, colour, 3 * thin + extra, cv2.LINE_AA)
