"""A trained scene on disk: one safetensors file whose header holds the scene's card as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from edge_vad.errors import BadModel
from edge_vad.scene_model import SceneCard, decode_card
from edge_vad_train.background import Background
from edge_vad_train.mixture import SampleEnergy
from edge_vad_train.model import Architecture, Encoder
from edge_vad_train.network import (
    GENERATION,
    JOINT,
    PHYSICAL,
    STREAMS,
    SceneEnergies,
    SceneNetwork,
)
from edge_vad_train.settings import Recipe
from edge_vad_train.streams import NUMBERS, PaperViews, PerspectiveViews

FILE_NAME = "scene.safetensors"
_TRAIN_AGAIN = "train the scene again with edge-vad train"


class Design(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What has to be known to build a scene's network.

    Attributes:
        recipe: As in the settings.
        streams: Shapes of the streams, by name.
        components: K of the energies' mixtures, by name, in the order of the graph's outputs.
        lights: Empty pictures of the scene.
        score_cells: A frame reaches as high as the mean of so many highest cells.
        generation: Of the way from frames to scores.
    """

    recipe: Recipe
    streams: dict[str, Architecture]
    components: dict[str, int]
    lights: int
    score_cells: int
    generation: int = GENERATION


@dataclass(frozen=True)
class TrainedScene:
    """A scene that can be exported.

    Attributes:
        card: Everything about it that is not in the network.
        design: Shape of the network.
        network: The network, in evaluation mode.
        sample_frames: uint8, (n, height, width, 3), frames of the footage to check an export with.
        sample_motion: float32, (n, channels, height', width'), their pooled motion.
    """

    card: SceneCard
    design: Design
    network: SceneNetwork
    sample_frames: Tensor
    sample_motion: Tensor

    def save(self, folder: Path) -> Path:
        """Write the scene into a folder, whole or not at all; returns the file."""
        path = folder / FILE_NAME
        tensors = {
            "sample.frames": self.sample_frames,
            "sample.motion": self.sample_motion,
            **{f"network.{name}": value for name, value in self.network.state_dict().items()},
        }
        header = {"card": self.card.encode(), "design": msgspec.json.encode(self.design).decode()}
        staged = path.with_suffix(".tmp")
        save_file({name: value.contiguous() for name, value in tensors.items()}, staged, header)
        staged.replace(path)
        return path


def load_trained(folder: Path) -> TrainedScene:
    """Read a trained scene.

    Args:
        folder: What `edge-vad train` was given as `--out`, or the file in it.

    Raises:
        BadModel: There is none, its training has not ended, or the file is broken.
    """
    path = folder if folder.is_file() else folder / FILE_NAME
    if not path.exists():
        raise BadModel(f"there is no trained scene in {folder}", _TRAIN_AGAIN)
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        card = decode_card(header["card"], path)
        design = msgspec.json.decode(header["design"], type=Design)
        if design.generation != GENERATION:
            raise BadModel(f"{path} was trained by an older edge-vad", _TRAIN_AGAIN)
        network = empty_network(design, card)
        network.load_state_dict(
            {
                name.removeprefix("network."): value
                for name, value in tensors.items()
                if name.startswith("network.")
            }
        )
        samples = tensors["sample.frames"], tensors["sample.motion"]
    except msgspec.ValidationError:
        raise BadModel(f"{path} was trained by an older edge-vad", _TRAIN_AGAIN) from None
    except (OSError, SafetensorError, KeyError, RuntimeError, msgspec.DecodeError) as error:
        raise BadModel(f"{path} is broken ({error})", _TRAIN_AGAIN) from None
    return TrainedScene(card, design, network.eval(), *samples)


def empty_network(design: Design, card: SceneCard) -> SceneNetwork:
    """The network with nothing in it yet, to be filled from a file."""
    grid, streams = card.grid, design.streams
    looks, moves = (streams[name].latent for name in STREAMS)
    sizes = dict(zip(STREAMS, (looks, moves), strict=True))
    sizes |= {JOINT: looks + moves, PHYSICAL: NUMBERS}
    is_paper = design.recipe == "paper"
    cells = None if is_paper else (grid.rows, grid.columns)
    energies = {
        name: SampleEnergy.empty(components, sizes[name], cells)
        for name, components in design.components.items()
    }
    views = PaperViews() if is_paper else _empty_views(design, card)
    encoders = {name: Encoder(streams[name]) for name in STREAMS}
    return SceneNetwork(SceneEnergies(views, encoders, energies), card.energies, design.score_cells)


def _empty_views(design: Design, card: SceneCard) -> PerspectiveViews:
    pictures = torch.zeros(1, design.lights, card.height // 2, card.width // 2)
    return PerspectiveViews(
        Background(pictures), torch.ones(card.grid.rows), design.streams["motion"]
    )
