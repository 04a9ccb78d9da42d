"""edge-vad eval, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result

from edge_vad.errors import BadInput, BadModel, WrongUse
from edge_vad.opencv import cv2
from edge_vad_train.cli.evaluate import FILES, NORMAL_FILE, evaluate
from edge_vad_train.evaluation.results import Evaluation

TinyScene = Callable[..., Path]
FRAMES, MOVING = 16, range(8, 14)


@pytest.fixture
def scene(tiny_scene: TinyScene) -> Path:
    return tiny_scene("street.onnx")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """UCSD's layout, 64x48: in both test clips the middle slides, in one of them masked."""
    root = tmp_path / "UCSDtiny"
    write_clip(root / "Test" / "Test001", masks=root / "Test" / "Test001_gt")
    write_clip(root / "Test" / "Test002", masks=None)
    write_clip(root / "Train" / "Train001", masks=None)
    return root


def write_clip(folder: Path, masks: Path | None) -> None:
    noise = np.random.default_rng(len(folder.name)).random((2, 48, 64)).astype(np.float32)
    pictures = [cv2.normalize(cv2.GaussianBlur(n, (0, 0), 2.0), None, 0, 255, 32, 0) for n in noise]
    for index in range(FRAMES):
        picture, mask = pictures[0].copy(), np.zeros((48, 64), np.uint8)
        if index in MOVING:
            picture[12:36, 16:48] = np.roll(pictures[1], 3 * index, axis=1)[12:36, 16:48]
            mask[12:36, 16:48] = 255
        for place, image, suffix in ((folder, picture, "tif"), (masks, mask, "bmp")):
            if place:
                place.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(place / f"{index + 1:03}.{suffix}"), image)


def run(*words: object) -> Result:
    result = CliRunner().invoke(evaluate, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_it_prints_the_table_the_files_and_the_next_command(scene: Path, root: Path) -> None:
    out = run(scene, root).stdout
    assert "UCSDtiny: 1 clip, 16 frames, 6 of them anomalous" in out
    assert "without labels and left out: Test002" in out
    assert "street.onnx" in out
    assert "box flow, nothing learned" in out
    assert f"written to {scene.with_name('street-eval')}: eval.json" in out
    assert out.endswith(
        f"edge-vad run {scene} '{root / 'Test' / 'Test001'}?fps=10' --out watched\n"
    )


def test_the_files_stand_beside_the_scene_or_where_one_says(
    scene: Path, root: Path, tmp_path: Path
) -> None:
    run(scene, root)
    run(scene, root, "--out", tmp_path / "elsewhere" / "deep")
    for folder in (tmp_path / "street-eval", tmp_path / "elsewhere" / "deep"):
        assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
        assert (folder / "roc.png").read_bytes().startswith(b"\x89PNG")


def test_json_is_all_that_stdout_gets_and_the_same_as_the_file(
    scene: Path, root: Path, tmp_path: Path
) -> None:
    result = run(scene, root, "--json", "--out", tmp_path / "out")
    assert json.loads(result.stdout) == json.loads((tmp_path / "out" / "eval.json").read_bytes())
    evaluation = msgspec.json.decode(result.stdout, type=Evaluation)
    assert evaluation.clips[0].anomalous == ((8, 14),)
    assert result.stderr == ""


def test_pixels_and_regions_are_measured_when_asked(scene: Path, root: Path) -> None:
    out = run(scene, root, "--pixel", "--regions", "--threads", 1).stdout
    for heading in ("pixel", "prec.", "RBDC", "TBDC"):
        assert heading in out
    plain = run(scene, root).stdout
    assert "RBDC" not in plain
    assert "prec." not in plain


def test_a_synthetic_street_is_told_by_kind(tiny_scene: TinyScene) -> None:
    scene = tiny_scene("street.onnx", height=48, width=64)
    url = "test://street?seed=3&size=64x48&fps=2&noise=1"
    evaluation = msgspec.json.decode(
        run(scene, url, "--format", "synthetic", "--json").stdout, type=Evaluation
    )
    assert [clip.kind for clip in evaluation.clips][:2] == ["cyclist", "vehicle"]
    assert run(scene, url, "--format", "synthetic").stdout.count("test://street?seed=") == 1


def test_footage_without_labels_is_refused_before_anything_is_written(
    scene: Path, root: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="has no test clips with labels"):
        run(scene, root / "Train" / "Train001")
    assert not (tmp_path / "street-eval").exists()


def test_a_scene_that_is_none_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="cannot be read"):
        run(tmp_path / "nothing.onnx", root)


def test_an_earlier_result_survives_a_run_that_breaks(
    scene: Path, root: Path, tmp_path: Path
) -> None:
    run(scene, root)
    before = (tmp_path / "street-eval" / "eval.json").read_bytes()
    (root / "Test" / "Test001" / "012.tif").write_bytes(b"broken")
    with pytest.raises(BadInput, match=r"012\.tif"):
        run(scene, root)
    assert (tmp_path / "street-eval" / "eval.json").read_bytes() == before
    assert sorted(each.name for each in (tmp_path / "street-eval").iterdir()) == sorted(FILES)


def test_an_unknown_format_is_wrong_use(scene: Path, root: Path) -> None:
    assert run(scene, root, "--format", "nobody").exit_code == 2


def test_the_help_shows_commands_line_by_line() -> None:
    assert " edge-vad eval ped2.onnx UCSDped2 --pixel\n" in run("--help").stdout


def test_only_the_kinds_asked_for_are_measured(tiny_scene: TinyScene) -> None:
    scene = tiny_scene("street.onnx", height=48, width=64)
    url = "test://street?seed=3&size=64x48&fps=2&noise=1"
    out = run(scene, url, "--format", "synthetic", "--kind", "runner", "--json").stdout
    assert [clip["kind"] for clip in json.loads(out)["clips"]] == ["runner"]


def test_an_unknown_kind_is_refused_with_those_there_are(tiny_scene: TinyScene) -> None:
    url = "test://street?seed=3&size=64x48&fps=2&noise=1"
    with pytest.raises(WrongUse, match=r"dragon.*wrong_way"):
        run(tiny_scene("street.onnx"), url, "--format", "synthetic", "--kind", "dragon")


def test_several_scenes_are_seeds_of_one_table(tiny_scene: TinyScene, root: Path) -> None:
    scenes = [tiny_scene(f"seed{number}.onnx") for number in range(3)]
    out = run(*scenes, root, "--pixel").stdout
    assert "scenes: seed0.onnx, seed1.onnx, seed2.onnx" in out
    for word in ("mean", "worst", "over 3 scenes"):
        assert word in " ".join(out.split())
    answer = json.loads(run(*scenes, root, "--json").stdout)
    assert [each["scene"] for each in answer["scenes"]] == [each.name for each in scenes]
    assert answer["rows"][0]["scenes"] == 3


def test_normal_footage_is_measured_against_the_promise(scene: Path, root: Path) -> None:
    footage = f"{root / 'Test' / 'Test001'}?fps=10"
    part = footage.replace("?", ":0-6?")
    result = run(scene, part, "--normal", "--false-alarms", "6/hour")
    for heading in ("promised", "measured", "interval", "ratio"):
        assert heading in result.stdout
    assert result.stdout.endswith(
        f"edge-vad run {scene} '{part}' --out watched --false-alarms 6/hour\n"
    )
    answer = json.loads(run(scene, footage, "--normal", "--json").stdout)
    assert answer["promised"] == "1/hour"
    assert answer == json.loads((scene.with_name("street-eval") / NORMAL_FILE).read_bytes())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--false-alarms", "1/hour"), "normal footage"),
        (("--normal", "--kind", "runner"), "no anomalies to tell"),
        (("--normal", "--pixel"), "no anomalies to tell"),
        (("--normal", "--false-alarms", "few"), "not a rate"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    scene: Path, root: Path, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(WrongUse, match=message):
        run(scene, root / "Test" / "Test001", "--fps", "10", *options)


def test_several_recordings_are_measured_at_once(scene: Path, root: Path) -> None:
    footage = root / "Test" / "Test001"
    answer = json.loads(
        run(scene, footage, f"{footage}:0-6", "--normal", "--fps", "10", "--json").stdout
    )
    assert [clip["frames"] for clip in answer["clips"]] == [16, 6]
    with pytest.raises(WrongUse, match="a data set is one"):
        run(scene, root, root)
    with pytest.raises(WrongUse, match=r"end in \.onnx"):
        run(scene)


def test_footage_that_cannot_say_its_rate_is_asked_for_it(scene: Path, root: Path) -> None:
    with pytest.raises(BadInput, match="how many of its pictures"):
        run(scene, root / "Test" / "Test001", "--normal")


def test_false_alarms_of_several_scenes_are_a_list(tiny_scene: TinyScene, root: Path) -> None:
    scenes = tiny_scene("a.onnx"), tiny_scene("b.onnx")
    footage = f"{root / 'Test' / 'Test001'}?fps=10"
    answers = json.loads(run(*scenes, footage, "--normal", "--json").stdout)
    assert [each["scene"] for each in answers] == ["a.onnx", "b.onnx"]
    assert answers == json.loads((scenes[0].with_name("a-eval") / NORMAL_FILE).read_bytes())
    assert f"scene: {scenes[1].name}" in run(*scenes, footage, "--normal").stdout


def test_nuisances_of_the_street_are_told_apart(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = "test://street?seed=3&size=64x48&frames=12"
    named = [("steady", steady), ("rain", f"{steady}&noise=20")]
    asked = []
    monkeypatch.setattr(
        "edge_vad_street.street_nuisances", lambda url: (asked.append(url), named)[1], raising=False
    )
    result = run(scene, "test://street?seed=3", "--nuisances", "--json")
    answer = json.loads(result.stdout)
    assert asked == ["test://street?seed=3"]
    assert [clip["nuisance"] for clip in answer["clips"]] == ["steady", "rain"]
    assert [clip["frames"] for clip in answer["clips"]] == [12, 12]
    assert "nuisance" in run(scene, "test://street?seed=3", "--nuisances").stdout
