"""A scene model that a server scores; the server stands in this process."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edge_vad.backends import (
    AnyInput,
    Backend,
    CameraHandle,
    CameraInput,
    ModelInput,
    ModelOutput,
    load_backend,
)
from edge_vad.backends.triton.address import Tls, TritonAddress
from edge_vad.errors import BadModel, ServerAway, Unavailable, WrongUse
from edge_vad.motion.state import MotionInside
from edge_vad.scene_model import SceneModel

pytest.importorskip("tritonclient.grpc", reason="needs edge-vad[triton]")
import grpc
from fake_triton import FakeTriton
from free_port import free_port

KINDS = ("given", "inside")


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, tiny_scene: Callable[..., Path]) -> SceneModel:
    """A scene that is given motion, and one that measures it."""
    inside = MotionInside(long_steps=False) if request.param == "inside" else None
    return SceneModel.read(tiny_scene("street.onnx", motion_inside=inside))


@pytest.fixture
def lean(tiny_scene: Callable[..., Path]) -> SceneModel:
    return SceneModel.read(tiny_scene("street.onnx"))


@pytest.fixture
def inside(tiny_scene: Callable[..., Path]) -> SceneModel:
    return SceneModel.read(tiny_scene("street.onnx", motion_inside=MotionInside(long_steps=False)))


@pytest.fixture
def connect() -> Iterator[Callable[..., Backend]]:
    """Loads a scene by a server, as for a camera."""
    opened: list[Backend] = []

    def load(model: SceneModel, server: FakeTriton, options: str = "") -> Backend:
        address = f"triton://127.0.0.1:{server.port}/{server.name}?{options}".rstrip("?")
        opened.append(load_backend(model, address))
        opened[-1].may_wait = False
        return opened[-1]

    yield load
    for each in opened:
        each.close()


class Cameras:
    """Frames of some cameras, one after the other."""

    def __init__(self, make: SimpleNamespace, model: SceneModel, count: int = 1) -> None:
        self._make, self._model = make, model
        self._handles = tuple(CameraHandle() for _ in range(count))
        self._seed = 0

    def next(self, *, reset: bool = False) -> AnyInput:
        count = len(self._handles)
        frames = np.stack([self._make.texture(self._seed + each) for each in range(count)])
        self._seed += count
        if self._model.card.motion_inside:
            times = np.full(count, 1.0, np.float32), np.full(count, reset)
            return CameraInput(frames, *times, self._handles)
        rng = np.random.default_rng(self._seed)
        shape = count, *self._model.card.motion_shape
        return ModelInput(frames, rng.random(shape, np.float32))


def assert_same(found: ModelOutput, expected: ModelOutput) -> None:
    """Of a frame whose motion is not known only that is said."""
    judged = np.full(len(expected.score), True)
    if expected.motion_known is not None:
        judged = expected.motion_known
        np.testing.assert_array_equal(found.motion_known, judged)
    np.testing.assert_allclose(found.score[judged], expected.score[judged], atol=1e-5)
    np.testing.assert_allclose(found.anomaly_map[judged], expected.anomaly_map[judged], atol=1e-5)


@pytest.mark.parametrize("options", ["", "memory=shared"])
def test_it_scores_as_this_machine_does(options, model, serve, connect, make) -> None:
    backend, here = connect(model, serve(model), options), load_backend(model, threads=1)
    cameras, alike = Cameras(make, model, 3), Cameras(make, model, 3)
    for number in range(5):
        reset = number == 3
        assert_same(backend.infer(cameras.next(reset=reset)), here.infer(alike.next(reset=reset)))


def test_the_scenes_name_is_the_servers_where_the_address_says_none(lean, serve, make) -> None:
    backend = load_backend(lean, f"triton://127.0.0.1:{serve(lean).port}")
    assert backend.infer(Cameras(make, lean).next()).score.shape == (1,)
    assert (backend.name, backend.largest_batch) == ("triton", 8)
    backend.close()
    backend.close()
    with pytest.raises(WrongUse):
        backend.infer(Cameras(make, lean).next())


def test_a_server_that_cannot_be_reached_is_an_error(lean) -> None:
    with pytest.raises(ServerAway) as refused:
        load_backend(lean, f"triton://127.0.0.1:{free_port()}/street")
    assert refused.value.exit_code == 4
    assert "gRPC port" in refused.value.todo


def test_a_server_without_the_scene_is_an_error(lean, serve) -> None:
    with pytest.raises(BadModel, match="has no scene 'garden'"):
        load_backend(lean, f"triton://127.0.0.1:{serve(lean).port}/garden")


def test_another_version_on_the_server_is_an_error(lean, tiny_scene, serve, connect) -> None:
    other = SceneModel.read(tiny_scene("other.onnx", score_cells=2))
    server = serve(other)
    server.name = "street"
    with pytest.raises(BadModel, match="another 'street' than this scene model"):
        connect(lean, server)


def test_a_model_with_other_tensors_is_an_error(lean, serve, connect, monkeypatch) -> None:
    server = serve(lean)
    wrong = server.shapes | {"outputs": {"anomaly_map": (1, 1), "score": (1,)}}
    monkeypatch.setattr(FakeTriton, "shapes", wrong)
    with pytest.raises(BadModel, match="other outputs"):
        connect(lean, server)


def test_memory_that_the_server_does_not_see_is_an_error(lean, serve, connect) -> None:
    server = serve(lean)
    server.sees_memory = False
    with pytest.raises(Unavailable, match="does not see this machine's memory"):
        connect(lean, server, "memory=shared")


def test_no_memory_is_left_behind(lean, serve, connect) -> None:
    server = serve(lean)
    backend = connect(lean, server, "memory=shared")
    (region,) = server.regions
    assert Path(f"/dev/shm/{region}").stat().st_mode & 0o077 == 0  # noqa: S108
    backend.close()
    assert not server.regions
    assert not Path(f"/dev/shm/{region}").exists()  # noqa: S108


def test_a_scene_that_was_exchanged_under_its_name_scores_nothing(
    lean, serve, connect, make
) -> None:
    server = serve(lean)
    backend, cameras = connect(lean, server), Cameras(make, lean)
    backend.infer(cameras.next())
    server.version = "7"
    with pytest.raises(ServerAway):
        backend.infer(cameras.next())


LIES: dict[str, Callable[[dict[str, np.ndarray]], None]] = {
    "fewer frames": lambda said: said.update(score=said["score"][:0]),
    "more frames": lambda said: said.update(score=np.repeat(said["score"], 2, axis=0)),
    "flat": lambda said: said.update(score=said["score"][:, 0]),
    "another type": lambda said: said.update(score=said["score"].astype(np.float64)),
    "no number": lambda said: said.update(score=np.full_like(said["score"], np.nan)),
    "another map": lambda said: said.update(anomaly_map=said["anomaly_map"][:, :1]),
    "an endless one": lambda said: said.update(anomaly_map=np.zeros((1, 2**21), np.float32)),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_is_not_what_was_said_scores_nothing(
    lie, lean, serve, connect, make, monkeypatch
) -> None:
    server = serve(lean)
    backend, here = connect(lean, server), load_backend(lean, threads=1)
    score, lying = server._score, [True]

    def lied(*asked):
        said = score(*asked)
        if lying:
            LIES[lie](said)
        return said

    monkeypatch.setattr(server, "_score", lied)
    cameras, alike = Cameras(make, lean), Cameras(make, lean)
    with pytest.raises(ServerAway):
        backend.infer(cameras.next())
    lying.clear()
    alike.next()
    assert_same(wait_for(backend, cameras.next()), here.infer(alike.next()))


def test_what_a_server_says_of_a_failure_cannot_act_on_the_terminal(
    lean, serve, connect, make, monkeypatch
) -> None:
    server = serve(lean)
    backend = connect(lean, server)

    def refuse(asked, context):
        context.abort(grpc.StatusCode.INTERNAL, "no\x1b[2J")

    monkeypatch.setattr(server, "_inputs", refuse)
    with pytest.raises(ServerAway) as refused:
        backend.infer(Cameras(make, lean).next())
    assert "\x1b" not in refused.value.what


@pytest.mark.parametrize("options", ["", "memory=shared"])
def test_a_failure_that_passes_is_not_noticed(options, lean, serve, connect, make) -> None:
    server = serve(lean)
    backend, cameras = connect(lean, server, options), Cameras(make, lean)
    here, given = load_backend(lean, threads=1), cameras.next()
    server.failing = [grpc.StatusCode.UNAVAILABLE]
    assert_same(backend.infer(given), here.infer(given))


@pytest.mark.parametrize("options", ["", "memory=shared"])
def test_a_server_that_started_anew_scores_on_without_a_past(
    options, model, serve, connect, make
) -> None:
    server = serve(model)
    backend, here = connect(model, server, options), load_backend(model, threads=1)
    cameras, alike = Cameras(make, model, 2), Cameras(make, model, 2)
    for _ in range(3):
        assert_same(backend.infer(cameras.next()), here.infer(alike.next()))
    server.restart()
    for number in range(3):
        expected = here.infer(alike.next(reset=number == 0))
        assert_same(backend.infer(cameras.next()), expected)


def test_a_frame_without_an_answer_in_time_has_no_score_and_what_comes_late_is_nobodys(
    model, serve, connect, make
) -> None:
    server = serve(model)
    backend = connect(model, server, "deadline=0.3&memory=shared")
    here, cameras, alike = load_backend(model, threads=1), *(Cameras(make, model) for _ in "ab")
    assert_same(backend.infer(cameras.next()), here.infer(alike.next()))
    server.hold.clear()
    with pytest.raises(ServerAway):
        backend.infer(cameras.next())
    alike.next()
    server.hold.set()
    for number in range(4):
        given, expected = cameras.next(), here.infer(alike.next(reset=number == 0))
        assert_same(wait_for(backend, given), expected)


def wait_for(backend: Backend, given: AnyInput) -> ModelOutput:
    """What a camera's frame is scored, once the server is asked again."""
    backend.may_wait = True
    found = backend.infer(given)
    backend.may_wait = False
    return found


def test_the_fallback_scores_while_the_server_is_away_and_says_so(
    model, serve, connect, make, caplog
) -> None:
    server = serve(model)
    backend, here = connect(model, server, "fallback=local"), load_backend(model, threads=1)
    cameras, alike = Cameras(make, model, 2), Cameras(make, model, 2)
    for _ in range(2):
        assert_same(backend.infer(cameras.next()), here.infer(alike.next()))
    scored = server.scored
    server.version = "7"
    with caplog.at_level(logging.WARNING):
        for number in range(3):  # the state of the cameras is on the server
            assert_same(backend.infer(cameras.next()), here.infer(alike.next(reset=number == 0)))
        assert server.scored == scored
        backend.close()
    told = [each.getMessage() for each in caplog.records]
    assert sum("frames are scored here" in each for each in told) == 1
    assert sum("of 10 frames were scored here" in each for each in told) == 1


def test_the_fallback_begins_where_the_server_is_away_from_the_start(lean, make) -> None:
    address = f"triton://127.0.0.1:{free_port()}/street?fallback=local"
    backend, here = load_backend(lean, address), load_backend(lean, threads=1)
    backend.may_wait = False
    given = Cameras(make, lean).next()
    assert_same(backend.infer(given), here.infer(given))
    backend.close()


def test_footage_does_not_wait_where_this_machine_scores(lean, make, monkeypatch) -> None:
    def waits(*_: object) -> None:
        raise AssertionError("it waits for the server")

    address = f"triton://127.0.0.1:{free_port()}/street?fallback=local"
    backend, here = load_backend(lean, address), load_backend(lean, threads=1)
    monkeypatch.setattr(backend._patience, "_sleep", waits)
    given = Cameras(make, lean).next()
    assert_same(backend.infer(given), here.infer(given))
    backend.close()


def test_a_silent_server_holds_up_one_frame_and_scores_again_by_itself(
    model, serve, connect, make, monkeypatch
) -> None:
    server = serve(model)
    backend, cameras = connect(model, server, "deadline=0.2"), Cameras(make, model)
    backend.infer(cameras.next())
    server.hold.clear()
    with pytest.raises(ServerAway):
        backend.infer(cameras.next())
    score, asking = backend._server.score, []

    def noted(*asked: object) -> object:
        asking.append(threading.current_thread())
        return score(*asked)

    monkeypatch.setattr(backend._server, "score", noted)
    for _ in range(50):
        with pytest.raises(ServerAway):
            backend.infer(cameras.next())
    assert threading.current_thread() not in asking
    server.hold.set()
    until = time.monotonic() + 60
    while backend._patience.away and time.monotonic() < until:
        with suppress(ServerAway):
            backend.infer(cameras.next())
        time.sleep(0.02)
    assert backend.infer(cameras.next()).score.shape == (1,)


def test_the_fallback_does_not_hide_another_version(lean, serve) -> None:
    server = serve(lean)
    server.version = "7"
    with pytest.raises(BadModel):
        load_backend(lean, f"triton://127.0.0.1:{server.port}/street?fallback=local")


def test_a_backend_that_is_closed_while_it_looks_leaves_no_memory_behind(
    lean, serve, connect, make
) -> None:
    server = serve(lean)
    backend, cameras = connect(lean, server, "deadline=0.2&memory=shared"), Cameras(make, lean)
    server.hold.clear()
    looking = backend._patience
    for _ in range(3):
        with pytest.raises(ServerAway):
            backend.infer(cameras.next())
        time.sleep(0.1)
    backend.close()
    server.hold.set()
    if looking._looking.is_alive():
        looking._looking.join(60)
    assert not [*Path("/dev/shm").glob(f"edge-vad-{os.getpid()}-*")]  # noqa: S108 - where it lies


def test_an_engine_is_nothing_for_a_server(lean, tmp_path) -> None:
    with pytest.raises(WrongUse):
        load_backend(lean, "triton://gpu/street", engine=tmp_path / "street.engine")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of this machine, and its key."""
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-days", "2", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    words += ["-keyout", str(key), "-out", str(certificate)]
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    return certificate, key


def test_over_tls_only_a_server_that_is_trusted_scores(
    lean, serve, make, certificate: tuple[Path, Path]
) -> None:
    public, private = certificate
    pair = private.read_bytes(), public.read_bytes()
    server = serve(lean, 0, grpc.ssl_server_credentials([pair]))
    where = f"triton+tls://127.0.0.1:{server.port}/street"
    backend = load_backend(lean, f"{where}?ca={public}")
    given = Cameras(make, lean).next()
    assert_same(backend.infer(given), load_backend(lean, threads=1).infer(given))
    backend.close()
    with pytest.raises(ServerAway):
        load_backend(lean, where)
    with pytest.raises(ServerAway):
        load_backend(lean, f"triton://127.0.0.1:{server.port}/street")


def test_certificates_that_cannot_be_read_are_an_error(lean, tmp_path) -> None:
    from edge_vad.backends.triton.server import Server

    gone = TritonAddress("127.0.0.1:1", tls=Tls(ca=tmp_path / "gone.pem"))
    with pytest.raises(WrongUse, match="cannot be read"):
        Server(lean, gone)
