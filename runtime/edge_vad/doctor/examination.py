"""Puts together all that the doctor looks at."""

from __future__ import annotations

import platform
from importlib.metadata import distributions

from edge_vad.backends.providers import installed, package_version
from edge_vad.device.fingerprint import read_fingerprint
from edge_vad.doctor.backends import examine_backends
from edge_vad.doctor.camera import examine_cameras
from edge_vad.doctor.decoding import examine_decoding
from edge_vad.doctor.flow import examine_flow_units
from edge_vad.doctor.jetson import read_power
from edge_vad.doctor.processor import read_processor, read_system
from edge_vad.doctor.report import CameraSupport, DoctorReport, JetsonPower, Processor

_OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python")


def examine() -> DoctorReport:
    """Look at this machine; takes seconds, changes nothing and needs no rights."""
    device = read_fingerprint()
    is_jetson = device.jetson is not None or device.l4t is not None
    processor = read_processor()
    camera = examine_cameras(is_jetson)
    power = read_power() if is_jetson else None
    return DoctorReport(
        edge_vad=package_version("edge-vad") or "unknown",
        python=platform.python_version(),
        system=read_system(),
        device=device,
        processor=processor,
        backends=examine_backends(device),
        camera=camera,
        decoding=examine_decoding(is_jetson),
        flow_units=examine_flow_units(),
        power=power,
        remarks=(
            *_clashes(),
            *_camera_remarks(camera),
            *(power_remarks(power) if power else processor_remarks(processor)),
        ),
    )


def power_remarks(power: JetsonPower) -> tuple[str, ...]:
    """What slows a Jetson down, with the mend."""
    remarks = []
    if power.throttled:
        remarks.append(f"throttled by heat: {', '.join(power.throttled)}; cool the board")
    if power.over_current:
        remarks.append(
            f"{power.over_current} times too much current since the start: use a stronger supply "
            "or a lower power mode"
        )
    if power.mode and power.modes and not power.mode.startswith("MAXN"):
        modes = ", ".join(f"{number} {name}" for number, name in sorted(power.modes.items()))
        remarks.append(f"power mode {power.mode}: sudo nvpmodel -m NUMBER changes it ({modes})")
    if power.is_locked is False:
        remarks.append("clocks may fall when idle: sudo jetson_clocks holds them, for measuring")
    return tuple(remarks)


def processor_remarks(processor: Processor) -> tuple[str, ...]:
    """What slows an ordinary CPU down, with the mend."""
    if "powersave" in processor.governors:
        return ("the CPU's governor is powersave: sudo cpupower frequency-set -g performance",)
    return ()


def _clashes() -> tuple[str, ...]:
    """Packages that overwrite one another."""
    present = {(each.metadata["Name"] or "").lower() for each in distributions()}
    return tuple(
        f"{' and '.join(names)} overwrite one another: pip uninstall -y {' '.join(names)}, then "
        "install the one that you want"
        for names in (sorted(installed()), sorted(present.intersection(_OPENCV)))
        if len(names) > 1
    )


def _camera_remarks(camera: CameraSupport) -> tuple[str, ...]:
    locked = [each.path for each in camera.cameras if not each.readable]
    if not locked:
        return ()
    return (
        f"no right to read {', '.join(locked)}: sudo usermod -aG video $USER, then log in again",
    )
