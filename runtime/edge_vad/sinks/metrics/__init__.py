"""Figures for Prometheus."""

from edge_vad.sinks.metrics.sink import Metrics

__all__ = ["Metrics"]
