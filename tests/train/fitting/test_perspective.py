"""One line over the rows tells how fast ordinary things are there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_vad_train.fitting.perspective import fit_scale

NOISE_PX = 0.2
ROWS = 20


def moving(speed_of_row: np.ndarray, each: int = 150, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Rows and speeds of so many cells a row, spread about the row's speed."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(len(speed_of_row)), each)
    speeds = speed_of_row[rows] * rng.uniform(0.6, 1.4, len(rows))
    return rows, speeds.astype(np.float32)


@given(st.floats(2, 3), st.floats(0, 0.3))
def test_the_line_that_speeds_follow_is_found(top: float, more: float) -> None:
    line = top + more * np.arange(ROWS)
    np.testing.assert_allclose(fit_scale(*moving(line), ROWS), line, rtol=0.15)


def test_a_few_people_who_run_do_not_bend_the_line() -> None:
    line = np.linspace(1, 3, ROWS)
    rows, speeds = moving(line)
    speeds[::5] *= 10
    np.testing.assert_allclose(fit_scale(rows, speeds, ROWS), line, rtol=0.3)


def test_rows_that_rest_on_few_cells_say_nothing() -> None:
    line = np.linspace(1, 3, ROWS)
    rows, speeds = moving(line)
    more = np.full(90, 100, np.float32)
    outliers = np.full(90, ROWS), more
    scale = fit_scale(np.append(rows, outliers[0]), np.append(speeds, more), ROWS + 1)
    np.testing.assert_allclose(scale[:-1], line, rtol=0.15)


def test_rows_that_say_other_than_their_neighbours_are_outvoted() -> None:
    line = np.linspace(1, 3, ROWS)
    line[4], line[15] = 3, 1
    scale = fit_scale(*moving(line), ROWS)
    np.testing.assert_allclose(np.diff(scale, 2), 0, atol=1e-4)
    np.testing.assert_allclose(scale, np.linspace(1, 3, ROWS), rtol=0.35)


@pytest.mark.parametrize("cells", [0, 1, 99])
def test_where_hardly_anything_moves_the_scale_is_one_pixel(cells: int) -> None:
    rows, speeds = np.zeros(cells, np.intp), np.full(cells, 7, np.float32)
    assert fit_scale(rows, speeds, ROWS).tolist() == [1.0] * ROWS


def test_of_few_rows_one_number_is_taken_for_all() -> None:
    rows, speeds = moving(np.array([2.0, 4.0]))
    scale = fit_scale(rows + 6, speeds, ROWS)
    assert scale.tolist() == [pytest.approx(np.hypot(np.median(speeds), NOISE_PX))] * ROWS


def test_motion_that_is_slower_than_the_flows_noise_is_measured_by_the_noise() -> None:
    scale = fit_scale(*moving(np.full(ROWS, 0.02)), ROWS)
    np.testing.assert_allclose(scale, NOISE_PX, rtol=0.01)


def test_the_scale_is_nowhere_below_a_quarter_of_the_median() -> None:
    line = np.maximum(np.linspace(-40, 40, ROWS), 0.5)
    rows, speeds = moving(line)
    scale = fit_scale(rows, speeds, ROWS)
    assert scale.min() == pytest.approx(np.hypot(0.25 * np.median(speeds), NOISE_PX))


@given(
    arrays(np.intp, 400, elements=st.integers(0, ROWS - 1)),
    arrays(np.float32, 400, elements=st.floats(0.125, 200, width=32)),
)
def test_whatever_was_measured_every_row_has_a_scale_above_nought(
    rows: np.ndarray, speeds: np.ndarray
) -> None:
    scale = fit_scale(rows, speeds, ROWS)
    assert (scale.shape, scale.dtype) == ((ROWS,), np.float32)
    assert np.isfinite(scale).all()
    assert scale.min() >= 0.249 * np.median(speeds)
