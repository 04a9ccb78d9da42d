"""Fitting a stream: the same seed gives the same weights, whatever happens on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning_fabric import Fabric
from safetensors.torch import save_file
from torch import Tensor

from edge_vad.errors import BadModel
from edge_vad_train.fitting import vae_training
from edge_vad_train.fitting.vae_training import (
    Diverged,
    FitSettings,
    count_active,
    fit_stream,
)
from edge_vad_train.model.vae import Architecture, Layer, StreamVAE

ARCHITECTURE = Architecture(2, (Layer(4, 3, 2), Layer(3, 2, 1)), latent=2, components=2)
SETTINGS = FitSettings(sigma=1.0, steps=24, batch=16, seed=5)
PATCHES = torch.randn(40, 2, 5, 5, generator=torch.Generator().manual_seed(0))


class Interruption:
    """Presses Ctrl-C when this many steps are done."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __call__(self, steps: int, loss: float) -> None:
        self._left -= steps
        if self._left <= 0:
            raise KeyboardInterrupt


def fitted(
    state: Path, options: FitSettings = SETTINGS, patches: Tensor = PATCHES, **more: object
) -> StreamVAE:
    return fit_stream(patches, ARCHITECTURE, options, Fabric(accelerator="cpu"), state, **more)


def assert_same(one: StreamVAE, other: StreamVAE) -> None:
    theirs = other.state_dict()
    for name, value in one.state_dict().items():
        assert torch.equal(value, theirs[name]), name


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> StreamVAE:
    return fitted(tmp_path_factory.mktemp("fit") / "state.safetensors")


def test_the_same_seed_gives_the_same_weights(uninterrupted: StreamVAE, tmp_path: Path) -> None:
    torch.manual_seed(99)
    assert_same(uninterrupted, fitted(tmp_path / "state.safetensors"))


def test_another_seed_gives_other_weights(uninterrupted: StreamVAE, tmp_path: Path) -> None:
    other = fitted(
        tmp_path / "state.safetensors", FitSettings(sigma=1.0, steps=24, batch=16, seed=6)
    )
    assert not torch.equal(
        uninterrupted.state_dict()["encoder.mean.weight"], other.state_dict()["encoder.mean.weight"]
    )


def test_the_loss_falls_and_every_step_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, float]] = []
    options = FitSettings(sigma=0.3, steps=150, batch=32)
    fitted(tmp_path / "state.safetensors", options, progress=lambda *step: told.append(step))
    assert sum(steps for steps, _ in told) == 150
    losses = [loss for steps, loss in told if steps]
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])


@given(st.lists(st.integers(1, SETTINGS.steps), min_size=1, max_size=3), st.sampled_from([5, 200]))
@settings(max_examples=12)
def test_interruptions_leave_no_trace_in_the_weights(
    uninterrupted: StreamVAE,
    tmp_path_factory: pytest.TempPathFactory,
    stops: list[int],
    save_every: int,
) -> None:
    state = tmp_path_factory.mktemp("fit") / "state.safetensors"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vae_training, "_SAVE_EVERY", save_every)
        for stop in sorted(stops):
            with pytest.raises(KeyboardInterrupt):
                fitted(state, progress=Interruption(stop))
        assert_same(uninterrupted, fitted(state))


@pytest.mark.parametrize("saved", [False, True])
def test_an_interruption_amid_the_change_of_the_weights_leaves_no_trace(
    uninterrupted: StreamVAE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: bool
) -> None:
    change, changes = torch.optim.Adam.step, iter(range(1, 100))

    def interrupted(self: torch.optim.Adam, *args: object, **named: object) -> object:
        result = change(self, *args, **named)
        if next(changes) == 9:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(vae_training, "_SAVE_EVERY", 4 if saved else 200)
    state = tmp_path / "state.safetensors"
    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fitted(state)
    assert state.exists() == saved
    assert_same(uninterrupted, fitted(state))


def test_a_finished_fit_is_not_done_again(uninterrupted: StreamVAE, tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    fitted(state)
    told: list[int] = []
    again = fitted(state, progress=lambda steps, _: told.append(steps))
    assert told == [SETTINGS.steps]
    assert_same(uninterrupted, again)


@pytest.mark.parametrize("tenths", range(10))
def test_progress_that_was_cut_short_is_refused_with_advice(tmp_path: Path, tenths: int) -> None:
    state = tmp_path / "state.safetensors"
    with pytest.raises(KeyboardInterrupt):
        fitted(state, progress=Interruption(3))
    whole = state.read_bytes()
    state.write_bytes(whole[: len(whole) * tenths // 10])
    with pytest.raises(BadModel, match=r"state\.safetensors is broken .*: delete that file"):
        fitted(state)


@pytest.mark.parametrize("header", [None, {"step": "soon"}, {"step": "3"}])
def test_a_foreign_file_in_place_of_the_progress_is_refused(
    tmp_path: Path, header: dict[str, str] | None
) -> None:
    state = tmp_path / "state.safetensors"
    save_file({"foreign": torch.zeros(3)}, state, header)
    with pytest.raises(BadModel, match="delete that file"):
        fitted(state)


def test_progress_of_a_stream_of_another_shape_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    fitted(state)
    wider = Architecture(2, (Layer(8, 3, 2), Layer(3, 2, 1)), latent=2, components=2)
    with pytest.raises(BadModel, match="delete that file"):
        fit_stream(PATCHES, wider, SETTINGS, Fabric(accelerator="cpu"), state)


@pytest.mark.parametrize("value", [1e30, float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_the_fit(tmp_path: Path, value: float) -> None:
    with pytest.raises(Diverged, match="after step 1: train again with another --seed"):
        fitted(tmp_path / "state.safetensors", patches=torch.full((8, 2, 5, 5), value))


def test_a_dimension_whose_mean_differs_from_patch_to_patch_is_active() -> None:
    encoder = StreamVAE(ARCHITECTURE, 1.0).encoder
    for weights in encoder.parameters():
        torch.nn.init.zeros_(weights)  # a posterior of variance 1 everywhere tells nothing
    assert count_active(encoder, PATCHES) == 0
    encoder.shortcut.weight.data[1] = 10.0
    assert count_active(encoder, PATCHES) == 1
