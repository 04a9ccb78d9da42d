"""Fits one stream's VAE to patches; may be stopped and resumed at any step."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import msgspec
import torch
from lightning_fabric import Fabric
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from edge_vad.errors import BadModel, EdgeVadError
from edge_vad.files.atomic import PRIVATE, write_whole
from edge_vad_train.model.vae import Architecture, Encoder, StreamVAE
from edge_vad_train.seeds import step_generator

_SAVE_EVERY = 200
_WARM_UP = 0.1
_ACTIVE_VARIANCE = 0.01
_AT_ONCE = 1000
_DRAWING_WEIGHTS = Lock()
"""The first weights come from the one generator that all threads share."""


class FitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a stream is fitted.

    Attributes:
        sigma: Standard deviation of the reconstruction, in units of the stream's input.
        steps: Optimiser steps.
        batch: Patches a step.
        learning_rate: Highest learning rate of Adam.
        seed: Seed of weights, batches and sampling.
    """

    sigma: float
    steps: int = 1500
    batch: int = 256
    learning_rate: float = 2e-3
    seed: int = 0


class Diverged(EdgeVadError):
    """The loss became infinite or undefined (exit code 1)."""

    code = "diverged"


def fit_stream(
    patches: Tensor,
    architecture: Architecture,
    settings: FitSettings,
    fabric: Fabric,
    state: Path,
    progress: Callable[[int, float], None] = lambda _steps, _loss: None,
) -> StreamVAE:
    """Fit a stream, from the step at which `state` was left.

    What a step does is a function of the seed and the step's number alone, so a fit that was
    stopped and resumed ends with the same weights as one that was not.

    Args:
        patches: float32, (n, inputs, patch, patch), to learn from.
        architecture: Shape of the stream.
        settings: How to fit it.
        fabric: Where to fit it.
        state: Progress is kept here, also when interrupted.
        progress: Called with the steps done since the last call and the last loss, in nats a patch.

    Returns:
        The stream, in evaluation mode.

    Raises:
        BadModel: `state` is broken, or of another stream.
        Diverged: The loss is no number any more.
    """
    with _DRAWING_WEIGHTS:
        torch.manual_seed(settings.seed)
        model = StreamVAE(architecture, settings.sigma)
    optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate)
    objective, stepper = fabric.setup(model, optimizer)
    objective.mark_forward_method("negative_elbo")
    patches = fabric.to_device(patches)
    step = _load_progress(model, optimizer, state)
    progress(step, math.nan)
    is_whole = True
    try:
        while step < settings.steps:
            batch, noise = _draw(patches, architecture.latent, settings, step)
            _set_learning_rate(optimizer, settings, step)
            loss = objective.negative_elbo(batch, noise)
            optimizer.zero_grad()
            fabric.backward(loss)
            is_whole = False
            stepper.step()
            step += 1
            is_whole = True
            progress(1, _finite(float(loss.detach()), step))
            if step % _SAVE_EVERY == 0:
                _save_progress(model, optimizer, step, state)
    finally:
        # Also on Ctrl-C, unless it fell amid a step: then the last save stands.
        if is_whole:
            _save_progress(model, optimizer, step, state)
    return model.cpu().eval()


def count_active(encoder: Encoder, patches: Tensor) -> int:
    """How many dimensions of a latent are active: they vary from patch to patch.

    A dimension is active where the variance of the posterior mean over the data is above 0.01
    (Burda, Grosse and Salakhutdinov, 1509.00519). An autoencoder that has collapsed has none left.

    Args:
        encoder: Of the stream.
        patches: float32, (n, inputs, patch, patch), that it has learnt from.
    """
    with torch.inference_mode():
        means = torch.cat(
            [encoder.mean_of(each).flatten(1) for each in torch.split(patches, _AT_ONCE)]
        )
    return int((means.var(0) > _ACTIVE_VARIANCE).sum())


def _draw(patches: Tensor, latent: int, settings: FitSettings, step: int) -> tuple[Tensor, Tensor]:
    """The batch and the noise of one step, a function of the seed and the step's number alone."""
    generator = step_generator(settings.seed, step)
    chosen = torch.randint(len(patches), (settings.batch,), generator=generator)
    noise = torch.randn(settings.batch, latent, generator=generator)
    return patches[chosen.to(patches.device)], noise.to(patches.device)


def _set_learning_rate(optimizer: torch.optim.Optimizer, settings: FitSettings, step: int) -> None:
    """Rise over the first tenth, then fall along a cosine."""
    share = (step + 1) / settings.steps
    if share < _WARM_UP:
        factor = share / _WARM_UP
    else:
        factor = 0.5 * (1 + math.cos(math.pi * (share - _WARM_UP) / (1 - _WARM_UP)))
    for group in optimizer.param_groups:
        group["lr"] = settings.learning_rate * factor


def _finite(loss: float, step: int) -> float:
    if not math.isfinite(loss):
        raise Diverged(
            f"the loss is {loss} after step {step}",
            "train again with another --seed",
        )
    return loss


def _save_progress(
    model: StreamVAE, optimizer: torch.optim.Optimizer, step: int, state: Path
) -> None:
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{name}": value for name, value in moments.items()}
    content = {name: value.contiguous() for name, value in tensors.items()}
    write_whole(state, save(content, {"step": str(step)}), PRIVATE)


def _load_progress(model: StreamVAE, optimizer: torch.optim.Optimizer, state: Path) -> int:
    """Take up the progress in `state`; returns the steps done, 0 without a file."""
    if not state.exists():
        return 0
    try:
        with safe_open(state, "pt") as file:
            header = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 no mapping
        model.load_state_dict(_pop_prefix(tensors, "model."))
        _load_moments(optimizer, tensors)
        return int(header["step"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise BadModel(
            f"the progress in {state} is broken ({error})",
            "delete that file and train again; only this stream begins anew",
        ) from None


def _pop_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Take out those whose names begin like that."""
    names = [name for name in tensors if name.startswith(prefix)]
    return {name.removeprefix(prefix): tensors.pop(name) for name in names}


def _load_moments(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        _, index, moment = name.split(".")
        moments.setdefault(int(index), {})[moment] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
