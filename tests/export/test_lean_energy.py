from __future__ import annotations

import warnings

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_vad_export.lean_energy import lean_energies, quadratic_form
from edge_vad_train.mixture import Mixture, SampleEnergy

BATCH, ROWS, COLUMNS = 2, 5, 7


def mixture(components: int, depth: int, seed: int, spread: float = 3.0) -> Mixture:
    """Components far apart, some of them as narrow as the noise floor lets them be."""
    random = np.random.default_rng(seed)
    factors = np.triu(random.normal(0, 1, (components, depth, depth)))
    diagonal = np.arange(depth)
    factors[:, diagonal, diagonal] = random.uniform(0.5, 10.0, (components, depth))
    weights = random.dirichlet(np.ones(components))
    return Mixture(np.log(weights), random.normal(0, spread, (components, depth)), factors)


@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 1000))
def test_the_form_is_the_sum_of_squares(components, depth, seed):
    random = np.random.default_rng(seed)
    factors = random.normal(0, 1, (components, depth, depth)) + 3 * np.eye(depth)
    offsets = random.normal(0, 2, (components, depth))
    latent = random.normal(0, 2, depth)
    form = quadratic_form(factors, offsets)
    z = latent - form.centre.ravel()
    left, right = np.triu_indices(depth)
    features = np.concatenate([z[left] * z[right], z])
    found = form.weight[:, :, 0, 0] @ features + form.constant
    expected = ((factors @ latent + offsets) ** 2).sum(1)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.fixture(scope="module")
def exported():
    """An energy with weights that differ from place to place, as the exporter writes it."""
    lift = torch.linspace(-1, 1, 6 * ROWS * COLUMNS).reshape(1, 6, ROWS, COLUMNS)
    energy = SampleEnergy(mixture(6, 8, seed=1), lift).eval()
    latent = torch.from_numpy(
        np.random.default_rng(2).normal(0, 4, (BATCH, 8, ROWS, COLUMNS)).astype(np.float32)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own deprecations
        program = torch.onnx.export(
            energy, (latent,), input_names=["latent"], dynamo=True, verbose=False
        )
    with torch.inference_mode():
        exact = energy.double()(latent.double()).numpy()
    return program.model_proto, latent.numpy(), exact


def test_the_energy_is_as_exact_as_before(exported):
    model, latent, exact = exported
    lean = onnx.ModelProto()
    lean.CopyFrom(model)
    lean_energies(lean.graph)
    onnx.checker.check_model(lean, full_check=True)
    before, after = (
        ort.InferenceSession(each.SerializeToString()).run(None, {"latent": latent})[0]
        for each in (model, lean)
    )
    scale = np.abs(exact).max()
    assert np.abs(before - exact).max() / scale < 1e-5
    assert np.abs(after - exact).max() / scale < 1e-5


def test_the_wide_map_and_the_slow_operator_are_gone(exported):
    lean = onnx.ModelProto()
    lean.CopyFrom(exported[0])
    lean_energies(lean.graph)
    kinds = [node.op_type for node in lean.graph.node]
    assert "ReduceLogSumExp" not in kinds
    assert "Reshape" not in kinds
    assert kinds.count("Conv") == 1
    assert len({node.name for node in lean.graph.node}) == len(lean.graph.node)


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


def test_a_component_without_a_mean_has_a_form_all_the_same():
    factors, offsets = np.zeros((2, 3, 3)), np.ones((2, 3))
    factors[1] = np.eye(3)
    form = quadratic_form(factors, offsets)
    assert np.isfinite(form.weight).all()
    np.testing.assert_allclose(form.constant[0], 3.0, rtol=1e-6)
