"""An interrupted training is taken up where nothing has changed, and not where something has."""

from __future__ import annotations

import pytest

from edge_vad.errors import WrongUse
from edge_vad_train.settings import TrainSettings
from edge_vad_train.site.plan import TrainPlan, take_up


@pytest.fixture
def footage(make, tmp_path):
    return make.avi(tmp_path / "monday.avi", make.movement(5))


@pytest.fixture
def plan(footage):
    return TrainPlan([str(footage)], "video", None, False, TrainSettings())


def begin(out, plan):
    assert not take_up(out, plan, overwrite=False)
    (out / "work/motion.safetensors").write_bytes(b"half of it")


def test_footage_that_was_replaced_under_its_name_is_not_mixed_with_what_was_read(
    plan, footage, make, tmp_path
):
    out = tmp_path / "runs"
    begin(out, plan)
    assert take_up(out, plan, overwrite=False)
    make.avi(footage, make.movement(6))
    with pytest.raises(WrongUse, match="unfinished training with other footage"):
        take_up(out, plan, overwrite=False)
    assert (out / "work/motion.safetensors").exists()
    assert not take_up(out, plan, overwrite=True)
    assert not (out / "work/motion.safetensors").exists()


def test_another_part_of_a_recording_is_other_footage(plan, footage):
    halves = [f"{footage}:0-50%", f"{footage}:50%-"]
    keys = {TrainPlan([each], "video", None, False, TrainSettings()).key() for each in halves}
    assert len(keys | {plan.key()}) == 3
