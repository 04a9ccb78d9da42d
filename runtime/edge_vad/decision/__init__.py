"""From detections to events: of a recording, and of a live camera."""

from edge_vad.decision.live import Decision, Judgement
from edge_vad.decision.settings import DecisionSettings
from edge_vad.decision.tracker import EventTracker

__all__ = ["Decision", "DecisionSettings", "EventTracker", "Judgement"]
