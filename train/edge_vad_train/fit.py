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
_LOOK_EVERY = 250
"""Steps between two looks at the loss on held-back patches."""

_PATIENCE = 1000
"""Steps without a lower loss on held-back patches, after which a fit ends."""

_WARM_UP = 0.1
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
    """

    model: StreamVAE
    steps: int


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
    stopped and resumed ends with the same weights as one that was not. It ends early where the loss
    on held-back patches no longer falls: then the patches are learnt by heart, and the weights with
    the lowest loss are the ones to keep.

    Args:
        patches: float32, (n, inputs, patch, patch), to learn from.
        held_back: Likewise, of other frames, to tell when to end.
        architecture: Shape of the stream.
        settings: How to fit it.
        fabric: Where to fit it.
        state: Progress is kept here, also when interrupted.
        progress: Called with the steps done since the last call and the last loss, in nats a patch.

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
    done, lowest = _restore(model, optimizer, state)
    progress(done, math.nan)
    is_whole = True
    try:
        while done < settings.steps and not lowest.is_long_ago(done):
            batch, noise = _draw(patches, architecture.latent, settings, done)
            _set_learning_rate(optimizer, settings, done)
            loss = objective.negative_elbo(batch, noise)
            optimizer.zero_grad()
            fabric.backward(loss)
            is_whole = False
            stepper.step()
            done += 1
            is_whole = True
            progress(1, _finite(float(loss.detach()), done))
            if done % _LOOK_EVERY == 0:
                with torch.inference_mode():
                    loss = objective.negative_elbo(held_back, _noise(held_back, architecture))
                lowest.compare(_finite(float(loss), done), done, model)
            if done % _SAVE_EVERY == 0:
                _keep(model, optimizer, done, lowest, state)
    finally:
        # Also on Ctrl-C, unless it fell amid the change of the weights: then the last save stands.
        if is_whole:
            _keep(model, optimizer, done, lowest, state)
    if done < settings.steps:
        model.load_state_dict(lowest.weights)
        progress(settings.steps - done, lowest.loss)
        done = lowest.step
    return Fitted(model.cpu().eval(), done)


@dataclass
class _Lowest:
    """The lowest loss on held-back patches so far.

    Attributes:
        loss: Nats a patch.
        step: At which it was reached.
        weights: That reached it; none before the first look.
    """

    loss: float = math.inf
    step: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def compare(self, loss: float, step: int, model: StreamVAE) -> None:
        """Take over another loss if it is lower."""
        if loss < self.loss:
            weights = {name: value.clone() for name, value in model.state_dict().items()}
            self.loss, self.step, self.weights = loss, step, weights

    def is_long_ago(self, step: int) -> bool:
        """Whether going on will hardly reach a lower one."""
        return bool(self.weights) and step - self.step >= _PATIENCE


def _noise(patches: Tensor, architecture: Architecture) -> Tensor:
    """The same for every look: only the weights may make a difference."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(len(patches), architecture.latent, generator=generator).to(patches.device)


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
    model: StreamVAE, optimizer: torch.optim.Optimizer, done: int, lowest: _Lowest, state: Path
) -> None:
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"lowest.{name}": value for name, value in lowest.weights.items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{name}": value for name, value in moments.items()}
    header = {"step": done, "lowest_step": lowest.step, "lowest_loss": lowest.loss}
    staged = state.with_suffix(".tmp")
    save_file(
        {name: value.contiguous() for name, value in tensors.items()},
        staged,
        {name: str(value) for name, value in header.items()},
    )
    staged.replace(state)


def _restore(
    model: StreamVAE, optimizer: torch.optim.Optimizer, state: Path
) -> tuple[int, _Lowest]:
    """Take up the progress in `state`: the number of steps done, 0 without a file."""
    if not state.exists():
        return 0, _Lowest()
    try:
        with safe_open(state, "pt") as file:
            header = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 no mapping
        model.load_state_dict(_taken(tensors, "model."))
        weights = _taken(tensors, "lowest.")
        lowest = _Lowest(float(header["lowest_loss"]), int(header["lowest_step"]), weights)
        _load_moments(optimizer, tensors)
        return int(header["step"]), lowest
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
