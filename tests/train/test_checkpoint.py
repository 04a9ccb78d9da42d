"""The trained scene on disk."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from edge_vad.errors import BadModel
from edge_vad.motion.dynamic_flow import Pooling
from edge_vad.scene_model import SCHEMA
from edge_vad_train.checkpoint import (
    FILE_NAME,
    Design,
    TrainedScene,
    empty_network,
    load_trained,
)
from edge_vad_train.model.scene_network import GENERATION
from edge_vad_train.settings import TrainSettings


@pytest.fixture
def scene(trained: Path) -> TrainedScene:
    return load_trained(trained)


def test_a_scene_comes_back_as_it_was_saved(scene: TrainedScene, tmp_path: Path) -> None:
    path = scene.save(tmp_path)
    assert path == tmp_path / FILE_NAME
    assert [each.name for each in tmp_path.iterdir()] == [FILE_NAME]
    again = load_trained(tmp_path)
    assert (again.card, again.design) == (scene.card, scene.design)
    assert torch.equal(again.sample_frames, scene.sample_frames)
    assert torch.equal(again.sample_motion, scene.sample_motion)
    assert not again.network.training
    with torch.inference_mode():
        ours, theirs = (
            each.network(scene.sample_frames, scene.sample_motion) for each in (scene, again)
        )
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)


def test_the_folder_and_the_file_in_it_are_the_same_scene(trained: Path) -> None:
    assert load_trained(trained / FILE_NAME).card == load_trained(trained).card


def test_the_samples_fit_the_network_and_show_the_scene(scene: TrainedScene) -> None:
    card, frames, motion = scene.card, scene.sample_frames, scene.sample_motion
    assert frames.shape[1:] == (card.height, card.width, 3)
    assert frames.dtype == torch.uint8
    assert motion.shape[0] == len(frames) > 1
    assert float(motion.abs().max()) > 0
    with torch.inference_mode():
        output = scene.network(frames, motion)
    anomaly_map, score, *energies = output
    assert anomaly_map.shape == (len(frames), card.grid.rows, card.grid.columns)
    assert score.shape == (len(frames),)
    assert all(torch.isfinite(each).all() for each in output)
    assert len(energies) == len(card.energies)


def test_cells_of_the_grid_lie_within_the_frame(scene: TrainedScene) -> None:
    grid, card = scene.card.grid, scene.card
    for cells, side in ((grid.rows, card.height), (grid.columns, card.width)):
        reach = (cells - 1) * grid.stride + grid.patch
        assert side - grid.stride < reach <= side


@pytest.mark.parametrize("tenths", range(10))
def test_a_scene_that_was_cut_short_is_refused(trained: Path, tmp_path: Path, tenths: int) -> None:
    whole = (trained / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).write_bytes(whole[: len(whole) * tenths // 10])
    with pytest.raises(BadModel, match=rf"{FILE_NAME} is broken .*: train the scene again"):
        load_trained(tmp_path)


@pytest.mark.parametrize(
    "header",
    [None, {}, {"format": "pt"}, {"card": "{}", "design": "{}"}, {"card": "[", "design": ""}],
)
def test_a_foreign_file_is_refused(tmp_path: Path, header: dict[str, str] | None) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / FILE_NAME, header)
    with pytest.raises(BadModel):
        load_trained(tmp_path)


def test_a_scene_of_an_older_schema_is_of_an_older_version(
    scene: TrainedScene, tmp_path: Path
) -> None:
    card = msgspec.structs.replace(scene.card, schema=SCHEMA - 1)
    replace(scene, card=card).save(tmp_path)
    with pytest.raises(BadModel, match=r"made by an older edge-vad.*: train the scene again"):
        load_trained(tmp_path)


def test_a_design_that_nobody_knows_is_of_an_older_version(
    scene: TrainedScene, tmp_path: Path
) -> None:
    class Older(msgspec.Struct):
        streams: object
        background: bool = True

    replace(scene, design=Older(scene.design.streams)).save(tmp_path)
    with pytest.raises(BadModel, match=r"trained by an older edge-vad.*: train the scene again"):
        load_trained(tmp_path)


@pytest.mark.parametrize("lights", [2, 3])
def test_a_scene_of_several_lights_comes_back_whole(
    scene: TrainedScene, tmp_path: Path, lights: int
) -> None:
    design = msgspec.structs.replace(scene.design, lights=lights)
    network = empty_network(design, scene.card).eval()
    state = scene.network.state_dict()
    pictures = "energies.views.background.pictures"
    rows, columns = state[pictures].shape[2:]
    state[pictures] = torch.rand(1, lights, rows, columns)
    network.load_state_dict(state)
    replace(scene, design=design, network=network).save(tmp_path)
    assert_same_outputs(network, load_trained(tmp_path))


def test_a_scene_of_the_papers_recipe_comes_back_whole(scene: TrainedScene, tmp_path: Path) -> None:
    settings = TrainSettings(recipe="paper", latent=3, components=2)
    design = Design("paper", settings.architectures, {"appearance": 2, "motion": 2}, 1, 9)
    calibrations = {name: scene.card.energies[name] for name in design.components}
    calibrations = {
        name: msgspec.structs.replace(each, weight=1.0) for name, each in calibrations.items()
    }
    motion = msgspec.structs.replace(scene.card.motion, pooling=Pooling.RANK, downscale=2)
    card = msgspec.structs.replace(scene.card, energies=calibrations, motion=motion)
    network = empty_network(design, card).eval()
    for each in network.energies.energies.values():
        each.weight.normal_()
    finer = scene.sample_motion[:, :2].repeat_interleave(2, 2).repeat_interleave(2, 3)
    samples = scene.sample_frames, finer
    TrainedScene(card, design, network, *samples).save(tmp_path)
    again = load_trained(tmp_path)
    assert again.card == card
    assert_same_outputs(network, again)


def assert_same_outputs(network: torch.nn.Module, again: TrainedScene) -> None:
    inputs = again.sample_frames, again.sample_motion
    with torch.inference_mode():
        ours, theirs = network(*inputs), again.network(*inputs)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)


def test_a_network_of_another_design_is_refused(scene: TrainedScene, tmp_path: Path) -> None:
    design = msgspec.structs.replace(
        scene.design, components=scene.design.components | {"joint": 7}
    )
    replace(scene, design=design).save(tmp_path)
    with pytest.raises(BadModel, match="is broken"):
        load_trained(tmp_path)


def test_a_scene_that_scored_in_another_way_is_of_an_older_version(
    scene: TrainedScene, tmp_path: Path
) -> None:
    design = msgspec.structs.replace(scene.design, generation=GENERATION - 1)
    replace(scene, design=design).save(tmp_path)
    with pytest.raises(BadModel, match="older edge-vad"):
        load_trained(tmp_path)


def test_a_scene_of_a_newer_version_says_so(scene: TrainedScene, tmp_path: Path) -> None:
    card = msgspec.structs.replace(scene.card, schema=SCHEMA + 1)
    replace(scene, card=card).save(tmp_path)
    with pytest.raises(BadModel, match=f"has schema {SCHEMA + 1}.*: update edge-vad"):
        load_trained(tmp_path)


def rewritten(
    scene: TrainedScene, folder: Path, card: str = "", design: str = "", **tensors
) -> None:
    """The scene with another card, design or tensors than it was saved with."""
    path = scene.save(folder)
    with safe_open(path, "pt") as file:
        header = dict(file.metadata())
        held = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    header |= {"card": card or header["card"], "design": design or header["design"]}
    save_file(
        held | {name.replace("__", "."): each for name, each in tensors.items()}, path, header
    )


SIZES = [-(2**70), -(2**63), -1, 0, 7, 65, 10**6, 2**31, 2**63, 2**70, 1e18, "many", None, []]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "place",
    [
        ("streams", "appearance", "latent"),
        ("streams", "appearance", "inputs"),
        ("streams", "motion", "layers", 1, "channels"),
        ("streams", "motion", "layers", 1, "kernel"),
        ("streams", "appearance", "layers", 0, "stride"),
        ("components", "joint"),
        ("components", "physical"),
        ("lights",),
        ("generation",),
    ],
    ids=lambda place: ".".join(map(str, place)),
)
def test_a_design_of_sizes_that_cannot_be_is_refused(
    scene: TrainedScene, tmp_path: Path, place: tuple[str | int, ...], size: object
) -> None:
    design = json.loads(msgspec.json.encode(scene.design))
    inner = design
    for step in place[:-1]:
        inner = inner[step]
    if inner[place[-1]] == size:
        pytest.skip("that is what it has")
    inner[place[-1]] = size
    rewritten(scene, tmp_path, design=json.dumps(design))
    with pytest.raises(BadModel):
        load_trained(tmp_path)


@pytest.mark.parametrize("value", ["1e18", "-1e18", "1e999", "NaN", "1e-999"])
@pytest.mark.parametrize("name", ["scales", "locations", "weight", "fps", "start"])
def test_a_card_of_numbers_that_cannot_be_is_refused(
    scene: TrainedScene, tmp_path: Path, name: str, value: str
) -> None:
    card = re.sub(rf'("{name}":\[?)[-0-9.e]+', rf"\g<1>{value}", scene.card.encode())
    rewritten(scene, tmp_path, card=card)
    if value == "1e-999" and name in ("locations", "start"):
        load_trained(tmp_path)  # nothing but 0
        return
    with pytest.raises(BadModel):
        load_trained(tmp_path)


@pytest.mark.parametrize(
    "tensors",
    [
        {"sample__frames": torch.zeros(2, 9, 9, 3, dtype=torch.uint8)},
        {"sample__frames": torch.zeros(0, 96, 128, 3, dtype=torch.uint8)},
        {"sample__motion": torch.zeros(2, 4, 48, 64)},
        {"sample__motion": torch.zeros(3)},
        {"network__more": torch.zeros(3)},
    ],
    ids=["frames", "none", "fewer", "motion", "more"],
)
def test_tensors_that_do_not_fit_are_refused(
    scene: TrainedScene, tmp_path: Path, tensors: dict[str, Tensor]
) -> None:
    rewritten(scene, tmp_path, **tensors)
    with pytest.raises(BadModel, match="broken"):
        load_trained(tmp_path)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(
    scene: TrainedScene, tmp_path: Path, number: float
) -> None:
    name, value = next(iter(scene.network.state_dict().items()))
    spoilt = torch.full_like(value, number)
    rewritten(scene, tmp_path, **{f"network.{name}": spoilt})
    with pytest.raises(BadModel, match="not all weights are numbers"):
        load_trained(tmp_path)


@pytest.mark.parametrize("header", [2**63, 2**40, 2**25 + 1])
def test_a_header_of_a_huge_size_is_not_read(trained: Path, tmp_path: Path, header: int) -> None:
    content = (trained / FILE_NAME).read_bytes()
    path = tmp_path / FILE_NAME
    path.write_bytes(header.to_bytes(8, "little") + content[8:])
    with pytest.raises(BadModel, match="header"):
        load_trained(path)


def test_what_is_no_plain_file_is_no_trained_scene(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).symlink_to("/dev/zero")
    with pytest.raises(BadModel, match="no plain file"):
        load_trained(tmp_path)


def test_where_no_training_has_ended_there_is_no_scene(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(BadModel, match=r"no trained scene in .*: train the scene"):
            load_trained(folder)
