"""Region level: are the anomalous regions and tracks found, and how many others are marked?

RBDC and TBDC, the region- and track-based detection criteria of Ramachandra & Jones (WACV 2020),
written from their definition.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import auc

from edge_vad.opencv import cv2
from edge_vad_train.datasets.base import Mask
from edge_vad_train.evaluation.metrics.upsampling import Pixels

OVERLAP_PERCENT = 10
"""A region is found by one whose intersection over union with it is at least this."""

TRACK_PERCENT = 10
"""A track is found when at least this part of its regions is."""

THRESHOLDS = 2.0 ** (np.arange(-4 * 12, 16 * 12 + 1) / 12)
"""Twelve to the octave, from 1/16 to 65536 in the units of the map: maps come one by one, and the
range of the later ones is not known when the first is measured."""

Regions = NDArray[np.int32]
"""(height, width), the number of the region that a pixel belongs to; 0 outside all of them."""


class RegionLevel(msgspec.Struct, frozen=True):
    """How well regions and tracks are found.

    Attributes:
        rbdc: Area under the share of found regions against false positives a frame, from 0 to 1.
        tbdc: The same for the share of found tracks.
        regions: Anomalous regions, counted in every frame.
        tracks: Anomalous tracks.
        frames: Frames measured, those of the clips with masks.
    """

    rbdc: float
    tbdc: float
    regions: int
    tracks: int
    frames: int


class RegionMeter:
    """Takes maps and masks, one frame after the other.

    Regions are 8-connected components, of the mask and of the map at each of `THRESHOLDS`. The data
    sets number no tracks: regions of consecutive frames that share a pixel belong to one track, and
    so do regions that are linked by a third.
    """

    def __init__(self) -> None:
        self._frames = 0
        self._false_positives = np.zeros(len(THRESHOLDS), np.int64)
        self._found: list[NDArray[np.bool_]] = []
        self._links: list[tuple[int, int]] = []
        self._before: Regions | None = None
        self._first_before = 0

    def start_clip(self) -> None:
        """Begin a new clip: no track goes on into it."""
        self._before = None

    def add(self, values: Pixels, mask: Mask) -> None:
        """Take the next frame.

        Args:
            values: float32, (height, width), the anomaly map at the size of the frame.
            mask: bool, (height, width), True on an anomaly.
        """
        count, truth = regions_of(mask)
        found = np.zeros((count, len(THRESHOLDS)), np.bool_)
        # Above the maximum nothing is marked, and nothing is found.
        for place in range(int(np.searchsorted(THRESHOLDS, values.max(), side="right"))):
            _, marked = regions_of(values >= THRESHOLDS[place])
            found[:, place], false_positives = compare_regions(marked, truth)
            self._false_positives[place] += false_positives
        self._link(truth)
        self._found.extend(found)
        self._frames += 1

    def _link(self, truth: Regions) -> None:
        first = len(self._found)
        if self._before is not None:
            both = (self._before > 0) & (truth > 0)
            pairs = np.stack([self._before[both], truth[both]], axis=1)
            for before, now in np.unique(pairs, axis=0):
                self._links.append((self._first_before + before - 1, first + now - 1))
        self._before, self._first_before = truth, first

    def result(self) -> RegionLevel:
        """Measure the frames so far, in which there is at least one anomalous region."""
        found = np.array(self._found)
        tracks = _tracks(len(found), self._links)
        sizes = np.bincount(tracks)
        hits = np.zeros((len(sizes), len(THRESHOLDS)), np.int64)
        np.add.at(hits, tracks, found)
        tracks_found = 100 * hits >= TRACK_PERCENT * sizes[:, None]
        rate = self._false_positives / self._frames
        return RegionLevel(
            rbdc=area_to_one(rate, found.mean(axis=0)),
            tbdc=area_to_one(rate, tracks_found.mean(axis=0)),
            regions=len(found),
            tracks=len(sizes),
            frames=self._frames,
        )


def regions_of(mask: Mask) -> tuple[int, Regions]:
    """Number the 8-connected regions of a mask from 1; returns how many there are, and where."""
    count, regions = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    return count - 1, regions.astype(np.int32, copy=False)


def compare_regions(marked: Regions, truth: Regions) -> tuple[NDArray[np.bool_], int]:
    """Tell which true regions are found, and how many marked ones are false positives.

    Args:
        marked: Regions of the thresholded map.
        truth: Regions of the mask.

    Returns:
        bool, (true regions,), True where a marked region overlaps enough; and the number of marked
        regions that overlap no true one enough.
    """
    columns = int(truth.max()) + 1
    shared = np.bincount((marked.astype(np.int64) * columns + truth).ravel())
    shared = np.pad(shared, (0, -shared.size % columns)).reshape(-1, columns)
    areas_marked, areas_true = shared.sum(axis=1)[1:, None], shared.sum(axis=0)[1:]
    shared = shared[1:, 1:]
    overlaps = 100 * shared >= OVERLAP_PERCENT * (areas_marked + areas_true - shared)
    return overlaps.any(axis=0), int((~overlaps.any(axis=1)).sum())


def area_to_one(false_positives: NDArray[np.float64], detection_rate: NDArray[np.float64]) -> float:
    """Area under the best detection rate at no more than so many false positives, from 0 to 1.

    Lower thresholds may merge regions, so that both coordinates can also fall; of the operating
    points, only those count that no other with fewer false positives surpasses. Between them the
    curve is linear, as between the points of any ROC, and it begins where nothing is marked.

    Args:
        false_positives: (thresholds,), a frame.
        detection_rate: (thresholds,), 0 to 1.
    """
    order = np.lexsort((detection_rate, false_positives))
    across = np.append(0.0, false_positives[order])
    up = np.append(0.0, np.maximum.accumulate(detection_rate[order]))
    inside, at_one = across <= 1, np.interp(1.0, across, up)
    return float(auc(np.append(across[inside], 1.0), np.append(up[inside], at_one)))


def _tracks(regions: int, links: list[tuple[int, int]]) -> NDArray[np.int32]:
    """Number the track of every region."""
    before, now = np.array(links, np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(links), np.int8), (before, now)), shape=(regions, regions))
    tracks: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return tracks
