"""Metrics of detection: frame, pixel and region level, with their intervals."""
