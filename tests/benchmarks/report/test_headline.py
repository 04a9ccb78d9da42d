"""What a board can do: figures that follow from rows whose times are known."""

from __future__ import annotations

import html
import io

import msgspec
import pytest
from rich.console import Console

from edge_vad_bench.report import headline as said
from edge_vad_bench.report.headline import Capacity, capacities, headline
from edge_vad_bench.report.rendering import write_pages
from edge_vad_bench.report.summary import show

SINGLE, MULTI = "SingleStream/onnxruntime/fp32", "MultiStream/onnxruntime/fp32"


@pytest.fixture
def several(row):
    """A row of queries of 8 cameras, which all take the same time."""

    def make(milliseconds: float, name: str = MULTI, **changes: object):
        return row(name, milliseconds=milliseconds, noise=0.0, frames_a_query=8, **changes)

    return make


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (320.0, ["1", "3"]),  # 40 ms a camera: one fits into 40 ms, three into 125 ms
        (320.1, ["0", "3"]),
        (80.0, ["4", "8+"]),
        (40.0, ["8", "8+"]),
        (20.0, ["8+", "8+"]),
    ],
)
def test_cameras_are_counted_by_their_share_of_a_query(several, milliseconds, shown):
    assert [each.shown for each in capacities(several(milliseconds))] == shown


def test_the_slow_queries_count_and_not_the_usual_ones(several):
    uneven = several(80.0)
    slow = msgspec.structs.replace(uneven.latency, p99=160.0)
    assert capacities(msgspec.structs.replace(uneven, latency=slow))[0].cameras == 2


def test_more_cameras_than_were_measured_are_said_to_be_projected(report, row, several):
    found = headline(report(row(SINGLE), several(20.0)))
    cameras = found.figures[0]
    assert cameras.value == "8+ and 8+"
    assert cameras.remark == "projected, not measured: 16 at 25, 50 at 8"
    assert "16" not in found.sentence
    assert "with 8 cameras or more at 25 frames a second" in found.sentence
    assert "No more than 8 were measured at once." in found.basis[0]


def test_what_is_within_the_measurement_is_no_projection(report, row, several):
    found = headline(report(row(SINGLE), several(320.0)))
    assert found.figures[0].value == "1 and 3"
    assert "projected" not in str(found)
    assert "with 1 camera at 25 frames a second, or with 3 cameras at 8" in found.sentence


def test_a_board_that_is_too_slow_for_one_camera_says_so():
    assert Capacity(25, 0, 8).in_words == "no camera"


def test_milliseconds_are_those_of_one_camera(report, row, several):
    single = row(SINGLE, milliseconds=12.0, noise=0.0)
    latency = headline(report(single, several(320.0))).figures[1]
    assert (latency.value, latency.remark) == ("12 ms", "p99: 12 ms")


def test_watts_are_energy_by_time_and_their_meter_is_named(report, row, several):
    many = several(320.0, joules_a_frame=0.4, energy_from="NVML, GPU", fps=25.0)
    found = headline(report(row(SINGLE), many))
    assert (found.figures[2].value, found.figures[2].remark) == ("10 W", "NVML, GPU")
    assert "draws 10 W meanwhile" in found.sentence


def test_what_was_not_measured_is_not_made_up(report, row):
    (cold,) = (row("ColdStart/onnxruntime/fp32"),)
    for rows in ((cold,), ()):
        found = headline(msgspec.structs.replace(report(), rows=rows))
        assert {each.value for each in found.figures} == {said.NOT_MEASURED}
        assert not any(letter.isdigit() for letter in found.sentence.removeprefix(found.device))


def test_all_three_numbers_are_of_the_fastest_backend(report, row, several):
    rows = (
        row(SINGLE, milliseconds=9.0, noise=0.0),
        row("SingleStream/tensorrt/fp16", milliseconds=11.0, noise=0.0, subject="tensorrt fp16"),
        several(320.0),
        several(80.0, "MultiStream/tensorrt/fp16", subject="tensorrt fp16"),
    )
    found = headline(report(*rows))
    assert found.figures[0].value == "4 and 8+"
    assert found.figures[1].value == "11 ms"


@pytest.mark.parametrize(
    ("place", "name"), [("cpu", "Some CPU (2 cores)"), ("cuda", "GPU"), ("GPU", "GPU")]
)
def test_the_device_is_the_one_that_computed(report, several, place, name):
    made = report(several(80.0, device=place))
    fingerprint = msgspec.structs.replace(made.device.fingerprint, gpu="GPU")
    device = msgspec.structs.replace(made.device, fingerprint=fingerprint)
    assert headline(msgspec.structs.replace(made, device=device)).device == name


def test_doubts_stand_beside_the_numbers(report, row, several):
    busy = several(320.0, stable=False, contention_cores=1.26)
    found = headline(report(row(SINGLE, throttled=True), busy))
    assert found.doubts == (
        f"{MULTI}: unstable, other processes used 1.3 cores.",
        f"{SINGLE}: throttled.",
    )


@pytest.mark.parametrize(
    ("p99", "shown"), [(0.0, said.NOT_MEASURED), (1e-300, "8+ and 8+")], ids=["none", "no time"]
)
def test_times_that_cannot_be_do_not_break_a_page(report, several, tmp_path, p99, shown):
    instant = several(320.0)
    latency = msgspec.structs.replace(instant.latency, p99=p99)
    made = report(msgspec.structs.replace(instant, latency=latency))
    assert headline(made).figures[0].value == shown
    page, _ = write_pages([made], tmp_path / "report.html")
    assert headline(made).sentence in html.unescape(page.read_text())


def test_the_terminal_begins_with_the_sentence(report, row, several):
    shown = io.StringIO()
    made = report(row(SINGLE), several(80.0))
    show(made, Console(file=shown, width=1000))
    lines = shown.getvalue().splitlines()
    assert lines[0] == headline(made).sentence
    assert [lines[number].split()[0] for number in (1, 2, 3)] == ["4", "8.01", "not"]
    assert "projected, not measured: 12 at 8" in lines[1]
