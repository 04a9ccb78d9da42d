"""One stream of the model: an unpadded fully convolutional VAE with a Gaussian-mixture prior.

The derivation of the objective stands in `docs/method.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta
from torch import Tensor, nn

from edge_vad_train.model.pooling import window_means

_Few = Annotated[int, Meta(gt=0, le=64)]
"""Bounded as all sizes here: a design may come from elsewhere."""


@dataclass(frozen=True)
class Layer:
    """One unpadded convolution: output channels, kernel side and stride."""

    channels: Annotated[int, Meta(gt=0, le=1024)]
    kernel: _Few
    stride: _Few


@dataclass(frozen=True)
class Architecture:
    """The shape of one stream.

    Attributes:
        inputs: Channels of the stream's input.
        layers: The encoder's convolutions, outermost first; the decoder mirrors them.
        latent: D, dimensions of the latent space.
        components: K, components of the prior's mixture.
    """

    inputs: Annotated[int, Meta(gt=0, le=1024)]
    layers: Annotated[tuple[Layer, ...], Meta(max_length=64)]
    latent: _Few
    components: Annotated[int, Meta(gt=0, le=256)]

    @property
    def patch(self) -> int:
        """Receptive field of one latent, in pixels of the stream's input."""
        field = 1
        for layer in reversed(self.layers):
            field = (field - 1) * layer.stride + layer.kernel
        return field

    @property
    def stride(self) -> int:
        """Distance between neighbouring receptive fields, in pixels of the stream's input."""
        return math.prod(layer.stride for layer in self.layers)


class Encoder(nn.Module):
    """Maps an image to the posterior of every patch.

    Without padding and without normalisation over the image, the posterior at a cell depends on
    the patch under it and on nothing else, so that the dense map equals patch-wise evaluation.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = architecture.inputs
        for layer in architecture.layers:
            layers += [nn.Conv2d(channels, layer.channels, layer.kernel, layer.stride), nn.ReLU()]
            channels = layer.channels
        self.trunk = nn.Sequential(*layers)
        self.mean = nn.Conv2d(channels, architecture.latent, 1)
        self.log_variance = nn.Conv2d(channels, architecture.latent, 1)
        self.shortcut = nn.Conv2d(architecture.inputs, architecture.latent, 1, bias=False)
        self.patch = architecture.patch
        self.stride = architecture.stride

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Encode.

        Args:
            image: float32, (N, inputs, H, W).

        Returns:
            Mean and log variance, each (N, latent, h, w) with h = (H - patch) // stride + 1.
        """
        features = self.trunk(image)
        return self._mean(image, features), self.log_variance(features)

    def mean_of(self, image: Tensor) -> Tensor:
        """The posterior mean alone, which is all that scoring needs; shapes as in `forward`."""
        return self._mean(image, self.trunk(image))

    def _mean(self, image: Tensor, features: Tensor) -> Tensor:
        mean: Tensor = self.mean(features) + self.shortcut(
            window_means(image, self.patch, self.stride)
        )
        return mean


class Decoder(nn.Module):
    """Maps one latent a patch back to the patch: the encoder in a mirror."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        channels = [architecture.inputs, *(layer.channels for layer in architecture.layers)]
        self.spread = nn.Conv2d(architecture.latent, channels[-1], 1)
        layers: list[nn.Module] = []
        for index in reversed(range(len(architecture.layers))):
            layer = architecture.layers[index]
            layers += [
                nn.ReLU(),
                nn.ConvTranspose2d(
                    channels[index + 1], channels[index], layer.kernel, layer.stride
                ),
            ]
        self.trunk = nn.Sequential(*layers)
        self.shortcut = nn.Conv2d(architecture.latent, architecture.inputs, 1, bias=False)

    def forward(self, latent: Tensor) -> Tensor:
        """Decode latents (N, latent, 1, 1) to patches (N, inputs, patch, patch)."""
        patches: Tensor = self.trunk(self.spread(latent)) + self.shortcut(latent)
        return patches


class MixturePrior(nn.Module):
    """p(z) as a mixture of K Gaussians with diagonal covariances, learnt with the VAE."""

    def __init__(self, components: int, latent: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(components))
        self.means = nn.Parameter(torch.randn(components, latent))
        self.log_variances = nn.Parameter(torch.zeros(components, latent))

    def log_prob(self, latent: Tensor) -> Tensor:
        """Log p(z) for latents (N, latent), as (N,)."""
        squares = (latent[:, None] - self.means) ** 2 / self.log_variances.exp()
        normals = -0.5 * (squares + self.log_variances + math.log(2 * math.pi)).sum(-1)
        return torch.logsumexp(torch.log_softmax(self.logits, 0) + normals, 1)


class StreamVAE(nn.Module):
    """Encoder, decoder and prior of one stream.

    Args:
        architecture: Shape of the stream.
        sigma: Standard deviation of the reconstruction, in units of the input.
    """

    def __init__(self, architecture: Architecture, sigma: float) -> None:
        super().__init__()
        self.sigma = sigma
        self.encoder = Encoder(architecture)
        self.decoder = Decoder(architecture)
        self.prior = MixturePrior(architecture.components, architecture.latent)

    def negative_elbo(self, patches: Tensor, noise: Tensor) -> Tensor:
        """The objective, averaged over patches, in nats a patch.

        `-E_q[log p(x|z) + log p(z) - log q(z|x)]` with one reparameterised sample for the two
        likelihoods and the entropy of q in closed form; no term or constant is left out.

        Args:
            patches: float32, (N, inputs, patch, patch).
            noise: Standard normal, (N, latent), the reparameterisation's epsilon.

        Returns:
            A scalar.
        """
        mean, log_variance = (part.flatten(1) for part in self.encoder(patches))
        latent = mean + noise * torch.exp(0.5 * log_variance)
        error = (self.decoder(latent[:, :, None, None]) - patches).flatten(1) / self.sigma
        values = error.shape[1]
        log_likelihood = -0.5 * (error**2).sum(1) - values * (
            math.log(self.sigma) + 0.5 * math.log(2 * math.pi)
        )
        entropy = 0.5 * (log_variance + 1 + math.log(2 * math.pi)).sum(1)
        elbo: Tensor = log_likelihood + self.prior.log_prob(latent) + entropy
        return -elbo.mean()
