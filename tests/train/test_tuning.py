"""Tuning keeps what tells self-made anomalies clearly better, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge_vad_train.choosing import Trial
from edge_vad_train.self_made import Choice
from edge_vad_train.settings import TrainSettings
from edge_vad_train.tuning import TUNED, sigmas_to_learn, tune

SETTINGS = TrainSettings(tune=True)


def tried(merit: float) -> Trial:
    return Trial(1.0, None, [], None, Choice((0.0, 1.0, 0.0), {}, merit), {})  # type: ignore[arg-type]


def tuned(merit: Callable[[TrainSettings], float]) -> tuple[TrainSettings, list[TrainSettings]]:
    """What is chosen where settings have that merit, and all that was tried on the way."""
    attempts: list[TrainSettings] = []

    def attempt(settings: TrainSettings) -> Trial:
        attempts.append(settings)
        return tried(merit(settings))

    chosen, trial = tune(SETTINGS, attempt(SETTINGS), attempt)
    assert trial.merit == merit(chosen)
    return chosen, attempts


def changed(settings: TrainSettings) -> set[str]:
    return {name for name in TUNED if getattr(settings, name) != getattr(SETTINGS, name)}


def test_what_is_hardly_better_changes_nothing() -> None:
    chosen, attempts = tuned(lambda settings: 0.019 * bool(changed(settings)))
    assert chosen == SETTINGS
    assert len(attempts) == 1 + 2 * len(TUNED)


def test_what_is_clearly_better_is_kept_and_what_comes_next_begins_there() -> None:
    wanted = replace(
        SETTINGS,
        motion_sigma=SETTINGS.motion_sigma * 2,
        appearance_sigma=SETTINGS.appearance_sigma / 2,
    )

    def merit(settings: TrainSettings) -> float:
        right = settings.motion_sigma == wanted.motion_sigma
        return 0.1 * right * (1 + (settings.appearance_sigma == wanted.appearance_sigma))

    chosen, _ = tuned(merit)
    assert chosen == wanted


def test_where_nobody_moves_nothing_is_changed() -> None:
    nobody = tried(0.0)._replace(choice=None)
    assert tune(SETTINGS, nobody, lambda _: nobody) == (SETTINGS, nobody)


@given(st.lists(st.floats(-1, 1), min_size=7, max_size=7))
def test_nothing_is_tried_that_was_not_learnt_and_nothing_chosen_that_is_worse(
    merits: list[float],
) -> None:
    merit_of: dict[TrainSettings, float] = {}

    def merit(settings: TrainSettings) -> float:
        if settings not in merit_of:
            merit_of[settings] = merits[len(merit_of)]
        return merit_of[settings]

    chosen, attempts = tuned(merit)
    for stream in ("appearance", "motion"):
        learnt = sigmas_to_learn(SETTINGS, stream)
        assert {getattr(each, f"{stream}_sigma") for each in attempts} <= set(learnt)
    assert chosen == SETTINGS or merit(chosen) >= merit(SETTINGS) + 0.02


def test_without_tuning_a_stream_is_learnt_once() -> None:
    plain = TrainSettings(motion_sigma=2.0)
    assert sigmas_to_learn(plain, "motion") == (2.0,)
