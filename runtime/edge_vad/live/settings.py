"""What can be set of a camera that is watched."""

from __future__ import annotations

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0, le=86400)]


class WatchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a camera's picture is not to be relied on.

    Attributes:
        frozen_after_s: Seconds of the same picture after which it is frozen; 0 is never.
        changed_after_s: Seconds without its scene after which it is covered or moved; 0 is never.
    """

    frozen_after_s: Seconds = 20.0
    changed_after_s: Seconds = 10.0
