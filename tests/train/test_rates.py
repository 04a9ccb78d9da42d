"""Training and evaluation go by time: footage of other rates teaches and measures the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad.backends import load_backend
from edge_vad.frame import Frame
from edge_vad.motion.extractor import MotionSettings
from edge_vad.scene_model import SceneModel
from edge_vad.sources import Source
from edge_vad_train.data.clip_reader import lowest_rate
from edge_vad_train.data.footage import FrameSettings, FrameSize
from edge_vad_train.data.frame_cache import cache_footage
from edge_vad_train.datasets import Clip, Dataset, open_dataset
from edge_vad_train.evaluation.evaluate import evaluate
from edge_vad_train.evaluation.truth import gather_truth

SECONDS = 6


@dataclass(frozen=True, kw_only=True)
class Filmed(Clip):
    """Something slides by 3 px in a tenth of a second while it is anomalous."""

    fps: float

    def open(self, *, strict: bool = False) -> Source:
        return FilmedSource(self.fps)

    def frame_labels(self) -> NDArray[np.bool_]:
        return np.array([2.0 <= time_s < 4.0 for time_s in times(self.fps)])

    def masks(self) -> None:
        return None


class FilmedSource(Source):
    def __init__(self, fps: float) -> None:
        self.name, self.fps, self.length = "filmed", fps, len(times(fps))

    def __iter__(self) -> Iterator[Frame]:
        noise = np.random.default_rng(0).integers(0, 256, (2, 12, 16, 3))
        still, sliding = np.kron(noise, np.ones((1, 4, 4, 1))).astype(np.uint8)
        for index, time_s in enumerate(times(self.fps)):
            image = still.copy()
            image[:2, :2] = round(time_s * 997) % 256  # no camera gives the same picture twice
            if 2.0 <= time_s < 4.0:
                image[12:36, 16:48] = np.roll(sliding, round(30 * time_s), axis=1)[12:36, 16:48]
            yield Frame(image, index, time_s)


def times(fps: float) -> list[float]:
    return [at / fps for at in range(round(SECONDS * fps))]


def measured(path: Path, fps: float) -> tuple[tuple[float, ...], float]:
    """Scores, and the AUC, of a clip of this rate."""
    model = SceneModel.read(path)
    scene = (model, load_backend(model, threads=1))
    dataset = Dataset("filmed", train=(), test=(Filmed(name="clip", fps=fps),))
    fused = evaluate([scene], gather_truth(dataset)).fused[0]
    return fused.scores[0], fused.frame_level.micro_auc


@pytest.mark.parametrize("fps", [20.0, 30.0])
def test_faster_footage_is_measured_by_the_frames_the_scene_would_have_seen(
    tiny_scene: Callable[..., Path], fps: float
) -> None:
    assert measured(tiny_scene(), fps) == measured(tiny_scene(), 10.0)


@pytest.mark.parametrize("fps", [5.0, 15.0, 25.0])
def test_footage_of_any_rate_has_about_the_same_auc(
    tiny_scene: Callable[..., Path], fps: float
) -> None:
    (_, found), (_, expected) = measured(tiny_scene(), fps), measured(tiny_scene(), 10.0)
    assert found == pytest.approx(expected, abs=0.05)


def test_recordings_of_several_rates_teach_at_the_lowest(tmp_path: Path) -> None:
    places = [f"test://street?seed=1&size=128x96&frames={12 * fps}&fps={fps}" for fps in (10, 30)]
    clips = open_dataset(places, "video").train
    assert lowest_rate(clips) == 10.0
    frames = FrameSettings(FrameSize(96, 128), lowest_rate(clips), 6000)
    kept = cache_footage(clips, tmp_path, frames, MotionSettings())
    assert (kept.fps, kept.frames) == (10.0, 240)
    slow, fast = (
        [segment.motion[:] for segment in kept.segments[at :: len(kept.segments) // 2 or 1]]
        for at in (0, len(kept.segments) // 2)
    )
    speeds = [np.mean([np.abs(each.astype(np.float32)).mean() for each in half])
              for half in (slow, fast)]  # fmt: skip
    assert speeds[1] == pytest.approx(speeds[0], rel=0.2)
