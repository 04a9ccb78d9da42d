"""What `edge-vad doctor` says of flow units, through simulated ones."""

from __future__ import annotations

import numpy as np

from edge_vad.doctor.flow import examine_flow_units


def test_units_that_measure_rightly_are_named_as_scenes_name_them(driver, with_vpi) -> None:
    with_vpi()
    nvof, vpi = examine_flow_units()
    assert (nvof.present, nvof.detail) == (True, "NVOF of compute capability 8.9")
    assert (vpi.present, vpi.detail) == (True, "VPI 3 of compute capability 8.9")
    assert driver.executed == 1


def test_a_unit_that_errs_is_not_there_and_says_what_it_measured(with_vpi) -> None:
    with_vpi(turned=np.negative)
    _, vpi = examine_flow_units()
    assert not vpi.present
    assert "measures -3.0 px" in vpi.detail
    assert vpi.mend
