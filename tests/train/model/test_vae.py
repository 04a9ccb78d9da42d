"""One stream's network: what a cell sees, and what the objective is."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm
from torch import Tensor

from edge_vad_train.model.vae import (
    Architecture,
    Encoder,
    Layer,
    MixturePrior,
    StreamVAE,
)
from edge_vad_train.settings import TrainSettings

layers = st.builds(Layer, st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))
architectures = st.builds(
    Architecture,
    st.integers(1, 3),
    st.lists(layers, min_size=1, max_size=3).map(tuple),
    st.integers(1, 3),
    st.integers(1, 3),
)
more_pixels = st.tuples(st.integers(0, 12), st.integers(0, 12))
seeds = st.integers(0, 2**31 - 1)

TINY = Architecture(inputs=2, layers=(Layer(4, 3, 2), Layer(3, 2, 1)), latent=2, components=3)


def patches_of(image: Tensor, patch: int, stride: int) -> Tensor:
    """Cut (1, C, H, W) into its patches, (h, w, C, patch, patch)."""
    windows = image.unfold(2, patch, stride).unfold(3, patch, stride)
    return windows[0].permute(1, 2, 0, 3, 4)


@given(architectures, more_pixels, seeds)
@settings(max_examples=60)
def test_the_dense_map_is_the_patches_one_by_one(
    architecture: Architecture, more: tuple[int, int], seed: int
) -> None:
    torch.manual_seed(seed)
    encoder = Encoder(architecture)
    patch, stride = architecture.patch, architecture.stride
    image = torch.randn(1, architecture.inputs, patch + more[0], patch + more[1])
    patches = patches_of(image, patch, stride)
    with torch.inference_mode():
        dense = encoder(image)
        single = encoder(patches.flatten(0, 1))
        mean_alone = encoder.mean_of(image)
    for whole, parts in zip(dense, single, strict=True):
        assert whole.shape[2:] == patches.shape[:2]
        cells = parts.reshape(*patches.shape[:2], -1).permute(2, 0, 1)
        torch.testing.assert_close(whole[0], cells, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(mean_alone, dense[0], rtol=0, atol=0)


@given(architectures, st.tuples(st.integers(0, 2), st.integers(0, 2)), seeds)
@settings(max_examples=40)
def test_a_cell_sees_its_patch_and_nothing_else(
    architecture: Architecture, cell: tuple[int, int], seed: int
) -> None:
    torch.manual_seed(seed)
    encoder = Encoder(architecture)
    for parameter in encoder.parameters():
        parameter.data = parameter.data.abs() + 0.1  # no ReLU is ever shut
    patch, stride = architecture.patch, architecture.stride
    side = patch + 2 * stride
    image = torch.rand(1, architecture.inputs, side, side, requires_grad=True)
    for output in encoder(image):
        assert output.shape[2:] == (3, 3)
        latent = output[0, :, cell[0], cell[1]].sum()
        (gradient,) = torch.autograd.grad(latent, image, retain_graph=True)
        rows, columns = torch.nonzero(gradient[0].sum(0), as_tuple=True)
        for seen, number in ((rows, cell[0]), (columns, cell[1])):
            assert (int(seen.min()), int(seen.max())) == (
                number * stride,
                number * stride + patch - 1,
            )


@given(architectures, st.integers(1, 3))
@settings(max_examples=40)
def test_the_decoder_gives_patches_back(architecture: Architecture, count: int) -> None:
    vae = StreamVAE(architecture, sigma=1.0)
    patches = vae.decoder(torch.randn(count, architecture.latent, 1, 1))
    assert patches.shape == (count, architecture.inputs, architecture.patch, architecture.patch)


def randomised_prior(components: int, latent: int) -> MixturePrior:
    prior = MixturePrior(components, latent)
    torch.nn.init.normal_(prior.logits)
    torch.nn.init.normal_(prior.log_variances, std=0.5)
    return prior


def log_prior(prior: MixturePrior, latents: np.ndarray) -> np.ndarray:
    """The prior's log density, by scipy."""
    logits, means, log_variances = (
        part.detach().double().numpy() for part in (prior.logits, prior.means, prior.log_variances)
    )
    log_weights = logits - logsumexp(logits)
    parts = [
        np.atleast_1d(multivariate_normal(mean, np.diag(np.exp(spread))).logpdf(latents))
        for mean, spread in zip(means, log_variances, strict=True)
    ]
    return logsumexp(log_weights[:, None] + np.array(parts), axis=0)


@given(st.integers(1, 5), st.integers(1, 4), seeds)
@settings(max_examples=40)
def test_the_prior_is_a_mixture_of_gaussians(components: int, latent: int, seed: int) -> None:
    torch.manual_seed(seed)
    prior = randomised_prior(components, latent)
    latents = 2 * torch.randn(6, latent)
    given_ = prior.log_prob(latents).detach().numpy()
    np.testing.assert_allclose(given_, log_prior(prior, latents.numpy()), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("sigma", [0.05, 1.0, 3.0])
def test_the_objective_leaves_out_no_term_and_no_constant(sigma: float) -> None:
    torch.manual_seed(3)
    vae = StreamVAE(TINY, sigma)
    vae.prior = randomised_prior(TINY.components, TINY.latent)
    patches = torch.randn(7, TINY.inputs, TINY.patch, TINY.patch)
    noise = torch.randn(7, TINY.latent)
    with torch.inference_mode():
        objective = float(vae.negative_elbo(patches, noise))
        mean, log_variance = (part.flatten(1).numpy() for part in vae.encoder(patches))
        deviation = np.exp(log_variance / 2)
        latents = mean + noise.numpy() * deviation
        decoded = vae.decoder(torch.from_numpy(latents)[:, :, None, None]).numpy()
    likelihood = norm.logpdf(patches.numpy(), decoded, sigma).sum((1, 2, 3))
    entropy = norm.entropy(mean, deviation).sum(1)
    elbo = likelihood + log_prior(vae.prior, latents) + entropy
    assert objective == pytest.approx(-elbo.mean(), rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_the_objective_bounds_the_evidence_and_misses_it_by_the_posteriors_error(
    seed: int,
) -> None:
    """With one latent dimension all integrals can be taken: -ELBO = KL(q || p(z|x)) - log p(x)."""
    torch.manual_seed(seed)
    architecture = Architecture(1, (Layer(3, 2, 1),), latent=1, components=2)
    vae = StreamVAE(architecture, sigma=0.8)
    vae.prior = randomised_prior(2, 1)
    patch = torch.randn(1, 1, 2, 2)
    shares = (np.arange(20_000) + 0.5) / 20_000
    noise = torch.from_numpy(norm.ppf(shares).astype(np.float32))[:, None]
    latents = np.linspace(-15, 15, 20_001)
    step = latents[1] - latents[0]
    with torch.inference_mode():
        objective = float(vae.negative_elbo(patch.expand(len(noise), -1, -1, -1), noise))
        mean, log_variance = (float(part) for part in vae.encoder(patch))
        decoded = vae.decoder(torch.from_numpy(latents.astype(np.float32))[:, None, None, None])
    joint = norm.logpdf(patch.numpy(), decoded.numpy(), 0.8).sum((1, 2, 3))
    joint += log_prior(vae.prior, latents[:, None])
    log_evidence = logsumexp(joint) + math.log(step)
    posterior = norm.logpdf(latents, mean, math.exp(log_variance / 2))
    divergence = (np.exp(posterior) * (posterior - (joint - log_evidence))).sum() * step
    assert divergence > 0
    assert objective > -log_evidence
    assert objective == pytest.approx(-log_evidence + divergence, abs=2e-3)


def test_the_encoders_of_the_default_take_at_most_20_million_operations_a_frame() -> None:
    operations = 0

    def count(layer: torch.nn.Module, _: object, output: Tensor) -> None:
        nonlocal operations
        operations += output[0, 0].numel() * layer.weight.numel()

    for stream in TrainSettings().architectures.values():
        encoder = Encoder(stream)
        for layer in encoder.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.register_forward_hook(count)
        encoder.mean_of(torch.zeros(1, stream.inputs, 60, 90))  # a quarter of 360x240
    assert operations <= 20e6
