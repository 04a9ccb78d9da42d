from __future__ import annotations

import warnings

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from edge_vad_export.lean_energy import lean_energies
from edge_vad_train.expectation_maximisation import NOISE_FLOOR
from edge_vad_train.mixture import Mixture, SampleEnergy

BATCH, ROWS, COLUMNS = 2, 5, 7


def mixture(components: int, depth: int, seed: int, spread: float = 3.0) -> Mixture:
    """Components far apart, some of them as narrow as the noise floor lets them be."""
    random = np.random.default_rng(seed)
    factors = np.triu(random.normal(0, 1, (components, depth, depth)))
    diagonal = np.arange(depth)
    factors[:, diagonal, diagonal] = random.uniform(0.5, NOISE_FLOOR**-0.5, (components, depth))
    weights = random.dirichlet(np.ones(components))
    return Mixture(np.log(weights), random.normal(0, spread, (components, depth)), factors)


def export(module: torch.nn.Module, latents: tuple[torch.Tensor, ...]) -> onnx.ModelProto:
    names = [f"latent{index}" for index in range(len(latents))]
    batch = tuple({0: torch.export.Dim("batch", min=1)} for _ in latents)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own deprecations
        program = torch.onnx.export(
            module, latents, input_names=names, dynamic_shapes=batch, dynamo=True, verbose=False
        )
    return program.model_proto


class Alone(torch.nn.Module):
    """One energy, with weights that differ from place to place."""

    def __init__(self) -> None:
        super().__init__()
        lift = torch.linspace(-1, 1, 6 * ROWS * COLUMNS).reshape(1, 6, ROWS, COLUMNS)
        self.energy = SampleEnergy(mixture(6, 8, seed=1), lift)

    def forward(self, latent: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (self.energy(latent),)


class Together(torch.nn.Module):
    """Energies over two latents and over both."""

    def __init__(self) -> None:
        super().__init__()
        self.energies = torch.nn.ModuleList(
            SampleEnergy(mixture(components, depth, seed=depth))
            for components, depth in ((5, 3), (4, 2), (6, 5))
        )

    def forward(self, one: torch.Tensor, other: torch.Tensor) -> tuple[torch.Tensor, ...]:
        latents = one, other, torch.cat([one, other], 1)
        return tuple(energy(each) for energy, each in zip(self.energies, latents, strict=True))


@pytest.fixture(scope="module", params=["alone", "together"])
def exported(request):
    """Energies as the exporter writes them, latents, and the exact result."""
    module, depths = (Alone(), (8,)) if request.param == "alone" else (Together(), (3, 2))
    random = np.random.default_rng(2)
    latents = tuple(
        torch.from_numpy(random.normal(0, 4, (BATCH, depth, ROWS, COLUMNS)).astype(np.float32))
        for depth in depths
    )
    model = export(module.eval(), latents)
    with torch.inference_mode():
        exact = [each.numpy() for each in module.double()(*(each.double() for each in latents))]
    return model, {f"latent{index}": each.numpy() for index, each in enumerate(latents)}, exact


def test_the_energy_is_as_exact_as_before(exported):
    model, latents, exact = exported
    lean = onnx.ModelProto()
    lean.CopyFrom(model)
    lean_energies(lean.graph)
    onnx.checker.check_model(lean, full_check=True)
    for given in (model, lean):
        found = ort.InferenceSession(given.SerializeToString()).run(None, latents)
        for each, expected in zip(found, exact, strict=True):
            assert np.abs(each - expected).max() / np.abs(expected).max() < 1e-5


def test_the_wide_map_and_the_slow_operators_are_gone(exported):
    lean = onnx.ModelProto()
    lean.CopyFrom(exported[0])
    lean_energies(lean.graph)
    kinds = {node.op_type for node in lean.graph.node}
    assert kinds.isdisjoint({"ReduceLogSumExp", "ReduceSum", "Conv"})
    assert len({node.name for node in lean.graph.node}) == len(lean.graph.node)


@pytest.mark.parametrize("components", [24, 37, 48, 50])
def test_components_however_many_and_far_away_give_the_energy_and_no_subnormal_number(components):
    random = np.random.default_rng(components)
    energy = SampleEnergy(mixture(components, 3, seed=1, spread=20.0)).eval()
    latent = torch.from_numpy(random.normal(0, 20, (BATCH, 3, ROWS, COLUMNS)).astype(np.float32))
    lean = onnx.shape_inference.infer_shapes(export(energy, (latent,)))
    lean_energies(lean.graph)
    exponential = next(node for node in lean.graph.node if node.op_type == "Exp").output[0]
    lean.graph.output.append(onnx.ValueInfoProto(name=exponential))
    session = ort.InferenceSession(lean.SerializeToString())
    found, terms = session.run(None, {"latent0": latent.numpy()})
    with torch.inference_mode():
        exact = energy.double()(latent.double()).numpy()
    assert np.abs(found - exact).max() / np.abs(exact).max() < 1e-5
    assert terms.min() > np.finfo(np.float32).tiny


def test_a_second_time_changes_nothing(exported):
    lean = onnx.ModelProto()
    lean.CopyFrom(exported[0])
    lean_energies(lean.graph)
    once = lean.SerializeToString()
    lean_energies(lean.graph)
    assert lean.SerializeToString() == once


def test_squares_that_are_used_elsewhere_are_left_alone(exported):
    model = onnx.ModelProto()
    model.CopyFrom(exported[0])
    square = next(node for node in model.graph.node if node.op_type == "Mul")
    extra = onnx.helper.make_node("Neg", [square.output[0]], ["extra"], name="extra")
    model.graph.node.append(extra)
    lean_energies(model.graph)
    assert square.output[0] in {name for node in model.graph.node for name in node.output}
