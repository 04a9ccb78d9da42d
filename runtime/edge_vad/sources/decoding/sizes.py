"""The size to which pictures are scaled as they are decoded."""

from __future__ import annotations

from edge_vad.errors import BadInput
from edge_vad.preprocessing.resize import is_alike

Size = tuple[int, int]


def demand_alike(shown: str, own: Size, wanted: Size | None) -> None:
    """See to it that pictures are not squeezed: everything in them would look strange.

    Args:
        shown: What gives them, for people.
        own: Their width and height, px.
        wanted: What was asked for; None: nothing was.

    Raises:
        BadInput: They would be.
    """
    if wanted is None or is_alike(own[::-1], wanted[::-1]):
        return
    size, alike = f"{wanted[0]}x{wanted[1]}", f"{wanted[0]}x{round(wanted[0] * own[1] / own[0])}"
    raise BadInput(
        f"{shown} gives pictures of {own[0]}x{own[1]}, and size={size} would squeeze them",
        f"give a size of the same shape, such as size={alike}",
    )
