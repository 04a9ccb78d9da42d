from __future__ import annotations

import sys

import pytest

from edge_vad.bulk.ray_cluster import check_address
from edge_vad.errors import WrongUse


@pytest.mark.parametrize(
    "address", ["auto", "local", "127.0.0.1:6379", "head:6379", "ray://head:10001", "[::1]:6379"]
)
def test_addresses_of_clusters_are_known(address):
    assert check_address(address) == address


@pytest.mark.parametrize("text", ["monday.mp4", "clips/a:0-100", "head", "", "rtsp://a:b@c/d"])
def test_a_source_after_ray_is_not_taken_for_an_address(text):
    with pytest.raises(WrongUse, match="is no address of a Ray cluster"):
        check_address(text)


def test_without_ray_installed_it_is_said_what_is_missing(
    edge_vad, tiny_scene, clip, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "ray", None)
    answer = edge_vad("score", tiny_scene(), clip, "--out", tmp_path / "out", "--ray=local")
    assert answer.code == 4
    assert "pip install 'edge-vad[ray]'" in answer.err
    assert not [each for each in (tmp_path / "out").glob("*") if each.name != "archive.json"]
