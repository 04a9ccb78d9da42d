"""A street that is drawn, not filmed: a live test source, and a data set with exact masks."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_vad_street.source import SCHEME as SCHEME
    from edge_vad_street.source import StreetSource as StreetSource
    from edge_vad_street.source import open_street as open_street
    from edge_vad_street.source import street_truth as street_truth
    from edge_vad_street.suite import normal_url as normal_url
    from edge_vad_street.suite import street_nuisances as street_nuisances
    from edge_vad_street.suite import street_suite as street_suite
    from edge_vad_street.url import KINDS as KINDS
    from edge_vad_street.url import NUISANCES as NUISANCES
    from edge_vad_street.url import SPEED_NORMAL as SPEED_NORMAL
    from edge_vad_street.url import TIMES_OF_DAY as TIMES_OF_DAY
    from edge_vad_street.url import VIEWS as VIEWS

_HOMES = {
    "KINDS": "url",
    "NUISANCES": "url",
    "SCHEME": "source",
    "SPEED_NORMAL": "url",
    "TIMES_OF_DAY": "url",
    "VIEWS": "url",
    "StreetSource": "source",
    "normal_url": "suite",
    "open_street": "source",
    "street_nuisances": "suite",
    "street_suite": "suite",
    "street_truth": "source",
}

__all__ = [
    "KINDS",
    "NUISANCES",
    "SCHEME",
    "SPEED_NORMAL",
    "TIMES_OF_DAY",
    "VIEWS",
    "StreetSource",
    "normal_url",
    "open_street",
    "street_nuisances",
    "street_suite",
    "street_truth",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: `edge-vad demo --help` needs no OpenCV."""
    if name not in _HOMES:
        raise AttributeError(f"module 'edge_vad_street' has no attribute {name!r}")
    return getattr(importlib.import_module(f"edge_vad_street.{_HOMES[name]}"), name)
