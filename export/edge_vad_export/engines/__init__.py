"""Engines: a scene model compiled for one device. Needs neither torch nor onnx."""

from __future__ import annotations

from edge_vad_export.engines.making import Made, make_engine, rebuild
from edge_vad_export.engines.plan import EnginePlan, plan_engine

__all__ = ["EnginePlan", "Made", "make_engine", "plan_engine", "rebuild"]
