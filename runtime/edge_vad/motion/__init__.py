"""Optical flow between frames, pooled over a window of time, and the pace it is measured at."""
