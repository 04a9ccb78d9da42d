from __future__ import annotations

import msgspec
import pytest

from edge_vad.alarms.settings import DecisionSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"false_alarms": "sometimes"},
        {"hysteresis": 0.5},
        {"quiet_s": 0},
        {"ignore": [[[0, 0], [1, 1]]]},
        {"ignore": [[[0, 0], [1, 1], [1, float("inf")]]]},
        {"colour": "red"},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, DecisionSettings)
