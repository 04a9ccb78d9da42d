"""A scene that cannot be scored ends its own cameras, and no other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge_vad.backends import Backend, ModelInput, ModelOutput, load_backend
from edge_vad.camera_state import CameraState
from edge_vad.errors import BadModel, EdgeVadError, Unavailable
from edge_vad.live.camera_pipeline import CameraPipeline, CameraPlan
from edge_vad.live.loop import LiveLoop
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.scorer import Scorer
from edge_vad.sources.addresses.spec import parse_spec


class Failing(Backend):
    """Gives what it is told to, after some frames that are right."""

    def __init__(self, model: SceneModel, fails: Callable[[ModelOutput], ModelOutput]) -> None:
        self._right, self._fails, self._left = load_backend(model, threads=1), fails, 3

    def infer(self, inputs: ModelInput) -> ModelOutput:
        maps = self._right.infer(inputs)
        self._left -= len(inputs.frame)
        return maps if self._left > 0 else self._fails(maps)


def raising(error: EdgeVadError) -> Callable[[ModelOutput], ModelOutput]:
    def fail(maps: ModelOutput) -> ModelOutput:
        raise error

    return fail


FAILURES = {
    "an infinite score": lambda maps: maps._replace(score=maps.score + np.float32(np.inf)),
    "no number": lambda maps: maps._replace(score=maps.score * np.float32(np.nan)),
    "an infinite map": lambda maps: maps._replace(anomaly_map=maps.anomaly_map - np.float32("inf")),
    "a failing node": raising(BadModel("the graph failed at a frame", "export it again")),
    "a failing device": raising(Unavailable("the device failed", "see that it works")),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_the_cameras_of_other_scenes_go_on(
    failure: str,
    make: SimpleNamespace,
    tiny_scene: Callable[..., Path],
    tmp_path: Path,
    notes: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    moving = make.avi(tmp_path / "moving.avi", make.movement())
    good, bad = (SceneModel.read(tiny_scene(f"{name}.onnx")) for name in ("good", "bad"))
    scorers = [
        Scorer(good, load_backend(good, threads=1)),
        Scorer(bad, Failing(bad, FAILURES[failure])),
    ]
    plans = [
        CameraPlan(name, parse_spec(f"{moving}"), model)
        for name, model in (("good", good), ("bad", bad), ("worse", bad))
    ]
    loop = LiveLoop([CameraPipeline(plan) for plan in plans], scorers)
    with caplog.at_level(logging.ERROR), pytest.raises(EdgeVadError):
        loop.run([notes])
    assert notes.of("good") == list(range(1, 40))
    assert len(notes.of("bad")) < 5
    assert ("bad", CameraState.ENDED) in notes.states
    assert all(np.isfinite(score) for score in notes.scores)
    told = [each.getMessage() for each in caplog.records]
    assert sum("bad is not watched any more" in each for each in told) == 1
    assert not any(each.exc_info for each in caplog.records)
