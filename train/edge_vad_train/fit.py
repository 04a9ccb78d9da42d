"""Fits one stream's VAE to patches; may be stopped and resumed at any step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import msgspec
import torch
from lightning_fabric import Fabric
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from edge_vad.errors import BadModel, EdgeVadError
from edge_vad_train.model import Architecture, StreamVAE

_SAVE_EVERY = 200
_VALIDATE_EVERY = 250
"""Steps between two validations, on held-back patches."""

_PATIENCE = 1000
"""Steps without a lower validation loss, after which a fit ends."""

_WARM_UP = 0.1
_DRAWING_WEIGHTS = Lock()
"""The first weights come from the one generator that all threads share."""


class FitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a stream is fitted.

    Attributes:
        sigma: Standard deviation of the reconstruction, in units of the stream's input.
        steps: Most optimiser steps.
        batch: Patches a step.
        learning_rate: Highest learning rate of Adam.
        seed: Seed of weights, batches and sampling.
    """

    sigma: float
    steps: int = 2500
    batch: int = 256
    learning_rate: float = 4e-3
    seed: int = 0


class Diverged(EdgeVadError):
    """The loss became infinite or undefined (exit code 1)."""


class Fitted(NamedTuple):
    """A stream that was fitted.

    Attributes:
        model: The stream, in evaluation mode.
        steps: Optimiser steps that led to its weights.
        is_overfit: Whether it ended early, as later weights were no better on held-back patches.
    """

    model: StreamVAE
    steps: int
    is_overfit: bool


def fit_stream(
    patches: Tensor,
    held_back: Tensor,
    architecture: Architecture,
    settings: FitSettings,
    fabric: Fabric,
    state: Path,
    progress: Callable[[int, float], None] = lambda _steps, _loss: None,
) -> Fitted:
    """Fit a stream, from the step at which `state` was left.

    What a step does is a function of the seed and the step's number alone, so a fit that was
    stopped and resumed ends with the same weights as one that was not. Of all weights that were
    validated those with the lowest loss on held-back patches are kept; where it no longer falls
    there is nothing more to learn but the patches by heart, and the fit ends (early stopping).

    Args:
        patches: float32, (n, inputs, patch, patch), to learn from.
        held_back: Likewise, of other frames, to validate on.
        architecture: Shape of the stream.
        settings: How to fit it.
        fabric: Where to fit it.
        state: Progress is kept here, also when interrupted.
        progress: Called with the steps done since the last call and the last loss, in nats a patch;
            when it ends early with all the steps that are left.

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
    patches, held_back = fabric.to_device((patches, held_back))
    same_noise = _noise(held_back, architecture.latent)
    done, best = _restore(model, optimizer, state)
    progress(done, math.nan)
    is_whole = True
    try:
        while done < settings.steps and not best.is_long_ago(done):
            batch, noise = _draw(patches, architecture.latent, settings, done)
            _set_learning_rate(optimizer, settings, done)
            loss = objective.negative_elbo(batch, noise)
            optimizer.zero_grad()
            fabric.backward(loss)
            is_whole = False
            stepper.step()
            done += 1
            if done % _VALIDATE_EVERY == 0 or done == settings.steps:
                with torch.inference_mode():
                    validation_loss = float(objective.negative_elbo(held_back, same_noise))
                best = best.or_better(validation_loss, done, model)
            is_whole = True
            progress(1, _finite(float(loss.detach()), done))
            if done % _SAVE_EVERY == 0:
                _keep(model, optimizer, done, best, state)
    finally:
        # Also on Ctrl-C, unless it fell amid a step: then the last save stands.
        if is_whole:
            _keep(model, optimizer, done, best, state)
    if done < settings.steps:
        progress(settings.steps - done, best.loss)
    if best.weights:
        model.load_state_dict(best.weights)
    return Fitted(model.cpu().eval(), best.step or done, done < settings.steps)


@dataclass(frozen=True)
class _Best:
    """The weights that did best on held-back patches so far.

    Attributes:
        loss: Their validation loss, nats a patch.
        step: At which it was reached.
        weights: By name; empty before the first validation.
    """

    loss: float = math.inf
    step: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def or_better(self, loss: float, step: int, model: StreamVAE) -> _Best:
        """These, or those of the model now if their loss is lower."""
        if not loss < self.loss:  # nor if it is no number
            return self
        weights = {name: value.clone() for name, value in model.state_dict().items()}
        return _Best(loss, step, weights)

    def is_long_ago(self, step: int) -> bool:
        """Whether patience has run out."""
        return bool(self.weights) and step - self.step >= _PATIENCE


def _noise(patches: Tensor, latent: int) -> Tensor:
    """The same for every validation: only the weights may make a difference."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(len(patches), latent, generator=generator).to(patches.device)


def _draw(patches: Tensor, latent: int, settings: FitSettings, step: int) -> tuple[Tensor, Tensor]:
    """The batch and the noise of one step, told by the seed and the step's number alone."""
    generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
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
            "train again with another --seed, or a larger --motion-sigma or --appearance-sigma",
        )
    return loss


def _keep(
    model: StreamVAE, optimizer: torch.optim.Optimizer, done: int, best: _Best, state: Path
) -> None:
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in best.weights.items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{name}": value for name, value in moments.items()}
    header = {"step": done, "best_step": best.step, "best_loss": best.loss}
    staged = state.with_suffix(".tmp")
    save_file(
        {name: value.contiguous() for name, value in tensors.items()},
        staged,
        {name: str(value) for name, value in header.items()},
    )
    staged.replace(state)


def _restore(model: StreamVAE, optimizer: torch.optim.Optimizer, state: Path) -> tuple[int, _Best]:
    """Take up the progress in `state`: the steps done, 0 without a file, and the best weights."""
    if not state.exists():
        return 0, _Best()
    try:
        with safe_open(state, "pt") as file:
            header = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 no mapping
        model.load_state_dict(_taken(tensors, "model."))
        weights = _taken(tensors, "best.")
        best = _Best(float(header["best_loss"]), int(header["best_step"]), weights)
        _load_moments(optimizer, tensors)
        return int(header["step"]), best
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise BadModel(
            f"the progress in {state} is broken ({error})",
            "delete that file and train again; only this stream begins anew",
        ) from None


def _taken(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Take out those whose names begin like that."""
    names = [name for name in tensors if name.startswith(prefix)]
    return {name.removeprefix(prefix): tensors.pop(name) for name in names}


def _load_moments(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        _, index, moment = name.split(".")
        moments.setdefault(int(index), {})[moment] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
