"""The scene model: one ONNX file that is the whole truth about a scene.

The graph does all the computing; a JSON document in the file's metadata says everything else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from edge_vad import scene_file
from edge_vad.errors import BadModel
from edge_vad.false_alarms import NormalTail
from edge_vad.frame import CameraPicture
from edge_vad.motion.extractor import MotionSettings
from edge_vad.motion.state import MotionInside, StateTensor, state_tensors
from edge_vad.preprocessing.regions import MOST_CORNERS, Regions
from edge_vad.untrusted import refuse_wild_numbers, shorten

METADATA_KEY = "edge-vad"
SCHEMA = 2

Precision = Literal["fp32", "fp16", "int8"]
Pixels = Annotated[int, msgspec.Meta(ge=16, le=8192)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the metadata: unchangeable, and refused when it holds a field nobody knows."""


class Grid(_Record, frozen=True):
    """Where the cells of the anomaly map lie in the frame.

    The receptive field of cell (row, column) is the square of `patch` px whose top left corner is
    (row * stride, column * stride).

    Attributes:
        rows: Rows of the anomaly map.
        columns: Columns of the anomaly map.
        patch: Side of a cell's receptive field, px of the model's frame.
        stride: Distance between neighbouring cells, px of the model's frame.
    """

    rows: Count
    columns: Count
    patch: Count
    stride: Count


class Calibration(_Record, frozen=True):
    """How an energy becomes comparable with the others: `a = (energy - location) / scale`.

    Both come from normal footage that the energy was not fitted to. There an energy whose frames
    reach `a` more is `exp(a)` times rarer; so the largest of several is the rarest. Each kind of
    light (day, lamp, infrared) has its own, so that one threshold holds in all of them.

    Attributes:
        locations: By light, the energy, in nats, that calibrates to 0.
        scales: By light, the mean excess of the frames' highest energies, in nats.
        weight: 1; 0 for an energy that has no part in map and score.
    """

    locations: Annotated[tuple[float, ...], msgspec.Meta(min_length=1)]
    scales: Annotated[tuple[Annotated[float, msgspec.Meta(gt=0)], ...], msgspec.Meta(min_length=1)]
    weight: Annotated[float, msgspec.Meta(ge=0, le=1)]


class Training(_Record, frozen=True):
    """Where a scene model comes from.

    Attributes:
        sources: Names of the footage, without paths.
        frames: Frames of the footage.
        seed: Seed of everything random.
        created: UTC, ISO 8601.
        versions: Package name to version.
        recipe: Which method: `default`, or `paper`.
    """

    sources: tuple[str, ...]
    frames: Count
    seed: int
    created: str
    versions: dict[str, str]
    recipe: str = "default"


class Parity(_Record, frozen=True):
    """How far the graph was from PyTorch when it was exported, on real frames.

    Attributes:
        frames: Frames compared.
        map_relative_error: Largest difference of the anomaly maps over their largest magnitude.
        energy_relative_error: The same for the worst of the energy maps.
        score_absolute_error: Largest difference of the frame scores.
    """

    frames: Count
    map_relative_error: float
    energy_relative_error: float
    score_absolute_error: float


class Comparison(_Record, frozen=True):
    """How far a graph is from the scene in single precision on ONNX Runtime's CPU, on real frames.

    Attributes:
        precision: What the encoders compute in.
        backend: What ran the graph.
        device: Where it ran.
        frames: Frames compared.
        map_error: Largest difference of the anomaly maps.
        map_relative_error: The same over the largest magnitude of the maps.
        score_error: Largest difference of the frame scores.
        score_relative_error: The same over the largest magnitude of the scores.
        score_shift: Largest difference of a frame's score, over the score where that is beyond 1.
        rank_correlation: Spearman's, of the frame scores; None where all are alike.
        auc: Frame-level AUC, 0 to 1, where labels were given.
        auc_drop: How much lower that is than in single precision.
        milliseconds: Median time of a frame, the graph alone, measured side by side.
    """

    precision: Precision
    backend: str
    device: str
    frames: Count
    map_error: float
    map_relative_error: float
    score_error: float
    score_relative_error: float
    score_shift: float
    rank_correlation: float | None
    auc: float | None
    auc_drop: float | None
    milliseconds: float


class SceneCard(_Record, frozen=True):
    """Everything about a scene model that is not in the graph.

    Attributes:
        schema: Version of this document's layout.
        height: Rows of the frame that the graph takes.
        width: Columns of the frame that the graph takes.
        fps: Frames a second of the footage that was learnt from; motion is in px a frame, so a
            source of another rate looks faster or slower than it is.
        motion: What turns frames into the motion input.
        grid: Geometry of the anomaly map.
        energies: Calibrations of the sample energies, by name.
        normal: Scores of normal footage, for thresholds.
        training: Provenance.
        precision: What the encoders compute in.
        int8_layers: Names of the encoders' layers that compute in INT8, such as
            `motion_encoder.trunk.0`; none in other precisions and in scenes of before.
        fp32_layers: Those of an INT8 scene's trunks that keep single precision, as scores would
            shift too far.
        parity: Result of the comparison with PyTorch.
        proof: Results of the comparisons with single precision.
        empty: Background pictures, one for each kind of light, as
            `edge_vad.preprocessing.background_picture` encodes them; none in scenes of before.
        ignored: Regions that are painted over before a frame is used.
        score_cells: A frame reaches as high as the mean of so many highest cells.
        motion_inside: That the graph measures motion itself; None where it takes it.
    """

    schema: int
    height: Pixels
    width: Pixels
    fps: Annotated[float, msgspec.Meta(gt=0)]
    motion: MotionSettings
    grid: Grid
    energies: dict[str, Calibration]
    normal: NormalTail
    training: Training
    precision: Precision = "fp32"
    int8_layers: tuple[str, ...] = ()
    fp32_layers: tuple[str, ...] = ()
    parity: Parity | None = None
    proof: tuple[Comparison, ...] = ()
    empty: tuple[bytes, ...] = ()
    ignored: Regions = ()
    score_cells: Count = 1
    motion_inside: MotionInside | None = None

    @property
    def motion_shape(self) -> tuple[int, int, int]:
        """Of the motion input of one frame: channels, rows, columns."""
        shrink = self.motion.downscale
        return self.motion.channels, self.height // shrink, self.width // shrink

    @property
    def state(self) -> tuple[StateTensor, ...]:
        """What the graph remembers of a camera; nothing where motion is measured outside."""
        if self.motion_inside is None:
            return ()
        return state_tensors(self.height, self.width, self.motion)

    @property
    def camera(self) -> CameraPicture | None:
        """The camera's own picture, where the graph takes that."""
        return self.motion_inside.camera if self.motion_inside else None

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """What the graph takes: name to shape, of one frame."""
        frame = {"frame": self.camera.shape if self.camera else (self.height, self.width, 3)}
        if self.motion_inside is None:
            return {**frame, "motion": self.motion_shape}
        state = {each.input: each.shape for each in self.state}
        return {**frame, "elapsed": (), "reset": (), **state}

    @property
    def outputs(self) -> tuple[str, ...]:
        """What is asked of the graph when frames are scored: `ModelOutput`, and the state."""
        known = ("motion_known",) if self.motion_inside else ()
        return "anomaly_map", "score", *known, *(each.output for each in self.state)

    def encode(self) -> str:
        """The JSON document that goes into the file."""
        return msgspec.json.encode(self).decode()


@dataclass(frozen=True)
class SceneModel:
    """A scene model on disk, checked: nothing else may be handed to what runs it.

    Attributes:
        path: The ONNX file.
        card: Its metadata.
        sha256: Of the file that was checked.
    """

    path: Path
    card: SceneCard
    sha256: str = field(default="", repr=False, compare=False)

    @classmethod
    def read(cls, path: str | Path) -> SceneModel:
        """Read a scene model, and hold its graph and metadata to what may stand in them.

        Raises:
            BadModel: The file is missing, damaged, altered, not a scene model, of another schema,
                holds what a scene model may not, or its metadata contradicts itself.
        """
        path = Path(path)
        content = scene_file.read(path)
        text = scene_file.metadata(content, path).get(METADATA_KEY)
        if text is None:
            raise BadModel(f"{path} is an ONNX file, but not a scene model", _EXPORT_AGAIN)
        _refuse_other_schema(text, path)
        scene_file.check(content, path)
        return cls(path, decode_card(text, path), hashlib.sha256(content).hexdigest())

    def content(self) -> bytes:
        """The bytes of the file, the very ones that were checked.

        Raises:
            BadModel: The file has gone, or has changed since.
        """
        content = scene_file.read(self.path)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise BadModel(f"{self.path} has changed while it was being read", "start again")
        return content


_EXPORT_AGAIN = "write it again with edge-vad export"
_TRAIN_AGAIN = "train the scene again with edge-vad train, and export it"


def decode_card(text: str, path: Path) -> SceneCard:
    """Decode and check a scene model's metadata.

    Args:
        text: The JSON document.
        path: Named in errors.

    Raises:
        BadModel: It is of another schema, broken, or contradicts itself.
    """
    _refuse_other_schema(text, path)
    try:
        card = msgspec.json.decode(text, type=SceneCard)
        refuse_wild_numbers(card.encode())  # in which what should be a fraction is one
        _check_geometry(card)
        if sum(map(len, card.ignored)) > MOST_CORNERS:
            raise ValueError("its regions have too many corners")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _broken(path, error) from None
    return card


def _refuse_other_schema(text: str, path: Path) -> None:
    try:
        schema = msgspec.json.decode(text, type=_SchemaOnly).schema
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _broken(path, error) from None
    if schema < SCHEMA:
        raise BadModel(f"{path} was made by an older edge-vad", _TRAIN_AGAIN)
    if schema > SCHEMA:
        raise BadModel(
            f"{path} has schema {schema}, and this version reads up to {SCHEMA}",
            "update edge-vad, or export the scene with this version",
        )


def _broken(path: Path, error: Exception) -> BadModel:
    return BadModel(f"the metadata in {path} is broken ({shorten(str(error))})", _EXPORT_AGAIN)


class _SchemaOnly(msgspec.Struct):
    schema: Annotated[int, msgspec.Meta(ge=1)]


def _check_geometry(card: SceneCard) -> None:
    grid = card.grid
    for what, cells, pixels in (
        ("rows", grid.rows, card.height),
        ("columns", grid.columns, card.width),
    ):
        reach = (cells - 1) * grid.stride + grid.patch
        if reach > pixels:
            raise ValueError(f"{cells} {what} of cells reach over {reach} px of {pixels}")
