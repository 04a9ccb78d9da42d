"""Graphs that take the camera's own pictures: colours and size as the runtime makes them."""

from __future__ import annotations

import json
from pathlib import Path

import av
import msgspec
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from av.video.reformatter import Colorspace
from click.testing import CliRunner
from torch import nn

from edge_vad import scene_file
from edge_vad.cli import cli
from edge_vad.errors import CheckFailed, WrongUse
from edge_vad.frame import CameraPicture
from edge_vad.motion.state import MotionInside
from edge_vad.opencv import cv2
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import load
from edge_vad.sources import open_source
from edge_vad_export.graph import _traced
from edge_vad_export.motion.camera_picture import Fitting
from edge_vad_export.preflight import camera_picture
from edge_vad_export.verification.flow_parity import MOST_LEVELS, demand_flow_parity

SIZES = [((240, 320), (240, 320)), ((480, 640), (240, 320)), ((216, 384), (90, 160)),
         ((578, 722), (240, 300)), ((108, 192), (96, 170))]  # fmt: skip


def noise(height: int, width: int, *channels: int) -> np.ndarray:
    """Every value, also those that no camera gives."""
    return np.random.default_rng(0).integers(0, 256, (height, width, *channels), dtype=np.uint8)


def fitted(pixels, camera, size, ignored=()) -> np.ndarray:
    with torch.inference_mode():
        return (
            Fitting(camera, *size, ignored)(torch.from_numpy(pixels)[None])[0]
            .to(torch.uint8)
            .numpy()
        )


def by_opencv(image, size) -> np.ndarray:
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(("own", "size"), SIZES)
def test_nv12_becomes_what_opencv_makes_of_it(own, size):
    planes = noise(own[0] * 3 // 2, own[1])
    expected = by_opencv(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_NV12), size)
    given = fitted(planes, CameraPicture("nv12-bt601", *own), size)
    differs = np.abs(given.astype(int) - expected)
    assert differs.max() <= 1
    assert (differs > 0).mean() < 0.01  # a sum that lies between two levels


@pytest.mark.parametrize(("own", "size"), SIZES)
def test_blue_green_red_becomes_smaller_as_opencv_makes_it(own, size):
    image = noise(*own, 3)
    given = fitted(image, CameraPicture("bgr", *own), size)
    differs = np.abs(given.astype(int) - by_opencv(image, size))
    assert differs.max() <= 1
    assert (differs > 0).mean() < 0.01


@pytest.mark.parametrize(
    ("form", "space"),
    [("nv12-bt601", Colorspace.ITU601), ("nv12-bt709", Colorspace.ITU709)],
)
def test_each_matrix_is_that_of_ffmpeg(make, form, space):
    picture = av.VideoFrame.from_ndarray(make.texture(0, 96, 128), format="bgr24")
    decoded = picture.reformat(format="yuv420p", dst_colorspace=space, dst_color_range="MPEG")
    shown = decoded.reformat(format="bgr24", src_colorspace=space).to_ndarray()
    planes = decoded.reformat(format="nv12", dst_color_range="MPEG")
    given = fitted(planes.to_ndarray(), CameraPicture(form, 96, 128), (48, 64))
    differs = np.abs(given.astype(int) - by_opencv(shown, (48, 64)))
    assert np.percentile(differs, 99.9) <= 3
    other = "nv12-bt709" if form == "nv12-bt601" else "nv12-bt601"
    swapped = fitted(planes.to_ndarray(), CameraPicture(other, 96, 128), (48, 64))
    differs = np.abs(swapped.astype(int) - by_opencv(shown, (48, 64)))
    assert np.percentile(differs, 99.9) > MOST_LEVELS


class Highest(nn.Module):
    """What comes after in a scene's graph: the highest of something, whose shape must be known."""

    def __init__(self, fitting: Fitting) -> None:
        super().__init__()
        self.fitting = fitting

    def forward(self, frame):
        fitted = self.fitting(frame)
        return fitted.to(torch.uint8), torch.topk(fitted.flatten(1), 9).values


def takers_of_bytes(model: onnx.ModelProto) -> set[str]:
    """What is done with bytes; TensorRT does nothing with them but make other numbers of them."""
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    known = (*graph.input, *graph.value_info, *graph.output)
    are_bytes = {
        each.name for each in known if each.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    }
    return {node.op_type for node in graph.node if are_bytes.intersection(node.input)}


@pytest.mark.parametrize("form", ["bgr", "nv12-bt601"])
def test_a_graph_may_do_it_by_the_rules_for_scenes(form):
    camera = CameraPicture(form, 216, 384)
    shown = {"frame": torch.zeros(2, *camera.shape, dtype=torch.uint8)}
    graph = _traced(Highest(Fitting(camera, 90, 160, ())).eval(), shown, ("picture", "highest"))
    scene_file.check(scene_file.append_digest(graph.SerializeToString()), Path("scene.onnx"))
    planes = noise(*camera.shape)
    run = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"]).run
    given, _ = run(None, {"frame": np.stack([planes[::-1], planes, planes])})
    np.testing.assert_array_equal(given[1], given[2])
    differs = np.abs(given[1].astype(int) - fitted(planes, camera, (90, 160)))
    assert differs.max() <= 1
    assert (differs > 0).mean() < 0.01
    assert takers_of_bytes(graph) == {"Cast"}


def test_ignored_regions_are_black():
    half = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)
    image = np.full((96, 128, 3), 200, np.uint8)
    given = fitted(image, CameraPicture("bgr", 96, 128), (48, 64), half)
    assert (given[:, :32] == 0).all()
    assert (given[:, 40:] == 200).all()


@pytest.mark.parametrize("own", [(96, 160), (24, 32)])
def test_pictures_of_another_shape_or_too_small_are_refused(own):
    with pytest.raises(WrongUse, match="cannot be made smaller to the scene's 64x48"):
        Fitting(CameraPicture("bgr", *own), 48, 64, ())


def test_what_a_graph_takes_is_said_by_form_and_size():
    assert camera_picture("nv12:1920x1080", True) == CameraPicture("nv12-bt601", 1080, 1920)
    assert camera_picture("bgr:640x480", True) == CameraPicture("bgr", 480, 640)
    assert camera_picture(None, False) is None


@pytest.mark.parametrize("text", ["nv12", "nv12:1920", "yuv:64x48", "nv12:1921x1080", "bgr:64x0"])
def test_no_form_or_size_is_told(text):
    with pytest.raises(WrongUse, match="no form and size of pictures"):
        camera_picture(text, True)


def test_it_is_for_graphs_with_motion_inside_and_needs_the_cameras_footage(trained, edge_vad):
    assert "add --motion-in-graph" in edge_vad("export", trained, "--input", "bgr:512x384").err
    words = ("--motion-in-graph", "--input", "bgr:512x384")
    assert "none of the camera's own pictures" in edge_vad("export", trained, *words).err


def test_a_picture_that_differs_is_refused():
    found = MotionInside(long_steps=False, frames=9, picture_error=MOST_LEVELS)
    demand_flow_parity(found)
    with pytest.raises(CheckFailed, match="differs by 6 grey levels"):
        demand_flow_parity(msgspec.structs.replace(found, picture_error=6.0))


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Footage of the street by a camera of four times the scene's size, in H.264."""
    path = tmp_path_factory.mktemp("camera") / "street.mp4"
    with av.open(str(path), "w") as video, open_source(STREET) as street:
        stream = video.add_stream("libx264", rate=10, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 512, 384, "yuv420p"
        for frame in street:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.image), format="bgr24")
            video.mux(stream.encode(picture))
        video.mux(stream.encode(None))
    return path


STREET = "test://street?seed=7&frames=30&size=512x384"


@pytest.mark.long
@pytest.mark.parametrize("form", ["bgr", "nv12"])
def test_a_scene_takes_the_cameras_own_pictures(trained, camera, tmp_path, edge_vad, form):
    own, plain = tmp_path / "own.onnx", tmp_path / "plain.onnx"
    words = ("--motion-in-graph", "--input", f"{form}:512x384", "--frames", camera, "--json")
    said = CliRunner().invoke(cli, ["export", *map(str, (trained, "--out", own, *words))])
    assert said.exit_code == 0, said.output
    assert edge_vad("export", trained, "--out", plain).code == 0
    card = SceneModel.read(own).card
    assert card.camera is not None
    assert card.camera.form.startswith(form)
    assert json.loads(said.stdout)["motion_inside"]["picture_error"] <= MOST_LEVELS
    scores = []
    for path in (own, plain):
        with load(path) as detector, open_source(camera) as source:
            scores.append([each.score for each in detector.watch(source)])
    assert len(scores[0]) == 30
    np.testing.assert_allclose(*scores, atol=0.25, rtol=0.25)

    verified = edge_vad("verify", own, "--reference", plain, "--frames", camera)
    assert verified.code == 0, verified.err
    small = edge_vad("score", own, "test://street?frames=5&size=128x96", "--out", tmp_path / "s")
    wanted = "takes 512x384" if form == "bgr" else "this source gives none"
    assert (small.code, wanted in small.err) == (3, True), small.err
