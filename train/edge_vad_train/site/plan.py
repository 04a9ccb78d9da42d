"""What a training is to give, and what of it is there already."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import msgspec

from edge_vad.archive.identity import identify
from edge_vad.errors import BadInput, WrongUse
from edge_vad.files.atomic import PRIVATE, make_private_folder, write_whole
from edge_vad.preprocessing.regions import Polygon
from edge_vad_train.data.footage import FrameSize
from edge_vad_train.model.scene_network import GENERATION
from edge_vad_train.settings import TrainSettings


class TrainPlan(msgspec.Struct, frozen=True):
    """What decides a training; an interrupted one must agree with it to be taken up.

    Attributes:
        sources: The footage.
        form: How it is laid out.
        size: Size of the model's frame; None for the usual one.
        strict: Whether a picture that cannot be read ends it.
        settings: All else that decides the result.
        generation: Of the way from frames to scores.
        fps: Frames a second of footage that cannot say.
        ignore: Regions that are left out, px of the frames.
    """

    sources: list[str]
    form: str
    size: FrameSize | None
    strict: bool
    settings: TrainSettings
    generation: int = GENERATION
    fps: float | None = None
    ignore: tuple[Polygon, ...] = ()

    def key(self) -> str:
        """A digest of all of it, the footage by its bytes and not by its place.

        Raises:
            WrongUse: A source is no recording.
            OSError: It cannot be read.
        """
        digests = [identify(each).digest for each in self.sources]
        told = msgspec.json.encode(msgspec.structs.replace(self, sources=digests))
        return hashlib.sha256(told).hexdigest()


class SceneJob(msgspec.Struct, frozen=True):
    """A camera's scene that is to be made.

    Attributes:
        camera: The camera's name.
        plan: What it is trained by.
        out: Folder of the trained scene.
        onnx: Where its scene model is to be.
        device: Where it is trained.
        engine: Whether an engine is built, where its device is.
        overwrite: Whether another scene is replaced.
    """

    camera: str
    plan: TrainPlan
    out: Path
    onnx: Path
    device: str
    engine: bool
    overwrite: bool


def take_up(out: Path, plan: TrainPlan, overwrite: bool) -> bool:
    """Make the folder ready: new, or as an interrupted training of the same plan left it.

    Frames that it had read already are taken up, too, so the footage must be the same by its bytes.

    Returns:
        Whether there was such a training.

    Raises:
        WrongUse: It holds an unfinished training of another plan.
        BadInput: It cannot be written.
        OSError: The footage cannot be read.
    """
    content = msgspec.json.format(msgspec.json.encode({"plan": plan, "key": plan.key()}))
    planned = out / "work" / "plan.json"
    try:
        before = planned.read_bytes() if planned.exists() else None
        if before == content:
            return True
        # Until the first weights are kept there is nothing that would be lost.
        if before is not None and not overwrite and any(planned.parent.glob("*.safetensors")):
            raise WrongUse(
                f"{out} holds an unfinished training with other footage or options",
                "give that command again to go on, give another --out, or add --overwrite",
            )
        if planned.parent.exists():
            shutil.rmtree(planned.parent)
        make_private_folder(planned.parent)
        write_whole(planned, content, PRIVATE)
    except OSError as error:
        raise BadInput(
            f"{out} cannot be written ({error.strerror})", "give an --out that can be written"
        ) from None
    return False
