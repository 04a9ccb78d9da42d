"""Benchmarks: latency of the real pipeline, reported for each device."""
