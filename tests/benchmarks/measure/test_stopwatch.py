from __future__ import annotations

import pytest

from edge_vad_bench.measure.stopwatch import Stopwatch


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_query_put_off_by_its_own_time_takes_twice_as_long(device):
    watch = Stopwatch()
    watch.start()
    sum(range(200_000))
    before = watch.cpu_ms if device == "cpu" else watch.elapsed_ms
    watch.inject_delay(1.0, device)
    watch.decided()
    assert (watch.cpu_ms if device == "cpu" else watch.elapsed_ms) >= 2 * before
