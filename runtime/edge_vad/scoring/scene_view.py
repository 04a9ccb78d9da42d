"""Whether one picture shows the scene, by the scene's empty pictures."""

from __future__ import annotations

from collections.abc import Sequence

from edge_vad.camera_state import CameraState
from edge_vad.scoring.edge_match import OTHER, Edges, Field, Match, clipped
from edge_vad.scoring.sharpness import Sharpness

MOST_CLIPPED = 0.4
DARK_BELOW = 0.25
"""Edges this weak, of those there were, show nothing, whichever way they point."""
COVERED_BELOW = 0.75
"""Of a scene that is gone: another one has edges as strong."""
_GONE_BELOW, _BACK_ABOVE = 0.25, 0.35
"""Of a single picture more may be hidden than of the mean of some seconds: who comes close."""
_USUAL = 0.4
"""The same for a scene that hardly has an empty picture, such as a conveyor: a share of how alike
it usually is."""
_BLURRED_ABOVE, _SHARP_BELOW = 0.25, 0.18
"""Share of tiles without detail; normal footage of real scenes has up to 0.14 of them."""


class EmptyPicture:
    """What is seen in an empty picture of a scene.

    Args:
        picture: float32, (rows, columns), grey levels.
        counts: How much each place counts, 0 to 1; all alike when None.
    """

    def __init__(self, picture: Field, counts: Field | None = None) -> None:
        self._counts, self._sharpness = counts, Sharpness(picture, counts)
        self.follow(picture)
        self._counted = float(picture.size if counts is None else counts.sum())

    def follow(self, picture: Field) -> None:
        """Take how it looks by now; how sharp it is stays, or a fog that rises would be learnt.

        Args:
            picture: float32, (rows, columns), grey levels.
        """
        self._picture, self._edges = picture.copy(), Edges.of(picture, self._counts)

    def match(self, present: Field, edges: Edges) -> Match:
        """Compare a picture with it; one of another shape is of another scene."""
        if present.shape != self._picture.shape:
            return OTHER
        return self._edges.match(edges, self._counted)

    def is_hidden(self, present: Field, strength: float, blurred_above: float) -> bool:
        """Whether something covers the lens: the scene is dark, glaring or blurred."""
        if present.shape != self._picture.shape:
            return False
        is_dark = strength < DARK_BELOW or clipped(self._picture, present) > MOST_CLIPPED
        return is_dark or self._sharpness.blurred(present) >= blurred_above


class SceneView:
    """Tells of every single picture whether it shows the scene.

    Args:
        empty: The scene's empty pictures.

    Attributes:
        state: What the last picture is: `LIVE`, `COVERED` or `MOVED`.
    """

    def __init__(self, empty: Sequence[EmptyPicture]) -> None:
        self.state = CameraState.LIVE
        self._empty = empty

    def follow(self, number: int, picture: Field) -> None:
        """Take how an empty picture looks by now, float32, (rows, columns), grey levels."""
        self._empty[number].follow(picture)

    def update(self, present: Field, usual: float) -> CameraState:
        """Take the next picture.

        Args:
            present: float32, (rows, columns), grey levels.
            usual: How alike the scene is to its empty pictures of late.
        """
        edges = Edges.of(present)
        matches = [each.match(present, edges) for each in self._empty]
        best = max(matches)
        is_live = self.state is CameraState.LIVE
        blurred_above = _BLURRED_ABOVE if is_live else _SHARP_BELOW
        hidden = self._empty[matches.index(best)].is_hidden(present, best.strength, blurred_above)
        least = min(_GONE_BELOW if is_live else _BACK_ABOVE, _USUAL * usual)
        if hidden or (best.alike < least and best.strength < COVERED_BELOW):
            self.state = CameraState.COVERED
        else:
            self.state = CameraState.MOVED if best.alike < least else CameraState.LIVE
        return self.state
