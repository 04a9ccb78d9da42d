from __future__ import annotations

import pytest
from judging.choosing import aucs_of, choice_table, leave_one_out

AUCS = {
    "defaults": {"a": 0.90, "b": 0.90, "c": 0.90},
    "tuned to a": {"a": 0.99, "b": 0.89, "c": 0.86},
}


def test_a_setting_is_chosen_without_the_scene_that_judges_it():
    """What is tuned to one scene wins with it, and never judges itself there."""
    choices = {each.scene: each for each in leave_one_out(AUCS)}
    assert choices["a"].setting == "defaults"
    assert choices["a"].auc == 0.90
    assert (choices["a"].best, choices["a"].loss) == ("tuned to a", pytest.approx(0.09))
    assert choices["b"].setting == "tuned to a"
    assert choices["b"].loss == pytest.approx(0.01)
    assert choices["c"].setting == "tuned to a"
    assert choices["c"].loss == pytest.approx(0.04)


def test_only_scenes_that_every_setting_was_measured_on_count():
    more = AUCS | {"half": {"a": 1.0, "b": 1.0}}
    assert [each.scene for each in leave_one_out(more)] == ["a", "b"]
    assert leave_one_out({"defaults": {"a": 0.9}}) == []


def test_seeds_are_averaged_and_avenue_counts_by_its_clips(evidence):
    aucs = aucs_of(
        [
            evidence(micro=0.8),
            evidence(micro=0.9, seed=1),
            evidence("avenue", micro=0.4, macro=0.7),
            evidence("home_office", figures={"alarms": {}}),
        ]
    )
    assert aucs == {"defaults": {"ped2": pytest.approx(0.85), "avenue": 0.7}}


def test_the_same_settings_by_other_code_are_another_choice(evidence):
    aucs = aucs_of([evidence(micro=0.8, code="1" * 16), evidence(micro=0.9, code="2" * 16)])
    assert set(aucs) == {"defaults @11111111", "defaults @22222222"}


def test_the_table_says_what_was_chosen_and_what_it_cost():
    table = choice_table(AUCS)
    assert "| tuned to a | 99.0 | 89.0 | 86.0 | 91.3 |" in table
    assert "| a | defaults | 90.0 | tuned to a | 99.0 | 9.0 |" in table
    assert "takes two scenes" in choice_table({"defaults": {"a": 0.9}})
