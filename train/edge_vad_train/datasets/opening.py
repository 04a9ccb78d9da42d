"""From a place and a format to a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_vad.errors import WrongUse
from edge_vad_train.datasets import avenue, ucsd
from edge_vad_train.datasets.base import Dataset, holds
from edge_vad_train.datasets.synthetic import open_synthetic
from edge_vad_train.datasets.video import open_videos

FORMATS = ("auto", "video", "ucsd", "avenue", "synthetic")

Roots = str | Path | Sequence[str | Path]


def open_dataset(
    root: Roots,
    format: str = "auto",  # noqa: A002 the command line's word
    fps: float | None = None,
) -> Dataset:
    """Open a data set; its frames are read when they are asked for.

    Args:
        root: Where it lies. `video` takes several, each a file, a folder of frames or
            of files, or `test://street?seed=1`; `synthetic` takes one such address.
        format: One of `FORMATS`. `auto` is `ucsd` or `avenue` where a folder is laid out like
            one of them, and `video` otherwise.
        fps: Frames a second of footage that cannot say.

    Raises:
        WrongUse: The format is unknown, or `root` does not suit it.
        BadInput: The data set is incomplete.
    """
    roots = [root] if isinstance(root, str | Path) else list(root)
    if format not in FORMATS:
        raise WrongUse(
            f"{format!r} is no format of data sets", f"choose one of {', '.join(FORMATS)}"
        )
    if format == "auto":
        format = _guess(roots)  # noqa: A001
    if format == "video":
        return open_videos(roots, fps)
    if len(roots) != 1:
        raise WrongUse(f"a {format} data set is one place, not {len(roots)}", "give one place")
    if format == "synthetic":
        return open_synthetic(str(roots[0]))
    place = Path(roots[0])
    return ucsd.open_ucsd(place) if format == "ucsd" else avenue.open_avenue(place)


def _guess(roots: Sequence[str | Path]) -> str:
    layouts = {"ucsd": ucsd.LAYOUT, "avenue": avenue.LAYOUT}
    fitting = (
        each
        for each, layout in layouts.items()
        if len(roots) == 1 and holds(Path(roots[0]), layout)
    )
    return next(fitting, "video")
