"""Delivers messages at least once and in order, whatever happens to us or the other side."""

from edge_vad.sinks.delivery.courier import Courier, NotDelivered
from edge_vad.sinks.delivery.letters import Letter, Message
from edge_vad.sinks.delivery.outbox import Outbox

__all__ = ["Courier", "Letter", "Message", "NotDelivered", "Outbox"]
