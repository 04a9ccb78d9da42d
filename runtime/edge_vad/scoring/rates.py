"""Whether a source is as fast as its scene."""

from __future__ import annotations

from edge_vad.errors import BadInput
from edge_vad.motion.pace import LONGEST_STEP
from edge_vad.scene_model import SceneCard
from edge_vad.sources import Source

_SLOW = 0.75
"""Of the scene's frame rate."""


def demand_rate(source: Source, card: SceneCard) -> str:
    """See to it that a source has enough frames a second; a faster one is thinned out.

    Returns:
        What to warn of where it is much slower than the scene; else nothing.

    Raises:
        BadInput: It is so slow that nothing can be said of motion.
    """
    what = (
        f"{source.name} has {source.fps:.3g} frames a second, the scene was learnt at "
        f"{card.fps:.3g}"
    )
    if source.fps * LONGEST_STEP < card.fps:
        raise BadInput(
            f"{what}: too few to say anything of motion", "use footage of a higher frame rate"
        )
    return f"{what}: what moves fast may be missed" if source.fps < _SLOW * card.fps else ""
