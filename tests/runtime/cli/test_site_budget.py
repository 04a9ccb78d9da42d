"""edge-vad site budget: accepted false alarms are divided among cameras and boxes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_vad.false_alarms import NormalTail, parse_rate
from edge_vad.site.budget.listing import divide
from edge_vad.site.reading import read_site

Command = Callable[..., Any]
SITE = """\
# The box in the {name}.
[[cameras]]
name = "gate"
source = "test://street?seed=1&realtime=1"
scene = "../thin.onnx"

[[cameras]]
name = "yard"
source = "test://street?seed=2&realtime=1"
scene = "../{scene}.onnx"
"""


@pytest.fixture
def boxes(
    tmp_path: Path, tiny_scene: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """Two site files: two scenes of a thin tail, one of a heavy one and one in between."""
    monkeypatch.chdir(tmp_path)
    for name, scale in (("thin", 1.0), ("middle", 2.0), ("heavy", 3.0)):
        tiny_scene(f"{name}.onnx", normal=NormalTail(24.0, 864000, 1.0, 90.0, scale, 0.0))
    files = []
    for name, scene in (("north", "middle"), ("south", "heavy")):
        file = Path(name, "site.toml")
        file.parent.mkdir()
        file.write_text(SITE.format(name=name, scene=scene))
        files.append(file)
    return files[0], files[1]


def test_a_budget_is_divided_among_boxes_and_every_box_divides_its_part_alike(
    boxes: tuple[Path, Path], edge_vad: Command
) -> None:
    told = edge_vad("site", "budget", *boxes, "--false-alarms", "7/day")
    assert told.code == 0, told.err
    assert "north/site.toml: 3/day" in told.out
    assert "south/site.toml: 4/day" in told.out
    assert "next: edge-vad site budget north/site.toml south/site.toml" in told.out
    assert boxes[0].read_text() == SITE.format(name="north", scene="middle")

    written = edge_vad("site", "budget", *boxes, "--false-alarms", "7/day", "--write", "--json")
    document = json.loads(written.out)
    assert document["written"]
    for part in document["sites"]:
        assert read_site(Path(part["file"])).false_alarms == part["false_alarms"]
        checked = json.loads(edge_vad("config", "check", part["file"], "--json").out)
        assert checked["false_alarms"] == part["false_alarms"]
        for camera, same in zip(checked["cameras"], part["cameras"], strict=True):
            assert camera["false_alarms"] == same["false_alarms"]
            assert camera["threshold"] == same["threshold"]
    rates = [each["false_alarms"] for part in document["sites"] for each in part["cameras"]]
    assert rates == ["1/day", "2/day", "1/day", "3/day"]
    text = boxes[0].read_text()
    assert text.startswith("# The box in the north.\n")
    assert text.count("false_alarms") == 1


def test_without_a_rate_what_the_sites_say_is_divided_anew(
    boxes: tuple[Path, Path], edge_vad: Command
) -> None:
    edge_vad("site", "budget", *boxes, "--false-alarms", "7/day", "--write")
    text = boxes[1].read_text().replace('"../heavy.onnx"', '"../thin.onnx"')
    boxes[1].write_text(text.replace('"4/day"', '"4/day"  # ours'))
    document = json.loads(edge_vad("site", "budget", *boxes, "--write", "--json").out)
    assert document["false_alarms"] == "7/day"
    assert [part["false_alarms"] for part in document["sites"]] == ["4.2/day", "2.8/day"]
    assert 'false_alarms = "2.8/day"  # ours\n' in boxes[1].read_text()


def test_cameras_keep_what_they_say_and_short_footage_is_told(
    boxes: tuple[Path, Path], edge_vad: Command
) -> None:
    boxes[0].write_text(boxes[0].read_text() + '[cameras.decision]\nfalse_alarms = "2/day"\n')
    told = edge_vad("site", "budget", boxes[0], "--false-alarms", "2.5/day")
    assert "  gate         0.5/day     20%" in told.out
    assert "  yard           2/day     80%" in told.out
    assert "says its own" in told.out
    assert "of 2 cameras 1 are given rates rarer than their footage could show" in told.err


def test_what_no_camera_can_take_is_told(boxes: tuple[Path, Path], edge_vad: Command) -> None:
    """Each takes what keeps its threshold a scale above the start: 90/e an hour."""
    told = edge_vad("site", "budget", boxes[0], "--false-alarms", "2/minute")
    assert told.code == 0, told.err
    assert "all cameras together accept 55% of 2/minute" in told.err


@pytest.mark.parametrize(
    ("words", "what", "code"),
    [
        (("site.toml",), "north/site.toml does not say what all of its cameras", 2),
        (("site.toml", "--false-alarms", "many"), "'many' is not a rate", 2),
        (("site.toml", "./site.toml", "--false-alarms", "1/day"), "given twice", 2),
        (("none.toml", "--false-alarms", "1/day"), "none.toml cannot be read", 3),
    ],
)
def test_what_cannot_be_divided_is_an_error_with_a_mend(
    boxes: tuple[Path, Path], edge_vad: Command, words: tuple[str, ...], what: str, code: int
) -> None:
    files = [f"north/{each}" if each.endswith(".toml") else each for each in words]
    answer = edge_vad("site", "budget", *files)
    assert (answer.code, what in answer.err) == (code, True), answer.err


def test_a_budget_below_what_cameras_say_writes_nothing_anywhere(
    boxes: tuple[Path, Path], edge_vad: Command
) -> None:
    boxes[1].write_text(boxes[1].read_text() + '[cameras.decision]\nfalse_alarms = "2/day"\n')
    before = [file.read_text() for file in boxes]
    answer = edge_vad("site", "budget", *boxes, "--false-alarms", "2/day", "--write")
    assert answer.code == 2
    assert "2/day for all cameras together is too little" in answer.err
    assert "nothing is left for gate of north/site.toml and 2 more" in answer.err
    assert [file.read_text() for file in boxes] == before


def test_a_missing_scene_is_named_with_its_camera(
    boxes: tuple[Path, Path], edge_vad: Command
) -> None:
    Path("heavy.onnx").unlink()
    answer = edge_vad("site", "budget", *boxes, "--false-alarms", "2/day")
    assert answer.code == 3
    assert "camera yard:" in answer.err


def test_config_check_tells_what_each_camera_accepts_and_names_the_line_of_a_small_budget(
    boxes: tuple[Path, Path], edge_vad: Command
) -> None:
    file = boxes[1]
    file.write_text('false_alarms = "4/day"\n' + file.read_text())
    told = edge_vad("config", "check", file).out
    assert "accepts 1/day (25%)" in told
    assert "accepts 3/day (75%)" in told
    assert "all cameras together: accept 4/day" in told
    file.write_text(file.read_text() + '[cameras.decision]\nfalse_alarms = "5/day"\n')
    answer = edge_vad("config", "check", file)
    assert answer.code == 2
    assert f"{file}, line 1: false_alarms: 4/day for all cameras together" in answer.err


def test_config_check_without_a_budget_tells_what_the_footage_can_show(
    boxes: tuple[Path, Path], edge_vad: Command
) -> None:
    document = json.loads(edge_vad("config", "check", boxes[0], "--json").out)
    assert document["false_alarms"] is None
    assert {each["false_alarms"] for each in document["cameras"]} == {"1/day"}
    assert {each["share"] for each in document["cameras"]} == {None}
    assert parse_rate(document["cameras"][0]["false_alarms"]) * 24 == pytest.approx(1)


def test_a_site_that_changed_meanwhile_gets_no_part_of_what_it_was_and_it_is_told(
    boxes: tuple[Path, Path], edge_vad: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed_meanwhile(*asked: Any) -> Any:
        parts = divide(*asked)
        boxes[1].write_text(boxes[1].read_text().replace('"yard"', '"pond"'))
        return parts

    monkeypatch.setattr("edge_vad.cli.site_budget.divide", changed_meanwhile)
    told = edge_vad("site", "budget", *boxes, "--false-alarms", "7/day", "--write")
    assert told.code == 3
    assert "south/site.toml was changed while its part was computed" in told.err
    assert "written is the part of north/site.toml alone" in told.err
    assert read_site(boxes[1]).false_alarms is None
