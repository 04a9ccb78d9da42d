"""What recorders and cameras write: whatever it is, it is decoded whole, or said not to be."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from numpy.typing import NDArray

from edge_vad.errors import BadInput, WrongUse
from edge_vad.sources import open_source
from edge_vad.sources.recordings import video

Picture = NDArray[np.uint8]
HEIGHT, WIDTH = 96, 128


def pictures(count: int, height: int = HEIGHT, width: int = WIDTH) -> list[Picture]:
    """A block that walks over noise."""
    ground = np.random.default_rng(0).integers(60, 120, (height, width, 3), np.uint8)
    found = []
    for at in range(count):
        picture = ground.copy()
        picture[20:50, at % 80 : at % 80 + 30] = (40, 200, 240)
        found.append(picture)
    return found


def write(
    path: Path,
    images: list[Picture],
    times: list[int] | None = None,
    codec: str = "libx264",
    gop: int = 10,
    options: dict[str, str] | None = None,
    form: str | None = None,
    interlaced: bool = False,
) -> Path:
    """Write pictures at these tenths of a second."""
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=10, options=options or {})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = gop
        if interlaced:
            stream.codec_context.flags |= av.codec.context.Flags.interlaced_dct
        for at, image in zip(times or range(len(images)), images, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = at, Fraction(1, 10)
            container.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
        container.mux(stream.encode())
    return path


def times_of(path: Path | str) -> list[float]:
    return [round(frame.time_s, 2) for frame in open_source(path)]


VARIABLE = [*range(10), *range(10, 50, 4), 650, 651]


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.ts", "v.mov", "v.webm", "v.avi"])
def test_times_are_those_of_the_recording_at_a_variable_rate(tmp_path: Path, name: str) -> None:
    codec = {"v.webm": "libvpx", "v.avi": "mjpeg"}.get(name, "libx264")
    path = write(tmp_path / name, pictures(len(VARIABLE)), VARIABLE, codec)
    source = open_source(path)
    assert [round(frame.time_s * 10) for frame in source] == VARIABLE
    assert source.fps == pytest.approx(10.0, rel=0.01)
    assert source.skipped == 0


def test_a_part_by_time_is_found_by_the_stamps(tmp_path: Path) -> None:
    shown = [*range(10), *range(10, 50, 4)]  # twenty pictures, half of them in the first second
    path = write(tmp_path / "v.mp4", pictures(len(shown)), shown)
    assert times_of(f"{path}:1s-2s") == [1.0, 1.4, 1.8]
    rest = times_of(f"{path}:50%-")
    assert 2.0 < rest[0] < 2.7  # about half of the duration, not of the pictures
    assert times_of(f"{path}:-50%") + rest == [at / 10 for at in shown]
    with pytest.raises(WrongUse, match="begins after the end"):
        open_source(f"{path}:2m-")


def test_an_avi_whose_pictures_are_shown_in_another_order_has_even_times(tmp_path: Path) -> None:
    path = write(tmp_path / "a.avi", pictures(60), gop=20, options={"bf": "3"})
    found = np.diff(times_of(path))
    assert len(found) == 59
    assert found[3:] == pytest.approx(0.1)


@pytest.mark.parametrize("frozen_at", [0, 1, 30])
def test_no_picture_is_lost_where_stamps_stand_still(
    tmp_path: Path, frozen_at: int, caplog: pytest.LogCaptureFixture
) -> None:
    whole = write(tmp_path / "whole.mkv", pictures(60), options={"bf": "0"})
    stuck = tmp_path / "stuck.mkv"
    with av.open(str(whole)) as source, av.open(str(stuck), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.dts is not None:
                packet.stream = stream
                packet.pts = packet.dts = min(number, frozen_at) * 100
                target.mux(packet)
    assert times_of(stuck) == pytest.approx([at / 10 for at in range(60)])
    assert "of 60 frames no time of their own" in caplog.text


def test_a_recording_whose_stamps_begin_far_from_zero_is_as_long_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "far.mkv", pictures(40), [900_000 + at for at in range(40)])
    source = open_source(path)
    assert source.length == pytest.approx(40, abs=1)
    assert [frame.time_s for frame in source][::39] == pytest.approx([0.0, 3.9])
    assert not caplog.text


def test_an_interlaced_recording_is_decoded(tmp_path: Path) -> None:
    for name, codec in (("a.mp4", "libx264"), ("a.mpg", "mpeg2video")):
        options = {"x264-params": "tff=1"} if codec == "libx264" else {}
        path = write(tmp_path / name, pictures(20), None, codec, 10, options, interlaced=True)
        frames = list(open_source(path))
        assert len(frames) == 20
        for frame, image in zip(frames, pictures(20), strict=True):
            assert np.abs(frame.image.astype(int) - image).mean() < 16


def test_opencv_hands_out_no_picture_that_it_did_not_decode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "has_pyav", lambda: False)
    options = {"x264-params": "tff=1"}
    path = write(tmp_path / "a.mp4", pictures(20), None, "libx264", 10, options, interlaced=True)
    try:
        assert all(frame.image.any() for frame in open_source(path))
    except BadInput as error:
        assert "can be decoded" in error.what  # noqa: PT017 - either is right, black is not


def test_a_clip_that_was_cut_without_decoding_has_what_is_shown_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = write(tmp_path / "whole.mp4", pictures(60), gop=50, options={"bf": "0"})
    cut = tmp_path / "cut.mp4"
    with av.open(str(whole)) as source, av.open(str(cut), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                packet.pts -= 35 * 1024  # as ffmpeg -ss 3.5 -c copy does: an edit list hides it
                packet.dts -= 35 * 1024
                target.mux(packet)
    times = times_of(cut)
    assert times[0] == 0.0
    assert np.diff(times) == pytest.approx(0.1, abs=0.011)
    assert not caplog.text


def test_sound_that_is_longer_than_the_picture_costs_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "long.mkv"
    with av.open(str(path), "w") as container:
        video, sound = container.add_stream("libx264", rate=10), container.add_stream("aac")
        video.height, video.width, video.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        sound.sample_rate = 8000
        for image in pictures(20):
            container.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(video.encode())
        for _ in range(40):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.float32), "fltp", "mono")
            silence.sample_rate = 8000
            container.mux(sound.encode(silence))
        container.mux(sound.encode())
    assert len(times_of(path)) == 20
    assert "ends after 2.0 s" in caplog.text


@pytest.mark.parametrize(
    ("name", "codec"), [("d.mp4", "libx264"), ("d.mpg", "mpeg2video"), ("d.mov", "mpeg4")]
)
def test_damaged_pictures_are_not_handed_out_but_counted_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, codec: str
) -> None:
    whole = {
        round(frame.time_s, 2): frame.image
        for frame in open_source(write(tmp_path / name, pictures(100), codec=codec))
    }
    path = tmp_path / name
    content, dice = bytearray(path.read_bytes()), random.Random(1)  # noqa: S311
    for _ in range(6):
        content[dice.randrange(len(content) // 5, len(content) * 4 // 5)] ^= 0xFF
    path.write_bytes(content)
    source = open_source(path)
    frames = list(source)
    assert 0 < source.skipped < 100
    assert len(frames) + source.skipped >= 95
    assert "cannot be decoded whole" in caplog.text
    strange = [
        frame.time_s
        for frame in frames
        if np.abs(frame.image.astype(int) - whole[round(frame.time_s, 2)]).max() > 90
    ]
    assert len(strange) <= 2, strange
    with pytest.raises(BadInput, match="cannot be decoded whole"):
        list(open_source(path, strict=True))


@pytest.mark.parametrize("seed", range(6))
def test_damage_to_a_recording_of_a_browser_is_noticed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    options = {"deadline": "realtime", "cpu-used": "8"}
    path = write(tmp_path / "d.webm", pictures(60), codec="libvpx-vp9", options=options)
    whole = {round(frame.time_s, 2): frame.image for frame in open_source(path)}
    assert len(whole) == 60
    invert(path, seed)
    source = open_source(path)
    for frame in source:
        np.testing.assert_array_equal(frame.image, whole[round(frame.time_s, 2)])
    assert 0 < source.skipped <= 20  # up to the key frame after it
    assert "cannot be decoded whole" in caplog.text


@pytest.mark.parametrize("seed", range(1, 6))
def test_damage_to_a_recording_of_single_pictures_is_noticed(tmp_path: Path, seed: int) -> None:
    path = write(tmp_path / "d.avi", pictures(40), codec="mjpeg", options={"q": "3"})
    whole = {round(frame.time_s, 2): frame.image for frame in open_source(path)}
    assert len(whole) == 40
    invert(path, seed)
    frames = list(open_source(path))
    for frame in frames:
        np.testing.assert_array_equal(frame.image, whole[round(frame.time_s, 2)])
    assert 37 <= len(frames) < 40  # the others are not made of it


def invert(path: Path, seed: int) -> None:
    """Invert 60 bytes somewhere in the middle of a file."""
    content = bytearray(path.read_bytes())
    begin = random.Random(seed).randrange(len(content) // 4, len(content) * 3 // 4)  # noqa: S311
    content[begin : begin + 60] = bytes(each ^ 0xFF for each in content[begin : begin + 60])
    path.write_bytes(content)


@pytest.mark.skipif("libx265" not in av.codec.codecs_available, reason="no encoder of HEVC")
@pytest.mark.parametrize("seed", range(4))
def test_a_picture_that_is_not_that_of_its_hash_is_not_handed_out(
    tmp_path: Path, seed: int
) -> None:
    options = {"x265-params": "hash=1:log-level=none:pools=none"}
    path = write(tmp_path / "d.mp4", pictures(40), codec="libx265", options=options)
    whole = {round(frame.time_s, 2): frame.image for frame in open_source(path)}
    assert len(whole) == 40
    invert(path, seed)
    source = open_source(path)
    for frame in source:
        np.testing.assert_array_equal(frame.image, whole[round(frame.time_s, 2)])
    assert source.skipped > 0


def test_a_stream_without_stamps_has_the_rate_that_its_codec_says(tmp_path: Path) -> None:
    path = write(tmp_path / "raw.h264", pictures(20), form="h264")
    assert times_of(path) == pytest.approx([at / 10 for at in range(20)])


def test_a_stream_that_says_no_rate_at_all_is_asked_for_it(tmp_path: Path) -> None:
    path = write(tmp_path / "raw.m2v", pictures(20), codec="mjpeg", form="mjpeg")
    with pytest.raises(BadInput, match="does not say its frame rate"):
        open_source(path)
    assert times_of(f"{path}?fps=5")[-1] == pytest.approx(19 / 5)


@pytest.mark.parametrize(("size", "is_alike"), [((192, 256), True), ((96, 96), False)])
def test_a_stream_that_changes_its_size_is_noticed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, size: tuple[int, int], is_alike: bool
) -> None:
    first = write(tmp_path / "a.h264", pictures(10), form="h264")
    second = write(tmp_path / "b.h264", pictures(10, *size), form="h264")
    both = tmp_path / "both.h264"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    if is_alike:
        frames = list(open_source(both))
        assert [frame.take for frame in frames] == [0] * 10 + [1] * 10
        assert "is 256x192, those before are 128x96" in caplog.text
    else:
        with pytest.raises(BadInput, match=r"frame 10 of .* is 96x96"):
            list(open_source(both))


@pytest.mark.parametrize("decoder", ["pyav", "opencv"])
def test_a_name_that_is_not_utf_8_is_read_or_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoder: str
) -> None:
    folder = tmp_path / os.fsdecode(b"stra\xdfe")
    folder.mkdir()
    path = write(tmp_path / "a.mp4", pictures(5)).rename(folder / os.fsdecode(b"g\xfcter.mp4"))
    monkeypatch.setattr(video, "has_pyav", lambda: decoder == "pyav")
    if decoder == "pyav":
        assert len(times_of(path)) == 5
        assert open_source(path).name == "g_ter"
    else:
        with pytest.raises(BadInput, match="not UTF-8"):
            open_source(path)


def test_a_playlist_reaches_no_network(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(BadInput):
        list(open_source(path))


def test_pictures_of_a_telephone_are_upright(tmp_path: Path) -> None:
    from edge_vad.sources.decoding.pyav import Converter

    frame = av.VideoFrame.from_ndarray(pictures(1)[0], format="bgr24")

    class Turned:
        rotation = 90

        def __getattr__(self, name: str) -> object:
            return getattr(frame, name)

    converter = Converter("a telephone")
    converter._reformatter = type("", (), {"reformat": lambda *_, **__: frame})()
    assert converter.convert(Turned()).shape == (WIDTH, HEIGHT, 3)


def test_a_folder_of_recordings_is_one_source_in_the_order_of_time(tmp_path: Path) -> None:
    for day, hour in ((2, 9), (1, 10), (1, 9)):
        folder = tmp_path / f"2026-01-{day}"
        folder.mkdir(exist_ok=True)
        images = pictures(5)
        images[0][:] = 100 * day + hour
        write(folder / f"{hour}.mp4", images)
    (tmp_path / "2026-01-1" / "11.mp4").write_bytes(b"still being written")
    source = open_source(tmp_path)
    frames = list(source)
    assert [frame.index for frame in frames] == list(range(15))
    assert [frame.take for frame in frames] == [0] * 5 + [1] * 5 + [2] * 5
    assert [round(frame.time_s, 2) for frame in frames] == [at / 10 for at in range(15)]
    firsts = [float(frame.image.mean()) for frame in frames[::5]]
    assert firsts == pytest.approx([109, 110, 209], abs=3)
    assert (source.length, source.fps) == (15, 10.0)
    assert [frame.index for frame in open_source(f"{tmp_path}:4-12")] == list(range(4, 12))
    assert len(list(source.play(fps=5.0))) == 9


def test_a_recording_that_is_deleted_before_its_turn_spoils_no_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for hour in range(3):
        write(tmp_path / f"{hour}.mp4", pictures(5))
    watched = []
    with open_source(tmp_path) as source:
        for frame in source:
            (tmp_path / "1.mp4").unlink(missing_ok=True)
            watched.append(frame)
    assert len(watched) == 10
    assert len({frame.take for frame in watched}) == 2
    assert "1.mp4 cannot be read as a video, and is skipped" in caplog.text
    write(tmp_path / "1.mp4", pictures(5))
    with open_source(tmp_path, strict=True) as source:
        (tmp_path / "1.mp4").unlink()
        with pytest.raises(BadInput):
            list(source)


def test_a_folder_of_pictures_and_recordings_is_refused(
    tmp_path: Path, frames: Callable[..., Path]
) -> None:
    frames(tmp_path, 3)
    write(tmp_path / "a.mp4", pictures(5))
    with pytest.raises(Exception, match="pictures and recordings"):
        open_source(tmp_path)


def test_frames_that_are_not_wanted_are_not_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_vad.sources.decoding.pyav import Converter

    converted = []
    convert = Converter.convert
    monkeypatch.setattr(
        Converter, "convert", lambda self, frame: (converted.append(1), convert(self, frame))[1]
    )
    path = write(tmp_path / "a.mp4", pictures(30))
    assert len(list(open_source(path).play(fps=10 / 3))) == len(converted) == 10


def music(path: Path, *, has_cover: bool) -> Path:
    """A tenth of a second of silence, with a picture of the record if it is to have one."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream("flac", rate=8000)
        cover = container.add_stream("mjpeg") if has_cover else None
        if cover:
            cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
            cover.disposition = Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(pictures(1, 48, 64)[0], format="bgr24")
            container.mux(cover.encode(frame))
            container.mux(cover.encode())
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.rate = 8000
        container.mux(sound.encode(frame))
        container.mux(sound.encode())
    return path


@pytest.mark.parametrize("has_cover", [False, True])
def test_music_is_no_video_whether_or_not_it_has_a_cover(tmp_path: Path, has_cover: bool) -> None:
    path = music(tmp_path / "song.flac", has_cover=has_cover)
    with pytest.raises(BadInput, match="cannot be read as a video"):
        open_source(path)


@pytest.mark.parametrize("content", [b"", bytes(4), b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"])
def test_an_empty_file_or_one_that_was_never_finished_is_refused_in_words(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="cannot be read as a video"):
        open_source(path)


def test_a_name_of_several_lines_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "new\nline.mkv", pictures(5))
    with open_source(path) as source:
        assert len(list(source)) == 5
