"""Pictures of every kind in one form."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad.sources.decoding.pictures import as_bgr, read_grey, read_picture

GREY = np.arange(48 * 64, dtype=np.uint32).reshape(48, 64).astype(np.uint8)
COLOUR = np.dstack([GREY, GREY[::-1], GREY[:, ::-1]])
ALPHA = np.dstack([COLOUR, GREY])


def _deep(image: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return image.astype(np.uint16) * 257


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (GREY, np.dstack([GREY] * 3)),
        (_deep(GREY), np.dstack([GREY] * 3)),
        (COLOUR, COLOUR),
        (_deep(COLOUR), COLOUR),
        (ALPHA, COLOUR),
        (_deep(ALPHA), COLOUR),
    ],
    ids=["grey", "grey 16 bit", "colour", "colour 16 bit", "alpha", "alpha 16 bit"],
)
def test_every_picture_becomes_eight_bit_blue_green_red(
    tmp_path: Path, suffix: str, stored: NDArray[np.integer], expected: NDArray[np.uint8]
) -> None:
    path = tmp_path / f"picture{suffix}"
    assert cv2.imwrite(str(path), stored)
    image = read_picture(path)
    assert image is not None
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("image", [GREY, GREY[:, :, None], _deep(GREY), np.dstack([GREY] * 4)])
def test_every_image_of_a_decoder_becomes_blue_green_red(image: NDArray[np.integer]) -> None:
    converted = as_bgr(image)
    assert converted.flags.c_contiguous
    np.testing.assert_array_equal(converted, np.dstack([GREY] * 3))


def test_an_image_in_the_right_form_is_not_copied() -> None:
    image = np.ascontiguousarray(COLOUR)
    assert np.shares_memory(as_bgr(image), image)


def test_a_mask_is_read_as_grey(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "mask.bmp"), GREY)
    np.testing.assert_array_equal(read_grey(tmp_path / "mask.bmp"), GREY)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".bmp"])
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_picture_cut_short_is_none(tmp_path: Path, suffix: str, kept: float) -> None:
    _, whole = cv2.imencode(suffix, COLOUR)
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole.tobytes()[: int(whole.size * kept)])
    assert read_picture(path) is None


def test_a_jpeg_with_a_tail_after_its_end_is_whole(tmp_path: Path) -> None:
    _, whole = cv2.imencode(".jpg", COLOUR)
    path = tmp_path / "tail.jpg"
    path.write_bytes(whole.tobytes() + b"maker's notes")
    assert read_picture(path) is not None


def test_a_file_that_is_gone_is_none(tmp_path: Path) -> None:
    assert read_picture(tmp_path / "gone.png") is None
