"""Data sets: recordings to learn from, and recordings with the truth to be measured by."""

from edge_vad_train.datasets.base import Clip, Dataset
from edge_vad_train.datasets.opening import FORMATS, open_dataset

__all__ = ["FORMATS", "Clip", "Dataset", "open_dataset"]
