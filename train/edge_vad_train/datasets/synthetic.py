"""The simulated street as a data set: as much footage and truth as one likes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_vad.errors import WrongUse
from edge_vad_train.datasets.base import Dataset, Mask
from edge_vad_train.datasets.video import VideoClip


@dataclass(frozen=True, kw_only=True)
class StreetClip(VideoClip):
    """One simulated recording, whose truth is known."""

    spec: str

    def masks(self) -> Iterator[Mask]:
        """Simulate the masks."""
        from edge_vad_street import street_truth

        return street_truth(self.spec)


def open_synthetic(url: str) -> Dataset:
    """Open a simulated street: one clip of ordinary life, and one of each kind of anomaly.

    Args:
        url: For example `test://street?seed=1`.

    Raises:
        WrongUse: It is no such address, or a broken one.
    """
    _refuse_all_but_streets(url)
    from edge_vad_street import normal_url, street_suite

    test = tuple(
        StreetClip(name=f"{number:02d}_{kind}", kind=kind, spec=clip_url)
        for number, (kind, clip_url) in enumerate(street_suite(url), start=1)
    )
    train = VideoClip(name="00_normal", spec=normal_url(url))
    return Dataset("street", (train,), test)


def open_nuisances(url: str) -> Dataset:
    """Open ordinary life of a simulated street, ten minutes of it steady and under every nuisance.

    Args:
        url: For example `test://street?seed=1`; a number of frames that it names is kept.

    Returns:
        A data set without test clips; the others have the nuisance's name as their kind, or
        `steady`.

    Raises:
        WrongUse: It is no such address, or a broken one.
    """
    _refuse_all_but_streets(url)
    from edge_vad_street import street_nuisances

    clips = tuple(
        StreetClip(name=f"{number:02d}_{name}", kind=name, spec=clip_url)
        for number, (name, clip_url) in enumerate(street_nuisances(url))
    )
    return Dataset("street", clips)


def _refuse_all_but_streets(url: str) -> None:
    if not url.startswith("test://"):
        raise WrongUse(
            f"{url!r} is not a simulated street", "give an address such as test://street?seed=1"
        )
