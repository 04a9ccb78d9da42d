from __future__ import annotations

import numpy as np
import pytest

from edge_vad.outputs.maps import MapsFile


@pytest.mark.parametrize("frames", [0, 1, 37])
def test_numpy_reads_the_maps_without_pickle(tmp_path, frames):
    maps = np.random.default_rng(0).random((frames, 4, 5)).astype(np.float32)
    with MapsFile(tmp_path / "maps.npz", 4, 5) as file:
        for each in maps:
            file.write(each)
    with np.load(tmp_path / "maps.npz", allow_pickle=False) as archive:
        assert list(archive) == ["maps"]
        assert archive["maps"].dtype == np.float32
        np.testing.assert_array_equal(archive["maps"], maps)


def test_nothing_but_the_maps_is_left(tmp_path):
    with MapsFile(tmp_path / "maps.npz", 4, 5) as file:
        file.write(np.zeros((4, 5), np.float32))
        file.close()
    assert [each.name for each in tmp_path.iterdir()] == ["maps.npz"]


def test_any_layout_of_a_map_is_written_row_by_row(tmp_path):
    turned = np.arange(20, dtype=np.float64).reshape(5, 4).T
    with MapsFile(tmp_path / "maps.npz", 4, 5) as file:
        file.write(turned)
    with np.load(tmp_path / "maps.npz") as archive:
        np.testing.assert_array_equal(archive["maps"][0], turned)
