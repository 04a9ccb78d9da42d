"""NVIDIA's optical-flow unit, through a simulated driver: none of this has run on a real one."""

from __future__ import annotations

import ctypes
import threading

import numpy as np
import pytest
from simulated_nvof import CONTEXT, Driver

from edge_vad.errors import Unavailable
from edge_vad.flow_units import name_unit, open_unit
from edge_vad.flow_units.nvof import library
from edge_vad.flow_units.nvof.session import NvofSession
from edge_vad.opencv import cv2


def grey(make, seed: int = 0, height: int = 90, width: int = 122):
    return cv2.cvtColor(make.texture(seed, height=height, width=width), cv2.COLOR_BGR2GRAY)


def test_structures_lie_as_a_compiler_lays_out_the_published_headers() -> None:
    sizes = {
        library.InitParams: 48,
        library.BufferDescriptor: 16,
        library.StrideInfo: 28,
        library.ExecuteInput: 56,
        library.ExecuteOutput: 24,
        library.FunctionTable: 96,
    }
    assert {each: ctypes.sizeof(each) for each in sizes} == sizes
    assert (library.InitParams.private.offset, library.InitParams.with_regions.offset) == (32, 44)
    assert library.ExecuteInput.without_temporal_hints.offset == 24
    assert library.ExecuteInput.regions.offset == 48
    assert library.FunctionTable.execute.offset == 56


@pytest.mark.parametrize("grids", [(1, 2, 4), (4,)])
def test_flow_is_that_of_the_unit_on_its_finest_grid(driver: Driver, make, grids) -> None:
    driver.grids = grids
    still = grey(make)
    unit = open_unit("nvof", *still.shape)
    flow = unit.calc(still, np.roll(still, (1, -2), axis=(0, 1)), None)
    assert flow.shape == (90, 122, 2)
    assert flow.dtype == np.float32
    np.testing.assert_allclose(np.median(flow, axis=(0, 1)), (-2, 1), atol=0.1)
    cells = flow[:88, :120, 0].reshape(22, 4, 30, 4)
    assert (np.ptp(cells, axis=(1, 3)) == 0).all() == (grids == (4,))
    assert driver.executed == 2  # the check, and this


def test_the_same_pair_gives_the_same_flow_in_any_thread(driver: Driver, make) -> None:
    pictures = [grey(make, seed) for seed in range(3)]
    unit = open_unit("nvof", 90, 122)
    first = unit.calc(pictures[0], pictures[1], None)
    unit.calc(pictures[1], pictures[2], None)
    again: list[np.ndarray] = []
    thread = threading.Thread(
        target=lambda: again.append(unit.calc(pictures[0], pictures[1], None))
    )
    thread.start()
    thread.join()
    np.testing.assert_array_equal(again[0], first)


def test_everything_is_given_back(driver: Driver) -> None:
    unit = NvofSession(90, 122)
    assert driver.open == 5  # a session, three buffers, the context
    unit.close()
    unit.close()
    assert driver.open == 0
    forgotten = NvofSession(90, 122)
    del forgotten
    assert driver.open == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 0x10}, "too old"),
        ({"version": None}, "too old"),
        ({"is_present": False}, "cuDeviceGet"),
        ({"has_unit": False}, "no optical-flow unit"),
        ({"sizes": (160, 128, 8192, 8192)}, "160x128 to 8192x8192 px, and the scene has 122x90"),
        ({"turned": np.negative}, "measures -3.0 px to the right and -2.0 down"),
        ({"turned": lambda field: field[..., ::-1]}, "measures 2.0 px to the right and 3.0 down"),
        ({"turned": lambda field: field / 2}, "measures 1.5 px"),
    ],
)
def test_what_cannot_measure_is_refused_and_leaves_nothing_open(
    driver: Driver, change, words
) -> None:
    vars(driver).update(change)
    with pytest.raises(Unavailable, match=words):
        open_unit("nvof", 90, 122)
    assert driver.open == 0


def test_without_the_drivers_library_the_error_says_what_to_do(monkeypatch) -> None:
    def absent(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", absent)
    for attempt in (lambda: open_unit("nvof", 90, 122), lambda: name_unit("nvof")):
        with pytest.raises(Unavailable, match="libnvidia-opticalflow") as caught:
            attempt()
        assert "use flow on the CPU" in caught.value.todo


def test_its_name_tells_the_generation(driver: Driver) -> None:
    assert name_unit("nvof") == "NVOF of compute capability 8.9"


def test_pictures_of_another_size_are_refused(driver: Driver) -> None:
    unit = NvofSession(90, 122)
    with pytest.raises(ValueError, match="122x90"):
        unit.calc(np.zeros((90, 120), np.uint8), np.zeros((90, 120), np.uint8), None)


class TestTheSimulatorRefuses:
    """What a driver refuses; without this, tests against it would prove nothing."""

    @pytest.fixture
    def session(self, driver: Driver) -> NvofSession:
        return NvofSession(90, 122)

    def execute(self, session: NvofSession, **fields: object) -> None:
        pictures = {
            "input": session._input.handle,
            "reference": session._reference.handle,
            "vectors": session._output.handle,
            **fields,
        }
        output = library.ExecuteOutput(vectors=pictures.pop("vectors"))
        given = library.ExecuteInput(**pictures)
        with session._context.current():
            status = session._functions.execute(
                session._session, ctypes.byref(given), ctypes.byref(output)
            )
            session._demand(status, "it")

    def test_buffers_of_another_session_or_use(self, session: NvofSession) -> None:
        other = NvofSession(90, 122)
        for wrong in (
            {"input": other._input.handle},
            {"vectors": other._output.handle},
            {"vectors": session._input.handle},
            {"reference": session._output.handle},
        ):
            with pytest.raises(Unavailable, match="invalid pointer"):
                self.execute(session, **wrong)

    def test_reserved_fields_that_are_set(self, session: NvofSession) -> None:
        for wrong in ({"padding": 1}, {"padding2": 1}, {"private": 1}, {"region_count": 1}):
            with pytest.raises(Unavailable, match="reserved"):
                self.execute(session, **wrong)

    def test_calls_without_a_context(self, session: NvofSession) -> None:
        output = library.ExecuteOutput(vectors=session._output.handle)
        given = library.ExecuteInput(
            input=session._input.handle, reference=session._reference.handle
        )
        status = session._functions.execute(
            session._session, ctypes.byref(given), ctypes.byref(output)
        )
        assert status == 6

    def test_copies_beyond_a_buffer(self, session: NvofSession) -> None:
        too_much = np.zeros(session._input.rows.size + 1, np.uint8)
        with (
            session._context.current(),
            pytest.raises(Unavailable, match="cuMemcpyHtoD_v2"),
        ):
            session._context.upload(session._input.address, too_much)

    def test_a_context_that_is_none(self, session: NvofSession) -> None:
        assert session._context.handle.value == CONTEXT
        session._context.handle = ctypes.c_void_p(CONTEXT + 1)
        with (
            pytest.raises(Unavailable, match="code 201"),
            session._context.current(),
        ):
            pass
        session._context.handle = ctypes.c_void_p(CONTEXT)
