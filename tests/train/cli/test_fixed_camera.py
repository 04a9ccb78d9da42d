"""Footage of a camera that moves is told of before anything is learnt from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edge_vad.errors import BadInput
from edge_vad_train.cli.fixed_camera import warn_of_moving_camera
from edge_vad_train.datasets import open_dataset

SECONDS, FPS, SWAY = 11, 4, 12
MOVES = "the camera moves in this footage"
Film = Callable[..., Path]


class Heard:
    """Stages that keep what they were told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    @contextmanager
    def stage(self, label: str, length: int | None) -> Iterator[Callable[[int, str], None]]:
        yield lambda steps, remark="": None

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def film(make: SimpleNamespace, tmp_path: Path) -> Film:
    """Films a place in which something walks, by a camera that sways by some px, or by none."""
    place = make.texture(height=144 + 2 * SWAY, width=192 + 2 * SWAY)

    def pictures(sway: float) -> Iterator[np.ndarray]:
        dice = np.random.default_rng(1)
        for number in range(SECONDS * FPS):
            down, across = np.clip(np.rint(dice.normal(0, sway, 2)), -SWAY, SWAY).astype(int) + SWAY
            seen = place.copy()
            seen[60:100, 20 + 3 * number : 40 + 3 * number] = 230
            yield seen[down : down + 144, across : across + 192]

    def filmed(name: str, sway: float) -> Path:
        return Path(make.avi(tmp_path / f"{name}.avi", list(pictures(sway)), FPS))

    return filmed


def warnings_of(*footage: Path) -> list[str]:
    heard = Heard()
    warn_of_moving_camera(open_dataset([*map(str, footage)], "video").train, heard)
    return heard.warnings


def test_a_camera_in_a_hand_is_told_of_and_one_on_a_wall_is_not(film: Film) -> None:
    (told,) = warnings_of(film("hand", 5.0))
    assert told.startswith(MOVES)
    assert warnings_of(film("wall", 0.0)) == []


def test_of_several_recordings_most_have_to_move(film: Film) -> None:
    wall, hand, other = film("wall", 0.0), film("hand", 5.0), film("other", 3.0)
    assert warnings_of(wall, hand, wall) == []
    assert len(warnings_of(wall, hand, other)) == 1


def test_train_says_it_in_one_line_before_it_learns(
    edge_vad: Callable[..., tuple[int, str, str]],
    film: Film,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def learnt(*_: object, **__: object) -> None:
        raise BadInput("learning has begun", "stop here")

    monkeypatch.setattr("edge_vad_train.site.making.train_scene", learnt)
    for name, sway, times in (("hand", 5.0, 1), ("wall", 0.0, 0)):
        _, _, err = edge_vad("train", film(name, sway), "--out", tmp_path / name)
        assert err.count(f"warning: {MOVES}") == times
        assert err.index("learning has begun") > err.find(MOVES)


def test_footage_that_cannot_be_read_is_left_to_the_training(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    assert warnings_of(tmp_path / "broken.mp4") == []
    warn_of_moving_camera((), Heard())


def test_whatever_goes_wrong_while_it_is_looked_at_is_left_to_the_training(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(*_: object) -> None:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr("edge_vad.record.view.ViewCheck.look", stale)
    assert warnings_of(film("hand", 5.0)) == []


def test_of_a_site_it_is_said_by_the_cameras_name(
    edge_vad: Callable[..., tuple[int, str, str]],
    film: Film,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def learnt(*_: object) -> None:
        raise BadInput("learning has begun", "stop here")

    monkeypatch.setattr("edge_vad_train.cli.train_site.open_pool", learnt)
    lines = []
    for name, sway in (("hand", 5.0), ("wall", 0.0)):
        lines += ["[[cameras]]", f'name = "{name}"', 'source = "0"', f'scene = "{name}.onnx"']
        lines += [f'footage = ["{film(name, sway).name}"]']
    (tmp_path / "site.toml").write_text("\n".join(lines))
    _, _, err = edge_vad("train", "--config", tmp_path / "site.toml", "--out", tmp_path / "runs")
    assert "warning: camera hand moves in this footage" in err
    assert "camera wall moves in this footage" not in err
    assert "learning has begun" in err
