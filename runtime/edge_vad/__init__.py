"""Video anomaly detection for fixed cameras: say live what does not belong, and where.

Example:
    >>> import edge_vad
    >>> with edge_vad.load("scene.onnx") as detector:              # doctest: +SKIP
    ...     for detection in detector.watch(edge_vad.open_source("street.mp4")):
    ...         if detection.anomalous:
    ...             print(detection.frame.time_s, detection.score, detection.box)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_vad.alarms.drift import NormalDrift as NormalDrift
    from edge_vad.alarms.tracker import EventTracker as EventTracker
    from edge_vad.detection import Box as Box
    from edge_vad.detection import Detection as Detection
    from edge_vad.detection import Event as Event
    from edge_vad.errors import BadInput as BadInput
    from edge_vad.errors import BadModel as BadModel
    from edge_vad.errors import CheckFailed as CheckFailed
    from edge_vad.errors import EdgeVadError as EdgeVadError
    from edge_vad.errors import SourceLost as SourceLost
    from edge_vad.errors import Unavailable as Unavailable
    from edge_vad.errors import WrongUse as WrongUse
    from edge_vad.frame import Frame as Frame
    from edge_vad.scene_model import SceneModel as SceneModel
    from edge_vad.scoring.detector import Detector as Detector
    from edge_vad.scoring.detector import load as load
    from edge_vad.sources import Source as Source
    from edge_vad.sources import open_source as open_source

_HOMES = {
    "BadInput": "errors",
    "BadModel": "errors",
    "Box": "detection",
    "CheckFailed": "errors",
    "Detection": "detection",
    "Detector": "scoring.detector",
    "EdgeVadError": "errors",
    "Event": "detection",
    "EventTracker": "alarms.tracker",
    "Frame": "frame",
    "NormalDrift": "alarms.drift",
    "SceneModel": "scene_model",
    "Source": "sources",
    "SourceLost": "errors",
    "Unavailable": "errors",
    "WrongUse": "errors",
    "load": "scoring.detector",
    "open_source": "sources",
}

__all__ = [
    "BadInput",
    "BadModel",
    "Box",
    "CheckFailed",
    "Detection",
    "Detector",
    "EdgeVadError",
    "Event",
    "EventTracker",
    "Frame",
    "NormalDrift",
    "SceneModel",
    "Source",
    "SourceLost",
    "Unavailable",
    "WrongUse",
    "load",
    "open_source",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `edge-vad --help` answers at once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'edge_vad' has no attribute {name!r}")
    return getattr(importlib.import_module(f"edge_vad.{_HOMES[name]}"), name)
