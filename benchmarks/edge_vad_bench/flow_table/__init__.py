"""Optical flow, each way that is here beside DIS on the CPU: how far off, how fast, how useful."""
