"""Comparison of scene models with single precision, and of graphs with PyTorch."""
