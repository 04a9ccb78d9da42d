"""Announces every camera to Home Assistant, by its MQTT discovery of devices."""

from __future__ import annotations

import msgspec

from edge_vad.sinks.mqtt.topics import Topics

_RATE = r"[0-9]{1,9}(\.[0-9]{1,9})?\s*/\s*(minute|hour|day|week)"


def discovery(
    prefix: str, node: str, camera: str, topics: Topics, version: str, *, commands: bool
) -> tuple[str, bytes]:
    """The topic and the document that tell of a camera.

    Args:
        prefix: Where Home Assistant looks.
        node: What we are called at the broker.
        camera: The camera's name.
        topics: Where it is told of.
        version: Of this package.
        commands: Whether the threshold may be changed.
    """
    name = f"{node}_{topics.slug(camera)}"
    threshold: dict[str, object] = {
        "platform": "sensor",
        "name": "Accepted false alarms",
        "unique_id": f"{name}_threshold",
        "state_topic": topics.threshold(camera),
        "entity_category": "diagnostic",
    }
    if commands:
        threshold |= {
            "platform": "text",
            "command_topic": topics.threshold_command(camera),
            "entity_category": "config",
            "pattern": _RATE,
            "max": 32,
        }
    document = {
        "device": {"identifiers": [name], "name": camera, "model": "edge-vad camera"},
        "origin": {"name": "edge-vad", "sw_version": version},
        "availability_topic": topics.available,
        "components": {
            "anomaly": {
                "platform": "binary_sensor",
                "name": "Anomaly",
                "unique_id": f"{name}_anomaly",
                "device_class": "problem",
                "state_topic": topics.anomaly(camera),
            },
            "state": {
                "platform": "sensor",
                "name": "State",
                "unique_id": f"{name}_state",
                "state_topic": topics.state(camera),
                "entity_category": "diagnostic",
            },
            "snapshot": {
                "platform": "image",
                "name": "Last event",
                "unique_id": f"{name}_snapshot",
                "image_topic": topics.snapshot(camera),
                "content_type": "image/jpeg",
            },
            "threshold": threshold,
        },
    }
    return f"{prefix.strip('/')}/device/{name}/config", msgspec.json.encode(document)
