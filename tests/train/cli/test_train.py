"""edge-vad train, as it is typed."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from edge_vad.sources import open_source
from edge_vad_train.checkpoint import FILE_NAME, load_trained
from edge_vad_train.fit import Diverged, FitSettings, Fitted, _Best, fit_stream
from edge_vad_train.self_made import KINDS, Peaks

Command = Callable[..., tuple[int, str, str]]
QUICK = ("--latent", 2, "--components", 2, "--seed", 3)
STEPS = ("--steps", 220)


@pytest.fixture(scope="session")
def footage(make: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 60 frames, 96x64."""
    street = open_source("test://street?seed=1&frames=60&size=96x64")
    path = tmp_path_factory.mktemp("footage") / "street.avi"
    return make.avi(path, [frame.image for frame in street])


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "street"


@pytest.fixture
def train(edge_vad: Command, footage: Path, out: Path) -> Command:
    """Trains for a moment, with more options if one likes."""

    def answer(*more: object) -> tuple[int, str, str]:
        return edge_vad("train", footage, "--out", out, *QUICK, "--steps", 3, *more)

    return answer


def network_of(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_trained(folder).network.state_dict())


def assert_same_network(folder: Path, other: Path) -> None:
    ours, theirs = network_of(folder), network_of(other)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name


def test_a_stream_that_has_collapsed_is_told_of(
    train: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_vad_train.latents.count_active", lambda means: len(means) * 0)
    code, _, err = train()
    assert code == 0
    for stream in ("appearance", "motion"):
        assert f"the {stream} stream has collapsed: 0 of 2 latent dimensions" in " ".join(
            err.split()
        )
    assert "--motion-sigma" in err


@pytest.mark.usefixtures("somebody_moves")
@pytest.mark.parametrize("auc", [0.61, 0.63])
def test_a_training_that_tells_no_self_made_anomaly_is_warned_of(
    train: Command, monkeypatch: pytest.MonkeyPatch, auc: float
) -> None:
    monkeypatch.setattr("edge_vad_train.self_made._aucs", lambda *_: dict.fromkeys(KINDS, auc))
    code, _, err = train()
    assert code == 0
    warned = f"hardly better than chance ({auc:.0%} on the mean)" in " ".join(err.split())
    assert warned == (auc < 0.62)


def test_a_video_becomes_a_scene_and_the_next_command_works_as_printed(
    train: Command,
    edge_vad: Command,
    footage: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, said, err = train()
    assert code == 0
    assert said.startswith("learnt from 60 frames at 96x64, 10 frames a second\n")
    assert "thresholds come from 11 of them" in said
    assert "warning: that is under an hour of footage" in err
    assert [each.name for each in out.iterdir()] == [FILE_NAME]
    scene = load_trained(out)
    assert scene.card.training.sources == ("street",)
    assert scene.card.training.seed == 3
    next_command = said.splitlines()[-1]
    assert next_command == f"next: edge-vad export {out} --out street.onnx"
    monkeypatch.chdir(out.parent)
    assert edge_vad(*shlex.split(next_command)[2:]).code == 0
    assert (out.parent / "street.onnx").exists()


def test_what_is_chosen_is_what_the_scene_has(train: Command, out: Path) -> None:
    assert train("--flow", "medium", "--cell", 4, "--window", 3, "--noise-floor", 0.5).code == 0
    scene = load_trained(out)
    assert (scene.card.motion.iterations, scene.card.motion.window) == (25, 3)
    assert (scene.card.grid.stride, scene.card.grid.patch) == (4, 28)


@pytest.fixture
def somebody_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the small footage of these tests nobody does, of whom to make anomalies."""
    peaks = Peaks(np.zeros((5, 3), np.float32), dict.fromkeys(KINDS, np.ones((5, 3), np.float32)))
    monkeypatch.setattr("edge_vad_train.choosing.measure_peaks", lambda *_: [peaks])


@pytest.mark.usefixtures("somebody_moves")
def test_what_is_tuned_is_told_and_the_scene_is_one_trained_with_it(
    train: Command, edge_vad: Command, footage: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_vad_train.tuning._WORTH", -1.0)  # always changes something
    code, said, err = train("--tune", "--noise-floor", 0.3)
    assert code == 0
    assert err.count("choosing weights") == 7
    tuned = load_trained(out).card.training.tuned
    motion, appearance, floor = tuned.values()
    assert (motion in (1.25, 5.0), appearance in (0.075, 0.3)) == (True, True)
    assert floor == pytest.approx(0.1) or floor == pytest.approx(0.9)
    assert (
        f"tuned on this footage: motion sigma {motion:g}, appearance sigma {appearance:g}, "
        f"noise floor {floor:g}\n"
    ) in said
    options = ("--motion-sigma", motion, "--appearance-sigma", appearance, "--noise-floor", floor)
    other = out.with_name("plain")
    words = ("train", footage, "--out", other, *QUICK, "--steps", 3, *options)
    assert edge_vad(*words).code == 0
    assert_same_network(out, other)


@pytest.mark.usefixtures("somebody_moves")
def test_a_sigma_that_makes_a_stream_diverge_is_not_chosen(
    train: Command, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit_or_diverge(
        patches: object, held_back: object, design: object, settings: FitSettings, *more: object
    ) -> Fitted:
        if settings.sigma == 1.25:
            raise Diverged("the loss is nan after step 1", "")
        return fit_stream(patches, held_back, design, settings, *more)

    monkeypatch.setattr("edge_vad_train.training.fit_stream", fit_or_diverge)
    monkeypatch.setattr("edge_vad_train.tuning._WORTH", -1.0)
    code, _, err = train("--tune")
    assert code == 0
    assert err.count("choosing weights") == 6
    assert load_trained(out).card.training.tuned["motion_sigma"] == 5.0
    assert train("--motion-sigma", 1.25, "--overwrite").code == 1


def test_where_nobody_moves_nothing_is_tuned(
    train: Command, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_vad_train.choosing.measure_peaks", lambda *_: [])
    code, _, err = train("--tune")
    assert code == 0
    assert "nobody moves in this footage" in " ".join(err.split())
    assert load_trained(out).card.training.tuned == {}
    assert err.count("choosing weights") == 1


def test_nothing_is_tuned_unless_asked(train: Command, out: Path) -> None:
    _, said, err = train()
    assert "tuned on this footage" not in said
    assert err.count("choosing weights") == 1
    assert load_trained(out).card.training.tuned == {}


def test_a_stream_that_overfits_ends_early_and_says_so(
    train: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_vad_train.fit._VALIDATE_EVERY", 2)
    monkeypatch.setattr("edge_vad_train.fit._PATIENCE", 6)
    better = _Best.or_better
    monkeypatch.setattr(
        _Best, "or_better", lambda self, _, step, model: better(self, float(step), step, model)
    )
    code, _, err = train("--steps", 40)
    assert code == 0
    for stream in ("appearance", "motion"):
        assert f"the {stream} stream has its weights of step 2:" in " ".join(err.split())


def test_a_finished_scene_is_replaced_only_when_asked(train: Command, out: Path) -> None:
    train()
    before = (out / FILE_NAME).read_bytes()
    code, said, err = train("--seed", 5)
    assert (code, said) == (2, "")
    assert err.splitlines() == [
        f"error: {out} already holds a trained scene",
        "  -> give another --out, or add --overwrite",
    ]
    assert (out / FILE_NAME).read_bytes() == before
    assert train("--seed", 5, "--overwrite").code == 0
    assert load_trained(out).card.training.seed == 5


def test_the_folder_one_stands_in_is_a_place_for_a_scene(
    edge_vad: Command, footage: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out.mkdir(parents=True)
    monkeypatch.chdir(out)
    code, said, _ = edge_vad("train", footage, "--out", ".", *QUICK, "--steps", 3)
    assert code == 0
    assert said.endswith("next: edge-vad export . --out street.onnx\n")


@pytest.mark.parametrize("place", ["/proc/x", "{file}", "{file}/deeper"])
def test_a_folder_that_cannot_be_written_is_told_before_any_work(
    edge_vad: Command, footage: Path, place: str
) -> None:
    code, said, err = edge_vad("train", footage, "--out", place.format(file=footage), *QUICK)
    assert (code, said) == (3, "")
    assert "cannot be written" in err
    assert "  -> give an --out that can be written" in err
    assert "reading footage" not in err


@pytest.mark.parametrize(
    "words",
    [
        ("nothing.mp4",),
        (),
        ("test://street?seed=1&frames=60", "--size", "large"),
        ("test://street?seed=1&frames=60", "--size", "98x64"),
        ("test://street?seed=1&frames=60", "--size", "32x32"),
        ("test://street?seed=1&frames=60", "--device", "abacus"),
        ("test://street?seed=1&frames=60", "--steps", "0"),
    ],
)
def test_wrong_use_is_told_and_leaves_nothing(
    edge_vad: Command, out: Path, words: tuple[str, ...]
) -> None:
    code, said, err = edge_vad("train", *words, "--out", out)
    assert (code, said) == (2, "")
    assert "Traceback" not in err
    assert not (out / FILE_NAME).exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_a_missing_device(edge_vad: Command, out: Path) -> None:
    code, _, err = edge_vad(
        "train", "test://street?seed=1&frames=60", "--device", "cuda", "--out", out
    )
    assert code == 4
    assert "use --device auto" in err


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("test://street?seed=1&frames=49&size=64x64", "street has 49 frames, too few"),
        ("test://street?seed=1&frames=60&size=64x48", "are 64x48, too small"),
    ],
)
def test_footage_that_teaches_nothing_is_refused(
    edge_vad: Command, out: Path, source: str, what: str
) -> None:
    code, _, err = edge_vad("train", source, "--out", out, *QUICK)
    assert code == 3
    assert what in err
    assert not (out / FILE_NAME).exists()


def test_a_camera_that_shows_a_still_picture_can_be_learnt(
    edge_vad: Command, make: SimpleNamespace, out: Path
) -> None:
    still = make.avi(out.parent.with_name("still.avi"), [make.texture(0, 64, 96)] * 60)
    assert edge_vad("train", still, "--out", out, *QUICK, "--steps", 3).code == 0
    assert torch.isfinite(torch.cat([each.flatten() for each in network_of(out).values()])).all()


@pytest.fixture
def damaged(make: SimpleNamespace, tmp_path: Path) -> Path:
    """A folder of 60 frames; two of them cannot be read."""
    street = open_source("test://street?seed=1&frames=60&size=64x64")
    folder = make.frames(tmp_path / "pictures", [frame.image for frame in street])
    for number in (7, 30):
        (folder / f"{number:03}.png").write_bytes(b"no picture")
    return folder


def test_frames_that_cannot_be_read_are_skipped_and_counted(
    edge_vad: Command, damaged: Path, out: Path
) -> None:
    code, said, err = edge_vad("train", damaged, "--out", out, *QUICK, "--steps", 3)
    assert code == 0
    assert said.startswith("learnt from 58 frames")
    assert "warning: frames that could not be read and were skipped: 2\n" in err


def test_strict_reading_stops_at_a_frame_that_cannot_be_read(
    edge_vad: Command, damaged: Path, out: Path
) -> None:
    code, _, err = edge_vad("train", damaged, "--out", out, *QUICK, "--strict")
    assert code == 3
    assert "007.png" in err
    assert not (out / FILE_NAME).exists()


@pytest.fixture(scope="module")
def uninterrupted(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene that was trained in one go."""
    out = tmp_path_factory.mktemp("uninterrupted") / "street"
    start_training(footage, out).communicate(timeout=120)
    return out


def start_training(footage: Path, out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edge_vad", *map(str, words(footage, out))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def words(footage: Path, out: Path) -> tuple[object, ...]:
    return ("train", footage, "--out", out, *QUICK, *STEPS)


def wait_for(training: subprocess.Popen[str], stage: str) -> None:
    for line in training.stderr:
        if line == f"{stage}\n":
            return
    raise AssertionError(f"the training never came to {stage}")


@pytest.mark.parametrize(
    ("stage", "pause_s"), [("learning both streams", 0.5), ("drawing patches of motion", 0.0)]
)
def test_ctrl_c_keeps_the_progress_and_the_same_command_goes_on(
    edge_vad: Command,
    footage: Path,
    out: Path,
    uninterrupted: Path,
    stage: str,
    pause_s: float,
) -> None:
    training = start_training(footage, out)
    wait_for(training, stage)
    time.sleep(pause_s)
    training.send_signal(signal.SIGINT)
    said, err = training.communicate(timeout=60)
    assert (training.returncode, said) == (130, "")
    assert err.splitlines()[-2:] == [
        f"error: interrupted; progress is kept in {out}",
        "  -> give the same command again to go on",
    ]
    assert "Traceback" not in err
    assert not (out / FILE_NAME).exists()
    code, _, err = edge_vad(*words(footage, out))
    assert code == 0
    assert f"note: going on with the training that was interrupted in {out}\n" in err
    assert [each.name for each in out.iterdir()] == [FILE_NAME]
    assert_same_network(out, uninterrupted)


@pytest.mark.parametrize("stage", ["learning both streams", "fitting mixtures"])
def test_a_killed_training_goes_on_too(
    edge_vad: Command, footage: Path, out: Path, uninterrupted: Path, stage: str
) -> None:
    training = start_training(footage, out)
    wait_for(training, stage)
    while not any((out / "work").glob("*.safetensors")):  # what was learnt is saved now and then
        time.sleep(0.01)
    training.kill()
    training.communicate(timeout=60)
    assert not (out / FILE_NAME).exists()
    assert edge_vad(*words(footage, out)).code == 0
    assert_same_network(out, uninterrupted)


def test_another_command_does_not_destroy_an_unfinished_training_unless_told_to(
    edge_vad: Command, footage: Path, out: Path
) -> None:
    leave_behind(out, plan="{}")
    kept = sorted(each.name for each in (out / "work").iterdir())
    words = ("train", footage, "--out", out, *QUICK, "--steps", 3)
    code, _, err = edge_vad(*words)
    assert code == 2
    assert "unfinished training with other footage or options" in err
    assert sorted(each.name for each in (out / "work").iterdir()) == kept
    assert edge_vad(*words, "--overwrite").code == 0


def test_what_is_left_without_a_plan_is_not_taken_up(
    edge_vad: Command, footage: Path, out: Path
) -> None:
    leave_behind(out, plan=None)
    assert edge_vad("train", footage, "--out", out, *QUICK, "--steps", 3).code == 0


def leave_behind(out: Path, plan: str | None) -> None:
    """Leave what a training leaves that was ended amid its work, with progress that is broken."""
    work = out / "work"
    work.mkdir(parents=True)
    (work / "motion-2.5.safetensors").write_bytes(b"of another training")
    if plan is not None:
        (work / "plan.json").write_text(plan)


def test_broken_progress_is_told_with_what_to_delete(
    train: Command, edge_vad: Command, footage: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("edge_vad_train.training.fit_mixtures", interrupt)
        assert train().code == 130
    state = out / "work" / "motion-2.5.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    code, _, err = train()
    assert code == 3
    assert f"error: the progress in {state} is broken" in err
    assert "  -> delete that file and train again" in err
    state.unlink()
    assert train().code == 0


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt
