"""A copy of a report for others: it has no names, serial numbers or paths of the machine's owner.

Nothing is looked for and crossed out. A text is kept only where it is one of those that the program
itself writes, a version, or a word of which makers form the names of their hardware.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

import msgspec

from edge_vad.backends import BACKENDS
from edge_vad.scene_model import Precision
from edge_vad_bench.measure.device import LIBRARIES
from edge_vad_bench.measure.energy import METERS
from edge_vad_bench.measure.nvml import SLOWED
from edge_vad_bench.parts import growth
from edge_vad_bench.parts.cameras import KINDS
from edge_vad_bench.parts.cold_start import SCENARIO as COLD_START
from edge_vad_bench.parts.cold_start import VALUES
from edge_vad_bench.parts.formats import FORMATS
from edge_vad_bench.report.hardware import hardware
from edge_vad_bench.report.notes import notes
from edge_vad_bench.schema import BenchmarkReport, SceneUsed
from edge_vad_bench.workloads.formats import SCENARIO as PICTURE
from edge_vad_bench.workloads.scenarios import MULTI, OFFLINE, SINGLE

_STAGES = ("decode", "convert", "resize", "flow", "pooling", "compute", "decision", "overlay")
_COPIES = ("host to device", "device to host")
_PARTS = ("scenarios", "formats", "cameras", "cold start", "growth", "floor")
_GOVERNORS = ("performance", "powersave", "ondemand", "conservative", "schedutil")
_GROWTHS = ("cameras", growth.OF_CAMERAS, "window T", growth.OF_WINDOWS)
_FOOTAGE = "footage"
_KINDS = (*FORMATS, *(each.name for each in KINDS))
_USES = ("capture", "motion", "scoring", "other threads")
_WORDS = frozenset(
    [
        *(SINGLE, MULTI, OFFLINE, COLD_START, _FOOTAGE, "cpu", "cuda"),
        *(*BACKENDS, *get_args(Precision), *LIBRARIES),
        *(*_STAGES, *_COPIES, *_PARTS, *_GROWTHS, *VALUES),
        *(PICTURE, *_KINDS, *_USES),
        *(*_GOVERNORS, *METERS, *SLOWED.values()),
    ]
)
"""Every text that the program writes itself."""

_SCENE = re.compile(r"scene \d+")
_VERSION = re.compile(r"\d{1,5}(?:\.\d{1,5}){0,3}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_KERNEL = re.compile(r"Linux \d{1,3}\.\d{1,3}(?:\.\d{1,3})?")
_ARCHITECTURE = re.compile(r"\b(?:x86_64|aarch64)$")
_MODE = re.compile(r"(?:MODE_)?(?:MAXN(?:_SUPER)?|\d{1,3}W(?:_\d{1,2}CORE|_DESKTOP)?)|mode \d{1,2}")


def contribution(report: BenchmarkReport) -> BenchmarkReport:
    """The report without anything that tells whose machine, cameras or footage it was.

    Kept are figures, settings, the models of the hardware and the versions of what does the work.
    Projections are left out, and what was measured beside PyTorch.
    """
    known = {*notes(report.settings, ""), *notes(report.settings, "test://")}
    names = {each.name: f"scene {n}" for n, each in enumerate(report.settings.scenes, start=1)}
    renamed = msgspec.structs.replace(
        report,
        settings=msgspec.structs.replace(
            report.settings,
            source=_FOOTAGE,
            scenes=tuple(_renamed(each, names) for each in report.settings.scenes),
        ),
        rows=tuple(row for row in report.rows if _word(row.group) and _words(row.name)),
        growths=tuple(each for each in report.growths if _word(each.of)),
        compute_bounds=tuple(
            msgspec.structs.replace(each, scene=names.get(each.scene, ""))
            for each in report.compute_bounds
        ),
        agreements=(),
        projections=(),
        motion_projections=(),
        notes=(),
    )
    clean = msgspec.convert(_clean("", msgspec.to_builtins(renamed)), BenchmarkReport)
    return msgspec.structs.replace(
        clean, notes=tuple(each for each in report.notes if each in known)
    )


def _renamed(scene: SceneUsed, names: dict[str, str]) -> SceneUsed:
    return msgspec.structs.replace(scene, name=names[scene.name])


def _clean(field: str, value: object) -> object:
    """Clean a part of the report.

    Args:
        field: Name of the field that it is, or is in.
        value: As builtins.
    """
    if isinstance(value, str):
        return _CLEANERS.get(field, _words)(value)
    if isinstance(value, (list, tuple)):
        cleaned = [_clean(field, each) for each in value]
        return [each for each in cleaned if each != ""]
    if isinstance(value, dict) and field in _MAPPINGS:
        of = _MAPPINGS[field]
        return {name: _clean(of, each) for name, each in value.items() if _word(name)}
    if isinstance(value, dict):
        return {name: _clean(name, each) for name, each in value.items()}
    return value


def _word(text: str) -> str:
    return text if text in _WORDS or _SCENE.fullmatch(text) else ""


def _words(text: str) -> str:
    """One of the known texts, or several with a stroke or a space between them, as in names."""
    pieces = re.split(r"[/ ]", text)
    return text if _word(text) or all(map(_word, pieces)) else ""


def _version(text: str) -> str:
    return _beginning(_VERSION, text)


def _date(text: str) -> str:
    return _beginning(_DATE, text)


def _beginning(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found[0] if found else ""


def _system(text: str) -> str:
    """Kernel and architecture: `Linux 6.1.0 aarch64`."""
    found = (pattern.search(text) for pattern in (_KERNEL, _ARCHITECTURE))
    return " ".join(each[0] for each in found if each)


def _mode(text: str) -> str:
    return text if _MODE.fullmatch(text) else ""


def _device(text: str) -> str:
    return _words(text) or hardware(text)


_CLEANERS: dict[str, Callable[[str], str]] = {
    "created": _date,
    "system": _system,
    "device": _device,
    "power_mode": _mode,
    **dict.fromkeys(("gpu", "jetson", "model"), hardware),
    **dict.fromkeys(
        ("edge_vad", "python", "compute_capability", "driver", "cuda", "l4t"), _version
    ),
    **dict.fromkeys(("tensorrt", "tensorrt_rtx", "library"), _version),
}
"""Field to what is kept of its text; of all others only known words are."""

_MAPPINGS = {"libraries": "library", "stages": "stage", "values": "value", "cores": "use"}
"""Fields whose keys are texts, too, and what their values are cleaned as."""
