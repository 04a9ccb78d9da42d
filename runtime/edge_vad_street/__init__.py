"""A street that is drawn, not filmed: a live test source, and a data set with exact masks."""

from edge_vad_street.source import StreetSource, open_street, street_truth
from edge_vad_street.suite import normal_url, street_nuisances, street_suite
from edge_vad_street.url import KINDS, NUISANCES, SPEED_NORMAL, TIMES_OF_DAY, VIEWS

__all__ = [
    "KINDS",
    "NUISANCES",
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
