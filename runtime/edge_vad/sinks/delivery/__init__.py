"""Delivers messages at least once and in order, whatever happens to us or the other side."""

from edge_vad.sinks.delivery.messages import Message, QueuedMessage
from edge_vad.sinks.delivery.outbox import Outbox
from edge_vad.sinks.delivery.sender import NotDelivered, Sender

__all__ = ["Message", "NotDelivered", "Outbox", "QueuedMessage", "Sender"]
