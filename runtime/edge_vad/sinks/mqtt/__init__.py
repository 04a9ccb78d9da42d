"""Events, states and pictures for an MQTT broker, and thresholds from it."""

from edge_vad.sinks.mqtt.sink import MqttSink

__all__ = ["MqttSink"]
