"""The optical-flow unit of Jetsons, through a simulated VPI: none of this has run on a Jetson."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_vpi import Backend, Format, OptFlowQuality

from edge_vad.errors import Unavailable
from edge_vad.flow_units import name_unit, open_unit
from edge_vad.opencv import cv2


def test_flow_is_that_of_the_unit_for_every_block(with_vpi, make) -> None:
    with_vpi()
    still = cv2.cvtColor(make.texture(height=90, width=122), cv2.COLOR_BGR2GRAY)
    unit = open_unit("vpi", 90, 122)
    flow = unit.calc(still, np.roll(still, (1, -2), axis=(0, 1)), None)
    assert flow.shape == (90, 122, 2)
    np.testing.assert_allclose(np.median(flow, axis=(0, 1)), (-2, 1), atol=0.1)
    assert len(np.unique(flow[:4, :4, 0])) == 1


@pytest.mark.parametrize(
    ("options", "size", "words"),
    [
        ({"has_unit": False}, (90, 122), "hardware not available"),
        ({}, (24, 122), "from 32x32 px on, and the scene has 122x24"),
        ({"turned": np.negative}, (90, 122), "measures -3.0 px"),
    ],
)
def test_what_cannot_measure_is_refused(with_vpi, options, size, words) -> None:
    with_vpi(**options)
    with pytest.raises(Unavailable, match=words):
        open_unit("vpi", *size)


def test_a_version_without_the_unit_is_refused(with_vpi, monkeypatch) -> None:
    module = with_vpi()
    monkeypatch.setattr(module, "Backend", type("Backend", (), {"VIC": 1}))
    with pytest.raises(Unavailable, match="knows no unit OFA"):
        name_unit("vpi")


def test_without_vpi_the_error_says_what_to_do() -> None:
    with pytest.raises(Unavailable, match="package vpi") as caught:
        open_unit("vpi", 90, 122)
    assert "JetPack" in caught.value.todo


def test_its_name_tells_the_version_and_the_generation(with_vpi, driver) -> None:
    with_vpi()
    assert name_unit("vpi") == "VPI 3 of compute capability 8.9"


def test_the_simulator_refuses_pictures_that_are_not_laid_out_in_blocks(with_vpi, make) -> None:
    vpi = with_vpi()
    rows = vpi.asimage(np.zeros((48, 64), np.uint8), Format.Y8_ER)
    with pytest.raises(RuntimeError, match="blocks"):
        vpi.optflow_dense(rows, rows, quality=OptFlowQuality.HIGH, backend=Backend.OFA)
    with pytest.raises(RuntimeError, match="VIC"):
        rows.convert(Format.Y8_ER_BL, backend=Backend.CUDA)
