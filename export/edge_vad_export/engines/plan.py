"""What would be built, for which device, and where; and whether that is there already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_vad import engine_file
from edge_vad.device.fingerprint import DeviceFingerprint, read_fingerprint
from edge_vad.device.tensorrt import RTX_CAPABILITIES, TARGET_NAMES, Target
from edge_vad.engine_file import EngineOptions, FileIdentity, Sidecar
from edge_vad.errors import BadModel, Unavailable, WrongUse
from edge_vad.scene_model import SceneModel


@dataclass(frozen=True)
class EnginePlan:
    """An engine that is to be.

    Attributes:
        scene: The scene model.
        onnx: Its file, told from all others.
        target: What builds and runs the engine.
        device: What it is built for.
        is_here: Whether that device is in this machine.
        options: What was chosen.
        path: Where it will lie.
    """

    scene: SceneModel
    onnx: FileIdentity
    target: Target
    device: DeviceFingerprint
    is_here: bool
    options: EngineOptions
    path: Path

    def why_not_cached(self) -> str | None:
        """Why the engine that lies there cannot be taken; None when it can."""
        if not self.path.exists():
            return "there is none yet"
        try:
            sidecar = engine_file.read_sidecar(self.path)
        except BadModel as error:
            return error.what
        return self._what_differs(sidecar)

    def _what_differs(self, sidecar: Sidecar) -> str | None:
        reasons = engine_file.differences(sidecar.device, self.device)
        if sidecar.device != self.device and not reasons:
            reasons.append("it says less about its device")
        if sidecar.target != self.target:
            reasons.append(f"it was built by {TARGET_NAMES[sidecar.target]}")
        if sidecar.onnx.sha256 != self.onnx.sha256:
            reasons.append(f"{self.onnx.name} has changed since")
        if sidecar.options != self.options:
            reasons.append("other options were chosen")
        if sidecar.onnx.name != self.onnx.name:
            reasons.append(f"it belongs to {sidecar.onnx.name}")
        if not reasons and engine_file.identify(self.path) != sidecar.engine:
            reasons.append("it is not the file that was built")
        return "; ".join(reasons) or None


def plan_engine(
    onnx: Path,
    target: Target = "tensorrt",
    *,
    compute_capability: str | None = None,
    options: EngineOptions | None = None,
    path: Path | None = None,
) -> EnginePlan:
    """Say what would be built.

    Args:
        onnx: The scene model.
        target: What builds and runs the engine.
        compute_capability: Of the device; that of this machine's when None. Only TensorRT-RTX
            builds for devices that are elsewhere.
        options: What was chosen.
        path: Where to write; beside the scene model by default.

    Raises:
        BadModel: The scene model is broken.
        Unavailable: There is no device, and none was named.
        WrongUse: The target does not build for such a device.
    """
    scene = SceneModel.read(onnx)
    device, is_here = choose_device(target, compute_capability)
    return EnginePlan(
        scene,
        engine_file.identify(onnx),
        target,
        device,
        is_here,
        options or EngineOptions(),
        path or engine_file.engine_path(onnx, target, device),
    )


def choose_device(
    target: Target, compute_capability: str | None = None
) -> tuple[DeviceFingerprint, bool]:
    """What an engine is built for, and whether that is in this machine.

    Args:
        target: What builds the engine.
        compute_capability: Of the device; that of this machine's when None.

    Raises:
        Unavailable: There is no device, and none was named.
        WrongUse: The target does not build for such a device.
    """
    here = engine_file.relevant(target, read_fingerprint())
    name = TARGET_NAMES[target]
    capability = compute_capability or here.compute_capability
    if capability is None:
        todo = "build on the device itself, or give --target rtx --compute-capability 8.9"
        raise Unavailable("there is no GPU here that CUDA can use", todo)
    if target == "rtx" and capability not in RTX_CAPABILITIES:
        raise WrongUse(
            f"{name} does not build for the compute capability {capability}",
            f"build with --target tensorrt; {name} builds for {', '.join(RTX_CAPABILITIES)}",
        )
    if capability == here.compute_capability:
        return here, True
    if target == "tensorrt":
        there = here.compute_capability or "no GPU"
        raise WrongUse(
            f"{name} builds only for the GPU that it runs on ({there})",
            "leave out --compute-capability and build on the device itself, or give --target rtx",
        )
    return msgspec.structs.replace(here, compute_capability=capability), False
