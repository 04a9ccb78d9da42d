"""A trained scene on disk: one safetensors file whose header holds the scene's card as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import torch
from msgspec import Meta
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from edge_vad.errors import BadModel
from edge_vad.files.atomic import PRIVATE, write_whole
from edge_vad.scene_model import SceneCard, decode_card
from edge_vad.untrusted import shorten
from edge_vad_train.model.background import Background
from edge_vad_train.model.mixture import SampleEnergy
from edge_vad_train.model.scene_network import (
    GENERATION,
    JOINT,
    PHYSICAL,
    SceneEnergies,
    SceneNetwork,
)
from edge_vad_train.model.stream_inputs import (
    CELL_FEATURES,
    STREAMS,
    PaperInputs,
    PerspectiveInputs,
)
from edge_vad_train.model.vae import Architecture, Encoder
from edge_vad_train.settings import Recipe

FILE_NAME = "scene.safetensors"
_LARGEST_FILE, _LARGEST_HEADER = 2**29, 2**23
_TRAIN_AGAIN = "train the scene again with edge-vad train"
_BROKEN = (
    *(OSError, SafetensorError, LookupError, RuntimeError, ValueError, TypeError),
    *(ArithmeticError, AssertionError, MemoryError, msgspec.DecodeError),
)


class Design(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What has to be known to build a scene's network.

    Its sizes are bounded, for it may come from elsewhere.

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
    components: dict[str, Annotated[int, Meta(gt=0, le=256)]]
    lights: Annotated[int, Meta(gt=0, le=16)]
    score_cells: Annotated[int, Meta(gt=0, le=2**16)]
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
        content = {name: value.contiguous() for name, value in tensors.items()}
        write_whole(path, save(content, header), PRIVATE)
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
        if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
            raise ValueError("it is no plain file, or too large")
        with path.open("rb") as start:
            if int.from_bytes(start.read(8), "little") > _LARGEST_HEADER:
                raise ValueError("its header is too large")
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        card = decode_card(header["card"], path)
        design = msgspec.json.decode(header["design"], type=Design)
        if design.generation != GENERATION:
            raise BadModel(f"{path} was trained by an older edge-vad", _TRAIN_AGAIN)
        samples = tensors.pop("sample.frames"), tensors.pop("sample.motion")
        card = msgspec.structs.replace(card, score_cells=design.score_cells)
        network = _filled_network(design, card, tensors)
        _check_answer(network, card, *samples)
    except msgspec.ValidationError as error:
        why = f"was trained by an older edge-vad, or is broken ({shorten(str(error))})"
        raise BadModel(f"{path} {why}", _TRAIN_AGAIN) from None
    except _BROKEN as error:
        raise BadModel(f"{path} is broken ({shorten(str(error))})", _TRAIN_AGAIN) from None
    return TrainedScene(card, design, network, *samples)


def _filled_network(design: Design, card: SceneCard, tensors: dict[str, Tensor]) -> SceneNetwork:
    """The network with its weights; nothing is built in memory that the file does not hold."""
    state = {name.removeprefix("network."): value for name, value in tensors.items()}
    if _largest_size(design, card) > max(value.numel() for value in state.values()):
        raise ValueError("its design is larger than the weights that it holds")
    if not all(bool(torch.isfinite(value).all()) for value in state.values()):
        raise ValueError("not all weights are numbers")
    network = empty_network(design, card)
    network.load_state_dict(state)
    return network.eval()


def _largest_size(design: Design, card: SceneCard) -> int:
    """Values of the largest tensor that is built, which the file has to hold, too."""
    with torch.device("meta"):  # which takes no memory
        encoders = [Encoder(design.streams[name]) for name in STREAMS]
    sizes = [each.numel() for encoder in encoders for each in encoder.parameters()]
    widths = _widths(design)
    sizes += [each * widths[name] ** 2 for name, each in design.components.items()]
    if design.recipe != "paper":
        places = card.grid.rows * card.grid.columns
        sizes += [each * places for each in design.components.values()]
        sizes.append(design.lights * (card.height // 2) * (card.width // 2))
    return max(sizes)


def _widths(design: Design) -> dict[str, int]:
    """Dimensions of what each energy is computed of."""
    latents = {name: design.streams[name].latent for name in STREAMS}
    return latents | {JOINT: sum(latents.values()), PHYSICAL: CELL_FEATURES}


def _check_answer(network: SceneNetwork, card: SceneCard, frames: Tensor, motion: Tensor) -> None:
    """See to it that the network fits its card and the samples, and gives numbers."""
    shapes = (card.height, card.width, 3), card.motion_shape
    if (frames.shape[1:], motion.shape[1:]) != shapes or not 0 < len(frames) == len(motion):
        raise ValueError("its samples are not of its scene")
    with torch.inference_mode():
        found = network(frames[:1], motion[:1])[0]
    if found.shape[1:] != (card.grid.rows, card.grid.columns) or not found.isfinite().all():
        raise ValueError("what it says of a sample is no anomaly map")


def empty_network(design: Design, card: SceneCard) -> SceneNetwork:
    """The network with nothing in it yet, to be filled from a file."""
    grid, streams = card.grid, design.streams
    sizes = _widths(design)
    is_paper = design.recipe == "paper"
    cells = None if is_paper else (grid.rows, grid.columns)
    energies = {
        name: SampleEnergy.empty(components, sizes[name], cells)
        for name, components in design.components.items()
    }
    make_inputs = PaperInputs() if is_paper else _empty_inputs(design, card)
    encoders = {name: Encoder(streams[name]) for name in STREAMS}
    return SceneNetwork(
        SceneEnergies(make_inputs, encoders, energies), card.energies, design.score_cells
    )


def _empty_inputs(design: Design, card: SceneCard) -> PerspectiveInputs:
    pictures = torch.zeros(1, design.lights, card.height // 2, card.width // 2)
    return PerspectiveInputs(
        Background(pictures), torch.ones(card.grid.rows), design.streams["motion"]
    )
