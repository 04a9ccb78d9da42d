"""Timing and its conditions: the interleaved runner, clocks, energy, and the device itself."""
