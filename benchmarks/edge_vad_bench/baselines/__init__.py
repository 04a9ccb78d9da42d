"""PyTorch baselines of the same scene, on the same frames with the same threads.

The only part of the benchmarks that knows training and export: it needs a trained scene.
"""

from edge_vad_bench.baselines.measurement import measure_baselines
from edge_vad_bench.baselines.resized import measure_sizes

__all__ = ["measure_baselines", "measure_sizes"]
