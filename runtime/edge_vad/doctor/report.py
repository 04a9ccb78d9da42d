"""What the doctor finds."""

from __future__ import annotations

import msgspec

from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.discovery.plugged import PluggedCamera


class BackendState(msgspec.Struct, frozen=True):
    """Whether a backend can be used here.

    Attributes:
        name: What `--backend` takes.
        usable: Whether it was loaded and works.
        version: Of the library; None where it is absent.
        reason: Why it cannot be used; None where it can.
        mend: What to do about that; None where it can be used.
    """

    name: str
    usable: bool
    version: str | None = None
    reason: str | None = None
    mend: str | None = None


class Feature(msgspec.Struct, frozen=True):
    """Something that a library may have or not.

    Attributes:
        name: Such as `GStreamer`.
        present: Whether it is there.
        detail: More about it.
        mend: How to get it; None where it is there.
    """

    name: str
    present: bool
    detail: str = ""
    mend: str | None = None


class CameraSupport(msgspec.Struct, frozen=True):
    """What OpenCV can read.

    Attributes:
        opencv: Its version; None where it is absent.
        features: GStreamer, V4L2, FFmpeg and windows.
        cameras: What is plugged in.
    """

    opencv: str | None
    features: tuple[Feature, ...]
    cameras: tuple[PluggedCamera, ...]


class DecodingSupport(msgspec.Struct, frozen=True):
    """What decodes video.

    Attributes:
        units: What `decode=` takes, and whether it can be used.
        auto: Which of them `decode=auto` takes.
    """

    units: tuple[Feature, ...]
    auto: str


class GpuClock(msgspec.Struct, frozen=True):
    """Clock of a Jetson's GPU, MHz.

    Attributes:
        current: Now.
        lowest: What it may fall to when idle.
        highest: What it may reach.
    """

    current: float
    lowest: float
    highest: float


class JetsonPower(msgspec.Struct, frozen=True):
    """Power mode, clocks and heat of a Jetson; what no file tells is None.

    Attributes:
        mode: Name of the power mode, such as `MAXN`.
        modes: Number to name of every power mode.
        gpu: The GPU's clock.
        is_locked: Whether `jetson_clocks` holds all clocks at their highest.
        throttled: What is being slowed down by heat just now.
        over_current: Times that the board drew too much current since it started.
        hottest_c: Temperature of the hottest zone, degrees Celsius.
    """

    mode: str | None
    modes: dict[int, str]
    gpu: GpuClock | None
    is_locked: bool | None
    throttled: tuple[str, ...]
    over_current: int | None
    hottest_c: float | None


class Processor(msgspec.Struct, frozen=True):
    """The CPU and its memory.

    Attributes:
        model: Its name.
        cores: Cores that this process may use.
        of_cores: Cores there are.
        governors: Policies that set the clock; empty where no file tells.
        memory_gib: Memory.
        free_gib: Memory that could be had now.
    """

    model: str
    cores: int
    of_cores: int
    governors: tuple[str, ...]
    memory_gib: float | None
    free_gib: float | None


class DoctorReport(msgspec.Struct, frozen=True):
    """All that the doctor found.

    Attributes:
        edge_vad: Version.
        python: Version.
        system: The operating system.
        device: The fingerprint, which engines are held to.
        processor: The CPU.
        backends: One state a backend.
        camera: What can be read.
        decoding: What decodes it.
        flow_units: What `edge-vad train --flow` takes of hardware, and whether it measures rightly.
        power: Of a Jetson; None elsewhere.
        remarks: What else should be known, each with its mend.
    """

    edge_vad: str
    python: str
    system: str
    device: DeviceFingerprint
    processor: Processor
    backends: tuple[BackendState, ...]
    camera: CameraSupport
    decoding: DecodingSupport
    flow_units: tuple[Feature, ...]
    power: JetsonPower | None
    remarks: tuple[str, ...]

    @property
    def fastest(self) -> str | None:
        """The first usable backend in the order of `--backend auto`."""
        from edge_vad.backends.choice import ORDER

        usable = {state.name for state in self.backends if state.usable}
        return next((name for name in ORDER if name in usable), None)
