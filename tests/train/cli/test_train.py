"""edge-vad train, as it is typed."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
import torch

from edge_vad.motion.dynamic_flow import Pooling
from edge_vad.scene_model import SCHEMA
from edge_vad.sources import open_source
from edge_vad_train.checkpoint import FILE_NAME, load_trained

Command = Callable[..., tuple[int, str, str]]
BRIEF = ("--latent", 2, "--components", 2, "--seed", 3)
QUICK = (*BRIEF, "--size", "192x144")
STEPS = ("--steps", 220)


@pytest.fixture(scope="session")
def footage(make: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 60 frames, 192x144."""
    street = open_source("test://street?seed=1&frames=60&size=192x144")
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
    monkeypatch.setattr("edge_vad_train.pipeline._SIGMAS", {"appearance": 0.15, "motion": 1e4})
    code, _, err = train("--steps", 300)
    assert code == 0
    said = " ".join(err.split())
    assert "the motion stream has collapsed: 0 of 2 latent dimensions" in said
    assert "the appearance stream has collapsed" not in said


def test_a_video_becomes_a_scene_and_the_next_command_works_as_printed(
    train: Command,
    edge_vad: Command,
    footage: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, said, _ = train()
    assert code == 0
    assert said.startswith("learnt from 60 frames at 192x144, 10 frames a second\n")
    assert "thresholds come from 59 of them" in said
    assert "the thresholds stand on 6 seconds of normal footage" in said
    assert f"\n  edge-vad train {footage}:0-50% --out {out} --overwrite\n" in said
    assert [each.name for each in out.iterdir()] == [FILE_NAME]
    scene = load_trained(out)
    assert scene.card.training.sources == ("street",)
    assert scene.card.training.seed == 3
    next_command = said.splitlines()[-1]
    assert next_command == f"next: edge-vad export {out} --out street.onnx"
    monkeypatch.chdir(out.parent)
    assert edge_vad(*shlex.split(next_command)[2:]).code == 0
    assert (out.parent / "street.onnx").exists()


@pytest.mark.parametrize(("part", "rest"), [("0-55", "55-"), ("0-90%", "90%-"), ("-5s", "5s-")])
def test_a_scene_of_a_part_of_a_recording_is_tried_on_the_rest(
    edge_vad: Command,
    footage: Path,
    out: Path,
    part: str,
    rest: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = edge_vad(*words(f"{footage}:{part}", out))
    assert done.code == 0, done.err
    export = done.out.splitlines()[-1]
    assert export == f"next: edge-vad export {out} --out street.onnx --frames {footage}:{rest}"
    monkeypatch.chdir(out.parent)
    exported = edge_vad(*shlex.split(export)[2:])
    assert exported.code == 0, exported.err
    run = exported.out.splitlines()[-1]
    assert run == f"next: edge-vad run street.onnx {footage}:{rest} --out watched/street"
    assert edge_vad(*shlex.split(run)[2:]).code == 0


def test_what_is_chosen_is_what_the_scene_has(train: Command, out: Path) -> None:
    assert train("--flow", "medium", "--window", 3).code == 0
    card = load_trained(out).card
    assert (card.motion.iterations, card.motion.window) == (25, 3)
    assert (card.grid.stride, card.grid.patch) == (8, 28)
    assert card.training.recipe == "default"
    assert {name: each.weight for name, each in card.energies.items()} == {
        "appearance": 0, "motion": 0, "joint": 1, "physical": 1,
    }  # fmt: skip


def test_the_papers_recipe_is_trained_by_the_same_command(train: Command, out: Path) -> None:
    code, said, _ = train("--recipe", "paper")
    assert code == 0
    assert said.startswith("learnt from 60 frames at 192x144")
    scene = load_trained(out)
    assert scene.card.training.recipe == "paper"
    assert scene.card.motion.pooling is Pooling.RANK
    assert scene.card.motion.window == 10  # a second of them
    assert {name: each.weight for name, each in scene.card.energies.items()} == {
        "appearance": 1, "motion": 1,
    }  # fmt: skip
    with torch.inference_mode():
        outputs = scene.network(scene.sample_frames, scene.sample_motion)
    assert all(torch.isfinite(each).all() for each in outputs)


def test_only_a_recipe_that_exists_is_taken(train: Command, out: Path) -> None:
    code, said, err = train("--recipe", "cake")
    assert (code, said) == (2, "")
    assert "'default', 'paper'" in err


def test_clips_that_are_too_short_are_left_out_with_a_warning(
    edge_vad: Command, footage: Path, make: SimpleNamespace, out: Path
) -> None:
    brief = make.avi(out.parent.with_name("brief.avi"), [make.texture(0, 144, 192)] * 5)
    code, said, err = edge_vad("train", footage, brief, "--out", out, *QUICK, "--steps", 3)
    assert code == 0
    assert said.startswith("learnt from 60 frames")
    assert "warning: too short to learn from, and left out: brief\n" in err


def test_footage_of_which_a_part_is_kept_gives_thresholds_by_all_of_it(
    edge_vad: Command, out: Path
) -> None:
    street = "test://street?seed=1&frames=430&size=192x144"
    code, said, _ = edge_vad("train", street, "--out", out, *QUICK, "--steps", 3, "--frames", 100)
    assert code == 0
    assert "learnt from 430 frames" in said
    assert "thresholds come from 429 of them" in said


def test_a_scene_of_an_older_version_is_refused_in_one_sentence(
    train: Command, edge_vad: Command, out: Path
) -> None:
    train()
    scene = load_trained(out)
    card = msgspec.structs.replace(scene.card, schema=SCHEMA - 1)
    replace(scene, card=card).save(out)
    code, said, err = edge_vad("export", out, "--out", out / "street.onnx")
    assert (code, said) == (3, "")
    assert err.splitlines() == [
        f"error: {out / FILE_NAME} was made by an older edge-vad",
        "  -> train the scene again with edge-vad train, and export it",
        "  docs/errors.md#bad-model",
    ]


def test_a_finished_scene_is_replaced_only_when_asked(train: Command, out: Path) -> None:
    train()
    before = (out / FILE_NAME).read_bytes()
    code, said, err = train("--seed", 5)
    assert (code, said) == (2, "")
    assert err.splitlines() == [
        f"error: {out} already holds a trained scene",
        "  -> give another --out, or add --overwrite",
        "  docs/errors.md#wrong-use",
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
        ("test://street?seed=1&frames=49&size=64x64", "there are 49 frames, too few to learn from"),
        ("test://street?seed=1&frames=60&size=64x48", "are 64x48, too small"),
    ],
)
def test_footage_that_teaches_nothing_is_refused(
    edge_vad: Command, out: Path, source: str, what: str
) -> None:
    code, _, err = edge_vad("train", source, "--out", out, *BRIEF)
    assert code == 3
    assert what in err
    assert not (out / FILE_NAME).exists()


def test_a_camera_that_shows_a_still_picture_can_be_learnt(
    edge_vad: Command, make: SimpleNamespace, out: Path
) -> None:
    still = make.avi(out.parent.with_name("still.avi"), [make.texture(0, 144, 192)] * 60)
    code, _, err = edge_vad("train", still, "--out", out, *QUICK, "--steps", 3)
    assert code == 0
    assert "warning: nothing ever is or moves in this footage" in err
    assert "has collapsed" not in err
    assert torch.isfinite(torch.cat([each.flatten() for each in network_of(out).values()])).all()


@pytest.fixture
def damaged(make: SimpleNamespace, tmp_path: Path) -> Path:
    """A folder of 60 frames; two of them cannot be read."""
    street = open_source("test://street?seed=1&frames=60&size=192x144")
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
    start_training(footage, out).communicate(timeout=600)
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
    ("stage", "pause_s"), [("learning both streams", 0.5), ("drawing patches", 0.0)]
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
    said, err = training.communicate(timeout=240)
    assert (training.returncode, said) == (130, ""), err
    assert err.splitlines()[-3:] == [
        f"error: interrupted; progress is kept in {out}",
        "  -> give the same command again to go on",
        "  docs/errors.md#interrupted",
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
        assert training.poll() is None
        time.sleep(0.01)
    training.kill()
    training.communicate(timeout=240)
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
    (work / "motion.safetensors").write_bytes(b"of another training")
    if plan is not None:
        (work / "plan.json").write_text(plan)


def test_broken_progress_is_told_with_what_to_delete(
    train: Command, edge_vad: Command, footage: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("edge_vad_train.pipeline._fit_mixtures", interrupt)
        assert train().code == 130
    state = out / "work" / "motion.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    code, _, err = train()
    assert code == 3
    assert f"error: the progress in {state} is broken" in err
    assert "  -> delete that file and train again" in err
    state.unlink()
    assert train().code == 0


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt
