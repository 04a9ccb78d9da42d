"""NV12, for scenes whose graph takes the camera's own pictures."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from rtsp_camera import RtspCamera

from edge_vad.errors import BadInput
from edge_vad.frame import CameraPicture
from edge_vad.motion.state import MotionInside
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.preparation import FramePreparer
from edge_vad.sources import open_source, open_sources

FORM = "nv12-bt601"
STREET = "test://street?frames=6&size=128x96"


def write(path: Path, matrix: int | None = None, pixels: str = "yuv420p") -> Path:
    """A street in H.264, which says by which matrix its colours are, or does not."""
    with av.open(str(path), "w") as video, open_source(STREET) as shown:
        stream = video.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, pixels
        if matrix:
            stream.codec_context.colorspace = matrix
        for frame in shown:
            picture = av.VideoFrame.from_ndarray(np.array(frame.image), format="bgr24")
            video.mux(stream.encode(picture.reformat(format=pixels)))
        video.mux(stream.encode(None))
    return path


def frames(path, form=FORM):
    with open_source(path) as source:
        source.form = form
        return list(source)


def shown_by(planes):
    return cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_NV12)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p", "yuv444p"])
def test_the_planes_of_a_recording_show_the_same_picture(tmp_path, pixels) -> None:
    found = frames(write(tmp_path / "a.mp4", pixels=pixels))
    assert len(found) == 6
    for frame in found:
        assert frame.planes is not None
        assert frame.planes.shape == (144, 128)
        differs = np.abs(shown_by(frame.planes).astype(int) - frame.image)
        assert differs.mean() < 3


def test_what_the_decoder_gave_is_handed_out_as_it_is(tmp_path) -> None:
    path = write(tmp_path / "a.mp4")
    with av.open(str(path)) as video:
        decoded = [frame.to_ndarray() for frame in video.decode(video=0)]
    for frame, own in zip(frames(path), decoded, strict=True):
        assert frame.planes is not None
        np.testing.assert_array_equal(frame.planes[:96], own[:96])
        pairs = frame.planes[96:].reshape(48, 64, 2)
        np.testing.assert_array_equal(pairs[..., 0].ravel(), own[96:120].ravel())
        np.testing.assert_array_equal(pairs[..., 1].ravel(), own[120:].ravel())


def test_frames_carry_no_planes_unless_that_is_asked_for(tmp_path) -> None:
    assert all(frame.planes is None for frame in frames(write(tmp_path / "a.mp4"), form=None))


def test_several_recordings_carry_them_too(tmp_path) -> None:
    paths = [write(tmp_path / name) for name in ("a.mp4", "b.mp4")]
    with open_sources(paths) as source:
        source.form = FORM
        assert [frame.planes is not None for frame in source] == [True] * 12


@pytest.mark.parametrize(("matrix", "form"), [(1, FORM), (None, "nv12-bt709"), (9, FORM)])
def test_colours_by_another_matrix_are_refused(tmp_path, matrix, form) -> None:
    path = write(tmp_path / "a.mp4", matrix)
    with pytest.raises(BadInput, match=f"and the scene takes {form}"):
        frames(path, form)


def test_colours_of_high_definition_are_taken_by_a_scene_of_theirs(tmp_path) -> None:
    found = frames(write(tmp_path / "a.mp4", 1), "nv12-bt709")
    assert all(frame.planes is not None for frame in found)


def test_a_camera_gives_them_while_it_is_watched(rtsp: RtspCamera) -> None:
    with open_source(rtsp.url) as source:
        source.form = FORM
        for _, frame in zip(range(3), source, strict=False):
            assert frame.planes is not None
            differs = np.abs(shown_by(frame.planes).astype(int) - frame.image)
            assert differs.mean() < 3


def scene_of(tiny_scene, form, width=128, height=96) -> SceneModel:
    camera = CameraPicture(form, height, width)
    inside = MotionInside(long_steps=True, camera=camera)
    return SceneModel.read(tiny_scene("own.onnx", motion_inside=inside))


def test_a_scene_is_given_the_cameras_own_pictures(tmp_path, tiny_scene) -> None:
    model = scene_of(tiny_scene, FORM)
    (first, second, *_) = frames(write(tmp_path / "a.mp4"))
    preparer = FramePreparer(model.card)
    for frame, steps in ((first, None), (second, 1.0)):
        prepared = preparer.prepare(frame, steps)
        assert prepared.inputs.frame.shape == (1, *model.card.inputs["frame"])
        np.testing.assert_array_equal(prepared.inputs.frame[0], frame.planes)
        assert prepared.image.shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("form", "size", "words"),
    [
        (FORM, (256, 192), "the frames are 128x96, and the scene's graph takes 256x192"),
        ("bgr", (256, 192), "the frames are 128x96, and the scene's graph takes 256x192"),
    ],
)
def test_pictures_of_another_size_are_refused(tmp_path, tiny_scene, form, size, words) -> None:
    model = scene_of(tiny_scene, form, *size)
    (first, *_) = frames(write(tmp_path / "a.mp4"))
    with pytest.raises(BadInput, match=words):
        FramePreparer(model.card).prepare(first, None)


def test_a_source_without_planes_is_refused(tiny_scene, clip) -> None:
    model = scene_of(tiny_scene, FORM)
    with open_source(clip) as source:
        (first, *_) = source
    with pytest.raises(BadInput, match="takes pictures in nv12-bt601, and this source gives none"):
        FramePreparer(model.card).prepare(first, None)
