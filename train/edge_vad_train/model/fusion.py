"""From sample energies to one anomaly map and one score: calibration, highest cells, place."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import torch
from torch import Tensor

from edge_vad.scene_model import Calibration


def localise(anomaly_map: Tensor, presence: Tensor | None) -> Tensor:
    """Move the anomaly around an object to the cell that holds it.

    Args:
        anomaly_map: float32, (N, rows, columns); values below 0 are normal and unchanged.
        presence: float32, (N, rows, columns), see `StreamInputs`; None where it is not known.
    """
    if presence is None:
        return anomaly_map
    return torch.minimum(anomaly_map, torch.relu(anomaly_map) * presence)


def calibrated(energy: Tensor, calibration: Calibration, light: Tensor | None) -> Tensor:
    """Calibrate an energy, see `Calibration`; each light by its own.

    Args:
        energy: float32, (N, rows, columns), nats.
        calibration: Of this energy.
        light: float32, (N, lights), 1 for the light that there is; None where there is one.
    """
    if light is None:
        return (energy - calibration.locations[0]) * (1 / calibration.scales[0])
    # Sums of products, not a product of matrices: one light counts, and to the last digit.
    location = (light * light.new_tensor(calibration.locations)).sum(1)[:, None, None]
    slope = (light / light.new_tensor(calibration.scales)).sum(1)[:, None, None]
    return (energy - location) * slope


def fuse(calibrated_energies: Iterable[Tensor]) -> Tensor:
    """The energy counts that is the rarest in normal footage: the largest of the calibrated ones.

    Args:
        calibrated_energies: Maps or scores of one shape, at least one.
    """
    return reduce(torch.maximum, calibrated_energies)


def highest_cells(energy_map: Tensor, count: int) -> Tensor:
    """The mean of the highest cells, float32, (N,): a thing reaches into several, chance does not.

    Args:
        energy_map: float32, (N, rows, columns).
        count: How many cells.
    """
    cells = energy_map.flatten(1)
    if count == 1:
        return cells.amax(1)
    return cells.topk(min(count, cells.shape[1]), 1).values.mean(1)
