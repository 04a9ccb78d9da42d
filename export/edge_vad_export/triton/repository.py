"""Puts scene models into a model repository of Triton."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from numpy.typing import NDArray

from edge_vad.backends.triton.naming import model_name, version_of
from edge_vad.errors import BadInput, WrongUse
from edge_vad.files.atomic import write_whole
from edge_vad.scene_model import SceneModel
from edge_vad_export.triton.config import WARM_UP, Served, config_of
from edge_vad_export.triton.pbtxt import to_text

CONFIG = "config.pbtxt"


class ServedModel(NamedTuple):
    """A scene model in a repository.

    Attributes:
        repository: The folder that the server is given.
        name: Of the model.
        version: The beginning of the scene model's digest.
        platform: What runs it on the server.
        is_new: Whether it was not there before.
    """

    repository: Path
    name: str
    version: int
    platform: str
    is_new: bool

    @property
    def file(self) -> Path:
        """Folder of the version."""
        return self.repository / self.name / str(self.version)


def add_to_repository(
    repository: Path,
    model: SceneModel,
    served: Served,
    content: bytes,
    warm_up: Mapping[str, NDArray[Any]],
) -> ServedModel:
    """Put a scene model into a repository, beside other scenes and other versions of it.

    Nothing that is there is written over.

    Args:
        repository: The folder; made where it is missing.
        model: The scene model.
        served: In what form the server gets it.
        content: That form.
        warm_up: Name of each input to its values, of a frame that the server warms up with; none
            where it does not, see `config.config_of`.

    Raises:
        WrongUse: Something else has its place.
        BadInput: The repository cannot be written.
    """
    name, version = model_name(model.path), version_of(model.sha256)
    config = to_text(config_of(model.card, name, served)).encode()
    folder = repository / name
    made = ServedModel(repository, name, version, served.platform, is_new=True)
    try:
        is_known = folder.exists()
        if is_known and _is_there(folder, version, config, served, content):
            return made._replace(is_new=False)
        repository.mkdir(parents=True, exist_ok=True)
        beside = folder if is_known else repository
        # A server sees all or nothing.
        with TemporaryDirectory(".partial", ".", beside) as staging:
            staged = Path(staging) / name
            staged.mkdir()
            _write(staged / str(version) / served.file, content)
            if is_known:
                (staged / str(version)).rename(made.file)
                return made
            for each, values in warm_up.items():
                _write(staged / WARM_UP / each, values.tobytes())
            _write(staged / CONFIG, config)
            staged.rename(folder)
    except OSError as error:
        raise BadInput(
            f"{folder} cannot be written ({error.strerror})", "make room, or the folder writable"
        ) from None
    return made


def _is_there(folder: Path, version: int, config: bytes, served: Served, content: bytes) -> bool:
    """Whether the very version is in its place; False where there is room for it.

    Raises:
        WrongUse: Something else is.
    """
    written = folder / CONFIG
    if not written.is_file() or written.read_bytes() != config:
        raise WrongUse(
            f"{folder} has another model, or this one with other settings",
            f"give another folder, or rename the scene model; or remove {folder}, where nobody "
            "needs it",
        )
    place = folder / str(version)
    if not place.exists():
        return False
    file = place / served.file
    if not file.is_file() or file.read_bytes() != content:
        raise WrongUse(
            f"{place} has other content than this scene model",
            f"remove {place}, where nobody needs it, and give the same command again",
        )
    return True


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    write_whole(path, content)
