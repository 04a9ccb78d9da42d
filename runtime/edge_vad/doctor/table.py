"""Shows a report in 80 columns."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edge_vad.doctor.report import (
    BackendState,
    CameraSupport,
    DecodingSupport,
    DoctorReport,
    Feature,
    JetsonPower,
)

_YES, _NO = ("yes", "green"), ("no", "yellow")
_INDENT = 2


def show(report: DoctorReport, console: Console) -> None:
    """Print a report."""
    console.print(_section("this device", _device(report)))
    if report.power:
        console.print(_section("power and clocks", _power(report.power)))
    console.print(_section("backends", *map(backend_row, report.backends)))
    console.print(_section(f"cameras, {_opencv(report.camera)}", *_cameras(report.camera)))
    decoding = report.decoding
    console.print(_section("decoding", *map(_feature, decoding.units), _auto(decoding)))
    console.print(_section("flow units", *map(_feature, report.flow_units)))
    if report.remarks:
        console.print(_section("remarks", *(Text(f"- {text}") for text in report.remarks)))


def _section(title: str, *parts: RenderableType) -> Group:
    return Group(Text(title, style="bold"), *(Padding(part, (0, 0, 0, _INDENT)) for part in parts))


def _facts(facts: dict[str, str | None]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        if fact:
            table.add_row(name, Text(fact))
    return table


def _device(report: DoctorReport) -> Table:
    device, processor = report.device, report.processor
    gpu = device.gpu and f"{device.gpu}, compute capability {device.compute_capability}"
    memory = None
    if processor.memory_gib is not None:
        memory = f"{processor.memory_gib} GiB, {processor.free_gib} GiB free"
    cores = f"{processor.cores} of {processor.of_cores} cores usable"
    return _facts(
        {
            "edge-vad": f"{report.edge_vad} on Python {report.python}",
            "system": report.system,
            "processor": f"{processor.model}, {cores}",
            "governor": ", ".join(processor.governors),
            "memory": memory,
            "Jetson": device.jetson,
            "Jetson Linux": device.l4t,
            "GPU": gpu or "none that CUDA can use",
            "driver": device.driver and f"{device.driver}, CUDA up to {device.cuda}",
            "TensorRT": device.tensorrt,
            "TensorRT-RTX": device.tensorrt_rtx,
        }
    )


def _power(power: JetsonPower) -> Table:
    gpu, clock = power.gpu, None
    if gpu:
        clock = f"{gpu.current:.0f} MHz, from {gpu.lowest:.0f} to {gpu.highest:.0f}"
    locked = {True: "held at their highest", False: "may fall when idle", None: None}
    return _facts(
        {
            "power mode": power.mode or "unknown",
            "GPU clock": clock,
            "clocks": locked[power.is_locked],
            "throttled": ", ".join(power.throttled) or "no",
            "too much current": None if power.over_current is None else f"{power.over_current} x",
            "hottest": None if power.hottest_c is None else f"{power.hottest_c:.0f} degrees C",
        }
    )


def backend_row(state: BackendState) -> RenderableType:
    """Whether a backend can be used, and below it what to do where it cannot."""
    said = [each for each in (state.version, state.reason) if each]
    return _row(state.usable, state.name, ": ".join(said), state.mend)


def _opencv(camera: CameraSupport) -> str:
    return f"OpenCV {camera.opencv}" if camera.opencv else "no OpenCV"


def _cameras(camera: CameraSupport) -> list[RenderableType]:
    rows = [_feature(feature) for feature in camera.features]
    found = [f"{each.source} ({each.name})" for each in camera.cameras]
    rows.append(Text(f"plugged in: {', '.join(found) or 'no camera'}"))
    return rows


def _auto(decoding: DecodingSupport) -> Text:
    return Text(f"decode=auto takes: {decoding.auto}")


def _feature(feature: Feature) -> RenderableType:
    return _row(feature.present, feature.name, feature.detail, feature.mend)


def _row(present: bool, name: str, detail: str, mend: str | None) -> RenderableType:
    """Whether something is there, and below it what to do where it is not."""
    word, style = _YES if present else _NO
    table = Table.grid(padding=(0, 2))
    table.add_column(width=3)
    table.add_column(width=20, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text(word, style=style), name, Text(detail))
    if not mend:
        return table
    return Group(table, Padding(Text(f"-> {mend}"), (0, 0, 0, 5)))
