"""A server that scores and is away: frames are not judged, and that is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from edge_vad.backends import AnyInput, Backend, ModelOutput, load_backend
from edge_vad.camera_state import CameraState
from edge_vad.errors import ServerAway
from edge_vad.live.camera_pipeline import CameraPipeline, CameraPlan
from edge_vad.live.loop import LiveLoop
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.scorer import Scorer
from edge_vad.sources.addresses.spec import parse_spec


class Distant(Backend):
    """Scores as this machine does, but for some frames."""

    def __init__(self, model: SceneModel, away: range) -> None:
        self._here, self._away, self.asked = load_backend(model, threads=1), away, 0

    def infer(self, inputs: AnyInput) -> ModelOutput:
        number, self.asked = self.asked, self.asked + 1
        if number in self._away:
            raise ServerAway("the server is away", "wait")
        return self._here.infer(inputs)


def watched(clip: Path, model: SceneModel, backend: Backend, notes: Any) -> LiveLoop:
    plan = CameraPlan("gate", parse_spec(f"{clip}"), model)
    loop = LiveLoop([CameraPipeline(plan)], [Scorer(model, backend)])
    loop.run([notes])
    return loop


def test_frames_without_a_server_are_not_judged_and_the_others_as_ever(
    make: SimpleNamespace, tiny_scene: Callable[..., Path], tmp_path: Path, notes: Any
) -> None:
    clip = make.avi(tmp_path / "moving.avi", make.movement())
    model = SceneModel.read(tiny_scene())
    watched(clip, model, load_backend(model, threads=1), notes)
    expected = dict(zip(notes.of("gate"), notes.scores, strict=True))
    notes.frames.clear()
    notes.scores.clear()
    notes.states.clear()
    loop = watched(clip, model, Distant(model, range(5, 15)), notes)
    found = dict(zip(notes.of("gate"), notes.scores, strict=True))
    assert found == {index: expected[index] for index in found}
    assert len(expected) - len(found) == 10
    (status,) = loop.status()
    assert status.unjudged["server away"] == 10
    states = [state for _, state in notes.states]
    away = states.index(CameraState.SERVER_AWAY)
    assert states[away + 1] is CameraState.LIVE
    assert states[-1] is CameraState.ENDED


def test_an_event_ends_where_the_server_goes(
    make: SimpleNamespace, tiny_scene: Callable[..., Path], tmp_path: Path, notes: Any
) -> None:
    clip = make.avi(tmp_path / "moving.avi", make.movement(moving=range(10, 40)))
    model = SceneModel.read(tiny_scene())
    watched(clip, model, Distant(model, range(20, 100)), notes)
    kinds = [change.kind.value for change in notes.changes]
    assert kinds[0] == "new"
    assert kinds[-1] == "end"
    assert notes.of("gate")[-1] < 25
