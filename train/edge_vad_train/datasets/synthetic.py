"""The simulated street as a data set: as much footage and truth as one likes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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

    train = VideoClip(name="00_normal", spec=normal_url(url))
    return Dataset("street", (train,), _clips(street_suite(url), first=1))


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

    return Dataset("street", _clips(street_nuisances(url), first=0))


def _clips(urls: Iterable[tuple[str, str]], first: int) -> tuple[StreetClip, ...]:
    """The clips of kinds and their addresses, counted from `first`."""
    return tuple(
        StreetClip(name=f"{number:02d}_{kind}", kind=kind, spec=url)
        for number, (kind, url) in enumerate(urls, first)
    )


def _refuse_all_but_streets(url: str) -> None:
    if not url.startswith("test://"):
        raise WrongUse(
            f"{url!r} is not a simulated street", "give an address such as test://street?seed=1"
        )
