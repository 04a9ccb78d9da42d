"""What stays is told from what passes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from edge_vad_train.appearance import Appearance, grey_of
from edge_vad_train.model import Architecture, Encoder, Layer
from edge_vad_train.network import Streams

SIDE = 96
THING = (slice(8, 14), slice(8, 14))


@pytest.fixture(scope="module")
def streams() -> Streams:
    layers = (Layer(4, 4, 2), Layer(4, 2, 2))
    encoders = Encoder(Architecture(3, layers, 2, 1)), Encoder(Architecture(2, layers, 2, 1))
    torch.manual_seed(0)
    return Streams(Appearance(0.3 + 0.4 * torch.rand(1, 3, SIDE, SIDE)), encoders)


def seen(streams: Streams, lately: float, now: float, weight: float = 1.0) -> Tensor:
    """What `stays` says of a thing that was there for a share of the time, and is there now."""
    background = streams.appearance.background
    look = torch.zeros(1, 3, SIDE, SIDE)
    look[:, :, THING[0], THING[1]] = now
    recent = grey_of(background) * weight
    recent[:, 0, THING[0], THING[1]] += weight * lately
    weights = torch.full((1, 1, 1, 1), weight)
    _, differed = streams.appearance.now_and_lately(frame_of(background), recent, weights)
    return streams.stays(look, differed)


def frame_of(picture: Tensor) -> Tensor:
    """The frame that shrinks to a picture, uint8."""
    large = picture.repeat_interleave(2, 2).repeat_interleave(2, 3)
    return (large * 255).round().to(torch.uint8).permute(0, 2, 3, 1)


@pytest.mark.parametrize("sign", [1, -1])
def test_what_was_there_lately_stays_and_what_was_not_does_not(streams: Streams, sign: int) -> None:
    stays, passes = seen(streams, sign * 0.2, sign * 0.2), seen(streams, 0.0, sign * 0.2)
    assert float(stays[:, 0].max()) > 4 * float(passes[:, 0].max())
    assert float(stays[:, 1].max()) > 4 * float(passes[:, 1].max())


def test_what_is_gone_does_not_stay(streams: Streams) -> None:
    assert float(seen(streams, 0.3, 0.0)[:, 1].max()) < 0.2


def test_what_was_brighter_and_is_darker_now_does_not_stay(streams: Streams) -> None:
    assert float(seen(streams, 0.3, -0.3)[:, 1].max()) < 0.2


def test_soon_after_the_start_hardly_anything_has_stayed(streams: Streams) -> None:
    early, late = (seen(streams, 0.2, 0.2, weight) for weight in (0.05, 1.0))
    assert float(early[:, 0].max()) < 0.3 * float(late[:, 0].max())


def test_a_shadow_that_lies_there_lately_and_now_does_not_stay(streams: Streams) -> None:
    background = streams.appearance.background
    band = 1 - 0.4 * torch.sigmoid((torch.arange(SIDE) - 40.0) / 3)[:, None]
    shaded = background * band
    recent = grey_of(shaded)
    stays = streams.stays(
        *streams.appearance.now_and_lately(frame_of(shaded), recent, torch.ones(1, 1, 1, 1))
    )
    assert float(stays[:, 0].max()) < 0.1
    assert float(stays[:, 1].max()) < 0.5
