"""As many threads as pay for themselves."""

import os

import msgspec
import pytest

from edge_vad.backends.threads import default_threads
from edge_vad.scene_model import SceneModel


@pytest.fixture
def card(tiny_scene):
    return SceneModel.read(tiny_scene()).card


def sized(card, width, height):
    return msgspec.structs.replace(card, width=width, height=height)


def test_a_small_frame_is_left_to_one_thread_and_a_large_one_has_all_cores(card, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5})
    assert default_threads(sized(card, 360, 240)) == 1
    assert default_threads(sized(card, 640, 360)) == 3
