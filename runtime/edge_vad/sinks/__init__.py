"""Where detections, events and camera states go: stores, networks, windows."""
