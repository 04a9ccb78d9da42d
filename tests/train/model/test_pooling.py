from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from edge_vad_train.model.pooling import window_means


@pytest.mark.parametrize(
    ("size", "stride", "padding"),
    [(14, 4, 0), (4, 4, 0), (3, 1, 0), (5, 1, 1), (5, 2, 2), (1, 1, 0)],
)
def test_means_over_windows_are_those_of_average_pooling(
    size: int, stride: int, padding: int
) -> None:
    image = torch.rand(2, 3, 31, 46, generator=torch.Generator().manual_seed(0))
    expected = F.avg_pool2d(image, size, stride, padding, count_include_pad=False)
    torch.testing.assert_close(window_means(image, size, stride, padding), expected)
