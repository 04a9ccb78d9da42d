"""Makes trained scenes with something wrong in them, for `hostile.py`."""

from __future__ import annotations

import json
import random
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from hostile_files import Case, changed_json, mutated
from lightning_fabric import Fabric

from edge_vad.cli import fail
from edge_vad.errors import EdgeVadError
from edge_vad_train.checkpoint import load_trained
from edge_vad_train.datasets import open_dataset
from edge_vad_train.pipeline import train_scene
from edge_vad_train.settings import TrainSettings

Random = random.Random


class _Silence:
    """Stages of a training that nobody watches."""

    @contextmanager
    def stage(self, label: str, length: int | None) -> Iterator[Callable[[int, str], None]]:
        """A stage."""
        yield lambda *_: None

    def warn(self, text: str) -> None:
        """A warning."""


@cache
def trained() -> bytes:
    """A scene that was trained for a moment."""
    settings = TrainSettings(steps=10, latent=3, components=3, patches=600, cells=2000)
    clips = open_dataset("test://street?seed=1&frames=120&size=128x96", "video").train
    with tempfile.TemporaryDirectory() as folder:
        fabric = Fabric(accelerator="cpu", devices=1)
        train_scene(clips, Path(folder), settings, fabric, _Silence())
        return (Path(folder) / "scene.safetensors").read_bytes()


def checkpoint(dice: Random, canary: Path) -> Case:
    """A trained scene with something wrong in it."""
    content = trained()
    length = struct.unpack("<Q", content[:8])[0]
    header, weights = content[8 : 8 + length], content[8 + length :]
    what = dice.choice(["bytes", "header", "card", "design", "shapes"])
    if what == "bytes":
        content = mutated(dice, content)
    else:
        if what == "header":
            header = mutated(dice, header)
        else:
            document = json.loads(header)
            part = document["__metadata__"]
            if what == "shapes":
                tensor = document[dice.choice([name for name in document if "." in name])]
                key = dice.choice(["shape", "data_offsets", "dtype"])
                wild = [[], [2**62, 2**62], [-1], [0], "F64", "U8", "BOOL", [1] * 99]
                tensor[key] = dice.choice(wild)
            else:
                for _ in range(dice.choice([1, 1, 2, 4])):
                    part[what] = changed_json(dice, part[what])
            header = json.dumps(document).encode()
        content = struct.pack("<Q", len(header)) + header + weights
    return Case(what, files={"scene.safetensors": content}, runs=_load)


def _load() -> int:
    try:
        load_trained(Path())
    except EdgeVadError as error:
        fail(error)
        return error.exit_code
    return 0
