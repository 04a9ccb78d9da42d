"""The grammar of sources."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.errors import WrongUse
from edge_vad.sources.addresses.address import CameraSpec
from edge_vad.sources.addresses.spec import (
    FrameRange,
    Part,
    RecordingSpec,
    StreetSpec,
    parse_spec,
)


@pytest.fixture
def street(tmp_path: Path) -> Path:
    path = tmp_path / "street.mp4"
    path.touch()
    return path


@pytest.mark.parametrize(
    ("written", "start", "stop"),
    [(":0-5000", 0, 5000), (":5000-", 5000, None), (":-5000", 0, 5000), (":7-8", 7, 8)],
)
def test_a_range_is_half_open_and_either_end_may_be_left_out(
    street: Path, written: str, start: int, stop: int | None
) -> None:
    assert parse_spec(f"{street}{written}") == RecordingSpec(street, FrameRange(start, stop))


def test_without_a_range_the_recording_is_whole(street: Path) -> None:
    spec = parse_spec(street)
    assert isinstance(spec, RecordingSpec)
    assert spec.frames.is_whole


def test_a_file_whose_own_name_ends_like_a_range_is_that_file(street: Path) -> None:
    odd = street.with_name("street.mp4:0-10")
    odd.touch()
    assert parse_spec(str(odd)) == RecordingSpec(odd)
    assert parse_spec(f"{odd}:3-4") == RecordingSpec(odd, FrameRange(3, 4))


def test_only_the_last_colon_begins_a_range(street: Path) -> None:
    timed = street.with_name("12:30.mp4")
    timed.touch()
    assert parse_spec(str(timed)) == RecordingSpec(timed)
    assert parse_spec(f"{timed}:1-2") == RecordingSpec(timed, FrameRange(1, 2))


@pytest.mark.parametrize("written", [":5-5", ":9-3", ":-0", ":0-0"])
def test_an_empty_range_is_refused(street: Path, written: str) -> None:
    with pytest.raises(WrongUse, match="holds no frame"):
        parse_spec(f"{street}{written}")


@pytest.mark.parametrize(
    "written", [":", ":-", ":5", ":a-b", ":1-2-3", ":1.5-2", ":²-5", ":0-" + "9" * 5000]
)
def test_a_broken_range_is_refused_with_examples(street: Path, written: str) -> None:
    with pytest.raises(WrongUse, match="is not a range") as caught:
        parse_spec(f"{street}{written}")
    assert f"{street}:0-5000" in caught.value.todo


@pytest.mark.parametrize("written", ["", "gone.mp4", "gone.mp4:0-5", ":0-5", "a\0b", "x" * 5000])
def test_what_is_not_there_is_refused(written: str) -> None:
    with pytest.raises(WrongUse, match="does not exist"):
        parse_spec(written)


def test_a_missing_path_is_named_without_its_range() -> None:
    with pytest.raises(WrongUse) as caught:
        parse_spec("gone.mp4:0-5")
    assert caught.value.what.startswith("'gone.mp4' ")


@pytest.mark.parametrize("url", ["test://street", "test://street?seed=1&anomaly=runner"])
def test_a_street_is_left_to_the_street(url: str) -> None:
    assert parse_spec(url) == StreetSpec(url)


def test_an_unknown_address_is_refused_without_repeating_it() -> None:
    with pytest.raises(WrongUse, match="ftp://") as caught:
        parse_spec("ftp://admin:secret@host/video.mp4")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("written", ["0", "001", "csi:", "001:0-5", "0?fps=30"])
def test_what_is_on_the_disk_wins_over_a_camera_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.chdir(tmp_path)
    name = written.partition("?")[0].rpartition(":0-")[0] or written.partition("?")[0]
    if written in ("0", "001"):
        assert isinstance(parse_spec(written), CameraSpec)
    Path(name).mkdir()
    spec = parse_spec(written)
    assert isinstance(spec, RecordingSpec)
    assert spec.path == Path(name)


@pytest.mark.parametrize(
    ("written", "loop"),
    [("?realtime=1", False), ("?realtime=1&loop=1", True), ("?loop=1&realtime=1", True)],
)
def test_a_recording_can_be_played_like_a_camera(street: Path, written: str, loop: bool) -> None:
    whole = RecordingSpec(street, realtime=True, loop=loop)
    assert parse_spec(f"{street}{written}") == whole
    part = parse_spec(f"{street}:3-9{written}")
    assert part == RecordingSpec(street, FrameRange(3, 9), realtime=True, loop=loop)


@pytest.mark.parametrize("written", ["?loop=1", "?realtime=1&realtime=1", "?realtime=0&loop=1"])
def test_a_way_to_play_that_is_none_is_refused(street: Path, written: str) -> None:
    with pytest.raises(WrongUse, match="a recording"):
        parse_spec(f"{street}{written}")


def test_a_file_whose_name_holds_a_question_mark_is_that_file(street: Path) -> None:
    odd = street.with_name("street.mp4?realtime=1")
    odd.touch()
    assert parse_spec(str(odd)) == RecordingSpec(odd)


@pytest.mark.parametrize(
    ("file", "frames", "name"),
    [
        ("street.mp4", FrameRange(), "street"),
        ("street.mp4", FrameRange(0, 5000), "street_0-5000"),
        ("street.mp4", FrameRange(5000), "street_5000-end"),
        ("my street: 12:30.mp4", FrameRange(), "my_street_12_30"),
        ("straße.mp4", FrameRange(), "straße"),
        ("..hidden.mp4", FrameRange(), "hidden"),
        ("-rf.mp4", FrameRange(), "rf"),
        ("???.mp4", FrameRange(), "_"),
    ],
)
def test_a_name_is_safe_as_a_folder_name(
    tmp_path: Path, file: str, frames: FrameRange, name: str
) -> None:
    assert RecordingSpec(tmp_path / file, frames).name == name


def test_a_folder_keeps_its_whole_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "clip.v2"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert RecordingSpec(folder).name == RecordingSpec(Path()).name == "clip.v2"


@pytest.mark.parametrize("slip", ["rtsp:/", "rtsp//", "rtsp:", ""])
def test_an_address_with_a_slip_in_it_is_refused_without_its_password(slip: str) -> None:
    with pytest.raises(WrongUse, match=r"'\.\.\.' does not exist") as caught:
        parse_spec(f"{slip}admin:hunter2@host/live")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "name"),
    [("0-50%", "street_0-50percent"), ("10s-", "street_10s-end"), ("-1h", "street_0-1h")],
)
def test_a_part_may_be_said_as_a_share_or_a_time(street: Path, written: str, name: str) -> None:
    spec = parse_spec(f"{street}:{written}")
    assert isinstance(spec, RecordingSpec)
    assert (spec.name, spec.is_whole) == (name, False)


@pytest.mark.parametrize(
    ("part", "length", "why"),
    [
        (Part("101%", ""), 10.0, "more than all"),
        (Part("", "50%"), None, "does not say how long"),
        (Part("2s", "1s"), 10.0, "holds no frame"),
        (Part("10", "30s"), 10.0, "number of frames beside"),
    ],
)
def test_a_part_that_cannot_be_is_refused(part: Part, length: float | None, why: str) -> None:
    with pytest.raises(WrongUse, match=why):
        part.in_seconds(length)


@given(st.integers(1, 99), st.floats(0.1, 1e6))
def test_a_part_ends_when_the_rest_begins(percent: int, duration_s: float) -> None:
    first, rest = Part("", f"{percent}%"), Part(f"{percent}%", "")
    assert first.in_seconds(duration_s)[1] == rest.in_seconds(duration_s)[0]
