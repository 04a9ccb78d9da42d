"""Engines: a scene model compiled for one device. Needs neither torch nor onnx."""

from __future__ import annotations

from edge_vad_export.engines.cache import BuiltEngine, make_engine, rebuild
from edge_vad_export.engines.plan import EnginePlan, plan_engine

__all__ = ["BuiltEngine", "EnginePlan", "make_engine", "plan_engine", "rebuild"]
