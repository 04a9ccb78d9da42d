"""A report for others tells nothing that its owner did not mean to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad_bench import store
from edge_vad_bench.report.contribution import contribution
from edge_vad_bench.report.hardware import hardware
from edge_vad_bench.schema import BenchmarkReport

CANARY = "Kanarienvogel"
REPORTS = Path(__file__).parents[3] / "benchmarks/reports"


def everywhere(change: Callable[[str], str], value: object) -> object:
    """The value with every text in it changed, names of mappings too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (list, tuple)):
        return tuple(everywhere(change, each) for each in value)
    if isinstance(value, dict):
        return {change(name): everywhere(change, each) for name, each in value.items()}
    if isinstance(value, msgspec.Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        return type(value)(**{name: everywhere(change, each) for name, each in fields.items()})
    return value


def texts(value: object) -> Iterator[str]:
    def note(text: str) -> str:
        found.append(text)
        return text

    found: list[str] = []
    everywhere(note, value)
    yield from found


@pytest.fixture
def whole(report, row) -> BenchmarkReport:
    """A report in which every text is set."""
    made = report(row(), row("MultiStream/onnxruntime/fp32", frames_a_query=8))
    fingerprint = DeviceFingerprint(
        gpu="NVIDIA H200",
        compute_capability="9.0",
        driver="570.1",
        cuda="13.0",
        tensorrt="10.13.3",
        tensorrt_rtx="1.2.0",
        jetson="NVIDIA Jetson Orin Nano Developer Kit",
        l4t="36.4.3",
    )
    processor = msgspec.structs.replace(
        made.device.processor, model="AMD EPYC 9B14", governors=("performance",)
    )
    device = msgspec.structs.replace(
        made.device,
        fingerprint=fingerprint,
        processor=processor,
        system="Debian GNU/Linux 12, Linux 6.1.0-18-amd64 x86_64",
        libraries={"numpy": "2.2.6"},
    )
    conditions = msgspec.structs.replace(
        made.rows[0].before, power_mode="MAXN", throttled=("power cap",)
    )
    rows = tuple(
        msgspec.structs.replace(
            each,
            device="NVIDIA H200",
            energy_from="NVML, GPU",
            before=conditions,
            values={"peak, MiB": 90.0},
        )
        for each in made.rows
    )
    return msgspec.structs.replace(made, device=device, rows=rows, done=("scenarios",))


@pytest.mark.parametrize(
    "change",
    [
        lambda _: CANARY,
        lambda text: f"{text} {CANARY}",
        lambda text: f"{CANARY} {text}",
        lambda text: f"{text}-{CANARY}",
        lambda text: f"{text}/{CANARY}/{text}",
        lambda text: f"{text}.{CANARY}.local",
        lambda text: f"/home/{CANARY}/{text}",
        lambda text: f"{text}\n{CANARY}",
    ],
)
def test_no_text_of_a_machine_whose_every_text_is_a_canary_is_given_away(whole, change):
    assert len(set(texts(whole))) > 30
    given = contribution(everywhere(change, whole))
    assert CANARY.casefold() not in msgspec.json.encode(given).decode().casefold()


def test_figures_hardware_and_versions_are_given(whole, tmp_path):
    given = contribution(whole)
    store.write(tmp_path / "board.json", given)
    assert store.read(tmp_path / "board.json") == given
    assert given.device.fingerprint == whole.device.fingerprint
    assert given.device.processor == whole.device.processor
    assert given.device.libraries == whole.device.libraries
    assert given.device.system == "Linux 6.1.0 x86_64"
    assert given.created == "2026-01-01"
    for mine, theirs in zip(whole.rows, given.rows, strict=True):
        assert mine == theirs
    assert given.compute_bounds[0].times_bound == whole.compute_bounds[0].times_bound


def test_scene_and_footage_have_no_names_and_no_digest(whole):
    given = contribution(whole)
    (scene,) = given.settings.scenes
    assert (scene.name, scene.sha256, given.settings.source) == ("scene 1", "", "footage")
    assert given.compute_bounds[0].scene == "scene 1"


def test_what_was_measured_beside_pytorch_stays_at_home(whole, row):
    beside = msgspec.structs.replace(whole, rows=(*whole.rows, row("EndToEnd/torch-eager fp32")))
    given = contribution(beside)
    assert [each.name for each in given.rows] == [each.name for each in whole.rows]
    assert given.agreements == given.projections == ()


@pytest.mark.parametrize(
    "name",
    [
        "13th Gen Intel(R) Core(TM) i7-13700K",
        "Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz",
        "INTEL(R) XEON(R) PLATINUM 8581C CPU @ 2.10GHz",
        "AMD EPYC 9B14",
        "AMD EPYC 7763 64-Core Processor",
        "ARMv8 Processor rev 1 (v8l)",
        "NVIDIA A100-SXM4-80GB",
        "NVIDIA GeForce RTX 4090",
        "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super",
        "Raspberry Pi 5 Model B Rev 1.0",
    ],
)
def test_names_that_makers_give_are_kept(name):
    assert hardware(name) == name


@pytest.mark.parametrize(
    "word",
    [
        "1421223042411",
        "GPU-8f3c2e1a-55",
        "48:b0:2d:aa:bb:cc",
        "/dev/sda",
        "gate-cam",
        "ward7.local",
    ],
)
def test_serial_numbers_addresses_and_names_are_no_hardware(word):
    assert hardware(f"AMD {word} EPYC") == "AMD EPYC"


@pytest.mark.parametrize("path", sorted(REPORTS.glob("*.json")), ids=lambda path: path.stem)
def test_a_report_that_the_project_keeps_is_whole_and_names_nothing(path):
    kept = store.read(path)
    assert kept.complete
    assert contribution(kept) == kept
