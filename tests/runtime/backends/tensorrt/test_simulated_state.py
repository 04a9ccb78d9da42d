"""The simulated device refuses state that went astray; else tests would prove nothing of it."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
import simulated_tensorrt as sim
from simulated_cuda import Device, Refused
from simulated_state import StateWatch, mark

from edge_vad.motion.state import MotionInside
from edge_vad.scene_model import SceneModel

BATCH = 2


class Watched:
    """An engine with motion inside for two cameras, run call by call."""

    def __init__(self, scene: SceneModel) -> None:
        self.state = {each.name: each.size for each in scene.card.state}
        self.device, self.watch = Device(), StateWatch()
        self.device.watch = self.watch
        self.stream = self.device.make_stream()
        runtime = sim.tensorrt(self.device).Runtime(sim.ILogger())
        content = sim.serialise(scene.path.read_bytes(), (1, BATCH, BATCH))
        self.engine = runtime.deserialize_cuda_engine(content)
        self.context = self.engine.create_execution_context()
        sizes = self.engine.sizes(BATCH)
        self.at = {name: self.device.allocate(size) for name, size in sizes.items()}
        self.host = self.device.allocate(max(sizes.values()), is_pinned=True)
        for name, address in self.at.items():
            self.context.set_tensor_address(name, address)
            ctypes.memset(address, 0, sizes[name])
        for name in self.engine.inputs:
            self.context.set_input_shape(name, (BATCH, *self.engine.tensors[name].shape[1:]))

    def run(self, cameras: tuple[int, ...] = (0, 1)) -> None:
        frames = mark(np.full((BATCH, 48, 64, 3), 9, np.uint8), list(cameras))
        ctypes.memmove(self.at["frame"], frames.ctypes.data, frames.nbytes)
        assert self.context.execute_async_v3(self.stream)
        self.device.synchronize(self.stream)

    def copy(self, to: int, source: int, size: int, way: str = "within") -> None:
        self.device.copy(to, source, size, self.stream, way=way)
        self.device.synchronize(self.stream)

    def carry(self, rows: tuple[int, ...] = (0, 1), names: dict[str, str] | None = None) -> None:
        """Copy what the engine wrote to where it reads, each row from one of `rows`."""
        for name, size in self.state.items():
            source = self.at[f"next_{(names or {}).get(name, name)}"]
            for row, other in enumerate(rows):
                self.copy(self.at[f"last_{name}"] + row * size, source + other * size, size)

    def refuses(self, cameras: tuple[int, ...] = (0, 1)) -> str:
        """Why it refuses a run."""
        with pytest.raises(Refused):
            self.run(cameras)
        return self.watch.said[-1]


@pytest.fixture
def watched(tiny_scene) -> Watched:
    inside = MotionInside(long_steps=False)
    return Watched(SceneModel.read(tiny_scene(motion_inside=inside)))


def test_state_that_is_carried_on_within_the_device_is_found(watched) -> None:
    for _ in range(3):
        watched.run()
        watched.carry()
    assert watched.watch.rows == 3 * BATCH * len(watched.state)


def test_state_that_follows_cameras_to_other_places_is_found(watched) -> None:
    watched.run((0, 1))
    watched.carry((1, 0))
    watched.run((1, 0))
    assert not watched.watch.said


def test_a_new_camera_is_given_zeros(watched) -> None:
    watched.run((0, 1))
    watched.carry()
    assert "grey of camera 2 after 0 frames is grey of camera 1" in watched.refuses((0, 2))


def test_the_state_of_another_camera_is_refused(watched) -> None:
    watched.run((0, 1))
    watched.carry((1, 0))
    said = watched.refuses((0, 1))
    assert said == "last_grey of grey of camera 0 after 1 frames is grey of camera 1 after 1 frames"


def test_one_tensor_of_another_camera_is_refused(watched) -> None:
    watched.run()
    watched.carry()
    size = watched.state["clock"]
    watched.copy(watched.at["last_clock"], watched.at["next_clock"] + size, size)
    assert "last_clock of clock of camera 0" in watched.refuses()


def test_the_state_of_an_earlier_frame_is_refused(watched) -> None:
    watched.run()
    watched.carry()
    watched.run()
    assert "after 2 frames is grey of camera 0 after 1 frames" in watched.refuses()


def test_a_wrong_order_of_binding_is_refused(watched) -> None:
    watched.run()
    watched.carry()
    size = watched.state["clock"]
    for row in range(BATCH):  # as from an engine whose outputs were bound one place further
        place = watched.at["last_clock"] + row * size
        watched.copy(place, watched.at["next_window"] + row * watched.state["window"], size)
    assert watched.refuses().endswith("is of unknown origin")


def test_tensors_that_are_bound_to_each_others_memory_are_refused(watched) -> None:
    watched.run()
    watched.carry()
    watched.context.set_tensor_address("last_clock", watched.at["last_window"])
    assert "last_clock of clock of camera 0 after 1 frames" in watched.refuses()


def test_a_copy_of_state_to_the_host_is_refused(watched) -> None:
    watched.run()
    with pytest.raises(Refused):
        watched.copy(watched.host, watched.at["next_grey"], watched.state["grey"], "down")
    assert watched.watch.said == ["the grey of a camera was copied to the host"]


def test_state_that_comes_from_the_host_is_refused(watched) -> None:
    watched.run()
    watched.carry()
    size = watched.state["grey"]
    ctypes.memmove(watched.host, watched.at["next_grey"], size)
    watched.copy(watched.at["last_grey"], watched.host, size, "up")
    assert "grey of camera 0 after 1 frames is of unknown origin" in watched.refuses()


def test_scores_may_be_copied_to_the_host(watched) -> None:
    watched.run()
    watched.copy(watched.host, watched.at["score"], 4 * BATCH, "down")
    assert not watched.watch.said
